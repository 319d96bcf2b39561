"""Offers: written by one person, approved by another, inside the band."""

import datetime as dt

from django.db import IntegrityError, transaction

from accounts import roles
from accounts.models import User
from candidates.models import Application, Offer
from candidates.permissions import require_on
from hiring import openings, pay, playbooks
from hiring.models import PayBand
from hiring.permissions import require_manager
from journal import events, states
from journal.errors import Refused
from outbox import deliveries

Status = Offer.Status


@transaction.atomic
def draft(
    application: Application,
    *,
    amount: int,
    cash: int,
    currency: str,
    anchor: str,
    expires_on: dt.date,
    by: User,
    at: dt.datetime,
    negotiated: bool = False,
    reason: str = "",
) -> Offer:
    """Write an offer (minor units a year), checked against the band, the share held back and the anchor.

    Refuses unless the decision was to hire; above the band's ceiling; into the share kept for negotiation unless
    it was negotiated, with a reason; and while another offer to them is alive.
    """
    require_on(application, by, roles.May.WRITE_OFFERS)
    if application.status != Application.Status.APPROVED:
        raise Refused(
            "An offer follows a recorded decision to hire. Decide in the debrief first.", code="not_approved"
        )
    if not 0 <= cash <= amount or amount <= 0:
        raise Refused("The cash part lies between zero and the total.", code="bad_amount")
    if expires_on <= at.date():
        raise Refused("Give the candidate time: the offer must expire after today.", code="bad_expiry")
    if negotiated and not reason.strip():
        raise Refused("Write down why the share kept for negotiation is used.", code="no_reason")
    band = PayBand.objects.get(opening=application.opening_id)
    notes = pay.check_offer(
        playbooks.of(application.edition).pay,
        amount=amount,
        currency=currency,
        anchor=anchor,
        cash_percent=100 * cash // amount,
        low=band.low,
        high=band.high,
        band_currency=band.currency,
        negotiation_percent=band.negotiation_percent,
        negotiated=negotiated,
    )
    openings.refuse_blocking(notes, "The offer was not saved.")
    offer = Offer(
        application=application,
        amount=amount,  # type: ignore[misc]  # an encrypted column of whole numbers
        cash=cash,
        currency=currency,
        anchor=anchor,
        negotiated=negotiated,
        reason=reason.strip(),
        notes=[{"code": n.code, "text": n.text, "source": n.source} for n in notes],
        drafted_by=by,
        expires_on=expires_on,
        status_at=at,
        created_at=at,
    )
    try:
        with transaction.atomic():
            offer.save(force_insert=True)
    except IntegrityError as twice:
        raise Refused(
            "There is already a live offer to this candidate. Cancel it first.", code="offer_alive"
        ) from twice
    events.record(
        "offer.drafted",
        offer,
        by=by,
        at=at,
        data={"application": application.pk, "notes": [n.code for n in notes]},
    )
    return offer


@transaction.atomic
def approve(offer: Offer, *, by: User, at: dt.datetime) -> Offer:
    """The opening's hiring manager agrees to the figures. Refuses for whoever wrote the offer: pay takes two people."""
    require_manager(offer.application.opening, by, roles.May.APPROVE_OFFERS)
    if by.pk == offer.drafted_by_id:
        raise Refused("Somebody other than its writer approves an offer.", code="same_person")
    states.move(offer, Status.APPROVED, verb="offer.approved", by=by, at=at, approved_by=by)
    return offer


@transaction.atomic
def send(offer: Offer, *, by: User, at: dt.datetime) -> Offer:
    """Send it to the candidate by mail."""
    application = offer.application
    require_on(application, by, roles.May.WRITE_OFFERS)
    states.move(offer, Status.SENT, verb="offer.sent", by=by, at=at, data={"application": application.pk})
    states.move(application, Application.Status.OFFERED, verb="application.offered", by=by, at=at)
    deliveries.mail(
        to=application.candidate.email,
        subject=f"Our offer: {application.opening.title}",
        text=(
            f"Hello {application.candidate.name},\n\nwe would like you to join us as {application.opening.title} "
            f"({application.opening.team_name}).\n\nTotal pay: {_money(offer.amount, offer.currency)} a year, of "
            f"which {_money(offer.cash, offer.currency)} in cash. The offer stands until {offer.expires_on:%d %B %Y}.\n\n"
            "Please reply to this mail with your answer or any question.\n"
        ),
        key=f"offer.sent:{offer.pk}",
        about=offer,
        by=by,
        at=at,
    )
    return offer


def _money(minor: int, currency: str) -> str:
    return f"{currency} {minor / 100:,.0f}"


@transaction.atomic
def accept(offer: Offer, *, by: User, at: dt.datetime) -> Offer:
    """The candidate says yes: they are hired, and the place is filled as a consequence."""
    application = offer.application
    require_on(application, by, roles.May.WRITE_OFFERS)
    if at.date() > offer.expires_on:
        raise Refused("This offer has expired. Write a new one.", code="expired")
    states.move(
        offer, Status.ACCEPTED, verb="offer.accepted", by=by, at=at, data={"application": application.pk}
    )
    states.move(application, Application.Status.HIRED, verb="application.hired", by=by, at=at)
    return offer


@transaction.atomic
def decline(offer: Offer, *, by: User, at: dt.datetime) -> Offer:
    """The candidate says no to these figures; a new offer may follow."""
    return _end(offer, Status.DECLINED, "offer.declined", by=by, at=at)


@transaction.atomic
def expire(offer: Offer, *, by: User, at: dt.datetime) -> Offer:
    """Its last day has passed without an answer. Refuses earlier."""
    if at.date() <= offer.expires_on:
        raise Refused(f"This offer stands until {offer.expires_on:%d %B %Y}.", code="too_early")
    return _end(offer, Status.EXPIRED, "offer.expired", by=by, at=at)


@transaction.atomic
def cancel(offer: Offer, *, by: User, at: dt.datetime) -> Offer:
    """Take an offer back."""
    return _end(offer, Status.CANCELLED, "offer.cancelled", by=by, at=at)


def _end(offer: Offer, to: str, verb: str, *, by: User, at: dt.datetime) -> Offer:
    application = offer.application
    require_on(application, by, roles.May.WRITE_OFFERS)
    was_sent = offer.status == Status.SENT
    states.move(offer, to, verb=verb, by=by, at=at, data={"application": application.pk})
    if was_sent and application.status == Application.Status.OFFERED:
        states.move(application, Application.Status.APPROVED, verb="application.offer_ended", by=by, at=at)
    return offer


def expire_due(*, by: User, at: dt.datetime) -> int:
    """Expire every sent offer whose last day has passed; returns how many."""
    due = Offer.objects.filter(status=Status.SENT, expires_on__lt=at.date())
    return len([expire(offer, by=by, at=at) for offer in due.select_related("application")])
