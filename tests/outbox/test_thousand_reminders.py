"""A thousand reminders that are due at once, two machines whose clocks step back and forth: each is sent once."""

import datetime as dt
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import User
from interviews.models import Interview, Loop, Seat
from journal.models import Run
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW

ALL = 1000
# What each machine's clock shows at each tick, in seconds from the common time: ahead, behind, far further apart than a
# period (10 minutes) and a lease (90 s) in both directions.
STEPS = ([0, 700, -600, 0, 1300, -30, 600, 0], [5, -900, 600, 1300, 0, 610, -700, 0])
MACHINE = """
import datetime as dt, sys
import django
django.setup()
from config import clock
from outbox import deliveries

noon, steps = dt.datetime.fromisoformat(sys.argv[1]), [int(step) for step in sys.argv[2].split(",")]
print("ready", flush=True)
sys.stdin.readline()
for step in steps:
    at = noon + dt.timedelta(seconds=step)
    clock.run("remind-interviews", at=at)
    while deliveries.sweep(at=at, limit=100):
        pass
"""


def thousand_due() -> dt.datetime:
    """One interview tomorrow with so many people in it that, with the candidate, a thousand have to be reminded."""
    loop = stories.confirmed_loop(days=[3])
    first, *others = Interview.objects.filter(loop=loop).order_by("starts_at")
    Interview.objects.filter(pk__in=[other.pk for other in others]).update(status="cancelled")
    Loop.objects.filter(pk=loop.pk).update(status_at=NOW)
    missing = ALL - 1 - Seat.objects.live().filter(interview=first).count()
    people = User.objects.bulk_create(
        User(email=f"guest{n}@example.com", name=f"Guest {n}", created_at=NOW) for n in range(missing)
    )
    Seat.objects.bulk_create(
        Seat(
            interview=first,
            key=f"guest{n}",
            role="peer",
            user=user,
            blocked_from=first.starts_at,
            blocked_until=first.ends_at,
            created_at=NOW,
        )
        for n, user in enumerate(people)
    )
    Delivery.objects.all().delete()  # the invitations of the story
    return first.starts_at - dt.timedelta(hours=12)


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(1000)
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="needs PostgreSQL: two machines, one database"
)
def test_two_schedulers_with_stepped_clocks_send_each_of_a_thousand_reminders_once(tmp_path, sink):
    noon = thousand_due()
    found = connection.settings_dict
    where = f"{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgres://{where}",
        "REDIS_URL": "",
        "DATA_DIR": str(tmp_path / "data"),
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "LOG_LEVEL": "ERROR",
    }
    machines = [
        subprocess.Popen(
            [sys.executable, "-c", MACHINE, noon.isoformat(), ",".join(map(str, steps))],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for steps in STEPS
    ]
    try:
        assert [machine.stdout.readline() for machine in machines] == ["ready\n"] * 2
        for machine in machines:
            machine.stdin.write("go\n")
            machine.stdin.flush()
        assert [machine.wait(timeout=900) for machine in machines] == [0, 0]
    finally:
        for machine in machines:
            machine.kill()
            machine.communicate()

    assert Delivery.objects.count() == ALL
    assert set(Delivery.objects.values_list("status", "attempts")) == {("sent", 1)}
    assert len(sink.messages) == len(set(sink.messages)) == ALL
    assert sorted(sink.recipients) == sorted(row.recipient for row in Delivery.objects.all())
    periods = list(Run.objects.values_list("job", "period", "error"))
    assert len(periods) == len(set(periods)) >= 3 and {error for *_period, error in periods} == {""}
