"""Many loops at once, measured: the first complete answer, the gap after so many CPU seconds, and first-fit
as a peer. Budgets are CPU seconds, because the machine may be busy with other things.
"""

from __future__ import annotations

import time
from itertools import permutations

import numpy as np

from bench.scheduling.instances import company
from interviews.scheduling import Placement, Plan, board, bounding, broken_rules, placing
from interviews.scheduling.batch import COLD, HOT, PROOF_SHARE, SLICES, WARM
from interviews.scheduling.calendars import moment_of
from interviews.scheduling.kernel import NO_PLAN
from interviews.scheduling.workers import Improve, improved, plans_of, state_with

SECONDS = {10: 1, 50: 10, 200: 20, 1000: 45}
SECONDS_TIGHT = {1000: 90}
PEOPLE = {"normal": {10: 30, 50: 150, 200: 600, 1000: 3000}, "tight": {200: 300, 1000: 1500}}


def possible(people, loops, seed, grid):
    """So many loops that have a plan as long as they are alone, laid out on a board."""
    found = company(people, int(loops * 1.6) + 10, seed, grid)
    problems = {f"loop {n:04}": problem for n, problem in enumerate(found.loops)}
    laid = board.lay_out(problems, found.people)
    base, count = placing.state_of(laid.board), len(laid.keys)
    costs = np.zeros((count, 1), np.int64)
    placing.price_all(
        laid.board,
        base,
        placing.no_prices(laid.board),
        np.full(count, NO_PLAN, np.int64),
        1,
        placing.room_for(laid.board),
        np.zeros((count, 1, base.starts.shape[1]), np.int64),
        np.zeros((count, 1, base.sitting.shape[1]), np.int64),
        costs,
        np.zeros(count, np.int64),
    )
    keys = [key for key, cost in zip(laid.keys, costs[:, 0], strict=True) if cost < NO_PLAN][:loops]
    assert len(keys) == loops
    chosen = {key: problems[key] for key in keys}
    began = time.process_time()
    laid = board.lay_out(chosen, found.people)
    return chosen, laid, time.process_time() - began


def inserted(laid):
    state, room = placing.state_of(laid.board), placing.room_for(laid.board)
    order = np.argsort(-laid.board.urgency, kind="stable").astype(np.int64)
    prices = placing.no_prices(laid.board)
    began, wall = time.process_time(), time.perf_counter()
    placing.insert_all(laid.board, state, prices, order, room)
    return state, time.process_time() - began, time.perf_counter() - wall


def placed_in(state_or_plans):
    return int((state_or_plans.starts[:, 0] >= 0).sum())


def first(people, loops, seed, grid):
    """The first complete answer after loading; beside it first-fit."""
    problems, laid, loading = possible(people, loops, seed, grid)
    inserted(laid)
    runs = [inserted(laid) for _ in range(5)]
    state = runs[0][0]
    yield (
        "engine",
        {
            "loading_cpu_s": round(loading, 3),
            "first_answer_cpu_s": round(sorted(run[1] for run in runs)[2], 4),
            "first_answer_wall_s": round(sorted(run[2] for run in runs)[2], 4),
            "placed": placed_in(state),
            "points": int(state.total[0]) / 1000,
        },
    )
    for peer, orders in (("first-fit", False), ("first-fit, all orders", True)):
        began = time.process_time()
        state = first_fit(problems, laid, orders)
        yield (
            peer,
            {
                "first_answer_cpu_s": round(time.process_time() - began, 3),
                "placed": placed_in(state),
                "points": int(state.total[0]) / 1000,
            },
        )


