"""Devices: the browsers a person is logged in with, and logging out there from here."""

import datetime as dt
import re
from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from journal import events
from journal.errors import Refused

# The first that is found in what the browser says of itself. (Nearly all of them also claim to be Chrome and Safari.)
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox|FxiOS": "Firefox",
    "Chrom|CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def of(user: User, *, at: dt.datetime) -> list[UserSession]:
    """Where this person is logged in, the latest used first."""
    alive = Session.objects.filter(expire_date__gt=at).values("session_key")
    return list(UserSession.objects.filter(user=user, session_key__in=alive).order_by("-last_seen_at", "-pk"))


def name(device: UserSession) -> str:
    """Firefox on Windows: what its owner knows it by. Empty when the browser does not say."""
    found = [
        next((word for sign, word in known.items() if re.search(sign, device.user_agent)), "")
        for known in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(word for word in found if word)


def saw(request: HttpRequest, *, ip: str | None, at: dt.datetime) -> None:
    """Remember when and from where a device was used last."""
    browser = request.headers.get("User-Agent", "")[:200]
    UserSession.objects.filter(session_key=request.session.session_key).update(
        last_seen_at=at, user_agent=browser, **({"ip": ip} if ip else {})
    )


@transaction.atomic
def log_out(device: UserSession, *, by: User, at: dt.datetime) -> None:
    """End one device's log-in: its next request is led to the log-in page. Refuses for somebody else's device."""
    if device.user_id != by.pk:
        raise Refused("Everybody logs out their own devices.", code="not_theirs")
    _end([device], by=by, at=at)


@transaction.atomic
def log_out_others(keep: str | None, *, by: User, at: dt.datetime) -> None:
    """End every log-in of this person but the one with the session `keep`."""
    _end(UserSession.objects.filter(user=by).exclude(session_key=keep or ""), by=by, at=at)


def _end(devices: Iterable[UserSession], *, by: User, at: dt.datetime) -> None:
    keys = [device.session_key for device in devices]
    UserSession.objects.filter(session_key__in=keys).delete()
    ended, _rows = Session.objects.filter(session_key__in=keys).delete()
    if ended:
        events.record("user.devices_logged_out", by, by=by, at=at, data={"devices": ended})
