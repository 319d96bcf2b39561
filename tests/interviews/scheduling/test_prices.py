from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews.scheduling import solve
from interviews.scheduling.prices import prices_of
from tests.interviews.scheduling.loops import LUNCH, MONDAY, Rules, block, person, problem, the_plans, window

POOL = st.dictionaries(st.integers(0, 5), st.integers(0, 40), min_size=1, max_size=4)


@given(pools=st.lists(POOL, min_size=1, max_size=4))
def test_prices_make_seats_that_choose_alone_pay_what_the_best_assignment_costs(pools):
    pools = [sorted(pool.items()) for pool in pools]
    assignments = [
        sum(cost for _, cost in chosen)
        for chosen in product(*pools)
        if len({who for who, _ in chosen}) == len(chosen)
    ]

    prices = prices_of(pools, people=6)

    if not assignments:
        assert prices is None
        return
    alone = sum(min(cost + int(prices[who]) for who, cost in pool) for pool in pools)
    assert alone - int(prices.sum()) == min(assignments)
    assert prices.min() >= 0


@pytest.mark.parametrize("pool", [6, 12])
def test_six_blocks_of_one_pool_are_proven_optimal(pool):
    people = [person(f"p{number}", recent_load=number * 7 % 9) for number in range(pool)]
    keys = [who.key for who in people]
    blocks = [block(key, keys) for key in "abcdef"]

    asked = problem(blocks, people, [window(MONDAY, 9, 17)], Rules(breaks=(LUNCH,), node_limit=2_000))
    (plan,) = the_plans(asked, solve(asked, choices=1))

    assert plan.status == "optimal"
    assert plan.cost.load == sum(sorted(2 * who.recent_load + 1 for who in people)[:6])
