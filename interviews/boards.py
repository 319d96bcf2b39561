"""What a loop board shows: times and people of one loop (booked or proposed), or of an opening's week, on a timeline.

Reads only. Positions are shares of the day shown, so that a page draws them at any width.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from accounts.models import User
from candidates.models import Application
from hiring import playbooks
from hiring.blueprint import Block, Blueprint
from hiring.models import Opening
from interviews import availability, schedules, scheduling
from interviews.models import BusyTime, Interview, Interviewer, Loop, Proposal, Seat
from interviews.scheduling import Interval, Person, Problem
from interviews.scheduling.calendars import floor_minute, moment_of, working_time

QUARTER = dt.timedelta(minutes=15)
MOST_DAYS = 14
_LIVE = (Interview.Status.SCHEDULED, Interview.Status.HELD, Interview.Status.NO_SHOW)


# --- what is placed -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Placed:
    """One block at its time with its people (pairs of seat key and user id), booked or proposed."""

    key: str
    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    people: tuple[tuple[str, str], ...]
    interview: Interview | None = None
    responses: Mapping[str, str] | None = None

    @property
    def who(self) -> frozenset[str]:
        return frozenset(person for _seat, person in self.people)

    def may_move(self, at: dt.datetime) -> bool:
        return (
            self.interview is not None
            and self.interview.status == Interview.Status.SCHEDULED
            and self.starts_at > at
        )


def booked(loop: Loop) -> list[Placed]:
    """The loop's interviews as they are, in the order of time, with the people who hold their seats."""
    plan = playbooks.of(loop.edition)
    seats = Prefetch("seats", Seat.objects.live().order_by("key"), to_attr="held_seats")
    rows: Iterable[Any] = (
        loop.interviews.filter(status__in=_LIVE).order_by("starts_at").prefetch_related(seats)
    )
    return [
        Placed(
            key=row.block,
            title=plan.block(row.block).title,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            people=tuple((seat.key, str(seat.user_id)) for seat in row.held_seats),
            interview=row,
            responses={str(seat.user_id): seat.response for seat in row.held_seats},
        )
        for row in rows
    ]


def proposed(data: dict[str, Any], plan: Blueprint) -> list[Placed]:
    """What a kept plan says, in the order of time."""
    placed = schedules.as_plan(data).placements
    rows = [Placed(p.block, plan.block(p.block).title, p.starts_at, p.ends_at, p.people) for p in placed]
    return sorted(rows, key=lambda row: row.starts_at)


def question(loop: Loop, *, at: dt.datetime) -> Problem | None:
    """The engine's question for this loop; None when there is nothing to ask: every time offered is over, say."""
    try:
        return schedules.problem_of(loop, at=at)
    except scheduling.InvalidProblem:
        return None


def names(problem: Problem | None, *lists: Iterable[Placed]) -> dict[str, str]:
    """Everybody who appears, by id."""
    known = {person.key: person.name for person in problem.people} if problem else {}
    missing = {key for rows in lists for row in rows for key in row.who} - set(known)
    found = User.objects.filter(pk__in=missing).values_list("pk", "name") if missing else ()
    return known | {str(pk): name for pk, name in found}


# --- comparing ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """A plan on offer, with what it costs in words people use."""

    proposal: Proposal
    placed: list[Placed]
    gives_way: list[Placed]
    idle: str
    days: int
    load: int
    busiest: str
    is_proven: bool
    gap: float
    moved: int
    come: int

    @property
    def starts_at(self) -> dt.datetime:
        return self.placed[0].starts_at

    @property
    def ends_at(self) -> dt.datetime:
        return self.placed[-1].ends_at


