"""The process in which a calendar from outside is read: it bounds itself, reads, says what it found, and is gone.

It is started by `guard.read_safely` with the window, the zone and the UIDs that are ours as arguments, and the calendar
on standard input. It answers with a line for each interval (two numbers), each thing unreadable (`!`) or a refusal (`?`),
and `done`.
"""

import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, reset_tzpath

from interviews.calendars.busy import read
from interviews.calendars.feed import MOST_BYTES, CalendarUnreadable

CPU_SECONDS = 2
MORE_MEMORY_BYTES = 128 * 1024 * 1024


def main() -> None:
    first, last, zone, ours, *tzpath = sys.argv[1:]
    reset_tzpath(tzpath)
    _bound()
    lines: list[str] = []
    try:
        busy = read(
            sys.stdin.buffer.read(MOST_BYTES + 1),
            starts_at=datetime.fromtimestamp(int(first), UTC),
            ends_at=datetime.fromtimestamp(int(last), UTC),
            zone=ZoneInfo(zone),
            ours=frozenset(ours.split()),
        )
        lines += [
            f"{int(span.starts_at.timestamp())} {int(span.ends_at.timestamp())}" for span in busy.intervals
        ]
        lines += [f"!{sentence}" for sentence in busy.unreadable]
    except CalendarUnreadable as refusal:
        lines = [f"?{refusal.sentence}"]
    except MemoryError:
        lines = ["?The calendar needs too much memory to be read."]
    sys.stdout.buffer.write("\n".join((*lines, "done")).encode())


def _bound() -> None:
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent remains
        return
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        with open("/proc/self/statm") as sizes:
            used = int(sizes.read().split()[0]) * resource.getpagesize()
    except OSError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (used + MORE_MEMORY_BYTES, used + MORE_MEMORY_BYTES))
