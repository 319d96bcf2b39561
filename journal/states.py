"""The only way a status changes."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import models, transaction

from journal import events
from journal.errors import Refused
from journal.models import Event


def move(
    row: models.Model,
    to: str,
    *,
    verb: str,
    by: events.Actor,
    at: dt.datetime,
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Event:
    """Move `row` to status `to`, write `changes` with it, and record `verb`.

    The row's model lists the possible moves in `MOVES` (status -> set of next ones). The database is asked to change
    the status only if it is still what the caller saw (compare-and-set): of two people who act at once, one wins
    and the other is refused with nothing changed.

    Refuses when the move is not listed, or when somebody else has moved the row in the meantime.
    """
    model = type(row)
    moves: Mapping[str, set[str]] = model.MOVES  # type: ignore[attr-defined]
    seen: str = row.status  # type: ignore[attr-defined]
    noun = str(model._meta.verbose_name)
    if to not in moves.get(seen, set()):
        raise Refused(
            f"This {noun} is {label(model, seen)}, so it cannot become {label(model, to)}.",
            code="wrong_status",
        )
    with transaction.atomic():
        won = model._default_manager.filter(pk=row.pk, status=seen).update(status=to, status_at=at, **changes)
        if not won:
            now = model._default_manager.filter(pk=row.pk).values_list("status", flat=True).first()
            state = label(model, now) if now else "gone"
            raise Refused(
                f"Somebody else changed this {noun} first: it is now {state}. Reload the page and look again.",
                code="changed_meanwhile",
            )
        before = {name: getattr(row, name) for name in ("status", "status_at", *changes)}
        for name, value in {"status": to, "status_at": at, **changes}.items():
            setattr(row, name, value)
        try:
            return events.record(verb, row, by=by, at=at, data={"from": seen, "to": to, **(data or {})})
        except BaseException:
            # The transaction is rolled back; the object in memory must not claim otherwise.
            for name, value in before.items():
                setattr(row, name, value)
            raise


def label(model: type[models.Model], status: str) -> str:
    """The status in words, as people read it."""
    field = model._meta.get_field("status")
    return str(dict(field.flatchoices).get(status, status)).lower()  # type: ignore[union-attr]
