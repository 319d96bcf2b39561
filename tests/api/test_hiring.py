"""Playbooks, openings and transition plans over the API."""

import pytest

from hiring import openings, playbooks
from hiring.models import Edition, Opening, PayBand, TeamMember
from journal.models import Event
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db


def last_event() -> tuple[str, str]:
    event = Event.objects.order_by("-id")[0]
    return event.verb, str(event.actor)


def test_publish_playbook(caller):
    admin = stories.person("admin")
    file = stories.LIBRARY / "mlops_engineer.yaml"

    first = caller(admin).post("playbooks", name=file.name, text=file.read_text())
    again = caller(admin).post("playbooks", name=file.name, text=file.read_text() + "\n# the same\n")

    edition = Edition.objects.get()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] == str(edition.pk)
    assert first.json()["content"]["key"] == "mlops_engineer"
    assert last_event() == ("edition.published", str(admin.pk))


def test_publish_broken_playbook_says_where(caller):
    admin = caller(stories.person("admin"))

    text = "format: 1\n" + (stories.LIBRARY / "mlops_engineer.yaml").read_text()

    with nothing_changes():
        answer = admin.post("playbooks", name="mine.yaml", text=text)

    second = text[: text.index("\nformat: 1")].count("\n") + 2
    assert refusal(answer) == (422, "broken_playbook")
    assert answer.json()["errors"] == [
        {"field": "format", "problem": f"mine.yaml:{second}:1 This key is already given on line 1."}
    ]


def test_editions_show_pay_only_to_those_who_read_pay(caller):
    edition = stories.edition()
    whole = caller(stories.person("recruiter")).get(f"editions/{edition.pk}").json()
    partly = caller(stories.person("interviewer")).get(f"editions/{edition.pk}").json()

    assert whole["content"] == edition.content
    assert whole["source"] == edition.source
    assert partly == {
        **{key: value for key, value in whole.items() if key != "source"},
        "content": {key: value for key, value in edition.content.items() if key != "pay"},
    }
    listed = caller(stories.person("recruiter")).get("editions").json()["results"]
    assert [list(row) for row in listed] == [["id", "playbook", "number", "digest", "created_at"]]


def test_draft_opening(recruiter):
    edition = stories.edition()

    answer = recruiter.post(
        "openings",
        title="MLOps engineer",
        team_name="Ranking",
        edition=str(edition.pk),
        facts=stories.good_facts(edition),
        zone="Europe/Berlin",
    )

    opening = Opening.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(opening.pk),
        "title": "MLOps engineer",
        "team_name": "Ranking",
        "edition": str(edition.pk),
        "zone": "Europe/Berlin",
        "status": "draft",
        "status_at": "2026-03-02T09:00:00Z",
        "created_at": "2026-03-02T09:00:00Z",
        "opened_at": None,
        "filled_at": None,
        "facts": stories.good_facts(edition),
        "verdict": "hire",
        "reasons": opening.reasons,
        "against_verdict": "",
        "team": [],
        "channels": [],
        "pay_band": None,
        "slack_host": None,
    }
    assert last_event() == ("opening.drafted", str(stories.recruiter().pk))


def test_draft_opening_with_a_fact_the_playbook_does_not_ask_for(recruiter):
    edition = stories.edition()

    with nothing_changes():
        answer = recruiter.post(
            "openings", title="T", team_name="T", edition=str(edition.pk), facts={"moon_phase": 3}
        )

    assert refusal(answer) == (422, "unknown_fact")


def test_verbs_of_an_opening(caller, recruiter):
    opening = stories.draft_opening()
    manager = stories.hiring_manager(opening)
    panelist = stories.person("interviewer")
    plan = playbooks.of(opening.edition)
    here = f"openings/{opening.pk}"

    facts = {**stories.good_facts(opening.edition), "models_in_production": 9}
    answer = recruiter.post(f"{here}/reassess", facts=facts)
    assert (answer.status_code, answer.json()["facts"]) == (200, facts)

    answer = recruiter.post(f"{here}/assign", user=str(panelist.pk), part="panel")
    assert {
        "user": {"id": str(panelist.pk), "name": panelist.name, "title": "Engineer"},
        "part": "panel",
    } in (answer.json()["team"])

    band = {
        "currency": "USD",
        "low": 20_000_000,
        "high": 30_000_000,
        "anchor": plan.pay.anchors[0],
        "tier": "ours",
        "cash_percent": 80,
        "negotiation_percent": 12,
    }
    answer = recruiter.post(f"{here}/set-pay", **band)
    assert answer.json()["pay_band"] == {**band, "notes": PayBand.objects.get().notes}

    channel = plan.channels.items[0].key
    answer = recruiter.post(f"{here}/use-channel", channel=channel, budget=500, note="First")
    assert answer.json()["channels"] == [{"channel": channel, "budget": 500, "note": "First"}]

    answer = caller(manager).post(f"{here}/approve")
    assert (answer.json()["status"], answer.json()["opened_at"]) == ("open", "2026-03-02T09:00:00Z")

    answer = recruiter.post(f"{here}/close")
    assert answer.json()["status"] == "closed"
    assert last_event() == ("opening.closed", str(stories.recruiter().pk))


