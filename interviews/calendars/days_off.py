"""Public holidays, from the optional package `holidays` (the extra of the same name)."""

from collections.abc import Iterable
from datetime import date


class NoHolidays(LookupError):
    """The holidays cannot be told; the sentence says why."""


def days_off(country: str, subdivision: str | None, years: Iterable[int]) -> frozenset[date]:
    """The days on which work rests in a country (ISO 3166: DE, US) and a part of it (BY, CA), for whole years.

    Raises NoHolidays when the package is not installed or knows no such place.
    """
    try:
        import holidays  # heavy, and only installed where somebody wants it
    except ImportError as error:
        raise NoHolidays(
            "Public holidays need the extra “holidays”. Ask your administrator to install it."
        ) from error
    try:
        return frozenset(
            holidays.country_holidays(country, subdiv=subdivision or None, years=sorted(set(years)))
        )
    except NotImplementedError as error:
        place = f"{country}-{subdivision}" if subdivision else country
        raise NoHolidays(
            f"The holidays of “{place}” are not known; choose another country or part of it."
        ) from error
