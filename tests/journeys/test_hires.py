"""Whole hires, told from beginning to end through the rules."""

import datetime as dt
import pathlib

import pytest

from accounts import users
from candidates import applications, offers, outcomes
from candidates.models import Application
from hiring import openings, playbooks
from interviews import debriefs, flags, interviewers, loops, schedules
from interviews.models import Debrief, Decision, Flag, Interview, Loop, Proposal, Seat
from journal.errors import Refused
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db
DESIGNER = pathlib.Path(__file__).parent.parent / "playbooks" / "staff_designer.yaml"


def verbs(subject) -> list[str]:
    return list(Event.objects.about(subject).values_list("verb", flat=True))


def test_the_whole_hire():
    debrief = stories.debrief()
    application = Application.objects.get()
    manager, recruiter = stories.hiring_manager(application.opening), stories.recruiter()
    at = stories.after(debrief.loop)
    for seat in stories.seats(debrief.loop):
        debriefs.vote(debrief, value="yes", by=seat.user, at=at)
    debriefs.decide(debrief, outcome="hire", by=manager, at=at)
    application.refresh_from_db()
    offer = offers.draft(
        application, amount=340_000_00, cash=280_000_00, currency="USD", anchor="senior_platform_engineer",
        expires_on=(at + dt.timedelta(days=9)).date(), by=recruiter, at=at,
    )  # fmt: skip
    offers.approve(offer, by=manager, at=at)
    offers.send(offer, by=recruiter, at=at)
    offers.accept(offer, by=recruiter, at=at + dt.timedelta(days=2))
    application.refresh_from_db()
    outcomes.record(
        application, checkpoint_days=90, rating="on_track", still_here=True, would_hire_again=True, by=manager,
        at=at + dt.timedelta(days=100),
    )  # fmt: skip
    assert verbs(application) == [
        "application.received",
        "application.screening",
        "application.interviewing",
        "application.deciding",
        "application.approved",
        "application.offered",
        "application.hired",
    ]
    assert verbs(debrief.loop) == [
        "loop.begun",
        "loop.windows_offered",
        "loop.planned",
        "loop.confirmed",
        "loop.held",
    ]
    assert verbs(application.opening)[-1] == "opening.filled"
    assert Flag.objects.count() == 0
    # Everything that was told to anybody is a row: five seats, the candidate's four events and overview, the offer.
    assert Delivery.objects.count() == 11


def test_withdrawal_in_mid_loop():
    loop = stories.confirmed_loop()
    first = Interview.objects.filter(loop=loop).order_by("starts_at").first()
    at = first.ends_at + dt.timedelta(minutes=5)
    loops.finish_due(by=users.system(), at=at)
    for seat in first.seats.all():
        stories.submitted_card(seat)
    applications.withdraw(loop.application, reason="other_offer", by=stories.recruiter(), at=at)
    loop.refresh_from_db()
    first.refresh_from_db()
    assert (loop.status, first.status) == ("cancelled", "held")
    assert Interview.objects.filter(loop=loop, status="cancelled").count() == 3
    assert set(Seat.objects.live().values_list("interview", flat=True)) == {first.pk}
    cancelled = Event.objects.filter(verb="loop.cancelled").get()
    assert cancelled.cause.verb == "application.withdrawn"
    assert cancelled.actor == users.system().pk
    with pytest.raises(Refused):
        schedules.propose(loop, by=stories.recruiter(), at=at)


def test_a_decline_is_mended_by_the_next_plan():
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[1]
    schedules.decline(seat, reason="Called to a customer.", by=seat.user, at=NOW)
    broken = Event.objects.get(verb="loop.broken")
    assert broken.actor == seat.user_id
    loop.refresh_from_db()
    plans = schedules.propose(loop, by=users.system(), at=NOW)
    schedules.confirm(plans[0], by=stories.recruiter(), at=NOW)
    assert Loop.objects.get().status == "confirmed"
    assert len(stories.seats(loop)) == 5
    declined = Seat.objects.get(pk=seat.pk)
    assert (declined.held, declined.response, declined.decline_reason) == (
        False,
        "declined",
        "Called to a customer.",
    )
    assert Proposal.objects.filter(status="offered").count() == 0


def test_a_decision_against_a_flag():
    """The incident part was thin; the manager hires all the same, on the record."""
    loop = stories.held_loop()
    for seat in stories.seats(loop):
        thin = [stories.story("incident", detection_is="general")]
        stories.submitted_card(
            seat, **({"stories": thin} if seat.interview.block == "project_deep_dive" else {})
        )
    debrief = Debrief.objects.get()
    manager = stories.hiring_manager(loop.application.opening)
    flag = Flag.objects.get()
    at = stories.after(loop)
    flags.answer(flag, answer="upheld", reason="Asked twice.", by=manager, at=at)
    decision = debriefs.decide(
        debrief, outcome="hire", reason="The reference gave the details the story lacked.", by=manager, at=at
    )
    assert decision == Decision.objects.get()
    assert decision.record["flags"][0]["status"] == "upheld"
    assert Application.objects.get().status == "approved"


def test_a_quite_different_role_hires_from_its_file_alone():
    """Other blocks, minutes, signals, patterns and pay: nothing about the first role is in the code."""
    edition = stories.edition(DESIGNER)
    plan = playbooks.of(edition)
    assert {b.key for b in plan.blocks}.isdisjoint(
        {"platform_coding", "ml_system_design", "project_deep_dive"}
    )
    opening = stories.opening(edition)
    debrief = stories.debrief(opening)
    assert debrief.loop.interviews.count() == len(plan.blocks)
    assert {
        i.block: int((i.ends_at - i.starts_at).total_seconds() // 60) for i in debrief.loop.interviews.all()
    } == {block.key: block.minutes for block in plan.blocks}
    debriefs.decide(
        debrief, outcome="hire", by=stories.hiring_manager(opening), at=stories.after(debrief.loop)
    )
    application = Application.objects.get()
    offer = offers.draft(
        application, amount=31_000_000, cash=31_000_000, currency=plan.pay.currency, anchor=plan.pay.anchors[0],
        expires_on=dt.date(2026, 4, 1), by=stories.recruiter(), at=stories.after(debrief.loop),
    )  # fmt: skip
    assert offer.currency == plan.pay.currency


def test_an_absence_that_leaves_nobody_is_explained_and_lifted():
    loop = stories.begun_loop(days=[1])
    manager = stories.hiring_manager(loop.application.opening)
    interviewers.block_time(
        manager.interviewer,
        starts_at=stories.later(hours=12),
        ends_at=stories.later(days=2),
        by=manager,
        at=NOW,
    )
    answer = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    assert not isinstance(answer, list)
    assert answer.reasons or answer.fixes
    loops.offer_windows(loop, stories.windows([1, 3]), by=stories.recruiter(), at=NOW)
    plans = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    assert plans[0].plan["completes_on"] == "2026-03-05"


def test_filling_the_opening_closes_it_for_new_applications():
    offer = stories.drafted_offer()
    opening = offer.application.opening
    offers.approve(offer, by=stories.hiring_manager(opening), at=offer.created_at)
    offers.send(offer, by=stories.recruiter(), at=offer.created_at)
    offers.accept(offer, by=stories.recruiter(), at=offer.created_at)
    opening.refresh_from_db()
    with pytest.raises(Refused, match="not open"):
        applications.apply(
            stories.candidate(),
            opening,
            channel="mlops_community",
            by=stories.recruiter(),
            at=offer.created_at,
        )
    openings.close(opening, by=stories.recruiter(), at=offer.created_at)
