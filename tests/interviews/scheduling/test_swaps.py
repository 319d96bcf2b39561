"""Two loops that have a plan only together: by examples, and against trying everything."""

from datetime import UTC, datetime, time, timedelta
from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from interviews.scheduling import (
    Block,
    Explanation,
    Fixed,
    Interval,
    Person,
    Placement,
    Plan,
    Problem,
    Rules,
    Seat,
    WeeklyHours,
    broken_rules,
    check,
    making_way,
    repair,
    repair_with_swap,
)
from interviews.scheduling.checking import _values
from interviews.scheduling.repairing import _released
from interviews.scheduling.tiers import CEILINGS

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
ALWAYS = tuple(WeeklyHours(day, time(0), time(0)) for day in range(7))
HOUR = timedelta(hours=1)


def person(key, booked=(), **limits):
    return Person(key, key.title(), "UTC", ALWAYS, booked=tuple(booked), **limits)


def hours(start, length=1):
    return Interval(MONDAY + start * HOUR, MONDAY + (start + length) * HOUR)


def loop(people, fixed, pools, windows, **rules):
    blocks = tuple(
        Block(f"b{n}", f"Block {n}", 60, (Seat("lead", tuple(pool)),)) for n, pool in enumerate(pools)
    )
    pins = tuple(
        Fixed(f"b{n}", MONDAY + start * HOUR, (("lead", who),) if who else (), movable=True)
        for n, (start, who) in enumerate(fixed)
    )
    return Problem(
        blocks, tuple(people), tuple(windows), "UTC", Rules(grid_minutes=60, max_days=3, **rules), fixed=pins
    )


def assert_good(problem, other, swap):
    assert check(making_way(problem, other, swap.other), swap.plan) == ()
    assert check(making_way(other, problem, swap.plan), swap.other) == ()


def test_a_substitute_in_the_other_loop_frees_the_one_who_is_needed():
    """Only Ada can take the first loop's talk; she sits in the second one, where Ben could too."""
    first = loop([person("ada", [hours(0)])], [(0, "")], [["ada"]], [hours(0)])
    second = loop([person("ada"), person("ben")], [(0, "ada")], [["ada", "ben"]], [hours(0)])
    assert isinstance(repair(first), Explanation)

    swap = repair_with_swap(first, {"second": second})

    assert (swap.key, dict(swap.plan.placements[0].people), dict(swap.other.placements[0].people)) == (
        "second", {"lead": "ada"}, {"lead": "ben"},
    )  # fmt: skip
    assert (swap.other.cost.moved_blocks, swap.other.cost.changed_people) == (0, 1)
    assert_good(first, second, swap)


def test_the_loop_that_changes_least_gives_way():
    """The second loop has nobody else and would have to move; the third has a substitute at the same time."""
    first = loop(
        [person("ada", [hours(0)]), person("cleo", [hours(0)])], [(0, "")], [["ada", "cleo"]], [hours(0)]
    )
    second = loop([person("ada")], [(0, "ada")], [["ada"]], [hours(0, 3)])
    third = loop([person("cleo"), person("ben")], [(0, "cleo")], [["cleo", "ben"]], [hours(0, 3)])

    swap = repair_with_swap(first, {"second": second, "third": third})

    assert swap.key == "third"
    assert repair_with_swap(first, {"second": second}).other.cost.moved_blocks == 1


def test_a_weekly_limit_is_shared_by_both_loops():
    first = loop([person("ada", [hours(0)], max_per_week=1)], [(26, "")], [["ada"]], [hours(24, 4)])
    second = loop(
        [person("ada", max_per_week=1), person("ben")], [(0, "ada")], [["ada", "ben"]], [hours(0, 3)]
    )

    swap = repair_with_swap(first, {"second": second})

    assert dict(swap.other.placements[0].people) == {"lead": "ben"}
    assert_good(first, second, swap)


def test_nothing_is_found_where_nobody_can_give_way():
    first = loop([person("ada", [hours(0)])], [(0, "")], [["ada"]], [hours(0)])
    second = loop([person("ada")], [(0, "ada")], [["ada"]], [hours(0)])
    assert repair_with_swap(first, {"second": second}) is None
    assert repair_with_swap(first, {}) is None


