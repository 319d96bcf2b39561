"""The text of a calendar (RFC 5545, section 3.1) taken apart: lines unfolded, components opened and closed.

Calendars in the wild are rarely perfect, so this reads as much as it can and keeps a note of what it could not.
Only what decides whether somebody is busy is kept; names of people, titles and descriptions are never stored.
"""

import re
from dataclasses import dataclass, field

MOST_BYTES = 2 * 1024 * 1024
DEEPEST = 12
MOST_COMPONENTS = 20_000

_OF_EVENTS = (
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "EXRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "FREEBUSY",
)
_OF_STATES = ("UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")
_OF_ZONES = ("METHOD", "X-WR-TIMEZONE", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION")
KEPT = frozenset((*_OF_EVENTS, *_OF_STATES, *_OF_ZONES))
_NAME = re.compile(r"[A-Za-z-]{3,26}")
# A time zone's name may itself hold a colon and no quotes; the value of these never does.
_NO_COLON_IN_VALUE = frozenset(("DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID"))


class CalendarUnreadable(Exception):
    """A calendar could not be read, so nobody knows whether its owner is free.

    `sentence` says why, in words for the person who connected it. `may_pass` is true when asking again later can
    help; `retry_after_seconds` is how long the calendar's service asked us to wait, where it said so.
    """

    def __init__(
        self, sentence: str, *, may_pass: bool = False, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.may_pass = may_pass
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Property:
    """One line of a component: its parameters by upper-case name, and its value."""

    params: dict[str, str]
    value: str


@dataclass(slots=True)
class Component:
    """One component, such as VEVENT. `broken` names the kept properties whose line could not be understood."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    children: list["Component"] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    is_closed: bool = False

    def first(self, name: str) -> Property | None:
        found = self.properties.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        """The first value of that name, trimmed and in upper case; empty where there is none."""
        found = self.properties.get(name)
        return found[0].value.strip().upper() if found else ""

    def all(self, name: str) -> list[Property]:
        return self.properties.get(name, [])


def components(data: bytes | str) -> tuple[list[Component], bool]:
    """The calendars in the text, and whether the text is whole.

    A component outside any VCALENDAR is given one. Raises CalendarUnreadable when this is no calendar at all, or is
    too large or too deep to be an honest one.
    """
    root = Component("")
    stack = [root]
    is_whole = True
    count = 0
    for line in _unfolded(data):
        head = line[:6].upper()
        if head == "BEGIN:":
            count += 1
            if len(stack) > DEEPEST:
                raise CalendarUnreadable("The calendar nests its entries too deeply to be read.")
            if count > MOST_COMPONENTS:
                raise CalendarUnreadable(f"The calendar holds more than {MOST_COMPONENTS:,} entries.")
            component = Component(line[6:].strip().upper())
            if component.name in ("VEVENT", "VFREEBUSY", "VCALENDAR"):
                # These never sit inside one another, so one still open has lost its end.
                while stack[-1].name not in ("", "VCALENDAR") or stack[-1].name == component.name:
                    stack.pop()
                    is_whole = False
            stack[-1].children.append(component)
            stack.append(component)
        elif head[:4] == "END:":
            name = line[4:].strip().upper()
            if name in (component.name for component in stack[1:]):
                while stack[-1].name != name:
                    stack.pop()
                    is_whole = False
                stack.pop().is_closed = True
        else:
            _keep(line, stack[-1])
    if not root.children:
        raise CalendarUnreadable(
            "This is not a calendar; check that the address or the file is the right one."
        )
    calendars = [child for child in root.children if child.name == "VCALENDAR"]
    loose = [child for child in root.children if child.name != "VCALENDAR"]
    if loose:
        calendars.append(Component("VCALENDAR", children=loose))
    return calendars, is_whole and len(stack) == 1


def _keep(line: str, component: Component) -> None:
    found = _NAME.match(line)
    name = found[0].upper() if found else ""
    if name not in KEPT:
        return
    read = _property(name, line[len(name) :].lstrip())
    if read is None:
        component.broken.add(name)
    else:
        component.properties.setdefault(name, []).append(read)


def _property(name: str, rest: str) -> Property | None:
    """`;PARAM=value;PARAM="quoted: value":the value`, or None when it has no value."""
    if rest[:1] == ":":
        return Property({}, rest[1:])
    if '"' not in rest:
        head, colon, value = rest.rpartition(":") if name in _NO_COLON_IN_VALUE else rest.partition(":")
    else:
        quoted = False
        for end, character in enumerate(rest):
            if character == '"':
                quoted = not quoted
            elif character == ":" and not quoted:
                head, colon, value = rest[:end], ":", rest[end + 1 :]
                break
        else:
            return None
    if not colon:
        return None
    return Property(dict(_parameters(head)), value)


def _parameters(head: str) -> list[tuple[str, str]]:
    found = []
    for part in head.split(";")[1:]:
        name, equals, value = part.partition("=")
        if equals:
            found.append((name.strip().upper(), value.strip().strip('"')))
    return found


def _unfolded(data: bytes | str) -> list[str]:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > MOST_BYTES:
        raise CalendarUnreadable(f"The calendar is larger than {MOST_BYTES // 1024 // 1024} MB.")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", "replace").encode()
    # Folding may cut a character in two, so lines are joined before they are decoded.
    raw = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    raw = raw.replace(b"\n ", b"").replace(b"\n\t", b"")
    return raw.decode("utf-8", "replace").split("\n")
