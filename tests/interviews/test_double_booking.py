"""Many hands book the same people at the same moment: no overlap, and nobody sees a deadlock or a locked database."""

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from itertools import combinations

import pytest
from django.conf import settings
from django.db import connection

from interviews import schedules
from interviews.models import Loop, Proposal, Seat
from journal.errors import Refused
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db(transaction=True)
ON_SQLITE = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")


def contested(count: int) -> list[Proposal]:
    """The best plan of each of `count` loops, all made for the same few people on the same day."""
    opening = stories.opening()
    stories.interviewer(
        of=opening.edition, user=stories.hiring_manager(opening), max_per_day=3, max_per_week=5
    )
    for block in ("platform_coding", "ml_system_design", "project_deep_dive", "partnership"):
        for _ in range(3):
            stories.interviewer(block, of=opening.edition, max_per_day=2, max_per_week=4)
    waiting = [stories.begun_loop(opening, days=[1, 2]) for _ in range(count)]
    return [schedules.propose(loop, by=stories.recruiter(), at=NOW)[0] for loop in waiting]


def assert_nobody_sits_twice() -> None:
    seats = list(Seat.objects.live().order_by("blocked_from"))
    for one, two in combinations(seats, 2):
        if one.user_id == two.user_id:
            assert one.blocked_until <= two.blocked_from, (one, two)
    days: dict[tuple[object, dt.date], int] = {}
    for seat in seats:
        days[seat.user_id, seat.blocked_from.date()] = (
            days.get((seat.user_id, seat.blocked_from.date()), 0) + 1
        )
    assert max(days.values()) <= 3
    for loop in Loop.objects.all():
        assert loop.interviews.count() == (4 if loop.status == "confirmed" else 0)


def test_sixteen_threads_book_without_overlap():
    plans = contested(16)
    recruiter = stories.recruiter()
    results: list[str] = []
    start = threading.Barrier(16)

    def book(pk: object) -> None:
        proposal = Proposal.objects.select_related("loop__application__opening", "loop__edition").get(pk=pk)
        start.wait()
        try:
            schedules.confirm(proposal, by=recruiter, at=NOW)
            results.append("booked")
        except Refused as no:
            results.append(no.code)
        except BaseException as error:  # what a person must never see
            results.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=book, args=[plan.pk]) for plan in plans]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert set(results) <= {"booked", "stale_plan"}
    assert results.count("booked") == Loop.objects.filter(status="confirmed").count() >= 1
    assert_nobody_sits_twice()


BOOKER = """
import json, sys, django
django.setup()
from django.conf import settings
from config.celery import app
app.conf.update(broker_url="memory://localhost", broker_transport_options={})
from interviews import schedules
from interviews.models import Proposal
from accounts.models import User
from journal.errors import Refused
from tests.stories import NOW
by = User.objects.get(pk=sys.argv[1])
results = []
sys.stdin.readline()
for pk in sys.argv[2:]:
    try:
        schedules.confirm(Proposal.objects.get(pk=pk), by=by, at=NOW)
        results.append("booked")
    except Refused as no:
        results.append(no.code)
    except BaseException as error:
        results.append(repr(error))
print(json.dumps(results))
"""


@pytest.mark.skipif(not ON_SQLITE, reason="threads race on PostgreSQL; processes race for the SQLite file")
def test_eight_processes_book_without_overlap_on_sqlite():
    plans = contested(16)
    recruiter = stories.recruiter()
    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{name}",
        "REDIS_URL": "",
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", BOOKER, str(recruiter.pk), *[str(p.pk) for p in (plans[n], plans[n + 8])]],
            env=environment, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for n in range(8)
    ]  # fmt: skip
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [word for process in processes for word in json.loads(process.communicate(timeout=120)[0])]
    assert len(results) == 16
    assert set(results) <= {"booked", "stale_plan"}
    assert results.count("booked") == Loop.objects.filter(status="confirmed").count() >= 1
    assert_nobody_sits_twice()
