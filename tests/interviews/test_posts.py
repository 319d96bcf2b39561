"""An opening's Slack channel: what it hears, how a post gets there, and what it never hears."""

import datetime as dt
import json
import re

import pytest
from django.db import connection

from hiring import openings
from hiring.models import SlackHook
from interviews import posts, schedules
from journal.errors import NotAllowed, Refused
from journal.models import Event
from outbox import deliveries
from outbox.models import Delivery
from tests import stories
from tests.fakes.loopback import Loopback, Reply
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db

PATH = "/services/T0/B0/verysecretpart"


@pytest.fixture
def slack(settings):
    with Loopback(lambda _asked: Reply(body=b"ok", kind="text/plain")) as chat:
        settings.CHAT_HOSTS = [chat.host]
        yield chat


def connect(opening, chat):
    return openings.set_slack(opening, address=chat.url + PATH, by=stories.recruiter(), at=NOW)


def written():
    return list(Delivery.objects.filter(channel="slack").order_by("created_at", "subject_line"))


def said():
    return [re.sub(r"Application [0-9A-F]{6}: ", "", row.subject_line) for row in written()]


def send(row, at=NOW):
    return deliveries.deliver(row.pk, at=at)


# --- the address ------------------------------------------------------------------------------------------------


def test_the_address_is_a_secret(slack):
    opening = stories.opening()
    connect(opening, slack)
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM hiring_slackhook")
        assert "verysecretpart" not in cursor.fetchone()[0]
    event = Event.objects.get(verb="opening.slack_set")
    assert event.data == {"host": "127.0.0.1"}
    openings.test_slack(opening, by=stories.recruiter(), at=NOW)
    row = written()[0]
    assert "verysecretpart" not in f"{row.recipient}{row.subject_line}{bytes(row.message)!r}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hooks.slack.com/services/T/B/x",
        "http://hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com",
        "https://user:secret@hooks.slack.com/services/x",
        "https://[broken/services",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_webhook_is_refused(address):
    opening = stories.opening()
    with pytest.raises(Refused) as no:
        openings.set_slack(opening, address=address, by=stories.recruiter(), at=NOW)
    assert no.value.code == "bad_hook"
    assert not SlackHook.objects.exists() and not Event.objects.filter(verb="opening.slack_set").exists()


def test_recruiters_and_administrators_connect_it(slack):
    opening = stories.opening()
    for role in ("coordinator", "auditor", "interviewer"):
        with pytest.raises(NotAllowed):
            openings.set_slack(opening, address=slack.url + PATH, by=stories.person(role), at=NOW)
    with pytest.raises(NotAllowed):
        openings.set_slack(opening, address=slack.url + PATH, by=stories.hiring_manager(opening), at=NOW)
    openings.set_slack(opening, address=slack.url + PATH, by=stories.person("admin"), at=NOW)
    openings.clear_slack(opening, by=stories.recruiter(), at=NOW)
    assert not SlackHook.objects.exists()
    with pytest.raises(Refused):
        openings.test_slack(opening, by=stories.recruiter(), at=NOW)


def test_an_address_inside_the_house_is_not_reached(slack, settings):
    """The address is checked again when the post leaves: a name may point elsewhere by then."""
    opening = stories.opening()
    connect(opening, slack)
    settings.CHAT_HOSTS = []
    openings.test_slack(opening, by=stories.recruiter(), at=NOW)
    assert send(written()[0]) is deliveries.Attempt.FAILED
    row = written()[0]
    assert (row.status, slack.asked) == ("parked", [])
    assert "verysecretpart" not in row.last_error


# --- on its way -------------------------------------------------------------------------------------------------


def test_a_test_message_arrives_as_blocks(slack):
    opening = stories.opening()
    connect(opening, slack)
    openings.test_slack(opening, by=stories.recruiter(), at=NOW)

    assert send(written()[0]) is deliveries.Attempt.SENT

    (asked,) = slack.asked
    post = json.loads(asked.body)
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", PATH, "application/json")
    assert post["blocks"][0]["text"]["text"].startswith(f"{opening}\n")
    assert post["blocks"][1]["elements"][0]["text"].endswith("|Open in Loopwright>")


