"""Access to calendars that people connect through OAuth: consent with PKCE (RFC 6749, 7636), then fresh tokens."""

import base64
import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from interviews.calendars.feed import CalendarUnreadable
from interviews.calendars.net import SECONDS, Answer, Web, refusal

GOOGLE_TOKENS = "https://oauth2.googleapis.com/token"
MICROSOFT_TOKENS = "https://login.microsoftonline.com/common/oauth2/v2.0/token"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a refresh gave. `refresh_token` replaces the old one where the service gave a new one."""

    access_token: str = field(repr=False)
    lasts_seconds: int
    refresh_token: str | None = field(default=None, repr=False)


def renewed(
    url: str,
    *,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    scope: str = "",
    allow: Collection[str] = (),
) -> Tokens:
    """New tokens for a refresh token. Raises CalendarUnreadable when the owner has withdrawn their consent."""
    asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    client = {"client_id": client_id, "client_secret": client_secret}
    return _tokens(url, {**asked, **client, **({"scope": scope} if scope else {})}, allow)


def consent(
    url: str, *, client_id: str, scope: str, back: str, state: str, verifier: str, **more: str
) -> str:
    """The address at which the owner is asked; `verifier` stays with us and proves later that it was we who asked."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": client_id, "redirect_uri": back, "scope": scope, "state": state,
        "code_challenge": challenge, "code_challenge_method": "S256", **more,
    }  # fmt: skip
    return f"{url}?{urlencode(asked)}"


def granted(
    url: str,
    *,
    client_id: str,
    client_secret: str,
    code: str,
    verifier: str,
    back: str,
    allow: Collection[str] = (),
) -> Tokens:
    """The first tokens, for the code that the owner's consent gave. Raises CalendarUnreadable when it is no good."""
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    return _tokens(url, {**asked, "client_id": client_id, "client_secret": client_secret}, allow)


def _tokens(url: str, asked: Mapping[str, str], allow: Collection[str]) -> Tokens:
    answer = Web(allow).request(
        "POST",
        url,
        headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
        content=urlencode(asked).encode(),
    )
    if answer.status in (400, 401):
        if decoded(answer, "The sign-in service").get("error") == "invalid_grant":
            raise CalendarUnreadable("Access to the calendar was withdrawn or has run out. Connect it again.")
        raise CalendarUnreadable(
            "The sign-in service does not know this installation. Ask your administrator."
        )
    if answer.status != 200:
        raise refusal(answer, "The sign-in service")
    found = decoded(answer, "The sign-in service")
    token, lasts, refresh = (found.get(key) for key in ("access_token", "expires_in", "refresh_token"))
    if not isinstance(token, str) or not token:
        raise CalendarUnreadable("The sign-in service gave no access. Connect the calendar again.")
    return Tokens(
        token,
        lasts if isinstance(lasts, int) else 0,
        refresh if isinstance(refresh, str) and refresh else None,
    )


class Signed:
    """Requests to one API with an access token, renewed once when the API no longer takes it."""

    def __init__(
        self,
        service: str,
        access_token: str,
        refresh: Callable[[], str],
        *,
        allow: Collection[str] = (),
        seconds: float = SECONDS,
    ) -> None:
        self.service = service
        self._token = access_token
        self._refresh = refresh
        self._web = Web(allow, seconds=seconds)

    def post(self, url: str, asked: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        """The answer of any status but 401, which after a renewal means that the owner must connect again."""
        if not self._token:
            self._token = self._refresh()
        answer = self._send(url, asked, headers or {})
        if answer.status == 401:
            self._token = self._refresh()
            answer = self._send(url, asked, headers or {})
        if answer.status == 401:
            raise refusal(answer, self.service)
        return answer

    def _send(self, url: str, asked: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        return self._web.request(
            "POST",
            url,
            headers={
                "authorization": f"Bearer {self._token}",
                "content-type": "application/json",
                "accept": "application/json",
                **headers,
            },
            content=json.dumps(asked).encode(),
        )


def decoded(answer: Answer, service: str) -> dict[str, Any]:
    """The JSON object of an answer. Anything else is a fault at `service` that may pass."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CalendarUnreadable(f"{service} answers with something that cannot be read.", may_pass=True)
    return found
