"""What it is worth not to need a person twice.

Without "nobody sits twice" every block asks for the same cheapest person, and the search must find out
again and again that only one of them can have them. A price on each contested person tells it beforehand:
with the right prices the blocks spread by themselves, and what they pay, minus the prices of everybody, is
still never more than what a real plan costs, because a real plan pays each price at most once (Lagrangian
relaxation).

The right prices are those of the cheapest assignment of people to required seats, calendars left aside. The
Hungarian method finds them: seats get people one after the other along cheapest augmenting paths, and the
potentials it keeps on the people are the prices (H. W. Kuhn, 1955; the form with potentials by J. Edmonds
and R. Karp, 1972).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from interviews.scheduling.tiers import NO_PLAN

Numbers = NDArray[np.int64]


def prices_of(pools: Sequence[Sequence[tuple[int, int]]], people: int) -> Numbers | None:
    """The price of each person (0 for most), from the pools of the required seats: pairs of person and cost.

    None when the seats cannot all be filled by different people.
    """
    return _prices(tuple(map(tuple, pools)), people)


@lru_cache(maxsize=64)  # an explanation asks with the same pools again and again
def _prices(pools: tuple[tuple[tuple[int, int], ...], ...], people: int) -> Numbers | None:
    asked = sorted({person for pool in pools for person, _ in pool})
    if len(asked) == sum(map(len, pools)):
        return np.zeros(people, np.int64)  # nobody is in two pools
    column = {person: index for index, person in enumerate(asked)}
    costs = np.full((len(pools), len(asked)), NO_PLAN, np.int64)
    for seat, pool in enumerate(pools):
        for person, cost in pool:
            costs[seat, column[person]] = cost
    potentials = _potentials(costs)
    if potentials is None:
        return None
    result = np.zeros(people, np.int64)
    result[asked] = -potentials
    return result


def _potentials(costs: Numbers) -> Numbers | None:
    """The potentials of the columns (0 or below) of a cheapest assignment of all rows; None when there is
    none.
    """
    rows, columns = costs.shape
    of_row, of_column = np.zeros(rows, np.int64), np.zeros(columns, np.int64)
    row_of = np.full(columns, -1, np.int64)
    for new in range(rows):
        distance = np.full(columns, NO_PLAN, np.int64)  # of the cheapest path from the new row to each column
        before = np.full(columns, -1, np.int64)
        reached = np.zeros(columns, np.bool_)
        row, at = new, -1
        while True:
            possible = ~reached & (costs[row] < NO_PLAN)
            step = np.where(possible, costs[row] - of_row[row] - of_column, NO_PLAN)
            closer = step < distance
            distance[closer], before[closer] = step[closer], at
            open_distance = np.where(reached, NO_PLAN, distance)
            at = int(open_distance.argmin())
            delta = int(open_distance[at])
            if delta >= NO_PLAN:
                return None
            of_row[new] += delta
            of_row[row_of[reached]] += delta
            of_column[reached] -= delta
            distance[~reached & (distance < NO_PLAN)] -= delta
            reached[at] = True
            if row_of[at] < 0:
                break
            row = int(row_of[at])
        while at >= 0:  # everybody on the path moves one seat on
            previous = int(before[at])
            row_of[at] = new if previous < 0 else row_of[previous]
            at = previous
    return of_column
