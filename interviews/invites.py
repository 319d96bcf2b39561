"""What people are told about their interviews: by mail, with the calendar event in it.

`announce` compares an interview with what its audiences were last told and writes what each person has to hear: an
invitation, an update, or that they need not come. It may be called as often as one likes; no news writes nothing.
"""

import datetime as dt
import email.utils
import uuid
import zoneinfo
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from hiring import playbooks
from hiring.blueprint import Block
from interviews import answers, entries, selfservice
from interviews.calendars import itip
from interviews.models import Calendar, FeedToken, Interview, Invitation, Loop, Proposal, Seat
from outbox import deliveries

PANEL, CANDIDATE = Invitation.Audience.PANEL, Invitation.Audience.CANDIDATE
_TIMES = ("stamped_at", "starts_at", "ends_at")


def announce(interview: Interview, *, by: User, at: dt.datetime) -> None:
    """Bring everybody's calendar in line with this interview as it stands."""
    interview.refresh_from_db()
    seats = list(interview.seats.live().select_related("user").order_by("key"))
    block = playbooks.of(interview.loop.edition).block(interview.block)
    _tell(
        interview, PANEL, _for_panel(interview, block, seats), {s.user.email: s for s in seats}, by=by, at=at
    )
    _tell(interview, CANDIDATE, _for_candidate(interview, block, seats), {}, by=by, at=at)


def _tell(
    interview: Interview,
    audience: Invitation.Audience,
    told: dict[str, Any],
    seats: dict[str, Seat],
    *,
    by: User,
    at: dt.datetime,
) -> None:
    """Write the letters that lead this audience from what it knows to `told`, and remember what it knows then."""
    invitation = Invitation.objects.select_for_update().filter(interview=interview, audience=audience).first()
    over = interview.status == Interview.Status.CANCELLED
    if invitation is None and (over or not told["attendees"]):
        return
    uid = invitation.uid if invitation else str(uuid.uuid4())
    new = itip.Meeting(
        uid=uid,
        sequence=0,
        stamped_at=at,
        starts_at=interview.starts_at,
        ends_at=interview.ends_at,
        organizer=_organizer(),
        status="CANCELLED" if over else "CONFIRMED",
        **told,
    )
    old = _from_data(invitation.sent) if invitation else None
    if old is not None:
        if old.status == "CANCELLED":
            return
        new = itip.revise(old, new, at=at)
    letters = itip.letters(old, new)
    if old is not None and not letters:
        return
    invitation = invitation or Invitation(interview=interview, audience=audience, uid=uid, created_at=at)
    invitation.sequence, invitation.stamped_at, invitation.sent = new.sequence, new.stamped_at, _as_data(new)
    invitation.save()
    for letter in letters:
        subject, text = _words(
            interview, audience, new, letter.method, seats.get(letter.to), first=old is None
        )
        deliveries.mail(
            to=letter.to,
            subject=subject,
            text=text,
            calendar=letter.calendar,
            key=f"{uid}:{new.sequence}:{new.stamped_at:%Y%m%dT%H%M%S}:{letter.method}:{letter.to}",
            thread=f"{uid}:{letter.to}",
            about=interview,
            by=by,
            at=at,
        )
        if audience == PANEL:
            entries.write(invitation, letter, subject=subject, by=by, at=at)


def write_into(calendar: Calendar, *, by: User, at: dt.datetime) -> None:
    """Put the interviews somebody is booked for already into a calendar that they have just connected."""
    person = calendar.interviewer.user
    ahead = Interview.objects.filter(
        seats__user=person, seats__held=True, status=Interview.Status.SCHEDULED, ends_at__gt=at
    )
    told = Invitation.objects.select_for_update(of=("self",)).filter(interview__in=ahead, audience=PANEL)
    for invitation in told.select_related("interview__loop__edition"):
        meeting = _from_data(invitation.sent)
        letter = itip.Letter(person.email, "REQUEST", itip.request(meeting))
        entries.write(invitation, letter, subject=meeting.summary, only=calendar, by=by, at=at)


