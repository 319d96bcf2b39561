"""What many loops cost together, in points: here one loop's wish is weighed against another one's.

One loop alone is judged tier by tier (see `tiers`). Between loops that would be wrong: a minute saved for
everybody can be worth a day for one. So a schedule of many loops is a sum of points, the fewer the better:

    a loop without a plan      4000 x urgency (and more when it has confirmed blocks)
    a confirmed block moved    2000; another person on a confirmed seat 200
    a further day              120
    completion                 10 x urgency for each day after the first day of the whole batch
    an optional seat empty     60
    a wish on the order        15
    five minutes of waiting    1
    load                       2 x the growth of (interviews held lately) squared, times the person's weight

The engine counts in thousandths of a point, so that prices between people are whole numbers too.
"""

from __future__ import annotations

from typing import Final

from interviews.scheduling.model import Problem

POINT: Final = 1000

WEIGHTS: Final[dict[str, int]] = {
    "moved_blocks": 2000 * POINT,
    "changed_people": 200 * POINT,
    "days": 120 * POINT,
    "completion": 10 * POINT,
    "idle_minutes": POINT // 5,
    "order": 15 * POINT,
    "empty_seats": 60 * POINT,
    "load": 2 * POINT,
}


def unplaced(problem: Problem) -> int:
    """What it costs that a loop has no plan: more than all its confirmed blocks would cost to move."""
    kept = [item for item in problem.fixed if item.movable]
    return (
        4000 * POINT * problem.urgency
        + WEIGHTS["moved_blocks"] * len(kept)
        + WEIGHTS["changed_people"] * sum(len(item.people) for item in kept)
    )
