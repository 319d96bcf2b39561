"""How the API says no: who one is, what one sends, what there is."""

import json

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts import keys, users
from accounts.models import ApiKey
from candidates.models import Candidate
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db

NOBODY = "00000000-0000-4000-8000-000000000000"


def test_nobody_is_logged_in():
    answer = APIClient().get("/api/v1/openings")

    assert refusal(answer) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Api-Key"


@pytest.mark.parametrize("secret", ["lw_12345678_wrong", "wrong", "", "lw_é_é"])
def test_a_key_that_is_none(secret):
    answer = APIClient().get("/api/v1/openings", HTTP_AUTHORIZATION=f"Api-Key {secret}")

    assert refusal(answer) == (401, "authentication_failed")
    assert answer["WWW-Authenticate"] == "Api-Key"


def test_a_revoked_key(key_of):
    caller = key_of("openings:read")
    assert caller.get("openings").status_code == 200

    key = ApiKey.objects.get()
    keys.revoke(key, by=users.system(), at=stories.NOW)

    assert refusal(caller.get("openings")) == (401, "authentication_failed")


def test_somebody_whose_access_ended(db):
    person = stories.person("recruiter", password="a long enough passphrase")
    client = Client()
    client.force_login(person)
    assert client.get("/api/v1/me").status_code == 200

    users.deactivate(person, by=users.system(), at=stories.NOW)

    assert refusal(client.get("/api/v1/me")) == (401, "not_authenticated")


