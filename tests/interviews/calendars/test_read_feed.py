"""Calendars published at an address."""

import logging
from zoneinfo import ZoneInfo

import pytest

from interviews.calendars.adapters import CalendarReader, CalendarUnreadable
from interviews.calendars.adapters.ics_feed import IcsFeed
from tests.fakes.loopback import Loopback, Reply
from tests.interviews.calendars.ics import at, calendar, event, spans

WINDOW = {"starts_at": at("2026-03-01"), "ends_at": at("2026-04-01"), "zone": ZoneInfo("Europe/Berlin")}
MEETING = calendar(
    event("DTSTART;TZID=Europe/Berlin:20260302T100000", "DURATION:PT1H", "SUMMARY:Cancer check-up")
)


class Feed(Loopback):
    """Serves `text`, and says 304 to those who have its present version."""

    def __init__(self):
        super().__init__(self._answer)
        self.text = MEETING
        self.headers = {"ETag": '"one"'}

    def _answer(self, asked):
        known = asked.headers.get("if-none-match"), asked.headers.get("if-modified-since")
        if set(self.headers.values()) & set(known):
            return Reply(304, kind="", headers=self.headers)
        return Reply(body=self.text.encode(), kind="text/calendar; charset=utf-8", headers=self.headers)


@pytest.fixture
def feed():
    with Feed() as served:
        yield served


def reader_of(feed, **options):
    return IcsFeed(f"{feed.url}/secret.ics", allow=(feed.host,), **options)


def failure(reader):
    with pytest.raises(CalendarUnreadable) as found:
        reader.read(**WINDOW)
    return found.value


def test_the_busy_times_of_a_feed(feed):
    reader: CalendarReader = reader_of(feed)
    found = reader.read(**WINDOW)

    assert spans(found) == ["03-02 09:00-10:00"]
    assert found.is_whole
    assert "Cancer" not in repr(found)


@pytest.mark.parametrize(
    "headers", [{"ETag": '"one"'}, {"ETag": 'W/"one"'}, {"Last-Modified": "Mon, 02 Mar 2026 09:00:00 GMT"}]
)
def test_an_unchanged_feed_is_not_sent_again(feed, headers):
    feed.headers = headers
    first = reader_of(feed)
    found = first.read(**WINDOW)
    feed.text = "not looked at"

    later = reader_of(feed, remembered=first.remembered)

    assert later.read(**WINDOW) == found
    assert (later.remembered, len(feed.asked)) == (first.remembered, 2)


def test_a_changed_feed_is_read_anew(feed):
    reader = reader_of(feed)
    reader.read(**WINDOW)
    feed.headers, feed.text = {"ETag": '"two"'}, calendar()

    assert reader.read(**WINDOW).intervals == ()
    assert reader.remembered.version == '"two"'


@pytest.mark.parametrize("other", [{"ends_at": at("2026-05-01")}, {"zone": ZoneInfo("Asia/Tokyo")}])
def test_what_was_read_for_another_window_or_zone_is_not_reused(feed, other):
    reader = reader_of(feed)
    reader.read(**WINDOW)
    reader.read(**(WINDOW | other))
    assert [set(asked.headers) & {"if-none-match", "if-modified-since"} for asked in feed.asked] == [
        set(),
        set(),
    ]


def test_what_is_remembered_holds_times_only(feed):
    reader = reader_of(feed)
    reader.read(**WINDOW)
    assert "Cancer" not in repr(reader.remembered)


def test_the_address_of_a_feed_is_not_written_into_the_log(feed, caplog):
    """Whoever knows it can read the calendar."""
    caplog.set_level(logging.DEBUG)
    reader_of(feed).read(**WINDOW)
    assert [record for record in caplog.records if "secret.ics" in record.getMessage()] == []


def test_a_feed_served_under_a_wrong_type_is_still_a_calendar(feed):
    feed.faults.append(Reply(body=MEETING.encode(), kind="application/octet-stream"))
    assert spans(reader_of(feed).read(**WINDOW)) == ["03-02 09:00-10:00"]


def test_a_feed_that_moved_is_followed(feed):
    feed.faults.append(Reply(302, headers={"Location": "/elsewhere.ics"}))
    assert spans(reader_of(feed).read(**WINDOW)) == ["03-02 09:00-10:00"]
    assert feed.asked[1].path == "/elsewhere.ics"


def test_a_feed_that_moves_in_a_circle_is_given_up(feed):
    feed.faults.extend(Reply(302, headers={"Location": "/secret.ics"}) for _ in range(9))
    assert "status 302" in failure(reader_of(feed)).sentence
    assert len(feed.asked) == 4


@pytest.mark.parametrize(
    ("reply", "sentence", "may_pass"),
    [
        (
            Reply(401),
            "The address asks for a password. Use the calendar's secret feed address instead.",
            False,
        ),
        (Reply(403), "The address does not let us read this calendar. Check its sharing.", False),
        (Reply(404), "The address has no such calendar. Check the address, or choose another one.", False),
        (Reply(410), "The address has no such calendar. Check the address, or choose another one.", False),
        (Reply(429), "The address asks us to wait before the next try.", True),
        (Reply(500), "The address has a fault of its own at the moment.", True),
        (
            Reply(body=b"<html>Log in</html>", kind="text/html; charset=utf-8"),
            "The address shows a web page, not a calendar. Copy the address of the calendar's iCal feed.",
            False,
        ),
        (
            Reply(body=b"<html>Log in</html>", kind="text/calendar"),
            "This is not a calendar; check that the address or the file is the right one.",
            False,
        ),
        (
            Reply(body=b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VALARM\r\n" * 50, kind="text/calendar"),
            "The calendar nests its entries too deeply to be read.",
            False,
        ),
        (Reply(body=b"x" * 2_100_000, kind="text/calendar"), "127.0.0.1 answers with more than 2 MB.", False),
        (
            Reply(body=b"x", headers={"Content-Encoding": "gzip"}),
            "127.0.0.1 answers in a packed form that was not asked for.",
            False,
        ),
        (
            Reply(body=b"BEGIN:VCALENDAR", promises=900),
            "127.0.0.1 breaks off in the middle of its answer.",
            True,
        ),
        (Reply(waits=3.0), "127.0.0.1 takes too long to answer.", True),
        (Reply(body=b"BEGIN:VCALENDAR\r\n" * 10, drips=0.05), "127.0.0.1 takes too long to answer.", True),
    ],
)
def test_a_feed_that_cannot_be_read_is_never_free(feed, reply, sentence, may_pass):
    feed.faults.append(reply)
    error = failure(reader_of(feed, seconds=1.0))
    assert (error.sentence, error.may_pass) == (sentence, may_pass)


def test_the_wait_may_be_a_date_by_the_servers_clock(feed):
    dates = {"Date": "Mon, 02 Mar 2026 09:00:00 GMT", "Retry-After": "Mon, 02 Mar 2026 09:02:00 GMT"}
    feed.faults.append(Reply(503, headers=dates))
    error = failure(reader_of(feed))
    assert (error.may_pass, error.retry_after_seconds) == (True, 120)


def test_what_could_not_be_read_is_told(feed):
    feed.text = MEETING[:-20]
    assert reader_of(feed).read(**WINDOW).unreadable == (
        "The calendar breaks off or is damaged, so entries may be missing.",
    )
