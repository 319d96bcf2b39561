"""Peers of the scheduling engine: general solvers on the same question (see README.md).

    one_each(problems, "intervals")          each loop alone: the proven optimum
    batch(problems, "columns", seconds=10)   all loops together, in points

OR-Tools and HiGHS cannot be loaded by the same process, and CP-SAT 9.15 sometimes dies with two workers or
more. So each peer runs in a process of its own, and one that dies is reported as crashed. What a peer answers is
read back as plans, which the engine's checker reads, and added up anew.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from bench.scheduling.choices import first_day_of, with_pins_booked
from interviews.scheduling import (
    Placement,
    Plan,
    Problem,
    as_it_stands,
    broken_rules,
    check,
    checking,
    points,
)
from interviews.scheduling.calendars import moment_of
from interviews.scheduling.model import Cost
from interviews.scheduling.solving import search
from interviews.scheduling.tiers import cost_of, load_of, total_of

ALONE = ("intervals", "options")
TOGETHER = ("intervals", "options", "columns")
WORKERS = 2
LONGEST_ALONE = 60.0
PATIENCE, SHARE = 300.0, 0.02
"""A peer that has not answered after so many seconds, and its budget at this share of a core, counts as crashed."""
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Job:
    """One question to a peer, and the CPU seconds of each of its workers. `alone` weighs tier by tier, otherwise
    in points.
    """

    problems: Mapping[str, Problem]
    model: str
    alone: bool
    seconds: float
    workers: int = WORKERS


def available(model: str) -> bool:
    return find_spec("highspy" if model == "columns" else "ortools") is not None


def answers(jobs: Sequence[Job]) -> Iterator[dict | None]:
    """What the peers found, one job after the other in one process; None for a job the process died of."""
    left = list(jobs)
    while left:
        found = _asked(left)
        yield from found
        if len(found) < len(left):
            yield None
        left = left[len(found) + 1 :]


def _asked(jobs: Sequence[Job]) -> list[dict]:
    """The answers of one process; fewer than jobs when it died."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "question"), Path(folder, "answer")
        question.write_bytes(pickle.dumps(list(jobs)))
        answer.touch()
        patience = PATIENCE + sum(job.seconds * job.workers for job in jobs) / SHARE
        command = [sys.executable, "-m", "bench.scheduling.peer", question, answer]
        try:
            done = subprocess.run(command, cwd=ROOT, timeout=patience, check=False)
            if done.returncode > 0:
                raise RuntimeError(f"The peer failed with status {done.returncode}; see its message above.")
        except subprocess.TimeoutExpired:
            pass
        found = []
        with answer.open("rb") as file:
            while True:
                try:
                    found.append(pickle.load(file))
                except (EOFError, pickle.UnpicklingError):
                    return found


# ---- one loop --------------------------------


def one(problem: Problem, model: str) -> dict:
    """The proven optimum of a loop, found by a peer: see `one_each`."""
    return one_each([problem], model)[0]


def one_each(problems: Sequence[Problem], model: str, workers: int = WORKERS) -> list[dict]:
    """CPU seconds to build the model, to the first plan and to the proof, and whether the optimum costs the same
    as the engine's. All in one process, so that loading the solver does not count.
    """
    jobs = [Job({"": problem}, model, True, LONGEST_ALONE, workers) for problem in problems]
    return [_alone(job.problems[""], found) for job, found in zip(jobs, answers(jobs), strict=True)]


def _alone(problem: Problem, found: dict | None) -> dict:
    if found is None:
        return {"crashed": True}
    plans, complete = search(problem, 1)
    plan = _plan(problem, *found["plans"][""]) if found["plans"] else None
    if plan is not None and (wrong := check(problem, plan)):
        raise AssertionError(f"The peer's plan breaks a rule: {wrong}")
    total = plan.cost.total if plan else None
    both_proven = found["proven"] and complete
    return {
        "crashed": False,
        "same_optimum": total == (plans[0].cost.total if plans else None) if both_proven else None,
        "total": total,
        **_figures(found),
    }


