import datetime as dt
import http.server
import threading
from contextlib import contextmanager

import pytest
from django.urls import reverse

from interviews import availability, schedules
from interviews.models import BusyTime, Calendar, FeedToken
from interviews.scheduling import Explanation
from journal.errors import NotAllowed, Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db

MEETING = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART:20260303T090000Z\r\nDTEND:20260303T170000Z\r\nSUMMARY:Secret project\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@contextmanager
def feed_server():
    """A calendar feed on loopback whose text and status a test can change."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(state["status"])
            self.send_header("Content-Type", "text/calendar")
            self.end_headers()
            self.wfile.write(state["body"].encode())

        def log_message(self, *_):
            pass

    state = {"status": 200, "body": MEETING}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state["url"] = f"http://127.0.0.1:{server.server_address[1]}/me.ics"
        state["host"] = f"127.0.0.1:{server.server_address[1]}"
        yield state
        server.shutdown()


@pytest.fixture
def person():
    return stories.interviewer(of=stories.edition())


def connect(person, feed, settings):
    settings.CALENDAR_HOSTS = [feed["host"]]
    return availability.connect(
        person, kind="feed", label="Work", address=feed["url"], by=person.user, at=NOW
    )


def test_a_feed_is_read_and_only_times_are_kept(person, settings):
    with feed_server() as feed:
        calendar = connect(person, feed, settings)
        assert availability.refresh(calendar, by=person.user, at=NOW)
    times = [(b.starts_at, b.ends_at) for b in BusyTime.objects.all()]
    day = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
    assert times == [(day.replace(hour=9), day.replace(hour=17))]
    calendar.refresh_from_db()
    assert (calendar.read_at, calendar.trouble) == (NOW, "")
    assert "Secret" not in str(list(Calendar.objects.values())) + str(list(Event.objects.values()))


def test_a_calendar_that_cannot_be_read_keeps_what_was_known_and_says_why(person, settings):
    with feed_server() as feed:
        calendar = connect(person, feed, settings)
        availability.refresh(calendar, by=person.user, at=NOW)
        feed["status"] = 500
        assert not availability.refresh(calendar, by=person.user, at=later(hours=1))
        calendar.refresh_from_db()
        assert (calendar.read_at, calendar.tried_at) == (NOW, later(hours=1))
        assert calendar.trouble
        assert BusyTime.objects.count() == 1
        feed["status"], feed["body"] = 200, MEETING.replace("0303T", "0304T")
        assert availability.refresh(calendar, by=person.user, at=later(hours=2))
    assert [b.starts_at.day for b in BusyTime.objects.all()] == [4]
    assert list(Event.objects.filter(subject_id=calendar.pk).values_list("verb", flat=True)) == [
        "calendar.connected", "calendar.became_unreadable", "calendar.readable_again",
    ]  # fmt: skip


def test_a_calendar_read_in_part_counts_but_its_owner_stays_unknown(person, settings):
    odd = MEETING.replace("DTSTART:20260303T090000Z", "DTSTART:when it suits").replace("UID:1", "UID:2")
    event = odd[odd.index("BEGIN:VEVENT") : odd.index("END:VCALENDAR")]
    with feed_server() as feed:
        feed["body"] = MEETING.replace("END:VCALENDAR", event + "END:VCALENDAR")
        calendar = connect(person, feed, settings)
        assert not availability.refresh(calendar, by=person.user, at=NOW)
    calendar.refresh_from_db()
    assert (calendar.read_at, BusyTime.objects.count()) == (None, 1)
    assert calendar.trouble


def test_an_address_inside_is_refused_unless_allowed(person, settings):
    with feed_server() as feed:
        calendar = connect(person, feed, settings)
        settings.CALENDAR_HOSTS = []
        assert not availability.refresh(calendar, by=person.user, at=NOW)
    calendar.refresh_from_db()
    assert calendar.read_at is None


def test_nobody_unknown_is_scheduled_and_the_explanation_says_so(settings):
    loop = stories.begun_loop()
    manager = stories.hiring_manager(loop.application.opening).interviewer
    with feed_server() as feed:
        calendar = connect(manager, feed, settings)
        feed["status"] = 500
        availability.refresh(calendar, by=manager.user, at=NOW)
        answer = schedules.propose(loop, by=stories.recruiter(), at=NOW)
        assert isinstance(answer, Explanation)
        assert answer.reasons[0].code == "calendar_unknown"
        assert answer.reasons[0].text == f"{manager}'s calendar could not be read at all yet."
        feed["status"] = 200
        availability.refresh(calendar, by=manager.user, at=NOW)
        plans = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    assert plans[0].plan["completes_on"] == "2026-03-04"  # busy all of the 3rd


def test_a_calendar_not_read_for_six_hours_is_unknown(person, settings):
    with feed_server() as feed:
        availability.refresh(connect(person, feed, settings), by=person.user, at=NOW)
    assert Calendar.objects.unknown(later(hours=5)).count() == 0
    assert Calendar.objects.unknown(later(hours=7)).count() == 1


def test_refresh_due_reads_each_calendar_every_quarter_of_an_hour(person, settings):
    with feed_server() as feed:
        connect(person, feed, settings)
        assert availability.refresh_due(by=person.user, at=NOW) == 1
        assert availability.refresh_due(by=person.user, at=later(minutes=10)) == 0
        assert availability.refresh_due(by=person.user, at=later(minutes=16)) == 1


def test_an_upload_is_taken_replaced_or_refused(person):
    calendar = availability.upload(person, data=MEETING.encode(), label="Mine", by=person.user, at=NOW)
    availability.upload(
        person, data=MEETING.replace("0303T", "0305T").encode(), label="Mine", by=person.user, at=NOW
    )
    assert [b.starts_at.day for b in BusyTime.objects.all()] == [5]
    with pytest.raises(Refused, match="was not taken"):
        availability.upload(person, data=b"<html>", label="Mine", by=person.user, at=NOW)
    assert BusyTime.objects.count() == 1
    assert Calendar.objects.unknown(later(days=30)).count() == 0
    availability.disconnect(calendar, by=person.user, at=NOW)
    assert (BusyTime.objects.count(), Calendar.objects.count()) == (0, 0)


def test_nobody_connects_for_somebody_else(person):
    with pytest.raises(NotAllowed):
        availability.upload(
            person, data=MEETING.encode(), label="x", by=stories.person("interviewer"), at=NOW
        )


def test_public_holidays_are_kept_free():
    pytest.importorskip("holidays")
    loop = stories.begun_loop(days=[2])  # the 4th of March
    manager = stories.hiring_manager(loop.application.opening).interviewer
    assert isinstance(schedules.propose(loop, by=stories.recruiter(), at=NOW), list)
    manager.country = "DE-BE"
    manager.save()
    assert isinstance(schedules.propose(loop, by=stories.recruiter(), at=NOW), list)
    # In Berlin the 8th of March is a holiday, and Good Friday is the 3rd of April in 2026.
    problem = schedules.problem_of(loop, at=NOW)
    person = next(p for p in problem.people if p.key == str(manager.user_id))
    assert dt.date(2026, 3, 8) in person.days_off
    assert dt.date(2026, 4, 3) in person.days_off


# --- feeds out ------------------------------------------------------------


def test_a_feed_shows_what_its_owner_chose_until_it_is_closed(client):
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    candidate = loop.application.candidate.name
    from interviews.models import Interview

    Interview.objects.filter(loop=loop).update(ends_at=stories.NOW.replace(year=2036))
    bare = availability.open_feed(seat.user, busy_only=True, by=seat.user, at=NOW)
    full = availability.open_feed(seat.user, busy_only=False, by=seat.user, at=NOW)
    answer = client.get(reverse("interviews:feed", args=[bare]))
    assert (answer.status_code, answer["Referrer-Policy"]) == (200, "no-referrer")
    assert b"METHOD:PUBLISH" in answer.content and candidate.encode() not in answer.content
    assert candidate.encode() in client.get(reverse("interviews:feed", args=[full])).content
    again = client.get(reverse("interviews:feed", args=[bare]), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert bare not in str(list(FeedToken.objects.values()))
    availability.close_feed(FeedToken.objects.get(busy_only=True), by=seat.user, at=NOW)
    assert client.get(reverse("interviews:feed", args=[bare])).status_code == 404
    assert client.get(reverse("interviews:feed", args=["wrong"])).status_code == 404
