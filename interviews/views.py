"""The interviewer's pages: my interviews, the kit with its scorecard, and the cards one may read.

Every view starts from one's own seats or from `visible_to`, so what one may not see is a 404; every write
calls the rule, and a refusal is shown in place with everything that was typed.
"""

import datetime as dt
import functools
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.middleware import HtmxDetails

from accounts import roles
from accounts.models import User
from accounts.permissions import may_enter_admin
from candidates.models import Application, BackgroundEntry
from hiring import playbooks
from hiring.blueprint import LEVELS, Area, Block, Blueprint
from interviews import forms, interviewers, schedules, scorecards, timers
from interviews.models import Debrief, Interview, Interviewer, Scorecard, Seat, Version
from journal.errors import Refused

HANDED_IN_PER_PAGE = 10
_UNFINISHED = {"incomplete", "bad_content", "no_reason"}
# Seats come with what the pages show of them. Editions are read once per process (playbooks.of), and how to
# reach a candidate does not leave the database here.
_WITH = (
    "user",
    "interview__loop__edition",
    "interview__loop__application__candidate",
    "interview__loop__application__opening",
)
_WITHOUT = (
    "interview__loop__edition__content",
    "interview__loop__edition__source",
    "interview__loop__application__candidate__email",
    "interview__loop__application__candidate__email_index",
    "interview__loop__application__candidate__phone",
)


class Request(HttpRequest):
    """A request of somebody who is logged in."""

    user: User
    htmx: HtmxDetails


P = ParamSpec("P")
View = Callable[Concatenate[Request, P], HttpResponse]


