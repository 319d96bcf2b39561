"""The checker must see every kind of mistake; each one is made here once, on purpose."""

from dataclasses import replace
from datetime import timedelta

import pytest

from interviews.scheduling import Fixed, Precedence, Rules, broken_rules, check, solve
from tests.interviews.scheduling.loops import (
    LUNCH,
    MONDAY,
    TUESDAY,
    at,
    block,
    meeting,
    person,
    problem,
    window,
)


@pytest.fixture
def asked():
    ada = person(
        "ada", busy=(meeting(MONDAY, 15),), booked=(meeting(TUESDAY, 16),), max_per_day=1, buffer_minutes=15
    )
    blocks = [block("coding", ["ada"], minutes=120), block("design", ["ben", "cleo"], minutes=120)]
    rules = Rules(
        min_gap_minutes=15,
        max_idle_minutes=90,
        breaks=(LUNCH,),
        order=(Precedence("coding", "design", hard=True),),
    )
    windows = [window(MONDAY, 9, 17), window(TUESDAY, 9, 17)]
    return problem(blocks, [ada, person("ben"), person("cleo")], windows, rules)


@pytest.fixture
def plan(asked):
    (best,) = solve(asked, choices=1).plans
    assert check(asked, best) == ()
    return best


def moved(plan, coding, design, people=None):
    """The same plan with other starts (or nobody's cost looked at)."""
    placements = []
    for placed, start in zip(plan.placements, (coding, design), strict=True):
        length = placed.ends_at - placed.starts_at
        who = (("seat 1", (people or {}).get(placed.block, placed.people[0][1])),)
        placements.append(replace(placed, starts_at=start, ends_at=start + length, people=who))
    return replace(plan, placements=tuple(placements))


@pytest.mark.parametrize(
    ("coding", "design", "people", "says"),
    [
        (at(MONDAY, 9, 5), at(MONDAY, 12), {}, "grid"),
        (at(MONDAY, 8), at(MONDAY, 10, 30), {}, "windows"),
        (at(MONDAY, 8), at(MONDAY, 10, 30), {}, "does not work"),
        (at(MONDAY, 10), at(MONDAY, 11, 30), {}, "overlap"),
        (at(MONDAY, 12), at(MONDAY, 14), {}, "too short"),
        (at(MONDAY, 9), at(MONDAY, 13), {}, "too long"),
        (at(MONDAY, 10), at(MONDAY, 12, 15), {}, "no time for lunch"),
        (at(MONDAY, 13), at(MONDAY, 15, 15), {}, "Ada is busy"),
        (at(TUESDAY, 9), at(TUESDAY, 11, 45), {}, "too many interviews on 2026-11-24"),
        (at(MONDAY, 12), at(MONDAY, 9, 30), {}, "must come before"),
        (at(MONDAY, 9), at(MONDAY, 11, 45), {"design": "ada"}, "not in its pool"),
        (at(MONDAY, 9), at(MONDAY, 11, 45), {"design": "ada"}, "twice"),
        (at(MONDAY, 9), at(MONDAY, 11, 45), {"design": "zoe"}, "not among the people"),
    ],
)
def test_a_broken_rule_is_seen(asked, plan, coding, design, people, says):
    found = broken_rules(asked, moved(plan, coding, design, people))

    assert any(says in sentence for sentence in found), found


def test_a_missing_or_shortened_block_is_seen(asked, plan):
    first, second = plan.placements

    assert "exactly once" in check(asked, replace(plan, placements=(first,)))[0]
    short = replace(first, ends_at=first.ends_at - timedelta(minutes=15))
    assert any("120 minutes" in text for text in check(asked, replace(plan, placements=(short, second))))


def test_an_empty_required_seat_and_a_seat_of_another_block_are_seen(asked, plan):
    first, second = plan.placements

    empty = replace(plan, placements=(replace(first, people=()), second))
    foreign = replace(plan, placements=(replace(first, people=(("seat 9", "ada"),)), second))

    assert any("Nobody sits" in text for text in check(asked, empty))
    assert any("not its own" in text for text in check(asked, foreign))


def test_days_gone_by_days_off_and_too_many_days_are_seen(asked, plan):
    day = plan.completes_on
    two_days = moved(plan, at(MONDAY, 9), at(TUESDAY, 9))

    assert any("too early" in text for text in check(replace(asked, not_before=at(day, 16)), plan))
    assert any("day off" in text for text in check(replace(asked, days_off=frozenset({day})), plan))
    one_day = replace(asked, rules=replace(asked.rules, max_days=1))
    assert any("takes 2 days" in text for text in check(one_day, two_days))
    assert broken_rules(asked, two_days) == ()


def test_limits_over_weeks_are_seen(asked, plan):
    ada = replace(asked.people[0], booked=(meeting(TUESDAY, 16),), max_per_day=None)
    in_week = replace(asked, people=(replace(ada, max_per_week=1), *asked.people[1:]))
    in_four_weeks = replace(asked, people=(replace(ada, max_per_four_weeks=1), *asked.people[1:]))

    assert any("in the week" in text for text in check(in_week, plan))
    assert any("in four weeks" in text for text in check(in_four_weeks, plan))


def test_a_changed_pin_is_seen(asked, plan):
    pinned = Fixed("coding", at(MONDAY, 10), (("seat 1", "ada"),), movable=False)

    assert any("pinned" in text for text in check(replace(asked, fixed=(pinned,)), plan))


def test_a_wrong_cost_is_seen(asked, plan):
    assert check(asked, replace(plan, cost=replace(plan.cost, load=plan.cost.load + 1))) != ()
    assert check(asked, replace(plan, cost=replace(plan.cost, total=plan.cost.total + 1))) != ()
    assert check(asked, replace(plan, completes_on=plan.completes_on + timedelta(days=1))) != ()
