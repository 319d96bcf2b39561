"""Placing many loops on one board: exact insertion, and ruin and recreate. On numbers only, as `kernel` is.

*Exact insertion.* Each loop gets its optimum given what was placed before, and its interviews are booked
before the next one is looked at.

*Ruin and recreate.* A few loops that share people are taken out and put back in another order, each exactly.
A better schedule stays, a slightly worse one sometimes (simulated annealing), any other is undone. Loops
without a plan are taken along more often, because they are worth most.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from interviews.scheduling.board import (
    BLOCKS,
    BREAKS,
    COLUMNS,
    DAYS,
    ENDINGS,
    ENTRIES,
    FOUR_WEEKS,
    IDLE,
    MAX_GAP,
    MIN_GAP,
    NO_LIMIT,
    NODES,
    OFFSET,
    PEOPLE,
    SEATS,
    Board,
)
from interviews.scheduling.compiled import entry, inner
from interviews.scheduling.kernel import NO_PLAN, Loop, Number, Numbers, Small, Tables, solve_loop
from interviews.scheduling.model import MAX_BLOCKS
from interviews.scheduling.tiers import MAX_COUNTED_LOAD

ALWAYS = 30_000
Chances = NDArray[np.float64]
FEWEST, MOST = 2, 6
"""How many loops are taken out in a round."""
DRAWS = 65
"""Random numbers for one round."""
GUIDED = 0.5
"""The share of rounds that follow the prices."""


class State(NamedTuple):
    """What changes while loops are placed."""

    room: Small  # [P, T] minutes for which the person is free from there on; 0 where a limit is reached
    booked: Numbers  # [bookings, 2] start and end minute
    bookings: Numbers  # [P] how many
    held: Numbers  # [P, D] interviews by local day
    load: Numbers  # [P] recent load with the bookings
    starts: Numbers  # [N, MAX_BLOCKS] column of each block; starts[i, 0] is -1 without a plan
    sitting: Numbers  # [N, seats] person, or -1 for nobody
    cost: Numbers  # [N] cost of the plan without load, or of having none
    total: Numbers  # [1] with load


class Prices(NamedTuple):
    """What people's time costs beyond their load (see `bounding`); all zero while loops are only inserted."""

    person: Numbers  # [P] for each interview
    slot_row: Numbers  # [P] the person's row in `slot`, or -1
    slot: Numbers  # [rows, T+1] running sum of the prices of columns
    day: Numbers  # [P, D] for each interview that starts on a local day
    on: int  # 1 when some slot or day has a price
    loads: int  # 1 when load counts


class Room(NamedTuple):
    """Room to work in, large enough for each loop of a board."""

    numbers: Numbers
    small: Small
    starts: Numbers  # [most, MAX_BLOCKS] the plans found ..
    sitting: Numbers  # [most, seats]
    cost: Numbers  # [most] .. and what they cost
    least: Numbers  # [1] proven: no plan costs less than this or the limit


def state_of(board: Board) -> State:
    """The board with nothing on it but the pinned interviews."""
    loops, (people, _) = len(board.shape), board.room.shape
    state = State(
        room=board.room.copy(),
        booked=np.zeros((int(board.book_first[-1]), 2), np.int64),
        bookings=np.zeros(people, np.int64),
        held=board.held.copy(),
        load=board.load.copy(),
        starts=np.full((loops, MAX_BLOCKS), -1, np.int64),
        sitting=np.full((loops, max(board.seats, 1)), -1, np.int64),
        cost=board.unplaced.copy(),
        total=np.array([board.unplaced.sum()], np.int64),
    )
    begin(board, state)
    return state


def copied(state: State) -> State:
    return State(*[part.copy() for part in state])  # type: ignore[arg-type]


def no_prices(board: Board) -> Prices:
    people, columns = board.room.shape
    none = np.zeros((0, columns + 1), np.int64)
    return Prices(
        np.zeros(people, np.int64), np.full(people, -1, np.int64), none, np.zeros((0, 0), np.int64), 0, 1
    )


