import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import users
from candidates import candidates
from interviews import interviewers, loops, schedules, selfservice
from interviews.models import BusyTime, Interview, Interviewer, Loop, Proposal, Qualification, Seat
from interviews.scheduling import Explanation
from journal.errors import NotAllowed, Refused
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


def propose(loop, at=NOW):
    return schedules.propose(loop, by=stories.recruiter(), at=at)


def test_propose_returns_ranked_plans_of_every_block():
    loop = stories.begun_loop()
    plans = propose(loop)
    assert [plan.rank for plan in plans] == list(range(1, len(plans) + 1))
    assert {p["block"] for p in plans[0].plan["placements"]} == {
        "platform_coding", "ml_system_design", "project_deep_dive", "partnership",
    }  # fmt: skip
    assert plans[0].plan["status"] == "optimal"
    manager = str(stories.hiring_manager(loop.application.opening).pk)
    partnership = next(p for p in plans[0].plan["placements"] if p["block"] == "partnership")
    assert dict(partnership["people"])["hiring_manager"] == manager


def test_propose_again_makes_earlier_plans_stale():
    loop = stories.begun_loop()
    old = propose(loop)
    propose(loop)
    assert {p.status for p in Proposal.objects.filter(pk__in=[p.pk for p in old])} == {"stale"}
    with pytest.raises(Refused, match="out of date"):
        schedules.confirm(Proposal.objects.get(pk=old[0].pk), by=stories.recruiter(), at=NOW)


def test_propose_explains_when_nobody_is_qualified():
    loop = stories.begun_loop()
    Qualification.objects.filter(block="project_deep_dive").update(level="paused")
    answer = propose(loop)
    assert isinstance(answer, Explanation)
    assert any(reason.block == "project_deep_dive" for reason in answer.reasons)
    assert Proposal.objects.count() == 0
    assert Event.objects.filter(verb="loop.unschedulable").count() == 1


def test_propose_refuses_when_every_window_has_passed():
    loop = stories.begun_loop()
    with pytest.raises(Refused, match="has passed"):
        propose(loop, at=later(days=5))


def test_propose_refuses_when_the_loop_was_called_off_while_it_was_planned():
    loop = stories.begun_loop()
    loops.cancel(Loop.objects.get(pk=loop.pk), by=stories.recruiter(), at=NOW)

    with pytest.raises(Refused, match="cancelled: there is nothing to plan") as no:
        schedules.propose(loop, by=stories.recruiter(), at=NOW)

    assert no.value.code == "wrong_status"
    assert not Proposal.objects.exists()


def test_propose_plans_for_the_times_that_are_offered_now():
    read = Loop.objects.prefetch_related("windows").get(pk=stories.begun_loop().pk)
    other = [(later(days=2), later(days=2, hours=8))]
    loops.offer_windows(Loop.objects.get(pk=read.pk), other, by=stories.recruiter(), at=NOW)

    plans = schedules.propose(read, by=stories.recruiter(), at=NOW)

    starts = {p["starts_at"][:10] for plan in plans for p in plan.plan["placements"]}
    assert starts == {later(days=2).date().isoformat()}


def test_a_candidate_is_not_asked_to_come_on_a_public_holiday():
    opening = stories.opening()
    loop = stories.begun_loop(opening, days=[59, 60])  # Thursday 30 April, and Friday 1 May
    candidates.edit(loop.application.candidate, country="DE", by=stories.recruiter(), at=NOW)
    plans = propose(Loop.objects.get(pk=loop.pk))
    days = {p["starts_at"][:10] for plan in plans for p in plan.plan["placements"]}
    assert days == {"2026-04-30"}
    loops.offer_windows(loop, stories.windows([60]), by=stories.recruiter(), at=NOW)
    answer = propose(Loop.objects.get(pk=loop.pk))
    assert isinstance(answer, Explanation)
    assert [reason.code for reason in answer.reasons] == ["no_time"]


