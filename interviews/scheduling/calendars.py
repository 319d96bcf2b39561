"""From clocks and calendars to minutes: when a person or the candidate can be in an interview.

Minutes are counted from 1970-01-01 00:00 UTC, so that comparing and adding never meets a time zone again. A
local time that a change of the clock makes ambiguous means the first of the two; one that it skips is read
on the clock before the change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from interviews.scheduling.model import Interval, Person, Problem, WeeklyHours, zone_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 24 * 60

Stretch = tuple[int, int]
"""From a minute up to, and not including, another."""


def floor_minute(moment: datetime) -> int:
    """The last full minute that has begun at this moment."""
    return int(moment.timestamp() // 60)


def ceil_minute(moment: datetime) -> int:
    """The first full minute that does not begin before this moment."""
    return -int(-moment.timestamp() // 60)


def moment_of(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def inner(interval: Interval) -> Stretch:
    """The full minutes inside an interval."""
    return ceil_minute(interval.starts_at), floor_minute(interval.ends_at)


def outer(interval: Interval, margin: int = 0) -> Stretch:
    """The full minutes an interval touches, widened by a margin on both sides."""
    return floor_minute(interval.starts_at) - margin, ceil_minute(interval.ends_at) + margin


@lru_cache(maxsize=200_000)
def local_minute(zone: str, day: int, minute_of_day: int) -> int:
    """The minute at which the clock of a zone shows this time of a day (a date's ordinal; 1440 is the next
    midnight).
    """
    on, minute = date.fromordinal(day + minute_of_day // DAY), minute_of_day % DAY
    local = datetime.combine(on, time(minute // 60, minute % 60), zone_of(zone))
    return ceil_minute(local.astimezone(UTC))


def local_day(zone: str, minute: int) -> int:
    """The ordinal of the local date at this minute."""
    return moment_of(minute).astimezone(zone_of(zone)).toordinal()


def minute_of(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time as sorted stretches that neither overlap nor touch."""
    result: list[Stretch] = []
    for start, end in sorted(stretches):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def without(stretches: Sequence[Stretch], taken: Sequence[Stretch]) -> list[Stretch]:
    """What is left of merged stretches when merged taken time is cut out."""
    result: list[Stretch] = []
    first = 0
    for start, end in stretches:
        while first < len(taken) and taken[first][1] <= start:
            first += 1
        index = first
        while index < len(taken) and taken[index][0] < end:
            if taken[index][0] > start:
                result.append((start, taken[index][0]))
            start = max(start, taken[index][1])
            index += 1
        if start < end:
            result.append((start, end))
    return result


def working_time(person: Person, start: int, end: int) -> list[Stretch]:
    """The person's working hours around start..end, without days off; hours that touch at midnight are one
    stretch.
    """
    return _hours_between(person.zone, person.hours, person.days_off, start // DAY, end // DAY)


@lru_cache(maxsize=1024)
def _hours_between(
    zone: str, weekly: tuple[WeeklyHours, ...], days_off: frozenset[date], first: int, last: int
) -> list[Stretch]:
    """From and until these days in UTC, counted from 1970."""
    hours: list[Stretch] = []
    off = {day.toordinal() for day in days_off}
    for day in range(local_day(zone, first * DAY) - 1, local_day(zone, last * DAY + DAY) + 2):
        if day in off:
            continue
        for span in weekly:
            if span.weekday == (day - 1) % 7:  # ordinal 1 was a Monday
                opens, closes = minute_of(span.opens), minute_of(span.closes) or DAY
                hours.append((local_minute(zone, day, opens), local_minute(zone, day, closes)))
    return merged(hours)


@lru_cache(maxsize=1024)
def free_time(person: Person, start: int, end: int) -> tuple[Stretch, ...]:
    """Working hours without meetings and interviews, each with the person's buffer around it."""
    return tuple(without(working_time(person, start, end), taken_time(person)))


@lru_cache(maxsize=1024)
def taken_time(person: Person) -> tuple[Stretch, ...]:
    """Meetings and interviews, each with the person's buffer around it."""
    taken = [
        outer(interval, person.buffer_minutes)
        for interval in (*person.busy, *person.booked)
        if interval.starts_at < interval.ends_at
    ]
    return tuple(merged(taken))


def full_days(person: Person, days: Iterable[int]) -> set[int]:
    """Those of the local days (ordinals) on which a limit leaves no room for one more interview.

    A day counts in its week (Monday to Sunday) and in each of the 28 stretches of 28 days that contain it.
    """
    held = Counter(local_day(person.zone, floor_minute(interval.starts_at)) for interval in person.booked)
    weeks = Counter[int]()
    for day, count in held.items():
        weeks[(day - 1) // 7] += count
    full = set()
    for day in days:
        if (
            (person.max_per_day is not None and held[day] >= person.max_per_day)
            or (person.max_per_week is not None and weeks[(day - 1) // 7] >= person.max_per_week)
            or (
                person.max_per_four_weeks is not None
                and _most_in_four_weeks(held, day) >= person.max_per_four_weeks
            )
        ):
            full.add(day)
    return full


def _most_in_four_weeks(held: Counter[int], day: int) -> int:
    window = sum(held[other] for other in range(day - 27, day + 1))
    most = window
    for last in range(day + 1, day + 28):
        window += held[last] - held[last - 28]
        most = max(most, window)
    return most


def candidate_time(problem: Problem) -> dict[int, list[Stretch]]:
    """When the candidate can come, by the candidate's local day (ordinal): windows cut at midnight, without
    days off and without what lies before `not_before`.
    """
    return _time_by_day(problem.windows, problem.zone, problem.days_off, problem.not_before)


@lru_cache(maxsize=64)  # an explanation asks for the same windows again and again
def _time_by_day(
    windows: tuple[Interval, ...], zone: str, days_off: frozenset[date], not_before: datetime | None
) -> dict[int, list[Stretch]]:
    off = {day.toordinal() for day in days_off}
    stretches = [inner(window) for window in windows]
    if not_before is not None:
        earliest = ceil_minute(not_before)
        stretches = [(max(start, earliest), end) for start, end in stretches]
    days: dict[int, list[Stretch]] = {}
    for start, end in merged(stretches):
        while start < end:
            day = local_day(zone, start)
            midnight = local_minute(zone, day, DAY)
            if day not in off:
                days.setdefault(day, []).append((start, min(end, midnight)))
            start = midnight
    return days


LIMITS = ("max_per_day", "max_per_week", "max_per_four_weeks")


def limits_reached(problem: Problem, key: str) -> frozenset[str]:
    """Those limits (fields of `Person`) that leave somebody no room on some day on which the candidate can come."""
    person = next(person for person in problem.people if person.key == key)
    spans = [span for stretches in candidate_time(problem).values() for span in stretches]
    days = {local_day(person.zone, minute) for start, end in spans for minute in (start, end - 1)}
    return frozenset(name for name in LIMITS if full_days(without_limits(person, {*LIMITS} - {name}), days))


def without_limits(person: Person, names: Collection[str]) -> Person:
    """Somebody for whom these limits do not hold."""
    return replace(
        person,
        max_per_day=None if "max_per_day" in names else person.max_per_day,
        max_per_week=None if "max_per_week" in names else person.max_per_week,
        max_per_four_weeks=None if "max_per_four_weeks" in names else person.max_per_four_weeks,
    )
