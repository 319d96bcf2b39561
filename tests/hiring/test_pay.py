"""Pay: figures worked by hand, in cents."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiring.blueprint import Blueprint, read
from hiring.pay import PayNote, check_band, check_offer, opening_offer_limit

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


BAND = {
    "low": 31_000_000,
    "high": 38_000_000,
    "currency": "USD",
    "anchor": "senior_data_engineer",
    "cash_percent": 70,
    "negotiation_percent": 12,
}
OFFER = {
    "amount": 33_000_000,
    "currency": "USD",
    "anchor": "senior_data_engineer",
    "cash_percent": 70,
    "low": 31_000_000,
    "high": 38_000_000,
    "band_currency": "USD",
    "negotiation_percent": 12,
    "negotiated": False,
}


@pytest.mark.parametrize(
    ("high", "percent", "limit"),
    [
        (38_000_000, 12, 33_440_000),
        (38_000_000, 10, 34_200_000),
        (38_000_000, 15, 32_300_000),
        (38_000_000, 0, 38_000_000),
        (101, 10, 90),
        (9_999_999, 33, 6_699_999),
    ],
)
def test_opening_offer_limit(high: int, percent: int, limit: int) -> None:
    assert opening_offer_limit(high, percent) == limit


@given(st.integers(0, 10**12), st.integers(0, 100))
def test_law_the_limit_is_the_largest_offer_that_keeps_the_share(high: int, percent: int) -> None:
    limit = opening_offer_limit(high, percent)

    assert (high - limit) * 100 >= high * percent
    assert (high - (limit + 1)) * 100 < high * percent


@pytest.mark.parametrize("percent", [-1, 101])
def test_opening_offer_limit_refuses_an_impossible_share(percent: int) -> None:
    with pytest.raises(ValueError):
        opening_offer_limit(38_000_000, percent)


def test_a_well_calibrated_band_needs_no_remark(mlops: Blueprint) -> None:
    assert check_band(mlops.pay, **BAND) == ()


@pytest.mark.parametrize(
    ("change", "code", "text", "source", "blocking"),
    [
        (
            {"low": 39_000_000},
            "upside_down",
            "The low end of the band is above its ceiling; correct them.",
            None,
            True,
        ),
        ({"low": 0}, "not_positive", "Both ends of a pay band have to be above zero.", None, True),
        (
            {"currency": "EUR"},
            "other_currency",
            "The band is in EUR and the playbook's figures are in USD; convert before comparing them.",
            "mlops_guide_2026",
            False,
        ),
        (
            {"anchor": "senior_ml_engineer"},
            "misleading_anchor",
            "The band is anchored on senior ml engineer pay, which misleads here; "
            "anchor on senior data engineer or senior platform engineer.",
            "mlops_guide_2026",
            False,
        ),
        (
            {"anchor": "plumber"},
            "unknown_anchor",
            "The playbook does not know plumber pay as an anchor; "
            "it advises senior data engineer or senior platform engineer.",
            "mlops_guide_2026",
            False,
        ),
        (
            {"cash_percent": 59},
            "little_cash",
            "Less than 60 % of the band is cash; the playbook advises at least that.",
            "mlops_guide_2026",
            False,
        ),
        (
            {"cash_percent": 101},
            "impossible_cash_share",
            "The cash share is a percentage from 0 to 100.",
            None,
            True,
        ),
        (
            {"negotiation_percent": 9},
            "negotiation_share",
            "9 % of the ceiling is kept for negotiation; the playbook advises 10-15 %.",
            "mlops_guide_2026",
            False,
        ),
        (
            {"negotiation_percent": 16},
            "negotiation_share",
            "16 % of the ceiling is kept for negotiation; the playbook advises 10-15 %.",
            "mlops_guide_2026",
            False,
        ),
        (
            {"negotiation_percent": 100},
            "impossible_negotiation_share",
            "The share kept for negotiation is from 0 to 99 %.",
            None,
            True,
        ),
        (
            {"low": 34_000_000},
            "no_room_for_first_offer",
            "Keeping this share for negotiation pushes every first offer below the low end of the band.",
            None,
            False,
        ),
    ],
)
def test_check_band_remarks(
    mlops: Blueprint, change: dict[str, object], code: str, text: str, source: str | None, blocking: bool
) -> None:
    assert check_band(mlops.pay, **(BAND | change)) == (PayNote(code, text, source, blocking),)


@pytest.mark.parametrize(
    "change",
    [
        {"cash_percent": 60},
        {"cash_percent": 100},
        {"negotiation_percent": 10},
        {"negotiation_percent": 15},
        {"anchor": "senior_platform_engineer"},
        {"low": 38_000_000, "high": 45_000_000},
        {"low": 33_440_000},
    ],
)
def test_check_band_accepts_the_edges(mlops: Blueprint, change: dict[str, object]) -> None:
    assert check_band(mlops.pay, **(BAND | change)) == ()


def test_check_band_remarks_on_everything_at_once(mlops: Blueprint) -> None:
    notes = check_band(
        mlops.pay,
        low=40_000_000,
        high=38_000_000,
        currency="EUR",
        anchor="senior_ml_engineer",
        cash_percent=10,
        negotiation_percent=40,
    )

    assert [note.code for note in notes] == [
        "upside_down",
        "other_currency",
        "misleading_anchor",
        "little_cash",
        "negotiation_share",
    ]


def test_check_band_follows_another_playbook(designer: Blueprint) -> None:
    band = BAND | {"currency": "EUR", "low": 9_200_000, "high": 11_800_000}

    notes = check_band(
        designer.pay, **(band | {"anchor": "agency_designer", "cash_percent": 89, "negotiation_percent": 9})
    )

    assert [(note.code, note.source, note.blocking) for note in notes] == [
        ("misleading_anchor", "design_survey", False),
        ("little_cash", "design_survey", False),
        ("negotiation_share", "design_survey", False),
    ]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"amount": 31_000_000}, []),
        ({"amount": 30_999_999}, [("below_band", False)]),
        ({"amount": 33_440_000}, []),
        ({"amount": 33_440_001}, [("uses_negotiation_share", True)]),
        ({"amount": 33_440_001, "negotiated": True}, [("uses_negotiation_share", False)]),
        ({"amount": 38_000_000}, [("uses_negotiation_share", True)]),
        ({"amount": 38_000_000, "negotiated": True}, [("uses_negotiation_share", False)]),
        ({"amount": 38_000_001}, [("above_ceiling", True)]),
        ({"amount": 38_000_001, "negotiated": True}, [("above_ceiling", True)]),
        ({"amount": 0}, [("not_positive", True)]),
        ({"currency": "EUR"}, [("other_currency", True)]),
        ({"currency": "EUR", "amount": 99_000_000}, [("other_currency", True)]),
        ({"anchor": "senior_ml_engineer"}, [("misleading_anchor", False)]),
        ({"cash_percent": 59}, [("little_cash", False)]),
        (
            {"amount": 30_000_000, "anchor": "senior_ml_engineer", "cash_percent": 59},
            [("below_band", False), ("misleading_anchor", False), ("little_cash", False)],
        ),
        (
            {"low": 36_000_000, "amount": 35_000_000},
            [("uses_negotiation_share", True), ("below_band", False)],
        ),
    ],
)
def test_check_offer(mlops: Blueprint, change: dict[str, object], codes: list[tuple[str, bool]]) -> None:
    notes = check_offer(mlops.pay, **(OFFER | change))

    assert [(note.code, note.blocking) for note in notes] == codes


def test_notes_never_name_an_amount(mlops: Blueprint) -> None:
    """They are stored in the clear beside encrypted amounts."""
    notes = [
        *check_offer(mlops.pay, **(OFFER | {"amount": 30_123_456})),
        *check_offer(mlops.pay, **(OFFER | {"amount": 35_123_456})),
        *check_offer(mlops.pay, **(OFFER | {"amount": 39_123_456})),
        *check_band(mlops.pay, **(BAND | {"low": 39_123_456})),
    ]

    assert len(notes) == 4
    for note in notes:
        assert not any(figure in note.text for figure in ("123", "31", "33", "38", "39"))
