"""A company with years of hiring behind it: the demo's season, walked through the rules once and then copied.

Copies stand in other panels and in earlier seasons, so nobody is booked twice. Of a hundred applications five are
interviewed (the season's own stories, with every card, vote and event); the others end after a screening talk or on paper.
"""

import datetime as dt
import itertools
import json
import random
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models, transaction

from accounts.models import Grant, Notifications, User
from candidates.models import (
    Application,
    BackgroundEntry,
    Candidate,
    PayExpectation,
    ToolSkill,
)
from config.demo.cast import APPLICANTS, INTERVIEWERS
from config.demo.season import WEEKS
from hiring.models import Opening
from interviews.models import BusyTime, Calendar, Interviewer, Qualification, WorkingHours
from journal.models import Event
from outbox.models import Delivery

INTERVIEWED_PERCENT, SCREENED_PERCENT = 5, 25
PANELS = 40  # of the demo's thirteen interviewers each
OURS = {"hiring", "candidates", "interviews"}
OF_PERSON = (Interviewer, WorkingHours, Qualification, BusyTime, Calendar, Grant, Notifications)
OF_SCREENING = (Candidate, Application, BackgroundEntry, ToolSkill, PayExpectation)
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FIRST = sorted({a.name.split()[0] for a in APPLICANTS} | {c.name.split()[0] for c in INTERVIEWERS})
LAST = sorted({a.name.split()[-1] for a in APPLICANTS} | {c.name.split()[-1] for c in INTERVIEWERS})


@dataclass(frozen=True)
class Copy:
    """One copy: its number, how far it lies back, its panel, and what is different about it."""

    number: int
    earlier: dt.timedelta
    panel: int = 0
    changed: dict[tuple[type[models.Model], str], Any] = field(default_factory=dict)


class Original:
    """Rows that belong together, ready to be written again and again."""

    def __init__(self, rows: Iterable[models.Model], *, people: set[uuid.UUID]) -> None:
        self.rows: dict[type[models.Model], list[models.Model]] = {}
        for row in rows:
            self.rows.setdefault(type(row), []).append(row)
        self.people = people
        self.ids = {row.pk for found in self.rows.values() for row in found if isinstance(row.pk, uuid.UUID)}
        self.stride = (Event.objects.aggregate(newest=models.Max("id"))["newest"] or 0) + 1

    def write(self, copies: list[Copy]) -> None:
        """Write all the copies, table by table: what others refer to comes first."""
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA defer_foreign_keys=ON")
            for model in in_order(self.rows):
                fields = [f for f in model._meta.concrete_fields if not _numbered_by_database(f)]
                columns = ", ".join(f'"{f.column}"' for f in fields)
                places = ", ".join(["%s"] * len(fields))
                makers = [[self._maker(f, row) for f in fields] for row in self.rows[model]]
                values = ([make(copy) for make in row] for copy in copies for row in makers)
                for batch in _batches(values):
                    cursor.executemany(
                        f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places})', batch
                    )

    def _maker(self, f: Any, row: models.Model) -> Callable[[Copy], Any]:
        """How this field of this row is written in a copy, in the database's own form."""
        make, key = self._usual(f, row, getattr(row, f.attname)), (type(row), f.name)
        if type(row) is not Application:
            return make
        return lambda copy: (
            f.get_db_prep_save(copy.changed[key], connection) if key in copy.changed else make(copy)
        )

    def _usual(self, f: Any, row: models.Model, value: Any) -> Callable[[Copy], Any]:
        key = (type(row), f.name)
        if key == (Candidate, "name"):
            return lambda copy: _name(row.pk.int ^ copy.number)
        if key == (Candidate, "email_index"):
            return lambda copy: f"{copy.number:016x}{value[16:]}"
        if key in {(Event, "id"), (Event, "cause")} and value is not None:
            return lambda copy: value - copy.number * self.stride
        if key == (User, "email"):
            return lambda copy: f"{copy.panel}.{value}"
        if key == (Delivery, "message"):
            return lambda _copy: b""
        if isinstance(value, uuid.UUID):
            raw = f.target_field if f.is_relation else f
            return lambda copy: raw.get_db_prep_save(self.id_in(value, copy), connection)
        if isinstance(value, dt.datetime | dt.date):
            return lambda copy: f.get_db_prep_save(value - copy.earlier, connection)
        if isinstance(f, models.JSONField) and UUID_TEXT.search(text := json.dumps(value)):
            return lambda copy: f.get_db_prep_save(json.loads(self._text_in(text, copy)), connection)
        if value and ((f.unique and isinstance(f, models.CharField)) or f.name == "thread"):
            return lambda copy: f"{copy.number:x}.{value}"[: f.max_length]
        constant = f.get_db_prep_save(value, connection)
        return lambda _copy: constant

    def id_in(self, known: uuid.UUID, copy: Copy) -> uuid.UUID:
        """The id of the copy of a row: the same row has the same one wherever it is referred to."""
        if known in self.people:
            return uuid.UUID(int=known.int ^ (copy.panel * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128))
        if known in self.ids:
            return uuid.UUID(int=known.int ^ (copy.number * 0xD1B54A32D192ED03AAF25C4C0E3FA111 % 2**128))
        return known

    def _text_in(self, text: str, copy: Copy) -> str:
        return UUID_TEXT.sub(lambda found: str(self.id_in(uuid.UUID(found[0]), copy)), text)


