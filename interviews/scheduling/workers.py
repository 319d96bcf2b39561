"""Processes that improve a schedule or prove a bound, so that the one who asked stays light and can stop them
at once.

Each is `python -m interviews.scheduling.workers`: it reads orders from its input and writes reports to its
output, pickled one after the other, and ends when its input does. HiGHS is loaded here and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np

from interviews.scheduling import bounding, placing
from interviews.scheduling.board import Board
from interviews.scheduling.kernel import Numbers
from interviews.scheduling.placing import Prices, State

DIVE_FROM = 0.85
"""The share of the time for a proof after which it is cut short, so that there is time to follow it."""
CHUNK_SECONDS = 0.05
"""How long a worker improves before it looks at the clock."""
ROOT = Path(__file__).resolve().parents[2]


class Plans(NamedTuple):
    """A schedule on a board: what `placing.State` says of it."""

    starts: Numbers
    sitting: Numbers
    total: int


class Improve(NamedTuple):
    """An order: ruin and recreate from these plans, for so many rounds or seconds, while the heat (in points)
    falls.
    """

    plans: Plans
    rounds: int | None
    seconds: float
    seed: tuple[int, ...]
    hot: float
    cold: float
    guide: Prices | None = None
    """prices that the proof has found, once there are any"""


class Prove(NamedTuple):
    """An order: prove a bound, then follow it to a schedule. Reports each better bound on the way."""

    plans: Plans
    seconds: float
    iterations: int


class Settle(NamedTuple):
    """An order to the worker that proved the bound: the best schedule of the plans it knows."""

    plans: Plans
    seconds: float


class Report(NamedTuple):
    """What a worker says: it is ready, it has a better bound, it has finished an order."""

    worker: int
    kind: Literal["ready", "bound", "proven", "improved", "failed"]
    plans: Plans | None = None
    bound: int | None = None
    guide: Prices | None = None
    text: str = ""


def plans_of(state: State) -> Plans:
    return Plans(state.starts.copy(), state.sitting.copy(), int(state.total[0]))


def state_with(board: Board, plans: Plans) -> State:
    """The board with these plans on it."""
    state = placing.state_of(board)
    for i in np.flatnonzero(plans.starts[:, 0] >= 0):
        placing.accept(board, state, int(i), plans.starts[i], plans.sitting[i])
    return state


def improved(board: Board, order: Improve, clock: Callable[[], float] = time.monotonic) -> Plans:
    """Do what an order to improve says. The same order with a number of rounds has the same answer."""
    state = state_with(board, order.plans)
    best, room, prices = placing.copied(state), placing.room_for(board), placing.no_prices(board)
    chance = np.random.default_rng(order.seed)
    began, done, chunk = clock(), 0, 4
    while True:
        spent = clock() - began
        if order.rounds is not None:
            share = done / max(order.rounds, 1)
            chunk = min(50, order.rounds - done)
        else:
            share = min(spent / order.seconds, 1.0) if order.seconds else 1.0
            if done:
                chunk = max(1, int(done / max(spent, 1e-6) * min(CHUNK_SECONDS, order.seconds - spent)))
        if chunk <= 0 or spent >= order.seconds:
            return plans_of(best)
        heat = order.hot * (order.cold / order.hot) ** share * 1000
        draws = chance.random((chunk, placing.DRAWS))
        placing.improve(board, state, best, prices, order.guide or prices, room, draws, heat, heat)
        done += chunk


# ---- the side of the worker --------------------------------


def serve(orders: BinaryIO, reports: BinaryIO) -> None:
    """Carry out orders until there are no more."""

    def report(kind: Any, **said: Any) -> None:
        pickle.dump(Report(number, kind, **said), reports, pickle.HIGHEST_PROTOCOL)
        reports.flush()

    number, board = pickle.load(orders)  # noqa: S301 - written by the process that started this one
    improved(board, Improve(plans_of(placing.state_of(board)), 1, 600.0, (0,), 1.0, 1.0))  # loads the code
    report("ready")
    proof: bounding.Bounding | None = None
    while True:
        try:
            order = pickle.load(orders)  # noqa: S301
        except EOFError:
            return
        if isinstance(order, Improve):
            report("improved", plans=improved(board, order))
            continue
        try:
            if isinstance(order, Prove):
                proof = bounding.Bounding(board, state_with(board, order.plans))
                _prove(proof, order, report)
            else:
                assert proof is not None
                settled = proof.settled(state_with(board, order.plans), order.seconds)
                report("improved", plans=plans_of(settled))
        except Exception as error:
            # a bound is a luxury: the schedule goes on without it, and the caller hears why
            report("failed", text=f"{type(error).__name__}: {error}")


def _prove(proof: bounding.Bounding, order: Prove, report: Callable[..., None]) -> None:
    began = time.monotonic()
    proof.run(
        lambda: time.monotonic() > began + order.seconds * DIVE_FROM,
        lambda bound: report("bound", bound=bound),
        order.iterations,
    )
    start = proof.guided(lambda: time.monotonic() > began + order.seconds)
    report("proven", plans=plans_of(start), bound=proof.bound, guide=proof.final_prices())


# ---- the side of the one who asks --------------------------------


class Team:
    """Worker processes for one board. Used in a `with`; leaving it ends them, whatever they are doing."""

    def __init__(self, board: Board, count: int) -> None:
        self.reports: queue.Queue[Report] = queue.Queue()
        self._processes = [self._start(number, board) for number in range(count)]

    def _start(self, number: int, board: Board) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, "-m", "interviews.scheduling.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        threading.Thread(target=self._talk, args=(number, board, process), daemon=True).start()
        return process

    def _talk(self, number: int, board: Board, process: subprocess.Popen[bytes]) -> None:
        """Hand over the board and collect the reports; a worker that ends early is reported once."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((number, board), process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            while True:
                self.reports.put(pickle.load(process.stdout))  # noqa: S301 - our own process
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self.reports.put(Report(number, "failed", text="A worker process ended early."))

    def order(self, worker: int, order: Improve | Prove | Settle) -> None:
        stdin = self._processes[worker].stdin
        assert stdin is not None
        with contextlib.suppress(OSError):  # it has ended, which its reports say
            pickle.dump(order, stdin, pickle.HIGHEST_PROTOCOL)
            stdin.flush()

    def alive(self, worker: int) -> bool:
        return self._processes[worker].poll() is None

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    assert pipe is not None
                    pipe.close()


def main() -> None:
    # what a library prints must not end up among the reports
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, reports)


if __name__ == "__main__":
    from interviews.scheduling import workers  # noqa: PLW0406 - so that orders are of the same classes on both sides

    workers.main()
