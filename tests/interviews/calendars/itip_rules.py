"""A strict checker of calendar messages, written from the RFCs and sharing no code with what writes them.

Each broken rule is a sentence with its section. `check_object` looks at one iCalendar object, `check_mail` at the
e-mail around it, `check_sent` at everything that was sent about any number of meetings, in order.
`instants` evaluates the VTIMEZONE inside an object, as a program does that knows no zone by name.
"""

import datetime as dt
import functools
import re
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

# RFC 5546, sections 3.2.1 to 3.2.7: how often a VEVENT carries a property. (least, most); None: any number.
COUNTS: dict[str, dict[str, tuple[int, int | None]]] = {
    "PUBLISH": {"DTSTAMP": (1, 1), "DTSTART": (1, 1), "ORGANIZER": (1, 1), "SUMMARY": (1, 1), "UID": (1, 1)}
    | {"ATTENDEE": (0, 0), "REQUEST-STATUS": (0, 0)},
    "REQUEST": {"DTSTAMP": (1, 1), "DTSTART": (1, 1), "ORGANIZER": (1, 1), "SUMMARY": (1, 1), "UID": (1, 1)}
    | {"ATTENDEE": (1, None), "REQUEST-STATUS": (0, 0)},
    # DTSTART is optional in the RFC; ical4j's validator, and so some servers, want it.
    "CANCEL": {"DTSTAMP": (1, 1), "DTSTART": (1, 1), "ORGANIZER": (1, 1), "SEQUENCE": (1, 1), "UID": (1, 1)}
    | {"ATTENDEE": (1, None), "REQUEST-STATUS": (0, 0), "SUMMARY": (0, 1)},
    "REPLY": {"DTSTAMP": (1, 1), "ORGANIZER": (1, 1), "UID": (1, 1), "ATTENDEE": (1, 1), "SUMMARY": (0, 1)},
}
SECTIONS = {"PUBLISH": "3.2.1", "REQUEST": "3.2.2", "REPLY": "3.2.3", "CANCEL": "3.2.5"}
STATUSES = {
    "PUBLISH": {"TENTATIVE", "CONFIRMED", "CANCELLED"},
    "REQUEST": {"TENTATIVE", "CONFIRMED"},
    "CANCEL": {"CANCELLED"},
    "REPLY": {"TENTATIVE", "CONFIRMED", "CANCELLED"},
}
# RFC 5545, section 3.6.1.
AT_MOST_ONCE = (
    *("CLASS", "CREATED", "DESCRIPTION", "DTEND", "DTSTART", "DURATION", "GEO", "LAST-MODIFIED", "LOCATION"),
    *("PRIORITY", "RRULE", "SEQUENCE", "STATUS", "TRANSP", "URL"),
)
TEXTS = ("SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT")
ENUMERATIONS = {
    "ROLE": {"CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"},
    "PARTSTAT": {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"},
    "RSVP": {"TRUE", "FALSE"},
    "CUTYPE": {"INDIVIDUAL", "GROUP", "RESOURCE", "ROOM", "UNKNOWN"},
}

NAME = r"[A-Za-z0-9-]+"
PARAM_VALUE = r'(?:"[^"\x00-\x08\x0a-\x1f\x7f]*"|[^"\x00-\x08\x0a-\x1f\x7f;:,]*)'
PARAM = rf";({NAME})=({PARAM_VALUE}(?:,{PARAM_VALUE})*)"
LINE = re.compile(rf"({NAME})((?:{PARAM})*):(.*)", re.DOTALL)
UTC_TIME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
LOCAL_TIME = re.compile(r"\d{8}T\d{6}", re.ASCII)
OFFSET = re.compile(r"[+-](?:0\d|1\d|2[0-3])[0-5]\d(?:[0-5]\d)?", re.ASCII)
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
MAILTO = re.compile(r"mailto:[A-Za-z0-9\-._~!$'*+%]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Line:
    name: str
    params: dict[str, str]
    value: str


@dataclass
class Block:
    name: str
    lines: list[Line]
    blocks: list["Block"]

    def values(self, name: str) -> list[str]:
        return [line.value for line in self.lines if line.name == name]

    def named(self, name: str) -> list[Line]:
        return [line for line in self.lines if line.name == name]

    def one(self, name: str) -> str:
        return (self.values(name) or [""])[0]


@dataclass(frozen=True)
class Sent:
    """One calendar message that went to one address. The audience says who must not share a UID with whom."""

    to: str
    data: bytes
    audience: str = "interviewers"


# --- one object


def check_object(data: bytes) -> list[str]:
    """Every rule that the object breaks; empty when it is in order."""
    broken = list(_wire(data))
    if broken:
        return broken
    try:
        calendar = parse(data)
    except ValueError as error:
        return [str(error)]
    broken += _calendar(calendar)
    if broken:
        return broken
    method = calendar.one("METHOD")
    zones = {}
    for block in calendar.blocks:
        if block.name == "VTIMEZONE":
            broken += _timezone(block)
            if block.one("TZID") in zones:
                broken.append("RFC 5545 3.6.5: a TZID is explained once.")
            zones[block.one("TZID")] = block
    if broken:
        return broken
    events = [block for block in calendar.blocks if block.name == "VEVENT"]
    if method and not events:
        broken.append(f"RFC 5546 {SECTIONS[method]}: a {method} carries a VEVENT.")
    if method in ("REQUEST", "CANCEL", "REPLY") and len(events) > 1:
        broken.append(f"RFC 5546 {SECTIONS[method]}: a {method} is about one meeting.")
    uids = [event.one("UID") for event in events]
    if len(set(uids)) < len(uids):
        broken.append("RFC 5545 3.8.4.7: each event has a UID of its own.")
    for event in events:
        broken += _event(event, method, zones)
    return broken


@functools.lru_cache(maxsize=1000)
def parse(data: bytes) -> Block:
    """The object as blocks of lines. Raises ValueError with the rule that it breaks."""
    lines = data.replace(b"\r\n ", b"").replace(b"\r\n\t", b"").decode().split("\r\n")[:-1]
    root = Block("", [], [])
    stack = [root]
    for text in lines:
        found = LINE.fullmatch(text)
        if found is None:
            raise ValueError(f"RFC 5545 3.1: not a content line: {text!r}")
        params = {}
        for name, value in re.findall(PARAM, found[2]):
            if name.upper() in params:
                raise ValueError(f"RFC 5545 3.2: a parameter is given once: {text!r}")
            params[name.upper()] = value
        line = Line(found[1].upper(), params, found[5])
        if line.name == "BEGIN":
            block = Block(line.value, [], [])
            stack[-1].blocks.append(block)
            stack.append(block)
        elif line.name == "END":
            if len(stack) == 1 or stack[-1].name != line.value:
                raise ValueError(f"RFC 5545 3.6: END:{line.value} closes nothing.")
            stack.pop()
        elif len(stack) == 1:
            raise ValueError("RFC 5545 3.4: a line stands outside VCALENDAR.")
        else:
            stack[-1].lines.append(line)
    if len(stack) > 1:
        raise ValueError(f"RFC 5545 3.6: {stack[-1].name} is never closed.")
    if [block.name for block in root.blocks] != ["VCALENDAR"]:
        raise ValueError("RFC 5545 3.4: there is exactly one VCALENDAR.")
    return root.blocks[0]


def _wire(data: bytes) -> Iterator[str]:
    if not data.endswith(b"\r\n"):
        yield "RFC 5545 3.1: the last line ends with CRLF."
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        yield "RFC 5545 3.1: lines end with CRLF and nothing else."
    if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", data):
        yield "RFC 5545 3.1: no control characters."
    for line in data.split(b"\r\n")[:-1]:
        if not line.strip():
            yield "RFC 5545 3.1: no empty lines."
        if len(line) > 75:
            yield f"RFC 5545 3.1: a line is folded at 75 octets: {line!r}"
        try:
            text = line.decode()
        except UnicodeDecodeError:
            yield f"RFC 5545 3.1: no character is torn by folding, and all is UTF-8: {line!r}"
        else:
            if re.search("[\x80-\x9f\u2028\u2029]", text):
                yield f"RFC 5545 3.1: nothing that a program could take for a line break: {line!r}"


def _calendar(calendar: Block) -> Iterator[str]:
    for name in ("PRODID", "VERSION"):
        if len(calendar.values(name)) != 1:
            yield f"RFC 5545 3.6: exactly one {name}."
    if calendar.values("VERSION") != ["2.0"]:
        yield "RFC 5545 3.7.4: the version is 2.0."
    if calendar.values("CALSCALE") not in ([], ["GREGORIAN"]):
        yield "RFC 5545 3.7.1: the calendar is Gregorian."
    if any(block.values("METHOD") for block in _all_blocks(calendar)):
        yield "RFC 5545 3.7.2: METHOD is a property of VCALENDAR, not of what is in it."
    has_events = any(block.name == "VEVENT" for block in calendar.blocks)
    if len(calendar.values("METHOD")) != has_events:
        yield "RFC 5546 1.4: one METHOD for each object."
    elif has_events and calendar.one("METHOD") not in COUNTS:
        yield "RFC 5546 1.4: the METHOD is one that we know."
    if not calendar.blocks:
        yield "RFC 5545 3.6: an iCalendar object has a component."
    if not {block.name for block in calendar.blocks} <= {"VTIMEZONE", "VEVENT"}:
        yield "RFC 5546 3.2: only events and their time zones."


def _all_blocks(block: Block) -> Iterator[Block]:
    for inner in block.blocks:
        yield inner
        yield from _all_blocks(inner)


def _event(event: Block, method: str, zones: dict[str, Block]) -> Iterator[str]:
    section = SECTIONS[method]
    for name, (least, most) in COUNTS[method].items():
        count = len(event.values(name))
        if count < least or (most is not None and count > most):
            yield f"RFC 5546 {section}: a {method} has {name} {least} to {most or 'many'} times, not {count}."
    for name in AT_MOST_ONCE:
        if len(event.values(name)) > 1:
            yield f"RFC 5545 3.6.1: {name} at most once."
    if event.values("DTEND") and event.values("DURATION"):
        yield "RFC 5545 3.6.1: DTEND or DURATION, not both."
    if event.blocks and method in ("CANCEL", "REPLY"):
        yield f"RFC 5546 {section}: a {method} has no VALARM."
    if not set(event.values("STATUS")) <= STATUSES[method]:
        yield f"RFC 5546 {section}: STATUS in a {method} is one of {sorted(STATUSES[method])}."
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,255}", event.one("UID")):
        yield "RFC 7986 5.3: a UID is a random name, without an address or a host."
    if not all(re.fullmatch(r"\d+", value, re.ASCII) for value in event.values("SEQUENCE")):
        yield "RFC 5545 3.8.7.4: SEQUENCE is a whole number."
    if not UTC_TIME.fullmatch(event.one("DTSTAMP")):
        yield "RFC 5545 3.8.7.2: DTSTAMP is in UTC."
    yield from _event_times(event, zones)
    yield from _event_texts(event)
    yield from _people(event)


def _event_times(event: Block, zones: dict[str, Block]) -> Iterator[str]:
    start, end = event.named("DTSTART"), event.named("DTEND")
    for line in (*start, *end):
        tzid = line.params.get("TZID")
        if tzid is None and not UTC_TIME.fullmatch(line.value):
            yield f"RFC 5545 3.3.5: {line.name} is in UTC or in a zone, never floating."
        elif tzid is not None and not LOCAL_TIME.fullmatch(line.value):
            yield f"RFC 5545 3.3.5: {line.name} with a TZID is a local time."
        elif tzid is not None and tzid not in zones:
            yield f"RFC 5545 3.2.19: {line.name} names a zone without a VTIMEZONE: {tzid}."
        else:
            continue
        return
    if [line.params for line in start] != [line.params for line in end] and end:
        yield "RFC 5545 3.8.2.2: start and end are told the same way."
    elif end and instant(end[0], zones) <= instant(start[0], zones):
        yield "RFC 5545 3.8.2.2: an event ends after it starts."


def _event_texts(event: Block) -> Iterator[str]:
    for line in event.lines:
        if line.name in TEXTS and not re.fullmatch(r"(?:[^\\;,]|\\[\\;,nN])*", line.value):
            yield f"RFC 5545 3.3.11: commas, semicolons and backslashes in {line.name} are escaped."
        if line.name == "URL" and not URI.fullmatch(line.value):
            yield "RFC 5545 3.3.13: URL is a URI."


def _people(event: Block) -> Iterator[str]:
    for line in (*event.named("ORGANIZER"), *event.named("ATTENDEE")):
        if not MAILTO.fullmatch(line.value):
            yield f"RFC 6047 2.3: {line.name} is a mailto: address: {line.value}"
        for name, allowed in ENUMERATIONS.items():
            if line.params.get(name, min(allowed)) not in allowed:
                yield f"RFC 5545 3.2: {name} is one of {sorted(allowed)}."
        if not re.fullmatch(r"(?:[^^]|\^[n^'])*", line.params.get("CN", "")):
            yield f"RFC 6868 3: a caret in a name is written ^^: {line.params['CN']}"
    addresses = [value.lower() for value in event.values("ATTENDEE")]
    if len(set(addresses)) < len(addresses):
        yield "RFC 5545 3.8.4.1: nobody is listed twice."


# --- time zones


def _timezone(zone: Block) -> Iterator[str]:
    if len(zone.values("TZID")) != 1:
        yield "RFC 5545 3.6.5: exactly one TZID."
    kinds = [block.name for block in zone.blocks]
    if not kinds or not set(kinds) <= {"STANDARD", "DAYLIGHT"}:
        yield "RFC 5545 3.6.5: a VTIMEZONE has STANDARD and DAYLIGHT parts."
    # What Outlook reads; a zone of any other shape is ignored, and its times are an hour off or worse.
    if sorted(kinds) not in (["STANDARD"], ["DAYLIGHT", "STANDARD"]):
        yield "MS-OXCICAL 2.1.3.1.1.19: one STANDARD, and one DAYLIGHT where the clocks change."
    for block in zone.blocks:
        for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"):
            if len(block.values(name)) != 1:
                yield f"RFC 5545 3.6.5: exactly one {name} in {block.name}."
        if not LOCAL_TIME.fullmatch(block.one("DTSTART")) or block.one("DTSTART")[:4] != "1970":
            yield "RFC 5545 3.6.5: an observance starts at a local time, and ours in 1970."
        for name in ("TZOFFSETFROM", "TZOFFSETTO"):
            if not OFFSET.fullmatch(block.one(name)) or block.one(name) in ("-0000", "-000000"):
                yield f"RFC 5545 3.3.14: {name} is an offset from UTC."
        if block.values("RDATE"):
            yield "iCalcreator#86: Outlook ignores RDATE."
        rules = block.values("RRULE")
        if len(rules) != (len(zone.blocks) > 1):
            yield "RFC 5545 3.6.5: a yearly rule for each change of the clocks."
        for rule in rules:
            found = re.fullmatch(r"FREQ=YEARLY;BYMONTH=(\d\d?);BYDAY=(-1|[1-4])([A-Z]{2})", rule)
            if not found or not 1 <= int(found[1]) <= 12 or found[3] not in WEEKDAYS:
                yield f"MS-OXCICAL 2.1.3.1.1.19.2.2: yearly, on one weekday of a month: {rule}"
            elif LOCAL_TIME.fullmatch(block.one("DTSTART")):
                start = _local(block.one("DTSTART"))
                if start != _onset(block, start.year):
                    yield "RFC 5545 3.8.5.3: DTSTART is the first time the rule names."


def instant(line: Line, zones: dict[str, Block]) -> dt.datetime:
    """The moment in UTC, by the VTIMEZONE in the object alone."""
    if "TZID" not in line.params:
        return _local(line.value.removesuffix("Z")).replace(tzinfo=dt.UTC)
    local = _local(line.value)
    zone = zones[line.params["TZID"]]
    onsets = [
        (onset, block.one("TZOFFSETTO"))
        for block in zone.blocks
        for year in (local.year - 1, local.year)
        for onset in [_onset(block, year)]
        if onset <= local
    ]
    _, offset = max(onsets)
    return local.replace(tzinfo=dt.timezone(_offset(offset))).astimezone(dt.UTC)


def instants(data: bytes) -> dict[str, tuple[dt.datetime, dt.datetime]]:
    """When each event starts and ends, by its UID, for somebody who knows no zone by name."""
    calendar = parse(data)
    zones = {block.one("TZID"): block for block in calendar.blocks if block.name == "VTIMEZONE"}
    return {
        event.one("UID"): (
            instant(event.named("DTSTART")[0], zones),
            instant(event.named("DTEND")[0], zones),
        )
        for event in calendar.blocks
        if event.name == "VEVENT"
    }


def _onset(block: Block, year: int) -> dt.datetime:
    start = _local(block.one("DTSTART"))
    if not block.values("RRULE"):
        return start
    rule = dict(part.split("=") for part in block.one("RRULE").split(";"))
    weekday, week = WEEKDAYS.index(rule["BYDAY"][-2:]), int(rule["BYDAY"][:-2])
    days = [
        day
        for number in range(31)
        for day in [dt.date(year, int(rule["BYMONTH"]), 1) + dt.timedelta(days=number)]
        if day.month == int(rule["BYMONTH"]) and day.weekday() == weekday
    ]
    return dt.datetime.combine(days[week - 1 if week > 0 else week], start.time())


def _local(value: str) -> dt.datetime:
    return dt.datetime.fromisoformat(value)


def _offset(value: str) -> dt.timedelta:
    length = dt.timedelta(hours=int(value[1:3]), minutes=int(value[3:5]), seconds=int(value[5:7] or 0))
    return -length if value[0] == "-" else length


# --- the mail around it


def check_mail(message: EmailMessage) -> list[str]:
    """Every rule of iMIP that the mail breaks, and of iTIP that the object in it breaks."""
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    if len(parts) != 1:
        return ["RFC 6047 2.4: exactly one part of the type text/calendar."]
    part = parts[0]
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    broken = check_object(data)
    if broken:
        return broken
    calendar = parse(data)
    if part.get_param("method") != calendar.one("METHOD"):
        broken.append("RFC 6047 2.4: the method of the part is the METHOD inside.")
    if part.get_content_charset() != "utf-8":
        broken.append("RFC 6047 2.4: the character set is named, and is UTF-8.")
    alternatives = [part for part in message.walk() if part.get_content_type() == "multipart/alternative"]
    if len(alternatives) != 1 or list(alternatives[0].iter_parts())[-1] is not part:
        broken.append("RFC 6047 2.4: the calendar part is the last alternative.")
    elif next(alternatives[0].iter_parts()).get_content_type() != "text/plain":
        broken.append("RFC 2046 5.1.4: the first alternative is plain text.")
    files = [part for part in message.walk() if part.get_filename()]
    if [part.get_filename() for part in files] != ["invite.ics"]:
        broken.append("RFC 6047 2.6: the object is also a file, called invite.ics.")
    elif files[0].get_payload(decode=True) != data:
        broken.append("RFC 6047 2.6: the file is the object.")
    event = next(block for block in calendar.blocks if block.name == "VEVENT")
    senders = {
        mailbox.addr_spec.lower()
        for name in ("From", "Sender")
        for header in message.get_all(name, [])
        for mailbox in header.addresses
    }
    if senders and _address(event.one("ORGANIZER")) not in senders:
        broken.append("RFC 6047 2.2.1: the organizer is who sends the mail.")
    return broken


# --- everything that was sent


@dataclass(frozen=True)
class _Message:
    to: str
    data: bytes
    audience: str
    method: str
    uid: str
    sequence: int
    stamp: str
    when: tuple[dt.datetime, dt.datetime]
    place: tuple[str, str]
    status: str
    organizer: str
    attendees: frozenset[str]

    @property
    def subject(self) -> tuple[object, ...]:
        """What nobody may change without raising SEQUENCE: the RFC's list, and the place, which is ours."""
        return (self.when, self.status, self.place)

    @property
    def is_void(self) -> bool:
        """The whole meeting is off."""
        return self.method == "CANCEL" and self.status == "CANCELLED"


def check_sent(messages: Sequence[Sent], *, is_complete: bool = True) -> list[str]:
    """Every rule that a history of messages breaks.

    A message may be repeated at any time if its bytes are the same (a delivery that was sent twice).
    `is_complete`: all that was to be sent is there, so nobody may be left with an old version or a dead event.
    """
    broken = []
    by_uid: dict[str, list[_Message]] = defaultdict(list)
    seen = set()
    errors = {data: check_object(data) for data in {sent.data for sent in messages}}
    for sent in messages:
        if errors[sent.data]:
            broken += [f"to {sent.to}: {error}" for error in errors[sent.data]]
            continue
        message = _read(sent)
        if message.method not in ("REQUEST", "CANCEL"):
            broken.append(f"to {sent.to}: RFC 6047 2.1: a {message.method} is not mailed to attendees.")
        elif (sent.to, sent.data) not in seen:
            seen.add((sent.to, sent.data))
            by_uid[message.uid].append(message)
    if broken:
        return broken
    for history in by_uid.values():
        broken += _one_meeting(history)
        for to in dict.fromkeys(message.to for message in history):
            broken += _one_person([message for message in history if message.to == to])
        broken += _revisions(history)
        if is_complete:
            broken += _outcome(history)
    return broken


def _read(sent: Sent) -> _Message:
    calendar = parse(sent.data)
    event = next(block for block in calendar.blocks if block.name == "VEVENT")
    return _Message(
        to=sent.to.lower(),
        data=sent.data,
        audience=sent.audience,
        method=calendar.one("METHOD"),
        uid=event.one("UID"),
        sequence=int(event.one("SEQUENCE") or 0),
        stamp=event.one("DTSTAMP"),
        when=instants(sent.data)[event.one("UID")],
        place=(event.one("LOCATION"), event.one("URL")),
        status=event.one("STATUS"),
        organizer=_address(event.one("ORGANIZER")),
        attendees=frozenset(_address(value) for value in event.values("ATTENDEE")),
    )


def _address(mailto: str) -> str:
    return urllib.parse.unquote(mailto).lower().removeprefix("mailto:")


def _one_meeting(history: list[_Message]) -> Iterator[str]:
    if len({message.audience for message in history}) > 1:
        yield "RFC 5545 3.8.4.7: candidate and interviewers never share a UID; programs would merge the two."
    if len({message.organizer for message in history}) > 1:
        yield "RFC 5546 2.1.1: the organizer of a meeting stays."
    for message in history:
        if message.to not in message.attendees:
            yield f"RFC 5546 {SECTIONS[message.method]}: who gets a {message.method} is an ATTENDEE in it ({message.to})."
    void = None
    for message in history:
        if void is None and message.is_void:
            void = message
        elif void is not None and (not message.is_void or message.data != void.data):
            yield "RFC 5546 3.2.5: nothing is sent about a meeting that was cancelled."
    versions: dict[tuple[int, str], _Message] = {}
    for message in history:
        if message.method == "REQUEST":
            first = versions.setdefault((message.sequence, message.stamp), message)
            if first.subject != message.subject:
                yield "RFC 5546 2.1.5: one version tells everybody the same time and place."


def _one_person(history: list[_Message]) -> Iterator[str]:
    before = None
    for message in history:
        if before is None:
            if message.method == "CANCEL":
                yield f"RFC 5546 3.2.5: {message.to} gets a CANCEL of what was never sent."
        elif (message.sequence, message.stamp, message.method) == (
            before.sequence,
            before.stamp,
            before.method,
        ):
            yield f"RFC 5546 2.1.5: one version to {message.to} is always the same bytes."
        else:
            if message.sequence < before.sequence:
                yield f"RFC 5546 2.1.4: SEQUENCE to {message.to} never falls."
            if message.stamp <= before.stamp:
                yield f"RFC 5546 2.1.5: DTSTAMP to {message.to} rises with every version."
            if message.method == "CANCEL" and message.sequence <= before.sequence:
                yield f"RFC 5546 2.1.4: a CANCEL to {message.to} raises SEQUENCE."
            if message.method == before.method == "CANCEL":
                yield f"RFC 5546 3.2.5: {message.to} was already told not to come."
        before = message


def _revisions(history: list[_Message]) -> Iterator[str]:
    """SEQUENCE rises exactly when it must: for the whole meeting, whoever gets the messages."""
    level = None
    latest = None  # the newest REQUEST of the level below
    subject = None  # what this level is about
    for message in sorted(history, key=lambda message: (message.sequence, message.stamp, message.method)):
        if message.sequence != level:
            if level is not None and message.sequence != level + 1:
                yield f"RFC 5546 2.1.4: SEQUENCE rises by one, not from {level} to {message.sequence}."
            level = message.sequence
            is_cancelling = any(other.method == "CANCEL" and other.sequence == level for other in history)
            latest, subject = subject or latest, None
        if message.method == "CANCEL":
            continue
        if subject is None:
            subject = message.subject
            if latest is not None and subject == latest and not is_cancelling:
                yield "RFC 5546 2.1.4: SEQUENCE rises only when the time, the place or the status changes."
        elif message.subject != subject:
            yield "RFC 5546 2.1.4: SEQUENCE rises when the time, the place or the status changes."


def _outcome(history: list[_Message]) -> Iterator[str]:
    last = {message.to: message for message in history}
    if any(message.is_void for message in history):
        for message in last.values():
            if message.method == "REQUEST":
                yield f"RFC 5546 3.2.5: {message.to} is left with a meeting that was cancelled."
        return
    requests = [message for message in history if message.method == "REQUEST"]
    if not requests:
        return
    newest = max(requests, key=lambda message: (message.sequence, message.stamp))
    holders = {message.to for message in last.values() if message.method == "REQUEST"}
    if later := [message for message in history if message.sequence > newest.sequence]:
        gone = set().union(*(message.attendees for message in later))
        expected = newest.attendees - gone
    else:
        expected = newest.attendees
    for to in sorted(holders - expected):
        yield f"RFC 5546 3.2.5: {to} is no longer asked and was not told."
    for to in sorted(expected):
        if to not in holders or last[to].stamp != newest.stamp:
            yield f"RFC 5546 3.2.2: {to} does not have the newest version."
