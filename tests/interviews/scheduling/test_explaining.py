from datetime import time, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from interviews.scheduling import Explanation, Interval, Precedence, Rules, check, explain, solve
from tests.interviews.scheduling.instances import random_problem
from tests.interviews.scheduling.loops import (
    LUNCH,
    MONDAY,
    TUESDAY,
    at,
    block,
    meeting,
    person,
    problem,
    weekdays,
    window,
)


def explained(asked):
    """The explanation; every fix in it must hold in the eyes of the checker."""
    answer = solve(asked)
    assert isinstance(answer, Explanation)
    assert answer == explain(asked)
    for fix in answer.fixes:
        assert check(fix.problem, fix.plan) == ()
    return answer


def codes(answer):
    return [reason.code for reason in answer.reasons]


def fixes(answer, code):
    return [fix for fix in answer.fixes if fix.code == code]


# ---- reasons --------------------------------------------------------------------------------------------


def test_possible_loop_needs_no_explanation():
    asked = problem([block("coding", ["ada"])], [person("ada")], [window(MONDAY, 9, 12)])

    assert explain(asked) == Explanation((), ())


def test_all_windows_on_days_off():
    asked = problem(
        [block("coding", ["ada"])], [person("ada")], [window(MONDAY, 9, 12)], days_off=frozenset({MONDAY})
    )

    assert codes(explained(asked)) == ["no_time"]


def test_window_shorter_than_the_block():
    asked = problem([block("coding", ["ada"], minutes=90)], [person("ada")], [window(MONDAY, 9, 10)])

    (reason,) = explained(asked).reasons

    assert (reason.code, reason.block) == ("window_too_short", "coding")
    assert (
        reason.text == "“Coding” lasts 90 minutes, but no window of the candidate is longer than 60 minutes."
    )


def test_empty_pool():
    (reason,) = explained(problem([block("coding", [])], [person("ada")], [window(MONDAY, 9, 10)])).reasons

    assert (reason.code, reason.block) == ("empty_pool", "coding")


def test_pool_too_small():
    blocks = [block("coding", ["ada", "ben"]), block("design", ["ada", "ben"]), block("talk", ["ada", "ben"])]

    (reason,) = explained(problem(blocks, [person("ada"), person("ben")], [window(MONDAY, 9, 17)])).reasons

    assert reason.code == "pool_too_small"
    assert reason.text == (
        "“Coding”, “Design” and “Talk” need 3 different people, but only 2 are qualified: Ada and Ben."
    )


def test_same_person_in_two_blocks():
    blocks = [block("coding", ["ada"]), block("design", ["ada"])]

    (reason,) = explained(problem(blocks, [person("ada")], [window(MONDAY, 9, 17)])).reasons

    assert (reason.code, reason.person) == ("person_twice", "ada")


def test_no_shared_hours_between_zones():
    far = person("ada", zone="Pacific/Auckland")

    answer = explained(problem([block("coding", ["ada"])], [far], [window(MONDAY, 9, 12)]))

    assert [(reason.code, reason.person) for reason in answer.reasons] == [("no_shared_hours", "ada")]
    (fix,) = fixes(answer, "hours") or [None]
    assert fix is None  # 9 to 12 in Berlin is after 21:00 in Auckland, beyond any long day
    assert [fix.changes[0].block for fix in fixes(answer, "one_more_person")] == ["coding"]


def test_named_person_is_busy_and_the_one_meeting_in_the_way_is_named():
    dora = person("dora", busy=(meeting(TUESDAY, 14), meeting(TUESDAY, 9, minutes=240)))

    answer = explained(problem([block("talk", ["dora"])], [dora], [window(TUESDAY, 14, 15)]))

    assert [(reason.code, reason.person) for reason in answer.reasons] == [("busy", "dora")]
    (fix,) = fixes(answer, "meeting")
    assert fix.text == (
        "A plan is possible if the meeting of Dora on Tuesday 24 November at 14:00 (Europe/Berlin) moved."
    )
    assert fix.changes[0].interval == meeting(TUESDAY, 14)


def test_limits_are_reached():
    full = person("ada", booked=(meeting(MONDAY, 15),), max_per_day=1)

    answer = explained(problem([block("coding", ["ada"])], [full], [window(MONDAY, 9, 12)]))

    assert [(reason.code, reason.person) for reason in answer.reasons] == [("limits", "ada")]
    assert [fix.text for fix in fixes(answer, "limits")] == [
        "A plan is possible if Ada may hold one more interview than the limits allow."
    ]


