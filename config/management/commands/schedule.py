"""`manage.py schedule`: plan all loops that wait, together."""

import datetime as dt
import sys
import uuid
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import users
from hiring import playbooks
from interviews import schedules
from interviews.invites import span
from interviews.models import Loop, Proposal
from interviews.scheduling import Progress


class Command(BaseCommand):
    help = "Plan every waiting or broken loop together, show the plans, and book them unless --dry-run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--opening", type=uuid.UUID, help="Only loops of the opening with this id.")
        parser.add_argument("--seconds", type=float, default=20.0, help="How long to look for better plans.")
        parser.add_argument("--dry-run", action="store_true", help="Show, and change nothing.")

    def handle(
        self, *args: Any, opening: uuid.UUID | None, seconds: float, dry_run: bool, **options: Any
    ) -> None:
        by, at = users.system(), timezone.now()
        rows = Loop.objects.filter(status__in=[Loop.Status.WAITING, Loop.Status.BROKEN]).select_related(
            "application__candidate", "application__opening", "edition"
        )
        if opening:
            rows = rows.filter(application__opening_id=opening)
        waiting = list(rows)
        if not waiting:
            self.stdout.write("No loop waits for a plan.")
            return
        if seconds <= 0:
            raise CommandError("Give it at least a moment: --seconds 5.")
        found = schedules.plan_all(
            waiting, seconds=seconds, by=by, at=at, progress=self._bar, keep=not dry_run
        )
        self.stderr.write("")
        for proposal in found.proposals:
            self._show(proposal)
        for loop in found.without:
            self.stdout.write(f"\n{loop.application.candidate}: no plan")
            if dry_run:
                continue
            answer = (
                schedules.propose(loop, by=by, at=at)
                if loop.windows.filter(ends_at__gt=at).exists()
                else None
            )
            for reason in getattr(answer, "reasons", ()):
                self.stdout.write(f"  {reason.text}")
            for fix in getattr(answer, "fixes", ()):
                self.stdout.write(f"  {fix.text}")
        gap = (
            "not bounded" if found.gap is None else f"at most {100 * found.gap:.2f} % from the best possible"
        )
        self.stdout.write(f"\n{len(found.proposals)} of {len(waiting)} loops planned; {gap}.")
        if not dry_run:
            booked, refused = schedules.apply_all(found.proposals, by=by, at=at)
            self.stdout.write(f"{len(booked)} booked.")
            for loop, no in refused:
                self.stdout.write(f"Not booked: {loop.application.candidate}: {no.message}")

    def _bar(self, now: Progress) -> None:
        if sys.stderr.isatty():
            done = int(30 * now.placed / max(1, now.placed + now.waiting))
            gap = "" if now.gap is None else f" gap {100 * now.gap:.2f} %"
            self.stderr.write(
                f"\r[{'#' * done:<30}] {now.placed} placed, {now.waiting} waiting,{gap} {now.seconds:.0f} s",
                ending="",
            )

    def _show(self, proposal: Proposal) -> None:
        loop = proposal.loop
        plan = playbooks.of(loop.edition)
        cost = proposal.plan["cost"]
        self.stdout.write(
            f"\n{loop.application.candidate}: {cost['days']} day(s), {cost['idle_minutes']} minutes idle"
        )
        for placed in proposal.plan["placements"]:
            starts_at, ends_at = (dt.datetime.fromisoformat(placed[key]) for key in ("starts_at", "ends_at"))
            when = span(starts_at, ends_at, loop.application.candidate.zone)
            self.stdout.write(f"  {when}  {plan.block(placed['block']).title}")
