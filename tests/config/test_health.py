"""Alive and ready."""

import datetime as dt
import json
import uuid

import pytest
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from config import health
from outbox.models import Delivery
from tests.outbox.loopback import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_redis(settings):
    settings.REDIS_URL = ""


def ask(view):
    return view(RequestFactory().get("/"))


def a_message(status: str) -> None:
    now = timezone.now()
    Delivery.objects.create(
        channel="mail",
        recipient="grace@example.test",
        message=b"",
        key=str(uuid.uuid4()),
        about_type="accounts.user",
        about_id=uuid.uuid4(),
        status=status,
        status_at=now,
        due_at=now - dt.timedelta(seconds=90),
        created_at=now,
    )


def test_livez_answers_without_asking_the_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        response = ask(health.livez)

    assert (response.status_code, response.content) == (200, b"alive\n")
    assert "no-store" in response["Cache-Control"]


def test_readyz_when_all_is_well_tells_the_outbox_too():
    response = ask(health.readyz)

    assert response.status_code == 200
    assert json.loads(response.content) == {
        "ready": True,
        "database": "ok",
        "migrations": "ok",
        "outbox": {"due": 0, "oldest_due_seconds": 0, "parked": 0},
    }
    assert "no-store" in response["Cache-Control"]


def test_readyz_when_messages_wait_is_ready_and_says_so():
    for status in ("queued", "queued", "parked"):
        a_message(status)

    response = ask(health.readyz)

    told = json.loads(response.content)["outbox"]
    assert response.status_code == 200
    assert (told["due"], told["parked"]) == (2, 1)
    assert told["oldest_due_seconds"] in (90, 91)


def test_readyz_when_the_database_is_away_is_not_ready(monkeypatch):
    def gone(*_args, **_kwargs):
        raise connection.Database.OperationalError("host db.internal refused user loopwright")

    monkeypatch.setattr(connection, "cursor", gone)

    response = ask(health.readyz)

    assert response.status_code == 503
    assert json.loads(response.content) == {
        "ready": False,
        "database": "OperationalError",
        "migrations": "OperationalError",
    }


def test_readyz_when_a_migration_is_missing_is_not_ready():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'outbox'")

    response = ask(health.readyz)

    assert response.status_code == 503
    assert json.loads(response.content) == {"ready": False, "database": "ok", "migrations": "Unapplied"}


def test_readyz_when_redis_is_away_is_not_ready(settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": settings.REDIS_URL}
    }

    response = ask(health.readyz)

    assert response.status_code == 503
    assert json.loads(response.content) == {
        "ready": False,
        "database": "ok",
        "migrations": "ok",
        "redis": "ConnectionError",
    }
