"""Which role a background is classified as, over two playbooks."""

from pathlib import Path

import pytest

from hiring.blueprint import Blueprint, read
from hiring.classification import Classification, classify

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


NOTHING = {
    "kubernetes": "none",
    "distributed_systems": "none",
    "reliability": "none",
    "platform_engineering": "none",
    "model_training": "none",
    "model_serving": "none",
    "retraining": "none",
    "drift_monitoring": "none",
    "data_platform": "none",
    "llm_applications": "none",
}


@pytest.mark.parametrize(
    ("levels", "role", "also"),
    [
        ({"kubernetes": "solid", "retraining": "solid"}, "mlops_engineer", ()),
        ({"reliability": "deep", "drift_monitoring": "deep"}, "mlops_engineer", ("sre",)),
        ({"kubernetes": "solid", "retraining": "some"}, "unclear", ()),
        ({"model_training": "solid"}, "ml_engineer", ()),
        ({"model_training": "deep", "model_serving": "deep", "kubernetes": "some"}, "ml_engineer", ()),
        ({"reliability": "solid", "kubernetes": "deep"}, "sre", ()),
        ({"reliability": "solid", "platform_engineering": "deep"}, "sre", ("platform_engineer",)),
        ({"kubernetes": "solid", "distributed_systems": "solid"}, "platform_engineer", ()),
        ({"data_platform": "solid"}, "data_platform_engineer", ()),
        ({"llm_applications": "deep"}, "ai_engineer", ()),
        ({"llm_applications": "deep", "model_training": "solid"}, "ml_engineer", ("ai_engineer",)),
        ({}, "unclear", ()),
    ],
)
def test_classify_asks_the_role_first_then_the_neighbours_in_order(
    mlops: Blueprint, levels: dict[str, str], role: str, also: tuple[str, ...]
) -> None:
    found = classify(mlops, NOTHING | levels, {})

    assert (found.role, found.also) == (role, also)


def test_classify_says_why_in_the_words_of_the_playbook(mlops: Blueprint) -> None:
    found = classify(mlops, NOTHING | {"reliability": "solid", "retraining": "deep"}, {"kubernetes": True})

    assert found == Classification(
        role="mlops_engineer",
        because="Solid platform work together with solid experience of running models in production.",
        reasons=("Site reliability: solid", "Kubernetes: graded work on file", "Retraining pipelines: deep"),
        also=("sre",),
    )


def test_graded_work_counts_where_the_playbook_says_so(mlops: Blueprint) -> None:
    levels = NOTHING | {"model_serving": "solid"}

    assert classify(mlops, levels, {"kubernetes": False}).role == "unclear"
    assert classify(mlops, levels, {"kubernetes": True}).role == "mlops_engineer"


def test_an_area_left_out_is_unknown_and_not_low(mlops: Blueprint) -> None:
    nothing_known = classify(mlops, {}, {})
    part_known = classify(mlops, {"kubernetes": "deep"}, {})
    all_known = classify(mlops, NOTHING, {"kubernetes": False})

    too_little = "Too little is known about this background to place it."
    assert (nothing_known.role, nothing_known.because) == ("unclear", too_little)
    assert (part_known.role, part_known.because) == ("unclear", too_little)
    assert all_known == Classification(
        "unclear", "This background fits neither the role nor one of its neighbours."
    )


@pytest.mark.parametrize(
    ("levels", "role"),
    [
        ({"interaction": "solid", "research": "some", "leading_people": "deep"}, "staff_designer"),
        ({"interaction": "solid", "research": "none", "leading_people": "deep"}, "design_manager"),
        ({"interaction": "some", "research": "deep"}, "user_researcher"),
        ({"interaction": "deep", "research": "none", "leading_people": "some"}, "unclear"),
    ],
)
def test_classify_follows_another_playbook(designer: Blueprint, levels: dict[str, str], role: str) -> None:
    assert classify(designer, levels, {}).role == role


def test_classify_refuses_a_level_that_is_not_on_the_scale(mlops: Blueprint) -> None:
    with pytest.raises(ValueError, match=r"background\.kubernetes is one of none < some < solid < deep"):
        classify(mlops, {"kubernetes": "expert"}, {})
