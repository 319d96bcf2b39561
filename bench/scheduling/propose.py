"""How long it takes from the rows in the database to the plans of a loop, as `schedules.propose` does it before it writes.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python -m bench.scheduling.propose --people 300 --loops 60

Makes a database of its own beside the one in DATABASE_URL, fills it, measures, and drops it again. `measured` gives the
figures to others. Seconds are of the wall; `*_cpu_*` are of this process alone, which matters on a machine that others use.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import pathlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)  # the Friday before the two weeks that are planned
LIBRARY = pathlib.Path(__file__).parents[2] / "hiring" / "library" / "mlops_engineer.yaml"
DAYS = [dt.date(2026, 11, 23) + dt.timedelta(days=ahead) for ahead in range(14)]
WEEKDAYS = [day for day in DAYS if day.weekday() < 5]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--loops", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(json.dumps(measured(asked.people, asked.loops, asked.seed), indent=1))


def measured(people: int, loops: int, seed: int) -> dict[str, float | int | str]:
    """Metrics of `loops` loops in a company of `people` interviewers: first cold, then three times over, warm."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from config.celery import app
    from interviews.scheduling import warm

    app.conf.update(broker_url="memory://localhost", broker_transport_options={})
    kernel = "compiled" if warm() else "plain"
    with _database(seed):
        waiting = _company(people, loops, random.Random(seed))
        return {"kernel": kernel, **_figures(waiting)}


def _figures(waiting) -> dict[str, float | int]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from bench.scheduling.measure import percentiles
    from interviews import schedules, scheduling
    from interviews.models import Loop

    rows = Loop.objects.select_related("application__candidate", "application__opening", "edition")
    read: dict[str, list[float]] = {"cold": [], "warm": []}
    whole: dict[str, list[float]] = {"cold": [], "warm": []}
    cpu: dict[str, list[float]] = {"cold": [], "warm": []}
    planned, pool = 0, []
    for turn in range(4):
        heat = "warm" if turn else "cold"
        for pk in waiting:
            began, used = time.perf_counter(), time.process_time()
            problem = schedules.problem_of(rows.get(pk=pk), at=NOW)
            known = time.perf_counter()
            found = scheduling.solve(problem, choices=schedules.CHOICES)
            ended = time.perf_counter()
            if not isinstance(found, scheduling.Solution):
                continue  # an explanation is measured by itself
            read[heat].append(known - began)
            whole[heat].append(ended - began)
            cpu[heat].append(time.process_time() - used)
            planned += turn == 0
            pool.append(len(problem.people))
    with CaptureQueriesContext(connection) as queries:
        schedules.problem_of(rows.get(pk=waiting[0]), at=NOW)
    figures = {}
    for heat in ("cold", "warm"):
        for name, spent in (("read", read), ("propose", whole), ("propose_cpu", cpu)):
            figures |= percentiles(spent[heat], f"{heat}_{name}_")
    return {
        **figures,
        "queries": len(queries),
        "planned": planned,
        "loops": len(waiting),
        "people_asked": max(pool, default=0),
    }


@contextmanager
def _database(seed: int) -> Iterator[None]:
    """A database that is there for this alone."""
    from django.db import connection

    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.close()
        connection.creation.destroy_test_db(name, verbosity=0)


