"""Waking a worker: a hint that may get lost, because the sweep finds every due row a few seconds later."""

import logging
import time
import uuid
from functools import partial

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

# While the broker does not answer, nobody waits for it: the sweep comes round as fast as we would ask again.
_PAUSE_SECONDS = 5.0
_silent_until = 0.0


def on_commit(task: str, row_id: uuid.UUID) -> None:
    """Ask a worker to run `task` (its full name) for a row once this transaction is committed.

    Never raises and, with the broker down, costs milliseconds: the row is the truth (docs/adr/0003), and the timetable
    or the outbox's loop finds it.
    """
    transaction.on_commit(partial(_wake, task, row_id))


def _wake(task: str, row_id: uuid.UUID) -> None:
    global _silent_until  # noqa: PLW0603 - one memory per process is what is wanted
    if time.monotonic() < _silent_until:
        return
    try:
        # By name, because rules lie below the tasks that call them. No retry: Celery's own costs 0.6 seconds.
        current_app.send_task(task, [str(row_id)], ignore_result=True, retry_policy={"max_retries": 0})
    except Exception as error:  # a lost hint must not become an error of a change that is already committed
        _silent_until = time.monotonic() + _PAUSE_SECONDS
        logger.warning("The broker does not answer, so the clock will do it: %s", error)
