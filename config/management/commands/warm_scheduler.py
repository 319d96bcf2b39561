"""`manage.py warm_scheduler`: compile the scheduling engine once, so that nobody waits for it."""

import os
import time
from typing import Any

from django.core.management import BaseCommand

from config.management.commands.up import compiling


class Command(BaseCommand):
    help = "Compile the scheduling engine for the worker; the result is kept in LOOPWRIGHT_CACHE_DIR."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        for name, value in compiling().items():
            os.environ.setdefault(name, value)
        from interviews import scheduling  # compiled or not is decided when the kernel is first loaded

        began = time.monotonic()
        scheduling.warm()
        if not scheduling.warm_batch():
            self.stdout.write("Numba is not installed (the extra `fast`): the engine runs as plain Python.")
            return
        self.stdout.write(f"The scheduling engine is ready ({time.monotonic() - began:.0f} s).")
