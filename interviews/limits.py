"""Letting somebody take one interview of a loop beyond a limit of theirs: a person's decision, with its reason."""

import datetime as dt

from django.db import transaction

from accounts import roles
from accounts.models import User
from interviews import loops, schedules, scheduling
from interviews.models import LimitOverride, Loop
from interviews.permissions import require_loop
from journal import events
from journal.errors import Refused

Limit = LimitOverride.Limit
LONGEST_REASON = 500
_OPEN = {Loop.Status.WAITING, Loop.Status.BROKEN}


@transaction.atomic
def override(loop: Loop, *, user: User, limit: str, reason: str, by: User, at: dt.datetime) -> LimitOverride:
    """Plan this loop as if this limit of this person did not hold. It is recorded who allowed that, and why.

    Refuses without a reason, for a loop that needs no plan, for people who could not sit in it anyway, for a limit that
    leaves them room on every day the candidate offers, and twice.
    """
    require_loop(loop, by, roles.May.OVERRIDE_LIMITS)
    reason = reason.strip()
    if not reason:
        raise Refused("Write down why this limit may be exceeded: it stays on record.", code="no_reason")
    if len(reason) > LONGEST_REASON:
        raise Refused(f"Give the reason in at most {LONGEST_REASON} characters.", code="bad_reason")
    if limit not in Limit.values:
        raise Refused(f"The limits are: {', '.join(Limit.values)}.", code="unknown_limit")
    _lock(loop)
    if loop.limit_overrides.standing().filter(user=user, limit=limit).exists():
        raise Refused("This limit is overridden for this loop already.", code="overridden_already")
    problem = schedules.problem_of(loop, at=at)
    if not any(str(user.pk) in seat.pool for block in problem.blocks for seat in block.seats):
        raise Refused(
            f"{user} takes no interview of this loop. Choose somebody who is qualified for one.",
            code="not_in_pool",
        )
    if limit not in scheduling.limits_reached(problem, str(user.pk)):
        raise Refused(
            f"{user} has room left within this limit on every day the candidate offers. Something else stands in "
            "the way.",
            code="limit_not_reached",
        )
    row = LimitOverride.objects.create(loop=loop, user=user, limit=limit, reason=reason, by=by, created_at=at)
    events.record("loop.limit_overridden", loop, by=by, at=at, data={"user": user.pk, "limit": limit})
    return row


@transaction.atomic
def withdraw(loop: Loop, *, user: User, limit: str, by: User, at: dt.datetime) -> LimitOverride:
    """Let the limit hold again. Plans on offer go out of date, because they may rest on it.

    Refuses once the loop is booked (the booking rests on it), and when nothing is overridden.
    """
    require_loop(loop, by, roles.May.OVERRIDE_LIMITS)
    _lock(loop)
    row = loop.limit_overrides.standing().filter(user=user, limit=limit).first()
    if row is None:
        raise Refused(
            "This limit is not overridden for this loop. Nothing was changed.", code="not_overridden"
        )
    row.withdrawn_at = at
    row.save(update_fields=["withdrawn_at"])
    loops.expire_proposals(loop, at=at)
    events.record("loop.override_withdrawn", loop, by=by, at=at, data={"user": user.pk, "limit": limit})
    return row


def reached(loop: Loop, *, at: dt.datetime) -> list[tuple[User, LimitOverride.Limit]]:
    """Whose limits leave no room on some day the candidate offers, by name: those that may be overridden."""
    problem = schedules.problem_of(loop, at=at)
    pooled = {key for block in problem.blocks for seat in block.seats for key in seat.pool}
    found = {key: scheduling.limits_reached(problem, key) for key in sorted(pooled)}
    users = User.objects.filter(pk__in=[key for key, names in found.items() if names]).order_by("name", "pk")
    return [(user, limit) for user in users for limit in Limit if limit in found[str(user.pk)]]


def _lock(loop: Loop) -> None:
    """Decisions about one loop are made one after the other, and only while it needs a plan."""
    loop.refresh_from_db(fields=["status"], from_queryset=Loop.objects.select_for_update(no_key=True))
    if loop.status not in _OPEN:
        raise Refused(
            f"This loop is {loop.get_status_display().lower()}: what was decided about limits stands.",
            code="wrong_status",
        )
