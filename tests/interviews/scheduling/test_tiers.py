from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from interviews.scheduling import kernel, tiers
from tests.interviews.scheduling.loops import person

VALUES = st.fixed_dictionaries({tier: st.integers(0, ceiling) for tier, ceiling in tiers.CEILINGS.items()})


def test_no_tier_reaches_the_weight_of_the_one_above():
    below = 0
    for tier in reversed(tiers.CEILINGS):
        assert below < tiers.WEIGHTS[tier]
        below += tiers.CEILINGS[tier] * tiers.WEIGHTS[tier]
    assert below < tiers.NO_PLAN
    assert 4 * tiers.NO_PLAN <= 1 << 62 <= 2**63 - 1
    assert kernel.NO_PLAN == tiers.NO_PLAN


@given(one=VALUES, other=VALUES)
def test_totals_compare_as_the_tiers_do(one, other):
    in_order = list(tiers.CEILINGS)

    assert (tiers.total_of(**one) < tiers.total_of(**other)) == (
        [one[tier] for tier in in_order] < [other[tier] for tier in in_order]
    )


@given(values=VALUES)
def test_tiers_can_be_read_from_a_total(values):
    cost = tiers.cost_of(tiers.total_of(**values))

    assert {tier: getattr(cost, tier) for tier in tiers.CEILINGS} == values


def test_load_grows_with_what_was_held_and_is_bounded():
    loads = [tiers.load_of(person("ada", recent_load=held)) for held in (0, 1, 2, 50, 51)]

    assert loads == [1, 3, 5, 101, 101]
    assert tiers.load_of(person("ada", recent_load=3, newcomer=True)) == 3
    assert tiers.load_of(person("ada", recent_load=3, weight=2)) == 14
    assert tiers.load_of(replace(person("ada"), weight=0)) == 0
