"""Candidates' pages, reached from links in mails. Opening one changes nothing; its buttons do, and work without scripts."""

import datetime as dt
import functools
import hashlib
import logging
import time
import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from redis.exceptions import RedisError

from accounts.models import User
from candidates.models import Application
from hiring import playbooks
from interviews import selfservice
from interviews.models import CandidateLink, Hold, Interview, Loop, Proposal, Seat
from journal.errors import Refused

Zone = zoneinfo.ZoneInfo
Purpose = CandidateLink.Purpose
View = Callable[[HttpRequest, CandidateLink, dt.datetime], HttpResponse]

DAYS = 10
PARTS = {
    "morning": (gettext_lazy("Morning"), dt.time(8), dt.time(12)),
    "afternoon": (gettext_lazy("Afternoon"), dt.time(12), dt.time(18)),
    "day": (gettext_lazy("Whole day"), dt.time(8), dt.time(18)),
}
# When a team is usually at work, for those who live far away.
OFFICE = (dt.time(9), dt.time(18))
REASONS = {
    Application.WithdrawReason.OTHER_OFFER: gettext_lazy("I took another offer"),
    Application.WithdrawReason.PROCESS: gettext_lazy("It takes too long"),
    Application.WithdrawReason.PAY: gettext_lazy("The pay"),
    Application.WithdrawReason.ROLE: gettext_lazy("The role is not what I am looking for"),
    Application.WithdrawReason.PERSONAL: gettext_lazy("Something personal"),
    Application.WithdrawReason.UNKNOWN: gettext_lazy("I would rather not say"),
}
PER_MINUTE, WINDOW = 30, 60
logger = logging.getLogger(__name__)


def _private(view: View) -> Callable[..., HttpResponse]:
    """A page whose address is the permission: found by its token, not too often, and never told to anybody else."""

    @functools.wraps(view)
    def page(request: HttpRequest, token: str) -> HttpResponse:
        now = timezone.now()
        if _asks_too_often(request, token):
            response = render(request, "interviews/candidate/pause.html", status=429)
            response["Retry-After"] = str(WINDOW)
        elif link := selfservice.find(token, at=now):
            response = view(request, link, now)
        else:
            response = render(request, "interviews/candidate/gone.html", status=404)
        # SECURITY: the address must not travel on in a Referer, nor stay in a cache or a search engine.
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    # SECURITY: no cookie gives anybody a right here, only the token in the address, which a foreign page does not know;
    # so there is nothing to forge. (And browsers send `Origin: null` from a page without referrers.)
    return csrf_exempt(never_cache(require_http_methods(["GET", "HEAD", "POST"])(page)))


def _asks_too_often(request: HttpRequest, token: str) -> bool:
    which = hashlib.sha256(token.encode()).hexdigest()[:16]
    name = f"yours:{which}:{request.META.get('REMOTE_ADDR', '')}:{int(time.time() // WINDOW)}"
    try:
        cache.add(name, 0, 2 * WINDOW)
        return cache.incr(name) > PER_MINUTE
    except ValueError:
        return False  # forgotten between the two calls: the cache is full
    except (RedisError, OSError):
        # A limit that cannot be counted is no reason to turn people away.
        logger.warning("The cache does not answer, so requests of candidates are not counted.")
        return False


@_private
def yours(request: HttpRequest, link: CandidateLink, at: dt.datetime) -> HttpResponse:
    """The page a link is for."""
    pages = {Purpose.AVAILABILITY: _availability, Purpose.CHOOSE: _choose, Purpose.MANAGE: _manage}
    return pages[Purpose(link.purpose)](request, link, at)


@_private
def cancel(request: HttpRequest, link: CandidateLink, at: dt.datetime) -> HttpResponse:
    """Are they sure, and why? Only this page's button withdraws."""
    if link.purpose != Purpose.MANAGE:
        return render(request, "interviews/candidate/gone.html", status=404)
    refused = None
    if request.method == "POST":
        reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
        try:
            selfservice.cancel(link, reason=reason, note=note, at=at)
            return redirect("interviews:yours", _token(request))
        except Refused as no:
            refused = no
    reasons = [(key.value, label) for key, label in REASONS.items()]
    return _page(request, "cancel", link, at, refused=refused, reasons=reasons)