def room_for(board: Board, most: int = 1) -> Room:
    numbers = small = 0
    for row in board.shape:
        blocks, days, columns, breaks = int(row[BLOCKS]), int(row[DAYS]), int(row[COLUMNS]), int(row[BREAKS])
        gaps, seats, choices = (
            int(row[MAX_GAP]) + 1,
            int(row[SEATS]),
            max(blocks * columns, int(row[ENTRIES])),
        )
        size = 2 * int(row[ENTRIES]) * (columns + 1) + blocks * columns + 3 * blocks * days + 64
        size += int(row[ENDINGS]) * (days + 1) * (1 << blocks) * ((1 << breaks) * (columns + 2) + 2)
        size += (
            gaps * (4 * breaks + 4) + 5 * int(row[PEOPLE]) + 4 * seats + days * ((1 << blocks) + seats + 8)
        )
        size += (blocks + seats + 1) * (16 + 2 * choices) + (1 << breaks) * (columns + 2)
        numbers, small = max(numbers, size), max(small, int(row[PEOPLE]) * columns)
    most_seats = max(board.seats, 1)
    i8 = np.int64
    return Room(
        np.zeros(numbers, i8),
        np.zeros(small, np.int16),
        np.zeros((most, MAX_BLOCKS), i8),
        np.zeros((most, most_seats), i8),
        np.zeros(most, i8),
        np.zeros(1, i8),
    )


# ---- people --------------------------------


