"""Interviews in an interviewer's own calendar, on a real CalDAV server."""

import re
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import transaction

from accounts import users
from candidates.models import Candidate
from interviews import availability, invites, loops, schedules
from interviews.calendars.adapters.caldav import CalDav
from interviews.models import BusyTime, Calendar, CalendarEntry, Interview, Invitation
from journal.errors import Refused
from journal.models import Event
from outbox import deliveries
from outbox.models import Delivery
from tests import stories
from tests.fakes import radicale
from tests.fakes.loopback import Loopback, Reply
from tests.interviews.test_invites import repaired
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    pytest.importorskip("radicale")
    with radicale.running(tmp_path_factory.mktemp("radicale")) as running:
        yield running


class Desk:
    """A hiring manager, whose calendar gets their interviews, and a loop they sit in."""

    def __init__(self, server, name, **window):
        self.server = server
        self.url = server.calendar(f"work-{abs(hash(name))}")
        self.loop = stories.begun_loop(**window)
        self.manager = stories.hiring_manager(self.loop.application.opening)
        self.calendar = self.connect()
        availability.refresh(self.calendar, by=self.manager, at=NOW)

    def connect(self, at=NOW, secret=radicale.PASSWORD):
        return availability.connect(
            self.manager.interviewer, kind="caldav", label="Work", address=self.url, username=radicale.USER,
            secret=secret, writes=True, by=self.manager, at=at,
        )  # fmt: skip

    def book(self):
        plans = schedules.propose(self.loop, by=stories.recruiter(), at=NOW)
        schedules.confirm(plans[0], by=stories.recruiter(), at=NOW)
        carry(NOW)

    def move(self, days, at):
        self.loop.refresh_from_db()
        loops.offer_windows(self.loop, stories.windows(days), by=stories.recruiter(), at=at)
        loops.break_loop(self.loop, by=stories.recruiter(), at=at)
        repaired(self.loop, at)
        carry(at)

    @property
    def interview(self):
        return Interview.objects.get(seats__user=self.manager, seats__held=True, loop=self.loop)

    @property
    def at(self):
        """Where the interview lies."""
        uid = Invitation.objects.get(audience="panel", interview__seats__user=self.manager).uid
        return f"{self.url}{uid}.ics"

    def shown(self):
        """What the calendar shows: the event's text, or None when there is none."""
        answer = self.server.request("GET", self.at)
        return None if answer.status_code == 404 else re.sub(r"\r?\n[ \t]", "", answer.text)

    def edit(self, change):
        """What somebody does to the event in their own program."""
        text = self.server.request("GET", self.at).text.replace("\r\n ", "")
        changed = change(text)
        assert changed != text
        self.server.store(self.at, changed)


@pytest.fixture
def desk(server, request, settings):
    settings.CALENDAR_HOSTS = [server.host]
    return Desk(server, request.node.nodeid)


def carry(at):
    """The outbox's loop, for what goes into calendars."""
    for row in Delivery.objects.due(at).filter(channel="calendar").order_by("due_at"):
        deliveries.deliver(row.pk, at=at)


def rows():
    found = Delivery.objects.filter(channel="calendar").order_by("created_at", "turn")
    return list(found.values_list("status", flat=True))


def local_start(desk):
    zone = ZoneInfo(desk.loop.application.opening.zone)
    return f"{desk.interview.starts_at.astimezone(zone):%Y%m%dT%H%M%S}"


def test_an_interview_is_put_into_the_calendar_and_each_version_follows(desk):
    desk.book()
    first = desk.shown()
    assert "SEQUENCE:0" in first and local_start(desk) in first and "METHOD" not in first
    assert desk.loop.application.candidate.name in first
    desk.move([7], later(minutes=1))
    second = desk.shown()
    assert "SEQUENCE:1" in second and local_start(desk) in second
    assert first.split("DTSTART")[1][:40] != second.split("DTSTART")[1][:40]
    assert rows() == ["sent", "sent"]
    desk.loop.refresh_from_db()
    loops.cancel(desk.loop, by=stories.recruiter(), at=later(minutes=2))
    carry(later(minutes=2))
    assert desk.shown() is None
    assert rows() == ["sent", "sent", "sent"]