# --- when can you come? -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A stretch of a day that can be ticked."""

    key: str
    label: str
    windows: list[selfservice.Window]
    chosen: bool

    @property
    def hours(self) -> str:
        return ", ".join(f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in self.windows)


@dataclass(frozen=True)
class Day:
    """One day of the form, with what was chosen on it."""

    date: dt.date
    parts: list[Part]
    begins: str
    ends: str

    @property
    def is_free(self) -> bool:
        """Whether times of their own were typed."""
        return bool(self.begins or self.ends)


def _availability(request: HttpRequest, link: CandidateLink, at: dt.datetime) -> HttpResponse:
    loop, zone, refused = link.loop, _zone(request, link), None
    team = Zone(loop.application.opening.zone)
    if request.POST.get("act") == "give":
        try:
            windows = _windows(request.POST, zone, team)
            selfservice.give_availability(link, windows=windows, zone=_zone_name(request), at=at)
            return redirect("interviews:yours", _token(request))
        except Refused as no:
            refused = no
    days = _days(request.POST, zone, team, at)
    plan = playbooks.of(loop.edition)
    return _page(
        request,
        "availability",
        link,
        at,
        refused=refused,
        days=days,
        length=selfservice.length(dt.timedelta(minutes=selfservice.minutes_of(loop))),
        interviews=len(plan.blocks),
        max_days=plan.loop.max_days,
        given=list(loop.windows.order_by("starts_at")) if link.last_used_at else [],
        is_far=_is_far(days[0].date, zone, team),
    )


def _windows(typed: QueryDict, zone: Zone, team: Zone) -> list[selfservice.Window]:
    """The times that were ticked or typed, on the clock of the zone. Refuses what cannot be read, naming each day."""
    windows, problems = [], []
    for key in typed:
        name, _sep, written = key.partition("-")
        try:
            date = dt.date.fromisoformat(written)
        except ValueError:
            continue
        if name == "on":
            parts = _parts(date, typed.getlist(key), zone, team)
            windows += [window for part in parts if part.chosen for window in part.windows]
        elif name == "from":
            begins, ends = (typed.get(field, "").strip() for field in (key, f"to-{written}"))
            if not begins and not ends:
                continue
            try:
                windows.append(_on(date, _clock(begins), _clock(ends), zone))
            except ValueError:
                problems.append({"field": key, "problem": date_format(date, "l j F")})
    if problems:
        raise Refused(
            _("Give both a “from” and a “to”, such as 09:30 and 12:00, on these days:"),
            code="bad_time",
            details=problems,
        )
    return windows


def _clock(written: str) -> dt.time:
    return dt.datetime.strptime(written, "%H:%M").time()  # noqa: DTZ007 (a time of day has no zone yet)


def _on(date: dt.date, opens: dt.time, closes: dt.time, zone: Zone) -> selfservice.Window:
    """A stretch of that day. Until midnight means until the end of the day."""
    until = date + dt.timedelta(days=1) if closes == dt.time(0) else date
    return dt.datetime.combine(date, opens, zone), dt.datetime.combine(until, closes, zone)


def _days(typed: QueryDict, zone: Zone, team: Zone, at: dt.datetime) -> list[Day]:
    """The next working days in the candidate's zone, beginning tomorrow, with what was typed so far."""
    tomorrow = at.astimezone(zone).date() + dt.timedelta(days=1)
    dates = [date for n in range(2 * DAYS) if (date := tomorrow + dt.timedelta(days=n)).weekday() < 5]
    return [
        Day(
            date=date,
            parts=_parts(date, typed.getlist(f"on-{date}"), zone, team),
            begins=typed.get(f"from-{date}", ""),
            ends=typed.get(f"to-{date}", ""),
        )
        for date in dates[:DAYS]
    ]


