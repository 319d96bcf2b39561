"""Answers to invitations as calendar programs mail them (METHOD:REPLY and COUNTER), read with little trust.

Exchange, Google, Apple and Nextcloud differ in capitals, in whom they list as attendees, in where they put a
comment and in what they call a time zone. What does not say clearly who answers what is left to a person.
"""

import datetime as dt
import re
import urllib.parse
from dataclasses import dataclass
from typing import Literal

from interviews.calendars import clocks, itip_lines, values
from interviews.calendars.itip_lines import Component, Property

# A reply with the longest of time zones is 10 kB.
MAX_BYTES = 100_000
MAX_COMMENT = 2_000  # characters
MAX_ZONE_NAME = 100

Answer = Literal["ACCEPTED", "DECLINED", "TENTATIVE"]
_ANSWERS: dict[str, Answer] = {"ACCEPTED": "ACCEPTED", "DECLINED": "DECLINED", "TENTATIVE": "TENTATIVE"}


class NotAReply(Exception):
    """The bytes are no answer that we can act on; a sentence for the person who reads the mail instead."""


@dataclass(frozen=True)
class Reply:
    """What one person answered to one version of a meeting.

    `attendee` is their address in small letters, as the message states it. Anybody can write anything there:
    compare it with the sender of the mail before acting. `proposes` is the other time they ask for, in UTC.
    """

    uid: str
    sequence: int
    stamped_at: dt.datetime
    attendee: str
    partstat: Answer
    comment: str
    proposes: tuple[dt.datetime, dt.datetime] | None


def read_reply(data: bytes, *, sender: str | None = None) -> Reply:
    """The answer in an iCalendar file. Where it lists many people, `sender`, the mail's, tells whose it is.

    A COUNTER that only proposes a time counts as TENTATIVE. Raises NotAReply.
    """
    if len(data) > MAX_BYTES:
        raise NotAReply("The calendar file in this mail is too large to be an answer. Read the mail instead.")
    try:
        calendar = itip_lines.calendar(data)
    except ValueError as no:
        raise NotAReply("The calendar file in this mail is damaged. Read the mail instead.") from no
    method = calendar.first("METHOD")
    kind = method.value.strip().upper() if method else ""
    if kind not in {"REPLY", "COUNTER"}:
        raise NotAReply("This mail does not answer an invitation. Read it to see what it wants.")
    events = [component for component in calendar.components if component.name == "VEVENT"]
    if len(events) != 1 or events[0].first("RECURRENCE-ID"):
        raise NotAReply("This answer is not about one single meeting. Read the mail to see what it says.")
    event = events[0]
    attendee = _replier(event, sender)
    return Reply(
        uid=_required(event, "UID").plain,
        sequence=_sequence(event),
        stamped_at=_time(_required(event, "DTSTAMP"), floating=clocks.UTC_CLOCK),
        attendee=_address(attendee),
        partstat=_partstat(attendee, is_counter=kind == "COUNTER"),
        comment=_comment(event, attendee),
        proposes=_proposal(event) if kind == "COUNTER" else None,
    )


def _required(event: Component, name: str) -> Property:
    found = event.first(name)
    if found is None or not found.value.strip():
        raise NotAReply("This answer does not say which invitation it is about. Read the mail instead.")
    return found


def _sequence(event: Component) -> int:
    found = event.first("SEQUENCE")
    if found is None:
        return 0  # its default (RFC 5545, section 3.8.7.4)
    if not re.fullmatch(r"[0-9]{1,9}", found.value.strip()):
        raise NotAReply("This answer does not say which invitation it is about. Read the mail instead.")
    return int(found.value)


def _replier(event: Component, sender: str | None) -> Property:
    """The one who answers. A REPLY should name nobody else; a COUNTER, and some programs, list everybody."""
    wanted = sender.strip().lower() if sender else None
    people = [item for item in event.all("ATTENDEE") if _address(item)]
    organizer = event.first("ORGANIZER")
    guests = [item for item in people if organizer is None or _address(item) != _address(organizer)]
    for group in (
        people,
        [item for item in people if wanted in (_address(item), _mailto(item.parameters.get("SENT-BY", "")))],
        guests,
        [item for item in guests if item.parameters.get("PARTSTAT", "").upper() not in ("", "NEEDS-ACTION")],
    ):
        if len(group) == 1:
            return group[0]
    raise NotAReply("This answer does not say who gives it. Read the mail instead.")


def _address(person: Property) -> str:
    """Their e-mail address in small letters. Apple puts a number or a path first and the address beside it."""
    return _mailto(person.value) or _mailto(person.parameters.get("EMAIL", ""))


def _mailto(uri: str) -> str:
    scheme, colon, rest = uri.strip().partition(":")
    address = urllib.parse.unquote(rest if colon else scheme).strip().lower()
    if (colon and scheme.lower() != "mailto") or not re.fullmatch(r"[^\s@]{1,64}@[^\s@]{1,255}", address):
        return ""
    return address


def _partstat(attendee: Property, *, is_counter: bool) -> Answer:
    stated = attendee.parameters.get("PARTSTAT", "NEEDS-ACTION").strip().upper()
    if stated in _ANSWERS:
        return _ANSWERS[stated]
    if is_counter and stated == "NEEDS-ACTION":
        return "TENTATIVE"
    if stated == "DELEGATED":
        raise NotAReply("The invitation was passed on to somebody else. Ask who will come, and invite them.")
    raise NotAReply("This answer says neither yes, no nor maybe. Read the mail instead.")


def _comment(event: Component, attendee: Property) -> str:
    stated = [item.plain for item in event.all("COMMENT")]
    # Where Google and Apple put it.
    stated.append(attendee.parameters.get("X-RESPONSE-COMMENT", "").strip())
    return "\n".join(dict.fromkeys(text for text in stated if text))[:MAX_COMMENT]


def _proposal(event: Component) -> tuple[dt.datetime, dt.datetime]:
    start, end, duration = (event.first(name) for name in ("DTSTART", "DTEND", "DURATION"))
    if start is None:
        raise NotAReply("This answer asks for another time and does not say which. Ask the sender.")
    starts_at = ends_at = _time(start)
    if end is not None:
        ends_at = _time(end)
    elif duration is not None:
        ends_at = _time(start, lasting=duration)
    if ends_at <= starts_at:
        raise NotAReply("This answer asks for another time and does not say until when. Ask the sender.")
    return starts_at, ends_at


def _time(
    stated: Property, *, lasting: Property | None = None, floating: clocks.Clock | None = None
) -> dt.datetime:
    """The stated time in UTC, or the end of what lasts that long from then on.

    What a VTIMEZONE says about a zone is not looked at: a zone without a known name is left to a person.
    """
    try:
        moment = values.moment(stated.value, stated.parameters)
        length = values.length(lasting.value) if lasting else values.Length(0, 0)
        if moment.is_date:
            raise NotAReply("This answer asks for a day and not for a time. Ask the sender.")
        # SECURITY: no zone has so long a name, and looking a made-up one up can take long or fail deep inside.
        known = len(moment.zone_name) <= MAX_ZONE_NAME
        clock = (clocks.named(moment.zone_name) if known else None) or floating
        if clock is None:
            raise NotAReply("This answer names a time in a time zone that we do not know. Ask the sender.")
        seconds = clock.moment(moment.wall + dt.timedelta(days=length.days)) + length.seconds
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError) as no:
        raise NotAReply("This answer names a time that does not exist. Read the mail instead.") from no
