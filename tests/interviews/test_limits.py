"""A limit may be exceeded for one loop, by somebody who may say so, with a reason."""

import datetime as dt

import pytest

from interviews import interviewers, limits, loops, schedules
from interviews.models import Interviewer, LimitOverride, Proposal, Seat
from interviews.scheduling import Explanation
from journal.errors import NotAllowed, Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db
BLOCKS = ("platform_coding", "ml_system_design", "project_deep_dive", "partnership")


@pytest.fixture
def full():
    """A loop that only the limits stand in the way of: everybody else's one interview a day is in another loop."""
    opening = stories.opening()
    stories.interviewer(of=opening.edition, user=stories.hiring_manager(opening))
    for block in BLOCKS:
        stories.interviewer(block, of=opening.edition, max_per_day=1, max_per_week=5)
    stories.confirmed_loop(opening, days=[1])
    return stories.begun_loop(opening, days=[1])


def exceed(loop, user, limit="max_per_day", reason="Nobody else knows the subject.", by=None):
    return limits.override(loop, user=user, limit=limit, reason=reason, by=by or stories.recruiter(), at=NOW)


def people_of(loop):
    return [
        p.user for p in Interviewer.objects.filter(qualifications__isnull=False).order_by("created_at", "pk")
    ]


def propose(loop):
    return schedules.propose(loop, by=stories.recruiter(), at=NOW)


def test_a_loop_is_booked_beyond_limits_that_were_overridden_for_it(full):
    assert isinstance(propose(full), Explanation)
    for user in people_of(full):
        exceed(full, user)
    plan = propose(full)[0]
    schedules.confirm(plan, by=stories.recruiter(), at=NOW)
    assert Seat.objects.live().filter(interview__loop=full).count() == 5
    told = Event.objects.filter(verb="loop.limit_overridden")
    assert {frozenset(event.data) for event in told} == {frozenset({"user", "limit"})}
    assert told.count() == len(people_of(full)) == LimitOverride.objects.count()


def test_it_holds_for_this_loop_alone(full):
    for user in people_of(full):
        exceed(full, user)
    other = stories.begun_loop(full.application.opening, days=[1])
    assert isinstance(propose(other), Explanation)


def test_what_is_withdrawn_limits_again(full):
    for user in people_of(full):
        exceed(full, user)
    plans = propose(full)
    user = people_of(full)[0]
    limits.withdraw(full, user=user, limit="max_per_day", by=stories.recruiter(), at=NOW)
    assert {p.status for p in Proposal.objects.filter(pk__in=[p.pk for p in plans])} == {"stale"}
    assert isinstance(propose(full), Explanation)
    exceed(full, user)  # decided anew; both decisions are on record
    assert LimitOverride.objects.filter(user=user).count() == 2


def test_what_was_withdrawn_before_booking_refuses_the_plan_that_rested_on_it(full):
    for user in people_of(full):
        exceed(full, user)
    plan = propose(full)[0]
    LimitOverride.objects.update(withdrawn_at=NOW)
    with pytest.raises(Refused, match="no longer holds"):
        schedules.confirm(plan, by=stories.recruiter(), at=NOW)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"reason": "  "}, "no_reason"),
        ({"reason": "x" * 501}, "bad_reason"),
        ({"limit": "max_per_year"}, "unknown_limit"),
        ({"limit": "max_per_week"}, "limit_not_reached"),
    ],
)
def test_an_override_needs_a_reason_and_a_limit_that_is_reached(full, how, code):
    with pytest.raises(Refused) as refusal:
        exceed(full, people_of(full)[0], **how)
    assert refusal.value.code == code
    assert not LimitOverride.objects.exists()
    assert not Event.objects.filter(verb="loop.limit_overridden").exists()


def test_nobody_is_overridden_who_could_not_sit_there_or_twice(full):
    stranger = stories.interviewer(of=full.edition)
    with pytest.raises(Refused) as refusal:
        exceed(full, stranger.user)
    assert refusal.value.code == "not_in_pool"
    exceed(full, people_of(full)[0])
    with pytest.raises(Refused) as refusal:
        exceed(full, people_of(full)[0])
    assert refusal.value.code == "overridden_already"


