"""The exact search for one loop, on numbers only (`grid` makes them, `solving` reads the answer).

The same source runs compiled by Numba or as plain Python; see `compiled`. That is why it uses arrays and
loops only.

Words. Time is counted in ticks. The candidate's days follow each other on one time axis: tick s of day k is
column `first[k] + s`. A set of blocks is a number whose bit b says that block b is in it, so 0 is no block
and `2**blocks - 1` all of them. `owed` is such a set of breaks: those that are due should this day last
long enough, and that no gap has given yet.

The idea, in three steps.

1. *Leave one rule out.* Without "nobody sits twice in a loop" people can be chosen for each block on its own:
   `panel` is the cheapest panel of block b starting at a tick. What remains is a question about time only.

2. *Solve that one exactly.* Which way of going on is cheapest depends only on which blocks are done, when the
   last one ended, which breaks are owed and how many days are left. So the answers are put into a table, from
   the end of the loop to its beginning (dynamic programming):

       tail[j, k, done, owed, e] = cheapest way to complete the loop when the blocks `done` are done,
                                   the last one ended at tick e of day k, and j more days follow
       rest[j, k, done]          = the same when day k has not begun yet

   No real plan is cheaper than the table says, because leaving out a rule only adds possibilities.

3. *Bring the rule back.* A search in depth chooses block after block and person after person, always the
   cheapest choice first. It turns back as soon as cost so far + table >= the best plan found (branch and
   bound), or when the seats still open have too few different people left. What it ends with is the optimum.

The number of days and the last day are fixed for each such search ("ending"); both decide tiers that lie
above everything the tables weigh, so most endings are never looked at.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from interviews.scheduling.compiled import entry, inner

Numbers = NDArray[np.int64]
Small = NDArray[np.int16]
Number = Any  # an int, or an np.int64 out of an array

NO_PLAN = 1 << 60  # equal to tiers.NO_PLAN; a literal, so that it is a constant for the compiler


class Loop(NamedTuple):
    """One loop as numbers. B blocks, K days, T columns of the time axis, P people, S seats, X entries of
    pools, R breaks.
    """

    first: Numbers  # [K+1] column at which day k begins; the last entry is T
    minutes: Numbers  # [B] length of a block
    ticks: Numbers  # [B] the same in ticks
    start_cost: Numbers  # [B, T] cost of starting block b there; NO_PLAN where it cannot
    order_cost: Numbers  # [2**B, B] cost of doing block b when the set is done; NO_PLAN where it must not
    free: Small  # [P, T] minutes for which the person is free from there on
    seat_first: Numbers  # [B+1] seats of block b are seat_first[b] .. seat_first[b+1]-1, required ones first
    pool_first: Numbers  # [S+1] pool of a seat in `pool_person`
    pool_person: Numbers  # [X] row of the person
    pool_cost: Numbers  # [X] cost of this person on this seat, with the person's price
    price: (
        Numbers  # [P] price of a contested person; a plan pays it, and gets it back in the end (see `prices`)
    )
    all_prices: int  # their sum
    required: Numbers  # [S] 1 for a seat that must be filled
    shared: Numbers  # [B] number of seats, from the first on, whose pools have people in common; 0 for none
    ending_cost: Numbers  # [J, K] cost of taking j+1 days and being complete on day k
    due_before: Numbers  # [K, R] a break is due when the day starts before this tick ..
    due_after: Numbers  # [K, R] .. and ends after this one
    pays_from: Numbers  # [K, R] a gap gives it when it begins at this tick minus the gap's length or later ..
    pays_until: Numbers  # [K, R] .. and not after this one ..
    pays_ticks: Numbers  # [R] .. and is at least this long
    min_gap: int
    max_gap: int
    idle_cost: int  # of one tick between two blocks
    node_limit: int
    toll: Numbers  # [X, T] what a pool entry costs on top when the block starts there; [0, 0] for nothing
    limit: int  # plans that cost this much or more are not looked for


class Tables(NamedTuple):
    """Room for the tables and the search of one loop."""

    panel: Numbers  # [B, T] cheapest panel of block b starting there, with start_cost
    lowest: Numbers  # [B, K] the smallest of them on day k
    tail: Numbers  # [J, K, 2**B, 2**R, L] see above
    rest: Numbers  # [J, K+1, 2**B] see above; smallest over day k and the days after it
    rest_of_last: Numbers  # [K, 2**B] the row rest[0, k] of an ending on day k
    filled: Numbers  # [K] 1 when tail[0, k] and rest_of_last[k] are filled
    begin: Numbers  # [2**R, L] cheapest way to go on with a block that starts at a tick
    cut: Numbers  # [gaps, 2R+2] a gap's beginnings fall into pieces ..
    paid: Numbers  # [gaps, 2R+1] .. in each of which it gives the same breaks
    pieces: Numbers  # [gaps] how many
    few: Numbers  # [2, 3, 3] cost and person of the three cheapest people of up to three seats
    taken: Numbers  # [P] 1 for who sits in the plan being built
    reserved: Numbers  # [S] a person for each required seat still open, all different; -1 for none
    holder: Numbers  # [P] the same seen from the person: the seat, or -1
    asked_by: Numbers  # [P] scratch of `reserve`
    queue: Numbers  # [S] scratch of `reserve`
    level: Numbers  # [levels, columns] the choices made so far, one row each
    value: Numbers  # [levels, C] what each open choice of a level costs at least
    choice: Numbers  # [levels, C] the choice
    chosen: Numbers  # [K, B] best plan completing on day k: column of each block's start ..
    seated: Numbers  # [K, S] .. and pool entry on each seat ..
    best: Numbers  # [K] .. and its cost
    bound: Numbers  # [K] proven: no plan that completes on day k, and was wanted, costs less; with
    #                     `Loop.limit`, none costs less than the smaller of the two


SEAT, LEFT, DAY, DONE, OWED, END, COST, REST, BLOCK, START, ENTRY, COUNT, COLUMNS = range(13)
"""Columns of `Tables.level`. SEAT is -1 where the next block and its start are chosen, else the seat being
filled. END is -1 when no day has begun. LEFT counts the days still allowed after DAY. REST is the table's
value for what follows the block being seated. ENTRY is the choice now taken (a pool entry for a seat, else
block x T + column; -1 for none), COUNT the number of choices.
"""


def tables_for(loop: Loop) -> Tables:
    """Room for one loop. No larger than needed: about 0.3 MB for four blocks on ten days."""
    blocks, columns = loop.start_cost.shape
    days, breaks = loop.due_before.shape
    last = loop.ending_cost.shape[0]
    seats = loop.pool_first.shape[0] - 1
    longest = int((loop.first[1:] - loop.first[:-1]).max()) + 2
    gaps = loop.max_gap + 1
    levels = blocks + seats + 1
    choices = max(blocks * columns, int((loop.pool_first[1:] - loop.pool_first[:-1]).max(initial=1)))
    i8 = np.int64
    return Tables(
        panel=np.empty((blocks, columns), i8),
        lowest=np.empty((blocks, days), i8),
        tail=np.empty((last, days, 1 << blocks, 1 << breaks, longest), i8),
        rest=np.full((last, days + 1, 1 << blocks), NO_PLAN, i8),
        rest_of_last=np.empty((days, 1 << blocks), i8),
        filled=np.zeros(days, i8),
        begin=np.empty((1 << breaks, longest), i8),
        cut=np.empty((gaps, 2 * breaks + 2), i8),
        paid=np.empty((gaps, 2 * breaks + 1), i8),
        pieces=np.empty(gaps, i8),
        few=np.empty((2, 3, 3), i8),
        taken=np.zeros(loop.free.shape[0], i8),
        reserved=np.empty(seats, i8),
        holder=np.empty(loop.free.shape[0], i8),
        asked_by=np.empty(loop.free.shape[0], i8),
        queue=np.empty(seats + 1, i8),
        level=np.zeros((levels, COLUMNS), i8),
        value=np.empty((levels, choices), i8),
        choice=np.empty((levels, choices), i8),
        chosen=np.zeros((days, blocks), i8),
        seated=np.full((days, seats), -1, i8),
        best=np.full(days, NO_PLAN, i8),
        bound=np.full(days, NO_PLAN, i8),
    )


# ---- 1. the cheapest panel of each block at each start --------------------------------


@inner
def cheapest_panels(loop: Loop, tables: Tables) -> None:
    """Fill `panel` and `lowest`."""
    for b in range(loop.minutes.shape[0]):
        panel, minutes = tables.panel[b], loop.minutes[b]
        panel[:] = loop.start_cost[b]
        for seat in range(loop.seat_first[b] + loop.shared[b], loop.seat_first[b + 1]):
            add_cheapest_person(loop, seat, minutes, panel)
        if loop.shared[b]:
            for t in range(panel.shape[0]):
                if panel[t] < NO_PLAN:
                    panel[t] = min(panel[t] + cheapest_distinct(loop, tables, b, t), NO_PLAN)
        for k in range(loop.first.shape[0] - 1):
            tables.lowest[b, k] = panel[loop.first[k] : loop.first[k + 1]].min()


@inner
def add_cheapest_person(loop: Loop, seat: Number, minutes: Number, panel: Numbers) -> None:
    """Add to each start the cheapest person who is free for all of it, or NO_PLAN when nobody is."""
    cheapest = np.full(panel.shape[0], NO_PLAN, np.int64)
    for x in range(loop.pool_first[seat], loop.pool_first[seat + 1]):
        free = loop.free[loop.pool_person[x]]
        if loop.toll.shape[0]:
            lower_at_toll(cheapest, free, minutes, loop.pool_cost[x], loop.toll[x])
        else:
            lower_where_free(cheapest, free, minutes, loop.pool_cost[x])
    panel[:] = np.minimum(panel + cheapest, NO_PLAN)


@inner
def lower_where_free(cheapest: Numbers, free: Small, minutes: Number, cost: Number) -> None:
    cheapest[:] = np.minimum(cheapest, np.where(free >= minutes, cost, NO_PLAN))


@inner
def lower_at_toll(cheapest: Numbers, free: Small, minutes: Number, cost: Number, toll: Numbers) -> None:
    cheapest[:] = np.minimum(cheapest, np.where(free >= minutes, cost + toll, NO_PLAN))


@inner
def cost_at(loop: Loop, x: Number, column: Number) -> Number:
    """What a pool entry costs when its block starts there."""
    return loop.pool_cost[x] + loop.toll[x, column] if loop.toll.shape[0] else loop.pool_cost[x]


@inner
def cheapest_distinct(loop: Loop, tables: Tables, b: Number, t: Number) -> Number:
    """The cheapest panel of different people at one start, for the seats of a block whose pools have people
    in common.

    The three cheapest people of each seat are enough: the other two seats can take at most two of them away.
    """
    cost, person = tables.few[0], tables.few[1]
    seats = loop.shared[b]
    for j in range(3):
        seat = loop.seat_first[b] + j
        for r in range(3):
            cost[j, r], person[j, r] = (NO_PLAN if j < seats else 0), -1 - 3 * j - r
        if j >= seats:
            continue
        for x in range(loop.pool_first[seat], loop.pool_first[seat + 1]):
            p, c = loop.pool_person[x], cost_at(loop, x, t)
            if loop.free[p, t] < loop.minutes[b]:
                continue
            for r in range(3):
                if c < cost[j, r]:
                    c, cost[j, r] = cost[j, r], c
                    p, person[j, r] = person[j, r], p
    best = NO_PLAN
    for x in range(3):
        for y in range(3):
            if person[0, x] == person[1, y] or cost[0, x] + cost[1, y] >= best:
                continue
            for z in range(3):
                if person[2, z] != person[0, x] and person[2, z] != person[1, y]:
                    best = min(best, cost[0, x] + cost[1, y] + cost[2, z])
    return best


# ---- 2. the table of cheapest ways to go on --------------------------------


@inner
def cut_gaps(loop: Loop, tables: Tables, k: Number) -> None:
    """For each length of a gap: between which beginnings on day k it gives the same breaks."""
    breaks, ends = loop.pays_ticks.shape[0], loop.first[k + 1] - loop.first[k] + 1
    for gap in range(loop.min_gap, loop.max_gap + 1):
        cut, paid = tables.cut[gap], tables.paid[gap]
        cut[0], n = 0, 1
        for r in range(breaks):
            if gap >= loop.pays_ticks[r]:
                for edge in (loop.pays_from[k, r] - gap, loop.pays_until[k, r] + 1):
                    at = min(max(edge, 0), ends)
                    x = n
                    while cut[x - 1] > at:  # sorted in as they come
                        cut[x] = cut[x - 1]
                        x -= 1
                    cut[x] = at
                    n += 1
        cut[n] = ends
        tables.pieces[gap] = n
        for x in range(n):
            paid[x] = given(loop, k, cut[x], gap)


@inner
def given(loop: Loop, k: Number, e: Number, gap: Number) -> Number:
    """The breaks that a gap beginning at tick e of day k gives."""
    breaks = 0
    for r in range(loop.pays_ticks.shape[0]):
        if gap >= loop.pays_ticks[r] and loop.pays_from[k, r] - gap <= e <= loop.pays_until[k, r]:
            breaks |= 1 << r
    return breaks


@inner
def owed_from(loop: Loop, k: Number, s: Number) -> Number:
    """The breaks that may become due on a day whose first block starts at tick s."""
    breaks = 0
    for r in range(loop.pays_ticks.shape[0]):
        if s < loop.due_before[k, r]:
            breaks |= 1 << r
    return breaks


@inner
def last_end(loop: Loop, k: Number, owed: Number) -> Number:
    """The last tick at which day k may end with these breaks owed."""
    end = loop.first[k + 1] - loop.first[k]
    for r in range(loop.pays_ticks.shape[0]):
        if owed >> r & 1:
            end = min(end, loop.due_after[k, r])
    return end


@inner
def fill_day(loop: Loop, tables: Tables, j: Number, k: Number, following: Number) -> None:
    """Fill tail[j, k]; `rest[j, k]` becomes the cost of beginning day k. `following` is the first row of
    `rest` from which the next day may be taken.
    """
    blocks, masks = loop.minutes.shape[0], tables.begin.shape[0]
    full, n, base = (1 << blocks) - 1, loop.first[k + 1] - loop.first[k], loop.first[k]
    cut_gaps(loop, tables, k)
    for done in range(full, -1, -1):
        tail = tables.tail[j, k, done]
        if done == full:
            close = NO_PLAN if j else 0
        else:
            close = tables.rest[j - 1, following, done] if j else NO_PLAN
        for owed in range(masks):
            last = last_end(loop, k, owed)
            tail[owed, : max(last + 1, 0)] = close
            tail[owed, max(last + 1, 0) :] = NO_PLAN
        if done == full:
            tables.rest[j, k, done] = NO_PLAN
            continue
        begin = tables.begin
        begin[:, :] = NO_PLAN
        for b in range(blocks):
            starts, step = n - loop.ticks[b] + 1, loop.order_cost[done, b]
            if done >> b & 1 or starts <= 0 or step >= NO_PLAN:
                continue
            cost = tables.panel[b, base : base + starts] + step
            after = tables.tail[j, k, done | 1 << b]
            for owed in range(masks):
                lower_starts(begin[owed], cost, after[owed], loop.ticks[b], starts)
        best = NO_PLAN
        for s in range(n):
            best = min(best, begin[owed_from(loop, k, s), s])
        tables.rest[j, k, done] = best
        if done:
            for gap in range(loop.min_gap, loop.max_gap + 1):
                for x in range(tables.pieces[gap]):
                    low, high = tables.cut[gap, x], min(tables.cut[gap, x + 1], n - gap)
                    if low < high:
                        for owed in range(masks):
                            source = begin[owed & ~tables.paid[gap, x]]
                            lower_ends(tail[owed], source, loop.idle_cost * gap, gap, low, high)


@inner
def lower_starts(begin: Numbers, cost: Numbers, after: Numbers, ticks: Number, starts: Number) -> None:
    """A block of so many ticks may start: it costs `cost` and leads to its end."""
    begin[:starts] = np.minimum(begin[:starts], cost + after[ticks : ticks + starts])


@inner
def lower_ends(tail: Numbers, begin: Numbers, idle: Number, gap: Number, low: Number, high: Number) -> None:
    """After an end between low and high the next block may start a gap later."""
    tail[low:high] = np.minimum(tail[low:high], begin[low + gap : high + gap] + idle)


@inner
def fill_ending(loop: Loop, tables: Tables, j: Number, last: Number) -> None:
    """Fill the tables for plans that take j+1 days and are complete on day `last`."""
    rest = tables.rest
    if not tables.filled[last]:
        fill_day(loop, tables, 0, last, last)
        tables.rest_of_last[last] = rest[0, last]
        tables.filled[last] = 1
    rest[0, : last + 1] = tables.rest_of_last[last]
    rest[0, last + 1 :] = NO_PLAN
    for i in range(1, j + 1):
        rest[i] = NO_PLAN
        for k in range(last - i, j - i - 1, -1):
            fill_day(loop, tables, i, k, k + 1)
            rest[i, k] = np.minimum(rest[i, k], rest[i, k + 1])


# ---- 3. the search that brings "nobody sits twice" back --------------------------------


@inner
def search(loop: Loop, tables: Tables, j: Number, last: Number, limit: Number, nodes: Number) -> Number:
    """Find the best plan that takes j+1 days, is complete on day `last` and costs less than `limit`.

    Keeps it in `best`, `chosen` and `seated` of that day. Returns the number of nodes looked at so far;
    when it is `node_limit` the search was cut short.
    """
    level, depth = tables.level, 0
    best = min(limit + loop.all_prices, NO_PLAN)  # with prices, as everything below
    tables.taken[:], tables.holder[:], tables.reserved[:] = 0, -1, -1
    for seat in range(tables.reserved.shape[0]):
        if loop.required[seat] and not reserve(loop, tables, seat):
            return nodes
    level[0, SEAT], level[0, LEFT], level[0, DAY], level[0, END] = -1, j + 1, -1, -1
    level[0, DONE], level[0, OWED], level[0, COST] = 0, 0, loop.ending_cost[j, last]
    list_starts(loop, tables, 0, last, best)
    while depth >= 0 and nodes < loop.node_limit:
        now = level[depth]
        if now[SEAT] >= 0 and now[ENTRY] >= 0:  # back from the levels below
            stand_up(loop, tables, now[SEAT], loop.pool_person[now[ENTRY]])
            now[ENTRY] = -1
        value = tables.value[depth]
        x = value[: now[COUNT]].argmin() if now[COUNT] else 0
        if now[COUNT] == 0 or value[x] >= best:
            depth -= 1
            continue
        choice = tables.choice[depth, x]
        value[x] = NO_PLAN
        nodes += 1
        following = level[depth + 1]
        if now[SEAT] < 0:
            take_start(loop, tables, now, following, choice)
            seat = loop.seat_first[following[BLOCK]]
        else:
            if not sit_down(loop, tables, now[SEAT], loop.pool_person[choice]):
                continue
            following[:] = now
            following[COST] = now[COST] + cost_at(loop, choice, now[START])
            seat = now[SEAT] + 1
        now[ENTRY] = choice
        depth += 1
        following[ENTRY] = -1
        if seat < loop.seat_first[following[BLOCK] + 1]:
            following[SEAT] = seat
            list_people(loop, tables, depth, best)
            continue
        following[SEAT] = -1
        if following[DONE] < (1 << loop.minutes.shape[0]) - 1:
            list_starts(loop, tables, depth, last, best)
            continue
        cost = following[COST] - paid_prices(loop, tables)
        if cost + loop.all_prices < best:
            best = cost + loop.all_prices
            keep_plan(loop, tables, depth, last, cost)
        depth -= 1
    return nodes


@inner
def reserve(loop: Loop, tables: Tables, seat: Number) -> bool:
    """Reserve somebody for an open seat; other open seats give up theirs for another one when that helps.

    Seats ask the people of their pools in waves. Whoever is not reserved ends the search, and all seats on
    the way there pass their person on (an augmenting path). When nobody is found, no plan can fill the open
    seats (Hall's theorem).
    """
    asked_by, queue, holder = tables.asked_by, tables.queue, tables.holder
    asked_by[:] = -1
    queue[0], first, last = seat, 0, 1
    while first < last:
        asking = queue[first]
        first += 1
        for x in range(loop.pool_first[asking], loop.pool_first[asking + 1]):
            p = loop.pool_person[x]
            if tables.taken[p] or asked_by[p] >= 0:
                continue
            asked_by[p] = asking
            if holder[p] >= 0:
                queue[last] = holder[p]
                last += 1
                continue
            while True:
                other = asked_by[p]
                given_up, tables.reserved[other], holder[p] = tables.reserved[other], p, other
                if other == seat:
                    return True
                p = given_up
    return False


@inner
def sit_down(loop: Loop, tables: Tables, seat: Number, p: Number) -> bool:
    """Seat a person, if all open seats can still be filled without them. Otherwise leave everything as it
    was.
    """
    mine, other = tables.reserved[seat], tables.holder[p]
    if mine >= 0:
        tables.holder[mine], tables.reserved[seat] = -1, -1
    tables.taken[p] = 1
    if other >= 0 and other != seat:
        tables.holder[p], tables.reserved[other] = -1, -1
        if not reserve(loop, tables, other):
            tables.taken[p], tables.holder[p], tables.reserved[other] = 0, other, p
            if mine >= 0:
                tables.holder[mine], tables.reserved[seat] = seat, mine
            return False
    return True


@inner
def stand_up(loop: Loop, tables: Tables, seat: Number, p: Number) -> None:
    """Undo `sit_down`: the seat is open again and the person reserved for it."""
    tables.taken[p] = 0
    if loop.required[seat]:
        tables.reserved[seat], tables.holder[p] = p, seat


@inner
def paid_prices(loop: Loop, tables: Tables) -> Number:
    """The prices of the people who sit in the plan."""
    paid = 0
    for p in range(loop.price.shape[0]):
        if tables.taken[p]:
            paid += loop.price[p]
    return paid


@inner
def list_starts(loop: Loop, tables: Tables, depth: Number, last: Number, best: Number) -> None:
    """List the blocks and starts that may come next, with what each costs at least."""
    now, n = tables.level[depth], 0
    blocks, left, done = loop.minutes.shape[0], now[LEFT], now[DONE]
    if now[END] >= 0:  # later the same day
        k = now[DAY]
        size = loop.first[k + 1] - loop.first[k]
        for b in range(blocks):
            step = now[COST] + loop.order_cost[done, b]
            if done >> b & 1 or step >= best:
                continue
            until = min(now[END] + loop.max_gap, size - loop.ticks[b])
            for s in range(now[END] + loop.min_gap, until + 1):
                gap, column = s - now[END], loop.first[k] + s
                bound = step + loop.idle_cost * gap + tables.panel[b, column]
                if bound >= best:
                    continue
                owed = now[OWED]
                if owed:
                    owed &= ~given(loop, k, now[END], gap)
                bound += tables.tail[left, k, done | 1 << b, owed, s + loop.ticks[b]]
                if bound < best:
                    tables.value[depth, n], tables.choice[depth, n] = bound, b * loop.first[-1] + column
                    n += 1
    if left > 0 and (now[END] < 0 or now[END] <= last_end(loop, now[DAY], now[OWED])):  # another day
        for k in range(last if left == 1 else now[DAY] + 1, last + 2 - left):
            size = loop.first[k + 1] - loop.first[k]
            for b in range(blocks):
                step = now[COST] + loop.order_cost[done, b]
                if done >> b & 1 or step >= best:
                    continue
                for s in range(size - loop.ticks[b] + 1):
                    column = loop.first[k] + s
                    bound = step + tables.panel[b, column]
                    if bound >= best:
                        continue
                    owed = owed_from(loop, k, s)
                    bound += tables.tail[left - 1, k, done | 1 << b, owed, s + loop.ticks[b]]
                    if bound < best:
                        tables.value[depth, n], tables.choice[depth, n] = bound, b * loop.first[-1] + column
                        n += 1
    now[COUNT] = n


@inner
def take_start(loop: Loop, tables: Tables, now: Numbers, following: Numbers, choice: Number) -> None:
    """Go one level down: block and start are chosen, its first seat is to be filled."""
    b, column = choice // loop.first[-1], choice % loop.first[-1]
    k = 0
    while loop.first[k + 1] <= column:
        k += 1
    s = column - loop.first[k]
    cost = now[COST] + loop.order_cost[now[DONE], b] + loop.start_cost[b, column]
    if now[END] >= 0 and k == now[DAY]:
        cost += loop.idle_cost * (s - now[END])
        following[OWED] = now[OWED] & ~given(loop, k, now[END], s - now[END])
        following[LEFT] = now[LEFT]
    else:
        following[OWED] = owed_from(loop, k, s)
        following[LEFT] = now[LEFT] - 1
    following[BLOCK], following[START], following[DAY] = b, column, k
    following[DONE], following[END], following[COST] = now[DONE] | 1 << b, s + loop.ticks[b], cost
    following[REST] = tables.tail[following[LEFT], k, following[DONE], following[OWED], following[END]]


@inner
def list_people(loop: Loop, tables: Tables, depth: Number, best: Number) -> None:
    """List who may take the seat, with what each costs at least."""
    now, n = tables.level[depth], 0
    minutes, column = loop.minutes[now[BLOCK]], now[START]
    bound = now[COST] + now[REST]
    for seat in range(now[SEAT] + 1, loop.seat_first[now[BLOCK] + 1]):
        cheapest = NO_PLAN
        for x in range(loop.pool_first[seat], loop.pool_first[seat + 1]):
            p = loop.pool_person[x]
            if loop.free[p, column] >= minutes and not tables.taken[p]:
                cheapest = min(cheapest, cost_at(loop, x, column))
        bound = min(bound + cheapest, NO_PLAN)
    for x in range(loop.pool_first[now[SEAT]], loop.pool_first[now[SEAT] + 1]):
        p = loop.pool_person[x]
        value = bound + cost_at(loop, x, column)
        if value < best and loop.free[p, column] >= minutes and not tables.taken[p]:
            tables.value[depth, n], tables.choice[depth, n] = value, x
            n += 1
    now[COUNT] = n


@inner
def keep_plan(loop: Loop, tables: Tables, depth: Number, last: Number, cost: Number) -> None:
    """A better plan is found: keep the choices of all levels."""
    tables.best[last] = cost
    for d in range(depth):
        row = tables.level[d]
        if row[SEAT] < 0:
            tables.chosen[last, row[ENTRY] // loop.first[-1]] = row[ENTRY] % loop.first[-1]
        else:
            tables.seated[last, row[SEAT]] = row[ENTRY]


@entry
def solve_loop(loop: Loop, tables: Tables, wanted: int) -> Number:
    """Find the best plan of each of the `wanted` completion days that are best. Returns the nodes looked at.

    Endings (a number of days and a last day) are taken in the order of what they cost at least, so the
    first plans found are mostly the best ones and close the rest.
    """
    cheapest_panels(loop, tables)
    endings, days = loop.ending_cost.shape
    tables.best[:], tables.bound[:], tables.filled[:] = NO_PLAN, NO_PLAN, 0
    least = least_costs(loop, tables)
    nodes = 0
    while True:
        cheapest, j, last = NO_PLAN, 0, 0
        limit = min(np.sort(tables.best)[min(wanted, days) - 1], loop.limit)
        for a in range(endings):
            for k in range(days):
                if least[a, k] < cheapest and least[a, k] < limit and least[a, k] < tables.best[k]:
                    cheapest, j, last = least[a, k], a, k
        if cheapest >= NO_PLAN:
            break
        least[j, last] = NO_PLAN
        if nodes >= loop.node_limit:
            tables.bound[last] = min(tables.bound[last], cheapest)
            continue
        fill_ending(loop, tables, j, last)
        root = without_prices(loop, loop.ending_cost[j, last] + tables.rest[j, 0, 0])
        limit = min(limit, tables.best[last])
        if root < limit:
            nodes = search(loop, tables, j, last, limit, nodes)
            if nodes >= loop.node_limit:
                tables.bound[last] = min(tables.bound[last], root)
    for k in range(days):
        tables.bound[k] = min(tables.bound[k], tables.best[k])
    return nodes


@inner
def least_costs(loop: Loop, tables: Tables) -> Numbers:
    """What each ending costs at least: its own tiers, and each block at its cheapest start of all days it
    may use.
    """
    endings, days = loop.ending_cost.shape
    least = np.full((endings, days), NO_PLAN, np.int64)
    for j in range(endings):
        for k in range(j, days):
            cost = loop.ending_cost[j, k]
            for b in range(loop.minutes.shape[0]):
                cost += tables.lowest[b, k] if j == 0 else tables.lowest[b, : k + 1].min()
                cost = min(cost, NO_PLAN)
            least[j, k] = without_prices(loop, cost)
    return least


@inner
def without_prices(loop: Loop, cost: Number) -> Number:
    """What a plan costs at least, from what it costs with prices: it gets at most all of them back."""
    return cost - loop.all_prices if cost < NO_PLAN else NO_PLAN
