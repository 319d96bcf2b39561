"""All waiting loops at once: one schedule for many loops that share their people. See docs/scheduling.md.

A complete answer is there at once (exact insertion) and gets better as long as there is time (ruin and
recreate, in processes of their own); beside it a bound is proven that no schedule can beat (column
generation), so that one knows when to stop. What is better is a sum of `points`.
"""

from __future__ import annotations

import datetime as dt
import queue
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from interviews.scheduling.calendars import floor_minute, local_day, moment_of
from interviews.scheduling.model import Cost, Interval, InvalidProblem, Person, Placement, Plan, Problem
from interviews.scheduling.tiers import load_of, total_of

if TYPE_CHECKING:
    from interviews.scheduling.board import Laid
    from interviews.scheduling.placing import Prices
    from interviews.scheduling.workers import Improve, Plans, Report, Settle, Team

PROOF_SHARE = 0.6
"""The share of the time after which the proof of a bound is cut short, so that its start can be improved."""
SLICES = 12
"""So often the processes compare what they have."""
MOST_SETTLED, SETTLE_AFTER, SETTLE_SHARE = 400, 2, 0.5
"""For up to so many loops, so many slices after the proof, for such a share of what is left, one process looks
for the best schedule among all plans the proof came across."""
HOT, WARM, COLD = 15.0, 3.0, 0.3
"""The heat, in points, with which improving begins on its own, begins from a guided start, and ends."""
LEFT_OVER = 1e-9

