"""Calendars are right after any change: who is told what, in which version."""

import email
import email.policy
import hashlib
import hmac
import time

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from accounts import users
from candidates import applications
from interviews import answers, loops, replies, schedules
from interviews.models import Interview, Invitation, Loop, Seat
from journal.errors import Refused
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


def letters(to: str) -> list[Calendar]:
    """The calendar objects mailed to this address, oldest first."""
    found = []
    for row in Delivery.objects.filter(recipient=to).order_by("thread", "turn"):
        message = email.message_from_bytes(bytes(row.message), policy=email.policy.default)
        for part in message.walk():
            if part.get_content_type() == "text/calendar":
                calendar = Calendar.from_ical(part.get_content())
                assert part.get_param("method") == calendar["METHOD"]
                found.append(calendar)
    return found


def said(to: str) -> list[tuple[str, int]]:
    return [(str(c["METHOD"]), int(c.walk("VEVENT")[0].get("SEQUENCE", 0))) for c in letters(to)]


def repaired(loop: Loop, at=NOW) -> Loop:
    loop.refresh_from_db()
    plans = schedules.propose(loop, by=stories.recruiter(), at=at)
    assert isinstance(plans, list), plans
    return schedules.confirm(plans[0], by=stories.recruiter(), at=at)


def test_the_candidates_event_shares_no_uid_and_no_text_with_the_panels():
    loop = stories.confirmed_loop()
    uids = Invitation.objects.values_list("audience", "uid")
    assert len({uid for _a, uid in uids}) == 8
    mine = b"".join(c.to_ical() for c in letters(loop.application.candidate.email))
    assert b"Kit and scorecard" not in mine
    assert loop.application.candidate.name.encode() not in b"".join(
        c.walk("VEVENT")[0].get("SUMMARY").encode() for c in letters(loop.application.candidate.email)
    )
    for seat in stories.seats(loop):
        assert seat.user.email.encode() not in mine


def test_a_swap_cancels_for_who_leaves_and_invites_who_comes():
    loop = stories.confirmed_loop()
    seat = next(s for s in stories.seats(loop) if s.key == "lead")
    schedules.decline(seat, reason="", by=seat.user, at=NOW)
    repaired(loop, later(minutes=1))
    substitute = Seat.objects.live().get(interview=seat.interview, key="lead")
    assert said(seat.user.email) == [("REQUEST", 0), ("CANCEL", 1)]
    assert said(substitute.user.email) == [("REQUEST", 1)]


def test_the_uid_stays_when_an_interview_moves():
    loop = stories.confirmed_loop(days=[1, 2])
    interview = Interview.objects.filter(loop=loop).order_by("starts_at").last()
    before = {i.uid for i in interview.invitations.all()}
    loops.offer_windows(loop, stories.windows([2]), by=stories.recruiter(), at=NOW)
    loops.break_loop(loop, by=stories.recruiter(), at=NOW)
    repaired(loop, later(minutes=1))
    interview.refresh_from_db()
    assert interview.starts_at.date() == stories.later(days=2).date()
    assert {i.uid for i in interview.invitations.all()} == before
    assert {i.sequence for i in interview.invitations.all()} == {1}
    person = interview.seats.live().first().user.email
    starts = {str(c.walk("VEVENT")[0]["UID"]): c.walk("VEVENT")[0]["DTSTART"].dt for c in letters(person)}
    assert interview.starts_at in starts.values()


def test_a_cancelled_loop_cancels_everything_once():
    loop = stories.confirmed_loop()
    seats = stories.seats(loop)
    applications.withdraw(loop.application, reason="role", by=stories.recruiter(), at=later(minutes=1))
    for seat in seats:
        assert said(seat.user.email) == [("REQUEST", 0), ("CANCEL", 1)]
    assert sorted(said(loop.application.candidate.email)) == 4 * [("CANCEL", 1)] + 4 * [("REQUEST", 0)]


def test_saying_it_again_says_nothing():
    from interviews import invites

    loop = stories.confirmed_loop()
    mails = Delivery.objects.count()
    for interview in loop.interviews.all():
        invites.announce(interview, by=users.system(), at=later(hours=1))
    seat = stories.seats(loop)[0]
    schedules.accept(seat, by=seat.user, at=NOW)
    invites.announce(seat.interview, by=users.system(), at=later(hours=2))
    assert Delivery.objects.count() == mails


# --- answers ------------------------------------------------------------------------------------------------------------


def reply(
    seat: Seat,
    partstat: str,
    *,
    sender: str = "",
    attendee: str = "",
    sequence: int = 0,
    audience: str = "panel",
) -> bytes:
    """A mail as a calendar program sends it when somebody presses a button."""
    uid = Invitation.objects.get(interview=seat.interview, audience=audience).uid
    who = attendee or seat.user.email
    calendar = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Some//Calendar//EN\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid}\r\nSEQUENCE:{sequence}\r\nDTSTAMP:20260302T100000Z\r\nORGANIZER:mailto:loopwright@localhost\r\n"
        f"ATTENDEE;PARTSTAT={partstat}:mailto:{who}\r\nCOMMENT:On a train.\r\n"
        "DTSTART:20260303T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    message = email.message.EmailMessage()
    message["From"] = f"Somebody <{sender or who}>"
    message["To"] = "loopwright@localhost"
    message["Subject"] = "Re: Interview"
    message.set_content("See the calendar.")
    message.add_alternative(calendar, subtype="calendar", params={"method": "REPLY"})
    return message.as_bytes()


