"""Moving one booked interview by hand: the same rules as for plans, and everybody concerned is told."""

import datetime as dt
import email
import email.policy

import pytest
from django.db import transaction

from interviews import asks, boards, schedules
from interviews.models import BusyTime, Interview, Interviewer, Loop, Seat
from journal.errors import NotAllowed, Refused
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def loop():
    return stories.confirmed_loop()


def with_room(loop, without=None):
    """An interview that could also be at another time, and that time."""
    problem = schedules.problem_of(loop, at=NOW)
    for interview in loop.interviews.exclude(pk=without and without.pk).order_by("starts_at"):
        times = boards.starts(
            problem, interview.block, people=people_of(interview), now=interview.starts_at, at=NOW
        )
        for choice in times:
            if choice.fits and abs(choice.at - interview.starts_at) >= HOUR:
                return interview, choice.at
    raise AssertionError("The story leaves no room.")


def people_of(interview):
    return {seat.key: str(seat.user_id) for seat in interview.seats.live()}


def move(interview, *, starts_at=None, by=None, **people):
    return schedules.move(
        interview,
        starts_at=starts_at or interview.starts_at,
        people={**people_of(interview), **people},
        by=by or stories.recruiter(),
        at=NOW,
    )


def a_spare(interview, seat):
    problem = schedules.problem_of(interview.loop, at=NOW)
    block = next(b for b in problem.blocks if b.key == interview.block)
    pool = next(s.pool for s in block.seats if s.key == seat)
    met = Seat.objects.filter(interview__loop=interview.loop)  # who declined is busy at that time
    known = {str(user) for user in met.values_list("user_id", flat=True)}
    return next(key for key in pool if key not in known)


def test_a_later_time_the_same_day_moves_it_with_its_people_and_tells_them(loop):
    interview, wanted = with_room(loop)
    people, mails = people_of(interview), Delivery.objects.count()

    move(interview, starts_at=wanted)

    interview.refresh_from_db()
    assert interview.starts_at == wanted
    assert people_of(interview) == people
    assert Event.objects.about(interview).filter(verb="interview.moved").count() == 1
    assert Delivery.objects.count() == mails + len(people) + 1  # the panel and the candidate
    assert set(interview.seats.live().values_list("response", flat=True)) == {Seat.Response.ASKED}


def test_another_person_takes_the_seat_and_the_time_stays(loop):
    interview, _wanted = with_room(loop)
    key = next(iter(people_of(interview)))
    spare = a_spare(interview, key)

    move(interview, **{key: spare})

    assert people_of(interview)[key] == spare
    interview.refresh_from_db()
    assert Event.objects.about(interview).filter(verb="interview.moved").count() == 0


@pytest.mark.parametrize("case", ["busy", "outside", "overlap", "stranger"])
def test_what_breaks_a_rule_is_refused_with_its_sentence_and_changes_nothing(loop, case):
    interview, wanted = with_room(loop)
    person, people = Seat.objects.live().filter(interview=interview).first().user, {}
    if case == "busy":
        BusyTime.objects.create(
            interviewer=Interviewer.objects.get(user=person), starts_at=wanted, ends_at=wanted + HOUR
        )
        sentence = f"{person.name} is busy then."
    elif case == "outside":
        wanted = NOW.replace(hour=18) + dt.timedelta(days=1)
        sentence = "is outside the candidate's windows."
    elif case == "overlap":
        wanted = loop.interviews.exclude(pk=interview.pk).first().starts_at
        sentence = "Two blocks overlap on"
    else:
        stranger = stories.interviewer(of=loop.edition).user
        people = {next(iter(people_of(interview))): str(stranger.pk)}
        sentence = "not among the people."
    before = (interview.starts_at, people_of(interview), Event.objects.count(), Delivery.objects.count())

    with pytest.raises(Refused) as no:
        move(interview, starts_at=wanted, **people)

    assert any(sentence in detail["problem"] for detail in no.value.details), no.value.details
    interview.refresh_from_db()
    assert before == (
        interview.starts_at,
        people_of(interview),
        Event.objects.count(),
        Delivery.objects.count(),
    )


