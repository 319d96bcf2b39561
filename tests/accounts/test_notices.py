"""What people chose is asked in one place: the way, the quiet hours, the digest."""

import datetime as dt
import zoneinfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts import notices, users
from accounts.models import HeldNotice, User
from interviews import reminders
from interviews.models import Interview
from journal.errors import NotAllowed, Refused
from journal.models import Event
from outbox import deliveries
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db

NIGHT = {"quiet_from": dt.time(22), "quiet_until": dt.time(7)}
NONE = {"quiet_from": None, "quiet_until": None}


def choose(user, quiet=NONE, **ways):
    return notices.choose(user, ways=ways, **quiet, by=user, at=NOW)


def tell(user, kind="card_reminder", key="k", at=NOW, **rest):
    return notices.tell(
        user, kind, subject="A card", text="Please.", key=key, about=user, by=users.system(), at=at, **rest
    )


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# --- the way --------------------------------------------------------------------------------------------------


def test_until_somebody_chooses_things_are_mailed_at_once():
    person = stories.person("interviewer")
    assert tell(person) is True
    assert tell(person) is False
    row = Delivery.objects.get()
    assert (row.recipient, row.due_at) == (person.email, NOW)


def test_not_at_all_is_not_told_and_only_where_that_is_allowed():
    person = stories.person("interviewer")
    choose(person, interview_reminder="none")
    assert tell(person, "interview_reminder") is False
    with pytest.raises(Refused) as no:
        choose(person, card_reminder="none")
    assert no.value.code == "unknown_notice"
    assert notices.way(person, "card_reminder") is notices.Way.MAIL
    assert not Delivery.objects.exists() and not HeldNotice.objects.exists()


def test_what_is_kept_for_the_digest_comes_with_the_next_one_once():
    person = stories.person("interviewer", zone="America/New_York")
    choose(person, card_reminder="digest")
    assert tell(person) is True
    assert tell(person) is False
    assert not Delivery.objects.exists()

    told = [reminders.digest(by=users.system(), at=NOW.replace(hour=h)) for h in (12, 13, 14)]

    assert told == [0, 1, 0]  # eight in New York
    text = bytes(Delivery.objects.get().message).decode()
    assert "A card" in text and "Please." in text
    assert reminders.digest(by=users.system(), at=utc("2026-03-03T13:00")) == 0


def test_changing_one_s_mind_tells_nothing_twice():
    person = stories.person("interviewer")
    tell(person, key="a")
    choose(person, card_reminder="digest")
    assert tell(person, key="a") is False
    tell(person, key="b")
    choose(person, card_reminder="mail")
    assert tell(person, key="b") is False
    assert (Delivery.objects.count(), HeldNotice.objects.count()) == (1, 1)


def test_a_digest_that_comes_too_late_is_mailed_instead():
    person = stories.person("interviewer")
    choose(person, interview_reminder="digest")
    friday = utc("2026-03-06T15:00")
    tell(person, "interview_reminder", key="monday", at=friday, ahead_of=utc("2026-03-09T14:00"))
    tell(person, "interview_reminder", key="early", at=friday, ahead_of=utc("2026-03-09T09:30"))
    assert [row.key for row in HeldNotice.objects.all()] == ["monday"]
    assert [row.key for row in Delivery.objects.all()] == ["early"]


def test_everybody_chooses_for_themselves():
    person = stories.person("interviewer")
    with pytest.raises(NotAllowed):
        notices.choose(person, ways={}, **NONE, by=stories.person("admin"), at=NOW)
    with pytest.raises(Refused):
        choose(person, quiet={"quiet_from": dt.time(22), "quiet_until": None})
    with pytest.raises(Refused):
        choose(person, quiet={"quiet_from": dt.time(22), "quiet_until": dt.time(22)})
    with pytest.raises(Refused):
        choose(person, fax="mail")
    assert not Event.objects.filter(verb="user.notifications_chosen").exists()


# --- quiet hours ----------------------------------------------------------------------------------------------


def test_at_night_a_mail_waits_for_the_morning_and_is_not_lost():
    person = stories.person("interviewer", zone="Europe/Berlin")
    choose(person, quiet=NIGHT)
    night = utc("2026-03-02T22:30")  # 23:30 in Berlin
    tell(person, at=night)
    row = Delivery.objects.get()
    assert row.due_at == utc("2026-03-03T06:00")
    assert deliveries.deliver(row.pk, at=night) is deliveries.Attempt.NOT_OURS
    assert deliveries.deliver(row.pk, at=utc("2026-03-03T06:00")) is deliveries.Attempt.SENT


@pytest.mark.parametrize(
    ("ahead_of", "due"),
    [
        ("2026-03-03T00:15", "2026-03-02T22:30"),  # within two hours: at once
        ("2026-03-03T07:00", "2026-03-03T05:00"),  # before the morning: two hours ahead of it
        ("2026-03-03T15:00", "2026-03-03T06:00"),  # later: with the morning
    ],
)
def test_what_is_urgent_goes_all_the_same(ahead_of, due):
    person = stories.person("interviewer", zone="Europe/Berlin")
    choose(person, quiet=NIGHT)
    tell(person, "interview_reminder", at=utc("2026-03-02T22:30"), ahead_of=utc(ahead_of))
    assert Delivery.objects.get().due_at == utc(due)


