"""Repair: somebody declined, is away, got another meeting, or the candidate's times changed. What has to
give?
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from interviews.scheduling.calendars import (
    DAY,
    Stretch,
    floor_minute,
    local_day,
    local_minute,
    moment_of,
)
from interviews.scheduling.explaining import explain
from interviews.scheduling.model import (
    EMPTY,
    Cost,
    Explanation,
    Interval,
    Person,
    Placement,
    Plan,
    Problem,
    Solution,
)
from interviews.scheduling.solving import ANOTHER_TIME_MINUTES, best_plans
from interviews.scheduling.tiers import CEILINGS

if TYPE_CHECKING:
    from interviews.scheduling.grid import Excluded


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


# ---- two loops at once --------------------------------


@dataclass(frozen=True, slots=True)
class Swap:
    """Two plans that hold together: one for the loop that had none, and `other` for the loop `key`, which gives way."""

    key: str
    plan: Plan
    other: Plan


def repair_with_swap(
    problem: Problem, others: Mapping[str, Problem], *, pairs: int = 8, solves: int = 200
) -> Swap | None:
    """A plan for a loop that has none alone, because another confirmed loop gives way; None when no such pair is found.

    Each problem is the loop's own question as things stand: the confirmed interviews of the others are among the
    `booked` times of the people they share, and its own are in `fixed`. The other loops are tried in the order of how
    little must change at least; at most `pairs` of those that hold most of the people in question.

    The answer is exact for a pair: of all two plans that hold together it has those with the fewest moved blocks in
    sum, then the fewest changed people in sum, then the smallest sums of the tiers below. Among pairs the one with the
    fewest changes wins. A pair that takes more than `solves` solved loops is given up.
    """
    nodes = []
    for key in _contested(problem, others)[:pairs]:
        pair = _Pair(problem, others[key])
        root = pair.root()
        if root is not None:
            nodes.append((root.worth, key, pair, root))
    best: tuple[tuple[int, ...], Swap] | None = None
    for least, key, pair, root in sorted(nodes, key=lambda node: node[:2]):
        if best is not None and least[:2] >= best[0]:
            break
        found = pair.best(root, solves)
        if found is not None and (best is None or found.worth[:2] < best[0]):
            best = found.worth[:2], Swap(key, *found.plans)
    return best and best[1]


def making_way(problem: Problem, other: Problem, plan: Plan) -> Problem:
    """The problem of one loop when another one is held as in this plan, instead of as it is confirmed."""
    pinned = {item.block for item in other.fixed if not item.movable}
    held: dict[str, list[Interval]] = {}
    for placed in plan.placements:
        for _, key in placed.people if placed.block not in pinned else ():
            held.setdefault(key, []).append(Interval(placed.starts_at, placed.ends_at))
    people = tuple(
        replace(person, booked=(*person.booked, *held[person.key])) if person.key in held else person
        for person in _released(problem, other).people
    )
    return replace(problem, people=people)


def _released(problem: Problem, other: Problem) -> Problem:
    """The problem of one loop when the movable interviews of another do not take their people's time."""
    freed: dict[str, set[Interval]] = {}
    for key, interval in _movable(other):
        freed.setdefault(key, set()).add(interval)
    people = tuple(
        replace(person, booked=tuple(i for i in person.booked if i not in freed[person.key]))
        if person.key in freed
        else person
        for person in problem.people
    )
    return replace(problem, people=people)


def _movable(problem: Problem) -> Iterator[tuple[str, Interval]]:
    """Who holds which movable interview."""
    minutes = {block.key: block.minutes for block in problem.blocks}
    for item in problem.fixed:
        ends_at = moment_of(floor_minute(item.starts_at) + minutes[item.block])
        for _, key in item.people if item.movable else ():
            yield key, Interval(item.starts_at, ends_at)


def _contested(problem: Problem, others: Mapping[str, Problem]) -> list[str]:
    """The loops that hold people this one may ask, those with most of them first."""
    asked = {key for block in problem.blocks for seat in block.seats for key in seat.pool}
    shared = {key: len(asked & {who for who, _ in _movable(other)}) for key, other in others.items()}
    return sorted((key for key in others if shared[key]), key=lambda key: (-shared[key], key))


@dataclass(frozen=True, slots=True)
class _Node:
    """The best plan of each of two loops, when some things are ruled out for each; together they may not hold."""

    worth: tuple[int, ...]
    plans: tuple[Plan, Plan]
    without: tuple[Excluded, Excluded]


