"""Many loops at once, measured: the first complete answer, then the gap after so many seconds. Beside it first-fit,
as common booking tools do it, and in `peers` solvers for the same question.
"""

from __future__ import annotations

import time
from itertools import permutations

import numpy as np

from bench.scheduling import peers
from bench.scheduling.instances import company
from interviews.scheduling import (
    Placement,
    Plan,
    as_it_stands,
    board,
    bounding,
    broken_rules,
    check,
    placing,
    plan_all,
)
from interviews.scheduling.calendars import moment_of
from interviews.scheduling.kernel import NO_PLAN
from interviews.scheduling.points import POINT

SECONDS = {
    ("normal", 10): 1,
    ("normal", 50): 10,
    ("normal", 200): 20,
    ("normal", 1000): 45,
    ("tight", 200): 20,
    ("tight", 1000): 90,
}
"""How long a batch may take."""
PER_LOOP = {"normal": 3, "tight": 1.5}
"""Interviewers for each loop."""
DEAREST = 10_000_000
"""Points of a loop without a plan, when only the number of loops placed counts."""
MOST_PROOF_SECONDS = 120
MOST_FOR_PEERS = 60


def possible(people, loops, seed, grid):
    """So many loops that have a plan as long as they are alone, laid out on a board, and the seconds of laying out."""
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
    assert len(keys) == loops, "the company is too busy for so many loops; ask for more people"
    chosen = {key: problems[key] for key in keys}
    began = time.process_time()
    laid = board.lay_out(chosen, found.people)
    return chosen, laid, time.process_time() - began


def inserted(numbers):
    """The first complete answer, and how long it took."""
    state, room = placing.state_of(numbers), placing.room_for(numbers)
    order = np.argsort(-numbers.urgency, kind="stable").astype(np.int64)
    began = time.process_time()
    placing.insert_all(numbers, state, placing.no_prices(numbers), order, room)
    return state, time.process_time() - began


def placed_in(state):
    return int((state.starts[:, 0] >= 0).sum())


def first(people, loops, seed, grid):
    """The first complete answer after loading; beside it first-fit."""
    problems, laid, loading = possible(people, loops, seed, grid)
    inserted(laid.board)
    runs = sorted([inserted(laid.board) for _ in range(5)], key=lambda run: run[1])
    state, seconds = runs[2]
    yield None, {"loading_seconds": round(loading, 3), "seconds": round(seconds, 4), **counted(state)}
    for peer, orders in (("first-fit", False), ("first-fit, all orders", True)):
        began = time.process_time()
        state = first_fit(problems, laid, orders)
        yield peer, {"seconds": round(time.process_time() - began, 3), **counted(state)}


def counted(state):
    return {"placed": placed_in(state), "points": int(state.total[0]) / POINT}


def batch(people, loops, seed, grid, seconds):
    """`plan_all` as the product runs it, with two processes for so many seconds, and the most loops that can be
    placed at all.
    """
    problems, laid, _ = possible(people, loops, seed, grid)
    start = inserted(laid.board)[0]
    answer = plan_all(problems, seconds=seconds, gap=0.0, seed=seed)
    for key, plan in answer.plans.items():
        assert check(as_it_stands(problems, answer.plans, key), plan) == ()
    bound = answer.bound or float("nan")
    yield (
        None,
        {
            "gap_percent": percent(answer.points, bound),
            "seconds": seconds,
            "placed": len(answer.plans),
            "placed_bound": most_placed(laid),
            "points": answer.points,
            "bound": answer.bound,
            "first_answer_gap_percent": percent(int(start.total[0]) / POINT, bound),
        },
    )
    for peer, orders in (("first-fit", False), ("first-fit, all orders", True)):
        found = counted(first_fit(problems, laid, orders))
        yield peer, {**found, "gap_percent": percent(found["points"], bound)}
    for model in filter(peers.available, peers.TOGETHER if loops <= MOST_FOR_PEERS else ()):
        found = peers.batch(problems, model, seconds)
        if found["crashed"]:
            yield model, found
            continue
        yield (
            "column MIP in HiGHS" if model == "columns" else f"CP-SAT {model}",
            {
                **{name: found[name] for name in ("points", "placed", "bound", "cpu_s")},
                "gap_percent": percent(found["points"], bound),
            },
        )


def percent(points, bound):
    return round(100 * (points / bound - 1), 4)


def most_placed(laid):
    """Proven: no schedule places more loops. A loop without a plan costs so much here that all other costs of all
    loops together are less than a tenth of it.
    """
    dear = laid.board._replace(unplaced=np.full(len(laid.keys), DEAREST * POINT, np.int64))
    proof = bounding.Bounding(dear, inserted(dear)[0])
    until = time.process_time() + MOST_PROOF_SECONDS
    proof.run(lambda: time.process_time() > until, lambda bound: None)
    others = len(laid.keys) * 1000
    without = -(-(proof.bound // POINT - others) // DEAREST)
    return len(laid.keys) - max(0, int(without))


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
