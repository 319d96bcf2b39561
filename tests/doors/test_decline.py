"""One rule, five doors: an interviewer declines on the page, over REST, through the recruiter's admin, by an answer that the
worker finds in the mail folder, and by one that the mail gateway brings. The effect and the refusal are the same everywhere.
"""

import hashlib
import hmac
import time

import pytest
from django.test import Client
from django.urls import reverse

from config import tasks
from interviews.models import BusyTime, Interview, Seat
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.fakes.imap import imap_folder
from tests.interviews.test_invites import reply

pytestmark = pytest.mark.django_db


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def by_page(seat, settings):
    answer = logged_in(seat.user).post(
        reverse("interviews:decline", args=[seat.pk]), {"reason": "On a train."}
    )
    return answer.content.decode()


def by_api(seat, settings):
    answer = logged_in(seat.user).post(
        f"/api/v1/seats/{seat.pk}/decline", {"reason": "On a train."}, content_type="application/json"
    )
    return answer.content.decode()


def by_admin(seat, settings):
    url = reverse("admin:interviews_seat_act", args=[seat.pk, "decline"])
    answer = logged_in(stories.recruiter()).post(url, {"reason": "On a train."}, follow=True)
    return answer.content.decode()


def by_task(seat, settings):
    with imap_folder() as folder:
        settings.IMAP_URL = folder.url
        folder.put(reply(seat, "DECLINED"))
        tasks.run_job("read-answers")
        return "" if folder.flags[1] == {"\\Seen"} else "has begun"  # flagged: left for a person


def by_webhook(seat, settings):
    settings.INBOUND_MAIL_SECRET = "s3cret"
    body, at = reply(seat, "DECLINED"), str(int(time.time()))
    signature = hmac.new(b"s3cret", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    answer = Client().post(
        reverse("interviews:inbound-mail"),
        body,
        content_type="message/rfc822",
        headers={"Webhook-Timestamp": at, "Webhook-Signature": f"v1={signature}"},
    )
    return answer.content.decode()


DOORS = [by_page, by_api, by_admin, by_task, by_webhook]


@pytest.fixture
def seat():
    """A seat of an interview years ahead: the doors read the real clock."""
    loop = stories.confirmed_loop()
    for interview in Interview.objects.filter(loop=loop):
        interview.starts_at = interview.starts_at.replace(year=2036)
        interview.ends_at = interview.ends_at.replace(year=2036)
        interview.save()
    return stories.seats(loop)[0]


@pytest.mark.parametrize("door", DOORS)
def test_the_effect_is_the_same_through_every_door(door, seat, settings):
    door(seat, settings)
    declined = Seat.objects.select_related("interview__loop").get(pk=seat.pk)
    assert (declined.held, declined.response, declined.decline_reason) == (False, "declined", "On a train.")
    assert declined.interview.loop.status == "broken"
    assert BusyTime.objects.get().interviewer.user == seat.user
    verbs = Event.objects.filter(verb__in=["seat.declined", "loop.broken"]).values_list("verb", "actor")
    actor = stories.recruiter().pk if door is by_admin else seat.user_id
    assert sorted(verbs) == [("loop.broken", actor), ("seat.declined", actor)]


@pytest.mark.parametrize("door", DOORS)
def test_the_refusal_is_the_same_through_every_door(door, seat, settings):
    Interview.objects.filter(pk=seat.interview_id).update(starts_at=stories.NOW)
    seat.refresh_from_db()
    before = (Event.objects.count(), Delivery.objects.count(), BusyTime.objects.count())
    assert "has begun" in door(seat, settings)
    kept = Seat.objects.select_related("interview__loop").get(pk=seat.pk)
    assert (kept.held, kept.response, kept.interview.loop.status) == (True, "asked", "confirmed")
    assert (Event.objects.count(), Delivery.objects.count(), BusyTime.objects.count()) == before
