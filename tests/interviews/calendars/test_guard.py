"""Calendars from outside are read, or refused, within two seconds, whatever is in them."""

import concurrent.futures
import contextlib
import datetime as dt
import multiprocessing
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviews.calendars.busy import Busy, read
from interviews.calendars.feed import CalendarUnreadable
from interviews.calendars.guard import Unreadable, read_safely
from tests.interviews.calendars.ics import at, calendar, event, spans

FILES = Path(__file__).parent / "files"
BERLIN = ZoneInfo("Europe/Berlin")
WINDOW = {"starts_at": at("2026-03-01"), "ends_at": at("2026-04-01"), "zone": BERLIN}
MEETING = calendar(event("DTSTART;TZID=Europe/Berlin:20260302T100000", "DURATION:PT1H")).encode()

BEGUN = ("DTSTART:20000101T090000Z", "DURATION:PT1H")
TOO_OFTEN = "The calendar repeats its events too often to be read."
TOO_LONG = "The calendar takes too long to read."
TOO_DEEP = "The calendar nests its entries too deeply to be read."
NO_CALENDAR = "This is not a calendar; check that the address or the file is the right one."


def of(*lines):
    return calendar(event(*lines)).encode()


def many(component, count):
    return calendar(*(component.format(n=number) for number in range(count))).encode()


def test_a_calendar_is_read_as_without_the_guard():
    for path in sorted(FILES.glob("*.ics")):
        data = path.read_bytes()
        assert read_safely(data, **WINDOW) == read(data, **WINDOW), path.name
    assert spans(read_safely(MEETING, **WINDOW)) == ["03-02 09:00-10:00"]


def test_the_notes_come_along():
    found = read_safely(of("DTSTART:20260302T090000Z", "DTEND:über"), **WINDOW)
    assert found.unreadable == (
        "The entry of 2 March 2026 has an end that cannot be read; it is taken to last a day.",
    )
    assert not found.is_whole


def test_a_window_of_part_of_a_second_is_kept():
    moment = dt.datetime(2026, 3, 2, 9, 30, 0, 250_000, dt.UTC)
    found = read_safely(MEETING, starts_at=moment, ends_at=moment + dt.timedelta(microseconds=5), zone=BERLIN)
    assert [(span.starts_at, span.ends_at) for span in found.intervals] == [
        (moment, moment + dt.timedelta(microseconds=5))
    ]


def test_an_empty_window_is_free_and_one_without_a_zone_a_mistake():
    assert read_safely(MEETING, starts_at=at("2026-03-02"), ends_at=at("2026-03-02"), zone=BERLIN) == Busy(())
    with pytest.raises(ValueError, match="without a time zone"):
        read_safely(MEETING, starts_at=dt.datetime(2026, 3, 1), ends_at=at("2026-04-01"), zone=BERLIN)


