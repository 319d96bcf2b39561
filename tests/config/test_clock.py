import datetime as dt
import threading

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils.module_loading import import_string

from config import clock
from config.celery import TIMETABLE, app
from journal.models import Run
from tests.stories import NOW

pytestmark = pytest.mark.django_db


def test_every_job_is_a_rule_and_is_scheduled():
    for name, job in TIMETABLE.items():
        assert callable(import_string(job.rule)), name
        assert app.conf.beat_schedule[name]["args"] == [name]


@pytest.mark.parametrize("name", sorted(TIMETABLE))
def test_every_job_runs_on_an_empty_database(name):
    row = clock.run(name, at=NOW)
    assert (row.error, row.found) == ("", 0)


def test_a_period_is_worked_through_once():
    assert clock.run("plan-waiting", at=NOW) is not None
    assert clock.run("plan-waiting", at=NOW + dt.timedelta(seconds=59)) is None
    assert clock.run("plan-waiting", at=NOW + dt.timedelta(seconds=60)) is not None
    # A clock that steps back meets the periods it has done.
    assert clock.run("plan-waiting", at=NOW + dt.timedelta(seconds=30)) is None
    assert Run.objects.count() == 2


def test_by_hand_runs_whatever_the_period():
    clock.run("plan-waiting", at=NOW)
    assert clock.run("plan-waiting", at=NOW, by_hand=True) is not None


def test_a_failing_job_is_written_down_and_tried_again(monkeypatch):
    def fail(**_: object) -> int:
        raise ValueError("The disk is full.")

    monkeypatch.setattr("interviews.schedules.plan_waiting", fail)
    row = clock.run("plan-waiting", at=NOW)
    assert row.error == "ValueError: The disk is full."
    monkeypatch.undo()
    assert clock.run("plan-waiting", at=NOW + dt.timedelta(minutes=1)).error == ""


def test_old_runs_are_forgotten(monkeypatch):
    monkeypatch.setattr(clock, "KEPT", 3)
    for minute in range(6):
        clock.run("plan-waiting", at=NOW + dt.timedelta(minutes=minute))
    assert Run.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_with_stepped_clocks_run_each_period_once():
    """Two clocks, one five seconds ahead and one stepping back and forth, over twenty minutes."""
    done: list[tuple[str, int]] = []

    def tick(offset: int, steps: list[int]) -> None:
        for n in range(0, 1200, 30):
            row = clock.run(
                "plan-waiting", at=NOW + dt.timedelta(seconds=n + offset + steps[n // 30 % len(steps)])
            )
            if row:
                done.append((row.job, row.period))
        connection.close()

    threads = [
        threading.Thread(target=tick, args=[5, [0]]),
        threading.Thread(target=tick, args=[0, [0, -40, 25, 0]]),
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(done) == len(set(done)) == Run.objects.count()
    first = int(NOW.timestamp() // 60)
    assert {period for _job, period in done} >= set(range(first, first + 20))


def test_run_now_lists_and_runs(capsys):
    call_command("run_now")
    assert "plan-waiting" in capsys.readouterr().out
    call_command("run_now", "plan-waiting")
    assert capsys.readouterr().out.startswith("plan-waiting: 0 in")
