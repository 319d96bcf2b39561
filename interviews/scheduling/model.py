"""The words of the scheduling engine: what goes in (`Problem`) and what comes out (`Solution` or
`Explanation`).

Every instant is an aware datetime; the engine answers in UTC. Dates and times of day are local: those of a
person in the person's own zone, those of the loop (days, breaks, completion) in the candidate's zone. A
question that cannot be meant that way is refused with `InvalidProblem` when it is put together, in a
sentence that says what to correct.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

MAX_BLOCKS = 6
MAX_REQUIRED_SEATS = 3
MAX_OPTIONAL_SEATS = 2
MAX_BREAKS = 3
MAX_IDLE_MINUTES = 720
MAX_URGENCY = 5
MAX_WEIGHT = 5
MAX_HORIZON_DAYS = 400
MAX_NODES = 20_000
EMPTY = ""
"""Stands for nobody: a plan leaves an optional seat out, it never names a person with this key."""


Thing = TypeVar("Thing")


class InvalidProblem(ValueError):
    """The question contradicts itself; the message says what to correct."""


def _refuse_if(wrong: bool, sentence: str) -> None:
    if wrong:
        raise InvalidProblem(sentence)


def _refuse_repeated(keys: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for key in keys:
        _refuse_if(key in seen, f"{what} “{key}” is there twice; give each one its own key.")
        seen.add(key)


def varied(thing: Thing, **changes: object) -> Thing:
    """A copy with some fields changed, as `dataclasses.replace` makes it, but not checked again: for the dozens of
    variants of a valid problem that the engine itself makes.
    """
    copy = object.__new__(type(thing))
    for name in thing.__slots__:  # type: ignore[attr-defined]
        object.__setattr__(copy, name, changes[name] if name in changes else getattr(thing, name))
    return copy


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of that name. Refuses unknown names."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidProblem(f"“{name}” is no time zone; use a name such as “Europe/Berlin”.") from error


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time from `starts_at` up to, and not including, `ends_at`."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        naive = self.starts_at.utcoffset() is None or self.ends_at.utcoffset() is None
        _refuse_if(naive, "A time has no zone; give every instant with its time zone.")
        _refuse_if(
            self.ends_at < self.starts_at,
            f"An interval ends ({self.ends_at:%d %b %Y %H:%M}) before it starts "
            f"({self.starts_at:%d %b %Y %H:%M}); swap the two.",
        )


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Working hours on one weekday (Monday is 0) on the person's own clock. `closes` at 00:00 is midnight."""

    weekday: int
    opens: time
    closes: time

    def __post_init__(self) -> None:
        _refuse_if(not 0 <= self.weekday <= 6, "A weekday is a number from 0 (Monday) to 6 (Sunday).")
        _refuse_if(
            self.closes != time(0) and self.closes <= self.opens,
            f"Working hours close ({self.closes:%H:%M}) before they open ({self.opens:%H:%M}); "
            "enter hours past midnight on the next weekday.",
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can sit in a block, or a room (a person with hours and no limits).

    `busy` is the calendar without this loop. `booked` are interviews held for other loops: they take time
    as well and count in the limits. `buffer_minutes` are kept free before and after an interview, from
    both. The limits are hard and count by the local day of an interview's start: per day, per week (Monday
    to Sunday) and in any four weeks (28 days in a row). `recent_load` (interviews held lately), `newcomer`
    and `weight` only steer who is asked first.
    """

    key: str
    name: str
    zone: str
    hours: tuple[WeeklyHours, ...]
    busy: tuple[Interval, ...] = ()
    booked: tuple[Interval, ...] = ()
    buffer_minutes: int = 0
    max_per_day: int | None = None
    max_per_week: int | None = None
    max_per_four_weeks: int | None = None
    days_off: frozenset[date] = frozenset()
    recent_load: int = 0
    newcomer: bool = False
    weight: int = 1

    def __hash__(self) -> int:
        return hash(self.key)  # cheap, because people with full calendars are looked up often

    def __post_init__(self) -> None:
        zone_of(self.zone)
        _refuse_if(self.key == EMPTY, "A person has no key; give everybody a key of their own.")
        _refuse_if(self.buffer_minutes < 0, f"{self.name} has a negative buffer; enter 0 or more minutes.")
        for limit in (self.max_per_day, self.max_per_week, self.max_per_four_weeks):
            _refuse_if(
                limit is not None and limit < 0,
                f"{self.name} has a negative interview limit; enter 0 or more, or no limit.",
            )
        _refuse_if(self.recent_load < 0, f"{self.name} has a negative recent load; enter 0 or more.")
        _refuse_if(not 0 <= self.weight <= MAX_WEIGHT, f"{self.name} needs a weight from 0 to {MAX_WEIGHT}.")


@dataclass(frozen=True, slots=True)
class Seat:
    """A place on a panel and the people who may take it; one of them sits there.

    Two seats with the same pool ask for two of its people. A pool of one names a person. An optional seat
    (shadow, reverse shadow) is filled when that costs nothing that matters more, and never stands in for a
    required one.
    """

    key: str
    pool: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """One interview of the loop. `position` is a wish: to be the first or the last of the loop."""

    key: str
    title: str
    minutes: int
    seats: tuple[Seat, ...]
    position: Literal["any", "first", "last"] = "any"

    def __post_init__(self) -> None:
        _refuse_if(not 1 <= self.minutes <= 1440, f"“{self.title}” must last between 1 minute and 24 hours.")
        _refuse_if(
            self.position not in ("any", "first", "last"),
            f"The position of “{self.title}” must be “any”, “first” or “last”.",
        )
        _refuse_repeated((seat.key for seat in self.seats), f"In “{self.title}” the seat")
        required = sum(seat.required for seat in self.seats)
        _refuse_if(required == 0, f"“{self.title}” has no required seat; somebody must hold the interview.")
        _refuse_if(
            required > MAX_REQUIRED_SEATS,
            f"“{self.title}” has {required} required seats; at most {MAX_REQUIRED_SEATS} are possible.",
        )
        _refuse_if(
            len(self.seats) - required > MAX_OPTIONAL_SEATS,
            f"“{self.title}” has too many optional seats; at most {MAX_OPTIONAL_SEATS} are possible.",
        )
        for seat in self.seats:
            _refuse_repeated(seat.pool, f"In “{self.title}” the person")


@dataclass(frozen=True, slots=True)
class Break:
    """A pause the candidate is owed on a long day, such as lunch; times on the candidate's clock.

    It is due on a day whose first block starts before `due_if_starts_before` and whose last one ends after
    `due_if_ends_after`, and it is given when one gap between two blocks has `minutes` between `earliest`
    and `latest`.
    """

    name: str
    minutes: int
    earliest: time
    latest: time
    due_if_starts_before: time
    due_if_ends_after: time

    def __post_init__(self) -> None:
        span = (self.latest.hour - self.earliest.hour) * 60 + self.latest.minute - self.earliest.minute
        _refuse_if(
            self.minutes < 1 or span < self.minutes,
            f"The break “{self.name}” does not fit between its earliest and its latest time.",
        )


@dataclass(frozen=True, slots=True)
class Precedence:
    """Block `before` comes earlier in the loop than block `after`: always if `hard`, otherwise as a wish."""

    before: str
    after: str
    hard: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the loop. Blocks start on the grid: at whole multiples of `grid_minutes` of UTC.

    `max_days`: on how many of the candidate's days the loop may be spread. `min_gap_minutes` and
    `max_idle_minutes`: the shortest and the longest gap between two blocks of a day. `node_limit` bounds
    the search; when it is reached the best plan so far is given as not proven.
    """

    grid_minutes: int = 15
    max_days: int = 2
    min_gap_minutes: int = 0
    max_idle_minutes: int = 120
    breaks: tuple[Break, ...] = ()
    order: tuple[Precedence, ...] = ()
    node_limit: int = MAX_NODES

    def __post_init__(self) -> None:
        _refuse_if(
            not 1 <= self.grid_minutes <= 60 or 60 % self.grid_minutes != 0,
            "The grid must divide the hour: 5, 10, 15, 20, 30 or 60 minutes.",
        )
        _refuse_if(not 1 <= self.max_days <= MAX_BLOCKS, f"A loop may take from 1 to {MAX_BLOCKS} days.")
        _refuse_if(
            not 0 <= self.min_gap_minutes <= self.max_idle_minutes,
            "The shortest gap must not be negative or longer than the longest gap.",
        )
        _refuse_if(
            self.max_idle_minutes > MAX_IDLE_MINUTES,
            f"The longest gap must not be more than {MAX_IDLE_MINUTES // 60} hours.",
        )
        _refuse_if(len(self.breaks) > MAX_BREAKS, f"At most {MAX_BREAKS} breaks are possible.")
        _refuse_if(self.node_limit < 1, "The search limit must be 1 or more.")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A confirmed block. `movable=False` pins it as it is; `movable=True` is kept whenever that is possible.

    `people` are pairs of (seat key, person key). A pinned block is taken as given: neither its hours nor
    its people's calendars are asked again.
    """

    block: str
    starts_at: datetime
    people: tuple[tuple[str, str], ...]
    movable: bool

    def __post_init__(self) -> None:
        _refuse_if(self.starts_at.utcoffset() is None, "A confirmed block has a start without a time zone.")
        _refuse_if(
            self.starts_at.second != 0 or self.starts_at.microsecond != 0,
            "A confirmed block must start on a full minute.",
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """One loop to be scheduled.

    `windows` are the times the candidate can come, in any number per day; `zone` and `days_off` (public
    holidays) are the candidate's. Nothing new starts before `not_before`. `urgency` (1 to 5) weighs an
    early end against other loops.
    """

    blocks: tuple[Block, ...]
    people: tuple[Person, ...]
    windows: tuple[Interval, ...]
    zone: str
    rules: Rules = field(default_factory=Rules)
    urgency: int = 1
    days_off: frozenset[date] = frozenset()
    fixed: tuple[Fixed, ...] = ()
    not_before: datetime | None = None

    def __post_init__(self) -> None:
        zone_of(self.zone)
        _refuse_if(
            not 1 <= len(self.blocks) <= MAX_BLOCKS,
            f"A loop needs from 1 to {MAX_BLOCKS} blocks; this one has {len(self.blocks)}.",
        )
        _refuse_repeated((block.key for block in self.blocks), "The block")
        _refuse_repeated((person.key for person in self.people), "The person")
        _refuse_if(not 1 <= self.urgency <= MAX_URGENCY, f"The urgency must be from 1 to {MAX_URGENCY}.")
        self._refuse_unknown_people()
        self._refuse_wrong_order()
        self._refuse_wrong_fixed()
        self._refuse_wrong_windows()

    def _refuse_unknown_people(self) -> None:
        known = {person.key for person in self.people}
        for block in self.blocks:
            for seat in block.seats:
                for key in seat.pool:
                    _refuse_if(
                        key not in known,
                        f"“{block.title}” asks for the person “{key}”, who is not in the people; add them.",
                    )

    def _refuse_wrong_order(self) -> None:
        known = {block.key for block in self.blocks}
        for rule in self.rules.order:
            for key in (rule.before, rule.after):
                _refuse_if(key not in known, f"The order names the block “{key}”, which is not in the loop.")
            _refuse_if(rule.before == rule.after, f"The block “{rule.before}” cannot come before itself.")

    def _refuse_wrong_fixed(self) -> None:
        blocks = {block.key: block for block in self.blocks}
        known = {person.key for person in self.people}
        _refuse_repeated((fixed.block for fixed in self.fixed), "The confirmed block")
        pinned: list[str] = []
        for fixed in self.fixed:
            _refuse_if(fixed.block not in blocks, f"The confirmed block “{fixed.block}” is not in the loop.")
            block = blocks[fixed.block]
            _refuse_repeated((seat for seat, _ in fixed.people), f"In “{block.title}” the confirmed seat")
            seats = {seat.key for seat in block.seats}
            for seat, person in fixed.people:
                _refuse_if(seat not in seats, f"“{block.title}” has no seat “{seat}” to confirm.")
                _refuse_if(
                    not fixed.movable and person not in known,
                    f"“{block.title}” is confirmed with the person “{person}”, who is not among the people; "
                    "add them.",
                )
            if not fixed.movable:
                pinned += [person for _, person in fixed.people]
        _refuse_repeated(pinned, "In the pinned blocks the person")

    def _refuse_wrong_windows(self) -> None:
        _refuse_if(not self.windows, "The candidate has offered no time; ask for at least one window.")
        starts = [window.starts_at for window in self.windows] + [fixed.starts_at for fixed in self.fixed]
        ends = [window.ends_at for window in self.windows]
        _refuse_if(
            (max(*ends, *starts) - min(starts)).days > MAX_HORIZON_DAYS,
            f"The windows are spread over more than {MAX_HORIZON_DAYS} days; leave out the distant ones.",
        )
        if self.not_before is not None:
            _refuse_if(self.not_before.utcoffset() is None, "The earliest start has no time zone.")
            all_pinned = {fixed.block for fixed in self.fixed if not fixed.movable} == {
                block.key for block in self.blocks
            }
            _refuse_if(
                not all_pinned and max(ends) <= self.not_before,
                "All times the candidate offered are over; ask the candidate for new ones.",
            )


@dataclass(frozen=True, slots=True)
class Placement:
    """One block of a plan: when, and who in which seat (pairs of seat key and person key)."""

    block: str
    starts_at: datetime
    ends_at: datetime
    people: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan costs, tier by tier; `total` is the one number that is minimised (see `tiers`).

    `days` used, `completion` (urgency times days from the first possible day to the last one used),
    `idle_minutes` the candidate waits between blocks, broken wishes on `order`, `load` on people,
    `moved_blocks` and `changed_people` among the confirmed ones, and optional seats left empty.
    """

    days: int
    completion: int
    idle_minutes: int
    order: int
    load: int
    moved_blocks: int
    changed_people: int
    total: int
    empty_seats: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A complete schedule of the loop. `completes_on` is the candidate's local date of the last block.

    `status` is "optimal" when nothing better exists, proven; otherwise "not_proven" and `gap` is how far
    below the total a better plan might still be, as a share of the total.
    """

    placements: tuple[Placement, ...]
    cost: Cost
    completes_on: date
    status: Literal["optimal", "not_proven"] = "optimal"
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class Solution:
    """At least one plan. The first one is the best; the others are good choices that differ from it."""

    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact that stands in the way, as a full sentence. `code` is for programs; `block` and `person` are
    keys.
    """

    code: str
    text: str
    block: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would have to change, as the second half of a sentence beginning with “if”."""

    code: str
    text: str
    block: str | None = None
    person: str | None = None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """A smallest set of changes that makes the loop possible. `plan` proves it: the best plan of `problem`,
    which is the question with the changes made. A person who does not exist yet has a key beginning with
    `NEW_PERSON` there.
    """

    code: str
    text: str
    changes: tuple[Change, ...]
    plan: Plan
    problem: Problem


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why no plan exists, and what would help; both may be empty when nothing could be proven."""

    reasons: tuple[Reason, ...]
    fixes: tuple[Fix, ...] = ()


NEW_PERSON = "new-person"
"""How the key of a qualified person begins who would have to be found, in the plan of such a fix."""
