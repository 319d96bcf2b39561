"""Calendars where people keep them: each adapter asks one kind of service when somebody is busy.

Every adapter is a `CalendarReader`. What cannot be known is an error, never free time; what leaves an adapter is times.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from interviews.calendars.busy import Busy, merged
from interviews.calendars.feed import CalendarUnreadable
from interviews.calendars.guard import Unreadable, read_safely

__all__ = ["CalendarReader", "CalendarUnreadable", "Remembered"]


class CalendarReader(Protocol):
    """A calendar that can be asked when its owner is busy."""

    def read(self, *, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Busy:
        """The owner's busy time from `starts_at` up to `ends_at`; `zone` is where they live.

        Raises CalendarUnreadable, with a sentence for the owner, when it cannot be known.
        """


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was read the last time, so that an unchanged calendar need not be read again; it holds times only.

    `version` is the service's own mark of the calendar's state, such as an ETag.
    """

    version: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    busy: Busy

    def answers(self, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> bool:
        """Whether this was read for the same window and the same zone."""
        return (self.starts_at, self.ends_at, self.zone) == (starts_at, ends_at, zone.key)


def read_or_raise(
    data: bytes, *, starts_at: datetime, ends_at: datetime, zone: ZoneInfo, ours: Collection[str] = ()
) -> Busy:
    """`guard.read_safely`, for an adapter: a refusal is an error."""
    busy = read_safely(data, starts_at=starts_at, ends_at=ends_at, zone=zone, ours=ours)
    if isinstance(busy, Unreadable):
        raise CalendarUnreadable(busy.reason, may_pass=busy.may_pass)
    return busy


def together(parts: list[Busy], *, starts_at: datetime, ends_at: datetime) -> Busy:
    """Several readings as one."""
    spans = (span for part in parts for span in part.intervals)
    notes = dict.fromkeys(note for part in parts for note in part.unreadable)
    return Busy(merged(spans, starts_at=starts_at, ends_at=ends_at), tuple(notes))


def windows(starts_at: datetime, ends_at: datetime, *, days: int) -> list[tuple[datetime, datetime]]:
    """A window cut into pieces of at most `days`, for services that answer no more at once."""
    pieces = []
    while starts_at < ends_at:
        end = min(starts_at + timedelta(days=days), ends_at)
        pieces.append((starts_at, end))
        starts_at = end
    return pieces
