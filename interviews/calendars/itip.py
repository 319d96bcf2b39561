"""Calendar messages (iTIP, RFC 5546): what puts an interview into a calendar, moves it, takes it out again.

Note [Versions of a meeting]
A calendar program keeps the newest version of a UID: the higher SEQUENCE and, of two with the same, the
later DTSTAMP. So a meeting keeps its UID for life, each version that is sent has a later `stamped_at`, and
SEQUENCE rises by one when people must look again (another time, place, link or status) and with every
CANCEL. `revise` counts by these rules, and nobody else counts. What the candidate gets and what the
interviewers get are two meetings with two UIDs: programs merge what shares one, and the panel's notes would
be on the candidate's screen.

The same meeting always makes the same bytes.
"""

import datetime as dt
import re
import urllib.parse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from interviews.calendars import itip_lines, itip_zones

PRODID = "-//Loopwright//Interviews//EN"
# How often a calendar that subscribed to a feed should ask for it again.
FEED_REFRESH = "PT1H"

Method = Literal["REQUEST", "CANCEL"]
Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]
Role = Literal["CHAIR", "REQ", "OPT"]
Partstat = Literal["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"]

_ROLES: dict[Role, str] = {"CHAIR": "CHAIR", "REQ": "REQ-PARTICIPANT", "OPT": "OPT-PARTICIPANT"}
_ADDRESS_PART = r'[^\s@"(),:;<>\[\]\\\x00-\x20\x7f-\x9f\ud800-\udfff]'
_ADDRESS = re.compile(f"{_ADDRESS_PART}{{1,64}}@{_ADDRESS_PART}{{1,255}}")
_PLAIN_IN_MAILTO = "!$'*+"  # beside letters, digits and _.-~ (RFC 6068, section 2)
# No @ and no host: a UID tells nothing about the house that made it (RFC 7986, section 5.3). A UUID is best.
_UID = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True)
class Mailbox:
    """A person as a calendar names them. Raises ValueError for an address that is not one plain mailbox."""

    name: str
    address: str

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise ValueError("The address of somebody in a meeting is one plain e-mail address.")
        self.address.rpartition("@")[2].encode("idna")

    @property
    def key(self) -> str:
        """The address as it is compared."""
        return self.address.casefold()


@dataclass(frozen=True)
class Attendee:
    """Somebody asked to come, and what they answered so far."""

    mailbox: Mailbox
    role: Role = "REQ"
    partstat: Partstat = "NEEDS-ACTION"
    rsvp: bool = True


@dataclass(frozen=True)
class Meeting:
    """One version of one meeting, as one audience is told about it. See Note [Versions of a meeting].

    Times are aware and kept in UTC, to the second, which is all that iCalendar can say. `zone` is the IANA
    name in which they are written; a zone that programs would not read rightly gives times in UTC. Texts
    may hold anything. Raises ValueError for what no calendar message can carry.
    """

    uid: str
    sequence: int
    stamped_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    zone: str
    summary: str
    description: str
    location: str
    url: str
    organizer: Mailbox
    attendees: tuple[Attendee, ...]
    status: Status = "CONFIRMED"

    def __post_init__(self) -> None:
        for name in ("stamped_at", "starts_at", "ends_at"):
            moment: dt.datetime = getattr(self, name)
            if moment.tzinfo is None:
                raise ValueError("The times of a meeting carry their time zone.")
            object.__setattr__(self, name, moment.astimezone(dt.UTC).replace(microsecond=0))
        if self.ends_at <= self.starts_at:
            raise ValueError("A meeting ends after it starts.")
        if not _UID.fullmatch(self.uid):
            raise ValueError("The UID of a meeting is letters, digits, dots and dashes.")
        if self.sequence < 0:
            raise ValueError("Versions of a meeting are counted from 0.")
        if len({attendee.mailbox.key for attendee in self.attendees}) < len(self.attendees):
            raise ValueError("Nobody is asked to the same meeting twice.")


@dataclass(frozen=True)
class Letter:
    """A calendar message on its way to one person."""

    to: str
    method: Method
    calendar: bytes


class Version(Protocol):
    """What has a place in the order of versions: a meeting, or an answer to one."""

    @property
    def sequence(self) -> int: ...
    @property
    def stamped_at(self) -> dt.datetime: ...


def request(meeting: Meeting) -> bytes:
    """The invitation, or the update of one: METHOD:REQUEST, the same bytes for everybody asked."""
    if meeting.status == "CANCELLED":
        raise ValueError("A cancelled meeting is sent as a CANCEL; as a REQUEST it would stay in calendars.")
    if not meeting.attendees:
        raise ValueError("An invitation asks somebody.")
    return _object("REQUEST", {meeting: [*_told(meeting), *_people(meeting, meeting.attendees)]})


