import time
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from interviews.scheduling import (
    Explanation,
    Fixed,
    InvalidProblem,
    Rules,
    as_it_stands,
    batch,
    board,
    bounding,
    check,
    explain,
    placing,
    plan_all,
    points,
)
from interviews.scheduling.solving import best_plans
from tests.interviews.scheduling.instances import random_problem
from tests.interviews.scheduling.loops import (
    MONDAY,
    TUESDAY,
    at,
    block,
    meeting,
    person,
    problem,
    seated,
    window,
)

needs_highs = pytest.mark.skipif(not bounding.available(), reason="highspy is not installed")
SOON = 60  # seconds that are never used up here


def a_loop(people, *blocks, urgency=1, windows=None, **other):
    return problem(
        blocks, people, windows or [window(MONDAY, 9, 12)], Rules(max_days=1), urgency=urgency, **other
    )


def inserted(loops):
    return plan_all(loops, seconds=SOON, processes=0)


def assert_valid(loops, schedule):
    """Every plan holds, and costs what it says, when all the others are booked."""
    for key, plan in schedule.plans.items():
        assert check(as_it_stands(loops, schedule.plans, key), plan) == ()
    assert sorted([*schedule.plans, *schedule.unplaced]) == sorted(loops)
    assert schedule.points == points_of(loops, schedule.plans)
    if schedule.bound is not None:
        assert schedule.bound <= schedule.points


def points_of(loops, plans):
    """The points of a schedule, added up from what the plans say of themselves."""
    weights, total = points.WEIGHTS, 0
    first = min(batch_day(problem) for problem in loops.values())
    held = {}
    for key, asked in loops.items():
        if key not in plans:
            total += points.unplaced(asked)
            continue
        cost = plans[key].cost
        total += weights["days"] * (cost.days - 1) + weights["idle_minutes"] * cost.idle_minutes
        total += weights["order"] * cost.order + weights["empty_seats"] * cost.empty_seats
        total += weights["moved_blocks"] * cost.moved_blocks + weights["changed_people"] * cost.changed_people
        total += weights["completion"] * asked.urgency * (plans[key].completes_on.toordinal() - first)
        pinned = {item.block for item in asked.fixed if not item.movable}
        for placed in plans[key].placements:
            for _, who in placed.people if placed.block not in pinned else ():
                held[who] = held.get(who, 0) + 1
    people = {who.key: who for asked in loops.values() for who in asked.people}
    for who, count in held.items():
        for more in range(count):
            recent = replace(people[who], recent_load=people[who].recent_load + more)
            total += weights["load"] * batch.load_of(recent)
    return total / points.POINT


def batch_day(asked):
    from interviews.scheduling.calendars import candidate_time

    return min(candidate_time(asked))


def test_two_loops_do_not_meet_the_same_person_at_the_same_time():
    people = [person("ada")]
    loops = {key: a_loop(people, block("coding", ["ada"])) for key in ("anna", "bert", "carl", "dana")}

    schedule = inserted(loops)

    assert_valid(loops, schedule)
    starts = [plan.placements[0].starts_at for plan in schedule.plans.values()]
    assert len(set(starts)) == len(starts) == 3
    assert schedule.unplaced == ("dana",)


def test_the_urgent_loop_comes_first():
    people = [person("ada", max_per_day=1)]
    loops = {
        "anna": a_loop(people, block("coding", ["ada"])),
        "bert": a_loop(people, block("coding", ["ada"]), urgency=3),
    }

    schedule = inserted(loops)

    assert (list(schedule.plans), schedule.unplaced) == (["bert"], ("anna",))


def test_limits_and_fair_load_count_the_interviews_of_all_loops():
    people = [person("ada", max_per_week=2), person("ben", recent_load=1)]
    loops = {f"c{n}": a_loop(people, block("coding", ["ada", "ben"])) for n in range(4)}

    schedule = inserted(loops)

    assert_valid(loops, schedule)
    sitting = [seated(plan)["coding", "seat 1"] for plan in schedule.plans.values()]
    assert sorted(sitting) == ["ada", "ada", "ben", "ben"]


def test_ruin_and_recreate_finds_room_that_insertion_in_order_does_not():
    ada = person("ada", busy=(meeting(MONDAY, 10, minutes=600),))
    ben = person("ben", busy=(meeting(MONDAY, 10, minutes=600), meeting(TUESDAY, 9, minutes=600)))
    loops = {
        "anna": a_loop(
            [ada, ben],
            block("coding", ["ada", "ben"]),
            windows=[window(MONDAY, 9, 10), window(TUESDAY, 9, 10)],
        ),
        "bert": a_loop([ada, ben], block("coding", ["ada"]), windows=[window(MONDAY, 9, 10)]),
    }

    first = inserted(loops)
    better = plan_all(loops, seconds=SOON, rounds=24, processes=1)

    assert first.unplaced == ("bert",)
    assert better.unplaced == ()
    assert_valid(loops, first)
    assert_valid(loops, better)


