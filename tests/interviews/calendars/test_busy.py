"""When somebody is busy, by what their calendar says."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from interviews.calendars.busy import Interval, merged, read
from interviews.calendars.busy import busy as busy_intervals
from interviews.calendars.feed import CalendarUnreadable
from tests.interviews.calendars.ics import at, busy, calendar, event, of, reading, spans

NINE_TO_TEN = ("DTSTART:20260302T090000Z", "DTEND:20260302T100000Z")

# --- what counts as busy ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "STATUS:CONFIRMED",
        "STATUS:TENTATIVE",
        "TRANSP:OPAQUE",
        "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
        "X-MICROSOFT-CDO-INTENDEDSTATUS:FREE",
        "CLASS:PRIVATE",
    ],
)
def test_an_event_keeps_its_owner_busy(line):
    assert of(*NINE_TO_TEN, line) == ["03-02 09:00-10:00"]


@pytest.mark.parametrize(
    "line", ["STATUS:CANCELLED", "status:cancelled", "TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"]
)
def test_an_event_that_leaves_its_owner_free(line):
    assert of(*NINE_TO_TEN, line) == []


def test_a_cancellation_of_a_whole_calendar_frees():
    assert busy(calendar(event(*NINE_TO_TEN), head="METHOD:CANCEL\n")) == []


def test_tasks_and_journals_are_not_busy_time():
    task = event(*NINE_TO_TEN).replace("VEVENT", "VTODO")
    assert busy(calendar(task, event("DTSTART:20260303T090000Z", "DURATION:PT1H"))) == ["03-03 09:00-10:00"]


def test_what_an_alarm_says_is_not_what_the_event_says():
    alarm = ("BEGIN:VALARM", "TRIGGER:-PT15M", "DURATION:PT5H", "DTEND:20260309T100000Z", "END:VALARM")
    assert of("DTSTART:20260302T090000Z", *alarm, "DURATION:PT1H") == ["03-02 09:00-10:00"]


def test_published_busy_times_count_but_free_ones_do_not():
    published = "\r\n".join(
        (
            "BEGIN:VFREEBUSY",
            "DTSTART:20260301T000000Z",
            "DTEND:20260401T000000Z",
            "FREEBUSY:20260302T090000Z/PT1H,20260302T110000Z/20260302T113000Z",
            'FREEBUSY;FBTYPE="BUSY-UNAVAILABLE":20260303T090000Z/PT30M',
            "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260304T090000Z/PT30M",
            "FREEBUSY;FBTYPE=X-OFFSITE:20260305T090000Z/PT30M",
            "FREEBUSY;FBTYPE=FREE:20260306T090000Z/PT8H",
            "END:VFREEBUSY",
            "",
        )
    )
    assert busy(calendar(published)) == [
        "03-02 09:00-10:00",
        "03-02 11:00-11:30",
        "03-03 09:00-09:30",
        "03-04 09:00-09:30",
        "03-05 09:00-09:30",
    ]


# --- how long ---------------------------------------------------------------------------------------------


def test_without_an_end_a_time_takes_no_time_and_a_day_takes_the_day():
    assert of("DTSTART:20260302T090000Z") == []
    assert of("DTSTART:20260302T090000Z", "DURATION:PT0S") == []
    assert of("DTSTART;VALUE=DATE:20260302") == ["03-02 00:00-03-03 00:00"]
    assert of("DTSTART:20260302") == ["03-02 00:00-03-03 00:00"]


def test_the_last_day_is_not_included():
    assert of("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260305") == ["03-02 00:00-03-05 00:00"]


def test_a_day_that_ends_when_it_begins_is_a_day():
    assert of("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260302") == ["03-02 00:00-03-03 00:00"]
    assert of("DTSTART;VALUE=DATE:20260302", "DURATION:P0D") == ["03-02 00:00-03-03 00:00"]


@pytest.mark.parametrize(
    ("length", "until"),
    [
        ("PT45M", "09:45"),
        ("PT1H30M", "10:30"),
        ("+PT1H", "10:00"),
        ("P1D", "03-03 09:00"),
        ("P1W", "03-09 09:00"),
    ],
)
def test_lengths(length, until):
    assert of("DTSTART:20260302T090000Z", f"DURATION:{length}") == [f"03-02 09:00-{until}"]


def test_the_end_counts_where_there_is_a_length_too():
    assert of(*NINE_TO_TEN, "DURATION:PT0S") == ["03-02 09:00-10:00"]


def test_an_event_that_ends_before_it_begins_is_taken_the_other_way():
    assert of("DTSTART:20260302T100000Z", "DTEND:20260302T090000Z") == ["03-02 09:00-10:00"]


def test_a_flight_takes_as_long_as_it_takes():
    lines = ("DTSTART;TZID=Europe/Berlin:20260302T100000", "DTEND;TZID=America/New_York:20260302T130000")
    assert of(*lines) == ["03-02 09:00-18:00"]


def test_an_end_without_a_zone_is_on_the_clock_of_the_start():
    lines = ("DTSTART;TZID=America/New_York:20260302T090000", "DTEND:20260302T100000")
    assert of(*lines, zone="Asia/Tokyo") == ["03-02 14:00-15:00"]


# --- merged and cut -----------------------------------------------------------------------------------------


def test_times_that_touch_or_overlap_are_one():
    text = calendar(
        event("DTSTART:20260302T090000Z", "DURATION:PT1H", uid="a"),
        event("DTSTART:20260302T100000Z", "DURATION:PT1H", uid="b"),
        event("DTSTART:20260302T103000Z", "DURATION:PT15M", uid="c"),
        event("DTSTART:20260302T120000Z", "DURATION:PT1H", uid="d"),
    )
    assert busy(text) == ["03-02 09:00-11:00", "03-02 12:00-13:00"]


def test_only_the_window_is_told():
    text = calendar(event("DTSTART:20260302T090000Z", "DTEND:20260302T120000Z"))
    assert busy(text, starts="2026-03-02T10:00", ends="2026-03-02T11:00") == ["03-02 10:00-11:00"]
    assert busy(text, starts="2026-03-02T12:00", ends="2026-03-03") == []
    assert busy(text, starts="2026-03-01", ends="2026-03-02T09:00") == []


def test_an_empty_or_turned_window_is_free():
    text = calendar(event(*NINE_TO_TEN))
    assert busy(text, starts="2026-03-02T09:30", ends="2026-03-02T09:30") == []
    assert busy(text, starts="2026-03-03", ends="2026-03-01") == []


def test_a_window_of_part_of_a_second_is_kept():
    moment = dt.datetime(2026, 3, 2, 9, 30, 0, 250_000, dt.UTC)
    window = {"starts_at": moment, "ends_at": moment + dt.timedelta(microseconds=500_000)}

    assert busy_intervals(calendar(event(*NINE_TO_TEN)), **window, zone=ZoneInfo("UTC")) == (
        Interval(window["starts_at"], window["ends_at"]),
    )


def test_a_window_in_any_zone_gives_utc():
    tokyo = dt.timezone(dt.timedelta(hours=9))
    found = read(
        calendar(event(*NINE_TO_TEN)),
        starts_at=dt.datetime(2026, 3, 2, tzinfo=tokyo),
        ends_at=dt.datetime(2026, 3, 3, tzinfo=tokyo),
        zone=ZoneInfo("Asia/Tokyo"),
    )
    assert [(span.starts_at.isoformat(), span.ends_at.isoformat()) for span in found.intervals] == [
        ("2026-03-02T09:00:00+00:00", "2026-03-02T10:00:00+00:00")
    ]


def test_a_window_without_a_zone_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="without a time zone"):
        read(calendar(), starts_at=dt.datetime(2026, 3, 1), ends_at=at("2026-04-01"), zone=ZoneInfo("UTC"))


def test_merging_drops_what_is_empty_and_keeps_gaps():
    def span(first, last):
        return Interval(at(f"2026-03-02T{first}"), at(f"2026-03-02T{last}"))

    whole = {"starts_at": at("2026-03-02"), "ends_at": at("2026-03-03")}
    assert merged([span("12:00", "13:00"), span("09:00", "09:00"), span("08:00", "12:00")], **whole) == (
        span("08:00", "13:00"),
    )


# --- series -----------------------------------------------------------------------------------------------

DAILY = ("DTSTART:20260302T090000Z", "DTEND:20260302T100000Z", "RRULE:FREQ=DAILY;COUNT=4")


def days(*numbers, hours="09:00-10:00"):
    return [f"03-{number:02} {hours}" for number in numbers]


def test_a_series_and_the_dates_taken_out_of_it():
    assert of(*DAILY) == days(2, 3, 4, 5)
    assert of(*DAILY, "EXDATE:20260303T090000Z,20260304T090000Z") == days(2, 5)
    assert of(*DAILY, "EXDATE;TZID=Europe/Berlin:20260303T100000", "EXDATE:20260305T090000Z") == days(2, 4)
    assert of(*DAILY, "EXDATE;VALUE=DATE:20260303") == days(2, 4, 5)
    assert of(*DAILY, "EXDATE:20260302T090000Z") == days(3, 4, 5)


def test_a_count_counts_the_dates_taken_out():
    assert of(*DAILY[:2], "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260303T090000Z") == days(2)


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260304T090000Z", 4),
        ("20260304T085959Z", 3),
        ("20260304", 4),
        ("20260304T090000", 4),
        ("20260304T080000", 3),
    ],
)
def test_a_series_lasts_until_and_including(until, last):
    assert of(*DAILY[:2], f"RRULE:FREQ=DAILY;UNTIL={until}") == days(*range(2, last + 1))


@pytest.mark.parametrize(
    ("until", "last"),
    [("20260304T170000Z", 4), ("20260304T155959Z", 3), ("20260304T090000", 4), ("20260304", 4)],
)
def test_the_end_of_a_series_on_its_own_clock(until, last):
    """Nine in Los Angeles is five in the afternoon in UTC."""
    lines = ("DTSTART;TZID=America/Los_Angeles:20260302T090000", "DURATION:PT1H")
    assert of(*lines, f"RRULE:FREQ=DAILY;UNTIL={until}") == days(*range(2, last + 1), hours="17:00-18:00")


@pytest.mark.parametrize("until", ["20260304", "20260304T000000Z", "20260304T235959Z", "20260303T230000Z"])
def test_the_end_of_a_series_of_days(until):
    lines = ("DTSTART;VALUE=DATE:20260302", f"RRULE:FREQ=DAILY;UNTIL={until}")
    assert of(*lines, zone="Europe/Berlin") == ["03-01 23:00-03-04 23:00"]


def test_a_series_that_ended_before_it_began_is_a_deleted_one():
    assert of(*DAILY[:2], "RRULE:FREQ=DAILY;UNTIL=20260301") == []


def test_a_start_that_the_rule_does_not_give_is_a_date_all_the_same():
    assert of(*DAILY[:2], "RRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=2") == days(2, 5, 12)


def test_further_dates():
    assert of(*NINE_TO_TEN, "RDATE:20260304T090000Z,20260305T110000Z") == [
        "03-02 09:00-10:00",
        "03-04 09:00-10:00",
        "03-05 11:00-12:00",
    ]
    assert of(*NINE_TO_TEN, "RDATE;TZID=Europe/Berlin:20260304T100000") == days(2, 4)
    assert of(*NINE_TO_TEN, "RDATE;VALUE=DATE:20260304") == days(2, 4)
    assert of("DTSTART;VALUE=DATE:20260302", "RDATE;VALUE=DATE:20260304") == [
        "03-02 00:00-03-03 00:00",
        "03-04 00:00-03-05 00:00",
    ]


def test_a_further_date_may_have_its_own_length():
    lines = ("RDATE;VALUE=PERIOD:20260304T090000Z/PT3H,20260305T090000Z/20260305T093000Z",)
    assert of(*NINE_TO_TEN, *lines) == ["03-02 09:00-10:00", "03-04 09:00-12:00", "03-05 09:00-09:30"]


def test_two_rules_give_the_dates_of_both():
    assert of(*DAILY[:2], "RRULE:FREQ=WEEKLY;COUNT=2", "RRULE:FREQ=MONTHLY;BYMONTHDAY=20;COUNT=1") == days(
        2, 9, 20
    )


def test_a_rule_that_takes_dates_out():
    assert of(*DAILY, "EXRULE:FREQ=DAILY;INTERVAL=2") == days(3, 5)


def test_a_series_begun_long_ago_reaches_the_window():
    lines = ("DTSTART;TZID=Europe/Berlin:19990104T080000", "DURATION:PT30M", "RRULE:FREQ=WEEKLY;BYDAY=MO")
    winter = [f"03-{monday:02} 07:00-07:30" for monday in (2, 9, 16, 23)]
    assert of(*lines) == [*winter, "03-30 06:00-06:30"]


def test_a_long_date_of_a_series_reaches_into_the_window():
    lines = ("DTSTART;VALUE=DATE:20200215", "DURATION:P20D", "RRULE:FREQ=YEARLY")
    assert of(*lines) == ["03-01 00:00-03-07 00:00"]
    assert of("DTSTART:20200228T200000Z", "DURATION:PT30H", "RRULE:FREQ=YEARLY") == [
        "03-01 00:00-03-02 02:00"
    ]


# --- changes to single dates of a series ---------------------------------------------------------------------


def changed(*lines, master=DAILY, **window):
    return busy(calendar(event(*master, "SEQUENCE:1"), event(*lines)), **window)


def test_a_date_that_was_moved():
    moved = ("RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T140000Z", "DURATION:PT2H")
    assert changed(*moved) == [
        "03-02 09:00-10:00",
        "03-03 14:00-16:00",
        "03-04 09:00-10:00",
        "03-05 09:00-10:00",
    ]


def test_a_date_that_was_moved_into_the_window_and_one_moved_out_of_it():
    moved = ("RECURRENCE-ID:20260303T090000Z", "DTSTART:20260420T140000Z", "DURATION:PT2H")
    assert changed(*moved) == days(2, 4, 5)
    assert changed(*moved, starts="2026-04-01", ends="2026-05-01") == ["04-20 14:00-16:00"]


@pytest.mark.parametrize("line", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT"])
def test_a_date_that_was_given_up(line):
    assert changed(
        "RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T090000Z", "DURATION:PT1H", line
    ) == days(2, 4, 5)


def test_a_cancelled_date_needs_no_time_of_its_own():
    assert changed("RECURRENCE-ID:20260303T090000Z", "STATUS:CANCELLED") == days(2, 4, 5)


def test_a_free_series_with_one_busy_date():
    change = ("RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T090000Z", "DURATION:PT1H", "TRANSP:OPAQUE")
    assert changed(*change, master=(*DAILY, "TRANSP:TRANSPARENT")) == days(3)


@pytest.mark.parametrize(
    "which",
    [
        "RECURRENCE-ID;TZID=Europe/Berlin:20260303T100000",
        "RECURRENCE-ID;TZID=America/New_York:20260303T040000",
        "RECURRENCE-ID;VALUE=DATE:20260303",
        "RECURRENCE-ID:20260303T090000",
    ],
)
def test_a_date_may_be_named_on_any_clock(which):
    assert changed(which, "DTSTART:20260303T140000Z", "DURATION:PT1H") == [
        "03-02 09:00-10:00",
        "03-03 14:00-15:00",
        "03-04 09:00-10:00",
        "03-05 09:00-10:00",
    ]


def test_dates_named_without_a_zone_are_on_the_clock_of_the_series():
    master = ("DTSTART;TZID=Europe/Berlin:20260302T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=4")
    moved = ("RECURRENCE-ID:20260303T100000", "DTSTART;TZID=Europe/Berlin:20260303T150000", "DURATION:PT1H")
    found = changed(*moved, master=(*master, "EXDATE:20260304T100000"), zone="Asia/Tokyo")
    assert found == ["03-02 09:00-10:00", "03-03 14:00-15:00", "03-05 09:00-10:00"]


@pytest.mark.parametrize(
    "which", ["VALUE=DATE:20260303", "VALUE=DATE-TIME:20260303T000000Z", "TZID=Europe/Berlin:20260303T000000"]
)
def test_a_day_of_a_series_of_days_may_be_named_as_a_time(which):
    found = changed(
        f"RECURRENCE-ID;{which}",
        "DTSTART;VALUE=DATE:20260310",
        master=("DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;COUNT=3"),
        zone="America/Los_Angeles",
    )
    assert found == ["03-02 08:00-03-03 08:00", "03-04 08:00-03-05 08:00", "03-10 07:00-03-11 07:00"]


def test_changes_whose_series_is_elsewhere_count():
    assert of("RECURRENCE-ID:20260303T090000Z", *NINE_TO_TEN) == days(2)


def test_a_change_of_a_date_that_the_series_does_not_have_counts():
    assert changed("RECURRENCE-ID:20260320T090000Z", "DTSTART:20260320T090000Z", "DURATION:PT1H") == days(
        2, 3, 4, 5, 20
    )


def test_the_newer_of_two_versions_counts():
    older = event(*NINE_TO_TEN, "SEQUENCE:1", "DTSTAMP:20260201T000000Z")
    newer = event("DTSTART:20260303T090000Z", "DURATION:PT1H", "SEQUENCE:2", "DTSTAMP:20260101T000000Z")
    later = event("DTSTART:20260304T090000Z", "DURATION:PT1H", "SEQUENCE:2", "DTSTAMP:20260102T000000Z")

    assert busy(calendar(newer, older)) == days(3)
    assert busy(calendar(later, newer, older)) == days(4)


def test_the_newer_of_two_changes_counts():
    one = event("RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T110000Z", "DURATION:PT1H", "SEQUENCE:3")
    two = event("RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T150000Z", "DURATION:PT1H", "SEQUENCE:2")

    assert busy(calendar(one, event(*DAILY), two)) == [
        "03-02 09:00-10:00",
        "03-03 11:00-12:00",
        "03-04 09:00-10:00",
        "03-05 09:00-10:00",
    ]


def test_different_events_under_one_identifier_both_count():
    assert busy(calendar(event(*NINE_TO_TEN), event("DTSTART:20260303T090000Z", "DURATION:PT1H"))) == days(
        2, 3
    )


def test_events_without_an_identifier_are_different_events():
    lines = [event(*NINE_TO_TEN), event("DTSTART:20260303T090000Z", "DURATION:PT1H", "SEQUENCE:4")]
    assert busy(calendar(*(line.replace("UID:a@example.test\r\n", "") for line in lines))) == days(2, 3)


def test_a_date_taken_out_of_a_newer_series_takes_its_change_with_it():
    change = event(
        "RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T110000Z", "DURATION:PT1H", "SEQUENCE:1"
    )
    without = event(*DAILY, "EXDATE:20260303T090000Z", "SEQUENCE:2")
    assert busy(calendar(change, without)) == days(2, 4, 5)


def test_a_change_newer_than_the_series_that_takes_its_date_out_counts():
    change = event(
        "RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T110000Z", "DURATION:PT1H", "SEQUENCE:3"
    )
    without = event(*DAILY, "EXDATE:20260303T090000Z", "SEQUENCE:2")
    assert busy(calendar(change, without)) == ["03-02 09:00-10:00", "03-03 11:00-12:00", *days(4, 5)]


def test_a_series_cancelled_after_a_change_takes_it_along():
    change = event(
        "RECURRENCE-ID:20260303T090000Z", "DTSTART:20260303T110000Z", "DURATION:PT1H", "SEQUENCE:1"
    )
    assert busy(calendar(change, event(*DAILY, "STATUS:CANCELLED", "SEQUENCE:2"))) == []
    assert busy(calendar(change, event(*DAILY, "STATUS:CANCELLED", "SEQUENCE:1"))) == ["03-03 11:00-12:00"]


# --- changes to a date and all later ones ---------------------------------------------------------------------

FUTURE = "RECURRENCE-ID;RANGE=THISANDFUTURE"


def test_all_later_dates_move_as_the_first_of_them_did():
    change = (f"{FUTURE}:20260304T090000Z", "DTSTART:20260304T113000Z", "DURATION:PT30M")
    assert changed(*change) == [
        "03-02 09:00-10:00",
        "03-03 09:00-10:00",
        "03-04 11:30-12:00",
        "03-05 11:30-12:00",
    ]


def test_a_single_change_among_later_dates_stands():
    text = calendar(
        event(*DAILY),
        event(f"{FUTURE}:20260303T090000Z", "DTSTART:20260303T110000Z", "DURATION:PT1H"),
        event("RECURRENCE-ID:20260304T090000Z", "DTSTART:20260304T200000Z", "DURATION:PT1H"),
    )
    assert busy(text) == ["03-02 09:00-10:00", "03-03 11:00-12:00", "03-04 20:00-21:00", "03-05 11:00-12:00"]


def test_the_last_change_of_all_later_dates_rules():
    text = calendar(
        event(*DAILY),
        event(f"{FUTURE}:20260303T090000Z", "DTSTART:20260303T110000Z", "DURATION:PT1H"),
        event(f"{FUTURE}:20260304T090000Z", "DTSTART:20260305T090000Z", "DURATION:PT2H"),
    )
    assert busy(text) == ["03-02 09:00-10:00", "03-03 11:00-12:00", "03-05 09:00-11:00", "03-06 09:00-11:00"]


def test_all_later_dates_cancelled():
    assert changed(f"{FUTURE}:20260304T090000Z", "STATUS:CANCELLED") == days(2, 3)


def test_all_later_dates_move_on_the_wall_clock():
    """Moved from nine to ten in Berlin, a series stays at ten there when summer begins on 29 March."""
    master = ("DTSTART;TZID=Europe/Berlin:20260326T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=6")
    change = (f"{FUTURE};TZID=Europe/Berlin:20260327T090000", "DTSTART;TZID=Europe/Berlin:20260327T100000")
    assert changed(*change, "DURATION:PT1H", master=master) == [
        "03-26 08:00-09:00",
        "03-27 09:00-10:00",
        "03-28 09:00-10:00",
        "03-29 08:00-09:00",
        "03-30 08:00-09:00",
        "03-31 08:00-09:00",
    ]


def test_later_dates_may_move_into_the_window_from_either_side():
    master = ("DTSTART:20260225T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY")
    back = (f"{FUTURE}:20260226T090000Z", "DTSTART:20260223T090000Z", "DURATION:PT1H")
    forth = (f"{FUTURE}:20260226T090000Z", "DTSTART:20260301T090000Z", "DURATION:PT1H")
    window = {"starts": "2026-03-10", "ends": "2026-03-12", "master": master}
    assert changed(*back, **window) == days(10, 11)
    assert changed(*forth, **window) == days(10, 11)


def test_all_later_dates_of_a_timed_series_become_days():
    change = (f"{FUTURE}:20260304T090000Z", "DTSTART;VALUE=DATE:20260304")
    assert changed(*change) == ["03-02 09:00-10:00", "03-03 09:00-10:00", "03-04 00:00-03-06 00:00"]


def test_all_later_dates_of_a_series_of_days_become_times():
    master = ("DTSTART;VALUE=DATE:20260302", "RRULE:FREQ=DAILY;COUNT=3")
    change = (f"{FUTURE};VALUE=DATE:20260303", "DTSTART;TZID=Europe/Berlin:20260303T140000", "DURATION:PT1H")
    assert changed(*change, master=master, zone="Europe/Berlin") == [
        "03-01 23:00-03-02 23:00",
        "03-03 13:00-14:00",
        "03-04 13:00-14:00",
    ]


# --- what cannot be read is told, never taken for free -----------------------------------------------------------


def told(*lines, **window):
    found = reading(calendar(event(*lines)), **window)
    return spans(found), found.unreadable


@pytest.mark.parametrize(
    "line", ["DTSTART:tomorrow", "DTSTART", "DTSTART:20261301T090000", "SUMMARY:No start"]
)
def test_an_event_without_a_readable_start(line):
    assert told(line) == ([], ("An entry has no start that can be read, so its time is unknown.",))


def test_an_event_without_a_readable_start_that_is_free_anyway():
    assert told("DTSTART:tomorrow", "TRANSP:TRANSPARENT") == ([], ())


@pytest.mark.parametrize("line", ["DTEND:soon", "DTEND", "DURATION:an hour", "DURATION:P"])
def test_an_end_that_cannot_be_read_takes_a_day(line):
    assert told("DTSTART:20260302T090000Z", line) == (
        ["03-02 09:00-03-03 09:00"],
        ("The entry of 2 March 2026 has an end that cannot be read; it is taken to last a day.",),
    )


@pytest.mark.parametrize(
    "line", ["RRULE:FREQ=SOMETIMES", "RRULE", "RDATE:later", "RRULE:RSCALE=HEBREW;FREQ=YEARLY;COUNT=3"]
)
def test_a_repetition_that_cannot_be_read(line):
    assert told(*NINE_TO_TEN, line) == (
        days(2),
        (
            "The entry of 2 March 2026 repeats in a way that cannot be read in full, so dates of it may be missing.",
        ),
    )


def test_a_rule_read_in_part_gives_rather_too_many_dates():
    spans, notes = told(*DAILY[:2], "RRULE:FREQ=DAILY;UNTIL=never;INTERVAL=10")
    assert (spans, len(notes)) == (days(2, 12, 22), 1)


def test_an_unreadable_exception_leaves_its_date_busy():
    assert told(*DAILY, "EXDATE:yesterday,20260304T090000Z") == (days(2, 3, 5), ())


def test_a_change_of_an_unknown_date_counts_beside_the_series():
    found = reading(
        calendar(event(*DAILY), event("RECURRENCE-ID:then", "DTSTART:20260310T090000Z", "DURATION:PT1H"))
    )
    assert spans(found) == days(2, 3, 4, 5, 10)
    assert found.unreadable == (
        "The entry of 10 March 2026 changes one date of a series, but which one cannot be read.",
    )
    assert not found.is_whole


def test_a_time_zone_that_nobody_knows():
    assert told("DTSTART;TZID=Middle/Earth:20260302T090000", "DURATION:PT1H", zone="Asia/Tokyo") == (
        ["03-02 00:00-01:00"],
        (
            "The entry of 2 March 2026 is in the time zone “Middle/Earth”, which is unknown; "
            "the calendar's own zone is used.",
        ),
    )


def test_what_is_unreadable_far_from_the_window_does_not_matter():
    assert told("DTSTART:20200302T090000Z", "DTEND:soon") == ([], ())
    assert told("DTSTART:20270302T090000Z", "RRULE:FREQ=SOMETIMES", "DURATION:PT1H") == ([], ())


def test_published_times_that_cannot_be_read():
    found = reading(
        calendar("BEGIN:VFREEBUSY\r\nFREEBUSY:20260302T090000Z/PT1H,then/now\r\nEND:VFREEBUSY\r\n")
    )
    assert spans(found) == days(2)
    assert found.unreadable == ("A published busy time cannot be read, so it is missing.",)


@pytest.mark.parametrize("cut", [-5, -25, -70])
def test_a_calendar_that_breaks_off(cut):
    found = reading(
        calendar(event(*NINE_TO_TEN, uid="a"), event("DTSTART:20260303T090000Z", "DURATION:PT1H"))[:cut]
    )
    assert spans(found)[0] == "03-02 09:00-10:00"
    assert found.unreadable[0] == "The calendar breaks off or is damaged, so entries may be missing."


def test_an_event_without_its_end_line_is_still_read():
    text = calendar(
        event(*NINE_TO_TEN).replace("END:VEVENT\r\n", ""), event("DTSTART:20260303T090000Z", "DURATION:PT1H")
    )
    assert spans(reading(text)) == days(2, 3)
    assert not reading(text).is_whole


def test_many_notes_are_cut_short():
    events = [event(f"DTSTART:202603{day:02}T090000Z", "DTEND:?", uid=str(day)) for day in range(1, 31)]
    notes = reading(calendar(*events)).unreadable
    assert (len(notes), notes[-1]) == (21, "10 more things in the calendar cannot be read.")


def test_notes_hold_nothing_private():
    found = reading(
        calendar(
            event(
                "SUMMARY:Cancer check-up",
                "DTSTART;TZID=<b>Zone</b>\u202e:20260302T090000",
                "DTEND:Cancer",
                "ATTENDEE:mailto:doctor@example.test",
                "RRULE:FREQ=Cancer",
                uid="doctor@example.test",
            )
        )
    )
    assert len(found.unreadable) == 3
    assert not [word for word in ("Cancer", "doctor", "<", "\u202e") if word in "".join(found.unreadable)]


@pytest.mark.parametrize(
    "text", ["", "<html><body>Please log in</body></html>", "PK\x03\x04", "BEGIN", "\n\n"]
)
def test_what_is_no_calendar_is_refused(text):
    with pytest.raises(CalendarUnreadable, match="This is not a calendar"):
        reading(text)


def test_an_empty_calendar_is_a_free_one():
    assert busy(calendar()) == []


# --- how calendars are written in the wild -------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_any_line_end(newline):
    assert busy(calendar(event(*NINE_TO_TEN)).replace("\r\n", newline)) == days(2)


def test_folded_lines_even_inside_a_character():
    data = calendar(event("SUMMARY:Grüße", *NINE_TO_TEN)).encode()
    folded = data.replace(b"\xc3\xbc", b"\xc3\r\n \xbc").replace(b"T090000Z", b"T09\r\n\t0000Z")
    assert busy(folded) == days(2)


def test_marks_and_encodings():
    text = calendar(event(*NINE_TO_TEN))
    assert busy(b"\xef\xbb\xbf" + text.encode()) == days(2)
    assert busy(text.encode("utf-16")) == days(2)
    assert busy(text.replace("UID:a", "SUMMARY:\xe9\r\nUID:a").encode("latin-1")) == days(2)


def test_names_in_any_case_and_blank_lines():
    assert busy(calendar(event(*NINE_TO_TEN, "", "Transp:opaque")).replace("DTSTART", "dtStart")) == days(2)


def test_lines_that_mean_nothing_do_no_harm():
    assert of(
        "this is the rest of a description", *NINE_TO_TEN, ":", ";", "DTSTARTED:20260309T090000Z"
    ) == days(2)


def test_a_parameter_may_hold_colons_and_semicolons():
    assert of('DTSTART;X-NOTE="a:b;c";TZID="Europe/Berlin":20260302T100000', "DURATION:PT1H") == days(2)


def test_several_calendars_in_one_text():
    one = calendar(event(*NINE_TO_TEN, uid="a"))
    other = calendar(event("DTSTART:20260303T090000Z", "DURATION:PT1H", uid="b"))
    assert busy(one + other) == days(2, 3)


def test_events_outside_of_a_calendar():
    assert busy(event(*NINE_TO_TEN)) == days(2)


def test_midnight_and_leap_seconds_as_some_write_them():
    assert of("DTSTART:20260302T230000Z", "DTEND:20260302T240000Z") == ["03-02 23:00-03-03 00:00"]
    assert of("DTSTART:20260302T235960Z", "DTEND:20260303T000100Z") == ["03-02 23:59-03-03 00:01"]


def test_times_at_the_ends_of_all_time():
    assert of("DTSTART:00010101T000000Z", "DTEND:99991231T235959Z") == ["03-01 00:00-04-01 00:00"]
    assert of("DTSTART;TZID=Asia/Tokyo:00010101T000000", "RRULE:FREQ=YEARLY", "DURATION:P99999999999D") == [
        "03-01 00:00-04-01 00:00"
    ]
