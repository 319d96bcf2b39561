"""What the calendar messages say, and what no text in them can do."""

import datetime as dt
import re
from dataclasses import replace

import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from interviews.calendars import itip
from interviews.calendars.itip import Attendee, Mailbox
from tests.interviews.calendars.itip_meetings import ADA, BEN, CLEO, HOUR, NINE, NOON, TALENT, asked, meeting
from tests.interviews.calendars.itip_rules import check_object, parse


def read(data: bytes) -> tuple[icalendar.Calendar, list[icalendar.Event]]:
    calendar = icalendar.Calendar.from_ical(data)
    return calendar, calendar.walk("VEVENT")


def test_an_invitation_is_these_bytes():
    data = itip.request(
        meeting(attendees=(Attendee(ADA, "CHAIR", "ACCEPTED", rsvp=False), Attendee(BEN, "OPT")))
    )

    assert data.decode().replace("\r\n", "\n") == (
        """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Loopwright//Interviews//EN
CALSCALE:GREGORIAN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001
DTSTAMP:20261123T120000Z
SEQUENCE:0
DTSTART;TZID=Europe/Berlin:20261201T100000
DTEND;TZID=Europe/Berlin:20261201T110000
SUMMARY:System design with Grace
DESCRIPTION:Kit and scorecard: https://hire.example.com/kit/1\\nBring the ru
 bric\\, please.
LOCATION:Room Turing
URL:https://meet.example.com/grace
STATUS:CONFIRMED
TRANSP:OPAQUE
ORGANIZER;CN="Talent at Example":mailto:talent@example.com
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=CHAIR;PARTSTAT=ACCEPTED;RSVP=FALSE;CN="Ada"
 :mailto:ada@example.com
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=
 TRUE;CN="Ben":mailto:ben@example.com
END:VEVENT
END:VCALENDAR
"""
    )
    assert check_object(data) == []


def test_the_same_meeting_makes_the_same_bytes_whatever_clock_it_came_from():
    here = dt.timezone(dt.timedelta(hours=5, minutes=30))
    told_elsewhere = meeting(
        stamped_at=NOON.astimezone(here) + dt.timedelta(microseconds=7),
        starts_at=NINE.astimezone(here),
        ends_at=(NINE + HOUR).astimezone(here),
    )

    assert told_elsewhere == meeting()
    assert itip.request(told_elsewhere) == itip.request(meeting())


def test_a_cancelled_meeting_is_cancelled_for_everybody_and_tells_no_notes():
    data = itip.cancel(meeting(sequence=1, status="CANCELLED"))

    assert check_object(data) == []
    calendar, (event,) = read(data)
    assert calendar["METHOD"] == "CANCEL"
    assert event["STATUS"] == "CANCELLED"
    assert event["SEQUENCE"] == 1
    assert event["ATTENDEE"] == ["mailto:ada@example.com", "mailto:ben@example.com"]
    assert {"DESCRIPTION", "LOCATION", "URL"}.isdisjoint(event)


def test_who_is_no_longer_asked_is_told_so_alone_and_the_meeting_stands():
    data = itip.cancel(meeting(sequence=1), only=["BEN@example.com"])

    assert check_object(data) == []
    calendar, (event,) = read(data)
    assert calendar["METHOD"] == "CANCEL"
    assert "STATUS" not in event
    assert event["ATTENDEE"] == "mailto:ben@example.com"
    assert b"ada@" not in data


def test_a_feed_lists_meetings_by_time_without_the_people_asked():
    later = meeting(uid="b", starts_at=NINE + HOUR, ends_at=NINE + 2 * HOUR, zone="America/New_York")

    data = itip.publish([later, meeting(uid="a")], name="Ada, interviews", busy_only=False)

    assert data == itip.publish([meeting(uid="a"), later], name="Ada, interviews", busy_only=False)
    assert check_object(data) == []
    calendar, events = read(data)
    assert calendar["METHOD"] == "PUBLISH"
    assert b"\r\nNAME:Ada\\, interviews\r\nX-WR-CALNAME:Ada\\, interviews\r\n" in data
    assert [event["UID"] for event in events] == ["a", "b"]
    assert [str(event["SUMMARY"]) for event in events] == ["System design with Grace"] * 2
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["America/New_York", "Europe/Berlin"]
    assert all("ATTENDEE" not in event for event in events)