def offers(
    loop: Loop, reader: User, problem: Problem | None, *, before: Sequence[Placed] = ()
) -> list[Offer]:
    """The plans on offer, best first. `load` is how many interviews its people took lately, all together, and
    `gives_way` how a booked loop looks then that has to be changed as well; `moved` and `come` say how many interviews get
    another time than `before`, and how many people are asked anew.
    """
    plan = playbooks.of(loop.edition)
    people = {person.key: person for person in problem.people} if problem else {}
    seen = Proposal.objects.visible_to(reader).filter(loop=loop, status=Proposal.Status.OFFERED)
    rows = seen.select_related("swap_with__application__candidate", "swap_with__edition")
    found = []
    for row in rows.order_by("rank", "created_at"):
        placed = proposed(row.plan, plan)
        other = row.swap_with
        different = changes(before, placed)
        asked = [people[key] for key in sorted({k for p in placed for k in p.who}) if key in people]
        busiest = max(asked, key=lambda person: person.recent_load, default=None)
        found.append(
            Offer(
                proposal=row,
                placed=placed,
                gives_way=proposed(row.swap_plan, playbooks.of(other.edition)) if other else [],
                idle=length(row.plan["cost"]["idle_minutes"]),
                days=row.plan["cost"]["days"],
                load=sum(person.recent_load for person in asked),
                busiest=f"{busiest.name} {busiest.recent_load}" if busiest and busiest.recent_load else "",
                is_proven=row.plan["status"] == "optimal",
                gap=round(100 * row.plan["gap"], 1),
                moved=sum(change.is_moved for change in different),
                come=sum(len(change.come) for change in different),
            )
        )
    return found


