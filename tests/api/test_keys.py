"""What API keys reach, and who the caller is."""

import pytest

from accounts import keys, roles
from accounts.models import ApiKey
from candidates.models import Candidate
from config.api import NOUNS
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db

# Nouns of the API that each word of a scope opens.
REACH = {
    "openings": {"playbooks", "editions", "openings"},
    "candidates": {"candidates"},
    "applications": {"applications"},
    "interviewers": {"interviewers"},
    "loops": {"loops", "proposals", "interviews", "seats"},
    "events": {"events"},
}
CLOSED = {
    "calendars",
    "feeds",
    "people",
    "transition-plans",
    "offers",
    "outcomes",
    "scorecards",
    "flags",
    "debriefs",
}


def test_every_noun_is_reached_by_one_scope_or_closed_to_keys():
    assert set(REACH) == set(keys.NOUNS)
    assert set().union(CLOSED, *REACH.values()) == set(NOUNS)


@pytest.mark.parametrize("word", REACH)
def test_a_scope_opens_its_nouns_and_no_other(key_of, word):
    caller = key_of(f"{word}:read")
    opened = {noun for noun in NOUNS if caller.get(noun).status_code == 200}

    assert opened == REACH[word]
    for noun in set(NOUNS) - opened:
        assert refusal(caller.get(noun))[0] == 403


def test_reading_is_not_writing(key_of):
    answer = key_of("candidates:read").post("candidates", name="Ida", email="ida@example.test")
    assert refusal(answer) == (403, "permission_denied")
    assert not Candidate.objects.exists()

    writer = key_of("candidates:write")
    answer = writer.post("candidates", name="Ida", email="ida@example.test")
    assert (answer.status_code, answer.json()["contact"]["email"]) == (201, "ida@example.test")
    assert [row["name"] for row in writer.get("candidates").json()["results"]] == ["Ida"]


def test_a_key_does_no_more_than_its_role(key_of):
    opening = stories.draft_opening()
    caller = key_of("openings:write")

    assert caller.get(f"openings/{opening.pk}").status_code == 200
    assert "pay_band" not in caller.get(f"openings/{opening.pk}").json()
    with nothing_changes():
        assert refusal(caller.post(f"openings/{opening.pk}/close")) == (403, "not_allowed")


def test_a_key_plans_and_cancels_loops(key_of):
    loop = stories.begun_loop()
    caller = key_of("loops:write")

    plans = caller.post(f"loops/{loop.pk}/propose").json()["proposals"]
    answer = caller.post(f"proposals/{plans[0]['id']}/confirm")

    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")


def test_me_as_a_service(key_of):
    caller = key_of("loops:read", "openings:read")
    key = ApiKey.objects.get()

    assert caller.get("me").json() == {
        "id": str(key.user_id),
        "name": key.user.name,
        "title": "",
        "email": key.user.email,
        "zone": "UTC",
        "kind": "service",
        "roles": ["service"],
        "may": [
            "read the journal",
            "see every opening",
            "write candidates and applications",
            "schedule loops",
        ],
        "key": {
            "name": "ATS",
            "scopes": ["loops:read", "openings:read"],
            "expires_at": f"{key.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        },
    }


def test_me_as_a_person(caller):
    me = caller(stories.person("interviewer", "hiring_manager")).get("me").json()

    assert me["roles"] == ["hiring_manager", "interviewer"]
    assert set(me["may"]) == roles.HIRING_MANAGER.may
    assert me["key"] is None


def test_who_reads_the_journal(caller):
    stories.opening()
    answers = {role: caller(stories.person(role)).get("events").status_code for role in roles.ROLES}

    assert answers == {
        "admin": 200,
        "recruiter": 200,
        "auditor": 200,
        "coordinator": 403,
        "hiring_manager": 403,
        "interviewer": 403,
        "service": 200,
    }


def test_the_timeline_of_one_thing(recruiter):
    opening = stories.opening()
    stories.opening()

    told = recruiter.get("events", subject_type="hiring.opening", subject_id=str(opening.pk)).json()[
        "results"
    ]

    assert [event["verb"] for event in told] == [
        "opening.drafted",
        "opening.team_changed",
        "opening.team_changed",
        "opening.pay_set",
        "opening.approved",
    ]
    assert told[0] == recruiter.get(f"events/{told[0]['id']}").json()
    assert told[0] == {
        "id": told[0]["id"],
        "at": "2026-03-02T09:00:00Z",
        "actor": str(stories.recruiter().pk),
        "verb": "opening.drafted",
        "subject_type": "hiring.opening",
        "subject_id": str(opening.pk),
        "cause": None,
        "data": {"verdict": "hire"},
    }


def test_the_journal_does_not_tell_what_its_reader_may_not_see(caller):
    opening = stories.opening()
    auditor = caller(stories.person("auditor"))

    told = {event["verb"] for event in auditor.get("events", subject_id=str(opening.pk)).json()["results"]}

    assert told == {"opening.drafted", "opening.team_changed", "opening.approved"}


def test_a_key_follows_the_journal_and_is_told_neither_cards_nor_pay(key_of):
    stories.drafted_offer()
    caller = key_of("events:read")

    told = []
    page = caller.get("events", page_size="200").json()
    while page["results"]:
        told += [event["verb"] for event in page["results"]]
        page = caller.client.get(page["next"]).json() if page["next"] else {"results": []}

    assert {"opening.approved", "application.received", "loop.confirmed", "scorecard.submitted"} <= set(told)
    secret = ("offer.", "opening.pay_set", "debrief.", "outcome.", "key.", "scorecard.read", "flag.")
    assert [verb for verb in told if verb.startswith(secret)] == []


def test_nobody_writes_the_journal_from_outside():
    assert "events:write" not in keys.SCOPES
