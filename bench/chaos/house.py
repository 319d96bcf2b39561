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
from collections.abc import Callable
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server that is started again some time after it was killed, with nothing but what it had on disk."""

    def __init__(
        self, argv: list[str], *, answers: Callable[[], bool], log: Path, user: str | None = None
    ) -> None:
        self.argv, self.answers, self.log, self.user = argv, answers, log, user
        self.process: subprocess.Popen[bytes] | None = None
        self.due = 0.0
        self.away: list[list[float]] = []  # from when until when, for the report

    def keep_running(self) -> None:
        if self.process is not None and self.process.poll() is not None:
            self.process, self.due = None, max(self.due, time.monotonic() + 0.3)
        if self.process is None and time.monotonic() >= self.due:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.argv, stdout=log, stderr=log, start_new_session=True, user=self.user, group=self.user
                )

    def kill(self, *, away: float) -> bool:
        if self.process is None or self.process.poll() is not None:
            return False
        # PostgreSQL's processes are no group, and each of them would go on for a moment.
        self.away.append([time.time(), FOR_EVER])
        children = processes.below(self.process.pid)
        self.process.kill()
        for child in children:
            child.kill()
        self.process.wait()
        self.process, self.due = None, time.monotonic() + away
        return True

    def note_return(self) -> None:
        """For the report: until when it was away."""
        if self.away and self.away[-1][1] == FOR_EVER and self.process is not None and self.answers():
            self.away[-1][1] = time.time()


class House:
    """Everything the service needs, built in `work`. `tick` keeps it standing; `kill` hits one of its parts."""

    def __init__(self, work: Path, *, db: str, broker: str, sabotage: str, chance: random.Random) -> None:
        self.work, self.chance = work, chance
        self.servers: dict[str, Server] = {}
        self.up: subprocess.Popen[bytes] | None = None
        self.up_due = 0.0
        work.chmod(0o711)  # PostgreSQL's user passes through
        (work / "logs").mkdir()
        (work / "data").mkdir()
        # The compiled engine outlives the run, or each one would begin with a minute of compiling.
        compiled = ROOT / "var" / "compiled"
        compiled.mkdir(parents=True, exist_ok=True)
        (work / "data" / "compiled").symlink_to(compiled)
        database, url = f"sqlite:///{work / 'house.sqlite3'}", ""
        if db == "postgres":
            database = self._postgres()
        if broker == "redis":
            url = self._redis()
        mail_port, self.web_port = free_port(), free_port()
        self.sink = Sink(mail_port, file=work / "sink.jsonl", chance=random.Random(chance.random()))
        self.url = f"http://127.0.0.1:{self.web_port}"
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
        self.environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": database,
            "REDIS_URL": url,
            "DATA_DIR": str(work / "data"),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "DEFAULT_FROM_EMAIL": "Example Company <interviews@example.com>",
            "MEETING_LINK": "https://meet.example.com/{room}",
            "BASE_URL": self.url,
            "SECRET_KEY": "a-key-for-made-up-people-that-live-for-minutes-only",
            # A .env of the developer must not reach in here.
            **dict.fromkeys(("IMAP_URL", "INBOUND_MAIL_SECRET", "CALENDAR_HOSTS"), ""),
            "DEBUG": "off",
            "ADMIN_THEME": "stock",
            "LOG_LEVEL": "WARNING",
            "ALLOWED_HOSTS": "127.0.0.1",
            "DJANGO_SETTINGS_MODULE": "bench.chaos.sabotage" if sabotage else "config.settings",
            "CHAOS_SABOTAGE": sabotage,
        }
        self.queue = None if url else work / "data" / "queue" / "in"
        self.turns = [part for part in WEIGHTS if self._has(part)]
        self.chance.shuffle(self.turns)

    # --- building ---------------------------------------------------------------------------------------------

    def _postgres(self) -> str:
        binaries = _postgres_binaries()
        data, port, user = self.work / "postgres", free_port(), None
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = "postgres"
            try:
                owner = pwd.getpwnam(user)
            except KeyError:
                raise Unusable("PostgreSQL does not run as root, and there is no user “postgres”.") from None
            os.chown(data, owner.pw_uid, owner.pw_gid)
        options = ["-D", str(data), "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8"]
        with (self.work / "logs" / "initdb.log").open("wb") as log:
            subprocess.run(
                [str(binaries / "initdb"), *options],
                check=True,
                stdout=log,
                stderr=log,
                user=user,
                group=user,
            )
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "max_connections": 60,
        }
        url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        self.servers["postgres"] = Server(
            [
                str(binaries / "postgres"),
                *("-D", str(data)),
                *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
            ],
            answers=lambda: _postgres_answers(url),
            log=self.work / "logs" / "postgres.log",
            user=user,
        )
        return url

    def _redis(self) -> str:
        binary = shutil.which("redis-server")
        if binary is None:
            raise Unusable("redis-server is not installed. Install it, or use BROKER=none.")
        port = free_port()
        options = {"port": port, "bind": "127.0.0.1", "dir": self.work, "save": "", "appendonly": "no"}
        argv = [binary, *(part for key, value in options.items() for part in (f"--{key}", str(value)))]
        url = f"redis://127.0.0.1:{port}/0"
        log = self.work / "logs" / "redis.log"
        self.servers["redis"] = Server(argv, answers=lambda: _redis_answers(url), log=log)
        return url

    def open(self, build: Callable[["House"], None]) -> None:
        """Start the servers, lay the tables, let `build` fill them, start the service."""
        self.sink.start()
        for server in self.servers.values():
            server.keep_running()
        _wait(self._servers_answer, seconds=60, what="the servers to start")
        self.run("manage.py", "migrate", "--verbosity", "0", log="migrate.log")
        build(self)
        self.heal(seconds=180)

    def run(self, *argv: str, log: str) -> None:
        """Run Python in this house to its end."""
        path = self.work / "logs" / log
        with path.open("ab") as out:
            done = subprocess.run(
                [sys.executable, *argv], env=self.environment, cwd=ROOT, stdout=out, stderr=out, check=False
            )
        if done.returncode:
            raise Unusable(f"{' '.join(argv)} ended with {done.returncode}:\n{path.read_text()[-2000:]}")

    # --- standing ---------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Bring back what is down: servers after their time away, the service as systemd would."""
        for server in self.servers.values():
            server.keep_running()
            server.note_return()
        if self.up is not None and self.up.poll() is not None:
            self.up, self.up_due = None, time.monotonic() + 1.0
        if self.up is None and time.monotonic() >= self.up_due:
            with (self.work / "logs" / "up.log").open("ab") as log:
                self.up = subprocess.Popen(
                    [sys.executable, "manage.py", "up", "--port", str(self.web_port)],
                    env=self.environment,
                    cwd=ROOT,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def heal(self, *, seconds: float) -> None:
        """Everything answers again."""
        deadline = time.monotonic() + seconds
        while not (self._servers_answer() and self.answers()):
            if time.monotonic() > deadline:
                raise Unusable("The house does not answer. See logs/up.log in its folder.")
            self.tick()
            time.sleep(0.2)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _servers_answer(self) -> bool:
        return all(server.answers() for server in self.servers.values())

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
        server = part.partition(" ")[0]
        # Without Redis, tasks run in threads of the worker.
        needs = {"pool": "redis", "redis": "redis", "postgres": "postgres"}.get(server)
        return needs is None or needs in self.servers

    def _hit(self, part: str) -> bool:
        match part:
            case "postgres" | "redis":
                return self.servers[part].kill(away=self.chance.uniform(0.1, LONGEST_AWAY_SECONDS))
            case "redis flushed":
                try:
                    return bool(
                        redis.Redis.from_url(self.environment["REDIS_URL"], socket_timeout=5).flushall()
                    )
                except redis.RedisError:
                    return False
            case "queue emptied":
                assert self.queue is not None
                for file in self.queue.iterdir():
                    file.unlink(missing_ok=True)
                return True
            case "everything":
                return self.up is not None and processes.Process(self.up.pid, 0, "").kill()
        there = self._parts().get(part, [])
        return bool(there) and self.chance.choice(there).kill()

    def _parts(self) -> dict[str, list[processes.Process]]:
        """The service's processes by what they are."""
        found: dict[str, list[processes.Process]] = {}
        mine = {process.pid: process for process in processes.ours()}
        for process in mine.values():
            above = mine[process.parent].command if process.parent in mine else ""
            if " runembedded" in process.command:
                found.setdefault("pool child" if " runembedded" in above else "worker", []).append(process)
            elif " run_outbox" in process.command:
                found.setdefault("outbox", []).append(process)
            elif " granian " in process.command:
                found.setdefault("web process" if " granian " in above else "web server", []).append(process)
            elif " granian " in above and "resource_tracker" not in process.command:
                found.setdefault("web process", []).append(process)
        return found

    # --- closing ----------------------------------------------------------------------------------------------

    def stop_service(self) -> int:
        """Stop the service as one would, and count the processes it leaves behind."""
        if self.up is None or self.up.poll() is not None:
            return 0
        self.up.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.up.wait(60)
        self.up = None
        return sum(len(there) for there in self._parts().values())

    def close(self) -> None:
        """End everything that was started, at once."""
        if self.up is not None:
            self.up.kill()
        for server in self.servers.values():
            server.kill(away=0)
        processes.end_all()
        with contextlib.suppress(Exception):
            self.sink.stop()


def _postgres_binaries() -> Path:
    """Where initdb and postgres are: on the path, or where Debian keeps them."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise Unusable("PostgreSQL is not installed. Install it, or use DB=sqlite.")
    return found[-1].parent


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


def _wait(until: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise Unusable(f"Waited {seconds:.0f} s for {what}, in vain.")
        time.sleep(0.2)
