"""Loops, plans, interviews and seats over the API."""

import datetime as dt

import pytest

from interviews.models import Debrief, Interview, Loop, Scorecard, Seat
from outbox.models import Delivery
from tests import stories
from tests.api.calls import nothing_changes, refusal

pytestmark = pytest.mark.django_db

WINDOWS = [
    {"starts_at": "2026-03-03T09:00:00Z", "ends_at": "2026-03-03T18:00:00Z"},
    {"starts_at": "2026-03-04T09:00:00Z", "ends_at": "2026-03-04T18:00:00Z"},
]


def test_from_begin_to_confirmed(recruiter):
    application = stories.screened_application()
    stories.panel(application.opening)

    answer = recruiter.post("loops", application=str(application.pk), windows=WINDOWS, urgency=2)
    loop = Loop.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(loop.pk),
        "application": str(application.pk),
        "candidate": {
            "id": str(application.candidate_id),
            "name": application.candidate.name,
            "headline": "",
        },
        "edition": str(application.edition_id),
        "status": "waiting",
        "status_at": "2026-03-02T09:00:00Z",
        "urgency": 2,
        "created_at": "2026-03-02T09:00:00Z",
        "windows": WINDOWS,
        "interviews": [],
        "limit_overrides": [],
    }

    berlin = [{"starts_at": "2026-03-03T10:00:00+01:00", "ends_at": "2026-03-03T19:00:00+01:00"}]
    answer = recruiter.post(f"loops/{loop.pk}/offer-windows", windows=berlin)
    assert answer.json()["windows"] == WINDOWS[:1]

    answer = recruiter.post(f"loops/{loop.pk}/propose")
    plans = answer.json()["proposals"]
    assert (answer.status_code, answer.json()["explanation"]) == (200, None)
    assert [plan["rank"] for plan in plans] == list(range(1, len(plans) + 1))
    assert plans[0]["completes_on"] == "2026-03-03"
    assert plans[0]["is_proven_best"] is True
    assert {placed["block"] for placed in plans[0]["placements"]} == {
        "platform_coding",
        "ml_system_design",
        "project_deep_dive",
        "partnership",
    }
    listed = recruiter.get("proposals", loop=str(loop.pk)).json()["results"]
    assert sorted(plan["rank"] for plan in listed) == [plan["rank"] for plan in plans]
    assert recruiter.get(f"proposals/{plans[0]['id']}").json() == plans[0]

    answer = recruiter.post(f"proposals/{plans[0]['id']}/confirm")
    assert answer.json()["status"] == "confirmed"
    booked = {
        (held["block"], held["starts_at"], seat["key"], seat["user"]["id"])
        for held in answer.json()["interviews"]
        for seat in held["seats"]
    }
    assert booked == {
        (placed["block"], placed["starts_at"], place["seat"], place["user"])
        for placed in plans[0]["placements"]
        for place in placed["people"]
    }

    with nothing_changes():
        assert refusal(recruiter.post(f"proposals/{plans[1]['id']}/confirm")) == (409, "stale_plan")
        assert refusal(recruiter.post(f"loops/{loop.pk}/propose")) == (409, "wrong_status")


def test_a_limit_is_exceeded_for_one_loop_with_a_reason(caller, recruiter):
    opening = stories.opening()
    stories.interviewer(of=opening.edition, user=stories.hiring_manager(opening))
    for block in ("platform_coding", "ml_system_design", "project_deep_dive", "partnership"):
        person = stories.interviewer(block, of=opening.edition, max_per_day=1)
    stories.confirmed_loop(opening, days=[1])
    loop = stories.begun_loop(opening, days=[1])
    said = {"user": str(person.user_id), "limit": "max_per_day"}

    with nothing_changes():
        assert refusal(recruiter.post(f"loops/{loop.pk}/override-limit", **said, reason=" ")) == (
            422,
            "no_reason",
        )
        assert refusal(recruiter.post(f"loops/{loop.pk}/withdraw-override", **said)) == (
            409,
            "not_overridden",
        )
        panelist = caller(person.user).post(f"loops/{loop.pk}/override-limit", **said, reason="I like it.")
        assert panelist.status_code == 404

    answer = recruiter.post(f"loops/{loop.pk}/override-limit", **said, reason="She asked for it.").json()
    (told,) = answer["limit_overrides"]
    assert (told["user"]["id"], told["limit"], told["reason"]) == (*said.values(), "She asked for it.")
    assert told["by"]["id"] == str(stories.recruiter().pk)
    manager = caller(stories.hiring_manager(opening)).get(f"loops/{loop.pk}").json()
    assert not manager.get("limit_overrides")

    answer = recruiter.post(f"loops/{loop.pk}/withdraw-override", **said)
    assert answer.json()["limit_overrides"] == []


