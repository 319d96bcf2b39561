"""From sealed cards to a recorded decision."""

import datetime as dt
from collections import Counter
from typing import Any

from django.db import IntegrityError, transaction

from accounts import roles
from accounts.models import User
from candidates import applications
from candidates.models import Application
from hiring import playbooks
from hiring.permissions import require_manager
from interviews import flags
from interviews.models import (
    CardRead,
    Debrief,
    Decision,
    Flag,
    Interview,
    Loop,
    Scorecard,
    Seat,
    Version,
    Vote,
)
from interviews.models.scorecards import Recommendation
from interviews.permissions import require_loop
from journal import events, states
from journal.errors import NotAllowed, Refused

FOR = {Recommendation.STRONG_YES, Recommendation.YES}


def owed(loop: Loop) -> list[str]:
    """What a decision still lacks, one sentence each: blocks without an interview, seats without a card."""
    plan = playbooks.of(loop.edition)
    seats = (
        Seat.objects.counting()
        .filter(interview__loop=loop)
        .exclude(interview__status=Interview.Status.CANCELLED)
        .select_related("user", "interview", "scorecard")
        .order_by("interview__starts_at", "key")
    )
    by_block: dict[str, list[Seat]] = {}
    for seat in seats:
        by_block.setdefault(seat.interview.block, []).append(seat)
    lacks = [f"“{block.title}” has not been held." for block in plan.blocks if block.key not in by_block]
    for block in plan.blocks:
        for seat in by_block.get(block.key, []):
            card = getattr(seat, "scorecard", None)
            done = card is not None and card.status == Scorecard.Status.SUBMITTED
            if not done and not seat.card_waived_because:
                lacks.append(f"{seat.user.name} owes the scorecard of “{block.title}”.")
    return lacks


@transaction.atomic
def waive_card(seat: Seat, *, reason: str, by: User, at: dt.datetime) -> Seat:
    """Decide without this card. Refuses without a reason, when it is in, and for one's own seat."""
    require_loop(seat.interview.loop, by, roles.May.RUN_DEBRIEFS)
    if seat.user_id == by.pk:
        raise NotAllowed("Nobody waives their own scorecard. Ask somebody else of the hiring team.")
    if not reason.strip():
        raise Refused("Write why the decision can do without this card.", code="no_reason")
    if Scorecard.objects.filter(seat=seat, status=Scorecard.Status.SUBMITTED).exists():
        raise Refused("This card has been handed in already.", code="card_is_in")
    seat.card_waived_because, seat.card_waived_by = reason.strip(), by
    seat.save(update_fields=["card_waived_because", "card_waived_by"])
    events.record("seat.card_waived", seat, by=by, at=at, data={"loop": seat.interview.loop_id})
    return seat


@transaction.atomic
def open_debrief(loop: Loop, *, by: User, at: dt.datetime) -> Debrief:
    """Open the packet to the hiring team. Refuses while a card is owed and not waived, or a block was not held."""
    require_loop(loop, by, roles.May.RUN_DEBRIEFS)
    if lacks := owed(loop):
        raise Refused(
            "The debrief cannot open yet.",
            code="cards_missing",
            details=[{"field": "cards", "problem": sentence} for sentence in lacks],
        )
    debrief = Debrief(loop=loop, status_at=at, created_at=at)
    try:
        with transaction.atomic():
            debrief.save(force_insert=True)
    except IntegrityError as twice:
        raise Refused("This debrief is open already.", code="open_already") from twice
    if loop.application.status == Application.Status.INTERVIEWING:
        applications.deliberate(loop.application, by=by, at=at)
    events.record("debrief.opened", debrief, by=by, at=at, data={"loop": loop.pk})
    return debrief


def open_due(*, by: User, at: dt.datetime) -> int:
    """Open the debriefs whose last card is in (the reaction does so at once; this finds what it missed)."""
    held = Loop.objects.filter(status=Loop.Status.HELD, debrief=None, application__status="interviewing")
    due = [loop for loop in held.select_related("application", "edition") if not owed(loop)]
    return len([open_debrief(loop, by=by, at=at) for loop in due])


