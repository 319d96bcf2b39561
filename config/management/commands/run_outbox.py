"""`manage.py run_outbox`: the loop that sends what is due, with no broker between."""

import logging
import signal
import time
from typing import Any

from django.core.management import BaseCommand, CommandParser
from django.db import close_old_connections
from django.db.utils import DatabaseError
from django.utils import timezone

from outbox import deliveries

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Send what is due in the outbox, every few seconds. It needs the database only: no Redis, no Celery."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=5.0, help="Seconds between sweeps.")
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, every: float, once: bool, **options: Any) -> None:
        stop: list[int] = []
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stop.append(1))
        while not stop:
            close_old_connections()
            try:
                deliveries.sweep(at=timezone.now())
            except DatabaseError as error:  # the database may be away; it comes back
                logger.warning("The outbox could not be read: %s", error)
            if once:
                return
            time.sleep(every)
