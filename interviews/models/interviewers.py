"""Who can interview, when, how often, and for what."""

from django.db import models
from django.db.models import F, Q

from accounts import roles
from accounts.models import User
from hiring.models import Playbook
from journal.models import Row


class Interviewers(models.QuerySet["Interviewer"]):
    def visible_to(self, user: User) -> "Interviewers":
        """Everybody for those who plan; oneself for everybody else."""
        plans = (roles.May.MANAGE_INTERVIEWERS, roles.May.SCHEDULE_LOOPS)
        return self if any(roles.allows(user, what) for what in plans) else self.filter(user=user)


class Interviewer(Row):
    """Somebody who sits on panels: their limits. (Their zone is on the account.)"""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="interviewer")
    buffer_minutes = models.PositiveSmallIntegerField(default=15, help_text="Kept free after an interview.")
    max_per_day = models.PositiveSmallIntegerField(
        default=2, help_text="Interviews a day, in their own zone."
    )
    max_per_week = models.PositiveSmallIntegerField(
        default=4, help_text="Interviews a week, Monday to Sunday."
    )
    max_per_four_weeks = models.PositiveSmallIntegerField(
        "max per four weeks", null=True, blank=True,
        help_text="Interviews in any 28 days in a row. Empty: no limit.",
    )  # fmt: skip
    country = models.CharField(
        max_length=10, blank=True, help_text="Whose public holidays they keep: DE, US-CA. Empty: none."
    )
    is_active = models.BooleanField("takes interviews", default=True)
    calendar_stamp = models.BigIntegerField(
        default=0, editable=False, help_text="Another number after every write to their busy times or hours."
    )

    objects = Interviewers.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(buffer_minutes__lte=120, max_per_day__gte=1, max_per_week__gte=F("max_per_day")),
                name="interviewer_limits",
            ),
            models.CheckConstraint(
                condition=Q(max_per_four_weeks=None) | Q(max_per_four_weeks__gte=F("max_per_week")),
                name="interviewer_four_weeks",
            ),
        ]

    def __str__(self) -> str:
        return self.user.name


class WorkingHours(models.Model):
    """A stretch of a weekday in the interviewer's own zone."""

    interviewer = models.ForeignKey(Interviewer, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(
        choices=list(
            enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))
        )
    )
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        verbose_name_plural = "working hours"
        constraints = [
            models.CheckConstraint(condition=Q(closes__gt=F("opens"), weekday__lte=6), name="hours_forward"),
            models.UniqueConstraint(fields=["interviewer", "weekday", "opens"], name="hours_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class BusyTime(models.Model):
    """A time somebody cannot interview. Only that they are busy: never why."""

    interviewer = models.ForeignKey(Interviewer, on_delete=models.CASCADE, related_name="busy")
    calendar = models.ForeignKey(
        "interviews.Calendar", null=True, blank=True, on_delete=models.CASCADE, related_name="busy",
        help_text="Where it was read; empty: entered by hand.",
    )  # fmt: skip
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="busy_forward")]
        indexes = [models.Index(fields=["interviewer", "starts_at"], name="busy_of")]

    def __str__(self) -> str:
        return f"busy {self.starts_at:%Y-%m-%d %H:%M}–{self.ends_at:%H:%M}Z"


class Qualification(Row):
    """What somebody may do in one block of a playbook: watch, be watched, or interview."""

    class Level(models.TextChoices):
        SHADOW = "shadow", "Shadow: watches"
        REVERSE_SHADOW = "reverse_shadow", "Reverse shadow: leads, watched"
        QUALIFIED = "qualified", "Qualified"
        PAUSED = "paused", "Paused"

    interviewer = models.ForeignKey(Interviewer, on_delete=models.CASCADE, related_name="qualifications")
    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="+")
    block = models.CharField(max_length=60)
    level = models.CharField(max_length=15, choices=Level.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["interviewer", "playbook", "block"], name="qualification_once")
        ]
        indexes = [models.Index(fields=["playbook", "block", "level"], name="qualified_for")]

    def __str__(self) -> str:
        return f"{self.interviewer}: {self.block} ({self.get_level_display().lower()})"
