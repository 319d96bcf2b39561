"""Flags, votes and decisions over the API."""

import pytest

from candidates import applications
from hiring import playbooks
from interviews.models import Decision, Flag
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db


def test_vote_and_decide(caller, clock):
    debrief = stories.debrief()
    loop = debrief.loop
    clock.at = stories.after(loop)
    manager = caller(stories.hiring_manager(loop.application.opening))
    panelist = next(seat for seat in stories.seats(loop) if seat.role == "lead").user
    here = f"debriefs/{debrief.pk}"

    answer = caller(panelist).post(f"{here}/vote", value="no", reason="Not yet.")
    assert answer.json() == {
        "id": str(debrief.pk),
        "loop": str(loop.pk),
        "application": str(loop.application_id),
        "status": "open",
        "status_at": f"{debrief.status_at:%Y-%m-%dT%H:%M:%SZ}",
        "created_at": f"{debrief.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "votes": [
            {
                "user": {"id": str(panelist.pk), "name": panelist.name, "title": "Engineer"},
                "value": "no",
                "reason": "Not yet.",
                "created_at": f"{clock.at:%Y-%m-%dT%H:%M:%SZ}",
            }
        ],
        "decision": None,
    }
    with nothing_changes():
        assert refusal(caller(panelist).post(f"{here}/vote", value="yes")) == (409, "voted")
        assert refusal(caller(panelist).post(f"{here}/decide", outcome="hire")) == (403, "not_allowed")

    # Nobody follows the room: other votes show after one's own.
    assert manager.get(here).json()["votes"] == []
    assert len(manager.post(f"{here}/vote", value="yes").json()["votes"]) == 2

    decided = manager.post(f"{here}/decide", outcome="hire").json()
    decision = Decision.objects.get()
    assert (decided["status"], decided["decision"]["outcome"]) == ("decided", "hire")
    assert decided["decision"]["record"] == decision.record
    assert decided["decision"]["decided_by"]["id"] == str(decision.decided_by_id)
    told = caller(panelist).get(here).json()["decision"]
    assert told == {key: value for key, value in decided["decision"].items() if key != "record"}
    assert manager.get(f"applications/{loop.application_id}").json()["status"] == "approved"
    with nothing_changes():
        assert refusal(manager.post(f"{here}/decide", outcome="hire")) == (409, "wrong_status")


def test_who_sees_a_debrief(caller):
    debrief = stories.debrief()
    readers = {
        "recruiter": stories.recruiter(),
        "hiring_manager": stories.hiring_manager(debrief.loop.application.opening),
        "auditor": stories.person("auditor"),
        "panel": stories.seats(debrief.loop)[0].user,
        "coordinator": stories.person("coordinator"),
        "another hiring_manager": stories.person("hiring_manager"),
        "another interviewer": stories.person("interviewer"),
    }

    shown = {role: len(caller(user).get("debriefs").json()["results"]) for role, user in readers.items()}

    assert shown == {
        "recruiter": 1,
        "hiring_manager": 1,
        "auditor": 1,
        "panel": 1,
        "coordinator": 0,
        "another hiring_manager": 0,
        "another interviewer": 0,
    }


def expecting_the_wrong_pay() -> Flag:
    application = stories.application()
    applications.expect_pay(
        application,
        amount=40_000_000,
        currency="USD",
        anchor="senior_ml_engineer",
        said="They said 400 thousand.",
        by=stories.recruiter(),
        at=stories.NOW,
    )
    return Flag.objects.get()


def test_answer_a_flag(recruiter):
    flag = expecting_the_wrong_pay()

    answer = recruiter.get("flags", application=str(flag.application_id))
    assert [row["id"] for row in answer.json()["results"]] == [str(flag.pk)]
    assert answer.json()["results"][0]["citations"] == flag.citations
    with nothing_changes():
        answer = recruiter.post(f"flags/{flag.pk}/answer", answer="waived", reason="")
        assert refusal(answer) == (422, "no_reason")
        answer = recruiter.post(f"flags/{flag.pk}/answer", answer="lapsed", reason="Gone.")
        assert refusal(answer) == (400, "invalid")

    told = recruiter.post(
        f"flags/{flag.pk}/answer", answer="waived", reason="They know the market now."
    ).json()

    assert (told["status"], told["answer"]) == ("waived", "They know the market now.")
    assert told["answered_by"]["id"] == str(stories.recruiter().pk)
    with nothing_changes():
        answer = recruiter.post(f"flags/{flag.pk}/answer", answer="upheld", reason="After all.")
        assert refusal(answer) == (409, "wrong_status")


def test_flags_are_for_those_who_read_packets(caller):
    flag = expecting_the_wrong_pay()

    for role in ("coordinator", "interviewer", "hiring_manager"):
        stranger = caller(stories.person(role))
        assert stranger.get("flags").json()["results"] == []
        assert refusal(stranger.get(f"flags/{flag.pk}")) == (404, "not_found")
        with nothing_changes():
            answer = stranger.post(f"flags/{flag.pk}/answer", answer="acknowledged", reason="")
            assert refusal(answer) == (404, "not_found")


def test_a_flag_does_not_cite_pay_to_those_who_do_not_read_it(caller, recruiter):
    flag = expecting_the_wrong_pay()
    here = f"flags/{flag.pk}"

    assert recruiter.get(here).json()["citations"][0]["words"] == "measured by senior_ml_engineer"
    assert "They said" not in recruiter.get(here).content.decode()
    assert caller(stories.person("auditor")).get(here).json()["citations"][0]["words"] == ""


def test_an_opening_is_flagged_too(recruiter):
    opening = stories.opening(anchor="senior_ml_engineer")
    areas = playbooks.of(opening.edition).areas
    assert areas

    listed = recruiter.get("flags", opening=str(opening.pk)).json()["results"]

    assert [(row["about"], row["pattern"]) for row in listed] == [("opening", "pay_on_mle_band")]
