"""“My account”: one's zone, where one is logged in, and logging out there."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import devices
from journal.models import Event
from tests import stories

pytestmark = pytest.mark.django_db

WORDS = "four words nobody says"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile Safari/604.1"


@pytest.fixture
def user():
    return stories.person("interviewer", password=WORDS, zone="Europe/Berlin")


def logged_in(user, browser=FIREFOX, ip="192.0.2.7") -> Client:
    client = Client(headers={"User-Agent": browser}, REMOTE_ADDR=ip)
    client.post("/accounts/login/", {"login": user.email, "password": WORDS})
    assert is_in(client)
    return client


def is_in(client) -> bool:
    return client.get("/account/").status_code == 200


def shown(client) -> str:
    return client.get("/account/").content.decode()


def press(client, act, **said):
    return client.post("/account/", {"act": act, **said}, follow=True)


def test_the_page_gathers_what_is_mine(user):
    html = shown(logged_in(user))
    for part in (user.name, user.email, "Interviewer", "Europe/Berlin", "Firefox · Windows", "192.0.2.7"):
        assert part in html
    for name in ("account_change_password", "mfa_add_webauthn", "mfa_activate_totp", "interviews:calendars"):
        assert f'href="{reverse(name)}"' in html


def test_who_sits_on_no_panel_reads_nothing_of_working_hours_and_limits():
    html = shown(logged_in(stories.person("auditor", password=WORDS)))
    assert "Working hours" not in html
    assert "My limits" not in html


def test_i_move_my_own_zone(user):
    client = logged_in(user)
    html = press(client, "zone", zone="America/New_York").content.decode()
    assert "Times are shown to you in this zone now." in html
    user.refresh_from_db()
    assert user.zone == "America/New_York"
    assert Event.objects.filter(verb="user.zone_changed", actor=user.pk).count() == 1


def test_a_zone_that_does_not_exist_is_refused_and_nothing_changes(user):
    answer = press(logged_in(user), "zone", zone="Mars/Olympus")
    assert answer.status_code == 409
    assert "“Mars/Olympus” is not a time zone." in answer.content.decode()
    user.refresh_from_db()
    assert user.zone == "Europe/Berlin"


def test_i_log_out_the_phone_i_lost(user):
    here, phone, other = logged_in(user), logged_in(user, PHONE), logged_in(user)
    (lost,) = [device for device in devices.of(user, at=stories.NOW) if "iPhone" in devices.name(device)]
    html = press(here, "log-out", device=lost.pk).content.decode()
    assert "That device is logged out." in html
    assert (is_in(here), is_in(phone), is_in(other)) == (True, False, True)
    assert "Safari · iPhone" not in shown(here)
    event = Event.objects.get(verb="user.devices_logged_out")
    assert (event.actor, event.subject_id, event.data) == (user.pk, user.pk, {"devices": 1})


def test_i_log_out_everywhere_but_here(user):
    here, *others = logged_in(user), logged_in(user, PHONE), logged_in(user)
    press(here, "log-out-others")
    assert [is_in(client) for client in (here, *others)] == [True, False, False]
    assert Event.objects.get(verb="user.devices_logged_out").data == {"devices": 2}


def test_nobody_logs_out_somebody_elses_device(user):
    victim = logged_in(user)
    (device,) = devices.of(user, at=stories.NOW)
    attacker = logged_in(stories.person("admin", password=WORDS))
    for wrong in (device.pk, "x", ""):
        assert press(attacker, "log-out", device=wrong).status_code == 404
    assert is_in(victim)
    assert "Firefox · Windows" in shown(attacker)
    assert shown(attacker).count("last used") == 1


def test_an_unknown_button_is_not_there(user):
    assert press(logged_in(user), "promote").status_code == 404


def test_a_new_password_logs_out_the_other_devices(user):
    here, phone = logged_in(user), logged_in(user, PHONE)
    new = {
        "oldpassword": WORDS,
        "password1": "five words nobody says now",
        "password2": "five words nobody says now",
    }
    here.post("/accounts/password/change/", new)
    assert (is_in(here), is_in(phone)) == (True, False)
    assert shown(here).count("last used") == 1
    assert Event.objects.get(verb="user.devices_logged_out").data == {"devices": 1}


def test_a_log_in_is_listed_from_its_last_use(user, monkeypatch):
    client = logged_in(user)
    client.get("/account/", headers={"User-Agent": PHONE})
    (device,) = devices.of(user, at=stories.NOW)
    assert devices.name(device) == "Firefox · Windows"  # noted within the hour already


def test_behind_a_proxy_the_address_is_the_visitors_own(user, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client = Client(headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.4"}, REMOTE_ADDR="10.0.0.1")
    client.post("/accounts/login/", {"login": user.email, "password": WORDS})
    assert devices.of(user, at=stories.NOW)[0].ip == "198.51.100.4"


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_one_device_and_for_three(user, count, django_assert_num_queries):
    clients = [logged_in(user) for _each in range(count)]
    with django_assert_num_queries(5):
        shown(clients[0])


@pytest.mark.parametrize(
    ("browser", "name"),
    [
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/141.0 Safari/537.36 Edg/141.0",
            "Edge · Mac",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/141.0 Mobile Safari/537.36", "Chrome · Android"),
        (PHONE, "Safari · iPhone"),
        ("curl/8", ""),
    ],
)
def test_a_device_is_called_what_its_owner_calls_it(browser, name):
    assert devices.name(devices.UserSession(user_agent=browser)) == name
