"""What leaves the house."""

import datetime as dt

from django.db import models

from journal.models import Row


class Deliveries(models.QuerySet["Delivery"]):
    def due(self, at: dt.datetime) -> "Deliveries":
        """To be sent now: waiting, its time has come, and no worker holds it."""
        free = models.Q(lease_until=None) | models.Q(lease_until__lte=at)
        return self.filter(free, status=Delivery.Status.QUEUED, due_at__lte=at)


class Delivery(Row):
    """One message to one recipient, written with the change it tells about and sent after that is committed.

    `message` holds the final bytes, built once: however often it is sent, the recipient gets the same message (an
    e-mail with its Message-ID, a calendar object with its UID and stamp), so a repeat is a duplicate that programs
    recognise, never a second invitation. `key` says which message it is (`loop.confirmed:<loop>:<user>`); writing the
    same key again writes nothing.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", "E-mail"
        CALENDAR = "calendar", "Calendar entry"
        SLACK = "slack", "Slack post"

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        SENT = "sent", "Sent"
        PARKED = "parked", "Parked"
        SUPERSEDED = "superseded", "Overtaken by a newer one"

    MOVES = {
        Status.QUEUED: {Status.SENT, Status.PARKED, Status.SUPERSEDED},
        Status.PARKED: {Status.QUEUED},
    }

    channel = models.CharField(max_length=10, choices=Channel.choices)
    recipient = models.CharField(max_length=320)
    subject_line = models.CharField("subject", max_length=200)
    message = models.BinaryField()
    key = models.CharField(max_length=200, unique=True)
    thread = models.CharField(
        max_length=120,
        blank=True,
        help_text="Messages of one thread: only the newest goes out, none after a newer one.",
    )
    turn = models.PositiveIntegerField(default=0, help_text="The place in its thread.")
    about_type = models.CharField(max_length=60)
    about_id = models.UUIDField()

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    status_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Not sent before this moment; a failed attempt moves it on.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="A worker has it until then; after that the worker counts as dead.",
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    objects = Deliveries.as_manager()

    class Meta:
        verbose_name = "message"
        verbose_name_plural = "messages"
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "turn"], condition=~models.Q(thread=""), name="turn_once_per_thread"
            ),
            models.CheckConstraint(
                condition=models.Q(status="sent", sent_at__isnull=False)
                | (~models.Q(status="sent") & models.Q(sent_at=None)),
                name="delivery_sent_has_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(status="queued"), name="delivery_due"),
            models.Index(fields=["about_type", "about_id"], name="delivery_about"),
            models.Index(fields=["-created_at"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_line} ({self.get_channel_display()})"
