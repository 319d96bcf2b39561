"""Interviews in people's own CalDAV calendars: put there, changed and taken out with each version they are told.

The entry is what the mail's invitation says, under the same UID, so a mail program that takes up the invitation meets it
rather than making a second one. A calendar that cannot be written into never holds up a mail: both are rows of their own.
"""

import datetime as dt

from django.conf import settings
from django.db import transaction

from accounts import users
from accounts.models import User
from interviews.calendars import itip, keeping
from interviews.calendars.adapters import CalendarUnreadable
from interviews.calendars.adapters.caldav import CalDav, Conflict
from interviews.models import Calendar, CalendarEntry, Invitation
from journal import events
from outbox import deliveries
from outbox.models import Delivery

PATIENCE = 10.0  # seconds for each exchange: the six that a conflict may take stay within the outbox's lease
TRIES = 2


def write(
    invitation: Invitation,
    letter: itip.Letter,
    *,
    subject: str,
    by: User,
    at: dt.datetime,
    only: Calendar | None = None,
) -> None:
    """Write this letter to an interviewer into their calendars, once the change is committed (part of the rule that tells).

    A cancellation is written only where the interview was. The versions of one entry are a thread: the newest counts.
    """
    calendars = Calendar.objects.filter(writes=True, interviewer__user__email=letter.to)
    for calendar in calendars.filter(pk=only.pk) if only else calendars:
        entry = CalendarEntry.objects.filter(calendar=calendar, invitation=invitation).first()
        if entry is None:
            if letter.method == "CANCEL":
                continue
            entry = CalendarEntry.objects.create(calendar=calendar, invitation=invitation, created_at=at)
        deliveries.write(
            Delivery.Channel.CALENDAR,
            letter.calendar,
            to=letter.to,
            subject=subject,
            key=f"{entry.pk}:{invitation.sequence}:{letter.method}:{at:%Y%m%dT%H%M%S.%f}",
            thread=str(entry.pk),
            about=invitation.interview,
            by=by,
            at=at,
        )


def carry(row: Delivery, at: dt.datetime) -> None:
    """Bring one version into the calendar. See Note [Their calendar] (calendars/keeping.py).

    What we wrote is replaced only as the version we know (ETag); when somebody changed it, the two are brought together.
    An entry that its owner took out stays out, unless the interview's time has changed since. A cancelled one goes,
    whatever was done to it. An entry whose calendar was disconnected meanwhile has nowhere to go, and that is all right.

    Raises Undeliverable when trying again is pointless. Why it failed is kept on the calendar for its owner.
    """
    found = CalendarEntry.objects.select_related("calendar", "invitation").filter(pk=row.thread)
    entry = found.first()
    if entry is None or not entry.calendar.writes:
        return
    calendar = entry.calendar
    server = CalDav(
        calendar.address, calendar.username, calendar.secret, allow=settings.CALENDAR_HOSTS, seconds=PATIENCE
    )
    letter = bytes(row.message)
    try:
        if keeping.is_cancel(letter):
            _take_out(entry, server)
        else:
            _put_in(entry, server, keeping.entry(letter))
    except CalendarUnreadable as no:
        _note(calendar, no.sentence, "calendar.became_unwritable", at=at)
        if no.may_pass:
            raise
        raise deliveries.Undeliverable(no.sentence) from no
    # Saved alone, for the calendar may have been disconnected meanwhile.
    found.update(etag=entry.etag, url=entry.url, wrote=entry.wrote, stands=entry.stands)
    _note(calendar, "", "calendar.writable_again", at=at)


def _put_in(entry: CalendarEntry, server: CalDav, ours: bytes) -> None:
    before = entry.wrote.encode()
    wanted = keeping.merged(ours, entry.stands.encode(), before=before)
    for _ in range(1 + TRIES):
        try:
            entry.etag = server.put(entry.invitation.uid, wanted, entry.etag or None, url=entry.url)
        except Conflict as changed:
            if changed.ics is None and before and keeping.same_times(before, ours):
                return
            if changed.ics is None:
                entry.etag, entry.url, wanted = "", "", ours
            else:
                entry.etag, entry.url = changed.etag or "", changed.url
                wanted = keeping.merged(ours, changed.ics, before=before)
        else:
            entry.wrote, entry.stands = ours.decode(), wanted.decode()
            return
    raise CalendarUnreadable("The calendar changes faster than it can be written into.", may_pass=True)


def _take_out(entry: CalendarEntry, server: CalDav) -> None:
    try:
        server.delete(entry.invitation.uid, entry.etag or None, url=entry.url)
    except Conflict as changed:
        server.delete(entry.invitation.uid, changed.etag, url=entry.url)
    entry.etag = entry.url = entry.wrote = entry.stands = ""


@transaction.atomic
def _note(calendar: Calendar, trouble: str, verb: str, *, at: dt.datetime) -> None:
    """Keep why writing failed, or that it works, and put the change from one to the other on record."""
    if bool(calendar.write_trouble) != bool(trouble):
        events.record(verb, calendar, by=users.system(), at=at, data={"interviewer": calendar.interviewer_id})
    Calendar.objects.filter(pk=calendar.pk).update(write_trouble=trouble)
