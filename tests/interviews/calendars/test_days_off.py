"""Public holidays."""

import datetime as dt
import sys

import pytest

from interviews.calendars.days_off import NoHolidays, days_off


def test_the_holidays_of_a_country_and_of_a_part_of_it():
    pytest.importorskip("holidays")
    germany, bavaria = days_off("DE", None, [2026]), days_off("DE", "BY", [2026])

    assert dt.date(2026, 10, 3) in germany
    assert bavaria - germany == {
        dt.date(2026, 1, 6),
        dt.date(2026, 6, 4),
        dt.date(2026, 11, 1),
    }
    assert germany < bavaria


def test_several_years():
    pytest.importorskip("holidays")
    assert {day.year for day in days_off("US", None, (2027, 2026, 2027))} == {2026, 2027}


@pytest.mark.parametrize(("country", "part", "place"), [("XX", None, "XX"), ("DE", "QQ", "DE-QQ")])
def test_an_unknown_place_is_refused(country, part, place):
    pytest.importorskip("holidays")
    with pytest.raises(NoHolidays) as found:
        days_off(country, part, [2026])
    assert (
        str(found.value) == f"The holidays of “{place}” are not known; choose another country or part of it."
    )


def test_without_the_extra_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(NoHolidays, match="need the extra “holidays”"):
        days_off("DE", None, [2026])
