"""The worker and its clock in one process: what `manage.py up` starts beside the web server."""

import logging
import os
import signal
import threading
import warnings
from typing import Any

from celery import beat
from celery.platforms import SecurityWarning
from celery.signals import worker_ready
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.celery import app


class Command(BaseCommand):
    help = "Run the worker and the clock (Celery worker and beat) in one process. Never start two of them."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--concurrency",
            type=int,
            help="Tasks at a time (default: 2 processes with Redis, 4 threads without).",
        )

    def handle(self, *, concurrency: int | None, **_options: Any) -> None:
        # Without Redis the queue is a folder. There a killed child of a process pool leaves the worker
        # hanging; threads do not have that problem. With Redis, processes give every task its time limit.
        pool, size = ("prefork", 2) if settings.REDIS_URL else ("threads", 4)
        app.conf.update(worker_hijack_root_logger=False, worker_redirect_stdouts=False)
        # Celery warns root because of pickled messages; ours are JSON, from our own queue.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        for name in ("celery", "kombu"):  # a line for each sweep would hide the lines that matter
            logging.getLogger(name).setLevel(logging.WARNING)
        clock = Clock()
        # Once the pool's processes are there: a fork copies locks that another thread may be holding.
        worker_ready.connect(lambda **_: clock.start(), weak=False)
        worker = app.Worker(
            pool=pool,
            concurrency=concurrency or size,
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        try:
            worker.start()  # in the main thread, where it answers SIGTERM by finishing what it began
        finally:
            clock.stop()
        raise SystemExit(worker.exitcode or 0)


class Clock(threading.Thread):
    """Queues each job of config/celery.py when its time comes."""

    def __init__(self) -> None:
        super().__init__(name="clock", daemon=True)
        self.stopping = False
        self.service = beat.Service(app, max_interval=1)

    def run(self) -> None:
        app.set_current()
        try:
            self.service.start()
        finally:
            if not self.stopping:
                # A worker without its clock looks healthy and never sweeps: end, and be started anew.
                os.kill(os.getpid(), signal.SIGTERM)

    def stop(self) -> None:
        self.stopping = True
        if self.is_alive():
            self.service.stop(wait=True)
