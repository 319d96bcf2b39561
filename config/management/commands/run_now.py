"""`manage.py run_now NAME`: one job of the timetable, by hand."""

from typing import Any

from django.core.management import BaseCommand, CommandParser
from django.utils import timezone

from accounts import users
from config import clock
from config.celery import TIMETABLE


class Command(BaseCommand):
    help = "Run one job of the timetable now. Without a name: list them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", choices=sorted(TIMETABLE))

    def handle(self, *args: Any, name: str | None, **options: Any) -> None:
        if name is None:
            for key, job in TIMETABLE.items():
                self.stdout.write(f"{key:<20} every {job.every:>6g} s  {job.why}")
            return
        row = clock.run_now(name, by=users.system(), at=timezone.now())
        if row.error:
            self.stderr.write(row.error)
            raise SystemExit(1)
        self.stdout.write(f"{name}: {row.found if row.found is not None else 'done'} in {row.seconds:g} s")