def test_propose_explains_why_nothing_fits(recruiter):
    loop = stories.begun_loop()
    evening = [{"starts_at": "2026-03-03T20:00:00Z", "ends_at": "2026-03-03T23:00:00Z"}]
    recruiter.post(f"loops/{loop.pk}/offer-windows", windows=evening)

    answer = recruiter.post(f"loops/{loop.pk}/propose")

    assert (answer.status_code, answer.json()["proposals"]) == (200, [])
    explanation = answer.json()["explanation"]
    assert sorted(explanation) == ["fixes", "reasons"]
    assert [sorted(reason) for reason in explanation["reasons"]] == [
        ["block", "code", "person", "text"] for _ in explanation["reasons"]
    ]
    assert explanation["reasons"] != []


@pytest.mark.parametrize("said", [{}, {"windows": []}])
def test_a_loop_may_begin_before_the_candidate_gave_times(recruiter, said):
    application = stories.screened_application()
    answer = recruiter.post("loops", application=str(application.pk), **said)
    assert (answer.status_code, answer.json()["windows"]) == (201, [])


@pytest.mark.parametrize(
    ("windows", "problem", "field"),
    [
        ([{"starts_at": "2026-03-03T09:00:00", "ends_at": "2026-03-03T18:00:00Z"}], (400, "invalid"), "windows.0.starts_at"),
        ([{"starts_at": "soon", "ends_at": "2026-03-03T18:00:00Z"}], (400, "invalid"), "windows.0.starts_at"),
        ([{**WINDOWS[0], "zone": "UTC"}], (400, "invalid"), "windows.0.zone"),
        ([{"starts_at": "2026-03-03T18:00:00Z", "ends_at": "2026-03-03T09:00:00Z"}], (422, "inverted_window"), None),
        ([{"starts_at": "2026-03-01T09:00:00Z", "ends_at": "2026-03-01T18:00:00Z"}], (422, "past_window"), None),
        ([{"starts_at": "2027-03-01T09:00:00Z", "ends_at": "2027-03-01T18:00:00Z"}], (422, "far_window"), None),
        (WINDOWS[:1] * 51, (422, "too_many_windows"), None),
    ],
)  # fmt: skip
def test_windows_that_cannot_be(recruiter, windows, problem, field):
    application = stories.screened_application()

    with nothing_changes():
        answer = recruiter.post("loops", application=str(application.pk), windows=windows)

    assert refusal(answer) == problem
    assert [error["field"] for error in answer.json()["errors"]] == ([field] if field else [])


def test_a_second_loop(recruiter):
    loop = stories.begun_loop()

    with nothing_changes():
        answer = recruiter.post("loops", application=str(loop.application_id), windows=WINDOWS)

    assert refusal(answer) == (409, "wrong_status")


def test_a_loop_that_lost_a_seat_is_planned_and_booked_again(recruiter):
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    recruiter.post(f"seats/{seat.pk}/decline", reason="Dentist")
    assert recruiter.get(f"loops/{loop.pk}").json()["status"] == "broken"

    plans = recruiter.post(f"loops/{loop.pk}/propose").json()["proposals"]
    answer = recruiter.post(f"proposals/{plans[0]['id']}/confirm")

    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    (mended,) = [held for held in answer.json()["interviews"] if held["id"] == str(seat.interview_id)]
    assert seat.key in [sits["key"] for sits in mended["seats"]]
    assert str(seat.pk) not in [sits["id"] for sits in mended["seats"]]


