"""Time zones in calendar messages: the VTIMEZONE (RFC 5545, section 3.6.5) that says what a local time means.

Outlook reads one yearly change to summer time and one back, each on the n-th or last weekday of a month
(MS-OXCICAL, section 2.1.3.1.1.19), and ignores a zone of any other shape. So a zone is written in exactly
this shape or not at all: the caller then writes UTC, which every program understands.
"""

import calendar
import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# Eleven years show a rule on every day of the month that it can fall on, so no other rule fits by accident.
YEARS_AHEAD = 11
# The names that calendars know. `localtime`, `right/...`, `Etc/...` and their like are files, not places.
_AREA = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
_PLACE = re.compile(rf"({_AREA})(/[A-Za-z0-9_+-]{{1,40}}){{1,2}}")


def zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The IANA time zone of this name, when it names a place and is known here."""
    if not _PLACE.fullmatch(name):
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


@functools.lru_cache(maxsize=256)
def timezone_lines(name: str, since: int, until: int) -> tuple[str, ...]:
    """The VTIMEZONE of a zone for events of the years `since` to `until`; empty when UTC is to be written.

    The rules in force from then until eleven years later are written as if they held since 1970, so every
    moment of those years comes out right. Empty where they change within that time (Casablanca's follow the
    moon) or have a shape that Outlook does not read (Jerusalem's Friday before a Sunday).
    """
    place = zone(name)
    if place is None or since <= 1970 or until >= 2200:
        return ()
    years = range(since, until + YEARS_AHEAD + 1)
    changes = list(_changes(place, years))
    if not changes:
        here = dt.datetime(since, 1, 1, tzinfo=place)
        offset = _offset(here)
        lines = _constant(offset, here.tzname())
    elif len({change.before for change in changes}) == 2:
        forth = _yearly("DAYLIGHT", [change for change in changes if change.after > change.before], years)
        back = _yearly("STANDARD", [change for change in changes if change.after < change.before], years)
        lines = [*forth, *back] if forth and back else []
    else:
        lines = []
    return ("BEGIN:VTIMEZONE", f"TZID:{name}", *lines, "END:VTIMEZONE") if lines else ()


@dataclass(frozen=True)
class _Change:
    """The clocks are put forth or back."""

    onset: dt.datetime  # what the clocks show at that moment, before they are touched
    before: dt.timedelta
    after: dt.timedelta
    name: str | None


def _changes(place: zoneinfo.ZoneInfo, years: range) -> Iterator[_Change]:
    """Every change of the offset in these years, found by looking once a day and then halving the day."""
    day = 24 * 60 * 60
    first = calendar.timegm((years[0], 1, 1, 0, 0, 0))
    last = calendar.timegm((years[-1] + 1, 1, 1, 0, 0, 0))
    before = _offset(dt.datetime.fromtimestamp(first, place))
    for midnight in range(first + day, last + 1, day):
        after = _offset(dt.datetime.fromtimestamp(midnight, place))
        if after == before:
            continue
        low, high = midnight - day, midnight
        while high - low > 1:
            middle = (low + high) // 2
            if _offset(dt.datetime.fromtimestamp(middle, place)) == before:
                low = middle
            else:
                high = middle
        yield _Change(
            dt.datetime.fromtimestamp(high, dt.UTC).replace(tzinfo=None) + before,
            before,
            after,
            dt.datetime.fromtimestamp(high, place).tzname(),
        )
        before = after


def _yearly(kind: str, changes: list[_Change], years: range) -> list[str]:
    """The changes in one direction as one yearly rule; empty when no rule says them all."""
    shapes = {
        (
            change.onset.month,
            change.onset.weekday(),
            change.onset.time(),
            change.before,
            change.after,
            change.name,
        )
        for change in changes
    }
    if [change.onset.year for change in changes] != list(years) or len(shapes) != 1:
        return []
    month, weekday, time, before, after, name = shapes.pop()
    weeks = {(change.onset.day + 6) // 7 for change in changes}
    if len(weeks) == 1:
        week = weeks.pop()
        day = (weekday - dt.date(1970, month, 1).weekday()) % 7 + 7 * week - 6
    elif all(change.onset.day + 7 > calendar.monthrange(change.onset.year, month)[1] for change in changes):
        week = -1
        length = calendar.monthrange(1970, month)[1]
        day = length - (dt.date(1970, month, length).weekday() - weekday) % 7
    else:
        return []
    start = dt.datetime.combine(dt.date(1970, month, day), time)
    rule = f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={week}{WEEKDAYS[weekday]}"
    return _observance(kind, f"{start:%Y%m%dT%H%M%S}", rule, before, after, name)


def _constant(offset: dt.timedelta, name: str | None) -> list[str]:
    return _observance("STANDARD", "19700101T000000", "", offset, offset, name)


def _observance(
    kind: str, start: str, rule: str, before: dt.timedelta, after: dt.timedelta, name: str | None
) -> list[str]:
    lines = [
        f"BEGIN:{kind}",
        f"DTSTART:{start}",
        rule,
        f"TZOFFSETFROM:{_signed(before)}",
        f"TZOFFSETTO:{_signed(after)}",
        f"TZNAME:{name}" if name else "",
        f"END:{kind}",
    ]
    return [line for line in lines if line]


def _offset(moment: dt.datetime) -> dt.timedelta:
    return moment.utcoffset() or dt.timedelta()


def _signed(offset: dt.timedelta) -> str:
    minutes, seconds = divmod(abs(int(offset.total_seconds())), 60)
    return (
        f"{'-' if offset < dt.timedelta() else '+'}{minutes // 60:02}{minutes % 60:02}"
        f"{f'{seconds:02}' if seconds else ''}"
    )


# For an iCalendar object that needs a component and has nothing to say.
UTC = ("BEGIN:VTIMEZONE", "TZID:Etc/UTC", *_constant(dt.timedelta(), "UTC"), "END:VTIMEZONE")