def test_a_reply_by_mail_accepts_and_declines():
    loop = stories.confirmed_loop()
    one, two = stories.seats(loop)[:2]
    replies.take_mail(reply(one, "ACCEPTED"), at=NOW)
    replies.take_mail(reply(two, "DECLINED"), at=NOW)
    one.refresh_from_db()
    two.refresh_from_db()
    loop.refresh_from_db()
    assert (one.response, two.response, two.held, loop.status) == ("accepted", "declined", False, "broken")
    assert two.decline_reason == "On a train."


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": "attacker@example.test"}, "forged"),
        ({"sender": "attacker@example.test", "attendee": "attacker@example.test"}, "no_seat"),
    ],
)
def test_a_reply_by_somebody_else_changes_nothing(changes, code):
    seat = stories.seats(stories.confirmed_loop())[0]
    with pytest.raises(Refused) as refusal:
        replies.take_mail(reply(seat, "DECLINED", **changes), at=NOW)
    assert refusal.value.code == code
    seat.refresh_from_db()
    assert (seat.held, seat.response) == (True, "asked")


def test_an_answer_to_an_older_time_does_not_count():
    seat = stories.seats(stories.confirmed_loop())[0]
    Invitation.objects.filter(interview=seat.interview).update(sequence=2)
    with pytest.raises(Refused, match="earlier time"):
        replies.take_mail(reply(seat, "ACCEPTED", sequence=1), at=NOW)


def candidates_reply(seat: Seat, partstat: str, **changes) -> bytes:
    email_ = seat.interview.loop.application.candidate.email
    return reply(seat, partstat, audience="candidate", **{"attendee": email_, **changes})


def told_recruiter() -> list[str]:
    rows = Delivery.objects.filter(recipient=stories.recruiter().email).order_by("created_at")
    return list(rows.values_list("subject_line", flat=True))


def test_a_candidates_no_in_their_calendar_is_told_and_cancels_nothing():
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    before = told_recruiter()
    assert replies.take_mail(candidates_reply(seat, "DECLINED"), at=NOW) == "declined"
    replies.take_mail(candidates_reply(seat, "DECLINED"), at=later(minutes=1))
    name = loop.application.candidate.name
    assert told_recruiter() == [*before, f"Declined in their calendar: {name}"]
    row = Delivery.objects.get(subject_line__startswith="Declined in their")
    text = email.message_from_bytes(bytes(row.message), policy=email.policy.default).get_content()
    assert "Nothing is cancelled" in text and "On a train." in text
    loop.refresh_from_db()
    seat.interview.refresh_from_db()
    assert (loop.status, seat.interview.status) == ("confirmed", "scheduled")
    event = Event.objects.get(verb="interview.answered_by_candidate")
    assert (event.subject_id, event.data["answer"]) == (seat.interview_id, "declined")
    assert "train" not in str(event.data)


def test_a_candidates_yes_is_on_record_and_bothers_nobody():
    seat = stories.seats(stories.confirmed_loop())[0]
    before = told_recruiter()
    replies.take_mail(candidates_reply(seat, "ACCEPTED"), at=NOW)
    assert told_recruiter() == before
    assert Event.objects.get(verb="interview.answered_by_candidate").data["answer"] == "accepted"


def test_nobody_answers_for_the_candidate():
    seat = stories.seats(stories.confirmed_loop())[0]
    for changes in ({"attendee": "eve@example.test"}, {"attendee": seat.user.email}):
        with pytest.raises(Refused) as no:
            replies.take_mail(candidates_reply(seat, "DECLINED", **changes), at=NOW)
        assert no.value.code == "no_seat"
    candidate = seat.interview.loop.application.candidate
    with pytest.raises(Refused, match="does not sit"):
        replies.take_mail(reply(seat, "DECLINED", attendee=candidate.email), at=NOW)
    assert not Event.objects.filter(verb="interview.answered_by_candidate").exists()


def test_the_hook_takes_signed_fresh_mail_only(client, settings):
    seat = stories.seats(stories.confirmed_loop())[0]
    url, body = reverse("interviews:inbound-mail"), reply(seat, "ACCEPTED")

    def post(secret: str, at: int) -> int:
        signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Webhook-Timestamp": str(at), "Webhook-Signature": f"v1={signed}"}
        return client.post(url, body, content_type="message/rfc822", headers=headers).status_code

    now = int(time.time())
    assert post("s3cret", now) == 404
    settings.INBOUND_MAIL_SECRET = "s3cret"
    assert post("wrong", now) == 401
    assert post("s3cret", now - 600) == 401
    seat.refresh_from_db()
    assert seat.response == "asked"
    assert post("s3cret", now) == 200
    seat.refresh_from_db()
    assert seat.response == "accepted"


def test_a_link_in_a_mail_acts_only_when_a_button_is_pressed():
    seat = stories.seats(stories.confirmed_loop())[0]
    Interview.objects.filter(pk=seat.interview_id).update(
        starts_at=seat.interview.starts_at.replace(year=2036),
        ends_at=seat.interview.ends_at.replace(year=2036),
    )
    url = reverse("interviews:answer", args=[answers.token(seat)])
    # As a browser asks from a page that sends no Referer.
    client = Client(enforce_csrf_checks=True, headers={"Origin": "null"})
    page = client.get(url)
    assert (page.status_code, page["Referrer-Policy"]) == (200, "no-referrer")
    seat.refresh_from_db()
    assert seat.response == "asked"
    client.post(url, {"answer": "accept"})
    seat.refresh_from_db()
    assert seat.response == "accepted"
    client.post(url, {"answer": "suggest", "starts_at": "2036-03-04T10:00"})
    seat.refresh_from_db()
    assert seat.suggests_from.isoformat() == "2036-03-04T10:00:00+00:00"
    client.post(url, {"answer": "decline", "reason": "Ill"})
    seat.refresh_from_db()
    assert (seat.response, seat.held) == ("declined", False)
    assert client.get(url).status_code == 404
    assert client.get(url[:-3] + "abc/").status_code == 404
