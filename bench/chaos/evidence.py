"""What there is to judge by: what the clients were told, what the database holds, and what the mail server took."""

import base64
import datetime as dt
import email
import json
import re
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace as Row
from typing import Any
from zoneinfo import ZoneInfo

Version = tuple[int, dt.datetime]  # SEQUENCE and DTSTAMP, which is how a calendar tells the newer of two


@dataclass(frozen=True)
class Event:
    """The calendar object in a mail, as far as it matters here."""

    uid: str
    method: str
    version: Version
    starts_at: dt.datetime


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


@dataclass
class Evidence:
    """The rows carry the fields named in `gather`."""

    acts: list[Row]
    arrivals: list[Arrival]
    written: list[Row]
    invited: list[Row]
    loops: dict[str, Row]
    interviews: dict[str, Row]
    seats: list[Row]
    plans: dict[str, Row]
    # (verb, subject, what it said beside) of everything that happened, in order.
    journal: list[tuple[str, str, dict[str, Any]]]
    # Server -> from when until when it was away.
    away: dict[str, list[list[float]]] = field(default_factory=dict)


def gather(folder: Path) -> Evidence:
    """Read everything a run has left in its folder. Needs Django, with the settings of the house."""
    from interviews.models import Interview, Invitation, Loop, Proposal, Seat
    from journal.models import Event as Happened
    from outbox.models import Delivery

    return Evidence(
        acts=[Row(**line) for path in sorted(folder.glob("client-*.jsonl")) for line in _lines(path)],
        arrivals=[
            Arrival(order, line["to"], base64.b64decode(line["message"]))
            for order, line in enumerate(_lines(folder / "sink.jsonl"))
        ],
        written=_rows(Delivery, "id", "thread", "turn", "status", "message", to="recipient"),
        invited=_rows(
            Invitation, "uid", "audience", "sequence", "stamped_at", "sent", interview="interview_id"
        ),
        loops=_by_id(_rows(Loop, "id", "status", candidate="application__candidate__email")),
        interviews=_by_id(_rows(Interview, "id", "block", "starts_at", "status", loop="loop_id")),
        seats=_rows(
            *(Seat, "id", "key", "blocked_from", "blocked_until", "held"),
            interview="interview_id",
            user="user_id",
            email="user__email",
        ),
        plans=_by_id(_rows(Proposal, "id", "plan", loop="loop_id")),
        journal=[(row.verb, str(row.subject_id), row.data) for row in Happened.objects.order_by("id")],
        away=json.loads((folder / "away.json").read_text()),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _rows(model: Any, *names: str, **renamed: str) -> list[Row]:
    """Every row of a model, with these fields; ids as text."""
    fields = {**{name: name for name in names}, **renamed}
    return [
        Row(
            **{
                name: str(value) if isinstance(value, uuid.UUID) else value
                for name, value in zip(fields, values, strict=True)
            }
        )
        for values in model.objects.order_by("pk").values_list(*fields.values())
    ]


def _by_id(rows: list[Row]) -> dict[str, Row]:
    return {row.id: row for row in rows}


# --- reading a calendar object (not with the product's own code, which is on trial) --------------------------------


def _event(message: bytes) -> Event | None:
    for part in email.message_from_bytes(message).walk():
        if part.get_content_type() != "text/calendar":
            continue
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        lines = re.sub(r"\r\n[ \t]", "", payload.decode()).split("\r\n")
        (method,) = (line.partition(":")[2] for line in lines if line.startswith("METHOD:"))
        said: dict[str, tuple[str, str]] = {}
        for line in lines[lines.index("BEGIN:VEVENT") : lines.index("END:VEVENT")]:
            name, _, value = line.partition(":")
            name, _, parameters = name.partition(";")
            said.setdefault(name, (parameters, value))
        version = int(said["SEQUENCE"][1]), _moment(*said["DTSTAMP"])
        return Event(said["UID"][1], method, version, _moment(*said["DTSTART"]))
    return None


def _moment(parameters: str, value: str) -> dt.datetime:
    if value.endswith("Z"):
        return dt.datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    zone = ZoneInfo(parameters.removeprefix("TZID="))
    return dt.datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(dt.UTC)
