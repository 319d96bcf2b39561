"""Finding times for a loop, booking them, and mending what breaks.

The engine (interviews/scheduling) is pure; this module turns rows into its question and its answer into rows.
"""

import datetime as dt
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Prefetch

from accounts import roles
from accounts.models import User
from candidates import applications
from hiring import playbooks
from hiring.blueprint import Block, Blueprint
from hiring.models import TeamMember
from interviews import availability, diaries, interviewers, invites, loops, scheduling
from interviews.models import (
    Calendar,
    CandidateWindow,
    Interview,
    Interviewer,
    LimitOverride,
    Loop,
    Proposal,
    Qualification,
    Seat,
)
from interviews.permissions import require_loop, require_seat
from interviews.scheduling import Explanation, Interval, Plan, Problem, Solution
from journal import events, states
from journal.errors import Refused

CHOICES = 4
ATTEMPTS = 3
SWAPS, SWAP_SOLVES = 6, 60  # so many booked loops may be asked to give way, each with so many tries
NOTICE = dt.timedelta(hours=1)
NEEDS_A_PERSON = (
    "The only plan makes another booked loop give way, which somebody has to decide: look at its plans."
)
AROUND = dt.timedelta(days=29)  # four weeks, and a day because clocks are changed


def problem_of(loop: Loop, *, at: dt.datetime, notice: dt.timedelta = NOTICE) -> Problem:
    """The engine's question for this loop as things stand now, in a constant number of queries.

    People who stepped back from this candidate are in no pool. Interviews that were held or have begun are pinned; the
    other confirmed ones are movable and kept where possible. The candidate's public holidays are no days of theirs, and
    limits that were overridden for this loop do not hold.
    """
    asked = _Asked.of(loop)
    people = diaries.people(asked.wanted, planned=[loop], at=at, **_span([asked], at=at))
    overridden = LimitOverride.objects.standing().filter(loop=loop)
    for user_id, limit in overridden.values_list("user_id", "limit"):
        if str(user_id) in people:
            people[str(user_id)] = scheduling.without_limits(people[str(user_id)], {limit})
    return asked.problem(people, at=at, notice=notice)


def _problems_together(rows: Iterable[Loop], *, at: dt.datetime) -> dict[str, Problem]:
    """The questions of loops that are planned together: nobody is described in two ways, and none of these loops' own
    interviews stands in the way of another. So nobody's limits are overridden here: such a loop is planned alone.
    """
    asked = [_Asked.of(loop) for loop in rows]
    if not asked:
        return {}
    wanted = {key for one in asked for key in one.wanted}
    loops_ = [one.loop for one in asked]
    people = diaries.people(wanted, planned=loops_, at=at, **_span(asked, at=at))
    return {str(one.loop.pk): one.problem(people, at=at, notice=NOTICE) for one in asked}


@dataclass(frozen=True)
class _Asked:
    """What is read of one loop before its people are."""

    loop: Loop
    plan: Blueprint
    windows: tuple[Interval, ...]
    confirmed: tuple[Interview, ...]
    refused: frozenset[Any]
    pools: dict[tuple[str, str], list[str]]

    @classmethod
    def of(cls, loop: Loop) -> "_Asked":
        plan = playbooks.of(loop.edition)
        stepped_back = Seat.objects.filter(interview__loop=loop, response=Seat.Response.RECUSED)
        refused = frozenset(stepped_back.values_list("user_id", flat=True))
        seats = Prefetch("seats", queryset=Seat.objects.live())
        # Asked anew: a door may have fetched the loop with its interviews, as they were then and with seats of its own
        # choice.
        confirmed = Interview.objects.filter(loop=loop).exclude(status=Interview.Status.CANCELLED)
        return cls(
            loop=loop,
            plan=plan,
            windows=tuple(
                Interval(w.starts_at, w.ends_at) for w in loop.windows.order_by("starts_at", "ends_at")
            ),
            confirmed=tuple(confirmed.order_by("starts_at", "pk").prefetch_related(seats)),
            refused=refused,
            pools=_pools(loop, plan, refused),
        )

    @property
    def wanted(self) -> set[str]:
        pooled = {key for pool in self.pools.values() for key in pool}
        return pooled | {str(seat.user_id) for i in self.confirmed for seat in i.seats.all()}

    def problem(
        self, people: Mapping[str, scheduling.Person], *, at: dt.datetime, notice: dt.timedelta
    ) -> Problem:
        candidate = self.loop.application.candidate
        first, last = (self.windows[0].starts_at, self.windows[-1].ends_at) if self.windows else (at, at)
        return Problem(
            blocks=tuple(self._block(block, people) for block in self.plan.blocks),
            people=tuple(people[key] for key in sorted(self.wanted & set(people))),
            windows=self.windows,
            zone=candidate.zone,
            days_off=diaries.holidays(candidate.country, first, last),
            rules=_rules(self.plan),
            urgency=self.loop.urgency,
            fixed=tuple(_fixed(interview, at=at, refused=self.refused) for interview in self.confirmed),
            not_before=at + notice,
        )

    def _block(self, block: Block, people: Mapping[str, scheduling.Person]) -> scheduling.Block:
        return scheduling.Block(
            key=block.key,
            title=block.title,
            minutes=block.minutes,
            position=block.position,
            seats=tuple(
                scheduling.Seat(
                    key=seat.key,
                    pool=tuple(key for key in self.pools[block.key, seat.key] if key in people),
                    required=not seat.optional,
                )
                for seat in block.seats
            ),
        )


