"""What every page costs in a company of many applications: python -m bench.pages.measure --rows 100000 --out FILE.json

One JSON object a line: {"page", "metric", "value"}; see README.md.
"""

import argparse
import contextlib
import gzip
import hashlib
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

WARM, REQUESTS, LONGEST_SECONDS = 2, 30, 2.0
PARTS = re.compile(
    rb"""<(?:link[^>]+rel="(?:stylesheet|icon)"|script)[^>]*?(?:href|src)="([^"]+)"|<link href="([^"]+\.css)\""""
)
IMPORTS = re.compile(rb"""(?:^|[\s;])import\s*(?:[^"';]*?from\s*)?["']([^"']+)["']""")


@dataclass(frozen=True)
class Page:
    name: str
    address: str
    session: str | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="applications")
    parser.add_argument("--db", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument(
        "--keep", type=Path, help="A folder to make the company in, or to find it in (SQLite)."
    )
    parser.add_argument("--only", default="", help="Pages whose name contains this.")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with contextlib.ExitStack() as ending:
        folder = asked.keep or Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="bench-pages-")))
        folder.mkdir(parents=True, exist_ok=True)
        address = ending.enter_context(database(asked.db, folder))
        os.environ.update(
            DATABASE_URL=address, DATA_DIR=str(folder), REDIS_URL="", BENCH_STATIC=str(folder / "static"),
            DJANGO_SETTINGS_MODULE="bench.pages.settings", LOG_LEVEL="ERROR",
            SECRET_KEY="of-the-bench-only-" + "x" * 40,
        )  # fmt: skip
        import django

        django.setup()
        prepare(asked.rows)
        found = pages()
        lines = []
        with serving() as (port, server):
            for page in found:
                if asked.only in page.name:
                    lines += list(cost(page, port, server))
                    tell(page, lines)
        if asked.out:
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text("".join(json.dumps(line) + "\n" for line in lines))


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """A database of our own, gone afterwards (or kept with its folder)."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'company.sqlite3'}"
        return
    import psycopg

    server = os.environ.get("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432")
    name = f"bench_pages_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as door:
        door.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server}/{name}"
        finally:
            from django.db import connections

            connections.close_all()
            door.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def prepare(applications: int) -> None:
    """The company, unless it is there already, and the files of its pages."""
    from django.core.management import call_command
    from django.db import connection

    from bench.pages import company
    from candidates.models import Application

    began = time.monotonic()
    call_command("collectstatic", interactive=False, verbosity=0)
    if "candidates_application" not in connection.introspection.table_names():
        call_command("demo", no_serve=True, stdout=open(os.devnull, "w"))  # noqa: SIM115
        if connection.vendor == "sqlite":
            for quick in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
                connection.cursor().execute(f"PRAGMA {quick}")
        print(company.grow(applications), flush=True)
        if connection.vendor == "postgresql":
            connection.cursor().execute("ANALYZE")  # as its autovacuum does within minutes
    call_command("migrate", interactive=False, verbosity=0)  # one that was kept may be older than the code
    print(f"{Application.objects.count()} applications after {time.monotonic() - began:.0f} s", flush=True)
    connection.close()


# --- the pages --------------------------------------------------------------------------------------------------


def pages() -> list[Page]:
    """Every page of the product, with somebody who may open it."""
    from accounts.models import User
    from hiring.models import Opening
    from interviews.models import Debrief, Scorecard, Seat

    def session(user: User) -> str:
        from django.conf import settings
        from django.test import Client

        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    young, old = Opening.objects.filter(team__user__email="hilda@example.com").order_by("-opened_at")[:2]
    recruiter, admin, auditor = (
        User.objects.get(email=f"{who}@example.com") for who in ("rufus", "adela", "audrey")
    )
    cards = Scorecard.objects.filter(seat__interview__loop__application__opening=young)
    owed = cards.filter(status="draft").select_related("seat__user").first()
    done = cards.filter(status="submitted", seat__role="lead").exclude(seat__user=owed.seat.user)
    sealed = done.select_related("seat__user").first().seat
    debrief = Debrief.objects.filter(loop__application__opening=old).select_related("loop").first()
    upcoming = Seat.objects.filter(interview__status="scheduled", held=True).select_related("user").first()
    hers, theirs, cards_of = session(recruiter), session(admin), session(owed.seat.user)

    found = [
        Page("log-in", "/accounts/login/", None),
        Page("interviewer's home", "/interviews/", session(upcoming.user)),
        Page("kit", f"/interviews/seats/{upcoming.pk}/", session(upcoming.user)),
        Page("kit, card open", f"/interviews/seats/{owed.seat_id}/", cards_of),
        Page("sealed card", f"/interviews/seats/{sealed.pk}/", session(sealed.user)),
        *(
            Page(f"candidate's page: {what}", address, None)
            for what, address in of_candidate(young, recruiter)
        ),
        Page("openings", "/openings/", hers),
        Page("opening", f"/openings/{old.pk}/", hers),
        Page("candidate", f"/interviews/candidates/{debrief.loop.application_id}/", hers),
        Page("debriefs", "/interviews/debriefs/", hers),
        Page("packet", f"/interviews/debriefs/{debrief.pk}/", hers),
        Page("search, before", "/interviews/search/", hers),
        Page("search, a name", f"/interviews/search/?q={quote('Ines')}", hers),
        Page("search, words", f"/interviews/search/?q={quote('shadow traffic')}", hers),
        Page("my calendars", "/interviews/calendars/", session(upcoming.user)),
        Page("notifications", "/accounts/notifications/", hers),
        Page("account, password", "/accounts/password/change/", hers),
        Page("account, two-factor", "/accounts/2fa/", hers),
        Page("openings, auditor", "/openings/", session(auditor)),
        *of_admin(hers, theirs, session(young.team.get(part="hiring_manager").user)),
        *of_api(theirs),
    ]
    from django.db import connection

    connection.close()
    return found


def of_candidate(opening: Any, recruiter: Any) -> Iterator[tuple[str, str]]:
    """What a candidate is asked in turn: for times, to choose, and their page once it is booked."""
    import datetime as dt

    from django.utils import timezone

    from candidates import applications, candidates
    from interviews import loops, selfservice
    from interviews.models import Loop

    now = timezone.now()

    def begun() -> Any:
        who = candidates.add(
            name="Bea Benchmark",
            email=f"{uuid.uuid4().hex}@example.test",
            zone="Europe/Berlin",
            by=recruiter,
            at=now,
        )
        made = applications.apply(who, opening, channel="mlops_community", by=recruiter, at=now)
        made = applications.screen(made, by=recruiter, at=now)
        days = [
            (now + dt.timedelta(days=n)).replace(hour=7, minute=0, second=0, microsecond=0)
            for n in range(8, 19)
        ]
        times = [(day, day + dt.timedelta(hours=10)) for day in days if day.weekday() < 5]
        return loops.begin(made, windows=times, by=recruiter, at=now)

    asked, choosing = begun(), begun()
    selfservice.ask_availability(asked, by=recruiter, at=now)
    selfservice.offer_plans(choosing, by=recruiter, at=now)
    booked = Loop.objects.filter(application__opening=opening, status="confirmed").latest("created_at")
    for what, loop in (("times", asked), ("choose", choosing), ("booked", booked)):
        link = loop.candidate_links.latest("created_at")
        token = uuid.uuid4().hex  # the real one is only in the mail
        type(link).objects.filter(pk=link.pk).update(digest=hashlib.sha256(token.encode()).hexdigest())
        yield what, f"/interviews/yours/{token}/"


def of_admin(recruiter: str, administrator: str, manager: str) -> Iterator[Page]:
    """The admin's home, each noun's list (as it is, searched, filtered and far down), and one page of each."""
    from django.contrib import admin
    from django.urls import reverse

    only_admin = {"accounts.apikey", "journal.run"}
    yield Page("admin home", "/admin/", recruiter)
    yield Page("admin home, hiring manager", "/admin/", manager)
    for model, noun in admin.site._registry.items():
        label = model._meta.label_lower
        who = administrator if label in only_admin else recruiter
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        address = reverse(f"admin:{name}_changelist")
        yield Page(f"admin list {label}", address, who)
        if noun.search_fields:
            yield Page(f"admin list {label}, searched", f"{address}?q=Ines", who)
        if model._base_manager.count() > 5000:
            yield Page(f"admin list {label}, page 50", f"{address}?p=50", who)
            if label not in {"journal.event", "outbox.delivery"}:
                yield Page(f"admin list {label}, manager", address, manager)
        for todo in noun.todo:
            yield Page(f"admin list {label}, {todo.title}", f"{address}?{todo.query}", who)
        order = [field for field in (noun.ordering or ("pk",)) if "__" not in field]
        row = model._base_manager.order_by(*order).first()
        if label == "hiring.opening":
            row = model._base_manager.order_by("created_at").first()
        if row is not None:
            yield Page(f"admin page {label}", reverse(f"admin:{name}_change", args=[row.pk]), who)


def of_api(session: str) -> Iterator[Page]:
    from django.urls import get_resolver

    from config import api

    assert get_resolver()
    for prefix, _view, _base in api._router.registry:
        yield Page(f"api {prefix}", f"/api/v1/{prefix}", session)


# --- the measure ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving() -> Iterator[tuple[int, "Server"]]:
    """The web server that `up` starts, over the bench's settings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
            *("--host", "127.0.0.1", "--port", str(port), "--no-ws", "--log-level", "warning"),
            *("--workers", "1", "--blocking-threads", "4"),
        ],
        env={**os.environ, "BASE_URL": f"http://127.0.0.1:{port}"},
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port, Server(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


class Server:
    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu_seconds(self) -> float:
        """What the server's processes have worked so far."""
        ticks = 0
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(folder.name) == self.pid or int(fields[1]) == self.pid:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Answer:
    status: int
    sent: int  # bytes of the body over the wire
    body: bytes
    queries: int
    seconds: float


def ask(door: http.client.HTTPConnection, address: str, session: str | None) -> Answer:
    headers = {"Accept-Encoding": "gzip, br", "Accept": "text/html,application/json,*/*"}
    if session:
        headers["Cookie"] = f"sessionid={session}"
    began = time.perf_counter()
    door.request("GET", address, headers=headers)
    answer = door.getresponse()
    raw = answer.read()
    seconds = time.perf_counter() - began
    body = gzip.decompress(raw) if answer.getheader("Content-Encoding") == "gzip" else raw
    return Answer(answer.status, len(raw), body, int(answer.getheader("Bench-Queries") or 0), seconds)


def cost(page: Page, port: int, server: Server) -> Iterator[dict[str, Any]]:
    door = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    answers = [ask(door, page.address, page.session) for _ in range(WARM)]
    first = answers[-1]
    if first.status != 200:
        raise SystemExit(f"{page.name} ({page.address}) answered {first.status}.")
    worked, began, times = server.cpu_seconds(), time.monotonic(), []
    # The candidate's pages answer thirty times a minute.
    requests = REQUESTS // 2 if page.address.startswith("/interviews/yours/") else REQUESTS
    while len(times) < requests and (len(times) < 5 or time.monotonic() - began < LONGEST_SECONDS):
        last = ask(door, page.address, page.session)
        assert last.status == 200, (page, last.status)
        times.append(last.seconds * 1000)
    cpu = (server.cpu_seconds() - worked) / len(times) * 1000
    p95 = statistics.quantiles(times, n=20)[-1]
    first_visit = first.sent + sum(ask(door, part, None).sent for part in parts(door, page, first.body))
    for metric, value in (
        ("p50_ms", statistics.median(times)), ("p95_ms", p95), ("cpu_ms", cpu), ("queries", last.queries),
        ("bytes", last.sent),
    ):  # fmt: skip
        yield {"page": page.name, "metric": metric, "value": round(value, 1)}
    if first_visit != first.sent:
        yield {"page": f"{page.name} (first visit)", "metric": "bytes", "value": first_visit}


def parts(door: http.client.HTTPConnection, page: Page, body: bytes) -> set[str]:
    """The style sheets and scripts that a browser fetches with the page, and what those import."""
    found = {urljoin(page.address, (one or two).decode()) for one, two in PARTS.findall(body)}
    line = [address for address in found if address.endswith(".js")]
    while line:
        address = line.pop()
        for name in IMPORTS.findall(ask(door, address, None).body):
            other = urljoin(address, name.decode())
            if other not in found:
                found.add(other)
                line.append(other)
    return found


def tell(page: Page, lines: list[dict[str, Any]]) -> None:
    mine = {
        ("first" if line["page"] != page.name else line["metric"]): line["value"]
        for line in lines
        if line["page"] in (page.name, f"{page.name} (first visit)")
    }
    print(
        f"{page.name:<58}{mine['p50_ms']:>8.0f}{mine['p95_ms']:>8.0f} ms{mine['cpu_ms']:>8.0f} cpu"
        f"{mine['queries']:>5.0f} q{mine['bytes'] / 1000:>8.1f} kB{mine.get('first', 0) / 1000:>8.1f} kB first",
        flush=True,
    )


if __name__ == "__main__":
    main()
