"""The batch as one integer program over whole plans, solved by HiGHS (set partitioning).

A column is one complete plan of one loop, a row one thing that must not be asked twice: a loop's plan, a
person's tick, a person's day, week and four weeks. There are far too many plans to list, so the columns are
those that the engine's proof meets while it looks for prices (column generation, `bounding`), ten to twenty for
each loop. A schedule is a choice among them; the program's own bound holds for these columns only, that of the
proof for every schedule.

This module loads HiGHS, so it runs in a process of its own (see `peers`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import highspy
import numpy as np

from bench.scheduling.budget import Budget
from interviews.scheduling import Problem, board, bounding, placing, points, warm_batch
from interviews.scheduling.board import FOUR_WEEKS
from interviews.scheduling.tiers import MAX_COUNTED_LOAD

FEASIBLE = 2
"""How HiGHS says that it has a solution."""
PROOF_SHARE = 0.5
"""The share of the budget after which the search for columns is cut short."""


def solved(problems: Mapping[str, Problem], model: str, alone: bool, seconds: float, workers: int) -> dict:
    """As `cpsat.solved`. The budget begins when the kernel is compiled and the calendars are read. `proven`
    and `bound_of_columns` are about these columns only, `bound` about every schedule.
    """
    warm_batch()
    people = {person.key: person for problem in problems.values() for person in problem.people}
    laid = board.lay_out(problems, people)
    state = placing.state_of(laid.board)
    placing.insert_all(  # the first mix of plans
        laid.board,
        state,
        placing.no_prices(laid.board),
        np.argsort(-laid.board.urgency, kind="stable").astype(np.int64),
        placing.room_for(laid.board),
    )
    budget = Budget(seconds * workers)
    proof = bounding.Bounding(laid.board, state)
    proof.run(lambda: budget.spent() > PROOF_SHARE * budget.cpu_seconds, lambda bound: None)
    hopeless = sum(points.unplaced(problems[key]) for key in laid.hopeless)
    program = _Program(laid.board, proof.columns, hopeless)
    build = budget.spent()
    highs = program.highs
    highs.resetGlobalScheduler(True)  # it has begun with the one thread of the proof
    highs.setOptionValue("threads", workers)
    highs.HandleUserInterrupt = True
    budget.run(lambda: highs.startSolve().join(), highs.cancelSolve)
    info, status = highs.getInfo(), highs.getModelStatus()
    chosen = program.chosen() if info.primal_solution_status == FEASIBLE else []
    return {
        "plans": {laid.keys[column.loop]: _plan(laid, column, problems) for column in chosen},
        "objective": info.objective_function_value if chosen else None,
        "bound_of_columns": info.mip_dual_bound,
        "bound": (proof.bound + hopeless) / points.POINT,
        "proven": status == highspy.HighsModelStatus.kOptimal,
        "columns": len(proof.columns),
        "build_cpu_s": build,
        "cpu_s": budget.spent(),
        "wall_s": budget.wall(),
    }


class _Program:
    def __init__(self, numbers: board.Board, columns: list[bounding.Column], constant: int) -> None:
        self.numbers, self.columns, self.highs = numbers, columns, highspy.Highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("mip_rel_gap", 0.0)
        self.highs.setOptionValue("random_seed", 1)
        self.highs.changeObjectiveOffset(constant / points.POINT)
        self.base = placing.state_of(numbers)
        for column in columns:
            self._binary(column.cost)
        for i, cost in enumerate(numbers.unplaced):
            own = [number for number, column in enumerate(columns) if column.loop == i]
            self._row(1, 1, [*own, self._binary(cost)])
        events = defaultdict(list)  # by person: (column, event)
        for number, column in enumerate(columns):
            for event in column.events:
                events[event[0]].append((number, event))
        for p, held in events.items():
            self._load(p, [number for number, _ in held])
            self._limits(p, held)
            self._ticks(held)

    def _binary(self, cost: int) -> int:
        number = self.highs.getNumCol()
        self.highs.addCol(cost / points.POINT, 0.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
        self.highs.changeColIntegrality(number, highspy.HighsVarType.kInteger)
        return number

    def _row(self, low: float, high: float, index: list[int], values: list[float] | None = None) -> None:
        ones = np.ones(len(index)) if values is None else np.array(values)
        self.highs.addRow(float(low), float(high), len(index), np.array(index, np.int32), ones)

    def _load(self, p: int, asked: list[int]) -> None:
        """The tenth interview costs more than the first; cheaper steps are taken first by themselves."""
        count = len({self.columns[number].loop for number in asked})
        steps = []
        for more in range(count):
            load = min(int(self.base.load[p]) + more, MAX_COUNTED_LOAD)
            recent = max(0, load - int(self.numbers.credit[p]))
            steps.append(self._binary(int(self.numbers.load_weight[p]) * (2 * recent + 1)))
        self._row(0, 0, [*asked, *steps], [1.0] * len(asked) + [-1.0] * len(steps))

    def _limits(self, p: int, held: list[tuple[int, tuple[int, int, int, int]]]) -> None:
        numbers, before = self.numbers, self.base.held[p]
        by_day = defaultdict(list)
        for number, event in held:
            by_day[event[3]].append(number)
        weeks = {int(numbers.week_of[day]) for day in by_day}
        edges = {*by_day, *np.flatnonzero(before).tolist()}
        firsts = {max(first, 0) for day in edges for first in (day, day - FOUR_WEEKS + 1)}
        spans = [([day], numbers.day_limit[p]) for day in by_day]
        spans += [(np.flatnonzero(numbers.week_of == week).tolist(), numbers.week_limit[p]) for week in weeks]
        spans += [(range(first, first + FOUR_WEEKS), numbers.four_week_limit[p]) for first in firsts]
        for days, limit in spans:
            asked = [number for day in days for number in by_day.get(day, ())]
            left = max(0, int(limit) - sum(int(before[day]) for day in days if day < len(before)))
            if len(asked) > left:
                self._row(0, left, asked)

    def _ticks(self, held: list[tuple[int, tuple[int, int, int, int]]]) -> None:
        """Whoever overlaps does so at the beginning of one of the two."""
        rows = set()
        for at in {event[1] for _, event in held}:
            rows.add(tuple(number for number, event in held if event[1] <= at < event[2]))
        for row in rows:
            if len(row) > 1:
                self._row(0, 1, list(row))

    def chosen(self) -> list[bounding.Column]:
        values = self.highs.getSolution().col_value
        return [column for column, value in zip(self.columns, values, strict=False) if value > 0.5]


def _plan(laid: board.Laid, column: bounding.Column, problems: Mapping[str, Problem]):
    key, numbers = laid.keys[column.loop], laid.board
    blocks = problems[key].blocks
    people = {
        (b, seat.key): laid.people[int(column.sitting[row])]
        for row, (b, seat) in enumerate(laid.seats[column.loop])
        if column.sitting[row] >= 0
    }
    number = {block.key: b for b, block in enumerate(blocks)}
    for item in problems[key].fixed:
        if not item.movable:
            people |= {(number[item.block], seat): who for seat, who in item.people}
    return [numbers.low + numbers.tick * int(column.starts[b]) for b in range(len(blocks))], people