def test_a_form_of_another_site_cannot_act(db):
    """A logged-in browser sends its cookie from everywhere, so writing takes the token of our own pages."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(stories.recruiter())

    with nothing_changes():
        answer = client.post("/api/v1/candidates", {"name": "Ida"}, content_type="application/json")

    assert refusal(answer) == (403, "permission_denied")


@pytest.mark.parametrize(
    "address",
    ["nonsense", "openings/", "openings/1", f"openings/{NOBODY}", f"openings/{NOBODY}/explode", "openings/%00", "x/y/z"],
)  # fmt: skip
def test_nothing_is_there(recruiter, address):
    assert refusal(recruiter.get(address)) == (404, "not_found")


def test_methods_there_are_not(recruiter):
    opening = stories.opening()

    with nothing_changes():
        for method in ("put", "patch", "delete", "options"):
            answer = getattr(recruiter.client, method)(f"/api/v1/openings/{opening.pk}")
            assert refusal(answer) == (405, "method_not_allowed")
        assert refusal(recruiter.get(f"openings/{opening.pk}/approve")) == (405, "method_not_allowed")
        assert refusal(recruiter.post(f"openings/{opening.pk}")) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"nickname": "Idi"}, ["nickname"]),
        ({"id": NOBODY, "created_at": "2020-01-01T00:00:00Z"}, ["created_at", "id"]),
        ({"name": 7}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": ["Ida"]}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 121}, ["name"]),
        ({"name": "I\0da"}, ["name"]),
        ({"name": "I\ud800da"}, ["name"]),
        ({"same_person_checked": "yes"}, ["same_person_checked"]),
        ({"same_person_checked": 1}, ["same_person_checked"]),
        ({"zone": "Berlin"}, ["zone"]),
        ({"\ud800": 1}, ["?"]),
        ({"name": 7, "zone": "Berlin"}, ["name", "zone"]),
    ],
)
def test_fields_at_fault_are_named(recruiter, body, errors):
    with nothing_changes():
        answer = recruiter.client.post(
            "/api/v1/candidates",
            json.dumps({"name": "Ida", "email": "ida@example.test", **body}),
            content_type="application/json",
        )

    assert refusal(answer) == (400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == errors


def test_an_unknown_field_is_told_the_known_ones(recruiter):
    answer = recruiter.post(f"openings/{stories.draft_opening().pk}/approve", because="I say so.")

    assert refusal(answer) == (400, "invalid")
    assert answer.json()["errors"] == [
        {"field": "because", "problem": "This field is not known here. The fields are: reason."}
    ]
    answer = recruiter.post(f"openings/{stories.draft_opening().pk}/close", reason="Done.")
    assert answer.json()["errors"] == [
        {"field": "reason", "problem": "This field is not known here. The fields are: none."}
    ]


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null", "{", "", "[" * 100_000, '{"a": NaN}', "\xff"])
def test_a_body_that_is_no_object(recruiter, body):
    with nothing_changes():
        answer = recruiter.client.generic(
            "POST", "/api/v1/candidates", body.encode("latin-1"), content_type="application/json"
        )

    assert refusal(answer)[0] == 400


def test_a_body_that_is_no_json(recruiter):
    answer = recruiter.client.post("/api/v1/candidates", "name=Ida", content_type="text/plain")

    assert refusal(answer) == (415, "unsupported_media_type")


def test_a_body_too_large(recruiter):
    with nothing_changes():
        answer = recruiter.post("candidates", name="Ida", email="x" * 2 * 1024 * 1024)

    assert refusal(answer) == (413, "too_large")


def test_a_list_asked_by_a_name_it_does_not_know(recruiter):
    answer = recruiter.get("applications", openning=NOBODY)

    assert refusal(answer) == (400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["openning"]
    assert refusal(recruiter.get("applications", status="unheard of")) == (400, "invalid")
    # Empty is not “any”: the list would look as if it had been filtered.
    assert refusal(recruiter.get("applications", opening="")) == (400, "invalid")
    assert refusal(recruiter.get("applications", page_size="")) == (400, "invalid")
    assert refusal(recruiter.get("applications", opening="7")) == (400, "invalid")


@pytest.mark.parametrize("amount", [10**30, -(10**30), 1.5, "1", True, None])
def test_numbers_are_whole_and_bounded(recruiter, amount):
    application = stories.application()

    with nothing_changes():
        answer = recruiter.post(
            f"applications/{application.pk}/expect-pay",
            amount=amount,
            currency="USD",
            anchor="senior_ml_engineer",
            said="",
        )

    assert refusal(answer) == (400, "invalid")


@pytest.mark.parametrize("value", [10**400, 1e400, "8", [8]])
def test_facts_are_numbers_or_truths(recruiter, value):
    opening = stories.draft_opening()

    with nothing_changes():
        text = json.dumps({"facts": {"models_in_production": value}}).replace("Infinity", "1e400")
        answer = recruiter.client.post(
            f"/api/v1/openings/{opening.pk}/reassess", text, content_type="application/json"
        )

    assert refusal(answer) == (400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["facts.models_in_production"]


def test_times_are_told_in_utc_whatever_the_reader_lives_in(db, clock):
    client = Client()
    client.force_login(stories.person("recruiter", zone="Asia/Tokyo"))
    stories.candidate()

    answer = client.get("/api/v1/candidates")

    assert Candidate.objects.get().created_at == stories.NOW
    assert answer.json()["results"][0]["created_at"] == "2026-03-02T09:00:00Z"


def test_answers_are_not_kept_by_caches(recruiter):
    assert recruiter.get("candidates")["Cache-Control"] == "no-store"
    assert recruiter.get("me")["Cache-Control"] == "no-store"
    assert recruiter.get("nonsense").status_code == 404


@pytest.mark.parametrize("address", ["/api/nonsense", "/api/v1", "/api/v2/openings", "/api/v1/nonsense"])
def test_an_address_there_is_not_is_told_in_json(recruiter, address):
    assert refusal(recruiter.client.get(address)) == (404, "not_found")


def test_a_fault_of_ours_is_told_in_json_without_saying_what_it_is(recruiter, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("secret-host refused the password")

    monkeypatch.setattr("candidates.candidates.twins", fail)
    recruiter.client.raise_request_exception = False
    with nothing_changes():
        answer = recruiter.post("candidates", name="Ida", email="ida@example.test")
    assert refusal(answer) == (500, "broken")
    assert "secret-host" not in answer.content.decode()


def test_pages_keep_their_own_words(client):
    answer = client.get("/nonsense")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
