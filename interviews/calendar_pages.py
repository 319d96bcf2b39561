"""“My calendars”: what tells when I am free, when I work, and where my interviews can be read.

One page with one door for its buttons; each calls a rule, and a refusal is shown above with everything that was typed.
"""

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts import users
from interviews import availability, consents, interviewers
from interviews.calendars.feed import MOST_BYTES
from interviews.models import BusyTime, Calendar, FeedToken, Interviewer
from interviews.views import Request, for_members
from journal.errors import Refused

STRETCHES = 2  # a day's working hours, with a break between


@dataclass
class Shown:
    """What the page says besides what is so: how a button went, what was typed, what can be seen only now."""

    refused: Refused | None = None
    typed: Any = None
    choices: Any = ()  # the calendars found at a server, to choose one of
    address: str = ""  # of a new feed


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
@for_members
def calendars(request: Request) -> HttpResponse:
    """My calendars, working hours, times off and feeds; times in my own zone."""
    if request.method == "GET":
        return _page(request, Shown())
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    try:
        shown = act(request, timezone.now())
    except Refused as no:
        return _page(request, Shown(refused=no, typed=request.POST))
    return _page(request, shown) if shown else redirect("interviews:calendars")


def _page(request: Request, shown: Shown) -> HttpResponse:
    now = timezone.now()
    person = Interviewer.objects.select_related("user").filter(user=request.user).first()
    feeds = FeedToken.objects.visible_to(request.user).order_by("created_at")
    context: dict[str, Any] = {
        "shown": shown,
        "person": person,
        "zones": sorted(zoneinfo.available_timezones()),
        "feeds": feeds.select_related("loop__application__candidate", "loop__application__opening"),
        "services": [(kind, kind.label, consents.is_set_up(kind)) for kind in consents.SERVICES],
        "at": now,
    }
    if person:
        typed_hours = shown.typed if shown.typed and shown.typed.get("act") == "hours" else None
        off = BusyTime.objects.filter(interviewer=person, calendar=None, ends_at__gt=now)
        context |= {
            "calendars": person.calendars.order_by("created_at"),
            "days": _days(person, typed_hours),
            "blocked": off.order_by("starts_at"),
        }
    return render(request, "interviews/calendars.html", context, status=409 if shown.refused else 200)


# --- what the buttons do ------------------------------------------------------------------------------------------


def _connect(request: Request, at: dt.datetime) -> Shown | None:
    person, said = _person(request), request.POST
    how = {name: said.get(name, "").strip() for name in ("address", "username", "label")}
    how |= {"secret": said.get("secret", ""), "kind": said.get("kind", "")}
    if how["kind"] == Calendar.Kind.CALDAV:
        if not said.get("chosen"):
            found = availability.calendars_at(how["address"], username=how["username"], secret=how["secret"])
            if len(found) != 1:
                return Shown(typed=said, choices=found)
            how |= {"address": found[0].url, "label": how["label"] or found[0].name}
        else:
            how["address"] = said["chosen"]
    calendar = availability.connect(person, **how, writes=bool(said.get("writes")), by=request.user, at=at)
    _read_out(request, availability.read_now(calendar, by=request.user, at=at))
    return None


def _upload(request: Request, at: dt.datetime) -> None:
    file = request.FILES.get("file")
    if file is None:
        raise Refused(_("Choose a file to upload."), code="no_file")
    data = file.read(MOST_BYTES + 1)
    label = request.POST.get("label", "").strip() or str(file.name)[:80]
    availability.upload(_person(request), data=data, label=label, by=request.user, at=at)
    messages.success(request, _("The busy times in the file are kept. Upload it again when it changes."))


def _read(request: Request, at: dt.datetime) -> None:
    _read_out(request, availability.read_now(_calendar(request), by=request.user, at=at))


def _read_out(request: Request, calendar: Calendar) -> None:
    if calendar.trouble:
        messages.warning(request, _("“%(label)s” could not be read, see below.") % {"label": calendar.label})
    else:
        messages.success(request, _("“%(label)s” was read.") % {"label": calendar.label})


def _disconnect(request: Request, at: dt.datetime) -> None:
    calendar = _calendar(request)
    availability.disconnect(calendar, by=request.user, at=at)
    messages.success(
        request, _("“%(label)s” is disconnected, and its times are forgotten.") % {"label": calendar.label}
    )


def _hours(request: Request, at: dt.datetime) -> None:
    stretches = []
    for day in range(7):
        for opens, closes in _typed_stretches(request.POST, day):
            if request.POST.get(f"on-{day}") and (opens or closes):
                stretches.append((day, _clock(opens), _clock(closes)))
    interviewers.set_hours(_person(request), stretches, by=request.user, at=at)
    messages.success(request, _("Your working hours are set."))


def _place(request: Request, at: dt.datetime) -> None:
    zone, country = (request.POST.get(name, "").strip() for name in ("zone", "country"))
    person = Interviewer.objects.filter(user=request.user).first()
    with transaction.atomic():
        if person and country.upper() != person.country:
            interviewers.set_country(person, country=country, by=request.user, at=at)
        if zone != request.user.zone:
            users.move_zone(request.user, zone, by=request.user, at=at)
    messages.success(request, _("Saved. Times are now shown in %(zone)s.") % {"zone": request.user.zone})