FIGURES = (
    "proven",
    "bound",
    "bound_of_columns",
    "build_cpu_s",
    "first_cpu_s",
    "cpu_s",
    "wall_s",
    "columns",
    "variables",
    "constraints",
)


def _figures(found: dict) -> dict:
    return {name: found[name] for name in FIGURES if name in found}


# ---- many loops --------------------------------


def batch(problems: Mapping[str, Problem], model: str, seconds: float, workers: int = WORKERS) -> dict:
    """The points of the best schedule found in so many CPU seconds of each worker, its bound, and loops placed.
    Of "columns" only `bound` holds for every schedule.
    """
    return batch_each([problems], model, seconds, workers)[0]


def batch_each(
    batches: Sequence[Mapping[str, Problem]], model: str, seconds: float, workers: int = WORKERS
) -> list[dict]:
    """Several batches, one after the other in one process."""
    jobs = [Job(problems, model, False, seconds, workers) for problems in batches]
    return [_together(job.problems, found) for job, found in zip(jobs, answers(jobs), strict=True)]


def _together(problems: Mapping[str, Problem], found: dict | None) -> dict:
    if found is None:
        return {"crashed": True}
    plans = {key: _plan(problems[key], *plan) for key, plan in found["plans"].items()}
    plans = {key: _plan(as_it_stands(problems, plans, key), *found["plans"][key]) for key in plans}
    for key, plan in plans.items():
        if wrong := broken_rules(as_it_stands(problems, plans, key), plan):
            raise AssertionError(f"The peer's plan breaks a rule: {wrong}")
    anew, objective = points_of(problems, plans), found["objective"]
    slack = 1e-6 * max(1.0, anew)
    too_much = objective is not None and found["proven"] and objective > anew + slack
    if too_much or (objective is not None and objective < anew - slack):  # may count more until it is proven
        raise AssertionError(f"The peer counts {objective} points where there are {anew}.")
    return {"crashed": False, "placed": len(plans), "points": anew, **_figures(found)}


def points_of(problems: Mapping[str, Problem], plans: Mapping[str, Plan]) -> float:
    """The points of a schedule, added up from its plans."""
    standing = with_pins_booked(problems)
    persons = {person.key: person for problem in standing.values() for person in problem.people}
    begin = first_day_of(problems)
    total, held = 0, dict[str, int]()
    for key, problem in problems.items():
        if key not in plans:
            total += points.unplaced(problem)
            continue
        values = checking._values(problem, plans[key])
        values["days"] -= 1  # the first day is free
        values["completion"] = problem.urgency * (plans[key].completes_on.toordinal() - begin)
        total += sum(points.WEIGHTS[tier] * value for tier, value in values.items() if tier != "load")
        pinned = {item.block for item in problem.fixed if not item.movable}
        for placed in plans[key].placements:
            for _, who in placed.people if placed.block not in pinned else ():
                held[who] = held.get(who, 0) + 1
    for who, count in held.items():
        person = persons[who]
        for more in range(count):
            step = load_of(replace(person, recent_load=person.recent_load + more))
            total += points.WEIGHTS["load"] * step
    return total / points.POINT


def _plan(problem: Problem, starts: Sequence[int], people: Mapping[tuple[int, str], str]) -> Plan:
    """A peer's answer as a plan, with its cost read by the checker."""
    placements = []
    for b, block in enumerate(problem.blocks):
        begins, ends = moment_of(starts[b]), moment_of(starts[b] + block.minutes)
        seated = tuple((seat.key, people[b, seat.key]) for seat in block.seats if (b, seat.key) in people)
        placements.append(Placement(block.key, begins, ends, seated))
    in_order = tuple(sorted(placements, key=lambda placed: placed.starts_at))
    bare = Plan(in_order, Cost(0, 0, 0, 0, 0, 0, 0, 0), in_order[-1].starts_at.date())
    values = checking._values(problem, bare)
    completes_on = max(checking._by_day(problem, bare))
    return replace(bare, cost=cost_of(total_of(**values)), completes_on=completes_on)
