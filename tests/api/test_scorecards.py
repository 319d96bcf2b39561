"""Scorecards over the API. See Note [Blind until submitted] in interviews/models/scorecards.py."""

import pytest

from interviews.models import CardRead, Scorecard
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db


def test_from_draft_to_amendment(caller, clock):
    loop = stories.held_loop()
    seat = stories.seats(loop)[0]
    own = caller(seat.user)
    content = stories.full_content(seat)
    clock.at = seat.interview.ends_at
    card = own.post(f"seats/{seat.pk}/open-card").json()
    here = f"scorecards/{card['id']}"
    assert card == {
        "id": card["id"],
        "seat": str(seat.pk),
        "author": {"id": str(seat.user_id), "name": seat.user.name, "title": seat.user.title},
        "interview": str(seat.interview_id),
        "loop": str(loop.pk),
        "block": seat.interview.block,
        "status": "draft",
        "status_at": f"{clock.at:%Y-%m-%dT%H:%M:%SZ}",
        "created_at": f"{clock.at:%Y-%m-%dT%H:%M:%SZ}",
        "revision": 0,
        "says": {
            "number": 0,
            "overall": "",
            "confidence": "",
            "notes": "",
            "no_story_because": "",
            "saved_at": f"{clock.at:%Y-%m-%dT%H:%M:%SZ}",
            "submitted_at": None,
            "after_reveal": False,
            "amended_because": "",
            "ratings": [],
            "segments": [],
            "stories": [],
        },
        "history": [],
    }

    with nothing_changes():
        answer = own.post(f"{here}/submit", revision=0)
    assert refusal(answer) == (422, "incomplete")
    assert "overall" in [error["field"] for error in answer.json()["errors"]]

    saved = own.post(f"{here}/save", content=content, revision=0).json()
    assert saved["revision"] == 1
    rated = {rating["signal"]: rating["value"] for rating in saved["says"]["ratings"]}
    assert rated == dict.fromkeys(content["ratings"], "strong")
    with nothing_changes():
        assert refusal(own.post(f"{here}/save", content={}, revision=0)) == (409, "stale_form")

    # What is left out stays as it was.
    noted = own.post(f"{here}/save", content={"notes": "  Calm.\n"}, revision=1).json()
    assert (noted["says"]["notes"], noted["says"]["ratings"]) == ("  Calm.\n", saved["says"]["ratings"])

    submitted = own.post(f"{here}/submit", revision=2).json()
    assert (submitted["status"], submitted["says"]["overall"]) == ("submitted", "yes")
    with nothing_changes():
        assert refusal(own.post(f"{here}/save", content={}, revision=3)) == (409, "submitted")
        assert refusal(own.post(f"{here}/amend", content={}, because="", revision=3)) == (422, "no_reason")

    amended = own.post(f"{here}/amend", content={"overall": "no"}, because="Slept on it.", revision=3).json()
    assert (amended["says"]["number"], amended["says"]["overall"]) == (2, "no")
    assert [(note["number"], note["amended_because"]) for note in amended["history"]] == [
        (1, ""),
        (2, "Slept on it."),
    ]
    assert own.get(here).json() == amended
    assert not CardRead.objects.exists()


def test_nobody_reads_anothers_card_before_their_own_is_in(caller):
    loop = stories.held_loop()
    first, second = stories.seats(loop)[:2]
    own = caller(first.user)
    mine = stories.draft_card(first)
    before = (own.get("scorecards").json(), own.get(f"loops/{loop.pk}").json(), own.get("debriefs").json())

    theirs = stories.submitted_card(second, overall="strong_no")

    # Nothing the first one reads tells that, or what, the second one has written.
    assert (
        own.get("scorecards").json(),
        own.get(f"loops/{loop.pk}").json(),
        own.get("debriefs").json(),
    ) == before
    assert [row["id"] for row in before[0]["results"]] == [str(mine.pk)]
    nobody = refusal(own.get(f"scorecards/{loop.pk}"))
    with nothing_changes():
        assert refusal(own.get(f"scorecards/{theirs.pk}")) == nobody == (404, "not_found")
        assert refusal(own.post(f"scorecards/{theirs.pk}/submit", revision=1)) == nobody
    assert own.get(f"scorecards/{theirs.pk}").content == own.get(f"scorecards/{loop.pk}").content
    assert own.get("scorecards", status="submitted").json()["results"] == []

    stories_submit(mine, first)
    shown = own.get(f"scorecards/{theirs.pk}").json()
    assert shown["says"]["overall"] == "strong_no"
    assert {row["id"] for row in own.get("scorecards", loop=str(loop.pk)).json()["results"]} == {
        str(mine.pk),
        str(theirs.pk),
    }


