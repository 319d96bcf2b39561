"""How tests speak to the API, and what they hold against its answers."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from rest_framework.test import APIClient

from tests import stories

ROOMS = ("journal", "outbox", "accounts", "hiring", "candidates", "interviews")


class Clock:
    at: dt.datetime = stories.NOW


class Caller:
    """Somebody who calls the API and is known to it."""

    def __init__(self, client: APIClient) -> None:
        self.client = client

    def get(self, address: str, **params: Any) -> Any:
        return self.client.get(f"/api/v1/{address}", params)

    def post(self, address: str, **body: Any) -> Any:
        return self.client.post(f"/api/v1/{address}", body, format="json")


@contextlib.contextmanager
def nothing_changes() -> Iterator[None]:
    """Every row of every room is the same afterwards: statuses, events, mails, everything."""
    before = _everything()
    yield
    assert _everything() == before


def _everything() -> dict[str, list[Any]]:
    models = [model for room in ROOMS for model in apps.get_app_config(room).get_models()]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def refusal(response: Any) -> tuple[int, str]:
    """A refusal in its two words for programs; its shape is proven on the way."""
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert list(body) == ["type", "title", "status", "detail", "code", "errors"]
    assert (body["status"], body["type"]) == (response.status_code, f"/problems/{body['code']}")
    assert body["title"] and body["detail"]
    return response.status_code, body["code"]