Bookings = dict[str, list[Interval]]
"""Interviews by person key."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is: loops placed and waiting, the gap (see `Schedule`), seconds since it began."""

    placed: int
    waiting: int
    gap: float | None
    seconds: float
    bound: float | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The plan of each loop that has one, by the loop's key, and the keys of those without, the most urgent
    first.

    `points` is what all of it costs and `bound` what any schedule costs at least, proven; `gap` is how far
    above the bound it is, as a share of the bound. Both are None when no bound was proven: HiGHS is not
    installed (`note` says so) or there was no time. `status` is why it ended: "optimal" (nothing better
    exists), "within_gap", "time", "rounds" or "cancelled".
    """

    plans: Mapping[str, Plan]
    unplaced: tuple[str, ...]
    points: float
    bound: float | None
    gap: float | None
    status: Literal["optimal", "within_gap", "time", "rounds", "cancelled"]
    note: str = ""


def plan_all(
    problems: Mapping[str, Problem],
    *,
    seconds: float,
    gap: float = 0.005,
    processes: int = 2,
    seed: int = 0,
    rounds: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Schedule:
    """Plans for all loops, such that nobody is double-booked or asked beyond their limits by them together.

    People with the same key in several loops are the same person and must be described the same way. Ends
    when the gap is reached, the seconds are over (reading the calendars counts), or `cancelled` says so, which
    is asked about ten times a second; what was found until then is the answer. With `rounds` each process
    makes so many rounds of ruin and recreate after the proof, and the same question with the same seed and
    number of processes has the same answer, provided the seconds suffice. `processes=0` inserts only.

    Refuses when a person is described in two ways.
    """
    run = _Run(problems, seconds, gap, seed, rounds, progress, cancelled)
    run.insert()
    if processes > 0 and run.laid.keys and not run.over():
        run.improve(processes)
    return run.schedule()


def warm_batch() -> bool:
    """Compile what `plan_all` and its processes need, or load it from the cache. Returns whether it is compiled.

    Takes a minute or two the first time; a batch that begins before pays for it out of its own time.
    """
    import numpy as np

    from interviews.scheduling import board, placing, workers
    from interviews.scheduling.compiled import COMPILED
    from interviews.scheduling.model import Block, Seat, WeeklyHours

    thursday = moment_of(0)
    ada = Person("ada", "Ada", "UTC", (WeeklyHours(3, dt.time(0), dt.time(0)),))
    talk = Block("talk", "Talk", 60, (Seat("lead", ("ada",)),))
    window = Interval(thursday, thursday + dt.timedelta(hours=2))
    laid = board.lay_out({"one": Problem((talk,), (ada,), (window,), "UTC")}, {"ada": ada})
    state, room = placing.state_of(laid.board), placing.room_for(laid.board)
    prices, costs = placing.no_prices(laid.board), np.zeros((1, 1), np.int64)
    starts, sitting = np.zeros((1, 1, state.starts.shape[1]), np.int64), np.zeros((1, 1, 1), np.int64)
    least = np.zeros(1, np.int64)
    placing.price_all(laid.board, state, prices, laid.board.unplaced, 1, room, starts, sitting, costs, least)
    placing.cost_of_plan(laid.board, state, 0, starts[0, 0], sitting[0, 0])
    placing.insert_all(laid.board, state, prices, np.zeros(1, np.int64), room)
    workers.improved(laid.board, workers.Improve(workers.plans_of(state), 1, 600.0, (0,), 1.0, 1.0))
    return COMPILED


def given(problem: Problem, booked: Mapping[str, list[Interval]]) -> Problem:
    """The problem of one loop when interviews of other loops are booked: they take time, count in the limits
    and as recent load.
    """

    def now(person: Person) -> Person:
        held = sorted(booked.get(person.key, ()), key=lambda interval: interval.starts_at)
        return replace(person, booked=(*person.booked, *held), recent_load=person.recent_load + len(held))

    return replace(problem, people=tuple(now(person) for person in problem.people))


def as_it_stands(problems: Mapping[str, Problem], plans: Mapping[str, Plan], key: str) -> Problem:
    """The problem of one loop when all other loops are held as planned. `explain` says of an unplaced one what
    stands in its way, `check` whether a placed one holds.
    """
    booked = Bookings()
    for other, problem in problems.items():
        if other != key:
            _book(booked, problem, plans.get(other))
    return given(problems[key], booked)


def _book(booked: Bookings, problem: Problem, plan: Plan | None) -> None:
    """The interviews of a plan; without one only those that are pinned."""
    minutes = {block.key: block.minutes for block in problem.blocks}
    held = (
        [(placed.starts_at, placed.ends_at, placed.people) for placed in plan.placements]
        if plan
        else [
            (item.starts_at, moment_of(floor_minute(item.starts_at) + minutes[item.block]), item.people)
            for item in problem.fixed
            if not item.movable
        ]
    )
    for starts_at, ends_at, people in held:
        for _, key in people:
            booked.setdefault(key, []).append(Interval(starts_at, ends_at))


def _everybody(loops: Mapping[str, Problem]) -> dict[str, Person]:
    people: dict[str, Person] = {}
    for problem in loops.values():
        for person in problem.people:
            known = people.setdefault(person.key, person)
            if known is not person and known != person:
                raise InvalidProblem(
                    f"{person.name} is described in two ways; give all loops the same people."
                )
    return people


class _Run:
    """One batch from its question to its answer."""

    def __init__(
        self,
        problems: Mapping[str, Problem],
        seconds: float,
        gap: float,
        seed: int,
        rounds: int | None,
        progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.began = time.monotonic()
        from interviews.scheduling import board  # loads the number library only when a plan is asked for

        self.until = self.began + seconds
        self.problems, self.gap_wanted, self.seed, self.rounds = problems, gap, seed, rounds
        self._progress, self._cancelled = progress, cancelled
        self.stopped: Literal["cancelled", "rounds"] | None = None
        self.note = ""
        self.bound: int | None = None
        self.laid: Laid = board.lay_out(problems, _everybody(problems))
        self.best: Plans
        self.guide: Prices | None = None

    # ---- when it ends ----------------

    def left(self) -> float:
        return self.until - time.monotonic()

    def gap(self) -> float | None:
        if self.bound is None:
            return None
        above = max(0, self.best.total - self.bound)
        return above / self.bound if self.bound > 0 else (0.0 if above == 0 else None)

    def over(self) -> bool:
        if self._cancelled is not None and self.stopped is None and self._cancelled():
            self.stopped = "cancelled"
        gap = self.gap()
        return self.stopped is not None or self.left() <= 0 or (gap is not None and gap <= self.gap_wanted)

    def tell(self) -> None:
        if self._progress is not None:
            placed = int((self.best.starts[:, 0] >= 0).sum())
            bound = None if self.bound is None else self.bound / 1000
            waiting, spent = len(self.problems) - placed, time.monotonic() - self.began
            self._progress(Progress(placed, waiting, self.gap(), spent, bound))

    # ---- what is done ----------------

    def insert(self) -> None:
        """The first complete answer: urgent loops first, each at its best given the ones before."""
        import numpy as np

        from interviews.scheduling import placing, workers

        board = self.laid.board
        state, room = placing.state_of(board), placing.room_for(board)
        order = np.argsort(-board.urgency, kind="stable").astype(np.int64)
        placing.insert_all(board, state, placing.no_prices(board), order, room)
        self.best = workers.plans_of(state)
        if not len(board.shape):
            self.bound = 0
        self.tell()

    def improve(self, processes: int) -> None:
        from interviews.scheduling import bounding, workers

        proving = bounding.available()
        if not proving:
            self.note = "No bound was proven because HiGHS is not installed; install highspy to get one."
        with workers.Team(self.laid.board, processes) as team:
            _Conversation(self, team, processes, proving).hold()

    def take(self, plans: Plans | None, bound: int | None) -> None:
        """Something better was found, or not."""
        before = self.best.total, self.bound
        if plans is not None and plans.total < self.best.total:
            self.best = plans
        if bound is not None and (self.bound is None or bound > self.bound):
            self.bound = bound
        if before != (self.best.total, self.bound):
            self.tell()

    # ---- the answer ----------------

    def schedule(self) -> Schedule:
        gap = self.gap()
        status: Literal["optimal", "within_gap", "time", "rounds", "cancelled"] = self.stopped or "time"
        if gap is not None and gap <= max(self.gap_wanted, LEFT_OVER):
            status = "optimal" if gap <= LEFT_OVER else "within_gap"
        plans = self._plans()
        hopeless = sum(4000 * self.problems[key].urgency for key in self.laid.hopeless)
        without = [key for key in self.problems if key not in plans]
        return Schedule(
            plans=plans,
            unplaced=tuple(sorted(without, key=lambda key: (-self.problems[key].urgency, key))),
            points=self.best.total / 1000 + hopeless,
            bound=None if self.bound is None else self.bound / 1000 + hopeless,
            gap=gap,
            status=status,
            note=self.note,
        )

    def _plans(self) -> dict[str, Plan]:
        placements = {
            key: self._placements(i) for i, key in enumerate(self.laid.keys) if self.best.starts[i, 0] >= 0
        }
        held = Bookings()
        for key, problem in self.problems.items():
            plan = _bare(placements[key]) if key in placements else None
            _book(held, problem, plan)
        counts = {key: len(intervals) for key, intervals in held.items()}
        first_day = dict(zip(self.laid.keys, self.laid.first_day, strict=True))
        return {
            key: _priced(self.problems[key], placements[key], first_day[key], counts)
            for key in self.problems
            if key in placements
        }

    def _placements(self, i: int) -> tuple[Placement, ...]:
        board, problem = self.laid.board, self.problems[self.laid.keys[i]]
        pinned = {item.block: item for item in problem.fixed if not item.movable}
        found = []
        for b, block in enumerate(problem.blocks):
            seated = dict(pinned[block.key].people) if block.key in pinned else {}
            for row, (number, seat) in enumerate(self.laid.seats[i]):
                person = int(self.best.sitting[i, row])
                if number == b and person >= 0:
                    seated[seat.key] = self.laid.people[person]
            start = board.low + board.tick * int(self.best.starts[i, b])
            people = tuple((seat.key, seated[seat.key]) for seat in block.seats if seat.key in seated)
            found.append(Placement(block.key, moment_of(start), moment_of(start + block.minutes), people))
        return tuple(sorted(found, key=lambda placed: placed.starts_at))


class _Conversation:
    """With the worker processes: the first one proves a bound, then all improve slice after slice, each time
    from the best that any of them found.
    """

    def __init__(self, run: _Run, team: Team, processes: int, proving: bool) -> None:
        self.run, self.team = run, team
        self.busy = dict.fromkeys(range(processes), "starting")
        self.proof_due, self.prover = proving, -1
        self.slice = 0
        self.settle_at: int | None = None
        self.heat = HOT
        self.cooling = time.monotonic(), run.left() * (PROOF_SHARE if proving else 1.0)

    def hold(self) -> None:
        while self.busy and not self.run.over():
            idle = [worker for worker, doing in self.busy.items() if not doing]
            if idle and self._give(idle):
                continue
            if idle and len(idle) == len(self.busy):
                return  # all rounds are made
            try:
                report = self.team.reports.get(timeout=max(0.0, min(0.1, self.run.left())))
            except queue.Empty:
                continue
            self._hear(report)
        self._last_words()

    def _give(self, idle: list[int]) -> bool:
        """Give idle workers something to do. With a number of rounds nobody begins before all are there, so
        that it does not matter who is faster.
        """
        from interviews.scheduling.workers import Prove

        run = self.run
        if self.proof_due:
            self.proof_due, self.prover = False, idle[0]
            self.busy[idle[0]] = "proving"
            share = PROOF_SHARE if run.rounds is None else 1.0
            self.team.order(idle[0], Prove(run.best, run.left() * share, 400))
            return True
        if any(doing == "improving" for doing in self.busy.values()):
            return False
        if run.rounds is not None:
            if len(idle) < len(self.busy):
                return False
            if self.slice >= SLICES:
                run.stopped = run.stopped or "rounds"
                return False
        for worker in idle:
            settle = self._settle(worker)
            self.busy[worker] = "settling" if settle else "improving"
            self.team.order(worker, settle or self._improve(worker))
        self.slice += 1
        return True

    def _settle(self, worker: int) -> Settle | None:
        """Once, some slices after the proof, the worker that proved looks for the best of all plans it knows."""
        from interviews.scheduling.workers import Settle

        few = len(self.run.laid.keys) <= MOST_SETTLED
        if self.settle_at is None or self.slice < self.settle_at or worker != self.prover or not few:
            return None
        self.settle_at = None
        return Settle(self.run.best, self.run.left() * SETTLE_SHARE)

    def _improve(self, worker: int) -> Improve:
        from interviews.scheduling.workers import Improve

        run = self.run
        if run.rounds is not None:
            rounds = run.rounds * (self.slice + 1) // SLICES - run.rounds * self.slice // SLICES
            low, high = self.slice / SLICES, (self.slice + 1) / SLICES
            seconds = run.left()
        else:
            since, whole = self.cooling
            spent, rounds = time.monotonic() - since, None
            seconds = min(max(whole / SLICES, 0.1), run.left())
            low, high = (min(1.0, moment / max(whole, 1e-6)) for moment in (spent, spent + seconds))
        hot, cold = (self.heat * (COLD / self.heat) ** share for share in (low, high))
        return Improve(run.best, rounds, seconds, (run.seed, self.slice, worker), hot, cold, run.guide)

    def _hear(self, report: Report) -> None:
        if report.kind == "failed" and not self.team.alive(report.worker):
            del self.busy[report.worker]
        elif report.kind != "bound":
            self.busy[report.worker] = ""
        if report.kind == "failed":
            self.run.note = f"No bound was proven to the end: {report.text}" if self.run.bound is None else ""
        if report.kind == "proven":  # from here on everybody works on what the proof led to
            self.heat, self.cooling = WARM, (time.monotonic(), self.run.left())
            self.run.guide = report.guide
            if self.run.rounds is None:
                self.settle_at = self.slice + SETTLE_AFTER
        self.run.take(report.plans, report.bound)

    def _last_words(self) -> None:
        """Slices end with the time that was asked for: their results are on the way."""
        if self.run.stopped == "cancelled":
            return
        waiting = time.monotonic() + 0.25
        while any(doing == "improving" for doing in self.busy.values()) and self.run.left() <= 0:
            try:
                self._hear(self.team.reports.get(timeout=max(0.0, waiting - time.monotonic())))
            except queue.Empty:
                return


def _bare(placements: tuple[Placement, ...]) -> Plan:
    return Plan(placements, Cost(0, 0, 0, 0, 0, 0, 0, 0), dt.date.min)


def _priced(
    problem: Problem, placements: tuple[Placement, ...], first_day: int, counts: Mapping[str, int]
) -> Plan:
    """A plan with what it costs tier by tier, when everybody also holds the interviews of the other loops."""
    days = [local_day(problem.zone, floor_minute(placed.starts_at)) for placed in placements]
    order = [placed.block for placed in placements]
    people = {person.key: person for person in problem.people}
    sitting = [key for placed in placements for _, key in placed.people]
    blocks = {block.key: block for block in problem.blocks}
    kept = {item.block: item for item in problem.fixed if item.movable}
    pinned = {item.block for item in problem.fixed if not item.movable}
    rules = {(rule.before, rule.after) for rule in problem.rules.order}
    wishes = rules - {(rule.before, rule.after) for rule in problem.rules.order if rule.hard}
    tiers = {
        "moved_blocks": sum(
            placed.block in kept and kept[placed.block].starts_at != placed.starts_at for placed in placements
        ),
        "changed_people": sum(
            dict(placed.people).get(seat) != key
            for placed in placements
            if placed.block in kept
            for seat, key in kept[placed.block].people
        ),
        "days": len(set(days)),
        "completion": problem.urgency * (max(days) - first_day),
        "idle_minutes": sum(
            floor_minute(two.starts_at) - floor_minute(one.ends_at)
            for (one, two), (day, next_day) in zip(pairwise(placements), pairwise(days), strict=True)
            if day == next_day
        ),
        "order": sum(order.index(before) > order.index(after) for before, after in wishes)
        + sum(block.position == "first" and order[0] != block.key for block in problem.blocks)
        + sum(block.position == "last" and order[-1] != block.key for block in problem.blocks),
        "empty_seats": sum(
            not seat.required and seat.key not in dict(placed.people)
            for placed in placements
            if placed.block not in pinned
            for seat in blocks[placed.block].seats
        ),
        "load": sum(
            load_of(
                replace(people[key], recent_load=people[key].recent_load + counts[key] - sitting.count(key))
            )
            for key in sitting
        ),
    }
    cost = Cost(**tiers, total=total_of(**tiers))
    return Plan(placements, cost, dt.date.fromordinal(max(days)), "not_proven", 1.0)
