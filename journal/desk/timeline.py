"""What happened to a thing, for a person to read."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from journal.desk import show
from journal.models import Event, Events

LONGEST = 300


@dataclass(frozen=True)
class Line:
    """One event: when, who, what in words. `depth` is how far down a chain of causes it stands."""

    at: dt.datetime
    actor: str
    words: str
    depth: int


def about(subjects: Iterable[models.Model | models.QuerySet[Any]]) -> Events:
    """The events of several things, oldest first. Each queryset costs one query, whatever it finds."""
    kinds: set[str] = set()
    ids: set[Any] = set()
    for subject in subjects:
        if isinstance(subject, models.Model):
            kinds.add(subject._meta.label_lower)
            ids.add(subject.pk)
        else:
            found = set(subject.order_by().values_list("pk", flat=True))
            if found:
                kinds.add(subject.model._meta.label_lower)
                ids |= found
    return Event.objects.filter(subject_type__in=kinds, subject_id__in=ids).order_by("id")


def lines(events: Events, words: Mapping[str, str]) -> tuple[list[Line], bool]:
    """The newest events in the order they happened, and whether older ones were left out. Two queries."""
    newest = list(events.order_by("-id")[: LONGEST + 1])
    left_out = len(newest) > LONGEST
    shown = newest[:LONGEST][::-1]
    named = people(shown)
    depth: dict[int, int] = {}
    for event in shown:
        depth[event.pk] = depth.get(event.cause_id, -1) + 1 if event.cause_id else 0
    return [
        Line(event.at, named.get(event.actor, "Somebody"), say(event, words, named), depth[event.pk])
        for event in shown
    ], left_out


def people(events: Iterable[Event]) -> dict[uuid.UUID, str]:
    """The names of those who acted in these events or are named in them, in one query."""
    shown = list(events)
    ids = {event.actor for event in shown} | {user for event in shown if (user := _user(event))}
    return {user.pk: str(user) for user in get_user_model()._default_manager.filter(pk__in=ids)}


def say(event: Event, words: Mapping[str, str], names: Mapping[uuid.UUID, str]) -> str:
    """The event in words: the table's sentence, filled in with what the event holds, or else its verb."""
    known = {key: _plain(value) for key, value in event.data.items()}
    if user := _user(event):
        known["user"] = names.get(user, "somebody")
    plain = show.in_words(event.verb.replace(".", " ")).capitalize()
    try:
        return words.get(event.verb, plain).format_map(known)
    except KeyError:
        return plain


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return show.yes_no(value).lower()
    try:
        return show.moment(dt.datetime.fromisoformat(str(value)))
    except ValueError:
        return show.in_words(value)


def _user(event: Event) -> uuid.UUID | None:
    """Whom the event names besides its actor."""
    try:
        return uuid.UUID(event.data["user"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
