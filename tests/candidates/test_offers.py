import datetime as dt

import pytest

from candidates import applications, offers, outcomes
from candidates.models import Offer, Outcome
from interviews.models import Flag
from journal.errors import NotAllowed, Refused
from journal.models import Event
from outbox.models import Delivery
from tests import stories

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved():
    """An application whose decision was to hire, and the moment after it."""
    debrief = stories.decided()
    application = debrief.loop.application
    application.refresh_from_db()
    return application, stories.after(debrief.loop)


def draft(application, at, **changes):
    figures = {
        "amount": 330_000_00, "cash": 260_000_00, "currency": "USD", "anchor": "senior_platform_engineer",
        "expires_on": (at + dt.timedelta(days=7)).date(), "by": stories.recruiter(), "at": at,
    }  # fmt: skip
    return offers.draft(application, **{**figures, **changes})


def test_an_offer_above_the_band_is_refused(approved):
    with pytest.raises(Refused, match="The offer was not saved"):
        draft(*approved, amount=381_000_00)
    assert Offer.objects.count() == 0
    assert Event.objects.filter(verb="offer.drafted").count() == 0


def test_the_share_kept_for_negotiation_needs_a_negotiation(approved):
    """The band's ceiling is 380,000 and 10 % are held back: 342,000 is the most a first offer may be."""
    with pytest.raises(Refused):
        draft(*approved, amount=342_000_01)
    with pytest.raises(Refused, match="Write down why"):
        draft(*approved, amount=360_000_00, negotiated=True)
    offer = draft(*approved, amount=360_000_00, negotiated=True, reason="Another offer on the table.")
    assert offer.amount == 360_000_00


def test_a_first_offer_may_reach_the_limit_exactly(approved):
    assert draft(*approved, amount=342_000_00).amount == 342_000_00


def test_an_offer_on_the_mle_anchor_is_noted_and_flagged(approved):
    application, _at = approved
    offer = draft(*approved, anchor="senior_ml_engineer")
    assert offer.notes
    flag = Flag.objects.get(application=application)
    assert (flag.pattern, flag.about, flag.citations[0]["id"]) == ("pay_on_mle_band", "offer", str(offer.pk))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"currency": "EUR"}, None),
        ({"cash": 400_000_00}, "bad_amount"),
        ({"amount": 0, "cash": 0}, "bad_amount"),
        ({"expires_on": dt.date(2026, 1, 1)}, "bad_expiry"),
    ],
)
def test_draft_refuses(approved, changes, code):
    with pytest.raises(Refused) as refusal:
        draft(*approved, **changes)
    assert code is None or refusal.value.code == code
    assert Offer.objects.count() == 0


def test_no_offer_without_a_decision():
    application = stories.application()
    with pytest.raises(Refused, match="follows a recorded decision"):
        draft(application, stories.NOW)


def test_pay_takes_two_people(approved):
    application, at = approved
    offer = draft(application, at)
    with pytest.raises(NotAllowed):
        offers.approve(offer, by=stories.recruiter(), at=at)
    with pytest.raises(Refused, match="it cannot become sent"):
        offers.send(offer, by=stories.recruiter(), at=at)
    manager = stories.hiring_manager(application.opening)
    offers.approve(offer, by=manager, at=at)
    assert (offer.status, offer.approved_by) == ("approved", manager)


def test_one_live_offer_at_a_time(approved):
    offer = draft(*approved)
    with pytest.raises(Refused, match="already a live offer"):
        draft(*approved)
    offers.cancel(offer, by=stories.recruiter(), at=approved[1])
    draft(*approved)
    assert Offer.objects.count() == 2


def sent(application, at):
    offer = draft(application, at)
    offers.approve(offer, by=stories.hiring_manager(application.opening), at=at)
    return offers.send(offer, by=stories.recruiter(), at=at)


def test_accepting_hires_and_fills_the_opening(approved):
    application, at = approved
    offer = sent(application, at)
    assert Delivery.objects.filter(key=f"offer.sent:{offer.pk}").count() == 1
    offers.accept(offer, by=stories.recruiter(), at=at)
    application.refresh_from_db()
    application.opening.refresh_from_db()
    assert (application.status, application.opening.status) == ("hired", "filled")
    filled = Event.objects.get(verb="opening.filled")
    assert filled.cause.verb == "application.hired"


def test_an_offer_past_its_day_expires_and_cannot_be_accepted(approved):
    application, at = approved
    offer = sent(application, at)
    late = at + dt.timedelta(days=8)
    with pytest.raises(Refused, match="has expired"):
        offers.accept(offer, by=stories.recruiter(), at=late)
    assert offers.expire_due(by=stories.users.system(), at=at) == 0
    assert offers.expire_due(by=stories.users.system(), at=late) == 1
    assert offers.expire_due(by=stories.users.system(), at=late) == 0
    application.refresh_from_db()
    assert application.status == "approved"


def test_withdrawing_cancels_the_live_offer(approved):
    application, at = approved
    offer = sent(application, at)
    application.refresh_from_db()
    applications.withdraw(application, reason="other_offer", by=stories.recruiter(), at=at)
    offer.refresh_from_db()
    assert offer.status == "cancelled"


def test_offers_are_invisible_without_the_right_to_read_pay(approved):
    application, at = approved
    draft(application, at)
    panelist = application.loops.get().interviews.first().seats.first().user
    assert Offer.objects.visible_to(stories.recruiter()).count() == 1
    assert Offer.objects.visible_to(stories.person("coordinator")).count() == 0
    assert Offer.objects.visible_to(stories.person("auditor")).count() == 0
    if panelist != stories.hiring_manager(application.opening):
        assert Offer.objects.visible_to(panelist).count() == 0


def test_outcomes_have_their_day(approved):
    application, at = approved
    offers.accept(sent(application, at), by=stories.recruiter(), at=at)
    application.refresh_from_db()

    def record(days, **changes):
        return outcomes.record(
            application,
            **{
                "checkpoint_days": 30, "rating": "thriving", "still_here": True, "would_hire_again": True,
                "by": stories.recruiter(), "at": at + dt.timedelta(days=days), **changes,
            },
        )  # fmt: skip

    with pytest.raises(Refused, match="too early"):
        record(29)
    with pytest.raises(Refused, match="looks back after 30, 90, 180, 365 days"):
        record(40, checkpoint_days=31)
    with pytest.raises(Refused, match="Choose one of: struggling"):
        record(40, rating="superb")
    record(30)
    with pytest.raises(Refused, match="recorded already"):
        record(31)
    assert Outcome.objects.count() == 1