def _span(asked: Iterable[_Asked], *, at: dt.datetime) -> dict[str, dt.datetime]:
    """Within which time bookings matter: a limit counts four weeks back and ahead of every day in question."""
    windows = [window for one in asked for window in one.windows]
    return {
        "lo": min([at, *(w.starts_at for w in windows)]) - AROUND,
        "hi": max([at, *(w.ends_at for w in windows)]) + AROUND,
    }


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


def _pools(loop: Loop, plan: Blueprint, refused: frozenset[Any]) -> dict[tuple[str, str], list[str]]:
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


def _fixed(interview: Interview, *, at: dt.datetime, refused: frozenset[Any]) -> scheduling.Fixed:
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

    For a broken loop the plans change as few confirmed interviews, then as few people, as possible. When it has none by
    itself, a booked loop is looked for that can give way, so that both have a plan: that is proposed too, and changes
    nothing until somebody confirms it. Earlier proposals go out of date. Refuses for loops that are not waiting or
    broken, and when every window has passed.

    Solving locks nothing: what was found is kept in a short transaction if the question is still the same, and else it
    is asked anew. Refuses when that happens again and again.
    """
    for _attempt in range(ATTEMPTS):
        now = _to_plan(Loop.objects.filter(pk=loop.pk), by=by, at=at)
        problem = problem_of(now, at=at)
        solver = scheduling.repair if problem.fixed else scheduling.solve
        found: Solution | Explanation | _Swap = solver(problem, choices=CHOICES)
        if isinstance(found, Explanation) and problem.fixed:
            found = _swap(now, problem, by=by, at=at) or found
        kept = _keep(loop, problem, found, by=by, at=at)
        if kept is not None:
            return kept
    raise Refused("Others book the same people at this very moment. Try again.", code="changed_meanwhile")


@dataclass(frozen=True)
class _Swap:
    """A booked loop that gives way, its question, and the plans of both."""

    loop: Loop
    problem: Problem
    plans: scheduling.Swap


def _swap(loop: Loop, problem: Problem, *, by: User, at: dt.datetime) -> _Swap | None:
    """A booked loop that could give way to this one. Those whose interviews have begun, or are about to, are left alone."""
    pooled: set[Any] = {key for block in problem.blocks for seat in block.seats for key in seat.pool}
    coming = Interview.objects.filter(status=Interview.Status.SCHEDULED)
    rows = (
        Loop.objects.visible_to(by)
        .filter(
            status=Loop.Status.CONFIRMED,
            interviews__seats__in=Seat.objects.live().filter(user__in=pooled),
            interviews__status=Interview.Status.SCHEDULED,
            interviews__starts_at__lt=problem.windows[-1].ends_at + AROUND,
        )
        .exclude(pk__in=coming.filter(starts_at__lte=at + NOTICE).values("loop"))
        .annotate(shared=models.Count("interviews__seats"))
        .select_related("application__candidate", "application__opening", "edition")
        .order_by("-shared", "pk")[:SWAPS]
    )
    others = {str(row.pk): row for row in rows}
    problems = {key: problem_of(row, at=at) for key, row in others.items()}
    found = scheduling.repair_with_swap(problem, problems, pairs=SWAPS, solves=SWAP_SOLVES)
    return None if found is None else _Swap(others[found.key], problems[found.key], found)


def _to_plan(rows: models.QuerySet[Loop], *, by: User, at: dt.datetime) -> Loop:
    """The loop as it is now. Refuses unless it can be planned."""
    loop = rows.select_related("application__candidate", "application__opening", "edition").get()
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    if loop.status not in {Loop.Status.WAITING, Loop.Status.BROKEN}:
        raise Refused(
            f"This loop is {loop.get_status_display().lower()}: there is nothing to plan.",
            code="wrong_status",
        )
    if not loop.windows.filter(ends_at__gt=at + NOTICE).exists():
        raise Refused(
            "Every time the candidate offered has passed. Ask for new ones."
            if loop.windows.exists()
            else "The candidate has offered no times yet. Ask for them.",
            code="no_windows",
        )
    return loop


@transaction.atomic
def _keep(
    loop: Loop, problem: Problem, found: Solution | Explanation | _Swap, *, by: User, at: dt.datetime
) -> list[Proposal] | Explanation | None:
    """Store what was found; None when it answers a question that is not asked any more."""
    locked = Loop.objects.select_for_update(of=("self",), no_key=True).filter(pk=loop.pk)
    if problem_of(_to_plan(locked, by=by, at=at), at=at) != problem:
        return None
    if isinstance(found, _Swap) and problem_of(found.loop, at=at) != found.problem:
        return None
    loops.expire_proposals(loop, at=at)
    if isinstance(found, Explanation):
        found = replace(found, reasons=(*_unread(problem, at=at), *found.reasons))
        events.record(
            "loop.unschedulable", loop, by=by, at=at, data={"reasons": [r.code for r in found.reasons]}
        )
        return found
    if isinstance(found, _Swap):
        proposal = Proposal.objects.create(
            loop=loop, rank=1, plan=as_data(found.plans.plan), status_at=at, created_at=at,
            swap_with=found.loop, swap_plan=as_data(found.plans.other),
        )  # fmt: skip
        data = {"plans": 1, "swap_with": found.loop.pk}
        events.record("loop.planned", loop, by=by, at=at, data=data)
        return [proposal]
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

    When another loop gives way, both are changed together or neither is.

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
    people = {person for _loop, placed in _placements(proposal) for _seat, person in placed["people"]}
    availability.refresh_for(people, by=by, at=at)


def _placements(proposal: Proposal) -> list[tuple[Loop, dict[str, Any]]]:
    """What a proposal books: its own loop's interviews, and those of a loop that gives way."""
    own = [(proposal.loop, placed) for placed in proposal.plan["placements"]]
    other = proposal.swap_with
    return own if other is None else own + [(other, placed) for placed in proposal.swap_plan["placements"]]


