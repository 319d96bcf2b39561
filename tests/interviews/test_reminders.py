import datetime as dt

import pytest

from accounts import users
from interviews import reminders
from interviews.models import Interview
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db


def keys(prefix: str) -> list[str]:
    return sorted(row.key.rsplit(":", 1)[1] for row in Delivery.objects.filter(key__startswith=prefix))


def run(rule, at):
    return rule(by=users.system(), at=at)


def test_a_missing_card_is_asked_for_three_times_and_then_escalated():
    loop = stories.held_loop(days=[1])
    seats = stories.seats(loop)
    for seat in seats[1:]:
        stories.submitted_card(seat)
    owing, end = seats[0], seats[0].interview.ends_at
    steps = {}
    for hours in (0.5, 1.5, 3, 25, 27, 49, 61, 70):
        steps[hours] = run(reminders.scorecards, end + dt.timedelta(hours=hours))
    assert steps == {0.5: 0, 1.5: 1, 3: 0, 25: 1, 27: 0, 49: 1, 61: 1, 70: 0}
    assert keys(f"card.reminder:{owing.pk}") == ["1h", "24h", "48h"]
    told = Delivery.objects.get(key__startswith="card.escalated")
    assert told.recipient == stories.recruiter().email


def test_nobody_is_asked_at_night():
    loop = stories.held_loop(days=[1])
    late = max(s.interview.ends_at for s in stories.seats(loop)).replace(hour=23)
    assert run(reminders.scorecards, late) == 0
    assert run(reminders.scorecards, late + dt.timedelta(hours=11)) == 5


def test_waived_and_handed_in_cards_are_not_asked_for():
    from interviews import debriefs

    loop = stories.held_loop(days=[1])
    seats = stories.seats(loop)
    debriefs.waive_card(seats[0], reason="On leave.", by=stories.recruiter(), at=NOW)
    for seat in seats[1:]:
        stories.submitted_card(seat)
    assert run(reminders.scorecards, stories.after(loop) + dt.timedelta(hours=20)) == 0


def test_panels_and_the_candidate_are_reminded_the_day_before_once():
    loop = stories.confirmed_loop(days=[3])
    first = Interview.objects.filter(loop=loop).order_by("starts_at").first()
    assert run(reminders.interviews, first.starts_at - dt.timedelta(hours=25)) == 0
    day_before = first.starts_at - dt.timedelta(hours=20)
    expected = sum(
        i.seats.count() for i in loop.interviews.all() if i.starts_at <= day_before + dt.timedelta(hours=24)
    )
    assert run(reminders.interviews, day_before) == expected + 1
    assert run(reminders.interviews, day_before + dt.timedelta(minutes=10)) == 0
    mine = Delivery.objects.get(key__startswith="loop.reminder")
    assert mine.recipient == loop.application.candidate.email


def test_what_was_booked_for_tomorrow_is_not_reminded_of():
    loop = stories.confirmed_loop(days=[1])
    first = Interview.objects.filter(loop=loop).order_by("starts_at").first()
    assert first.starts_at - NOW < dt.timedelta(hours=40)
    Interview.objects.filter(loop=loop).update(
        starts_at=NOW + dt.timedelta(hours=20), ends_at=NOW + dt.timedelta(hours=21)
    )
    assert run(reminders.interviews, NOW + dt.timedelta(minutes=10)) == 0


def test_the_digest_comes_at_eight_local_time_once_a_day():
    opening = stories.opening()
    stories.begun_loop(opening)
    manager = stories.hiring_manager(opening)
    users.move_zone(manager, "America/New_York", by=manager, at=NOW)
    tuesday = NOW.replace(day=3)
    assert run(reminders.digest, tuesday.replace(hour=7)) == 0
    assert run(reminders.digest, tuesday.replace(hour=8)) == 1  # the recruiter, in UTC
    assert run(reminders.digest, tuesday.replace(hour=8, minute=40)) == 0
    assert run(reminders.digest, tuesday.replace(hour=13)) == 1  # the manager, in New York
    text = bytes(Delivery.objects.filter(key__startswith=f"digest:{manager.pk}").get().message).decode()
    assert "1 loops need a schedule" in text
    assert run(reminders.digest, NOW.replace(day=7, hour=8)) == 0  # a Saturday
