"""The checker can say no: good messages are spoilt one way at a time, and each is caught for its own reason."""

import uuid
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from interviews.calendars import itip
from outbox import messages
from tests.interviews.calendars.itip_meetings import ADA, BEN, CLEO, HOUR, NOON, asked, meeting
from tests.interviews.calendars.itip_rules import Sent, check_mail, check_object, check_sent

REQUEST = itip.request(meeting(sequence=1))
UMLAUTS = itip.request(meeting(description="ü" * 60))
UNINVITE = itip.cancel(meeting(sequence=2), only=[BEN.address])
CANCEL = itip.cancel(meeting(sequence=2))
PUBLISH = itip.publish([meeting()], name="Ada", busy_only=False)


def without(data: bytes, name: str) -> bytes:
    """The object without these lines."""
    lines = data.replace(b"\r\n ", b"").split(b"\r\n")
    return folded([line for line in lines if not line.startswith(name.encode())])


def put(data: bytes, old: str, new: str) -> bytes:
    """The object with other words in one place."""
    data = data.replace(b"\r\n ", b"")
    assert old.encode() in data, old
    return folded(data.replace(old.encode(), new.encode(), 1).split(b"\r\n"))


def folded(lines: list[bytes]) -> bytes:
    return b"\r\n".join(
        b"\r\n ".join(line[at : at + 70] for at in range(0, len(line), 70) or [0]) for line in lines
    )


def test_good_messages_pass():
    for data in (REQUEST, UMLAUTS, UNINVITE, CANCEL, PUBLISH):
        assert check_object(data) == []
    assert check_object(put(REQUEST, "Turing", "Hopper")) == []


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        # the lines
        (REQUEST.replace(b"\r\n", b"\n"), "RFC 5545 3.1: lines end with CRLF"),
        (REQUEST.rstrip(), "RFC 5545 3.1: the last line"),
        (REQUEST.replace(b"\r\n ", b""), "folded at 75"),
        (UMLAUTS.replace("ü\r\n ü".encode(), b"\xc3\r\n \xbc" + "ü".encode(), 1), "no character is torn"),
        (put(REQUEST, "SUMMARY:", "SUMMARY:\u2028"), "could take for a line break"),
        (put(REQUEST, "SUMMARY:", "SUMMARY:\x07"), "no control characters"),
        (put(REQUEST, "SUMMARY:", "\r\nSUMMARY:"), "no empty lines"),
        (put(REQUEST, "SUMMARY:", "SUMMARY "), "not a content line"),
        (put(REQUEST, 'CN="Ada"', 'CN="Ada" "A"'), "not a content line"),
        (put(REQUEST, "Room Turing", "Room; Turing"), "RFC 5545 3.3.11"),
        (put(REQUEST, "Room Turing", "Room \\Turing"), "RFC 5545 3.3.11"),
        (put(REQUEST, 'CN="Ada"', 'CN="Ad^a"'), "RFC 6868"),
        # the object
        (put(REQUEST, "END:VEVENT", "END:VTODO"), "closes nothing"),
        (put(REQUEST, "END:VCALENDAR\r\n", ""), "never closed"),
        (REQUEST + REQUEST, "exactly one VCALENDAR"),
        (without(REQUEST, "PRODID"), "exactly one PRODID"),
        (put(REQUEST, "VERSION:2.0", "VERSION:1.0"), "RFC 5545 3.7.4"),
        (without(REQUEST, "METHOD"), "RFC 5546 1.4: one METHOD"),
        (put(REQUEST, "METHOD:REQUEST", "METHOD:REQUEST\r\nMETHOD:CANCEL"), "RFC 5546 1.4: one METHOD"),
        (put(REQUEST, "BEGIN:VEVENT", "BEGIN:VEVENT\r\nMETHOD:REQUEST"), "RFC 5545 3.7.2"),
        (put(REQUEST, "METHOD:REQUEST", "METHOD:REFRESH"), "the METHOD is one that we know"),
        (without(REQUEST, "METHOD").split(b"BEGIN:VTIMEZONE")[0] + b"END:VCALENDAR\r\n", "has a component"),
        # what each method needs and forbids
        (without(REQUEST, "ATTENDEE"), "RFC 5546 3.2.2: a REQUEST has ATTENDEE"),
        (without(REQUEST, "ORGANIZER"), "RFC 5546 3.2.2: a REQUEST has ORGANIZER"),
        (without(REQUEST, "SUMMARY"), "RFC 5546 3.2.2: a REQUEST has SUMMARY"),
        (without(REQUEST, "DTSTAMP"), "RFC 5546 3.2.2: a REQUEST has DTSTAMP"),
        (without(REQUEST, "UID"), "RFC 5546 3.2.2: a REQUEST has UID"),
        (put(REQUEST, "STATUS:CONFIRMED", "STATUS:CANCELLED"), "RFC 5546 3.2.2: STATUS in a REQUEST"),
        (put(CANCEL, "STATUS:CANCELLED", "STATUS:CONFIRMED"), "RFC 5546 3.2.5: STATUS in a CANCEL"),
        (without(CANCEL, "SEQUENCE"), "RFC 5546 3.2.5: a CANCEL has SEQUENCE"),
        (put(CANCEL, "END:VEVENT", "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT"), "no VALARM"),
        (put(PUBLISH, "END:VEVENT", "ATTENDEE:mailto:ada@example.com\r\nEND:VEVENT"), "RFC 5546 3.2.1"),
        (put(REQUEST, "END:VEVENT", "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT"), "about one meeting"),
        (put(REQUEST, "STATUS:CONFIRMED", "STATUS:CONFIRMED\r\nSTATUS:CONFIRMED"), "STATUS at most once"),
        # the values
        (put(REQUEST, "DTSTAMP:20261123T120000Z", "DTSTAMP:20261123T120000"), "RFC 5545 3.8.7.2"),
        (put(REQUEST, "SEQUENCE:1", "SEQUENCE:1.5"), "RFC 5545 3.8.7.4"),
        (put(REQUEST, "UID:5f0c", "UID:ada@example.com"), "RFC 7986 5.3"),
        (put(REQUEST, "DTEND;TZID=Europe/Berlin:20261201T11", "DTEND;TZID=Europe/Berlin:20261201T09"), "ends after"),
        (put(REQUEST, ";TZID=Europe/Berlin", ""), "never floating"),
        (put(REQUEST, "20261201T100000", "20261201T100000Z"), "is a local time"),
        (put(REQUEST, "URL:https://", "URL:"), "RFC 5545 3.3.13"),
        (put(REQUEST, "mailto:talent@example.com", "talent@example.com"), "RFC 6047 2.3"),
        (put(REQUEST, "RSVP=TRUE", "RSVP=YES"), "RSVP is one of"),
        (put(REQUEST, "mailto:ben@", "mailto:ada@"), "nobody is listed twice"),
        # the time zone
        (put(REQUEST, "TZID:Europe/Berlin", "TZID:Berlin"), "a zone without a VTIMEZONE"),
        (without(REQUEST, "RRULE"), "a yearly rule for each change"),
        (put(REQUEST, "BYDAY=-1SU", "BYDAY=SU"), "MS-OXCICAL"),
        (put(REQUEST, "DTSTART:19700329T020000", "DTSTART:19700330T020000"), "the first time the rule names"),
        (put(REQUEST, "DTSTART:19700329T020000", "DTSTART:20260329T020000"), "ours in 1970"),
        (put(REQUEST, "TZOFFSETTO:+0200", "TZOFFSETTO:200"), "RFC 5545 3.3.14"),
        (put(REQUEST, "TZOFFSETTO:+0200", "TZOFFSETTO:+0200\r\nTZOFFSETTO:+0200"), "exactly one TZOFFSETTO"),
    ],
)  # fmt: skip
def test_a_spoilt_object_is_caught(spoilt, rule):
    broken = check_object(spoilt)

    assert any(rule in sentence for sentence in broken), broken


