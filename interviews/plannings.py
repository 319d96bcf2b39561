"""Many loops planned together in the background, reviewed by whoever asked, and booked as far as they say.

The row is the truth: a worker that is woken takes it, and the timetable finds one whose wake-up was lost. Nothing is booked
before somebody has chosen it.
"""

import datetime as dt
import logging
import time
import uuid
from collections.abc import Collection

from django.db import transaction

from accounts import roles
from accounts.models import User
from hiring.models import Opening
from interviews import schedules
from interviews.models import Hold, Loop, Planning, PlanningLine
from interviews.models.loops import Loops
from interviews.scheduling import Progress
from journal import events, states
from journal.errors import Refused
from outbox import wakeups

logger = logging.getLogger(__name__)

Status, Outcome = Planning.Status, PlanningLine.Outcome
SECONDS = 20
LONGEST_SECONDS = 120
MOST_LOOPS = 500
BEAT = 1.0  # seconds between two notes of how far it is
SILENCE = dt.timedelta(minutes=3)  # longer than any step between two notes
_TASK = "interviews.tasks.together"


def candidates(user: User, *, at: dt.datetime, opening: Opening | None = None) -> Loops:
    """Loops that a planning would take: waiting or broken, and no candidate is choosing among plans for them."""
    choosing = Hold.objects.live(at).values("proposal__loop")
    rows = Loop.objects.visible_to(user).filter(status__in=[Loop.Status.WAITING, Loop.Status.BROKEN])
    if opening is not None:
        rows = rows.filter(application__opening=opening)
    return rows.exclude(pk__in=choosing)


@transaction.atomic
def start(*, by: User, at: dt.datetime, opening: Opening | None = None, seconds: int = SECONDS) -> Planning:
    """Plan every loop that waits (of one opening, or of all one may see) together, in the background.

    Refuses when none waits, and while an earlier planning of the same person still runs.
    """
    roles.require(by, roles.May.SCHEDULE_LOOPS)
    if not 1 <= seconds <= LONGEST_SECONDS:
        raise Refused(f"Give it from 1 to {LONGEST_SECONDS} seconds.", code="bad_span")
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    under_way = Planning.objects.filter(
        started_by=by, status__in=[Status.QUEUED, Status.RUNNING, Status.APPLYING]
    )
    if under_way.exists():
        raise Refused("Your last planning is not over yet. Wait for it, or stop it.", code="under_way")
    found = candidates(by, at=at, opening=opening).order_by("status", "-urgency", "created_at", "pk")
    wanted = list(found.values_list("pk", flat=True)[:MOST_LOOPS])
    if not wanted:
        raise Refused("No loop waits for a plan.", code="nothing_waits")
    planning = Planning.objects.create(started_by=by, seconds=seconds, status_at=at, created_at=at)
    PlanningLine.objects.bulk_create(PlanningLine(planning=planning, loop_id=pk) for pk in wanted)
    events.record("planning.started", planning, by=by, at=at, data={"loops": len(wanted)})
    wakeups.on_commit(_TASK, planning.pk)
    return planning


@transaction.atomic
def cancel(planning: Planning, *, by: User, at: dt.datetime) -> Planning:
    """Stop looking. Nothing is kept of what was found. Refuses once the plans are there."""
    _require_own(planning, by)
    states.move(planning, Status.CANCELLED, verb="planning.cancelled", by=by, at=at)
    return planning


@transaction.atomic
def apply(planning: Planning, *, loops: Collection[uuid.UUID], by: User, at: dt.datetime) -> Planning:
    """Book the plans of these loops, in the background; the others are left as they are.

    Refuses when none is chosen, or loops that have no plan here.
    """
    _require_own(planning, by)
    planned = planning.lines.exclude(proposal=None)
    if not loops:
        raise Refused("Choose at least one plan to book.", code="no_choice")
    if set(loops) - set(planned.values_list("loop_id", flat=True)):
        raise Refused("One of these loops has no plan here. Reload the page.", code="no_plan")
    states.move(
        planning,
        Status.APPLYING,
        verb="planning.applied",
        by=by,
        at=at,
        data={"loops": len(set(loops))},
        worker_at=None,
    )
    planned.filter(loop__in=loops).update(outcome=Outcome.CHOSEN)
    planned.exclude(loop__in=loops).update(outcome=Outcome.LEFT_OUT)
    wakeups.on_commit(_TASK, planning.pk)
    return planning


def _require_own(planning: Planning, by: User) -> None:
    roles.require(by, roles.May.SCHEDULE_LOOPS)
    if planning.started_by_id != by.pk:
        raise Refused("Only whoever started this planning may do that.", code="not_yours")


