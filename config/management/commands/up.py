"""The whole service by one command: web server, worker with clock, and outbox, watched and restarted."""

import contextlib
import ctypes
import http.client
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

PATIENCE_SECONDS = 30.0  # for a child to finish what it began
# The web server waits for its own processes, without this for ever: one that is told to stop while it starts does not hear.
WEB_PATIENCE_SECONDS = 10.0
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0  # a child that ran this long is forgiven its earlier failures


class Command(BaseCommand):
    help = "Bring the database up to date, then run web server, worker, clock and outbox until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1", help="Address to listen on (default: 127.0.0.1).")
        parser.add_argument("--port", type=int, default=8000, help="Port to listen on (default: 8000).")
        parser.add_argument("--no-migrate", action="store_true", help="Leave the database as it is.")

    def handle(self, *, bind: str, port: int, no_migrate: bool, **_options: Any) -> None:
        _refuse_taken(bind, port)
        if not no_migrate:
            call_command("migrate", interactive=False, verbosity=0)
        host = "127.0.0.1" if bind in ("0.0.0.0", "::") else bind  # noqa: S104 - compared, not bound
        url = f"http://{host}:{port}/"
        environment = {"BASE_URL": url.rstrip("/"), **os.environ}
        children = [
            Child("web server", _web_server(bind, port), environment, self.stderr),
            Child("worker", _manage("runembedded"), {**environment, **compiling()}, self.stderr),
            # Not in the worker: messages leave, and lost wake-ups are made up for, whatever Celery does.
            Child("outbox", _manage("run_outbox"), environment, self.stderr),
        ]
        self.stopping = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        announced = False
        try:
            while not self.stopping:
                for child in children:
                    child.keep_running()
                if not announced and _answers(host, port):
                    announced = True
                    self.stdout.write(f"Loopwright answers at {url} (stop it with Ctrl+C).")
                time.sleep(0.2)
        finally:
            for child in children:
                child.ask_to_stop()
            deadline = time.monotonic() + PATIENCE_SECONDS
            for child in children:
                child.end(deadline)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True


class Child:
    """A process that should always be there."""

    def __init__(self, name: str, argv: list[str], environment: dict[str, str], log: OutputWrapper) -> None:
        self.name, self.argv, self.environment, self.log = name, argv, environment, log
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.start_again = 0.0
        self.pause = 0.5

    def keep_running(self) -> None:
        """Start it, and start it again when it has ended: after one second, then two, four, up to thirty."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self._sweep_up()
            steady = now - self.started > STEADY_SECONDS
            self.pause = 1.0 if steady else min(self.pause * 2, LONGEST_PAUSE)
            self.log.write(
                f"The {self.name} ended with {self.process.returncode}. Restart in {self.pause:.0f} s."
            )
            self.process, self.start_again = None, now + self.pause
        if self.process is None and now >= self.start_again:
            self.started = now
            # A session of its own: Ctrl+C in the terminal reaches only us, and each child is stopped once.
            self.process = subprocess.Popen(
                self.argv,
                env=self.environment,
                cwd=settings.BASE_DIR,
                start_new_session=True,
                preexec_fn=_leash(),  # noqa: PLW1509 - this process has one thread
            )

    def ask_to_stop(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def end(self, deadline: float) -> None:
        """Wait for it to finish what it began, at most until `deadline`."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.log.write(f"The {self.name} did not stop in {PATIENCE_SECONDS:.0f} s and was ended.")
            self.process.kill()
            self.process.wait()
        self._sweep_up()

    def _sweep_up(self) -> None:
        """A child that was killed may leave processes of its own behind; they are in its group."""
        if self.process is not None and hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _web_server(bind: str, port: int) -> list[str]:
    # Without Redis, log-in attempts are counted in the memory of one process.
    workers = 2 if settings.REDIS_URL else 1
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
        *("--host", bind, "--port", str(port), "--no-ws", "--log-level", "warning"),
        *("--workers", str(workers), "--blocking-threads", "4", "--respawn-failed-workers"),
        *("--workers-kill-timeout", f"{WEB_PATIENCE_SECONDS:.0f}"),
    ]


def _manage(command: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), command]


def compiling() -> dict[str, str]:
    """With the extra `fast`, the worker compiles the scheduling engine and keeps the result."""
    if importlib.util.find_spec("numba") is None:
        return {}
    return {"LOOPWRIGHT_COMPILE": "1", "LOOPWRIGHT_CACHE_DIR": str(settings.DATA_DIR / "compiled")}


def _leash() -> Callable[[], None] | None:
    """What a child does before it begins: ask the kernel to be stopped when we die, even by `kill -9`."""
    if sys.platform != "linux":
        return None
    set_on_parents_death = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def bind_to_parent() -> None:
        set_on_parents_death(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return bind_to_parent


def _refuse_taken(bind: str, port: int) -> None:
    family, kind, protocol, _name, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as no:
            raise CommandError(
                f"Something else listens on {bind}:{port}. Stop it, or choose another port with --port."
            ) from no


def _answers(host: str, port: int) -> bool:
    """Whether the web server gives a page; any status but an error of ours will do."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
