"""Many loops and all their people as numbers, on one time axis (`placing` works on them).

Everything is in a few flat arrays, so that a board can be handed to another process in one piece, and so
that compiled code can take loop after loop without going back to Python. A column is a tick of the axis;
people's rows say for how many minutes they are free from there on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import numpy as np

from interviews.scheduling import grid, points
from interviews.scheduling.calendars import (
    candidate_time,
    floor_minute,
    free_time,
    local_day,
    local_minute,
)
from interviews.scheduling.kernel import Numbers, Small
from interviews.scheduling.matching import shortage
from interviews.scheduling.model import EMPTY, Person, Problem, Seat
from interviews.scheduling.tiers import NEWCOMER_CREDIT

NO_LIMIT = 1 << 30
FOUR_WEEKS = 28

BLOCKS, DAYS, COLUMNS, PEOPLE, SEATS, ENTRIES, BREAKS, ENDINGS, OFFSET, MIN_GAP, MAX_GAP, IDLE, NODES = range(
    13
)
"""Columns of `Board.shape`."""


class Board(NamedTuple):
    """What does not change while loops are placed. P people, T columns, D local days, Z zones, N loops."""

    tick: int  # minutes of a column
    low: int  # minute of column 0
    room: Small  # [P, T] minutes for which the person is free from there on, limits left aside
    zone: Numbers  # [P] row of the person's zone in `day_at`
    day_at: Small  # [Z, T] local day of a column, as an index of `held`
    week_of: Numbers  # [D] week of a local day
    held: Numbers  # [P, D] interviews held before, by local day of their start
    buffer: Numbers  # [P]
    day_limit: Numbers  # [P]
    week_limit: Numbers  # [P]
    four_week_limit: Numbers  # [P]
    load: Numbers  # [P] recent load
    credit: Numbers  # [P] what is taken off it
    load_weight: Numbers  # [P] thousandths of a point
    book_first: Numbers  # [P+1] room for the person's bookings in `State.booked`
    shape: Numbers  # [N, 13]
    store: Numbers  # all tables of all loops, one after the other (see `placing.loop_of`)
    unplaced: Numbers  # [N] cost of having no plan
    urgency: Numbers  # [N]
    near_first: (
        Numbers  # [N+1] loops that ask for the same people are near_first[i] .. near_first[i+1]-1 of ..
    )
    near: Numbers  # .. these, those that share a scarce person more often
    pins: Numbers  # [C, 3] person, start and end minute of each pinned interview
    seats: int  # the most seats of a loop


@dataclass(frozen=True)
class Laid:
    """A board, and what is needed to read the answer."""

    board: Board
    keys: tuple[str, ...]
    """loops by number"""
    people: tuple[str, ...]
    seats: tuple[tuple[tuple[int, Seat], ...], ...]
    """for each loop the block number and seat of each row"""
    first_day: tuple[int, ...]
    """for each loop the first of the candidate's possible days (an ordinal)"""
    hopeless: tuple[str, ...]
    """loops that nobody needs to look at: no time, or not enough different people"""


@dataclass(frozen=True)
class _Sketch:
    """One loop before it is put on the board."""

    key: str
    problem: Problem
    tick: int
    days: tuple[int, ...]
    hulls: dict[int, tuple[int, int]]
    first_day: int