def for_members(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Needs a log-in. A background save is told so (401) rather than led away, so the form keeps its text."""
    members_only: Any = login_required(view)

    @functools.wraps(view)
    def guarded(request: Any, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.htmx and not request.user.is_authenticated:
            return HttpResponse(status=401)
        answer: HttpResponse = members_only(request, *args, **kwargs)
        return answer

    return never_cache(guarded)


def _status(refused: Refused) -> int:
    return 422 if refused.code in _UNFINISHED else 409


@require_GET
@for_members
def home(request: Request) -> HttpResponse:
    """Whoever only recruits begins in the admin; everybody else with their interviews."""
    if may_enter_admin(request.user) and not roles.allows(request.user, roles.May.FILL_SCORECARDS):
        return redirect("admin:index")
    return redirect("interviews:mine")


# --- my interviews ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Appointment:
    """One of my seats, as a line on my page."""

    seat: Seat
    block: Block
    card: Scorecard | None
    begun: bool

    @property
    def interview(self) -> Interview:
        return self.seat.interview

    @property
    def may_answer(self) -> bool:
        return not self.begun and self.interview.status == Interview.Status.SCHEDULED

    @property
    def due_at(self) -> dt.datetime:
        return scorecards.due_at(self.interview)


@dataclass(frozen=True)
class Day:
    date: dt.date
    interviews: range
    is_today: bool


@dataclass(frozen=True)
class Load:
    """My interviews of this week, Monday to Sunday in my zone, and what I said I can take."""

    days: tuple[Day, ...]
    count: int
    limits: Interviewer


@require_GET
@for_members
def mine(request: Request) -> HttpResponse:
    """Today, what I owe, what comes, what I handed in; times in my own zone."""
    return _mine(request, at=timezone.now())


def _mine(
    request: Request,
    *,
    at: dt.datetime,
    refused: Refused | None = None,
    note: str = "",
    declining: dict[str, Any] | None = None,
) -> HttpResponse:
    today = timezone.localdate(at)
    open_ = _appointments(
        Seat.objects.live()
        .filter(user=request.user)
        .exclude(scorecard__status=Scorecard.Status.SUBMITTED)
        .exclude(interview__status=Interview.Status.CANCELLED)
        .order_by("interview__starts_at"),
        at=at,
    )
    ahead = [a for a in open_ if a.interview.ends_at > at]
    submitted = Scorecard.objects.visible_to(request.user).filter(
        seat__user=request.user, status=Scorecard.Status.SUBMITTED
    )
    handed_in = Paginator(
        Seat.objects.filter(scorecard__in=submitted).order_by("-scorecard__status_at"), HANDED_IN_PER_PAGE
    ).get_page(request.GET.get("page"))
    context = {
        "at": at,
        "today": [a for a in ahead if timezone.localdate(a.interview.starts_at) <= today],
        "coming": [a for a in ahead if timezone.localdate(a.interview.starts_at) > today],
        "owed": [
            a
            for a in open_
            if a.interview.ends_at <= at
            and a.interview.status != Interview.Status.NO_SHOW
            and not a.seat.card_waived_because
        ],
        "handed_in": _appointments(handed_in.object_list, at=at),
        "handed_in_page": handed_in,
        "load": _load(request.user, at=at),
        "training": interviewers.training(request.user),
        "refused": refused,
        "note": note,
        "declining": declining,
    }
    template = "interviews/_mine.html" if request.htmx else "interviews/mine.html"
    return render(request, template, context, status=_status(refused) if refused else 200)


def _appointments(seats: Any, *, at: dt.datetime) -> list[Appointment]:
    rows = seats.select_related(*_WITH, "scorecard").defer(*_WITHOUT)
    return [
        Appointment(
            seat=seat,
            block=_block(seat),
            card=getattr(seat, "scorecard", None),
            begun=seat.interview.starts_at <= at,
        )
        for seat in rows
    ]


def _block(seat: Seat) -> Block:
    return playbooks.of(seat.interview.loop.edition).block(seat.interview.block)


def _load(user: User, *, at: dt.datetime) -> Load | None:
    limits = Interviewer.objects.filter(user=user).first()
    if limits is None:
        return None
    today = timezone.localdate(at)
    monday = today - dt.timedelta(days=today.weekday())
    week = [monday + dt.timedelta(days=n) for n in range(8)]
    begins, ends = (timezone.make_aware(dt.datetime.combine(day, dt.time())) for day in (week[0], week[7]))
    seats = Seat.objects.live().filter(
        user=user, interview__starts_at__gte=begins, interview__starts_at__lt=ends
    )
    starts = seats.values_list("interview__starts_at", flat=True)
    per_day = Counter(timezone.localdate(start) for start in starts)
    days = tuple(Day(day, range(per_day[day]), day == today) for day in week[:7])
    return Load(days=days, count=sum(per_day.values()), limits=limits)


def _own_seat(request: Request, seat_id: uuid.UUID) -> Seat:
    """My seat, also one I have lost: then the rules say so."""
    seats = Seat.objects.filter(user=request.user).select_related(*_WITH).defer(*_WITHOUT)
    return get_object_or_404(seats, pk=seat_id)


@require_POST
@for_members
def accept(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    at = timezone.now()
    seat = _own_seat(request, seat_id)
    try:
        schedules.accept(seat, by=request.user, at=at)
    except Refused as refused:
        return _mine(request, at=at, refused=refused)
    if request.htmx:
        return _mine(request, at=at, note="accepted")
    return redirect("interviews:kit", seat.pk) if "from_kit" in request.POST else redirect("interviews:mine")


@require_POST
@for_members
def decline(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    at = timezone.now()
    seat = _own_seat(request, seat_id)
    form = forms.DeclineForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(" ".join(map(str, form.errors["reason"])), code="bad_content")
        schedules.decline(
            seat,
            reason=form.cleaned_data["reason"],
            for_good=form.cleaned_data["for_good"],
            by=request.user,
            at=at,
        )
    except Refused as refused:
        return _mine(
            request, at=at, refused=refused, declining={"seat": seat.pk, "reason": form.data.get("reason")}
        )
    if request.htmx:
        return _mine(request, at=at, note="declined")
    return redirect("interviews:mine")


@require_POST
@for_members
def suggest(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    at = timezone.now()
    seat = _own_seat(request, seat_id)
    form = forms.SuggestForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(" ".join(map(str, form.errors["starts_at"])), code="bad_content")
        starts_at = form.cleaned_data["starts_at"]
        length = seat.interview.ends_at - seat.interview.starts_at
        schedules.suggest(seat, starts_at=starts_at, ends_at=starts_at + length, by=request.user, at=at)
    except Refused as refused:
        return _mine(request, at=at, refused=refused, declining={"seat": seat.pk})
    if request.htmx:
        return _mine(request, at=at, note="suggested")
    return redirect("interviews:mine")


# --- kit and scorecard ------------------------------------------------------------------------------------


@require_GET
@for_members
def kit(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    """Who comes, what to find out, and the card to fill in; once it is handed in, the card as it is."""
    return _kit(request, _own_seat(request, seat_id), at=timezone.now())


def _kit(
    request: Request,
    seat: Seat,
    *,
    at: dt.datetime,
    typed: forms.Content | None = None,
    revision: int = 0,
    refused: Refused | None = None,
) -> HttpResponse:
    """The page of one seat: what is stored, or with `typed` the form as sent and why it was refused."""
    own = Scorecard.objects.visible_to(request.user).filter(seat=seat).first()
    if typed is None and own is None and not seat.held:
        raise Http404
    if typed is None and own is not None and own.status == Scorecard.Status.SUBMITTED:
        return _sealed(request, seat, own, at=at)
    block = _block(seat)
    newest = scorecards.newest(own) if own else Version(saved_at=at)
    stored = forms.written(newest)
    parts = timers.read(block, own, at=at)
    measured = timers.measured(parts, at=at)
    state = _save_state(block, own, newest, measured=measured, refused=refused, typed=typed)
    context = {
        **_about(seat, at=at),
        "sheet": forms.sheet(
            block,
            stored if typed is None else typed,
            problems=refused.details if refused else (),
            more_stories=int("another_story" in request.GET),
            measured=measured,
        ),
        **state,
        **_clock(parts, own, at=at),
    }
    if typed is not None:
        context["revision"] = revision
    if request.htmx:
        return render(
            request, "interviews/_save_state.html", context, status=_status(refused) if refused else 200
        )
    return render(request, "interviews/kit.html", context, status=_status(refused) if refused else 200)


def _save_state(
    block: Block,
    card: Scorecard | None,
    newest: Version,
    *,
    measured: Mapping[str, int] | None = None,
    refused: Refused | None = None,
    typed: forms.Content | None = None,
) -> dict[str, Any]:
    """What the bar below the form says: when it was saved, what is left to do, and what was refused."""
    stored = forms.written(newest)
    saved = card is not None and card.revision > 0
    stale = refused is not None and refused.code == "stale_form"
    return {
        "revision": card.revision if card else 0,
        "saved_at": newest.saved_at if saved else None,
        "left": forms.links(block, stored, scorecards.missing(block, newest, measured=measured)),
        "refused": refused,
        "refused_links": forms.links(block, typed or stored, refused.details) if refused else (),
        "newer_revision": card.revision if card and stale else None,
        "differences": forms.differences(block, typed, stored) if typed is not None and stale else (),
    }


def _about(seat: Seat, *, at: dt.datetime) -> dict[str, Any]:
    """Who the candidate is (never pay, never how to reach them), when it is, and who else is there."""
    interview = seat.interview
    application = interview.loop.application
    background = _background(application, playbooks.of(interview.loop.edition))
    panel = Seat.objects.live().filter(interview=interview).exclude(user=seat.user_id)
    return {
        "at": at,
        "seat": seat,
        "interview": interview,
        "candidate": application.candidate,
        "opening": application.opening,
        "kit": _block(seat),
        "background": background,
        "deep_in": [known.area.label for known in background if known.entry.level == LEVELS[-1]],
        "panel": panel.select_related("user").order_by("key"),
        "begun": interview.starts_at <= at,
        "over": interview.ends_at <= at,
        "no_show": interview.status == Interview.Status.NO_SHOW,
        "may_answer": seat.held
        and interview.starts_at > at
        and interview.status == Interview.Status.SCHEDULED,
    }


@dataclass(frozen=True)
class Known:
    """One area of a candidate's background."""

    area: Area
    entry: BackgroundEntry
    depth: int


def _background(application: Application, plan: Blueprint) -> list[Known]:
    """What is known of the background, deepest first, in the words of the playbook."""
    areas = {area.key: (n, area) for n, area in enumerate(plan.areas)}
    entries = [entry for entry in application.background.all() if entry.area in areas]
    entries.sort(key=lambda entry: (-LEVELS.index(entry.level), areas[entry.area][0]))
    return [Known(areas[entry.area][1], entry, LEVELS.index(entry.level)) for entry in entries]


@require_POST
@for_members
def save(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    """Keep the draft. A save in the background is answered with the bar's new state, others with the page."""
    at = timezone.now()
    seat = _own_seat(request, seat_id)
    block = _block(seat)
    content, revision = forms.read(block, request.POST), forms.revision(request.POST)
    try:
        card = _save(seat, content, revision, by=request.user, at=at)
    except Refused as refused:
        return _kit(request, seat, at=at, typed=content, revision=revision, refused=refused)
    if request.htmx:
        measured = timers.measured(timers.read(block, card, at=at), at=at)
        return render(
            request,
            "interviews/_save_state.html",
            {"seat": seat, **_save_state(block, card, scorecards.newest(card), measured=measured)},
        )
    address = reverse("interviews:kit", args=[seat.pk])
    return redirect(f"{address}?another_story#stories" if "another_story" in request.POST else address)


def _save(seat: Seat, content: forms.Content, revision: int, *, by: User, at: dt.datetime) -> Scorecard:
    forms.require_minutes(content)
    card = scorecards.open_card(seat, by=by, at=at)
    return scorecards.save(card, content=content, revision=revision, by=by, at=at)


@require_POST
@for_members
def submit(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    """Keep what is in the form, then hand the card in. An incomplete card stays a saved draft."""
    at = timezone.now()
    seat = _own_seat(request, seat_id)
    content, revision = forms.read(_block(seat), request.POST), forms.revision(request.POST)
    try:
        card = _save(seat, content, revision, by=request.user, at=at)
        revision = card.revision
        scorecards.submit(card, revision=revision, by=request.user, at=at)
    except Refused as refused:
        return _kit(request, seat, at=at, typed=content, revision=revision, refused=refused)
    return redirect("interviews:kit", seat.pk)


@require_http_methods(["GET", "POST"])
@for_members
def clock(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    """Which part runs and since when. Starting, going on and stopping: `run` names the part, empty for none.

    In the background only the clock is sent; a press on the page itself brings the whole form, which is kept first.
    """
    at = timezone.now()
    seat = _own_seat(request, seat_id)
    block = _block(seat)
    refused = None
    if request.method == "POST":
        content, revision = forms.read(block, request.POST), forms.revision(request.POST)
        try:
            card = (
                scorecards.open_card(seat, by=request.user, at=at)
                if request.htmx
                else _save(seat, content, revision, by=request.user, at=at)
            )
            pressed_at = at - forms.ago(request.POST)
            if segment := forms.text(request.POST, "run"):
                timers.run(card, segment=segment, by=request.user, at=at, pressed_at=pressed_at)
            else:
                timers.stop(card, by=request.user, at=at, pressed_at=pressed_at)
        except Refused as no:
            if not request.htmx:
                return _kit(request, seat, at=at, typed=content, revision=revision, refused=no)
            refused = no
    if not request.htmx:
        return redirect("interviews:kit", seat.pk)
    if not seat.held:
        raise Http404
    own = Scorecard.objects.visible_to(request.user).filter(seat=seat).first()
    if refused is None and own is not None and own.status == Scorecard.Status.SUBMITTED:
        return HttpResponse(status=204)
    context = {
        "seat": seat,
        "at": at,
        "clock_refused": refused,
        **_clock(timers.read(block, own, at=at), own, at=at),
    }
    return render(request, "interviews/_clock.html", context, status=_status(refused) if refused else 200)


def _clock(parts: Sequence[timers.Part], card: Scorecard | None, *, at: dt.datetime) -> dict[str, Any]:
    """The clock for the page: times as milliseconds, so that every device counts from the server's own."""
    running = next((n for n, part in enumerate(parts) if part.since), None)
    begun = running is not None or any(part.ran for part in parts)
    following = 0 if not begun else running + 1 if running is not None else None
    return {
        "clock": [
            {
                "part": part,
                "minutes": part.minutes(at),
                "ran": round(part.ran.total_seconds() * 1000),
                "since": round(part.since.timestamp() * 1000) if part.since else "",
                "is_next": n == following,
            }
            for n, part in enumerate(parts)
        ],
        "clock_runs": running is not None,
        "clock_begun": begun,
        "now": round(at.timestamp() * 1000),
        "stored_revision": card.revision if card else 0,
    }


# --- cards that are in ------------------------------------------------------------------------------------


def _sealed(request: Request, seat: Seat, card: Scorecard, *, at: dt.datetime) -> HttpResponse:
    """My card as I handed it in, its versions, and the others' of the loop that I may read by now."""
    loop = seat.interview.loop
    others = (
        Scorecard.objects.visible_to(request.user)
        .filter(seat__interview__loop=loop)
        .exclude(seat__user=request.user)
        .select_related("seat__user", "seat__interview")
        .order_by("seat__interview__starts_at", "seat__key")
    )
    plan = playbooks.of(loop.edition)
    versions = list(card.versions.filter(submitted_at__isnull=False).order_by("-number"))
    decided = Debrief.objects.filter(loop=loop, status=Debrief.Status.DECIDED).exists()
    context = {
        **_about(seat, at=at),
        "card": card,
        "version": versions[0],
        "versions": versions,
        "sheet": forms.sheet(_block(seat), forms.written(scorecards.newest(card))),
        "others": [(other, plan.block(other.seat.interview.block)) for other in others],
        "leads_card": _leads_card(request, seat),
        "may_amend": seat.held and not decided,
    }
    return render(request, "interviews/sealed.html", context)


def _leads_card(request: Request, seat: Seat) -> Scorecard | None:
    """For somebody who learns: the card of whoever led their interview, once both are in."""
    if seat.role in Seat.COUNTING:
        return None
    return (
        Scorecard.objects.visible_to(request.user)
        .filter(status=Scorecard.Status.SUBMITTED, seat__interview=seat.interview, seat__role=Seat.Role.LEAD)
        .exclude(seat__user=request.user)
        .select_related("seat__user", "seat__interview__loop__edition")
        .first()
    )


@require_GET
@for_members
def beside(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    """A trainee's card and the lead's, signal by signal; that the lead's was read is put on record."""
    at = timezone.now()
    seat = _own_seat(request, seat_id)
    card = get_object_or_404(
        Scorecard.objects.visible_to(request.user), seat=seat, status=Scorecard.Status.SUBMITTED
    )
    leads_card = _leads_card(request, seat)
    if leads_card is None:
        raise Http404
    block = _block(seat)
    mine = forms.sheet(block, forms.written(scorecards.newest(card)))
    theirs = forms.sheet(block, forms.written(scorecards.read(leads_card, by=request.user, at=at)))
    context = {**_about(seat, at=at), "lead": leads_card.seat.user, "rows": forms.beside(mine, theirs)}
    return render(request, "interviews/beside.html", context)


@require_GET
@for_members
def version(request: Request, seat_id: uuid.UUID, number: int) -> HttpResponse:
    """An earlier version of my own card."""
    seat = _own_seat(request, seat_id)
    card = get_object_or_404(Scorecard.objects.visible_to(request.user), seat=seat)
    shown = get_object_or_404(
        card.versions.filter(submitted_at__isnull=False).prefetch_related("ratings", "segments", "stories"),
        number=number,
    )
    context = {
        **_about(seat, at=timezone.now()),
        "card": card,
        "version": shown,
        "own": True,
        "sheet": forms.sheet(_block(seat), forms.written(shown)),
    }
    return render(request, "interviews/card.html", context)


@require_GET
@for_members
def card(request: Request, card_id: uuid.UUID) -> HttpResponse:
    """Somebody's card that I may read; that I read it is put on record."""
    at = timezone.now()
    readable = Scorecard.objects.visible_to(request.user).filter(status=Scorecard.Status.SUBMITTED)
    with_ = [f"seat__{path}" for path in _WITH]
    without = [f"seat__{path}" for path in _WITHOUT]
    found = get_object_or_404(readable.select_related("seat", *with_).defer(*without), pk=card_id)
    if found.seat.user_id == request.user.pk:
        return redirect("interviews:kit", found.seat_id)
    shown = scorecards.read(found, by=request.user, at=at)
    own_seat = (
        Seat.objects.live().filter(interview__loop=found.seat.interview.loop_id, user=request.user).first()
    )
    context = {
        **_about(found.seat, at=at),
        "card": found,
        "version": shown,
        "own": False,
        "own_seat": own_seat,
        "sheet": forms.sheet(_block(found.seat), forms.written(shown)),
    }
    return render(request, "interviews/card.html", context)


@require_http_methods(["GET", "POST"])
@for_members
def amend(request: Request, seat_id: uuid.UUID) -> HttpResponse:
    """Change a card that is in: a new version, with a reason."""
    at = timezone.now()
    seat = _own_seat(request, seat_id)
    card = get_object_or_404(Scorecard.objects.visible_to(request.user), seat=seat)
    if card.status != Scorecard.Status.SUBMITTED:
        return redirect("interviews:kit", seat.pk)
    block = _block(seat)
    content, revision, because, refused = forms.written(scorecards.newest(card)), card.revision, "", None
    if request.method == "POST":
        content, revision = forms.read(block, request.POST), forms.revision(request.POST)
        because = forms.text(request.POST, "because")
    if request.method == "POST" and "another_story" not in request.POST:
        try:
            forms.require_minutes(content)
            scorecards.amend(
                card, content=content, because=because, revision=revision, by=request.user, at=at
            )
            return redirect("interviews:kit", seat.pk)
        except Refused as no:
            refused = no
            card.refresh_from_db(fields=["revision"])
    newest = scorecards.newest(card)
    context = {
        **_about(seat, at=at),
        "sheet": forms.sheet(
            block,
            content,
            problems=refused.details if refused else (),
            more_stories=int("another_story" in request.POST),
        ),
        **_save_state(block, card, newest, refused=refused, typed=content if refused else None),
        "revision": revision,
        "because": because,
        "after_reveal": scorecards.could_see_others(card, request.user),
    }
    return render(request, "interviews/amend.html", context, status=_status(refused) if refused else 200)