@pytest.mark.django_db(transaction=True)
def test_propose_locks_nothing_before_it_has_thought():
    loop = stories.begun_loop()

    with CaptureQueriesContext(connection) as asked:
        schedules.propose(loop, by=stories.recruiter(), at=NOW)

    asked_in_order = [query["sql"] for query in asked]
    locked = next(place for place, sql in enumerate(asked_in_order) if sql.startswith("BEGIN"))
    questions = [place for place, sql in enumerate(asked_in_order) if "interviews_workinghours" in sql]
    assert questions and max(questions) < locked


def test_propose_needs_the_same_number_of_queries_for_one_and_many_interviewers(django_assert_num_queries):
    loop = stories.begun_loop()
    loop = Loop.objects.select_related("application__candidate", "edition").get(pk=loop.pk)
    with django_assert_num_queries(11):
        schedules.problem_of(loop, at=NOW)
    for _ in range(6):
        stories.interviewer("platform_coding", "partnership", of=loop.edition)
    loop = Loop.objects.select_related("application__candidate", "edition").get(pk=loop.pk)
    with django_assert_num_queries(11):
        schedules.problem_of(loop, at=NOW)
    with django_assert_num_queries(9):  # hours and busy times are known
        schedules.problem_of(loop, at=NOW)


def test_confirm_books_every_seat_and_tells_everybody():
    loop = stories.confirmed_loop()
    seats = stories.seats(loop)
    assert loop.status == "confirmed"
    assert [(s.interview.block, s.role) for s in seats if s.interview.block == "partnership"] == [
        ("partnership", "hiring_manager"),
        ("partnership", "peer"),
    ]
    for seat in seats:
        assert seat.blocked_from == seat.interview.starts_at
        assert seat.blocked_until == seat.interview.ends_at + dt.timedelta(minutes=15)
    told = list(Delivery.objects.values_list("recipient", flat=True))
    assert sorted(told) == sorted(
        [seat.user.email for seat in seats]
        + 5 * [loop.application.candidate.email]  # four events, one overview
    )


def test_confirm_twice_books_once():
    loop = stories.begun_loop()
    plan = propose(loop)[0]
    schedules.confirm(Proposal.objects.get(pk=plan.pk), by=stories.recruiter(), at=NOW)
    seats = Seat.objects.live().count()
    with pytest.raises(Refused):
        schedules.confirm(Proposal.objects.get(pk=plan.pk), by=stories.recruiter(), at=NOW)
    assert Seat.objects.live().count() == seats


def test_confirm_refuses_a_plan_whose_person_became_busy():
    loop = stories.begun_loop()
    plan = propose(loop)[0]
    first = plan.plan["placements"][0]
    person = Interviewer.objects.get(user_id=first["people"][0][1])
    starts_at = dt.datetime.fromisoformat(first["starts_at"])
    interviewers.block_time(
        person, starts_at=starts_at, ends_at=starts_at + dt.timedelta(minutes=30), by=person.user, at=NOW
    )
    with pytest.raises(Refused, match="no longer holds") as refusal:
        schedules.confirm(plan, by=stories.recruiter(), at=NOW)
    assert refusal.value.details
    assert (Interview.objects.count(), Seat.objects.count(), Delivery.objects.count()) == (0, 0, 0)
    loop.refresh_from_db()
    assert loop.status == "waiting"


def test_limits_hold_across_loops():
    """Two loops on one day, interviewers who take one a day: no person sits in both."""
    opening = stories.opening()
    edition = opening.edition
    stories.interviewer(of=edition, user=stories.hiring_manager(opening))
    for block in ("platform_coding", "ml_system_design", "project_deep_dive", "partnership"):
        for _ in range(2):
            stories.interviewer(block, of=edition, max_per_day=1, max_per_week=1)
    booked = [stories.confirmed_loop(opening, days=[1]) for _ in range(2)]
    people = [[s.user_id for s in stories.seats(loop) if s.role != "hiring_manager"] for loop in booked]
    assert not set(people[0]) & set(people[1])
    third = stories.begun_loop(opening, days=[1])
    assert isinstance(propose(third), Explanation)