def cancel(meeting: Meeting, *, only: Sequence[str] | None = None) -> bytes:
    """METHOD:CANCEL for the whole meeting or, with `only`, for the people at these addresses alone.

    `meeting` is as the recipients know it, under the SEQUENCE and the stamp of the new version. Notes, place
    and link are left out: who is not asked any more needs none of them.
    """
    title = _title(meeting.summary)
    if only is None:
        return _object("CANCEL", {meeting: [title, "STATUS:CANCELLED", *_people(meeting, meeting.attendees)]})
    wanted = {address.casefold() for address in only}
    leaving = [attendee for attendee in meeting.attendees if attendee.mailbox.key in wanted]
    if not leaving or len(leaving) < len(wanted):
        raise ValueError("Only somebody who was asked can be told that they need not come.")
    # No STATUS: the meeting takes place, without them (RFC 5546, section 3.2.5).
    return _object("CANCEL", {meeting: [title, *_people(meeting, leaving)]})


def publish(meetings: Iterable[Meeting], *, name: str, busy_only: bool) -> bytes:
    """A calendar feed to subscribe to, called `name`: METHOD:PUBLISH, which names no attendees.

    Busy-only shows that time is taken and nothing else: no title, so no candidate, and no notes, place, link
    or names.
    """
    if busy_only:
        meetings = [
            replace(
                meeting,
                summary="Busy",
                description="",
                location="",
                url="",
                organizer=Mailbox("", meeting.organizer.address),
            )
            for meeting in meetings
        ]
    events = {meeting: [*_told(meeting), *_people(meeting, ())] for meeting in meetings}
    title = itip_lines.text(name)
    return _object(
        "PUBLISH",
        events,
        f"NAME:{title}",
        f"X-WR-CALNAME:{title}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{FEED_REFRESH}",
        f"X-PUBLISHED-TTL:{FEED_REFRESH}",
    )


def changes_sequence(old: Meeting, new: Meeting) -> bool:
    """Whether the change makes every earlier answer void, so that SEQUENCE rises (RFC 5546, section 2.1.4).

    The RFC demands it for the times and the status and leaves the place to us: people travel to a place and
    keep a link, so both count. Other texts and other people at the table do not.
    """
    return any(
        getattr(old, name) != getattr(new, name)
        for name in ("starts_at", "ends_at", "status", "location", "url")
    )


def supersedes(a: Version, b: Version) -> bool:
    """Whether `a` is newer than `b`: the higher SEQUENCE, then the later stamp (RFC 5546, section 2.1.5)."""
    return (a.sequence, a.stamped_at) > (b.sequence, b.stamped_at)


def revise(old: Meeting, new: Meeting, *, at: dt.datetime) -> Meeting:
    """`new` as the version that follows `old`, made at `at`. See Note [Versions of a meeting].

    SEQUENCE also rises when somebody is no longer asked, because they get a CANCEL. The stamp is later than
    the last one even when two changes come within a second.
    """
    if old.uid != new.uid:
        raise ValueError("A version follows a version of the same meeting.")
    if old.status == "CANCELLED":
        raise ValueError("A cancelled meeting stays cancelled. Make a new one, with a UID of its own.")
    return replace(
        new,
        sequence=old.sequence + (changes_sequence(old, new) or bool(_leaving(old, new))),
        stamped_at=max(at, old.stamped_at + dt.timedelta(seconds=1)),
    )


def letters(old: Meeting | None, new: Meeting) -> tuple[Letter, ...]:
    """Who is told what when a meeting becomes `new`: nobody is left with an event that is no longer theirs.

    `old` is the version sent before, None at first; `new` is made by `revise`. Who is asked gets the REQUEST
    and who no longer is a CANCEL; a cancelled meeting is a CANCEL to everybody. Answers alone are no news.
    """
    if old is None:
        return _invitations(new)
    # Whoever leaves is told of the time they know.
    known = replace(old, sequence=new.sequence, stamped_at=new.stamped_at)
    if new.status == "CANCELLED":
        void = cancel(known)
        return tuple(Letter(attendee.mailbox.address, "CANCEL", void) for attendee in old.attendees)
    if _without_answers(known) == _without_answers(new):
        return ()
    leaving = _leaving(old, new)
    void = cancel(known, only=leaving) if leaving else b""
    return (*(Letter(address, "CANCEL", void) for address in leaving), *_invitations(new))