@inner
def renew(board: Board, state: State, p: Number) -> None:
    """The person's row anew: free time without the bookings, 0 on days on which a limit is reached."""
    row, columns = state.room[p], board.room.shape[1]
    row[:] = board.room[p]
    buffer, tick = board.buffer[p], board.tick
    for n in range(board.book_first[p], board.book_first[p] + state.bookings[p]):
        low, high = state.booked[n, 0] - buffer - board.low, state.booked[n, 1] + buffer - board.low
        t = max(-(-low // tick), 0)
        while t < columns and t * tick < high:
            row[t] = 0
            t += 1
        t = -(-low // tick) - 1
        if t >= columns:
            t = columns - 1
        while t >= 0 and row[t] > low - t * tick:
            row[t] = low - t * tick
            t -= 1
    day_limit, week_limit = board.day_limit[p], board.week_limit[p]
    four_week_limit = board.four_week_limit[p]
    if min(day_limit, week_limit, four_week_limit) == NO_LIMIT:
        return
    days, held = board.day_at[board.zone[p]], state.held[p]
    last, full = -1, False
    for t in range(columns):
        if days[t] != last:
            last = days[t]
            full = is_full(board, held, last, day_limit, week_limit, four_week_limit)
        if full:
            row[t] = 0


@inner
def is_full(
    board: Board,
    held: Numbers,
    day: Number,
    day_limit: Number,
    week_limit: Number,
    four_week_limit: Number,
) -> bool:
    """Whether a limit leaves no room for one more interview on this day."""
    if held[day] >= day_limit or in_week(board, held, day) >= week_limit:
        return True
    return four_week_limit < NO_LIMIT and in_four_weeks(held, day) >= four_week_limit  # type: ignore[no-any-return]


@inner
def in_week(board: Board, held: Numbers, day: Number) -> Number:
    count, week = 0, board.week_of[day]
    for other in range(max(day - 6, 0), min(day + 7, held.shape[0])):
        if board.week_of[other] == week:
            count += held[other]
    return count


@inner
def in_four_weeks(held: Numbers, day: Number) -> Number:
    """The most interviews in any 28 days in a row that contain the day."""
    most = 0
    for first in range(max(day - FOUR_WEEKS + 1, 0), day + 1):
        count = 0
        for other in range(first, min(first + FOUR_WEEKS, held.shape[0])):
            count += held[other]
        most = max(most, count)
    return most


@inner
def load_cost(board: Board, state: State, p: Number) -> Number:
    """What one more interview of this person costs."""
    load: Number = min(state.load[p], MAX_COUNTED_LOAD)
    recent = max(0, load - board.credit[p])
    return board.load_weight[p] * (2 * recent + 1)


@inner
def day_index(board: Board, p: Number, minute: Number) -> Number:
    """The person's local day at a minute, as an index of `held`."""
    days = board.day_at[board.zone[p]]
    column = (minute - board.low) // board.tick
    return days[min(max(column, 0), days.shape[0] - 1)]


@inner
def book(board: Board, state: State, p: Number, start: Number, end: Number) -> Number:
    """The person holds this interview. Returns what it costs in load."""
    n = board.book_first[p] + state.bookings[p]
    state.booked[n, 0], state.booked[n, 1] = start, end
    state.bookings[p] += 1
    state.held[p, day_index(board, p, start)] += 1
    cost = load_cost(board, state, p)
    state.load[p] += 1
    renew(board, state, p)
    return cost


@inner
def unbook(board: Board, state: State, p: Number, start: Number) -> Number:
    """The person no longer holds it. Returns what that saves in load."""
    state.bookings[p] -= 1
    last = board.book_first[p] + state.bookings[p]
    for n in range(board.book_first[p], last):
        if state.booked[n, 0] == start:
            state.booked[n] = state.booked[last]
            break
    state.held[p, day_index(board, p, start)] -= 1
    state.load[p] -= 1
    renew(board, state, p)
    return load_cost(board, state, p)


@entry
def begin(board: Board, state: State) -> None:
    """Book the pinned interviews, and work out everybody's row."""
    for c in range(board.pins.shape[0]):
        p, start = board.pins[c, 0], board.pins[c, 1]
        n = board.book_first[p] + state.bookings[p]
        state.booked[n, 0], state.booked[n, 1] = start, board.pins[c, 2]
        state.bookings[p] += 1
        state.held[p, day_index(board, p, start)] += 1
        state.load[p] += 1
    for p in range(board.room.shape[0]):
        renew(board, state, p)


# ---- one loop --------------------------------


@inner
def loop_of(board: Board, state: State, prices: Prices, i: Number, room: Room) -> Number:
    """Copy the rows of the loop's people and their costs into the room. Returns how much of it is used."""
    shape, store = board.shape[i], board.store
    columns, people, entries = shape[COLUMNS], shape[PEOPLE], shape[ENTRIES]
    rows = part_at(shape, 17)
    column_at = store[part_at(shape, 18) : part_at(shape, 18) + columns]
    for r in range(people):
        p = store[rows + r]
        free = room.small[r * columns : (r + 1) * columns]
        if p < 0:
            free[:] = ALWAYS
        else:
            row = state.room[p]
            for t in range(columns):
                free[t] = row[column_at[t]]
    pool, extra = part_at(shape, 7), part_at(shape, 8)
    for x in range(entries):
        p, cost = store[rows + store[pool + x]], store[extra + x]
        if p >= 0:
            if prices.loads:
                cost += max(load_cost(board, state, p), prices.person[p])
            else:
                cost += prices.person[p]
        room.numbers[x] = cost
    if not prices.on:
        return entries
    pool_first, seat_first, minutes = part_at(shape, 6), part_at(shape, 5), part_at(shape, 1)
    for b in range(shape[BLOCKS]):
        for seat in range(store[seat_first + b], store[seat_first + b + 1]):
            for x in range(store[pool_first + seat], store[pool_first + seat + 1]):
                toll = room.numbers[entries + x * columns : entries + (x + 1) * columns]
                p = store[rows + store[pool + x]]
                if p < 0:
                    toll[:] = 0
                    continue
                days, price_of, at = board.day_at[board.zone[p]], prices.day[p], prices.slot_row[p]
                length = -(-(store[minutes + b] + board.buffer[p]) // board.tick)
                for t in range(columns):
                    c = column_at[t]
                    toll[t] = price_of[days[c]]
                    if at >= 0:
                        end = min(c + length, prices.slot.shape[1] - 1)
                        toll[t] += prices.slot[at, end] - prices.slot[at, c]
    return entries * (1 + columns)


@inner
def part_at(shape: Numbers, part: Number) -> Number:
    """Where a part of the loop's tables begins in `Board.store` (the order is that of `board._loop`)."""
    blocks, days, columns, breaks = shape[BLOCKS], shape[DAYS], shape[COLUMNS], shape[BREAKS]
    seats, entries = shape[SEATS], shape[ENTRIES]
    at = shape[OFFSET]
    for n in range(part):
        if n == 0:
            at += days + 1
        elif n <= 2 or n == 10:
            at += blocks
        elif n == 3:
            at += blocks * columns
        elif n == 4:
            at += (1 << blocks) * blocks
        elif n == 5:
            at += blocks + 1
        elif n == 6:
            at += seats + 1
        elif n <= 8:
            at += entries
        elif n == 9:
            at += seats
        elif n == 11:
            at += shape[ENDINGS] * days
        elif n <= 15:
            at += days * breaks
        elif n == 16:
            at += breaks
        else:
            at += shape[PEOPLE]
    return at


@inner
def square(flat: Numbers, at: Number, rows: Number, columns: Number) -> Numbers:
    return flat[at : at + rows * columns].reshape(rows, columns)


@inner
def find(
    board: Board, state: State, prices: Prices, i: Number, wanted: Number, limit: Number, room: Room
) -> Number:
    """Find the loop's best plans that cost less than the limit, one for each of the `wanted` best completion
    days. Returns how many.
    """
    shape, store = board.shape[i], board.store
    blocks, days, columns, people = shape[BLOCKS], shape[DAYS], shape[COLUMNS], shape[PEOPLE]
    seats, entries, breaks, endings = shape[SEATS], shape[ENTRIES], shape[BREAKS], shape[ENDINGS]
    used = loop_of(board, state, prices, i, room)
    toll = (
        room.numbers[entries:used].reshape(entries, columns) if prices.on else room.numbers[:0].reshape(0, 0)
    )
    a0, a1, a2, a3 = part_at(shape, 0), part_at(shape, 1), part_at(shape, 2), part_at(shape, 3)
    a4, a5, a6, a7 = part_at(shape, 4), part_at(shape, 5), part_at(shape, 6), part_at(shape, 7)
    a9, a10, a11, a12 = part_at(shape, 9), part_at(shape, 10), part_at(shape, 11), part_at(shape, 12)
    a13, a14, a15, a16 = part_at(shape, 13), part_at(shape, 14), part_at(shape, 15), part_at(shape, 16)
    numbers = room.numbers
    price = numbers[used : used + people]
    price[:] = 0
    used += people
    loop = Loop(
        store[a0 : a0 + days + 1],
        store[a1 : a1 + blocks],
        store[a2 : a2 + blocks],
        square(store, a3, blocks, columns),
        square(store, a4, 1 << blocks, blocks),
        room.small[: people * columns].reshape(people, columns),
        store[a5 : a5 + blocks + 1],
        store[a6 : a6 + seats + 1],
        store[a7 : a7 + entries],
        numbers[:entries],
        price,
        0,
        store[a9 : a9 + seats],
        store[a10 : a10 + blocks],
        square(store, a11, endings, days),
        square(store, a12, days, breaks),
        square(store, a13, days, breaks),
        square(store, a14, days, breaks),
        square(store, a15, days, breaks),
        store[a16 : a16 + breaks],
        shape[MIN_GAP],
        shape[MAX_GAP],
        shape[IDLE],
        shape[NODES],
        toll,
        limit,
    )
    tables = tables_in(numbers[used:], loop)
    solve_loop(loop, tables, wanted)
    room.least[0] = NO_PLAN
    rows, column_at = part_at(shape, 17), part_at(shape, 18)
    found, most = 0, min(wanted, room.cost.shape[0])
    for k in range(days):
        room.least[0] = min(room.least[0], tables.bound[k])
    while found < most:
        day = tables.best.argmin()
        if tables.best[day] >= NO_PLAN:
            break
        room.cost[found] = tables.best[day]
        tables.best[day] = NO_PLAN
        for b in range(blocks):
            room.starts[found, b] = store[column_at + tables.chosen[day, b]]
        for seat in range(seats):
            room.sitting[found, seat] = store[rows + store[a7 + tables.seated[day, seat]]]
        found += 1
    return found


@inner
def tables_in(numbers: Numbers, loop: Loop) -> Tables:
    """What `kernel.tables_for` gives, in a piece of memory that is there already."""
    blocks, columns = loop.start_cost.shape
    days, breaks = loop.due_before.shape
    last, seats, people = loop.ending_cost.shape[0], loop.pool_first.shape[0] - 1, loop.free.shape[0]
    longest = 0
    for k in range(days):
        longest = max(longest, loop.first[k + 1] - loop.first[k] + 2)
    choices = blocks * columns
    for seat in range(seats):
        choices = max(choices, loop.pool_first[seat + 1] - loop.pool_first[seat])
    sets, owed, gaps, levels = 1 << blocks, 1 << breaks, loop.max_gap + 1, blocks + seats + 1
    a1 = blocks * columns
    a2 = a1 + blocks * days
    a3 = a2 + last * days * sets * owed * longest
    a4 = a3 + last * (days + 1) * sets
    a5 = a4 + days * sets
    a6 = a5 + days
    a7 = a6 + owed * longest
    a8 = a7 + gaps * (2 * breaks + 2)
    a9 = a8 + gaps * (2 * breaks + 1)
    a10 = a9 + gaps
    a11 = a10 + 18
    a12 = a11 + people
    a13 = a12 + seats
    a14 = a13 + people
    a15 = a14 + people
    a16 = a15 + seats + 1
    a17 = a16 + levels * 13
    a18 = a17 + levels * choices
    a19 = a18 + levels * choices
    a20 = a19 + days * blocks
    a21 = a20 + days * seats
    a22 = a21 + days
    return Tables(
        square(numbers, 0, blocks, columns),
        square(numbers, a1, blocks, days),
        numbers[a2:a3].reshape(last, days, sets, owed, longest),
        numbers[a3:a4].reshape(last, days + 1, sets),
        square(numbers, a4, days, sets),
        numbers[a5:a6],
        square(numbers, a6, owed, longest),
        square(numbers, a7, gaps, 2 * breaks + 2),
        square(numbers, a8, gaps, 2 * breaks + 1),
        numbers[a9:a10],
        numbers[a10:a11].reshape(2, 3, 3),
        numbers[a11:a12],
        numbers[a12:a13],
        numbers[a13:a14],
        numbers[a14:a15],
        numbers[a15:a16],
        square(numbers, a16, levels, 13),
        square(numbers, a17, levels, choices),
        square(numbers, a18, levels, choices),
        square(numbers, a19, days, blocks),
        square(numbers, a20, days, seats),
        numbers[a21:a22],
        numbers[a22 : a22 + days],
    )


# ---- placing --------------------------------


@inner
def put(board: Board, state: State, i: Number) -> Number:
    """Book the interviews of the loop's plan. Returns their cost in load."""
    shape, store = board.shape[i], board.store
    seat_first, minutes, cost = part_at(shape, 5), part_at(shape, 1), 0
    for b in range(shape[BLOCKS]):
        start = board.low + board.tick * state.starts[i, b]
        for seat in range(store[seat_first + b], store[seat_first + b + 1]):
            if state.sitting[i, seat] >= 0:
                cost += book(board, state, state.sitting[i, seat], start, start + store[minutes + b])
    return cost


@inner
def take_out(board: Board, state: State, i: Number) -> None:
    """The loop has no plan any more."""
    if state.starts[i, 0] < 0:
        return
    shape, store = board.shape[i], board.store
    seat_first, saved = part_at(shape, 5), state.cost[i] - board.unplaced[i]
    for b in range(shape[BLOCKS]):
        start = board.low + board.tick * state.starts[i, b]
        for seat in range(store[seat_first + b], store[seat_first + b + 1]):
            if state.sitting[i, seat] >= 0:
                saved += unbook(board, state, state.sitting[i, seat], start)
    state.starts[i, :] = -1
    state.sitting[i, :] = -1
    state.cost[i] = board.unplaced[i]
    state.total[0] -= saved


@inner
def put_back(board: Board, state: State, i: Number, starts: Numbers, sitting: Numbers, cost: Number) -> None:
    """Give the loop this plan, of which the cost without load is known."""
    state.starts[i, :] = starts
    state.sitting[i, :] = sitting
    if starts[0] >= 0:
        state.total[0] += put(board, state, i) + cost - board.unplaced[i]
        state.cost[i] = cost


@inner
def insert(board: Board, state: State, prices: Prices, i: Number, room: Room) -> bool:
    """Give the loop its best plan as things stand, if there is one."""
    if find(board, state, prices, i, 1, NO_PLAN, room) == 0:
        return False
    shape = board.shape[i]
    state.starts[i, : shape[BLOCKS]] = room.starts[0, : shape[BLOCKS]]
    state.sitting[i, : shape[SEATS]] = room.sitting[0, : shape[SEATS]]
    own = own_cost(board, state, i)
    state.total[0] += put(board, state, i) + own - board.unplaced[i]
    state.cost[i] = own
    return True


@inner
def own_cost(board: Board, state: State, i: Number) -> Number:
    """What the loop's plan costs without load and prices: times, order, changes, empty seats."""
    shape, store = board.shape[i], board.store
    blocks, columns, tick = shape[BLOCKS], shape[COLUMNS], board.tick
    first, ticks, start_cost, order = (
        part_at(shape, 0),
        part_at(shape, 2),
        part_at(shape, 3),
        part_at(shape, 4),
    )
    seat_first, pool_first, pool = part_at(shape, 5), part_at(shape, 6), part_at(shape, 7)
    extra, ending, minutes = part_at(shape, 8), part_at(shape, 11), part_at(shape, 1)
    rows, column_at = part_at(shape, 17), part_at(shape, 18)
    done, cost, days_used, last_day, last_end = 0, 0, 0, -1, 0
    for _ in range(blocks):
        b = -1
        for other in range(blocks):
            if not done >> other & 1 and (b < 0 or state.starts[i, other] < state.starts[i, b]):
                b = other
        t = 0
        while store[column_at + t] != state.starts[i, b]:
            t += 1
        day = 0
        while store[first + day + 1] <= t:
            day += 1
        cost += store[start_cost + b * columns + t] + store[order + done * blocks + b]
        start = state.starts[i, b] * tick
        if day == last_day:
            step = store[minutes + b] // store[ticks + b]
            cost += (start - last_end) // step * shape[IDLE]
        else:
            days_used += 1
        last_day, last_end, done = day, start + store[minutes + b], done | 1 << b
        for seat in range(store[seat_first + b], store[seat_first + b + 1]):
            for x in range(store[pool_first + seat], store[pool_first + seat + 1]):
                p = store[rows + store[pool + x]]
                if p == state.sitting[i, seat]:
                    cost += store[extra + x]
                    break
    return cost + store[ending + (days_used - 1) * shape[DAYS] + last_day]


@entry
def insert_all(board: Board, state: State, prices: Prices, order: Numbers, room: Room) -> Number:
    """Insert these loops one after the other. Returns how many have a plan now."""
    placed = 0
    for n in range(order.shape[0]):
        if insert(board, state, prices, order[n], room):
            placed += 1
    return placed


@entry
def price_all(
    board: Board,
    state: State,
    prices: Prices,
    limits: Numbers,
    wanted: Number,
    room: Room,
    starts: Numbers,
    sitting: Numbers,
    costs: Numbers,
    least: Numbers,
) -> None:
    """For each loop: plans cheaper than its limit at these prices, and what all its plans cost at least.

    `starts` [N, wanted, blocks], `sitting` and `costs` take them; costs are NO_PLAN where there is none.
    """
    for i in range(board.shape.shape[0]):
        found = find(board, state, prices, i, wanted, limits[i], room)
        least[i] = min(room.least[0], limits[i])
        costs[i, :] = NO_PLAN
        for n in range(found):
            starts[i, n, :] = room.starts[n]
            sitting[i, n, :] = room.sitting[n]
            costs[i, n] = room.cost[n]


@entry
def accept(board: Board, state: State, i: Number, starts: Numbers, sitting: Numbers) -> bool:
    """Give the loop this plan if everybody in it is still free for it."""
    shape, store = board.shape[i], board.store
    seat_first, minutes = part_at(shape, 5), part_at(shape, 1)
    if state.starts[i, 0] >= 0:
        return False
    for b in range(shape[BLOCKS]):
        for seat in range(store[seat_first + b], store[seat_first + b + 1]):
            p = sitting[seat]
            if p >= 0 and state.room[p, starts[b]] < store[minutes + b]:
                return False
    state.starts[i, :] = starts
    state.sitting[i, :] = sitting
    own = own_cost(board, state, i)
    state.total[0] += put(board, state, i) + own - board.unplaced[i]
    state.cost[i] = own
    return True


@entry
def cost_of_plan(board: Board, state: State, i: Number, starts: Numbers, sitting: Numbers) -> Number:
    """What a plan costs without load; the loop must have none now."""
    state.starts[i, :] = starts
    state.sitting[i, :] = sitting
    cost = own_cost(board, state, i)
    state.starts[i, :] = -1
    state.sitting[i, :] = -1
    return cost


@entry
def improve(
    board: Board,
    state: State,
    best: State,
    prices: Prices,
    guide: Prices,
    room: Room,
    draws: Chances,
    hot: float,
    cold: float,
) -> None:
    """Ruin and recreate, one round for each row of `draws` (random numbers from 0 to 1). `best` ends as the
    best schedule seen; it and `state` begin as any schedules of this board. Some rounds put loops back at the
    prices of the `guide`, which leave the hours that others need most; what counts is the true cost.
    """
    rounds = draws.shape[0]
    group = np.zeros(MOST, np.int64)
    order = np.zeros(MOST, np.int64)
    key = np.zeros(MOST, np.float64)
    old_starts = np.zeros((MOST, state.starts.shape[1]), np.int64)
    old_sitting = np.zeros((MOST, state.sitting.shape[1]), np.int64)
    old_cost = np.zeros(MOST, np.int64)
    for r in range(rounds):
        draw = draws[r]
        heat = hot * (cold / hot) ** (r / rounds)
        count = choose(board, state, draw, group)
        before = state.total[0]
        way = int(draw[3] * 3)
        for x in range(count):
            i = group[x]
            old_starts[x] = state.starts[i]
            old_sitting[x] = state.sitting[i]
            old_cost[x] = state.cost[i]
            order[x], key[x] = x, draw[4 + x]
            if way == 1:
                key[x] -= board.urgency[i]
            elif way == 2 and state.starts[i, 0] >= 0:
                key[x] += 0.5
        for x in range(count):
            take_out(board, state, group[x])
        for x in range(1, count):  # sorted by key
            y = x
            while y > 0 and key[order[y]] < key[order[y - 1]]:
                order[y], order[y - 1] = order[y - 1], order[y]
                y -= 1
        guided = draw[DRAWS - 1] < GUIDED
        for x in range(count):
            insert(board, state, guide if guided else prices, group[order[x]], room)
        worse = state.total[0] - before
        if worse <= 0 or draw[10] < exp(-worse / heat):
            if state.total[0] < best.total[0]:
                best.starts[:, :] = state.starts
                best.sitting[:, :] = state.sitting
                best.cost[:] = state.cost
                best.total[0] = state.total[0]
            continue
        for x in range(count):
            take_out(board, state, group[x])
        for x in range(count):
            put_back(board, state, group[x], old_starts[x], old_sitting[x], old_cost[x])


@inner
def choose(board: Board, state: State, draw: Chances, group: Numbers) -> Number:
    """A loop, and some that share people with it or with each other. Returns how many."""
    loops = board.shape.shape[0]
    first = int(draw[1] * loops)
    if draw[0] < 0.3:
        without = 0
        for i in range(loops):
            if state.starts[i, 0] < 0:
                without += 1
        nth = int(draw[1] * without)
        for i in range(loops):
            if state.starts[i, 0] < 0:
                if nth == 0:
                    first = i
                    break
                nth -= 1
    wanted = FEWEST + int(draw[2] * (MOST - FEWEST + 1))
    group[0], count, at = first, 1, 11
    while count < wanted and at + 3 < DRAWS:
        source = first if draw[at] < 0.75 else group[int(draw[at + 1] * count)]
        low, high = board.near_first[source], board.near_first[source + 1]
        if low < high:
            other = board.near[low + int(draw[at + 2] * (high - low))]
            known = False
            for x in range(count):
                known = known or group[x] == other
            if not known:
                group[count] = other
                count += 1
        at += 3
    return count
