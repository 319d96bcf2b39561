"""Running the timetable: each job once a period, whoever asks and however often."""

import datetime as dt
import logging
import time
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from accounts import roles, users
from accounts.models import User
from config.celery import TIMETABLE
from journal import events
from journal.errors import Refused
from journal.models import Run

logger = logging.getLogger(__name__)

KEPT = 200  # runs of each job that stay to be looked at


def run_now(name: str, *, by: User, at: dt.datetime) -> Run:
    """Run a job by hand, whatever the clock says, and wait for it. Refuses without the right, and unknown jobs."""
    roles.require(by, roles.May.RUN_JOBS)
    if name not in TIMETABLE:
        raise Refused(f"There is no job “{name}”. The jobs are: {', '.join(TIMETABLE)}.", code="unknown_job")
    row = run(name, at=at, by_hand=True)
    if row is None:
        raise Refused(
            "Somebody began this job in the same moment. Look at its last run.", code="running_already"
        )
    with transaction.atomic():
        events.record("job.run_by_hand", by, by=by, at=at, data={"job": name})
    return row


def run(name: str, *, at: dt.datetime, by_hand: bool = False) -> Run | None:
    """Run a job for the period that `at` lies in; None when that period has been taken already.

    A failure is written on the run and does not stop the clock: the next period tries again, because jobs look for what
    is due rather than for what happened since. `by_hand` runs it whatever the clock says.
    """
    job = TIMETABLE[name]
    period = -int(at.timestamp() * 1000) if by_hand else int(at.timestamp() // job.every)
    try:
        with transaction.atomic():
            row = Run.objects.create(job=name, period=period, started_at=at)
    except IntegrityError:
        return None
    began = time.monotonic()
    rule: Any = import_string(job.rule)
    try:
        found = rule(by=users.system(), at=at)
        row.found = found if isinstance(found, int) else None
    except Exception as error:
        logger.exception("The job %s failed", name)
        row.error = f"{type(error).__name__}: {error}"[:2000]
    row.seconds = round(time.monotonic() - began, 3)
    row.save(update_fields=["seconds", "found", "error"])
    oldest = (
        Run.objects.filter(job=name)
        .order_by("-started_at")
        .values_list("started_at", flat=True)[KEPT : KEPT + 1]
    )
    if oldest:
        Run.objects.filter(job=name, started_at__lte=oldest[0]).delete()
    return row