def test_panel_is_never_free_together():
    ada, ben = (
        person("ada", hours=weekdays(time(9), time(11))),
        person("ben", hours=weekdays(time(11), time(13))),
    )

    answer = explained(problem([block("panel", ["ada"], ["ben"])], [ada, ben], [window(MONDAY, 9, 13)]))

    assert [(reason.code, reason.block) for reason in answer.reasons] == [("panel", "panel")]
    assert [fix.changes[0].person for fix in fixes(answer, "hours")] == ["ada", "ben"]


# ---- fixes ----------------------------------------------------------------------------------------------


def two_blocks(**rules):
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]
    return problem(
        blocks,
        [person("ada"), person("ben")],
        [window(MONDAY, 9, 10), window(TUESDAY, 9, 10)],
        Rules(**rules),
    )


def test_one_day_more():
    answer = explained(two_blocks(max_days=1))

    assert codes(answer) == ["together"]
    (fix,) = fixes(answer, "more_days")
    assert fix.text == "A plan is possible if the loop may take two days."
    assert fix.plan.cost.days == 2


def test_more_time_of_the_candidate_is_asked_for_no_longer_than_needed():
    fix = fixes(explained(two_blocks(max_days=1)), "candidate_time")[0]

    assert (
        fix.text
        == "A plan is possible if the candidate could come on Monday 23 November at 09:00 until 11:00."
    )


def test_longer_wait_is_as_long_as_needed():
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]
    windows = [window(MONDAY, 9, 10), window(MONDAY, 14, 15)]

    answer = explained(problem(blocks, [person("ada"), person("ben")], windows, Rules(max_days=1)))

    assert [fix.text for fix in fixes(answer, "longer_gap")] == [
        "A plan is possible if the candidate may wait 240 minutes between two blocks."
    ]


def test_break_order_and_gap_that_stand_in_the_way_are_named():
    people = [person("ada"), person("ben", hours=weekdays(time(9), time(12)))]
    blocks = [block("coding", ["ada"], minutes=120), block("design", ["ben"], minutes=120)]

    def why_not(opens, closes, **rules):
        asked = problem(blocks, people, [window(MONDAY, opens, closes)], Rules(**rules))
        return {fix.code: fix.changes[0].text for fix in explained(asked).fixes}

    first = Precedence("coding", "design", hard=True)
    assert why_not(10, 14, breaks=(LUNCH,))["skip_break"] == "the break “lunch” were left out"
    assert why_not(9, 14, order=(first,))["order"] == "“Coding” did not have to come before “Design”"
    assert why_not(10, 14, min_gap_minutes=15)["shorter_gap"] == "blocks may follow each other without a gap"


def test_pair_is_proposed_only_when_no_single_change_helps():
    all_month = Interval(at(MONDAY, 0), at(MONDAY + timedelta(days=30), 0))
    people = [person("ada", busy=(all_month,)), person("ben", busy=(all_month,))]
    blocks = [block("coding", ["ada"]), block("design", ["ben"])]

    both = explained(problem(blocks, people, [window(MONDAY, 9, 11)]))
    only_ada = explained(problem(blocks, [people[0], person("ben")], [window(MONDAY, 9, 11)]))

    assert codes(both) == ["busy", "busy"]
    assert [[change.person for change in fix.changes] for fix in both.fixes] == [["ada", "ben"]]
    assert [len(fix.changes) for fix in only_ada.fixes] == [1] * len(only_ada.fixes) != []


def test_three_changes_are_proposed_when_two_are_not_enough():
    all_month = Interval(at(MONDAY, 0), at(MONDAY + timedelta(days=30), 0))
    people = [person(key, busy=(all_month,)) for key in ("ada", "ben", "cleo")]
    blocks = [block("coding", ["ada"]), block("design", ["ben"]), block("talk", ["cleo"])]

    (fix,) = explained(problem(blocks, people, [window(MONDAY, 9, 12)])).fixes

    assert fix.code == "several"
    assert len(fix.changes) == 3


@given(seed=st.integers(0, 1 << 40))
@settings(max_examples=8, deadline=None, derandomize=True, database=None)
def test_every_fix_is_proven_and_every_impossible_loop_has_a_reason(seed):
    asked = random_problem(Random(seed), blocks=3)

    answer = explain(asked)

    if isinstance(solve(asked, choices=1), Explanation):
        assert answer.reasons
    else:
        assert answer == Explanation((), ())
    for fix in answer.fixes:
        assert check(fix.problem, fix.plan) == ()
        assert check(asked, fix.plan) != ()
