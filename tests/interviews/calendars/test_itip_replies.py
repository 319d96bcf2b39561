"""Answers as the programs of the world write them, with made-up people."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviews.calendars import itip, itip_replies
from interviews.calendars.itip_replies import NotAReply, Reply, read_reply
from tests.interviews.calendars.itip_meetings import NOON, meeting

UID = "5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001"


def utc(*when: int) -> dt.datetime:
    return dt.datetime(*when, tzinfo=dt.UTC)


def file(text: str) -> bytes:
    return text.strip().replace("\n", "\r\n").encode() + b"\r\n"


GOOGLE = """
BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
DTSTART:20261201T090000Z
DTEND:20261201T100000Z
DTSTAMP:20261124T081502Z
ORGANIZER;CN=Talent at Example:mailto:talent@example.com
UID:5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=DECLINED;CN=ada@ex
 ample.com;X-NUM-GUESTS=0;X-RESPONSE-COMMENT="I am on holiday; ask Ben":mai
 lto:ada@example.com
CREATED:20261123T120000Z
DESCRIPTION:Kit and scorecard
LAST-MODIFIED:20261124T081500Z
LOCATION:Room Turing
SEQUENCE:2
STATUS:CONFIRMED
SUMMARY:System design with Grace
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
"""
EXCHANGE = """
BEGIN:VCALENDAR
METHOD:REPLY
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ATTENDEE;PARTSTAT=ACCEPTED;CN="Lovelace, Ada":MAILTO:Ada@Example.com
COMMENT;LANGUAGE=en-US:Fine with me\\, thanks.\\nAda\\n
UID:5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001
SUMMARY;LANGUAGE=en-US:Accepted: System design with Grace
DTSTART;TZID=W. Europe Standard Time:20261201T100000
DTEND;TZID=W. Europe Standard Time:20261201T110000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20261124T081502Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:1
X-MICROSOFT-CDO-APPT-SEQUENCE:1
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
BEGIN:VALARM
DESCRIPTION:REMINDER
TRIGGER;RELATED=START:-PT15M
ACTION:DISPLAY
ATTENDEE;PARTSTAT=DECLINED:mailto:nobody@example.com
END:VALARM
END:VEVENT
END:VCALENDAR
"""
APPLE = """
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Apple Inc.//macOS 16.1//EN
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
UID:5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001
DTSTAMP:20261124T081502Z
ORGANIZER;CN="Talent at Example";EMAIL="talent@example.com":mailto:talent@example.com
ATTENDEE;CN="Ada Lovelace";CUTYPE=INDIVIDUAL;EMAIL="ada@example.com";PARTSTAT=TENTATIVE:urn:uuid:0a1b2c
REQUEST-STATUS:2.0;Success
SEQUENCE:0
END:VEVENT
END:VCALENDAR
"""
# Everybody is listed, and lines are folded in the middle of a character.
NEXTCLOUD = """
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Sabre//Sabre VObject 4.5.6//EN
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
UID:5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001
DTSTAMP:20261124T081502Z
DTSTART;TZID=Europe/Berlin:20261201T100000
ORGANIZER;CN=Talent:mailto:talent@example.com
ATTENDEE;CN=Talent;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:talent@example.com
ATTENDEE;PARTSTAT=NEEDS-ACTION;CN=Ben:mailto:ben@example.com
ATTENDEE;PARTSTAT=ACCEPTED;CN=Ada;SCHEDULE-STATUS=1.1:mailto:ada%2Bwork@example.com
COMMENT:Bis dann\\, Grüße
END:VEVENT
END:VCALENDAR
"""
# A phone that knows neither CRLF nor capitals, and no SEQUENCE.
SLOPPY = """begin:vcalendar
method:reply
begin:vevent
uid:5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001
dtstamp:20261124T081502
this line is none
attendee;partstat=accepted:ada@example.com
end:vevent
end:vcalendar"""


@pytest.mark.parametrize(
    ("data", "sequence", "attendee", "partstat", "comment"),
    [
        (file(GOOGLE), 2, "ada@example.com", "DECLINED", "I am on holiday; ask Ben"),
        (file(EXCHANGE), 1, "ada@example.com", "ACCEPTED", "Fine with me, thanks.\nAda"),
        (file(APPLE), 0, "ada@example.com", "TENTATIVE", ""),
        (
            file(NEXTCLOUD).replace("ü".encode(), b"\xc3\r\n \xbc"),
            0,
            "ada+work@example.com",
            "ACCEPTED",
            "Bis dann, Grüße",
        ),
        (SLOPPY.encode(), 0, "ada@example.com", "ACCEPTED", ""),
        (b"\xef\xbb\xbf" + SLOPPY.encode(), 0, "ada@example.com", "ACCEPTED", ""),
        (file(GOOGLE) + file(EXCHANGE), 2, "ada@example.com", "DECLINED", "I am on holiday; ask Ben"),
    ],
    ids=["Google", "Exchange", "Apple", "Nextcloud", "sloppy", "byte order mark", "two calendars"],
)
def test_an_answer_is_read_whoever_wrote_it(data, sequence, attendee, partstat, comment):
    assert read_reply(data) == Reply(
        UID, sequence, utc(2026, 11, 24, 8, 15, 2), attendee, partstat, comment, proposes=None
    )


COUNTER = """
BEGIN:VCALENDAR
METHOD:COUNTER
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VEVENT
ORGANIZER;CN=Talent:mailto:talent@example.com
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=TENTATIVE;CN=Ada:mailto:ada@example.com
COMMENT;LANGUAGE=en-US:Could we do this?\\n
UID:5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001
DTSTART;TZID=W. Europe Standard Time:20261202T140000
DTEND;TZID=W. Europe Standard Time:20261202T150000
DTSTAMP:20261124T081502Z
SEQUENCE:1
X-MS-OLK-ORIGINALSTART;TZID=W. Europe Standard Time:20261201T100000
END:VEVENT
END:VCALENDAR
"""
PROPOSED = (utc(2026, 12, 2, 13), utc(2026, 12, 2, 14))


def test_another_time_that_somebody_asks_for_is_read():
    assert read_reply(file(COUNTER)) == Reply(
        UID, 1, utc(2026, 11, 24, 8, 15, 2), "ada@example.com", "TENTATIVE", "Could we do this?", PROPOSED
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("DTSTART:20261202T130000Z", "DTEND:20261202T140000Z"),
        ("DTSTART;TZID=Europe/Berlin:20261202T140000", "DTEND:20261202T140000Z"),
        ('DTSTART;TZID="America/New_York":20261202T080000', "DURATION:PT1H"),
        ("DTSTART;TZID=/a.vendor.example/20260101_1/Europe/Berlin:20261202T140000", "DURATION:PT60M"),
        ("DTSTART;TZID=India Standard Time:20261202T183000", "DTEND:20261202T140000Z"),
        ("DTSTART;TZID=tzone://Microsoft/Utc:20261202T130000", "DURATION:PT3600S"),
    ],
)
def test_the_time_is_understood_in_whatever_zone(start, end):
    text = COUNTER.replace("DTSTART;TZID=W. Europe Standard Time:20261202T140000", start)
    text = text.replace("DTEND;TZID=W. Europe Standard Time:20261202T150000", end)

    assert read_reply(file(text)).proposes == PROPOSED


def test_a_counter_that_says_nothing_but_a_time_is_a_maybe():
    for silent in ("PARTSTAT=NEEDS-ACTION;", ""):
        assert read_reply(file(COUNTER.replace("PARTSTAT=TENTATIVE;", silent))).partstat == "TENTATIVE"
    assert read_reply(file(COUNTER.replace("=TENTATIVE", "=DECLINED"))).partstat == "DECLINED"


CROWD = COUNTER.replace(
    "COMMENT",
    "ATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:talent@example.com\n"
    'ATTENDEE;PARTSTAT=ACCEPTED;SENT-BY="mailto:office@example.com":mailto:ben@example.com\n'
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:cleo@example.com\nCOMMENT",
)


@pytest.mark.parametrize(
    ("sender", "who"),
    [
        ("Ben@example.com", "ben@example.com"),
        ("office@example.com", "ben@example.com"),
        ("cleo@example.com", "cleo@example.com"),
    ],
)
def test_of_many_who_are_listed_the_sender_answers(sender, who):
    assert read_reply(file(CROWD), sender=sender).attendee == who


@pytest.mark.parametrize("sender", [None, "", "somebody@example.com"])
def test_of_many_who_are_listed_nobody_is_guessed(sender):
    with pytest.raises(NotAReply, match="does not say who gives it"):
        read_reply(file(CROWD), sender=sender)


def test_of_many_who_are_listed_the_only_one_with_an_answer_gave_it():
    text = CROWD.replace("PARTSTAT=ACCEPTED;SENT-BY", "PARTSTAT=NEEDS-ACTION;SENT-BY")

    assert read_reply(file(text)).attendee == "ada@example.com"


def test_the_answer_to_our_own_invitation_finds_its_version():
    sent = meeting(sequence=3)
    answer = (
        itip.request(sent)
        .replace(b"METHOD:REQUEST", b"METHOD:REPLY")
        .replace(b"NEEDS-ACTION", b"ACCEPTED", 1)
    )

    reply = read_reply(answer, sender="ada@example.com")

    assert (reply.uid, reply.sequence, reply.attendee, reply.partstat) == (
        UID,
        3,
        "ada@example.com",
        "ACCEPTED",
    )
    # Given before the meeting was moved: it is an answer to what no longer is.
    assert itip.supersedes(meeting(sequence=4), reply)
    assert not itip.supersedes(meeting(sequence=3, stamped_at=NOON), reply)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("METHOD:COUNTER", "METHOD:REQUEST"), "does not answer an invitation"),
        (("METHOD:COUNTER\n", ""), "does not answer an invitation"),
        (("BEGIN:VEVENT", "METHOD:COUNTER\nBEGIN:VTODO"), "is damaged"),
        (("END:VCALENDAR", ""), "is damaged"),
        (("BEGIN:VCALENDAR", ""), "is damaged"),
        (("END:VEVENT", "END:VEVENT\nBEGIN:VEVENT\nUID:b\nEND:VEVENT"), "one single meeting"),
        (("SEQUENCE:1", "SEQUENCE:1\nRECURRENCE-ID:20261201T090000Z"), "one single meeting"),
        ((f"UID:{UID}\n", ""), "which invitation it is about"),
        ((f"UID:{UID}\n", "UID: \n"), "which invitation it is about"),
        (("SEQUENCE:1", "SEQUENCE:-1"), "which invitation it is about"),
        (("SEQUENCE:1", "SEQUENCE:" + "9" * 5000), "which invitation it is about"),
        (("DTSTAMP:20261124T081502Z\n", ""), "which invitation it is about"),
        (("DTSTAMP:20261124T081502Z", "DTSTAMP:20261324T081502Z"), "a time that does not exist"),
        (("mailto:ada@example.com", "invalid:nomail"), "does not say who gives it"),
        (("mailto:ada@example.com", "mailto:ada@example.com%0ABcc:x@example.com"), "does not say who gives it"),
        (("PARTSTAT=TENTATIVE", "PARTSTAT=DELEGATED"), "passed on to somebody else"),
        (("PARTSTAT=TENTATIVE", "PARTSTAT=X-PERHAPS"), "neither yes, no nor maybe"),
        (("DTSTART;TZID=W. Europe Standard Time:20261202T140000\n", ""), "does not say which"),
        (("DTEND;TZID=W. Europe Standard Time:20261202T150000\n", ""), "does not say until when"),
        (("20261202T150000", "20261202T140000"), "does not say until when"),
        (("20261202T150000", "20261232T150000"), "a time that does not exist"),
        (("TZID=W. Europe Standard Time:20261202T14", "TZID=Customized Time Zone:20261202T14"), "we do not know"),
        (("DTSTART;TZID=W. Europe Standard Time:", "DTSTART:"), "we do not know"),
        (("W. Europe Standard Time:20261202T140000", "../../etc/passwd:20261202T140000"), "we do not know"),
        (("DTSTART;TZID=W. Europe Standard Time:20261202T140000", "DTSTART;VALUE=DATE:20261202"), "a day and not"),
    ],
)  # fmt: skip
def test_what_is_no_clear_answer_is_left_to_a_person(change, sentence):
    text = COUNTER.replace(*change)
    assert text != COUNTER

    with pytest.raises(NotAReply, match=sentence) as no:
        read_reply(file(text))

    assert str(no.value).endswith(".")


def test_a_reply_without_an_answer_is_none():
    with pytest.raises(NotAReply, match="neither yes, no nor maybe"):
        read_reply(file(GOOGLE.replace("PARTSTAT=DECLINED", "PARTSTAT=NEEDS-ACTION")))


def test_a_file_that_is_too_large_is_not_looked_at():
    huge = file(GOOGLE.replace("SEQUENCE", f"X-PAD:{'x' * itip_replies.MAX_BYTES}\nSEQUENCE"))

    with pytest.raises(NotAReply, match="too large"):
        read_reply(huge)


def test_a_comment_is_cut_and_has_no_control_characters():
    long = file(EXCHANGE.replace("Fine with me", "\x00\x1b" + "x" * 5000))

    assert read_reply(long).comment == "x" * itip_replies.MAX_COMMENT


@pytest.mark.parametrize(
    "hostile",
    [
        b"BEGIN:VCALENDAR\r\n" * 5800,
        b"BEGIN:VCALENDAR\r\n" + b";X=" * 30_000,
        b"BEGIN:VCALENDAR\r\nATTENDEE" + b';A="b"' * 15_000 + b'"',
        b"BEGIN:VCALENDAR\r\nATTENDEE;A=" + b'"' * 90_000,
        b"BEGIN:VCALENDAR\r\n" + b"\r\n " * 30_000,
        file(
            COUNTER.replace("PARTSTAT=TENTATIVE;", "").replace(
                "COMMENT", "ATTENDEE:mailto:a@b\n" * 4000 + "COMMENT"
            )
        ),
        file(
            COUNTER.replace("TZID=W. Europe Standard Time:20261202T14", f"TZID={'/a' * 45_000}:20261202T14")
        ),
        file(
            COUNTER.replace("TZID=W. Europe Standard Time:20261202T14", f"TZID=Europe{'/a' * 40}:20261202T14")
        ),
    ],
)
def test_hostile_files_are_refused_quickly(hostile):
    assert len(hostile) <= itip_replies.MAX_BYTES
    before = dt.datetime.now(dt.UTC)

    with pytest.raises(NotAReply):
        read_reply(hostile)

    assert dt.datetime.now(dt.UTC) - before < dt.timedelta(seconds=3)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([GOOGLE, EXCHANGE, NEXTCLOUD, COUNTER]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 5), st.binary(max_size=6)), max_size=4),
)
def test_damaged_answers_are_read_or_refused_and_nothing_else(text, damages):
    data = file(text)
    for position, length, put in damages:
        data = data[:position] + put + data[position + length :]
    try:
        reply = read_reply(data)
    except NotAReply as no:
        assert str(no).endswith(".")
    else:
        assert reply.stamped_at.tzinfo is dt.UTC
        assert "\x00" not in reply.uid + reply.comment + reply.attendee