def crowded(seed, loops=8, people=5):
    """Loops that want the same few people; all limits bite."""
    chance = Random(seed)
    keys = [f"p{n}" for n in range(people)]
    crowd = [
        person(
            key,
            max_per_day=chance.choice((1, 2, None)),
            max_per_week=chance.choice((2, 3)),
            max_per_four_weeks=chance.choice((None, 3)),
            buffer_minutes=chance.choice((0, 15, 20)),
            recent_load=chance.randint(0, 4),
            busy=(meeting(MONDAY, 9 + chance.randrange(6)),),
        )
        for key in keys
    ]
    return {
        f"c{n}": a_loop(
            crowd,
            block("coding", chance.sample(keys, 2)),
            block("design", chance.sample(keys, 3), minutes=90),
            urgency=chance.choice((1, 2)),
            windows=[window(MONDAY, 9, 13), window(TUESDAY, 10, 15)],
        )
        for n in range(loops)
    }


@pytest.mark.parametrize("seed", range(12))
def test_buffers_and_limits_hold_across_loops(seed):
    loops = crowded(seed)

    assert_valid(loops, inserted(loops))


@pytest.mark.parametrize("seed", range(10))
def test_one_loop_in_a_batch_has_a_plan_exactly_when_it_has_one_alone(seed):
    asked = random_problem(Random(seed), blocks=2)
    schedule = inserted({"one": asked})

    assert bool(schedule.plans) == bool(best_plans(asked, 1))
    if schedule.plans:
        assert check(asked, schedule.plans["one"]) == ()


def test_why_a_loop_was_not_placed_is_explained_with_the_others_booked():
    people = [person("ada")]
    loops = {
        key: a_loop(people, block("coding", ["ada"]), windows=[window(MONDAY, 9, 10)])
        for key in ("anna", "bert")
    }

    schedule = inserted(loops)
    answer = explain(as_it_stands(loops, schedule.plans, "bert"))

    assert schedule.unplaced == ("bert",)
    assert isinstance(answer, Explanation)
    assert [reason.code for reason in answer.reasons] == ["busy"]


def test_pinned_interviews_are_nobody_elses_time_even_when_their_loop_has_no_plan():
    people = [person("ada"), person("ben", busy=(meeting(MONDAY, 0, minutes=2000),))]
    pin = Fixed("coding", at(MONDAY, 9), (("seat 1", "ada"),), movable=False)
    loops = {
        "anna": a_loop(people, block("coding", ["ada"]), block("design", ["ben"]), fixed=(pin,)),
        "bert": a_loop(people, block("coding", ["ada"]), windows=[window(MONDAY, 9, 11)]),
    }

    schedule = inserted(loops)

    assert schedule.unplaced == ("anna",)
    assert schedule.plans["bert"].placements[0].starts_at == at(MONDAY, 10)
    assert check(as_it_stands(loops, schedule.plans, "bert"), schedule.plans["bert"]) == ()


def cheapest_of_all(loops):
    """The fewest points of any schedule, by trying every plan of every loop on its own board."""
    options = []
    for key in loops:
        options.append([None, *every_plan(loops[key])])
    best = None
    for chosen in product(*options):
        plans = {key: plan for key, plan in zip(loops, chosen, strict=True) if plan is not None}
        plans = {key: priced(loops, plans, key) for key in plans}
        if all(batch_ok(loops, plans, key) for key in plans):
            value = points_of(loops, plans)
            best = value if best is None else min(best, value)
    return best


def every_plan(asked):
    from datetime import timedelta

    from interviews.scheduling import Placement

    (one,) = asked.blocks
    for opens in asked.windows:
        start = opens.starts_at
        while start + timedelta(minutes=one.minutes) <= opens.ends_at:
            for who in one.seats[0].pool:
                yield (
                    Placement(
                        one.key, start, start + timedelta(minutes=one.minutes), ((one.seats[0].key, who),)
                    ),
                )
            start += timedelta(minutes=30)


def priced(loops, plans, key):
    counts = {}
    for placements in plans.values():
        for placed in placements:
            for _, who in placed.people:
                counts[who] = counts.get(who, 0) + 1
    return batch._priced(loops[key], plans[key], batch_day(loops[key]), counts)


def batch_ok(loops, plans, key):
    return check(as_it_stands(loops, plans, key), plans[key]) == ()


