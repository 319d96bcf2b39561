"""What there is to judge by: what the clients were told, what the database holds, and what the mail server took."""

import base64
import datetime as dt
import email
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Version = tuple[int, dt.datetime]  # SEQUENCE and DTSTAMP, which is how a calendar tells the newer of two


@dataclass(frozen=True)
class Event:
    """The calendar object in a mail, as far as it matters here."""

    uid: str
    method: str
    sequence: int
    stamped_at: dt.datetime
    starts_at: dt.datetime

    @property
    def version(self) -> Version:
        return self.sequence, self.stamped_at


@dataclass(frozen=True)
class Arrival:
    """A message as the mail server took it, and as which one."""

    order: int
    to: str
    message: bytes

    @cached_property
    def message_id(self) -> str:
        return str(email.message_from_bytes(self.message)["Message-ID"]).strip()

    @cached_property
    def event(self) -> Event | None:
        return _event(self.message)


@dataclass(frozen=True)
class Written:
    """A message as the outbox holds it."""

    id: str
    thread: str
    turn: int
    to: str
    status: str
    message: bytes

    @property
    def message_id(self) -> str:
        return f"<{self.id}@example.com>"


@dataclass(frozen=True)
class Invited:
    """The calendar event of one interview for one audience, as the database says people were last told."""

    uid: str
    interview: str
    audience: str
    status: str
    version: Version
    attendees: frozenset[str]


@dataclass(frozen=True)
class Interview:
    id: str
    loop: str
    block: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    status: str


@dataclass(frozen=True)
class Seat:
    id: str
    interview: str
    key: str
    user: str
    email: str
    blocked_from: dt.datetime
    blocked_until: dt.datetime
    held: bool


@dataclass(frozen=True)
class Loop:
    id: str
    status: str
    candidate: str  # their address


@dataclass(frozen=True)
class Plan:
    """A proposal: which block begins when, and who sits where."""

    id: str
    loop: str
    status: str
    placements: frozenset[tuple[str, dt.datetime, frozenset[tuple[str, str]]]]


@dataclass(frozen=True)
class Act:
    """One request of one client, and what it was told."""

    act: str
    key: str
    outcome: str
    status: int
    code: str
    id: str
    loop: str
    began: float
    at: float


@dataclass
class Evidence:
    acts: list[Act]
    arrivals: list[Arrival]
    written: list[Written]
    invited: list[Invited]
    loops: dict[str, Loop]
    interviews: dict[str, Interview]
    seats: list[Seat]
    plans: dict[str, Plan]
    # (verb, subject) of everything that happened, in order, and what it said beside.
    journal: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    # Server -> from when until when it was away.
    away: dict[str, list[list[float]]] = field(default_factory=dict)


def gather(folder: Path) -> Evidence:
    """Read everything a run has left in its folder. Needs Django, with the settings of the house."""
    from interviews import models as rows
    from journal import models as journal
    from outbox.models import Delivery

    return Evidence(
        acts=[
            Act(**{name: line.get(name, "") for name in Act.__dataclass_fields__})
            for path in sorted(folder.glob("client-*.jsonl"))
            for line in map(json.loads, path.read_text().splitlines())
        ],
        arrivals=[
            Arrival(order, line["to"], base64.b64decode(line["message"]))
            for order, line in enumerate(map(json.loads, (folder / "sink.jsonl").read_text().splitlines()))
        ],
        written=[
            Written(str(row.pk), row.thread, row.turn, row.recipient, row.status, bytes(row.message))
            for row in Delivery.objects.order_by("created_at", "turn")
        ],
        invited=[
            Invited(
                uid=row.uid,
                interview=str(row.interview_id),
                audience=row.audience,
                status=row.sent["status"],
                version=(row.sequence, row.stamped_at.replace(microsecond=0)),
                attendees=frozenset(attendee[1] for attendee in row.sent["attendees"]),
            )
            for row in rows.Invitation.objects.all()
        ],
        loops={
            str(row.pk): Loop(str(row.pk), row.status, row.application.candidate.email)
            for row in rows.Loop.objects.select_related("application__candidate")
        },
        interviews={
            str(row.pk): Interview(
                str(row.pk), str(row.loop_id), row.block, row.starts_at, row.ends_at, row.status
            )
            for row in rows.Interview.objects.all()
        },
        seats=[
            Seat(
                *(str(row.pk), str(row.interview_id), row.key, str(row.user_id), row.user.email),
                *(row.blocked_from, row.blocked_until, row.held),
            )
            for row in rows.Seat.objects.select_related("user")
        ],
        plans={
            str(row.pk): Plan(str(row.pk), str(row.loop_id), row.status, _placements(row.plan))
            for row in rows.Proposal.objects.all()
        },
        journal=[(row.verb, str(row.subject_id), row.data) for row in journal.Event.objects.order_by("id")],
        away=json.loads((folder / "away.json").read_text()),
    )


def _placements(plan: dict[str, Any]) -> frozenset[tuple[str, dt.datetime, frozenset[tuple[str, str]]]]:
    return frozenset(
        (
            placed["block"],
            dt.datetime.fromisoformat(placed["starts_at"]),
            frozenset((seat, person) for seat, person in placed["people"]),
        )
        for placed in plan["placements"]
    )


# --- reading a calendar object (not with the product's own code, which is on trial) --------------------------------


def _event(message: bytes) -> Event | None:
    for part in email.message_from_bytes(message).walk():
        if part.get_content_type() != "text/calendar":
            continue
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        lines = re.sub(r"\r\n[ \t]", "", payload.decode()).split("\r\n")
        inside = lines[lines.index("BEGIN:VEVENT") : lines.index("END:VEVENT")]
        said: dict[str, tuple[str, str]] = {}
        for line in inside:
            name, _, value = line.partition(":")
            name, _, parameters = name.partition(";")
            said.setdefault(name, (parameters, value))
        (method,) = (line.partition(":")[2] for line in lines if line.startswith("METHOD:"))
        return Event(
            uid=said["UID"][1],
            method=method,
            sequence=int(said["SEQUENCE"][1]),
            stamped_at=_moment(*said["DTSTAMP"]),
            starts_at=_moment(*said["DTSTART"]),
        )
    return None


def _moment(parameters: str, value: str) -> dt.datetime:
    if value.endswith("Z"):
        return dt.datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    zone = ZoneInfo(parameters.removeprefix("TZID="))
    return dt.datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(dt.UTC)


def grouped(rows: Iterable[Any], key: Any) -> dict[Any, list[Any]]:
    """Rows by what `key` says of them, in their order."""
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)