@transaction.atomic
def vote(debrief: Debrief, *, value: str, by: User, at: dt.datetime, reason: str = "") -> Vote:
    """Say where one stands, once, before reading the others' votes.

    Refuses for people who sat on no counting seat and do not manage the opening, a second vote, and after the decision.
    """
    loop = debrief.loop
    if value not in Recommendation.values:
        raise Refused(f"Choose one of: {', '.join(Recommendation.values)}.", code="unknown_vote")
    if not sat_in(loop, by):
        require_manager(loop.application.opening, by, roles.May.DECIDE)
    if debrief.status != Debrief.Status.OPEN:
        raise Refused("The decision is made: votes are closed.", code="decided")
    ballot = Vote(debrief=debrief, user=by, value=value, reason=reason.strip(), created_at=at)
    try:
        with transaction.atomic():
            ballot.save(force_insert=True)
    except IntegrityError as twice:
        raise Refused(
            "You have voted. Votes are locked so that nobody follows the room.", code="voted"
        ) from twice
    events.record("debrief.voted", debrief, by=by, at=at, data={"vote": ballot.pk})
    return ballot


def sat_in(loop: Loop, user: User) -> bool:
    """Whether they hold a seat of this loop that counts."""
    return Seat.objects.counting().filter(interview__loop=loop, user=user).exists()


@transaction.atomic
def decide(debrief: Debrief, *, outcome: str, by: User, at: dt.datetime, reason: str = "") -> Decision:
    """The hiring manager decides, on the record: votes, recommendations, flags, and who had read which card.

    Refuses while a card is missing or a flag unanswered, and without a reason when it goes against the panel's majority
    or hires past an upheld flag. To hire moves the application to approved; otherwise it is rejected.
    """
    loop = debrief.loop
    application = loop.application
    require_manager(application.opening, by, roles.May.DECIDE)
    if outcome not in Decision.Outcome.values:
        raise Refused(f"Choose one of: {', '.join(Decision.Outcome.values)}.", code="unknown_outcome")
    if lacks := owed(loop):
        details = [{"field": "cards", "problem": sentence} for sentence in lacks]
        raise Refused("The decision waits for scorecards.", code="cards_missing", details=details)
    questions = list(flags.open_questions(application))
    if questions:
        raise Refused(
            "Answer every flag before deciding.",
            code="flags_unanswered",
            details=[{"field": str(flag.pk), "problem": flag.says} for flag in questions],
        )
    stands = standing(debrief)
    tally = Counter(value in FOR for value in stands.values())
    hire = outcome == Decision.Outcome.HIRE
    against = tally[not hire] > tally[hire]
    upheld = Flag.objects.filter(application=application, status=Flag.Status.UPHELD).exists()
    if (against or (hire and upheld)) and not reason.strip():
        what = "against the panel" if against else "past an upheld flag"
        raise Refused(f"This decision goes {what}. Write down why.", code="no_reason")
    states.move(
        debrief, Debrief.Status.DECIDED, verb="debrief.decided", by=by, at=at, data={"outcome": outcome}
    )
    decision = Decision.objects.create(
        debrief=debrief,
        outcome=outcome,
        decided_by=by,
        reason=reason.strip(),
        against_panel=against,
        record=_record(debrief, application),
        created_at=at,
    )
    if hire:
        applications.approve(application, by=by, at=at)
    else:
        applications.reject(application, reason=Application.RejectReason.LOOP, by=by, at=at)
    return decision


def standing(debrief: Debrief) -> dict[Any, str]:
    """Where each panel member stands: their vote, or else the overall word of their newest card. By user id."""
    versions = Version.objects.filter(
        card__in=Scorecard.objects.counting().filter(seat__interview__loop=debrief.loop_id),
        submitted_at__isnull=False,
    )
    stands = dict(versions.order_by("number").values_list("card__seat__user_id", "overall"))
    stands.update(debrief.votes.values_list("user_id", "value"))
    return stands


def _record(debrief: Debrief, application: Application) -> dict[str, Any]:
    """Everything the decision rests on, by id, so that the record stays whole when a person is erased."""
    versions = Version.objects.filter(
        card__seat__interview__loop=debrief.loop_id, submitted_at__isnull=False
    ).select_related("card")
    reads = CardRead.objects.filter(version__card__seat__interview__loop=debrief.loop_id).order_by("at")
    return {
        "votes": [
            {"user": str(vote.user_id), "value": vote.value, "at": vote.created_at.isoformat()}
            for vote in debrief.votes.order_by("created_at")
        ],
        "cards": [
            {
                "card": str(version.card_id),
                "version": version.number,
                "overall": version.overall,
                "after_reveal": version.after_reveal,
            }
            for version in versions.order_by("card_id", "number")
        ],
        "reads": [
            {"user": str(read.user_id), "version": str(read.version_id), "at": read.at.isoformat()}
            for read in reads
        ],
        "flags": [
            {"flag": str(flag.pk), "pattern": flag.pattern, "status": flag.status}
            for flag in Flag.objects.filter(application=application).order_by("created_at", "id")
        ],
    }
