"""Offers, and what became of the people who were hired."""

from django.db import models
from django.db.models import Q

from accounts import roles
from accounts.encryption import EncryptedIntegerField, EncryptedTextField
from accounts.models import User
from candidates.models.applications import Application
from hiring.models import hires
from journal.models import Row


class Offers(models.QuerySet["Offer"]):
    def visible_to(self, user: User) -> "Offers":
        """Pay figures are for those who may read pay, of openings they hire for."""
        if not roles.allows(user, roles.May.READ_PAY):
            return self.none()
        return self.filter(hires(user, "application__opening"))


class Offer(Row):
    """What was offered, in encrypted minor units a year, and the two people behind it."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        APPROVED = "approved", "Approved"
        SENT = "sent", "Sent"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    MOVES = {
        Status.DRAFT: {Status.APPROVED, Status.CANCELLED},
        Status.APPROVED: {Status.SENT, Status.CANCELLED},
        Status.SENT: {Status.ACCEPTED, Status.DECLINED, Status.EXPIRED, Status.CANCELLED},
    }

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="offers")
    amount = EncryptedIntegerField(help_text="Total a year, minor units.")
    cash = EncryptedIntegerField(help_text="The cash part of it, minor units.")
    currency = models.CharField(max_length=3)
    anchor = models.CharField(max_length=60)
    negotiated = models.BooleanField(default=False, help_text="Uses the share held back for negotiation.")
    reason = EncryptedTextField(blank=True, help_text="Why the held-back share is used.")
    notes = models.JSONField(default=list)
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    expires_on = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    status_at = models.DateTimeField()

    objects = Offers.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(status__in=["draft", "approved", "sent", "accepted"]),
                name="one_live_offer",
            )
        ]

    def __str__(self) -> str:
        return f"Offer for {self.application}"


class Outcomes(models.QuerySet["Outcome"]):
    def visible_to(self, user: User) -> "Outcomes":
        """How somebody does at work is for those who record it, of openings they hire for."""
        if not roles.allows(user, roles.May.RECORD_OUTCOMES):
            return self.none()
        return self.filter(hires(user, "application__opening"))


class Outcome(Row):
    """How a hire worked out at one checkpoint (days after the start)."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="outcomes")
    checkpoint_days = models.PositiveSmallIntegerField()
    rating = models.CharField(max_length=30)
    still_here = models.BooleanField()
    would_hire_again = models.BooleanField()
    note = EncryptedTextField(blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = Outcomes.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "checkpoint_days"], name="checkpoint_once")
        ]

    def __str__(self) -> str:
        return f"Outcome after {self.checkpoint_days} days"
