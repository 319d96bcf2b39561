"""What a loop may choose from, read for the peers: starts of each block, and who is free at them.

Read from the calendars, minute by minute, without the engine's tables, so that a mistake in those shows as a
difference to a peer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

from interviews.scheduling import Block, Fixed, Interval, Person, Problem
from interviews.scheduling.batch import given
from interviews.scheduling.calendars import (
    DAY,
    candidate_time,
    floor_minute,
    free_time,
    full_days,
    moment_of,
)
from interviews.scheduling.calendars import local_day as read_local_day
from interviews.scheduling.matching import shortage

local_day = lru_cache(maxsize=None)(read_local_day)


@dataclass(frozen=True)
class Choices:
    """One loop. Days are ordinals: the candidate's own, or in `free` those of the person."""

    problem: Problem
    starts: tuple[dict[int, int], ...]
    """for each block the minutes at which it may start, with the candidate's day"""
    free: dict[tuple[int, str], dict[int, int]]
    """by block number and person: the starts at which the person may sit in it, with the person's day"""
    fixed: dict[int, Fixed]
    """confirmed blocks by number"""

    def pool(self, b: int, seat_key: str) -> list[str]:
        """Who may take a seat at some start."""
        pool = next(seat.pool for seat in self.problem.blocks[b].seats if seat.key == seat_key)
        return [who for who in pool if self.free[b, who]]

    def pinned(self, b: int) -> bool:
        return b in self.fixed and not self.fixed[b].movable


def with_pins_booked(problems: Mapping[str, Problem]) -> dict[str, Problem]:
    """The loops when everybody holds the pinned interviews of all of them, with a plan or without."""
    booked: dict[str, list[Interval]] = {}
    for problem in problems.values():
        minutes = {block.key: block.minutes for block in problem.blocks}
        for item in problem.fixed:
            ends = moment_of(floor_minute(item.starts_at) + minutes[item.block])
            for _, who in item.people if not item.movable else ():
                booked.setdefault(who, []).append(Interval(item.starts_at, ends))
    return {key: given(problem, booked) if booked else problem for key, problem in problems.items()}


def first_day_of(problems: Mapping[str, Problem]) -> int:
    """The first possible day of the whole batch, from which completion is counted. A loop counts when there are
    enough different people for it, whatever their calendars say.
    """
    days = [
        day
        for problem in problems.values()
        if shortage(problem) is None
        for day in (*candidate_time(problem), *_pinned_days(problem))
    ]
    return min(days, default=0)


def _pinned_days(problem: Problem) -> list[int]:
    return [
        local_day(problem.zone, floor_minute(item.starts_at)) for item in problem.fixed if not item.movable
    ]


def tick_of(problems: Mapping[str, Problem]) -> int:
    """The longest time that divides every possible start and end."""
    return gcd(
        *(problem.rules.grid_minutes for problem in problems.values()),
        *(block.minutes for problem in problems.values() for block in problem.blocks),
        *(floor_minute(item.starts_at) for problem in problems.values() for item in problem.fixed),
    )


def choices_of(problem: Problem) -> Choices | None:
    """None when the loop cannot take place whatever the others do."""
    number = {block.key: b for b, block in enumerate(problem.blocks)}
    fixed = {number[item.block]: item for item in problem.fixed}
    time = candidate_time(problem)
    pins = {b: floor_minute(item.starts_at) for b, item in fixed.items() if not item.movable}
    sitting = {who for b in pins for _, who in fixed[b].people}
    persons = {person.key: person for person in problem.people}
    starts, free = [], {}
    for b, block in enumerate(problem.blocks):
        if b in pins:
            starts.append({pins[b]: local_day(problem.zone, pins[b])})
            continue
        possible = _starts(problem, block, time, fixed.get(b))
        for who in {who for seat in block.seats for who in seat.pool}:
            free[b, who] = {} if who in sitting else _free(persons[who], block, possible)
        for seat in block.seats:
            if seat.required:
                possible = {
                    at: day for at, day in possible.items() if any(at in free[b, w] for w in seat.pool)
                }
        for who in {who for seat in block.seats for who in seat.pool}:
            free[b, who] = {at: day for at, day in free[b, who].items() if at in possible}
        starts.append(possible)
    if not all(starts):
        return None
    return Choices(problem, tuple(starts), free, fixed)


def _starts(problem: Problem, block: Block, time: dict[int, list[tuple[int, int]]], kept: Fixed | None):
    """On the grid inside a window, or where the block is confirmed."""
    step, found = problem.rules.grid_minutes, {}
    stay = floor_minute(kept.starts_at) if kept else None
    for day, stretches in time.items():
        for low, high in stretches:
            last = high - block.minutes
            found |= dict.fromkeys(range(-(-low // step) * step, last + 1, step), day)
            if stay is not None and low <= stay <= last:
                found[stay] = day
    return found


def _free(person: Person, block: Block, starts: dict[int, int]) -> dict[int, int]:
    if not starts:
        return {}
    low, high = min(starts), max(starts)
    stretches = free_time(person, low, high + 2 * DAY)
    begins = [begin for begin, _ in stretches]
    full = full_days(person, range(local_day(person.zone, low), local_day(person.zone, high) + 1))
    found = {}
    for at in starts:
        n = bisect_right(begins, at) - 1
        if n >= 0 and at + block.minutes <= stretches[n][1]:
            day = local_day(person.zone, at)
            if day not in full:
                found[at] = day
    return found
