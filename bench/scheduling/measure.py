"""Measure the scheduling engine. Prints one JSON object per line, see README.md.

python -m bench.scheduling.measure one repair explain --people 100 --seeds 1-2 --grid 15
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from itertools import product

from bench.scheduling import peers, together
from bench.scheduling.instances import company
from interviews.scheduling import (
    Fixed,
    Interval,
    Solution,
    as_it_stands,
    check,
    explain,
    grid,
    kernel,
    plan_all,
    repair,
    repair_with_swap,
    warm,
    warm_batch,
)
from interviews.scheduling.compiled import COMPILED
from interviews.scheduling.solving import search

ALONE_LOOPS, PLAIN_LOOPS, PEER_LOOPS, IMPOSSIBLE, MOST_PROPOSED = 100, 20, 10, 50, 40
"""Loops of each seed: solved alone, in plain Python, by peers; explained; proposed."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", nargs="+", choices=("all", *WORK, *TOGETHER, "plain"))
    parser.add_argument(
        "--people", type=int, nargs="+", help="instead of 30 100 300, or of 3 and 1.5 for each loop"
    )
    parser.add_argument("--loops", type=int, nargs="+", help="instead of the usual numbers of loops")
    parser.add_argument("--density", nargs="+", choices=("normal", "tight"), default=["normal", "tight"])
    parser.add_argument("--seeds", type=seeds, default=[1])
    parser.add_argument("--grid", type=int, nargs="+", help="instead of 15 (and 5 for loops alone)")
    parser.add_argument("--seconds", type=float, help="instead of the usual seconds of a batch")
    parser.add_argument("--out", help="a file to add the lines to")
    asked = parser.parse_args()
    works = [*WORK, *TOGETHER] if "all" in asked.work else asked.work
    if COMPILED:
        warm()
    if COMPILED and set(works) & set(TOGETHER):
        warm_batch()
    with open(asked.out, "a") if asked.out else nullcontext() as out:
        for work in works:
            for where, metrics, peer in measured(work, asked):
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


def measured(work, asked):
    if work in TOGETHER:
        return _together(work, asked)
    return _alone(work, asked)


def _alone(work, asked):
    """Loops one by one: the number of people decides how many calendars there are."""
    loops = (asked.loops or [PLAIN_LOOPS if work == "plain" else ALONE_LOOPS])[0]
    for step, people, seed in product(asked.grid or [15, 5], asked.people or [30, 100, 300], asked.seeds):
        where = {"grid": step, "people": people, "loops": loops, "density": "normal", "seed": seed}
        for peer, metrics in WORK.get(work, plain)(people, loops, seed, step):
            yield where, metrics, peer


def _together(work, asked):
    for density, step, seed in product(asked.density, asked.grid or [15], asked.seeds):
        usual = [1000] if work == "first" else [size for kind, size in together.SECONDS if kind == density]
        for loops in asked.loops or usual:
            people = (asked.people or [max(30, int(loops * together.PER_LOOP[density]))])[0]
            where = {"grid": step, "people": people, "loops": loops, "density": density, "seed": seed}
            seconds = asked.seconds or together.SECONDS.get((density, loops), 20)
            extra = (seconds,) if work == "batch" else ()
            for peer, metrics in TOGETHER[work](people, loops, seed, step, *extra):
                yield where, metrics, peer