def mail(change=lambda message: None, *, ics: bytes = REQUEST):
    message = message_from_bytes(
        messages.compose(
            message_id=uuid.UUID(int=1),
            to="ada@example.com",
            subject="Interview",
            text="Hello",
            html="<p>Hello</p>",
            calendar=ics,
            at=NOON,
        ),
        policy=default,
    )
    message.replace_header("From", "Talent <talent@example.com>")
    change(message)
    return message_from_bytes(message.as_bytes(), policy=default)


def part(message, content_type):
    return next(part for part in message.walk() if part.get_content_type() == content_type)


def test_a_good_mail_passes():
    assert check_mail(mail()) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda message: part(message, "text/calendar").set_param("method", "CANCEL"), "the METHOD inside"),
        (lambda message: part(message, "text/calendar").del_param("method"), "the METHOD inside"),
        (lambda message: part(message, "text/calendar").set_param("charset", "latin-1"), "is UTF-8"),
        (lambda message: part(message, "text/calendar").set_type("application/ics"), "exactly one part"),
        (lambda message: part(message, "multipart/alternative").set_type("multipart/mixed"), "last alternative"),
        (lambda message: part(message, "multipart/alternative").get_payload().reverse(), "last alternative"),
        (lambda message: part(message, "text/plain").set_type("text/html"), "is plain text"),
        (lambda message: part(message, "application/ics").replace_header("Content-Disposition", "inline"), "invite.ics"),
        (lambda message: part(message, "application/ics").set_payload("QUJD"), "the file is the object"),
        (lambda message: message.replace_header("From", "ada@example.com"), "RFC 6047 2.2.1"),
    ],
)  # fmt: skip
def test_a_spoilt_mail_is_caught(change, rule):
    broken = check_mail(mail(change))

    assert any(rule in sentence for sentence in broken), broken