def _for_panel(interview: Interview, block: Block, seats: list[Seat]) -> dict[str, Any]:
    candidate = interview.loop.application.candidate
    roles = "\n".join(f"{seat.user.name}: {seat.get_role_display().lower()}" for seat in seats)
    return {
        "zone": interview.loop.application.opening.zone,
        "summary": f"{block.title}: {candidate.name}",
        "description": f"{roles}\n\nKit and scorecard: {_url('interviews:at', interview.pk)}",
        "location": interview.meeting_url,
        "url": _url("interviews:at", interview.pk),
        "attendees": tuple(
            itip.Attendee(
                itip.Mailbox(seat.user.name, seat.user.email),
                role="REQ" if seat.counts else "OPT",
                partstat="ACCEPTED" if seat.response == Seat.Response.ACCEPTED else "NEEDS-ACTION",
            )
            for seat in seats
        ),
    }


def _for_candidate(interview: Interview, block: Block, seats: list[Seat]) -> dict[str, Any]:
    """First names and titles of the people they meet, and how to prepare. Nothing that is written for the panel."""
    loop = interview.loop
    candidate = loop.application.candidate
    return {
        "zone": candidate.zone,
        "summary": f"Interview: {block.title}",
        "description": f"You meet {_names(seats)}.\n\n{block.preparation}",
        "location": interview.meeting_url,
        "url": "",
        "attendees": (itip.Attendee(itip.Mailbox(candidate.name, candidate.email)),)
        if candidate.email
        else (),
    }


def _names(seats: list[Seat]) -> str:
    """“Ada (Engineer) and Bo”, without the trainees who only watch being named as hosts last."""
    names = [
        f"{seat.user.get_short_name()} ({seat.user.title})" if seat.user.title else seat.user.get_short_name()
        for seat in sorted(seats, key=lambda seat: (not seat.counts, seat.key))
    ]
    return (
        " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names) or "the team"
    )


def _words(
    interview: Interview,
    audience: Invitation.Audience,
    meeting: itip.Meeting,
    method: str,
    seat: Seat | None,
    *,
    first: bool,
) -> tuple[str, str]:
    """Subject and text of the mail around a calendar letter."""
    block = playbooks.of(interview.loop.edition).block(interview.block)
    if method == "CANCEL":
        return (
            f"Cancelled: {block.title}",
            f"“{block.title}” ({span(meeting.starts_at, meeting.ends_at, meeting.zone)}) does not concern you any "
            "more. The time is yours again.\n",
        )
    if audience == CANDIDATE or seat is None:
        opener = "Your interview" if first else "Your interview has changed"
        where = f"\nJoin here: {interview.meeting_url}\n" if interview.meeting_url else ""
        return (
            f"{'' if first else 'Changed: '}Interview: {block.title}",
            f"{opener}: {block.title}\n{span(meeting.starts_at, meeting.ends_at, meeting.zone)}\n{where}\n"
            f"{meeting.description}\n",
        )
    candidate = interview.loop.application.candidate
    where = f"Join here: {interview.meeting_url}\n" if interview.meeting_url else ""
    return (
        f"{'Interview' if first else 'Changed'}: {block.title} with {candidate.name}",
        f"Hello {seat.user.get_short_name()},\n\n"
        f"you are the {seat.get_role_display().lower()} in “{block.title}” with {candidate.name},\n"
        f"{span(interview.starts_at, interview.ends_at, seat.user.zone)}.\n{where}\n"
        f"Accept, decline or ask for another time: {_url('interviews:answer', answers.token(seat))}\n"
        f"Kit and scorecard: {_url('interviews:kit', seat.pk)}\n",
    )


