"""Calendars, private feeds and times off over the API."""

import datetime as dt

import pytest
from django.test import Client

from interviews import availability
from interviews.models import BusyTime, Calendar, FeedToken
from tests import stories
from tests.api.calls import nothing_changes, refusal
from tests.interviews.test_availability import feed_server
from tests.stories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return stories.interviewer(of=stories.edition())


def connect(caller, person, **how):
    body = {"person": str(person.pk), "kind": "feed", "label": "", **how}
    return caller.client.post("/api/v1/calendars", body, format="json")


def test_a_calendar_is_connected_read_and_disconnected_and_tells_no_secret(caller, person, settings):
    own = caller(person.user)
    with feed_server() as feed:
        settings.CALENDAR_HOSTS = [feed["host"]]
        answer = connect(own, person, label="Work", address=feed["url"])
        calendar = Calendar.objects.get()
        assert answer.status_code == 201
        assert answer.json() == {
            "id": str(calendar.pk),
            "interviewer": str(person.pk),
            "kind": "feed",
            "label": "Work",
            "writes": False,
            "read_at": None,
            "tried_at": None,
            "trouble": "",
            "write_trouble": "",
            "created_at": "2026-03-02T09:00:00Z",
        }
        assert own.post(f"calendars/{calendar.pk}/read-now").json()["read_at"] == "2026-03-02T09:00:00Z"
    assert feed["url"] not in own.get("calendars").content.decode()
    assert own.post(f"calendars/{calendar.pk}/disconnect").status_code == 204
    assert Calendar.objects.count() == 0


def test_a_calendar_is_its_owners_and_of_those_who_manage_interviewers(caller, recruiter, person):
    how = {
        "kind": "feed",
        "label": "",
        "address": "https://calendar.test/a.ics",
        "by": person.user,
        "at": NOW,
    }
    calendar = availability.connect(person, **how)
    other = caller(stories.interviewer(of=stories.edition()).user)
    with nothing_changes():
        assert other.get("calendars").json()["results"] == []
        assert other.get(f"calendars/{calendar.pk}").status_code == 404
        assert other.post(f"calendars/{calendar.pk}/disconnect").status_code == 404
        assert connect(other, person, address="https://x.test/a.ics").status_code == 400
    assert len(recruiter.get("calendars").json()["results"]) == 1


def test_what_cannot_be_written_into_is_refused(caller, person):
    own = caller(person.user)
    with nothing_changes():
        answer = connect(own, person, address="https://calendar.test/a.ics", writes=True)
        assert refusal(answer) == (422, "not_writable")


def test_a_feeds_address_is_told_once(caller, recruiter):
    loop = stories.confirmed_loop()
    answer = recruiter.post("feeds", busy_only=False, loop=str(loop.pk))
    feed = FeedToken.objects.get()
    address = answer.json()["address"]
    assert (answer.status_code, feed.loop, feed.busy_only) == (201, loop, False)
    path = address.removeprefix("http://127.0.0.1:8000")
    assert Client().get(path).status_code == 200
    assert "address" not in recruiter.get("feeds").json()["results"][0]
    sits = next(seat.user for seat in stories.seats(loop) if seat.role == "lead")
    with nothing_changes():
        assert refusal(caller(sits).post("feeds", busy_only=True, loop=str(loop.pk))) == (403, "not_allowed")
        assert caller(sits).post(f"feeds/{feed.pk}/close").status_code == 404
    assert recruiter.post(f"feeds/{feed.pk}/close").status_code == 204
    assert Client().get(path).status_code == 404


def test_holidays_and_times_taken_back(caller, person):
    pytest.importorskip("holidays")
    own, here = caller(person.user), f"interviewers/{person.pk}"
    assert own.post(f"{here}/set-country", country="us-ca").json()["country"] == "US-CA"
    with nothing_changes():
        assert refusal(own.post(f"{here}/set-country", country="XX")) == (422, "unknown_country")
    times = {"starts_at": "2036-03-03T09:00:00Z", "ends_at": "2036-03-03T10:00:00Z"}
    own.post(f"{here}/block-time", **times)
    assert BusyTime.objects.get().starts_at == dt.datetime(2036, 3, 3, 9, tzinfo=dt.UTC)
    assert own.post(f"{here}/unblock-time", **times).json()["busy"] == []
    with nothing_changes():
        assert refusal(own.post(f"{here}/unblock-time", **times)) == (409, "not_blocked")
