"""Answers that come back from calendars: METHOD:REPLY in a mail does what the buttons do."""

import datetime as dt
import email
import email.policy
import email.utils

from accounts.models import User
from interviews import schedules, selfservice
from interviews.calendars import itip_mail
from interviews.calendars.itip_replies import NotAReply, Reply, read_reply
from interviews.models import Interview, Invitation, Seat
from journal.errors import Refused

LARGEST = 2 * 1024 * 1024


def take_mail(data: bytes, *, at: dt.datetime) -> str:
    """Do what an inbound mail answers (accept, decline, or ask for another time), and say what the answer is now.

    The answer counts as the interviewer's or the candidate's own: their address sent it, and it names the event's
    unguessable UID. Refuses
    mails without an answer, answers to an event we did not make or to an older version of it, and whatever the rule
    itself refuses; each in a sentence for the person who then reads the mail.
    """
    if len(data) > LARGEST:
        raise Refused("This mail is too large to be an answer.", code="not_a_reply")
    message = email.message_from_bytes(data, policy=email.policy.default)
    sender = email.utils.parseaddr(str(message.get("From", "")))[1].lower()
    part = itip_mail.find_calendar_part(message)
    if part is None:
        raise Refused("This mail holds no calendar answer. Read it and answer by hand.", code="not_a_reply")
    try:
        reply = read_reply(part, sender=sender)
    except NotAReply as no:
        raise Refused(str(no), code="not_a_reply") from no
    return take(reply, sender=sender, at=at)


def take(reply: Reply, *, sender: str, at: dt.datetime) -> str:
    """Do what one answer says. See `take_mail`."""
    # SECURITY: what the file says of itself proves nothing; the mail must come from the same address.
    if reply.attendee != sender:
        raise Refused("The answer is in somebody else's name than the mail. Read it by hand.", code="forged")
    invitation = (
        Invitation.objects.filter(uid=reply.uid)
        .select_related("interview__loop__application__candidate", "interview__loop__application__opening")
        .first()
    )
    if invitation is None:
        raise Refused("This answers an event that is not one of ours.", code="unknown_event")
    if reply.sequence < invitation.sequence:
        raise Refused(
            "This answers an earlier time of the interview. A newer invitation is on its way.",
            code="outdated",
        )
    if invitation.audience == Invitation.Audience.CANDIDATE:
        return _take_candidates(invitation.interview, reply, at=at)
    return _take_panels(invitation, reply, at=at)


def _take_candidates(interview: Interview, reply: Reply, *, at: dt.datetime) -> str:
    if reply.attendee != interview.loop.application.candidate.email.lower():
        raise Refused("Whoever answers is not the candidate of this interview.", code="no_seat")
    selfservice.answer_in_calendar(
        interview,
        answer=reply.partstat,
        stamp=f"{reply.sequence}:{reply.stamped_at:%Y%m%dT%H%M%S}",
        note=reply.comment,
        instead=reply.proposes,
        at=at,
    )
    return reply.partstat.lower()


def _take_panels(invitation: Invitation, reply: Reply, *, at: dt.datetime) -> str:
    seat = (
        Seat.objects.live()
        .filter(interview=invitation.interview_id, user__email=reply.attendee, user__is_active=True)
        .select_related("user", "interview__loop__application", "interview__loop__edition")
        .first()
    )
    if seat is None:
        raise Refused("Whoever answers does not sit in this interview any more.", code="no_seat")
    by: User = seat.user
    if reply.proposes:
        seat = schedules.suggest(seat, starts_at=reply.proposes[0], ends_at=reply.proposes[1], by=by, at=at)
    elif reply.partstat == "DECLINED":
        seat = schedules.decline(seat, reason=reply.comment, by=by, at=at)
    elif reply.partstat == "ACCEPTED":
        seat = schedules.accept(seat, by=by, at=at)
    return seat.response
