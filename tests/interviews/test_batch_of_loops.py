"""Many loops planned together and applied through the rules."""

import pytest
from django.core.management import call_command

from accounts import users
from interviews import schedules
from interviews.models import Loop, Proposal, Seat
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db


def waiting(count: int, **window: object) -> list[Loop]:
    opening = stories.opening()
    return [stories.begun_loop(opening, **window) for _ in range(count)]


def plan(rows, **how):
    return schedules.plan_all(rows, seconds=3, by=users.system(), at=NOW, **how)


def test_loops_planned_together_share_nobody_at_the_same_time_and_are_booked():
    rows = waiting(3, days=[1, 2, 3])
    told = []
    found = plan(rows, progress=told.append)
    assert [p.loop for p in found.proposals] and found.without == ()
    assert told[-1].placed == 3
    booked, refused = schedules.apply_all(found.proposals, by=stories.recruiter(), at=NOW)
    assert (len(booked), refused) == (3, [])
    assert Seat.objects.live().count() == 15


def test_what_changed_meanwhile_is_planned_once_more_by_itself():
    rows = waiting(2, days=[1, 2, 3])
    found = plan(rows)
    first = found.proposals[0]
    schedules.propose(first.loop, by=stories.recruiter(), at=NOW)  # its plan went out of date
    first.refresh_from_db()
    assert first.status == Proposal.Status.STALE
    booked, refused = schedules.apply_all([first, found.proposals[1]], by=stories.recruiter(), at=NOW)
    assert (len(booked), refused) == (2, [])


def test_a_dry_run_writes_nothing(capsys):
    rows = waiting(1)
    windows = [(start.replace(year=2036), end.replace(year=2036)) for start, end in stories.windows([1, 2])]
    rows[0].windows.all().delete()
    for start, end in windows:
        rows[0].windows.create(starts_at=start, ends_at=end)
    before = Proposal.objects.count()
    call_command("schedule", "--dry-run", "--seconds", "2")
    out = capsys.readouterr().out
    assert "1 of 1 loops planned" in out
    assert rows[0].application.candidate.name in out
    assert Proposal.objects.count() == before
