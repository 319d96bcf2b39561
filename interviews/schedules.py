"""Finding times for a loop, booking them, and mending what breaks.

The engine (interviews/scheduling) is pure; this module turns rows into its question and its answer into rows.
"""

import datetime as dt
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Prefetch

from accounts import roles
from accounts.models import User
from candidates import applications
from hiring import playbooks
from hiring.blueprint import Blueprint
from hiring.models import TeamMember
from interviews import availability, interviewers, invites, loops, scheduling
from interviews.calendars.days_off import NoHolidays, days_off
from interviews.models import (
    BusyTime,
    Calendar,
    CandidateWindow,
    Hold,
    Interview,
    Interviewer,
    Loop,
    Proposal,
    Qualification,
    Seat,
)
from interviews.permissions import require_loop, require_seat
from interviews.scheduling import Explanation, Interval, Plan, Problem
from journal import events, states
from journal.errors import Refused

logger = logging.getLogger(__name__)

CHOICES = 4
NOTICE = dt.timedelta(hours=1)
LOOK_BACK = dt.timedelta(days=28)
HORIZON = dt.timedelta(days=28)


def problem_of(loop: Loop, *, at: dt.datetime, notice: dt.timedelta = NOTICE) -> Problem:
    """The engine's question for this loop as things stand now, in a constant number of queries.

    People who stepped back from this candidate are in no pool. Interviews that were held or have begun are pinned; the
    other confirmed ones are movable and kept where possible.
    """
    plan = playbooks.of(loop.edition)
    windows = [Interval(w.starts_at, w.ends_at) for w in loop.windows.all()]
    refused = set(
        Seat.objects.filter(interview__loop=loop, response=Seat.Response.RECUSED).values_list(
            "user_id", flat=True
        )
    )
    # Asked anew: a door may have fetched the loop with its interviews, as they were then and with seats of its own choice.
    confirmed = list(
        Interview.objects.filter(loop=loop)
        .exclude(status=Interview.Status.CANCELLED)
        .prefetch_related(Prefetch("seats", queryset=Seat.objects.live()))
    )
    pools = _pools(loop, plan, refused)
    wanted = {key for pool in pools.values() for key in pool}
    wanted |= {str(seat.user_id) for interview in confirmed for seat in interview.seats.all()}
    lo = min([at, *(w.starts_at for w in windows)]) - LOOK_BACK
    hi = max([at, *(w.ends_at for w in windows)]) + HORIZON
    people = _people(wanted, loop=loop, lo=lo, hi=hi, at=at)
    known = {person.key for person in people}
    return Problem(
        blocks=tuple(
            scheduling.Block(
                key=block.key,
                title=block.title,
                minutes=block.minutes,
                position=block.position,
                seats=tuple(
                    scheduling.Seat(
                        key=seat.key,
                        pool=tuple(key for key in pools[block.key, seat.key] if key in known),
                        required=not seat.optional,
                    )
                    for seat in block.seats
                ),
            )
            for block in plan.blocks
        ),
        people=people,
        windows=tuple(windows),
        zone=loop.application.candidate.zone,
        rules=_rules(plan),
        urgency=loop.urgency,
        fixed=tuple(_fixed(interview, at=at, refused=refused) for interview in confirmed),
        not_before=at + notice,
    )


def _rules(plan: Blueprint) -> scheduling.Rules:
    return scheduling.Rules(
        max_days=plan.loop.max_days,
        min_gap_minutes=plan.loop.min_gap_minutes,
        max_idle_minutes=plan.loop.max_idle_minutes,
        breaks=tuple(
            scheduling.Break(
                name=rest.name,
                minutes=rest.minutes,
                earliest=dt.time.fromisoformat(rest.earliest),
                latest=dt.time.fromisoformat(rest.latest),
                due_if_starts_before=dt.time.fromisoformat(rest.due_if_starts_before),
                due_if_ends_after=dt.time.fromisoformat(rest.due_if_ends_after),
            )
            for rest in plan.loop.breaks
        ),
        order=tuple(scheduling.Precedence(o.before, o.after, o.hard) for o in plan.loop.order),
    )