# --- what the worker does -----------------------------------------------------------------------------------


def work(planning: Planning, *, at: dt.datetime) -> bool:
    """Take one step of a planning, if no other worker has it: look for plans, or book what was chosen."""
    taken = Planning.objects.to_work_on().filter(pk=planning.pk, status=planning.status).update(worker_at=at)
    if not taken:
        return False
    planning.worker_at = at
    step = _look if planning.status == Status.QUEUED else _book
    try:
        step(planning, at=at)
    except Refused as no:
        logger.info("The planning %s went no further: %s", planning.pk, no)
    except Exception:
        logger.exception("The planning %s failed", planning.pk)
        _fail(planning, at=at)
    return True


def run_due(*, by: User, at: dt.datetime) -> int:
    """Plannings whose wake-up was lost, and those whose worker died: these are ended, so that one can start anew."""
    for planning in Planning.objects.abandoned(at - SILENCE).select_related("started_by"):
        _fail(planning, at=at)
    due = Planning.objects.to_work_on().select_related("started_by").order_by("created_at")
    return sum(work(planning, at=at) for planning in due)


def _fail(planning: Planning, *, at: dt.datetime) -> None:
    planning.refresh_from_db(fields=["status"])
    if Status.FAILED in planning.MOVES.get(Status(planning.status), set()):
        states.move(planning, Status.FAILED, verb="planning.failed", by=planning.started_by, at=at)


def _look(planning: Planning, *, at: dt.datetime) -> None:
    by = planning.started_by
    states.move(planning, Status.RUNNING, verb="planning.begun", by=by, at=at)
    still = candidates(by, at=at).filter(pk__in=planning.lines.values("loop"))
    rows = list(still.select_related("application__candidate", "application__opening", "edition"))
    follow = _Follow(planning, at=at)
    found = schedules.plan_all(
        rows,
        seconds=planning.seconds,
        by=by,
        at=at,
        progress=follow.note,
        cancelled=follow.cancelled,
        keep=False,
    )
    with transaction.atomic():
        states.move(
            planning,
            Status.READY,
            verb="planning.ready",
            by=by,
            at=at,
            data={"plans": len(found.proposals)},
            placed=len(found.proposals),
            gap=found.gap,
        )
        for proposal in schedules.keep_all(found, by=by, at=at):
            planning.lines.filter(loop=proposal.loop_id).update(proposal=proposal)
        over = planning.lines.filter(proposal=None).exclude(loop__windows__ends_at__gt=at + schedules.NOTICE)
        over.update(says="The candidate offers no time that lies ahead. Ask for some.")


def _book(planning: Planning, *, at: dt.datetime) -> None:
    """Each plan by itself: what could not be booked says why, and does not hold up the others."""
    by, began = planning.started_by, time.monotonic()
    lines = planning.lines.filter(outcome=Outcome.CHOSEN).select_related(
        "proposal__loop__application__candidate",
        "proposal__loop__application__opening",
        "proposal__loop__edition",
    )
    for line in lines.order_by("pk"):
        now = at + dt.timedelta(seconds=time.monotonic() - began)
        if line.proposal is None:
            line.outcome, line.says = Outcome.REFUSED, "This plan is gone."
        else:
            _booked, refused = schedules.apply_all([line.proposal], by=by, at=now)
            line.outcome = Outcome.REFUSED if refused else Outcome.BOOKED
            line.says = " ".join(no.message for _loop, no in refused)
        line.save(update_fields=["outcome", "says"])
        Planning.objects.filter(pk=planning.pk).update(worker_at=now)
    booked = planning.lines.filter(outcome=Outcome.BOOKED).count()
    states.move(planning, Status.APPLIED, verb="planning.finished", by=by, at=at, data={"booked": booked})


class _Follow:
    """Writes down how far a planning is, and asks whether it was stopped; both about once a second."""

    def __init__(self, planning: Planning, *, at: dt.datetime) -> None:
        self.planning, self.at, self.began = planning, at, time.monotonic()
        self.noted = self.asked = 0.0
        self.stopped = False

    def note(self, now: Progress) -> None:
        if time.monotonic() - self.noted < BEAT:
            return
        self.noted = time.monotonic()
        heard_at = self.at + dt.timedelta(seconds=self.noted - self.began)
        Planning.objects.filter(pk=self.planning.pk).update(
            placed=now.placed, gap=now.gap, spent=now.seconds, worker_at=heard_at
        )

    def cancelled(self) -> bool:
        if time.monotonic() - self.asked >= BEAT:
            self.asked = time.monotonic()
            here = Planning.objects.filter(pk=self.planning.pk, status=Status.RUNNING)
            self.stopped = not here.exists()
        return self.stopped
