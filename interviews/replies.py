"""Answers that come back from calendars: METHOD:REPLY in a mail does what the buttons do."""

import datetime as dt
import email
import email.policy
import email.utils

from accounts.models import User
from interviews import schedules
from interviews.calendars import itip_mail
from interviews.calendars.itip_replies import NotAReply, Reply, read_reply
from interviews.models import Invitation, Seat
from journal.errors import Refused

LARGEST = 2 * 1024 * 1024


def take_mail(data: bytes, *, at: dt.datetime) -> Seat:
    """Do what an inbound mail answers: accept, decline, or ask for another time.

    The answer counts as the interviewer's own: their address sent it, and it names the event's unguessable UID. Refuses
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


def take(reply: Reply, *, sender: str, at: dt.datetime) -> Seat:
    """Do what one answer says. See `take_mail`."""
    # SECURITY: what the file says of itself proves nothing; the mail must come from the same address.
    if reply.attendee != sender:
        raise Refused("The answer is in somebody else's name than the mail. Read it by hand.", code="forged")
    invitation = Invitation.objects.filter(uid=reply.uid, audience=Invitation.Audience.PANEL).first()
    if invitation is None:
        raise Refused("This answers an event that is not one of ours.", code="unknown_event")
    seat = (
        Seat.objects.live()
        .filter(interview=invitation.interview_id, user__email=reply.attendee, user__is_active=True)
        .select_related("user", "interview__loop__application", "interview__loop__edition")
        .first()
    )
    if seat is None:
        raise Refused("Whoever answers does not sit in this interview any more.", code="no_seat")
    if reply.sequence < invitation.sequence:
        raise Refused(
            "This answers an earlier time of the interview. A newer invitation is on its way.",
            code="outdated",
        )
    by: User = seat.user
    if reply.proposes:
        return schedules.suggest(seat, starts_at=reply.proposes[0], ends_at=reply.proposes[1], by=by, at=at)
    if reply.partstat == "DECLINED":
        return schedules.decline(seat, reason=reply.comment, by=by, at=at)
    if reply.partstat == "ACCEPTED":
        return schedules.accept(seat, by=by, at=at)
    return seat