def _parts(date: dt.date, chosen: list[str], zone: Zone, team: Zone) -> list[Part]:
    parts = [
        Part(key, str(label), [_on(date, opens, closes, zone)], key in chosen)
        for key, (label, opens, closes) in PARTS.items()
    ]
    office = _office_hours(date, zone, team)
    if office:
        parts.append(Part("team", _("When the team is at work"), office, "team" in chosen))
    return parts


def _office_hours(date: dt.date, zone: Zone, team: Zone) -> list[selfservice.Window]:
    """When, on this day of the candidate's, the team is usually at work; in the candidate's zone."""
    dawn, night = (moment.astimezone(dt.UTC) for moment in _on(date, dt.time(0), dt.time(0), zone))
    found = []
    for there in (date + dt.timedelta(days=n) for n in (-1, 0, 1)):
        opens, closes = (moment.astimezone(dt.UTC) for moment in _on(there, *OFFICE, team))
        opens, closes = max(opens, dawn), min(closes, night)
        if there.weekday() < 5 and opens < closes:
            found.append((opens.astimezone(zone), closes.astimezone(zone)))
    return found


def _is_far(date: dt.date, zone: Zone, team: Zone) -> bool:
    """Whether the team's working day is another part of the day to the candidate: two hours or more away."""
    here, there = (dt.datetime.combine(date, dt.time(12), place) for place in (zone, team))
    return abs(here.astimezone(dt.UTC) - there.astimezone(dt.UTC)) >= dt.timedelta(hours=2)


# --- which plan? ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Meeting:
    """One interview, as a candidate may know it: no last names, nothing that is written for the panel."""

    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    people: str
    preparation: str = ""
    url: str = ""


@dataclass(frozen=True)
class Choice:
    """A plan that is held for the candidate."""

    proposal: Proposal
    meetings: list[Meeting]
    idle: str
    until: dt.datetime


def _choose(request: HttpRequest, link: CandidateLink, at: dt.datetime) -> HttpResponse:
    refused = None
    lost = False
    if request.method == "POST":
        try:
            if request.POST.get("act") == "none":
                selfservice.decline_plans(link, note=request.POST.get("note", ""), at=at)
                return redirect("interviews:yours", _token(request))
            found = selfservice.choose(link, proposal=_chosen(request, link), at=at)
            if isinstance(found, Loop):
                return redirect("interviews:yours", _token(request))
            lost = True
        except Refused as no:
            refused = no
    link.loop.refresh_from_db(fields=["status"])
    booked = link.loop.status not in {Loop.Status.WAITING, Loop.Status.BROKEN}
    return _page(
        request,
        "choose",
        link,
        at,
        refused=refused,
        lost=lost,
        choices=[] if booked else _choices(link.loop, at=at),
        meetings=_meetings(link.loop) if booked else [],
    )


def _chosen(request: HttpRequest, link: CandidateLink) -> Proposal:
    plans = {str(plan.pk): plan for plan in link.loop.proposals.all()}
    try:
        return plans[request.POST.get("plan", "")]
    except KeyError as no:
        raise Refused(_("Choose one of the plans below."), code="unknown_plan") from no


def _choices(loop: Loop, *, at: dt.datetime) -> list[Choice]:
    """The plans that are held for this candidate, best first, in a constant number of queries."""
    until = dict(Hold.objects.live(at).filter(proposal__loop=loop).values_list("proposal", "until"))
    plans = loop.proposals.filter(pk__in=until, status=Proposal.Status.OFFERED).order_by("rank")
    placed = {plan: plan.plan["placements"] for plan in plans}
    ids = {person for places in placed.values() for p in places for _seat, person in p["people"]}
    people = {str(user.pk): user for user in User.objects.filter(pk__in=ids)}
    blocks = playbooks.of(loop.edition)
    found = []
    for plan, places in placed.items():
        meetings = []
        for p in places:
            block = blocks.block(p["block"])
            counting = {seat.key for seat in block.seats if seat.role in Seat.COUNTING}
            panel = sorted(p["people"], key=lambda pair: (pair[0] not in counting, pair[0]))
            starts_at, ends_at = (dt.datetime.fromisoformat(p[key]) for key in ("starts_at", "ends_at"))
            names = _names(people[person] for _seat, person in panel if person in people)
            meetings.append(Meeting(block.title, starts_at, ends_at, names))
        idle = plan.plan["cost"]["idle_minutes"]
        waiting = selfservice.length(dt.timedelta(minutes=idle)) if idle else ""
        found.append(Choice(plan, sorted(meetings, key=lambda m: m.starts_at), waiting, until[plan.pk]))
    return found