def _block(request: Request, at: dt.datetime) -> None:
    starts_at, ends_at = (_moment(request, name) for name in ("starts_at", "ends_at"))
    interviewers.block_time(_person(request), starts_at=starts_at, ends_at=ends_at, by=request.user, at=at)
    messages.success(request, _("The time is blocked: nobody is planned into it. What is booked stays."))


def _unblock(request: Request, at: dt.datetime) -> None:
    pk = request.POST.get("time", "")
    row = get_object_or_404(
        BusyTime, interviewer=_person(request), calendar=None, pk=int(pk) if pk.isdecimal() else 0
    )
    interviewers.unblock_time(
        row.interviewer, starts_at=row.starts_at, ends_at=row.ends_at, by=request.user, at=at
    )
    messages.success(request, _("The time is yours to be asked for again."))


def _open_feed(request: Request, at: dt.datetime) -> Shown:
    busy_only = request.POST.get("shows") != "all"
    token = availability.open_feed(request.user, busy_only=busy_only, by=request.user, at=at)
    return Shown(address=availability.address_of(token))


def _close_feed(request: Request, at: dt.datetime) -> None:
    feed = get_object_or_404(FeedToken.objects.visible_to(request.user), pk=_uuid(request, "feed"))
    availability.close_feed(feed, by=request.user, at=at)
    messages.success(request, _("The feed has ended. Whoever still has its address gets nothing."))


ACTS: dict[str, Callable[[Request, dt.datetime], Shown | None]] = {
    "connect": _connect,
    "upload": _upload,
    "read": _read,
    "disconnect": _disconnect,
    "hours": _hours,
    "place": _place,
    "block": _block,
    "unblock": _unblock,
    "open_feed": _open_feed,
    "close_feed": _close_feed,
}


# --- Google and Microsoft -----------------------------------------------------------------------------------------


@require_GET
@for_members
def consent(request: Request, kind: str) -> HttpResponse:
    """Lead the person to the service, where they are asked."""
    service = _service(kind)
    try:
        address, kept = consents.begin(_person(request), kind=service, by=request.user)
    except Refused as no:
        return _page(request, Shown(refused=no))
    request.session["consent"] = kept
    return redirect(address)


@require_GET
@for_members
def consented(request: Request, kind: str) -> HttpResponse:
    """They come back, with a code or without."""
    service, kept = _service(kind), request.session.pop("consent", {})
    try:
        calendar = consents.finish(
            _person(request), kind=service, came=request.GET.dict(), kept=kept,
            by=request.user, at=timezone.now(),
        )  # fmt: skip
    except Refused as no:
        return _page(request, Shown(refused=no))
    _read_out(request, calendar)
    return redirect("interviews:calendars")


def _service(kind: str) -> str:
    if kind not in consents.SERVICES:
        raise Http404
    return kind


# --- reading what was typed ---------------------------------------------------------------------------------------


def _person(request: Request) -> Interviewer:
    person = Interviewer.objects.select_related("user").filter(user=request.user).first()
    if person is None:
        raise Refused(
            _("You sit on no panel yet. Ask a recruiter to add you as an interviewer."), code="no_interviewer"
        )
    return person


def _calendar(request: Request) -> Calendar:
    mine = Calendar.objects.filter(interviewer__user=request.user).select_related("interviewer__user")
    return get_object_or_404(mine, pk=_uuid(request, "calendar"))


def _uuid(request: Request, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get(name, ""))
    except ValueError:
        raise Http404 from None


def _clock(text: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text)
    except ValueError:
        raise Refused(_("Give each stretch of working hours both its times."), code="bad_hours") from None


def _moment(request: Request, name: str) -> dt.datetime:
    try:
        naive = dt.datetime.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        raise Refused(_("Choose when the time begins and when it ends."), code="bad_time") from None
    return naive.replace(tzinfo=zoneinfo.ZoneInfo(request.user.zone))


def _typed_stretches(typed: Any, day: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while f"opens-{day}-{len(found)}" in typed:
        number = len(found)
        found.append((typed[f"opens-{day}-{number}"], typed.get(f"closes-{day}-{number}", "")))
    return found


def _days(person: Interviewer, typed: Any) -> list[dict[str, Any]]:
    """The week as the form shows it: as it is set, or as it was typed."""
    rows = list(person.hours.order_by("weekday", "opens"))
    days = []
    for number in range(7):
        if typed is None:
            shown = [(f"{row.opens:%H:%M}", f"{row.closes:%H:%M}") for row in rows if row.weekday == number]
            is_on = bool(shown)
            shown += [("", "")] * (STRETCHES - len(shown))
        else:
            shown, is_on = _typed_stretches(typed, number), f"on-{number}" in typed
        # The 1st of January 2024 was a Monday: it and what follows give the days their names.
        days.append(
            {"number": number, "date": dt.date(2024, 1, 1 + number), "is_on": is_on, "stretches": shown}
        )
    return days
