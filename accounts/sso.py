"""Single sign-on: people prove who they are at the company's own log-in (OpenID Connect), and come back with a signed word.

The code flow with PKCE, a state and a nonce: what comes back must belong to what this browser began, and be signed for us
by the issuer, just now. It opens the account that an administrator made with the same verified e-mail address, or none.
"""

import base64
import hashlib
import logging
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
from django.conf import settings
from django.core.cache import cache

from accounts.models import User, Users
from journal.errors import Refused

# Signatures with a public key. Neither “none” nor a shared secret: both have been used to forge.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CONFIGURATION = "/.well-known/openid-configuration"
REMEMBERED = 600  # seconds that the issuer's addresses are kept
SKEW = 60  # seconds that its clock may differ from ours
TIMEOUT = 10
METHOD = "sso"  # how a session remembers this way of logging in
logger = logging.getLogger(__name__)


def label() -> str:
    """What the button says; empty without single sign-on."""
    return str(settings.OIDC_LABEL) if settings.OIDC_ISSUER else ""


def begin(*, back: str) -> tuple[str, dict[str, str]]:
    """Where to send the browser, and what its session must keep until it is `back`. Asks the network.

    Refuses without single sign-on here, and when the issuer does not answer.
    """
    if not settings.OIDC_ISSUER:
        raise Refused("There is no single sign-on here. Log in another way.", code="not_set_up")
    kept = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24)}
    kept["verifier"] = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=")
    asked = {
        "response_type": "code",
        "scope": "openid email",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": back,
        "state": kept["state"],
        "nonce": kept["nonce"],
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    address = _issuer("authorization_endpoint")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", kept


def finish(*, came: Mapping[str, str], kept: Mapping[str, str], back: str) -> User:
    """Whose account it is. `came` is what the issuer sent back with them, `kept` what `begin` gave. Asks the network.

    Refuses an answer to something else, a word that the issuer did not sign for us and this log-in, an address it has
    not verified, and people without an account. (Whether the account is active is asked of every log-in.)
    """
    expected = kept.get("state", "")
    if not expected or not secrets.compare_digest(came.get("state", "").encode(), expected.encode()):
        raise Refused("This log-in was not begun here, or too long ago. Begin again.", code="wrong_state")
    if came.get("error") == "access_denied":
        raise Refused("You did not log in at your company. Try again, or log in another way.", code="denied")
    if came.get("error") or not came.get("code"):
        raise _failed(came.get("error", "no code came back"))
    token = _exchanged(came["code"], verifier=kept["verifier"], back=back)
    said = _verified(token, nonce=kept["nonce"])
    return _account(said)


def _account(said: Mapping[str, Any]) -> User:
    verified = said.get("email_verified", settings.OIDC_VOUCHES_FOR_EMAIL)
    address = Users.normalize(str(said.get("email") or ""))
    if not address or str(verified).lower() != "true":
        raise Refused(
            "Your company has not verified your e-mail address, so it opens nothing here. "
            "Ask whoever looks after your company account.",
            code="unverified_address",
        )
    user = User.objects.filter(email=address, kind=User.Kind.PERSON).first()
    if user is None:
        raise Refused(
            f"Nobody has an account here with {address}. Ask whoever runs this installation: they make accounts.",
            code="no_account",
        )
    return user


def _exchanged(code: str, *, verifier: str, back: str) -> str:
    """The signed word (ID token) for the code."""
    who = {"client_id": settings.OIDC_CLIENT_ID, "client_secret": settings.OIDC_CLIENT_SECRET}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    answer = _asked("POST", _issuer("token_endpoint"), data={**form, **who})
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise _failed("no ID token for the code")
    return token


def _verified(token: str, *, nonce: str) -> dict[str, Any]:
    """What the token says, if the issuer signed it for us and for this very log-in."""
    keys = _asked("GET", _issuer("jwks_uri"))
    try:
        head = jwt.get_unverified_header(token)
        usable = [key for key in jwt.PyJWKSet.from_dict(keys).keys if key.public_key_use in (None, "sig")]
        key = next(key for key in usable if key.key_id == head.get("kid") or len(usable) == 1)
        said: dict[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=ALGORITHMS,
            audience=settings.OIDC_CLIENT_ID,
            issuer=_issuer("issuer"),
            leeway=SKEW,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, StopIteration) as no:
        raise _failed(f"the ID token is not valid: {no!r}") from no
    if said.get("azp", settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
        raise _failed("the ID token is for another client")
    if not secrets.compare_digest(str(said.get("nonce", "")).encode(), nonce.encode()):
        raise _failed("the ID token belongs to another log-in")
    return said


def _issuer(name: str) -> str:
    """One of the issuer's addresses, as it publishes them. An answer in another issuer's name is not believed."""
    known = f"oidc:{settings.OIDC_ISSUER}"
    said = cache.get(known)
    if said is None:
        said = _asked("GET", settings.OIDC_ISSUER + CONFIGURATION)
        if str(said.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER:
            raise _failed(f"OIDC_ISSUER calls itself {said.get('issuer')!r}")
        cache.set(known, said, REMEMBERED)
    if not isinstance(said.get(name), str):
        raise _failed(f"the issuer publishes no {name}")
    return str(said[name])


def _asked(method: str, address: str, **more: Any) -> dict[str, Any]:
    try:
        answer = httpx.request(
            method, address, timeout=TIMEOUT, headers={"Accept": "application/json"}, **more
        )
        answer.raise_for_status()
        said = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as no:
        raise _failed(f"{address}: {no!r}") from no
    if not isinstance(said, dict):
        raise _failed(f"{address} did not answer with an object")
    return said


def _failed(why: object) -> Refused:
    """One sentence for the person; the cause is for whoever runs this installation."""
    logger.warning("Single sign-on failed: %s", why)
    return Refused(
        "Your company's log-in did not answer as it should. Try again in a minute, or log in another way.",
        code="no_single_sign_on",
    )