def _pools(loop: Loop, plan: Blueprint, refused: set[Any]) -> dict[tuple[str, str], list[str]]:
    """Who may take each seat: qualified people for lead and peer, trainees for their seats, the manager for theirs."""
    qualified: dict[tuple[str, str], list[str]] = defaultdict(list)
    rows = Qualification.objects.filter(
        playbook=loop.edition.playbook_id, interviewer__is_active=True, interviewer__user__is_active=True
    ).values_list("block", "level", "interviewer__user_id")
    for key, level, user_id in rows.order_by("interviewer_id"):
        if user_id not in refused:
            qualified[key, level].append(str(user_id))
    managers = [
        str(user_id)
        for user_id in TeamMember.objects.filter(
            opening=loop.application.opening_id, part=TeamMember.Part.HIRING_MANAGER
        ).values_list("user_id", flat=True)
        if user_id not in refused
    ]
    level_for = {
        Seat.Role.SHADOW: Qualification.Level.SHADOW,
        Seat.Role.REVERSE_SHADOW: Qualification.Level.REVERSE_SHADOW,
    }
    pools = {}
    for block in plan.blocks:
        for seat in block.seats:
            if Seat.Role(seat.role) is Seat.Role.HIRING_MANAGER:
                pools[block.key, seat.key] = managers
            else:
                level = level_for.get(Seat.Role(seat.role), Qualification.Level.QUALIFIED)
                pools[block.key, seat.key] = qualified[block.key, level]
    return pools


def _people(
    wanted: Iterable[str], *, loop: Loop, lo: dt.datetime, hi: dt.datetime, at: dt.datetime
) -> tuple[scheduling.Person, ...]:
    """The interviewers with their hours, busy times and booked interviews between `lo` and `hi`."""
    rows: list[Any] = list(
        Interviewer.objects.filter(user__in=list(wanted))
        .select_related("user")
        .prefetch_related(
            "hours",
            Prefetch("busy", queryset=BusyTime.objects.filter(ends_at__gt=lo, starts_at__lt=hi)),
        )
        .annotate(is_unknown=availability.unknown(at))
        .order_by("pk")
    )
    booked: dict[Any, list[Interval]] = defaultdict(list)
    load: dict[Any, int] = defaultdict(int)
    seats = Seat.objects.live().filter(
        user__in=[row.user_id for row in rows], interview__ends_at__gt=lo, interview__starts_at__lt=hi
    )
    for user_id, own, starts_at, ends_at in seats.values_list(
        "user_id", "interview__loop_id", "interview__starts_at", "interview__ends_at"
    ):
        if own != loop.pk:
            booked[user_id].append(Interval(starts_at, ends_at))
            load[user_id] += at - LOOK_BACK < starts_at
    held = _held_elsewhere([row.user_id for row in rows], booked, loop=loop, lo=lo, hi=hi, at=at)
    return tuple(
        scheduling.Person(
            key=str(row.user_id),
            name=row.user.name,
            zone=row.user.zone,
            hours=tuple(scheduling.WeeklyHours(h.weekday, h.opens, h.closes) for h in row.hours.all()),
            # Whose calendar cannot be read is not free: they may be busy all the time.
            busy=(Interval(lo, hi),)
            if row.is_unknown
            else (*(Interval(b.starts_at, b.ends_at) for b in row.busy.all()), *held[row.user_id]),
            days_off=_holidays(row.country, lo, hi),
            booked=tuple(booked[row.user_id]),
            buffer_minutes=row.buffer_minutes,
            max_per_day=row.max_per_day,
            max_per_week=row.max_per_week,
            recent_load=load[row.user_id],
        )
        for row in rows
    )


@lru_cache(maxsize=512)
def _holidays_of(country: str, year: int) -> frozenset[dt.date]:
    place, _, part = country.partition("-")
    try:
        return days_off(place, part or None, [year])
    except NoHolidays as no:
        logger.warning("Holidays of %s are not kept: %s", country, no)
        return frozenset()


def _holidays(country: str, lo: dt.datetime, hi: dt.datetime) -> frozenset[dt.date]:
    """The public holidays of a country (DE, US-CA) between two moments; none for no country."""
    if not country:
        return frozenset()
    return frozenset().union(*(_holidays_of(country, year) for year in range(lo.year, hi.year + 1)))