@transaction.atomic
def _confirm(proposal: Proposal, *, by: User, at: dt.datetime) -> Loop:
    loop, other = proposal.loop, proposal.swap_with
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    if other is not None:
        require_loop(other, by, roles.May.SCHEDULE_LOOPS)
    if proposal.status != Proposal.Status.OFFERED:
        raise Refused("This plan is out of date. Ask for new ones.", code="stale_plan")
    booking = _placements(proposal)
    if any(
        dt.datetime.fromisoformat(placed["starts_at"]) < at
        for whose, placed in booking
        if not _held(whose, placed["block"])
    ):
        raise Refused("This plan begins in the past. Ask for new ones.", code="stale_plan")
    wanted = sorted({person for _loop, placed in booking for _seat, person in placed["people"]})
    # Every booking locks its people in the same order, so two bookings can wait for each other but never in a circle.
    list(
        Interviewer.objects.select_for_update().filter(user__in=wanted).order_by("user_id").values_list("pk")
    )
    wrong = _broken_rules(proposal, at=at)
    if wrong:
        raise Refused(
            "This plan no longer holds. Ask for new ones.",
            code="stale_plan",
            details=[{"field": "plan", "problem": sentence} for sentence in wrong],
        )
    try:
        with transaction.atomic():
            _book(booking, by=by, at=at)
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
    if other is not None:
        data = {"proposal": proposal.pk, "for": loop.pk}
        events.record("loop.rearranged", other, by=by, at=at, data=data)
        if proposal.swap_plan["cost"]["moved_blocks"]:
            invites.tell_candidate(other, proposal, by=by, at=at)
    return loop


