"""“My account”: who I am here, how I log in, and where I am logged in."""

import datetime as dt
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import devices, factors, roles, users
from accounts.models import zones
from accounts.pages import Request, for_members
from journal.errors import Refused


@require_http_methods(["GET", "POST"])
@for_members
def account(request: Request) -> HttpResponse:
    """My account. Each button calls one rule, and a refusal is shown above."""
    if request.method == "GET":
        return _page(request, None)
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    try:
        act(request, timezone.now())
    except Refused as no:
        return _page(request, no)
    return redirect("account")


def _page(request: Request, refused: Refused | None) -> HttpResponse:
    user, now = request.user, timezone.now()
    mine = factors.of(user)
    here = request.session.session_key
    context: dict[str, Any] = {
        "refused": refused,
        "roles": sorted(roles.ROLES[key].title for key in roles.held(user) if key in roles.ROLES),
        "interviews": roles.allows(user, roles.May.FILL_SCORECARDS),
        "zones": zones(),
        "zone": request.POST.get("zone") or user.zone,
        "has_password": user.has_usable_password(),
        "has_app": any(each.type == factors.Type.TOTP for each in mine),
        "passkeys": [each.wrap().name for each in mine if each.type == factors.Type.WEBAUTHN],
        "codes": next(
            (
                len(each.wrap().get_unused_codes())
                for each in mine
                if each.type == factors.Type.RECOVERY_CODES
            ),
            None,
        ),
        "devices": [
            (device, devices.name(device), device.session_key == here) for device in devices.of(user, at=now)
        ],
    }
    return render(request, "account/account.html", context, status=409 if refused else 200)


def _zone(request: Request, at: dt.datetime) -> None:
    users.move_zone(request.user, request.POST.get("zone", ""), by=request.user, at=at)
    messages.success(request, _("Times are shown to you in this zone now."))


def _log_out(request: Request, at: dt.datetime) -> None:
    device = get_object_or_404(UserSession.objects.filter(user=request.user), pk=_number(request))
    devices.log_out(device, by=request.user, at=at)
    messages.success(request, _("That device is logged out."))


def _log_out_others(request: Request, at: dt.datetime) -> None:
    devices.log_out_others(request.session.session_key, by=request.user, at=at)
    messages.success(request, _("You are logged in here only."))


def _number(request: Request) -> int:
    text = request.POST.get("device", "")
    if not text.isdecimal():
        raise Http404
    return int(text)


ACTS = {"zone": _zone, "log-out": _log_out, "log-out-others": _log_out_others}
