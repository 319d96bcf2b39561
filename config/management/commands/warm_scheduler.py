"""`manage.py warm_scheduler`: compile the scheduling engine once, so that nobody waits for it."""

import time
from typing import Any

from django.core.management import BaseCommand

from interviews import scheduling


class Command(BaseCommand):
    help = "Compile the scheduling engine where LOOPWRIGHT_COMPILE=1; the result is kept in LOOPWRIGHT_CACHE_DIR."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        scheduling.warm()
        scheduling.warm_batch()
        self.stdout.write(f"The scheduling engine is ready ({time.monotonic() - began:.0f} s).")