# --- against trying everything ----------------------------------------------------------------------------


def every_plan(problem):
    options = []
    for block in problem.blocks:
        starts = {
            w.starts_at + n * HOUR
            for w in problem.windows
            for n in range(24)
            if w.starts_at + n * HOUR < w.ends_at
        }
        options.append([
            Placement(block.key, start, start + HOUR, tuple(zip((s.key for s in block.seats), panel, strict=True)))
            for start in sorted(starts | {f.starts_at for f in problem.fixed if f.block == block.key})
            for panel in product(*(seat.pool for seat in block.seats))
        ])  # fmt: skip
    for placements in product(*options):
        plan = Plan(tuple(sorted(placements, key=lambda placed: placed.starts_at)), None, None)
        if broken_rules(problem, plan) == ():
            values = _values(problem, plan)
            yield tuple(values[tier] for tier in CEILINGS), plan


def fewest_changes(first, second):
    """The smallest sums of all tiers over two plans that hold together."""
    ones = sorted(every_plan(_released(first, second)), key=lambda found: found[0])
    twos = sorted(every_plan(_released(second, first)), key=lambda found: found[0])
    best = None
    for worth, one in ones:
        for other_worth, two in twos:
            total = tuple(a + b for a, b in zip(worth, other_worth, strict=True))
            if best is not None and total >= best:
                break
            if not broken_rules(making_way(first, second, two), one) and not broken_rules(
                making_way(second, first, one), two
            ):
                best = total
    return best


def random_pair(chance):
    """Two loops of one or two blocks, confirmed as they are, that share three or four people; the first one is broken."""
    keys = ["ada", "ben", "cleo", "dora"][: chance.choice((2, 3, 4))]
    limits = {
        key: {
            "max_per_day": chance.choice((None, None, 1, 2)),
            "max_per_week": chance.choice((None, None, 1, 2)),
            "max_per_four_weeks": chance.choice((None, None, 1, 2)),
            "buffer_minutes": chance.choice((0, 0, 30, 60)),
            "recent_load": chance.choice((0, 1)),
        }
        for key in keys
    }
    elsewhere = {
        key: [hours(chance.choice((-24 * 27, -2, 30, 24 * 20)))] for key in keys if chance.random() < 0.3
    }
    windows = [
        [
            hours(day * 24 + chance.randrange(3), chance.choice((2, 3)))
            for day in chance.sample(range(8), chance.choice((1, 2)))
        ]
        for _ in range(2)
    ]
    pools = [
        [chance.sample(keys, chance.choice((1, 2))) for _ in range(chance.choice((1, 1, 2)))]
        for _ in range(2)
    ]
    fixed = []
    for mine, asked in zip(windows, pools, strict=True):
        starts = [w.starts_at + n * HOUR for w in mine for n in range(2)]
        chosen = chance.sample(starts, len(asked))
        fixed.append(
            [((at - MONDAY) // HOUR, chance.choice(pool)) for at, pool in zip(chosen, asked, strict=True)]
        )
    if len(fixed[1]) == 2 and fixed[1][0][1] == fixed[1][1][1]:
        fixed[1][1] = (fixed[1][1][0], "")
    fixed[0][0] = (fixed[0][0][0], "")

    def held(which):
        return {key: [hours(start) for start, who in fixed[which] if who == key] for key in keys}

    return tuple(
        loop(
            [person(key, [*elsewhere.get(key, []), *held(1 - which)[key]], **limits[key]) for key in keys],
            fixed[which], pools[which], windows[which],
        )
        for which in (0, 1)
    )  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_no_two_plans_change_less(seed):
    first, second = random_pair(Random(seed))

    swap = repair_with_swap(first, {"second": second})
    best = fewest_changes(first, second)

    shares = {p for b in first.blocks for s in b.seats for p in s.pool} & {
        who for item in second.fixed for _, who in item.people
    }
    if best is None or not shares:
        assert swap is None
        return
    assert_good(first, second, swap)
    costs = (swap.plan.cost, swap.other.cost)
    assert tuple(sum(getattr(cost, tier) for cost in costs) for tier in CEILINGS) == best
