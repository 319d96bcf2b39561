"""A made-up company for the bench, built by the product's own rules: python -m bench.chaos.company BOOKINGS FILE

Writes the keys of the clients and the ids of the applications whose loops they will book.
"""

import datetime as dt
import json
import math
import sys
from pathlib import Path
from typing import Any

import django

CLIENTS = 8
ZONES = ("Europe/Berlin", "Europe/Lisbon", "America/New_York")
LOOPS_EACH_DAY = 10


def workdays(bookings: int) -> int:
    """Over how many days the loops are spread. Few enough that clients want the same people at the same time."""
    return min(50, max(6, math.ceil(bookings / LOOPS_EACH_DAY)))


def _first_name(number: int) -> str:
    """Names of their own: the candidate is told whom they meet, so a change of people is a change of the letter."""
    return "".join("bdfgklmnrs"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:03}").title()


def build(bookings: int) -> dict[str, Any]:
    from django.db import transaction
    from django.utils import timezone

    from accounts import keys, users
    from accounts.models import User
    from candidates import applications, candidates
    from hiring import library, openings, playbooks
    from hiring.models import Opening
    from interviews import interviewers

    now, system = timezone.now(), users.system()
    each_day = math.ceil(bookings / workdays(bookings))

    def person(name: str, *roles: str, kind: str = User.Kind.PERSON) -> User:
        email = f"{name.lower().replace(' ', '.')}@example.com"
        return users.create(email=email, name=name, zone=ZONES[0], roles_=roles, kind=kind, by=system, at=now)

    def interviewer(user: User, *blocks: str, per_day: int) -> None:
        hours = [(day, dt.time(9), dt.time(18)) for day in range(5)]
        limits = {"max_per_day": per_day, "max_per_week": 5 * per_day}
        made = interviewers.add(user, hours=hours, by=recruiter, at=now, **limits)
        for block in blocks:
            interviewers.qualify(made, edition.playbook, block, "qualified", by=recruiter, at=now)

    def opening(number: int) -> Opening:
        facts = {"count": 8, "share": 50, "yes_no": False}
        made = openings.draft(
            title=f"{plan.title} {number}",
            team_name=f"Platform {number}",
            edition=edition,
            facts={fact.key: facts[fact.kind] for fact in plan.readiness.facts},
            zone=ZONES[0],
            by=recruiter,
            at=now,
        )
        manager = person(f"Manager {number}", "hiring_manager", "interviewer")
        interviewer(manager, per_day=6)
        openings.assign(made, manager, "hiring_manager", by=recruiter, at=now)
        openings.assign(made, recruiter, "recruiter", by=recruiter, at=now)
        openings.set_pay(
            made,
            currency=plan.pay.currency,
            low=30_000_000,
            high=38_000_000,
            anchor=plan.pay.anchors[0],
            tier="top 50",
            cash_percent=max(70, plan.pay.min_cash_percent),
            negotiation_percent=plan.pay.negotiation_percent[0],
            by=recruiter,
            at=now,
        )
        return openings.approve(made, by=manager, at=now, reason="Made up for a bench.")

    def application(number: int, to: Opening) -> str:
        who = candidates.add(
            name=f"Candidate {number}",
            email=f"candidate.{number}@example.test",
            zone=ZONES[number % len(ZONES)],
            by=recruiter,
            at=now,
        )
        made = applications.apply(who, to, channel=plan.channels.items[0].key, by=recruiter, at=now)
        return str(applications.screen(made, by=recruiter, at=now).pk)

    def key(number: int) -> str:
        service = person(f"Client {number}", "service", kind=User.Kind.SERVICE)
        scopes = ["loops:write", "applications:write"]
        until = now + dt.timedelta(days=2)
        return keys.issue(service, name="bench", scopes=scopes, expires_at=until, by=system, at=now)[1]

    with transaction.atomic():
        recruiter = person("Recruiter", "recruiter")
        name, text = library.shipped("mlops_engineer")
        edition, _new = playbooks.publish(text, name=name, by=system, at=now)
        plan = playbooks.of(edition)
        for block in plan.blocks:
            # Half as many again as a full day needs: enough for all, too few for everybody's first wish.
            for number in range(max(4, math.ceil(each_day / 3 * 1.5) + 1)):
                interviewer(
                    person(f"{_first_name(number)} {block.key.replace('_', ' ').title()}", "interviewer"),
                    block.key,
                    per_day=3,
                )
        opened = [opening(number) for number in range(math.ceil(each_day / 3))]
        made = [application(number, opened[number % len(opened)]) for number in range(bookings)]
        return {"keys": [key(number) for number in range(CLIENTS)], "applications": made}


if __name__ == "__main__":
    django.setup()
    Path(sys.argv[2]).write_text(json.dumps(build(int(sys.argv[1]))))