def test_a_busy_only_feed_tells_times_and_nothing_else():
    data = itip.publish([meeting()], name="Ada", busy_only=True)

    assert check_object(data) == []
    _, (event,) = read(data)
    assert {name: str(event[name]) for name in event if not name.startswith("DT")} == {
        "UID": meeting().uid,
        "SEQUENCE": "0",
        "SUMMARY": "Busy",
        "STATUS": "CONFIRMED",
        "TRANSP": "OPAQUE",
        "ORGANIZER": "mailto:talent@example.com",
    }
    # It could have leaked each of these.
    for told in (b"Grace", b"kit", b"Turing", b"meet.example", b"Talent at"):
        assert told in itip.request(meeting())
        assert told.lower() not in data.lower()


def test_a_cancelled_meeting_in_a_feed_takes_no_time():
    data = itip.publish([meeting(status="CANCELLED")], name="Ada", busy_only=True)

    assert check_object(data) == []
    _, (event,) = read(data)
    assert (event["STATUS"], event["TRANSP"]) == ("CANCELLED", "TRANSPARENT")


def test_a_feed_without_meetings_is_still_a_calendar():
    data = itip.publish([], name="Ada", busy_only=True)

    assert check_object(data) == []
    calendar, events = read(data)
    assert events == []
    assert "METHOD" not in calendar
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Etc/UTC"]


@pytest.mark.parametrize(
    ("change", "raises"),
    [
        ({}, False),
        ({"starts_at": NINE - HOUR}, True),
        ({"ends_at": NINE + 2 * HOUR}, True),
        ({"status": "TENTATIVE"}, True),
        ({"status": "CANCELLED"}, True),
        ({"location": "Room Hopper"}, True),
        ({"url": "https://meet.example.com/other"}, True),
        ({"summary": "Coding"}, False),
        ({"description": ""}, False),
        ({"attendees": asked(ADA)}, False),
        ({"attendees": asked(ADA, BEN, CLEO)}, False),
        ({"attendees": (Attendee(ADA, "CHAIR", "DECLINED"), Attendee(BEN))}, False),
        ({"zone": "Europe/Paris"}, False),
        ({"stamped_at": NOON + HOUR}, False),
    ],
)
def test_sequence_rises_when_people_must_look_again(change, raises):
    assert itip.changes_sequence(meeting(), meeting(**change)) is raises


def test_the_newer_of_two_versions_has_the_higher_sequence_then_the_later_stamp():
    old, moved = meeting(sequence=1, stamped_at=NOON + HOUR), meeting(sequence=2)
    reworded = replace(moved, stamped_at=NOON + HOUR)

    assert itip.supersedes(moved, old) and not itip.supersedes(old, moved)
    assert itip.supersedes(reworded, moved) and not itip.supersedes(moved, reworded)
    assert not itip.supersedes(moved, moved)


@pytest.mark.parametrize(
    ("change", "sequence"),
    [
        ({"description": "New notes"}, 4),
        ({"attendees": asked(ADA, BEN, CLEO)}, 4),
        ({"attendees": asked(ADA, CLEO)}, 5),  # Ben gets a CANCEL, which must raise it
        ({"starts_at": NINE - HOUR}, 5),
        ({"starts_at": NINE - HOUR, "attendees": asked(CLEO)}, 5),
        ({"status": "CANCELLED"}, 5),
    ],
)
def test_a_revision_counts_its_version(change, sequence):
    revised = itip.revise(meeting(sequence=4), meeting(**change), at=NOON + HOUR)

    assert revised == meeting(sequence=sequence, stamped_at=NOON + HOUR, **change)


