"""Playbook files: what reads, what is refused and where, and what is stored."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

from hiring import blueprint, conditions
from hiring.blueprint import Blueprint, BlueprintError, canonical, digest, from_canonical, read
from hiring.conditions import Number, Scale, Word, YesNo

ROOT = Path(__file__).resolve().parents[2]
MLOPS = ROOT / "hiring/library/mlops_engineer.yaml"
DESIGNER = ROOT / "tests/playbooks/staff_designer.yaml"
TEXT = DESIGNER.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def mlops() -> Blueprint:
    """The shipped playbook."""
    return read(MLOPS.read_text(encoding="utf-8"), name=MLOPS.name)


@pytest.fixture(scope="module")
def designer() -> Blueprint:
    """A playbook of quite another role."""
    return read(TEXT, name=DESIGNER.name)


def problems(text: str) -> list[str]:
    """What is wrong with a playbook text, one line each."""
    with pytest.raises(BlueprintError) as refused:
        read(text, name="p.yaml")
    return str(refused.value).splitlines()


def place(text: str, needle: str) -> str:
    """line:column of the one place where the needle stands."""
    assert text.count(needle) == 1, f"{needle!r} stands there {text.count(needle)} times"
    before = text[: text.index(needle)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


# The shipped playbook


def test_the_shipped_loop_is_four_blocks_of_285_minutes(mlops: Blueprint) -> None:
    assert [(block.key, block.minutes) for block in mlops.blocks] == [
        ("platform_coding", 60),
        ("ml_system_design", 75),
        ("project_deep_dive", 90),
        ("partnership", 60),
    ]
    assert [
        (part.key, part.minutes, part.incident) for part in mlops.block("project_deep_dive").segments
    ] == [
        ("project", 60, False),
        ("incident", 30, True),
    ]


def test_a_block_without_segments_is_one_segment_of_its_own(mlops: Blueprint) -> None:
    only = mlops.block("ml_system_design").segments

    assert [(part.key, part.title, part.minutes, part.incident) for part in only] == [
        ("ml_system_design", "ML system design for operation", 75, False)
    ]


def test_the_shipped_seats(mlops: Blueprint) -> None:
    seats = {block.key: [(seat.role, seat.optional) for seat in block.seats] for block in mlops.blocks}

    led = [("lead", False), ("shadow", True)]
    assert seats == {
        "platform_coding": led,
        "ml_system_design": led,
        "project_deep_dive": led,
        "partnership": [("hiring_manager", False), ("peer", False)],
    }


def test_the_shipped_signals_all_have_three_anchors(mlops: Blueprint) -> None:
    counts = {block.key: len(block.signals) for block in mlops.blocks}

    assert counts == {
        "platform_coding": 4,
        "ml_system_design": 4,
        "project_deep_dive": 5,
        "partnership": 4,
    }
    for block in mlops.blocks:
        for signal in block.signals:
            anchors = {signal.strong, signal.middle, signal.weak}
            assert len(anchors) == 3
            assert all(len(anchor) > 20 for anchor in anchors)
    incident = [
        signal.key for signal in mlops.block("project_deep_dive").signals if signal.segment == "incident"
    ]
    assert incident == ["incident_detection", "incident_response", "incident_outcome"]


def test_the_shipped_channels_keep_rank_share_and_advice_apart(mlops: Blueprint) -> None:
    by_rank = [(item.rank, item.key, item.share_percent, item.days_to_fill) for item in mlops.channels.items]

    assert by_rank == [
        (1, "mlops_community", 26, (45, 75)),
        (2, "platform_communities", 32, (60, 90)),
        (3, "verified_skill_platforms", 16, (45, 60)),
        (4, "specialised_agencies", 11, (45, 60)),
        (5, "hacker_news", 5, None),
        (6, "linkedin_recruiter", 8, (60, 90)),
        (7, "conferences", 2, None),
    ]
    assert mlops.channels.if_only_one.channel == "platform_communities"
    assert len(mlops.channels.avoid) == 3


def test_the_shipped_pay_figures(mlops: Blueprint) -> None:
    pay = mlops.pay

    assert (pay.currency, pay.role_band, pay.negotiation_percent) == ("USD", "senior_mlops", (10, 15))
    assert [(band.key, band.low, band.median, band.high) for band in pay.bands] == [
        ("senior_mlops", 310_000, 340_000, 380_000),
        ("frontier_lab_mlops", 450_000, None, 650_000),
        ("senior_data_engineer", 360_000, None, 450_000),
    ]
    assert pay.anchors == ("senior_data_engineer", "senior_platform_engineer")
    assert pay.not_anchors == ("senior_ml_engineer",)


def test_the_shipped_benchmarks_and_patterns(mlops: Blueprint) -> None:
    assert [(item.key, item.value, item.unit, item.n) for item in mlops.benchmarks] == [
        ("days_to_fill", 75, "days", 19),
        ("days_to_fill_data_engineer", 65, "days", None),
        ("interviewing_within_30_days", 78, "%", 14200),
        ("graded_ray_or_mlflow", 22, "%", 14200),
    ]
    assert [(pattern.key, [case.about for case in pattern.raised_on]) for pattern in mlops.patterns] == [
        ("mle_without_platform", ["candidate"]),
        ("sre_without_production_ml", ["candidate"]),
        ("incident_part_not_run", ["loop", "loop", "loop", "loop"]),
        ("too_few_models", ["opening"]),
        ("pay_on_mle_band", ["opening", "candidate", "offer"]),
        ("no_specific_incident", ["candidate"]),
        ("weak_partnership", ["candidate"]),
    ]
    assert mlops.outcomes.checkpoints_days == (30, 90, 180, 365)
    assert [claim.key for claim in mlops.claims if claim.about_block] == ["deep_dive_predicts_most"]


def raised(playbook: Blueprint, facts: dict[str, object]) -> list[tuple[str, int]]:
    """(pattern, position of the case) of every case that holds."""
    known = {path: conditions.Fact(value) for path, value in facts.items()}
    words = blueprint.vocabulary(playbook)
    return [
        (pattern.key, position)
        for pattern in playbook.patterns
        for position, case in enumerate(pattern.raised_on)
        if conditions.parse(case.when, words).answer(known).holds
    ]


INCIDENT = "segment.project_deep_dive.incident"
RAN = {
    f"{INCIDENT}.skipped": False,
    f"{INCIDENT}.ran_percent": 100,
    f"{INCIDENT}.stories": 2,
    f"{INCIDENT}.complete_stories": 1,
    f"{INCIDENT}.rated": 3,
}
NO_PLATFORM = {
    "classified_as": "ml_engineer",
    "background.kubernetes": "some",
    "background.distributed_systems": "none",
    "background.reliability": "some",
}
NO_ML = {
    "classified_as": "sre",
    "background.drift_monitoring": "none",
    "background.retraining": "some",
}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        (NO_PLATFORM, [("mle_without_platform", 0)]),
        (NO_PLATFORM | {"background.reliability": "solid"}, []),
        (NO_PLATFORM | {"background.kubernetes": None}, []),
        (NO_PLATFORM | {"classified_as": "unclear"}, []),
        (NO_ML, [("sre_without_production_ml", 0)]),
        (NO_ML | {"background.retraining": "solid"}, []),
        (NO_ML | {"background.drift_monitoring": None}, []),
        (RAN, []),
        (
            {f"{INCIDENT}.skipped": True, f"{INCIDENT}.ran_percent": 0}
            | {f"{INCIDENT}.{name}": 0 for name in ("stories", "complete_stories", "rated")},
            [("incident_part_not_run", 0)],
        ),
        (RAN | {f"{INCIDENT}.ran_percent": 100 * 19 / 30}, [("incident_part_not_run", 1)]),
        (RAN | {f"{INCIDENT}.ran_percent": 100 * 20 / 30}, []),
        (
            RAN | {f"{INCIDENT}.stories": 0, f"{INCIDENT}.complete_stories": 0},
            [("incident_part_not_run", 2), ("no_specific_incident", 0)],
        ),
        (
            RAN
            | {f"{INCIDENT}.stories": 0, f"{INCIDENT}.complete_stories": 0, f"{INCIDENT}.ran_percent": 10},
            [("incident_part_not_run", 1), ("incident_part_not_run", 2)],
        ),
        (RAN | {f"{INCIDENT}.rated": 0}, [("incident_part_not_run", 3)]),
        (RAN | {f"{INCIDENT}.complete_stories": 0}, [("no_specific_incident", 0)]),
        (
            RAN | {f"{INCIDENT}.complete_stories": 0, f"{INCIDENT}.ran_percent": 10},
            [("incident_part_not_run", 1), ("no_specific_incident", 0)],
        ),
        ({f"{INCIDENT}.complete_stories": 0, f"{INCIDENT}.stories": 0}, []),
        ({"team.models_in_production": 2}, [("too_few_models", 0)]),
        ({"team.models_in_production": 3}, []),
        ({"opening.pay_anchor": "senior_ml_engineer"}, [("pay_on_mle_band", 0)]),
        ({"expectation.pay_anchor": "senior_ml_engineer"}, [("pay_on_mle_band", 1)]),
        ({"offer.pay_anchor": "senior_ml_engineer"}, [("pay_on_mle_band", 2)]),
        ({"offer.pay_anchor": "senior_data_engineer"}, []),
        ({"block.partnership.weak": 3, "block.partnership.strong": 2}, [("weak_partnership", 0)]),
        ({"block.partnership.weak": 3, "block.partnership.strong": 3}, []),
        ({"block.partnership.weak": 1, "block.partnership.strong": 0}, []),
    ],
)
def test_the_shipped_patterns_are_raised_when_and_only_when(
    mlops: Blueprint, facts: dict[str, object], expected: list[tuple[str, int]]
) -> None:
    assert raised(mlops, facts) == expected


# Looking things up


def test_look_ups_by_key(mlops: Blueprint, designer: Blueprint) -> None:
    assert mlops.block("partnership").minutes == 60
    assert mlops.area("kubernetes").label == "Kubernetes"
    assert mlops.channel("conferences").rank == 7
    assert mlops.pattern("too_few_models").source == "mlops_guide_2026"
    assert mlops.source("mlops_guide_2026").n == 19
    for look_up in (designer.block, designer.area, designer.channel, designer.pattern, designer.source):
        with pytest.raises(KeyError, match="platform_coding"):
            look_up("platform_coding")


def test_a_blueprint_cannot_be_changed(designer: Blueprint) -> None:
    with pytest.raises(pydantic.ValidationError):
        designer.title = "Other"
    assert hash(designer) == hash(read(TEXT, name="other.yaml"))


def test_vocabulary_is_the_playbooks_own(designer: Blueprint) -> None:
    words = blueprint.vocabulary(designer)

    anchors = Word(("design_manager", "senior_designer", "agency_designer"))
    ratings = ("assessed", "strong", "mixed", "weak")
    expected: dict[str, conditions.Kind] = {
        "team.designers": Number(),
        "team.research_share": Number("%"),
        "team.has_design_system": YesNo(),
        "team.needs_people_lead": YesNo(),
        "readiness.verdict": Word(("hire", "neighbour", "not_yet")),
        "classified_as": Word(("design_manager", "user_researcher", "staff_designer", "unclear")),
        "opening.pay_anchor": anchors,
        "expectation.pay_anchor": anchors,
        "offer.pay_anchor": anchors,
    }
    for area in ("interaction", "research", "systems", "leading_people"):
        expected[f"background.{area}"] = Scale(("none", "some", "solid", "deep"))
        expected[f"graded.{area}"] = YesNo()
    for rated in (
        "block.portfolio",
        "signal.portfolio.impact",
        "signal.portfolio.reasoning",
        "block.critique",
        "signal.critique.questions_first",
        "signal.critique.candour",
        "block.direction",
        "signal.direction.view",
    ):
        expected |= {f"{rated}.{rating}": Number() for rating in ratings}
    for part in ("portfolio.portfolio", "critique.our_draft", "critique.gone_wrong", "direction.direction"):
        expected[f"segment.{part}.skipped"] = YesNo()
        expected[f"segment.{part}.ran_percent"] = Number("%")
        expected[f"segment.{part}.rated"] = Number()
    expected["segment.critique.gone_wrong.stories"] = Number()
    expected["segment.critique.gone_wrong.complete_stories"] = Number()
    assert words == expected


def test_readiness_and_classification_have_vocabularies_of_their_own(designer: Blueprint) -> None:
    everything = blueprint.vocabulary(designer)

    assert blueprint.team_vocabulary(designer.readiness) == {
        path: kind for path, kind in everything.items() if path.startswith("team.")
    }
    assert blueprint.background_vocabulary(designer) == {
        path: kind for path, kind in everything.items() if path.startswith(("background.", "graded."))
    }


# Storing


@pytest.mark.parametrize("file", [MLOPS, DESIGNER], ids=lambda file: file.stem)
def test_the_canonical_content_survives_storage(file: Path) -> None:
    playbook = read(file.read_text(encoding="utf-8"), name=file.name)

    stored = json.loads(json.dumps(canonical(playbook)))

    assert from_canonical(stored) == playbook
    assert canonical(from_canonical(stored)) == stored
    assert digest(from_canonical(stored)) == digest(playbook)


def test_the_digest_ignores_layout_and_comments() -> None:
    lines = [f"{line}   # a comment" if line.endswith(":") else line for line in TEXT.splitlines()]
    other = "\n\n# before\n" + "\r\n".join(lines) + "\n\n\n"
    other = other.replace("team.designers >= 4", "( team.designers>=4 )")
    other = other.replace("key: design_manager\n", 'key:   "design_manager"\n')
    assert other != TEXT

    assert digest(read(other, name="other.yaml")) == digest(read(TEXT, name="p.yaml"))


def test_the_digest_notices_content(designer: Blueprint) -> None:
    other = TEXT.replace("team.designers >= 4", "team.designers >= 5")

    assert digest(read(other, name="p.yaml")) != digest(designer)
    assert len(digest(designer)) == 64


def test_stored_content_that_is_no_playbook_is_refused(designer: Blueprint) -> None:
    content = copy.deepcopy(canonical(designer))
    content["blocks"][0]["minutes"] = "45"

    with pytest.raises(BlueprintError) as refused:
        from_canonical(content)

    assert [problem.key for problem in refused.value.problems] == ["blocks.0.minutes"]


# Problems: where, which key, what is expected


@pytest.mark.parametrize(
    ("old", "new", "at", "expected"),
    [
        pytest.param(
            "minutes: 30\n",
            "minutes: 12:30\n",
            "12:30",
            "blocks.direction.minutes: YAML does not read 12:30 as it is written. If it is a text, put it in "
            'quotes: "12:30"; otherwise write a plain number.',
            id="sexagesimal",
        ),
        pytest.param(
            "title: Staff product designer",
            "title: no",
            "no\n",
            'title: Write a text. YAML reads no as true or false; put it in quotes: "no".',
            id="no_is_false",
        ),
        pytest.param(
            'published: "2026"',
            "published: 2026",
            "2026\n    sample: Our",
            "sources.own_experience.published: Write a text. YAML reads 2026 as a number; put it in "
            'quotes: "2026".',
            id="number_for_text",
        ),
        pytest.param(
            "published: March 2026",
            "published: 2026-03-01",
            "2026-03-01",
            "sources.design_survey.published: YAML reads 2026-03-01 as a date; put it in quotes: "
            '"2026-03-01".',
            id="date",
        ),
        pytest.param(
            "title: Portfolio review\n    minutes: 45",
            "title: Portfolio review\n    minutes: 045",
            "045",
            "blocks.portfolio.minutes: YAML does not read 045 as it is written. If it is a text, put it in "
            'quotes: "045"; otherwise write a plain number.',
            id="octal",
        ),
        pytest.param(
            "title: Portfolio review\n    minutes: 45",
            'title: Portfolio review\n    minutes: "45"',
            '"45"',
            "blocks.portfolio.minutes: Write a whole number, without quotes.",
            id="text_for_number",
        ),
        pytest.param(
            "share_percent: 41.5",
            "share_percent: many",
            "many\n      strengths: Works",
            "channels.items.referrals.share_percent: Write a number, without quotes.",
            id="text_for_amount",
        ),
        pytest.param(
            "summary: Leads the design of one product area and raises the standard of the designers "
            "around it.",
            "summary:",
            "\n\nsources",
            "summary: Write a text. Nothing is written here.",
            id="empty",
        ),
        pytest.param(
            "    goal: Would they take the area somewhere?\n",
            "",
            "key: direction\n",
            "blocks.direction.goal: Add this; it is required.",
            id="missing",
        ),
        pytest.param(
            "key: research_blind",
            "key: Research-blind",
            "Research-blind",
            "patterns.Research-blind.key: Write a key: small letters, digits and underscores, starting "
            "with a "
            "letter.",
            id="no_slug",
        ),
        pytest.param(
            "kind: share",
            "kind: percent",
            "percent}",
            "readiness.facts.research_share.kind: Write 'count', 'share' or 'yes_no'.",
            id="no_such_word",
        ),
        pytest.param(
            "currency: EUR",
            "currency: Euro",
            "Euro\n",
            "pay.currency: Write a currency as three capital letters, such as EUR.",
            id="currency",
        ),
        pytest.param(
            "key: view\n",
            "key: view\n        key: view\n",
            "key: view\n        title",
            "blocks.direction.signals.view.key: This key is already given on line {line_before}.",
            id="duplicate_key",
        ),
        pytest.param(
            "key: systems,",
            "key: research,",
            "research, label: Design systems",
            "areas.research.key: The key research is already used in this list; give each its own.",
            id="key_used_twice",
        ),
        pytest.param(
            "key: systems,",
            "key: class,",
            "class,",
            "areas.class.key: The word class is part of the condition language; choose another key.",
            id="reserved_word",
        ),
        pytest.param(
            "minutes: 50",
            "minutes: 55",
            "55",
            "blocks.critique.minutes: The segments add up to 50 minutes and the block has 55; make them "
            "equal.",
            id="minutes_do_not_add_up",
        ),
        pytest.param(
            "when: team.designers >= 4",
            "when: team.designer >= 4",
            "team.designer >=",
            "readiness.rules.enough_designers.when: There is no fact team.designer. Did you mean "
            "team.designers? "
            "(character 1)",
            id="unknown_fact",
        ),
        pytest.param(
            "when: team.designers >= 4",
            "when: 'team.designers >= four'",
            "four",
            "readiness.rules.enough_designers.when: There is no fact four. Known here: team. (character 19)",
            id="unknown_fact_in_a_quoted_condition",
        ),
        pytest.param(
            'background.leading_people >= "solid"',
            'background.leading_people >= "solide"',
            '"solide"',
            "neighbours.design_manager.when: background.leading_people is one of none < some < solid < deep; "
            '"solide" is not. (character 30)',
            id="word_not_on_the_scale",
        ),
        pytest.param(
            "when: team.research_share < 20",
            "when: team.research_share < 20 and offer.pay_anchor == 'design_manager'",
            "offer.pay_anchor",
            "patterns.research_blind.raised_on.1.when: There is no fact offer.pay_anchor. Known here: "
            "opening, "
            "readiness, team. (character 30)",
            id="about_the_opening_means_before_any_offer",
        ),
        pytest.param(
            "  neighbour: design_manager",
            "  neighbour: design_director",
            "design_director",
            "readiness.neighbour: There is no neighbour design_director in this playbook; use one of "
            "design_manager, user_researcher.",
            id="reference",
        ),
        pytest.param(
            "about_block: critique",
            "about_block: critiques",
            "critiques,",
            "claims.critique_predicts.about_block: There is no block critiques in this playbook; use one of "
            "portfolio, critique, direction.",
            id="reference_to_a_block",
        ),
        pytest.param(
            "segment: our_draft}",
            "segment: drafts}",
            "drafts}",
            "blocks.critique.prompts.draft.segment: There is no segment drafts in this playbook; use one of "
            "our_draft, gone_wrong.",
            id="reference_to_a_segment",
        ),
        pytest.param(
            "median: 101000",
            "median: 91000",
            "key: staff_designer\n      title",
            "pay.bands.staff_designer: A band goes up from low over median to high.",
            id="median_below_low",
        ),
        pytest.param(
            "negotiation_percent: [5, 8]",
            "negotiation_percent: [8, 5]",
            "[8, 5]",
            "pay.negotiation_percent: Write the lower number first: [5, 8].",
            id="from_above_to",
        ),
        pytest.param(
            "min_cash_percent: 90",
            "min_cash_percent: 190",
            "190",
            "pay.min_cash_percent: Write 100 or less.",
            id="share_over_100",
        ),
        pytest.param(
            "        weak: Everything is important.\n",
            "",
            "key: view",
            "blocks.direction.signals.view.weak: Add this; it is required.",
            id="no_weak_anchor",
        ),
        pytest.param(
            "{key: shadow, role: shadow, optional: true}",
            "{key: shadow, role: shadow}",
            "{key: shadow",
            "blocks.critique.seats.shadow: A seat for an interviewer in training needs optional: true; "
            "nobody "
            "waits for it.",
            id="shadow_required",
        ),
        pytest.param(
            "{before: critique, after: direction, hard: false}",
            "{before: critique, after: portfolio, hard: false}",
            "{before: critique",
            "loop.order.2: critique cannot come before portfolio: the order of the others says otherwise.",
            id="order_in_a_circle",
        ),
        pytest.param(
            "[senior_designer, agency_designer]",
            "[senior_designer, design_manager]",
            "design_manager]\n  cash",
            "pay.not_anchors.2: design_manager is also under anchors; a role is one or the other.",
            id="anchor_and_not",
        ),
        pytest.param(
            "checkpoints_days: [60, 180]",
            "checkpoints_days: [180, 60]",
            "[180, 60]",
            "outcomes.checkpoints_days: List the days once each, earliest first.",
            id="checkpoints_out_of_order",
        ),
        pytest.param(
            "did not take place.",
            "took {minutes} minutes.",
            "The conversation about",
            "patterns.harsh_critic.raised_on.2.say: Write the sentence as people read it, without braces; "
            "nothing is filled in.",
            id="placeholder",
        ),
        pytest.param(
            "format: 1",
            "format: 2",
            "2\nkey",
            "format: Write 1.",
            id="other_format",
        ),
        pytest.param(
            "checkpoints_days: [60, 180]",
            "checkpoints_days: []",
            "[]",
            "outcomes.checkpoints_days: List at least 1; there are 0.",
            id="empty_list",
        ),
        pytest.param(
            "days_to_fill: [30, 60]",
            "days_to_fill: [30]",
            "[30]",
            "channels.items.referrals.days_to_fill.2: Add this; it is required.",
            id="half_a_range",
        ),
        pytest.param(
            "rank: 2",
            "rank: 1",
            "1\n      best_for: A first",
            "channels.items.portfolio_sites.rank: Two channels have rank 1; rank them 1, 2, 3 and so on.",
            id="rank_twice",
        ),
    ],
)
def test_a_broken_playbook_says_where_and_what(old: str, new: str, at: str, expected: str) -> None:
    assert TEXT.count(old) == 1
    text = TEXT.replace(old, new)
    where = place(text, at)
    expected = expected.replace("{line_before}", str(int(where.split(":")[0]) - 1))

    assert problems(text) == [f"p.yaml:{where} {expected}"]


def test_a_misspelt_key_is_named_with_the_right_spelling() -> None:
    text = TEXT.replace("  tier: Product", "  teir: Product").replace("caveat:", "note:")

    assert problems(text) == [
        f"p.yaml:{place(text, 'note: Self')} sources.design_survey.note: There is no such key here: use key, "
        "title, publisher, published, sample, n, caveat.",
        f"p.yaml:{place(text, 'currency: EUR')} pay.tier: Add this; it is required.",
        f"p.yaml:{place(text, 'teir')} pay.teir: There is no such key here; did you mean tier?",
    ]


def test_the_order_of_blocks_has_to_be_possible() -> None:
    text = TEXT.replace("position: last", "position: first")

    last = place(text, "first\n    prompts:\n      - {key: first_year")
    assert problems(text) == [
        f"p.yaml:{last} blocks.direction.position: Only one block can be first.",
        f"p.yaml:{place(text, '{before: critique')} loop.order.2: critique cannot come before "
        "direction: their "
        "positions say otherwise.",
    ]


def test_the_number_of_required_seats_is_one_to_three() -> None:
    only = "      - {key: hiring_manager, role: hiring_manager}\n"
    none = TEXT.replace(only, "      - {key: hiring_manager, role: hiring_manager, optional: true}\n")
    four = TEXT.replace(only, only + "".join(f"      - {{key: p{n}, role: peer}}\n" for n in range(3)))
    three = TEXT.replace(only, only + "".join(f"      - {{key: p{n}, role: peer}}\n" for n in range(2)))

    line = place(TEXT, only.strip()).split(":")[0]
    message = "A block has 1 to 3 required seats; this one has"
    assert problems(none) == [f"p.yaml:{line}:7 blocks.direction.seats: {message} 0."]
    assert problems(four) == [f"p.yaml:{line}:7 blocks.direction.seats: {message} 4."]
    assert len(read(three, name="p.yaml").block("direction").seats) == 3


def test_a_playbook_has_one_to_six_blocks(designer: Blueprint) -> None:
    start, end = TEXT.index("  - key: direction\n"), TEXT.index("loop:\n")
    block = TEXT[start:end].replace("position: last", "position: any")
    more = [block.replace("key: direction", f"key: extra_{number}") for number in range(4)]

    six = TEXT[:end] + "".join(more[:3]) + TEXT[end:]
    seven = TEXT[:end] + "".join(more) + TEXT[end:]

    assert len(read(six, name="p.yaml").blocks) == 6
    first = place(seven, "- key: portfolio\n    title")
    assert problems(seven) == [f"p.yaml:{first} blocks: List at most 6; there are 7."]


def test_a_break_has_to_fit_its_window() -> None:
    lunch = (
        "  breaks:\n    - {name: Lunch, minutes: 45, earliest: '11:30', latest: '12:00', "
        "due_if_starts_before: '12:00', due_if_ends_after: 25:00}\n  order:\n"
    )
    text = TEXT.replace("  order:\n", lunch)

    assert problems(text) == [
        f"p.yaml:{place(text, '{name: Lunch')} loop.breaks.1: 45 minutes do not fit between 11:30 and "
        "12:00; widen it.",
        f"p.yaml:{place(text, '25:00')} loop.breaks.1.due_if_ends_after: YAML does not read 25:00 as "
        "it is written. "
        'If it is a text, put it in quotes: "25:00"; otherwise write a plain number.',
    ]
    quoted = text.replace("25:00", "'25:00'").replace("'12:00', due_if_s", "'14:00', due_if_s")
    assert problems(quoted) == [
        f"p.yaml:{place(quoted, repr('25:00'))} loop.breaks.1.due_if_ends_after: Write a time of day "
        "in quotes, "
        'such as "11:30".'
    ]


def test_all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = (
        TEXT.replace("n: 48\n    caveat", "n: some\n    caveat")
        .replace("key: designers, label", "key: designers, lable")
        .replace("team.has_design_system and", "team.has_system and")
        .replace("area: research}", "area: reading}")
        .replace("minutes: 35", "minutes: 36")
        .replace("role: reverse_shadow", "role: watcher")
        .replace("low: 95000", "low: 950000")
    )

    assert [line.split(": ")[0].split(" ")[1] for line in problems(text)] == [
        "sources.design_survey.n",
        "readiness.facts.designers.label",
        "readiness.facts.designers.lable",
        "readiness.rules.system_without_owner.when",
        "tools.research_repository.area",
        "blocks.portfolio.seats.trainee.role",
        "blocks.critique.minutes",
        "pay.bands.design_manager",
    ]


def test_a_condition_over_several_lines_is_pointed_at_by_its_key_and_character() -> None:
    text = TEXT.replace("signal.critique.candour.weak >= 1 and", "signal.critique.candor.weak >= 1 and")

    line = int(place(text, "signal.critique.candor").split(":")[0]) - 1
    assert problems(text) == [
        f"p.yaml:{line}:15 patterns.harsh_critic.raised_on.1.when: There is no fact "
        "signal.critique.candor.weak. "
        "Did you mean signal.critique.candour.weak or signal.critique.candour.mixed? (character 1)"
    ]


# Files that are not even close


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "p.yaml:1:1 playbook: A playbook is a mapping that starts with format: 1."),
        ("- a\n", "p.yaml:1:1 playbook: A playbook is a mapping that starts with format: 1."),
        (
            "a: 1\nb: [1, 2\n",
            "p.yaml:3:1 playbook: This is not YAML: expected ',' or ']', but got '<stream end>'. "
            "Put a text in quotes when it contains a colon, # or brackets.",
        ),
        ("a: 1\nb: \x07\n", "p.yaml:2:4 playbook: Not allowed: special characters are not allowed."),
        (
            "a: 1\n---\nb: 2\n",
            "p.yaml:2:1 playbook: This is not YAML: but found another document. "
            "Put a text in quotes when it contains a colon, # or brackets.",
        ),
        ("[" * 40 + "]" * 40, "p.yaml:1:21 playbook: A playbook is nested at most 20 levels deep."),
        (f"a: [{'x, ' * 201}]", "p.yaml:1:4 playbook: A list has at most 200 items."),
        ("a: " + "x" * 512 * 1024, "p.yaml:1:1 playbook: A playbook file has at most 512 KB."),
    ],
    ids=["empty", "list", "syntax", "control_character", "two_documents", "deep", "long_list", "large"],
)
def test_a_file_that_is_no_playbook(text: str, expected: str) -> None:
    assert problems(text) == [expected]


def test_aliases_are_refused_before_they_can_multiply() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for one, other in zip("abcdefghij", "bcdefghijk", strict=False):
        bomb += f"{other}: &{other} [{', '.join([f'*{one}'] * 9)}]\n"

    found = problems(bomb)

    refusal = "Write the value out; anchors (&) and aliases (*) are not allowed."
    assert found[0] == f"p.yaml:1:4 playbook: {refusal}"
    assert len(found) == 11 + 10 * 9
    assert all(line.endswith(refusal) for line in found)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("!!python/object/apply:os.system [true]", "Leave out the tag that starts with an exclamation mark."),
        ("!secret x", "Leave out the tag that starts with an exclamation mark."),
        ("!!set {a, b}", "Leave out the tag that starts with an exclamation mark."),
        ("!!binary aGk=", "Leave out the tag that starts with an exclamation mark."),
    ],
)
def test_tags_are_refused(value: str, message: str) -> None:
    text = TEXT.replace("title: Staff product designer", f"title: {value}")

    found = problems(text)

    assert found == [f"p.yaml:5:8 title: {message}"]


@pytest.mark.parametrize("key", ["yes", "1", "2026-01-01", "[a, b]", "~", "<<"])
def test_keys_are_texts(key: str) -> None:
    text = TEXT + f"{key}: x\n"
    line = text.count("\n")

    assert [found.rsplit(";", 1)[0] for found in problems(text)] == [
        f"p.yaml:{line}:1 playbook: A key is a text"
    ]


def test_infinity_is_no_number() -> None:
    text = TEXT.replace("value: 58.5", "value: .inf")

    assert problems(text)[0].startswith(
        f"p.yaml:{place(text, '.inf')} benchmarks.days_to_fill.value: YAML does"
    )
    assert len(problems(text)) == 1


# The command and the schema


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hiring.blueprint", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_sums_a_sound_playbook_up(mlops: Blueprint) -> None:
    done = command("hiring/library/mlops_engineer.yaml")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"Senior MLOps engineer: 4 blocks, 285 minutes, 17 signals, 7 patterns, digest {digest(mlops)[:12]}\n"
    )


def test_the_command_lists_problems(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(TEXT.replace("minutes: 50", "minutes: 55").replace("format: 1", "format: 2"))

    done = command(str(broken))

    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(" ")[1] for line in done.stderr.splitlines()] == [
        "format:",
        "blocks.critique.minutes:",
    ]


def test_the_command_explains_itself(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("title: Qualität".encode("latin-1"))

    assert command().returncode == 2
    assert command("--help").stderr == "Give one playbook file to check, or --schema.\n"
    assert command("missing.yaml").stderr == "missing.yaml cannot be read: No such file or directory.\n"
    assert command(str(latin)).stderr == f"{latin} cannot be read: save it as UTF-8.\n"


def test_the_published_schema_is_the_one_in_the_code() -> None:
    published = (ROOT / "docs/playbook.schema.json").read_text(encoding="utf-8")

    assert published == command("--schema").stdout
    assert json.loads(published) == blueprint.json_schema()


def test_the_schema_accepts_both_playbooks_and_refuses_a_wrong_one() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    validator = jsonschema.Draft202012Validator(blueprint.json_schema())

    for file in (MLOPS, DESIGNER):
        assert list(validator.iter_errors(yaml.safe_load(file.read_text(encoding="utf-8")))) == []
    wrong = yaml.safe_load(TEXT.replace("minutes: 50", "minutes: fifty"))
    assert [list(error.absolute_path) for error in validator.iter_errors(wrong)] == [["blocks", 1, "minutes"]]


def test_the_pure_modules_do_not_import_django() -> None:
    code = (
        "import sys, hiring.conditions, hiring.blueprint, hiring.readiness, hiring.pay, "
        "hiring.classification; "
        "sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
