"""The scheduling question as models for CP-SAT, the constraint solver of OR-Tools.

Two models with the same course of time: each loop is a circuit through its blocks, an arc means "then, on the
same day" or "then, on a later day". They differ in who sits where:

    intervals   a literal per seat, person and day; it narrows the start of the block to when that person is
                free. Nobody is asked twice at a time because their optional intervals do not overlap
    options     a literal per seat, person and start; nobody is asked twice at a time because of those that
                cover the same tick one may be true

Several loops are weighed in points, one alone tier by tier: the weight of a tier is more than all tiers below
can reach in this loop.

This module loads OR-Tools, so it runs in a process of its own (see `peers`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import permutations

from ortools.sat.python import cp_model

from bench.scheduling.budget import Budget
from bench.scheduling.choices import Choices, choices_of, first_day_of, tick_of, with_pins_booked
from interviews.scheduling import Problem, points
from interviews.scheduling.calendars import floor_minute, local_day, local_minute, minute_of
from interviews.scheduling.tiers import CEILINGS, MAX_COUNTED_LOAD, NEWCOMER_CREDIT, load_of

POINTS_UNIT = 200
"""All weights of `points` are whole multiples of so many thousandths."""
FOUR_WEEKS = 28


def solved(problems: Mapping[str, Problem], form: str, alone: bool, seconds: float, workers: int) -> dict:
    """What the solver found in so many CPU seconds of each worker: `plans` by loop as pairs of starts (minutes
    by block) and people (by block and seat), and what it proved; `objective` and `bound` are points.
    """
    budget = Budget(seconds * workers)
    model, watch = Model(problems, form, alone), _Watch(budget)
    answer = {"plans": {}, "objective": None, "build_cpu_s": budget.spent()}
    if alone and model.hopeless:
        return answer | {"proven": True, "cpu_s": budget.spent(), "wall_s": budget.wall()}
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    status = budget.run(lambda: solver.solve(model.model, watch), solver.stop_search)
    answer |= {
        "proven": status in (cp_model.OPTIMAL, cp_model.INFEASIBLE),
        "first_cpu_s": watch.first,
        "cpu_s": budget.spent(),
        "wall_s": budget.wall(),
        "variables": len(model.model.proto.variables),
        "constraints": len(model.model.proto.constraints),
    }
    if not alone:
        answer["bound"] = model.in_points(solver.best_objective_bound)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return answer
    if not alone:
        answer["objective"] = model.in_points(solver.objective_value)
    return answer | {
        "plans": {key: loop.plan(solver) for key, loop in model.loops.items() if solver.value(loop.placed)}
    }


class _Watch(cp_model.CpSolverSolutionCallback):
    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget, self.first = budget, None

    def on_solution_callback(self) -> None:
        if self.first is None:
            self.first = self.budget.spent()


class Model:
    """Loops that share their people, and what is to be as small as possible."""

    def __init__(self, problems: Mapping[str, Problem], form: str, alone: bool) -> None:
        self.model, self.form, self.alone = cp_model.CpModel(), form, alone
        self.tick = tick_of(problems)
        if not alone:
            problems = with_pins_booked(problems)
        found = {key: choices_of(problem) for key, problem in problems.items()}
        self.hopeless = [key for key, choices in found.items() if choices is None]
        choices = {key: one for key, one in found.items() if one is not None}
        self.low = min((min(min(starts) for starts in one.starts) for one in choices.values()), default=0)
        self.begin = first_day_of(problems)
        self.sits = defaultdict(list)  # by person: (loop, block, literal, start or None, person's day)
        self.loops = {key: _Loop(self, one) for key, one in choices.items()}
        self.constant = sum(points.unplaced(problems[key]) // POINTS_UNIT for key in self.hopeless)
        if alone:
            self.model.minimize(sum(loop.tier_by_tier() for loop in self.loops.values()))
        else:
            persons = {p.key: p for one in choices.values() for p in one.problem.people}
            cost = sum(loop.in_points() for loop in self.loops.values())
            self.model.minimize(cost + sum(self._share(persons[who]) for who in self.sits) + self.constant)

    def in_points(self, value: float) -> float:
        return value * POINTS_UNIT / points.POINT

    def _share(self, person) -> cp_model.LinearExprT:
        """All loops share the person's time and limits. What the person's interviews cost in load."""
        sits = self.sits[person.key]
        self._one_at_a_time(person, sits)
        by_day = defaultdict(list)
        for _, _, literal, _, day in sits:
            by_day[day].append(literal)
        held = defaultdict(int)
        for interval in person.booked:
            held[local_day(person.zone, floor_minute(interval.starts_at))] += 1
        days = sorted(by_day)
        stretches = [(day, day + 1, person.max_per_day) for day in days]
        stretches += [(m, m + 7, person.max_per_week) for m in sorted({d - (d - 1) % 7 for d in days})]
        firsts = {first for day in {*days, *held} for first in (day, day - FOUR_WEEKS + 1)}
        stretches += [(first, first + FOUR_WEEKS, person.max_per_four_weeks) for first in sorted(firsts)]
        for low, high, limit in stretches:
            asked = [literal for day in days if low <= day < high for literal in by_day[day]]
            if limit is not None and asked:
                before = sum(count for day, count in held.items() if low <= day < high)
                self.model.add(sum(asked) <= max(0, limit - before))
        return self._load(person, [literal for _, _, literal, _, _ in sits])

    def _one_at_a_time(self, person, sits) -> None:
        loops = {id(loop) for loop, *_ in sits}
        if len(loops) < 2:
            return
        intervals, covering = [], defaultdict(list)
        for loop, b, literal, start, _ in sits:
            size = -(-(loop.problem.blocks[b].minutes + person.buffer_minutes) // self.tick)
            if start is None:
                intervals.append(
                    self.model.new_optional_fixed_size_interval_var(loop.start[b], size, literal, "")
                )
            else:
                for at in range(size):
                    covering[(start - self.low) // self.tick + at].append(literal)
        if intervals:
            self.model.add_no_overlap(intervals)
        for literals in {
            tuple(literal.index for literal in found): found for found in covering.values()
        }.values():
            if len(literals) > 1:
                self.model.add_at_most_one(literals)

    def _load(self, person, sits) -> cp_model.LinearExprT:
        """The tenth interview costs more than the first, so cheaper steps are taken first by themselves."""
        loops = len({id(loop) for loop, *_ in self.sits[person.key]})
        steps = [self.model.new_bool_var("") for _ in range(loops)]
        self.model.add(sum(steps) == sum(sits))
        credit = NEWCOMER_CREDIT * person.newcomer
        recent = [
            max(0, min(person.recent_load + more, MAX_COUNTED_LOAD) - credit) for more in range(len(steps))
        ]
        weight = points.WEIGHTS["load"] // POINTS_UNIT * person.weight
        return sum(weight * (2 * one + 1) * step for one, step in zip(recent, steps, strict=True))


class _Loop:
    """One loop in the model. Times are ticks from the beginning of the model."""

    def __init__(self, whole: Model, choices: Choices) -> None:
        self.whole, self.model, self.choices = whole, whole.model, choices
        self.problem = choices.problem
        self.blocks = range(len(self.problem.blocks))
        self.ticks = [block.minutes // whole.tick for block in self.problem.blocks]
        self.days = sorted({day for starts in choices.starts for day in starts.values()})
        self.placed = self.model.new_constant(1) if whole.alone else self.model.new_bool_var("")
        self.tiers = {tier: [] for tier in CEILINGS}  # pairs of a factor and an expression
        self.most = dict.fromkeys(CEILINGS, 0)  # what each tier can reach
        self.start, self.on, self.at, self.sit = [], [], [], {}
        for b in self.blocks:
            self._when(b)
        for b in self.blocks:
            self._who(b)
        self._nobody_twice()
        self._course()
        self._order()
        self._breaks()
        self._kept()

    def _tick(self, minute: int) -> int:
        return (minute - self.whole.low) // self.whole.tick

    def _costs(self, tier: str, factor: int, expression, most: int) -> None:
        self.tiers[tier].append((factor, expression))
        self.most[tier] += factor * most

    # ---- what is chosen ----------------

    def _when(self, b: int) -> None:
        starts, add = self.choices.starts[b], self.model.add
        domain = cp_model.Domain.from_values(sorted(self._tick(at) for at in starts))
        start = self.model.new_int_var_from_domain(domain, "")
        on = {day: self.model.new_bool_var("") for day in sorted(set(starts.values()))}
        add(sum(on.values()) == self.placed)
        at = {}
        if self.whole.form == "options":
            at = {minute: self.model.new_bool_var("") for minute in starts}
            add(start == sum(self._tick(minute) * chosen for minute, chosen in at.items())).only_enforce_if(
                self.placed
            )
            for day, literal in on.items():
                add(sum(at[minute] for minute, other in starts.items() if other == day) == literal)
        else:
            for day, literal in on.items():
                self._start_among(start, [m for m, other in starts.items() if other == day], literal)
        self.start.append(start)
        self.on.append(on)
        self.at.append(at)

    def _start_among(self, start, minutes, literal) -> None:
        domain = cp_model.Domain.from_values(sorted(self._tick(minute) for minute in minutes))
        self.model.add_linear_expression_in_domain(start, domain).only_enforce_if(literal)

    def _who(self, b: int) -> None:
        """Literals for each seat, person, and start or pair of days (the candidate's and the person's)."""
        if self.choices.pinned(b):
            return
        starts = self.choices.starts[b]
        for seat in self.problem.blocks[b].seats:
            by_slot = defaultdict(list)  # literals by what they must agree with
            for who in self.choices.pool(b, seat.key):
                free = self.choices.free[b, who]
                groups = defaultdict(list)
                for minute, day in free.items():
                    groups[minute if self.whole.form == "options" else (starts[minute], day)].append(minute)
                for group, minutes in groups.items():
                    literal = self.model.new_bool_var("")
                    day, exact = free[minutes[0]], group if self.whole.form == "options" else None
                    if exact is None:
                        self._start_among(self.start[b], minutes, literal)
                    self.sit.setdefault((b, seat.key, who), []).append(literal)
                    by_slot[starts[minutes[0]] if exact is None else exact].append(literal)
                    self.whole.sits[who].append((self, b, literal, exact, day))
            slots = self.on[b] if self.whole.form == "intervals" else self.at[b]
            for slot, chosen in slots.items():
                if seat.required:
                    self.model.add(sum(by_slot[slot]) == chosen)
                else:
                    self.model.add(sum(by_slot[slot]) <= chosen)
            if not seat.required:
                sitting = [literal for literals in by_slot.values() for literal in literals]
                self._costs("empty_seats", 1, self.placed - sum(sitting), 1)
            pool = [person for person in self.problem.people if person.key in seat.pool]
            self.most["load"] += max(map(load_of, pool), default=0)
            for person in pool:
                for literal in self.sit.get((b, seat.key, person.key), ()):
                    self.tiers["load"].append((load_of(person), literal))

    def _nobody_twice(self) -> None:
        by_person = defaultdict(list)
        for (_, _, who), literals in self.sit.items():
            by_person[who] += literals
        for literals in by_person.values():
            if len(literals) > 1:
                self.model.add_at_most_one(literals)

    # ---- the course of time ----------------

    def _course(self) -> None:
        add, rules, tick = self.model.add, self.problem.rules, self.whole.tick
        low, high = -(-rules.min_gap_minutes // tick), rules.max_idle_minutes // tick
        outside = len(self.blocks)
        self.first = [self.model.new_bool_var("") for _ in self.blocks]
        self.last = [self.model.new_bool_var("") for _ in self.blocks]
        self.next = {}  # (one, two) -> two follows on the same day
        arcs, later = [], []
        for b in self.blocks:
            arcs += [(outside, b, self.first[b]), (b, outside, self.last[b])]
        if not self.whole.alone:
            arcs += [(b, b, ~self.placed) for b in (*self.blocks, outside)]
        for one, two in permutations(self.blocks, 2):
            end = self.start[one] + self.ticks[one]
            same, other = self.model.new_bool_var(""), self.model.new_bool_var("")
            arcs += [(one, two, same), (one, two, other)]
            gap = self.model.new_int_var(0, high, "")
            add(gap == self.start[two] - end).only_enforce_if(same)
            add(gap >= low).only_enforce_if(same)
            add(gap == 0).only_enforce_if(~same)
            self._costs("idle_minutes", tick, gap, 0)
            add(self.start[two] >= end).only_enforce_if(other)
            for day in self.days:
                here, there = self.on[one].get(day), self.on[two].get(day)
                if here is not None and there is not None:
                    self.model.add_bool_or(~same, ~here, there)
                    self.model.add_bool_or(~other, ~here, ~there)
                elif here is not None:
                    self.model.add_implication(same, ~here)
                elif there is not None:
                    self.model.add_implication(same, ~there)
            self.next[one, two] = same
            later.append(other)
        self.model.add_circuit(arcs)
        count = len(self.blocks)
        self.most["idle_minutes"] = (count - 1) * high * tick
        add(sum(later) <= rules.max_days - 1)
        self._costs("days", 1, sum(later), count - 1)
        begin = self.whole.begin
        most = self.days[-1] - begin
        waited = self.model.new_int_var(0, most, "")
        for b in self.blocks:
            add(waited >= sum((day - begin) * literal for day, literal in self.on[b].items()))
        self._costs("completion", self.problem.urgency, waited, most)

    def _order(self) -> None:
        number = {block.key: b for b, block in enumerate(self.problem.blocks)}
        hard = {(rule.before, rule.after) for rule in self.problem.rules.order if rule.hard}
        wishes = {(rule.before, rule.after) for rule in self.problem.rules.order} - hard
        for before, after in sorted(hard | wishes):
            one, two = number[before], number[after]
            comes_before = self.start[one] + self.ticks[one] <= self.start[two]
            if (before, after) in hard:
                self.model.add(comes_before).only_enforce_if(self.placed)
            else:
                broken = self.model.new_bool_var("")
                self.model.add(comes_before).only_enforce_if(self.placed, ~broken)
                self._costs("order", 1, broken, 1)
        for b, block in enumerate(self.problem.blocks):
            if block.position != "any":
                there = self.first[b] if block.position == "first" else self.last[b]
                self._costs("order", 1, self.placed - there, 1)

    def _breaks(self) -> None:
        for rest in self.problem.rules.breaks:
            for day in self.days:
                before, after, earliest, latest = (
                    self._day_clock(day, clock)
                    for clock in (
                        rest.due_if_starts_before,
                        rest.due_if_ends_after,
                        rest.earliest,
                        rest.latest,
                    )
                )
                self._break(day, rest.minutes, before, after, earliest, latest)

    def _day_clock(self, day: int, clock) -> int:
        return local_minute(self.problem.zone, day, minute_of(clock))

    def _break(self, day: int, minutes: int, before: int, after: int, earliest: int, latest: int) -> None:
        """On this day nothing starts early, or nothing ends late, or some gap gives the break."""
        here = [b for b in self.blocks if day in self.on[b]]
        tick, low, add = self.whole.tick, self.whole.low, self.model.add
        not_early, not_late = self.model.new_bool_var(""), self.model.new_bool_var("")
        for b in here:
            start, end = self.start[b] * tick + low, (self.start[b] + self.ticks[b]) * tick + low
            add(start >= before).only_enforce_if(not_early, self.on[b][day])
            add(end <= after).only_enforce_if(not_late, self.on[b][day])
        given = []
        for one, two in permutations(here, 2):
            gives = self.model.new_bool_var("")
            end, start = (self.start[one] + self.ticks[one]) * tick + low, self.start[two] * tick + low
            self.model.add_implication(gives, self.next[one, two])
            self.model.add_implication(gives, self.on[one][day])
            add(start - end >= minutes).only_enforce_if(gives)
            add(start >= earliest + minutes).only_enforce_if(gives)
            add(end <= latest - minutes).only_enforce_if(gives)
            given.append(gives)
        self.model.add_bool_or(not_early, not_late, *given)

    def _kept(self) -> None:
        """Confirmed blocks that may move: what it costs to move them or to change their people."""
        for b, item in self.choices.fixed.items():
            if not item.movable:
                continue
            kept = floor_minute(item.starts_at)
            stays = self.model.new_bool_var("")
            if kept in self.choices.starts[b]:
                self.model.add(self.start[b] == self._tick(kept)).only_enforce_if(stays)
                self.model.add_implication(stays, self.placed)
            else:
                self.model.add(stays == 0)
            self._costs("moved_blocks", 1, self.placed - stays, 1)
            for seat, who in item.people:
                self._costs("changed_people", 1, self.placed - sum(self.sit.get((b, seat, who), ())), 1)

    # ---- what it costs, and what was found ----------------

    def tier_by_tier(self) -> cp_model.LinearExprT:
        total, weight = 0, 1
        for tier in reversed(CEILINGS):
            total += weight * sum(factor * expression for factor, expression in self.tiers[tier])
            weight *= self.most[tier] + 1
        return total

    def in_points(self) -> cp_model.LinearExprT:
        """Without load, which is shared with other loops."""
        total = points.unplaced(self.problem) // POINTS_UNIT * (1 - self.placed)
        for tier in CEILINGS:
            if tier != "load":
                weight = points.WEIGHTS[tier] // POINTS_UNIT
                total += weight * sum(factor * expression for factor, expression in self.tiers[tier])
        return total

    def plan(self, solver: cp_model.CpSolver) -> tuple[list[int], dict[tuple[int, str], str]]:
        starts = [self.whole.low + self.whole.tick * solver.value(start) for start in self.start]
        people = {
            (b, seat): who
            for (b, seat, who), literals in self.sit.items()
            if any(solver.value(literal) for literal in literals)
        }
        for b, item in self.choices.fixed.items():
            if not item.movable:
                people |= {(b, seat): who for seat, who in item.people}
        return starts, people
