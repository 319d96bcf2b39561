"""Where an interviewer's busy times are read from, and where their interviews can be read."""

import datetime as dt

from django.db import models
from django.db.models import Q

from accounts import roles
from accounts.encryption import EncryptedTextField
from accounts.models import User
from interviews.models.interviewers import Interviewer
from interviews.models.invitations import Invitation
from interviews.models.loops import Loop
from journal.models import Row

# A calendar that was not read for so long says nothing about today any more.
STALE_AFTER = dt.timedelta(hours=6)


class Calendars(models.QuerySet["Calendar"]):
    def visible_to(self, user: User) -> "Calendars":
        """One's own, and everybody's for those who manage interviewers. (What is in them is kept of none.)"""
        if roles.allows(user, roles.May.MANAGE_INTERVIEWERS):
            return self
        return self.filter(interviewer__user=user)

    def unknown(self, at: dt.datetime) -> "Calendars":
        """Calendars whose owner may be busy without our knowing: never read, or not for too long."""
        old = Q(read_at=None) | Q(read_at__lt=at - STALE_AFTER)
        return self.exclude(kind=Calendar.Kind.UPLOAD).filter(old)


class Calendar(Row):
    """A calendar somebody connected. Only busy times are kept of it: no title, no place, no name.

    `address` is what to read (a feed's secret URL, a CalDAV collection, calendar or mailbox ids); `secret` is the
    password or the refresh token. Both are encrypted. With `writes`, the owner's interviews are also put into it.
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
    writes = models.BooleanField("gets interviews", default=False)
    write_trouble = models.TextField(blank=True, help_text="Why the last interview could not be put into it.")

    objects = Calendars.as_manager()

    class Meta:
        indexes = [models.Index(fields=["tried_at"], name="calendar_tried")]

    def __str__(self) -> str:
        return f"{self.label} of {self.interviewer}"


class CalendarEntry(Row):
    """An interview in somebody's own calendar. See Note [Their calendar] (calendars/keeping.py).

    `wrote` is the newest version in our own words, `stands` the same with what its owner had added, as it was put there.
    `etag` names that version on the server; `url` is where it lies when another program, which took up the invitation
    first, made it.
    """

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="entries")
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="entries")
    etag = models.CharField(max_length=300, blank=True)
    url = EncryptedTextField(blank=True)
    wrote = EncryptedTextField(blank=True)
    stands = EncryptedTextField(blank=True)

    class Meta:
        verbose_name_plural = "calendar entries"
        constraints = [models.UniqueConstraint(fields=["calendar", "invitation"], name="entry_once")]

    def __str__(self) -> str:
        return f"{self.invitation} in {self.calendar}"


class Feeds(models.QuerySet["FeedToken"]):
    def visible_to(self, user: User) -> "Feeds":
        """One's own that still work."""
        return self.filter(user=user, revoked_at=None)


class FeedToken(Row):
    """A private address under which a person's interviews, or all of one loop, can be subscribed to.

    Only a digest of it is kept.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="feeds")
    loop = models.ForeignKey(Loop, null=True, blank=True, on_delete=models.CASCADE, related_name="feeds")
    digest = models.CharField(max_length=64, unique=True)
    busy_only = models.BooleanField(default=True, help_text="Times only: no candidate, no title.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = Feeds.as_manager()

    def __str__(self) -> str:
        return f"Feed of {self.loop or self.user}"