def test_two_revisions_within_a_second_have_different_stamps():
    first = itip.revise(meeting(), meeting(summary="A"), at=NOON + dt.timedelta(microseconds=1))
    second = itip.revise(first, meeting(summary="B"), at=NOON + dt.timedelta(microseconds=2))

    assert [first.stamped_at, second.stamped_at] == [NOON + dt.timedelta(seconds=n) for n in (1, 2)]


def told(old, new):
    return [(letter.to, letter.method) for letter in itip.letters(old, new)]


def test_letters_reach_everybody_whose_calendar_changes():
    first = meeting()
    swapped = itip.revise(first, meeting(attendees=asked(ADA, CLEO)), at=NOON + HOUR)
    off = itip.revise(swapped, replace(swapped, status="CANCELLED"), at=NOON + 2 * HOUR)

    assert told(None, first) == [(ADA.address, "REQUEST"), (BEN.address, "REQUEST")]
    assert told(first, swapped) == [
        (BEN.address, "CANCEL"),
        (ADA.address, "REQUEST"),
        (CLEO.address, "REQUEST"),
    ]
    assert told(swapped, off) == [(ADA.address, "CANCEL"), (CLEO.address, "CANCEL")]


def test_who_leaves_a_meeting_that_moves_is_told_of_the_time_they_know():
    moved = itip.revise(
        meeting(),
        meeting(starts_at=NINE + HOUR, ends_at=NINE + 2 * HOUR, attendees=asked(ADA)),
        at=NOON + HOUR,
    )

    void, _ = itip.letters(meeting(), moved)

    _, (event,) = read(void.calendar)
    assert event["DTSTART"].dt.astimezone(dt.UTC) == NINE
    assert event["SEQUENCE"] == 1


def test_a_meeting_that_everybody_left_stands_and_can_be_filled_again():
    empty = itip.revise(meeting(), meeting(attendees=()), at=NOON + HOUR)
    again = itip.revise(empty, meeting(attendees=asked(BEN)), at=NOON + 2 * HOUR)

    assert told(meeting(), empty) == [(ADA.address, "CANCEL"), (BEN.address, "CANCEL")]
    assert all(b"STATUS:" not in letter.calendar for letter in itip.letters(meeting(), empty))
    assert told(empty, again) == [(BEN.address, "REQUEST")]


def test_answers_alone_are_no_news():
    answered = meeting(attendees=(Attendee(ADA, partstat="ACCEPTED", rsvp=False), Attendee(BEN)))

    assert told(meeting(), itip.revise(meeting(), answered, at=NOON + HOUR)) == []


def test_what_cannot_be_sent_is_refused():
    for refused in (
        lambda: itip.request(meeting(status="CANCELLED")),
        lambda: itip.request(meeting(attendees=())),
        lambda: itip.cancel(meeting(), only=[CLEO.address]),
        lambda: itip.cancel(meeting(), only=[]),
        lambda: itip.revise(meeting(status="CANCELLED"), meeting(), at=NOON),
        lambda: itip.revise(meeting(), meeting(uid="another"), at=NOON),
        lambda: meeting(starts_at=NINE.replace(tzinfo=None)),
        lambda: meeting(ends_at=NINE),
        lambda: meeting(sequence=-1),
        lambda: meeting(attendees=asked(ADA, Mailbox("Ada again", "ADA@example.com"))),
        lambda: meeting(uid="a@example.com"),
        lambda: meeting(uid="a\r\nSUMMARY:b"),
        lambda: meeting(uid=""),
    ):
        with pytest.raises(ValueError, match=r"\.$"):
            refused()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@example.com, ben@example.com",
        "ada@example.com\r\nBcc: ben@example.com",
        "ada b@example.com",
        '"ada"@example.com',
        "Ada <ada@example.com>",
        "ada@exam ple.com",
        "ada@ben@example.com",
        "ada\u2028@example.com",
        "ada@exa\ud800mple.com",
        "ada@.example.com",
    ],
)
def test_an_address_is_one_plain_mailbox(address):
    with pytest.raises(ValueError):
        Mailbox("Ada", address)


