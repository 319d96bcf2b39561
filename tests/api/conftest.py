"""Callers of the API, and its clock: it stands at the stories' NOW until a test moves it."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts import keys, users
from accounts.api import Noun
from accounts.models import User
from tests import stories
from tests.api.calls import Caller, Clock


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(Noun, "at", property(lambda self: clock.at))
    return clock


@pytest.fixture(autouse=True)
def uncounted(settings) -> None:
    """A cache of its own for every test: what another one asked is not counted here."""
    local = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": local, "LOCATION": uuid.uuid4().hex}}


@pytest.fixture
def caller() -> Callable[[User], Caller]:
    def caller(user: User) -> Caller:
        client = APIClient()
        client.force_authenticate(User.objects.get(pk=user.pk))
        return Caller(client)

    return caller


@pytest.fixture
def recruiter(db, caller) -> Caller:
    stories.recruiter()
    return caller(stories.recruiter())


@pytest.fixture
def key_of(db) -> Callable[..., Caller]:
    """A caller with a real API key that has these scopes."""

    def key_of(*scopes: str) -> Caller:
        at = dt.datetime.now(dt.UTC)
        _key, secret = keys.issue(
            stories.person("service"),
            name="ATS",
            scopes=scopes,
            expires_at=at + dt.timedelta(days=1),
            by=users.system(),
            at=at,
        )
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Api-Key {secret}")
        return Caller(client)

    return key_of