# A life to spoil: Ada and Ben are asked, it moves, Cleo sits in for Ben, new notes, all is off.
FIRST = meeting(description="")
MOVED = itip.revise(FIRST, replace(FIRST, starts_at=FIRST.starts_at - HOUR), at=NOON + HOUR)
SWAPPED = itip.revise(MOVED, replace(MOVED, attendees=asked(ADA, CLEO)), at=NOON + 2 * HOUR)
NOTED = itip.revise(SWAPPED, replace(SWAPPED, description="New"), at=NOON + 3 * HOUR)
OFF = itip.revise(NOTED, replace(NOTED, status="CANCELLED"), at=NOON + 4 * HOUR)


def life(*versions) -> list[Sent]:
    sent, old = [], None
    for new in versions:
        sent += [Sent(letter.to, letter.calendar) for letter in itip.letters(old, new)]
        old = new
    return sent


WHOLE = life(FIRST, MOVED, SWAPPED, NOTED, OFF)


def test_a_good_life_passes():
    assert len(WHOLE) == 2 + 2 + 3 + 2 + 2
    assert check_sent(WHOLE) == []
    assert check_sent([*WHOLE, *WHOLE]) == []  # everything delivered twice


def request(version, **changes) -> bytes:
    return itip.request(replace(version, **changes))


def to(person, data, **more) -> Sent:
    return Sent(person.address, data, **more)


@pytest.mark.parametrize(
    ("sent", "rule"),
    [
        # SEQUENCE
        (life(FIRST, replace(MOVED, sequence=0)), "RFC 5546 2.1.4: SEQUENCE rises when"),
        (life(FIRST, replace(FIRST, sequence=0, location="Elsewhere", stamped_at=NOON + HOUR)), "SEQUENCE rises when"),
        (life(FIRST, replace(FIRST, sequence=1, description="New", stamped_at=NOON + HOUR)), "SEQUENCE rises only when"),
        (life(FIRST, replace(MOVED, sequence=2)), "rises by one"),
        (life(FIRST, MOVED, replace(NOTED, attendees=MOVED.attendees, sequence=0)), "never falls"),
        (life(FIRST, MOVED, replace(SWAPPED, sequence=1)), "a CANCEL to ben@example.com raises SEQUENCE"),
        (life(FIRST, replace(FIRST, status="CANCELLED", stamped_at=NOON + HOUR)), "raises SEQUENCE"),
        # DTSTAMP
        (life(FIRST, replace(MOVED, stamped_at=NOON)), "DTSTAMP to ada@example.com rises"),
        (life(FIRST, replace(FIRST, description="New", stamped_at=NOON - HOUR)), "DTSTAMP to ada@example.com rises"),
        (life(FIRST, replace(FIRST, description="New")), "always the same bytes"),
        ([to(ADA, request(FIRST)), to(BEN, request(FIRST, location="Elsewhere"))], "the same time and place"),
        # UID
        ([*life(FIRST), to(ADA, request(FIRST), audience="candidate")][1:], "never share a UID"),
        ([to(ADA, request(FIRST)), to(ADA, request(MOVED, uid="another"))], "does not have the newest version"),
        (life(FIRST, replace(MOVED, organizer=CLEO)), "the organizer of a meeting stays"),
        # who gets what
        ([*life(FIRST), to(CLEO, request(FIRST))], "is an ATTENDEE in it (cleo@example.com)"),
        ([*life(FIRST), to(CLEO, itip.cancel(replace(SWAPPED, sequence=1)))], "of what was never sent"),
        ([*life(FIRST, MOVED, SWAPPED), to(BEN, itip.cancel(OFF, only=[ADA.address]))], "is an ATTENDEE in it (ben"),
        ([message for message in WHOLE if b"METHOD:CANCEL" not in message.data], "is no longer asked and was not told"),
        ([message for message in WHOLE[:-2] if message.to != CLEO.address], "cleo@example.com does not have the newest"),
        (WHOLE[:3], "ben@example.com does not have the newest"),
        (WHOLE[:-1], "cleo@example.com is left with a meeting that was cancelled"),
        (
            [*life(FIRST, MOVED, SWAPPED), to(BEN, itip.cancel(replace(MOVED, sequence=3, stamped_at=OFF.stamped_at)))],
            "already told not to come",
        ),
        # the end
        ([*WHOLE, to(ADA, request(NOTED, sequence=4, stamped_at=NOON + 9 * HOUR))], "nothing is sent about a meeting"),
        ([*WHOLE, to(ADA, itip.cancel(replace(OFF, sequence=4, stamped_at=NOON + 9 * HOUR)))], "nothing is sent about"),
        # each alone
        ([to(ADA, put(request(FIRST), "STATUS:CONFIRMED", "STATUS:CANCELLED"))], "STATUS in a REQUEST"),
        ([to(ADA, PUBLISH)], "is not mailed to attendees"),
    ],
)  # fmt: skip
def test_a_spoilt_life_is_caught(sent, rule):
    broken = check_sent(sent)

    assert any(rule in sentence for sentence in broken), broken


def test_a_life_that_is_not_over_may_leave_somebody_behind():
    assert check_sent(WHOLE[:3]) != []
    assert check_sent(WHOLE[:3], is_complete=False) == []