def test_the_database_itself_refuses_an_overlap():
    from django.db import IntegrityError, transaction

    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    other = stories.begun_loop(loop.application.opening)
    interview = Interview.objects.create(
        loop=other, block="platform_coding", starts_at=seat.interview.starts_at, ends_at=seat.interview.ends_at,
        status_at=NOW, created_at=NOW,
    )  # fmt: skip
    twin = Seat(
        interview=interview, key="lead", role="lead", user=seat.user, created_at=NOW,
        blocked_from=seat.blocked_until - dt.timedelta(minutes=1), blocked_until=seat.blocked_until + dt.timedelta(hours=1),
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
    twin.blocked_from = seat.blocked_until  # touching is not overlapping
    twin.save()
    twin.blocked_from -= dt.timedelta(minutes=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
    twin.held = False  # a seat that is let go takes no time
    twin.save()


# --- responses and repair ---------------------------------------------------------------------------------------------


def test_a_decline_frees_the_seat_and_breaks_the_loop():
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    schedules.decline(seat, reason="Dentist", by=seat.user, at=NOW)
    loop.refresh_from_db()
    assert (loop.status, seat.held, seat.response) == ("broken", False, "declined")
    assert BusyTime.objects.get().interviewer.user == seat.user


def test_repair_changes_only_what_must_change():
    loop = stories.confirmed_loop()
    before = {
        s.interview.block: (s.interview.starts_at, s.user_id) for s in stories.seats(loop) if s.key == "lead"
    }
    seat = stories.seats(loop)[0]
    mails = Delivery.objects.count()
    schedules.decline(seat, reason="", by=seat.user, at=NOW)
    loop.refresh_from_db()
    plan = propose(loop)[0]
    assert (plan.plan["cost"]["moved_blocks"], plan.plan["cost"]["changed_people"]) == (0, 0)
    schedules.confirm(plan, by=stories.recruiter(), at=NOW)
    loop.refresh_from_db()
    after = {
        s.interview.block: (s.interview.starts_at, s.user_id) for s in stories.seats(loop) if s.key == "lead"
    }
    assert loop.status == "confirmed"
    assert {block for block in before if before[block][0] != after[block][0]} == set()
    assert {block for block in before if before[block][1] != after[block][1]} == {seat.interview.block}
    # A CANCEL to who declined, the invitation of the substitute, the candidate's event and their overview.
    assert Delivery.objects.count() == mails + 4


def test_somebody_who_steps_back_for_good_is_not_asked_again():
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    schedules.decline(seat, reason="We are friends.", by=seat.user, at=NOW, for_good=True)
    loop.refresh_from_db()
    for plan in propose(loop):
        assert str(seat.user_id) not in str(plan.plan)
    assert BusyTime.objects.count() == 0


def test_nobody_answers_for_somebody_else():
    loop = stories.confirmed_loop()
    seat, other = stories.seats(loop)[:2]
    for act in (schedules.accept, lambda s, **who: schedules.decline(s, reason="", **who)):
        with pytest.raises(NotAllowed):
            act(seat, by=other.user, at=NOW)
    seat.refresh_from_db()
    assert (seat.response, seat.held) == ("asked", True)


def test_no_decline_once_it_has_begun():
    seat = stories.seats(stories.confirmed_loop())[0]
    with pytest.raises(Refused, match="has begun"):
        schedules.decline(seat, reason="", by=seat.user, at=seat.interview.starts_at)


def test_a_no_show_keeps_what_was_held_and_plans_the_rest_anew():
    loop = stories.confirmed_loop()
    first, second = Interview.objects.filter(loop=loop).order_by("starts_at")[:2]
    at = second.starts_at + dt.timedelta(minutes=20)
    loops.finish_due(by=users.system(), at=at)
    loops.mark_no_show(second, by=stories.recruiter(), at=at)
    loop.refresh_from_db()
    assert loop.status == "broken"
    plan = propose(loop, at=at)[0]
    schedules.confirm(plan, by=stories.recruiter(), at=at)
    first.refresh_from_db()
    assert first.status == "held"
    again = Interview.objects.get(loop=loop, block=second.block, status="scheduled")
    assert again.starts_at > at
    second.refresh_from_db()
    assert second.status == "cancelled"


def test_withdrawal_frees_everybody_and_tells_them():
    loop = stories.confirmed_loop()
    seats = stories.seats(loop)
    mails = Delivery.objects.count()
    from candidates import applications

    applications.withdraw(loop.application, reason="personal", by=stories.recruiter(), at=NOW)
    loop.refresh_from_db()
    assert loop.status == "cancelled"
    assert Seat.objects.live().count() == 0
    told = Delivery.objects.order_by("-created_at").values_list("recipient", flat=True)
    assert Delivery.objects.count() == mails + len(seats) + 4 + 1
    assert loop.application.candidate.email in told


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ((later(days=2), later(days=1)), "inverted_window"),
        ((later(days=-2), later(days=-1)), "past_window"),
        ((later(days=200), later(days=201)), "far_window"),
        ((later(days=1).replace(tzinfo=None), later(days=2).replace(tzinfo=None)), "naive_time"),
    ],
)
def test_begin_refuses_impossible_windows(window, code):
    application = stories.screened_application()
    with pytest.raises(Refused) as refusal:
        loops.begin(application, windows=[window], by=stories.recruiter(), at=NOW)
    assert refusal.value.code == code
    application.refresh_from_db()
    assert (application.status, Loop.objects.count()) == ("screening", 0)


