"""One series: an event, its repetitions, and the changes made to single dates of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from interviews.calendars.clocks import Clock, seconds_of
from interviews.calendars.events import Event, Notes, Span, after, end_of
from interviews.calendars.recurrence import Budget, Rule, times
from interviews.calendars.values import Length, Moment

_DAY = 86400
EARLIEST = seconds_of(datetime(2, 1, 1))  # noqa: DTZ001
LATEST = seconds_of(datetime(9990, 1, 1))  # noqa: DTZ001

# What names one date of a series: the moment it began by the rule, or its day in a series of whole days. A change that
# names only the day of a timed series means the time of that day.
Key = int | date


@dataclass(frozen=True, slots=True)
class Window:
    """The time asked for, in seconds since 1970."""

    first: int
    last: int

    def touches(self, span: Span, margin: int = 0) -> bool:
        return span[0] < self.last + margin and span[1] > self.first - margin


def spans(events: list[Event], window: Window, *, budget: Budget, notes: Notes) -> Iterator[Span]:
    """When the events of one UID keep their owner busy; some outside the window included."""
    masters = [event for event in events if not event.is_change]
    latest = max((event.revision for event in masters), default=None)
    changes = [event for event in events if event.is_change]
    # Two different events of one revision under one UID are a slip of the exporter; both count.
    series = [_Series(master, window, budget) for master in masters if master.revision == latest]
    for one in series or [_Series(None, window, budget)]:
        for event, span in one.spans(changes):
            if event.doubts and window.touches(span, margin=_DAY):
                _tell(event, event.doubts, notes)
            yield span
        if one.master and one.master.gaps and one.master.is_busy and one.starts() < window.last:
            _tell(one.master, one.master.gaps, notes)


def _tell(event: Event, phrases: list[str], notes: Notes) -> None:
    for phrase in phrases:
        notes.add(f"The entry of {event.start.wall.day} {event.start.wall:%B %Y} {phrase}.")


class _Series:
    """A master event and its dates; without one, the changes that came without their series."""

    def __init__(self, master: Event | None, window: Window, budget: Budget) -> None:
        self.master = master
        self._window = window
        self._budget = budget
        self._out = {self._key(at, master) for at in master.dates_out} if master else set()

    def starts(self) -> int:
        return self.master.clock.moment(self.master.start.wall) if self.master else 0

    def spans(self, changes: list[Event]) -> Iterator[tuple[Event, Span]]:
        changed: dict[Key, Event] = {}
        for event in sorted(changes, key=lambda event: event.revision):
            if event.replaces is None:
                if event.is_busy:
                    yield event, event.span(event.start.wall)
            else:
                changed[self._key(event.replaces, event)] = event
        for key, event in changed.items():
            if event.is_busy and not self._is_overtaken(key, event):
                yield event, event.span(event.start.wall)
        if self.master:
            yield from self._dates(self.master, changed)

    def _is_overtaken(self, key: Key, change: Event) -> bool:
        """Whether a newer version of the series took this change back."""
        master = self.master
        if master is None or change.sequence > master.sequence:
            return False
        if key in self._out:
            return True
        if change.sequence == master.sequence:
            return False
        # Confluence changes a date by a copy of the whole series, which falls with the series it copied.
        return master.is_cancelled or (bool(change.rules) and not self._has(key))

    def _dates(self, master: Event, changed: dict[Key, Event]) -> Iterator[tuple[Event, Span]]:
        """The dates of the series itself, each as the last change of all later dates left it."""
        later = sorted(
            ((self._moment(key), event) for key, event in changed.items() if event.is_change_of_all_later),
            key=lambda pair: pair[0],
        )
        ruling = [master, *(event for _, event in later)]
        if not any(event.is_busy for event in ruling):
            return
        reach = max(_reach(event.length) for event in ruling)
        shift = max((abs(event.clock.moment(event.start.wall) - at) + _DAY for at, event in later), default=0)
        nothing_to_repeat = all(event.length == Length(0, 0) for event in ruling)
        rules = [] if nothing_to_repeat else master.rules
        lo, hi = self._window.first - reach - shift, self._window.last + shift
        for wall, end in self._walls(master, rules, lo, hi):
            at = master.clock.moment(wall)
            if self._out and (at in self._out or wall.date() in self._out):
                continue
            if changed and (at in changed or wall.date() in changed):
                continue
            before = [pair for pair in later if pair[0] <= at]
            position, event = before[-1] if before else (at, master)
            if not event.is_busy:
                continue
            if event is not master:
                wall = _moved(wall, position, master, event)
            start, normal_end = event.span(wall)
            yield event, (start, normal_end if end is None else start + end - at)

    def _walls(
        self, master: Event, rules: list[Rule], lo: int, hi: int
    ) -> Iterator[tuple[datetime, int | None]]:
        """The dates by the rules as they show on the series' own clock, and the end of those that have their own."""
        ends: dict[datetime, int | None] = {}
        untils = [self._until(rule) for rule in master.rules]
        start = master.start.wall
        began = master.clock.moment(start)
        # A rule that ended before it began is how Confluence writes a series that was deleted.
        if not untils or any(until is None or until >= began for until in untils):
            ends[start] = None
        for extra, end in master.dates:
            ends[self._wall(extra)] = None if end is None else end_of(extra, end, master.clock_of)
        for rule in rules:
            ends |= dict.fromkeys(self._by(rule, master, lo, hi))
        for rule in master.rules_out:
            for wall in self._by(rule, master, lo, hi):
                ends.pop(wall, None)
        yield from ends.items()

    def _by(self, rule: Rule, master: Event, lo: int, hi: int) -> Iterator[datetime]:
        until = self._until(rule)
        if until is not None:
            hi = min(hi, until + 1)
        found = times(
            rule,
            master.start.wall,
            is_date=master.start.is_date,
            since=_wall_around(master.clock, lo, -1),
            before=_wall_around(master.clock, hi, 1),
            budget=self._budget,
        )
        for wall in found:
            if until is None or master.clock.moment(wall) <= until:
                yield wall

    def _until(self, rule: Rule) -> int | None:
        """The last moment at which a date of the series may begin."""
        until, master = rule.until, self.master
        if until is None or master is None:
            return None
        if master.start.is_date:
            return master.clock.moment(_midnight(_day_of(until, master)))
        if until.is_date:
            return after(master.clock, until.wall, Length(1, 0)) - 1
        if until.zone_name:
            return master.clock_of.moment(until)
        return master.clock.moment(until.wall)

    def _has(self, key: Key) -> bool:
        """Whether the rules give this date."""
        at = self._moment(key)
        if self.master is None:
            return False
        walls = self._walls(self.master, self.master.rules, at - _DAY, at + _DAY)
        return any(wall.date() == key or self.master.clock.moment(wall) == key for wall, _ in walls)

    def _key(self, at: Moment, event: Event) -> Key:
        """The date of the series that `at` in `event` means."""
        master = self.master or event
        if master.start.is_date:
            return _day_of(at, master)
        if at.is_date:
            return at.wall.date()
        return event.clock_of.moment(at) if at.zone_name else master.clock.moment(at.wall)

    def _moment(self, key: Key) -> int:
        if isinstance(key, int):
            return key
        return self.master.clock.moment(_midnight(key)) if self.master else 0

    def _wall(self, at: Moment) -> datetime:
        """A further date of the series, on the series' own clock."""
        master = self.master
        assert master
        if master.start.is_date:
            return _midnight(_day_of(at, master))
        if at.is_date:
            return datetime.combine(at.wall, master.start.wall.time())
        if at.zone_name in ("", master.start.zone_name):
            return at.wall
        return master.clock.wall(max(min(master.clock_of.moment(at), LATEST), EARLIEST))


