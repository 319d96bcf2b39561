"""The Celery app, and everything that happens by the clock, on one page.

`celery -A config worker` and `celery -A config beat`, or both inside `manage.py up`. Run a job by hand with
`manage.py run_now NAME`.
"""

import os
from dataclasses import dataclass

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


@dataclass(frozen=True)
class Job:
    """A rule called by the clock: `rule(by=system, at=now)`. Each is idempotent: a late or doubled run changes nothing."""

    rule: str
    every: float  # seconds
    why: str


MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
TIMETABLE: dict[str, Job] = {
    "refresh-calendars": Job(
        "interviews.availability.refresh_due", 5 * MINUTE, "interviewers' own calendars"
    ),
    "plan-waiting": Job("interviews.schedules.plan_waiting", MINUTE, "waiting and broken loops need plans"),
    "plan-together": Job(
        "interviews.plannings.run_due", MINUTE, "loops to be planned together whose wake-up was lost"
    ),
    "watch-loops": Job(
        "interviews.schedules.watch", MINUTE, "a confirmed loop may lose a seat without a decline"
    ),
    "open-scorecards": Job(
        "interviews.scorecards.open_due", MINUTE, "an interview that began needs its cards"
    ),
    "expire-holds": Job("interviews.selfservice.expire_holds", MINUTE, "plans no candidate chose in time"),
    "finish-interviews": Job("interviews.loops.finish_due", 5 * MINUTE, "interviews whose time is over"),
    "read-answers": Job("interviews.mailbox.read", MINUTE, "answers to invitations, in the mail folder"),
    "remind-interviews": Job(
        "interviews.reminders.interviews", 10 * MINUTE, "tomorrow's interviews, told the day before"
    ),
    "remind-scorecards": Job(
        "interviews.reminders.scorecards", 10 * MINUTE, "cards owed for 1, 24 and 48 hours"
    ),
    "call-debriefs": Job("interviews.debriefs.open_due", 10 * MINUTE, "loops whose last card is in"),
    "expire-offers": Job("candidates.offers.expire_due", HOUR, "offers past their last day"),
    "forget-answers": Job("accounts.answers.forget_old", HOUR, "answers kept for repeated API requests"),
    "digest": Job("interviews.reminders.digest", HOUR, "each morning: who must act now"),
}
# (The outbox has a loop of its own, `manage.py run_outbox`, that works without a broker.)

app = Celery("loopwright")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    # A run that was not picked up before the next is due is dropped, not piled up.
    name: {
        "task": "config.tasks.run_job",
        "args": [name],
        "schedule": job.every,
        "options": {"expires": job.every},
    }
    for name, job in TIMETABLE.items()
}
