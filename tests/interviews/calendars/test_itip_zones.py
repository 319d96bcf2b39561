"""The moments that calendar programs read: those that know the zone by name, and those that go by its VTIMEZONE."""

import datetime as dt
import zoneinfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviews.calendars import itip, itip_zones
from tests.interviews.calendars.itip_meetings import meeting
from tests.interviews.calendars.itip_rules import check_object, instants

MINUTE = dt.timedelta(minutes=1)

# By what is special about them. The clocks of the last column change in the years 2026 to 2030 so often.
ZONES = [
    ("Europe/Berlin", 10),
    ("Europe/Dublin", 10),  # its winter is the exception, in the database
    ("Europe/Lisbon", 10),  # the offset is zero in winter
    ("America/New_York", 10),
    ("America/St_Johns", 10),  # half an hour
    ("America/Havana", 10),  # at midnight
    ("America/Sao_Paulo", 0),  # gave up summer time in 2019
    ("Atlantic/Azores", 10),
    ("Asia/Kolkata", 0),
    ("Asia/Kathmandu", 0),  # +05:45
    ("Australia/Lord_Howe", 10),  # by half an hour
    ("Pacific/Auckland", 10),  # summer over the turn of the year
    ("Pacific/Chatham", 10),  # +12:45, +13:45
    ("America/Santiago", 10),  # “the first Sunday from the 2nd on”, which Outlook does not read
    ("Africa/Casablanca", 11),  # by the moon
]
IN_UTC = {"Africa/Casablanca", "America/Santiago"}


def changes_of(place: zoneinfo.ZoneInfo) -> list[dt.datetime]:
    """Every quarter of an hour from 2026 to 2030 in which the offset is not what it was before."""
    at, found = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), []
    while at.year < 2031:
        later = at + dt.timedelta(days=1)
        if at.astimezone(place).utcoffset() != later.astimezone(place).utcoffset():
            while at.astimezone(place).utcoffset() == (at + 15 * MINUTE).astimezone(place).utcoffset():
                at += 15 * MINUTE
            found.append(at + 15 * MINUTE)
        at = later
    return found


@pytest.mark.parametrize(("name", "count"), ZONES)
def test_every_change_of_the_clocks_from_2026_to_2030_comes_out_right(name, count):
    changes = changes_of(zoneinfo.ZoneInfo(name))
    assert len(changes) == count
    meetings = [
        meeting(
            uid=f"{around:%Y%m%d}.{minutes}",
            starts_at=around + minutes * MINUTE,
            ends_at=around + (minutes + 45) * MINUTE,
            zone=name,
        )
        for around in (*changes, dt.datetime(2028, 2, 29, 12, tzinfo=dt.UTC))
        for minutes in range(-150, 151, 30)
    ]
    expected = {item.uid: (item.starts_at, item.ends_at) for item in meetings}

    data = itip.publish(meetings, name="all", busy_only=False)

    assert check_object(data) == []
    # A program that goes by the VTIMEZONE alone, then one that knows the zone.
    assert instants(data) == expected
    events = icalendar.Calendar.from_ical(data).walk("VEVENT")
    assert {
        str(event["UID"]): (event["DTSTART"].dt.astimezone(dt.UTC), event["DTEND"].dt.astimezone(dt.UTC))
        for event in events
    } == expected
    assert (b"TZID" in data) is (name not in IN_UTC)
    # Each alone says the same as in the feed.
    for item in meetings[::15]:
        alone = itip.request(item)
        assert check_object(alone) == []
        assert instants(alone) == {item.uid: expected[item.uid]}


@pytest.mark.parametrize("name", [name for name, _ in ZONES if name not in IN_UTC])
def test_the_rules_hold_from_2020_to_2037_for_a_third_reader(name):
    data = itip.request(meeting(zone=name))
    (written,) = icalendar.Calendar.from_ical(data).walk("VTIMEZONE")
    by_rule, by_name = written.to_tz(lookup_tzid=False), zoneinfo.ZoneInfo(name)

    at = dt.datetime(2020, 1, 1, 1, tzinfo=dt.UTC)
    while at.year < 2038:
        assert at.astimezone(by_rule).utcoffset() == at.astimezone(by_name).utcoffset(), at
        at += dt.timedelta(days=3, hours=7)


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(sorted(zoneinfo.available_timezones())),
    st.integers(0, 19 * 365 * 24 * 60),
    st.integers(1, 3 * 24 * 60),
)
def test_any_time_in_any_zone_comes_out_right(name, since_2026, minutes):
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + since_2026 * MINUTE
    item = meeting(zone=name, starts_at=start, ends_at=start + minutes * MINUTE)

    data = itip.request(item)

    assert check_object(data) == []
    assert instants(data) == {item.uid: (item.starts_at, item.ends_at)}


def test_the_hour_that_happens_twice_is_told_in_utc():
    """02:30 on 25 October 2026 in Berlin is two moments, and programs differ on which is meant."""
    for start in (
        dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC),
    ):
        data = itip.request(meeting(starts_at=start, ends_at=start + 20 * MINUTE))
        assert f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\n".encode() in data

    start = dt.datetime(2026, 10, 25, 2, 0, tzinfo=dt.UTC)
    data = itip.request(meeting(starts_at=start, ends_at=start + 20 * MINUTE))
    assert b"DTSTART;TZID=Europe/Berlin:20261025T030000\r\n" in data


@pytest.mark.parametrize(
    "name",
    [
        *("", "UTC", "Etc/GMT+5", "localtime", "right/Europe/Berlin"),
        *("Mars/Base", "Europe/Nowhere", "Europe", "Europe/"),
        *("../../etc/passwd", "Europe/../../x", "Europe/Berlin\r\nX:1"),
        *("Asia/Jerusalem", "Africa/Cairo", "Europe" + "/a" * 5000),
    ],
)
def test_a_zone_that_cannot_be_written_gives_utc(name):
    data = itip.request(meeting(zone=name))

    assert check_object(data) == []
    assert b"DTSTART:20261201T090000Z\r\n" in data
    assert b"VTIMEZONE" not in data


def test_a_zone_of_the_coming_years_is_told_by_the_rules_of_its_own_time():
    """Mexico gave up summer time in 2022: what was true before is not told of a meeting today."""
    assert itip_zones.timezone_lines("America/Mexico_City", 2026, 2026)[2:] == (
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:-0600",
        "TZOFFSETTO:-0600",
        "TZNAME:CST",
        "END:STANDARD",
        "END:VTIMEZONE",
    )
    assert itip_zones.timezone_lines("America/Mexico_City", 2015, 2015) == ()
