"""Repair: somebody declined, is away, got another meeting, or the candidate's times changed. What has to
give?
"""

from __future__ import annotations

from collections.abc import Iterator

from interviews.scheduling.calendars import floor_minute
from interviews.scheduling.explaining import explain
from interviews.scheduling.model import EMPTY, Explanation, Plan, Problem, Solution
from interviews.scheduling.solving import ANOTHER_TIME_MINUTES, best_plans


def repair(problem: Problem, *, choices: int = 3) -> Solution | Explanation:
    """The plan that changes the fewest confirmed blocks (`Problem.fixed`, `movable=True`), or an explanation.

    Fewest blocks at another time come first, then fewest seats with another person, then all that makes any
    plan good. So a substitute at the same time is found whenever there is one. `Plan.cost` counts both
    kinds of change.

    The other choices answer differently: a block that an earlier choice moved stays or starts at least an
    hour from there, and a substitute of an earlier choice does not sit in that block.

    Who declined must no longer be in the seat's pool; who is away has a day off or a busy time. The loop's
    own interviews are not among anybody's `busy` or `booked` times.
    """
    from interviews.scheduling.grid import Excluded

    plans = best_plans(problem, 1)
    if not plans:
        return explain(problem)
    while len(plans) < choices and plans[-1].cost.moved_blocks + plans[-1].cost.changed_people:
        starts, people = [], set()
        for plan in plans:
            for block, start, substitutes in changes(problem, plan):
                starts += [(block, stretch) for stretch in _around(start)] if start else []
                people |= {(block, key) for key in substitutes if not start}
        further = best_plans(problem, 1, Excluded(tuple(starts), frozenset(people)))
        if not further:
            break
        plans += further
    return Solution(tuple(plans))


def changes(problem: Problem, plan: Plan) -> Iterator[tuple[str, tuple[int, int] | None, tuple[str, ...]]]:
    """Each changed confirmed block: key, (old, new) start in minutes if it moved, and who is new in it."""
    placements = {placed.block: placed for placed in plan.placements}
    for item in problem.fixed:
        if not item.movable:
            continue
        placed = placements[item.block]
        moved = placed.starts_at != item.starts_at
        now = dict(placed.people)
        substitutes = tuple(now.get(seat, EMPTY) for seat, person in item.people if now.get(seat) != person)
        if moved or substitutes:
            start = (floor_minute(item.starts_at), floor_minute(placed.starts_at)) if moved else None
            yield item.block, start, substitutes


def _around(start: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The minutes less than an hour from the new start, without the old one: staying is always another
    answer.
    """
    old, new = start
    low, high = new - ANOTHER_TIME_MINUTES + 1, new + ANOTHER_TIME_MINUTES - 1
    if low <= old <= high:
        yield low, old - 1
        yield old + 1, high
    else:
        yield low, high
