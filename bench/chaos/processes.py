"""Processes, as Linux lists them: which of them are ours, and who is whose child."""

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


def ours() -> list[Process]:
    """Every living process that descends from this one."""
    everybody = {process.pid: process for process in _living()}
    found = []
    for process in everybody.values():
        above, seen = process.parent, 0
        while above in everybody and above != os.getpid() and seen < 64:
            above, seen = everybody[above].parent, seen + 1
        if above == os.getpid():
            found.append(process)
    return found


def below(pid: int) -> list[Process]:
    """Its children and theirs."""
    children = [process for process in _living() if process.parent == pid]
    return children + [process for child in children for process in below(child.pid)]


def end_all(*, patience: float = 5.0) -> int:
    """End whatever is left of what we started, and wait until it is gone. Returns how many there were."""
    left = ours()
    deadline = time.monotonic() + patience
    while (rest := ours()) and time.monotonic() < deadline:
        for process in rest:
            process.kill()
        _bury()
        time.sleep(0.05)
    return len(left)


def _bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _living() -> list[Process]:
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        state, parent = stat.rpartition(")")[2].split()[:2]
        if state not in "ZX":
            found.append(Process(int(folder.name), int(parent), command))
    return found
