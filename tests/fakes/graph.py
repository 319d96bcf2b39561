"""Microsoft Graph's getSchedule and Microsoft's token endpoint, as they are documented, on loopback.

https://learn.microsoft.com/graph/api/calendar-getschedule, .../graph/api/resources/scheduleinformation,
.../graph/errors and https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
"""

import datetime as dt
import json
import math
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.loopback import Asked, Loopback, Reply

LONGEST = dt.timedelta(days=62)
MOST = 100
SLOTS = {"free": 0, "workingElsewhere": 0, "tentative": 1, "busy": 2, "oof": 3, "unknown": 2}

Item = tuple[dt.datetime, dt.datetime, str]


class FakeGraph(Loopback):
    """`mailboxes` maps an address to its items: begin, end, status. Those in `without_items` show only the view."""

    def __init__(self, mailboxes: dict[str, list[Item]]) -> None:
        super().__init__(self._answer)
        self.mailboxes = mailboxes
        self.without_items: set[str] = set()
        self.access_tokens = {"good-token"}
        self.refresh_tokens = {"refresh-me"}
        self.api = f"{self.url}/v1.0"
        self.token_url = f"{self.url}/common/oauth2/v2.0/token"

    @property
    def queries(self) -> list[dict[str, Any]]:
        return [json.loads(asked.body) for asked in self.asked if asked.path.endswith("/getSchedule")]

    def _answer(self, asked: Asked) -> Reply:
        if asked.method == "POST" and asked.path == "/common/oauth2/v2.0/token":
            return self._token(asked)
        if asked.method == "POST" and asked.path.endswith("/calendar/getSchedule"):
            if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.access_tokens:
                return refused(
                    401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."
                )
            if asked.headers.get("prefer") != 'outlook.timezone="UTC"':
                return refused(400, "BadRequest", "This fake only answers in UTC.")
            return self._schedules(json.loads(asked.body))
        return refused(404, "ResourceNotFound", "Resource not found for the segment.")

    def _token(self, asked: Asked) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if form.get("grant_type") == "authorization_code" and form.get("code") == "good-code":
            form["refresh_token"] = "refresh-me"
        if form.get("refresh_token") not in self.refresh_tokens:
            text = "AADSTS70008: The provided authorization code or refresh token has expired."
            return _json({"error": "invalid_grant", "error_description": text, "error_codes": [70008]}, 400)
        token = f"fresh-token-{len(self.asked)}"
        self.access_tokens.add(token)
        self.refresh_tokens.add("the-next-refresh")
        return _json(
            {
                "token_type": "Bearer",
                "scope": "Calendars.ReadBasic",
                "expires_in": 3599,
                "access_token": token,
                "refresh_token": "the-next-refresh",
            }
        )

    def _schedules(self, query: dict[str, Any]) -> Reply:
        lo, hi = (_moment(query[name]) for name in ("startTime", "endTime"))
        minutes = int(query.get("availabilityViewInterval", 30))
        if hi - lo > LONGEST:
            text = "The requested time duration specified for FreeBusyViewOptions.TimeWindow is too long."
            return refused(400, "ErrorTimeIntervalTooBig", text)
        if not 5 <= minutes <= 1440 or hi - lo < dt.timedelta(minutes=minutes):
            text = "The specified merged free/busy interval is not valid."
            return refused(400, "ErrorInvalidMergedFreeBusyInterval", text)
        if len(query["schedules"]) > MOST:
            return refused(400, "ErrorMailboxDataArrayTooBig", "There are too many target users.")
        value = [self._schedule(address, lo, hi, minutes) for address in query["schedules"]]
        context = "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.scheduleInformation)"
        return _json({"@odata.context": context, "value": value})

    def _schedule(self, address: str, lo: dt.datetime, hi: dt.datetime, minutes: int) -> dict[str, Any]:
        if address not in self.mailboxes:
            error = {
                "message": f"Unable to resolve e-mail address {address} to an Active Directory object.",
                "responseCode": "ErrorMailRecipientNotFound",
            }
            return {"scheduleId": address, "availabilityView": "", "error": error}
        items = [item for item in self.mailboxes[address] if item[0] < hi and item[1] > lo]
        slots = [0] * math.ceil((hi - lo) / dt.timedelta(minutes=minutes))
        for index in range(len(slots)):
            start = lo + index * dt.timedelta(minutes=minutes)
            end = start + dt.timedelta(minutes=minutes)
            slots[index] = max(
                (SLOTS[item[2]] for item in items if item[0] < end and item[1] > start), default=0
            )
        return {
            "scheduleId": address,
            "availabilityView": "".join(map(str, slots)),
            "scheduleItems": [] if address in self.without_items else [_item(*item) for item in items],
            "workingHours": {
                "daysOfWeek": ["monday"],
                "startTime": "08:00:00.0000000",
                "endTime": "17:00:00.0000000",
            },
        }


def refused(status: int, code: str, message: str, **headers: str) -> Reply:
    """An error as Graph words it."""
    inner = {"date": "2026-03-02T09:00:00", "request-id": "00000000-0000-0000-0000-000000000000"}
    reply = _json({"error": {"code": code, "message": message, "innerError": inner}}, status)
    reply.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    return reply


def _item(start: dt.datetime, end: dt.datetime, status: str) -> dict[str, Any]:
    return {
        "isPrivate": False,
        "status": status,
        "subject": "Cancer check-up",
        "location": "Clinic",
        "start": _written(start),
        "end": _written(end),
    }


def _written(at: dt.datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": "UTC"}


def _moment(written: dict[str, str]) -> dt.datetime:
    assert written["timeZone"] == "UTC"
    return dt.datetime.fromisoformat(written["dateTime"]).replace(tzinfo=dt.UTC)


def _json(body: dict[str, Any], status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())
