"""Calendars written in the tests, and what is read from them, short enough to compare by eye."""

import datetime as dt
from zoneinfo import ZoneInfo

from interviews.calendars.busy import Busy, read


def calendar(*components: str, head: str = "") -> str:
    """`head` are lines of the calendar itself, each ended."""
    return "".join(
        ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", head.replace("\n", "\r\n"), *components, "END:VCALENDAR\r\n")
    )


def event(*lines: str, uid: str = "a@example.test") -> str:
    return "\r\n".join(("BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""))


def at(text: str) -> dt.datetime:
    """`2026-03-02T09:00`, in UTC"""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def reading(
    text: str | bytes, *, starts: str = "2026-03-01", ends: str = "2026-04-01", zone: str = "UTC"
) -> Busy:
    return read(text, starts_at=at(starts), ends_at=at(ends), zone=ZoneInfo(zone))


def spans(busy: Busy) -> list[str]:
    """`03-02 09:00-10:00`, in UTC; the second day only where it is another."""
    found = []
    for span in busy.intervals:
        same = span.starts_at.date() == span.ends_at.date()
        end = f"{span.ends_at:%H:%M}" if same else f"{span.ends_at:%m-%d %H:%M}"
        found.append(f"{span.starts_at:%m-%d %H:%M}-{end}")
    return found


def busy(text: str | bytes, **window: str) -> list[str]:
    """The busy times of a calendar that is read without any doubt."""
    found = reading(text, **window)
    assert found.unreadable == ()
    return spans(found)


def of(*lines: str, **window: str) -> list[str]:
    """The busy times of one event."""
    return busy(calendar(event(*lines)), **window)