def _invitations(meeting: Meeting) -> tuple[Letter, ...]:
    if meeting.status == "CANCELLED" or not meeting.attendees:
        return ()
    invitation = request(meeting)
    return tuple(Letter(attendee.mailbox.address, "REQUEST", invitation) for attendee in meeting.attendees)


def _leaving(old: Meeting, new: Meeting) -> tuple[str, ...]:
    staying = {attendee.mailbox.key for attendee in new.attendees}
    return tuple(
        attendee.mailbox.address for attendee in old.attendees if attendee.mailbox.key not in staying
    )


def _without_answers(meeting: Meeting) -> Meeting:
    return replace(
        meeting,
        attendees=tuple(
            replace(attendee, partstat="NEEDS-ACTION", rsvp=True) for attendee in meeting.attendees
        ),
    )


def _object(
    method: Literal["REQUEST", "CANCEL", "PUBLISH"], events: dict[Meeting, list[str]], *head: str
) -> bytes:
    """The iCalendar object: the events by time, each with its own lines, and the zones of their times."""
    zones = {}
    for name in sorted({meeting.zone for meeting in events}):
        years = [meeting.starts_at.year for meeting in events if meeting.zone == name]
        zones[name] = itip_zones.timezone_lines(name, min(years), max(years))
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "CALSCALE:GREGORIAN"]
    # A feed with nothing in it is no message, and still needs one component (RFC 5545, section 3.6).
    lines += [f"METHOD:{method}"] if events else []
    lines += head
    for zone_lines in list(zones.values()) if events else [itip_zones.UTC]:
        lines += zone_lines
    for meeting in sorted(events, key=lambda meeting: (meeting.starts_at, meeting.uid)):
        lines += [
            "BEGIN:VEVENT",
            f"UID:{meeting.uid}",
            f"DTSTAMP:{_utc(meeting.stamped_at)}",
            f"SEQUENCE:{meeting.sequence}",
            *_times(meeting, in_zone=bool(zones[meeting.zone])),
            *events[meeting],
            "END:VEVENT",
        ]
    return itip_lines.folded([*lines, "END:VCALENDAR"])


def _times(meeting: Meeting, *, in_zone: bool) -> list[str]:
    place = itip_zones.zone(meeting.zone)
    if in_zone and place is not None:
        local = [moment.astimezone(place) for moment in (meeting.starts_at, meeting.ends_at)]
        # Programs do not agree on which is meant of the hour that happens twice when the clocks go back.
        if all(moment.utcoffset() == moment.replace(fold=1 - moment.fold).utcoffset() for moment in local):
            return [
                f"{name};TZID={meeting.zone}:{moment:%Y%m%dT%H%M%S}"
                for name, moment in zip(("DTSTART", "DTEND"), local, strict=True)
            ]
    return [f"DTSTART:{_utc(meeting.starts_at)}", f"DTEND:{_utc(meeting.ends_at)}"]


def _told(meeting: Meeting) -> list[str]:
    optional = {
        "DESCRIPTION": itip_lines.text(meeting.description),
        "LOCATION": itip_lines.text(meeting.location),
        "URL": itip_lines.uri(meeting.url),
    }
    return [
        _title(meeting.summary),
        *(f"{name}:{value}" for name, value in optional.items() if value),
        f"STATUS:{meeting.status}",
        f"TRANSP:{'TRANSPARENT' if meeting.status == 'CANCELLED' else 'OPAQUE'}",
    ]


def _title(summary: str) -> str:
    return f"SUMMARY:{itip_lines.text(summary)}"


def _people(meeting: Meeting, attendees: Iterable[Attendee]) -> list[str]:
    return [
        f"ORGANIZER{_called(meeting.organizer)}:{_mailto(meeting.organizer)}",
        *(
            f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE={_ROLES[attendee.role]};PARTSTAT={attendee.partstat}"
            f";RSVP={'TRUE' if attendee.rsvp else 'FALSE'}"
            f"{_called(attendee.mailbox)}:{_mailto(attendee.mailbox)}"
            for attendee in attendees
        ),
    ]


def _called(mailbox: Mailbox) -> str:
    name = itip_lines.quoted(mailbox.name)
    return f";CN={name}" if name != '""' else ""


def _mailto(mailbox: Mailbox) -> str:
    local, _, domain = mailbox.address.rpartition("@")
    return f"mailto:{urllib.parse.quote(local, safe=_PLAIN_IN_MAILTO)}@{domain.encode('idna').decode()}"


def _utc(moment: dt.datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"
