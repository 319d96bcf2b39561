"""A loop that cannot be mended alone: another booked loop gives way, when a person says so."""

import datetime as dt

import pytest

from hiring import openings
from interviews import interviewers, schedules, selfservice
from interviews.models import Loop, Proposal, Seat
from interviews.scheduling import Explanation
from journal.errors import NotAllowed, Refused
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db
OTHERS = ("ml_system_design", "project_deep_dive", "partnership")


@pytest.fixture
def two():
    """Two booked loops, on Tuesday and on Wednesday. Of the two who take coding, once a week each, one steps back from
    the first candidate and is away on Wednesday, and the other one is booked in the second loop.
    """
    opening = stories.opening()
    stories.interviewer(
        of=opening.edition, user=stories.hiring_manager(opening), max_per_day=5, max_per_week=9
    )
    for block in OTHERS:
        for _ in range(2):
            stories.interviewer(block, of=opening.edition)
    for _ in range(2):
        stories.interviewer("platform_coding", of=opening.edition, max_per_day=1, max_per_week=1)
    broken, other = (stories.confirmed_loop(opening, days=[day]) for day in (1, 2))
    seat = next(s for s in stories.seats(broken) if s.interview.block == "platform_coding")
    schedules.decline(seat, reason="We are friends.", by=seat.user, at=NOW, for_good=True)
    away(seat.user.interviewer, 2)
    broken.refresh_from_db()
    return broken, other


def coder(loop):
    return Seat.objects.live().get(interview__loop=loop, interview__block="platform_coding").user


def away(person, day):
    starts_at = NOW.replace(hour=0) + dt.timedelta(days=day)
    interviewers.block_time(
        person, starts_at=starts_at, ends_at=starts_at + dt.timedelta(days=1), by=person.user, at=NOW
    )


def with_somebody_else(two):
    """Somebody new who could take coding on Wednesday, but not on Tuesday."""
    new = stories.interviewer("platform_coding", of=two[0].edition)
    away(new, 1)
    return new.user


def propose(loop):
    return schedules.propose(loop, by=stories.recruiter(), at=NOW)


def test_without_anybody_to_give_way_it_is_explained(two):
    assert isinstance(propose(two[0]), Explanation)


def test_another_loop_gives_way_and_both_are_changed_together(two):
    broken, other = two
    new, ben = with_somebody_else(two), coder(other)
    (plan,) = propose(broken)
    assert plan.swap_with == other
    assert coder(other) == ben  # nothing changes until somebody confirms
    known = list(Delivery.objects.values_list("pk", flat=True))

    schedules.confirm(Proposal.objects.get(pk=plan.pk), by=stories.recruiter(), at=NOW)

    broken.refresh_from_db()
    other.refresh_from_db()
    assert (broken.status, other.status) == ("confirmed", "confirmed")
    assert (coder(broken), coder(other)) == (ben, new)
    told = set(Delivery.objects.exclude(pk__in=known).values_list("recipient", flat=True))
    assert {ben.email, new.email, other.application.candidate.email} <= told
    event = Event.objects.get(verb="loop.rearranged")
    assert (event.subject_id, event.data) == (other.pk, {"proposal": str(plan.pk), "for": str(broken.pk)})


def test_a_swap_is_not_booked_by_itself_unless_both_openings_say_so(two):
    broken, other = two
    with_somebody_else(two)
    assert schedules.plan_one(broken, by=stories.recruiter(), at=NOW)
    broken.refresh_from_db()
    assert (broken.status, Proposal.objects.filter(status="offered", swap_with=other).count()) == (
        "broken",
        1,
    )
    openings.set_auto_confirm(broken.application.opening, on=True, by=stories.recruiter(), at=NOW)
    again = Loop.objects.select_related("application__opening", "edition").get(pk=broken.pk)
    assert schedules.plan_one(again, by=stories.recruiter(), at=NOW)
    again.refresh_from_db()
    assert again.status == "confirmed"


def test_a_swap_that_no_longer_holds_for_the_other_loop_changes_neither(two):
    broken, _other = two
    new = with_somebody_else(two)
    (plan,) = propose(broken)
    interviewers.block_time(
        new.interviewer, starts_at=NOW, ends_at=NOW + dt.timedelta(days=3), by=new, at=NOW
    )
    before = sorted(Seat.objects.live().values_list("pk", "interview__starts_at"))
    with pytest.raises(Refused, match="no longer holds"):
        schedules.confirm(Proposal.objects.get(pk=plan.pk), by=stories.recruiter(), at=NOW)
    assert sorted(Seat.objects.live().values_list("pk", "interview__starts_at")) == before


def test_a_swap_with_a_loop_that_was_called_off_is_out_of_date(two):
    broken, other = two
    with_somebody_else(two)
    (plan,) = propose(broken)
    Loop.objects.filter(pk=other.pk).update(status="broken")
    with pytest.raises(Refused) as refusal:
        schedules.confirm(Proposal.objects.get(pk=plan.pk), by=stories.recruiter(), at=NOW)
    assert [d["problem"] for d in refusal.value.details] == [
        "The loop that would give way is not booked any more."
    ]


def test_a_swap_is_not_offered_to_candidates(two):
    broken, _other = two
    with_somebody_else(two)
    with pytest.raises(Refused) as refusal:
        selfservice.offer_plans(broken, by=stories.recruiter(), at=NOW)
    assert refusal.value.code == "needs_swap"


def test_a_swap_is_told_only_to_those_who_see_both_loops(two):
    broken, other = two
    with_somebody_else(two)
    propose(broken)
    assert Proposal.objects.visible_to(stories.recruiter()).filter(swap_with=other).count() == 1
    assert Proposal.objects.visible_to(stories.person("hiring_manager")).count() == 0
    with pytest.raises(NotAllowed):
        schedules.confirm(Proposal.objects.get(swap_with=other), by=stories.person("hiring_manager"), at=NOW)
