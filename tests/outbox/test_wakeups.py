"""A wake-up is a hint: losing it must cost nobody anything."""

import time

import pytest

from outbox import deliveries
from outbox.models import Delivery
from tests.outbox.loopback import free_port
from tests.outbox.moments import NOON

pytestmark = pytest.mark.django_db


def test_mail_when_the_broker_is_down_costs_milliseconds_and_is_swept(
    write, queue, sink, caplog, monkeypatch, django_capture_on_commit_callbacks
):
    queue.use(f"redis://127.0.0.1:{free_port()}/0")
    took = []

    for round_ in range(3):  # the quickest counts: a busy machine is not what is measured
        monkeypatch.setattr("outbox.wakeups._silent_until", 0.0)
        with django_capture_on_commit_callbacks() as callbacks:
            for number in range(10):
                write(key=f"{round_} {number}")
        began = time.perf_counter()
        for callback in callbacks:
            callback()
        took.append(time.perf_counter() - began)
        assert len(callbacks) == 10

    assert min(took) < 0.3
    assert [
        record.message.partition(":")[0] for record in caplog.records if record.name == "outbox.wakeups"
    ] == ["The broker does not answer, so the clock will do it"] * 3
    assert deliveries.sweep(at=NOON) == 30
    assert Delivery.objects.filter(status="sent").count() == len(sink.messages) == 30


def test_mail_when_the_broker_is_back_wakes_again(
    write, queue, django_capture_on_commit_callbacks, monkeypatch
):
    queue.use(f"redis://127.0.0.1:{free_port()}/0")
    with django_capture_on_commit_callbacks(execute=True):
        write(key="during")
    queue.use("memory://")
    with django_capture_on_commit_callbacks(execute=True):
        write(key="too soon to ask")
    monkeypatch.setattr("outbox.wakeups._PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("outbox.wakeups._silent_until", 0.0)
    with django_capture_on_commit_callbacks(execute=True):
        row = write(key="after")

    assert queue.take_all() == [("outbox.tasks.deliver", [str(row.pk)])]