def _names(panel: Iterable[User]) -> str:
    """First names and titles, and nothing else: “Ada (Engineer), Bo”."""
    return ", ".join(
        f"{user.get_short_name()} ({user.title})" if user.title else user.get_short_name() for user in panel
    )


# --- what is booked -----------------------------------------------------------------------------------------------


def _manage(request: HttpRequest, link: CandidateLink, at: dt.datetime) -> HttpResponse:
    refused = None
    if request.method == "POST":
        try:
            selfservice.ask_reschedule(link, reason=request.POST.get("reason", ""), at=at)
            return redirect("interviews:yours", _token(request))
        except Refused as no:
            refused = no
    return _page(request, "manage", link, at, refused=refused, meetings=_meetings(link.loop))


def _meetings(loop: Loop) -> list[Meeting]:
    """The candidate's own interviews, in the order of time."""
    blocks = playbooks.of(loop.edition)
    rows = loop.interviews.filter(status__in=[Interview.Status.SCHEDULED, Interview.Status.HELD])
    meetings = []
    for row in rows.order_by("starts_at").prefetch_related("seats__user"):
        block = blocks.block(row.block)
        panel = sorted((s for s in row.seats.all() if s.held), key=lambda s: (not s.counts, s.key))
        names = _names(seat.user for seat in panel)
        meetings.append(
            Meeting(block.title, row.starts_at, row.ends_at, names, block.preparation, row.meeting_url)
        )
    return meetings


# --- shared -------------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest,
    name: str,
    link: CandidateLink,
    at: dt.datetime,
    *,
    refused: Refused | None = None,
    **more: object,
) -> HttpResponse:
    """Render with times in the candidate's zone. The zone of the device is asked for until they chose one themselves."""
    loop, zone = link.loop, _zone(request, link)
    loop.refresh_from_db(fields=["status"])
    loop.application.refresh_from_db(fields=["status"])
    chosen = loop.candidate_links.filter(purpose=Purpose.AVAILABILITY, last_used_at__isnull=False)
    page = {
        "link": link,
        "token": _token(request),
        "loop": loop,
        "opening": loop.application.opening,
        "is_over": loop.status not in selfservice.LIVE,
        "is_withdrawn": loop.application.status == Application.Status.WITHDRAWN,
        "zone": zone.key,
        "zones": _zones(zone.key),
        "may_detect": request.method == "GET" and "zone" not in request.GET and not chosen.exists(),
        "typed": request.POST,
        "refused": refused,
        **more,
    }
    with timezone.override(zone):
        status = 409 if refused or more.get("lost") else 200
        return render(request, f"interviews/candidate/{name}.html", page, status=status)


def _token(request: HttpRequest) -> str:
    assert request.resolver_match is not None
    return str(request.resolver_match.kwargs["token"])


def _zone_name(request: HttpRequest) -> str:
    return request.POST.get("zone", "") or request.GET.get("zone", "")


def _zone(request: HttpRequest, link: CandidateLink) -> Zone:
    """The zone they chose on this page, or else the one we know."""
    name = _zone_name(request)
    return Zone(name if name in _every_zone() else link.loop.application.candidate.zone)


@functools.cache
def _every_zone() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zones(current: str) -> list[str]:
    """The zones to choose from: places, universal time, and whatever was chosen so far."""
    places = {name for name in _every_zone() if "/" in name and not name.startswith("Etc/")}
    return sorted({*places, "UTC", current})
