from dataclasses import replace
from datetime import time

import pytest

from interviews.scheduling import Explanation, Fixed, Rules, repair
from tests.interviews.scheduling.loops import (
    MONDAY,
    TUESDAY,
    at,
    block,
    meeting,
    person,
    problem,
    seated,
    the_plans,
    times,
    weekdays,
    window,
)


def confirmed(key, day, hour, *people, movable=True):
    return Fixed(
        key, at(day, hour), tuple((f"seat {n}", who) for n, who in enumerate(people, start=1)), movable
    )


@pytest.fixture
def loop():
    """Three blocks on Monday, confirmed at 9:00, 10:00 and 11:00; Ben or Cleo may hold the design block."""
    people = [person(key) for key in ("ada", "ben", "cleo", "dora")]
    blocks = [block("coding", ["ada"]), block("design", ["ben", "cleo"]), block("talk", ["dora"])]
    fixed = (
        confirmed("coding", MONDAY, 9, "ada"),
        confirmed("design", MONDAY, 10, "ben"),
        confirmed("talk", MONDAY, 11, "dora"),
    )
    return problem(blocks, people, [window(MONDAY, 9, 16), window(TUESDAY, 9, 16)], fixed=fixed)


def with_person(asked, key, **changes):
    people = tuple(replace(who, **changes) if who.key == key else who for who in asked.people)
    return replace(asked, people=people)


def without(asked, key):
    blocks = tuple(
        replace(item, seats=tuple(replace(s, pool=tuple(p for p in s.pool if p != key)) for s in item.seats))
        for item in asked.blocks
    )
    return replace(asked, blocks=blocks)


def test_nothing_changes_when_nothing_has_to(loop):
    plans = the_plans(loop, repair(loop))

    assert len(plans) == 1
    assert times(plans[0]) == [("coding", "23 09:00"), ("design", "23 10:00"), ("talk", "23 11:00")]
    assert (plans[0].cost.moved_blocks, plans[0].cost.changed_people) == (0, 0)


def test_decline_is_answered_with_a_substitute_at_the_same_time(loop):
    declined = without(loop, "ben")

    plan = the_plans(declined, repair(declined))[0]

    assert times(plan) == [("coding", "23 09:00"), ("design", "23 10:00"), ("talk", "23 11:00")]
    assert seated(plan)["design", "seat 1"] == "cleo"
    assert (plan.cost.moved_blocks, plan.cost.changed_people) == (0, 1)


def test_moved_meeting_moves_one_block_and_keeps_its_person(loop):
    busy = with_person(loop, "ada", busy=(meeting(MONDAY, 9),))

    plan = the_plans(busy, repair(busy))[0]

    assert (plan.cost.moved_blocks, plan.cost.changed_people) == (1, 0)
    assert times(plan) == [("design", "23 10:00"), ("talk", "23 11:00"), ("coding", "23 12:00")]


def test_absence_takes_a_second_day_rather_than_a_second_moved_block(loop):
    away = with_person(loop, "dora", days_off=frozenset({MONDAY}))

    plan = the_plans(away, repair(away))[0]

    assert (plan.cost.moved_blocks, plan.cost.days) == (1, 2)
    assert times(plan)[:2] == [("coding", "23 09:00"), ("design", "23 10:00")]
    assert times(plan)[2][1].startswith("24 ")


def test_the_candidates_new_window_moves_only_what_it_must(loop):
    later = replace(loop, windows=(window(MONDAY, 10, 16),))

    plan = the_plans(later, repair(later))[0]

    assert plan.cost.moved_blocks == 1
    assert times(plan) == [("design", "23 10:00"), ("talk", "23 11:00"), ("coding", "23 12:00")]


def test_pinned_blocks_are_not_touched(loop):
    fixed = (confirmed("coding", MONDAY, 9, "ada", movable=False), *loop.fixed[1:])
    busy = replace(with_person(loop, "ada", busy=(meeting(MONDAY, 9),)), fixed=fixed)

    plan = the_plans(busy, repair(busy))[0]

    assert plan.cost.moved_blocks == 0


def test_other_choices_change_other_things(loop):
    busy = with_person(loop, "ada", busy=(meeting(MONDAY, 9),))

    plans = the_plans(busy, repair(busy, choices=3))

    starts = [dict(times(plan))["coding"] for plan in plans]
    assert len(set(starts)) == len(plans) == 3
    assert [plan.cost.moved_blocks for plan in plans] == [1, 1, 1]


def test_staying_is_another_answer_even_close_to_where_a_block_was_moved():
    early = weekdays(opens=time(8))
    asked = problem(
        [block("coding", ["ada"]), block("design", ["ben"])],
        [person("ada", hours=early), person("ben", hours=early)],
        [window(MONDAY, 8, 13)],
        Rules(min_gap_minutes=30),  # new: the two blocks used to follow each other
        fixed=(confirmed("coding", MONDAY, 9, "ada"), confirmed("design", MONDAY, 10, "ben")),
    )

    plans = the_plans(asked, repair(asked, choices=2))

    assert {tuple(times(plan)) for plan in plans} == {
        (("coding", "23 08:30"), ("design", "23 10:00")),
        (("coding", "23 09:00"), ("design", "23 10:30")),
    }


def test_substitutes_of_earlier_choices_are_not_offered_again(loop):
    asked = without(loop, "ben")
    asked = replace(
        asked,
        people=(*asked.people, person("emil", recent_load=5)),
        blocks=tuple(
            replace(item, seats=(replace(item.seats[0], pool=("cleo", "emil")),))
            if item.key == "design"
            else item
            for item in asked.blocks
        ),
    )

    plans = the_plans(asked, repair(asked, choices=2))

    assert [seated(plan)["design", "seat 1"] for plan in plans] == ["cleo", "emil"]
    assert [plan.cost.moved_blocks for plan in plans] == [0, 0]


def test_what_cannot_be_repaired_is_explained(loop):
    nobody = without(without(loop, "ben"), "cleo")

    answer = repair(nobody)

    assert isinstance(answer, Explanation)
    assert [(reason.code, reason.block) for reason in answer.reasons] == [("empty_pool", "design")]
