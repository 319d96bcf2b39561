"""The second factor: setting it up, being asked for it, trusting a device, and roles that need one."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

from accounts.models import User
from journal.models import Event
from tests import stories

pytestmark = pytest.mark.django_db

WORDS = "four words nobody says"


@pytest.fixture
def user():
    return stories.person("interviewer", password=WORDS)


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def entered(user: User, client: Client | None = None):
    """Past the password."""
    client = client or Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": WORDS})
    return client, answer["Location"]


def with_app(user: User) -> tuple[Client, str]:
    """Their authenticator app is set up, in the browser they are logged in with."""
    client, _way = entered(user)
    client.post("/accounts/reauthenticate/", {"password": WORDS})
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    return client, secret


def is_in(client: Client) -> bool:
    return client.get("/interviews/").status_code == 200


def fresh(user: User) -> None:
    """Codes are good once: forget that this minute's was used."""
    from django.core.cache import cache

    cache.clear()


def test_an_app_is_asked_for_after_the_password(user):
    _client, secret = with_app(user)
    fresh(user)
    client, way = entered(user)
    assert way == "/accounts/2fa/authenticate/"
    assert not is_in(client)
    assert "Incorrect code" in client.post(way, {"code": "000000"}).content.decode()
    client.post(way, {"code": code(secret)})
    client.post("/accounts/2fa/trust/", {"action": "skip"})
    assert is_in(client)


def test_the_secret_and_the_codes_seed_are_not_readable_in_the_database(user):
    _client, secret = with_app(user)
    stored = {each.type: each.data for each in Authenticator.objects.filter(user=user)}
    assert stored["totp"]["secret"] != secret
    assert stored["totp"]["secret"].startswith("gAAAA")
    assert stored["recovery_codes"]["seed"].startswith("gAAAA")


def test_a_recovery_code_opens_once(user):
    client, _secret = with_app(user)
    html = client.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<li><code>(\d{8})</code></li>", html)
    assert len(codes) == 10
    new, way = entered(user)
    new.post(way, {"code": codes[0]})
    new.post("/accounts/2fa/trust/", {"action": "skip"})
    assert is_in(new)
    again, way = entered(user)
    again.post(way, {"code": codes[0]})
    assert not is_in(again)


def test_a_trusted_device_is_not_asked_again_until_the_password_changes(user):
    _client, secret = with_app(user)
    fresh(user)
    client, way = entered(user)
    client.post(way, {"code": code(secret)})
    client.post("/accounts/2fa/trust/", {"action": "trust"})
    client.post("/accounts/logout/")
    assert entered(user, client)[1] == "/"
    assert entered(user)[1] == "/accounts/2fa/authenticate/"
    client.post("/accounts/logout/")
    user.set_password(WORDS)
    user.save()
    assert entered(user, client)[1] == "/accounts/2fa/authenticate/"


@pytest.mark.django_db(transaction=True)
def test_setting_up_and_taking_away_are_in_the_journal(user):
    client, _secret = with_app(user)
    client.post("/accounts/2fa/totp/deactivate/")
    told = Event.objects.filter(subject_id=user.pk, verb__startswith="user.factor").order_by("id")
    assert [(each.verb, each.data, each.actor) for each in told] == [
        ("user.factor_added", {"kind": "app"}, user.pk),
        ("user.factor_removed", {"kind": "app"}, user.pk),
    ]


def test_guessing_codes_is_stopped_although_the_address_changes(user):
    with_app(user)
    fresh(user)
    client, way = entered(user)
    for n in range(5):
        client.post(way, {"code": "000000"}, REMOTE_ADDR=f"192.0.2.{n}")
    html = client.post(way, {"code": "000000"}, REMOTE_ADDR="198.51.100.1").content.decode()
    assert "Too many failed login attempts" in html


# --- roles that need one --------------------------------------------------------------------------------------------


@pytest.fixture
def needed(settings):
    settings.SECOND_FACTOR_ROLES = ["admin", "recruiter"]


@pytest.mark.parametrize("address", ["/", "/interviews/", "/admin/", "/interviews/search/", "/api/docs/"])
def test_a_recruiter_without_one_is_led_to_set_it_up_and_reaches_nothing_else(needed, address):
    client, _way = entered(stories.person("recruiter", password=WORDS))
    answer = client.get(address)
    if address.startswith("/api/"):
        assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_missing")
    else:
        assert answer["Location"] == "/accounts/2fa/"
    html = client.get("/accounts/2fa/").content.decode()
    assert "Your role needs a second factor besides the password." in html
    assert client.get("/account/").status_code == 200


def test_the_api_and_background_requests_are_told_in_words(needed):
    client, _way = entered(stories.person("recruiter", password=WORDS))
    for answer in (client.get("/api/v1/me"), client.get("/interviews/", headers={"HX-Request": "true"})):
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
        assert answer.json()["code"] == "second_factor_missing"


def test_with_one_the_recruiter_goes_on(needed):
    client, _secret = with_app(stories.person("recruiter", password=WORDS))
    assert is_in(client)
    assert client.get("/admin/").status_code == 200


def test_nobody_else_is_asked(needed, user):
    assert is_in(entered(user)[0])


def test_a_role_given_meanwhile_counts_at_once(needed, user):
    from accounts import users

    client, _way = entered(user)
    users.grant(user, "recruiter", by=users.system(), at=stories.NOW)
    assert not is_in(client)


def test_links_from_mails_work_for_people_who_are_not_logged_in(needed):
    assert Client().get("/livez").status_code == 200
    assert Client().get("/accounts/login/").status_code == 200
