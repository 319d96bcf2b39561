"""How colleagues hear of what is theirs to do: each person's choice, asked here and nowhere else.

Invitations and whatever follows from them are always mailed at once. Everything that reminds goes through `tell`, which
mails it, keeps it for the morning digest, or leaves it, and holds mails back during the person's quiet hours.
"""

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import HeldNotice, Notifications, User
from journal import events
from journal.errors import NotAllowed, Refused
from outbox import deliveries
from outbox.models import Delivery

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

DIGEST_HOUR = 8  # of each working day, in the person's own zone
# So close to the interview a reminder goes at any hour, and is not kept for a digest.
URGENT = dt.timedelta(hours=2)


class Way(StrEnum):
    MAIL = "mail"
    DIGEST = "digest"
    NONE = "none"


WAYS = {Way.MAIL: _("By mail"), Way.DIGEST: _("In the morning digest"), Way.NONE: _("Not at all")}


@dataclass(frozen=True)
class Kind:
    """A kind of message and the ways there are for it; the first one holds until somebody chooses."""

    title: "StrOrPromise"
    ways: tuple[Way, ...]


KINDS: Mapping[str, Kind] = {
    "interview_reminder": Kind(_("Your interviews, the day before"), (Way.MAIL, Way.DIGEST, Way.NONE)),
    "card_reminder": Kind(_("Scorecards you owe"), (Way.MAIL, Way.DIGEST)),
    "card_missing": Kind(_("Scorecards others owe in your openings"), (Way.MAIL, Way.DIGEST)),
    "candidate_news": Kind(_("What candidates ask or answer"), (Way.MAIL, Way.DIGEST)),
    "waiting": Kind(_("The count of what waits in your openings"), (Way.DIGEST, Way.NONE)),
}


def of(user: User) -> Notifications:
    """What this person chose; where they chose nothing, what holds for everybody."""
    try:
        return user.notifications
    except Notifications.DoesNotExist:
        return Notifications(user=user)


def way(user: User, kind: str) -> Way:
    """How this person hears of this kind of thing."""
    ways = KINDS[kind].ways
    chosen = of(user).ways.get(kind)
    return Way(chosen) if chosen in ways else ways[0]


@transaction.atomic
def choose(
    user: User,
    *,
    ways: Mapping[str, str],
    quiet_from: dt.time | None,
    quiet_until: dt.time | None,
    by: User,
    at: dt.datetime,
) -> User:
    """Say how one wants to hear of things, and when not to be mailed (on one's own clock; past midnight is fine).

    Refuses for somebody else, an unknown kind or way, and quiet hours without both ends or of no length.
    """
    if by.pk != user.pk:
        raise NotAllowed("Everybody chooses for themselves. Ask them to.")
    for kind, wanted in ways.items():
        if kind not in KINDS:
            raise Refused(
                f"There is no kind “{kind}”. The kinds are: {', '.join(KINDS)}.", code="unknown_notice"
            )
        if wanted not in KINDS[kind].ways:
            raise Refused(
                f"“{KINDS[kind].title}” can come as: {', '.join(KINDS[kind].ways)}.",
                code="unknown_notice",
                details=[{"field": kind, "problem": "Choose one of the ways there are."}],
            )
    if (quiet_from is None) != (quiet_until is None) or (quiet_from and quiet_from == quiet_until):
        raise Refused(
            "Quiet hours need a beginning and an end, and the two differ. Leave both empty for none.",
            code="bad_hours",
            details=[{"field": "quiet_until", "problem": "Give both times, or neither."}],
        )
    row, _made = Notifications.objects.get_or_create(user=user, defaults={"created_at": at})
    row.ways = {**row.ways, **{kind: str(wanted) for kind, wanted in ways.items()}}
    row.quiet_from, row.quiet_until = quiet_from, quiet_until
    row.save(update_fields=["ways", "quiet_from", "quiet_until"])
    user.notifications = row
    events.record(
        "user.notifications_chosen",
        user,
        by=by,
        at=at,
        data={"ways": row.ways, "quiet": quiet_from is not None},
    )
    return user


