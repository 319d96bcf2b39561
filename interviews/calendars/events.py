"""One VEVENT or VFREEBUSY, as far as it decides when somebody is busy."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from interviews.calendars.clocks import Clock, Clocks
from interviews.calendars.feed import Component, Property
from interviews.calendars.recurrence import Budget, Rule, rule
from interviews.calendars.values import BadValue, Length, Moment, length, moment, period

MOST_NOTES = 20
_A_DAY = Length(1, 0)
_NO_TIME = Length(0, 0)
_FIRST_WALL, _LAST_WALL = datetime(2, 1, 1), datetime(9990, 1, 1)  # noqa: DTZ001 - wall times
_MOST_DAYS = 3_600_000  # some 9,900 years; longer is the same as for ever

Span = tuple[int, int]  # from, up to; in seconds since 1970


class Notes:
    """The sentences about what could not be read, each once."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}

    def add(self, sentence: str) -> None:
        self._sentences[sentence] = None

    def sentences(self) -> tuple[str, ...]:
        every = tuple(self._sentences)
        if len(every) <= MOST_NOTES:
            return every
        return (*every[:MOST_NOTES], f"{len(every) - MOST_NOTES} more things in the calendar cannot be read.")


@dataclass(frozen=True, slots=True)
class ClockOf:
    """Which clock a time in one VCALENDAR is on. Dates are the owner's: a day off is a day where they live."""

    clocks: Clocks
    floating: Clock
    owner: Clock

    def __call__(self, at: Moment) -> Clock:
        if at.is_date:
            return self.owner
        return (self.clocks.get(at.zone_name) if at.zone_name else None) or self.floating

    def knows(self, at: Moment) -> bool:
        return at.is_date or not at.zone_name or self.clocks.get(at.zone_name) is not None

    def moment(self, at: Moment) -> int:
        return self(at).moment(at.wall)


@dataclass(slots=True)
class Event:
    """One event, one date of a series that was changed, or a whole series.

    `doubts` are what is uncertain about its times, `gaps` what may be missing from its dates: phrases that go on from
    “The entry of 2 March 2026 ...”.
    """

    start: Moment
    clock_of: ClockOf
    is_busy: bool
    is_cancelled: bool
    revision: tuple[
        int, str, str
    ]  # SEQUENCE, then DTSTAMP, then LAST-MODIFIED: the latest counts (RFC 5546, 2.1.5)
    is_change: bool
    replaces: Moment | None = None  # RECURRENCE-ID
    is_change_of_all_later: bool = False  # RANGE=THISANDFUTURE
    length: Length = _A_DAY
    rules: list[Rule] = field(default_factory=list)
    rules_out: list[Rule] = field(default_factory=list)  # EXRULE
    dates: list[tuple[Moment, Moment | Length | None]] = field(default_factory=list)  # RDATE
    dates_out: list[Moment] = field(default_factory=list)  # EXDATE
    doubts: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    @property
    def sequence(self) -> int:
        return self.revision[0]

    @property
    def clock(self) -> Clock:
        return self.clock_of(self.start)

    def span(self, wall: datetime) -> Span:
        """When it is on, begun at `wall` on its own clock. One that ends before it begins is taken the other way."""
        start = self.clock.moment(wall)
        end = after(self.clock, wall, self.length)
        return (start, end) if start <= end else (end, start)


def after(clock: Clock, wall: datetime, lasting: Length) -> int:
    """The moment a length after `wall`: days by the calendar first, then exact seconds (RFC 5545, 3.3.6)."""
    if lasting.days:
        days = max(min(lasting.days, _MOST_DAYS), -_MOST_DAYS)
        try:
            wall += timedelta(days=days)
        except OverflowError:
            wall = _LAST_WALL if days > 0 else _FIRST_WALL
    return clock.moment(wall) + lasting.seconds