def _company(people: int, loops: int, chance: random.Random):
    """Interviewers in families of about thirty with calendars that are half full, and loops that wait for a plan."""
    from accounts import users
    from hiring import playbooks
    from hiring.models import TeamMember
    from interviews import interviewers
    from interviews.models import BusyTime, Interviewer, Qualification

    by = users.system()
    families = max(1, people // 30)
    blocks, openings_ = None, []
    for number in range(families):
        text = LIBRARY.read_text().replace("key: mlops_engineer", f"key: mlops_engineer_{number}", 1)
        edition, _new = playbooks.publish(text, name=LIBRARY.name, by=by, at=NOW)
        openings_.append(_opening(edition, number, by))
        blocks = [block.key for block in playbooks.of(edition).blocks]
        zone = chance.choice(("Europe/London", "Europe/Berlin", "America/New_York"))
        for member in range(people // families):
            email = f"p{number}-{member}@example.com"
            user = users.create(
                email=email,
                name=f"Person {number}-{member}",
                zone=zone,
                roles_=("interviewer",),
                by=by,
                at=NOW,
            )
            hours = [(day, dt.time(9), dt.time(18)) for day in range(5)]
            person = interviewers.add(
                user, hours=hours, by=by, at=NOW, buffer_minutes=chance.choice((0, 15)), max_per_week=5
            )
            BusyTime.objects.bulk_create(_busy(person, chance))
            Qualification.objects.create(
                interviewer=person, playbook=edition.playbook, block=blocks[member % len(blocks)],
                level="qualified", created_at=NOW,
            )  # fmt: skip
    for manager in TeamMember.objects.filter(part="hiring_manager").select_related("user"):
        person = interviewers.add(
            manager.user, hours=[(day, dt.time(8), dt.time(19)) for day in range(5)], by=by, at=NOW,
            max_per_day=4, max_per_week=12,
        )  # fmt: skip
        BusyTime.objects.bulk_create(_busy(person, chance, share=0.3))
    assert Interviewer.objects.count() >= people
    return [_loop(chance.choice(openings_), number, chance, by) for number in range(loops)]


def _busy(person, chance: random.Random, share: float = 0.5):
    from interviews.models import BusyTime

    for day in WEEKDAYS:
        for half_hour in range(18):
            if chance.random() < share / 2:  # an hour each
                starts_at = dt.datetime.combine(day, dt.time(8), dt.UTC) + half_hour * dt.timedelta(
                    minutes=30
                )
                yield BusyTime(
                    interviewer=person, starts_at=starts_at, ends_at=starts_at + dt.timedelta(hours=1)
                )


def _opening(edition, number: int, by):
    from accounts import users
    from hiring import openings, playbooks

    plan = playbooks.of(edition)
    facts = {fact.key: {"count": 8, "share": 50, "yes_no": False}[fact.kind] for fact in plan.readiness.facts}
    made = openings.draft(
        title=f"{plan.title} {number}", team_name="ML platform", edition=edition, facts=facts, by=by, at=NOW
    )
    manager = users.create(
        email=f"m{number}@example.com", name=f"Manager {number}", zone="Europe/London",
        roles_=("hiring_manager", "interviewer"), by=by, at=NOW,
    )  # fmt: skip
    openings.assign(made, manager, "hiring_manager", by=by, at=NOW)
    recruiter = users.create(
        email=f"r{number}@example.com",
        name=f"Recruiter {number}",
        zone="UTC",
        roles_=("recruiter",),
        by=by,
        at=NOW,
    )
    openings.assign(made, recruiter, "recruiter", by=by, at=NOW)
    openings.set_pay(
        made, currency=plan.pay.currency, low=30_000_000, high=38_000_000, anchor=plan.pay.anchors[0], tier="top 50",
        cash_percent=max(70, plan.pay.min_cash_percent), negotiation_percent=plan.pay.negotiation_percent[0],
        by=by, at=NOW,
    )  # fmt: skip
    return openings.approve(made, by=manager, at=NOW, reason="To be measured.")


def _loop(opening, number: int, chance: random.Random, by):
    from candidates import applications, candidates
    from hiring import playbooks
    from interviews import loops

    who = candidates.add(
        name=f"Cand Idate {number}", email=f"c{number}@example.test", zone="Europe/London", by=by, at=NOW
    )
    channel = playbooks.of(opening.edition).channels.items[0].key
    application = applications.screen(
        applications.apply(who, opening, channel=channel, by=by, at=NOW), by=by, at=NOW
    )
    days = sorted(chance.sample(WEEKDAYS, chance.randint(3, 7)))
    windows = [
        (dt.datetime.combine(day, dt.time(8), dt.UTC), dt.datetime.combine(day, dt.time(19), dt.UTC))
        for day in days
    ]
    return loops.begin(application, windows=windows, by=by, at=NOW).pk


if __name__ == "__main__":
    main()
