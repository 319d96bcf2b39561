"""Single sign-on against a company's log-in on loopback: who gets in, and everything that does not open a door."""

import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core.cache import cache
from django.test import Client

from accounts import users
from accounts.models import User
from tests import stories
from tests.fakes import oidc
from tests.stories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def issuer(settings):
    cache.clear()
    with oidc.Issuer() as issuer:
        settings.OIDC_ISSUER = issuer.url
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = oidc.CLIENT, oidc.SECRET
        yield issuer


def sent_back(client: Client, begin: str = "/accounts/sso/") -> str:
    """The address with which the company's log-in sends the browser back."""
    away = client.get(begin)
    assert away.status_code == 302
    back = urlsplit(httpx.get(away["Location"]).headers["Location"])
    return f"{back.path}?{back.query}"


def is_in(client: Client) -> bool:
    return client.get("/interviews/").status_code == 200


def refused(client: Client, address: str, sentence: str) -> bool:
    answer = client.get(address)
    return answer.status_code == 403 and sentence in answer.content.decode() and not is_in(client)


def somebody(issuer: oidc.Issuer) -> User:
    user = stories.person("interviewer")
    issuer.person = {"email": user.email, "email_verified": True}
    return user


def test_a_colleague_logs_in_and_lands_where_they_wanted_to_go(issuer):
    user = somebody(issuer)
    client = Client()

    answer = client.get(sent_back(client, "/accounts/sso/?next=/account/"))

    assert answer["Location"] == "/account/"
    assert client.get("/account/").context["user"] == user
    asked = parse_qs(urlsplit(client.get("/accounts/sso/")["Location"]).query)
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/accounts/sso/back/"]
    assert asked["scope"] == ["openid email"]


def test_an_address_elsewhere_is_not_where_one_lands(issuer):
    somebody(issuer)
    client = Client()
    assert client.get(sent_back(client, "/accounts/sso/?next=https://evil.example/"))["Location"] == "/"


def test_the_address_is_compared_without_regard_to_case(issuer):
    user = somebody(issuer)
    issuer.person["email"] = user.email.upper()
    client = Client()
    client.get(sent_back(client))
    assert is_in(client)


def test_nobody_gets_an_account_by_coming(issuer):
    issuer.person = {"email": "stranger@example.com", "email_verified": True}
    before = User.objects.count()
    client = Client()
    assert refused(client, sent_back(client), "Nobody has an account here with stranger@example.com.")
    assert User.objects.count() == before


@pytest.mark.parametrize("verified", [False, "false", None, 0])
def test_an_unverified_address_opens_nothing(issuer, verified):
    somebody(issuer)
    issuer.person["email_verified"] = verified
    client = Client()
    assert refused(client, sent_back(client), "has not verified your e-mail address")


@pytest.mark.parametrize(("vouched", "opened"), [(False, False), (True, True)])
def test_a_directory_that_says_nothing_of_verification_is_believed_only_if_so_set(
    issuer, settings, vouched, opened
):
    somebody(issuer)
    del issuer.person["email_verified"]
    settings.OIDC_VOUCHES_FOR_EMAIL = vouched
    client = Client()
    client.get(sent_back(client))
    assert is_in(client) is opened


def test_who_has_left_stays_out(issuer):
    user = somebody(issuer)
    users.deactivate(user, by=users.system(), at=NOW)
    client = Client()
    assert client.get(sent_back(client))["Location"] == "/accounts/inactive/"
    assert not is_in(client)


def test_a_service_does_not_log_in(issuer):
    service = stories.person("service")
    issuer.person = {"email": service.email, "email_verified": True}
    client = Client()
    assert refused(client, sent_back(client), "Nobody has an account here")


def test_an_answer_to_another_browser_or_given_twice_opens_nothing(issuer):
    somebody(issuer)
    client = Client()
    answer = sent_back(client)
    assert refused(Client(), answer, "was not begun here")
    client.get("/accounts/sso/")  # begun anew: the answer is to the old question
    assert refused(client, answer, "was not begun here")
    other = Client()
    once = sent_back(other)
    other.get(once)
    other.post("/accounts/logout/")
    assert refused(other, once, "was not begun here")