def test_only_the_hiring_manager_approves(recruiter):
    opening = stories.draft_opening()

    with nothing_changes():
        answer = recruiter.post(f"openings/{opening.pk}/approve")

    assert refusal(answer) == (403, "not_allowed")


def test_approve_twice(caller):
    opening = stories.opening()

    with nothing_changes():
        answer = caller(stories.hiring_manager(opening)).post(f"openings/{opening.pk}/approve")

    assert refusal(answer) == (409, "wrong_status")


def test_pay_band_upside_down(recruiter):
    opening = stories.draft_opening()

    with nothing_changes():
        answer = recruiter.post(
            f"openings/{opening.pk}/set-pay",
            currency="USD",
            low=2,
            high=1,
            anchor=playbooks.of(opening.edition).pay.anchors[0],
            tier="",
            cash_percent=80,
            negotiation_percent=12,
        )

    assert refusal(answer) == (400, "invalid")  # an empty tier
    assert [error["field"] for error in answer.json()["errors"]] == ["tier"]


def test_openings_are_for_their_team(caller):
    mine, other = stories.opening(), stories.opening()
    manager = caller(stories.hiring_manager(mine))

    assert [row["id"] for row in manager.get("openings").json()["results"]] == [str(mine.pk)]
    assert refusal(manager.get(f"openings/{other.pk}")) == (404, "not_found")
    with nothing_changes():
        assert refusal(manager.post(f"openings/{other.pk}/close")) == (404, "not_found")
        assert refusal(manager.post(f"openings/{mine.edition_id}/close")) == (404, "not_found")


def test_pay_band_is_left_out_for_those_who_do_not_read_pay(caller):
    opening = stories.opening()
    panelist = stories.person("interviewer")
    TeamMember.objects.create(opening=opening, user=panelist, part="panel")

    shown = {
        role: caller(user).get(f"openings/{opening.pk}").json().get("pay_band", "left out")
        for role, user in {
            "recruiter": stories.recruiter(),
            "hiring_manager": stories.hiring_manager(opening),
            "coordinator": stories.person("coordinator"),
            "auditor": stories.person("auditor"),
            "panel": panelist,
        }.items()
    }

    assert shown["recruiter"] == shown["hiring_manager"]
    assert (shown["recruiter"]["low"], shown["recruiter"]["high"]) == (30_000_000, 38_000_000)
    assert {shown[role] for role in ("coordinator", "auditor", "panel")} == {"left out"}


def test_transition_plan(caller, recruiter):
    opening = stories.draft_opening()
    employee, partner, stranger = (stories.person("interviewer") for _ in range(3))
    expected = playbooks.of(opening.edition).readiness.transition

    answer = recruiter.post(
        f"openings/{opening.pk}/plan-transition",
        employee=str(employee.pk),
        paired_with=str(partner.pk),
        months=expected.months[1],
        pairing_months=expected.pairing_months[0],
        starts_on="2026-04-01",
    )
    plan = answer.json()
    here = f"transition-plans/{plan['id']}"

    assert (answer.status_code, plan["status"], plan["employee"]["name"]) == (200, "proposed", employee.name)
    assert refusal(caller(stranger).get(here)) == (404, "not_found")
    with nothing_changes():
        assert refusal(caller(partner).post(f"{here}/agree")) == (403, "not_theirs")
    agreed = caller(employee).post(f"{here}/agree").json()
    assert (agreed["status"], agreed["agreed_at"]) == ("running", "2026-03-02T09:00:00Z")


def test_unknown_zone(recruiter):
    edition = stories.edition()
    with nothing_changes():
        answer = recruiter.post(
            "openings", title="T", team_name="T", edition=str(edition.pk), facts={}, zone="Mars/Base"
        )

    assert refusal(answer) == (400, "invalid")
    assert answer.json()["errors"] == [
        {
            "field": "zone",
            "problem": "“Mars/Base” is not a time zone. Use an IANA name such as Europe/Berlin.",
        }
    ]


def test_filters(recruiter):
    draft, opened = stories.draft_opening(), stories.opening()

    assert [row["id"] for row in recruiter.get("openings", status="open").json()["results"]] == [
        str(opened.pk)
    ]
    by_edition = recruiter.get("openings", edition=str(draft.edition_id)).json()["results"]
    assert {row["id"] for row in by_edition} == {str(draft.pk), str(opened.pk)}
    openings.close(draft, by=stories.recruiter(), at=stories.NOW)
    assert recruiter.get("openings", status="draft").json()["results"] == []
