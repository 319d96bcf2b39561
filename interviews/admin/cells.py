"""Cells that several nouns of this room show: blocks, times, panels, plans."""

import datetime as dt
from typing import Any

from django.db import models
from django.db.models import Prefetch

from accounts.models import User
from hiring import playbooks
from hiring.models import Edition
from interviews.models import (
    Interview,
    Proposal,
    Seat,
)
from journal.desk import show

loop_state = show.state(wait=("waiting",), good=("confirmed", "held"), bad=("broken", "cancelled"))
interview_state = show.state(good=("scheduled", "held"), bad=("no_show", "cancelled"))
response = show.state("Answer", "response", wait=("asked",), good=("accepted",), bad=("declined", "recused"))


def block_title(edition: Edition, key: str) -> str:
    """The block's title in the playbook."""
    return playbooks.of(edition).block(key).title


@show.column("Interview", "block")
def block_of(interview: Interview) -> str:
    return block_title(interview.loop.edition, interview.block)


@show.column("Interview")
def block_link(interview: Interview) -> str:
    return show.link(interview, block_of(interview))


@show.column("When", "starts_at")
def times(row: Any) -> str:
    return show.span(row.starts_at, row.ends_at)


def with_panel(rows: models.QuerySet[Interview]) -> models.QuerySet[Interview]:
    held = Seat.objects.live().select_related("user").order_by("key")
    rows = rows.select_related("loop__application__candidate", "loop__application__opening", "loop__edition")
    rows = rows.defer("loop__edition__content", "loop__edition__source")
    return rows.prefetch_related(Prefetch("seats", held, to_attr="held_seats"))


@show.column("Panel")
def panel(interview: Any) -> str:
    return show.bullets(
        f"{seat.user}, {seat.get_role_display().lower()} ({seat.get_response_display().lower()})"
        for seat in interview.held_seats
    )


def people_in(proposals: list[Proposal]) -> dict[str, str]:
    """The names of everybody in these plans, by id, in one query."""
    plans = [plan for proposal in proposals for plan in (proposal.plan, proposal.swap_plan) if plan]
    ids = {person for plan in plans for p in plan["placements"] for _seat, person in p["people"]}
    return {str(user.pk): user.name for user in User.objects.filter(pk__in=ids)}


def plan_lines(proposal: Proposal, edition: Edition, people: dict[str, str]) -> list[str]:
    """A plan as people read it: when, what, with whom; and how a loop looks that gives way for it."""
    lines = _lines(proposal.plan, edition, people)
    if proposal.swap_with is not None:
        whose = proposal.swap_with.application.candidate
        lines += [
            f"{whose} gives way: {line}"
            for line in _lines(proposal.swap_plan, proposal.swap_with.edition, people)
        ]
    return lines


def _lines(plan: dict[str, Any], edition: Edition, people: dict[str, str]) -> list[str]:
    lines = []
    for placed in sorted(plan["placements"], key=lambda placed: str(placed["starts_at"])):
        starts_at, ends_at = (dt.datetime.fromisoformat(placed[key]) for key in ("starts_at", "ends_at"))
        panel = ", ".join(people.get(person, "somebody") for _seat, person in placed["people"])
        lines.append(f"{show.span(starts_at, ends_at)} {block_title(edition, placed['block'])} with {panel}")
    return lines


def plan_cost(proposal: Proposal) -> str:
    """What a plan asks of people, in words."""
    cost = proposal.plan["cost"]
    parts = [
        show.many(cost["days"], "day", "days"),
        f"{show.many(cost['idle_minutes'], 'minute', 'minutes')} of waiting",
        f"{show.many(cost['order'], 'wish', 'wishes')} on the order not met" if cost["order"] else "",
        f"{show.many(cost['moved_blocks'], 'interview', 'interviews')} moved" if cost["moved_blocks"] else "",
        f"{show.many(cost['changed_people'], 'person', 'people')} changed" if cost["changed_people"] else "",
        "" if proposal.plan["status"] == "optimal" else "perhaps not the best",
    ]
    return ", ".join(part for part in parts if part)