class _Pair:
    """Two loops at once, by conflict-based search.

    Each loop is solved as if it were alone. Where the two plans want the same person for the same moment, or together
    more of somebody than a limit allows, no pair of plans can have both: so either the one loop does without that, or
    the other does, and both are tried, the cheaper first. The first two plans that get along are the best ones.
    """

    def __init__(self, problem: Problem, other: Problem) -> None:
        self.problems = _released(problem, other), _released(other, problem)

    def root(self) -> _Node | None:
        from interviews.scheduling.grid import Excluded

        plans = [best_plans(problem, 1) for problem in self.problems]
        if not all(plans):
            return None
        return _node((plans[0][0], plans[1][0]), (Excluded(), Excluded()))

    def best(self, root: _Node, solves: int) -> _Node | None:
        tie = count()
        queue = [(root.worth, next(tie), root)]
        while queue and solves > 0:
            _, _, node = heapq.heappop(queue)
            conflict = self._conflict(node.plans)
            if conflict is None:
                return node
            kind, rule = conflict
            for side in (0, 1):
                without, plans = list(node.without), list(node.plans)
                without[side] = _ruling_out(without[side], kind, rule)
                found = best_plans(self.problems[side], 1, without[side])
                solves -= 1
                if found:
                    plans[side] = found[0]
                    child = _node((plans[0], plans[1]), (without[0], without[1]))
                    heapq.heappush(queue, (child.worth, next(tie), child))
        return None

    def _conflict(self, plans: tuple[Plan, Plan]) -> tuple[str, tuple[str, Stretch]] | None:
        """Something that only one of the two plans can have: what to rule out, for whom and when."""
        one, two = (_seated(problem, plan) for problem, plan in zip(self.problems, plans, strict=True))
        for key in sorted(one.keys() & two.keys()):
            for problem in self.problems:
                person = next(person for person in problem.people if person.key == key)
                clash = _clash(person, one[key], two[key])
                if clash is not None:
                    return clash[0], (key, clash[1])
        return None


def _ruling_out(excluded: Excluded, kind: str, rule: tuple[str, Stretch]) -> Excluded:
    if kind == "taken":
        return replace(excluded, taken=(*excluded.taken, rule))
    return replace(excluded, absent=(*excluded.absent, rule))


def _node(plans: tuple[Plan, Plan], without: tuple[Excluded, Excluded]) -> _Node:
    costs: tuple[Cost, ...] = tuple(plan.cost for plan in plans)
    return _Node(tuple(sum(getattr(cost, tier) for cost in costs) for tier in CEILINGS), plans, without)


def _seated(problem: Problem, plan: Plan) -> dict[str, Placement]:
    """Who sits where in the blocks that are not pinned (those that are, are booked for the other loop)."""
    pinned = {item.block for item in problem.fixed if not item.movable}
    return {
        key: placed for placed in plan.placements if placed.block not in pinned for _, key in placed.people
    }


def _clash(person: Person, one: Placement, two: Placement) -> tuple[str, Stretch] | None:
    """Whether somebody cannot sit in both: the moment both want (with the buffer), or the days a limit counts."""
    later = max(floor_minute(one.starts_at), floor_minute(two.starts_at))
    if later < min(floor_minute(one.ends_at), floor_minute(two.ends_at)) + person.buffer_minutes:
        return "taken", (later - person.buffer_minutes, later + 1)
    first, last = sorted(local_day(person.zone, floor_minute(placed.starts_at)) for placed in (one, two))
    for days, limit in _counted_together(person, first, last):
        held = Counter(local_day(person.zone, floor_minute(interval.starts_at)) for interval in person.booked)
        if limit is not None and sum(held[day] for day in days) + 2 > limit:
            return "absent", (
                local_minute(person.zone, days[0], 0),
                local_minute(person.zone, days[-1], DAY),
            )
    return None


def _counted_together(person: Person, first: int, last: int) -> Iterator[tuple[range, int | None]]:
    """The stretches of days in which a limit counts both of two days."""
    if first == last:
        yield range(first, first + 1), person.max_per_day
    monday = (first - 1) // 7 * 7 + 1
    if last < monday + 7:
        yield range(monday, monday + 7), person.max_per_week
    for low in range(last - 27, first + 1):
        yield range(low, low + 28), person.max_per_four_weeks
