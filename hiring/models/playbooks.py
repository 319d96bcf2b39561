"""Roles as data."""

from typing import Any

from django.db import models

from accounts.models import User
from journal.models import Row


class Playbooks(models.QuerySet["Playbook"]):
    def visible_to(self, user: User) -> "Playbooks":
        """Roles are no secret inside the company."""
        return self


class Playbook(Row):
    """A role the company hires for. What it says lives in its editions."""

    key = models.SlugField(unique=True)
    title = models.CharField(max_length=120)

    objects = Playbooks.as_manager()

    def __str__(self) -> str:
        return self.title


class Editions(models.QuerySet["Edition"]):
    def visible_to(self, user: User) -> "Editions":
        """As their playbooks. (What an edition says about pay is told apart, to those who read pay.)"""
        return self

    def newest(self, playbook: Playbook) -> "Edition | None":
        return self.filter(playbook=playbook).order_by("-number").first()


class Edition(Row):
    """One numbered version of a playbook. Never changes: openings and loops that began with it keep it."""

    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField()
    content = models.JSONField(help_text="The blueprint in canonical form (hiring/blueprint).")
    source = models.TextField(help_text="The file as it was published, comments and all.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical content.")
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = Editions.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["playbook", "number"], name="edition_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.playbook.title}, edition {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An edition is immutable: publish a new one.")
        super().save(*args, **kwargs)
