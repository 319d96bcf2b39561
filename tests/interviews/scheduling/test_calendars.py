"""Time zones, changes of the clock, buffers and limits, each against a date somebody can look up."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from interviews.scheduling import Explanation, Interval, Rules, WeeklyHours, solve
from tests.interviews.scheduling.loops import (
    MONDAY,
    TUESDAY,
    at,
    block,
    meeting,
    person,
    problem,
    the_plans,
    times,
    weekdays,
    window,
)


def starts(people, windows, zone="Europe/Berlin", blocks=None, rules=None, **other):
    """UTC start of the first block of the best plan, or None when there is no plan."""
    asked = problem(blocks or [block("coding", ["ada"])], people, windows, rules, zone, **other)
    answer = solve(asked, choices=1)
    if isinstance(answer, Explanation):
        return None
    return the_plans(asked, answer)[0].placements[0].starts_at


def utc(*moment):
    return datetime(*moment, tzinfo=UTC)


def all_day(day, days=1):
    start = datetime.combine(day, time(), UTC)
    return Interval(start, start + timedelta(days=days))


@pytest.mark.parametrize(
    ("zone", "nine_in_utc"),
    [
        ("Pacific/Auckland", utc(2026, 11, 23, 20)),  # Tuesday 9:00, UTC+13 in summer
        ("Asia/Kathmandu", utc(2026, 11, 24, 3, 15)),  # UTC+5:45
        ("Asia/Kolkata", utc(2026, 11, 24, 3, 30)),
        ("Europe/Berlin", utc(2026, 11, 24, 8)),
        ("America/St_Johns", utc(2026, 11, 24, 12, 30)),  # UTC-3:30
        ("Pacific/Honolulu", utc(2026, 11, 24, 19)),
    ],
)
def test_working_hours_are_those_of_the_persons_own_clock(zone, nine_in_utc):
    tuesday = (WeeklyHours(1, time(9), time(17)),)

    assert starts([person("ada", zone, tuesday)], [all_day(MONDAY, days=3)], zone) == nine_in_utc


@pytest.mark.parametrize(
    ("zone", "friday", "before", "after"),
    [
        ("Europe/Berlin", date(2026, 3, 27), utc(2026, 3, 27, 8), utc(2026, 3, 30, 7)),
        ("Europe/Berlin", date(2026, 10, 23), utc(2026, 10, 23, 7), utc(2026, 10, 26, 8)),
        ("America/New_York", date(2026, 3, 6), utc(2026, 3, 6, 14), utc(2026, 3, 9, 13)),
        (
            "Australia/Lord_Howe",
            date(2026, 10, 2),
            utc(2026, 10, 1, 22, 30),
            utc(2026, 10, 4, 22),
        ),  # 30 minutes
    ],
)
def test_hours_follow_the_change_of_the_clock_inside_a_window(zone, friday, before, after):
    ada = person("ada", zone)
    windows = [all_day(friday - timedelta(days=1), days=5)]

    assert starts([replace(ada, hours=(WeeklyHours(4, time(9), time(17)),))], windows, zone) == before
    assert starts([replace(ada, hours=(WeeklyHours(0, time(9), time(17)),))], windows, zone) == after


def test_a_window_on_the_night_the_clock_goes_back_has_one_hour_more():
    night = Interval(at(date(2026, 10, 25), 0), at(date(2026, 10, 25), 4))
    nights = tuple(WeeklyHours(day, time(0), time(0)) for day in range(7))

    assert starts(
        [person("ada", hours=nights)], [night], blocks=[block("coding", ["ada"], minutes=300)]
    ) == at(date(2026, 10, 25), 0)
    assert (
        starts([person("ada", hours=nights)], [night], blocks=[block("coding", ["ada"], minutes=301)]) is None
    )


def test_lunch_is_lunch_time_of_the_candidate_on_the_day_the_clock_changes():
    from tests.interviews.scheduling.loops import LUNCH

    sunday = date(2026, 3, 29)
    always = tuple(WeeklyHours(day, time(0), time(0)) for day in range(7))
    people = [person("ada", hours=always), person("ben", hours=always)]
    blocks = [block("coding", ["ada"], minutes=120), block("design", ["ben"], minutes=120)]
    asked = problem(blocks, people, [window(sunday, 10, 15)], Rules(breaks=(LUNCH,)))

    assert [start for _, start in times(the_plans(asked, solve(asked))[0])] == ["29 10:00", "29 12:45"]


def test_a_loop_day_is_a_day_of_the_candidate_not_of_utc():
    people = [person("ada", "Pacific/Auckland"), person("ben", "Pacific/Auckland")]
    blocks = [block("coding", ["ada"], minutes=120), block("design", ["ben"], minutes=120)]
    tuesday = window(TUESDAY, 11, 15, "Pacific/Auckland")  # midnight UTC is 13:00

    asked = problem(blocks, people, [tuesday], Rules(max_days=1), "Pacific/Auckland")

    assert the_plans(asked, solve(asked))[0].completes_on == TUESDAY


def test_windows_are_cut_at_the_candidates_midnight():
    always = tuple(WeeklyHours(day, time(0), time(0)) for day in range(7))
    night = Interval(at(MONDAY, 23), at(TUESDAY, 1))

    found = starts([person("ada", hours=always)], [night], blocks=[block("coding", ["ada"], minutes=90)])

    assert found is None
    assert starts([person("ada", hours=always)], [night]) == at(MONDAY, 23)


def test_buffer_is_kept_on_both_sides_to_meetings_and_interviews():
    ada = person("ada", busy=(meeting(MONDAY, 9),), booked=(meeting(MONDAY, 12),), buffer_minutes=30)

    assert starts([ada], [window(MONDAY, 9, 13)]) == at(MONDAY, 10, 30)
    assert starts([replace(ada, buffer_minutes=35)], [window(MONDAY, 9, 13)]) is None


def test_meetings_off_the_grid_are_kept_to_the_minute():
    ada = person("ada", busy=(Interval(at(MONDAY, 9), at(MONDAY, 9, 7) + timedelta(seconds=1)),))

    assert starts([ada], [window(MONDAY, 9, 13)], rules=Rules(grid_minutes=5)) == at(MONDAY, 9, 10)


@pytest.mark.parametrize(
    ("limit", "booked", "free_on"),
    [
        ({"max_per_day": 1}, [(MONDAY, 15)], TUESDAY),
        ({"max_per_day": 2}, [(MONDAY, 15)], MONDAY),
        ({"max_per_day": 0}, [], None),
        ({"max_per_week": 1}, [(date(2026, 11, 29), 15)], None),  # Sunday is of the same week
        ({"max_per_week": 1}, [(date(2026, 11, 22), 15)], MONDAY),  # Sunday before is not
        ({"max_per_four_weeks": 1}, [(date(2026, 10, 26), 15)], MONDAY),  # 28 days back
        ({"max_per_four_weeks": 1}, [(date(2026, 10, 27), 15)], TUESDAY),  # 27 days back: not on Monday
        ({"max_per_four_weeks": 1}, [(date(2026, 12, 20), 15)], None),  # 27 days ahead and less
        ({"max_per_four_weeks": 1}, [(date(2026, 12, 21), 15)], MONDAY),  # 28 days ahead of Monday
        ({"max_per_four_weeks": 2}, [(date(2026, 11, 9), 15), (date(2026, 12, 6), 15)], None),
        ({"max_per_four_weeks": 2}, [(date(2026, 11, 9), 15), (date(2026, 12, 7), 15)], MONDAY),
    ],
)
def test_limits_count_by_local_day_week_and_any_four_weeks(limit, booked, free_on):
    ada = person("ada", booked=tuple(meeting(day, hour) for day, hour in booked), **limit)
    windows = [window(MONDAY + timedelta(days=ahead), 9, 12) for ahead in range(5)]

    found = starts([ada], windows)

    assert (found and found.date()) == free_on


def test_a_limit_counts_the_day_on_the_interviewers_clock():
    held = Interval(utc(2026, 11, 23, 21), utc(2026, 11, 23, 22))  # Tuesday 10:00 in Auckland
    ada = person("ada", "Pacific/Auckland", weekdays(time(7), time(20)), booked=(held,), max_per_day=1)
    windows = [
        Interval(utc(2026, 11, 24, 0), utc(2026, 11, 24, 6)),
        Interval(utc(2026, 11, 24, 19), utc(2026, 11, 24, 22)),
    ]

    assert starts([ada], windows, "UTC") == utc(2026, 11, 24, 19)  # Wednesday there


def test_days_off_are_those_of_the_interviewers_calendar():
    always = tuple(WeeklyHours(day, time(0), time(0)) for day in range(7))
    ada = person("ada", "Pacific/Auckland", always, days_off=frozenset({TUESDAY}))

    assert starts([ada], [all_day(MONDAY, days=2)], "UTC") == utc(2026, 11, 23, 0)
    assert starts([ada], [Interval(utc(2026, 11, 23, 10, 30), utc(2026, 11, 24, 12))], "UTC") == utc(
        2026, 11, 24, 11
    )
