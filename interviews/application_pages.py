"""The page of a candidate for one opening: background against the role, the loop, flags, the packet, what happened."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import roles
from accounts.models import User
from accounts.pages import Request, for_members
from candidates.models import Application, BackgroundEntry, Offer
from candidates.permissions import may_read_contact
from hiring import classification, playbooks
from hiring.blueprint import LEVELS, UNCLEAR, Area, Block, Blueprint
from interviews import packets
from interviews.models import Debrief, Flag, Interview, Loop, Scorecard, Seat
from journal.desk import show, timeline
from journal.desk.nouns import Site

May = roles.May


@dataclass(frozen=True)
class Depth:
    """One area the playbook asks about: what is known (None: nothing yet, which is not “none”), and who asks for it."""

    area: Area
    entry: BackgroundEntry | None
    is_asked: bool

    @property
    def depth(self) -> int:
        return LEVELS.index(self.entry.level) if self.entry else 0


@dataclass(frozen=True)
class Place:
    """One seat of an interview. What became of its card is for those who run debriefs."""

    seat: Seat
    card: str  # in, waived, owed; nothing for everybody else


@dataclass(frozen=True)
class Slot:
    block: Block
    interview: Interview | None
    places: tuple[Place, ...]


@require_GET
@for_members
def candidate(request: Request, application_id: uuid.UUID) -> HttpResponse:
    """Panels read who comes and with what background; the rest of the page is for those who hire."""
    at = timezone.now()
    user = request.user
    seen = Application.objects.visible_to(user).with_part_of(user)
    rows = seen.select_related("candidate", "opening", "edition", "expectation")
    application = get_object_or_404(rows.defer("edition__content", "edition__source"), pk=application_id)
    hires: bool = cast(Any, application).hires
    plan = playbooks.of(application.edition)
    loop = _loop(application, user)
    debrief = (
        Debrief.objects.visible_to(user).filter(loop=loop).select_related("decision").first()
        if loop
        else None
    )
    context = {
        "at": at,
        "application": application,
        "candidate": application.candidate,
        "opening": application.opening,
        "hires": hires,
        "shows_contact": may_read_contact(user, application.candidate),
        "expects": _expects(application) if hires and roles.allows(user, May.READ_PAY) else "",
        "channel": plan.channel(application.channel).name if hires else "",
        "closest": _closest(application, plan) if hires else "",
        "background": _background(application, plan),
        "tools": [
            (_tool(plan, skill.tool), skill) for skill in application.tools.order_by("-graded", "tool")
        ],
        "loop": loop,
        "slots": _slots(loop, plan, user, at=at) if loop else [],
        "own_seat": Seat.objects.live().filter(interview__loop=loop, user=user).first() if loop else None,
        "debrief": debrief,
        "flags": list(packets.flag_parts(application, reader=user)),
        "others": _others(application, user),
        "story": _story(application, loop, debrief, user) if hires else [],
    }
    return render(request, "interviews/packet/candidate.html", context)


def _background(application: Application, plan: Blueprint) -> list[Depth]:
    """Every area of the playbook: those the role is judged by first, then the others somebody wrote about."""
    known = {entry.area: entry for entry in application.background.all()}
    asked = classification.asked(plan)
    rows = [Depth(area, known.get(area.key), area.key in asked) for area in plan.areas]
    return sorted(
        (row for row in rows if row.entry or row.is_asked), key=lambda row: (not row.is_asked, -row.depth)
    )


def _closest(application: Application, plan: Blueprint) -> str:
    """The role the background is closest to, as people call it."""
    titles = {plan.key: plan.title, **{n.key: n.title for n in plan.neighbours}}
    key = application.classified_as
    return "" if key in {"", UNCLEAR} else titles.get(key, key)


def _expects(application: Application) -> str:
    said = getattr(application, "expectation", None)
    return show.money(said.amount, said.currency) if said else ""


def _tool(plan: Blueprint, key: str) -> str:
    return next((tool.label for tool in plan.tools if tool.key == key), key)


def _loop(application: Application, user: User) -> Loop | None:
    loops = (
        Loop.objects.visible_to(user).filter(application=application).exclude(status=Loop.Status.CANCELLED)
    )
    return loops.select_related("edition").defer("edition__content", "edition__source").first()


def _slots(loop: Loop, plan: Blueprint, user: User, *, at: dt.datetime) -> list[Slot]:
    """The blocks in the order of the day, those without a time last."""
    seats = Seat.objects.live().select_related("user", "scorecard").order_by("key")
    interviews = {
        interview.block: interview
        for interview in Interview.objects.visible_to(user)
        .filter(loop=loop)
        .exclude(status=Interview.Status.CANCELLED)
        .prefetch_related(Prefetch("seats", seats, to_attr="held_seats"))
        .order_by("starts_at")
    }
    tells_cards = roles.allows(user, May.RUN_DEBRIEFS)
    slots = []
    for block in plan.blocks:
        interview = cast(Any, interviews.get(block.key))
        held = interview.held_seats if interview else []
        tells = tells_cards and interview is not None and interview.starts_at <= at
        places = tuple(Place(seat, _card(seat) if tells else "") for seat in held)
        slots.append(Slot(block, interview, places))
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(slots, key=lambda slot: slot.interview.starts_at if slot.interview else never)


def _card(seat: Seat) -> str:
    card = getattr(seat, "scorecard", None)
    if card and card.status == Scorecard.Status.SUBMITTED:
        return "in"
    if seat.card_waived_because:
        return "waived"
    return "owed" if seat.counts else ""


def _others(application: Application, user: User) -> list[Application]:
    """Their other applications that this person may see."""
    seen = Application.objects.visible_to(user).filter(candidate=application.candidate_id)
    return list(seen.exclude(pk=application.pk).select_related("opening").order_by("-created_at", "id"))


def _story(
    application: Application, loop: Loop | None, debrief: Debrief | None, user: User
) -> list[timeline.Line]:
    """What happened, newest first. Single votes stay out: who has voted is told to those who have."""
    site = cast(Site, admin.site)
    subjects: list[Any] = [
        application,
        Offer.objects.visible_to(user).filter(application=application),
        Flag.objects.visible_to(user).filter(application=application),
    ]
    if loop:
        subjects += [loop, Interview.objects.visible_to(user).filter(loop=loop)]
    if debrief:
        subjects.append(debrief)
    told = timeline.about(subjects).exclude(verb="debrief.voted")
    lines, _left_out = timeline.lines(told.visible_to(user), site.words)
    return lines[::-1]
