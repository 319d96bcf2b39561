"""Candidates, applications, offers and outcomes over the API."""

import datetime as dt

import pytest

from candidates import offers
from candidates.models import Application, Candidate, Offer
from hiring import playbooks
from interviews.models import Seat
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db


def test_add_candidate(recruiter):
    answer = recruiter.post("candidates", name="Ida Example", email="ida@example.test", phone="+49 30 1")

    candidate = Candidate.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(candidate.pk),
        "name": "Ida Example",
        "headline": "",
        "zone": "UTC",
        "country": "",
        "created_at": "2026-03-02T09:00:00Z",
        "contact": {"email": "ida@example.test", "phone": "+49 30 1"},
    }


def test_a_known_address_is_a_question(recruiter):
    known = stories.candidate(email="ida@example.test")

    with nothing_changes():
        answer = recruiter.post("candidates", name="Ida Again", email="Ida+jobs@example.test")

    assert refusal(answer) == (409, "duplicate")
    assert answer.json()["errors"] == [{"field": "candidate", "problem": str(known.pk)}]
    answer = recruiter.post(
        "candidates", name="Ida Again", email="Ida+jobs@example.test", same_person_checked=True
    )
    assert answer.status_code == 201


def test_malformed_address(recruiter):
    with nothing_changes():
        answer = recruiter.post("candidates", name="Ida", email="not an address")

    assert refusal(answer) == (422, "bad_contact")


def test_who_reads_contact(caller):
    loop = stories.confirmed_loop()
    candidate = loop.application.candidate
    here = f"candidates/{candidate.pk}"
    panelist = stories.seats(loop)[0].user
    manager = stories.hiring_manager(loop.application.opening)

    readers = {
        "recruiter": stories.recruiter(),
        "coordinator": stories.person("coordinator"),
        "auditor": stories.person("auditor"),
        "hiring_manager": manager,
        "panel": panelist,
    }
    told = {role: "contact" in caller(user).get(here).json() for role, user in readers.items()}
    listed = {
        role: "contact" in caller(user).get("candidates").json()["results"][0]
        for role, user in readers.items()
    }

    expected = {
        "recruiter": True,
        "coordinator": True,
        "auditor": False,
        "hiring_manager": False,
        "panel": False,
    }
    assert told == listed == expected
    assert caller(panelist).get(here).json() == {
        "id": str(candidate.pk),
        "name": candidate.name,
        "headline": "",
        "zone": "UTC",
        "created_at": "2026-03-02T09:00:00Z",
    }
    assert refusal(caller(stories.person("interviewer")).get(here)) == (404, "not_found")


def test_find_by_name(recruiter):
    ida = stories.candidate(name="Ida Example")
    stories.candidate(name="Otto Other")

    assert [row["id"] for row in recruiter.get("candidates", name="exam").json()["results"]] == [str(ida.pk)]


def test_apply_and_the_verbs_of_an_application(recruiter):
    opening, candidate = stories.opening(), stories.candidate()
    plan = playbooks.of(opening.edition)
    channel = plan.channels.items[0].key

    answer = recruiter.post(
        "applications", candidate=str(candidate.pk), opening=str(opening.pk), channel=channel
    )
    application = Application.objects.get()
    here = f"applications/{application.pk}"
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(application.pk),
        "candidate": {"id": str(candidate.pk), "name": candidate.name, "headline": ""},
        "opening": {"id": str(opening.pk), "title": opening.title, "team_name": "ML platform"},
        "edition": str(opening.edition_id),
        "status": "new",
        "status_at": "2026-03-02T09:00:00Z",
        "created_at": "2026-03-02T09:00:00Z",
        "background": [],
        "tools": [],
        "channel": channel,
        "classified_as": "",
        "classified_because": [],
        "reject_reason": "",
        "withdraw_reason": "",
        "closing_note": "",
        "expectation": None,
    }

    area = {"area": plan.areas[0].key, "level": "solid", "evidence": "Ran it for years.", "source": "cv"}
    tool = {"tool": plan.tools[0].key, "level": "deep", "graded": True}
    answer = recruiter.post(f"{here}/describe", background=[area], tools=[tool])
    assert (answer.json()["background"], answer.json()["tools"]) == ([area], [tool])
    assert answer.json()["classified_as"] != ""

    expected = {"amount": 31_000_000, "currency": "USD", "anchor": plan.pay.anchors[0], "said": "About that."}
    answer = recruiter.post(f"{here}/expect-pay", **expected)
    assert answer.json()["expectation"] == expected

    assert recruiter.post(f"{here}/screen").json()["status"] == "screening"

    answer = recruiter.post(f"{here}/withdraw", reason="other_offer", note="Wrote today.")
    assert [answer.json()[key] for key in ("status", "withdraw_reason", "closing_note")] == [
        "withdrawn",
        "other_offer",
        "Wrote today.",
    ]

    with nothing_changes():
        assert refusal(recruiter.post(f"{here}/reject", reason="pay")) == (409, "wrong_status")