RANDOM = random.Random(1)
HOSTILE = {
    "every second since 2000": (of(*BEGUN, "RRULE:FREQ=SECONDLY"), {TOO_OFTEN, TOO_LONG}),
    "10^9 seconds counted": (of(*BEGUN, "RRULE:FREQ=SECONDLY;COUNT=1000000000"), {TOO_OFTEN, TOO_LONG}),
    "10^9 minutes counted": (
        of(*BEGUN, "RRULE:FREQ=MINUTELY;INTERVAL=1;COUNT=1000000000"),
        {TOO_OFTEN, TOO_LONG},
    ),
    "10^9 days counted": (of(*BEGUN, "RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000000000"), 31),
    "an interval beyond all measure": (of(*BEGUN, f"RRULE:FREQ=HOURLY;INTERVAL={'9' * 40}"), 0),
    "a number of a hundred thousand digits": (of(*BEGUN, f"RRULE:FREQ=DAILY;COUNT={'9' * 100_000}"), 31),
    "every second of every hour": (
        of(
            *BEGUN,
            *(f"RRULE:FREQ=YEARLY;BYDAY=MO,TU;BYHOUR={n % 24};BYSECOND=1,2,3,4,5" for n in range(5000)),
        ),
        {TOO_OFTEN, TOO_LONG},
    ),
    "a date that never comes": (of(*BEGUN, "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31"), 0),
    "from the year one": (
        of("DTSTART:00010101T000000Z", "RRULE:FREQ=DAILY;COUNT=9999999;BYDAY=MO"),
        {TOO_OFTEN, TOO_LONG, None},
    ),
    "for ever": (of("DTSTART:00010101T000000Z", "DTEND:99991231T235959Z"), 1),
    "for billions of years": (of(*BEGUN[:1], "DURATION:P999999999999D", "RRULE:FREQ=YEARLY"), 1),
    "a line of exceptions": (
        of(*BEGUN, "RRULE:FREQ=DAILY", f"EXDATE:{','.join(['20260302T090000Z'] * 100_000)}"),
        {TOO_LONG, None},
    ),
    "exceptions line by line": (
        of(*BEGUN, "RRULE:FREQ=DAILY", *(["EXDATE:20260302T090000Z"] * 80_000)),
        {TOO_LONG, None},
    ),
    "deep nesting": (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VALARM\r\n" * 140_000, {TOO_DEEP}),
    "events in events": (
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 140_000,
        {"The calendar holds more than 20,000 entries."},
    ),
    "endless events": (
        many("BEGIN:VEVENT\r\nUID:{n}\r\nDTSTART:20260301\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n", 19_000),
        {TOO_LONG, TOO_OFTEN},
    ),
    "a zone that changes every second": (
        calendar(
            "BEGIN:VTIMEZONE\r\nTZID:Evil\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n"
            "TZOFFSETTO:+0200\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
            event("DTSTART;TZID=Evil:20260301T090000", "DURATION:PT1H"),
        ).encode(),
        {TOO_OFTEN, TOO_LONG},
    ),
    "a line of two megabytes": (of(f"SUMMARY:{'x' * 1_900_000}", "DTSTART:20260302"), 1),
    "a letter a line": (of("SUMMARY:" + "\r\n x" * 490_000, "DTSTART:20260302"), 1),
    "properties beyond number": (
        of(*["UID:"] * 330_000),
        {TOO_LONG, "The calendar needs too much memory to be read.", None},
    ),
    "noise": (RANDOM.randbytes(2_000_000), {NO_CALENDAR}),
    "nothing": (b"", {NO_CALENDAR}),
    "zeros": (bytes(2_000_000), {NO_CALENDAR}),
    "a web page": (b"<html><body>Not found</body></html>", {NO_CALENDAR}),
    "three megabytes": (b"x" * 3_000_000, {"The calendar is larger than 2 MB, which is too much to read."}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_calendar_is_answered_or_refused_in_time(name):
    """`expected` is the number of intervals, or the sentences of a refusal, None among them for any answer.

    Where a refusal depends on how fast the machine is, each of its two reasons will do.
    """
    data, expected = HOSTILE[name]

    begun = time.monotonic()
    found = read_safely(data, **WINDOW)
    lasted = time.monotonic() - begun

    assert lasted < 2.3, f"{lasted:.2f} s"
    if isinstance(expected, int):
        assert isinstance(found, Busy), found
        assert len(found.intervals) == expected
    elif isinstance(found, Unreadable):
        assert found.reason in expected
    else:
        assert None in expected, found


def test_the_process_is_bound_in_memory(monkeypatch):
    hungry = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from interviews.calendars import child; "
        "child.read = lambda *a, **k: bytearray(10**9); child.main()"
    )
    monkeypatch.setattr("interviews.calendars.guard._PROGRAM", hungry)
    assert read_safely(MEETING, **WINDOW) == Unreadable("The calendar needs too much memory to be read.")


@pytest.mark.parametrize("fate", ["while True: pass", "import time; time.sleep(60)"])
def test_the_process_is_killed_when_its_time_is_up(monkeypatch, fate):
    monkeypatch.setattr("interviews.calendars.guard._PROGRAM", fate)
    begun = time.monotonic()
    assert read_safely(MEETING, **WINDOW) == Unreadable(TOO_LONG, may_pass=True)
    assert time.monotonic() - begun < 2.3


@pytest.mark.parametrize(
    "fate", ["import os; os.kill(os.getpid(), 9)", "raise SystemExit(1)", "print('1 2')"]
)
def test_a_process_that_dies_says_nothing_about_free_time(monkeypatch, fate):
    monkeypatch.setattr("interviews.calendars.guard._PROGRAM", fate)
    assert read_safely(MEETING, **WINDOW) == Unreadable("The calendar takes too much time or memory to read.")


def _children():
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            found |= (
                {stat.parent.name}
                if stat.read_text().rpartition(")")[2].split()[1] == str(os.getpid())
                else set()
            )
    return found


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="only Linux tells who is whose child so simply"
)
def test_no_process_is_left_behind():
    before = _children()
    for data in (MEETING, HOSTILE["every second since 2000"][0]):
        read_safely(data, **WINDOW)
    assert _children() == before


def test_many_threads_may_read_at_once():
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: read_safely(MEETING, **WINDOW), range(12)))
    # On a machine that is busy elsewhere a reading may be late, but never wrong.
    assert set(found) - {Unreadable(TOO_LONG, may_pass=True)} == {read(MEETING, **WINDOW)}


