"""“My calendars”, as an interviewer uses it."""

import datetime as dt
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviews import availability, interviewers
from interviews.models import BusyTime, Calendar, FeedToken, Interviewer
from journal.errors import NotAllowed, Refused
from journal.models import Event
from tests import stories
from tests.fakes import radicale
from tests.fakes.google import FakeGoogle
from tests.fakes.graph import FakeGraph
from tests.interviews.test_availability import MEETING, feed_server
from tests.stories import NOW

pytestmark = pytest.mark.django_db

PAGE = "/interviews/calendars/"


@pytest.fixture
def person():
    return stories.interviewer(of=stories.edition(), zone="Europe/Berlin")


@pytest.fixture
def me(person):
    return enter(person.user)


def enter(user) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def press(browser, act, **typed):
    return browser.post(PAGE, {"act": act, **typed}, follow=True)


def text(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_feed_is_connected_read_shown_and_disconnected(me, person, settings):
    with feed_server() as feed:
        settings.CALENDAR_HOSTS = [feed["host"]]
        answer = press(me, "connect", kind="feed", address=feed["url"])
        assert "was read" in text(answer)
        calendar = Calendar.objects.get()
        assert feed["url"] not in text(answer)
        feed["status"] = 500
        answer = press(me, "read", calendar=str(calendar.pk))
    assert "could not be read" in text(answer) and "has a fault of its own" in text(answer)
    answer = press(me, "disconnect", calendar=str(calendar.pk))
    assert "None yet" in text(answer) and Calendar.objects.count() == 0


def test_what_was_typed_stays_when_a_calendar_is_refused(me):
    answer = press(
        me, "connect", kind="caldav", address="ftp://x.test", username="grace", secret="correct-horse"
    )
    assert answer.status_code == 409
    assert 'value="ftp://x.test"' in text(answer) and 'value="grace"' in text(answer)
    assert "correct-horse" not in text(answer)
    assert Calendar.objects.count() == 0


def test_of_several_calendars_at_a_server_one_is_chosen(me, person, settings, tmp_path):
    with radicale.running(tmp_path) as server:
        settings.CALENDAR_HOSTS = [server.host]
        home, work = server.calendar("home", name="Home"), server.calendar("work", name="Work")
        how = {
            "kind": "caldav",
            "address": server.url,
            "username": radicale.USER,
            "secret": radicale.PASSWORD,
        }
        answer = press(me, "connect", **how, writes="1")
        assert home in text(answer) and work in text(answer) and Calendar.objects.count() == 0
        answer = press(me, "connect", **how, chosen=work, label="Work", writes="1")
    calendar = Calendar.objects.get()
    assert (calendar.address, calendar.writes, calendar.trouble) == (work, True, "")
    assert calendar.read_at is not None
    assert "your interviews are written into it" in text(answer)


def test_a_file_is_uploaded_or_refused(me):
    day = timezone.now() + dt.timedelta(days=3)
    body = MEETING.replace("20260303", f"{day:%Y%m%d}").encode()
    press(me, "upload", file=SimpleUploadedFile("me.ics", body))
    assert (Calendar.objects.get().label, BusyTime.objects.count()) == ("me.ics", 1)
    answer = press(me, "upload", file=SimpleUploadedFile("me.ics", b"<html>"))
    assert answer.status_code == 409 and "was not taken" in text(answer)
    assert BusyTime.objects.count() == 1


def test_hours_zone_and_holidays(me, person):
    pytest.importorskip("holidays")
    hours = {
        "on-0": "1",
        "opens-0-0": "09:00",
        "closes-0-0": "12:00",
        "opens-0-1": "13:00",
        "closes-0-1": "17:00",
    }
    press(me, "hours", **hours, **{"opens-1-0": "09:00", "closes-1-0": "12:00"})
    assert list(person.hours.order_by("opens").values_list("weekday", "opens")) == [
        (0, dt.time(9)),
        (0, dt.time(13)),
    ]
    answer = press(me, "hours", **{**hours, "closes-0-0": "08:00"})
    assert answer.status_code == 409 and 'value="08:00"' in text(answer)
    press(me, "place", zone="Asia/Kolkata", country="de-by")
    person.refresh_from_db()
    person.user.refresh_from_db()
    assert (person.country, person.user.zone) == ("DE-BY", "Asia/Kolkata")
    answer = press(me, "place", zone="Europe/Berlin", country="Atlantis")
    assert answer.status_code == 409
    person.user.refresh_from_db()
    assert person.user.zone == "Asia/Kolkata"


def test_a_time_is_blocked_in_ones_own_zone_and_taken_back(me, person):
    press(me, "block", starts_at="2036-07-01T09:00", ends_at="2036-07-01T12:00")
    row = BusyTime.objects.get()
    assert row.starts_at == dt.datetime(2036, 7, 1, 7, tzinfo=dt.UTC)
    answer = press(me, "block", starts_at="2036-07-01T09:00", ends_at="2036-07-01T08:00")
    assert answer.status_code == 409 and 'value="2036-07-01T08:00"' in text(answer)
    press(me, "unblock", time=row.pk)
    assert BusyTime.objects.count() == 0
    assert Event.objects.filter(verb="interviewer.time_unblocked").count() == 1


def test_a_calendars_time_is_not_taken_back_by_hand(person):
    availability.upload(person, data=MEETING.encode(), label="Mine", by=person.user, at=NOW)
    row = BusyTime.objects.get()
    with pytest.raises(Refused, match="changed there"):
        interviewers.unblock_time(
            person, starts_at=row.starts_at, ends_at=row.ends_at, by=person.user, at=NOW
        )
    assert BusyTime.objects.count() == 1


def test_a_feeds_address_is_shown_once(me, person):
    answer = press(me, "open_feed", shows="all")
    address = re.search(r'class="secret">([^<]+)<', text(answer))[1]
    assert Client().get(urlsplit(address).path).status_code == 200
    assert FeedToken.objects.get().busy_only is False
    assert address not in text(me.get(PAGE))
    assert answer["Cache-Control"].count("no-store") == 1
    press(me, "close_feed", feed=str(FeedToken.objects.get().pk))
    assert Client().get(urlsplit(address).path).status_code == 404


def test_nobody_reaches_what_is_somebody_elses(person):
    calendar = availability.upload(person, data=MEETING.encode(), label="Mine", by=person.user, at=NOW)
    availability.open_feed(person.user, busy_only=True, by=person.user, at=NOW)
    other = enter(stories.interviewer(of=stories.edition()).user)
    for act, typed in (
        ("read", {"calendar": calendar.pk}),
        ("disconnect", {"calendar": calendar.pk}),
        ("close_feed", {"feed": FeedToken.objects.get().pk}),
        ("unblock", {"time": BusyTime.objects.get().pk}),
        ("fly", {}),
    ):
        assert press(other, act, **typed).status_code == 404
    assert (Calendar.objects.count(), FeedToken.objects.filter(revoked_at=None).count()) == (1, 1)
    assert "Mine" not in text(other.get(PAGE))


def test_who_sits_on_no_panel_is_told_so_and_may_still_have_a_feed(db):
    me = enter(stories.recruiter())
    assert "You sit on no panel yet" in text(me.get(PAGE))
    assert press(me, "open_feed").status_code == 200
    assert press(me, "block", starts_at="2036-07-01T09:00", ends_at="2036-07-01T12:00").status_code == 409
    assert Interviewer.objects.count() == 0


def test_one_calendar_or_three_the_page_asks_as_often(me, person, django_assert_num_queries):
    for number in (1, 2):
        Calendar.objects.create(interviewer=person, kind="upload", label=f"{number}", created_at=NOW)
        availability.open_feed(person.user, busy_only=True, by=person.user, at=NOW)
    with django_assert_num_queries(8):
        me.get(PAGE)
    for number in (3, 4, 5):
        Calendar.objects.create(interviewer=person, kind="upload", label=f"{number}", created_at=NOW)
        availability.open_feed(person.user, busy_only=True, by=person.user, at=NOW)
    with django_assert_num_queries(8):
        me.get(PAGE)


# --- Google and Microsoft -----------------------------------------------------------------------------------------


@pytest.fixture
def google(settings):
    with FakeGoogle({"primary": [(timezone.now(), timezone.now() + dt.timedelta(hours=1))]}) as fake:
        settings.CALENDAR_HOSTS = [fake.host]
        settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = "client-id", "client-secret"
        settings.GOOGLE_API, settings.GOOGLE_TOKENS = fake.api, fake.token_url
        yield fake


START, BACK = reverse("interviews:consent", args=["google"]), reverse("interviews:consented", args=["google"])


def test_a_google_calendar_is_connected_by_its_owners_consent(me, google):
    sent_to = me.get(START)["Location"]
    asked = parse_qs(urlsplit(sent_to).query)
    assert sent_to.startswith("https://accounts.google.com/")
    assert asked["redirect_uri"] == [f"http://127.0.0.1:8000{BACK}"]
    answer = me.get(BACK, google.agree(sent_to), follow=True)
    assert "was read" in text(answer)
    calendar = Calendar.objects.get()
    assert (calendar.kind, calendar.address, calendar.secret) == ("google", "primary", "refresh-me")
    assert BusyTime.objects.count() == 1


def test_an_answer_is_good_once_and_for_the_browser_that_asked(me, google, person):
    sent_to = me.get(START)["Location"]
    came = google.agree(sent_to)
    other = stories.interviewer(of=stories.edition())
    stranger = enter(other.user)
    for bad in (stranger, enter(person.user)):
        answer = bad.get(BACK, came)
        assert answer.status_code == 409 and "does not belong to what you began" in text(answer)
    assert me.get(BACK, {**came, "state": "x"}).status_code == 409
    # That used up what the session kept: also the right answer comes too late now.
    assert me.get(BACK, came).status_code == 409
    assert Calendar.objects.count() == 0


def test_whoever_says_no_or_gives_no_lasting_access_has_connected_nothing(me, google):
    sent_to = me.get(START)["Location"]
    state = google.agree(sent_to)["state"]
    assert "because you did not agree" in text(me.get(BACK, {"error": "access_denied", "state": state}))
    came = google.agree(me.get(START)["Location"])
    assert "Connect it again" in text(me.get(BACK, {**came, "code": "made-up"}))
    google.lasting = False
    came = google.agree(me.get(START)["Location"])
    assert "for an hour only" in text(me.get(BACK, came))
    assert Calendar.objects.count() == 0


def test_a_service_that_is_not_set_up_says_so(me):
    answer = me.get(START)
    assert answer.status_code == 409 and "is not set up here" in text(answer)
    assert me.get("/interviews/calendars/feed/consent/").status_code == 404


def test_a_microsoft_calendar_is_asked_by_its_owners_mailbox(me, person, settings):
    with FakeGraph({person.user.email: []}) as fake:
        settings.CALENDAR_HOSTS = [fake.host]
        settings.MICROSOFT_CLIENT_ID, settings.MICROSOFT_CLIENT_SECRET = "id", "secret"
        settings.MICROSOFT_API, settings.MICROSOFT_TOKENS = fake.api, fake.token_url
        sent_to = me.get(reverse("interviews:consent", args=["graph"]))["Location"]
        state = parse_qs(urlsplit(sent_to).query)["state"][0]
        back = reverse("interviews:consented", args=["graph"])
        me.get(back, {"code": "good-code", "state": state})
    calendar = Calendar.objects.get()
    assert (calendar.address, calendar.trouble) == (person.user.email, "")
    assert calendar.secret == "the-next-refresh"


# --- feeds of loops -----------------------------------------------------------------------------------------------


def test_a_loops_feed_is_for_those_who_run_it(client):
    loop = stories.confirmed_loop()
    application = loop.application
    for user in (
        stories.recruiter(),
        stories.hiring_manager(application.opening),
        stories.person("coordinator"),
    ):
        token = availability.open_feed(user, loop=loop, busy_only=False, by=user, at=NOW)
        body = client.get(reverse("interviews:feed", args=[token])).content
        loop.interviews.update(ends_at=timezone.now() + dt.timedelta(days=1))
        body = client.get(reverse("interviews:feed", args=[token])).content
        assert body.count(b"BEGIN:VEVENT") == 4 and application.candidate.name.encode() in body
    sits = next(seat.user for seat in stories.seats(loop) if seat.role == "lead")
    for user in (sits, stories.hiring_manager(stories.opening()), stories.person("interviewer")):
        with pytest.raises(NotAllowed):
            availability.open_feed(user, loop=loop, busy_only=True, by=user, at=NOW)
    assert FeedToken.objects.count() == 3


def test_a_loops_feed_ends_when_its_owner_does_not_run_it_any_more(client):
    loop = stories.confirmed_loop()
    user = stories.person("coordinator")
    token = availability.open_feed(user, loop=loop, busy_only=True, by=user, at=NOW)
    address = reverse("interviews:feed", args=[token])
    answer = client.get(address)
    assert loop.application.candidate.name.encode() not in answer.content
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    user.grants.all().delete()
    assert client.get(address).status_code == 404