def test_reject(recruiter):
    application = stories.application()

    answer = recruiter.post(f"applications/{application.pk}/reject", reason="background")

    assert (answer.json()["status"], answer.json()["reject_reason"]) == ("rejected", "background")


def test_describe_lists_everything_wrong(recruiter):
    application = stories.application()

    with nothing_changes():
        answer = recruiter.post(
            f"applications/{application.pk}/describe",
            background=[{"area": "juggling", "level": "deep", "evidence": "Seen it.", "source": "cv"}],
            tools=[{"tool": "chainsaw", "level": "some"}],
        )

    assert refusal(answer) == (422, "bad_background")
    assert [error["field"] for error in answer.json()["errors"]] == ["juggling", "chainsaw"]


def test_apply_to_what_one_may_not_see(caller):
    mine, other = stories.opening(), stories.opening()
    candidate = stories.application(mine).candidate

    with nothing_changes():
        answer = caller(stories.hiring_manager(mine)).post(
            "applications", candidate=str(candidate.pk), opening=str(other.pk), channel="referral"
        )

    assert refusal(answer) == (400, "invalid")
    assert answer.json()["errors"] == [
        {"field": "opening", "problem": "There is no opening with this id, or you may not see it."}
    ]


def test_what_a_panel_reads_of_an_application(caller, recruiter):
    loop = stories.confirmed_loop()
    application = loop.application
    area = playbooks.of(application.edition).areas[0].key
    stories.background(application, **{area: "deep"})
    recruiter.post(
        f"applications/{application.pk}/expect-pay",
        amount=31_000_000,
        currency="USD",
        anchor="senior_ml_engineer",
        said="Forty million.",
    )

    shown = caller(stories.seats(loop)[0].user).get(f"applications/{application.pk}").json()

    assert shown == {
        "id": str(application.pk),
        "candidate": {
            "id": str(application.candidate_id),
            "name": application.candidate.name,
            "headline": "",
        },
        "opening": {
            "id": str(application.opening_id),
            "title": loop.application.opening.title,
            "team_name": "ML platform",
        },
        "edition": str(application.edition_id),
        "status": "interviewing",
        "status_at": "2026-03-02T09:00:00Z",
        "created_at": "2026-03-02T09:00:00Z",
        "background": [
            {"area": area, "level": "deep", "evidence": f"Said so about {area}.", "source": "screening"}
        ],
        "tools": [],
    }


def test_who_reads_an_expectation(caller, recruiter):
    application = stories.application()
    here = f"applications/{application.pk}"
    recruiter.post(f"{here}/expect-pay", amount=1, currency="USD", anchor="senior_ml_engineer", said="")

    told = {
        role: caller(user).get(here).json().get("expectation", {}).get("amount")
        for role, user in {
            "recruiter": stories.recruiter(),
            "hiring_manager": stories.hiring_manager(application.opening),
            "coordinator": stories.person("coordinator"),
            "auditor": stories.person("auditor"),
        }.items()
    }

    assert told == {"recruiter": 1, "hiring_manager": 1, "coordinator": None, "auditor": None}


def test_a_panelist_cannot_reject(caller):
    loop = stories.confirmed_loop()
    panelist = next(seat.user for seat in stories.seats(loop) if seat.role == Seat.Role.LEAD)

    with nothing_changes():
        answer = caller(panelist).post(f"applications/{loop.application_id}/reject", reason="loop")

    assert refusal(answer) == (403, "not_allowed")


