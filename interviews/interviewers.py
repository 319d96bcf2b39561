"""People who sit on panels: hours, limits, qualifications, busy times."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db import transaction

from accounts import roles
from accounts.models import User
from hiring import playbooks
from hiring.blueprint import Block
from hiring.models import Edition, Playbook
from interviews.calendars.days_off import NoHolidays, days_off
from interviews.models import BusyTime, Interviewer, Qualification, Scorecard, Seat, WorkingHours
from journal import events
from journal.errors import Refused

WATCHED_NEEDED = {Qualification.Level.SHADOW: 2, Qualification.Level.REVERSE_SHADOW: 2}

Hours = tuple[int, dt.time, dt.time]  # weekday (Monday = 0), opens, closes, in the person's own zone


@transaction.atomic
def add(
    user: User,
    *,
    hours: Iterable[Hours],
    by: User,
    at: dt.datetime,
    buffer_minutes: int = 15,
    max_per_day: int = 2,
    max_per_week: int = 4,
    max_per_four_weeks: int | None = None,
) -> Interviewer:
    """Let somebody sit on panels. Refuses without the role, impossible limits, and hours that run backwards."""
    roles.require(by, roles.May.MANAGE_INTERVIEWERS)
    if not roles.allows(user, roles.May.FILL_SCORECARDS):
        raise Refused(
            f"{user} holds no role that interviews. An administrator can grant it.", code="role_missing"
        )
    if Interviewer.objects.filter(user=user).exists():
        raise Refused(f"{user} is an interviewer already.", code="interviewer_already")
    _check_limits(buffer_minutes, max_per_day, max_per_week, max_per_four_weeks)
    person = Interviewer.objects.create(
        user=user,
        buffer_minutes=buffer_minutes,
        max_per_day=max_per_day,
        max_per_week=max_per_week,
        max_per_four_weeks=max_per_four_weeks,
        created_at=at,
    )
    events.record("interviewer.added", person, by=by, at=at, data={"user": user.pk})
    set_hours(person, hours, by=by, at=at)
    return person


@transaction.atomic
def set_limits(
    person: Interviewer,
    *,
    buffer_minutes: int,
    max_per_day: int,
    max_per_week: int,
    by: User,
    at: dt.datetime,
    max_per_four_weeks: int | None = None,
) -> Interviewer:
    """Change how much somebody interviews: their own choice, or that of whoever manages interviewers.

    All limits are given anew; none for four weeks means that the week alone counts.
    """
    _require_self_or_manager(person, by)
    _check_limits(buffer_minutes, max_per_day, max_per_week, max_per_four_weeks)
    person.buffer_minutes, person.max_per_day, person.max_per_week = buffer_minutes, max_per_day, max_per_week
    person.max_per_four_weeks = max_per_four_weeks
    person.save(update_fields=["buffer_minutes", "max_per_day", "max_per_week", "max_per_four_weeks"])
    data = {"buffer_minutes": buffer_minutes, "per_day": max_per_day, "per_week": max_per_week}
    data |= {"per_four_weeks": max_per_four_weeks} if max_per_four_weeks else {}
    events.record("interviewer.limits_set", person, by=by, at=at, data=data)
    return person


def _check_limits(buffer_minutes: int, per_day: int, per_week: int, per_four_weeks: int | None) -> None:
    if not 0 <= buffer_minutes <= 120:
        raise Refused("A buffer lies between 0 and 120 minutes.", code="bad_limit")
    if not 1 <= per_day <= per_week <= 40:
        raise Refused(
            "Limits: at least one interview a day, and no fewer a week than a day.", code="bad_limit"
        )
    if per_four_weeks is not None and not per_week <= per_four_weeks <= 160:
        raise Refused(
            "Four weeks allow no fewer interviews than one week. Leave the limit out if the week is enough.",
            code="bad_limit",
        )


@transaction.atomic
def set_hours(person: Interviewer, hours: Iterable[Hours], *, by: User, at: dt.datetime) -> Interviewer:
    """Replace the working hours, in the person's own zone. Refuses stretches that run backwards or overlap."""
    _require_self_or_manager(person, by)
    wanted = sorted(hours)
    if any(not 0 <= day <= 6 or opens >= closes for day, opens, closes in wanted):
        raise Refused("Working hours run forward within one weekday (Monday is 0).", code="bad_hours")
    if any(one[0] == two[0] and two[1] < one[2] for one, two in pairwise(wanted)):
        raise Refused("Two stretches of working hours overlap. Join them.", code="bad_hours")
    person.hours.all().delete()
    WorkingHours.objects.bulk_create(
        WorkingHours(interviewer=person, weekday=day, opens=opens, closes=closes)
        for day, opens, closes in wanted
    )
    events.record("interviewer.hours_set", person, by=by, at=at, data={"stretches": len(wanted)})
    return person


@transaction.atomic
def qualify(
    person: Interviewer, playbook: Playbook, block: str, level: str, *, by: User, at: dt.datetime
) -> Qualification:
    """Say what somebody may do in one block. Refuses blocks the playbook's newest edition does not have."""
    roles.require(by, roles.May.MANAGE_INTERVIEWERS)
    edition = Edition.objects.newest(playbook)
    known = [b.key for b in playbooks.of(edition).blocks] if edition else []
    if block not in known:
        raise Refused(
            f"{playbook} has no block “{block}”. Its blocks are: {', '.join(known)}.", code="unknown_block"
        )
    if level not in Qualification.Level.values:
        raise Refused(f"The levels are: {', '.join(Qualification.Level.values)}.", code="unknown_level")
    row, _made = Qualification.objects.update_or_create(
        interviewer=person,
        playbook=playbook,
        block=block,
        defaults={"level": level},
        create_defaults={"level": level, "created_at": at},
    )
    events.record("interviewer.qualified", person, by=by, at=at, data={"block": block, "level": level})
    return row