def _held_elsewhere(
    users: list[Any],
    booked: dict[Any, list[Interval]],
    *,
    loop: Loop,
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
    rows = Hold.objects.live(at).of_other_loops(loop).filter(user__in=users, ends_at__gt=lo, starts_at__lt=hi)
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


def _fixed(interview: Interview, *, at: dt.datetime, refused: set[Any]) -> scheduling.Fixed:
    begun = interview.starts_at <= at or interview.status == Interview.Status.HELD
    lost = interview.status == Interview.Status.NO_SHOW
    return scheduling.Fixed(
        block=interview.block,
        starts_at=interview.starts_at,
        people=tuple(
            (seat.key, str(seat.user_id)) for seat in interview.seats.all() if seat.user_id not in refused
        ),
        movable=lost or not begun,
    )


def propose(loop: Loop, *, by: User, at: dt.datetime) -> list[Proposal] | Explanation:
    """Plan the loop: ranked proposals (the first one is the proven best), or an explanation of why nothing fits.

    For a broken loop the plans change as few confirmed interviews, then as few people, as possible. Earlier proposals
    go out of date. The engine thinks before anything is locked: on SQLite everybody would wait for it. Refuses for
    loops that are not waiting or broken, when every window has passed, and when the loop changed meanwhile.
    """
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    if loop.status not in {Loop.Status.WAITING, Loop.Status.BROKEN}:
        raise Refused(
            f"This loop is {loop.get_status_display().lower()}: there is nothing to plan.",
            code="wrong_status",
        )
    if not loop.windows.filter(ends_at__gt=at + NOTICE).exists():
        raise Refused("Every time the candidate offered has passed. Ask for new ones.", code="no_windows")
    problem = problem_of(loop, at=at)
    solver = scheduling.repair if problem.fixed else scheduling.solve
    found = solver(problem, choices=CHOICES)
    return _offer(loop, problem, found, by=by, at=at)


@transaction.atomic
def _offer(
    loop: Loop, problem: Problem, found: scheduling.Solution | Explanation, *, by: User, at: dt.datetime
) -> list[Proposal] | Explanation:
    """Keep what the engine found, if it still answers the question."""
    status = Loop.objects.select_for_update().values_list("status", flat=True).get(pk=loop.pk)
    windows = {Interval(w.starts_at, w.ends_at) for w in CandidateWindow.objects.filter(loop=loop)}
    if status != loop.status or windows != set(problem.windows):
        raise Refused("This loop changed while it was planned. Plan it again.", code="changed_meanwhile")
    loops.expire_proposals(loop, at=at)
    if isinstance(found, Explanation):
        found = replace(found, reasons=(*_unread(problem, at=at), *found.reasons))
        events.record(
            "loop.unschedulable", loop, by=by, at=at, data={"reasons": [r.code for r in found.reasons]}
        )
        return found
    proposals = Proposal.objects.bulk_create(
        Proposal(loop=loop, rank=rank, plan=as_data(plan), status_at=at, created_at=at)
        for rank, plan in enumerate(found.plans, start=1)
    )
    events.record("loop.planned", loop, by=by, at=at, data={"plans": len(proposals)})
    return proposals


def _unread(problem: Problem, *, at: dt.datetime) -> list[scheduling.Reason]:
    """People who were left out because their calendar cannot be read."""
    asked = [key for block in problem.blocks for seat in block.seats for key in seat.pool]
    lost = (
        Calendar.objects.unknown(at)
        .filter(interviewer__user_id__in=asked)
        .select_related("interviewer__user")
    )
    return [
        scheduling.Reason(
            code="calendar_unknown",
            text=f"{calendar.interviewer}'s calendar could not be read "
            + (f"since {calendar.read_at:%d %B %H:%M} UTC." if calendar.read_at else "at all yet."),
            person=str(calendar.interviewer.user_id),
        )
        for calendar in lost
    ]


def as_data(plan: Plan) -> dict[str, Any]:
    """A plan as it is kept in a proposal: UTC times in ISO 8601, people by id, and what it costs."""
    cost = plan.cost
    return {
        "placements": [
            {
                "block": p.block,
                "starts_at": p.starts_at.isoformat(),
                "ends_at": p.ends_at.isoformat(),
                "people": [list(pair) for pair in p.people],
            }
            for p in plan.placements
        ],
        "completes_on": plan.completes_on.isoformat(),
        "status": plan.status,
        "gap": plan.gap,
        "cost": {
            "days": cost.days,
            "idle_minutes": cost.idle_minutes,
            "order": cost.order,
            "load": cost.load,
            "moved_blocks": cost.moved_blocks,
            "changed_people": cost.changed_people,
        },
    }


def confirm(proposal: Proposal, *, by: User, at: dt.datetime) -> Loop:
    """Book a proposed plan: interviews and seats are made, kept or moved, and everybody concerned is told.

    Connected calendars of its people are read once more first (before anything is locked). Then the interviewers are
    locked in id order and the plan is checked again as things stand now, so of two plans that want the same person one
    is refused; the database's own constraint stands behind that. Refuses a plan that is out of date or no longer holds,
    saying why.
    """
    require_loop(proposal.loop, by, roles.May.SCHEDULE_LOOPS)
    if not transaction.get_connection().in_atomic_block:
        read_calendars(proposal, by=by, at=at)
    return _confirm(proposal, by=by, at=at)


def read_calendars(proposal: Proposal, *, by: User, at: dt.datetime) -> None:
    """Read the calendars of a plan's people once more; on the network, so before anything is locked."""
    require_loop(proposal.loop, by, roles.May.SCHEDULE_LOOPS)
    people = {person for placed in proposal.plan["placements"] for _seat, person in placed["people"]}
    availability.refresh_for(people, by=by, at=at)


@transaction.atomic
def _confirm(proposal: Proposal, *, by: User, at: dt.datetime) -> Loop:
    loop = proposal.loop
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    if proposal.status != Proposal.Status.OFFERED:
        raise Refused("This plan is out of date. Ask for new ones.", code="stale_plan")
    placements = proposal.plan["placements"]
    if any(dt.datetime.fromisoformat(p["starts_at"]) < at for p in placements if not _held(loop, p["block"])):
        raise Refused("This plan begins in the past. Ask for new ones.", code="stale_plan")
    wanted = sorted({person for p in placements for _seat, person in p["people"]})
    # Every booking locks its people in the same order, so two bookings can wait for each other but never in a circle.
    list(
        Interviewer.objects.select_for_update().filter(user__in=wanted).order_by("user_id").values_list("pk")
    )
    wrong = scheduling.broken_rules(problem_of(loop, at=at, notice=dt.timedelta(0)), as_plan(proposal.plan))
    if wrong:
        raise Refused(
            "This plan no longer holds. Ask for new ones.",
            code="stale_plan",
            details=[{"field": "plan", "problem": sentence} for sentence in wrong],
        )
    try:
        with transaction.atomic():
            _book(loop, placements, by=by, at=at)
    except IntegrityError as overlap:
        raise Refused(
            "Somebody in this plan was booked a moment ago. Ask for new plans.", code="stale_plan"
        ) from overlap
    states.move(
        proposal, Proposal.Status.CONFIRMED, verb="proposal.confirmed", by=by, at=at, data={"loop": loop.pk}
    )
    loops.expire_proposals(loop, at=at)
    states.move(
        loop, Loop.Status.CONFIRMED, verb="loop.confirmed", by=by, at=at, data={"proposal": proposal.pk}
    )
    invites.tell_candidate(loop, proposal, by=by, at=at)
    return loop


def _held(loop: Loop, block: str) -> bool:
    return loop.interviews.filter(block=block, status=Interview.Status.HELD).exists()


def as_plan(data: dict[str, Any]) -> Plan:
    """A kept plan as the engine reads it; what it cost when it was made plays no part any more."""
    return Plan(
        placements=tuple(
            scheduling.Placement(
                block=p["block"],
                starts_at=dt.datetime.fromisoformat(p["starts_at"]),
                ends_at=dt.datetime.fromisoformat(p["ends_at"]),
                people=tuple((seat, person) for seat, person in p["people"]),
            )
            for p in data["placements"]
        ),
        cost=scheduling.Cost(*[0] * 8),
        completes_on=dt.date.fromisoformat(data["completes_on"]),
    )


@dataclass
class _Change:
    """What a plan asks of one interview: its time, and for each seat key the person who takes it."""

    interview: Interview
    starts_at: dt.datetime
    ends_at: dt.datetime
    people: dict[str, str]
    seats: dict[str, Seat]

    @property
    def moved(self) -> bool:
        return (self.interview.starts_at, self.interview.ends_at) != (self.starts_at, self.ends_at)

    @property
    def gone(self) -> list[Seat]:
        return [seat for key, seat in self.seats.items() if self.people.get(key) != str(seat.user_id)]

    @property
    def staying(self) -> list[Seat]:
        return [seat for key, seat in self.seats.items() if self.people.get(key) == str(seat.user_id)]


def _book(loop: Loop, placements: list[dict[str, Any]], *, by: User, at: dt.datetime) -> None:
    """Make the loop's interviews and seats equal to the plan, touching only what differs."""
    wanted = [person for placement in placements for _seat, person in placement["people"]]
    buffers = {
        str(user_id): dt.timedelta(minutes=minutes)
        for user_id, minutes in Interviewer.objects.filter(user__in=wanted).values_list(
            "user_id", "buffer_minutes"
        )
    }
    users = {str(user.pk): user for user in User.objects.filter(pk__in=wanted)}
    live = {
        interview.block: interview for interview in loop.interviews.exclude(status=Interview.Status.CANCELLED)
    }
    changes = [_change(loop, live.get(p["block"]), p, by=by, at=at) for p in placements]
    # First everything is let go, then everything is taken: two blocks of one loop may exchange times.
    for change in changes:
        _let_go(change, by=by, at=at)
    for change in changes:
        _move(change, buffers, by=by, at=at)
        _take(change, users, buffers, by=by, at=at)
    for change in changes:
        invites.announce(change.interview, by=by, at=at)


def _change(
    loop: Loop, interview: Interview | None, placement: dict[str, Any], *, by: User, at: dt.datetime
) -> _Change:
    starts_at, ends_at = (dt.datetime.fromisoformat(placement[key]) for key in ("starts_at", "ends_at"))
    if interview is not None and interview.status == Interview.Status.NO_SHOW:
        loops.call_off(interview, by=by, at=at)
        interview = None
    if interview is None:
        interview = Interview.objects.create(
            loop=loop,
            block=placement["block"],
            starts_at=starts_at,
            ends_at=ends_at,
            meeting_url=settings.MEETING_LINK.format(room=secrets.token_urlsafe(12)),
            status_at=at,
            created_at=at,
        )
        data = {"block": interview.block, "starts_at": starts_at}
        events.record("interview.scheduled", interview, by=by, at=at, data=data)
    seats = {seat.key: seat for seat in interview.seats.live().select_related("user")}
    people = dict(placement["people"])
    return _Change(interview, starts_at, ends_at, people, seats)


def _let_go(change: _Change, *, by: User, at: dt.datetime) -> None:
    leaving = list(change.seats.values()) if change.moved else change.gone
    Seat.objects.filter(pk__in=[seat.pk for seat in leaving]).update(held=False)
    for seat in change.gone:
        applications.dismiss(change.interview.loop.application, seat.user)
        data = {"interview": change.interview.pk, "user": seat.user_id}
        events.record("seat.released", seat, by=by, at=at, data=data)


def _move(change: _Change, buffers: dict[str, dt.timedelta], *, by: User, at: dt.datetime) -> None:
    if not change.moved:
        return
    before, interview = change.interview.starts_at, change.interview
    staying = change.staying
    interview.starts_at, interview.ends_at = change.starts_at, change.ends_at
    interview.save(update_fields=["starts_at", "ends_at"])
    events.record("interview.moved", interview, by=by, at=at, data={"from": before, "to": change.starts_at})
    for seat in staying:
        # An answer was to the old time.
        seat.held, seat.response = True, Seat.Response.ASKED
        seat.blocked_from = change.starts_at
        seat.blocked_until = change.ends_at + buffers[str(seat.user_id)]
        seat.save(update_fields=["held", "response", "blocked_from", "blocked_until"])


def _take(
    change: _Change, users: dict[str, User], buffers: dict[str, dt.timedelta], *, by: User, at: dt.datetime
) -> None:
    interview = change.interview
    taken = {seat.key for seat in change.staying}
    needs = {seat.key: seat for seat in playbooks.of(interview.loop.edition).block(interview.block).seats}
    for key, person in sorted(change.people.items(), key=lambda pair: pair[1]):
        if key in taken:
            continue
        seat = Seat.objects.create(
            interview=interview,
            key=key,
            role=needs[key].role,
            user=users[person],
            blocked_from=change.starts_at,
            blocked_until=change.ends_at + buffers[person],
            created_at=at,
        )
        applications.admit(interview.loop.application, [users[person]])
        data = {"interview": interview.pk, "user": seat.user_id}
        events.record("seat.taken", seat, by=by, at=at, data=data)


@transaction.atomic
def accept(seat: Seat, *, by: User, at: dt.datetime) -> Seat:
    """The interviewer says they will be there (or a coordinator passes it on)."""
    require_seat(seat, by)
    _require_live(seat)
    if seat.response == Seat.Response.ACCEPTED:
        return seat
    return _respond(seat, Seat.Response.ACCEPTED, "seat.accepted", by=by, at=at)


@transaction.atomic
def decline(seat: Seat, *, reason: str, by: User, at: dt.datetime, for_good: bool = False) -> Seat:
    """The interviewer cannot make it: their seat is freed at once, and the loop needs repair.

    Their time counts as busy from now on, but they may be asked for another one, unless they step back from this
    candidate `for_good` (they are friends, say). No notice limit. Refuses once the interview has begun, and for
    people other than the interviewer or those who schedule.
    """
    require_seat(seat, by)
    _require_live(seat)
    interview = seat.interview
    if interview.starts_at <= at:
        raise Refused("This interview has begun. Tell the recruiter if you were not there.", code="too_late")
    seat.decline_reason = reason.strip()[:200]
    seat.held = False
    seat.save(update_fields=["decline_reason", "held"])
    if for_good:
        _respond(seat, Seat.Response.RECUSED, "seat.recused", by=by, at=at)
    else:
        _respond(seat, Seat.Response.DECLINED, "seat.declined", by=by, at=at)
        interviewers.keep_free(seat.user, starts_at=interview.starts_at, ends_at=interview.ends_at)
    applications.dismiss(interview.loop.application, seat.user)
    if seat.role in Seat.COUNTING:
        loops.break_loop(interview.loop, by=by, at=at)
    else:
        invites.announce(interview, by=by, at=at)
    return seat


@transaction.atomic
def suggest(seat: Seat, *, starts_at: dt.datetime, ends_at: dt.datetime, by: User, at: dt.datetime) -> Seat:
    """The interviewer asks for another time. Nothing moves until somebody who schedules decides."""
    require_seat(seat, by)
    _require_live(seat)
    if not at < starts_at < ends_at:
        raise Refused("Suggest a time that lies ahead.", code="bad_time")
    seat.suggests_from, seat.suggests_until = starts_at, ends_at
    seat.save(update_fields=["suggests_from", "suggests_until"])
    data = {"interview": seat.interview_id, "from": starts_at, "until": ends_at}
    events.record("seat.time_suggested", seat, by=by, at=at, data=data)
    return seat


def _require_live(seat: Seat) -> None:
    if not seat.held or seat.interview.status != Interview.Status.SCHEDULED:
        raise Refused("This seat is not asked for any more. Nothing was changed.", code="not_held")


def _respond(seat: Seat, response: str, verb: str, *, by: User, at: dt.datetime) -> Seat:
    seat.response = response
    seat.save(update_fields=["response"])
    events.record(verb, seat, by=by, at=at, data={"interview": seat.interview_id})
    return seat


def waiting() -> models.QuerySet[Loop]:
    """Loops that need a plan and have none on offer: broken ones first, then by urgency and age."""
    return (
        Loop.objects.filter(status__in=[Loop.Status.WAITING, Loop.Status.BROKEN])
        .exclude(proposals__status=Proposal.Status.OFFERED)
        .select_related("application__candidate", "application__opening", "edition")
        .order_by("status", "-urgency", "created_at")
    )


def plan_waiting(*, by: User, at: dt.datetime) -> int:
    """Propose for every loop that waits for a plan, and book the best one at once where the opening allows that."""
    planned = 0
    for loop in waiting():
        planned += plan_one(loop, by=by, at=at)
    return planned


def plan_one(loop: Loop, *, by: User, at: dt.datetime) -> bool:
    """Propose for one loop; whether there is a plan. A refusal (somebody was faster, no windows left) is an answer."""
    try:
        plans = propose(loop, by=by, at=at)
        if isinstance(plans, Explanation):
            return False
        if loop.application.opening.auto_confirm:
            confirm(plans[0], by=by, at=at)
    except Refused:
        return False
    return True


@dataclass(frozen=True)
class Batch:
    """Plans for many loops at once: a proposal for each that fits, the loops without one, and how good it is all together.

    `gap` is how far at most a better schedule could be, as a share of the cost (None: no bound was worked out).
    """

    proposals: tuple[Proposal, ...]
    without: tuple[Loop, ...]
    gap: float | None


def plan_all(
    rows: Iterable[Loop],
    *,
    seconds: float,
    by: User,
    at: dt.datetime,
    progress: Callable[[scheduling.Progress], None] | None = None,
    keep: bool = True,
) -> Batch:
    """Plan many loops together, so that the people they share go where they help most; anytime, within `seconds`.

    The plans become proposals (earlier ones go out of date), to be looked at and applied with `apply_all`; with
    `keep=False` nothing is written. Runs solvers of its own processes: never inside a transaction or a web request.
    """

    by_key = {str(loop.pk): loop for loop in rows}
    problems = {}
    for key, loop in by_key.items():
        require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
        if loop.windows.filter(ends_at__gt=at + NOTICE).exists():
            problems[key] = problem_of(loop, at=at)
    found = scheduling.plan_all(problems, seconds=seconds, progress=progress)
    proposals = []
    with transaction.atomic():
        for key, plan in found.plans.items():
            proposal = Proposal(loop=by_key[key], rank=1, plan=as_data(plan), status_at=at, created_at=at)
            if keep:
                loops.expire_proposals(by_key[key], at=at)
                proposal.save(force_insert=True)
                events.record(
                    "loop.planned", by_key[key], by=by, at=at, data={"plans": 1, "together": len(problems)}
                )
            proposals.append(proposal)
    without = tuple(loop for key, loop in by_key.items() if key not in found.plans)
    return Batch(tuple(proposals), without, found.gap)


def apply_all(
    proposals: Iterable[Proposal], *, by: User, at: dt.datetime
) -> tuple[list[Loop], list[tuple[Loop, Refused]]]:
    """Confirm plans one after the other; what changed meanwhile is planned once more by itself.

    Returns the loops that are booked, and those that are not with the rule's own words why.
    """
    booked, refused = [], []
    for proposal in proposals:
        try:
            booked.append(confirm(proposal, by=by, at=at))
        except Refused:
            loop = Loop.objects.select_related(
                "application__candidate", "application__opening", "edition"
            ).get(pk=proposal.loop_id)
            try:
                again = propose(loop, by=by, at=at)
                if isinstance(again, Explanation):
                    raise Refused(" ".join(reason.text for reason in again.reasons), code="no_plan")
                booked.append(confirm(again[0], by=by, at=at))
            except Refused as no:
                refused.append((loop, no))
    return booked, refused


def watch(*, by: User, at: dt.datetime) -> int:
    """Break confirmed loops that lost a required seat without a decline: somebody left the company, say."""
    lost = Seat.objects.counting().filter(
        user__is_active=False,
        interview__status=Interview.Status.SCHEDULED,
        interview__starts_at__gt=at,
        interview__loop__status=Loop.Status.CONFIRMED,
    )
    count = 0
    with transaction.atomic():
        for seat in lost.select_related("user", "interview__loop__application").order_by("pk"):
            seat.held = False
            seat.save(update_fields=["held"])
            events.record(
                "seat.released",
                seat,
                by=by,
                at=at,
                data={"interview": seat.interview_id, "user": seat.user_id},
            )
            applications.dismiss(seat.interview.loop.application, seat.user)
            loops.break_loop(seat.interview.loop, by=by, at=at)
            count += 1
    return count
