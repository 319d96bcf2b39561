"""Loops planned together in the background: begun, followed, stopped, reviewed and booked."""

import pytest

from accounts import users
from interviews import loops, plannings, schedules, selfservice
from interviews.models import Loop, Planning, Proposal
from journal.errors import NotAllowed, Refused
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db
Status = Planning.Status


def waiting(count, **window):
    opening = stories.opening()
    return [stories.begun_loop(opening, **window) for _ in range(count)]


def started(**how):
    return plannings.start(by=stories.recruiter(), at=NOW, seconds=2, **how)


def ready():
    planning = started()
    assert plannings.work(planning, at=NOW)
    planning.refresh_from_db()
    assert planning.status == Status.READY
    return planning


def test_it_finds_plans_books_none_and_books_those_that_are_chosen():
    rows = waiting(3)
    planning = ready()
    assert (planning.placed, planning.lines.exclude(proposal=None).count()) == (3, 3)
    assert Loop.objects.filter(status="waiting").count() == 3

    plannings.apply(planning, loops=[rows[0].pk, rows[2].pk], by=stories.recruiter(), at=NOW)
    assert plannings.work(planning, at=NOW)

    planning.refresh_from_db()
    assert planning.status == Status.APPLIED
    outcomes = dict(planning.lines.values_list("loop", "outcome"))
    assert outcomes == {rows[0].pk: "booked", rows[1].pk: "left_out", rows[2].pk: "booked"}
    assert Loop.objects.filter(status="confirmed").count() == 2


def test_what_cannot_be_booked_any_more_says_why_and_holds_up_nobody(monkeypatch):
    one, two = waiting(2)
    planning = ready()
    loops.cancel(one, by=stories.recruiter(), at=NOW)
    plannings.apply(planning, loops=[one.pk, two.pk], by=stories.recruiter(), at=NOW)
    plannings.work(planning, at=NOW)

    lines = {line.loop_id: line for line in planning.lines.all()}
    assert (lines[one.pk].outcome, lines[two.pk].outcome) == ("refused", "booked")
    assert "cancelled" in lines[one.pk].says


def test_a_stopped_planning_keeps_nothing():
    waiting(2)
    planning = started()
    plannings.cancel(planning, by=stories.recruiter(), at=NOW)
    assert not plannings.work(planning, at=NOW)
    assert Proposal.objects.count() == 0


def test_stopped_while_it_looks_keeps_nothing(monkeypatch):
    waiting(1)
    planning = started()
    real = schedules.plan_all

    def stop_meanwhile(*args, **how):
        found = real(*args, **how)
        plannings.cancel(Planning.objects.get(pk=planning.pk), by=stories.recruiter(), at=NOW)
        return found

    monkeypatch.setattr(schedules, "plan_all", stop_meanwhile)
    plannings.work(planning, at=NOW)

    planning.refresh_from_db()
    assert (planning.status, Proposal.objects.count()) == (Status.CANCELLED, 0)


def test_a_loop_booked_meanwhile_gets_no_second_plan(monkeypatch):
    one, two = waiting(2)
    planning = started()
    real = schedules.plan_all

    def book_meanwhile(*args, **how):
        found = real(*args, **how)
        plans = schedules.propose(one, by=stories.recruiter(), at=NOW)
        schedules.confirm(plans[0], by=stories.recruiter(), at=NOW)
        return found

    monkeypatch.setattr(schedules, "plan_all", book_meanwhile)
    plannings.work(planning, at=NOW)

    assert list(planning.lines.exclude(proposal=None).values_list("loop", flat=True)) == [two.pk]
    assert one.proposals.filter(status="offered").count() == 0


def test_a_candidate_who_is_choosing_is_left_alone_and_passed_windows_say_so():
    choosing, passed = waiting(2)
    selfservice.offer_plans(choosing, by=stories.recruiter(), at=NOW)
    passed.windows.update(starts_at=later(days=-2), ends_at=later(days=-1))
    planning = started()
    plannings.work(planning, at=NOW)
    line = planning.lines.get()
    assert (line.loop, line.proposal) == (passed, None)
    assert line.says == "The candidate offers no time that lies ahead. Ask for some."


def test_a_lost_wake_up_is_made_up_for_and_a_dead_worker_ends_it():
    waiting(1)
    lost = started()
    assert plannings.run_due(by=users.system(), at=NOW) == 1
    lost.refresh_from_db()
    assert lost.status == Status.READY

    dead = started()
    Planning.objects.filter(pk=dead.pk).update(status=Status.RUNNING, worker_at=NOW)
    assert plannings.run_due(by=users.system(), at=later(minutes=2)) == 0
    plannings.run_due(by=users.system(), at=later(minutes=4))
    dead.refresh_from_db()
    assert dead.status == Status.FAILED


def test_two_workers_do_not_both_take_it():
    waiting(1)
    planning = started()
    other = Planning.objects.get(pk=planning.pk)
    assert plannings.work(planning, at=NOW)
    assert not plannings.work(other, at=NOW)


def test_refusals():
    with pytest.raises(Refused, match="No loop waits"):
        started()
    rows = waiting(1)
    with pytest.raises(NotAllowed):
        plannings.start(by=stories.person("interviewer"), at=NOW)
    planning = ready()
    with pytest.raises(Refused, match="Choose at least one"):
        plannings.apply(planning, loops=[], by=stories.recruiter(), at=NOW)
    with pytest.raises(Refused, match="Only whoever started"):
        plannings.apply(planning, loops=[rows[0].pk], by=stories.person("coordinator"), at=NOW)
    started()
    with pytest.raises(Refused, match="not over yet"):
        started()
    assert Planning.objects.count() == 2
