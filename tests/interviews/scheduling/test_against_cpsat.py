"""The engine against CP-SAT, which knows nothing of tables, prices or bounds: the same optimum of loops too large
to try everything, and of small batches.

CP-SAT runs in a process of its own, with one worker, because 9.15 sometimes dies with more.
"""

from random import Random

import pytest

from bench.scheduling import peers
from interviews.scheduling import board, bounding, check, placing, plan_all, points
from interviews.scheduling.solving import search
from tests.interviews.scheduling.instances import large_problem, shared_problems

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not peers.available("intervals"), reason="ortools is not installed"),
]
SOON = 60  # seconds that are never used up here


def large(count):
    """So many loops; some have no plan."""
    return [large_problem(Random(seed)) for seed in range(count)]


@pytest.mark.parametrize("model, count", [("intervals", 25), ("options", 8)])
def test_optimum_of_large_loops_is_what_cpsat_proves(model, count):
    asked = large(count)

    found = peers.one_each(asked, model, workers=1)
    ours = [search(problem, 1) for problem in asked]

    assert [one["proven"] for one in found] == [complete for _, complete in ours] == [True] * count
    totals = [plans[0].cost.total if plans else None for plans, _ in ours]
    assert totals == [one["total"] for one in found]
    assert sum(total is not None for total in totals) >= count * 3 // 4
    for problem, (plans, _) in zip(asked, ours, strict=True):
        assert all(check(problem, plan) == () for plan in plans)


@pytest.mark.skipif(not bounding.available(), reason="highspy is not installed")
def test_bound_is_below_and_every_schedule_above_what_cpsat_proves():
    batches = [shared_problems(Random(seed)) for seed in range(6)]

    optima = peers.batch_each(batches, "intervals", SOON, workers=1)

    assert all(one["proven"] for one in optima)
    for loops, optimum in zip(batches, optima, strict=True):
        laid = board.lay_out(loops, {who.key: who for asked in loops.values() for who in asked.people})
        proof = bounding.Bounding(laid.board, placing.state_of(laid.board))
        proof.run(lambda: False, lambda bound: None)
        hopeless = sum(points.unplaced(loops[key]) for key in laid.hopeless)
        assert (proof.bound + hopeless) / points.POINT <= optimum["points"] + 1e-9
        assert optimum["points"] <= plan_all(loops, seconds=SOON, processes=0).points
    schedules = [plan_all(loops, seconds=SOON, rounds=48, processes=1, gap=0) for loops in batches[:2]]
    assert all(s.bound <= one["points"] <= s.points for s, one in zip(schedules, optima, strict=False))