def test_only_what_concerns_the_moved_interview_is_asked(loop):
    """Somebody else's calendar filled up since the booking: that is not this move's fault."""
    first = loop.interviews.order_by("-starts_at").first()
    interview, wanted = with_room(loop, without=first)
    for seat in first.seats.live():
        BusyTime.objects.create(
            interviewer=Interviewer.objects.get(user=seat.user),
            starts_at=first.starts_at,
            ends_at=first.ends_at,
        )
    move(interview, starts_at=wanted)
    interview.refresh_from_db()
    assert Event.objects.about(interview).filter(verb="interview.moved").count() == 1


def test_a_new_person_in_the_lost_seat_books_a_broken_loop_again(loop):
    seat = stories.seats(loop)[0]
    interview = seat.interview
    schedules.decline(seat, reason="On a train", by=seat.user, at=NOW)
    loop.refresh_from_db()
    assert loop.status == Loop.Status.BROKEN

    move(interview, **{seat.key: a_spare(interview, seat.key)})

    loop.refresh_from_db()
    assert loop.status == Loop.Status.CONFIRMED


def test_a_loop_with_two_lost_seats_stays_broken_after_one_is_filled(loop):
    one, two = [s for s in stories.seats(loop) if s.role == "lead"][:2]
    for seat in Seat.objects.filter(pk__in=[one.pk, two.pk]).order_by("pk"):
        schedules.decline(Seat.objects.get(pk=seat.pk), reason="", by=seat.user, at=NOW)
    move(one.interview, **{one.key: a_spare(one.interview, one.key)})
    loop.refresh_from_db()
    assert loop.status == Loop.Status.BROKEN


def test_what_has_begun_what_would_not_change_and_who_may_not(loop):
    interview, wanted = with_room(loop)
    with pytest.raises(Refused, match="how it is booked already"):
        move(interview)
    with pytest.raises(NotAllowed):
        move(interview, starts_at=wanted, by=stories.person("interviewer"))
    with pytest.raises(Refused, match="has begun"):
        schedules.move(
            interview,
            starts_at=wanted,
            people=people_of(interview),
            by=stories.recruiter(),
            at=interview.starts_at,
        )
    assert Interview.objects.get(pk=interview.pk).starts_at == interview.starts_at


def test_every_time_that_is_said_to_fit_does_and_no_other(loop):
    interview, _wanted = with_room(loop)
    problem = schedules.problem_of(loop, at=NOW)
    choices = boards.starts(
        problem, interview.block, people=people_of(interview), now=interview.starts_at, at=NOW
    )
    assert 1 < sum(choice.fits for choice in choices) < len(choices)
    for choice in choices[:: len(choices) // 12]:
        if choice.at == interview.starts_at:
            continue
        before = Interview.objects.get(pk=interview.pk).starts_at
        try:
            with transaction.atomic():
                move(interview, starts_at=choice.at)
                transaction.set_rollback(True)
            moved = True
        except Refused:
            moved = False
        assert moved == choice.fits, choice
        interview.refresh_from_db()
        assert interview.starts_at == before


# --- asking for room ----------------------------------------------------------------------------------------


def asked(loop, user, **how):
    how = {"favour": "meeting", "starts_at": later(days=1), "ends_at": later(days=1, hours=1), **how}
    asks.ask(loop, user=user, by=stories.recruiter(), at=NOW, **how)


def test_an_interviewer_is_asked_once_in_their_own_zone_and_without_the_candidates_name():
    loop = stories.begun_loop()
    person = Interviewer.objects.filter(qualifications__isnull=False).first().user
    person.zone = "Asia/Tokyo"
    person.save()

    asked(loop, person)
    asked(loop, person)

    mail = Delivery.objects.get(recipient=person.email)
    text = email.message_from_bytes(bytes(mail.message), policy=email.policy.default).get_content()
    assert "Tuesday 3 March 2026, 18:00–19:00 (Asia/Tokyo)" in text
    assert loop.application.candidate.name not in text
    assert Event.objects.filter(verb="loop.room_asked").count() == 1


@pytest.mark.parametrize(
    ("code", "how"),
    [("unknown_favour", {"favour": "money"}), ("bad_time", {"starts_at": NOW}), ("not_in_pool", {})],
)
def test_nobody_is_asked_what_they_cannot_give(code, how):
    loop = stories.begun_loop()
    inside = Interviewer.objects.filter(qualifications__isnull=False).first().user
    user = stories.interviewer(of=loop.edition).user if code == "not_in_pool" else inside
    with pytest.raises(Refused) as no:
        asked(loop, user, **how)
    assert no.value.code == code
    assert Delivery.objects.filter(recipient=user.email).count() == 0