def test_cancel_loop(recruiter):
    loop = stories.confirmed_loop()

    answer = recruiter.post(f"loops/{loop.pk}/cancel", reason="They moved away.")

    assert answer.json()["status"] == "cancelled"
    assert {held["status"] for held in answer.json()["interviews"]} == {"cancelled"}
    assert not Seat.objects.live().exists()
    with nothing_changes():
        assert refusal(recruiter.post(f"loops/{loop.pk}/cancel")) == (409, "wrong_status")


def test_no_show(recruiter, clock):
    interview = stories.confirmed_loop().interviews.order_by("starts_at")[0]
    here = f"interviews/{interview.pk}"

    with nothing_changes():
        assert refusal(recruiter.post(f"{here}/no-show")) == (409, "too_early")
    clock.at = interview.starts_at + dt.timedelta(minutes=20)
    assert recruiter.post(f"{here}/no-show").json()["status"] == "no_show"
    assert Loop.objects.get().status == "broken"


def test_interviews_between_two_moments(recruiter):
    loop = stories.confirmed_loop()
    first, second = loop.interviews.order_by("starts_at")[:2]

    def ids(**filters: str) -> list[str]:
        return [row["id"] for row in recruiter.get("interviews", **filters).json()["results"]]

    assert ids(starts_before=second.starts_at.isoformat()) == [str(first.pk)]
    assert len(ids(starts_after=second.starts_at.isoformat())) == loop.interviews.count() - 1
    assert len(ids(loop=str(loop.pk), status="scheduled")) == loop.interviews.count()
    assert ids(status="held") == []


def test_accept_and_decline_a_seat(caller, recruiter):
    loop = stories.confirmed_loop()
    seat = next(seat for seat in stories.seats(loop) if seat.role == "lead")
    own, here = caller(seat.user), f"seats/{seat.pk}"
    peer = caller(next(other.user for other in stories.seats(loop) if other.user_id != seat.user_id))

    with nothing_changes():
        assert refusal(peer.post(f"{here}/accept")) == (403, "not_allowed")
    assert own.post(f"{here}/accept").json()["response"] == "accepted"

    answer = own.post(f"{here}/decline", reason="Dentist")
    assert (answer.status_code, answer.content) == (204, b"")
    assert refusal(own.get(here)) == (404, "not_found")
    shown = recruiter.get(here).json()
    assert (shown["held"], shown["response"], shown["decline_reason"]) == (False, "declined", "Dentist")
    assert recruiter.get(f"loops/{loop.pk}").json()["status"] == "broken"


def test_suggest_another_time(caller, clock):
    seat = stories.seats(stories.confirmed_loop())[0]
    own, here = caller(seat.user), f"seats/{seat.pk}"
    another = {"starts_at": "2026-03-05T10:00:00Z", "ends_at": "2026-03-05T11:00:00Z"}

    answer = own.post(f"{here}/suggest", **another)

    assert (answer.json()["suggests_from"], answer.json()["suggests_until"]) == tuple(another.values())
    with nothing_changes():
        answer = own.post(f"{here}/suggest", starts_at="2026-03-01T10:00:00Z", ends_at="2026-03-01T11:00:00Z")
        assert refusal(answer) == (422, "bad_time")


def test_who_reads_where_to_join(caller, settings):
    settings.MEETING_LINK = "https://meet.example.com/{room}"
    loop = stories.confirmed_loop()
    seat = next(seat for seat in stories.seats(loop) if seat.role == "lead")
    other = next(other for other in stories.seats(loop) if other.interview_id != seat.interview_id)
    here = f"interviews/{seat.interview_id}"
    link = seat.interview.meeting_url
    assert link.startswith("https://meet.example.com/")

    shown = {
        role: caller(user).get(here).json().get("meeting_url", "left out")
        for role, user in {
            "sits there": seat.user,
            "sits elsewhere": other.user,
            "coordinator": stories.person("coordinator"),
            "auditor": stories.person("auditor"),
        }.items()
    }

    assert shown == {
        "sits there": link,
        "sits elsewhere": "left out",
        "coordinator": link,
        "auditor": "left out",
    }


def test_decline_too_late(caller, clock):
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    clock.at = seat.interview.starts_at

    with nothing_changes():
        answer = caller(seat.user).post(f"seats/{seat.pk}/decline", reason="Overslept")

    assert refusal(answer) == (409, "too_late")


