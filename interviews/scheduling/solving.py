"""The best plans of one loop: the proven optimum, and good choices beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from interviews.scheduling.calendars import floor_minute, moment_of
from interviews.scheduling.matching import shortage
from interviews.scheduling.model import EMPTY, Explanation, Placement, Plan, Problem, Solution
from interviews.scheduling.tiers import NO_PLAN, WEIGHTS, cost_of, load_of

if TYPE_CHECKING:
    from interviews.scheduling.grid import Excluded, Grid
    from interviews.scheduling.kernel import Tables

ANOTHER_TIME_MINUTES = 60
"""Two starts this far apart, or further, are two different times to a candidate."""


def solve(problem: Problem, *, choices: int = 3) -> Solution | Explanation:
    """The best plan for a loop and up to `choices` in all, or an explanation why there is none.

    The first plan is the optimum: `tiers` says what better means, and its status whether that is proven.
    Then comes the best plan of each other completion day, the best day first. If there are still too few,
    the best plans follow in which every block that is not pinned starts at least an hour away from where an
    earlier choice has it.
    """
    plans = best_plans(problem, choices)
    if not plans:
        from interviews.scheduling.explaining import explain

        return explain(problem)
    while len(plans) < choices:
        further = best_plans(problem, 1, _elsewhere(problem, plans))
        if not further:
            break
        plans += further
    return Solution(tuple(plans))


def best_plans(problem: Problem, wanted: int, excluded: Excluded | None = None) -> list[Plan]:
    """The best plan of each of the best `wanted` completion days, in order; none when the loop is
    impossible.
    """
    plans, _ = search(problem, wanted, excluded)
    return plans


def search(problem: Problem, wanted: int, excluded: Excluded | None = None) -> tuple[list[Plan], bool]:
    """The plans of `best_plans`, and whether the search was complete (so that no plan means impossible)."""
    from interviews.scheduling import grid, kernel  # loads the number library only when a plan is asked for

    if shortage(problem) is not None:
        return [], True
    laid = grid.lay_out(problem, excluded)
    if laid is None:
        return [], True
    tables = kernel.tables_for(laid.loop)
    kernel.solve_loop(laid.loop, tables, wanted)
    days = [k for k in range(len(laid.days)) if tables.best[k] < NO_PLAN]
    days.sort(key=lambda k: (tables.best[k], k))
    complete = bool((tables.bound >= tables.best).all())
    return [_plan_of(problem, laid, tables, k) for k in days[:wanted]], complete


def _plan_of(problem: Problem, laid: Grid, tables: Tables, k: int) -> Plan:
    seated: dict[int, dict[str, str]] = {b: {} for b in range(len(problem.blocks))}
    for row, (b, seat) in enumerate(laid.seats):
        key = laid.entries[tables.seated[k, row]]
        if key != EMPTY:
            seated[b][seat.key] = key
    by_key = {person.key: person for person in problem.people}
    extra = 0
    placements = []
    for b, block in enumerate(problem.blocks):
        if b in laid.pinned:
            seated[b] = dict(laid.pinned[b].people)
            extra += WEIGHTS["load"] * sum(load_of(by_key[key]) for key in seated[b].values())
        start = int(laid.minute_at[tables.chosen[k, b]])
        people = tuple((seat.key, seated[b][seat.key]) for seat in block.seats if seat.key in seated[b])
        placements.append(Placement(block.key, moment_of(start), moment_of(start + block.minutes), people))
    total, bound = int(tables.best[k]) + extra, int(tables.bound[k]) + extra
    return Plan(
        placements=tuple(sorted(placements, key=lambda placed: placed.starts_at)),
        cost=cost_of(total),
        completes_on=date.fromordinal(laid.days[k]),
        status="optimal" if bound >= total else "not_proven",
        gap=0.0 if bound >= total else (total - bound) / total,
    )


def _elsewhere(problem: Problem, plans: Iterable[Plan]) -> Excluded:
    from interviews.scheduling.grid import Excluded

    pinned = {item.block for item in problem.fixed if not item.movable}
    around = ANOTHER_TIME_MINUTES - 1
    return Excluded(
        starts=tuple(
            (placed.block, (floor_minute(placed.starts_at) - around, floor_minute(placed.starts_at) + around))
            for plan in plans
            for placed in plan.placements
            if placed.block not in pinned
        )
    )


def warm() -> bool:
    """Compile the kernel, or load it from its cache, by solving a small loop. Returns whether it is compiled.

    Takes about half a minute the first time and half a second afterwards; see `compiled` for the switch and
    the cache.
    """
    from datetime import time, timedelta

    from interviews.scheduling.compiled import COMPILED
    from interviews.scheduling.model import Block, Break, Interval, Person, Rules, Seat, WeeklyHours

    thursday = moment_of(0)
    people = tuple(Person(key, key, "UTC", (WeeklyHours(3, time(0), time(0)),)) for key in "ab")
    panel = Block("panel", "Panel", 60, (Seat("lead", ("a", "b")), Seat("peer", ("a", "b"))))
    lunch = Break("lunch", 30, time(11), time(14), due_if_starts_before=time(12), due_if_ends_after=time(13))
    window = Interval(thursday, thursday + timedelta(hours=9))
    best_plans(Problem((panel,), people, (window,), "UTC", Rules(breaks=(lunch,))), 1)
    return COMPILED
