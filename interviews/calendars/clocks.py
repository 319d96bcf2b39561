"""Clocks: what moment a wall-clock time means in a zone, and back.

A zone is found, in this order, as an IANA name (also behind a vendor's prefix), as a Windows name, as an offset such
as `UTC+02:00`, and last by the rules that the calendar itself spells out in a VTIMEZONE. Names come first because the
rules in a file are often a snapshot of one year.

A time in the gap of a change is read with the offset before the gap, a repeated one as its first (RFC 5545, 3.3.5).
Moments are whole seconds since 1970 in UTC.
"""

import re
from bisect import bisect_right
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from interviews.calendars.feed import Component
from interviews.calendars.recurrence import Budget, rule, times
from interviews.calendars.values import BadValue, Moment, moment, offset_seconds
from interviews.calendars.windows_zones import WINDOWS_ZONES

_START = datetime(1970, 1, 1)  # noqa: DTZ001
_NOT_PLACES = ("localtime", "right/", "posix/", "posixrules", "Factory")  # files beside the zones
_WINDOWS = {name.upper(): place for name, place in WINDOWS_ZONES.items()}
_OFFSET_NAME = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d\d))?", re.ASCII | re.IGNORECASE)


class Clock(Protocol):
    """The wall clock of one zone."""

    def moment(self, wall: datetime) -> int: ...

    def wall(self, at: int) -> datetime: ...


class PlaceClock:
    """The clock of a zone that Python knows."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def moment(self, wall: datetime) -> int:
        return int(wall.replace(tzinfo=self._zone, fold=0).timestamp())

    def wall(self, at: int) -> datetime:
        return (
            (datetime.fromtimestamp(0, UTC) + timedelta(seconds=at))
            .astimezone(self._zone)
            .replace(tzinfo=None)
        )


class RuledClock:
    """The clock of a zone known only by the changes its VTIMEZONE lists: (moment, offset before, offset after)."""

    def __init__(self, changes: list[tuple[int, int, int]]) -> None:
        changes = sorted(changes)
        self._offsets = [changes[0][1], *(after for _, _, after in changes)]
        self._moments = [at for at, _, _ in changes]
        # On the wall, a change takes effect when neither the gap nor the repeated hour is left.
        self._walls = [at + max(before, after) for at, before, after in changes]

    def moment(self, wall: datetime) -> int:
        seconds = seconds_of(wall)
        return seconds - self._offsets[bisect_right(self._walls, seconds)]

    def wall(self, at: int) -> datetime:
        return _START + timedelta(seconds=at + self._offsets[bisect_right(self._moments, at)])


UTC_CLOCK = PlaceClock(UTC)


LONGEST_NAME = 200  # no zone's name is longer; a hostile one is not looked up piece by piece


def seconds_of(wall: datetime) -> int:
    gone = wall - _START
    return gone.days * 86400 + gone.seconds


def named(name: str) -> Clock | None:
    """The clock of a zone by its IANA or Windows name, or by its offset; None for an unknown name."""
    name = name.strip().strip('"')
    if len(name) > LONGEST_NAME:
        return None
    if name.upper() in ("UTC", "Z", "TZONE://MICROSOFT/UTC"):
        return UTC_CLOCK
    # “/freeassociation.sourceforge.net/Europe/Berlin”, “/mozilla.org/20050126_1/America/Indiana/Knox”
    words = [word for word in name.split("/") if word]
    for first in range(len(words)):
        zone = _place("/".join(words[first:])) if first == 0 or len(words) - first > 1 else None
        if zone:
            return PlaceClock(zone)
    if name.upper() in _WINDOWS:
        zone = _place(_WINDOWS[name.upper()])
        return PlaceClock(zone) if zone else None
    found = _OFFSET_NAME.fullmatch(name)
    if found and int(found[2]) < 24 and int(found[3] or 0) < 60:
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return PlaceClock(timezone(ahead if found[1] == "+" else -ahead))
    return None


def _place(name: str) -> ZoneInfo | None:
    if name.startswith(_NOT_PLACES):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


class Clocks:
    """The clocks that one calendar's times refer to. `last` is the moment after which no change matters."""

    def __init__(self, zones: list[Component], *, last: int, budget: Budget) -> None:
        self._zones: dict[str, list[Component]] = {}
        for zone in zones:
            tzid = zone.first("TZID")
            if tzid:
                name = re.sub(
                    r"\\(.)", r"\1", tzid.value.strip()
                )  # a text there, but a parameter in the events
                self._zones.setdefault(name, []).append(zone)
        self._last = last
        self._budget = budget
        self._known: dict[str, Clock | None] = {}

    def get(self, name: str) -> Clock | None:
        """None when the name is unknown and the calendar does not explain it."""
        if name not in self._known:
            self._known[name] = named(name) or self._explained(name)
        return self._known[name]

    def _explained(self, name: str) -> Clock | None:
        for zone in self._zones.get(name, ()):
            place = zone.first("X-LIC-LOCATION")
            clock = (named(place.value) if place else None) or self._ruled(zone)
            if clock:
                return clock
        return None

    def _ruled(self, zone: Component) -> Clock | None:
        changes: list[tuple[int, int, int]] = []
        for observance in zone.children:
            if observance.name in ("STANDARD", "DAYLIGHT"):
                try:
                    changes += self._changes(observance)
                except BadValue:
                    return None
        return RuledClock(changes) if changes else None

    def _changes(self, observance: Component) -> list[tuple[int, int, int]]:
        start, before, after = (observance.first(name) for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"))
        if start is None or before is None or after is None or observance.broken:
            raise BadValue("DTSTART")
        ahead, now_ahead = offset_seconds(before.value), offset_seconds(after.value)
        first = moment(start.value, {}).wall
        walls = {first}
        for listed in observance.all("RDATE"):
            walls |= {moment(value.partition("/")[0], {}).wall for value in listed.value.split(",")}
        horizon = _START + timedelta(seconds=max(self._last, 0))
        for line in observance.all("RRULE"):
            repeats, _ = rule(line.value)
            until = _until(repeats.until, ahead)
            found = times(
                repeats, first, is_date=False, since=max(first, _START), before=horizon, budget=self._budget
            )
            walls |= {wall for wall in found if until is None or wall <= until}
        return [(seconds_of(wall) - ahead, ahead, now_ahead) for wall in walls]


def _until(until: Moment | None, ahead: int) -> datetime | None:
    if until is None:
        return None
    if until.is_date:
        return until.wall + timedelta(days=1, seconds=-1)
    return until.wall + timedelta(seconds=ahead) if until.zone_name == "UTC" else until.wall