def stories_submit(card, seat) -> None:
    from interviews import scorecards

    card.refresh_from_db()
    scorecards.submit(card, revision=card.revision, by=seat.user, at=seat.interview.ends_at)


def test_the_packet_opens_with_the_debrief(caller, recruiter):
    loop = stories.held_loop()
    seats = stories.seats(loop)
    for seat in seats[:-1]:
        stories.submitted_card(seat)
    manager = caller(stories.hiring_manager(loop.application.opening))
    assert recruiter.get("scorecards").json()["results"] == []

    stories.submitted_card(seats[-1])

    assert len(recruiter.get("scorecards").json()["results"]) == len(seats)
    assert len(manager.get("scorecards").json()["results"]) == len(seats)
    assert caller(stories.person("coordinator")).get("scorecards").json()["results"] == []
    assert caller(stories.person("hiring_manager")).get("scorecards").json()["results"] == []


def test_reading_a_card_is_noted_once_and_listing_is_not(caller):
    debrief = stories.debrief()
    card = Scorecard.objects.filter(seat__interview__loop=debrief.loop)[0]
    auditor = stories.person("auditor")

    caller(auditor).get("scorecards")
    assert CardRead.objects.filter(user=auditor).count() == 0
    caller(auditor).get(f"scorecards/{card.pk}")
    caller(auditor).get(f"scorecards/{card.pk}")
    assert [read.version.card_id for read in CardRead.objects.filter(user=auditor)] == [card.pk]


def test_nobody_writes_on_anothers_card(caller):
    debrief = stories.debrief()
    first, second = stories.seats(debrief.loop)[:2]

    with nothing_changes():
        answer = caller(first.user).post(
            f"scorecards/{second.scorecard.pk}/amend",
            content={"overall": "no"},
            because="I know better.",
            revision=3,
        )

    assert refusal(answer) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("content", "problem", "field"),
    [
        ({"verdict": "yes"}, (400, "invalid"), "content.verdict"),
        ({"overall": "perhaps"}, (400, "invalid"), "content.overall"),
        ({"overall": 1}, (400, "invalid"), "content.overall"),
        ({"notes": 7}, (400, "invalid"), "content.notes"),
        ({"ratings": {"charm": {"value": "strong"}}}, (422, "bad_content"), "charm"),
        ({"ratings": {"charm": {"score": 5}}}, (400, "invalid"), "content.ratings.charm.score"),
        ({"ratings": ["strong"]}, (400, "invalid"), "content.ratings"),
        ({"segments": {"warm_up": {"minutes": 601}}}, (422, "bad_content"), "warm_up"),
        ({"segments": {"warm_up": {"minutes": "30"}}}, (400, "invalid"), "content.segments.warm_up.minutes"),
        ({"stories": [{"segment": "x", "seat": "mine"}]}, (400, "invalid"), "content.stories.0.seat"),
    ],
)  # fmt: skip
def test_content_that_cannot_be(caller, content, problem, field):
    seat = stories.seats(stories.held_loop())[0]
    card = stories.draft_card(seat)

    with nothing_changes():
        answer = caller(seat.user).post(f"scorecards/{card.pk}/save", content=content, revision=card.revision)

    assert refusal(answer) == problem
    assert [error["field"] for error in answer.json()["errors"]] == [field]
