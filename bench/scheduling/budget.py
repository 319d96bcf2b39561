"""A budget of CPU time for a peer, because the machine may be busy with other things."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LOOK_EVERY = 0.02


class Budget:
    """CPU seconds of this process, all threads together, from now on."""

    def __init__(self, cpu_seconds: float) -> None:
        self.cpu_seconds, self.began, self.began_wall = cpu_seconds, time.process_time(), time.perf_counter()

    def spent(self) -> float:
        return time.process_time() - self.began

    def wall(self) -> float:
        return time.perf_counter() - self.began_wall

    def run(self, solve: Callable[[], object], stop: Callable[[], None]) -> object:
        """Solve, and ask to stop when the budget is used up."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(LOOK_EVERY):
                if self.spent() > self.cpu_seconds:
                    stop()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            return solve()
        finally:
            done.set()
            watcher.join()
