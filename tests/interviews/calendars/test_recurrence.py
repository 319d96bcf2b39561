"""Repetition rules: the examples of RFC 5545, and an independent implementation as the judge of all others."""

import datetime as dt
import itertools

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from interviews.calendars.feed import CalendarUnreadable
from interviews.calendars.recurrence import WEEKDAYS, Budget, rule, times
from interviews.calendars.values import BadValue

NINE = dt.datetime(1997, 9, 2, 9)


def given_by(text, start=NINE, *, since=None, before=None, is_date=False, steps=1_000_000):
    found, is_whole = rule(text)
    assert is_whole
    return list(
        times(
            found,
            start,
            is_date=is_date,
            since=since or start,
            before=before or start + dt.timedelta(days=36525),
            budget=Budget(steps),
        )
    )


def days(text):
    """`1997: 9/2 9/9; 1998: 1/5` as dates"""
    found = []
    for part in text.split(";"):
        year, _, rest = part.partition(":")
        found += [dt.date(int(year), *map(int, day.split("/"))) for day in rest.split()]
    return found


# The examples of section 3.8.5.3 and 3.3.10, begun on 2 September 1997 at nine unless said otherwise.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997: 9/2 9/12 9/22 10/2 10/12"),
        ("FREQ=WEEKLY;COUNT=3", "1997: 9/2 9/9 9/16"),
        ("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "1997: 9/2 9/4 9/9 9/11 9/16 9/18 9/23 9/25 9/30 10/2"),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
            "1997: 9/2 9/4 9/16 9/18 9/30 10/2 10/14 10/16",
        ),
        ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997: 9/22 10/20 11/17 12/22; 1998: 1/19 2/16"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=4", "1997: 9/28 10/29 11/28 12/29"),
        ("FREQ=MONTHLY;COUNT=5;BYMONTHDAY=1,-1", "1997: 9/30 10/1 10/31 11/1 11/30"),
        (
            "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
            "1997: 9/10 9/11 9/12 9/13 9/14 9/15; 1999: 3/10 3/11 3/12 3/13",
        ),
        ("FREQ=YEARLY;INTERVAL=2;COUNT=4;BYMONTH=1,2,3", "1999: 1/2 2/2 3/2; 2001: 1/2"),
        (
            "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
            "2000: 1/1 4/9 7/18; 2003: 1/1 4/10 7/19; 2006: 1/1 4/10 7/19; 2009: 1/1",
        ),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=2", "1998: 5/18; 1999: 5/17"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=2", "1998: 5/11; 1999: 5/17"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=5", "1998: 3/5 3/12 3/19 3/26; 1999: 3/4"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=5", "1998: 2/13 3/13 11/13; 1999: 8/13; 2000: 10/13"),
        ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13;COUNT=3", "1997: 9/13 10/11 11/8"),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=2",
            "1997: 11/4; 2001: 11/6",
        ),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997: 9/4 10/7 11/6"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=4", "1997: 9/29 10/30 11/27 12/30"),
        ("FREQ=DAILY;UNTIL=19970905T000000Z;BYMONTH=9;COUNT=3", "1997: 9/2 9/3 9/4"),
    ],
)
def test_examples_of_the_standard(text, expected):
    assert given_by(text) == [dt.datetime.combine(day, dt.time(9)) for day in days(expected)]


@pytest.mark.parametrize(
    ("week_start", "expected"), [("MO", "1997: 8/5 8/10 8/19 8/24"), ("SU", "1997: 8/5 8/17 8/19 8/31")]
)
def test_the_first_day_of_the_week_decides_which_weeks_are_skipped(week_start, expected):
    found = given_by(
        f"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST={week_start}", dt.datetime(1997, 8, 5, 9)
    )

    assert [at.date() for at in found] == days(expected)


def test_hours_and_minutes_of_the_standard():
    every_twenty = given_by("FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10", before=NINE.replace(day=3))
    assert [f"{at:%H:%M}" for at in every_twenty] == ["09:00", "09:20", "09:40", "10:00", "10:20", "10:40"]
    assert given_by("FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20,40", before=NINE.replace(day=3)) == every_twenty
    assert [f"{at:%H:%M}" for at in given_by("FREQ=MINUTELY;INTERVAL=90;COUNT=4")] == [
        "09:00",
        "10:30",
        "12:00",
        "13:30",
    ]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("BYMONTHDAY=16", "2020: 7/16; 2021: 7/16; 2022: 7/16"),
        ("BYMONTHDAY=-1,16", "2020: 7/16 7/31; 2021: 7/16"),
        ("BYMONTHDAY=13;BYDAY=FR", "2029: 7/13; 2035: 7/13; 2040: 7/13"),
    ],
)
def test_days_of_a_year_without_a_month_are_in_the_month_of_the_start(rest, expected):
    """As Google Calendar and Windows write birthdays, and libical and ical.net read them."""
    assert [at.date() for at in given_by(f"FREQ=YEARLY;{rest};COUNT=3", dt.datetime(2020, 7, 16))] == days(
        expected
    )


