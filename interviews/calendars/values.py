"""Dates, times, lengths and periods as RFC 5545 writes them (section 3.3)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?)?(Z)?", re.ASCII | re.IGNORECASE)
_LENGTH = re.compile(
    r"([+-]?)P(?=.)(?:(\d{1,12})W)?(?:(\d{1,12})D)?(?:T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})S)?)?",
    re.ASCII | re.IGNORECASE,
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d):?(\d\d)?", re.ASCII)


class BadValue(ValueError):
    """A value that is not written as RFC 5545 says; for the reader of one event, never for people."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or a time as written: `wall` is what a clock on the wall shows, where `zone_name` says whose clock.

    `zone_name` is empty for a floating time or a date; "UTC" for a time that ends in Z.
    """

    wall: datetime
    zone_name: str
    is_date: bool


@dataclass(frozen=True, slots=True)
class Length:
    """How long something takes: whole days on the calendar (of 23 to 25 hours), then exact seconds (3.3.6)."""

    days: int
    seconds: int


def moment(value: str, params: dict[str, str]) -> Moment:
    """Refuses anything that is no date and no time."""
    found = _MOMENT.fullmatch(value.strip())
    if not found:
        raise BadValue(value)
    year, month, day, hour, minute, second, utc = found.groups()
    try:
        wall = datetime(int(year), int(month), int(day))  # noqa: DTZ001 - a wall time has no zone yet
    except ValueError as error:
        raise BadValue(value) from error
    if hour is None:  # what is written counts, whatever VALUE says of it
        return Moment(wall, "", is_date=True)
    seconds = int(hour) * 3600 + int(minute) * 60 + min(int(second or 0), 59)  # 60 is a leap second
    if int(hour) > 24 or int(minute) > 59 or seconds > 86400:
        raise BadValue(value)
    try:
        wall += timedelta(seconds=seconds)
    except OverflowError as error:
        raise BadValue(value) from error
    return Moment(wall, "UTC" if utc else params.get("TZID", "").strip(), is_date=False)


def length(value: str) -> Length:
    """Refuses anything that is no duration. `P1D` is a day on the calendar, `PT24H` exactly 24 hours."""
    found = _LENGTH.fullmatch(value.strip())
    if not found or not any(found.groups()[1:]):
        raise BadValue(value)
    sign = -1 if found[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    return Length(sign * (weeks * 7 + days), sign * (hours * 3600 + minutes * 60 + seconds))


def period(value: str, params: dict[str, str]) -> tuple[Moment, Moment | Length]:
    """`start/end` or `start/length`."""
    start, slash, end = value.partition("/")
    if not slash:
        raise BadValue(value)
    first = moment(start, params)
    if end.strip()[:1].upper() in ("P", "+", "-"):
        return first, length(end)
    return first, moment(end, params)


def offset_seconds(value: str) -> int:
    """`+0530`, and `-000115` for old local mean times. Refuses a day or more."""
    found = _OFFSET.fullmatch(value.strip())
    if not found:
        raise BadValue(value)
    seconds = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4] or 0)
    if seconds >= 86400:
        raise BadValue(value)
    return -seconds if found[1] == "-" else seconds
