"""Who comes."""

from django.db import models

from accounts import roles
from accounts.encryption import EncryptedTextField
from accounts.models import User
from journal.fulltext import TextIndex
from journal.models import Row


class Candidates(models.QuerySet["Candidate"]):
    def visible_to(self, user: User) -> "Candidates":
        """Recruiting staff see everybody; hiring teams those who applied to their openings."""
        if roles.allows(user, roles.May.SEE_EVERY_OPENING):
            return self
        from candidates.models.applications import Application

        return self.filter(pk__in=Application.objects.visible_to(user).values("candidate"))


class Candidate(Row):
    """A person who may work here one day. Address and phone are encrypted; the name is what staff search by."""

    name = models.CharField(max_length=120)
    email = EncryptedTextField(blank=True)
    email_index = models.CharField(
        max_length=64, blank=True, help_text="Keyed digest of the normalised address."
    )
    phone = EncryptedTextField(blank=True)
    zone = models.CharField("time zone", max_length=64, default="UTC")
    country = models.CharField(
        max_length=10, blank=True, help_text="Where they live: DE, US-CA. Empty: not known."
    )
    headline = models.CharField(max_length=200, blank=True)

    objects = Candidates.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["email_index"], name="candidate_email"),
            models.Index(fields=["created_at", "id"], name="candidate_created"),
            TextIndex(columns=["name", "headline"], name="candidate_words"),
        ]

    def __str__(self) -> str:
        return self.name
