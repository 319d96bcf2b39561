"""Where an interviewer's busy times are read from, and where their interviews can be read."""

import datetime as dt

from django.db import models
from django.db.models import Q

from accounts.encryption import EncryptedTextField
from accounts.models import User
from interviews.models.interviewers import Interviewer
from journal.models import Row

# A calendar that was not read for so long says nothing about today any more.
STALE_AFTER = dt.timedelta(hours=6)


class Calendars(models.QuerySet["Calendar"]):
    def unknown(self, at: dt.datetime) -> "Calendars":
        """Calendars whose owner may be busy without our knowing: never read, or not for too long."""
        old = Q(read_at=None) | Q(read_at__lt=at - STALE_AFTER)
        return self.exclude(kind=Calendar.Kind.UPLOAD).filter(old)


class Calendar(Row):
    """A calendar somebody connected. Only busy times are kept of it: no title, no place, no name.

    `address` is what to read (a feed's secret URL, a CalDAV collection, calendar or mailbox ids); `secret` is the
    password or the refresh token. Both are encrypted.
    """

    class Kind(models.TextChoices):
        CALDAV = "caldav", "CalDAV"
        FEED = "feed", "ICS feed"
        UPLOAD = "upload", "ICS file"
        GOOGLE = "google", "Google Calendar"
        GRAPH = "graph", "Microsoft 365"

    interviewer = models.ForeignKey(Interviewer, on_delete=models.CASCADE, related_name="calendars")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    label = models.CharField(max_length=80)
    address = EncryptedTextField(blank=True)
    username = EncryptedTextField(blank=True)
    secret = EncryptedTextField(blank=True)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When it was last read to the end.")
    tried_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True, help_text="Why it could not be read, or what in it could not.")

    objects = Calendars.as_manager()

    class Meta:
        indexes = [models.Index(fields=["tried_at"], name="calendar_tried")]

    def __str__(self) -> str:
        return f"{self.label} of {self.interviewer}"


class FeedToken(Row):
    """A private address under which a person's interviews can be subscribed to. Only a digest of it is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="feeds")
    digest = models.CharField(max_length=64, unique=True)
    busy_only = models.BooleanField(default=True, help_text="Times only: no candidate, no title.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Feed of {self.user}"