@dataclass(frozen=True)
class Training:
    """Where somebody stands in one block on the way shadow, reverse shadow, qualified.

    `done` counts the interviews of each step whose scorecard is in; `needed` is what the step at hand still takes. Nobody
    moves up by the count alone: whoever manages interviewers says so.
    """

    block: Block
    level: str
    done: Mapping[str, int]

    @property
    def needed(self) -> int:
        step = Qualification.Level(self.level)
        return max(0, WATCHED_NEEDED.get(step, 0) - self.done.get(step, 0))


def training(user: User) -> list[Training]:
    """Somebody's qualifications in the blocks the playbooks have now, those still learned first; in three queries."""
    rows = list(Qualification.objects.filter(interviewer__user=user).order_by("playbook", "block"))
    newest: dict[Any, Edition] = {}
    editions = Edition.objects.filter(playbook__in={row.playbook_id for row in rows})
    for edition in editions.defer("content", "source").order_by("number"):
        newest[edition.playbook_id] = edition
    seats = Seat.objects.filter(
        user=user, role__in=list(WATCHED_NEEDED), scorecard__status=Scorecard.Status.SUBMITTED
    )
    counted = seats.values_list("interview__loop__edition__playbook", "interview__block", "role")
    done: Counter[tuple[Any, str, str]] = Counter(counted)
    found = []
    for row in rows:
        steps = {str(step): done[row.playbook_id, row.block, str(step)] for step in WATCHED_NEEDED}
        found += [
            Training(block=block, level=row.level, done=steps)
            for block in playbooks.of(newest[row.playbook_id]).blocks
            if block.key == row.block
        ]
    return sorted(found, key=lambda path: path.level not in WATCHED_NEEDED)


@transaction.atomic
def block_time(
    person: Interviewer, *, starts_at: dt.datetime, ends_at: dt.datetime, by: User, at: dt.datetime
) -> BusyTime:
    """Take a time out of somebody's day. Refuses times that run backwards or last over 60 days."""
    _require_self_or_manager(person, by)
    if not starts_at < ends_at <= starts_at + dt.timedelta(days=60):
        raise Refused("A busy time ends after it begins and lasts at most 60 days.", code="bad_interval")
    row = BusyTime.objects.create(interviewer=person, starts_at=starts_at, ends_at=ends_at)
    events.record(
        "interviewer.time_blocked", person, by=by, at=at, data={"from": starts_at, "until": ends_at}
    )
    return row


@transaction.atomic
def unblock_time(
    person: Interviewer, *, starts_at: dt.datetime, ends_at: dt.datetime, by: User, at: dt.datetime
) -> Interviewer:
    """Give a blocked time back to somebody's day. Refuses times nobody blocked by hand: a calendar's are its own."""
    _require_self_or_manager(person, by)
    gone, _each = person.busy.filter(calendar=None, starts_at=starts_at, ends_at=ends_at).delete()
    if not gone:
        raise Refused(
            "This time is not blocked by hand. What was read in a calendar is changed there.",
            code="not_blocked",
        )
    data = {"from": starts_at, "until": ends_at}
    events.record("interviewer.time_unblocked", person, by=by, at=at, data=data)
    return person


@transaction.atomic
def set_country(person: Interviewer, *, country: str, by: User, at: dt.datetime) -> Interviewer:
    """Say whose public holidays somebody keeps: DE, US-CA, or none. Refuses places whose holidays nobody knows."""
    _require_self_or_manager(person, by)
    country = country.strip().upper()
    place, _, part = country.partition("-")
    if country:
        try:
            days_off(place, part or None, [at.year])
        except NoHolidays as no:
            raise Refused(str(no), code="unknown_country") from no
    person.country = country
    person.save(update_fields=["country"])
    events.record("interviewer.country_set", person, by=by, at=at, data={"country": country})
    return person


def keep_free(user: User, *, starts_at: dt.datetime, ends_at: dt.datetime) -> None:
    """A time they declined counts as busy (part of the rule that records the decline)."""
    BusyTime.objects.create(interviewer=user.interviewer, starts_at=starts_at, ends_at=ends_at)


@transaction.atomic
def pause(person: Interviewer, *, by: User, at: dt.datetime) -> Interviewer:
    """Ask them for nothing new; what is booked stays."""
    return _set_active(person, active=False, verb="interviewer.paused", by=by, at=at)


@transaction.atomic
def resume(person: Interviewer, *, by: User, at: dt.datetime) -> Interviewer:
    """They take interviews again."""
    return _set_active(person, active=True, verb="interviewer.resumed", by=by, at=at)


def _set_active(person: Interviewer, *, active: bool, verb: str, by: User, at: dt.datetime) -> Interviewer:
    _require_self_or_manager(person, by)
    person.is_active = active
    person.save(update_fields=["is_active"])
    events.record(verb, person, by=by, at=at)
    return person


def _require_self_or_manager(person: Interviewer, by: User) -> None:
    if person.user_id != by.pk:
        roles.require(by, roles.May.MANAGE_INTERVIEWERS)
