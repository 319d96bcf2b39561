"""What a candidate does by themselves: the private links they do it through, and the plans held while they choose."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from accounts.encryption import EncryptedTextField
from accounts.models import User
from interviews.models.loops import Loop, Proposal
from journal.models import Row


class CandidateLinks(models.QuerySet["CandidateLink"]):
    def usable(self, at: dt.datetime) -> "CandidateLinks":
        return self.filter(revoked_at=None, expires_at__gt=at)


class CandidateLink(Row):
    """A private address for one purpose of one loop. Only its digest is kept. See Note [Private links] (selfservice.py).

    `note` is what the candidate wrote through it, in their own words: the journal holds no free text.
    """

    class Purpose(models.TextChoices):
        AVAILABILITY = "availability", "Give times"
        CHOOSE = "choose", "Choose a plan"
        MANAGE = "manage", "See, move or cancel interviews"

    loop = models.ForeignKey(Loop, on_delete=models.CASCADE, related_name="candidate_links")
    purpose = models.CharField(max_length=15, choices=Purpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the candidate last did something through it; opening it is not.",
    )
    note = EncryptedTextField(blank=True, help_text="What the candidate wrote.")

    objects = CandidateLinks.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["loop", "purpose"], condition=Q(revoked_at=None), name="one_link_per_purpose"
            )
        ]

    def __str__(self) -> str:
        return f"Link of {self.loop}: {self.get_purpose_display().lower()}"


class Holds(models.QuerySet["Hold"]):
    def live(self, at: dt.datetime) -> "Holds":
        return self.filter(until__gt=at)


class Hold(Row):
    """Somebody's time in a plan that a candidate may choose: no other loop gets it until then.

    From the start of the interview to its end, as with a booked one: the engine keeps the person's buffer around it.
    """

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="holds")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    until = models.DateTimeField()

    objects = Holds.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="hold_forward"),
            models.UniqueConstraint(fields=["proposal", "user"], name="hold_once"),
        ]
        indexes = [
            models.Index(fields=["user", "starts_at"], name="hold_of"),
            models.Index(fields=["until"], name="hold_due"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.starts_at:%Y-%m-%d %H:%M}Z"
