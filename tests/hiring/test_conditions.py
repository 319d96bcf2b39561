"""The condition language: what it reads, what it refuses, and its three-valued answers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiring.conditions import (
    MAX_DEPTH,
    MAX_LENGTH,
    Answer,
    Condition,
    ConditionError,
    Fact,
    Number,
    Scale,
    Word,
    YesNo,
    parse,
)

LEVELS = ("none", "some", "solid", "deep")
VOCABULARY = {
    "team.models": Number(),
    "team.prototypes": Number(),
    "team.share": Number("%"),
    "team.shared_platform": YesNo(),
    "team.on_call": YesNo(),
    "classified_as": Word(("ml_engineer", "sre", "unclear")),
    "spoken": Word(),
    "background.kubernetes": Scale(LEVELS),
    "background.retraining": Scale(LEVELS),
}


def ask(text: str, **known: object) -> Answer:
    """The answer for facts given as team__models=3."""
    facts = {path.replace("__", "."): Fact(value) for path, value in known.items()}
    return parse(text, VOCABULARY).answer(facts)


# Reading


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("team.models<3", "team.models < 3"),
        ("(team.models < 3)", "team.models < 3"),
        ("3 > team.models", "3 > team.models"),
        ("team.models < -0.5", "team.models < -0.5"),
        ("team.models == team.prototypes", "team.models == team.prototypes"),
        ("team.shared_platform", "team.shared_platform"),
        ("team.shared_platform == True", "team.shared_platform == true"),
        ("team.shared_platform != false", "team.shared_platform != false"),
        ("classified_as == 'sre'", 'classified_as == "sre"'),
        ("classified_as in ['sre', 'unclear']", 'classified_as in ("sre", "unclear")'),
        ("classified_as not in ('sre')", 'classified_as not in ("sre")'),
        ("not (team.on_call)", "not team.on_call"),
        ("not team.on_call and team.shared_platform", "not team.on_call and team.shared_platform"),
        ("not (team.on_call or team.shared_platform)", "not (team.on_call or team.shared_platform)"),
        (
            "team.on_call or team.shared_platform and team.models > 1",
            "team.on_call or (team.shared_platform and team.models > 1)",
        ),
        ('background.kubernetes\n  >= "solid"\n', 'background.kubernetes >= "solid"'),
    ],
)
def test_parse_spells_a_condition_one_way(text: str, canonical: str) -> None:
    assert parse(text, VOCABULARY).text == canonical


def test_parse_lists_each_named_fact_once_in_order() -> None:
    text = 'team.models > 1 and (spoken == "yes" or team.models < 9) and team.on_call'

    assert parse(text, VOCABULARY).paths == ("team.models", "spoken", "team.on_call")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (
            'background.kubernets < "solid"',
            1,
            "There is no fact background.kubernets. Did you mean background.kubernetes?",
        ),
        (
            "team.on_call and zzz",
            18,
            "There is no fact zzz. Known here: background, classified_as, spoken, team.",
        ),
        (
            'background.kubernetes < "expert"',
            25,
            'background.kubernetes is one of none < some < solid < deep; "expert" is not.',
        ),
        ('classified_as == "srre"', 18, 'classified_as is one of ml_engineer, sre, unclear; "srre" is not.'),
        (
            'classified_as < "sre"',
            1,
            "classified_as is one of ml_engineer, sre, unclear: it can be compared with ==, !=, in, not in.",
        ),
        ("team.on_call > false", 1, "team.on_call is true or false: it can be compared with ==, !=."),
        ('team.models == "3"', 16, 'team.models is a number; "3" is not.'),
        ("team.models == true", 16, "team.models is a number; true is not."),
        ("spoken == 3", 11, "spoken is a word; 3 is not."),
        (
            "team.models < team.share",
            1,
            "team.models is a number and team.share is a number (%): they cannot be compared.",
        ),
        ("team.models", 1, "team.models is not a yes/no fact; compare it with something."),
        ("true", 1, "A value is no condition; compare it with something."),
        ('"sre"', 1, "A value is no condition; compare a fact with it."),
        ("1 < 2", 1, "Name a fact on the left side of the comparison."),
        ("1 < team.models < 3", 1, "Write one comparison at a time and join them with and."),
        ("team.on_call is true", 1, "Write == or != instead of is."),
        ("classified_as in spoken", 18, "List values after in, not facts."),
        ("classified_as in ()", 18, "List at least one value after in."),
        ("team.models == (1, 2)", 16, "A list of values is compared with in."),
        ('spoken == "it\'s"', 11, "Leave quotation marks out of the word itself."),
        ("   ", 1, "Write a condition; this one is empty."),
        ('spoken == "a\\n"', 13, "Leave the backslash out; words need no escapes."),
        (
            'spoken == "ü" and nothing',
            19,
            "There is no fact nothing. Known here: background, classified_as, spoken, team.",
        ),
    ],
)
def test_parse_refuses_with_column_and_expectation(text: str, column: int, message: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse(text, VOCABULARY)

    assert (refused.value.column, refused.value.message) == (column, message)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "team.models.__class__",
        "().__class__",
        "team.models + 1 > 2",
        "-team.models > 2",
        "[1][0] == team.models",
        "team['models'] > 1",
        "(lambda: True)()",
        "spoken == f'{spoken}'",
        "spoken == b'a'",
        "spoken == None",
        "team.models == 1j",
        "team.models < 1e999",
        "team.on_call if team.on_call else team.on_call",
        "[x for x in spoken]",
        "(y := team.on_call)",
        "team.on_call; team.on_call",
        "team.on_call and",
        "team.models = 3",
        "import os",
        "team.on_call\x00",
        "*team.on_call",
        "await team.on_call",
        "~team.on_call",
    ],
)
def test_parse_refuses_everything_else(text: str) -> None:
    with pytest.raises(ConditionError):
        parse(text, VOCABULARY)


@given(st.text(max_size=60))
def test_parse_answers_any_text_with_a_condition_or_a_refusal(text: str) -> None:
    try:
        condition = parse(text, VOCABULARY)
    except ConditionError as refused:
        assert 1 <= refused.column <= len(text) + 1
    else:
        assert isinstance(condition, Condition)


def test_parse_caps_length_and_depth() -> None:
    deepest = "not " * (MAX_DEPTH - 1) + "team.on_call"
    longest = "team.on_call" + " " * (MAX_LENGTH - len("team.on_call"))

    assert parse(deepest, VOCABULARY).answer({"team.on_call": Fact(True)}).holds is False
    assert parse(longest, VOCABULARY).text == "team.on_call"
    for text in ("not " + deepest, longest + " ", "(" * 990 + "team.on_call" + ")" * 990, "not " * 490 + "a"):
        with pytest.raises(ConditionError):
            parse(text, VOCABULARY)


# Answering


@pytest.mark.parametrize(
    ("level", "holds"), [("none", True), ("some", True), ("solid", False), ("deep", False), (None, None)]
)
def test_a_scale_compares_by_its_order_and_not_by_the_alphabet(level: str | None, holds: bool | None) -> None:
    assert ask('background.kubernetes < "solid"', background__kubernetes=level).holds is holds


@pytest.mark.parametrize(("models", "holds"), [(2, True), (3, False), (2.9, True), (Decimal("2.9"), True)])
def test_a_number_compares_by_value(models: object, holds: bool) -> None:
    assert ask("team.models < 3", team__models=models).holds is holds


def test_two_facts_of_one_kind_compare() -> None:
    text = "background.kubernetes > background.retraining"

    assert ask(text, background__kubernetes="deep", background__retraining="some").holds is True
    assert ask(text, background__kubernetes="some", background__retraining="solid").holds is False
    assert ask(text, background__kubernetes="deep").holds is None


def test_a_word_the_playbook_lacks_is_none_of_its_options() -> None:
    assert ask('classified_as in ("sre", "unclear")', classified_as="plumber").holds is False


def test_unknown_is_never_low() -> None:
    """Not assessed is not a low score: neither the fact nor its opposite holds."""
    for text in ('background.kubernetes < "solid"', 'background.kubernetes >= "solid"', "team.models == 0"):
        assert ask(text) == Answer(None, ())
        assert ask(f"not ({text})") == Answer(None, ())


def test_because_of_an_and_names_all_of_it() -> None:
    answer = ask('classified_as == "sre" and team.models < 3', classified_as="sre", team__models=1)

    assert answer == Answer(True, ("classified_as", "team.models"))


def test_because_of_an_or_names_only_what_is_true() -> None:
    text = 'team.on_call or team.models < 3 or background.kubernetes < "solid" or team.shared_platform'

    answer = ask(text, team__on_call=True, team__models=9, team__shared_platform=True)

    assert answer == Answer(True, ("team.on_call", "team.shared_platform"))


def test_because_of_a_not_names_what_made_its_inside_false() -> None:
    text = "not (team.on_call and team.models < 3)"

    assert ask(text, team__on_call=True, team__models=9) == Answer(True, ("team.models",))
    assert ask("not (team.on_call or team.models < 3)", team__on_call=False, team__models=9) == Answer(
        True, ("team.on_call", "team.models")
    )


def test_because_is_empty_unless_it_holds() -> None:
    assert ask("team.on_call", team__on_call=False) == Answer(False, ())
    assert ask("team.on_call and team.models < 3", team__models=1) == Answer(None, ())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("team.models", "3"),
        ("team.models", True),
        ("team.models", float("nan")),
        ("team.models", Decimal("NaN")),
        ("team.on_call", 1),
        ("background.kubernetes", "expert"),
        ("classified_as", 3),
    ],
)
def test_answer_raises_for_a_value_its_kind_cannot_have(path: str, value: object) -> None:
    texts = {
        "team.models": "team.models > 1",
        "team.on_call": "team.on_call",
        "background.kubernetes": 'background.kubernetes < "solid"',
        "classified_as": 'classified_as == "sre"',
    }

    with pytest.raises(ValueError, match=path):
        parse(texts[path], VOCABULARY).answer({path: Fact(value)})


# Laws

_VALUES = {
    "team.models": st.integers(-3, 12),
    "team.prototypes": st.integers(-3, 12),
    "team.share": st.integers(0, 100),
    "team.shared_platform": st.booleans(),
    "team.on_call": st.booleans(),
    "classified_as": st.sampled_from(("ml_engineer", "sre", "unclear")),
    "spoken": st.sampled_from(("yes", "no")),
    "background.kubernetes": st.sampled_from(LEVELS),
    "background.retraining": st.sampled_from(LEVELS),
}


def _comparison(path: str) -> st.SearchStrategy[str]:
    def literal(value: object) -> str:
        return f'"{value}"' if isinstance(value, str) else str(value)

    kind = VOCABULARY[path]
    if isinstance(kind, YesNo):
        return st.sampled_from((path, f"{path} == true", f"{path} != false"))
    signs = ("==", "!=") if isinstance(kind, Word) else ("==", "!=", "<", "<=", ">", ">=")
    single = st.builds(
        lambda sign, value: f"{path} {sign} {literal(value)}", st.sampled_from(signs), _VALUES[path]
    )
    several = st.builds(
        lambda sign, values: f"{path} {sign} ({', '.join(map(literal, values))})",
        st.sampled_from(("in", "not in")),
        st.lists(_VALUES[path], min_size=1, max_size=3),
    )
    return single | several


TEXTS = st.recursive(
    st.sampled_from(sorted(VOCABULARY)).flatmap(_comparison),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.builds(
            lambda word, parts: f" {word} ".join(f"({part})" for part in parts),
            st.sampled_from(("and", "or")),
            st.lists(inner, min_size=2, max_size=3),
        ),
    ),
    max_leaves=8,
)
FACTS = st.fixed_dictionaries(
    {}, optional={path: st.builds(Fact, st.none() | values) for path, values in _VALUES.items()}
)


@given(TEXTS)
def test_law_the_canonical_text_reads_as_the_same_condition(text: str) -> None:
    condition = parse(text, VOCABULARY)

    again = parse(condition.text, VOCABULARY)

    assert again == condition
    assert again.text == condition.text


@given(TEXTS, TEXTS, FACTS)
def test_law_de_morgan(one: str, other: str, facts: dict[str, Fact]) -> None:
    def holds(text: str) -> bool | None:
        return parse(text, VOCABULARY).answer(facts).holds

    assert holds(f"not (({one}) and ({other}))") is holds(f"not ({one}) or not ({other})")
    assert holds(f"not (({one}) or ({other}))") is holds(f"not ({one}) and not ({other})")
    assert holds(f"not (not ({one}))") is holds(one)


@given(TEXTS, TEXTS, FACTS)
def test_law_and_or_are_the_least_and_the_greatest(one: str, other: str, facts: dict[str, Fact]) -> None:
    """Kleene's tables in one line: false < unknown < true, and is the minimum, or the maximum."""
    rank = {False: 0, None: 1, True: 2}

    def of(text: str) -> int:
        return rank[parse(text, VOCABULARY).answer(facts).holds]

    assert of(f"({one}) and ({other})") == min(of(one), of(other))
    assert of(f"({one}) or ({other})") == max(of(one), of(other))
    assert of(f"not ({one})") == 2 - of(one)


@given(TEXTS, FACTS, FACTS)
def test_law_learning_more_never_overturns_an_answer(
    text: str, known: dict[str, Fact], learned: dict[str, Fact]
) -> None:
    condition = parse(text, VOCABULARY)
    before = condition.answer(known).holds
    settled = {path: fact for path, fact in known.items() if fact.value is not None}

    after = condition.answer(learned | settled).holds

    assert before is None or after is before


@given(TEXTS, FACTS)
def test_law_because_alone_is_enough(text: str, facts: dict[str, Fact]) -> None:
    """What is cited as the reason makes the condition hold with nothing else known."""
    condition = parse(text, VOCABULARY)
    answer = condition.answer(facts)

    if answer.holds:
        assert answer.because
        assert condition.answer({path: facts[path] for path in answer.because}) == answer
    else:
        assert answer.because == ()
