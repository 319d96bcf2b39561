"""Interviewers' own calendars: connected, read again and again, and never taken for empty when they cannot be read."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from accounts import roles
from accounts.models import User
from hiring.models import TeamMember
from interviews.calendars import adapters, guard
from interviews.calendars.adapters import oauth
from interviews.calendars.adapters.caldav import CalDav, Found, discover
from interviews.calendars.adapters.google import GoogleCalendar
from interviews.calendars.adapters.graph import SCOPE as GRAPH_SCOPE
from interviews.calendars.adapters.graph import GraphCalendar
from interviews.calendars.adapters.ics_feed import IcsFeed
from interviews.calendars.busy import Busy, Interval, without
from interviews.models import BusyTime, Calendar, FeedToken, Interviewer, Invitation, Loop, Seat
from journal import events
from journal.errors import NotAllowed, Refused

Kind = Calendar.Kind
BEHIND, AHEAD = dt.timedelta(days=1), dt.timedelta(days=75)
EVERY = dt.timedelta(minutes=15)
FRESH = dt.timedelta(minutes=2)  # read so lately, a calendar is not asked again when something is booked


@transaction.atomic
def connect(
    person: Interviewer,
    *,
    kind: str,
    label: str,
    address: str,
    by: User,
    at: dt.datetime,
    username: str = "",
    secret: str = "",
    writes: bool = False,
) -> Calendar:
    """Connect a calendar. Until it has been read once, its owner counts as unknown and is not scheduled.

    With `writes`, their interviews are also put into it. One that is connected already is signed into anew.
    Refuses kinds that are not read from outside, writing into any but CalDAV, and for anybody but the person and those
    who manage interviewers.
    """
    _require(person, by)
    if kind not in {Kind.CALDAV, Kind.FEED, Kind.GOOGLE, Kind.GRAPH}:
        raise Refused("Choose CalDAV, an ICS feed, Google Calendar or Microsoft 365.", code="unknown_kind")
    if not address.strip():
        raise Refused(
            "Say which calendar: its address, or the calendar's own name for it.", code="no_address"
        )
    if writes and kind != Kind.CALDAV:
        raise Refused("Only a CalDAV calendar can be written into. The others are read.", code="not_writable")
    # Addresses are encrypted, so they are compared here; a person has a handful.
    known = (row for row in person.calendars.filter(kind=kind) if row.address == address.strip())
    calendar = next(known, None) or Calendar(interviewer=person, kind=kind, created_at=at)
    calendar.label, calendar.address = label.strip() or Kind(kind).label, address.strip()
    calendar.username, calendar.secret, calendar.writes = username.strip(), secret, writes
    calendar.tried_at, calendar.trouble, calendar.write_trouble = None, "", ""
    calendar.save()
    events.record("calendar.connected", calendar, by=by, at=at, data={"interviewer": person.pk, "kind": kind})
    return calendar


@transaction.atomic
def upload(person: Interviewer, *, data: bytes, label: str, by: User, at: dt.datetime) -> Calendar:
    """Take the busy times out of an ICS file; a file with the same label is replaced.

    Refuses a file that cannot be read, saying what is wrong with it, and keeps nothing then.
    """
    _require(person, by)
    zone = ZoneInfo(person.user.zone)
    ours, _seats = _own(person, at=at)
    found = guard.read_safely(data, starts_at=at - BEHIND, ends_at=at + AHEAD, zone=zone, ours=ours)
    if not isinstance(found, Busy):
        raise Refused(f"The calendar was not taken. {found.reason}", code="unreadable")
    if not found.is_whole:
        raise Refused(f"The calendar was not taken. {' '.join(found.unreadable)}", code="unreadable")
    calendar, _made = Calendar.objects.update_or_create(
        interviewer=person, kind=Kind.UPLOAD, label=label.strip() or "File", defaults={"created_at": at}
    )
    _keep(calendar, found, at=at)
    taken = {"interviewer": person.pk, "times": len(found.intervals)}
    events.record("calendar.uploaded", calendar, by=by, at=at, data=taken)
    return calendar


@transaction.atomic
def disconnect(calendar: Calendar, *, by: User, at: dt.datetime) -> None:
    """Forget a calendar, its secret and the times that came from it."""
    _require(calendar.interviewer, by)
    events.record(
        "calendar.disconnected", calendar, by=by, at=at, data={"interviewer": calendar.interviewer_id}
    )
    calendar.delete()


def refresh(calendar: Calendar, *, by: User, at: dt.datetime) -> bool:
    """Read a calendar again; whether it could be read. What was known stays until it is known better.

    Asks the network, so it is never called inside a transaction.
    """
    zone = ZoneInfo(calendar.interviewer.user.zone)
    ours, booked = _own(calendar.interviewer, at=at)
    try:
        found = _reader(calendar, ours).read(starts_at=at - BEHIND, ends_at=at + AHEAD, zone=zone)
    except adapters.CalendarUnreadable as no:
        with transaction.atomic():
            if not calendar.trouble:
                data = {"interviewer": calendar.interviewer_id}
                events.record("calendar.became_unreadable", calendar, by=by, at=at, data=data)
            Calendar.objects.filter(pk=calendar.pk).update(tried_at=at, trouble=str(no))
        return False
    if calendar.kind in {Kind.GOOGLE, Kind.GRAPH}:  # they tell times and no UIDs
        found = replace(found, intervals=without(found.intervals, booked))
    with transaction.atomic():
        # It may have been disconnected while it was read.
        kept = Calendar.objects.select_for_update().filter(pk=calendar.pk).first()
        if kept is not None:
            if kept.trouble and found.is_whole:
                events.record(
                    "calendar.readable_again", kept, by=by, at=at, data={"interviewer": kept.interviewer_id}
                )
            _keep(kept, found, at=at)
    return found.is_whole


def read_now(calendar: Calendar, *, by: User, at: dt.datetime) -> Calendar:
    """Read a calendar at once, and tell how that went. Refuses files, and for anybody but its owner and managers.

    Asks the network, so it is never called inside a transaction.
    """
    _require(calendar.interviewer, by)
    if calendar.kind == Kind.UPLOAD:
        raise Refused("A file stays as it was uploaded. Upload the newer one.", code="not_read")
    refresh(calendar, by=by, at=at)
    calendar.refresh_from_db()
    return calendar


def calendars_at(address: str, *, username: str, secret: str) -> list[Found]:
    """The calendars somebody has at a CalDAV server, by its address or that of anything on it.

    Refuses where none can be told, saying why. Asks the network, so it is never called inside a transaction.
    """
    try:
        return discover(address, username=username, password=secret, allow=settings.CALENDAR_HOSTS)
    except adapters.CalendarUnreadable as no:
        raise Refused(no.sentence, code="unreadable") from no


def _own(person: Interviewer, *, at: dt.datetime) -> tuple[frozenset[str], list[Interval]]:
    """The interviews we put into somebody's calendars: their UIDs (old seats too), and the times booked now.

    They are known here better than in any calendar. Taken for busy, they would stand in the way of their own move.
    """
    about = Q(interview__ends_at__gt=at - BEHIND, interview__starts_at__lt=at + AHEAD)
    seats = Seat.objects.filter(about, user=person.user_id)
    uids = Invitation.objects.filter(
        audience=Invitation.Audience.PANEL, interview__in=seats.values("interview")
    )
    booked = seats.live().values_list("interview__starts_at", "interview__ends_at")
    return frozenset(uids.values_list("uid", flat=True)), [Interval(*times) for times in booked]


def _keep(calendar: Calendar, found: Busy, *, at: dt.datetime) -> None:
    BusyTime.objects.filter(calendar=calendar).delete()
    BusyTime.objects.bulk_create(
        BusyTime(
            interviewer_id=calendar.interviewer_id,
            calendar=calendar,
            starts_at=i.starts_at,
            ends_at=i.ends_at,
        )
        for i in found.intervals
    )
    calendar.tried_at = at
    if found.is_whole:  # what was read in part is kept, but the rest of the time is not known to be free
        calendar.read_at = at
    calendar.trouble = " ".join(found.unreadable)
    calendar.save(update_fields=["read_at", "tried_at", "trouble"])


def refresh_due(*, by: User, at: dt.datetime) -> int:
    """Read every calendar whose turn it is, longest waiting first; returns how many could be read."""
    due = Calendar.objects.exclude(kind=Kind.UPLOAD).filter(
        Q(tried_at=None) | Q(tried_at__lte=at - EVERY), interviewer__is_active=True
    )
    rows = due.select_related("interviewer__user").order_by(F("tried_at").asc(nulls_first=True))[:200]
    return sum(refresh(calendar, by=by, at=at) for calendar in rows)


def refresh_for(users: Iterable[object], *, by: User, at: dt.datetime) -> None:
    """Read these people's calendars once more before something is booked, unless that was just done."""
    rows = Calendar.objects.exclude(kind=Kind.UPLOAD).filter(interviewer__user__in=list(users))
    for calendar in rows.exclude(tried_at__gt=at - FRESH).select_related("interviewer__user"):
        refresh(calendar, by=by, at=at)