def test_offer_from_draft_to_acceptance(caller, recruiter, clock):
    debrief = stories.decided()
    application = debrief.loop.application
    manager = caller(stories.hiring_manager(application.opening))
    clock.at = stories.after(debrief.loop)
    figures = {
        "amount": 33_000_000,
        "cash": 28_000_000,
        "currency": "USD",
        "anchor": playbooks.of(application.edition).pay.anchors[0],
        "expires_on": "2026-04-01",
    }

    answer = recruiter.post("offers", application=str(application.pk), **figures)
    offer = Offer.objects.get()
    here = f"offers/{offer.pk}"
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(offer.pk),
        "application": str(application.pk),
        **figures,
        "negotiated": False,
        "reason": "",
        "notes": offer.notes,
        "drafted_by": {"id": str(stories.recruiter().pk), "name": "Rita Recruiter", "title": ""},
        "approved_by": None,
        "status": "draft",
        "status_at": f"{clock.at:%Y-%m-%dT%H:%M:%SZ}",
        "created_at": f"{clock.at:%Y-%m-%dT%H:%M:%SZ}",
    }

    with nothing_changes():
        assert refusal(recruiter.post(f"{here}/approve")) == (403, "not_allowed")
    assert manager.post(f"{here}/approve").json()["status"] == "approved"
    assert recruiter.post(f"{here}/send").json()["status"] == "sent"
    assert recruiter.post(f"{here}/accept").json()["status"] == "accepted"
    assert recruiter.get(f"applications/{application.pk}").json()["status"] == "hired"
    with nothing_changes():
        assert refusal(recruiter.post(f"{here}/cancel")) == (409, "wrong_status")

    checkpoint = playbooks.of(application.edition).outcomes.checkpoints_days[0]
    clock.at += dt.timedelta(days=checkpoint)
    outcome = {
        "application": str(application.pk),
        "checkpoint_days": checkpoint,
        "rating": playbooks.of(application.edition).outcomes.scale[0],
        "still_here": True,
        "would_hire_again": True,
    }
    answer = recruiter.post("outcomes", **outcome, note="Good start.")
    assert answer.status_code == 201
    assert outcome.items() <= answer.json().items()
    with nothing_changes():
        assert refusal(recruiter.post("outcomes", **outcome)) == (409, "recorded_already")
    assert caller(stories.person("auditor")).get("outcomes").json()["results"] == []
    assert refusal(caller(stories.person("auditor")).get(f"outcomes/{answer.json()['id']}")) == (
        404,
        "not_found",
    )


def test_offer_declined_and_another_one_cancelled(recruiter, clock):
    offer = stories.drafted_offer()
    clock.at = offer.created_at
    offers.approve(offer, by=stories.hiring_manager(offer.application.opening), at=clock.at)
    offers.send(offer, by=stories.recruiter(), at=clock.at)

    assert recruiter.post(f"offers/{offer.pk}/decline").json()["status"] == "declined"

    answer = recruiter.post(
        "offers",
        application=str(offer.application_id),
        amount=33_100_000,
        cash=28_000_000,
        currency="USD",
        anchor=offer.anchor,
        expires_on=str(offer.expires_on),
    )
    assert recruiter.post(f"offers/{answer.json()['id']}/cancel").json()["status"] == "cancelled"


def test_offer_above_the_ceiling(recruiter, clock):
    debrief = stories.decided()
    clock.at = stories.after(debrief.loop)

    with nothing_changes():
        answer = recruiter.post(
            "offers",
            application=str(debrief.loop.application_id),
            amount=39_000_000,
            cash=39_000_000,
            currency="USD",
            anchor=playbooks.of(debrief.loop.edition).pay.anchors[0],
            expires_on="2026-04-01",
        )

    assert refusal(answer) == (422, "above_ceiling")


def test_offers_are_for_those_who_read_pay(caller):
    offer = stories.drafted_offer()
    readers = {
        "recruiter": stories.recruiter(),
        "hiring_manager": stories.hiring_manager(offer.application.opening),
        "another hiring_manager": stories.person("hiring_manager"),
        "coordinator": stories.person("coordinator"),
        "auditor": stories.person("auditor"),
        "panel": stories.seats(offer.application.loops.get())[0].user,
    }

    shown = {role: len(caller(user).get("offers").json()["results"]) for role, user in readers.items()}

    assert shown == {
        "recruiter": 1,
        "hiring_manager": 1,
        "another hiring_manager": 0,
        "coordinator": 0,
        "auditor": 0,
        "panel": 0,
    }
    assert refusal(caller(readers["auditor"]).get(f"offers/{offer.pk}")) == (404, "not_found")
