"""When somebody is busy, read truthfully from a calendar (RFC 5545, 5546, 7986).

What a calendar says is completed the way its owner meets it: an event that is cancelled, transparent or marked free
leaves them free; a tentative one does not; an all-day event lasts from midnight to midnight where they live. Nothing
that cannot be read passes for free time: it counts where its time is known, and `Busy.unreadable` tells of it. Only
times leave this package: no title, no name, no identifier.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from interviews.calendars.clocks import Clocks, PlaceClock
from interviews.calendars.events import ClockOf, Event, Notes, Span, event, published
from interviews.calendars.feed import components
from interviews.calendars.recurrence import Budget
from interviews.calendars.series import EARLIEST, LATEST, Window, spans

STEPS = 500_000  # of all rules and dates in one calendar; more is no honest calendar
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A stretch of time in UTC from `starts_at` up to, and not including, `ends_at`."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Busy:
    """When somebody is busy: merged intervals in order, and one sentence for each thing that could not be read."""

    intervals: tuple[Interval, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything was understood, so that the rest of the time is truly free."""
        return not self.unreadable


def busy(
    data: bytes | str, *, starts_at: datetime, ends_at: datetime, zone: ZoneInfo
) -> tuple[Interval, ...]:
    """The intervals of `read`, for callers that have no use for what could not be read."""
    return read(data, starts_at=starts_at, ends_at=ends_at, zone=zone).intervals


def read(
    data: bytes | str, *, starts_at: datetime, ends_at: datetime, zone: ZoneInfo, ours: Collection[str] = ()
) -> Busy:
    """When the owner of this calendar is busy from `starts_at` up to `ends_at`.

    `ours` are UIDs of events that we put there ourselves: they take no time of what we plan. `zone` is where the owner
    lives: it gives all-day events their hours, and also the times that name no zone, unless the calendar names one for
    them (X-WR-TIMEZONE). Raises CalendarUnreadable when the text is no calendar, or too much of one. A calendar from
    outside goes through `guard.read_safely`, which also bounds the time this takes.
    """
    refuse_naive(starts_at, ends_at)
    if ends_at <= starts_at:
        return Busy(())
    window = Window(
        max(int(starts_at.timestamp() // 1), EARLIEST), min(-int(-ends_at.timestamp() // 1), LATEST)
    )
    budget, notes, owner = Budget(STEPS), Notes(), PlaceClock(zone)
    calendars, is_whole = components(data)
    if not is_whole:
        notes.add("The calendar breaks off or is damaged, so entries may be missing.")

    found: list[Span] = []
    series: dict[str, list[Event]] = {}
    for calendar in calendars:
        zones = [child for child in calendar.children if child.name == "VTIMEZONE"]
        clocks = Clocks(zones, last=window.last, budget=budget)
        default = calendar.first("X-WR-TIMEZONE")
        clock_of = ClockOf(clocks, (clocks.get(default.value) if default else None) or owner, owner)
        is_withdrawn = calendar.text("METHOD") == "CANCEL"
        for child in calendar.children:
            if child.name == "VFREEBUSY":
                found += published(child, clock_of, budget=budget, notes=notes)
            elif child.name == "VEVENT":
                uid = child.first("UID")
                if uid and uid.value.strip() in ours:
                    continue
                one = event(child, clock_of, is_withdrawn=is_withdrawn, budget=budget, notes=notes)
                if one:
                    series.setdefault(uid.value.strip() if uid else f"none {len(series)}", []).append(one)
    for events in series.values():
        found += (span for span in spans(events, window, budget=budget, notes=notes) if window.touches(span))

    cut = (Interval(_at(max(start, window.first)), _at(min(end, window.last))) for start, end in found)
    return Busy(merged(cut, starts_at=starts_at, ends_at=ends_at), notes.sentences())


def merged(intervals: Iterable[Interval], *, starts_at: datetime, ends_at: datetime) -> tuple[Interval, ...]:
    """The same time in as few intervals as it takes, in order, in UTC and cut to the window."""
    lo, hi = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted((max(span.starts_at, lo), min(span.ends_at, hi)) for span in intervals):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(Interval(start.astimezone(UTC), end.astimezone(UTC)) for start, end in joined)


def without(intervals: Iterable[Interval], taken: Iterable[Interval]) -> tuple[Interval, ...]:
    """What is left of the intervals outside of `taken`."""
    left = list(intervals)
    for gap in taken:
        left = [
            part
            for span in left
            for part in (
                Interval(span.starts_at, min(span.ends_at, gap.starts_at)),
                Interval(max(span.starts_at, gap.ends_at), span.ends_at),
            )
            if part.starts_at < part.ends_at
        ]
    return tuple(left)


def refuse_naive(*moments: datetime) -> None:
    if any(at.utcoffset() is None for at in moments):
        raise ValueError(
            "A moment without a time zone could be any of many; give every moment with its zone."
        )


def _at(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
