"""How often one caller may ask."""

import threading

import pytest
from redis.exceptions import ConnectionError as CacheIsAway
from rest_framework.settings import api_settings

from accounts.models import User
from config import throttling
from config.throttling import PerActor
from tests import stories
from tests.api.calls import refusal


@pytest.fixture
def limits(monkeypatch) -> None:
    """Three requests for a person, five for a key, in a minute that does not end during a test."""
    monkeypatch.setattr(throttling, "USER_LIMIT", 3)
    monkeypatch.setattr(throttling, "KEY_LIMIT", 5)
    monkeypatch.setattr(throttling.time, "time", lambda: 1_000_010.0)


def test_every_noun_is_counted():
    assert [PerActor] == api_settings.DEFAULT_THROTTLE_CLASSES


def test_a_person_too_many_times(limits, caller, db):
    rita, otto = caller(stories.person("recruiter")), caller(stories.person("recruiter"))

    answers = [rita.get("openings").status_code for _ in range(4)]

    assert answers == [200, 200, 200, 429]
    refused = rita.get("openings")
    assert refusal(refused) == (429, "throttled")
    assert refused["Retry-After"] == "10"
    assert otto.get("openings").status_code == 200


def test_a_key_too_many_times(limits, key_of):
    caller = key_of("openings:read")

    assert [caller.get("openings").status_code for _ in range(6)] == [200, 200, 200, 200, 200, 429]


def test_the_next_minute_is_a_new_one(limits, caller, db, monkeypatch):
    rita = caller(stories.person("recruiter"))
    assert [rita.get("me").status_code for _ in range(4)] == [200, 200, 200, 429]

    monkeypatch.setattr(throttling.time, "time", lambda: 1_000_020.0)

    assert rita.get("me").status_code == 200


def test_requests_at_the_same_time_are_all_counted(limits):
    class Asks:
        auth, user = None, User(email="ada@example.com", name="Ada")

    allowed = []
    throttle = PerActor()
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        allowed.append(throttle.allow_request(Asks, None))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(allowed) == [False] * 5 + [True] * 3


def test_without_a_cache_people_still_work(limits, caller, db, monkeypatch):
    class Away:
        def add(self, *args: object) -> None:
            raise CacheIsAway

    monkeypatch.setattr(throttling, "cache", Away())
    rita = caller(stories.person("recruiter"))

    assert [rita.get("openings").status_code for _ in range(4)] == [200, 200, 200, 200]
