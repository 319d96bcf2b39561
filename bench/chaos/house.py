"""A house of its own to be shaken: PostgreSQL, Redis, a mail server and `manage.py up`, all on loopback."""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import redis

from bench.chaos import processes
from bench.chaos.sink import Sink

ROOT = Path(__file__).resolve().parents[2]
LONGEST_AWAY_SECONDS = 3.0
FOR_EVER = 1e12
# The parts, and how often each is hit compared with the others.
WEIGHTS = {
    "worker": 3,
    "pool child": 4,
    "web process": 3,
    "web server": 1,
    "outbox": 4,
    "redis": 3,
    "redis flushed": 2,
    "postgres": 3,
    "queue emptied": 2,
    "everything": 1,
}


class Unusable(Exception):
    """The house could not be built, and why."""


class Server:
    """A server that is started again some time after it was killed, with nothing but what it had on disk."""

    def __init__(self, argv: list[str], *, answers: Callable[[], bool], user: str | None = None) -> None:
        self.argv, self.answers, self.user = argv, answers, user
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0
        self.away: list[list[float]] = []  # from when until when

    def keep_running(self, log: Path) -> None:
        if self.process is not None and self.process.poll() is not None:
            self.process, self.due = None, time.monotonic() + 0.3
        if self.process is None and time.monotonic() >= self.due:
            user = {"user": self.user, "group": self.user, "cwd": "/"}
            self.process = _start(self.argv, log, start_new_session=True, **user)
        if self.away and self.away[-1][1] == FOR_EVER and self.answers():
            self.away[-1][1] = time.time()

    def kill(self, *, away: float) -> bool:
        if self.process is None or self.process.poll() is not None:
            return False
        self.away.append([time.time(), FOR_EVER])
        # PostgreSQL's processes are no group, and each of them would go on for a moment.
        children = processes.below(self.process.pid)
        self.process.kill()
        for child in children:
            child.kill()
        self.process.wait()
        self.process, self.due = None, time.monotonic() + away
        return True


