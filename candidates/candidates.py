"""People who come."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts import roles
from accounts.encryption import blind_index
from accounts.models import User, valid_zone
from candidates.models import Candidate
from journal import events
from journal.errors import Refused, one_line


def normalise(email: str) -> str:
    """The address as duplicates are noticed by: case, `+tags` and the dots of Gmail do not make a new person."""
    local, _, host = email.strip().lower().rpartition("@")
    local = local.split("+", 1)[0]
    if host in {"gmail.com", "googlemail.com"}:
        local, host = local.replace(".", ""), "gmail.com"
    return f"{local}@{host}"


def twins(email: str) -> list[Candidate]:
    """Candidates who have the same address once normalised, oldest first."""
    return list(
        Candidate.objects.filter(email_index=blind_index(normalise(email))).order_by("created_at", "id")
    )


@transaction.atomic
def add(
    *,
    name: str,
    email: str,
    by: User,
    at: dt.datetime,
    phone: str = "",
    zone: str = "UTC",
    headline: str = "",
    same_person_checked: bool = False,
) -> Candidate:
    """Add a person. Refuses a malformed address, and one that somebody already has unless that was checked."""
    roles.require(by, roles.May.WRITE_CANDIDATES)
    name = one_line(name, "The name of a candidate")
    try:
        validate_email(email.strip())
        valid_zone(zone)
    except ValidationError as no:
        raise Refused(f"{no.messages[0]} (e-mail “{email}”, zone “{zone}”)", code="bad_contact") from no
    known = twins(email)
    if known and not same_person_checked:
        raise Refused(
            f"{known[0].name} is already known with this e-mail address. Add the application to them, or confirm "
            "that this is somebody else.",
            code="duplicate",
            details=[{"field": "candidate", "problem": str(known[0].pk)}],
        )
    candidate = Candidate.objects.create(
        name=name,
        email=email.strip(),
        email_index=blind_index(normalise(email)),
        phone=phone.strip(),
        zone=zone,
        headline=headline.strip(),
        created_at=at,
    )
    events.record("candidate.added", candidate, by=by, at=at, data={"twins": [twin.pk for twin in known]})
    return candidate


@transaction.atomic
def move_zone(candidate: Candidate, zone: str, *, by: User, at: dt.datetime) -> Candidate:
    """Change the zone in which a candidate reads their times. Refuses what is no zone."""
    roles.require(by, roles.May.WRITE_CANDIDATES)
    try:
        valid_zone(zone)
    except ValidationError as no:
        raise Refused(no.messages[0], code="unknown_zone") from no
    if candidate.zone != zone:
        candidate.zone = zone
        candidate.save(update_fields=["zone"])
        events.record("candidate.zone_changed", candidate, by=by, at=at, data={"zone": zone})
    return candidate