def feed(token: FeedToken, *, at: dt.datetime) -> bytes:
    """The interviews of a person or of a loop, of the last month and of all time to come, as an iCalendar feed."""
    interviews = Interview.objects.filter(ends_at__gt=at - dt.timedelta(days=31))
    if token.loop_id:
        interviews = interviews.filter(loop=token.loop_id)
    else:
        interviews = interviews.filter(seats__user=token.user_id, seats__held=True)
    told = Invitation.objects.filter(
        audience=PANEL, interview__in=interviews.exclude(status=Interview.Status.CANCELLED)
    )
    meetings = [_from_data(invitation.sent) for invitation in told]
    return itip.publish(meetings, name="Interviews", busy_only=token.busy_only)


def tell_candidate(loop: Loop, proposal: Proposal, *, by: User, at: dt.datetime) -> None:
    """Give the candidate the whole of their interviews at one glance; the single events come with their own mails."""
    candidate = loop.application.candidate
    plan = playbooks.of(loop.edition)
    parts = []
    interviews = loop.interviews.filter(status=Interview.Status.SCHEDULED).order_by("starts_at")
    for interview in interviews.prefetch_related("seats__user"):
        block = plan.block(interview.block)
        panel = _names([seat for seat in interview.seats.all() if seat.held])
        parts.append(
            f"{block.title}\n{span(interview.starts_at, interview.ends_at, candidate.zone)}\n"
            f"You meet {panel}.\n{block.preparation}\n"
        )
    deliveries.mail(
        to=candidate.email,
        subject=f"Your interviews: {loop.application.opening.title}",
        text=f"Hello {candidate.name},\n\nthese are your interviews.\n\n"
        + "\n".join(parts)
        + f"\nSee, move or cancel them: {selfservice.manage_url(loop, at=at)}\n",
        key=f"loop.confirmed:{proposal.pk}:{loop.pk}",
        thread=f"loop:{loop.pk}:overview",
        about=loop,
        by=by,
        at=at,
    )


def tell_candidate_cancelled(loop: Loop, *, by: User, at: dt.datetime) -> None:
    """Tell the candidate that nothing will take place."""
    candidate = loop.application.candidate
    deliveries.mail(
        to=candidate.email,
        subject=f"Cancelled: your interviews for {loop.application.opening.title}",
        text=f"Hello {candidate.name},\n\nyour interviews are cancelled. There is nothing you need to do.\n",
        key=f"loop.cancelled:{loop.pk}",
        thread=f"loop:{loop.pk}:overview",
        about=loop,
        by=by,
        at=at,
    )


def span(starts_at: dt.datetime, ends_at: dt.datetime, zone: str) -> str:
    """“Tuesday 3 March 2026, 10:00–11:15 (Europe/Berlin)”: a time as its reader lives it."""
    here = zoneinfo.ZoneInfo(zone)
    start, end = starts_at.astimezone(here), ends_at.astimezone(here)
    return f"{start:%A} {start.day} {start:%B %Y, %H:%M}–{end:%H:%M} ({zone})"


def _url(name: str, *args: Any) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=args)}"


def _organizer() -> itip.Mailbox:
    """The mailbox the mails come from: programs trust an update only from the organizer (RFC 6047)."""
    name, address = email.utils.parseaddr(settings.DEFAULT_FROM_EMAIL)
    return itip.Mailbox(name, address)


def _as_data(meeting: itip.Meeting) -> dict[str, Any]:
    data = {**vars(meeting), "organizer": [meeting.organizer.name, meeting.organizer.address]}
    data |= {name: data[name].isoformat() for name in _TIMES}
    data["attendees"] = [
        [a.mailbox.name, a.mailbox.address, a.role, a.partstat, a.rsvp] for a in meeting.attendees
    ]
    return data


def _from_data(data: dict[str, Any]) -> itip.Meeting:
    times = {name: dt.datetime.fromisoformat(data[name]) for name in _TIMES}
    attendees = tuple(
        itip.Attendee(itip.Mailbox(name, address), role, partstat, rsvp)
        for name, address, role, partstat, rsvp in data["attendees"]
    )
    return itip.Meeting(
        **{**data, **times, "organizer": itip.Mailbox(*data["organizer"]), "attendees": attendees}
    )