def test_a_date_that_a_month_does_not_have_is_left_out():
    found = given_by("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", dt.datetime(2007, 1, 15, 9))
    assert [at.date() for at in found] == days("2007: 1/15 1/30 2/15 3/15 3/30")


def test_leap_day_birthdays_come_every_four_years():
    assert [at.year for at in given_by("FREQ=YEARLY;COUNT=3", dt.datetime(2024, 2, 29))] == [2024, 2028, 2032]


def test_a_week_of_the_year_without_a_day_means_the_weekday_of_the_start():
    found = given_by("FREQ=YEARLY;BYWEEKNO=20;COUNT=3", dt.datetime(1997, 5, 12, 9))
    assert [at.date() for at in found] == days("1997: 5/12; 1998: 5/11; 1999: 5/17")


def test_years_of_weeks_are_counted_by_the_year_that_the_week_belongs_to():
    """2 January 2010 lies in week 53 of 2009; six years on is 2015, whose week 53 reaches into January 2016."""
    found = given_by(
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=TU,SA;INTERVAL=6",
        dt.datetime(2010, 1, 2),
        before=dt.datetime(2017, 1, 1),
        is_date=True,
    )
    assert [at.date() for at in found] == days("2010: 1/2; 2015: 12/29; 2016: 1/2")


def test_week_one_may_begin_in_the_old_year():
    found = given_by(
        "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO",
        dt.datetime(2024, 1, 1),
        before=dt.datetime(2025, 1, 31),
        is_date=True,
    )
    assert [at.date() for at in found] == days("2024: 1/1 12/30")


def test_whole_days_have_no_hours():
    assert given_by("FREQ=DAILY;BYHOUR=9,10;COUNT=2", dt.datetime(2026, 3, 2), is_date=True) == [
        dt.datetime(2026, 3, 2),
        dt.datetime(2026, 3, 3),
    ]


# --- what exporters write --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["freq=daily;count=2", "FREQ=DAILY;COUNT=2;", " FREQ=DAILY; COUNT=2"])
def test_spelling_is_forgiven(text):
    assert len(given_by(text)) == 2


def test_a_negative_count_is_no_end():
    assert len(given_by("FREQ=DAILY;COUNT=-1", before=NINE + dt.timedelta(days=30))) == 30


@pytest.mark.parametrize("text", ["", "FREQ=FORTNIGHTLY", "COUNT=3", "RSCALE=CHINESE;FREQ=YEARLY", "D1 #10"])
def test_a_rule_without_a_known_frequency_is_refused(text):
    with pytest.raises(BadValue):
        rule(text)


@pytest.mark.parametrize(
    "part",
    [
        "UNTL=20260101",
        "BYMONTH=13",
        "BYDAY=0MO",
        "BYDAY=XX",
        "BYDAY=",
        "UNTIL=tomorrow",
        "COUNT=many",
        "SKIP=FORWARD",
    ],
)
def test_a_part_that_is_not_understood_is_told_and_leaves_the_rest(part):
    found, is_whole = rule(f"FREQ=DAILY;INTERVAL=2;{part}")
    assert (found.frequency, found.interval, is_whole) == ("DAILY", 2, False)


# --- the cost --------------------------------------------------------------------------------------------


def test_a_rule_without_a_count_is_entered_at_the_window():
    since = dt.datetime(2026, 3, 2, 12)
    found = given_by("FREQ=SECONDLY", since=since, before=since + dt.timedelta(seconds=30), steps=100_000)
    assert found == [since + dt.timedelta(seconds=second) for second in range(30)]


@pytest.mark.parametrize(
    "text", ["FREQ=SECONDLY", "FREQ=SECONDLY;COUNT=1000000000;BYMONTH=2", "FREQ=DAILY;COUNT=1000000000"]
)
def test_a_rule_without_measure_is_refused(text):
    with pytest.raises(CalendarUnreadable, match="repeats its events too often"):
        given_by(text, since=dt.datetime(2090, 1, 1), before=dt.datetime(2091, 1, 1), steps=20_000)


# --- against dateutil ------------------------------------------------------------------------------------


def numbers(lowest, highest, *, both_ends=False, most=4):
    values = st.integers(lowest, highest)
    if both_ends:
        values |= st.integers(-highest, -lowest)
    return st.lists(values, min_size=1, max_size=most, unique=True).map(
        lambda found: ",".join(map(str, found))
    )