def unknown(at: dt.datetime) -> Exists:
    """For a query of interviewers: whether a calendar of theirs could not be read lately."""
    return Exists(Calendar.objects.unknown(at).filter(interviewer=OuterRef("pk")))


def _reader(calendar: Calendar, ours: frozenset[str]) -> adapters.CalendarReader:
    allow = settings.CALENDAR_HOSTS
    if calendar.kind == Kind.CALDAV:
        return CalDav(calendar.address, calendar.username, calendar.secret, allow=allow, ours=ours)
    if calendar.kind == Kind.FEED:
        return IcsFeed(calendar.address, allow=allow, ours=ours)
    names = [name.strip() for name in calendar.address.split(",")]
    if calendar.kind == Kind.GOOGLE:
        return GoogleCalendar(
            names,
            access_token="",
            refresh=lambda: _access(calendar, "GOOGLE"),
            api=settings.GOOGLE_API,
            allow=allow,
        )
    return GraphCalendar(
        names,
        access_token="",
        refresh=lambda: _access(calendar, "MICROSOFT"),
        api=settings.MICROSOFT_API,
        allow=allow,
    )


def _access(calendar: Calendar, service: str) -> str:
    """A fresh access token; a new refresh token is kept in the old one's place."""
    tokens = oauth.renewed(
        getattr(settings, f"{service}_TOKENS"),
        client_id=getattr(settings, f"{service}_CLIENT_ID"),
        client_secret=getattr(settings, f"{service}_CLIENT_SECRET"),
        refresh_token=calendar.secret,
        scope=GRAPH_SCOPE if service == "MICROSOFT" else "",
        allow=settings.CALENDAR_HOSTS,
    )
    if tokens.refresh_token and tokens.refresh_token != calendar.secret:
        calendar.secret = tokens.refresh_token
        calendar.save(update_fields=["secret"])
    return tokens.access_token


