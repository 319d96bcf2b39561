"""What is better than what: one integer that compares plans tier by tier.

A plan is better when it is better in the first tier where two plans differ. From the most to the least
important:

    1. scheduled          a plan is better than none 2. moved blocks       confirmed blocks that change
    their time 3. changed people     confirmed seats that change their person 4. days               days the
    candidate has to come 5. completion         urgency times the days until the loop is complete 6. idle
    minutes       minutes the candidate waits between blocks 7. order              wishes on first, last and
    before/after that are not met 8. empty seats        optional seats (shadow, reverse shadow) left empty
    9. load               convex in what people have held lately: the tenth interview costs more than the
    first

Each tier is one digit of a number in mixed radix. Its ceiling is the largest value a valid problem can
reach, and its weight is the product of (ceiling + 1) of all tiers below. So all lower tiers together never
reach the weight of a higher one, and no digit ever carries over:

    sum of ceiling x weight over the tiers below  =  weight - 1  <  weight

All of it stays below 2^60, four times less than what a signed 64-bit integer holds: `NO_PLAN` is larger
than every plan, and the search may add it to itself without overflow.
"""

from __future__ import annotations

from typing import Final

from interviews.scheduling.model import (
    MAX_BLOCKS,
    MAX_HORIZON_DAYS,
    MAX_IDLE_MINUTES,
    MAX_OPTIONAL_SEATS,
    MAX_REQUIRED_SEATS,
    MAX_URGENCY,
    MAX_WEIGHT,
    Cost,
    Person,
)

MAX_COUNTED_LOAD = 50
"""More interviews than this in the recent past weigh the same."""
NEWCOMER_CREDIT = 2
"""A newcomer is treated as if they had held this many fewer, so that they get to practise."""

SEATS = MAX_BLOCKS * (MAX_REQUIRED_SEATS + MAX_OPTIONAL_SEATS)

CEILINGS: Final[dict[str, int]] = {
    "moved_blocks": MAX_BLOCKS,
    "changed_people": SEATS,
    "days": MAX_BLOCKS,
    "completion": MAX_URGENCY * (MAX_HORIZON_DAYS + 2),
    "idle_minutes": (MAX_BLOCKS - 1) * MAX_IDLE_MINUTES,
    "order": MAX_BLOCKS + MAX_BLOCKS * (MAX_BLOCKS - 1),
    "empty_seats": MAX_BLOCKS * MAX_OPTIONAL_SEATS,
    "load": SEATS * MAX_WEIGHT * (2 * MAX_COUNTED_LOAD + 1),
}


def _weights() -> dict[str, int]:
    weights, weight = {}, 1
    for tier in reversed(CEILINGS):
        weights[tier] = weight
        weight *= CEILINGS[tier] + 1
    return weights


WEIGHTS: Final[dict[str, int]] = _weights()
NO_PLAN: Final = 1 << 60


def load_of(person: Person) -> int:
    """What one more interview costs this person: the growth of (recent load) squared, times their weight."""
    recent = min(person.recent_load, MAX_COUNTED_LOAD)
    if person.newcomer:
        recent = max(0, recent - NEWCOMER_CREDIT)
    return person.weight * (2 * recent + 1)


def total_of(**tiers: int) -> int:
    """The integer of these tier values; tiers left out are zero."""
    return sum(WEIGHTS[tier] * value for tier, value in tiers.items())


def cost_of(total: int) -> Cost:
    """The tier values of such an integer."""
    digits = {tier: total // WEIGHTS[tier] % (CEILINGS[tier] + 1) for tier in CEILINGS}
    return Cost(**digits, total=total)
