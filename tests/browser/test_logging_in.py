"""Passkeys with Chromium's virtual authenticator, the account page, and every page on the way in."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from playwright.sync_api import expect

from tests import stories
from tests.browser.conftest import findings
from tests.fakes import oidc

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "four words nobody says"


@pytest.fixture
def here(site):
    """The site by its name (passkeys belong to a name, never to a bare address), with nobody's attempts counted."""
    cache.clear()
    assert "//localhost:" in site.url
    return site


def with_key(page, **more):
    """A key in the browser: it holds passkeys and knows whose finger lies on it."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
        **more,
    }
    return cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def log_in(page, user):
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill(WORDS)
    page.get_by_role("button", name="Log in", exact=True).click()


def add_passkey(page, name):
    page.get_by_label("Name, to know it by").fill(name)
    page.get_by_role("button", name="Go on").click()


def test_a_passkey_from_setting_up_to_taking_away(here):
    user = stories.person("recruiter", password=WORDS)
    page = here.open("/accounts/login/?next=/account/")
    assert findings(page) == []
    cdp, key = with_key(page)
    log_in(page, user)
    page.get_by_role("link", name="Add a passkey").click()
    assert findings(page) == []
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Confirm").click()
    assert findings(page) == []
    add_passkey(page, "Laptop")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert findings(page) == []
    (held,) = cdp.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
    assert held["isResidentCredential"]
    page.goto(f"{here.url}/account/")
    expect(page.get_by_text("Laptop")).to_be_visible()
    assert findings(page) == []

    here.context.clear_cookies()
    page.goto(f"{here.url}/accounts/login/?next=/account/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", name="My account")).to_be_visible()

    here.context.clear_cookies()
    page.goto(f"{here.url}/accounts/login/?next=/account/")
    log_in(page, user)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert findings(page) == []
    page.get_by_role("button", name="Use the passkey").click()
    expect(page.get_by_role("heading", name="Trust this device?")).to_be_visible()
    assert findings(page) == []
    page.get_by_role("button", name="Ask each time").click()

    page.goto(f"{here.url}/accounts/2fa/")
    assert findings(page) == []
    page.get_by_role("link", name="Rename Laptop").click()
    page.get_by_role("link", name="with your passkey").click()
    assert findings(page) == []
    page.get_by_role("button", name="Use the passkey").click()
    expect(page.get_by_role("heading", name="Rename the passkey")).to_be_visible()
    assert findings(page) == []
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove Work laptop").click()
    assert findings(page) == []
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    assert not Authenticator.objects.filter(user=user).exists()


def test_a_key_that_gives_nothing_is_told_as_such(here):
    page = here.open("/accounts/login/")
    with_key(page, isUserVerified=False)
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("No passkey came from your device.")).to_be_visible()
    assert findings(page) == []


def test_at_an_address_without_a_name_passkeys_are_told_to_be_impossible(site):
    site.url = site.url.replace("localhost", "127.0.0.1")
    page = site.open("/accounts/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("This browser knows no passkeys at this address.")).to_be_visible()


def test_whom_the_company_sends_lands_inside_under_the_strict_policy(here, settings):
    user = stories.person("interviewer")
    with oidc.Issuer() as issuer:
        issuer.person["email"] = user.email
        settings.BASE_URL, settings.OIDC_ISSUER = here.url, issuer.url
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = oidc.CLIENT, oidc.SECRET
        page = here.open("/accounts/login/?next=/account/")
        assert findings(page) == []
        page.get_by_role("link", name="Log in with your company account").click()
        expect(page.get_by_role("heading", name="My account")).to_be_visible()
        expect(page).to_have_url(re.compile(r"/account/$"))
        here.context.clear_cookies()
        issuer.person["email_verified"] = False
        page.goto(f"{here.url}/accounts/sso/")
        expect(page.get_by_role("alert")).to_contain_text("has not verified your e-mail address")
        assert findings(page) == []


def test_the_pages_of_a_role_that_needs_a_second_factor(here, settings):
    settings.SECOND_FACTOR_ROLES = ["recruiter"]
    page = here.open("/accounts/login/")
    log_in(page, stories.person("recruiter", password=WORDS))
    expect(page.get_by_text("Your role needs a second factor")).to_be_visible()
    assert findings(page) == []
    page.goto(f"{here.url}/account/")
    assert findings(page) == []