def test_what_its_owner_added_stays_and_what_is_ours_is_said_anew(desk):
    desk.book()

    def edit(text):
        alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Go\r\nTRIGGER:-PT30M\r\nEND:VALARM\r\n"
        text = re.sub(
            r"(\r?\nDESCRIPTION:[^\r\n]*)", r"\1\\n\\nMy note: ask about Kafka\\, too.", text, count=1
        )
        text = re.sub(r"SUMMARY:[^\r\n]*", "SUMMARY:My own title", text)
        return text.replace("END:VEVENT", f"CATEGORIES:Hiring\r\n{alarm}END:VEVENT")

    desk.edit(edit)
    desk.move([7], later(minutes=1))
    shown = desk.shown()
    assert "TRIGGER:-PT30M" in shown and "CATEGORIES:Hiring" in shown
    assert r"My note: ask about Kafka\, too." in shown and "Kit and scorecard" in shown
    assert "My own title" not in shown and "SEQUENCE:1" in shown and local_start(desk) in shown
    # The next version meets what we wrote ourselves, and the additions are still there.
    desk.move([8], later(minutes=2))
    shown = desk.shown()
    assert "TRIGGER:-PT30M" in shown and shown.count("My note") == 1 and local_start(desk) in shown
    assert rows() == ["sent", "sent", "sent"]


def test_what_its_owner_took_out_comes_back_only_with_another_time(desk):
    desk.book()
    desk.server.request("DELETE", desk.at).raise_for_status()
    Candidate.objects.update(name="Another Name")
    with transaction.atomic():
        invites.announce(desk.interview, by=users.system(), at=later(minutes=1))
    carry(later(minutes=1))
    assert rows() == ["sent", "sent"]
    assert desk.shown() is None
    desk.move([7], later(minutes=2))
    assert local_start(desk) in desk.shown()


def test_an_entry_that_a_mail_program_made_first_is_taken_over(desk):
    plans = schedules.propose(desk.loop, by=stories.recruiter(), at=NOW)
    schedules.confirm(plans[0], by=stories.recruiter(), at=NOW)
    row = Delivery.objects.get(channel="calendar")
    theirs = bytes(row.message).decode().replace("METHOD:REQUEST\r\n", "")
    elsewhere = f"{desk.url}from-the-mail.ics"
    desk.server.store(elsewhere, theirs.replace("END:VEVENT", "CATEGORIES:Mail\r\nEND:VEVENT"))
    carry(NOW)
    assert rows() == ["sent"]
    assert desk.shown() is None
    desk.move([7], later(minutes=1))
    text = desk.server.request("GET", elsewhere).text
    assert "CATEGORIES:Mail" in text and "SEQUENCE:1" in text
    desk.loop.refresh_from_db()
    loops.cancel(desk.loop, by=stories.recruiter(), at=later(minutes=2))
    carry(later(minutes=2))
    assert desk.server.request("GET", elsewhere).status_code == 404


def test_a_wrong_password_is_told_on_the_calendar_and_holds_up_no_mail(desk):
    desk.connect(secret="wrong")
    desk.calendar.refresh_from_db()
    Calendar.objects.update(read_at=NOW)
    desk.book()
    assert rows() == ["parked"]
    calendar = Calendar.objects.get()
    assert calendar.write_trouble == (
        "The calendar server no longer accepts our sign-in. Connect the calendar again."
    )
    assert deliveries.sweep(at=NOW) == Delivery.objects.filter(channel="mail").count()
    desk.connect(at=later(minutes=1))
    carry(later(minutes=1))
    assert local_start(desk) in desk.shown()
    assert rows() == ["parked", "sent"]
    assert Calendar.objects.get().write_trouble == ""
    told = Event.objects.filter(subject_id=calendar.pk).values_list("verb", flat=True)
    assert [verb for verb in told if "writ" in verb] == ["calendar.became_unwritable"]


