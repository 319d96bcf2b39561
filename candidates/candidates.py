"""People who come."""

import datetime as dt
import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts import roles
from accounts.encryption import blind_index
from accounts.models import User, valid_zone
from candidates.models import Candidate
from journal import events
from journal.errors import Refused, one_line

# ISO 3166: a country, or a part of one. Empty: not known.
_COUNTRY = re.compile(r"([A-Z]{2}(-[A-Z0-9]{1,3})?)?")


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
    country: str = "",
    headline: str = "",
    same_person_checked: bool = False,
) -> Candidate:
    """Add a person. Refuses a malformed address, and one that somebody already has unless that was checked."""
    roles.require(by, roles.May.WRITE_CANDIDATES)
    candidate = Candidate(
        name=one_line(name, "The name of a candidate"),
        email=email.strip(),
        phone=phone.strip(),
        zone=zone,
        country=country.strip().upper(),
        headline=headline.strip(),
        created_at=at,
    )
    known = _reach(candidate, same_person_checked=same_person_checked)
    candidate.save(force_insert=True)
    events.record("candidate.added", candidate, by=by, at=at, data={"twins": [twin.pk for twin in known]})
    return candidate


@transaction.atomic
def edit(
    candidate: Candidate,
    *,
    by: User,
    at: dt.datetime,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    zone: str | None = None,
    country: str | None = None,
    headline: str | None = None,
    same_person_checked: bool = False,
) -> Candidate:
    """Correct who somebody is and how they are reached; what is not given stays.

    The journal tells which parts changed and never what they say: names and addresses can be erased, events cannot.
    Later messages go to the new address. Refuses what `add` refuses.
    """
    roles.require(by, roles.May.WRITE_CANDIDATES)
    row = Candidate.objects.select_for_update().get(pk=candidate.pk)
    wanted = {
        "name": None if name is None else one_line(name, "The name of a candidate"),
        "email": None if email is None else email.strip(),
        "phone": None if phone is None else phone.strip(),
        "zone": zone,
        "country": None if country is None else country.strip().upper(),
        "headline": None if headline is None else headline.strip(),
    }
    changed = sorted(key for key, value in wanted.items() if value is not None and value != getattr(row, key))
    if not changed:
        return row
    for key in changed:
        setattr(row, key, wanted[key])
    _reach(row, same_person_checked=same_person_checked or "email" not in changed)
    row.save(update_fields=[*changed, "email_index"])
    events.record("candidate.edited", row, by=by, at=at, data={"parts": changed})
    return row


def _reach(candidate: Candidate, *, same_person_checked: bool) -> list[Candidate]:
    """Check how they are reached, and note the address for duplicates; others who have it already, oldest first."""
    try:
        validate_email(candidate.email)
        valid_zone(candidate.zone)
    except ValidationError as no:
        raise Refused(
            f"{no.messages[0]} (e-mail “{candidate.email}”, zone “{candidate.zone}”)", code="bad_contact"
        ) from no
    if not _COUNTRY.fullmatch(candidate.country):
        raise Refused(
            f"“{candidate.country}” is no country. Use its two letters, such as DE, or with a part of it US-CA.",
            code="bad_contact",
        )
    known = [twin for twin in twins(candidate.email) if twin.pk != candidate.pk]
    if known and not same_person_checked:
        raise Refused(
            f"{known[0].name} is already known with this e-mail address. Add the application to them, or confirm "
            "that this is somebody else.",
            code="duplicate",
            details=[{"field": "candidate", "problem": str(known[0].pk)}],
        )
    candidate.email_index = blind_index(normalise(candidate.email))
    return known


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
