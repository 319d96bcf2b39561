"""Measure the scheduling engine. Prints one JSON object per line, see README.md.

python -m bench.scheduling.measure one repair explain --people 100 --loops 100 --seeds 1-2 --grid 15
"""

from __future__ import annotations

import argparse
import json
import random
import time
from contextlib import nullcontext
from dataclasses import replace
from itertools import product

from bench.scheduling import together
from bench.scheduling.instances import company
from interviews.scheduling import (
    Fixed,
    Solution,
    calendars,
    check,
    explain,
    grid,
    kernel,
    repair,
    solve,
    warm,
)
from interviews.scheduling.solving import search


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", nargs="+", choices=("all", *WORK, *TOGETHER))
    parser.add_argument("--people", type=int, nargs="+", default=[30, 100, 300])
    parser.add_argument("--loops", type=int, nargs="+")
    parser.add_argument("--density", nargs="+", choices=("normal", "tight"), default=["normal", "tight"])
    parser.add_argument("--seeds", type=seeds, default=[1])
    parser.add_argument("--grid", type=int, nargs="+", default=[15])
    parser.add_argument("--seconds", type=float, help="instead of the usual CPU seconds of a batch")
    parser.add_argument("--out", help="a file to add the lines to")
    asked = parser.parse_args()
    kernel = "compiled" if warm() else "plain"
    works = [*WORK, *TOGETHER] if "all" in asked.work else asked.work
    with open(asked.out, "a") if asked.out else nullcontext() as out:
        for work in works:
            for where, metrics, peer in measured(work, asked, kernel):
                for metric, value in metrics.items():
                    line = json.dumps({"work": work, **where, "metric": metric, "value": value, "peer": peer})
                    print(line, flush=True)
                    if out:
                        out.write(line + "\n")
                        out.flush()


def seeds(text: str) -> list[int]:
    """1-10 or 1,2,5"""
    low, _, high = text.partition("-")
    return list(range(int(low), int(high) + 1)) if high else [int(seed) for seed in text.split(",")]


def measured(work, asked, kernel):
    for step, seed in product(asked.grid, asked.seeds):
        if work in WORK:
            loops = (asked.loops or [100])[0]
            for people in asked.people:
                where = {"grid": step, "people": people, "loops": loops, "density": "normal", "seed": seed}
                yield where, WORK[work](company(people, loops, seed, step), seed), kernel
            continue
        for density in asked.density:
            for loops, people in together.PEOPLE[density].items():
                if loops not in (asked.loops or ([1000] if work == "first" else [10, 50, 200, 1000])):
                    continue
                where = {"grid": step, "people": people, "loops": loops, "density": density, "seed": seed}
                usual = together.SECONDS_TIGHT if density == "tight" else {}
                seconds = asked.seconds or usual.get(loops, together.SECONDS[loops])
                extra = (seconds,) if work == "batch" else ()
                for peer, metrics in TOGETHER[work](people, loops, seed, step, *extra):
                    yield where, metrics, kernel if peer == "engine" else peer


def percentiles(name, seconds):
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {
        f"{name}_p50_ms": round(ordered[len(ordered) // 2] * 1e3, 4),
        f"{name}_p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] * 1e3, 4),
        f"{name}_max_ms": round(ordered[-1] * 1e3, 4),
    }


def timed(function, *arguments, **named):
    start = time.perf_counter()
    result = function(*arguments, **named)
    return result, time.perf_counter() - start


def one(found, seed):
    """The optimum of each loop: the kernel alone, and everything from the problem to the plan."""
    kernels, wholes, nodes, proven, planned = [], [], [], 0, 0
    for problem in found.loops:
        (plans, complete), seconds = timed(search, problem, 1)
        wholes.append(seconds)
        proven += complete
        planned += bool(plans)
        for plan in plans:
            assert check(problem, plan) == ()
        laid = grid.lay_out(problem)
        if laid is not None:
            tries = [timed(kernel.solve_loop, laid.loop, kernel.tables_for(laid.loop), 1) for _ in range(3)]
            kernels.append(min(seconds for _, seconds in tries))  # the machine may be busy with other things
            nodes.append(int(tries[0][0]))
    return {
        **percentiles("kernel", kernels),
        **percentiles("one_plan", wholes),
        "nodes_max": max(nodes),
        "planned": planned,
        "proven": proven,
    }


def proposals(found, seed):
    """From the problem to three good plans, with every calendar read anew."""
    seconds = []
    for problem in found.loops:
        grid._row.cache_clear()
        calendars.taken_time.cache_clear()
        answer, spent = timed(solve, problem)
        if isinstance(answer, Solution):
            seconds.append(spent)
            assert all(check(problem, plan) == () for plan in answer.plans)
    return {**percentiles("propose", seconds), "planned": len(seconds)}


def repairs(found, seed):
    """Each loop's best plan is confirmed; then somebody declines."""
    chance, seconds, kinds = (
        random.Random(seed),
        [],
        {"same_time": 0, "one_moved": 0, "more_moved": 0, "impossible": 0},
    )
    for problem in found.loops:
        plans, _ = search(problem, 1)
        if not plans:
            continue
        fixed = tuple(
            Fixed(placed.block, placed.starts_at, placed.people, True) for placed in plans[0].placements
        )
        declined = chance.choice(fixed)
        seat, person = declined.people[0]
        key = declined.block
        if key == "partnership":  # the manager is busy then, and nobody else can be
            busy = next(placed for placed in plans[0].placements if placed.block == key)
            people = tuple(
                replace(who, busy=(*who.busy, type(who.busy[0])(busy.starts_at, busy.ends_at)))
                if who.key == person
                else who
                for who in problem.people
            )
            asked = replace(problem, people=people, fixed=fixed)
        else:
            blocks = tuple(
                replace(
                    block,
                    seats=tuple(
                        replace(place, pool=tuple(p for p in place.pool if p != person))
                        if place.key == seat
                        else place
                        for place in block.seats
                    ),
                )
                if block.key == key
                else block
                for block in problem.blocks
            )
            asked = replace(problem, blocks=blocks, fixed=fixed)
        (answer, _), spent = timed(search, asked, 1)  # calendars are known: somebody looks at the loop
        seconds.append(spent)
        if not answer:
            kinds["impossible"] += 1
            continue
        assert check(asked, answer[0]) == ()
        moved = answer[0].cost.moved_blocks
        kinds["same_time" if moved == 0 else "one_moved" if moved == 1 else "more_moved"] += 1
        assert isinstance(repair(asked, choices=1), Solution)
    return {**percentiles("repair", seconds), **kinds}


def explanations(found, seed):
    """Every loop without a plan is explained."""
    seconds, with_fix, impossible = [], 0, 0
    for problem in found.loops:
        plans, complete = search(problem, 1)
        if plans or not complete:
            continue
        impossible += 1
        answer, spent = timed(explain, problem)
        seconds.append(spent)
        assert answer.reasons
        with_fix += bool(answer.fixes)
        for fix in answer.fixes:
            assert check(fix.problem, fix.plan) == ()
    return {**percentiles("explain", seconds), "impossible": impossible, "with_fix": with_fix}


WORK = {"one": one, "propose": proposals, "repair": repairs, "explain": explanations}
TOGETHER = {"first": together.first, "batch": together.batch}

if __name__ == "__main__":
    main()