def _wall_around(clock: Clock, at: int, direction: int) -> datetime:
    """The wall time of a moment, moved as far as clocks change near it, since repeated hours are not in order."""
    at = max(min(at, LATEST), EARLIEST)
    ahead = [seconds_of(clock.wall(near)) - near for near in (at - _DAY, at, at + _DAY)]
    return clock.wall(at) + timedelta(seconds=direction * (max(ahead) - min(ahead) + 1))


def _moved(wall: datetime, position: int, master: Event, change: Event) -> datetime:
    """Where a date goes when all dates from `position` on move as the first of them did (RFC 5545, 3.8.4.4).

    The move is one of wall-clock time, so that a series moved from nine to ten stays at ten all year.
    """
    if master.start.is_date or change.start.is_date:
        first = master.clock.wall(position + (_DAY // 2 if master.start.is_date else 0)).date()
        if change.start.is_date:
            wall = _midnight(wall.date())
        return wall + (change.start.wall - _midnight(first))
    if change.start.zone_name == master.start.zone_name:
        here = wall
    else:
        here = change.clock.wall(master.clock.moment(wall))
    return here + (change.start.wall - change.clock.wall(position))


def _day_of(at: Moment, master: Event) -> date:
    """The day that a time names in a series of whole days. Midnight in UTC is mostly just a day written as a time."""
    ends_a_day = (at.wall.hour, at.wall.minute, at.wall.second) in ((0, 0, 0), (23, 59, 59))
    if at.zone_name != "UTC" or ends_a_day:
        return at.wall.date()
    return master.clock.wall(max(min(seconds_of(at.wall), LATEST), EARLIEST)).date()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall time


def _reach(lasting: Length) -> int:
    """At least as long as such a length can be in seconds; days may have more than 24 hours."""
    return (abs(lasting.days) + 1) * _DAY + abs(lasting.seconds) if lasting.days else abs(lasting.seconds)
