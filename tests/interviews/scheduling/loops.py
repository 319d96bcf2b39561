"""A plain loop to start from: Berlin, the week of Monday 23 November 2026, everybody working 9:00 to 17:30."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from interviews.scheduling import (
    Block,
    Break,
    Interval,
    Person,
    Problem,
    Rules,
    Seat,
    Solution,
    WeeklyHours,
    check,
)

BERLIN = "Europe/Berlin"
MONDAY = date(2026, 11, 23)
TUESDAY = date(2026, 11, 24)
WEDNESDAY = date(2026, 11, 25)
LUNCH = Break(
    "lunch", 45, time(11, 30), time(14), due_if_starts_before=time(12), due_if_ends_after=time(13, 30)
)


def weekdays(opens=time(9), closes=time(17, 30)):
    return tuple(WeeklyHours(day, opens, closes) for day in range(5))


def at(day, hour, minute=0, zone=BERLIN):
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


def window(day, opens, closes, zone=BERLIN):
    return Interval(at(day, opens, zone=zone), at(day, closes, zone=zone))


def meeting(day, hour, minute=0, minutes=60, zone=BERLIN):
    start = at(day, hour, minute, zone)
    return Interval(start, start + timedelta(minutes=minutes))


def person(key, zone=BERLIN, hours=None, **other):
    return Person(key, key.capitalize(), zone, weekdays() if hours is None else hours, **other)


def block(key, *pools, minutes=60, position="any", shadow=()):
    seats = [Seat(f"seat {number}", tuple(pool)) for number, pool in enumerate(pools, start=1)]
    if shadow:
        seats.append(Seat("shadow", tuple(shadow), required=False))
    return Block(key, key.capitalize(), minutes, tuple(seats), position)


def problem(blocks, people, windows, rules=None, zone=BERLIN, **other):
    return Problem(tuple(blocks), tuple(people), tuple(windows), zone, rules or Rules(), **other)


def the_plans(asked, answer):
    """The plans of an answer; each one must hold in the eyes of the checker."""
    assert isinstance(answer, Solution), [reason.text for reason in answer.reasons]
    for plan in answer.plans:
        assert check(asked, plan) == ()
    return answer.plans


def times(plan, zone=BERLIN):
    """Block and local start, in order: [("coding", "24 09:00"), ..]."""
    return [
        (placed.block, placed.starts_at.astimezone(ZoneInfo(zone)).strftime("%d %H:%M"))
        for placed in plan.placements
    ]


def seated(plan):
    return {(placed.block, seat): who for placed in plan.placements for seat, who in placed.people}
