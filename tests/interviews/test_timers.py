"""The clock of an interview: kept on the server, safe to press twice, and one record of minutes in the end."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from interviews import forms, scorecards, timers
from interviews.models import Interview, Scorecard, Seat, SegmentRun
from journal.errors import Refused
from journal.models import Event
from tests import stories

pytestmark = pytest.mark.django_db

DIVE = "project_deep_dive"


@pytest.fixture
def seat():
    return next(s for s in stories.seats(stories.confirmed_loop()) if s.interview.block == DIVE)


@pytest.fixture
def card(seat):
    return scorecards.open_card(seat, by=seat.user, at=seat.interview.starts_at)


def into(seat, **span):
    return seat.interview.starts_at + dt.timedelta(**span)


def run(card, segment, **span):
    return timers.run(card, segment=segment, by=card.seat.user, at=into(card.seat, **span))


def stop(card, **span):
    timers.stop(card, by=card.seat.user, at=into(card.seat, **span))


def minutes(card, **span):
    block, at = scorecards.block_of(card), into(card.seat, **span)
    return timers.measured(timers.read(block, card, at=at), at=at)


def test_going_on_to_the_next_part_ends_the_one_before(card):
    run(card, "project", minutes=0)
    run(card, "incident", minutes=58)
    stop(card, minutes=90)
    assert minutes(card, hours=9) == {"project": 58, "incident": 32}
    verbs = Event.objects.about(card).filter(verb__startswith="clock.").values_list("verb", "data")
    assert [(verb, data["segment"]) for verb, data in verbs] == [
        ("clock.started", "project"),
        ("clock.started", "incident"),
        ("clock.stopped", "incident"),
    ]


def test_a_part_taken_up_again_goes_on_where_it_was(card):
    run(card, "project", minutes=0)
    run(card, "incident", minutes=10)
    run(card, "project", minutes=11)
    assert minutes(card, minutes=31) == {"project": 30, "incident": 1}


def test_pressing_twice_or_on_two_devices_is_pressing_once(card):
    first = run(card, "project", minutes=0)
    assert run(Scorecard.objects.get(pk=card.pk), "project", minutes=5) == first
    stop(card, minutes=20)
    stop(card, minutes=25)
    assert minutes(card, minutes=40) == {"project": 20}
    assert SegmentRun.objects.count() == 1


def test_a_clock_nobody_stops_ends_half_an_hour_over_its_plan(card):
    run(card, "project", minutes=0)
    assert minutes(card, minutes=89) == {"project": 89}
    assert minutes(card, hours=30) == {"project": 90}
    run(card, "incident", hours=30)
    assert minutes(card, hours=30, minutes=5) == {"project": 90, "incident": 5}


def test_a_press_that_waited_for_a_connection_counts_from_when_it_was_made(card):
    run(card, "project", minutes=0)
    late = {"by": card.seat.user, "at": into(card.seat, minutes=70)}
    timers.run(card, segment="incident", pressed_at=into(card.seat, minutes=60), **late)
    assert minutes(card, minutes=75) == {"project": 60, "incident": 15}


@pytest.mark.parametrize(("pressed", "counted"), [(-600, {"incident": 20}), (600, {"project": 20})])
def test_a_press_is_never_before_what_is_known_nor_in_the_future(card, pressed, counted):
    run(card, "project", minutes=10)
    at = into(card.seat, minutes=30)
    timers.run(
        card, segment="incident", by=card.seat.user, at=at, pressed_at=at + dt.timedelta(minutes=pressed)
    )
    assert minutes(card, minutes=30) == counted


def test_handing_in_stops_the_clock_and_makes_what_it_measured_the_minutes(card):
    seat = card.seat
    run(card, "project", minutes=0)
    run(card, "incident", minutes=61)
    content = stories.full_content(seat, segments={})
    at = into(seat, minutes=88)
    card = scorecards.save(card, content=content, revision=0, by=seat.user, at=at)
    scorecards.submit(card, revision=1, by=seat.user, at=at)
    assert forms.written(scorecards.newest(card))["segments"] == {
        "project": {"minutes": 61, "skipped": False},
        "incident": {"minutes": 27, "skipped": False},
    }
    assert not SegmentRun.objects.filter(ended_at=None).exists()
    with pytest.raises(Refused, match="its times stand"):
        run(card, "project", minutes=89)


def test_minutes_somebody_wrote_hold_against_the_clock(card):
    seat = card.seat
    run(card, "project", minutes=0)
    run(card, "incident", minutes=61)
    segments = {"project": {"minutes": 55, "skipped": False}, "incident": {"minutes": None, "skipped": True}}
    content = stories.full_content(seat, segments=segments, stories=[])
    card = scorecards.save(card, content=content, revision=0, by=seat.user, at=into(seat, minutes=70))
    scorecards.submit(card, revision=1, by=seat.user, at=into(seat, minutes=91))
    assert forms.written(scorecards.newest(card))["segments"] == segments


@pytest.mark.parametrize(
    ("change", "how", "code"),
    [
        ({}, {"segment": "lunch"}, "unknown_segment"),
        ({}, {"minutes": -16}, "too_early"),
        ({"status": Interview.Status.NO_SHOW}, {}, "not_held"),
        ({"status": Interview.Status.CANCELLED}, {}, "not_held"),
    ],
)
def test_the_clock_refuses_what_makes_no_sense_and_nothing_changes(card, change, how, code):
    Interview.objects.filter(pk=card.seat.interview_id).update(**change)
    card = Scorecard.objects.get(pk=card.pk)
    events = Event.objects.count()
    with pytest.raises(Refused) as refused:
        run(card, how.get("segment", "project"), minutes=how.get("minutes", 0))
    assert refused.value.code == code
    assert (SegmentRun.objects.count(), Event.objects.count()) == (0, events)


def test_nobody_else_presses_my_clock_nor_i_after_losing_the_seat(card):
    other = next(s for s in stories.seats(card.seat.interview.loop) if s.user != card.seat.user)
    with pytest.raises(Refused, match="Only the person on this seat"):
        timers.run(card, segment="project", by=other.user, at=into(card.seat))
    Seat.objects.filter(pk=card.seat_id).update(held=False)
    with pytest.raises(Refused, match="Only the person on this seat"):
        run(Scorecard.objects.get(pk=card.pk), "project")
    assert not SegmentRun.objects.exists()


# --- the page -----------------------------------------------------------------------------------------------


@pytest.fixture
def door(seat, monkeypatch):
    """Requests of the person on the seat, so many minutes into the interview."""
    client = Client()
    client.force_login(seat.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = reverse("interviews:clock", args=[seat.pk])

    def ask(method, after, data=None, *, htmx=True):
        monkeypatch.setattr("django.utils.timezone.now", lambda: into(seat, minutes=after))
        return getattr(client, method)(address, data, headers={"HX-Request": "true"} if htmx else {})

    return ask


def test_a_second_device_reads_the_same_clock(seat, door):
    door("post", 0, {"run": "project"})
    told = door("get", 12)
    since = round(seat.interview.starts_at.timestamp() * 1000)
    assert f'data-since="{since}"' in told.content.decode()
    assert f'data-now="{since + 12 * 60_000}"' in told.content.decode()
    assert told.context["clock"][1]["is_next"]


def test_without_javascript_a_press_keeps_what_is_in_the_form_first(seat, door):
    answer = door("post", 1, {"run": "project", "notes": "Typed before", "revision": "0"}, htmx=False)
    assert (answer.status_code, answer["Location"]) == (302, reverse("interviews:kit", args=[seat.pk]))
    card = Scorecard.objects.get(seat=seat)
    assert scorecards.newest(card).notes == "Typed before"
    assert card.runs.get().segment == "project"


def test_a_press_in_the_background_says_why_it_is_refused(seat, door):
    answer = door("post", -30, {"run": "project"})
    assert answer.status_code == 409
    assert "The clock can start a quarter of an hour before the interview." in answer.content.decode()
    assert not SegmentRun.objects.exists()


def test_a_stale_form_keeps_its_text_when_the_clock_is_pressed(seat, door):
    door("post", 1, {"run": "project", "notes": "First", "revision": "0"}, htmx=False)
    answer = door("post", 2, {"run": "incident", "notes": "Second", "revision": "0"}, htmx=False)
    assert answer.status_code == 409
    assert ">Second</textarea>" in answer.content.decode()
    assert Scorecard.objects.get(seat=seat).runs.get().segment == "project"
