"""How good can a schedule of many loops be at all? A bound that no schedule can beat, and a start close to it.

Column generation. A *column* is one complete plan of one loop. The master problem, a linear program, mixes
columns so that each loop is placed once (or pays for having no plan) and nobody is asked twice at a time or
beyond a limit; its dual values say what an interview with each person, at each time, is worth to the others.
At these prices the kernel finds each loop's cheapest plan, which is a new column when it would improve the
mix.

*The bound* holds at any prices, also before the end (Lagrangian relaxation): loops that pay the prices no
longer compete, so the sum of their separate optima, minus what the prices were charged for limits that
exist anyway, is never more than any real schedule costs. It is added up in whole numbers from the very
prices the kernel saw, so no rounding of the linear program can make it too large.

*The guided start* decides the columns the mix uses most, as far as they fit together, mixes the others anew,
and so on (diving); *settling* asks HiGHS for the best schedule of whole columns among those that are known.

The linear program is solved by HiGHS (Q. Huangfu, J. A. J. Hall, 2018). This module runs in a process of its
own (see `workers`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from interviews.scheduling import placing
from interviews.scheduling.board import BLOCKS, FOUR_WEEKS, NO_LIMIT, SEATS, Board
from interviews.scheduling.kernel import NO_PLAN, Numbers
from interviews.scheduling.model import MAX_BLOCKS
from interviews.scheduling.placing import Prices, State
from interviews.scheduling.points import POINT
from interviews.scheduling.tiers import MAX_COUNTED_LOAD

SMOOTHING = 0.5
"""How much of the best prices so far is kept; bare dual values jump around and the bound with them."""
MANY_COLUMNS_FOR = 6
"""In so many iterations, or always for few loops, each loop offers a plan for several completion days."""
FEW_LOOPS = 60
SEVERAL = 7
ITERATIONS = 400
CLOSE = 1e-4
USED, SURE = 1e-6, 0.999
"""From which share on the mix uses a plan, and is sure of it."""
DECIDED_AT_ONCE = 0.1
"""Of the loops that wait, so many are decided before the others are asked again."""
OFFERS, PRICES_OFF, NEARLY = 4, 0.3, 60.0
"""So often loops are asked at prices off by so much, for plans this near (in points) to being useful."""
Floats = NDArray[np.float64]
Row = tuple[str, int]
"""A limit on one person that the master has learnt of: "slot" and a column, "day" and a local day, "week" and
a week, "weeks" and the first of 28 days."""


class Duals(NamedTuple):
    loop: Floats  # [N] what placing the loop is worth
    person: Floats  # [P] what an interview costs in load
    rows: dict[tuple[int, Row], float]  # price of each learnt limit


class Column(NamedTuple):
    loop: int
    starts: Numbers
    sitting: Numbers
    events: list[tuple[int, int, int, int]]  # person, first column, column after the buffer, local day
    cost: int


def available() -> bool:
    """Whether HiGHS is installed. Does not load it."""
    from importlib.util import find_spec

    return find_spec("highspy") is not None


def _seats(board: Board, i: int) -> list[tuple[int, int]]:
    """Block and minutes of each seat of a loop."""
    part_at = getattr(
        placing.part_at, "py_func", placing.part_at
    )  # compiled, it can be called by compiled code only
    minutes, seat_first = part_at(board.shape[i], 1), part_at(board.shape[i], 5)
    return [
        (b, int(board.store[minutes + b]))
        for b in range(board.shape[i, BLOCKS])
        for _ in range(board.store[seat_first + b], board.store[seat_first + b + 1])
    ]


class Bounding:
    """The master problem, and what came of it: `bound` in thousandths of a point."""

    def __init__(self, board: Board, known: State) -> None:
        import highspy

        self.board = board
        self.base = placing.state_of(board)
        self.room = placing.room_for(board, SEVERAL)
        self.bound = int(-NO_PLAN)
        self.proven = False
        self.center: Duals | None = None
        self.duals: Duals | None = None
        self.values = np.zeros(0)
        self.columns: list[Column] = []
        self._seen: set[tuple[int, bytes, bytes]] = set()
        self._events_of: dict[int, list[tuple[int, tuple[int, int, int, int]]]] = {}
        self._row_at: dict[tuple[int, Row], int] = {}
        self._rows_of: dict[int, list[tuple[Row, int]]] = {}
        self._limit_of: dict[tuple[int, Row], int] = {}
        self._buffer, self._zone = board.buffer.tolist(), board.zone.tolist()
        self._seats = [_seats(board, i) for i in range(len(board.shape))]
        self._open_master(highspy)
        self._price(self.base_duals(), SEVERAL)
        for i in np.flatnonzero(known.starts[:, 0] >= 0):
            self._add(int(i), known.starts[i], known.sitting[i])
        self._flush()

    # ---- the master problem ----------------

    def _open_master(self, highspy: Any) -> None:
        board, loops = self.board, len(self.board.shape)
        self._inf = highspy.kHighsInf
        self._lp = highspy.Highs()
        self._lp.setOptionValue("output_flag", False)
        self._lp.setOptionValue("threads", 1)
        none = (np.zeros(0, np.int32), np.zeros(0))
        for _ in range(loops):
            self._lp.addRow(1.0, 1.0, 0, *none)
        people = board.room.shape[0]
        for _ in range(people):
            self._lp.addRow(-self._inf, 0.0, 0, *none)
        self._rows = loops + people
        one = np.array([1.0])
        for i in range(loops):
            at = np.array([i], np.int32)
            self._lp.addCol(board.unplaced[i] / POINT, 0.0, self._inf, 1, at, one)
        steps = np.diff(board.book_first)
        self._step_person = np.repeat(np.arange(people), steps)
        number = np.arange(len(self._step_person)) - np.repeat(np.cumsum(steps) - steps, steps)
        load = np.minimum(self.base.load[self._step_person] + number, MAX_COUNTED_LOAD)
        recent = np.maximum(load - board.credit[self._step_person], 0)
        self._step_cost = board.load_weight[self._step_person] * (2 * recent + 1)
        for p, cost in zip(self._step_person, self._step_cost, strict=True):
            self._lp.addCol(cost / POINT, 0.0, 1.0, 1, np.array([loops + p], np.int32), -one)
        self._fixed_columns = loops + len(self._step_person)
        self._pending: list[Column] = []

    def _events(self, i: int, starts: Numbers, sitting: Numbers) -> list[tuple[int, int, int, int]]:
        at, events = starts.tolist(), []
        for (b, minutes), p in zip(self._seats[i], sitting.tolist(), strict=False):
            if p >= 0:
                start = at[b]
                length = -(-(minutes + self._buffer[p]) // self.board.tick)
                events.append((p, start, start + length, int(self.board.day_at[self._zone[p], start])))
        return events

    def _add(self, i: int, starts: Numbers, sitting: Numbers) -> bool:
        """Offer a plan to the master, unless it knows it already."""
        key = i, starts.tobytes(), sitting.tobytes()
        if key in self._seen:
            return False
        self._seen.add(key)
        starts, sitting = starts.copy(), sitting.copy()
        cost = int(placing.cost_of_plan(self.board, self.base, i, starts, sitting))
        self._pending.append(Column(i, starts, sitting, self._events(i, starts, sitting), cost))
        return True

    def _flush(self) -> None:
        """Put the offered columns into the master."""
        loops, first, index, costs = len(self.board.shape), [], list[int](), []
        for column in self._pending:
            first.append(len(index))
            costs.append(column.cost / POINT)
            index.append(column.loop)
            number = len(self.columns)
            self.columns.append(column)
            for event in column.events:
                p = event[0]
                self._events_of.setdefault(p, []).append((number, event))
                index.append(loops + p)
                index += [at for row, at in self._rows_of.get(p, ()) if self._counts(row, event)]
        count = len(self._pending)
        self._pending = []
        if count:
            zeros = np.zeros(count)
            self._lp.addCols(
                count,
                np.array(costs),
                zeros,
                np.full(count, self._inf),
                len(index),
                np.array(first, np.int32),
                np.array(index, np.int32),
                np.ones(len(index)),
            )

    def _counts(self, row: Row, event: tuple[int, int, int, int]) -> bool:
        kind, at = row
        if kind == "slot":
            return event[1] <= at < event[2]
        if kind == "day":
            return event[3] == at
        if kind == "week":
            return int(self.board.week_of[event[3]]) == at
        return at <= event[3] < at + FOUR_WEEKS

    def _learn(self, p: int, row: Row, limit: int) -> bool:
        """Add a limit that the present mix breaks."""
        if (p, row) in self._row_at:
            return False
        index = [
            self._fixed_columns + number for number, event in self._events_of[p] if self._counts(row, event)
        ]
        self._lp.addRow(-self._inf, float(limit), len(index), np.array(index, np.int32), np.ones(len(index)))
        self._row_at[p, row] = self._rows
        self._limit_of[p, row] = limit
        self._rows_of.setdefault(p, []).append((row, self._rows))
        self._rows += 1
        return True

    def _learn_all(self) -> int:
        """Add every limit that the present mix breaks. Returns how many there were."""
        board, used = self.board, dict[int, list[tuple[float, tuple[int, int, int, int]]]]()
        for number in np.flatnonzero(self.values > 1e-7):
            for event in self.columns[number].events:
                used.setdefault(event[0], []).append((float(self.values[number]), event))
        learnt = 0
        for p, parts in used.items():
            days, weeks = dict[int, float](), dict[int, float]()
            for value, event in parts:
                week = int(board.week_of[event[3]])
                days[event[3]] = days.get(event[3], 0.0) + value
                weeks[week] = weeks.get(week, 0.0) + value
            for day, value in days.items():
                if value > (left := self._left(p, ("day", day))) + 1e-6:
                    learnt += self._learn(p, ("day", day), left)
            for week, value in weeks.items():
                if value > (left := self._left(p, ("week", week))) + 1e-6:
                    learnt += self._learn(p, ("week", week), left)
            if board.four_week_limit[p] < NO_LIMIT:
                for first in {max(day - back, 0) for day in days for back in (0, FOUR_WEEKS - 1)}:
                    inside = sum(value for day, value in days.items() if first <= day < first + FOUR_WEEKS)
                    if inside > (left := self._left(p, ("weeks", first))) + 1e-6:
                        learnt += self._learn(p, ("weeks", first), left)
            learnt += self._learn_slots(p, parts)
        return learnt

    def _left(self, p: int, row: Row) -> int:
        """How many interviews a day, a week or four weeks have left for the person."""
        (kind, at), board, held = row, self.board, self.base.held[p]
        if kind == "day":
            return max(0, int(board.day_limit[p] - held[at]))
        if kind == "week":
            return max(0, int(board.week_limit[p] - held[board.week_of == at].sum()))
        return max(0, int(board.four_week_limit[p] - held[at : at + FOUR_WEEKS].sum()))

    def _learn_slots(self, p: int, parts: list[tuple[float, tuple[int, int, int, int]]]) -> int:
        """The columns at which the mix asks for the person more than once, one for each crowded stretch."""
        edges = sorted(
            [(event[1], 1, value) for value, event in parts]
            + [(event[2], 0, -value) for value, event in parts]
        )
        learnt, now, peak, at = 0, 0.0, 1 + 1e-6, -1
        for column, starting, value in edges:
            if not starting and at >= 0:
                learnt += self._learn(p, ("slot", at), 1)
                peak, at = 1 + 1e-6, -1
            now += value
            if starting and now > peak:
                peak, at = now, column
        return learnt

    def _solve_master(self) -> float:
        self._lp.run()
        solution = self._lp.getSolution()
        dual, loops = np.array(solution.row_dual), len(self.board.shape)
        people = self.board.room.shape[0]
        self.values = np.array(solution.col_value)[self._fixed_columns :]
        self.duals = Duals(
            dual[:loops],
            np.maximum(0.0, -dual[loops : loops + people]),
            {key: max(0.0, -float(dual[at])) for key, at in self._row_at.items()},
        )
        return float(self._lp.getObjectiveValue())

    # ---- prices ----------------

    def base_duals(self) -> Duals:
        """No prices: what one interview more costs everybody as things stand."""
        recent = np.maximum(np.minimum(self.base.load, MAX_COUNTED_LOAD) - self.board.credit, 0)
        return Duals(self.board.unplaced / POINT, self.board.load_weight * (2 * recent + 1) / POINT, {})

    def _smoothed(self, duals: Duals) -> Duals:
        if self.center is None:
            return duals
        keep, take = SMOOTHING, 1 - SMOOTHING
        keys = [*duals.rows, *(key for key in self.center.rows if key not in duals.rows)]
        return Duals(
            keep * self.center.loop + take * duals.loop,
            keep * self.center.person + take * duals.person,
            {key: keep * self.center.rows.get(key, 0.0) + take * duals.rows.get(key, 0.0) for key in keys},
        )

    def prices(self, duals: Duals, loads: int) -> tuple[Prices, dict[tuple[int, Row], int]]:
        """Dual values as whole prices for the kernel, and those of the learnt limits again by limit."""
        board = self.board
        people, columns = board.room.shape
        rows = {key: round(value * POINT) for key, value in duals.rows.items() if round(value * POINT) > 0}
        crowded = sorted({p for p, (kind, _) in rows if kind == "slot"})
        slot_row = np.full(people, -1, np.int64)
        slot_row[crowded] = np.arange(len(crowded))
        slot = np.zeros((len(crowded), columns + 1), np.int64)
        day = np.zeros(board.held.shape, np.int64)
        for (p, (kind, at)), price in rows.items():
            if kind == "slot":
                slot[slot_row[p], at + 1] += price
            elif kind == "day":
                day[p, at] += price
            elif kind == "week":
                day[p, board.week_of == at] += price
            else:
                day[p, at : at + FOUR_WEEKS] += price
        person = np.round(duals.person * POINT).astype(np.int64)
        return Prices(person, slot_row, np.cumsum(slot, axis=1), day, int(bool(rows)), loads), rows

    def final_prices(self) -> Prices:
        """The latest prices, for loops that are placed one after the other."""
        assert self.duals is not None
        return self.prices(self.duals, loads=1)[0]

    def _price(self, duals: Duals, wanted: int) -> int:
        """Ask each loop for its best plans at these prices; the bound that follows. Returns the new columns."""
        prices, rows = self.prices(duals, loads=0)
        limits = np.minimum(np.floor(duals.loop * POINT).astype(np.int64), self.board.unplaced)
        least, added = self._ask(prices, limits, wanted, self.base)
        steps = np.minimum(0, self._step_cost - prices.person[self._step_person])
        bound = int(least.sum()) + int(steps.sum())
        bound -= sum(price * self._limit_of[key] for key, price in rows.items())
        if bound > self.bound:
            self.bound, self.center = bound, duals
        return added

    def _ask(self, prices: Prices, limits: Numbers, wanted: int, state: State) -> tuple[Numbers, int]:
        """Each loop's best plans below its limit at these prices, as things stand. Returns what each costs at
        least, and how many plans were new to the master.
        """
        board, loops = self.board, len(self.board.shape)
        starts = np.zeros((loops, wanted, MAX_BLOCKS), np.int64)
        sitting = np.zeros((loops, wanted, max(board.seats, 1)), np.int64)
        costs, least = np.zeros((loops, wanted), np.int64), np.zeros(loops, np.int64)
        placing.price_all(board, state, prices, limits, wanted, self.room, starts, sitting, costs, least)
        added = 0
        for i, n in np.argwhere(costs < NO_PLAN):
            blocks, seats = board.shape[i, BLOCKS], board.shape[i, SEATS]
            starts[i, n, blocks:], sitting[i, n, seats:] = -1, -1
            added += self._add(int(i), starts[i, n], sitting[i, n])
        return least, added

    # ---- the whole ----------------

    def run(
        self, stop: Callable[[], bool], report: Callable[[int], None], iterations: int = ITERATIONS
    ) -> None:
        """Iterate until nothing improves the mix (`proven`: the bound is that of the linear program), or
        `stop` says so. Each better bound is reported.
        """
        loops = len(self.board.shape)
        for iteration in range(iterations):
            value = self._solve_master()
            while self._learn_all() and not stop():
                value = self._solve_master()
            assert self.duals is not None
            before = self.bound
            several = SEVERAL if iteration < MANY_COLUMNS_FOR or loops <= FEW_LOOPS else 1
            added = self._price(self._smoothed(self.duals), several)
            if not added:
                added = self._price(self.duals, 1)
            self._flush()
            if self.bound > before:
                report(self.bound)
            self.proven = not added or value * POINT - self.bound < CLOSE * abs(value) * POINT
            if self.proven or stop():
                return

    def guided(self, stop: Callable[[], bool]) -> State:
        """A complete schedule that follows the mix: what the mix is surest of is decided, the other loops are
        asked again as things stand, and so on. When `stop` says so, the rest follows in one go.
        """
        board, state, share = self.board, placing.state_of(self.board), DECIDED_AT_ONCE
        decided: list[int] = []
        while True:
            self._solve()
            assert self.duals is not None
            waiting, share = state.starts[:, 0] < 0, 1.0 if stop() else share
            most, before = max(1, int(waiting.sum() * share)), len(decided)
            for number in np.argsort(-self.values, kind="stable").tolist():
                value, column = self.values[number], self.columns[number]
                if value < USED or (len(decided) - before >= most and value < SURE):
                    break
                if waiting[column.loop] and placing.accept(
                    board, state, column.loop, column.starts, column.sitting
                ):
                    self._lp.changeColBounds(self._fixed_columns + number, 1.0, 1.0)
                    decided.append(number)
            if len(decided) == before or share == 1.0:
                break
            self._solve()
            limits = np.minimum(np.floor(self.duals.loop * POINT).astype(np.int64), board.unplaced)
            limits[state.starts[:, 0] >= 0] = 0
            self._ask(self.prices(self.duals, loads=0)[0], limits, 1, state)
            self._flush()
        for number in decided:
            self._lp.changeColBounds(self._fixed_columns + number, 0.0, self._inf)
        return self._completed(state)

    def settled(self, known: State, seconds: float) -> State:
        """The best schedule of whole plans that the master knows, or the known one when none better is found in
        time. Plans are left out that cost, at the final prices, more above their loop's best than the known
        schedule costs above the mix: no better schedule has them.
        """
        import highspy

        self._offer_more()
        for i in np.flatnonzero(known.starts[:, 0] >= 0):
            self._add(int(i), known.starts[i], known.sitting[i])
        self._flush()
        mix = self._solve()
        above = np.array(self._lp.getSolution().col_dual)[self._fixed_columns :]
        useful = above <= int(known.total[0]) / POINT - mix
        self._learn_of(np.flatnonzero(useful))
        lp, fixed = self._lp, self._fixed_columns
        every = np.arange(fixed + len(self.columns), dtype=np.int32)
        kinds = np.full(len(every), int(highspy.HighsVarType.kInteger), np.uint8)
        kinds[len(self.board.shape) : fixed] = int(highspy.HighsVarType.kContinuous)
        lp.changeColsIntegrality(len(every), every, kinds)
        upper = np.where(useful, self._inf, 0.0)
        lp.changeColsBounds(len(upper), every[fixed:], np.zeros(len(upper)), upper)
        lp.setSolution(self._as_solution(highspy, known))
        lp.setOptionValue("time_limit", lp.getRunTime() + seconds)
        lp.setOptionValue("mip_rel_gap", CLOSE)
        lp.run()
        chosen = np.flatnonzero(np.array(lp.getSolution().col_value)[fixed:] > 0.5)
        kinds[:] = int(highspy.HighsVarType.kContinuous)
        lp.changeColsIntegrality(len(every), every, kinds)
        lp.changeColsBounds(len(upper), every[fixed:], np.zeros(len(upper)), np.full(len(upper), self._inf))
        lp.setOptionValue("time_limit", self._inf)
        state = placing.state_of(self.board)
        for number in chosen:
            column = self.columns[number]
            placing.accept(self.board, state, column.loop, column.starts, column.sitting)
        state = self._completed(state)
        return state if state.total[0] < known.total[0] else known

    def _offer_more(self) -> None:
        """Offer plans that are best at prices a little off, so that whole plans have more to choose from."""
        assert self.duals is not None
        duals, chance = self.duals, np.random.default_rng(0)
        limits = np.floor((duals.loop + NEARLY) * POINT).astype(np.int64)
        limits = np.minimum(limits, self.board.unplaced)
        for _ in range(OFFERS):
            off = chance.uniform(1 - PRICES_OFF, 1 + PRICES_OFF, len(duals.rows))
            rows = {key: value * by for (key, value), by in zip(duals.rows.items(), off, strict=True)}
            prices, _ = self.prices(duals._replace(rows=rows), loads=0)
            self._ask(prices, limits, SEVERAL, self.base)

    def _learn_of(self, numbers: Numbers) -> None:
        """Add every limit that these plans could break together."""
        board, events_of = self.board, dict[int, list[tuple[int, tuple[int, int, int, int]]]]()
        for number in numbers.tolist():
            column = self.columns[number]
            for event in column.events:
                events_of.setdefault(event[0], []).append((column.loop, event))
        for p, events in events_of.items():
            for at in {event[1] for _, event in events}:
                if len({i for i, event in events if event[1] <= at < event[2]}) > 1:
                    self._learn(p, ("slot", at), 1)
            days = {event[3] for _, event in events}
            for day in days:
                self._learn(p, ("day", day), self._left(p, ("day", day)))
            for week in {int(board.week_of[day]) for day in days}:
                self._learn(p, ("week", week), self._left(p, ("week", week)))
            if board.four_week_limit[p] < NO_LIMIT:
                for first in {max(day - FOUR_WEEKS + 1, 0) for day in days} | days:
                    self._learn(p, ("weeks", first), self._left(p, ("weeks", first)))

    def _as_solution(self, highspy: Any, known: State) -> Any:
        """The known schedule in the master's terms."""
        loops, values = len(self.board.shape), np.zeros(self._fixed_columns + len(self.columns))
        values[:loops] = known.starts[:, 0] < 0
        held = np.zeros(len(self.board.load), np.int64)
        for number, column in enumerate(self.columns):
            i = column.loop
            if (known.starts[i] == column.starts).all() and (known.sitting[i] == column.sitting).all():
                values[self._fixed_columns + number] = 1
                for event in column.events:
                    held[event[0]] += 1
        for step, p in enumerate(self._step_person.tolist()):
            values[loops + step], held[p] = held[p] > 0, held[p] - 1
        solution = highspy.HighsSolution()
        solution.col_value = values.tolist()
        return solution

    def _solve(self) -> float:
        """The best mix within all limits."""
        value = self._solve_master()
        while self._learn_all():
            value = self._solve_master()
        return value

    def _completed(self, state: State) -> State:
        """Insert the loops that are still without a plan, at the final prices."""
        board = self.board
        assert self.duals is not None
        prices = self.final_prices()
        order = [i for i in np.argsort(-self.duals.loop, kind="stable") if state.starts[i, 0] < 0]
        placing.insert_all(board, state, prices, np.array(order, np.int64), placing.room_for(board))
        return state