def test_a_booked_loop_keeps_what_it_rests_on(full):
    for user in people_of(full):
        exceed(full, user)
    schedules.confirm(propose(full)[0], by=stories.recruiter(), at=NOW)
    full.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        limits.withdraw(full, user=people_of(full)[0], limit="max_per_day", by=stories.recruiter(), at=NOW)
    assert refusal.value.code == "wrong_status"


def test_only_roles_that_may_override_do(full):
    for role in ("interviewer", "hiring_manager", "service"):
        with pytest.raises(NotAllowed):
            exceed(full, people_of(full)[0], by=stories.person(role))
    assert exceed(full, people_of(full)[0], by=stories.person("coordinator")).limit == "max_per_day"


def test_loops_planned_together_exceed_no_limit(full):
    for user in people_of(full):
        exceed(full, user)
    found = schedules.plan_all([full], seconds=2, by=stories.recruiter(), at=NOW)
    assert (found.proposals, found.without) == ((), (full,))


# --- four weeks -----------------------------------------------------------------------------------------------------


def limited(per_four_weeks, loop):
    person = Interviewer.objects.filter(user__in=[s.user_id for s in stories.seats(loop)]).exclude(
        user=stories.hiring_manager(loop.application.opening)
    )[0]
    interviewers.set_limits(
        person, buffer_minutes=0, max_per_day=1, max_per_week=1, max_per_four_weeks=per_four_weeks,
        by=stories.recruiter(), at=NOW,
    )  # fmt: skip
    return person


@pytest.mark.parametrize(("days", "room"), [(26, False), (27, False), (28, True)])
def test_four_weeks_are_counted_over_the_edge_of_weeks(days, room):
    """Held on the first of 28 days in a row, the next one is free on the 29th."""
    loop = stories.confirmed_loop(days=[1])
    person = limited(1, loop)
    held = Seat.objects.live().filter(user=person.user, interview__loop=loop).get()
    windows = stories.windows(days=[1 + days], opens=0, closes=24)
    other = stories.begun_loop(loop.application.opening)
    loops.offer_windows(other, windows, by=stories.recruiter(), at=NOW)
    for at in (NOW, held.interview.starts_at + dt.timedelta(days=days - 1)):
        problem = schedules.problem_of(other, at=at)
        found = next(p for p in problem.people if p.key == str(person.user_id))
        assert len(found.booked) == 1
        from interviews.scheduling import limits_reached

        assert ("max_per_four_weeks" in limits_reached(problem, found.key)) is not room


def test_four_weeks_allow_no_fewer_than_one():
    person = stories.interviewer(of=stories.edition())
    with pytest.raises(Refused) as refusal:
        interviewers.set_limits(
            person,
            buffer_minutes=0,
            max_per_day=1,
            max_per_week=4,
            max_per_four_weeks=3,
            by=person.user,
            at=NOW,
        )
    assert refusal.value.code == "bad_limit"
    interviewers.set_limits(
        person, buffer_minutes=0, max_per_day=1, max_per_week=4, max_per_four_weeks=4, by=person.user, at=NOW
    )
    person.refresh_from_db()
    assert person.max_per_four_weeks == 4
    assert Event.objects.filter(verb="interviewer.limits_set").latest("id").data["per_four_weeks"] == 4


def test_loops_that_share_people_are_planned_together_whatever_times_they_offer():
    """A meeting that only one of two loops' times comes near to describes its owner in one way all the same."""
    opening = stories.opening()
    first, second = (stories.begun_loop(opening, days=days) for days in ([1, 2], [15, 16]))
    for person in Interviewer.objects.all():
        interviewers.block_time(
            person, starts_at=later(days=50), ends_at=later(days=50, hours=1), by=person.user, at=NOW
        )
    found = schedules.plan_all([first, second], seconds=3, by=stories.recruiter(), at=NOW)
    assert len(found.proposals) == 2
