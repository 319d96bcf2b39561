"""Real workers: processes that race, and processes that are killed."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection

from outbox import deliveries
from outbox.deliveries import Attempt
from outbox.models import Delivery
from tests.outbox.moments import NOON

ROWS = 20

PREPARE = """
import django, uuid
django.setup()
from django.core.management import call_command
from accounts.models import User
from outbox import deliveries
from tests.outbox.moments import NOON
call_command("migrate", "outbox", verbosity=0)
call_command("migrate", "journal", verbosity=0)
ada = User(pk=uuid.uuid4())
for number in range({rows}):
    row = deliveries.mail(to="grace@example.test", subject="Your interviews", text="Dear Grace,\\n.\\n",
                          key=str(number), about=ada, by=ada, at=NOON)
    print(row.pk)
"""
WORKER = """
import datetime as dt, django, sys, uuid
django.setup()
from outbox import deliveries
print("ready", flush=True)
for line in sys.stdin:
    at, *rows = line.split()
    for row in rows:
        print(deliveries.deliver(uuid.UUID(row), at=dt.datetime.fromisoformat(at)), flush=True)
"""


@pytest.fixture
def environment(tmp_path, sink) -> dict[str, str]:
    """A house of its own: a SQLite file, no Redis, and the mail server of this test."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/house.sqlite3",
        "REDIS_URL": "",
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
    }


@pytest.fixture
def start(environment):
    """Starts Python in that house."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            env=environment,
            cwd=Path(django_settings.BASE_DIR),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def order(worker: subprocess.Popen[str], *rows: str, at=NOON) -> None:
    """Tell a worker which rows to deliver."""
    worker.stdin.write(f"{at.isoformat()} {' '.join(rows)}\n")
    worker.stdin.flush()


def test_deliver_by_four_processes_at_once_sends_each_row_once(start, sink):
    rows = start(PREPARE.format(rows=ROWS)).communicate(timeout=60)[0].split()
    assert len(rows) == ROWS
    workers = [start(WORKER) for _ in range(4)]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 4

    for worker in workers:
        order(worker, *rows)
    answers = [line for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]

    assert answers.count("sent") == ROWS
    assert answers.count("not ours") == 3 * ROWS
    assert len(sink.messages) == ROWS
    assert len(set(sink.messages)) == ROWS


def test_deliver_when_killed_between_sending_and_marking_repeats_the_same_bytes(start, sink):
    (row,) = start(PREPARE.format(rows=1)).communicate(timeout=60)[0].split()
    first, second = start(WORKER), start(WORKER)
    assert [first.stdout.readline(), second.stdout.readline()] == ["ready\n"] * 2
    # The mail server has the whole message and kills the worker before it can hear "250 OK".
    sink.on_data = lambda: os.kill(first.pid, signal.SIGKILL)
    order(first, row)
    assert first.wait(timeout=60) == -signal.SIGKILL
    sink.on_data = lambda: None

    order(second, row, at=NOON + deliveries.LEASE / 2)
    assert second.stdout.readline() == "not ours\n"
    order(second, row, at=NOON + deliveries.LEASE)
    assert second.stdout.readline() == "sent\n"
    order(second, row, at=NOON + 2 * deliveries.LEASE)
    assert second.stdout.readline() == "not ours\n"

    assert len(sink.messages) == 2
    assert sink.messages[0] == sink.messages[1]
    assert f"Message-ID: <{row}@localhost>".encode() in sink.messages[0]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs PostgreSQL")
def test_deliver_by_four_threads_at_once_on_postgresql_sends_each_row_once(write, sink):
    rows = [write(key=str(number)).pk for number in range(ROWS)]
    answers: list[Attempt] = []
    together = threading.Barrier(4)

    def work() -> None:
        try:
            for row in rows:
                together.wait()
                answers.append(deliveries.deliver(row, at=NOON))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers.count(Attempt.SENT) == ROWS
    assert answers.count(Attempt.NOT_OURS) == 3 * ROWS
    assert len(set(sink.messages)) == len(sink.messages) == ROWS
    assert set(Delivery.objects.values_list("status", "attempts")) == {("sent", 1)}
