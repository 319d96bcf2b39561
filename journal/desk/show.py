"""How rows, moments and states are written on the admin's pages. No function here asks the database itself."""

import datetime as dt
import functools
from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Shown = Callable[[Any], Any]
F = TypeVar("F", bound=Callable[..., Any])
NOTHING = "–"


def moment(at: dt.datetime | None) -> str:
    """“2 Mar 2026, 09:00” in the reader's zone."""
    return date_format(timezone.localtime(at), "j M Y, H:i") if at else NOTHING


def span(starts_at: dt.datetime, ends_at: dt.datetime) -> str:
    """“Mon 2 Mar 2026, 09:00–10:15” in the reader's zone."""
    start, end = timezone.localtime(starts_at), timezone.localtime(ends_at)
    until = date_format(end, "H:i" if start.date() == end.date() else "D j M, H:i")
    return f"{date_format(start, 'D j M Y, H:i')}–{until}"


def today(plus_days: int = 0) -> dt.date:
    """The reader's day, or some days later."""
    return timezone.localdate() + dt.timedelta(days=plus_days)


def money(minor: int, currency: str) -> str:
    """Minor units as people read them: “USD 340,000”."""
    return f"{currency} {minor / 100:,.0f}"


def in_words(key: object) -> str:
    """A key as words: hiring_manager becomes “hiring manager”."""
    return str(key).replace("_", " ")


def page_of(row: models.Model) -> str | None:
    """The address of the row's page, if its noun has one."""
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return None


def link(row: models.Model | None, text: object = "") -> str | SafeString:
    """The row's name, leading to its page."""
    if row is None:
        return NOTHING
    address = page_of(row)
    return (
        format_html('<a class="desk-link" href="{}">{}</a>', address, text or row)
        if address
        else str(text or row)
    )


def web(address: str) -> str | SafeString:
    """An address elsewhere."""
    return (
        format_html('<a class="desk-link" href="{0}" rel="noopener noreferrer">{0}</a>', address)
        if address
        else NOTHING
    )


def list_of(model: type[models.Model], query: str, text: object) -> SafeString:
    """A text that leads to the noun's list, narrowed down by `query` (`opening=…`)."""
    return format_html('<a class="desk-link" href="{}?{}">{}</a>', list_address(model), query, text)


def list_address(model: type[models.Model]) -> str:
    """The address of the noun's list."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def bullets(items: Iterable[object], *, empty: str = NOTHING) -> str | SafeString:
    """A short list, or what to read when it is empty."""
    lines = format_html_join("", "<li>{}</li>", ((item,) for item in items))
    return format_html('<ul class="desk-list">{}</ul>', lines) if lines else empty


def headed(title: object, lines: Iterable[object]) -> SafeString:
    """A title with lines below it, in one label."""
    return format_html(
        "<strong>{}</strong>{}", title, format_html_join("", "<br>{}", ((line,) for line in lines))
    )


def many(number: int, one: str, several: str) -> str:
    """“1 day”, “3 days”."""
    return f"{number} {one if number == 1 else several}"


def facts(pairs: Iterable[tuple[object, object]], *, empty: str = NOTHING) -> str | SafeString:
    """Names and values beside each other."""
    lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", pairs)
    return format_html('<dl class="desk-facts">{}</dl>', lines) if lines else empty


def badge(text: object, tone: str = "quiet") -> SafeString:
    """A state at a glance. Tones: wait (somebody must act), good, bad, quiet."""
    return format_html('<span class="desk-tag desk-{}">{}</span>', tone, text)


def prose(text: str) -> str | SafeString:
    """A longer text with its line breaks."""
    return format_html('<span class="desk-prose">{}</span>', text) if text else NOTHING


def code(text: str) -> SafeString:
    """A file, as it was written."""
    return format_html('<pre class="desk-code">{}</pre>', text)


def yes_no(value: bool) -> str:
    return "Yes" if value else "No"


# Columns and fields


def column(label: str, order: str | None = None) -> Callable[[F], F]:
    """Name a function of a row as a column or field; `order` is what the list sorts by then."""

    def named(get: F) -> F:
        return admin.display(description=label, ordering=order, empty_value=NOTHING)(get)

    return named


def once(get: F) -> F:
    """Work a field out once a row: themes ask for it several times on one page, and this one asks the database."""
    key = f"_shown_{get.__name__}"

    @functools.wraps(get)
    def shown(*args: Any) -> Any:
        known = args[-1].__dict__
        if key not in known:
            known[key] = get(*args)
        return known[key]

    return cast(F, shown)


def when(field: str, label: str) -> Shown:
    """A moment, in the reader's zone."""

    def shown(row: Any) -> str:
        return moment(_follow(row, field))

    return _named(shown, f"when_{field}", label, field)


def day(field: str, label: str) -> Shown:
    """A date."""

    def shown(row: Any) -> str:
        on = getattr(row, field)
        return date_format(on, "j M Y") if on else NOTHING

    return _named(shown, f"when_{field}", label, field)


def state(
    label: str = "Status",
    field: str = "status",
    *,
    wait: Collection[str] = (),
    good: Collection[str] = (),
    bad: Collection[str] = (),
) -> Shown:
    """A status as a badge, toned by what it asks of people."""

    def shown(row: Any) -> str:
        value = getattr(row, field)
        tone = "wait" if value in wait else "good" if value in good else "bad" if value in bad else "quiet"
        return badge(getattr(row, f"get_{field}_display")(), tone) if value else NOTHING

    return _named(shown, f"state_{field}", label, field)


def to(path: str, label: str, *, order: str | None = None) -> Shown:
    """The related row along `path` (`application__candidate`), leading to its page."""

    def shown(row: Any) -> str | SafeString:
        return link(_follow(row, path))

    return _named(shown, f"to_{path}", label, order)


def itself(label: str) -> Shown:
    """The row, leading to its page: the first column of rows on another noun's page."""
    return _named(link, "itself", label, None)


def value(path: str, label: str, *, order: str | None = None, get: Shown = lambda found: found) -> Shown:
    """Whatever stands along `path`, written by `get`."""

    def shown(row: Any) -> Any:
        return get(_follow(row, path))

    return _named(shown, f"value_{path}", label, order)


def _named(get: Shown, name: str, label: str, order: str | None) -> Shown:
    def shown(row: Any) -> Any:
        return get(row)

    shown.__name__ = name  # the admin makes the cell's CSS class of it
    return column(label, order)(shown)


def _follow(row: Any, path: str) -> Any:
    for step in path.split("__"):
        if row is None:
            return None
        row = getattr(row, step)
    return row
