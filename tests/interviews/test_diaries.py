"""What is kept in memory of somebody's calendar is never older than the database."""

import datetime as dt

import pytest
from django.db import connection, transaction

from interviews import diaries, interviewers, schedules
from interviews.models import BusyTime, Interviewer, WorkingHours
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


def seen(person):
    found = diaries.people([str(person.user_id)], planned=[], lo=NOW, hi=later(days=30), at=NOW)
    known = found[str(person.user_id)]
    return len(known.hours), [(i.starts_at, i.ends_at) for i in known.busy]


@pytest.fixture
def person():
    return stories.interviewer(of=stories.edition())


def test_every_write_is_seen_at_once_whoever_makes_it(person):
    one = (later(days=1), later(days=1, hours=1))
    two = (later(days=2), later(days=2, hours=1))
    assert seen(person) == (5, [])
    BusyTime.objects.create(interviewer=person, starts_at=one[0], ends_at=one[1])
    assert seen(person) == (5, [one])
    BusyTime.objects.update(starts_at=two[0], ends_at=two[1])
    assert seen(person) == (5, [two])
    interviewers.set_hours(person, [(0, dt.time(9), dt.time(12))], by=person.user, at=NOW)
    assert seen(person) == (1, [two])
    WorkingHours.objects.all().delete()
    assert seen(person) == (0, [two])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM interviews_busytime")
    assert seen(person) == (0, [])


def test_what_was_rolled_back_was_never_known(person):
    one = (later(days=1), later(days=1, hours=1))
    with transaction.atomic():
        BusyTime.objects.create(interviewer=person, starts_at=one[0], ends_at=one[1])
        assert seen(person) == (5, [one])
        transaction.set_rollback(True)
    assert seen(person) == (5, [])
    BusyTime.objects.create(interviewer=person, starts_at=one[0], ends_at=one[0] + dt.timedelta(hours=2))
    assert seen(person) == (5, [(one[0], one[0] + dt.timedelta(hours=2))])


def test_a_write_is_stamped_on_its_person_alone(person):
    other = stories.interviewer(of=stories.edition())
    before = dict(Interviewer.objects.values_list("pk", "calendar_stamp"))
    BusyTime.objects.bulk_create(
        BusyTime(interviewer=person, starts_at=later(days=n), ends_at=later(days=n, hours=1))
        for n in range(3)
    )
    after = dict(Interviewer.objects.values_list("pk", "calendar_stamp"))
    assert {pk for pk in before if before[pk] != after[pk]} == {person.pk}
    assert before[other.pk] != before[person.pk]


def test_calendars_that_did_not_change_are_not_read_again(person, django_assert_num_queries):
    seen(person)
    with django_assert_num_queries(3):  # people, bookings, holds
        seen(person)
    BusyTime.objects.create(interviewer=person, starts_at=later(days=1), ends_at=later(days=2))
    with django_assert_num_queries(5):
        seen(person)


def test_times_that_are_over_are_read_anew_each_week_only(person):
    BusyTime.objects.create(interviewer=person, starts_at=NOW, ends_at=later(hours=1))
    next_week = diaries.people([str(person.user_id)], planned=[], lo=NOW, hi=later(days=30), at=later(days=7))
    assert next_week[str(person.user_id)].busy == ()
    assert len(seen(person)[1]) == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_locked_while_a_loop_is_solved_and_what_changed_meanwhile_counts(monkeypatch):
    loop = stories.begun_loop()
    real, calls = schedules.scheduling.solve, []

    def slow(problem, **how):
        found = real(problem, **how)
        calls.append(connection.in_atomic_block)
        if len(calls) == 1:  # while the engine thinks, everybody in its best plan gets a meeting there
            for placed in found.plans[0].placements:
                for _seat, key in placed.people:
                    BusyTime.objects.create(
                        interviewer=Interviewer.objects.get(user_id=key),
                        starts_at=placed.starts_at, ends_at=placed.ends_at,
                    )  # fmt: skip
        return found

    monkeypatch.setattr(schedules.scheduling, "solve", slow)
    plans = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    assert calls == [False, False]
    schedules.confirm(plans[0], by=stories.recruiter(), at=NOW)
    assert loop.proposals.count() == len(plans)