def test_unusual_addresses_come_through():
    for address, uri in {
        "o'brien+jobs@example.com": "mailto:o'brien+jobs@example.com",
        "a&b=c/d%e?f#g@example.com": "mailto:a%26b%3Dc%2Fd%25e%3Ff%23g@example.com",
        "grüße@exämple.test": "mailto:gr%C3%BC%C3%9Fe@xn--exmple-cua.test",
    }.items():
        data = itip.request(meeting(attendees=asked(Mailbox("", address))))

        assert check_object(data) == []
        assert read(data)[1][0]["ATTENDEE"] == uri


@pytest.mark.parametrize("name", ["", " ", "\r\n", "\x00"])
def test_who_has_no_name_has_no_empty_one_either(name):
    data = itip.request(meeting(attendees=asked(Mailbox(name, "ada@example.com")), organizer=TALENT))

    assert data.count(b"CN=") == 1


def test_a_link_cannot_hold_what_no_uri_holds():
    data = itip.request(meeting(url='https://meet.example.com/a b"<ü>\r\nSTATUS:CANCELLED'))

    assert check_object(data) == []
    _, (event,) = read(data)
    assert event["URL"] == "https://meet.example.com/a%20b%22%3C%C3%BC%3E%0D%0ASTATUS:CANCELLED"
    assert event["STATUS"] == "CONFIRMED"


NASTY = "\r\nEND:VEVENT\nBEGIN:VALARM\rTRIGGER:-PT5M\u2028METHOD:CANCEL\x85STATUS:CANCELLED\x0bX:1"
anything = st.one_of(
    st.text(max_size=60),
    st.text("\r\n\t \\;,:\"'^n\u2028\x85\x00\x1b\ud800😀é\u200d", max_size=200),
    st.just(NASTY),
)


@settings(max_examples=60, deadline=None)
@example(NASTY, NASTY, NASTY, NASTY, NASTY)
@example("😀" * 40, "\\n\\;^n^'", "a\\", '"', "é" * 200)
@example('^n^^\'^ "Ada"', "^", "^", "^", "^")
@given(anything, anything, anything, anything, anything)
def test_no_text_gets_out_of_its_place(name, summary, description, location, url):
    said = meeting(
        summary=summary,
        description=description,
        location=location,
        url=url if url.startswith("https") else f"https://{url}",
        organizer=Mailbox(name, "talent@example.com"),
        attendees=asked(Mailbox(name, "ada@example.com"), BEN),
    )
    plain = replace(
        said, summary="x", description="", location="", organizer=TALENT, attendees=asked(ADA, BEN)
    )

    for data in (
        itip.request(said),
        itip.cancel(said),
        itip.cancel(said, only=["ada@example.com"]),
        itip.publish([said], name=name, busy_only=False),
    ):
        assert check_object(data) == []

    calendar, (event,) = read(itip.request(said))
    _, (expected,) = read(itip.request(plain))
    assert str(event["SUMMARY"]) == as_read(summary)
    assert str(event.get("DESCRIPTION", "")) == as_read(description)
    assert str(event.get("LOCATION", "")) == as_read(location)
    called = parse(itip.request(said)).blocks[-1].named("ATTENDEE")[0].params.get("CN", '""')
    assert re.fullmatch('"[^"]*"', called)
    decoded = re.sub(r"\^(['^])", lambda mark: '"' if mark[1] == "'" else "^", called[1:-1])
    assert decoded == " ".join(as_read(name).split())
    for told in ("UID", "STATUS", "SEQUENCE", "TRANSP"):
        assert event[told] == expected[told]
    assert len(event["ATTENDEE"]) == 2
    assert [component.name for component in calendar.walk()].count("VALARM") == 0


def as_read(text: str) -> str:
    """What a reader should get: the text with one kind of line break and without control characters."""
    for ending in ("\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"):
        text = text.replace(ending, "\n")
    controls = {*range(9), *range(14, 32), *range(127, 160), *range(0xD800, 0xE000)}
    return "".join(char for char in text if ord(char) not in controls)
