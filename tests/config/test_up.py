"""The whole service by one command: it comes up, stays up, and leaves nothing behind."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from config.management.commands import up
from tests.outbox.loopback import Sink, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

WRITE = """
import django, uuid
django.setup()
from django.utils import timezone
from accounts.models import User
from outbox import deliveries
ada = User(pk=uuid.uuid4())
deliveries.mail(to="grace@example.test", subject="Your interviews", text="Dear Grace", key="1",
                about=ada, by=ada, at=timezone.now())
"""


class Service:
    """One `manage.py up` in a house of its own."""

    def __init__(self, folder: Path, mail_port: int) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/house.sqlite3",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        }
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(self.port)],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=(folder / "log").open("w"),
            text=True,
        )
        self.log = folder / "log"
        self.said = self.process.stdout.readline()

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def write_a_message(self, **changes: str) -> None:
        subprocess.run(
            [sys.executable, "-c", WRITE],
            cwd=settings.BASE_DIR,
            env=self.environment | changes,
            check=True,
            timeout=60,
        )

    def child(self, name: str, *, other_than: int = 0) -> int | None:
        found = [pid for pid in children(self.process.pid) if name in command(pid) and pid != other_than]
        return found[0] if found else None


@pytest.fixture
def service(tmp_path):
    sink = Sink(port=free_port())
    mail_server = Controller(sink, hostname="127.0.0.1", port=sink.port)
    mail_server.start()
    service = Service(tmp_path, sink.port)
    service.sink = sink
    yield service
    service.process.terminate()
    service.process.communicate(timeout=60)
    mail_server.stop()


def test_up_answers_delivers_and_leaves_nothing_behind_when_stopped(service):
    assert service.said == f"Loopwright answers at http://127.0.0.1:{service.port}/ (stop it with Ctrl+C).\n"
    assert service.get("/livez") == (200, "alive\n")
    service.write_a_message()
    wait_for(lambda: service.sink.recipients == ["grace@example.test"])
    everybody = descendants(service.process.pid)
    assert len(everybody) >= 4  # the web server, its own process for requests, the worker, the outbox

    service.process.send_signal(signal.SIGINT)

    assert service.process.wait(timeout=45) == 0
    assert [command(pid) for pid in everybody if alive(pid)] == []
    assert "did not stop" not in service.log.read_text()


def test_up_starts_again_what_was_killed(service):
    for name in ("granian", "runembedded", "run_outbox"):
        first = wait_for(lambda name=name: service.child(name))
        remains = wait_for(lambda first=first: descendants(first)) if name == "granian" else []

        os.kill(first, signal.SIGKILL)

        wait_for(lambda name=name, first=first: service.child(name, other_than=first))
        wait_for(lambda remains=remains: not any(alive(pid) for pid in remains))

    service.write_a_message()
    wait_for(lambda: service.sink.recipients == ["grace@example.test"])
    assert service.get("/livez") == (200, "alive\n")
    assert service.log.read_text().count("Restart in 1 s.") == 3


def test_up_sends_what_nobody_was_told_of(service):
    service.write_a_message(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    wait_for(lambda: service.sink.recipients == ["grace@example.test"])


def test_up_when_killed_leaves_no_process_behind(service):
    wait_for(lambda: len(descendants(service.process.pid)) >= 4)
    everybody = descendants(service.process.pid)
    assert len(everybody) >= 4

    service.process.kill()
    service.process.wait()

    wait_for(lambda: not any(alive(pid) for pid in everybody))


def test_the_web_server_ends_although_one_of_its_processes_does_not_hear_it(tmp_path, monkeypatch):
    monkeypatch.setattr(up, "WEB_PATIENCE_SECONDS", 1.0)
    server = subprocess.Popen(
        up._web_server("127.0.0.1", free_port()),
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(tmp_path)},
    )
    try:
        deaf = wait_for(lambda: descendants(server.pid))
        for pid in deaf:
            os.kill(pid, signal.SIGSTOP)

        server.terminate()

        server.wait(timeout=10)
        assert not any(alive(pid) for pid in deaf)
    finally:
        for pid in [*descendants(server.pid), server.pid] if server.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        server.wait()


def test_up_when_the_port_is_taken_says_so_and_starts_nothing(capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(CommandError) as no:
            call_command("up", port=port)

    assert str(no.value) == (
        f"Something else listens on 127.0.0.1:{port}. Stop it, or choose another port with --port."
    )
    assert capsys.readouterr().out == ""


def wait_for(what: Callable[[], object], seconds: float = 45):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError("It did not happen in time.")


def children(pid: int) -> list[int]:
    return [
        int(stat.parent.name)
        for stat in Path("/proc").glob("[0-9]*/stat")
        if _fields(stat)[1:2] == [str(pid)]
    ]


def descendants(pid: int) -> list[int]:
    return [found for child in children(pid) for found in (child, *descendants(child))]


def alive(pid: int) -> bool:
    return _fields(Path(f"/proc/{pid}/stat"))[:1] not in ([], ["Z"])


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _fields(stat: Path) -> list[str]:
    """State, parent and so on, after the name in brackets; nothing for a process that is gone."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