@pytest.mark.parametrize(
    ("at", "quiet", "end"),
    [
        # In spring Berlin's clock skips 02:00 to 03:00: an end at 02:30 comes with the skip's other side.
        ("2026-03-28T23:30", (22, 0, 2, 30), "2026-03-29T01:30"),
        ("2026-03-28T23:30", (22, 0, 7, 0), "2026-03-29T05:00"),
        # In autumn it shows 02:30 twice: the next one to come.
        ("2026-10-24T22:30", (22, 0, 2, 30), "2026-10-25T00:30"),
        ("2026-10-25T01:10", (22, 0, 2, 30), "2026-10-25T01:30"),
        ("2026-10-24T22:30", (22, 0, 7, 0), "2026-10-25T06:00"),
        # By day.
        ("2026-06-01T10:30", (12, 0, 14, 0), "2026-06-01T12:00"),
        ("2026-06-01T12:00", (12, 0, 14, 0), None),
        ("2026-06-01T05:00", (22, 0, 7, 0), None),
    ],
)
def test_the_end_of_quiet_hours_is_on_the_wall_clock(at, quiet, end):
    begins, ends = dt.time(*quiet[:2]), dt.time(*quiet[2:])
    found = notices.quiet_end(begins, ends, zone="Europe/Berlin", at=utc(at))
    assert found == (utc(end) if end else None)


times = st.times(min_value=dt.time(0), max_value=dt.time(23, 59)).map(
    lambda t: t.replace(second=0, microsecond=0)
)


@given(
    times,
    times,
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1), timezones=st.just(dt.UTC)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_quiet_hours_end_within_a_day_and_never_in_the_past(begins, ends, at, zone):
    end = notices.quiet_end(begins, ends, zone=zone, at=at)
    if end is None or begins == ends:
        return
    assert at < end <= at + dt.timedelta(hours=25, minutes=30)
    wall = end.astimezone(zoneinfo.ZoneInfo(zone)).time()
    assert wall == ends or wall > ends  # later only where the clock skips the end


def test_reminders_keep_to_what_people_chose():
    loop = stories.confirmed_loop(days=[3])
    first = Interview.objects.filter(loop=loop).order_by("starts_at").first()
    seats = [s for s in stories.seats(loop) if s.interview_id == first.pk]
    choose(seats[0].user, interview_reminder="none")
    day_before = first.starts_at - dt.timedelta(hours=20)

    reminders.interviews(by=users.system(), at=day_before)

    told = set(
        Delivery.objects.filter(key__startswith="interview.reminder").values_list("recipient", flat=True)
    )
    assert seats[0].user.email not in told
    assert {s.user.email for s in seats[1:]} <= told


def test_invitations_are_mailed_whatever_they_chose_and_whatever_the_hour():
    loop = stories.begun_loop()
    for user in User.objects.filter(interviewer__isnull=False):
        choose(
            user, quiet={"quiet_from": dt.time(0), "quiet_until": dt.time(23, 59)}, interview_reminder="none"
        )
    from interviews import schedules

    plans = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    schedules.confirm(plans[0], by=stories.recruiter(), at=NOW)
    panel = {seat.user.email for seat in stories.seats(loop)}
    told = Delivery.objects.filter(subject_line__startswith="Interview: ", due_at=NOW)
    assert panel <= set(told.values_list("recipient", flat=True))


# --- the page and the API ---------------------------------------------------------------------------------------


@pytest.fixture
def page():
    person = stories.person("interviewer", zone="Europe/Berlin")
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return person, client


SAID = {
    "interview_reminder": "digest",
    "card_reminder": "mail",
    "card_missing": "mail",
    "candidate_news": "mail",
    "waiting": "digest",
    "quiet_from": "22:00",
    "quiet_until": "07:00",
}


def test_the_page_keeps_a_choice_and_shows_it_again(page):
    person, client = page
    answer = client.post("/accounts/notifications/", SAID, follow=True)
    assert "Your choice is kept." in answer.content.decode()
    person = User.objects.get(pk=person.pk)
    assert notices.way(person, "interview_reminder") is notices.Way.DIGEST
    assert 'value="22:00"' in answer.content.decode() and "Europe/Berlin" in answer.content.decode()


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(page):
    person, client = page
    answer = client.post("/accounts/notifications/", {**SAID, "quiet_until": ""})
    assert answer.status_code == 422
    assert "Quiet hours need a beginning and an end" in answer.content.decode()
    assert 'value="22:00"' in answer.content.decode()
    assert not hasattr(User.objects.get(pk=person.pk), "notifications")


def test_the_api_is_the_same_rule(page):
    person, client = page
    address = f"/api/v1/people/{person.pk}"
    assert client.get(address).json()["notifications"]["ways"]["waiting"] == "digest"
    body = {"ways": {"card_reminder": "digest"}, "quiet_from": "22:00", "quiet_until": "07:00"}
    answer = client.post(f"{address}/choose-notifications", body, content_type="application/json")
    assert answer.json()["notifications"] == {
        "ways": {**{k: v.ways[0].value for k, v in notices.KINDS.items()}, "card_reminder": "digest"},
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    }