def _broken_rules(proposal: Proposal, *, at: dt.datetime) -> tuple[str, ...]:
    """Which rules the plan (both plans, when another loop gives way) would break as things stand now."""
    loop, other = proposal.loop, proposal.swap_with
    problem, plan = problem_of(loop, at=at, notice=dt.timedelta(0)), as_plan(proposal.plan)
    if other is None:
        return scheduling.broken_rules(problem, plan)
    # Whatever else would change that loop must wait: a decline, say, or the candidate who cancels.
    other.refresh_from_db(fields=["status"], from_queryset=Loop.objects.select_for_update(no_key=True))
    if other.status != Loop.Status.CONFIRMED:
        return ("The loop that would give way is not booked any more.",)
    other_problem, other_plan = problem_of(other, at=at, notice=dt.timedelta(0)), as_plan(proposal.swap_plan)
    return (
        *scheduling.broken_rules(scheduling.making_way(problem, other_problem, other_plan), plan),
        *scheduling.broken_rules(scheduling.making_way(other_problem, problem, plan), other_plan),
    )


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


def _book(booking: list[tuple[Loop, dict[str, Any]]], *, by: User, at: dt.datetime) -> None:
    """Make the interviews and seats equal to what is placed, touching only what differs."""
    wanted = [person for _loop, placed in booking for _seat, person in placed["people"]]
    buffers = {
        str(user_id): dt.timedelta(minutes=minutes)
        for user_id, minutes in Interviewer.objects.filter(user__in=wanted).values_list(
            "user_id", "buffer_minutes"
        )
    }
    users = {str(user.pk): user for user in User.objects.filter(pk__in=wanted)}
    interviews = Interview.objects.filter(loop__in={loop for loop, _placed in booking})
    live = {(i.loop_id, i.block): i for i in interviews.exclude(status=Interview.Status.CANCELLED)}
    changes = [
        _change(loop, live.get((loop.pk, placed["block"])), placed, by=by, at=at) for loop, placed in booking
    ]
    # First everything is let go, then everything is taken: two blocks may exchange times, or people.
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


# --- by hand ------------------------------------------------------------------------------------------------


def conflicts(
    problem: Problem, block: str, *, starts_at: dt.datetime, people: Mapping[str, str]
) -> tuple[str, ...]:
    """Every rule that this booked block would break at that time with these people (ids by seat key), as sentences.

    The other blocks of the loop are taken as they are booked. `problem` is the loop's own (`problem_of`).
    """
    minutes = {each.key: dt.timedelta(minutes=each.minutes) for each in problem.blocks}
    others = [replace(item, movable=False) for item in problem.fixed if item.block != block]
    if {block, *(item.block for item in others)} != set(minutes):
        return ("Not every interview of this loop has a time yet: book a plan for all of it first.",)
    placed = [(block, starts_at, tuple(sorted(people.items())))]
    placed += [(item.block, item.starts_at, item.people) for item in others]
    plan = Plan(
        placements=tuple(
            scheduling.Placement(key, start, start + minutes[key], who)
            for key, start, who in sorted(placed, key=lambda each: (each[1], each[0]))
        ),
        cost=scheduling.Cost(*[0] * 8),
        completes_on=starts_at.date(),
    )
    try:
        alone = replace(problem, fixed=tuple(others))
    except scheduling.InvalidProblem as no:
        return (str(no),)
    return scheduling.broken_rules(alone, plan)


def move(
    interview: Interview, *, starts_at: dt.datetime, people: Mapping[str, str], by: User, at: dt.datetime
) -> Interview:
    """Put one booked interview at another time, or other people into it, by hand; everybody concerned is told.

    `people` are ids of users by seat key; seats left out stay empty. The same rules hold as for plans: connected
    calendars are read once more first, the people are locked, and a broken rule refuses with its sentence. Plans on
    offer go out of date; a broken loop whose seats are all taken by this is booked again. Refuses interviews that have
    begun or are not to come any more, and a move that changes nothing.
    """
    require_loop(interview.loop, by, roles.May.SCHEDULE_LOOPS)
    if not transaction.get_connection().in_atomic_block:
        availability.refresh_for(set(people.values()), by=by, at=at)
    return _move_by_hand(interview, starts_at=starts_at, people=people, by=by, at=at)


