"""What happened, once and for ever."""

import uuid
from typing import Any, NoReturn, cast

from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string


class Row(models.Model):
    """A row of the business: an unguessable id, and the moment it came to be (given by the rule, UTC)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class Run(models.Model):
    """One run of a job of the timetable, in one period. Two schedulers, a clock that steps and a late start all meet the
    same row, so a period is worked through once."""

    job = models.CharField(max_length=60)
    period = models.BigIntegerField(
        help_text="Whole periods since 1970; by hand: the moment in seconds, negative."
    )
    started_at = models.DateTimeField()
    seconds = models.FloatField(null=True, blank=True, help_text="How long it took; empty while it runs.")
    found = models.IntegerField(null=True, blank=True, help_text="How many things there were to do.")
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "period"], name="period_once")]
        indexes = [models.Index(fields=["job", "-started_at"], name="run_newest")]

    def __str__(self) -> str:
        return f"{self.job} at {self.started_at:%Y-%m-%d %H:%M}Z"


class Events(models.QuerySet["Event"]):
    def about(self, subject: models.Model) -> "Events":
        """The timeline of one thing, oldest first."""
        return self.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk).order_by("id")

    def visible_to(self, user: Any) -> "Events":
        """Those this person may read: the rooms above know who reads what (setting EVENT_READERS)."""
        return cast(Events, import_string(settings.EVENT_READERS)(self, user))

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Events are append-only: record a new one instead.")

    def delete(self) -> NoReturn:
        raise TypeError("Events are append-only.")


class Event(models.Model):
    """One thing that happened: who did what to which thing, when, and because of which earlier event.

    `actor` is the id of a user, kept as a plain value: the journal lies below every other room and outlives their
    rows. `data` holds ids, codes and numbers, never names or free text, so that erasing a person leaves it whole.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.UUIDField()
    verb = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    cause = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="effects")
    data = models.JSONField(default=dict)

    objects = Events.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="event_subject"),
            models.Index(fields=["verb", "id"], name="event_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} at {self.at:%Y-%m-%d %H:%M}Z"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Events are append-only: record a new one instead.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Events are append-only.")
