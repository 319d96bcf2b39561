"""The changes people could make so that an impossible loop becomes possible, each as a rule that rewrites
the problem.

A relaxation starts out generous (all of a person's meetings away) so that one attempt shows whether this
direction helps at all. `narrowed` then offers smaller forms of it that a plan shows to be enough (only the
meeting at Tuesday 14:00).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from interviews.scheduling.calendars import (
    candidate_time,
    floor_minute,
    free_time,
    full_days,
    local_day,
    outer,
    working_time,
)
from interviews.scheduling.model import (
    MAX_IDLE_MINUTES,
    NEW_PERSON,
    Block,
    Change,
    Interval,
    Person,
    Plan,
    Problem,
    Rules,
    Seat,
    WeeklyHours,
    varied,
    zone_of,
)

ALL_WEEK = tuple(WeeklyHours(weekday, time(0), time(0)) for weekday in range(7))
LONG_DAY = (time(7), time(21))
CANDIDATE_DAY = (time(9), time(18))
SMALL_POOL = 4
MANY_MEETINGS = 6
NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six")


@dataclass(frozen=True)
class Relaxation:
    """One direction in which the rules could give way.

    `broad` ones are combined when no single one is enough. `most` is how many proposals of this kind are
    worth reading.
    """

    kind: str
    changes: tuple[Change, ...]
    apply: Callable[[Problem], Problem]
    broad: bool = True
    most: int = 3


def relaxations(problem: Problem) -> Iterator[Relaxation]:
    """All directions for this problem, from what is easiest to grant to what is hardest."""
    yield from _of_the_rules(problem)
    yield from _of_people(problem)
    yield from _of_pins(problem)
    yield from _of_candidate(problem)
    yield from _of_pools(problem)


def narrowed(relaxation: Relaxation, problem: Problem, plan: Plan) -> Iterator[Relaxation]:
    """Smaller forms of a relaxation that may still allow a plan for this (not yet relaxed) problem; best
    first.
    """
    change = relaxation.changes[0]
    if relaxation.kind == "longer_gap":
        yield _longer_gap(max(gap for gap in _gaps(problem, plan)))
    elif relaxation.kind == "meeting" and change.person is not None:
        yield from _fewer_meetings(_person(problem, change.person), plan)
    elif relaxation.kind == "hours" and change.person is not None:
        yield from _shorter_hours(_person(problem, change.person), plan)
    elif relaxation.kind == "candidate_time" and change.interval is not None:
        yield from _shorter_window(problem, change.interval, plan)


def _change_rules(**values: object) -> Callable[[Problem], Problem]:
    def apply(problem: Problem) -> Problem:
        rules: Rules = varied(problem.rules, **values)
        return varied(problem, rules=rules)

    return apply


def _change_person(key: str, change: Callable[[Person], Person]) -> Callable[[Problem], Problem]:
    def apply(problem: Problem) -> Problem:
        people = tuple(change(person) if person.key == key else person for person in problem.people)
        return varied(problem, people=people)

    return apply


def _person(problem: Problem, key: str) -> Person:
    return next(person for person in problem.people if person.key == key)


def when(moment: datetime, zone: str) -> str:
    """A moment for people: “Tuesday 24 November at 14:00”."""
    local = moment.astimezone(zone_of(zone))
    return f"{local:%A} {local.day} {local:%B} at {local:%H:%M}"


# ---- the rules of the loop --------------------------------


def _of_the_rules(problem: Problem) -> Iterator[Relaxation]:
    rules = problem.rules
    if rules.max_days < len(problem.blocks):
        days = rules.max_days + 1
        text = f"the loop may take {NUMBER_WORDS[days]} days"
        yield Relaxation("more_days", (Change("more_days", text),), _change_rules(max_days=days))
    if rules.max_idle_minutes < MAX_IDLE_MINUTES:
        yield _longer_gap(MAX_IDLE_MINUTES)
    for rest in rules.breaks:
        text = f"the break “{rest.name}” were left out"
        change = Change("skip_break", text)
        yield Relaxation("skip_break", (change,), _without_break(rest.name))
    titles = {block.key: block.title for block in problem.blocks}
    for rule in rules.order:
        if rule.hard:
            text = f"“{titles[rule.before]}” did not have to come before “{titles[rule.after]}”"
            change = Change("order", text, block=rule.after)
            yield Relaxation("order", (change,), _without_order(rule.before, rule.after))
    if rules.min_gap_minutes:
        change = Change("shorter_gap", "blocks may follow each other without a gap")
        yield Relaxation("shorter_gap", (change,), _change_rules(min_gap_minutes=0))


def _longer_gap(minutes: int) -> Relaxation:
    change = Change("longer_gap", f"the candidate may wait {minutes} minutes between two blocks")

    def apply(problem: Problem) -> Problem:
        most = max(minutes, problem.rules.max_idle_minutes)
        return varied(problem, rules=varied(problem.rules, max_idle_minutes=most))

    return Relaxation("longer_gap", (change,), apply)


def _without_break(name: str) -> Callable[[Problem], Problem]:
    def apply(problem: Problem) -> Problem:
        breaks = tuple(rest for rest in problem.rules.breaks if rest.name != name)
        return varied(problem, rules=varied(problem.rules, breaks=breaks))

    return apply


def _without_order(before: str, after: str) -> Callable[[Problem], Problem]:
    def apply(problem: Problem) -> Problem:
        order = tuple(
            varied(rule, hard=False) if (rule.before, rule.after) == (before, after) else rule
            for rule in problem.rules.order
        )
        return varied(problem, rules=varied(problem.rules, order=order))

    return apply


def _gaps(problem: Problem, plan: Plan) -> Iterator[int]:
    yield problem.rules.max_idle_minutes
    for one, two in zip(plan.placements, plan.placements[1:], strict=False):
        gap = floor_minute(two.starts_at) - floor_minute(one.ends_at)
        if gap <= MAX_IDLE_MINUTES:
            yield gap


# ---- people --------------------------------


def _pools(problem: Problem) -> list[tuple[Person, int]]:
    """Everybody who may take a required seat, with the size of the smallest pool they are in; scarce people
    first.
    """
    smallest: dict[str, int] = {}
    for block in problem.blocks:
        for seat in block.seats:
            for key in seat.pool if seat.required else ():
                smallest[key] = min(len(seat.pool), smallest.get(key, len(seat.pool)))
    people = [(person, smallest[person.key]) for person in problem.people if person.key in smallest]
    return sorted(people, key=lambda found: (found[1], found[0].key))


def _of_people(problem: Problem) -> Iterator[Relaxation]:
    spans = [stretch for day in candidate_time(problem).values() for stretch in day]
    if not spans:
        return
    low, high = min(start for start, _ in spans), max(end for _, end in spans)
    days = {
        local_day(person.zone, minute) for person, _ in _pools(problem) for minute in range(low, high, 720)
    }
    for person, size in _pools(problem):
        named = size == 1
        if size <= MANY_MEETINGS and any(
            outer(meeting)[1] > low and outer(meeting)[0] < high for meeting in person.busy
        ):
            text = f"the meetings of {person.name} moved"
            change = Change("meeting", text, person=person.key)
            yield Relaxation("meeting", (change,), _change_person(person.key, _without_meetings), broad=named)
        if size > SMALL_POOL:
            continue
        if full_days(person, days):
            text = f"{person.name} may hold one more interview than the limits allow"
            change = Change("limits", text, person=person.key)
            yield Relaxation("limits", (change,), _change_person(person.key, _without_limits), broad=named)
        if person.buffer_minutes and free_time(person, low, high) != tuple(working_time(person, low, high)):
            text = f"{person.name} needs no buffer of {person.buffer_minutes} minutes"
            change = Change("buffer", text, person=person.key)
            yield Relaxation("buffer", (change,), _change_person(person.key, _without_buffer), broad=named)
        if named:
            opens, closes = LONG_DAY
            text = (
                f"{person.name} could sit in on any day from {opens:%H:%M} to {closes:%H:%M} ({person.zone})"
            )
            change = Change("hours", text, person=person.key)
            yield Relaxation("hours", (change,), _change_person(person.key, _with_long_days))


def _without_meetings(person: Person) -> Person:
    return varied(person, busy=())


def _without_limits(person: Person) -> Person:
    return varied(person, max_per_day=None, max_per_week=None, max_per_four_weeks=None)


def _without_buffer(person: Person) -> Person:
    return varied(person, buffer_minutes=0)


def _with_long_days(person: Person) -> Person:
    long = tuple(WeeklyHours(weekday, *LONG_DAY) for weekday in range(7))
    return varied(person, hours=(*person.hours, *long), days_off=frozenset())


def _fewer_meetings(person: Person, plan: Plan) -> Iterator[Relaxation]:
    """One meeting, else all those that this plan collides with."""
    spans = [
        (floor_minute(placed.starts_at), floor_minute(placed.ends_at))
        for placed in plan.placements
        if person.key in dict(placed.people).values()
    ]
    buffer = person.buffer_minutes
    colliding = [
        meeting
        for meeting in person.busy
        if any(outer(meeting, buffer)[0] < end and start < outer(meeting, buffer)[1] for start, end in spans)
    ]
    if len(colliding) > 1:
        around = [meeting for meeting in person.busy if meeting not in colliding]
        low = min(placed.starts_at for placed in plan.placements) - timedelta(days=1)
        near = [meeting for meeting in colliding + around if meeting.starts_at >= low]
        for meeting in near[:MANY_MEETINGS]:
            yield _moved_meetings(person, [meeting])
    if colliding:
        yield _moved_meetings(person, colliding)


def _moved_meetings(person: Person, meetings: list[Interval]) -> Relaxation:
    def apply(found: Person) -> Person:
        return varied(found, busy=tuple(meeting for meeting in found.busy if meeting not in meetings))

    changes = tuple(
        Change(
            "meeting",
            f"the meeting of {person.name} on {when(meeting.starts_at, person.zone)} ({person.zone}) moved",
            person=person.key,
            interval=meeting,
        )
        for meeting in meetings
    )
    return Relaxation("meeting", changes, _change_person(person.key, apply))


def _shorter_hours(person: Person, plan: Plan) -> Iterator[Relaxation]:
    """Only the hours around where the plan puts this person."""
    for placed in plan.placements:
        if person.key not in dict(placed.people).values():
            continue
        zone = zone_of(person.zone)
        start, end = placed.starts_at.astimezone(zone), placed.ends_at.astimezone(zone)
        if start.date() != end.date():
            return
        extra = WeeklyHours(start.weekday(), start.time(), end.time())
        day = start.date()
        text = f"{person.name} could sit in on {when(start, person.zone)} ({person.zone})"
        if day in person.days_off:
            text += ", a day off"
        change = Change("hours", text, placed.block, person.key, Interval(placed.starts_at, placed.ends_at))

        def apply(found: Person, extra: WeeklyHours = extra, day: date = day) -> Person:
            return varied(found, hours=(*found.hours, extra), days_off=found.days_off - {day})

        yield Relaxation("hours", (change,), _change_person(person.key, apply))


# ---- pinned blocks, the candidate, the pools --------------------------------


def _of_pins(problem: Problem) -> Iterator[Relaxation]:
    titles = {block.key: block.title for block in problem.blocks}
    for item in problem.fixed:
        if not item.movable:
            text = f"“{titles[item.block]}” need not stay on {when(item.starts_at, problem.zone)}"
            change = Change("unpin", text, block=item.block)
            yield Relaxation("unpin", (change,), _movable(item.block))


def _movable(block: str) -> Callable[[Problem], Problem]:
    def apply(problem: Problem) -> Problem:
        fixed = tuple(varied(item, movable=True) if item.block == block else item for item in problem.fixed)
        return varied(problem, fixed=fixed)

    return apply


def _of_candidate(problem: Problem) -> Iterator[Relaxation]:
    """A whole working day of the candidate, one of those around the offered ones."""
    start = max(
        min(window.starts_at for window in problem.windows),
        problem.not_before or datetime.min.replace(tzinfo=UTC),
    )
    first = start.astimezone(zone_of(problem.zone)).date()
    for ahead in range(14):
        day = first + timedelta(days=ahead)
        if day.weekday() >= 5 or day in problem.days_off:
            continue
        opens, closes = (
            datetime.combine(day, clock, zone_of(problem.zone)).astimezone(UTC) for clock in CANDIDATE_DAY
        )
        if closes > start:
            yield _window(problem, Interval(max(opens, start), closes), broad=ahead < 5)


def _window(problem: Problem, window: Interval, broad: bool = True) -> Relaxation:
    ends = window.ends_at.astimezone(zone_of(problem.zone))
    text = f"the candidate could come on {when(window.starts_at, problem.zone)} until {ends:%H:%M}"
    change = Change("candidate_time", text, interval=window)

    def apply(found: Problem) -> Problem:
        return varied(found, windows=(*found.windows, window))

    return Relaxation("candidate_time", (change,), apply, broad, most=2)


def _shorter_window(problem: Problem, window: Interval, plan: Plan) -> Iterator[Relaxation]:
    """Only as much of the day as the plan needs."""
    inside = [
        placed
        for placed in plan.placements
        if placed.starts_at < window.ends_at and placed.ends_at > window.starts_at
    ]
    if inside:
        starts = max(window.starts_at, min(placed.starts_at for placed in inside))
        ends = min(window.ends_at, max(placed.ends_at for placed in inside))
        yield _window(problem, Interval(starts, ends))


def _of_pools(problem: Problem) -> Iterator[Relaxation]:
    pinned = {item.block for item in problem.fixed if not item.movable}
    for block in problem.blocks:
        if block.key in pinned:
            continue
        for seat in block.seats:
            if seat.required:
                yield _one_more(problem, block, seat)


def _one_more(problem: Problem, block: Block, seat: Seat) -> Relaxation:
    if len(seat.pool) == 1:
        text = f"somebody could stand in for {_person(problem, seat.pool[0]).name} in “{block.title}”"
    else:
        text = f"one more person were qualified for “{block.title}”"
    new = Person(f"{NEW_PERSON}:{block.key}:{seat.key}", "One more qualified person", problem.zone, ALL_WEEK)

    def apply(found: Problem) -> Problem:
        widened = varied(seat, pool=(*seat.pool, new.key))
        blocks = tuple(
            varied(other, seats=tuple(widened if place.key == seat.key else place for place in other.seats))
            if other.key == block.key
            else other
            for other in found.blocks
        )
        return varied(found, blocks=blocks, people=(*found.people, new))

    return Relaxation("one_more_person", (Change("one_more_person", text, block=block.key),), apply, most=6)