# --- feeds out ----------------------------------------------------------------------------------------------------


@transaction.atomic
def open_feed(user: User, *, busy_only: bool, by: User, at: dt.datetime, loop: Loop | None = None) -> str:
    """Make a private address for a person's interviews, or for all of one loop, and return its secret part.

    It is shown this once. Feeds made before stay until they are revoked. Refuses for anybody but the person, and a loop
    that they do not run.
    """
    if by.pk != user.pk:
        raise Refused(
            "Everybody makes their own feed: its address is as good as a password.", code="not_theirs"
        )
    if loop is not None and not runs(user, loop):
        raise NotAllowed(
            "Only those who schedule the loop, its recruiter and its hiring manager subscribe to all of it."
        )
    token = secrets.token_urlsafe(24)
    feed = FeedToken.objects.create(
        user=user, loop=loop, digest=_digest(token), busy_only=busy_only, created_at=at
    )
    data = {"busy_only": busy_only, **({"loop": loop.pk} if loop else {})}
    events.record("feed.opened", feed, by=by, at=at, data=data)
    return token


def runs(user: User, loop: Loop) -> bool:
    """Whether all of a loop is somebody's business: they see it, and schedule loops or run the opening."""
    team = TeamMember.objects.filter(opening=loop.application.opening_id, user=user).exclude(
        part=TeamMember.Part.PANEL
    )
    is_theirs = roles.allows(user, roles.May.SCHEDULE_LOOPS) or team.exists()
    return is_theirs and Loop.objects.visible_to(user).filter(pk=loop.pk).exists()


@transaction.atomic
def close_feed(feed: FeedToken, *, by: User, at: dt.datetime) -> None:
    """End a feed at once. Refuses for anybody but its owner and those who manage accounts."""
    if by.pk != feed.user_id:
        roles.require(by, roles.May.MANAGE_ACCOUNTS)
    if FeedToken.objects.filter(pk=feed.pk, revoked_at=None).update(revoked_at=at):
        events.record("feed.closed", feed, by=by, at=at)


def address_of(token: str) -> str:
    """Where a feed is subscribed to."""
    return f"{settings.BASE_URL}{reverse('interviews:feed', args=[token])}"


def feed_of(token: str) -> FeedToken | None:
    """The feed this address names; None for a wrong and a revoked one, and a loop its owner does not run any more."""
    live = FeedToken.objects.filter(digest=_digest(token), revoked_at=None, user__is_active=True)
    feed = live.select_related("user", "loop__application").first()
    return feed if feed and (feed.loop is None or runs(feed.user, feed.loop)) else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _require(person: Interviewer, by: User) -> None:
    if person.user_id != by.pk:
        roles.require(by, roles.May.MANAGE_INTERVIEWERS)
