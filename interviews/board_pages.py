"""The loop board, for those who schedule: plan, compare, book, move and mend one loop, or plan all that wait together.

Every page works without scripts: what is moved by dragging can be picked, what is refreshed by itself can be reloaded.
"""

import datetime as dt
import functools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import roles
from accounts.models import User
from accounts.pages import Request, for_members
from accounts.permissions import may_enter_admin
from hiring import playbooks
from hiring.models import Opening
from interviews import asks, boards, forms, limits, plannings, schedules, selfservice
from interviews.models import Hold, Interview, Interviewer, LimitOverride, Loop, Planning, Proposal
from interviews.scheduling import Explanation, Fix, Interval
from journal.errors import Refused
from journal.models import Event

PER_PAGE = 20
May = roles.May
Limit = LimitOverride.Limit
P = ParamSpec("P")
View = Callable[Concatenate[Request, P], HttpResponse]


def for_schedulers(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Needs a log-in of somebody who schedules loops."""

    @functools.wraps(view)
    def guarded(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not roles.allows(request.user, May.SCHEDULE_LOOPS):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return for_members(guarded)


# --- the list -----------------------------------------------------------------------------------------------


@require_GET
@for_schedulers
def loops(request: Request) -> HttpResponse:
    """Loops that need a plan, broken ones first, and those that are booked; of every opening or of one."""
    return _loops(request, at=timezone.now())


def _loops(request: Request, *, at: dt.datetime, refused: Refused | None = None) -> HttpResponse:
    openings = Opening.objects.visible_to(request.user)
    wanted = _uuid(request.GET.get("opening", "") or forms.text(request.POST, "opening"))
    chosen = get_object_or_404(openings, pk=wanted) if wanted else None
    seen = _seen(request.user)
    if chosen:
        seen = seen.filter(application__opening=chosen)
    open_ = seen.filter(status__in=[Loop.Status.WAITING, Loop.Status.BROKEN])
    ahead = seen.filter(status=Loop.Status.CONFIRMED)
    context = {
        "at": at,
        "opening": chosen,
        "openings": openings.filter(applications__loops__status__in=_STANDING)
        .distinct()
        .order_by("title", "pk"),
        "waiting": _page(
            request, "waiting", _with_plans(open_, at=at).order_by("status", "-urgency", "created_at", "pk")
        ),
        "booked": _page(request, "booked", _with_times(ahead, at=at).order_by("next_at", "created_at", "pk")),
        "together": plannings.candidates(request.user, at=at, opening=chosen).count(),
        "planning": Planning.objects.visible_to(request.user).order_by("-created_at").first(),
        "refused": refused,
    }
    return render(request, "interviews/board/loops.html", context, status=409 if refused else 200)


_STANDING = (Loop.Status.WAITING, Loop.Status.BROKEN, Loop.Status.CONFIRMED)


def _seen(user: User) -> QuerySet[Loop]:
    rows = Loop.objects.visible_to(user)
    return rows.select_related("application__candidate", "application__opening", "edition").defer(
        "edition__content", "edition__source"
    )


def _page(request: Request, name: str, rows: QuerySet[Any]) -> Any:
    return Paginator(rows, PER_PAGE).get_page(request.GET.get(name))


def _with_plans(rows: QuerySet[Loop], *, at: dt.datetime) -> QuerySet[Any]:
    """Each with its plans on offer, until when the candidate may choose, and what the last look for plans found."""
    holds = Hold.objects.live(at).filter(proposal__loop=OuterRef("pk")).order_by().values("proposal__loop")
    looks = Event.objects.filter(
        subject_type="interviews.loop",
        subject_id=OuterRef("pk"),
        verb__in=["loop.planned", "loop.unschedulable", "loop.windows_offered"],
    )
    return rows.annotate(
        plans=Count("proposals", filter=Q(proposals__status=Proposal.Status.OFFERED)),
        chosen_until=Subquery(holds.annotate(until_=Max("until")).values("until_")),
        last_look=Subquery(looks.order_by("-id").values("verb")[:1]),
    )


def _with_times(rows: QuerySet[Loop], *, at: dt.datetime) -> QuerySet[Any]:
    """Each with its next interview and how many are still to come."""
    ahead = Q(interviews__status=Interview.Status.SCHEDULED, interviews__ends_at__gt=at)
    return rows.annotate(
        next_at=Min("interviews__starts_at", filter=ahead), left=Count("interviews", filter=ahead)
    )


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


# --- an opening's week --------------------------------------------------------------------------------------


@require_GET
@for_schedulers
def opening_board(request: Request, opening_id: uuid.UUID) -> HttpResponse:
    """Every interview of one opening in a week, on the lanes of its people."""
    at = timezone.now()
    opening = get_object_or_404(Opening.objects.visible_to(request.user), pk=opening_id)
    offered = {"mine": (_("Mine"), request.user.zone), "opening": (_("The team’s"), opening.zone)}
    if opening.zone == request.user.zone:
        del offered["opening"]
    key = request.GET.get("zone", "") if request.GET.get("zone", "") in offered else "mine"
    zone = offered[key][1]
    with timezone.override(zone):
        asked = parse_date(request.GET.get("week", "")) if _is_date(request.GET.get("week", "")) else None
        first = asked or _first_day(opening, request.user, at=at)
        monday = first - dt.timedelta(days=first.weekday())
        week = boards.week(opening, request.user, monday=monday, zone=zone, at=at)
        context = {
            "opening": opening,
            "days": week.days,
            "agenda": week.agenda,
            "count": week.count,
            "monday": monday,
            "sunday": monday + dt.timedelta(days=6),
            "before": monday - dt.timedelta(days=7),
            "after": monday + dt.timedelta(days=7),
            "zones": offered,
            "zone": zone,
            "zone_key": key,
        }
        return render(request, "interviews/board/opening.html", context)


def _is_date(text: str) -> bool:
    try:
        return parse_date(text) is not None
    except ValueError:
        return False


def _first_day(opening: Opening, user: User, *, at: dt.datetime) -> dt.date:
    """The day of the next interview, or today."""
    ahead = Interview.objects.visible_to(user).filter(
        loop__application__opening=opening, status=Interview.Status.SCHEDULED, ends_at__gt=at
    )
    following = ahead.aggregate(first=Min("starts_at"))["first"]
    return timezone.localdate(following or at)


# --- one loop -----------------------------------------------------------------------------------------------


def _loop(request: Request, loop_id: uuid.UUID) -> Loop:
    return get_object_or_404(_seen(request.user), pk=loop_id)


@require_GET
@for_schedulers
def board(request: Request, loop_id: uuid.UUID) -> HttpResponse:
    """The loop as it is booked, or the plans on offer for it, one of them on the timeline."""
    return _board(request, _loop(request, loop_id), at=timezone.now())


def _board(
    request: Request,
    loop: Loop,
    *,
    at: dt.datetime,
    refused: Refused | None = None,
    explanation: Explanation | None = None,
) -> HttpResponse:
    problem = boards.question(loop, at=at)
    booked = boards.booked(loop)
    offers = boards.offers(loop, request.user, problem, before=booked)
    shown = next(
        (o for o in offers if str(o.proposal.pk) == request.GET.get("plan")), offers[0] if offers else None
    )
    placed = shown.placed if shown else booked
    other = shown.proposal.swap_with if shown else None
    other_booked = boards.booked(other) if other else []
    lists = [rows for offer in offers for rows in (offer.placed, offer.gives_way)]
    people = boards.names(problem, booked, other_booked, *lists)
    changes = boards.changes(booked, shown.placed) if shown and booked else []
    others = boards.changes(other_booked, shown.gives_way) if shown and other else []
    zone, shown_in = _zone(request, loop)
    windows = [Interval(w.starts_at, w.ends_at) for w in loop.windows.order_by("starts_at", "pk")]
    with timezone.override(zone):
        context = {
            "at": at,
            "loop": loop,
            "candidate": loop.application.candidate,
            "opening": loop.application.opening,
            "problem": problem,
            "booked": booked,
            "offers": offers,
            "shown": shown,
            "rows": [_row(row, people, at=at) for row in placed],
            "changes": [_change(change, people) for change in changes],
            "stays": sum(change.stays for change in changes),
            "told": {
                key: [people.get(p, "") for p in who] for key, who in boards.told([*changes, *others]).items()
            },
            "other": other,
            "others": [_change(change, people) for change in others if not change.stays],
            "days": boards.timeline(
                placed,
                problem=problem,
                windows=windows,
                candidate=loop.application.candidate.name,
                people=people,
                zone=zone,
                was=booked if shown else (),
                every_day="days" in request.GET,
                everybody="everybody" in request.GET,
            ),
            "windows": [w for w in windows if w.ends_at > at],
            "chosen_until": Hold.objects.live(at)
            .filter(proposal__loop=loop)
            .aggregate(until=Max("until"))["until"],
            "explanation": explanation,
            "overrides": loop.limit_overrides.standing().select_related("user", "by").order_by("created_at"),
            "may_override": roles.allows(request.user, May.OVERRIDE_LIMITS),
            "ways": _ways(explanation, loop, request.user, people, at=at) if explanation else [],
            "refused": refused,
            "needs_plan": loop.status in {Loop.Status.WAITING, Loop.Status.BROKEN},
            "nothing_fits": not offers and _last_look(loop) == "loop.unschedulable",
            **shown_in,
        }
        return render(request, "interviews/board/board.html", context, status=409 if refused else 200)


def _zone(request: Request, loop: Loop) -> tuple[str, dict[str, Any]]:
    offered = boards.zones(loop.application, request.user)
    key = (request.POST if request.method == "POST" else request.GET).get("zone", "")
    key = key if key in offered else "mine"
    kept = {name: request.GET[name] for name in ("plan", "days", "everybody") if name in request.GET}
    return offered[key][1], {"zones": offered, "zone": offered[key][1], "zone_key": key, "kept": kept}


def _last_look(loop: Loop) -> str:
    looks = Event.objects.about(loop).filter(
        verb__in=["loop.planned", "loop.unschedulable", "loop.windows_offered"]
    )
    last = looks.order_by("-id").values_list("verb", flat=True).first()
    return last or ""


@dataclass(frozen=True)
class Row:
    """One interview in the list below the timeline."""

    placed: boards.Placed
    people: list[tuple[str, str]]  # name, and what they answered
    may_move: bool


def _row(placed: boards.Placed, people: dict[str, str], *, at: dt.datetime) -> Row:
    answers = placed.responses or {}
    who = [(people.get(key, ""), answers.get(key, "")) for _seat, key in placed.people]
    return Row(placed, who, placed.may_move(at))


def _change(change: boards.Change, people: dict[str, str]) -> dict[str, Any]:
    before = change.before

    def listed(keys: Any) -> str:
        return ", ".join(people.get(key, "") for key in keys)

    return {
        "change": change,
        "before": before,
        "before_people": listed(key for _seat, key in before.people) if before else "",
        "after_people": [(people.get(key, ""), key in change.come) for _seat, key in change.after.people],
        "has_empty": before is not None and len(before.people) < len(change.after.people),
        "gone": listed(change.gone),
        "come": listed(change.come),
    }


@require_POST
@for_schedulers
def plan(request: Request, loop_id: uuid.UUID) -> HttpResponse:
    """Look for plans. When nothing fits, the page says what stands in the way and what would help."""
    at, loop = timezone.now(), _loop(request, loop_id)
    try:
        found = schedules.propose(loop, by=request.user, at=at)
    except Refused as refused:
        return _board(request, loop, at=at, refused=refused)
    if isinstance(found, Explanation):
        return _board(request, loop, at=at, explanation=found)
    return _back(request, loop)


@require_POST
@for_schedulers
def book(request: Request, loop_id: uuid.UUID) -> HttpResponse:
    """Book the plan that is shown."""
    at, loop = timezone.now(), _loop(request, loop_id)
    proposal = get_object_or_404(
        Proposal.objects.visible_to(request.user).filter(loop=loop),
        pk=_uuid(forms.text(request.POST, "plan")),
    )
    proposal.loop = loop
    try:
        schedules.confirm(proposal, by=request.user, at=at)
    except Refused as refused:
        return _board(request, _loop(request, loop_id), at=at, refused=refused)
    messages.success(request, _("Booked. The panel and the candidate are told."))
    return _back(request, loop)


@require_POST
@for_schedulers
def offer(request: Request, loop_id: uuid.UUID) -> HttpResponse:
    """Let the candidate choose among the best plans; their times are held meanwhile."""
    at, loop = timezone.now(), _loop(request, loop_id)
    try:
        found = selfservice.offer_plans(loop, by=request.user, at=at)
    except Refused as refused:
        return _board(request, loop, at=at, refused=refused)
    if isinstance(found, Explanation):
        return _board(request, loop, at=at, explanation=found)
    text = ngettext(
        "%(n)d plan was sent to the candidate to choose.",
        "%(n)d plans were sent to the candidate to choose.",
        len(found),
    )
    messages.success(request, text % {"n": len(found)})
    return _back(request, loop)


def _back(request: Request, loop: Loop) -> HttpResponse:
    zone = request.POST.get("zone", "")
    address = reverse("interviews:board", args=[loop.pk])
    return redirect(f"{address}?zone={zone}" if zone in {"candidate", "opening"} else address)


# --- no slot: what would help -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """What the product can do itself about one change, or who can."""

    kind: str  # times, ask, override, link, advice
    label: str
    fields: tuple[tuple[str, str], ...] = ()
    href: str = ""


@dataclass(frozen=True)
class Way:
    """A proven way out: what would have to change, and the plan that would be possible then."""

    text: str
    acts: list[Act]
    when: str


_OF_PLAYBOOK = {"more_days", "longer_gap", "shorter_gap", "skip_break", "order"}


def _ways(
    explanation: Explanation, loop: Loop, user: User, people: dict[str, str], *, at: dt.datetime
) -> list[Way]:
    of_limits = any(change.code == "limits" for fix in explanation.fixes for change in fix.changes)
    may = of_limits and roles.allows(user, May.OVERRIDE_LIMITS)
    reached = [(str(who.pk), limit) for who, limit in limits.reached(loop, at=at)] if may else []
    asked: list[Any] = sorted({c.person for fix in explanation.fixes for c in fix.changes if c.person})
    desks = dict(Interviewer.objects.filter(user__in=asked).values_list("user_id", "pk")) if asked else {}
    rows = {str(key): str(pk) for key, pk in desks.items()}
    is_staff = may_enter_admin(user)
    found = []
    for fix in explanation.fixes:
        acts = [
            act for change in fix.changes for act in _acts(change, fix, loop, people, rows, is_staff, reached)
        ]
        first, last = fix.plan.placements[0].starts_at, fix.plan.placements[-1].ends_at
        same = timezone.localdate(first) == timezone.localdate(last)
        when = f"{_short(first)}–{date_format(timezone.localtime(last), 'H:i') if same else _short(last)}"
        found.append(Way(fix.text, list(dict.fromkeys(acts)), when))
    return found


def _acts(
    change: Any,
    fix: Fix,
    loop: Loop,
    people: dict[str, str],
    rows: dict[str, str],
    is_staff: bool,
    reached: list[tuple[str, Any]],
) -> list[Act]:
    name = people.get(change.person or "", "")
    if change.code == "candidate_time":
        label = _("Ask %(name)s for more times") % {"name": loop.application.candidate.name}
        return [Act("times", label)]
    if change.code in {"meeting", "hours"}:
        time = change.interval or _sits(fix, change.person)
        if time is None:
            return []
        fields = (
            ("user", change.person),
            ("favour", change.code),
            ("from", time.starts_at.isoformat()),
            ("until", time.ends_at.isoformat()),
        )
        words = {
            "meeting": _("Ask %(name)s to move it (%(when)s)"),
            "hours": _("Ask %(name)s to sit in then (%(when)s)"),
        }
        return [Act("ask", words[change.code] % {"name": name, "when": _short(time.starts_at)}, fields)]
    if change.code == "one_more_person":
        return _linked(_("Qualify somebody"), reverse("admin:interviews_interviewer_changelist"), is_staff)
    if change.code == "limits" and (own := [limit for key, limit in reached if key == change.person]):
        return [_override(change.person, name, limit) for limit in own]
    if change.code in {"limits", "buffer"} and change.person in rows:
        address = reverse("admin:interviews_interviewer_change", args=[rows[change.person]])
        return _linked(_("%(name)s’s limits") % {"name": name}, address, is_staff)
    if change.code in _OF_PLAYBOOK:
        title = playbooks.of(loop.edition).title
        return [
            Act(
                "advice",
                _("The playbook “%(title)s” says so. An administrator can publish another edition.")
                % {"title": title},
            )
        ]
    return []


def _override(person: str, name: str, limit: Any) -> Act:
    label = _("Exceed this limit of %(name)s: %(limit)s") % {"name": name, "limit": str(limit.label).lower()}
    return Act("override", label, (("user", person), ("limit", limit.value)))


def _short(moment: dt.datetime) -> str:
    return date_format(timezone.localtime(moment), "D j M, H:i")


def _linked(label: str, address: str, is_staff: bool) -> list[Act]:
    return [Act("link", label, href=address)] if is_staff else []


def _sits(fix: Fix, person: str | None) -> Interval | None:
    """When the proven plan would have this person."""
    for placed in fix.plan.placements:
        if any(key == person for _seat, key in placed.people):
            return Interval(placed.starts_at, placed.ends_at)
    return None


@require_POST
@for_schedulers
def ask_times(request: Request, loop_id: uuid.UUID) -> HttpResponse:
    """Ask the candidate for more times, by mail."""
    at, loop = timezone.now(), _loop(request, loop_id)
    try:
        selfservice.ask_availability(loop, by=request.user, at=at)
    except Refused as refused:
        return _answered(request, loop, at=at, refused=refused)
    said = _("%(name)s was asked for more times. Plans follow by themselves once they answer.")
    return _answered(request, loop, at=at, done=said % {"name": loop.application.candidate.name})


@require_POST
@for_schedulers
def ask(request: Request, loop_id: uuid.UUID) -> HttpResponse:
    """Ask an interviewer to make room, by mail."""
    at, loop = timezone.now(), _loop(request, loop_id)
    user = get_object_or_404(User, pk=_uuid(forms.text(request.POST, "user")))
    starts_at, ends_at = (_moment(forms.text(request.POST, name)) for name in ("from", "until"))
    try:
        if starts_at is None or ends_at is None:
            raise Refused(_("That time is not understood. Look for times again."), code="bad_time")
        asks.ask(
            loop,
            user=user,
            favour=forms.text(request.POST, "favour"),
            starts_at=starts_at,
            ends_at=ends_at,
            by=request.user,
            at=at,
        )
    except Refused as refused:
        return _answered(request, loop, at=at, refused=refused)
    return _answered(request, loop, at=at, done=_("%(name)s was asked by mail.") % {"name": user.name})


@require_POST
@for_schedulers
def override(request: Request, loop_id: uuid.UUID) -> HttpResponse:
    """Let somebody take one interview of this loop beyond a limit, with a reason; or let the limit hold again."""
    at, loop = timezone.now(), _loop(request, loop_id)
    user = get_object_or_404(User, pk=_uuid(forms.text(request.POST, "user")))
    limit, reason = forms.text(request.POST, "limit"), forms.text(request.POST, "reason")
    try:
        if "withdraw" in request.POST:
            limits.withdraw(loop, user=user, limit=limit, by=request.user, at=at)
            done = _("The limit of %(name)s holds again.")
        else:
            limits.override(loop, user=user, limit=limit, reason=reason, by=request.user, at=at)
            done = _("Done: this limit of %(name)s does not hold for this loop. Look for times again.")
    except Refused as refused:
        act = _override(str(user.pk), user.name, Limit(limit)) if limit in Limit.values else None
        return _answered(request, loop, at=at, refused=refused, act=act, typed=reason)
    return _answered(request, loop, at=at, done=done % {"name": user.name})


def _answered(
    request: Request,
    loop: Loop,
    *,
    at: dt.datetime,
    done: str = "",
    refused: Refused | None = None,
    act: Act | None = None,
    typed: str = "",
) -> HttpResponse:
    """In the background only the button is replaced, so that the other ways out stay in sight."""
    if request.htmx:
        context = {"loop": loop, "done": done, "refused": refused, "act": act, "typed": typed}
        return render(request, "interviews/board/_asked.html", context, status=409 if refused else 200)
    if refused:
        return _board(request, loop, at=at, refused=refused)
    messages.success(request, done)
    return _back(request, loop)


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


# --- moving one interview -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_schedulers
def move(request: Request, loop_id: uuid.UUID, interview_id: uuid.UUID) -> HttpResponse:
    """Pick another time or other people for one interview; what would not hold is said before anything is moved."""
    at, loop = timezone.now(), _loop(request, loop_id)
    interview = get_object_or_404(loop.interviews, pk=interview_id)
    interview.loop = loop
    booked = boards.booked(loop)
    current = next((row for row in booked if row.interview == interview), None)
    problem = boards.question(loop, at=at)
    if current is None or problem is None or not current.may_move(at):
        messages.warning(request, _("This interview cannot be moved by hand any more."))
        return _back(request, loop)
    data = request.POST if request.method == "POST" else request.GET
    starts_at = _moment(str(data.get("starts", "")))
    now = dict(current.people)
    seats = playbooks.of(loop.edition).block(interview.block).seats
    people = {seat.key: str(data.get(f"seat-{seat.key}", now.get(seat.key, ""))) for seat in seats}
    people = {key: person for key, person in people.items() if person}
    refused = None
    if request.method == "POST" and "check" not in request.POST:
        try:
            if starts_at is None:
                raise Refused(_("Choose a time."), code="no_time")
            schedules.move(interview, starts_at=starts_at, people=people, by=request.user, at=at)
        except Refused as no:
            refused = no
        else:
            messages.success(request, _("Moved. Everybody concerned is told."))
            return _back(request, loop)
    return _moving(
        request,
        loop,
        current,
        booked,
        problem,
        starts_at or current.starts_at,
        people,
        at=at,
        refused=refused,
    )


def _moving(
    request: Request,
    loop: Loop,
    current: boards.Placed,
    booked: list[boards.Placed],
    problem: Any,
    starts_at: dt.datetime,
    people: dict[str, str],
    *,
    at: dt.datetime,
    refused: Refused | None,
) -> HttpResponse:
    zone, shown_in = _zone(request, loop)
    after = boards.moved(booked, current.key, starts_at=starts_at, people=people)
    is_same = starts_at == current.starts_at and people == dict(current.people)
    names = boards.names(problem, booked)
    block = playbooks.of(loop.edition).block(current.key)
    with timezone.override(zone):
        context = {
            "at": at,
            "loop": loop,
            "candidate": loop.application.candidate,
            "current": current,
            "interview": current.interview,
            "current_people": ", ".join(names.get(key, "") for _seat, key in current.people),
            "starts": boards.starts(
                problem, current.key, people=people, now=current.starts_at, at=at + schedules.NOTICE
            ),
            "starts_at": f"{starts_at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}",
            "seats": boards.seatings(problem, block, starts_at=starts_at, people=people),
            "conflicts": ()
            if is_same
            else schedules.conflicts(problem, current.key, starts_at=starts_at, people=people),
            "is_same": is_same,
            "days": boards.timeline(
                after,
                problem=problem,
                windows=problem.windows,
                candidate=loop.application.candidate.name,
                people=names,
                zone=zone,
                was=[current],
                every_day=True,
                movable=current.key,
            ),
            "refused": refused,
            **shown_in,
        }
        name = "_move" if request.htmx else "move"
        return render(request, f"interviews/board/{name}.html", context, status=409 if refused else 200)


# --- many loops together ------------------------------------------------------------------------------------


@require_POST
@for_schedulers
def start_planning(request: Request) -> HttpResponse:
    """Plan every loop that waits together, of one opening or of all."""
    at = timezone.now()
    wanted = _uuid(forms.text(request.POST, "opening"))
    opening = get_object_or_404(Opening.objects.visible_to(request.user), pk=wanted) if wanted else None
    try:
        planning = plannings.start(by=request.user, at=at, opening=opening)
    except Refused as refused:
        return _loops(request, at=at, refused=refused)
    return redirect("interviews:planning", planning.pk)


def _planning(request: Request, planning_id: uuid.UUID) -> Planning:
    return get_object_or_404(Planning.objects.visible_to(request.user), pk=planning_id)


@require_GET
@for_schedulers
def planning(request: Request, planning_id: uuid.UUID) -> HttpResponse:
    """How far it is; then the plans to be reviewed; then what was booked."""
    return _show_planning(request, _planning(request, planning_id), at=timezone.now())


def _show_planning(
    request: Request,
    found: Planning,
    *,
    at: dt.datetime,
    refused: Refused | None = None,
    chosen: set[uuid.UUID] | None = None,
) -> HttpResponse:
    lines = found.lines.filter(loop__in=Loop.objects.visible_to(request.user))
    count = lines.count()
    moving = found.status in {Planning.Status.QUEUED, Planning.Status.RUNNING, Planning.Status.APPLYING}
    rows = [] if moving else _lines(lines)
    context = {
        "at": at,
        "planning": found,
        "count": count,
        "moving": moving,
        "left": max(0, count - found.placed),
        "done": lines.filter(outcome__in=["booked", "refused"]).count() if moving else 0,
        "to_book": lines.exclude(outcome__in=["", "left_out"]).count() if moving else 0,
        "gap": None if found.gap is None else round(100 * found.gap, 2),
        "share": f"{100 * found.placed / count:.1f}" if count else "0",
        "rows": rows,
        "planned": sum(1 for row in rows if row.placed),
        "chosen": chosen,
        "refused": refused,
    }
    name = "_planning" if request.htmx else "planning"
    return render(request, f"interviews/board/{name}.html", context, status=409 if refused else 200)


@dataclass(frozen=True)
class Line:
    """One loop of a planning with its plan in short."""

    line: Any
    loop: Loop
    placed: list[boards.Placed]
    idle: str
    days: int


def _lines(lines: QuerySet[Any]) -> list[Line]:
    rows = lines.select_related(
        "loop__application__candidate", "loop__application__opening", "loop__edition", "proposal"
    ).defer("loop__edition__content", "loop__edition__source")
    found = []
    for row in rows.order_by("pk"):
        placed = boards.proposed(row.proposal.plan, playbooks.of(row.loop.edition)) if row.proposal else []
        cost = row.proposal.plan["cost"] if row.proposal else {}
        idle = boards.length(cost.get("idle_minutes", 0))
        found.append(Line(row, row.loop, placed, idle, cost.get("days", 0)))
    return found


@require_POST
@for_schedulers
def stop_planning(request: Request, planning_id: uuid.UUID) -> HttpResponse:
    at, found = timezone.now(), _planning(request, planning_id)
    try:
        plannings.cancel(found, by=request.user, at=at)
    except Refused as refused:
        found.refresh_from_db()
        return _show_planning(request, found, at=at, refused=refused)
    return redirect("interviews:planning", found.pk)


@require_POST
@for_schedulers
def apply_planning(request: Request, planning_id: uuid.UUID) -> HttpResponse:
    """Book the plans that were chosen."""
    at, found = timezone.now(), _planning(request, planning_id)
    chosen = {pk for text in request.POST.getlist("loop") if (pk := _uuid(text))}
    try:
        plannings.apply(found, loops=chosen, by=request.user, at=at)
    except Refused as refused:
        found.refresh_from_db()
        return _show_planning(request, found, at=at, refused=refused, chosen=chosen)
    return redirect("interviews:planning", found.pk)