@transaction.atomic
def _move_by_hand(
    interview: Interview, *, starts_at: dt.datetime, people: Mapping[str, str], by: User, at: dt.datetime
) -> Interview:
    holders = interview.seats.live().values_list("user_id", flat=True)
    wanted: list[Any] = sorted({*people.values(), *map(str, holders)})
    # People before loops, as bookings lock them, so that nobody waits in a circle.
    list(
        Interviewer.objects.select_for_update().filter(user__in=wanted).order_by("user_id").values_list("pk")
    )
    loop = Loop.objects.select_for_update(of=("self",), no_key=True).get(pk=interview.loop_id)
    interview.refresh_from_db(fields=["status", "starts_at", "ends_at"])
    if interview.status != Interview.Status.SCHEDULED or interview.starts_at <= at:
        raise Refused("This interview has begun or was called off, so it stays as it is.", code="too_late")
    seats = {seat.key: str(seat.user_id) for seat in interview.seats.live()}
    if starts_at == interview.starts_at and dict(people) == seats:
        raise Refused("That is how it is booked already. Choose another time or person.", code="no_change")
    problem = problem_of(loop, at=at)
    wrong = conflicts(problem, interview.block, starts_at=starts_at, people=people)
    if wrong:
        raise Refused(
            "This interview does not fit there. Nothing was changed.",
            code="does_not_fit",
            details=[{"field": "starts_at", "problem": sentence} for sentence in wrong],
        )
    block = next(block for block in problem.blocks if block.key == interview.block)
    placement = {
        "block": interview.block,
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + dt.timedelta(minutes=block.minutes)).isoformat(),
        "people": [list(pair) for pair in sorted(people.items())],
    }
    try:
        with transaction.atomic():
            _book([(loop, placement)], by=by, at=at)
    except IntegrityError as overlap:
        raise Refused(
            "Somebody was booked for that time a moment ago. Choose another one.", code="does_not_fit"
        ) from overlap
    loops.expire_proposals(loop, at=at)
    if loop.status == Loop.Status.BROKEN and _is_whole(loop):
        data = {"interview": interview.pk}
        states.move(loop, Loop.Status.CONFIRMED, verb="loop.confirmed", by=by, at=at, data=data)
    interview.refresh_from_db()
    return interview


def _is_whole(loop: Loop) -> bool:
    """Whether every block is to be held or was, and every seat that is not optional is taken."""
    live = loop.interviews.filter(status__in=[Interview.Status.SCHEDULED, Interview.Status.HELD])
    taken = {
        (i.block, seat.key) for i in live.prefetch_related("seats") for seat in i.seats.all() if seat.held
    }
    plan = playbooks.of(loop.edition)
    return all((b.key, seat.key) in taken for b in plan.blocks for seat in b.seats if not seat.optional)


# --- many at once -------------------------------------------------------------------------------------------


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
        other = plans[0].swap_with
        if loop.application.opening.auto_confirm and (
            other is None or other.application.opening.auto_confirm
        ):
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
    cancelled: Callable[[], bool] | None = None,
    keep: bool = True,
) -> Batch:
    """Plan many loops together, so that the people they share go where they help most; anytime, within `seconds`.

    The plans become proposals (earlier ones go out of date), to be looked at and applied with `apply_all`; with
    `keep=False` nothing is written. Runs solvers of its own processes: never inside a transaction or a web request.
    """

    by_key = {str(loop.pk): loop for loop in rows}
    for loop in by_key.values():
        require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    ahead = CandidateWindow.objects.filter(
        loop__in=list(by_key.values()), ends_at__gt=at + NOTICE
    ).values_list("loop", flat=True)
    problems = _problems_together([by_key[str(pk)] for pk in ahead.distinct()], at=at)
    found = scheduling.plan_all(problems, seconds=seconds, progress=progress, cancelled=cancelled)
    proposals = tuple(
        Proposal(loop=by_key[key], rank=1, plan=as_data(plan), status_at=at, created_at=at)
        for key, plan in found.plans.items()
    )
    without = tuple(loop for key, loop in by_key.items() if key not in found.plans)
    batch = Batch(proposals, without, found.gap)
    if keep:
        keep_all(batch, by=by, at=at)
    return batch


@transaction.atomic
def keep_all(batch: Batch, *, by: User, at: dt.datetime) -> list[Proposal]:
    """Put the plans of a batch on offer; earlier ones go out of date. Loops that need no plan any more are passed over."""
    waiting = Loop.objects.filter(status__in=[Loop.Status.WAITING, Loop.Status.BROKEN])
    needed = set(waiting.filter(pk__in=[p.loop_id for p in batch.proposals]).values_list("pk", flat=True))
    kept = [proposal for proposal in batch.proposals if proposal.loop_id in needed]
    for proposal in kept:
        loops.expire_proposals(proposal.loop, at=at)
        proposal.save(force_insert=True)
        data = {"plans": 1, "together": len(batch.proposals) + len(batch.without)}
        events.record("loop.planned", proposal.loop, by=by, at=at, data=data)
    return kept


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
                if again[0].swap_with_id:
                    raise Refused(NEEDS_A_PERSON, code="needs_swap")
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
