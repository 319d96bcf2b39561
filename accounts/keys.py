"""API keys: 256 random bits, stored as a digest, scoped and expiring."""

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from django.db import transaction

from accounts import roles
from accounts.models import ApiKey, User
from journal import events
from journal.errors import Refused

# What a key may reach: a noun of the API, to read or to write. `write` includes `read`.
NOUNS = ("openings", "candidates", "applications", "interviewers", "loops", "events")
# Nobody writes the journal from outside.
SCOPES = tuple(
    f"{noun}:{verb}" for noun in NOUNS for verb in ("read", "write") if (noun, verb) != ("events", "write")
)
LONGEST = dt.timedelta(days=400)
_PREFIX = re.compile("[0-9a-f]{8}")
_NOTED_EVERY = dt.timedelta(minutes=5)


@transaction.atomic
def issue(
    user: User, *, name: str, scopes: Iterable[str], expires_at: dt.datetime, by: User, at: dt.datetime
) -> tuple[ApiKey, str]:
    """Make a key for a service; returns the row and the secret text, which is shown this once.

    Refuses for people (they log in), unknown scopes, and an expiry in the past or more than 400 days away.
    """
    roles.require(by, roles.May.MANAGE_ACCOUNTS)
    if user.kind != User.Kind.SERVICE:
        raise Refused("A key belongs to a service account. Make one first.", code="not_a_service")
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise Refused(f"Choose scopes out of: {', '.join(SCOPES)}.", code="unknown_scope")
    if not at < expires_at <= at + LONGEST:
        raise Refused("A key must expire in the future, at most 400 days from now.", code="bad_expiry")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        digest=_digest(secret),
        scopes=wanted,
        expires_at=expires_at,
        created_at=at,
    )
    events.record("key.issued", key, by=by, at=at, data={"user": user.pk, "scopes": wanted})
    return key, f"lw_{prefix}_{secret}"


@transaction.atomic
def revoke(key: ApiKey, *, by: User, at: dt.datetime) -> None:
    """End a key at once. Revoking twice changes nothing."""
    roles.require(by, roles.May.MANAGE_ACCOUNTS)
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at):
        key.revoked_at = at
        events.record("key.revoked", key, by=by, at=at)


def find(text: str, *, at: dt.datetime) -> ApiKey | None:
    """The usable key this text is, or None: unknown, wrong, expired, revoked and inactive look the same."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != "lw" or not _PREFIX.fullmatch(parts[1]):
        return None
    key = ApiKey.objects.usable(at).select_related("user").filter(prefix=parts[1]).first()
    # SECURITY: hash and compare even without a row, so that time does not tell a known prefix from an unknown one.
    right = hmac.compare_digest(key.digest if key else "0" * 64, _digest(parts[2]))
    if key is None or not right:
        return None
    if key.last_used_at is None or at - key.last_used_at > _NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)
    return key


def covers(key: ApiKey, noun: str, *, write: bool) -> bool:
    """Whether the key's scopes reach this noun."""
    return f"{noun}:write" in key.scopes or (not write and f"{noun}:read" in key.scopes)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
