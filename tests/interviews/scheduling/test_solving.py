from dataclasses import replace
from datetime import date, time, timedelta
from random import Random

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from interviews.scheduling import Explanation, Fixed, Precedence, Rules, Solution, solve
from interviews.scheduling.solving import search
from tests.interviews.scheduling.brute import TooMany, cheapest_total
from tests.interviews.scheduling.instances import random_problem
from tests.interviews.scheduling.loops import (
    LUNCH,
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    at,
    block,
    meeting,
    person,
    problem,
    seated,
    the_plans,
    times,
    window,
)


def best(asked):
    return the_plans(asked, solve(asked, choices=1))[0]


# ---- the optimum ----------------------------------------------------------------------------------------


@given(seed=st.integers(0, 1 << 40))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_optimum_is_what_trying_everything_finds(seed):
    asked = random_problem(Random(seed))
    try:
        least = cheapest_total(asked)
    except TooMany:
        reject()

    plans, complete = search(asked, 2)

    assert complete
    assert (plans[0].cost.total if plans else None) == least
    if plans:
        the_plans(asked, Solution(tuple(plans)))


def test_same_question_has_the_same_answer():
    asked = random_problem(Random(3), blocks=3)

    assert solve(asked) == solve(asked)


def test_fewer_days_come_before_an_earlier_end():
    people = [person("ada"), person("ben")]
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]
    one_hour_each = [window(MONDAY, 9, 10), window(TUESDAY, 9, 10), window(date(2026, 11, 27), 9, 12)]

    plan = best(problem(blocks, people, one_hour_each))

    assert plan.completes_on == date(2026, 11, 27)
    assert plan.cost.days == 1


def test_an_earlier_end_comes_before_less_waiting():
    ada, ben = person("ada"), person("ben", busy=(meeting(MONDAY, 10),))
    blocks = [block("coding", ["ada"], position="first"), block("design", ["ben"])]
    windows = [window(MONDAY, 9, 12), window(TUESDAY, 9, 12)]
    ada = replace(ada, busy=(meeting(MONDAY, 10, minutes=120),))

    plan = best(problem(blocks, [ada, replace(ben, busy=(meeting(MONDAY, 9, minutes=120),))], windows))

    assert times(plan) == [("coding", "23 09:00"), ("design", "23 11:00")]
    assert plan.cost.idle_minutes == 60


def test_less_waiting_comes_before_the_wished_order():
    ada = person("ada", busy=(meeting(MONDAY, 9), meeting(MONDAY, 11)))
    ben = person("ben", busy=(meeting(MONDAY, 10, minutes=120),))
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]
    wished = Rules(order=(Precedence("coding", "design", hard=False),))

    plan = best(problem(blocks, [ada, ben], [window(MONDAY, 9, 13)], wished))

    assert times(plan) == [("design", "23 09:00"), ("coding", "23 10:00")]
    assert plan.cost.order == 1


def test_a_hard_order_is_kept_at_any_price():
    ada = person("ada", busy=(meeting(MONDAY, 9), meeting(MONDAY, 11)))
    ben = person("ben", busy=(meeting(MONDAY, 10, minutes=120),))
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]
    ordered = Rules(order=(Precedence("coding", "design", hard=True),))

    plan = best(problem(blocks, [ada, ben], [window(MONDAY, 9, 13)], ordered))

    assert times(plan) == [("coding", "23 10:00"), ("design", "23 12:00")]
    assert plan.cost.idle_minutes == 60


def test_who_held_fewer_interviews_lately_is_asked():
    people = [person("ada", recent_load=4), person("ben", recent_load=3)]

    plan = best(problem([block("coding", ["ada", "ben"])], people, [window(MONDAY, 9, 12)]))

    assert seated(plan) == {("coding", "seat 1"): "ben"}
    assert plan.cost.load == 4**2 - 3**2