def small(seed):
    """Three loops of one block, few starts, few people: little enough to try everything."""
    chance = Random(seed)
    crowd = [
        person(
            key,
            max_per_day=chance.choice((1, 2)),
            max_per_week=chance.choice((1, 2)),
            max_per_four_weeks=chance.choice((None, 1)),
            buffer_minutes=chance.choice((0, 20)),
            recent_load=chance.randint(0, 3),
        )
        for key in ("ada", "ben")
    ]
    return {
        f"c{n}": problem(
            [block("coding", chance.choice((["ada"], ["ben"], ["ada", "ben"])))],
            crowd,
            [window(chance.choice((MONDAY, TUESDAY)), 9, chance.choice((10, 11)))],
            Rules(grid_minutes=30, max_days=1),
            urgency=chance.choice((1, 2)),
        )
        for n in range(3)
    }


@needs_highs
@pytest.mark.parametrize("seed", range(12))
def test_bound_never_exceeds_the_optimum_found_by_trying_everything(seed):
    loops = small(seed)
    optimum = cheapest_of_all(loops)
    laid = board.lay_out(loops, {who.key: who for asked in loops.values() for who in asked.people})
    proof = bounding.Bounding(laid.board, placing.state_of(laid.board))
    bounds = []

    proof.run(lambda: False, bounds.append)
    guided = proof.guided(lambda: False)
    settled = proof.settled(guided, SOON)

    assert bounds == sorted(bounds)
    assert proof.bound / points.POINT <= optimum + 1e-9
    assert optimum <= int(settled.total[0]) / points.POINT <= int(guided.total[0]) / points.POINT
    assert plan_all(loops, seconds=SOON, rounds=24, processes=1, gap=0).points == optimum


@needs_highs
def test_settling_finds_the_best_of_the_known_plans_from_a_poor_start():
    loops = crowded(3)
    laid = board.lay_out(loops, {who.key: who for asked in loops.values() for who in asked.people})
    nothing_placed = placing.state_of(laid.board)
    proof = bounding.Bounding(laid.board, nothing_placed)
    proof.run(lambda: False, lambda bound: None)

    settled = proof.settled(nothing_placed, SOON)

    known = plan_all(loops, seconds=SOON, rounds=48, processes=1, gap=0)
    assert proof.bound <= settled.total[0] <= known.points * points.POINT * 1.02
    again = proof.settled(settled, SOON)
    assert again.total[0] <= settled.total[0]


@needs_highs
@pytest.mark.parametrize("processes", [1, 2])
def test_same_seed_and_rounds_give_the_same_schedule(processes):
    loops = crowded(3)

    def planned():
        return plan_all(loops, seconds=SOON, rounds=48, processes=processes, gap=0, seed=7)

    first, again = planned(), planned()

    assert_valid(loops, first)
    assert first == again
    assert first.points <= inserted(loops).points


def test_progress_is_told_and_never_goes_back():
    told, loops = [], crowded(5)

    schedule = plan_all(loops, seconds=SOON, rounds=24, gap=0, progress=told.append)

    assert told[0].placed + told[0].waiting == len(loops)
    assert told[-1].placed == len(schedule.plans)
    seconds = [one.seconds for one in told]
    assert seconds == sorted(seconds)
    bounds = [one.bound for one in told if one.bound is not None]
    assert bounds == sorted(bounds)


def test_time_limit_is_respected():
    began = time.monotonic()

    schedule = plan_all(crowded(6), seconds=1.5, gap=-1)

    assert schedule.status == "time"
    assert 1.4 < time.monotonic() - began < 4


def test_cancelling_ends_it_with_what_is_there():
    loops, asked = crowded(7), []

    def cancelled():
        asked.append(time.monotonic())
        return len(asked) > 3

    began = time.monotonic()
    schedule = plan_all(loops, seconds=SOON, gap=-1, cancelled=cancelled)

    assert schedule.status == "cancelled"
    assert time.monotonic() - began < 10
    assert_valid(loops, schedule)


def test_without_highs_there_is_no_bound_and_the_answer_says_so(monkeypatch):
    monkeypatch.setattr(bounding, "available", lambda: False)
    loops = crowded(8)

    schedule = plan_all(loops, seconds=SOON, rounds=24)

    assert_valid(loops, schedule)
    assert (schedule.bound, schedule.gap, schedule.status) == (None, None, "rounds")
    assert "HiGHS is not installed" in schedule.note


def test_no_loops_at_all():
    schedule = plan_all({}, seconds=1, gap=-1)

    assert (dict(schedule.plans), schedule.unplaced, schedule.points, schedule.status) == (
        {},
        (),
        0,
        "optimal",
    )


def test_a_person_described_in_two_ways_is_refused():
    loops = {
        "anna": a_loop([person("ada")], block("coding", ["ada"])),
        "bert": a_loop([person("ada", recent_load=1)], block("coding", ["ada"])),
    }

    with pytest.raises(InvalidProblem, match="Ada is described in two ways"):
        inserted(loops)