def event(
    component: Component, clock_of: ClockOf, *, is_withdrawn: bool, budget: Budget, notes: Notes
) -> Event | None:
    """The event; None, and a note unless it leaves its owner free, when nobody can tell when it is.

    `is_withdrawn` says that the calendar around it is a cancellation (METHOD:CANCEL).
    """
    is_cancelled = is_withdrawn or component.text("STATUS") == "CANCELLED"
    is_free = (
        component.text("TRANSP") == "TRANSPARENT" or component.text("X-MICROSOFT-CDO-BUSYSTATUS") == "FREE"
    )
    is_busy = not is_cancelled and not is_free

    of_date = component.first("RECURRENCE-ID")
    is_change = of_date is not None or "RECURRENCE-ID" in component.broken
    replaces = _moment(of_date)
    start = _moment(component.first("DTSTART"))
    if start is None and not is_busy:
        start = replaces  # a cancelled date of a series needs no time of its own
    if start is None:
        if is_busy:
            notes.add("An entry has no start that can be read, so its time is unknown.")
        return None

    found = Event(
        start=start,
        clock_of=clock_of,
        is_busy=is_busy,
        is_cancelled=is_cancelled,
        revision=(
            _number(component.text("SEQUENCE")),
            component.text("DTSTAMP"),
            component.text("LAST-MODIFIED"),
        ),
        is_change=is_change,
        replaces=replaces,
        is_change_of_all_later=of_date is not None
        and of_date.params.get("RANGE", "").upper() == "THISANDFUTURE",
    )
    if is_change and replaces is None:
        found.doubts.append("changes one date of a series, but which one cannot be read")
    if not clock_of.knows(start):
        shown = "".join(letter for letter in start.zone_name if letter.isalnum() or letter in " /_+-:.()")[
            :40
        ]
        found.doubts.append(
            f"is in the time zone “{shown}”, which is unknown; the calendar's own zone is used"
        )
    try:
        found.length = _length(component, found)
    except BadValue:
        found.doubts.append("has an end that cannot be read; it is taken to last a day")
    if not (_read_rules(component, "RRULE", found.rules) and _read_dates(component, found, budget)):
        found.gaps.append("repeats in a way that cannot be read in full, so dates of it may be missing")
    _read_rules(component, "EXRULE", found.rules_out)
    for line in component.all("EXDATE"):
        for value in line.value.split(","):
            budget.spend()
            excluded = _moment(Property(line.params, value))  # one that cannot be read leaves its date busy
            if excluded:
                found.dates_out.append(excluded)
    return found


def published(component: Component, clock_of: ClockOf, *, budget: Budget, notes: Notes) -> Iterator[Span]:
    """The periods of a VFREEBUSY: every kind of busy counts, also kinds of somebody's own; only FREE does not."""
    unreadable = "A published busy time cannot be read, so it is missing."
    if "FREEBUSY" in component.broken:
        notes.add(unreadable)
    for line in component.all("FREEBUSY"):
        if line.params.get("FBTYPE", "").upper() == "FREE":
            continue
        for value in filter(None, map(str.strip, line.value.split(","))):
            budget.spend()
            try:
                start, end = period(value, line.params)
            except BadValue:
                notes.add(unreadable)
            else:
                yield clock_of.moment(start), end_of(start, end, clock_of)


def end_of(start: Moment, end: Moment | Length, clock_of: ClockOf) -> int:
    """The moment at which a period ends."""
    if isinstance(end, Moment):
        return clock_of.moment(end)
    return after(clock_of(start), start.wall, end)


def _length(component: Component, found: Event) -> Length:
    """DTEND gives every date of a series the same exact length, DURATION the same nominal one (RFC 5545, 3.8.5.3)."""
    line = component.first("DTEND")
    if line:
        end = moment(line.value, line.params)
        if found.start.is_date and end.is_date:
            return Length((end.wall - found.start.wall).days or 1, 0)
        clock = found.clock_of(end) if end.zone_name or end.is_date else found.clock
        return Length(0, clock.moment(end.wall) - found.clock.moment(found.start.wall))
    line = component.first("DURATION")
    if line:
        lasting = length(line.value)
        return _A_DAY if found.start.is_date and lasting == _NO_TIME else lasting
    if component.broken & {"DTEND", "DURATION"}:
        raise BadValue("DTEND")
    return _A_DAY if found.start.is_date else _NO_TIME


def _read_rules(component: Component, name: str, rules: list[Rule]) -> bool:
    understood = name not in component.broken
    for line in component.all(name):
        try:
            found, is_whole = rule(line.value)
        except BadValue:
            understood = False
        else:
            rules.append(found)
            understood &= is_whole
    return understood


def _read_dates(component: Component, found: Event, budget: Budget) -> bool:
    understood = "RDATE" not in component.broken
    for line in component.all("RDATE"):
        for value in filter(None, map(str.strip, line.value.split(","))):
            budget.spend()
            try:
                found.dates.append(
                    period(value, line.params) if "/" in value else (moment(value, line.params), None)
                )
            except BadValue:
                understood = False
    return understood


def _moment(line: Property | None) -> Moment | None:
    try:
        return moment(line.value, line.params) if line else None
    except BadValue:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
