"""Outlook and Microsoft 365, by Microsoft Graph's getSchedule: it gives busy times by mailbox.

Asks https://learn.microsoft.com/graph/api/calendar-getschedule. One request takes at most 20 mailboxes and 62 days.
Where the single items are missing (it leaves some out when there are many), the merged view of slots stands in.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from interviews.calendars.adapters import together, windows
from interviews.calendars.adapters.oauth import Signed, decoded
from interviews.calendars.busy import Busy, Interval, refuse_naive
from interviews.calendars.feed import CalendarUnreadable
from interviews.calendars.net import SECONDS, refusal

API = "https://graph.microsoft.com/v1.0"
SCOPE = "https://graph.microsoft.com/Calendars.ReadBasic offline_access"
MOST_MAILBOXES = 20
MOST_DAYS = 60
SLOT_MINUTES = 15
_FREE_STATUS = {"free", "workingelsewhere"}  # Exchange itself shows working elsewhere as free
_FREE_SLOTS = {"0", "4"}


class GraphCalendar:
    """A CalendarReader of one mailbox or more. `refresh` gives a new access token, and keeps it.

    `asks_as` is the mailbox to ask through when the token is an application's own; a person's asks as themselves.
    """

    def __init__(
        self,
        mailboxes: Sequence[str],
        *,
        access_token: str,
        refresh: Callable[[], str],
        asks_as: str = "",
        api: str = API,
        allow: Collection[str] = (),
        seconds: float = SECONDS,
    ) -> None:
        self._mailboxes = list(mailboxes)
        who = f"users/{quote(asks_as, safe='@')}" if asks_as else "me"
        self._url = f"{api}/{who}/calendar/getSchedule"
        self._signed = Signed("Microsoft 365", access_token, refresh, allow=allow, seconds=seconds)

    def read(self, *, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Busy:
        refuse_naive(starts_at, ends_at)
        first, last = (at.astimezone(UTC) for at in (starts_at, ends_at))
        first = first.replace(microsecond=0)
        last += timedelta(microseconds=-last.microsecond % 1_000_000)
        parts = [
            self._asked(self._mailboxes[index : index + MOST_MAILBOXES], start, end)
            for index in range(0, len(self._mailboxes), MOST_MAILBOXES)
            for start, end in windows(first, last, days=MOST_DAYS)
        ]
        return together(parts, starts_at=starts_at, ends_at=ends_at)

    def _asked(self, mailboxes: list[str], starts_at: datetime, ends_at: datetime) -> Busy:
        # A window shorter than a slot is refused.
        ends_at = max(ends_at, starts_at + timedelta(minutes=SLOT_MINUTES))
        answer = self._signed.post(
            self._url,
            {
                "schedules": mailboxes,
                "startTime": {"dateTime": _written(starts_at), "timeZone": "UTC"},
                "endTime": {"dateTime": _written(ends_at), "timeZone": "UTC"},
                "availabilityViewInterval": SLOT_MINUTES,
            },
            {"prefer": 'outlook.timezone="UTC"'},
        )
        if answer.status != 200:
            raise refusal(answer, "Microsoft 365")
        value = decoded(answer, "Microsoft 365").get("value")
        found = {
            str(schedule.get("scheduleId", "")).lower(): schedule
            for schedule in (value if isinstance(value, list) else ())
            if isinstance(schedule, dict)
        }
        spans = [span for mailbox in mailboxes for span in _spans(found.get(mailbox.lower()), starts_at)]
        return Busy(tuple(spans))


def _spans(schedule: dict[str, Any] | None, starts_at: datetime) -> list[Interval]:
    """The busy times of one mailbox; one that is missing or has an error is unknown, not free."""
    if schedule is None or schedule.get("error"):
        raise CalendarUnreadable(
            "Microsoft 365 cannot say when one of the mailboxes is busy. Check that it exists and may be read."
        )
    items, view = schedule.get("scheduleItems"), schedule.get("availabilityView")
    if not isinstance(items, list) or not isinstance(view, str):
        raise CalendarUnreadable(
            "Microsoft 365 answers without the times that were asked for.", may_pass=True
        )
    try:
        shown = [
            (_moment(item["start"]), _moment(item["end"]), str(item["status"]).lower() in _FREE_STATUS)
            for item in items
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise CalendarUnreadable(
            "Microsoft 365 answers with times that cannot be read.", may_pass=True
        ) from error
    spans = [Interval(start, end) for start, end, is_free in shown if not is_free]
    return [*spans, *_unexplained(view, spans, starts_at)]


def _unexplained(view: str, spans: list[Interval], starts_at: datetime) -> list[Interval]:
    """The slots that the merged view shows as busy although no item says why."""
    slot = timedelta(minutes=SLOT_MINUTES)
    found = []
    for index, state in enumerate(view):
        start = starts_at + index * slot
        end = start + slot
        if state not in _FREE_SLOTS and not any(s.starts_at < end and s.ends_at > start for s in spans):
            found.append(Interval(start, end))
    return found


def _written(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _moment(written: dict[str, str]) -> datetime:
    """`{"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "UTC"}`, as asked for by Prefer."""
    if written["timeZone"].upper() not in ("UTC", "ETC/UTC", "TZONE://MICROSOFT/UTC"):
        raise ValueError(written["timeZone"])
    whole, _, fraction = written["dateTime"].removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}").replace(tzinfo=UTC)
