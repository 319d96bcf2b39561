"""When a calendar file says that its owner is busy, as the product reads it."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser

from interviews.calendars.guard import Unreadable, read_safely


class Command(BaseCommand):
    help = (
        "Print the busy times of a calendar file, one interval a line, in UTC and merged. "
        "What cannot be read is told on the error output."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="A calendar file (.ics), or - for the standard input.")
        parser.add_argument(
            "--from", dest="starts", required=True, help="Begin, such as 2026-03-02T00:00:00Z."
        )
        parser.add_argument("--to", dest="ends", required=True, help="End, not included.")
        parser.add_argument("--zone", default="UTC", help="Where the owner lives, such as Europe/Berlin.")

    def handle(self, *, file: str, starts: str, ends: str, zone: str, **_options: Any) -> None:
        place = _zone(zone)
        try:
            data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        busy = read_safely(data, starts_at=_moment(starts, place), ends_at=_moment(ends, place), zone=place)
        if isinstance(busy, Unreadable):
            raise CommandError(busy.reason)
        for sentence in busy.unreadable:
            self.stderr.write(sentence)
        for span in busy.intervals:
            self.stdout.write(f"{_written(span.starts_at)}/{_written(span.ends_at)}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise CommandError(f"“{name}” is no time zone; use a name such as Europe/Berlin.") from error


def _moment(text: str, place: ZoneInfo) -> datetime:
    """A moment without a zone is one in the owner's."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is no moment; write it like 2026-03-02T09:00:00Z.") from error
    return at if at.tzinfo else at.replace(tzinfo=place)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
