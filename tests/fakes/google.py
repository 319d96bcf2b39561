"""Google Calendar's free/busy query and Google's consent and token endpoint, as they are documented, on loopback.

https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query, .../api/guides/errors and
https://developers.google.com/identity/protocols/oauth2/web-server#offline
"""

import base64
import datetime as dt
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.loopback import Asked, Loopback, Reply

LONGEST = dt.timedelta(days=90)


class FakeGoogle(Loopback):
    """`calendars` maps an id to its busy times, pairs of aware moments. Tokens are those in `access_tokens`."""

    def __init__(self, calendars: dict[str, list[tuple[dt.datetime, dt.datetime]]]) -> None:
        super().__init__(self._answer)
        self.calendars = calendars
        self.access_tokens = {"good-token"}
        self.refresh_tokens = {"refresh-me"}
        self.codes: dict[str, dict[str, str]] = {}
        self.lasting = True
        self.api = f"{self.url}/calendar/v3"
        self.token_url = f"{self.url}/token"

    @property
    def queries(self) -> list[dict[str, Any]]:
        return [json.loads(asked.body) for asked in self.asked if asked.path == "/calendar/v3/freeBusy"]

    def _answer(self, asked: Asked) -> Reply:
        match asked.method, asked.path:
            case "POST", "/token":
                return self._token(asked)
            case "POST", "/calendar/v3/freeBusy":
                if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.access_tokens:
                    return refused(401, "global", "authError", "Invalid Credentials")
                return self._free_busy(json.loads(asked.body))
        return refused(404, "global", "notFound", "Not Found")

    def _token(self, asked: Asked) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if form.get("client_secret") != "client-secret":
            return _json({"error": "invalid_client", "error_description": "Unauthorized"}, 401)
        if form.get("grant_type") == "authorization_code":
            return self._granted(form)
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") not in self.refresh_tokens:
            error = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return _json(error, 400)
        token = f"fresh-token-{len(self.asked)}"
        self.access_tokens.add(token)
        return _json({"access_token": token, "expires_in": 3599, "scope": "calendar", "token_type": "Bearer"})

    def agree(self, address: str) -> dict[str, str]:
        """What the owner's browser brings back when they agree at the address they were sent to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        self.codes[f"code-{len(self.codes)}"] = asked
        return {"code": f"code-{len(self.codes) - 1}", "state": asked["state"]}

    def _granted(self, form: dict[str, str]) -> Reply:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not asked or (asked["code_challenge"], asked["redirect_uri"]) != (
            challenge,
            form.get("redirect_uri"),
        ):
            return _json({"error": "invalid_grant", "error_description": "Bad Request"}, 400)
        body = {"access_token": "good-token", "expires_in": 3599, "token_type": "Bearer"}
        # Lasting access is given to who asked for it, and again only when the owner was asked again.
        lasting = asked.get("access_type") == "offline" and asked.get("prompt") == "consent"
        return _json(body | ({"refresh_token": "refresh-me"} if lasting and self.lasting else {}))

    def _free_busy(self, query: dict[str, Any]) -> Reply:
        lo, hi = (dt.datetime.fromisoformat(query[name]) for name in ("timeMin", "timeMax"))
        if hi <= lo:
            return refused(400, "calendar", "timeRangeEmpty", "The specified time range is empty.")
        if hi - lo > LONGEST:
            return refused(400, "calendar", "timeRangeTooLong", "The requested time range is too long.")
        found = {}
        for index, item in enumerate(query["items"]):
            if index >= query.get("calendarExpansionMax", 50):
                found[item["id"]] = _error("tooManyCalendarsRequested")
            elif item["id"] not in self.calendars:
                found[item["id"]] = _error("notFound")
            else:
                busy = [
                    {"start": _written(max(start, lo)), "end": _written(min(end, hi))}
                    for start, end in self.calendars[item["id"]]
                    if start < hi and end > lo
                ]
                found[item["id"]] = {"busy": busy}
        return _json(
            {
                "kind": "calendar#freeBusy",
                "timeMin": query["timeMin"],
                "timeMax": query["timeMax"],
                "calendars": found,
            }
        )


def refused(status: int, domain: str, reason: str, message: str, **headers: str) -> Reply:
    """An error as Google words it."""
    details = [{"domain": domain, "reason": reason, "message": message}]
    reply = _json({"error": {"errors": details, "code": status, "message": message}}, status)
    reply.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    return reply


def _error(reason: str) -> dict[str, Any]:
    return {"errors": [{"domain": "global", "reason": reason}], "busy": []}


def _written(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(body: dict[str, Any], status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())