def test_begin_refuses_too_many_windows():
    application = stories.screened_application()
    windows = [(later(days=1, minutes=n), later(days=1, minutes=n + 1)) for n in range(51)]
    with pytest.raises(Refused) as refusal:
        loops.begin(application, windows=windows, by=stories.recruiter(), at=NOW)
    assert refusal.value.code == "too_many_windows"


def test_a_loop_may_begin_with_asking_the_candidate_for_times():
    loop = loops.begin(stories.screened_application(), windows=[], by=stories.recruiter(), at=NOW)

    with pytest.raises(Refused, match="has offered no times yet") as refusal:
        schedules.propose(loop, by=stories.recruiter(), at=NOW)
    assert refusal.value.code == "no_windows"
    selfservice.ask_availability(loop, by=stories.recruiter(), at=NOW)

    with pytest.raises(Refused):  # what is offered later is not taken back like that
        loops.offer_windows(loop, [], by=stories.recruiter(), at=NOW)


def test_a_loop_needs_a_screened_candidate():
    application = stories.application()
    with pytest.raises(Refused, match="is new, so it cannot become interviewing"):
        loops.begin(application, windows=stories.windows(), by=stories.recruiter(), at=NOW)


# --- interviewers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hours",
    [
        [(0, dt.time(17), dt.time(9))],
        [(7, dt.time(9), dt.time(17))],
        [(0, dt.time(9), dt.time(13)), (0, dt.time(12), dt.time(17))],
    ],
)
def test_impossible_working_hours_are_refused(hours):
    with pytest.raises(Refused) as refusal:
        interviewers.add(stories.person("interviewer"), hours=hours, by=stories.recruiter(), at=NOW)
    assert refusal.value.code == "bad_hours"
    assert Interviewer.objects.count() == 0


@pytest.mark.parametrize("limits", [(200, 2, 4), (15, 0, 4), (15, 5, 4)])
def test_impossible_limits_are_refused(limits):
    buffer_minutes, per_day, per_week = limits
    with pytest.raises(Refused) as refusal:
        interviewers.add(
            stories.person("interviewer"), hours=[], buffer_minutes=buffer_minutes, max_per_day=per_day,
            max_per_week=per_week, by=stories.recruiter(), at=NOW,
        )  # fmt: skip
    assert refusal.value.code == "bad_limit"


def test_interviewers_change_their_own_hours_and_nobody_elses():
    edition = stories.edition()
    mine, other = stories.interviewer(of=edition), stories.interviewer(of=edition)
    interviewers.set_hours(mine, [(0, dt.time(10), dt.time(12))], by=mine.user, at=NOW)
    with pytest.raises(NotAllowed):
        interviewers.set_hours(other, [], by=mine.user, at=NOW)
    assert (mine.hours.count(), other.hours.count()) == (1, 5)


def test_nobody_need_have_working_hours():
    person = stories.interviewer(of=stories.edition())
    interviewers.set_hours(person, [], by=person.user, at=NOW)
    assert person.hours.count() == 0
