"""The debrief: the packet of a loop, its flags to answer, votes and the decision; and the list of one's debriefs."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts import roles
from accounts.models import User
from accounts.pages import Request, for_members
from hiring.permissions import manages
from interviews import debriefs, flags, forms, packets, scorecards
from interviews.models import Debrief, Decision, Flag, Seat, Vote
from journal.errors import Refused

PER_PAGE = 20
_MISSING = {"cards_missing", "flags_unanswered", "no_reason", "no_choice"}
_ANSWERS = (
    (Flag.Status.ACKNOWLEDGED, gettext_lazy("Acknowledge: seen, and counts for what it is")),
    (Flag.Status.WAIVED, gettext_lazy("Waive: it does not apply here")),
    (Flag.Status.UPHELD, gettext_lazy("Uphold: it does apply")),
)


@dataclass(frozen=True)
class Step:
    """One thing on the way to the decision, where on the page it is done, and whether it is."""

    text: str
    to: str
    done: bool = False


# --- the list -----------------------------------------------------------------------------------------------


@require_GET
@for_members
def listing(request: Request) -> HttpResponse:
    """Debriefs that wait for a decision, the longest waiting first, then those decided."""
    seen = (
        Debrief.objects.visible_to(request.user)
        .select_related("loop__application__candidate", "loop__application__opening", "decision__decided_by")
        .defer("loop__application__candidate__email", "loop__application__candidate__phone")
    )
    waiting = _with_my_part(seen.filter(status=Debrief.Status.OPEN), request.user).order_by(
        "created_at", "id"
    )
    decided = seen.filter(status=Debrief.Status.DECIDED).order_by("-status_at", "id")
    context = {
        "at": timezone.now(),
        "waiting": Paginator(waiting, PER_PAGE).get_page(request.GET.get("waiting")),
        "decided": Paginator(decided, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "interviews/packet/debriefs.html", context)


def _with_my_part(rows: QuerySet[Debrief], user: User) -> QuerySet[Debrief]:
    """Each with its unanswered flags of those this person may see (`questions`), and whether they have `voted`."""
    asked = (
        Flag.objects.visible_to(user)
        .unanswered()
        .filter(
            Q(application=OuterRef("loop__application")) | Q(opening=OuterRef("loop__application__opening"))
        )
    )
    counted = asked.order_by().annotate(all=Value(1)).values("all").annotate(n=Count("pk")).values("n")
    voted = Vote.objects.filter(debrief=OuterRef("pk"), user=user)
    return rows.annotate(questions=Coalesce(Subquery(counted), 0), voted=Exists(voted))


# --- the packet ---------------------------------------------------------------------------------------------


def _debrief(request: Request, debrief_id: uuid.UUID) -> Debrief:
    rows = (
        Debrief.objects.visible_to(request.user)
        .select_related(
            "loop__edition",
            "loop__application__candidate",
            "loop__application__opening",
            "decision__decided_by",
        )
        .defer(
            "loop__edition__content",
            "loop__edition__source",
            "loop__application__candidate__email",
            "loop__application__candidate__phone",
        )
    )
    return get_object_or_404(rows, pk=debrief_id)


@require_GET
@for_members
def debrief(request: Request, debrief_id: uuid.UUID) -> HttpResponse:
    """The whole packet. Reading it is reading its cards, and recorded so."""
    return _show(request, _debrief(request, debrief_id), at=timezone.now())


def _show(
    request: Request,
    debrief: Debrief,
    *,
    at: dt.datetime,
    refused: Refused | None = None,
    about: str = "",
    typed: dict[str, str] | None = None,
) -> HttpResponse:
    """`about` is the form that was refused: vote, decision or the id of a flag; `typed` what was in it."""
    loop = debrief.loop
    owed = Seat.objects.owed_by(request.user).filter(interview__loop=loop).select_related("interview").first()
    if owed is not None:
        return render(
            request,
            "interviews/packet/closed.html",
            {"loop": loop, "seat": owed},
            status=409 if refused else 200,
        )
    versions = scorecards.read_loop(loop, by=request.user, at=at)
    packet = packets.of(debrief, versions, reader=request.user)
    context = {
        "at": at,
        "packet": packet,
        "loop": loop,
        "application": loop.application,
        "candidate": loop.application.candidate,
        "opening": loop.application.opening,
        "open_all": "open" in request.GET,
        "refused": refused,
        "refused_links": _links(refused) if refused else (),
        "about": about,
        "typed": typed or {},
        **_rights(debrief, packet, request.user),
    }
    status = 200 if refused is None else 422 if refused.code in _MISSING else 409
    return render(request, "interviews/packet/debrief.html", context, status=status)


def _rights(debrief: Debrief, packet: packets.Packet, user: User) -> dict[str, Any]:
    """What this person can still do here, and the steps to the decision."""
    is_open = debrief.status == Debrief.Status.OPEN
    is_manager = roles.allows(user, roles.May.DECIDE) and manages(user, debrief.loop.application.opening)
    own = next((vote for vote in packet.votes if vote.user_id == user.pk), None)
    may_vote = is_open and own is None and (is_manager or debriefs.sat_in(debrief.loop, user))
    may_answer = roles.allows(user, roles.May.RUN_DEBRIEFS)
    owed = debriefs.owed(debrief.loop) if is_open and may_answer else []
    steps = [Step(sentence, "recommendations") for sentence in owed]
    if is_open and may_answer and packet.flags:
        steps.append(_flag_step(packet))
    if may_vote or own:
        steps.append(Step(_("Your vote is in") if own else _("Cast your vote"), "votes", bool(own)))
    if is_manager and is_open:
        steps.append(Step(_("Decide"), "decision"))
    return {
        "own_vote": own,
        "may_vote": may_vote,
        "may_answer": may_answer,
        "may_decide": is_open and is_manager,
        "steps": steps if is_open else [],
        "not_voted": _not_voted(packet) if own and is_open else [],
        "answers": _ANSWERS,
        "recommendations": forms.OVERALL.items(),
        "outcomes": [(Decision.Outcome.HIRE, _("Hire")), (Decision.Outcome.NO_HIRE, _("Do not hire"))],
    }


def _flag_step(packet: packets.Packet) -> Step:
    left = packet.unanswered
    if not left:
        return Step(_("Every flag is answered"), "flags", done=True)
    words = ngettext("Answer %(n)d flag", "Answer %(n)d flags", len(left)) % {"n": len(left)}
    return Step(words, f"flag-{left[0].flag.pk}")


def _not_voted(packet: packets.Packet) -> list[str]:
    voted = {vote.user_id for vote in packet.votes}
    return list(
        dict.fromkeys(v.seat.user.name for v in packet.voices if v.version and v.seat.user_id not in voted)
    )


def _links(refused: Refused) -> list[forms.Link]:
    """Each thing a decision lacks, with the place on the page where it is done."""
    places = {"cards_missing": "recommendations", "flags_unanswered": "flag-{}"}
    place = places.get(refused.code, "")
    return [
        forms.Link(place.format(detail["field"]), detail["problem"]) for detail in refused.details if place
    ]


# --- forms on it ------------------------------------------------------------------------------------------------


@require_POST
@for_members
def answer(request: Request, debrief_id: uuid.UUID, flag_id: uuid.UUID) -> HttpResponse:
    """Answer one flag. In the background only this flag and the steps are drawn anew: a reason typed elsewhere stays."""
    at = timezone.now()
    found = _debrief(request, debrief_id)
    asked = Flag.objects.visible_to(request.user).filter(
        Q(application=found.loop.application) | Q(opening=found.loop.application.opening_id)
    )
    flag = get_object_or_404(asked.select_related("application__opening", "opening"), pk=flag_id)
    typed = {"answer": forms.text(request.POST, "answer"), "reason": forms.text(request.POST, "reason")}
    try:
        _require_choice(typed["answer"], _("Choose an answer to this flag."))
        flags.answer(flag, answer=typed["answer"], reason=typed["reason"], by=request.user, at=at)
    except Refused as refused:
        if not request.htmx:
            return _show(request, found, at=at, refused=refused, about=str(flag.pk), typed=typed)
        return _flag(request, found, flag, refused=refused, typed=typed)
    if request.htmx:
        return _flag(request, found, flag)
    return redirect(f"{reverse('interviews:debrief', args=[found.pk])}#flag-{flag.pk}")


def _flag(
    request: Request,
    debrief: Debrief,
    flag: Flag,
    *,
    refused: Refused | None = None,
    typed: dict[str, str] | None = None,
) -> HttpResponse:
    versions = scorecards.read_loop(debrief.loop, by=request.user, at=timezone.now())
    packet = packets.of(debrief, versions, reader=request.user)
    part = next((part for part in packet.flags if part.flag.pk == flag.pk), None)
    if part is None:  # its evidence changed meanwhile, so it asks nothing any more
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {
        "packet": packet,
        "part": part,
        "about": str(flag.pk) if refused else "",
        "refused": refused,
        "typed": typed or {},
        "news": True,
        **_rights(debrief, packet, request.user),
    }
    status = 200 if refused is None else 422 if refused.code in _MISSING else 409
    return render(request, "interviews/packet/_flag_answered.html", context, status=status)


def _require_choice(value: str, sentence: str) -> None:
    if not value:
        raise Refused(sentence, code="no_choice")


@require_POST
@for_members
def vote(request: Request, debrief_id: uuid.UUID) -> HttpResponse:
    at = timezone.now()
    found = _debrief(request, debrief_id)
    typed = {"value": forms.text(request.POST, "value"), "reason": forms.text(request.POST, "reason")}
    try:
        _require_choice(typed["value"], _("Choose where you stand."))
        debriefs.vote(found, value=typed["value"], reason=typed["reason"], by=request.user, at=at)
    except Refused as refused:
        return _show(request, found, at=at, refused=refused, about="vote", typed=typed)
    return redirect(f"{reverse('interviews:debrief', args=[found.pk])}#votes")


@require_POST
@for_members
def decide(request: Request, debrief_id: uuid.UUID) -> HttpResponse:
    at = timezone.now()
    found = _debrief(request, debrief_id)
    typed = {"outcome": forms.text(request.POST, "outcome"), "reason": forms.text(request.POST, "reason")}
    try:
        _require_choice(typed["outcome"], _("Choose what you decide."))
        debriefs.decide(found, outcome=typed["outcome"], reason=typed["reason"], by=request.user, at=at)
    except Refused as refused:
        return _show(request, found, at=at, refused=refused, about="decision", typed=typed)
    return redirect(f"{reverse('interviews:debrief', args=[found.pk])}#decision")