def percentiles(seconds, name=""):
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {
        f"{name}p50_ms": round(ordered[len(ordered) // 2] * 1e3, 4),
        f"{name}p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] * 1e3, 4),
        f"{name}max_ms": round(ordered[-1] * 1e3, 4),
    }


def timed(function, *arguments, **named):
    start = time.perf_counter()
    result = function(*arguments, **named)
    return result, time.perf_counter() - start


def one(people, loops, seed, step):
    """The optimum of each loop: the search on finished tables, and the whole way from the problem to the plan.
    The same in plain Python, for fewer loops.
    """
    yield None, kernel_times(company(people, loops, seed, step).loops)
    argv = ["plain", "--people", people, "--loops", PLAIN_LOOPS, "--seeds", seed, "--grid", step]
    lines = subprocess.run(
        [sys.executable, "-m", "bench.scheduling.measure", *map(str, argv)],
        env={**os.environ, "LOOPWRIGHT_COMPILE": "0"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout.splitlines()
    yield None, {f"plain_{line['metric']}": line["value"] for line in map(json.loads, lines)}
    problems = company(people, loops, seed, step).loops[:PEER_LOOPS]
    for model in filter(peers.available, peers.ALONE):
        found = [one for one in peers.one_each(problems, model) if not one["crashed"]]
        proofs = [one["cpu_s"] for one in found if one.get("proven")]
        yield (
            f"CP-SAT {model}",
            {
                **percentiles(proofs),
                **percentiles(
                    [one["first_cpu_s"] for one in found if one.get("first_cpu_s") is not None], "first_"
                ),
                "proven": len(proofs),
                "other_optimum": sum(one["same_optimum"] is False for one in found),
                "crashed": len(problems) - len(found),
            },
        )


def plain(people, loops, seed, step):
    yield None, kernel_times(company(people, loops, seed, step).loops, runs=1)


def kernel_times(problems, runs=3):
    """Of several runs the best: the machine may be busy with other things."""
    kernels, wholes, nodes, proven, planned = [], [], [], 0, 0
    for problem in problems:
        (plans, complete), seconds = timed(search, problem, 1)
        wholes.append(seconds)
        proven += complete
        planned += bool(plans)
        for plan in plans:
            assert check(problem, plan) == ()
        laid = grid.lay_out(problem)
        if laid is not None:
            tries = [
                timed(kernel.solve_loop, laid.loop, kernel.tables_for(laid.loop), 1) for _ in range(runs)
            ]
            kernels.append(min(seconds for _, seconds in tries))
            nodes.append(int(tries[0][0]))
    return {
        **percentiles(kernels),
        **percentiles(wholes, "whole_"),
        "nodes_max": max(nodes),
        "planned": planned,
        "proven": proven,
    }


def repairs(people, loops, seed, step):
    """Each loop's best plan is confirmed; then somebody declines. Beside it: scheduling anew from scratch."""
    chance, seconds, changed, anew = random.Random(seed), [], [], []
    kinds = {"same_time": 0, "one_moved": 0, "more_moved": 0, "impossible": 0}
    for problem in company(people, loops, seed, step).loops:
        plans, _ = search(problem, 1)
        if not plans:
            continue
        fixed = tuple(
            Fixed(placed.block, placed.starts_at, placed.people, True) for placed in plans[0].placements
        )
        asked = declined(replace(problem, fixed=fixed), chance)
        (answer, _), spent = timed(search, asked, 1)  # calendars are known: somebody looks at the loop
        seconds.append(spent)
        if not answer:
            kinds["impossible"] += 1
            continue
        assert check(asked, answer[0]) == ()
        moved = answer[0].cost.moved_blocks
        kinds["same_time" if moved == 0 else "one_moved" if moved == 1 else "more_moved"] += 1
        changed.append(blocks_changed(fixed, answer[0]))
        scratch, _ = search(replace(asked, fixed=()), 1)
        anew.append(blocks_changed(fixed, scratch[0]))
        assert isinstance(repair(asked, choices=1), Solution)
    yield None, {**percentiles(seconds), "changed_blocks": mean(changed), **kinds}
    yield "from scratch", {"changed_blocks": mean(anew)}
    yield "same time only", {"repaired": kinds["same_time"], "impossible": len(seconds) - kinds["same_time"]}


def declined(problem, chance):
    """The problem once somebody of its confirmed blocks has declined."""
    item = chance.choice(problem.fixed)
    seat, person = item.people[0]
    if item.block == "partnership":  # the manager is busy then, and nobody else can be
        minutes = next(block.minutes for block in problem.blocks if block.key == item.block)
        meeting = Interval(item.starts_at, item.starts_at + timedelta(minutes=minutes))
        people = tuple(
            replace(who, busy=(*who.busy, meeting)) if who.key == person else who for who in problem.people
        )
        return replace(problem, people=people)

    def without(place):
        return replace(place, pool=tuple(key for key in place.pool if key != person))

    blocks = tuple(
        replace(block, seats=tuple(without(place) if place.key == seat else place for place in block.seats))
        if block.key == item.block
        else block
        for block in problem.blocks
    )
    return replace(problem, blocks=blocks)


def blocks_changed(fixed, plan):
    before = {item.block: (item.starts_at, item.people) for item in fixed}
    return sum(before[placed.block] != (placed.starts_at, placed.people) for placed in plan.placements)


def mean(values):
    return round(sum(values) / len(values), 3) if values else None


def explanations(people, loops, seed, step):
    """Loops without a plan are explained; each fix is applied and read by the checker."""
    seconds, with_fix, fixes = [], 0, 0
    for problem in impossible(people, seed, step):
        answer, spent = timed(explain, problem)
        seconds.append(spent)
        assert answer.reasons
        with_fix += bool(answer.fixes)
        for fix in answer.fixes:
            fixes += 1
            assert check(fix.problem, fix.plan) == ()
    yield (
        None,
        {**percentiles(seconds), "impossible": len(seconds), "with_fix": with_fix, "fixes_checked": fixes},
    )


def impossible(people, seed, step):
    """The first impossible loops of the companies with this seed and the next thousands."""
    found, more = [], 0
    while len(found) < IMPOSSIBLE:
        for problem in company(people, 200, seed + 1000 * more, step).loops:
            plans, complete = search(problem, 1)
            if complete and not plans and len(found) < IMPOSSIBLE:
                found.append(problem)
        more += 1
    return found


def proposals(people, loops, seed, step):
    """From the rows of a database (DATABASE_URL, or the PostgreSQL of this machine) to plans; see `propose`."""
    if step != 15:
        return
    for prefix, compiled in (("", "1"), ("plain_", "0")):
        environment = {"DATABASE_URL": "postgres://postgres@127.0.0.1:5432/postgres", **os.environ}
        argv = ["--people", people, "--loops", min(loops, MOST_PROPOSED), "--seed", seed]
        done = subprocess.run(
            [sys.executable, "-m", "bench.scheduling.propose", *map(str, argv)],
            env={**environment, "LOOPWRIGHT_COMPILE": compiled},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        figures = json.loads(done.stdout)
        names = {
            "warm_propose_p50_ms": "p50_ms",
            "warm_propose_p95_ms": "p95_ms",
            "warm_propose_cpu_p95_ms": "cpu_p95_ms",
        }
        names |= {"cold_propose_p95_ms": "cold_p95_ms", "queries": "queries", "planned": "planned"}
        yield None, {prefix + name: figures[given] for given, name in names.items()}


def swaps(people, loops, seed, step):
    """Booked loops that share their people; one loses somebody and has no plan by itself: which other gives way?"""
    problems, _, _ = together.possible(max(30, loops), loops, seed, step)
    plans = plan_all(problems, seconds=600, rounds=200, seed=seed).plans
    booked = {
        key: replace(
            as_it_stands(problems, plans, key),
            fixed=tuple(Fixed(p.block, p.starts_at, p.people, True) for p in plans[key].placements),
        )
        for key in plans
    }
    chance, seconds, changed, alone = random.Random(seed), [], [], 0
    for key, problem in booked.items():
        asked = declined(problem, chance)
        if search(asked, 1)[0]:
            alone += 1
            continue
        swap, spent = timed(
            repair_with_swap, asked, {other: booked[other] for other in booked if other != key}
        )
        seconds.append(spent)
        if swap is not None:
            changed.append(
                blocks_changed(problem.fixed, swap.plan) + blocks_changed(booked[swap.key].fixed, swap.other)
            )
    yield (
        None,
        {
            **percentiles(seconds),
            "alone": alone,
            "needed": len(seconds),
            "swapped": len(changed),
            "changed_blocks": mean(changed),
        },
    )


WORK = {"one": one, "propose": proposals, "repair": repairs, "swap": swaps, "explain": explanations}
TOGETHER = {"first": together.first, "batch": together.batch}

if __name__ == "__main__":
    main()
