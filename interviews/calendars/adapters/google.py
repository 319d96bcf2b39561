"""Google Calendar, by its free/busy query: it gives times only, for which the narrowest consent is enough.

Asks https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query. One query takes at most 50
calendars, and refuses a window of much more than three months (“The requested time range is too long”).
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from interviews.calendars.adapters import together, windows
from interviews.calendars.adapters.oauth import Signed, decoded
from interviews.calendars.busy import Busy, Interval, refuse_naive
from interviews.calendars.feed import CalendarUnreadable
from interviews.calendars.net import SECONDS, Answer, refusal, retry_after_seconds

API = "https://www.googleapis.com/calendar/v3"
SCOPE = "https://www.googleapis.com/auth/calendar.freebusy"
MOST_CALENDARS = 50
MOST_DAYS = 60
_SLOW_DOWN = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"}


class GoogleCalendar:
    """A CalendarReader of some of one person's Google calendars. `refresh` gives a new access token, and keeps it."""

    def __init__(
        self,
        calendars: Sequence[str] = ("primary",),
        *,
        access_token: str,
        refresh: Callable[[], str],
        api: str = API,
        allow: Collection[str] = (),
        seconds: float = SECONDS,
    ) -> None:
        self._calendars = list(calendars)
        self._api = api
        self._signed = Signed("Google", access_token, refresh, allow=allow, seconds=seconds)

    def read(self, *, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Busy:
        refuse_naive(starts_at, ends_at)
        parts = [
            self._asked(self._calendars[first : first + MOST_CALENDARS], start, end, zone)
            for first in range(0, len(self._calendars), MOST_CALENDARS)
            for start, end in windows(starts_at, ends_at, days=MOST_DAYS)
        ]
        return together(parts, starts_at=starts_at, ends_at=ends_at)

    def _asked(self, calendars: list[str], starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Busy:
        answer = self._signed.post(
            f"{self._api}/freeBusy",
            {
                "timeMin": starts_at.astimezone(UTC).isoformat(),
                "timeMax": ends_at.astimezone(UTC).isoformat(),
                "timeZone": zone.key,
                "calendarExpansionMax": MOST_CALENDARS,
                "items": [{"id": calendar} for calendar in calendars],
            },
        )
        if answer.status != 200:
            raise _refused(answer)
        found = decoded(answer, "Google").get("calendars")
        if not isinstance(found, dict):
            raise CalendarUnreadable("Google answers without any calendar in it.", may_pass=True)
        spans = [span for calendar in calendars for span in _spans(found.get(calendar))]
        return Busy(tuple(spans))


def _spans(calendar: Any) -> list[Interval]:
    """The busy times of one calendar; one that is missing or has an error is unknown, not free."""
    if not isinstance(calendar, dict) or calendar.get("errors") or not isinstance(calendar.get("busy"), list):
        errors = calendar.get("errors") if isinstance(calendar, dict) else None
        reasons = [error.get("reason") for error in errors or () if isinstance(error, dict)]
        if "notFound" in reasons:
            raise CalendarUnreadable(
                "Google no longer shows one of your calendars. Choose your calendars again."
            )
        raise CalendarUnreadable("Google cannot say when one of your calendars is busy.", may_pass=True)
    try:
        return [Interval(_moment(busy["start"]), _moment(busy["end"])) for busy in calendar["busy"]]
    except (KeyError, TypeError, ValueError) as error:
        raise CalendarUnreadable("Google answers with times that cannot be read.", may_pass=True) from error


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    refuse_naive(at)
    return at.astimezone(UTC)


def _refused(answer: Answer) -> CalendarUnreadable:
    """Google says “too many requests” by 429 and by 403 alike (guides/errors)."""
    if answer.status == 403:
        error = decoded(answer, "Google").get("error")
        details = error.get("errors") if isinstance(error, dict) else None
        reasons = {detail.get("reason") for detail in details or () if isinstance(detail, dict)}
        if reasons & _SLOW_DOWN:
            return CalendarUnreadable(
                "Google asks us to wait before the next try.",
                may_pass=True,
                retry_after_seconds=retry_after_seconds(answer.headers),
            )
    return refusal(answer, "Google")