@transaction.atomic
def tell(
    user: User,
    kind: str,
    *,
    subject: str,
    text: str,
    key: str,
    about: models.Model,
    by: events.Actor,
    at: dt.datetime,
    ahead_of: dt.datetime | None = None,
) -> bool:
    """Let a colleague know, in the way they chose; whether there was something to tell. The same key tells nothing twice.

    `ahead_of` is the moment it is about: whatever they chose (but “not at all”), it leaves two hours before that at the
    latest, and at once when it is nearer.
    """
    chosen = way(user, kind)
    if chosen is Way.NONE or Delivery.objects.filter(key=key).exists():
        return False
    latest = ahead_of - URGENT if ahead_of else None
    if chosen is Way.DIGEST and (latest is None or next_digest(user, at) <= latest):
        _row, made = HeldNotice.objects.get_or_create(
            key=key, defaults={"user": user, "subject": subject[:200], "text": text, "created_at": at}
        )
        return made
    if HeldNotice.objects.filter(key=key).exists():
        return False
    row = deliveries.mail(
        to=user.email,
        subject=subject,
        text=text,
        key=key,
        about=about,
        by=by,
        at=at,
        not_before=leaves_at(user, at, latest=latest),
    )
    return row.created_at == at


def leaves_at(user: User, at: dt.datetime, *, latest: dt.datetime | None = None) -> dt.datetime:
    """When a mail written now may leave: at the end of their quiet hours, but not after `latest`."""
    wish = of(user)
    end = quiet_end(wish.quiet_from, wish.quiet_until, zone=user.zone, at=at)
    if end is None or latest is None:
        return end or at
    return max(at, min(end, latest))


def quiet_end(
    quiet_from: dt.time | None, quiet_until: dt.time | None, *, zone: str, at: dt.datetime
) -> dt.datetime | None:
    """The end of the quiet hours that `at` lies in, by the clock on the wall; None outside of them.

    An end that the clock skips in spring comes with the skip; one that it shows twice in autumn is the next to come.
    """
    if quiet_from is None or quiet_until is None:
        return None
    here = zoneinfo.ZoneInfo(zone)
    local = at.astimezone(here)
    now = local.time()
    overnight = quiet_from > quiet_until
    is_quiet = (now >= quiet_from or now < quiet_until) if overnight else quiet_from <= now < quiet_until
    if not is_quiet:
        return None
    day = local.date() + dt.timedelta(days=int(now >= quiet_until))
    end = dt.datetime.combine(day, quiet_until, tzinfo=here).astimezone(dt.UTC)
    again = dt.datetime.combine(day, quiet_until, tzinfo=here).replace(fold=1).astimezone(dt.UTC)
    return end if end > at else again


def next_digest(user: User, at: dt.datetime) -> dt.datetime:
    """The next morning digest of this person: at eight on a working day."""
    here = zoneinfo.ZoneInfo(user.zone)
    day = at.astimezone(here).date()
    while True:
        morning = dt.datetime.combine(day, dt.time(DIGEST_HOUR), tzinfo=here)
        if morning > at and day.weekday() < 5:
            return morning.astimezone(dt.UTC)
        day += dt.timedelta(days=1)


def is_digest_time(user: User, at: dt.datetime) -> bool:
    """Whether this is the hour of their digest."""
    local = at.astimezone(zoneinfo.ZoneInfo(user.zone))
    return local.hour == DIGEST_HOUR and local.weekday() < 5


@transaction.atomic
def mail_digest(user: User, *, lines: list[str], link: str, by: events.Actor, at: dt.datetime) -> bool:
    """The morning digest: the counts they want, and what was kept for it. Once a day; nothing to say is not sent."""
    counts = lines if way(user, "waiting") is Way.DIGEST else []
    held = list(HeldNotice.objects.select_for_update().filter(user=user, told_at=None).order_by("created_at"))
    if not counts and not held:
        return False
    local = at.astimezone(zoneinfo.ZoneInfo(user.zone))
    parts = ["\n".join(counts), *(f"{row.subject}\n{'-' * len(row.subject)}\n{row.text}" for row in held)]
    row = deliveries.mail(
        to=user.email,
        subject="What waits for you today",
        text=f"Hello {user.get_short_name()},\n\n" + "\n\n".join(filter(None, parts)) + f"\n\n{link}\n",
        key=f"digest:{user.pk}:{local:%Y-%m-%d}",
        about=user,
        by=by,
        at=at,
        not_before=leaves_at(user, at),
    )
    if row.created_at != at:
        return False  # today's digest has been written; what came since is for the next one
    HeldNotice.objects.filter(pk__in=[notice.pk for notice in held]).update(told_at=at)
    return True
