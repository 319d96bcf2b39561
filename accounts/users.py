"""Making people and giving them roles."""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import roles
from accounts.models import ApiKey, Grant, User, Users, valid_zone
from journal import events
from journal.errors import Refused, one_line

SYSTEM_ID = uuid.UUID(int=0)


def system() -> User:
    """The product itself: the actor of every consequence and of everything done by the clock."""
    user, _made = User.objects.get_or_create(
        pk=SYSTEM_ID,
        defaults={
            "email": "system@loopwright.invalid",
            "name": "Loopwright",
            "kind": User.Kind.SYSTEM,
            "created_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        },
    )
    return user


@transaction.atomic
def create(
    *,
    email: str,
    name: str,
    zone: str,
    roles_: Iterable[str] = (),
    by: User,
    at: dt.datetime,
    title: str = "",
    password: str | None = None,
    kind: str = User.Kind.PERSON,
) -> User:
    """Give somebody an account.

    Refuses when the address is taken, the zone is unknown, or the actor may not manage accounts.
    """
    roles.require(by, roles.May.MANAGE_ACCOUNTS)
    address = Users.normalize(email)
    if User.objects.filter(email=address).exists():
        raise Refused("Somebody already has an account with this e-mail address.", code="address_taken")
    _check_zone(zone)
    _check_kind(kind)
    user = User(
        email=address, name=one_line(name, "A name"), zone=zone, title=title, kind=kind, created_at=at
    )
    user.set_password(password)
    user.save()
    events.record("user.created", user, by=by, at=at, data={"kind": kind})
    for role in sorted(set(roles_)):
        grant(user, role, by=by, at=at)
    return user


@transaction.atomic
def grant(user: User, role: str, *, by: User, at: dt.datetime) -> None:
    """Give a person one more role. Refuses an unknown role, and mixing the service role with people's."""
    roles.require(by, roles.May.MANAGE_ACCOUNTS)
    if role not in roles.ROLES:
        known = ", ".join(roles.ROLES)
        raise Refused(f"There is no role “{role}”. The roles are: {known}.", code="unknown_role")
    if (role == roles.SERVICE.key) != (user.kind == User.Kind.SERVICE):
        raise Refused("The service role is for API services, and for nobody else.", code="wrong_kind")
    _grant, made = Grant.objects.get_or_create(user=user, role=role)
    roles.forget(user)
    if made:
        events.record("user.role_granted", user, by=by, at=at, data={"role": role})


@transaction.atomic
def revoke(user: User, role: str, *, by: User, at: dt.datetime) -> None:
    """Take a role from a person. Refuses to leave the installation without any administrator."""
    roles.require(by, roles.May.MANAGE_ACCOUNTS)
    if role == roles.ADMIN.key and not (
        Grant.objects.filter(role=role, user__is_active=True).exclude(user=user).exists()
    ):
        raise Refused("This is the last administrator. Make somebody else one first.", code="last_admin")
    deleted, _ = Grant.objects.filter(user=user, role=role).delete()
    roles.forget(user)
    if deleted:
        events.record("user.role_revoked", user, by=by, at=at, data={"role": role})


@transaction.atomic
def move_zone(user: User, zone: str, *, by: User, at: dt.datetime) -> None:
    """Change the zone a person reads times in. Refuses for somebody else unless the actor manages accounts."""
    if by.pk != user.pk:
        roles.require(by, roles.May.MANAGE_ACCOUNTS)
    _check_zone(zone)
    user.zone = zone
    user.save(update_fields=["zone"])
    events.record("user.zone_changed", user, by=by, at=at, data={"zone": zone})


@transaction.atomic
def deactivate(user: User, *, by: User, at: dt.datetime) -> None:
    """End a person's access at once. Their record stays, because what they did stays."""
    roles.require(by, roles.May.MANAGE_ACCOUNTS)
    if user.pk == by.pk:
        raise Refused(
            "You cannot deactivate your own account. Ask another administrator.", code="own_account"
        )
    user.is_active = False
    user.save(update_fields=["is_active"])
    events.record("user.deactivated", user, by=by, at=at)


@transaction.atomic
def reactivate(user: User, *, by: User, at: dt.datetime) -> User:
    """Give somebody their access back, with the roles they hold."""
    roles.require(by, roles.May.MANAGE_ACCOUNTS)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        events.record("user.reactivated", user, by=by, at=at)
    return user


@transaction.atomic
def change_kind(user: User, kind: str, *, by: User, at: dt.datetime) -> User:
    """Make an account a service's that was a person's, or the other way round.

    Refuses while they hold roles of the old kind, and while a key of theirs could still be used: each is taken away
    knowingly first.
    """
    roles.require(by, roles.May.MANAGE_ACCOUNTS)
    _check_kind(kind)
    if user.kind == kind:
        return user
    if Grant.objects.filter(user=user).exists():
        raise Refused(
            f"Take {user}'s roles first: people and services hold different ones.", code="wrong_kind"
        )
    if ApiKey.objects.usable(at).filter(user=user).exists():
        raise Refused(f"Revoke {user}'s API keys first: a person has none.", code="wrong_kind")
    user.kind = kind
    user.save(update_fields=["kind"])
    events.record("user.kind_changed", user, by=by, at=at, data={"kind": kind})
    return user


def _check_kind(kind: str) -> None:
    if kind not in {User.Kind.PERSON, User.Kind.SERVICE}:
        raise Refused("An account belongs to a person or to a service.", code="unknown_kind")


def _check_zone(zone: str) -> None:
    try:
        valid_zone(zone)
    except ValidationError as no:
        raise Refused(no.messages[0], code="unknown_zone") from no
