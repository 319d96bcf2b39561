"""An independent reading of the rules: is this plan valid, and does it cost what it says?

Written on datetimes and without any of the solver's code, one rule after the other, so that a mistake in
one of the two shows as a difference between them. Slow and simple on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from interviews.scheduling.model import Block, Fixed, Interval, Person, Placement, Plan, Problem
from interviews.scheduling.tiers import load_of, total_of

MINUTE = timedelta(minutes=1)
A_DAY = timedelta(days=1)


def check(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """Every rule of the problem that the plan breaks, as sentences; () when it is valid and its cost is
    right.
    """
    return broken_rules(problem, plan) or tuple(_cost(problem, plan))


def broken_rules(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """Every rule the plan breaks, whatever it says of its cost: does a plan made earlier hold as things
    stand now?
    """
    planned = sorted(placed.block for placed in plan.placements)
    if planned != sorted(block.key for block in problem.blocks):
        return ("The plan must hold each block of the loop exactly once.",)
    known = {person.key for person in problem.people}
    if not known.issuperset(key for placed in plan.placements for _, key in placed.people):
        return ("The plan seats somebody who is not among the people.",)
    return (
        *_times(problem, plan),
        *_panels(problem, plan),
        *_calendars(problem, plan),
        *_days(problem, plan),
        *_order(problem, plan),
        *_pins(problem, plan),
    )


def _blocks(problem: Problem) -> dict[str, Block]:
    return {block.key: block for block in problem.blocks}


def _fixed(problem: Problem, *, movable: bool) -> dict[str, Fixed]:
    return {item.block: item for item in problem.fixed if item.movable is movable}


def _in_order(plan: Plan) -> list[Placement]:
    return sorted(plan.placements, key=lambda placed: placed.starts_at)


def _on(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def _clock(day: date, clock: time, zone: str) -> datetime:
    """The instant at which the local clock shows this; midnight as the end of a day is the start of the
    next one.
    """
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def _covered(start: datetime, end: datetime, spans: list[tuple[datetime, datetime]]) -> bool:
    """Whether the spans, which may touch or overlap, hold all of start..end."""
    for low, high in sorted(spans):
        if low <= start < high:
            start = high
    return start >= end


def _times(problem: Problem, plan: Plan) -> Iterator[str]:
    blocks, kept = _blocks(problem), {item.block: item.starts_at for item in problem.fixed}
    pinned = _fixed(problem, movable=False)
    windows = [(window.starts_at, window.ends_at) for window in problem.windows]
    if list(plan.placements) != _in_order(plan):
        yield "The placements are not in the order of time."
    for placed in plan.placements:
        block = blocks[placed.block]
        if placed.ends_at - placed.starts_at != block.minutes * MINUTE:
            yield f"“{block.title}” does not last {block.minutes} minutes."
        minute = int(placed.starts_at.timestamp()) // 60
        if minute % problem.rules.grid_minutes and placed.starts_at != kept.get(block.key):
            yield f"“{block.title}” does not start on the grid."
        if block.key in pinned:
            continue
        if not _covered(placed.starts_at, placed.ends_at, windows):
            yield f"“{block.title}” is outside the candidate's windows."
        if problem.not_before is not None and placed.starts_at < problem.not_before:
            yield f"“{block.title}” starts too early."
        if _on(placed.starts_at, problem.zone) in problem.days_off:
            yield f"“{block.title}” is on a day off of the candidate."
        if _on(placed.starts_at, problem.zone) != _on(placed.ends_at - MINUTE, problem.zone):
            yield f"“{block.title}” runs past the candidate's midnight."


def _panels(problem: Problem, plan: Plan) -> Iterator[str]:
    blocks, pinned = _blocks(problem), _fixed(problem, movable=False)
    sitting = [person for placed in plan.placements for _, person in placed.people]
    if len(set(sitting)) != len(sitting):
        yield "Somebody sits in the loop twice."
    for placed in plan.placements:
        block = blocks[placed.block]
        if block.key in pinned:
            continue
        people = dict(placed.people)
        if len(people) != len(placed.people) or not set(people) <= {seat.key for seat in block.seats}:
            yield f"“{block.title}” has seats that are not its own."
        for seat in block.seats:
            if seat.key not in people and seat.required:
                yield f"Nobody sits on “{seat.key}” in “{block.title}”."
            if seat.key in people and people[seat.key] not in seat.pool:
                yield f"The person on “{seat.key}” in “{block.title}” is not in its pool."


def _calendars(problem: Problem, plan: Plan) -> Iterator[str]:
    people, pinned = {person.key: person for person in problem.people}, _fixed(problem, movable=False)
    for placed in plan.placements:
        if placed.block in pinned:
            continue
        for _, key in placed.people:
            yield from _calendar(people[key], placed)


def _calendar(person: Person, placed: Placement) -> Iterator[str]:
    hours = []
    day = _on(placed.starts_at, person.zone) - A_DAY
    for _ in range(4):
        for span in person.hours:
            if span.weekday == day.weekday() and day not in person.days_off:
                closes_on = day + A_DAY if span.closes == time(0) else day
                hours.append(
                    (_clock(day, span.opens, person.zone), _clock(closes_on, span.closes, person.zone))
                )
        day += A_DAY
    if not _covered(placed.starts_at, placed.ends_at, hours):
        yield f"{person.name} does not work then."
    buffer = person.buffer_minutes * MINUTE
    for taken in (*person.busy, *person.booked):
        if taken.starts_at < taken.ends_at and _overlap(placed, taken, buffer):
            yield f"{person.name} is busy then."
    yield from _limits(person, _on(placed.starts_at, person.zone))


def _overlap(placed: Placement, taken: Interval, buffer: timedelta) -> bool:
    return taken.starts_at - buffer < placed.ends_at and placed.starts_at < taken.ends_at + buffer


def _limits(person: Person, day: date) -> Iterator[str]:
    held = [_on(interview.starts_at, person.zone) for interview in person.booked] + [day]
    if person.max_per_day is not None and held.count(day) > person.max_per_day:
        yield f"{person.name} has too many interviews on {day}."
    week = day.isocalendar()[:2]
    in_week = sum(other.isocalendar()[:2] == week for other in held)
    if person.max_per_week is not None and in_week > person.max_per_week:
        yield f"{person.name} has too many interviews in the week of {day}."
    if person.max_per_four_weeks is not None:
        for back in range(28):
            low = day - back * A_DAY
            if sum(low <= other < low + 28 * A_DAY for other in held) > person.max_per_four_weeks:
                yield f"{person.name} has too many interviews in four weeks around {day}."
                break


def _by_day(problem: Problem, plan: Plan) -> dict[date, list[Placement]]:
    days: dict[date, list[Placement]] = {}
    for placed in _in_order(plan):
        days.setdefault(_on(placed.starts_at, problem.zone), []).append(placed)
    return days


def _days(problem: Problem, plan: Plan) -> Iterator[str]:
    rules, days = problem.rules, _by_day(problem, plan)
    if len(days) > rules.max_days:
        yield f"The loop takes {len(days)} days."
    for day, placements in days.items():
        gaps = [(one.ends_at, two.starts_at) for one, two in pairwise(placements)]
        for start, end in gaps:
            if end < start:
                yield f"Two blocks overlap on {day}."
            elif end - start < rules.min_gap_minutes * MINUTE:
                yield f"A gap on {day} is too short."
            elif end - start > rules.max_idle_minutes * MINUTE:
                yield f"A gap on {day} is too long."
        for rest in rules.breaks:
            due = placements[0].starts_at < _clock(
                day, rest.due_if_starts_before, problem.zone
            ) and placements[-1].ends_at > _clock(day, rest.due_if_ends_after, problem.zone)
            low, high = _clock(day, rest.earliest, problem.zone), _clock(day, rest.latest, problem.zone)
            given = any(min(end, high) - max(start, low) >= rest.minutes * MINUTE for start, end in gaps)
            if due and not given:
                yield f"There is no time for {rest.name} on {day}."


def _order(problem: Problem, plan: Plan) -> Iterator[str]:
    order = [placed.block for placed in _in_order(plan)]
    titles = {block.key: block.title for block in problem.blocks}
    for rule in problem.rules.order:
        if rule.hard and order.index(rule.before) > order.index(rule.after):
            yield f"“{titles[rule.before]}” must come before “{titles[rule.after]}”."


def _pins(problem: Problem, plan: Plan) -> Iterator[str]:
    placements = {placed.block: placed for placed in plan.placements}
    for key, item in _fixed(problem, movable=False).items():
        placed = placements[key]
        if placed.starts_at != item.starts_at or sorted(placed.people) != sorted(item.people):
            yield f"The pinned block “{key}” has been changed."


def _cost(problem: Problem, plan: Plan) -> Iterator[str]:
    values = _values(problem, plan)
    for tier, value in values.items():
        if getattr(plan.cost, tier) != value:
            yield f"The cost says {tier} is {getattr(plan.cost, tier)}; it is {value}."
    if plan.cost.total != total_of(**values):
        yield "The total of the cost is not the sum of its tiers."
    if plan.completes_on != max(_by_day(problem, plan)):
        yield "The plan is not complete on the day it says."


def _values(problem: Problem, plan: Plan) -> dict[str, int]:
    days, order = _by_day(problem, plan), [placed.block for placed in _in_order(plan)]
    placements = {placed.block: placed for placed in plan.placements}
    people = {person.key: person for person in problem.people}
    moved = changed = 0
    for key, item in _fixed(problem, movable=True).items():
        now = dict(placements[key].people)
        moved += placements[key].starts_at != item.starts_at
        changed += sum(now.get(seat) != person for seat, person in item.people)
    idle = sum(
        (two.starts_at - one.ends_at) // MINUTE
        for placements_of_day in days.values()
        for one, two in pairwise(placements_of_day)
    )
    wishes = {(rule.before, rule.after) for rule in problem.rules.order if not rule.hard}
    wishes -= {(rule.before, rule.after) for rule in problem.rules.order if rule.hard}
    broken = sum(order.index(before) > order.index(after) for before, after in wishes)
    broken += sum(block.position == "first" and order[0] != block.key for block in problem.blocks)
    broken += sum(block.position == "last" and order[-1] != block.key for block in problem.blocks)
    pinned = _fixed(problem, movable=False)
    optional = [
        (block.key, seat.key) for block in problem.blocks for seat in block.seats if not seat.required
    ]
    return {
        "moved_blocks": moved,
        "changed_people": changed,
        "days": len(days),
        "completion": problem.urgency * (max(days) - _first_possible_day(problem)).days,
        "idle_minutes": idle,
        "order": broken,
        "empty_seats": sum(
            seat not in dict(placements[block].people) for block, seat in optional if block not in pinned
        ),
        "load": sum(load_of(people[key]) for placed in plan.placements for _, key in placed.people),
    }


def _first_possible_day(problem: Problem) -> date:
    """The first of the candidate's days that has some time in a window, or a pinned block."""
    days = {_on(item.starts_at, problem.zone) for item in _fixed(problem, movable=False).values()}
    for window in problem.windows:
        start = max(window.starts_at, problem.not_before or window.starts_at)
        day = _on(start, problem.zone)
        while _clock(day, time(0), problem.zone) + MINUTE <= window.ends_at:
            inside = min(window.ends_at, _clock(day + A_DAY, time(0), problem.zone)) - max(
                start, _clock(day, time(0), problem.zone)
            )
            if inside >= MINUTE and day not in problem.days_off:
                days.add(day)
            day += A_DAY
    return min(days)