def test_a_newcomer_gets_to_practise_first():
    people = [person("ada", recent_load=3), person("ben", recent_load=4, newcomer=True)]

    plan = best(problem([block("coding", ["ada", "ben"])], people, [window(MONDAY, 9, 12)]))

    assert seated(plan) == {("coding", "seat 1"): "ben"}


def test_search_that_is_cut_short_says_how_far_it_may_be_off():
    asked = random_problem(Random(1))
    proven = best(asked)

    plan = best(replace(asked, rules=replace(asked.rules, node_limit=60)))

    assert proven.status == "optimal" and proven.gap == 0
    assert plan.status == "not_proven"
    assert plan.cost.total * (1 - plan.gap) <= proven.cost.total < plan.cost.total


def test_scarce_people_do_not_make_the_search_long():
    """Eight people for eight required seats in three blocks: without looking ahead at who is left, the search
    needs more than 20,000 nodes."""
    asked = random_problem(Random(1550))

    plans, complete = search(asked, 1)

    assert complete
    assert plans[0].status == "optimal"


# ---- people and seats -----------------------------------------------------------------------------------


def test_two_of_one_pool_are_two_people():
    people = [person("ada"), person("ben"), person("cleo", recent_load=9)]

    plan = best(
        problem(
            [block("panel", ["ada", "ben", "cleo"], ["ada", "ben", "cleo"])], people, [window(MONDAY, 9, 12)]
        )
    )

    assert set(seated(plan).values()) == {"ada", "ben"}


def test_nobody_sits_twice_even_when_that_takes_longer():
    ada, ben = person("ada"), person("ben", busy=(meeting(MONDAY, 9, minutes=180),))
    blocks = [block("coding", ["ada", "ben"]), block("design", ["ada"], position="first")]

    plan = best(problem(blocks, [ada, ben], [window(MONDAY, 9, 13)]))

    assert seated(plan) == {("coding", "seat 1"): "ben", ("design", "seat 1"): "ada"}
    assert times(plan)[1] == ("coding", "23 12:00")


def test_a_room_is_a_seat_like_any_other():
    always = tuple(replace(hours, opens=time(0), closes=time(0)) for hours in person("x").hours)
    room = person("room", hours=always, busy=(meeting(MONDAY, 9, minutes=90),))

    plan = best(problem([block("coding", ["ada"], ["room"])], [person("ada"), room], [window(MONDAY, 9, 13)]))

    assert times(plan) == [("coding", "23 10:30")]


def test_shadow_comes_when_free_and_never_stands_in_for_a_required_seat():
    people = [person("ada"), person("zoe")]
    blocks = [block("coding", ["ada"], shadow=["zoe"]), block("design", ["ada", "zoe"])]

    plan = best(problem(blocks, people, [window(MONDAY, 9, 13)]))

    assert seated(plan) == {("coding", "seat 1"): "ada", ("design", "seat 1"): "zoe"}
    assert plan.cost.empty_seats == 1


def test_shadow_does_not_delay_the_loop():
    zoe = person("zoe", busy=(meeting(MONDAY, 9, minutes=480),))
    asked = problem(
        [block("coding", ["ada"], shadow=["zoe"])],
        [person("ada"), zoe],
        [window(MONDAY, 9, 13), window(TUESDAY, 9, 13)],
    )

    plan = best(asked)

    assert (plan.completes_on, plan.cost.empty_seats) == (MONDAY, 1)


def test_shadow_sits_in_when_only_fair_load_speaks_against_it():
    zoe = person("zoe", recent_load=50)

    plan = best(
        problem([block("coding", ["ada"], shadow=["zoe"])], [person("ada"), zoe], [window(MONDAY, 9, 13)])
    )

    assert seated(plan)["coding", "shadow"] == "zoe"


# ---- windows, gaps, breaks ------------------------------------------------------------------------------


