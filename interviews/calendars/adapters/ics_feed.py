"""A calendar published as a file at an address: Google's secret address, Outlook's published calendar, and many more."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from interviews.calendars.adapters import Remembered, read_or_raise
from interviews.calendars.busy import Busy
from interviews.calendars.feed import MOST_BYTES, CalendarUnreadable
from interviews.calendars.net import SECONDS, Web, refusal

_REDIRECTS = 3  # published calendars often move behind one


class IcsFeed:
    """A CalendarReader of an address. Events whose UID is in `ours` take no time.

    `remembered` holds the last reading and is renewed by each.
    """

    def __init__(
        self,
        url: str,
        *,
        allow: Collection[str] = (),
        ours: Collection[str] = (),
        remembered: Remembered | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._url = url
        self._ours = ours
        self._web = Web(allow, seconds=seconds, most_bytes=MOST_BYTES)
        self.remembered = remembered

    def read(self, *, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Busy:
        last = self.remembered
        headers = {"accept": "text/calendar, text/plain;q=0.5, */*;q=0.1"}
        if last and last.answers(starts_at, ends_at, zone):
            # An ETag is quoted, a date is not; the server gets back exactly what it gave.
            is_etag = last.version.endswith('"')
            headers["if-none-match" if is_etag else "if-modified-since"] = last.version
        else:
            last = None
        answer = self._web.request("GET", self._url, headers=headers, redirects=_REDIRECTS)
        if last and answer.status == 304:
            return last.busy
        if answer.status == 401:
            raise CalendarUnreadable(
                "The address asks for a password. Use the calendar's secret feed address instead."
            )
        if answer.status != 200:
            raise refusal(answer, "The address")
        if answer.kind == "text/html":
            raise CalendarUnreadable(
                "The address shows a web page, not a calendar. Copy the address of the calendar's iCal feed."
            )
        busy = read_or_raise(answer.body, starts_at=starts_at, ends_at=ends_at, zone=zone, ours=self._ours)
        version = answer.headers.get("etag") or answer.headers.get("last-modified")
        self.remembered = Remembered(version, starts_at, ends_at, zone.key, busy) if version else None
        return busy