@st.composite
def rules(draw):
    """Rules of all kinds, except such as never come true, over which the reference broods until the year 9999."""
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]))
    parts = [f"FREQ={frequency}"]

    def maybe(name, values, odds=4):
        if draw(st.integers(1, odds)) == 1:
            parts.append(f"{name}={draw(values)}")
            return True
        return False

    has_months = frequency != "MINUTELY" and maybe("BYMONTH", numbers(1, 12), odds=3)
    if not (frequency == "MONTHLY" and has_months):
        maybe("INTERVAL", st.integers(1, 7), odds=2)
    maybe("WKST", st.sampled_from(WEEKDAYS))
    weekdays = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True).map(",".join)
    if frequency in ("YEARLY", "MONTHLY"):
        last = 52 if frequency == "YEARLY" and not has_months else 4
        nth = st.integers(1, last) | st.integers(-last, -1)
        pairs = st.tuples(nth, st.sampled_from(WEEKDAYS)).map(lambda pair: f"{pair[0]}{pair[1]}")
        weekdays |= st.lists(pairs, min_size=1, max_size=3, unique=True).map(",".join)
    match draw(st.integers(1, 5)):
        case 1 if frequency in ("MONTHLY", "DAILY", "HOURLY") or (frequency == "YEARLY" and has_months):
            maybe("BYMONTHDAY", numbers(1, 28, both_ends=True), odds=1)
        case 2 if frequency == "YEARLY" and not has_months:
            maybe("BYYEARDAY", numbers(1, 365, both_ends=True), odds=1)
        case 3 | 4:
            maybe("BYDAY", weekdays, odds=1)
    maybe("BYHOUR", numbers(0, 23, most=3))
    maybe("BYMINUTE", numbers(0, 59, most=2))
    if frequency not in ("HOURLY", "MINUTELY"):
        maybe("BYSETPOS", st.sampled_from(["1", "-1", "1,-1", "2,1", "-1,-3", "1,4"]))
    maybe("COUNT", st.integers(1, 40), odds=3)
    return ";".join(parts)


@settings(max_examples=300, deadline=None)
@given(
    text=rules(),
    start=st.datetimes(dt.datetime(2019, 1, 1), dt.datetime(2027, 12, 31)).map(
        lambda at: at.replace(day=min(at.day, 28), microsecond=0)
    ),
    ahead=st.integers(0, 1500),
    lasting=st.integers(1, 400),
)
def test_every_rule_gives_what_an_independent_implementation_gives(text, start, ahead, lasting):
    if "MINUTELY" in text:
        ahead, lasting = ahead % 10, lasting % 10
    since = start + dt.timedelta(days=ahead)
    before = since + dt.timedelta(days=lasting)
    try:
        reference = rrulestr(text, dtstart=start)
    except ValueError:  # an hour or minute that the interval never meets
        assert given_by(text, start, since=since, before=before) == []
        return

    expected = list(itertools.takewhile(lambda at: at < before, reference.xafter(since, inc=True)))

    assert given_by(text, start, since=since, before=before, steps=5_000_000) == expected


weekday_lists = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True)
starts = st.dates(dt.date(2019, 1, 1), dt.date(2027, 12, 31)).map(
    lambda day: dt.datetime.combine(day, dt.time(9))
)


@settings(max_examples=100, deadline=None)
@given(weeks=numbers(2, 51), weekdays=weekday_lists, week_start=st.sampled_from(WEEKDAYS), start=starts)
def test_weeks_of_the_year_too(weeks, weekdays, week_start, start):
    # Not the weeks that reach into another year: there the reference loses days (BYWEEKNO=52, WKST=TU: the Monday of
    # 2 January 2023); the ISO calendar is the reference for them, below.
    text = f"FREQ=YEARLY;BYWEEKNO={weeks};BYDAY={','.join(weekdays)};WKST={week_start}"
    before = start + dt.timedelta(days=1500)

    expected = rrulestr(text, dtstart=start).between(start, before - dt.timedelta(seconds=1), inc=True)

    assert given_by(text, start, before=before) == expected


@settings(max_examples=100, deadline=None)
@given(week=st.integers(-53, -1), weekdays=weekday_lists, start=starts)
def test_weeks_from_the_end_of_the_year_as_the_iso_calendar_counts_them(week, weekdays, start):
    """dateutil misses the days of such a week that lie in the other year."""

    def fits(day):
        year, number, weekday = day.isocalendar()
        weeks = dt.date(year, 12, 28).isocalendar().week
        return number - weeks - 1 == week and WEEKDAYS[weekday - 1] in weekdays

    every_day = [start + dt.timedelta(days=day) for day in range(1500)]

    found = given_by(f"FREQ=YEARLY;BYWEEKNO={week};BYDAY={','.join(weekdays)}", start, before=every_day[-1])

    assert found == [day for day in every_day[:-1] if fits(day)]
