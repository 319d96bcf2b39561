"""What the engine knows of each interviewer: hours, busy times, holidays, limits, and what they are booked for.

Note [Kept diaries]
Bookings and holds change from minute to minute and are read anew each time. Working hours and busy times are hundreds of
rows a person, and rarely change: they are kept in the memory of the process under the person's calendar stamp, which the
database changes with every write to them (models/stamps.py). The stamp is read together with the person and before the
rows, so what is kept under a stamp is never older than it. The engine keeps its rows of free time by these very objects
(scheduling/grid.py).
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from interviews import availability, scheduling
from interviews.calendars.days_off import NoHolidays, days_off
from interviews.models import BusyTime, Hold, Interviewer, Loop, Seat, WorkingHours
from interviews.scheduling import Interval

logger = logging.getLogger(__name__)

RECENT = dt.timedelta(days=28)
MOST_KEPT = 1000
Diary = tuple[tuple[scheduling.WeeklyHours, ...], tuple[Interval, ...]]

_kept: dict[tuple[Any, int, dt.datetime], Diary] = {}


def people(
    wanted: Iterable[str], *, planned: Collection[Loop], lo: dt.datetime, hi: dt.datetime, at: dt.datetime
) -> dict[str, scheduling.Person]:
    """These interviewers by the id of their account, with what they hold between `lo` and `hi` for other loops than the
    planned ones.
    """
    rows: list[Any] = list(
        Interviewer.objects.filter(user__in=set(wanted))
        .select_related("user")
        .annotate(is_unknown=availability.unknown(at))
        .order_by("pk")
    )
    users = [row.user_id for row in rows]
    diaries = _diaries(rows, at=at)
    booked = _booked(users, planned, lo=lo, hi=hi)
    load = {user: sum(at - RECENT < i.starts_at for i in booked[user]) for user in users}
    held = _held_elsewhere(users, booked, planned, lo=lo, hi=hi, at=at)
    found = {}
    for row in rows:
        hours, busy = diaries[row.pk]
        found[str(row.user_id)] = scheduling.Person(
            key=str(row.user_id),
            name=row.user.name,
            zone=row.user.zone,
            hours=hours,
            # Whose calendar cannot be read is not free: they may be busy all the time.
            busy=(Interval(lo, hi),) if row.is_unknown else (*busy, *held[row.user_id]),
            days_off=holidays(row.country, lo, hi),
            booked=tuple(booked[row.user_id]),
            buffer_minutes=row.buffer_minutes,
            max_per_day=row.max_per_day,
            max_per_week=row.max_per_week,
            max_per_four_weeks=row.max_per_four_weeks,
            recent_load=load[row.user_id],
        )
    return found


def _diaries(rows: list[Interviewer], *, at: dt.datetime) -> dict[Any, Diary]:
    """Hours, and busy times from this week on, by interviewer. See Note [Kept diaries]."""
    monday = (at - dt.timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    keys = {row.pk: (row.pk, row.calendar_stamp, monday) for row in rows}
    found = {pk: _kept.get(key) for pk, key in keys.items()}
    missing = [pk for pk, diary in found.items() if diary is None]
    if missing:
        if len(_kept) + len(missing) > MOST_KEPT:
            _kept.clear()
        for pk, diary in _read(missing, since=monday).items():
            found[pk] = _kept[keys[pk]] = diary
    return {pk: diary for pk, diary in found.items() if diary is not None}


def _read(missing: list[Any], *, since: dt.datetime) -> dict[Any, Diary]:
    hours: dict[Any, list[scheduling.WeeklyHours]] = defaultdict(list)
    stretches = WorkingHours.objects.filter(interviewer__in=missing).order_by("weekday", "opens")
    for pk, weekday, opens, closes in stretches.values_list("interviewer", "weekday", "opens", "closes"):
        hours[pk].append(scheduling.WeeklyHours(weekday, opens, closes))
    busy: dict[Any, list[Interval]] = defaultdict(list)
    times = BusyTime.objects.filter(interviewer__in=missing, ends_at__gt=since).order_by("starts_at")
    for pk, starts_at, ends_at in times.values_list("interviewer", "starts_at", "ends_at"):
        busy[pk].append(Interval(starts_at, ends_at))
    return {pk: (tuple(hours[pk]), tuple(busy[pk])) for pk in missing}


def _booked(
    users: list[Any], planned: Collection[Loop], *, lo: dt.datetime, hi: dt.datetime
) -> dict[Any, list[Interval]]:
    booked: dict[Any, list[Interval]] = defaultdict(list)
    seats = Seat.objects.live().filter(user__in=users, interview__ends_at__gt=lo, interview__starts_at__lt=hi)
    for user_id, starts_at, ends_at in (
        seats.exclude(interview__loop__in=planned)
        .order_by("interview__starts_at", "pk")
        .values_list("user_id", "interview__starts_at", "interview__ends_at")
    ):
        booked[user_id].append(Interval(starts_at, ends_at))
    return booked


def _held_elsewhere(
    users: list[Any],
    booked: dict[Any, list[Interval]],
    planned: Collection[Loop],
    *,
    lo: dt.datetime,
    hi: dt.datetime,
    at: dt.datetime,
) -> dict[Any, list[Interval]]:
    """Times that other candidates may still choose: taken as if busy.

    Of the plans one loop holds, one at most comes true. So one of its times a week counts as booked (`booked` is added
    to), which keeps room for it in the person's limits too; the others only take the time.
    """
    held: dict[Any, list[Interval]] = defaultdict(list)
    counted = set()
    rows: QuerySet[Hold] = Hold.objects.live(at).exclude(proposal__loop__in=planned)
    rows = rows.filter(user__in=users, ends_at__gt=lo, starts_at__lt=hi)
    for user_id, other, starts_at, ends_at in rows.order_by("proposal__rank", "starts_at").values_list(
        "user_id", "proposal__loop_id", "starts_at", "ends_at"
    ):
        time = Interval(starts_at, ends_at)
        week = (user_id, other, starts_at.isocalendar()[:2])
        if time in booked[user_id]:
            continue  # a plan that mends a loop keeps this interview where it is
        (held if week in counted else booked)[user_id].append(time)
        counted.add(week)
    return held


@lru_cache(maxsize=512)
def _holidays_of(country: str, year: int) -> frozenset[dt.date]:
    place, _, part = country.partition("-")
    try:
        return days_off(place, part or None, [year])
    except NoHolidays as no:
        logger.warning("Holidays of %s are not kept: %s", country, no)
        return frozenset()


def holidays(country: str, lo: dt.datetime, hi: dt.datetime) -> frozenset[dt.date]:
    """The public holidays of a country (DE, US-CA) between two moments; none for no country."""
    if not country:
        return frozenset()
    return frozenset().union(*(_holidays_of(country, year) for year in range(lo.year, hi.year + 1)))