def length(minutes: int) -> str:
    """“1 h 15 min”."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else ""]
    return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Change:
    """What becomes of one block: where it was (None: it had no time), where it will be, who goes and who comes."""

    before: Placed | None
    after: Placed
    gone: tuple[str, ...]
    come: tuple[str, ...]

    @property
    def is_moved(self) -> bool:
        return self.before is not None and self.before.starts_at != self.after.starts_at

    @property
    def stays(self) -> bool:
        return self.before is not None and not (self.is_moved or self.gone or self.come)


def changes(before: Sequence[Placed], after: Sequence[Placed]) -> list[Change]:
    """Block by block, in the order of the new plan."""
    was = {row.key: row for row in before}
    found = []
    for row in after:
        old = was.get(row.key)
        left = old.who if old else frozenset()
        found.append(Change(old, row, tuple(sorted(left - row.who)), tuple(sorted(row.who - left))))
    return found


def told(found: Iterable[Change]) -> dict[str, list[str]]:
    """Whom a change is told, by what they hear: who is asked anew, who need not come, who gets another time or panel."""
    rows = [change for change in found if not change.stays]
    come = {key for change in rows for key in change.come}
    gone = {key for change in rows for key in change.gone} - come
    stay = {key for change in rows for key in change.after.who} - come
    return {"come": sorted(come), "gone": sorted(gone), "stay": sorted(stay)}


# --- the timeline -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """A stretch of a lane: where it begins and how wide it is, in per cent of the day shown.

    `kind`: open (the candidate can come), off (outside working hours), busy, other (an interview of another loop),
    block, was (where a block is booked now).
    """

    kind: str
    x: str
    width: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    label: str = ""
    key: str = ""
    href: str = ""


@dataclass(frozen=True)
class Lane:
    """One person's day; the candidate's has no key."""

    key: str
    name: str
    spans: tuple[Span, ...]

    @property
    def taken(self) -> list[Span]:
        return [span for span in self.spans if span.kind in {"busy", "other"}]

    @property
    def open(self) -> list[Span]:
        return [span for span in self.spans if span.kind == "open"]


@dataclass(frozen=True)
class Day:
    """One day of the board in its zone, from a full hour to a full hour, with a line for every hour."""

    date: dt.date
    begins: dt.datetime
    ends: dt.datetime
    hours: tuple[tuple[str, str], ...]
    lanes: tuple[Lane, ...]

    @property
    def minutes(self) -> int:
        return int((self.ends - self.begins).total_seconds()) // 60


@dataclass(frozen=True)
class _Axis:
    begins: dt.datetime
    ends: dt.datetime

    def span(self, kind: str, time: Interval, **more: str) -> Span | None:
        low, high = max(time.starts_at, self.begins), min(time.ends_at, self.ends)
        if low >= high:
            return None
        whole = (self.ends - self.begins).total_seconds()
        x, width = (low - self.begins).total_seconds(), (high - low).total_seconds()
        return Span(
            kind, f"{100 * x / whole:.3f}", f"{100 * width / whole:.3f}", time.starts_at, time.ends_at, **more
        )

    def spans(self, kind: str, times: Iterable[Interval], **more: str) -> list[Span]:
        return [span for time in merged(times) if (span := self.span(kind, time, **more))]

    def hours(self, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
        count = int((self.ends - self.begins).total_seconds()) // 3600
        step = 1 if count <= 14 else 3
        marks = [self.begins + dt.timedelta(hours=n) for n in range(0, count, step)]
        whole = (self.ends - self.begins).total_seconds()
        return tuple(
            (f"{mark.astimezone(zone):%H:%M}", f"{100 * (mark - self.begins).total_seconds() / whole:.3f}")
            for mark in marks
        )


def merged(times: Iterable[Interval]) -> list[Interval]:
    """In order, with those that overlap or touch made one."""
    found: list[Interval] = []
    for time in sorted(times, key=lambda each: (each.starts_at, each.ends_at)):
        if found and time.starts_at <= found[-1].ends_at:
            found[-1] = Interval(found[-1].starts_at, max(found[-1].ends_at, time.ends_at))
        else:
            found.append(time)
    return found


def timeline(
    placed: Sequence[Placed],
    *,
    problem: Problem | None,
    windows: Sequence[Interval],
    candidate: str,
    people: Mapping[str, str],
    zone: str,
    was: Sequence[Placed] = (),
    every_day: bool = False,
    everybody: bool = False,
    movable: str = "",
) -> list[Day]:
    """The days of a loop: those with interviews, or every day the candidate offers; the candidate first, then people in
    the order in which they sit. `was` are blocks drawn where they are booked now, `movable` the one that is moved:
    then only its people are drawn.
    """
    here = ZoneInfo(zone)
    times = [Interval(row.starts_at, row.ends_at) for row in (*placed, *was)]
    shown = times if times and not every_day else [*times, *windows]
    known = {person.key: person for person in problem.people} if problem else {}
    same = {(row.key, row.starts_at) for row in placed}
    drawn = [row for row in placed if row.key == movable] or placed
    order = list(dict.fromkeys(key for row in (*drawn, *was) for key in sorted(row.who)))
    if everybody or not order:
        order += [key for key in sorted(known, key=lambda key: known[key].name) if key not in order]
    days = []
    for date in sorted({time.starts_at.astimezone(here).date() for time in shown})[:MOST_DAYS]:
        axis = _axis(date, here, [*times, *windows])
        old = [row for row in was if (row.key, row.starts_at) not in same]
        lanes = [
            Lane(
                "",
                candidate,
                (
                    *axis.spans("open", windows),
                    *_blocks(axis, "was", old),
                    *_blocks(axis, "block", placed, movable),
                ),
            )
        ]
        for key in order:
            lanes.append(
                Lane(
                    key,
                    people.get(key, ""),
                    (
                        *(_diary(axis, known[key]) if key in known else ()),
                        *_blocks(axis, "was", [row for row in old if key in row.who]),
                        *_blocks(axis, "block", [row for row in placed if key in row.who], movable),
                    ),
                )
            )
        days.append(Day(date, axis.begins, axis.ends, axis.hours(here), tuple(lanes)))
    return days


def _axis(date: dt.date, here: ZoneInfo, times: Sequence[Interval]) -> _Axis:
    """The same hours for every day of a board, so that days can be compared: from the first to the last in question."""
    opens, closes = 24, 0
    for time in times:
        start, end = time.starts_at.astimezone(here), time.ends_at.astimezone(here)
        overnight = start.date() != (end - dt.timedelta(minutes=1)).date()
        to_midnight = overnight or end.date() != start.date()
        opens = min(opens, 0 if overnight else start.hour)
        closes = max(closes, 24 if to_midnight else end.hour + (end.minute > 0))
    if opens >= closes:
        opens, closes = 8, 18
    midnight = dt.datetime.combine(date, dt.time(), here)
    begins = midnight.replace(hour=opens)
    following = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), here)
    ends = following if closes == 24 else midnight.replace(hour=closes)
    return _Axis(begins.astimezone(dt.UTC), ends.astimezone(dt.UTC))


def _diary(axis: _Axis, person: Person) -> list[Span]:
    low, high = floor_minute(axis.begins), floor_minute(axis.ends)
    working = [Interval(moment_of(a), moment_of(b)) for a, b in working_time(person, low, high)]
    return [
        *axis.spans("off", _gaps(axis, working)),
        *axis.spans("busy", (time for time in person.busy if time.starts_at < time.ends_at)),
        *axis.spans("other", person.booked, label=_("Another interview")),
    ]


def _gaps(axis: _Axis, working: Iterable[Interval]) -> list[Interval]:
    """What lies outside these times."""
    found, low = [], axis.begins
    for time in merged(working):
        if low < time.starts_at:
            found.append(Interval(low, min(time.starts_at, axis.ends)))
        low = max(low, time.ends_at)
        if low >= axis.ends:
            return found
    return [*found, Interval(low, axis.ends)]


def _blocks(axis: _Axis, kind: str, rows: Iterable[Placed], movable: str = "") -> list[Span]:
    spans = (
        axis.span(
            "moving" if kind == "block" and row.key == movable else kind,
            Interval(row.starts_at, row.ends_at),
            label=row.title,
            key=row.key,
        )
        for row in rows
    )
    return [span for span in spans if span]


# --- moving one block ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """Something one may choose, and whether the interview would fit then."""

    value: str
    label: str
    fits: bool
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Seating:
    """A seat of the block that is moved, who may take it, and who would."""

    key: str
    role: str
    is_optional: bool
    person: str
    choices: tuple[Choice, ...]


def starts(
    problem: Problem, block: str, *, people: Mapping[str, str], now: dt.datetime, at: dt.datetime
) -> list[Choice]:
    """Every quarter of an hour at which the candidate can come for this block, and the time it has now."""
    minutes = next(dt.timedelta(minutes=b.minutes) for b in problem.blocks if b.key == block)
    moments = {now}
    for window in merged(problem.windows):
        moment = moment_of(-(-floor_minute(max(window.starts_at, at)) // 15) * 15)
        while moment + minutes <= window.ends_at:
            moments.add(moment)
            moment += QUARTER
    return [
        Choice(
            value=f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}",
            label="",
            fits=not schedules.conflicts(problem, block, starts_at=moment, people=people),
            at=moment,
        )
        for moment in sorted(moments)
    ]


def seatings(
    problem: Problem, block: Block, *, starts_at: dt.datetime, people: Mapping[str, str]
) -> list[Seating]:
    """Each seat with everybody who may take it, and whether the interview would fit with them."""
    known = {person.key: person.name for person in problem.people}
    roles = {seat.key: seat.role for seat in block.seats}
    asked = next(each for each in problem.blocks if each.key == block.key)
    found = []
    for seat in asked.seats:
        pool = list(dict.fromkeys([*seat.pool, *([people[seat.key]] if seat.key in people else [])]))
        choices = tuple(
            Choice(
                value=key,
                label=known.get(key, ""),
                fits=not schedules.conflicts(
                    problem, block.key, starts_at=starts_at, people={**people, seat.key: key}
                ),
            )
            for key in sorted(pool, key=lambda key: known.get(key, ""))
        )
        found.append(Seating(seat.key, roles[seat.key], not seat.required, people.get(seat.key, ""), choices))
    return found


def moved(
    placed: Sequence[Placed], key: str, *, starts_at: dt.datetime, people: Mapping[str, str]
) -> list[Placed]:
    """The loop as it would be with one block elsewhere."""
    rows = [
        replace(
            row,
            starts_at=starts_at,
            ends_at=starts_at + (row.ends_at - row.starts_at),
            people=tuple(sorted(people.items())),
        )
        if row.key == key
        else row
        for row in placed
    ]
    return sorted(rows, key=lambda row: row.starts_at)


# --- an opening's week --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Week:
    """An opening's interviews from Monday to Sunday: drawn day by day, and as a list (with each block's title)."""

    days: list[Day]
    agenda: list[tuple[dt.date, list[tuple[Any, str]]]]
    count: int


def week(opening: Opening, reader: User, *, monday: dt.date, zone: str, at: dt.datetime) -> Week:
    """One week of an opening: every interview of its loops that this person may see, on the lanes of who holds it."""
    here = ZoneInfo(zone)
    begins = dt.datetime.combine(monday, dt.time(), here)
    ends = dt.datetime.combine(monday + dt.timedelta(days=7), dt.time(), here)
    rows = _interviews_of(opening, reader, begins=begins, ends=ends)
    held = [(row, seat.user) for row in rows for seat in row.held_seats]
    people = {user.pk: user for _row, user in held}
    taken = _taken(people, opening, begins=begins, ends=ends, at=at)
    times = [Interval(row.starts_at, row.ends_at) for row in rows]
    days, agenda = [], []
    for date in sorted({time.starts_at.astimezone(here).date() for time in times}):
        axis = _axis(date, here, times)
        today = [row for row in rows if row.starts_at.astimezone(here).date() == date]
        agenda.append((date, [(row, playbooks.of(row.loop.edition).block(row.block).title) for row in today]))
        lanes = []
        for pk, user in sorted(people.items(), key=lambda pair: pair[1].name):
            own = [_labelled(axis, row) for row, holder in held if holder.pk == pk]
            busy, other = taken[pk]
            spans = (
                *axis.spans("busy", busy),
                *axis.spans("other", other, label=_("Another interview")),
                *(span for span in own if span),
            )
            if any(own):
                lanes.append(Lane(str(pk), user.name, spans))
        days.append(Day(date, axis.begins, axis.ends, axis.hours(here), tuple(lanes)))
    return Week(days, agenda, len(rows))


def _interviews_of(opening: Opening, reader: User, *, begins: dt.datetime, ends: dt.datetime) -> list[Any]:
    seats = Prefetch(
        "seats", Seat.objects.live().select_related("user").order_by("key"), to_attr="held_seats"
    )
    rows = Interview.objects.visible_to(reader).filter(
        loop__application__opening=opening, status__in=_LIVE, starts_at__gte=begins, starts_at__lt=ends
    )
    rows = rows.select_related("loop__application__candidate", "loop__edition").defer(
        "loop__edition__content",
        "loop__edition__source",
        "loop__application__candidate__email",
        "loop__application__candidate__phone",
    )
    return list(rows.order_by("starts_at", "pk").prefetch_related(seats))


def _labelled(axis: _Axis, row: Any) -> Span | None:
    title = playbooks.of(row.loop.edition).block(row.block).title
    return axis.span(
        "block",
        Interval(row.starts_at, row.ends_at),
        label=f"{row.loop.application.candidate.name}: {title}",
        key=str(row.loop_id),
    )


def _taken(
    people: Iterable[uuid.UUID], opening: Opening, *, begins: dt.datetime, ends: dt.datetime, at: dt.datetime
) -> dict[uuid.UUID, tuple[list[Interval], list[Interval]]]:
    """Busy times and interviews for other openings, by person. Whose calendar cannot be read is busy all the time."""
    wanted = list(people)
    found: dict[uuid.UUID, tuple[list[Interval], list[Interval]]] = {pk: ([], []) for pk in wanted}
    unread = Interviewer.objects.filter(user__in=wanted).filter(availability.unknown(at))
    for pk in unread.values_list("user_id", flat=True):
        found[pk][0].append(Interval(begins, ends))
    busy = BusyTime.objects.filter(interviewer__user__in=wanted, ends_at__gt=begins, starts_at__lt=ends)
    for pk, starts_at, ends_at in busy.values_list("interviewer__user_id", "starts_at", "ends_at"):
        found[pk][0].append(Interval(starts_at, ends_at))
    others = Seat.objects.live().filter(
        user__in=wanted, interview__ends_at__gt=begins, interview__starts_at__lt=ends
    )
    others = others.exclude(interview__loop__application__opening=opening)
    for pk, starts_at, ends_at in others.values_list("user_id", "interview__starts_at", "interview__ends_at"):
        found[pk][1].append(Interval(starts_at, ends_at))
    return found


def zones(application: Application, reader: User) -> dict[str, tuple[str, str]]:
    """Zones to read a board in: by key, what it is called and its name. The same zone is there once."""
    offered = {
        "mine": (_("Mine"), reader.zone),
        "candidate": (_("The candidate’s"), application.candidate.zone),
        "opening": (_("The team’s"), application.opening.zone),
    }
    found: dict[str, tuple[str, str]] = {}
    for key, (label, zone) in offered.items():
        if zone not in (known for _label, known in found.values()):
            found[key] = (label, zone)
    return found
