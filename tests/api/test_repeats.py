"""A request that is sent twice with one Idempotency-Key is done once."""

import datetime as dt
import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts import answers, users
from accounts.models import KeptAnswer, User
from candidates.models import Candidate
from config.api import NOUNS
from interviews import scheduling
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db

IDA = {"name": "Ida", "email": "ida@example.test"}


def post(caller, address="candidates", key="k1", **body):
    return caller.client.post(f"/api/v1/{address}", body, format="json", headers={"Idempotency-Key": key})


def test_sent_again_it_is_answered_as_the_first_time_and_done_once(recruiter):
    first = post(recruiter, **IDA)
    with nothing_changes():
        again = post(recruiter, **IDA)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert Candidate.objects.count() == 1


def test_the_order_of_the_fields_makes_no_other_body(recruiter):
    post(recruiter, name="Ida", email="ida@example.test")
    assert post(recruiter, email="ida@example.test", name="Ida").status_code == 201


def test_another_body_with_the_same_key_is_refused(recruiter):
    post(recruiter, **IDA)
    with nothing_changes():
        answer = post(recruiter, name="Bo", email="bo@example.test")
    assert refusal(answer) == (422, "key_reused")


def test_a_key_is_its_owner_s_and_its_address_s(recruiter, caller):
    post(recruiter, **IDA)
    bo = {"name": "Bo", "email": "bo@example.test"}
    assert post(caller(stories.person("recruiter")), **bo).status_code == 201
    made = Candidate.objects.get(name="Bo")
    assert post(recruiter, f"candidates/{made.pk}/edit", headline="Builder").status_code == 200


def test_what_was_refused_may_be_tried_again_with_the_same_key(recruiter):
    application = stories.application()
    with nothing_changes():
        assert refusal(post(recruiter, f"applications/{application.pk}/reject", reason="x"))[0] == 400
    assert not KeptAnswer.objects.exists()
    assert post(recruiter, f"applications/{application.pk}/screen").status_code == 200
    assert post(recruiter, f"applications/{application.pk}/screen")["Idempotency-Replayed"] == "true"


def test_while_the_first_is_under_way_the_second_is_turned_away(recruiter, clock):
    body = b'{"email": "ida@example.test", "name": "Ida"}'
    answers.claim(stories.recruiter(), address="/api/v1/candidates", key="k1", body=body, at=clock.at)
    with nothing_changes():
        assert refusal(post(recruiter, **IDA)) == (409, "under_way")
    # Its worker died: nothing was changed then, so the second may do it.
    clock.at += answers.LEASE
    assert post(recruiter, **IDA).status_code == 201


def test_an_answer_without_its_change_cannot_be(recruiter, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("The disk is full.")

    monkeypatch.setattr(answers, "keep", broken)
    recruiter.client.raise_request_exception = False
    with nothing_changes():
        assert refusal(post(recruiter, **IDA)) == (500, "broken")


def test_answers_are_kept_for_a_day_and_unreadable_in_the_database(recruiter, clock):
    post(recruiter, **IDA)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM accounts_keptanswer")
        assert "ida@example.test" not in cursor.fetchone()[0]
    system = users.system()
    assert answers.forget_old(by=system, at=clock.at + dt.timedelta(hours=23)) == 0
    clock.at += answers.KEPT
    assert refusal(post(recruiter, **IDA)) == (
        409,
        "duplicate",
    )  # the key is free again; the rule still holds
    assert answers.forget_old(by=system, at=clock.at) == 0


def test_old_answers_are_swept(recruiter, clock):
    post(recruiter, **IDA)
    assert answers.forget_old(by=users.system(), at=clock.at + answers.KEPT) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "né"])
def test_a_key_is_printable_and_bounded(recruiter, key):
    with nothing_changes():
        assert refusal(post(recruiter, key=key, **IDA)) == (400, "invalid")


def test_every_post_of_every_noun_takes_a_key(recruiter):
    """Each address that takes POST goes through the frame: its answer, were there one, is kept."""
    for name, noun in NOUNS.items():
        assert noun.initial.__qualname__ == "Noun.initial", name
        assert noun.dispatch.__qualname__ == "APIView.dispatch", name


def test_booking_a_plan_with_a_key_reads_the_calendars_first(recruiter, monkeypatch):
    loop = stories.begun_loop()
    plans = recruiter.post(f"loops/{loop.pk}/propose").json()["proposals"]
    read = []
    monkeypatch.setattr("interviews.availability.refresh_for", lambda people, **_kw: read.append(people))

    answer = post(recruiter, f"proposals/{plans[0]['id']}/confirm")

    assert (answer.status_code, len(read)) == (200, 1)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_done(caller):
    recruiter = stories.recruiter()
    told: list[int] = []

    def send() -> None:
        client = APIClient()
        client.force_authenticate(User.objects.get(pk=recruiter.pk))
        answer = client.post("/api/v1/candidates", IDA, format="json", headers={"Idempotency-Key": "k1"})
        told.append(answer.status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert Candidate.objects.count() == 1
    assert set(told) <= {201, 409} and 201 in told


@pytest.mark.django_db(transaction=True)
def test_plans_are_thought_out_with_nothing_locked_and_told_again(caller, monkeypatch):
    loop, locked, solve = stories.begun_loop(), [], scheduling.solve

    def watched(*args, **named):
        locked.append(connection.in_atomic_block)
        return solve(*args, **named)

    monkeypatch.setattr(scheduling, "solve", watched)
    recruiter = caller(stories.recruiter())
    first, again = (post(recruiter, f"loops/{loop.pk}/propose") for _ in range(2))

    assert locked == [False]
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
