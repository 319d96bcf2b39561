"""Planning many loops together in the background: how far it is, what it found, and what was booked of it."""

import datetime as dt

from django.db import models

from accounts.models import User
from interviews.models.loops import Loop, Proposal
from journal.models import Row


class Plannings(models.QuerySet["Planning"]):
    def visible_to(self, user: User) -> "Plannings":
        """One's own: what it lists was chosen by what its starter may see."""
        return self.filter(started_by=user)

    def to_work_on(self) -> "Plannings":
        return self.filter(status__in=[Planning.Status.QUEUED, Planning.Status.APPLYING], worker_at=None)

    def abandoned(self, since: dt.datetime) -> "Plannings":
        """A worker began and was not heard of since then."""
        busy = [Planning.Status.RUNNING, Planning.Status.APPLYING]
        return self.filter(status__in=busy, worker_at__lt=since)


class Planning(Row):
    """Somebody asked for plans for many waiting loops at once; they review them before anything is booked."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker"
        RUNNING = "running", "Looking for plans"
        READY = "ready", "To be reviewed"
        APPLYING = "applying", "Booking"
        APPLIED = "applied", "Booked"
        CANCELLED = "cancelled", "Stopped"
        FAILED = "failed", "Failed"

    MOVES = {
        Status.QUEUED: {Status.RUNNING, Status.CANCELLED},
        Status.RUNNING: {Status.READY, Status.CANCELLED, Status.FAILED},
        Status.READY: {Status.APPLYING},
        Status.APPLYING: {Status.APPLIED, Status.FAILED},
    }

    started_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    status_at = models.DateTimeField()
    seconds = models.PositiveSmallIntegerField(help_text="How long it may look for better plans.")
    worker_at = models.DateTimeField(null=True, blank=True, help_text="When its worker was last heard of.")
    placed = models.PositiveIntegerField(default=0)
    gap = models.FloatField(
        null=True, blank=True, help_text="How far at most a better schedule could be, as a share of its cost."
    )
    spent = models.FloatField(default=0, help_text="Seconds since it began.")

    objects = Plannings.as_manager()

    def __str__(self) -> str:
        return f"Planning of {self.created_at:%Y-%m-%d %H:%M}Z"


class PlanningLine(models.Model):
    """One loop of a planning: its plan if it has one, and what became of it."""

    class Outcome(models.TextChoices):
        CHOSEN = "chosen", "To be booked"
        LEFT_OUT = "left_out", "Left out"
        BOOKED = "booked", "Booked"
        REFUSED = "refused", "Not booked"

    planning = models.ForeignKey(Planning, on_delete=models.CASCADE, related_name="lines")
    loop = models.ForeignKey(Loop, on_delete=models.CASCADE, related_name="+")
    proposal = models.ForeignKey(Proposal, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    says = models.TextField(blank=True, help_text="Why there is no plan, or why it was not booked.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["planning", "loop"], name="loop_once_per_planning")]

    def __str__(self) -> str:
        return f"{self.loop} in {self.planning}"
