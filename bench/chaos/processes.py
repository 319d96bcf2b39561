"""Processes, as Linux lists them, so that whatever descends from the bench is found, hit and ended by its own id."""

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    command: str

    def kill(self) -> bool:
        """End it as a crash would; whether it was still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
            return True
        return False


def adopt_orphans() -> None:
    """Whatever loses its parent below us becomes ours, so that everything we started stays in sight."""
    ctypes.CDLL(None).prctl(36, 1)  # 36 is PR_SET_CHILD_SUBREAPER


def below(pid: int) -> list[Process]:
    """Every living process that descends from this one."""
    found, above = [], {pid}
    everybody = _living()
    while above:
        children = [process for process in everybody if process.parent in above]
        above = {process.pid for process in children}
        found += children
    return found


def end_all(*, seconds: float = 5.0) -> None:
    """End whatever is left of what we started, and wait until it is gone."""
    deadline = time.monotonic() + seconds
    while (left := below(os.getpid())) and time.monotonic() < deadline:
        for process in left:
            process.kill()
        time.sleep(0.05)


def _living() -> list[Process]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if state not in "ZX":
                found.append(Process(int(folder.name), int(parent), command))
    return found
