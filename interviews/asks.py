"""Asking an interviewer a favour so that a loop fits: to move a meeting, or to sit in outside their hours."""

import datetime as dt
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts import roles
from accounts.models import User
from interviews import schedules
from interviews.invites import span
from interviews.models import Loop
from interviews.permissions import require_loop
from journal import events
from journal.errors import Refused
from outbox import deliveries
from outbox.models import Delivery


class Favour(StrEnum):
    """What somebody can do themselves, by the code of the change that would help (interviews/scheduling)."""

    MEETING = "meeting"
    HOURS = "hours"


@transaction.atomic
def ask(
    loop: Loop,
    *,
    user: User,
    favour: str,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    by: User,
    at: dt.datetime,
) -> None:
    """Ask somebody by mail whether they could be free between these times. Their own calendar stays theirs.

    As soon as it shows them free, plans are found by themselves. The same question again sends nothing. Refuses people
    who could not sit in this loop, times that are over, and loops that need no plan.
    """
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    if favour not in set(Favour):
        raise Refused("That is nothing they can do themselves.", code="unknown_favour")
    if loop.status not in {Loop.Status.WAITING, Loop.Status.BROKEN}:
        raise Refused("This loop needs no plan any more, so nobody has to make room.", code="wrong_status")
    if not at < starts_at < ends_at:
        raise Refused("That time is over.", code="bad_time")
    problem = schedules.problem_of(loop, at=at)
    if not any(str(user.pk) in seat.pool for block in problem.blocks for seat in block.seats):
        raise Refused(f"{user} takes no interview of this loop.", code="not_in_pool")
    key = f"loop.room_asked:{loop.pk}:{user.pk}:{favour}:{starts_at.isoformat()}"
    if Delivery.objects.filter(key=key).exists():
        return
    when = span(starts_at, ends_at, user.zone)
    wish = {
        Favour.MEETING: f"Could you move what you have on {when}",
        Favour.HOURS: f"Could you sit in on {when}, outside your usual hours",
    }[Favour(favour)]
    then = {
        Favour.MEETING: "Once your calendar shows you free, the interviews are planned by themselves.",
        Favour.HOURS: "If so, add the time to your hours:\n\n"
        f"{settings.BASE_URL}{reverse('interviews:calendars')}",
    }[Favour(favour)]
    opening = loop.application.opening
    deliveries.mail(
        to=user.email,
        subject=f"Could you make room? {opening.title}",
        text=f"Hello {user.get_short_name()},\n\nwe look for times for the interviews of a candidate "
        f"({opening.title}, {opening.team_name}) and find none as things stand. {wish}? It would make "
        f"them possible.\n\n{then}\n\nIf it cannot be, tell {by.name}: nothing is booked in your name.\n",
        key=key,
        about=loop,
        by=by,
        at=at,
    )
    data = {"user": user.pk, "favour": favour, "from": starts_at, "until": ends_at}
    events.record("loop.room_asked", loop, by=by, at=at, data=data)