def _name(number: int) -> str:
    chance = random.Random(number)
    return f"{chance.choice(FIRST)} {chance.choice(LAST)}"


def _numbered_by_database(f: Any) -> bool:
    return isinstance(f, models.AutoField) and f.model is not Event


def _batches(values: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(itertools.islice(values, 5000)):
        yield batch


def in_order(found: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    """The tables so that each stands after those it refers to."""
    left, done = list(found), []
    while left:
        for model in left:
            needs = {f.related_model for f in model._meta.concrete_fields if f.is_relation} - {model}
            if not needs & set(left):
                break
        done.append(model)
        left.remove(model)
    return done


def below(start: models.Model) -> list[models.Model]:
    """The row, everything that hangs on it, and the candidates it is about."""
    found: dict[Any, models.Model] = {(type(start), start.pk): start}
    line = [start]
    while line:
        row = line.pop()
        more = [
            other
            for relation in row._meta.related_objects
            if relation.related_model._meta.app_label in OURS
            for other in relation.related_model._base_manager.filter(**{relation.field.name: row})
        ]
        if isinstance(row, Application):
            more.append(row.candidate)
        for other in more:
            key = (type(other), other.pk)
            if key not in found:
                found[key] = other
                line.append(other)
    return list(found.values())


def told_of(rows: Iterable[models.Model]) -> list[models.Model]:
    """The events and messages about them."""
    ids = [row.pk for row in rows if isinstance(row.pk, uuid.UUID)]
    events = Event.objects.filter(subject_id__in=ids)
    return [*events, *Delivery.objects.filter(about_id__in=ids)]


def grow(applications: int) -> dict[str, int]:
    """Copy the season until there are so many applications; how many rows of what there are then."""
    old, young = Opening.objects.order_by("opened_at")
    people = list(User.objects.filter(email__in=[c.email for c in INTERVIEWERS]))
    of_people = [
        row
        for model in OF_PERSON
        for row in model._base_manager.filter(
            **{
                next(p for p in ("user", "interviewer__user", "interviewer") if _leads(model, p))
                + "__in": people
            }
        )
    ]
    own = {row.pk for row in [*people, *of_people] if isinstance(row.pk, uuid.UUID)}

    def original(rows: list[models.Model]) -> Original:
        return Original([*rows, *told_of(rows)], people=own)

    stories = original(below(old))
    a_season = len(stories.rows[Application])
    openings = max(1, round(applications * INTERVIEWED_PERCENT / 100 / a_season))
    panels = min(PANELS, openings)
    season = dt.timedelta(weeks=WEEKS)
    Original([*people, *of_people], people=own).write(
        [Copy(0, dt.timedelta(0), panel) for panel in range(1, panels)]
    )
    copies = [Copy(number, season * (number // panels), number % panels) for number in range(1, openings)]
    stories.write(copies)
    live = original(below(young))
    live.write([Copy(openings + panel, dt.timedelta(0), panel) for panel in range(1, panels)])
    counted = Application.objects.count()
    _screen_others(stories, [Copy(0, dt.timedelta(0)), *copies], applications - counted, openings + panels)
    return {
        model._meta.label: model._base_manager.count()
        for model in (Opening, Candidate, Application, *live.rows, User)
    }


def _leads(model: type[models.Model], path: str) -> bool:
    names = {f.name for f in model._meta.get_fields()}
    first, *rest = path.split("__")
    return first in names and (not rest or rest[0] == "user")


def _screen_others(stories: Original, openings: list[Copy], number: int, first: int) -> None:
    """The many who are never interviewed: most rejected on paper, some after a talk, the newest still on their way."""
    chance = random.Random(11)
    template = next(a for a in stories.rows[Application] if a.loops.exists())
    rows = [
        row
        for model in OF_SCREENING
        for row in stories.rows[model]
        if template in (row, getattr(row, "application", None)) or row == template.candidate
    ]
    early = {"candidate.added", "application.received", "application.applied", "application.described"}
    events = [
        e
        for e in stories.rows[Event]
        if e.verb in early and e.subject_id in {template.pk, template.candidate_id} and e.cause_id is None
    ]
    whole = Original([*rows, *events], people=set())
    paper = Original([template, template.candidate, *events], people=set())
    whole.stride = paper.stride = stories.stride
    Stage = Application.Status
    short, long = [], []
    for one in range(number):
        opening = openings[one % len(openings)]
        newest = opening.earlier == dt.timedelta(0)
        stage = chance.choice([Stage.NEW, Stage.REJECTED, Stage.REJECTED]) if newest else Stage.REJECTED
        talked = chance.randrange(100) < SCREENED_PERCENT and stage != Stage.NEW
        if talked and newest and chance.randrange(2):
            stage = Stage.SCREENING
        changed = {
            (Application, "status"): stage,
            (Application, "reject_reason"): "background" if stage == Stage.REJECTED else "",
            (Application, "opening"): stories.id_in(template.opening_id, opening),
        }
        earlier = opening.earlier - dt.timedelta(minutes=chance.randrange(WEEKS * 7 * 1440 * 9 // 10))
        (long if talked else short).append(Copy(first + 1 + one, earlier, 0, changed))
    for some in _batches(iter(short)):
        paper.write(some)
    for some in _batches(iter(long)):
        whole.write(some)