def lay_out(problems: Mapping[str, Problem], people: Mapping[str, Person]) -> Laid:
    """The board of these loops. `people` are all of theirs, by key."""
    sketches, hopeless = [], []
    for key, problem in problems.items():
        sketch = _sketch(key, problem)
        if sketch is None:
            hopeless.append(key)
        else:
            sketches.append(sketch)
    asked = _asked(sketches)
    pins = [
        (who, floor_minute(item.starts_at), floor_minute(item.starts_at) + block.minutes)
        for problem in problems.values()
        for item in problem.fixed
        if not item.movable
        for block in problem.blocks
        if block.key == item.block
        for _, who in item.people
    ]
    keys = sorted({*asked, *(who for who, _, _ in pins)})
    row_of = {key: row for row, key in enumerate(keys)}
    persons = [people[key] for key in keys]
    tick, low, size = _axis(sketches)
    minute_at = low + tick * np.arange(size, dtype=np.int64)
    day_low, days = _local_days(low, low + tick * size)
    zones = sorted({person.zone for person in persons})
    begin = min((sketch.first_day for sketch in sketches), default=0)
    store, shape, offset, seats = [], [], 0, []
    for sketch in sketches:
        numbers, row, seated = _loop(sketch, row_of, people, begin, low, tick)
        row[OFFSET] = offset
        store.append(numbers)
        shape.append(row)
        seats.append(seated)
        offset += len(numbers)
    near_first, near = _near(sketches)
    bookings = np.array([len(asked.get(key, ())) for key in keys], np.int64)
    for who, _, _ in pins:
        bookings[row_of[who]] += 1
    board = Board(
        tick=tick,
        low=low,
        room=_rooms(persons, minute_at),
        zone=np.array([zones.index(person.zone) for person in persons], np.int64),
        day_at=np.array([_days_of(zone, minute_at) - day_low for zone in zones], np.int16).reshape(
            len(zones), size
        ),
        week_of=np.array([(day_low + d - 1) // 7 for d in range(days)], np.int64),
        held=_held(persons, day_low, days),
        buffer=np.array([person.buffer_minutes for person in persons], np.int64),
        day_limit=_limits([person.max_per_day for person in persons]),
        week_limit=_limits([person.max_per_week for person in persons]),
        four_week_limit=_limits([person.max_per_four_weeks for person in persons]),
        load=np.array([person.recent_load for person in persons], np.int64),
        credit=np.array([NEWCOMER_CREDIT * person.newcomer for person in persons], np.int64),
        load_weight=np.array([points.WEIGHTS["load"] * person.weight for person in persons], np.int64),
        book_first=np.concatenate(([0], np.cumsum(bookings))).astype(np.int64),
        shape=np.array(shape, np.int64).reshape(len(sketches), 13),
        store=np.concatenate([np.zeros(0, np.int64), *store]),
        unplaced=np.array([points.unplaced(sketch.problem) for sketch in sketches], np.int64),
        urgency=np.array([sketch.problem.urgency for sketch in sketches], np.int64),
        near_first=near_first,
        near=near,
        pins=np.array([(row_of[who], start, end) for who, start, end in pins], np.int64).reshape(-1, 3),
        seats=max((len(rows) for rows in seats), default=0),
    )
    return Laid(
        board,
        tuple(sketch.key for sketch in sketches),
        tuple(keys),
        tuple(seats),
        tuple(sketch.first_day for sketch in sketches),
        tuple(hopeless),
    )


def _sketch(key: str, problem: Problem) -> _Sketch | None:
    if shortage(problem) is not None:
        return None
    tick, time = grid._tick(problem), candidate_time(problem)
    hulls = grid._hulls(problem, time, grid.pinned_blocks(problem), tick)
    if not hulls:
        return None
    return _Sketch(
        key, problem, tick, tuple(sorted(hulls)), hulls, min(*time, *hulls) if time else min(hulls)
    )


def _asked(sketches: Sequence[_Sketch]) -> dict[str, list[int]]:
    """Which loops ask for a person."""
    asked: dict[str, list[int]] = {}
    for i, sketch in enumerate(sketches):
        for who in {who for block in sketch.problem.blocks for seat in block.seats for who in seat.pool}:
            asked.setdefault(who, []).append(i)
    return asked


def _axis(sketches: Sequence[_Sketch]) -> tuple[int, int, int]:
    """Tick, first minute and number of columns."""
    tick = gcd(*(sketch.tick for sketch in sketches)) if sketches else 60
    low = min((hull[0] for sketch in sketches for hull in sketch.hulls.values()), default=0)
    high = max((hull[1] for sketch in sketches for hull in sketch.hulls.values()), default=0)
    low = low // tick * tick
    return tick, low, -(-(high - low) // tick) + 1


def _local_days(low: int, high: int) -> tuple[int, int]:
    """The first local day that counts in a limit anywhere, and how many follow."""
    first = local_day("UTC", low) - FOUR_WEEKS - 1
    return first, local_day("UTC", high) + FOUR_WEEKS + 2 - first


def _days_of(zone: str, minute_at: Numbers) -> Numbers:
    start, end = local_day(zone, int(minute_at[0])), local_day(zone, int(minute_at[-1]))
    midnights = [local_minute(zone, day, 0) for day in range(start, end + 1)]
    return np.searchsorted(midnights, minute_at, "right") - 1 + start


def _limits(limits: Sequence[int | None]) -> Numbers:
    return np.array([NO_LIMIT if limit is None else limit for limit in limits], np.int64)


def _rooms(persons: Sequence[Person], minute_at: Numbers) -> Small:
    room = np.zeros((len(persons), len(minute_at)), np.int16)
    for row, person in enumerate(persons):
        free = free_time(person, int(minute_at[0]), int(minute_at[-1]))
        room[row] = grid._minutes_left(free, minute_at)
    return room


def _held(persons: Sequence[Person], day_low: int, days: int) -> Numbers:
    held = np.zeros((len(persons), days), np.int64)
    for row, person in enumerate(persons):
        for interval in person.booked:
            day = local_day(person.zone, floor_minute(interval.starts_at)) - day_low
            if 0 <= day < days:
                held[row, day] += 1
    return held


def _loop(
    sketch: _Sketch, row_of: Mapping[str, int], people: Mapping[str, Person], begin: int, low: int, tick: int
) -> tuple[Numbers, list[int], tuple[tuple[int, Seat], ...]]:
    """The tables of a loop one after the other, its row of `Board.shape` and its seats."""
    problem, hulls, days = sketch.problem, sketch.hulls, sketch.days
    fixed = {item.block: item for item in problem.fixed}
    pinned = grid.pinned_blocks(problem)
    lengths = [(hulls[day][1] - hulls[day][0]) // sketch.tick for day in days]
    minute_at = np.concatenate([np.arange(*hulls[day], sketch.tick) for day in days]).astype(np.int64)
    weights = points.WEIGHTS
    ending = grid._ending_costs(problem, days, begin, weights) - weights["days"]  # the first day is free
    pools = grid._pools(problem, fixed, pinned, grid.Excluded())
    rows = sorted({row_of[key] for _, _, pool in pools for key, _ in pool if key != EMPTY})
    place = {row: at for at, row in enumerate(rows)}
    entries, pool_first, extra = [], [0], []
    for index, (b, seat, pool) in enumerate(pools):
        keep = (
            dict(fixed[problem.blocks[b].key].people).get(seat.key)
            if problem.blocks[b].key in fixed
            else None
        )
        for key, _ in pool:
            changed = weights["changed_people"] if keep is not None and keep != key else 0
            # an empty seat is a row of its own, so that several seats can be empty
            entries.append(len(rows) + index if key == EMPTY else place[row_of[key]])
            extra.append(changed + (weights["empty_seats"] if key == EMPTY else 0))
        pool_first.append(len(entries))
    seats_of = np.bincount([b for b, _, _ in pools], minlength=len(problem.blocks))
    breaks = grid._breaks(problem, days, hulls, sketch.tick)
    parts = [
        [0, *np.cumsum(lengths)],
        [block.minutes for block in problem.blocks],
        [block.minutes // sketch.tick for block in problem.blocks],
        grid._start_costs(
            problem, candidate_time(problem), fixed, grid.Excluded(), minute_at, hulls, weights
        ).ravel(),
        grid._order_costs(problem, weights).ravel(),
        [0, *np.cumsum(seats_of)],
        pool_first,
        entries,
        extra,
        [seat.required for _, seat, _ in pools],
        grid._shared(problem, pools),
        ending.ravel(),
        *(table.ravel() for table in breaks),
        [-(-rest.minutes // sketch.tick) for rest in problem.rules.breaks],
        [*rows, *(-1 for _ in pools)],
        (minute_at - low) // tick,
    ]
    row = [0] * 13
    row[BLOCKS], row[DAYS], row[COLUMNS] = len(problem.blocks), len(days), len(minute_at)
    row[PEOPLE], row[SEATS], row[ENTRIES] = len(rows) + len(pools), len(pools), len(entries)
    row[BREAKS], row[ENDINGS] = len(problem.rules.breaks), len(ending)
    row[MIN_GAP] = -(-problem.rules.min_gap_minutes // sketch.tick)
    row[MAX_GAP] = problem.rules.max_idle_minutes // sketch.tick
    row[IDLE], row[NODES] = weights["idle_minutes"] * sketch.tick, problem.rules.node_limit
    numbers = np.concatenate([np.asarray(part, np.int64) for part in parts])
    return numbers, row, tuple((b, seat) for b, seat, _ in pools)


def _near(sketches: Sequence[_Sketch]) -> tuple[Numbers, Numbers]:
    """For each loop the others that could ask for one of its people; who shares a named person is there more
    often.
    """
    people = [
        {who for block in sketch.problem.blocks for seat in block.seats for who in seat.pool}
        for sketch in sketches
    ]
    named = [
        {seat.pool[0] for block in sketch.problem.blocks for seat in block.seats if len(seat.pool) == 1}
        for sketch in sketches
    ]
    asked = _asked(sketches)
    first, near = [0], list[int]()
    for i in range(len(sketches)):
        shared: dict[int, int] = {}
        for who in sorted(people[i]):
            for other in asked[who]:
                if other != i:
                    shared[other] = shared.get(other, 0) + 1
        for other, count in shared.items():
            near += [other] * (min(3, count) + 8 * len(named[i] & named[other]))
        first.append(len(near))
    return np.array(first, np.int64), np.array(near, np.int64)