def test_step_back_for_good(caller, recruiter):
    seat = next(seat for seat in stories.seats(stories.confirmed_loop()) if seat.role == "lead")

    answer = caller(seat.user).post(f"seats/{seat.pk}/decline", reason="A friend of mine", for_good=True)

    assert answer.status_code == 204
    assert recruiter.get(f"seats/{seat.pk}").json()["response"] == "recused"


def test_a_panel_does_not_read_each_others_answers_and_waivers(caller, recruiter):
    loop = stories.held_loop()
    mine, other = stories.seats(loop)[:2]
    recruiter.post(f"seats/{other.pk}/waive-card", reason="Was called away.")
    own = caller(mine.user)

    private = [
        "response",
        "decline_reason",
        "suggests_from",
        "suggests_until",
        "card_waived_because",
        "scorecard",
    ]
    assert [key for key in private if key in own.get(f"seats/{mine.pk}").json()] == private
    assert [key for key in private if key in own.get(f"seats/{other.pk}").json()] == []
    assert [key for key in private if key in recruiter.get(f"seats/{other.pk}").json()] == private[:5]


def test_open_card_and_waive_card(caller, recruiter):
    loop = stories.held_loop()
    mine, other = stories.seats(loop)[:2]
    own = caller(mine.user)

    answer = own.post(f"seats/{mine.pk}/open-card")
    card = Scorecard.objects.get()
    assert (answer.json()["id"], answer.json()["status"]) == (str(card.pk), "draft")
    assert own.get(f"seats/{mine.pk}").json()["scorecard"] == str(card.pk)
    with nothing_changes():
        assert refusal(own.post(f"seats/{other.pk}/open-card")) == (403, "not_allowed")
        assert refusal(own.post(f"seats/{mine.pk}/waive-card", reason="Lazy")) == (403, "not_allowed")
        assert refusal(recruiter.post(f"seats/{other.pk}/waive-card", reason=" ")) == (422, "no_reason")

    answer = recruiter.post(f"seats/{other.pk}/waive-card", reason="Was called away.")
    assert answer.json()["card_waived_because"] == "Was called away."


def test_open_debrief(recruiter, clock):
    loop = stories.held_loop()
    clock.at = stories.after(loop)

    with nothing_changes():
        answer = recruiter.post(f"loops/{loop.pk}/open-debrief")
    owing = sum(seat.counts for seat in stories.seats(loop))
    assert refusal(answer) == (409, "cards_missing")
    assert [error["field"] for error in answer.json()["errors"]] == ["cards"] * owing

    for seat in stories.seats(loop):
        recruiter.post(f"seats/{seat.pk}/waive-card", reason="A drill.")
    debrief = Debrief.objects.get()  # the last waiver called it
    with nothing_changes():
        assert refusal(recruiter.post(f"loops/{loop.pk}/open-debrief")) == (409, "open_already")
    Debrief.objects.all().delete()
    answer = recruiter.post(f"loops/{loop.pk}/open-debrief")
    assert (answer.status_code, answer.json()["loop"]) == (200, str(loop.pk))
    assert answer.json()["id"] != str(debrief.pk)


def test_loops_of_others_are_not_there(caller):
    loop = stories.confirmed_loop()
    stranger = caller(stories.person("interviewer"))
    interview = Interview.objects.filter(loop=loop)[0]
    addresses = [
        f"loops/{loop.pk}",
        f"interviews/{interview.pk}",
        f"seats/{Seat.objects.filter(interview=interview)[0].pk}",
        f"proposals/{loop.proposals.all()[0].pk}",
        f"applications/{loop.application_id}",
        f"candidates/{loop.application.candidate_id}",
    ]

    mails = Delivery.objects.count()
    assert [refusal(stranger.get(address)) for address in addresses] == [(404, "not_found")] * 6
    lists = ["loops", "interviews", "seats", "proposals", "applications", "candidates"]
    assert [stranger.get(noun).json()["results"] for noun in lists] == [[]] * 6
    assert refusal(stranger.post(f"loops/{loop.pk}/cancel")) == (404, "not_found")
    assert Delivery.objects.count() == mails
