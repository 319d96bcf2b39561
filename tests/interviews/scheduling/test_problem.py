from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from interviews.scheduling import (
    Block,
    Break,
    Fixed,
    Interval,
    InvalidProblem,
    Precedence,
    Rules,
    Seat,
    WeeklyHours,
)
from tests.interviews.scheduling.loops import MONDAY, at, block, person, problem, window


@pytest.fixture
def asked():
    return problem(
        [block("coding", ["ada"]), block("design", ["ben"])],
        [person("ada"), person("ben")],
        [window(MONDAY, 9, 12)],
    )


def refusal(build):
    with pytest.raises(InvalidProblem) as refused:
        build()
    text = str(refused.value)
    assert text.endswith(".") and (text[0].isupper() or text[0] == "“")
    return text


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Interval(at(MONDAY, 10), at(MONDAY, 9)), "before it starts"),
        (lambda: Interval(datetime(2026, 11, 23, 9), at(MONDAY, 9)), "no zone"),
        (lambda: WeeklyHours(7, time(9), time(10)), "weekday"),
        (lambda: WeeklyHours(0, time(10), time(9)), "before they open"),
        (lambda: person("ada", zone="Europe/Atlantis"), "no time zone"),
        (lambda: person("ada", zone="../etc/passwd"), "no time zone"),
        (lambda: person("ada", buffer_minutes=-5), "negative buffer"),
        (lambda: person("ada", max_per_week=-1), "negative interview limit"),
        (lambda: person("ada", recent_load=-1), "negative recent load"),
        (lambda: person("ada", weight=9), "weight"),
        (lambda: person(""), "no key"),
        (lambda: block("coding", ["ada"], minutes=0), "1 minute"),
        (lambda: block("coding", ["ada", "ada"]), "twice"),
        (lambda: block("coding", ["a"], ["b"], ["c"], ["d"]), "4 required seats"),
        (
            lambda: Block("coding", "Coding", 60, (Seat("shadow", ("a",), required=False),)),
            "no required seat",
        ),
        (lambda: Block("coding", "Coding", 60, (Seat("lead", ("a",)), Seat("lead", ("b",)))), "twice"),
        (lambda: Break("lunch", 90, time(12), time(13), time(12), time(13)), "does not fit"),
        (lambda: Rules(grid_minutes=7), "grid"),
        (lambda: Rules(max_days=0), "days"),
        (lambda: Rules(min_gap_minutes=-1), "gap"),
        (lambda: Rules(min_gap_minutes=60, max_idle_minutes=30), "gap"),
        (lambda: Rules(max_idle_minutes=100_000), "gap"),
        (lambda: Rules(node_limit=0), "search limit"),
        (lambda: Fixed("coding", at(MONDAY, 9) + timedelta(seconds=1), (), True), "full minute"),
        (lambda: Fixed("coding", datetime(2026, 11, 23, 9), (), True), "time zone"),
    ],
)
def test_a_part_that_cannot_be_meant_is_refused_in_a_sentence(build, says):
    assert says in refusal(build)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"zone": "Mars/Base"}, "no time zone"),
        ({"blocks": ()}, "1 to 6 blocks"),
        ({"blocks": tuple(block(f"b{n}", ["ada"]) for n in range(7))}, "this one has 7"),
        ({"blocks": (block("coding", ["ada"]), block("coding", ["ben"]))}, "twice"),
        ({"people": (person("ada"), person("ada"))}, "twice"),
        ({"people": (person("ada"),)}, "not in the people"),
        ({"windows": ()}, "offered no time"),
        ({"windows": (window(MONDAY, 9, 10), window(date(2028, 1, 3), 9, 10))}, "400 days"),
        ({"not_before": at(MONDAY, 12)}, "All times the candidate offered are over"),
        ({"not_before": datetime(2026, 11, 23, 9)}, "time zone"),
        ({"urgency": 0}, "urgency"),
        ({"rules": Rules(order=(Precedence("coding", "lunch", True),))}, "not in the loop"),
        ({"rules": Rules(order=(Precedence("coding", "coding", True),))}, "before itself"),
        ({"fixed": (Fixed("talk", at(MONDAY, 9), (), True),)}, "not in the loop"),
        ({"fixed": (Fixed("coding", at(MONDAY, 9), (), True),) * 2}, "twice"),
        ({"fixed": (Fixed("coding", at(MONDAY, 9), (("lead", "ada"),), True),)}, "no seat"),
        ({"fixed": (Fixed("coding", at(MONDAY, 9), (("seat 1", "zoe"),), False),)}, "not among the people"),
    ],
)
def test_a_question_that_contradicts_itself_is_refused_in_a_sentence(asked, changes, says):
    assert says in refusal(lambda: replace(asked, **changes))


def test_a_confirmed_person_who_left_may_be_named_when_the_block_can_move(asked):
    gone = Fixed("coding", at(MONDAY, 9), (("seat 1", "zoe"),), movable=True)

    assert replace(asked, fixed=(gone,)).fixed == (gone,)