def batch(people, loops, seed, grid, seconds):
    """The gap after so many CPU seconds of each of two processes, which take turns here."""
    _, laid, _ = possible(people, loops, seed, grid)
    numbers = laid.board
    state, inserting, _ = inserted(laid)
    start = plans_of(state)
    began = time.process_time()
    proof = bounding.Bounding(numbers, state)
    proof.run(lambda: time.process_time() - began > seconds * PROOF_SHARE, lambda bound: None)
    guided = plans_of(proof.guided())
    proving, own_bound, lp_unplaced = time.process_time() - began, proof.bound, None
    alone = improved(
        numbers,
        Improve(start, None, max(proving - inserting, 0.05), (seed, 0, 1), HOT, COLD),
        time.process_time,
    )
    best = min(guided, alone, key=lambda plans: plans.total)
    left = max(seconds - proving, 0.0)
    for number in range(SLICES if left > 0 else 0):
        hot, cold = (WARM * (COLD / WARM) ** ((number + more) / SLICES) for more in (0, 1))
        order = [Improve(best, None, left / SLICES, (seed, number, w), hot, cold) for w in (0, 1)]
        best = min(
            best, *(improved(numbers, one, time.process_time) for one in order), key=lambda plans: plans.total
        )
    checked = state_with(numbers, best)
    assert int(checked.total[0]) == best.total
    if not proof.proven:  # the bound to compare with is the one that is proven when there is time
        until = time.process_time() + 4 * seconds
        proof.run(lambda: time.process_time() > until, lambda bound: None)
    lp_unplaced = float(np.maximum(0, loops - proof.values.sum()))
    yield (
        "engine",
        {
            "budget_cpu_s": seconds,
            "proof_cpu_s": round(proving, 2),
            "gap": round(best.total / proof.bound - 1, 5),
            "gap_to_bound_in_time": round(best.total / own_bound - 1, 5),
            "gap_first_answer": round(start.total / proof.bound - 1, 5),
            "gap_guided_start": round(guided.total / proof.bound - 1, 5),
            "proven": proof.proven,
            "placed": placed_in(best),
            "unplaced_in_linear_program": round(lp_unplaced, 2),
            "points": best.total / 1000,
            "bound": proof.bound / 1000,
        },
    )


def first_fit(problems, laid, all_orders):
    """What scheduling tools commonly do: the blocks one after the other on the first day on which they fit, in
    the given order or in any, each with the free person who has held the fewest interviews.
    """
    numbers = laid.board
    state = placing.state_of(numbers)
    for i, key in enumerate(laid.keys):
        problem = problems[key]
        orders = permutations(range(len(problem.blocks))) if all_orders else [range(len(problem.blocks))]
        _fit_one(problem, laid, state, i, [tuple(order) for order in orders])
    return state


def _fit_one(problem, laid, state, i, orders):
    numbers = laid.board
    row_of = {key: row for row, key in enumerate(laid.people)}
    for window in problem.windows:
        low = (int(window.starts_at.timestamp()) // 60 - numbers.low) // numbers.tick
        high = (int(window.ends_at.timestamp()) // 60 - numbers.low) // numbers.tick
        for order in orders:
            found = _in_a_row(problem, laid, state, i, order, low, high, row_of)
            if found is None:
                continue
            starts, sitting, placements = found
            plan = Plan(tuple(sorted(placements, key=lambda placed: placed.starts_at)), None, None)
            if not any("no time for" in text for text in broken_rules(problem, plan)):
                assert placing.accept(numbers, state, i, starts, sitting)
                return


def _in_a_row(problem, laid, state, i, order, low, high, row_of):
    numbers, taken, placements = laid.board, set(), []
    starts, sitting = np.full_like(state.starts[i], -1), np.full_like(state.sitting[i], -1)
    end = None
    for b in order:
        block = problem.blocks[b]
        ticks = block.minutes // numbers.tick
        earliest = low if end is None else end + -(-problem.rules.min_gap_minutes // numbers.tick)
        latest = high - ticks
        if end is not None:
            latest = min(latest, end + problem.rules.max_idle_minutes // numbers.tick)
        for start in range(earliest, latest + 1):
            panel = {}
            for row, (number, seat) in enumerate(laid.seats[i]):
                if number != b:
                    continue
                free = [
                    who
                    for who in (row_of[key] for key in seat.pool)
                    if who not in taken
                    and who not in panel.values()
                    and state.room[who, start] >= block.minutes
                ]
                if free:
                    panel[row] = min(free, key=lambda who: state.load[who])
                elif seat.required:
                    panel = None
                    break
            if panel is not None:
                break
        else:
            return None
        starts[b], end = start, start + ticks
        for row, who in panel.items():
            sitting[row] = who
            taken.add(who)
        begins = moment_of(numbers.low + numbers.tick * start)
        people = tuple((laid.seats[i][row][1].key, laid.people[who]) for row, who in panel.items())
        ends = moment_of(numbers.low + numbers.tick * start + block.minutes)
        placements.append(Placement(block.key, begins, ends, people))
    return starts, sitting, placements