def test_several_windows_on_one_day_are_all_used():
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]
    asked = problem(blocks, [person("ada"), person("ben")], [window(MONDAY, 9, 10), window(MONDAY, 11, 12)])

    plan = best(asked)

    assert [start for _, start in times(plan)] == ["23 09:00", "23 11:00"]


def test_a_block_does_not_run_from_one_window_into_a_later_one():
    windows = [window(MONDAY, 9, 10), window(MONDAY, 11, 12), window(TUESDAY, 9, 11)]

    plan = best(problem([block("coding", ["ada"], minutes=90)], [person("ada")], windows))

    assert times(plan) == [("coding", "24 09:00")]


def test_windows_that_touch_are_one():
    windows = [window(MONDAY, 9, 10), window(MONDAY, 10, 11)]

    plan = best(problem([block("coding", ["ada"], minutes=90)], [person("ada")], windows))

    assert times(plan) == [("coding", "23 09:00")]


def test_blocks_of_odd_length_follow_the_grid_and_the_gap_exactly():
    people = [person("ada"), person("ben")]
    blocks = [block("coding", ["ada"], minutes=50), block("design", ["ben"], minutes=50)]

    plan = best(problem(blocks, people, [window(MONDAY, 9, 11)], Rules(min_gap_minutes=10)))

    assert [start for _, start in times(plan)] == ["23 09:00", "23 10:00"]
    assert plan.cost.idle_minutes == 10


def test_lunch_is_kept_free_on_a_long_day_only():
    blocks = [block("coding", ["ada"], minutes=120), block("design", ["ben"], minutes=120)]
    people = [person("ada"), person("ben")]
    rules = Rules(breaks=(LUNCH,), max_days=1)

    long_day = best(problem(blocks, people, [window(MONDAY, 10, 17)], rules))
    short_day = best(problem(blocks, people, [window(MONDAY, 9, 13)], rules))

    assert long_day.cost.idle_minutes == 0  # both blocks in the afternoon: no lunch is due
    assert [start for _, start in times(long_day)] == ["23 12:00", "23 14:00"]
    assert [start for _, start in times(short_day)] == ["23 09:00", "23 11:00"]


def test_lunch_takes_its_time_between_two_blocks():
    blocks = [block("coding", ["ada"], minutes=120), block("design", ["ben"], minutes=120)]

    plan = best(
        problem(blocks, [person("ada"), person("ben")], [window(MONDAY, 10, 15)], Rules(breaks=(LUNCH,)))
    )

    assert [start for _, start in times(plan)] == ["23 10:00", "23 12:45"]


def test_longest_idle_gap_sends_the_second_block_to_another_day():
    ben = person("ben", busy=(meeting(MONDAY, 9, minutes=300),))
    ada = person("ada", busy=(meeting(MONDAY, 10, minutes=600),))
    asked = problem(
        [block("coding", ["ada"]), block("design", ["ben"])],
        [ada, ben],
        [window(MONDAY, 9, 17), window(TUESDAY, 9, 10)],
        Rules(max_idle_minutes=120),
    )

    assert best(asked).cost.days == 2
    assert best(replace(asked, rules=replace(asked.rules, max_idle_minutes=240))).cost.days == 1


def test_a_loop_may_take_three_days():
    people = [person("ada"), person("ben"), person("cleo")]
    blocks = [block("coding", ["ada"]), block("design", ["ben"]), block("talk", ["cleo"])]
    windows = [window(day, 9, 10) for day in (MONDAY, TUESDAY, WEDNESDAY)]

    assert best(problem(blocks, people, windows, Rules(max_days=3))).cost.days == 3
    assert isinstance(solve(problem(blocks, people, windows, Rules(max_days=2))), Explanation)


def test_nothing_starts_before_the_earliest_moment():
    asked = problem(
        [block("coding", ["ada"])], [person("ada")], [window(MONDAY, 9, 13)], not_before=at(MONDAY, 10, 5)
    )

    assert times(best(asked)) == [("coding", "23 10:15")]


