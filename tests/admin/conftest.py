"""The admin's door: somebody logged in, at the stories' NOW until a test moves the clock."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests import stories
from tests.stories import NOW


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The doors read the clock; this sets it."""

    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(NOW)
    return set_to


class Desk(Client):
    """A browser at the admin, logged in."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.user = user
        self.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def list(self, model, **query):
        """The noun's list."""
        return self.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), query)

    def rows(self, model, **query):
        """The rows on the noun's list."""
        return list(self.list(model, **query).context["cl"].result_list)

    def page(self, row):
        """The row's page."""
        return self.get(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]))

    def act(self, row, act, /, **typed):
        """Press the button and fill in what is asked; the page that follows."""
        label = f"{row._meta.app_label}_{row._meta.model_name}"
        return self.post(reverse(f"admin:{label}_act", args=[row.pk, act]), typed, follow=True)

    def add(self, model, /, **typed):
        """Make a new one; the page that follows."""
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        return self.post(reverse(f"admin:{label}_add"), typed, follow=True)

    def over(self, rows, action, /, **typed):
        """Choose rows on their list and run an action over them; the page that follows."""
        rows = list(rows)
        model = type(rows[0])
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        data = {"action": action, "_selected_action": [row.pk for row in rows], "select_across": 0, **typed}
        return self.post(address, data, follow=True)

    def timeline(self, row):
        """What the row's page tells, line by line."""
        return [line.words for line in self.page(row).context["timeline"]]


def told(response) -> list[str]:
    """The messages on the page."""
    return [str(message) for message in response.context["messages"]]


def problems(response) -> list[str]:
    """What the form says is wrong, all of it."""
    return [problem for found in response.context["form"].errors.values() for problem in found]


@pytest.fixture
def recruiter(db) -> Desk:
    return Desk(stories.recruiter())
