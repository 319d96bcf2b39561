"""Recording what happened, and letting the consequences follow in the same transaction."""

import contextvars
import datetime as dt
import functools
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from django.conf import settings
from django.db import models, transaction
from django.utils.module_loading import import_string

from journal.models import Event

Reaction = Callable[[Event], None]

_cause: contextvars.ContextVar[Event | None] = contextvars.ContextVar("cause", default=None)


class Actor(Protocol):
    """Whoever acts: a person or a service. (Users live in a room above; here only the id matters.)"""

    @property
    def pk(self) -> Any: ...


@functools.cache
def _wiring() -> Mapping[str, Sequence[Reaction]]:
    return cast(Mapping[str, Sequence[Reaction]], import_string(settings.EVENT_WIRING))


def record(
    verb: str, subject: models.Model, *, by: Actor, at: dt.datetime, data: Mapping[str, Any] | None = None
) -> Event:
    """Write down that `by` did `verb` (past tense: `loop.confirmed`) to `subject`, then run what is wired to it.

    Must run inside the transaction of the change it records, so that change and record stand or fall together.
    Consequences run here and now, touch only the database, and have this event as their cause.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An event is recorded inside the transaction of its change.")
    event = Event.objects.create(
        at=at,
        actor=by.pk,
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        cause=_cause.get(),
        data={key: _plain(value) for key, value in (data or {}).items()},
    )
    token = _cause.set(event)
    try:
        for reaction in _wiring().get(verb, ()):
            reaction(event)
    finally:
        _cause.reset(token)
    return event


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
