"""Second factors: what besides a password proves who somebody is (authenticator app, passkey), and who must have one.

allauth checks codes and passkeys; the company's rules about them are here.
"""

import datetime as dt

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from accounts import roles
from accounts.models import User
from journal import events

Type = Authenticator.Type
KINDS = {Type.TOTP: "app", Type.WEBAUTHN: "passkey"}  # recovery codes only stand in for these


def of(user: User) -> list[Authenticator]:
    """What this person has set up, oldest first."""
    return list(Authenticator.objects.filter(user=user).order_by("created_at", "pk"))


def missing(user: User) -> bool:
    """Whether a role of theirs needs a second factor (SECOND_FACTOR_ROLES) and they have none."""
    needing = roles.held(user) & frozenset(settings.SECOND_FACTOR_ROLES)
    return bool(needing) and not Authenticator.objects.filter(user=user, type__in=KINDS).exists()


@transaction.atomic
def note(user: User, authenticator: Authenticator, *, added: bool, at: dt.datetime) -> None:
    """Record that somebody set up a second factor or took one away, so that a takeover can be traced."""
    if kind := KINDS.get(Type(authenticator.type)):
        verb = "user.factor_added" if added else "user.factor_removed"
        events.record(verb, user, by=user, at=at, data={"kind": kind})