def test_a_calendar_that_is_gone_parks_the_row_which_can_be_sent_again(desk):
    desk.server.request("DELETE", desk.url).raise_for_status()
    desk.book()
    assert rows() == ["parked"]
    row = Delivery.objects.get(channel="calendar")
    assert "has no such calendar" in row.last_error
    desk.server.calendar(desk.url.rstrip("/").rpartition("/")[2])
    deliveries.send_again(row, by=stories.recruiter(), at=later(minutes=1))
    carry(later(minutes=1))
    assert rows() == ["sent"]
    assert Calendar.objects.get().write_trouble == ""
    verbs = Event.objects.filter(subject_id=desk.calendar.pk).values_list("verb", flat=True)
    assert [verb for verb in verbs if "writ" in verb] == [
        "calendar.became_unwritable",
        "calendar.writable_again",
    ]


def test_a_server_that_is_away_is_tried_again(desk, settings):
    settings.CALENDAR_HOSTS = ["127.0.0.1:1"]
    calendar = Calendar.objects.get()
    calendar.address = "http://127.0.0.1:1/work/"
    calendar.save()
    desk.book()
    row = Delivery.objects.get(channel="calendar")
    assert (row.status, row.attempts, row.due_at) == ("queued", 1, NOW + deliveries.wait_after(1))


def test_what_is_booked_is_written_when_a_calendar_is_connected(server, settings, request):
    settings.CALENDAR_HOSTS = [server.host]
    desk = Desk(server, request.node.nodeid)
    availability.disconnect(desk.calendar, by=desk.manager, at=NOW)
    desk.book()
    assert rows() == []
    desk.connect()
    carry(NOW)
    assert local_start(desk) in desk.shown()
    availability.disconnect(Calendar.objects.get(), by=desk.manager, at=NOW)
    assert CalendarEntry.objects.count() == 0
    desk.move([7], later(minutes=1))
    assert "SEQUENCE:0" in desk.shown()


def test_our_own_entry_does_not_make_its_owner_busy(desk):
    desk.book()
    assert availability.refresh(desk.calendar, by=desk.manager, at=NOW)
    assert BusyTime.objects.count() == 0
    reader = CalDav(desk.url, radicale.USER, radicale.PASSWORD, allow=(desk.server.host,))
    assert reader.read(starts_at=NOW, ends_at=later(days=30), zone=ZoneInfo("UTC")).intervals


def test_only_caldav_is_written_into(desk):
    with pytest.raises(Refused, match="Only a CalDAV calendar"):
        availability.connect(
            desk.manager.interviewer, kind="feed", label="", address="https://x.test/a.ics", writes=True,
            by=desk.manager, at=NOW,
        )  # fmt: skip
    assert Calendar.objects.count() == 1


@pytest.mark.parametrize(("status", "state"), [(403, "parked"), (503, "queued")])
def test_a_calendar_that_may_only_be_read_says_so_and_a_busy_server_is_asked_again(desk, status, state):
    with Loopback(lambda _asked: Reply(status)) as refusing:
        settings.CALENDAR_HOSTS.append(refusing.host)
        desk.calendar.refresh_from_db()
        desk.calendar.address = f"{refusing.url}/work/"
        desk.calendar.save()
        desk.book()
    assert rows() == [state]
    assert [asked.method for asked in refusing.asked] == ["PUT"]
    said = Calendar.objects.get().write_trouble
    assert (
        said
        == {
            403: "The calendar server does not let us write into this calendar. Check its sharing, or let it only be read.",
            503: "The calendar server asks us to wait before the next try.",
        }[status]
    )