@pytest.mark.parametrize(
    "says",
    [
        {"nonce": "of another log-in"},
        {"aud": "another-client"},
        {"aud": [oidc.CLIENT, "another"], "azp": "another"},
        {"iss": "https://elsewhere.example"},
        {"exp": int(time.time()) - 600},
        {"sub": None},
    ],
)
def test_a_word_that_is_not_for_us_and_now_opens_nothing(issuer, says):
    somebody(issuer)
    issuer.says = says
    client = Client()
    assert refused(client, sent_back(client), "did not answer as it should")


def test_a_forged_signature_opens_nothing(issuer):
    somebody(issuer)
    issuer.key = oidc.new_key()
    client = Client()
    assert refused(client, sent_back(client), "did not answer as it should")


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_a_signature_that_anybody_could_make_opens_nothing(issuer, algorithm):
    somebody(issuer)
    issuer.algorithm = algorithm
    client = Client()
    assert refused(client, sent_back(client), "did not answer as it should")


def test_a_stolen_code_is_of_no_use_without_the_verifier(issuer):
    somebody(issuer)
    victim, thief = Client(), Client()
    stolen = parse_qs(urlsplit(sent_back(victim)).query)["code"][0]
    own = parse_qs(urlsplit(sent_back(thief)).query)["state"][0]
    assert refused(thief, f"/accounts/sso/back/?code={stolen}&state={own}", "did not answer as it should")


def test_saying_no_at_the_company_is_told_as_such(issuer):
    client = Client()
    state = client.get("/accounts/sso/") and client.session["single_sign_on"]["state"]
    address = f"/accounts/sso/back/?error=access_denied&state={state}"
    assert refused(client, address, "You did not log in at your company")


def test_while_the_company_log_in_is_down_people_are_told(issuer, settings):
    somebody(issuer)
    client = Client()
    back = sent_back(client)
    issuer.faults.append(oidc.Reply(status=503))
    assert refused(client, back, "did not answer as it should")
    cache.clear()
    issuer.faults.append(oidc.Reply(body=b"<html>"))
    assert refused(client, "/accounts/sso/", "did not answer as it should")
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert refused(client, "/accounts/sso/", "did not answer as it should")


def test_an_issuer_that_calls_itself_otherwise_is_not_believed(issuer, settings):
    settings.OIDC_ISSUER = issuer.url.replace("127.0.0.1", "localhost")
    assert refused(Client(), "/accounts/sso/", "did not answer as it should")


def test_without_an_issuer_there_is_no_door(settings):
    settings.OIDC_ISSUER = ""
    assert Client().get("/accounts/sso/").status_code == 404
    assert Client().get("/accounts/sso/back/").status_code == 404
    assert "company account" not in Client().get("/accounts/login/").content.decode()


def test_with_passwords_switched_off_only_the_other_ways_are_left(issuer, settings):
    user = stories.person("admin", password="four words nobody says")
    settings.PASSWORD_LOG_IN = False
    client = Client()
    html = client.get("/accounts/login/").content.decode()
    assert "Log in with your company account" in html
    assert 'name="password"' not in html
    said = {"login": user.email, "password": "four words nobody says"}
    assert client.post("/accounts/login/", said).status_code == 404
    assert client.get("/accounts/password/reset/").status_code == 404
    assert not client.login(username=user.email, email=user.email, password=said["password"])
    issuer.person["email"] = user.email
    client.get(sent_back(client))
    assert is_in(client)
    assert client.get("/accounts/password/change/").status_code == 404
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    assert "Change it" not in client.get("/account/").content.decode()


def test_the_company_log_in_stands_for_the_second_factor_a_role_needs(issuer, settings):
    settings.SECOND_FACTOR_ROLES = ["admin"]
    user = stories.person("admin")
    issuer.person["email"] = user.email
    client = Client()
    client.get(sent_back(client))
    assert is_in(client)