def test_public_holiday_of_the_candidate_and_day_off_of_the_interviewer_are_left_out():
    ada = person("ada", days_off=frozenset({TUESDAY}))
    windows = [window(day, 9, 12) for day in (MONDAY, TUESDAY, WEDNESDAY)]
    asked = problem([block("coding", ["ada"])], [ada], windows, days_off=frozenset({MONDAY}))

    assert best(asked).completes_on == WEDNESDAY


# ---- pinned blocks --------------------------------------------------------------------------------------


def test_pinned_block_stays_as_it_is_and_the_rest_is_put_around_it():
    pinned = Fixed("design", at(MONDAY, 10), (("seat 1", "ben"),), movable=False)
    busy = person("ben", busy=(meeting(MONDAY, 8, minutes=600),))  # the interview itself is in the calendar
    asked = problem(
        [block("coding", ["ada", "ben"]), block("design", ["ada"])],
        [person("ada"), busy],
        [window(MONDAY, 11, 13)],
        fixed=(pinned,),
    )

    plan = best(asked)

    assert times(plan) == [("design", "23 10:00"), ("coding", "23 11:00")]
    assert seated(plan) == {("design", "seat 1"): "ben", ("coding", "seat 1"): "ada"}


def test_who_sits_in_a_pinned_block_does_not_sit_again():
    pinned = Fixed("design", at(MONDAY, 10), (("seat 1", "ada"),), movable=False)
    blocks = [block("coding", ["ada"]), block("design", ["ada"])]

    answer = solve(problem(blocks, [person("ada")], [window(MONDAY, 9, 17)], fixed=(pinned,)))

    assert [reason.code for reason in answer.reasons] == ["empty_pool"]


# ---- further choices ------------------------------------------------------------------------------------


def test_choices_are_the_best_plan_of_each_completion_day():
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]
    windows = [window(day, 9, 12) for day in (MONDAY, TUESDAY, WEDNESDAY)]
    asked = problem(blocks, [person("ada"), person("ben")], windows, Rules(max_days=1))

    plans = the_plans(asked, solve(asked, choices=3))

    assert [plan.completes_on for plan in plans] == [MONDAY, TUESDAY, WEDNESDAY]
    assert {plan.status for plan in plans} == {"optimal"}
    for plan, day in zip(plans, windows, strict=True):
        alone = replace(asked, windows=(day,))
        assert replace(plan.cost, completion=0, total=0) == replace(best(alone).cost, completion=0, total=0)


def test_choices_on_one_day_are_an_hour_apart_in_every_block():
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]
    asked = problem(blocks, [person("ada"), person("ben")], [window(MONDAY, 9, 17)])

    plans = the_plans(asked, solve(asked, choices=3))

    assert len(plans) == 3
    for one, other in ((0, 1), (0, 2), (1, 2)):
        starts = {placed.block: placed.starts_at for placed in plans[one].placements}
        for placed in plans[other].placements:
            assert abs(placed.starts_at - starts[placed.block]) >= timedelta(hours=1)


def test_there_are_no_more_choices_than_there_are():
    asked = problem([block("coding", ["ada"])], [person("ada")], [window(MONDAY, 9, 10)])

    assert len(the_plans(asked, solve(asked, choices=5))) == 1


# ---- size -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("company", [40, 10_000])
def test_size_of_the_company_does_not_change_the_answer(company):
    pool = [f"p{number}" for number in range(10)]
    people = [person(f"p{number}", recent_load=number % 7) for number in range(company)]
    windows = [window(MONDAY + timedelta(days=7 * week), 9, 17) for week in range(50)]
    blocks = [block(key, pool) for key in ("coding", "design", "talk", "lead")]

    plan = best(problem(blocks, people, windows))

    assert plan.completes_on == MONDAY
    assert sorted(seated(plan).values()) == ["p0", "p1", "p7", "p8"]
