"""What is true of every verb: it takes what its rule takes, and refusals are told by codes there are."""

import inspect
import pathlib
import re

import pytest

from accounts.api import Input
from config.api import NOUNS, STATUS_OF_CODE

ROOT = pathlib.Path(__file__).parent.parent.parent
VERBS = [
    (name, verb)
    for name, noun in NOUNS.items()
    for verb in [getattr(noun, "create", None), *noun.get_extra_actions()]
    if verb
]


def test_the_verbs_are_these():
    assert sorted(f"{name} {verb.__name__}" for name, verb in VERBS) == [
        "applications create",
        "applications describe",
        "applications expect_pay",
        "applications reject",
        "applications screen",
        "applications withdraw",
        "calendars create",
        "calendars disconnect",
        "calendars read_now",
        "candidates create",
        "candidates edit",
        "debriefs decide",
        "debriefs vote",
        "feeds close",
        "feeds create",
        "flags answer",
        "interviewers block_time",
        "interviewers create",
        "interviewers pause",
        "interviewers qualify",
        "interviewers resume",
        "interviewers set_country",
        "interviewers set_hours",
        "interviewers set_limits",
        "interviewers unblock_time",
        "interviews no_show",
        "loops cancel",
        "loops create",
        "loops offer_windows",
        "loops open_debrief",
        "loops override_limit",
        "loops propose",
        "loops withdraw_override",
        "offers accept",
        "offers approve",
        "offers cancel",
        "offers create",
        "offers decline",
        "offers send",
        "openings approve",
        "openings assign",
        "openings clear_slack",
        "openings close",
        "openings create",
        "openings leave",
        "openings plan_transition",
        "openings reassess",
        "openings set_pay",
        "openings set_slack",
        "openings test_slack",
        "openings use_channel",
        "outcomes create",
        "people change_kind",
        "people choose_notifications",
        "people create",
        "people deactivate",
        "people grant",
        "people move_zone",
        "people reactivate",
        "people revoke",
        "playbooks create",
        "proposals confirm",
        "scorecards amend",
        "scorecards save",
        "scorecards submit",
        "seats accept",
        "seats decline",
        "seats open_card",
        "seats suggest",
        "seats waive_card",
        "transition-plans agree",
        "transition-plans end",
        "transition-plans finish",
    ]


@pytest.mark.parametrize(("name", "verb"), VERBS, ids=[f"{name} {verb.__name__}" for name, verb in VERBS])
def test_input_is_exactly_what_the_rule_takes(name, verb):
    taken = dict(inspect.signature(verb.rule).parameters)
    del taken["by"], taken["at"]
    if verb.__name__ != "create":
        del taken[next(iter(taken))]  # the row itself

    fields = (verb.takes or Input)().fields

    assert {key: field.required for key, field in fields.items()} == {
        key: parameter.default is inspect.Parameter.empty for key, parameter in taken.items()
    }


def test_the_table_of_refusals_names_only_codes_that_rules_use():
    rules = [
        path
        for room in ("accounts", "hiring", "candidates", "interviews")
        for path in (ROOT / room).rglob("*.py")
    ]
    text = "\n".join(path.read_text() for path in [*rules, ROOT / "journal" / "errors.py"])
    used = {*re.findall(r'code="(\w+)"', text), *re.findall(r'(?:_stop\(|PayNote\()\s*"(\w+)"', text)}

    assert set(STATUS_OF_CODE) - used == set()