class House:
    """Everything the service needs, built in `work`. `tick` keeps it standing; `kill` hits one of its parts."""

    def __init__(self, work: Path, *, db: str, broker: str, chance: random.Random) -> None:
        self.work, self.chance = work, chance
        self.servers: dict[str, Server] = {}
        self.up: subprocess.Popen[bytes] | None = None
        self.up_due = FOR_EVER  # until there is something to serve
        work.chmod(0o711)  # PostgreSQL's user passes through
        for folder in ("logs", "data"):
            (work / folder).mkdir()
        # The compiled engine outlives the run, or each one would begin with a minute of compiling.
        compiled = ROOT / "var" / "compiled"
        compiled.mkdir(parents=True, exist_ok=True)
        (work / "data" / "compiled").symlink_to(compiled)
        database = self._postgres() if db == "postgres" else f"sqlite:///{work / 'house.sqlite3'}"
        broker_url = self._redis() if broker == "redis" else ""
        mail_port, self.web_port = _free_port(), _free_port()
        self.sink = Sink(mail_port, file=work / "sink.jsonl", chance=random.Random(chance.random()))
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database,
            "REDIS_URL": broker_url,
            "DATA_DIR": str(work / "data"),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "DEFAULT_FROM_EMAIL": "Example Company <interviews@example.com>",
            "MEETING_LINK": "https://meet.example.com/{room}",
            "BASE_URL": self.url,
            "SECRET_KEY": "a-key-for-made-up-people-that-live-for-minutes-only",
            "ALLOWED_HOSTS": "127.0.0.1",
            "DEBUG": "off",
            "LOG_LEVEL": "WARNING",
            # A .env of the developer must not reach in here.
            **dict.fromkeys(("IMAP_URL", "INBOUND_MAIL_SECRET", "CALENDAR_HOSTS"), ""),
        }
        self.queue = None if broker_url else work / "data" / "queue" / "in"
        self.turns = [part for part in WEIGHTS if self._has(part)]
        self.chance.shuffle(self.turns)

    # --- building ---------------------------------------------------------------------------------------------

    def _postgres(self) -> str:
        binaries, data, port, user = _postgres_binaries(), self.work / "postgres", _free_port(), None
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = "postgres"
            try:
                owner = pwd.getpwnam(user)
            except KeyError:
                raise Unusable("PostgreSQL does not run as root, and there is no user “postgres”.") from None
            os.chown(data, owner.pw_uid, owner.pw_gid)
        options = [
            "-D",
            str(data),
            "--no-sync",
            "-A",
            "trust",
            "-U",
            "postgres",
            "--locale=C.UTF-8",
            "-E",
            "UTF8",
        ]
        self._finish([str(binaries / "initdb"), *options], "initdb", user=user, group=user, cwd="/")
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 60,
        }
        argv = [str(binaries / "postgres"), "-D", str(data)]
        argv += [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        self.servers["postgres"] = Server(argv, answers=lambda: _postgres_answers(url), user=user)
        return url

    def _redis(self) -> str:
        binary = shutil.which("redis-server")
        if binary is None:
            raise Unusable("redis-server is not installed. Install it, or use DB=sqlite BROKER=none.")
        port = _free_port()
        options = {"port": port, "bind": "127.0.0.1", "dir": self.work, "save": "", "appendonly": "no"}
        argv = [binary, *(part for key, value in options.items() for part in (f"--{key}", str(value)))]
        url = f"redis://127.0.0.1:{port}/0"
        self.servers["redis"] = Server(argv, answers=lambda: _redis_answers(url))
        return url

    def open(self, *argv: str) -> None:
        """Start the servers, lay the tables, let this Python fill them, start the service."""
        self.sink.start()
        self.heal(seconds=60)
        self._finish([sys.executable, "manage.py", "migrate", "--verbosity", "0"], "migrate")
        self._finish([sys.executable, *argv], "company")
        self.up_due = time.monotonic()
        self.heal(seconds=180)

    def _finish(self, argv: list[str], name: str, **options: object) -> None:
        """Run a program in this house to its end."""
        log = self.work / "logs" / f"{name}.log"
        if _start(argv, log, **{"cwd": ROOT, "env": getattr(self, "environment", None), **options}).wait():
            raise Unusable(f"{' '.join(argv)} failed:\n{log.read_text()[-2000:]}")

    def start(self, argv: Sequence[str], name: str) -> "subprocess.Popen[bytes]":
        """Run this Python in this house."""
        return _start(
            [sys.executable, *argv], self.work / "logs" / f"{name}.log", env=self.environment, cwd=ROOT
        )

    # --- standing ---------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Bring back what is down: servers after their time away, the service as systemd would."""
        for name, server in self.servers.items():
            server.keep_running(self.work / "logs" / f"{name}.log")
        if self.up is not None and self.up.poll() is not None:
            self.up, self.up_due = None, time.monotonic() + 1.0
        if self.up is None and time.monotonic() >= self.up_due:
            self.up = self.start(["manage.py", "up", "--port", str(self.web_port)], "up")

    def heal(self, *, seconds: float) -> None:
        """Everything answers again."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            if time.monotonic() > deadline:
                raise Unusable("The house does not answer. See the logs in its folder.")
            self.tick()
            time.sleep(0.2)

    def _answers(self) -> bool:
        """Whether the servers answer, and the service on top of them once it is to be there."""
        if not all(server.answers() for server in self.servers.values()):
            return False
        if self.up_due == FOR_EVER:
            return True
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    # --- falling ----------------------------------------------------------------------------------------------

    def kill(self, *, but_not: str = "") -> str:
        """Hit one of the parts that are there now, in an order of chance; which one it was, or nothing.

        Every part has its turn before any has a second one; after that, as often as WEIGHTS says.
        """
        if not self.turns:
            self.turns = [part for part, weight in WEIGHTS.items() for _ in range(weight) if self._has(part)]
            self.chance.shuffle(self.turns)
        for part in self.turns:
            if part != but_not and self._hit(part):
                self.turns.remove(part)
                return part
        return ""

    def _has(self, part: str) -> bool:
        if part == "queue emptied":
            return self.queue is not None
        # Without Redis, tasks run in threads of the worker.
        server = {"pool child": "redis", "redis flushed": "redis"}.get(part, part)
        return server not in {"redis", "postgres"} or server in self.servers

    def _hit(self, part: str) -> bool:
        if part in self.servers:
            return self.servers[part].kill(away=self.chance.uniform(0.1, LONGEST_AWAY_SECONDS))
        if part == "redis flushed":
            with contextlib.suppress(redis.RedisError):
                return bool(redis.Redis.from_url(self.environment["REDIS_URL"], socket_timeout=5).flushall())
            return False
        if self.queue is not None and part == "queue emptied":
            for file in self.queue.iterdir():
                file.unlink(missing_ok=True)
            return True
        there = self._parts().get(part, [])
        return bool(there) and self.chance.choice(there).kill()

    def _parts(self) -> dict[str, list[processes.Process]]:
        """The service's processes by what they are."""
        found: dict[str, list[processes.Process]] = {}
        mine = {process.pid: process for process in processes.below(os.getpid())}
        for process in mine.values():
            above = mine[process.parent].command if process.parent in mine else ""
            if " manage.py up " in process.command:
                part = "everything"
            elif " runembedded" in process.command:
                part = "pool child" if " runembedded" in above else "worker"
            elif " run_outbox" in process.command:
                part = "outbox"
            elif " granian " in process.command:
                part = "web process" if " granian " in above else "web server"
            else:
                continue
            found.setdefault(part, []).append(process)
        return found

    # --- closing ----------------------------------------------------------------------------------------------

    def stop_service(self) -> int:
        """Stop the service as one would, and count the processes it leaves behind."""
        if self.up is not None:
            self.up.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.up.wait(60)
        return sum(len(there) for there in self._parts().values())

    def close(self) -> None:
        """End everything that was started, at once."""
        processes.end_all()
        self.sink.stop()


def _start(argv: list[str], log: Path, **options: object) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen(argv, stdout=out, stderr=out, **options)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_binaries() -> Path:
    """Where initdb and postgres are: where Debian keeps them, or on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise Unusable("PostgreSQL is not installed. Install it, or use DB=sqlite.")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error:
        return False
    return True


def _redis_answers(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url, socket_timeout=5).ping())
    except (OSError, redis.RedisError):
        return False
