"""Pages reached from links in mails. Opening one changes nothing (mail scanners open links too); its buttons do."""

import datetime as dt
import hashlib
import uuid
import zoneinfo

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from hiring import playbooks
from interviews import answers, availability, invites, schedules
from interviews.models import Seat
from journal.errors import Refused


@login_required
def at(request: HttpRequest, interview_id: uuid.UUID) -> HttpResponse:
    """From a calendar event to one's own kit."""
    assert isinstance(request.user, User)
    seat = get_object_or_404(Seat.objects.live(), interview=interview_id, user=request.user)
    return redirect("interviews:kit", seat.pk)


@require_GET
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The interviews of a person or of a loop as a calendar to subscribe to, as full or as bare as they chose."""
    found = availability.feed_of(token)
    if found is None:
        raise Http404
    body = invites.feed(found, at=timezone.now())
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    # SECURITY: the address is the permission; nothing on the way may keep or tell it.
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


# SECURITY: the page sends no Referer, so browsers send no Origin either and Django's check cannot pass. It is not needed:
# the address is the permission, no cookie plays a part, and nobody else's page knows the address.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Accept, decline or ask for another time, straight from the mail and without logging in."""
    seat = answers.seat_of(token)
    if seat is None:
        raise Http404
    zone = zoneinfo.ZoneInfo(seat.user.zone)
    refused: Refused | None = None
    said = ""
    if request.method == "POST":
        try:
            said = _act(request, seat, zone)
        except Refused as no:
            refused = no
    with timezone.override(zone):
        block = playbooks.of(seat.interview.loop.edition).block(seat.interview.block)
        page = {
            "seat": seat,
            "block": block,
            "zone": zone.key,
            "refused": refused,
            "said": said,
            "typed": request.POST,
        }
        response = render(request, "interviews/answer.html", page, status=409 if refused else 200)
    # SECURITY: the address is the permission, so it must not travel on in a Referer or stay in a search engine.
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _act(request: HttpRequest, seat: Seat, zone: zoneinfo.ZoneInfo) -> str:
    now, word = timezone.now(), request.POST.get("answer")
    if word == "accept":
        schedules.accept(seat, by=seat.user, at=now)
        return _("You have accepted. See you there.")
    if word == "decline":
        for_good = bool(request.POST.get("for_good"))
        schedules.decline(
            seat, reason=request.POST.get("reason", ""), for_good=for_good, by=seat.user, at=now
        )
        return _("You have declined. The schedule is being mended, and you will get a cancellation.")
    if word == "suggest":
        try:
            start = dt.datetime.fromisoformat(request.POST.get("starts_at", "")).replace(tzinfo=zone)
        except ValueError as no:
            raise Refused(_("Choose a day and a time to suggest."), code="bad_time") from no
        length = seat.interview.ends_at - seat.interview.starts_at
        schedules.suggest(seat, starts_at=start, ends_at=start + length, by=seat.user, at=now)
        return _("Your suggestion is with the recruiter. Until you hear otherwise, the present time stands.")
    raise Refused(_("Choose one of the buttons."), code="unknown_answer")
