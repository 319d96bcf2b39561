"""Reading calendars from people we do not know, whatever they contain.

A calendar can be written so that honest rules keep a reader busy for hours, so each is read in a process of its own
that has two seconds, a little memory, and is killed when they are over. Starting a plain Python with a handful of
imports costs less than a tenth of a second, and unlike a fork it is safe from threads and from Celery's workers.
"""

import importlib.util
import os
import subprocess
import sys
import time
import zoneinfo
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from interviews.calendars.busy import Busy, Interval, merged, refuse_naive
from interviews.calendars.feed import MOST_BYTES

WALL_SECONDS = 1.8  # so that two are not exceeded when the process is killed at the last moment
_ROOT = str(Path(__file__).resolve().parents[2])
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from interviews.calendars.child import main; main()"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nothing is known about somebody's time; `reason` says why in a sentence.

    `may_pass` is true when the same calendar could be read at another time, because ours was short.
    """

    reason: str
    may_pass: bool = False


def read_safely(
    data: bytes,
    *,
    starts_at: datetime,
    ends_at: datetime,
    zone: zoneinfo.ZoneInfo,
    ours: Collection[str] = (),
) -> Busy | Unreadable:
    """`busy.read` for any calendar: it answers or refuses within two seconds, and never raises for what it is given."""
    refuse_naive(starts_at, ends_at)
    if len(data) > MOST_BYTES:
        return Unreadable(
            f"The calendar is larger than {MOST_BYTES // 1024 // 1024} MB, which is too much to read."
        )
    if ends_at <= starts_at:
        return Busy(())
    by = time.monotonic() + WALL_SECONDS
    window = (starts_at.timestamp() // 1, -(-ends_at.timestamp() // 1))
    arguments = [
        _ROOT,
        *(str(int(end)) for end in window),
        zone.key or "UTC",
        " ".join(ours),
        *_zone_folders(),
    ]
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            env={"PATH": os.defpath, "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")},
        )
    except OSError:
        return Unreadable(
            "The calendar cannot be read now, because the server is short of memory.", may_pass=True
        )
    with process:
        try:
            answer, _ = process.communicate(data, timeout=max(by - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired:
            return Unreadable("The calendar takes too long to read.", may_pass=True)
        finally:
            process.kill()
    return _understood(answer.decode().split("\n"), starts_at, ends_at)


def _understood(lines: list[str], starts_at: datetime, ends_at: datetime) -> Busy | Unreadable:
    if lines[-1] != "done":  # killed for its time or memory, or broken by what it read
        return Unreadable("The calendar takes too much time or memory to read.")
    refusals = [line[1:] for line in lines if line.startswith("?")]
    if refusals:
        return Unreadable(refusals[0])
    spans = (Interval(*_moments(line)) for line in lines[:-1] if not line.startswith("!"))
    notes = tuple(line[1:] for line in lines if line.startswith("!"))
    return Busy(merged(spans, starts_at=starts_at, ends_at=ends_at), notes)


def _moments(line: str) -> Iterator[datetime]:
    return (_EPOCH + timedelta(seconds=int(seconds)) for seconds in line.split(" "))


def _zone_folders() -> list[str]:
    """Where the zones are: the child does without the installed packages, so it is told where tzdata lies."""
    package = importlib.util.find_spec("tzdata")
    folders = [str(Path(package.origin).parent / "zoneinfo")] if package and package.origin else []
    return [*zoneinfo.TZPATH, *folders]
