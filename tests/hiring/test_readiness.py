"""Readiness: should the opening exist? Over the shipped playbook, and over a second one with other rules."""

from pathlib import Path

import pytest

from hiring.blueprint import Blueprint, read
from hiring.readiness import Reason, assess

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def mlops() -> Blueprint:
    """The shipped playbook."""
    file = ROOT / "hiring/library/mlops_engineer.yaml"
    return read(file.read_text(encoding="utf-8"), name=file.name)


@pytest.fixture(scope="module")
def designer() -> Blueprint:
    """A playbook of quite another role."""
    file = ROOT / "tests/playbooks/staff_designer.yaml"
    return read(file.read_text(encoding="utf-8"), name=file.name)


SOUND = {
    "models_in_production": 8,
    "mle_infrastructure_percent": 10,
    "retraining_reliable": True,
    "monitoring_complete": True,
    "building_shared_platform": False,
    "quality_is_bottleneck": False,
}
"""A team that has eight models well in hand: no rule holds."""


@pytest.mark.parametrize(
    ("stated", "verdict", "rules"),
    [
        ({}, "not_yet", []),
        ({"mle_infrastructure_percent": 40}, "hire", ["engineers_run_infrastructure"]),
        ({"mle_infrastructure_percent": 39.9}, "not_yet", []),
        ({"retraining_reliable": False}, "hire", ["models_outgrew_operations"]),
        ({"monitoring_complete": False}, "hire", ["models_outgrew_operations"]),
        ({"monitoring_complete": False, "models_in_production": 5}, "hire", ["models_outgrew_operations"]),
        ({"monitoring_complete": False, "models_in_production": 4}, "not_yet", []),
        ({"building_shared_platform": True}, "hire", ["shared_platform"]),
        ({"models_in_production": 3}, "not_yet", []),
        ({"models_in_production": 2}, "neighbour", ["few_models"]),
        ({"quality_is_bottleneck": True}, "neighbour", ["quality_first"]),
        (
            {"models_in_production": 2, "mle_infrastructure_percent": 60, "quality_is_bottleneck": True},
            "neighbour",
            ["engineers_run_infrastructure", "quality_first", "few_models"],
        ),
    ],
)
def test_verdict_of_the_mlops_playbook(
    mlops: Blueprint, stated: dict[str, object], verdict: str, rules: list[str]
) -> None:
    found = assess(mlops.readiness, SOUND | stated)

    assert found.verdict == verdict
    assert [reason.rule for reason in found.reasons] == rules
    assert found.otherwise == ("" if rules else mlops.readiness.otherwise)
    assert found.unknown == ()


def test_a_reason_against_outweighs_reasons_for_and_both_are_shown(mlops: Blueprint) -> None:
    found = assess(mlops.readiness, SOUND | {"models_in_production": 2, "mle_infrastructure_percent": 60})

    few = mlops.readiness.rules[4]
    load = mlops.readiness.rules[0]
    assert found.reasons == (
        Reason(
            rule="engineers_run_infrastructure",
            verdict="hire",
            because=load.because,
            source="mlops_guide_2026",
            facts=(("mle_infrastructure_percent", 60),),
            counted=False,
        ),
        Reason(
            rule="few_models",
            verdict="neighbour",
            because=few.because,
            source="mlops_guide_2026",
            facts=(("models_in_production", 2),),
            counted=True,
        ),
    )


def test_a_reason_cites_only_the_facts_that_made_it_hold(mlops: Blueprint) -> None:
    found = assess(mlops.readiness, SOUND | {"retraining_reliable": False})

    assert found.reasons[0].facts == (("models_in_production", 8), ("retraining_reliable", False))


def test_unknown_facts_make_no_reason_and_are_named_when_they_could(mlops: Blueprint) -> None:
    nothing = assess(mlops.readiness, {})
    some = assess(mlops.readiness, {"models_in_production": 4, "building_shared_platform": None})

    assert (nothing.verdict, nothing.reasons) == ("not_yet", ())
    assert nothing.unknown == (
        "mle_infrastructure_percent",
        "models_in_production",
        "retraining_reliable",
        "monitoring_complete",
        "building_shared_platform",
        "quality_is_bottleneck",
    )
    # With four models the state of retraining and monitoring cannot matter.
    assert some.unknown == ("mle_infrastructure_percent", "building_shared_platform", "quality_is_bottleneck")


def test_only_what_nobody_stated_is_named_as_unknown(mlops: Blueprint) -> None:
    found = assess(
        mlops.readiness, {key: value for key, value in SOUND.items() if key != "monitoring_complete"}
    )

    assert (found.verdict, found.unknown) == ("not_yet", ("monitoring_complete",))


@pytest.mark.parametrize(
    ("stated", "verdict"),
    [
        ({"designers": 5}, "hire"),
        ({"designers": 5, "research_share": 5}, "not_yet"),
        ({"designers": 5, "research_share": 5, "needs_people_lead": True}, "neighbour"),
        ({"designers": 2, "has_design_system": True}, "hire"),
        ({"designers": 2}, "not_yet"),
    ],
)
def test_neighbour_outweighs_not_yet_outweighs_hire(
    designer: Blueprint, stated: dict[str, object], verdict: str
) -> None:
    found = assess(designer.readiness, stated)

    assert found.verdict == verdict
    assert {reason.verdict for reason in found.reasons if reason.counted} == (
        {verdict} if found.reasons else set()
    )


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"models_in_production": -1}, "Models in production: give a whole number, 0 or more."),
        ({"models_in_production": 2.5}, "Models in production: give a whole number, 0 or more."),
        ({"models_in_production": True}, "Models in production: give a whole number, 0 or more."),
        ({"models_in_production": "3"}, "Models in production: give a whole number, 0 or more."),
        ({"models_in_production": float("inf")}, "Models in production: give a whole number, 0 or more."),
        (
            {"mle_infrastructure_percent": 101},
            "Share of ML engineers' time spent on infrastructure: give a percentage from 0 to 100.",
        ),
        (
            {"mle_infrastructure_percent": float("nan")},
            "Share of ML engineers' time spent on infrastructure: give a percentage from 0 to 100.",
        ),
        ({"quality_is_bottleneck": 1}, "Model quality is what holds the product back: answer yes or no."),
        ({"headcount": 3}, "The playbook does not ask for headcount; leave it out."),
        (
            {"headcount": 3, "models_in_production": -1},
            "The playbook does not ask for headcount; leave it out. "
            "Models in production: give a whole number, 0 or more.",
        ),
    ],
)
def test_assess_refuses_what_cannot_be(mlops: Blueprint, stated: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        assess(mlops.readiness, stated)

    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "stated",
    [
        {"models_in_production": 0},
        {"models_in_production": 3.0},
        {"mle_infrastructure_percent": 0},
        {"mle_infrastructure_percent": 100},
    ],
)
def test_assess_accepts_the_edges(mlops: Blueprint, stated: dict[str, object]) -> None:
    assert assess(mlops.readiness, stated).verdict in ("hire", "neighbour", "not_yet")