def _read_in_a_worker(results):
    results.put(spans(read_safely(MEETING, **WINDOW)))


def test_a_prefork_worker_may_read_although_it_may_have_no_children_of_its_own():
    """Celery's workers are daemons, which multiprocessing forbids to start processes."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    worker = context.Process(target=_read_in_a_worker, args=(results,), daemon=True)
    worker.start()
    assert results.get(timeout=30) == ["03-02 09:00-10:00"]
    worker.join()


def test_the_process_loads_little():
    """What it imports is what it costs: no Django, no third party, nothing of the network."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import interviews.calendars.child; print(*sys.modules)"
    )
    root = str(Path(__file__).resolve().parents[3])
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, root], capture_output=True, text=True, check=True
    ).stdout.split()

    ours = sorted(name for name in loaded if name.startswith("interviews"))
    assert ours == [
        "interviews",
        "interviews.calendars",
        "interviews.calendars.busy",
        "interviews.calendars.child",
        "interviews.calendars.clocks",
        "interviews.calendars.events",
        "interviews.calendars.feed",
        "interviews.calendars.recurrence",
        "interviews.calendars.series",
        "interviews.calendars.values",
        "interviews.calendars.windows_zones",
    ]
    assert not {"django", "httpx", "socket", "ssl", "json", "asyncio", "subprocess", "threading"} & set(
        loaded
    )


# --- anything at all ---------------------------------------------------------------------------------------

SEEDS = [path.read_bytes() for path in sorted(FILES.glob("*.ics"))]
VALUES = (
    b"00010101T000000 99991231T235959Z P9999999999D -PT1H UNTIL=00010101 BYSETPOS=-1 BYDAY=-53MO FREQ=WEEKLY"
)
PARAMETERS = b'TZID=Pacific/Apia VALUE=DATE RANGE=THISANDFUTURE +2359 " ; : \xff \0'
LINES = [b"", b"\r\n", b"\r\n ", b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"END:STANDARD\r\n"]
SPLINTERS = st.sampled_from([*VALUES.split(), *PARAMETERS.split(), *LINES])


@settings(max_examples=400, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), SPLINTERS), min_size=1, max_size=8),
    zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York"]),
    year=st.sampled_from([1, 1997, 2019, 2026, 9998]),
)
def test_a_damaged_calendar_is_read_or_refused_but_breaks_nothing(seed, damage, zone, year):
    data = bytearray(seed)
    for place, length, splinter in damage:
        first = int(place * len(data))
        data[first : first + length] = splinter
    starts_at = dt.datetime(year, 3, 1, tzinfo=dt.UTC)
    ends_at = starts_at + dt.timedelta(days=31)

    try:
        found = read(bytes(data), starts_at=starts_at, ends_at=ends_at, zone=ZoneInfo(zone))
    except CalendarUnreadable as refusal:
        assert refusal.sentence.endswith(".")
        return

    moments = [moment for span in found.intervals for moment in (span.starts_at, span.ends_at)]
    assert moments == sorted(set(moments))
    assert all(starts_at <= moment <= ends_at for moment in moments)
