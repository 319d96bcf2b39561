"""From a problem to the numbers of the kernel.

A tick is the longest time that divides the grid and every length and confirmed start in the loop: 15
minutes as a rule, 5 when a block lasts 50 minutes. So nothing is rounded, and blocks still start on the
grid only.

Only people of the pools become rows, and only the candidate's own days become columns; the size of the
company and the length of its calendars do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from interviews.scheduling.calendars import (
    DAY,
    Stretch,
    candidate_time,
    floor_minute,
    free_time,
    full_days,
    local_day,
    local_minute,
    merged,
    minute_of,
)
from interviews.scheduling.kernel import Loop
from interviews.scheduling.model import EMPTY, Break, Fixed, Person, Problem, Seat
from interviews.scheduling.prices import prices_of
from interviews.scheduling.tiers import NO_PLAN, WEIGHTS, load_of

Numbers = NDArray[np.int64]
WEEK = 7 * DAY
ALWAYS = 30_000  # more minutes than a block can last, in 16 bits
Pool = tuple[int, Seat, list[tuple[str, int]]]
"""Block number, seat, and who may take it at what cost (`EMPTY` for nobody); the cheapest first."""


@dataclass(frozen=True)
class Excluded:
    """What an answer must do without: starts of a block (first to last minute), people in a block; somebody's
    time from a minute up to another (`taken`), and blocks with somebody that begin in such a time (`absent`).
    """

    starts: tuple[tuple[str, Stretch], ...] = ()
    people: frozenset[tuple[str, str]] = frozenset()
    taken: tuple[tuple[str, Stretch], ...] = ()
    absent: tuple[tuple[str, Stretch], ...] = ()


@dataclass(frozen=True)
class Grid:
    """A problem as numbers, and what is needed to read the answer."""

    loop: Loop
    minute_at: Numbers
    """[T] the minute at which a column begins"""
    days: tuple[int, ...]
    """local days of the candidate (ordinals) in order"""
    seats: tuple[tuple[int, Seat], ...]
    """block number and seat of each row of `Loop.pool_first`"""
    entries: tuple[str, ...]
    """person key of each pool entry, `EMPTY` for leaving the seat empty"""
    pinned: dict[int, Fixed]
    """pinned blocks by number; the kernel sees them without seats"""


def lay_out(problem: Problem, excluded: Excluded | None = None) -> Grid | None:
    """The numbers of a problem. None when the candidate has no time at all, or some seat nobody who could
    take it.
    """
    excluded = excluded or Excluded()
    fixed = {item.block: item for item in problem.fixed}
    pinned = pinned_blocks(problem)
    tick = _tick(problem)
    time = candidate_time(problem)
    hulls = _hulls(problem, time, pinned, tick)
    if not hulls:
        return None
    days = tuple(sorted(hulls))
    lengths = [(hulls[day][1] - hulls[day][0]) // tick for day in days]
    first = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    minute_at = np.concatenate([np.arange(hulls[day][0], hulls[day][1], tick) for day in days]).astype(
        np.int64
    )

    start_cost = _start_costs(problem, time, fixed, excluded, minute_at, hulls)
    pools = _pools(problem, fixed, pinned, excluded)
    people, free = _rows(problem, pools, minute_at, tick)
    _take_away(excluded, people, free, minute_at)
    pools = _who_can_come(problem, pools, people, free, start_cost)
    if any(not pool for _, _, pool in pools):
        return None
    price = prices_of(
        [[(people[key], cost) for key, cost in pool] for _, seat, pool in pools if seat.required], len(free)
    )
    if price is None:
        return None
    entries, pool_first, pool_person, pool_cost = [], [0], [], []
    for index, (_, _, pool) in enumerate(pools):
        for key, cost in pool:
            entries.append(key)
            # an empty seat is a row of its own, so that several seats can be empty
            pool_person.append(len(people) + index if key == EMPTY else people[key])
            pool_cost.append(cost + int(price[pool_person[-1]]))
        pool_first.append(len(entries))
    seats_of = np.bincount([b for b, _, _ in pools], minlength=len(problem.blocks))

    breaks = _breaks(problem, days, hulls, tick)
    loop = Loop(
        first=first,
        minutes=np.array([block.minutes for block in problem.blocks], np.int64),
        ticks=np.array([block.minutes // tick for block in problem.blocks], np.int64),
        start_cost=start_cost,
        order_cost=_order_costs(problem),
        free=free,
        seat_first=np.concatenate(([0], np.cumsum(seats_of))).astype(np.int64),
        pool_first=np.array(pool_first, np.int64),
        pool_person=np.array(pool_person, np.int64),
        pool_cost=np.array(pool_cost, np.int64),
        price=price,
        all_prices=int(price.sum()),
        required=np.array([seat.required for _, seat, _ in pools], np.int64),
        shared=_shared(problem, pools),
        ending_cost=_ending_costs(problem, days, min(*time, *hulls) if time else days[0]),
        due_before=breaks[0],
        due_after=breaks[1],
        pays_from=breaks[2],
        pays_until=breaks[3],
        pays_ticks=np.array([-(-rest.minutes // tick) for rest in problem.rules.breaks], np.int64),
        min_gap=-(-problem.rules.min_gap_minutes // tick),
        max_gap=problem.rules.max_idle_minutes // tick,
        idle_cost=WEIGHTS["idle_minutes"] * tick,
        node_limit=problem.rules.node_limit,
        toll=np.zeros((0, 0), np.int64),
        limit=NO_PLAN,
    )
    return Grid(loop, minute_at, days, tuple((b, seat) for b, seat, _ in pools), tuple(entries), pinned)


def pinned_blocks(problem: Problem) -> dict[int, Fixed]:
    """Pinned blocks by number."""
    pins = {item.block: item for item in problem.fixed if not item.movable}
    return {b: pins[block.key] for b, block in enumerate(problem.blocks) if block.key in pins}


def _tick(problem: Problem) -> int:
    tick = problem.rules.grid_minutes
    for block in problem.blocks:
        tick = gcd(tick, block.minutes)
    for item in problem.fixed:
        tick = gcd(tick, floor_minute(item.starts_at))
    return tick


def _hulls(
    problem: Problem, time: dict[int, list[Stretch]], pinned: dict[int, Fixed], tick: int
) -> dict[int, Stretch]:
    """First and last minute that matter on each of the candidate's days, on ticks."""
    spans = {day: list(stretches) for day, stretches in time.items()}
    for b, item in pinned.items():
        start = floor_minute(item.starts_at)
        spans.setdefault(local_day(problem.zone, start), []).append(
            (start, start + problem.blocks[b].minutes)
        )
    hulls = {}
    for day, stretches in spans.items():
        low = -(-min(start for start, _ in stretches) // tick) * tick
        high = max(end for _, end in stretches) // tick * tick
        if low < high:
            hulls[day] = (low, high)
    return hulls


def _pools(
    problem: Problem, fixed: dict[str, Fixed], pinned: dict[int, Fixed], excluded: Excluded
) -> list[Pool]:
    """Each seat to be filled, required ones first within a block, with who may take it and at what cost."""
    by_key = {person.key: person for person in problem.people}
    sitting = {person for item in pinned.values() for _, person in item.people}
    pools = []
    for b, block in enumerate(problem.blocks):
        if b in pinned:
            continue
        kept = dict(fixed[block.key].people) if block.key in fixed else {}
        for seat in sorted(block.seats, key=lambda seat: not seat.required):
            keep = kept.get(seat.key)
            pool = [
                (key, _seat_cost(by_key[key], keep))
                for key in seat.pool
                if key not in sitting and (block.key, key) not in excluded.people
            ]
            if not seat.required and (block.key, EMPTY) not in excluded.people:
                changed = WEIGHTS["changed_people"] if keep is not None else 0
                pool.append((EMPTY, WEIGHTS["empty_seats"] + changed))
            pools.append((b, seat, sorted(pool, key=lambda entry: (entry[1], entry[0]))))
    return pools


def _rows(
    problem: Problem, pools: list[Pool], minute_at: Numbers, tick: int
) -> tuple[dict[str, int], NDArray[np.int16]]:
    """The row of everybody who is in a pool, and the rows; then one for each seat left empty."""
    keys = {key for _, _, pool in pools for key, _ in pool}
    people = [person for person in problem.people if person.key in keys]
    free = np.full((len(people) + len(pools), len(minute_at)), ALWAYS, np.int16)
    # whole weeks, so that rows can be kept whatever the times of the loop
    first, last = int(minute_at[0]) // WEEK, int(minute_at[-1]) // WEEK
    columns = (minute_at - first * WEEK) // tick
    for row, person in enumerate(people):
        _row(person, first, last, tick).take(columns, out=free[row])
    return {person.key: row for row, person in enumerate(people)}, free


def _take_away(
    excluded: Excluded, people: dict[str, int], free: NDArray[np.int16], minute_at: Numbers
) -> None:
    for key, (start, end) in excluded.taken:
        if key in people:
            row = free[people[key]]
            left = np.clip(start - minute_at, 0, ALWAYS).astype(np.int16)
            np.minimum(row, left, out=row, where=minute_at < end)
    for key, (start, end) in excluded.absent:
        if key in people:
            free[people[key]][(minute_at >= start) & (minute_at < end)] = 0


def _who_can_come(
    problem: Problem, pools: list[Pool], people: dict[str, int], free: NDArray[np.int16], start_cost: Numbers
) -> list[Pool]:
    """The pools without those who are not free for any possible start of the block."""
    remaining = []
    able = [
        ((free >= block.minutes) & (start_cost[b] < NO_PLAN)).any(axis=1).tolist()
        for b, block in enumerate(problem.blocks)
    ]
    for b, seat, pool in pools:
        can_come = able[b]
        remaining.append(
            (b, seat, [entry for entry in pool if entry[0] == EMPTY or can_come[people[entry[0]]]])
        )
    return remaining


def _seat_cost(person: Person, keep: str | None) -> int:
    changed = WEIGHTS["changed_people"] if keep is not None and keep != person.key else 0
    return WEIGHTS["load"] * load_of(person) + changed


def _shared(problem: Problem, pools: list[Pool]) -> Numbers:
    """How many required seats a block has, when two of them can ask for the same person."""
    shared = np.zeros(len(problem.blocks), np.int64)
    for b in range(len(problem.blocks)):
        required = [{key for key, _ in pool} for block, seat, pool in pools if block == b and seat.required]
        if len(set().union(*required)) < sum(map(len, required)):
            shared[b] = len(required)
    return shared


def _start_costs(
    problem: Problem,
    time: dict[int, list[Stretch]],
    fixed: dict[str, Fixed],
    excluded: Excluded,
    minute_at: Numbers,
    hulls: dict[int, Stretch],
    weights: Mapping[str, int] = WEIGHTS,
) -> Numbers:
    """Where each block may start: on the grid, inside a window; a confirmed one where it is, or at the
    price of moving.
    """
    stretches = merged(stretch for day in time.values() for stretch in day)
    midnights = {local_minute(problem.zone, day, DAY) for day in hulls}
    stretches = _cut(stretches, sorted(midnights))
    room = _minutes_left(stretches, minute_at)
    on_grid = minute_at % problem.rules.grid_minutes == 0
    costs = np.full((len(problem.blocks), len(minute_at)), NO_PLAN, np.int64)
    for b, block in enumerate(problem.blocks):
        item = fixed.get(block.key)
        if item is None:
            costs[b, (room >= block.minutes) & on_grid] = 0
            continue
        kept = minute_at == floor_minute(item.starts_at)
        if not item.movable:
            costs[b, kept] = 0
            continue
        costs[b, (room >= block.minutes) & on_grid] = weights["moved_blocks"]
        costs[b, (room >= block.minutes) & kept] = 0
    number = {block.key: b for b, block in enumerate(problem.blocks)}
    for key, (low, high) in excluded.starts:
        costs[number[key], (minute_at >= low) & (minute_at <= high)] = NO_PLAN
    return costs


def _cut(stretches: list[Stretch], midnights: list[int]) -> list[Stretch]:
    result = []
    for start, end in stretches:
        for midnight in midnights:
            if start < midnight < end:
                result.append((start, midnight))
                start = midnight
        result.append((start, end))
    return result


def _minutes_left(stretches: Sequence[Stretch], minutes: Numbers) -> Numbers:
    """For each minute, how long the stretch it lies in goes on; 0 outside. Stretches are sorted and apart."""
    if not stretches:
        return np.zeros(len(minutes), np.int64)
    starts, ends = np.array(stretches, np.int64).T
    index = np.searchsorted(starts, minutes, "right") - 1
    left = np.where(index >= 0, ends[index] - minutes, 0)
    return np.clip(left, 0, ALWAYS)


@lru_cache(maxsize=2048)  # further choices and explanations ask for the same people again and again
def _row(person: Person, first: int, last: int, tick: int) -> NDArray[np.int16]:
    """[..] for how long the person is free from each tick of these weeks on; 0 also where a limit leaves no
    room that day.
    """
    minute_at = np.arange(first * WEEK, (last + 1) * WEEK, tick, dtype=np.int64)
    low, high = int(minute_at[0]), int(minute_at[-1])
    # a day more, because a free time may go on beyond the end
    left = _minutes_left(free_time(person, low, high + DAY), minute_at)
    if not (person.max_per_day is person.max_per_week is person.max_per_four_weeks is None):
        days = _local_days(person.zone, first, last, tick)
        full = full_days(person, range(int(days[0]), int(days[-1]) + 1))
        if full:
            left[np.isin(days, sorted(full))] = 0
    return left.astype(np.int16)


@lru_cache(maxsize=64)
def _local_days(zone: str, first: int, last: int, tick: int) -> Numbers:
    """[..] the local day (ordinal) in this zone at each tick of these weeks."""
    minute_at = np.arange(first * WEEK, (last + 1) * WEEK, tick, dtype=np.int64)
    start, end = local_day(zone, int(minute_at[0])), local_day(zone, int(minute_at[-1]))
    midnights = [local_minute(zone, day, 0) for day in range(start, end + 1)]
    return np.searchsorted(midnights, minute_at, "right") - 1 + start


def _order_costs(problem: Problem, weights: Mapping[str, int] = WEIGHTS) -> Numbers:
    """[2**B, B] what it costs that a block comes next when the blocks of a set are done."""
    number = {block.key: b for b, block in enumerate(problem.blocks)}
    rules: dict[tuple[int, int], bool] = {}
    for rule in problem.rules.order:
        pair = number[rule.before], number[rule.after]
        rules[pair] = rule.hard or rules.get(pair, False)
    positions = tuple(block.position for block in problem.blocks)
    return _costs_of_order(positions, tuple(rules.items()), weights["order"])


@lru_cache(maxsize=64)
def _costs_of_order(
    positions: tuple[str, ...], rules: tuple[tuple[tuple[int, int], bool], ...], wish: int
) -> Numbers:
    full = (1 << len(positions)) - 1
    costs = np.zeros((full + 1, len(positions)), np.int64)
    for done in range(full + 1):
        for b, position in enumerate(positions):
            cost = 0
            if position == "first" and done != 0:
                cost += wish
            if position == "last" and done | 1 << b != full:
                cost += wish
            for (before, after), hard in rules:
                if after == b and not done >> before & 1:
                    cost = cost + wish if not hard else NO_PLAN
            costs[done, b] = min(cost, NO_PLAN)
    return costs


def _ending_costs(
    problem: Problem, days: tuple[int, ...], first_day: int, weights: Mapping[str, int] = WEIGHTS
) -> Numbers:
    """[J, K] the tiers that only depend on the number of days and the last of them."""
    most = min(problem.rules.max_days, len(days), len(problem.blocks))
    costs = np.zeros((most, len(days)), np.int64)
    for j in range(most):
        for k, day in enumerate(days):
            waited = problem.urgency * (day - first_day)
            costs[j, k] = weights["days"] * (j + 1) + weights["completion"] * waited
    return costs


def _breaks(
    problem: Problem, days: tuple[int, ...], hulls: dict[int, Stretch], tick: int
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """When each break is due and given on each day, in ticks from the day's first column (see
    `kernel.Loop`).
    """
    return _break_times(problem.rules.breaks, problem.zone, tuple((day, hulls[day][0]) for day in days), tick)


@lru_cache(maxsize=64)
def _break_times(
    rules: tuple[Break, ...], zone: str, days: tuple[tuple[int, int], ...], tick: int
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    tables = [np.zeros((len(days), len(rules)), np.int64) for _ in range(4)]
    for k, (day, low) in enumerate(days):
        for r, rest in enumerate(rules):
            clock = [rest.due_if_starts_before, rest.due_if_ends_after, rest.earliest, rest.latest]
            before, after, earliest, latest = (local_minute(zone, day, minute_of(at)) - low for at in clock)
            tables[0][k, r] = -(-before // tick)
            tables[1][k, r] = after // tick
            tables[2][k, r] = -(-(earliest + rest.minutes) // tick)
            tables[3][k, r] = (latest - rest.minutes) // tick
    return tables[0], tables[1], tables[2], tables[3]
