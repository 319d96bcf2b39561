"""Interviewers over the API."""

import datetime as dt

import pytest

from interviews.models import BusyTime, Interviewer
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db

MONDAY = {"weekday": 0, "opens": "09:00", "closes": "12:30"}


def test_add_interviewer(recruiter):
    user = stories.person("interviewer", zone="Europe/Berlin")

    answer = recruiter.post("interviewers", user=str(user.pk), hours=[MONDAY], max_per_day=1)

    person = Interviewer.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(person.pk),
        "user": {"id": str(user.pk), "name": user.name, "title": "Engineer", "zone": "Europe/Berlin"},
        "buffer_minutes": 15,
        "max_per_day": 1,
        "max_per_week": 4,
        "max_per_four_weeks": None,
        "country": "",
        "is_active": True,
        "created_at": "2026-03-02T09:00:00Z",
        "hours": [MONDAY],
        "qualifications": [],
        "busy": [],
    }


def test_verbs_of_an_interviewer(caller, recruiter):
    edition = stories.edition()
    person = stories.interviewer(of=edition)
    own, here = caller(person.user), f"interviewers/{person.pk}"
    limits = {"buffer_minutes": 30, "max_per_day": 1, "max_per_week": 2}

    answer = own.post(f"{here}/set-limits", **limits)
    assert limits.items() <= answer.json().items()

    assert own.post(f"{here}/set-hours", hours=[MONDAY]).json()["hours"] == [MONDAY]

    qualified = {"playbook": str(edition.playbook_id), "block": "partnership", "level": "shadow"}
    assert recruiter.post(f"{here}/qualify", **qualified).json()["qualifications"] == [qualified]

    # Only what lies ahead of the reader's own day is shown, so this is told in real time.
    begin = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).replace(microsecond=0)
    busy = {
        "starts_at": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{begin + dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
    }
    assert own.post(f"{here}/block-time", **busy).json()["busy"] == [busy]

    assert own.post(f"{here}/pause").json()["is_active"] is False
    assert own.post(f"{here}/resume").json()["is_active"] is True


def test_everybody_sees_themselves_and_planners_see_all(caller):
    edition = stories.edition()
    one, other = stories.interviewer(of=edition), stories.interviewer(of=edition)

    shown = [row["id"] for row in caller(one.user).get("interviewers").json()["results"]]
    planned = caller(stories.person("coordinator")).get("interviewers").json()["results"]

    assert shown == [str(one.pk)]
    assert {row["id"] for row in planned} == {str(one.pk), str(other.pk)}
    with nothing_changes():
        assert refusal(caller(one.user).post(f"interviewers/{other.pk}/pause")) == (404, "not_found")


def test_nobody_qualifies_themselves(caller):
    person = stories.interviewer(of=stories.edition())

    with nothing_changes():
        answer = caller(person.user).post(
            f"interviewers/{person.pk}/qualify",
            playbook=str(stories.edition().playbook_id),
            block="partnership",
            level="qualified",
        )

    assert refusal(answer) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("hours", "problem"),
    [
        ([{"weekday": 0, "opens": "12:00", "closes": "09:00"}], (422, "bad_hours")),
        ([{"weekday": 7, "opens": "09:00", "closes": "12:00"}], (422, "bad_hours")),
        ([MONDAY, MONDAY], (422, "bad_hours")),
        ([{"weekday": 0, "opens": 9, "closes": "12:00"}], (400, "invalid")),
        ([{"weekday": "0", "opens": "09:00", "closes": "12:00"}], (400, "invalid")),
        ([{"weekday": 0, "opens": "09:00"}], (400, "invalid")),
        ("always", (400, "invalid")),
    ],
)
def test_hours_that_cannot_be(recruiter, hours, problem):
    person = stories.interviewer(of=stories.edition())

    with nothing_changes():
        assert refusal(recruiter.post(f"interviewers/{person.pk}/set-hours", hours=hours)) == problem


def test_a_busy_time_at_the_end_of_the_calendar(recruiter):
    person = stories.interviewer(of=stories.edition())

    with nothing_changes():
        answer = recruiter.post(
            f"interviewers/{person.pk}/block-time",
            starts_at="9999-12-31T23:00:00Z",
            ends_at="9999-12-31T23:30:00Z",
        )

    assert refusal(answer) == (400, "invalid")
    assert not BusyTime.objects.exists()


def test_filter_by_activity(recruiter):
    edition = stories.edition()
    active, paused = stories.interviewer(of=edition), stories.interviewer(of=edition)
    recruiter.post(f"interviewers/{paused.pk}/pause")

    def ids(**filters: str) -> list[str]:
        return [row["id"] for row in recruiter.get("interviewers", **filters).json()["results"]]

    assert ids(is_active="true") == [str(active.pk)]
    assert ids(is_active="false") == [str(paused.pk)]
    assert ids(user=str(active.user_id)) == [str(active.pk)]
    assert refusal(recruiter.get("interviewers", is_active="perhaps")) == (400, "invalid")