def test_a_pause_the_chat_asks_for_is_kept(slack):
    opening = stories.opening()
    connect(opening, slack)
    openings.test_slack(opening, by=stories.recruiter(), at=NOW)
    slack.faults.append(Reply(status=429, headers={"Retry-After": "300"}))
    row = written()[0]

    assert send(row) is deliveries.Attempt.FAILED
    row.refresh_from_db()
    assert (row.status, row.due_at) == ("queued", NOW + dt.timedelta(seconds=300))
    assert send(row, at=later(seconds=299)) is deliveries.Attempt.NOT_OURS
    assert send(row, at=later(seconds=300)) is deliveries.Attempt.SENT


def test_a_chat_that_stays_away_parks_the_post_in_the_end(slack):
    opening = stories.opening()
    connect(opening, slack)
    openings.test_slack(opening, by=stories.recruiter(), at=NOW)
    slack.faults.extend([Reply(status=500)] * 8)
    row = written()[0]
    at = NOW
    for _ in range(deliveries.MAX_ATTEMPTS):
        assert send(row, at=at) is deliveries.Attempt.FAILED
        row.refresh_from_db()
        at = max(row.due_at, at)
    assert (row.status, row.attempts, len(slack.asked)) == ("parked", 8, 8)


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_webhook_that_is_gone_parks_the_post_at_once(slack, status):
    opening = stories.opening()
    connect(opening, slack)
    openings.test_slack(opening, by=stories.recruiter(), at=NOW)
    slack.faults.append(Reply(status=status))
    send(written()[0])
    assert written()[0].status == "parked"


# --- what is said -----------------------------------------------------------------------------------------------


def test_a_hire_from_booking_to_decision_is_told_without_names_opinions_or_pay(slack):
    opening = stories.opening()
    connect(opening, slack)
    decided = stories.decided(opening)
    manager = stories.hiring_manager(opening)

    assert said() == [
        "4 interviews are booked.",
        "Every scorecard is in or waived. The debrief is open.",
        "A decision is recorded.",
    ]
    everything = b"".join(bytes(row.message) for row in written()).decode() + "".join(
        row.subject_line for row in written()
    )
    candidate = decided.loop.application.candidate
    for secret in (candidate.name, candidate.email, "On balance", "hire", "yes", "30,000", manager.name):
        assert secret not in everything, secret
    assert posts.reference(decided.loop.application) in everything


def test_a_decline_that_is_repaired(slack):
    opening = stories.opening()
    connect(opening, slack)
    loop = stories.confirmed_loop(opening)
    lead = next(seat for seat in stories.seats(loop) if seat.role == "lead")
    schedules.decline(lead, reason="Ill", by=lead.user, at=later(minutes=5))
    loop.refresh_from_db()
    plans = schedules.propose(loop, by=stories.recruiter(), at=later(minutes=6))
    schedules.confirm(plans[0], by=stories.recruiter(), at=later(minutes=7))

    told = said()
    assert told[:2] == ["4 interviews are booked.", "Somebody dropped out. A new plan is looked for."]
    assert re.fullmatch(r"The interviews are repaired: (every time stays|\d+ interviews? moved)\.", told[2])
    assert "Ill" not in "".join(told)


def test_a_loop_that_needs_a_person_is_told_once_however_often_it_is_looked_at(slack):
    opening = stories.opening()
    connect(opening, slack)
    loop = stories.begun_loop(opening, opens=9, closes=10)
    for minute in range(3):
        schedules.propose(loop, by=stories.recruiter(), at=later(minutes=minute))
    assert said() == ["No plan fits. Somebody has to look at it."]


def test_an_opening_without_a_channel_posts_nothing():
    stories.confirmed_loop()
    assert written() == []


def test_what_is_posted_is_no_markup():
    body = json.loads(posts.posts.compose("<!channel> R&D *x*", "a <b>", "https://x.test/a"))
    assert body["text"] == "&lt;!channel&gt; R&amp;D *x*: a &lt;b&gt;"
    assert body["blocks"][0]["text"]["type"] == "plain_text"
