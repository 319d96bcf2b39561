"""An interview kept in somebody's own calendar: what we write there, and what of theirs we leave standing.

Note [Their calendar]
The entry is theirs as much as ours. When, with whom, under which title and where is ours, and each new version says
it anew. Everything they added is theirs and stays: alarms, categories, colours, attachments, whether it blocks their
day, their answer, and what they wrote into the description besides our words.
"""

import re

from interviews.calendars import itip_lines
from interviews.calendars.itip_lines import Component, Property

# What a version says alone.
_OURS = frozenset(
    (
        *(
            "UID",
            "DTSTAMP",
            "SEQUENCE",
            "DTSTART",
            "DTEND",
            "DURATION",
            "SUMMARY",
            "DESCRIPTION",
            "LOCATION",
            "URL",
        ),
        *("STATUS", "TRANSP", "ORGANIZER", "ATTENDEE", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
    )
)
_METHOD = re.compile(rb"^METHOD:[A-Z]+\r\n", re.MULTILINE)
_PARTSTAT = re.compile(r"(;PARTSTAT=)[A-Z-]+", re.IGNORECASE)


def entry(letter: bytes) -> bytes:
    """A calendar letter as it lies in a calendar: without METHOD, which is for messages (RFC 4791, section 4.1)."""
    return _METHOD.sub(b"", letter)


def is_cancel(letter: bytes) -> bool:
    return b"\r\nMETHOD:CANCEL\r\n" in letter


def same_times(one: bytes, other: bytes) -> bool:
    """Whether two entries of ours take place at the same time."""
    return all(_line(one, name) == _line(other, name) for name in ("DTSTART", "DTEND"))


def merged(ours: bytes, theirs: bytes, *, before: bytes) -> bytes:
    """Our new version with what they added to the one in their calendar. See Note [Their calendar].

    `before` is what we wrote there the last time (empty: nothing). An entry of theirs that cannot be read is replaced.
    """
    try:
        event = next(item for item in itip_lines.calendar(theirs).components if item.name == "VEVENT")
        extra = _additions(theirs)
    except (ValueError, StopIteration):
        return ours
    lines = []
    for line in _unfolded(ours):
        name = re.split("[:;]", line, maxsplit=1)[0].upper()
        if line == "END:VEVENT":
            lines += extra
        if name == "TRANSP" and (blocks := event.first("TRANSP")):
            line = f"TRANSP:{blocks.value}"
        if name == "DESCRIPTION":
            line = _described(line, event, before)
        if name == "ATTENDEE" and _sequence(ours) == _sequence(theirs):
            line = _answered(line, event)
        lines.append(line)
    return itip_lines.folded(lines)


def _additions(theirs: bytes) -> list[str]:
    """The lines of their event that are not ours to say, and its alarms, as they stand."""
    found: list[str] = []
    depth = 0  # 1 in the first event, 2 and more in what it holds
    for line in _unfolded(theirs):
        upper = line.upper().rstrip()
        if upper == "BEGIN:VEVENT" and depth == 0:
            depth = 1
        elif depth == 1 and upper == "END:VEVENT":
            return found
        elif depth:
            opens, closes = upper.startswith("BEGIN:"), upper.startswith("END:")
            depth += opens
            if depth > 1 or re.split("[:;]", upper, maxsplit=1)[0] not in _OURS:
                found.append(line)
            depth -= closes
    return found


def _described(line: str, event: Component, before: bytes) -> str:
    theirs, old = event.first("DESCRIPTION"), _line(before, "DESCRIPTION")
    if theirs is None or old is None or theirs.plain == old.plain:
        return line
    new = _read(line)
    kept = theirs.plain.replace(old.plain, new.plain) if old.plain else f"{new.plain}\n\n{theirs.plain}"
    return f"DESCRIPTION:{itip_lines.text(kept)}"


def _answered(line: str, event: Component) -> str:
    """What they answered in their own calendar and we have not heard of yet."""
    who = _read(line)
    for item in event.all("ATTENDEE"):
        said = item.parameters.get("PARTSTAT", "").upper()
        is_news = said in {"ACCEPTED", "DECLINED", "TENTATIVE"}
        if (
            is_news
            and item.value.lower() == who.value.lower()
            and who.parameters["PARTSTAT"] == "NEEDS-ACTION"
        ):
            return _PARTSTAT.sub(rf"\g<1>{said}", line, count=1)
    return line


def _sequence(data: bytes) -> str:
    found = _line(data, "SEQUENCE")
    return found.value.strip() if found else "0"


def _line(data: bytes, name: str) -> Property | None:
    """The event's first property of this name; None also where there is no event."""
    try:
        events = [item for item in itip_lines.calendar(data).components if item.name == "VEVENT"]
    except ValueError:
        return None
    return events[0].first(name) if events else None


def _read(line: str) -> Property:
    found = itip_lines.line(line)
    assert found is not None, "a line of our own"
    return found


def _unfolded(data: bytes) -> list[str]:
    text = re.sub(rb"\r?\n[ \t]", b"", data).decode("utf-8-sig", errors="replace")
    return [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
