"""Calendars on CalDAV servers (RFC 4791): Nextcloud, Radicale, iCloud, Fastmail, Zimbra and others.

The events that touch the window are fetched whole and read here, rather than taken as the server's own free/busy: a
server reads all-day and floating times on its own clock, not on the owner's. Its free/busy answer is the fallback for
calendars that show nothing else.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from interviews.calendars.adapters import Remembered, read_or_raise, together
from interviews.calendars.adapters.dav import CALDAV, CALENDAR_SERVER, DAV, Resource, resources
from interviews.calendars.busy import Busy
from interviews.calendars.feed import MOST_BYTES, CalendarUnreadable
from interviews.calendars.net import SECONDS, Answer, Web, refusal

SERVICE = "The calendar server"
# A floating or all-day event may lie a day off in the server's eyes, so a day more is asked for on both sides.
_MARGIN = timedelta(days=1)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,199}", re.ASCII)
_NO_SUCH_REPORT = (400, 403, 405, 409, 415, 501)

_PROPFIND = (
    '<?xml version="1.0" encoding="utf-8"?><d:propfind xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" '
    'xmlns:s="http://calendarserver.org/ns/"><d:prop>{names}</d:prop></d:propfind>'
)
_QUERY = (
    '<?xml version="1.0" encoding="utf-8"?><c:calendar-query xmlns:d="DAV:" '
    'xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><c:calendar-data>{expand}</c:calendar-data></d:prop>'
    '<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
    '<c:time-range start="{start}" end="{end}"/></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>'
)
_BY_UID = (
    '<?xml version="1.0" encoding="utf-8"?><c:calendar-query xmlns:d="DAV:" '
    'xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><d:getetag/><c:calendar-data/></d:prop>'
    '<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:prop-filter name="UID">'
    '<c:text-match collation="i;octet">{uid}</c:text-match></c:prop-filter></c:comp-filter></c:comp-filter>'
    "</c:filter></c:calendar-query>"
)
_FREE_BUSY = (
    '<?xml version="1.0" encoding="utf-8"?><c:free-busy-query xmlns:c="urn:ietf:params:xml:ns:caldav">'
    '<c:time-range start="{start}" end="{end}"/></c:free-busy-query>'
)


@dataclass(frozen=True, slots=True)
class Found:
    """A calendar that its owner may choose."""

    url: str
    name: str


class Conflict(Exception):
    """Somebody changed the event on the server since it was last seen, or put it there first.

    `etag` and `ics` are the server's version now, both None when the event is gone; `url` is where it lies.
    """

    def __init__(self, etag: str | None, ics: bytes | None, url: str = "") -> None:
        super().__init__("The event was changed on the calendar server in the meantime.")
        self.etag = etag
        self.ics = ics
        self.url = url


@dataclass(slots=True)
class CalDav:
    """A CalendarReader of one calendar, which can also write into it.

    Events whose UID is in `ours` take no time. `remembered` holds the last reading and is renewed by each. With
    `expands`, the server is asked to work out the repetitions itself, which saves work where series are many; a server
    that cannot is asked again without.
    """

    url: str
    username: str
    password: str = field(repr=False)
    allow: Collection[str] = ()
    ours: Collection[str] = ()
    remembered: Remembered | None = None
    expands: bool = False
    seconds: float = SECONDS

    def read(self, *, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Busy:
        version = self._version()
        last = self.remembered
        if last and version == last.version and last.answers(starts_at, ends_at, zone):
            return last.busy
        busy = self._read(starts_at, ends_at, zone)
        self.remembered = Remembered(version, starts_at, ends_at, zone.key, busy) if version else None
        return busy

    def put(self, uid: str, ics: bytes, etag: str | None = None, *, url: str = "") -> str:
        """Writes an event: a new one, or over the version that `etag` names. Gives the new version's ETag.

        `url` is where it lies, when that is not where we would put it. Raises Conflict when there is already such an
        event, or another version of it.
        """
        at = self._resource(uid, url)
        answer = self._send(
            "PUT",
            at,
            ics,
            {"if-match": etag} if etag else {"if-none-match": "*"},
            kind="text/calendar; charset=utf-8",
        )
        if answer.status == 412:
            raise self._conflict(at)
        if answer.status in (403, 409) and b"no-uid-conflict" in answer.body:
            raise self._elsewhere(uid)
        if answer.status not in (200, 201, 204):
            raise _no_writing(answer)
        if "etag" in answer.headers:
            return answer.headers["etag"]
        # A server that changed what it was given (it may, 5.3.4) gives no ETag for it.
        return _propfind(self._web(), at, self._sign_in(), 0, "d:getetag")[0].text(f"{DAV}getetag")

    def delete(self, uid: str, etag: str | None = None, *, url: str = "") -> None:
        """Removes an event, if it is still the version that `etag` names. One that is gone already is no error."""
        at = self._resource(uid, url)
        answer = self._send("DELETE", at, None, {"if-match": etag} if etag else {})
        if answer.status == 412:
            conflict = self._conflict(at)
            if conflict.ics is None:
                return
            raise conflict
        if answer.status not in (200, 202, 204, 404, 410):
            raise _no_writing(answer)

    def _version(self) -> str:
        """The calendar's state as the server names it; empty when it does not."""
        answer = _propfind_answer(self._web(), self.url, self._sign_in(), 0, "d:sync-token", "s:getctag")
        if answer.status == 401 or answer.status >= 429:
            raise refusal(answer, SERVICE)
        found = resources(answer.body) if answer.status == 207 else []
        if not found:
            return ""
        resource = found[0]
        return resource.text(f"{DAV}sync-token") or resource.text(f"{CALENDAR_SERVER}getctag")

    def _read(self, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Busy:
        start, end = _stamp(starts_at - _MARGIN), _stamp(ends_at + _MARGIN)
        expand = f'<c:expand start="{start}" end="{end}"/>' if self.expands else ""
        answer = self._report(_QUERY.format(start=start, end=end, expand=expand))
        if answer.status in _NO_SUCH_REPORT and expand:
            answer = self._report(_QUERY.format(start=start, end=end, expand=""))
        if answer.status in _NO_SUCH_REPORT:
            published = self._report(_FREE_BUSY.format(start=_stamp(starts_at), end=_stamp(ends_at)))
            if published.status == 200:
                return read_or_raise(published.body, starts_at=starts_at, ends_at=ends_at, zone=zone)
        if answer.status != 207:
            raise refusal(answer, SERVICE)
        parts = [
            read_or_raise(batch, starts_at=starts_at, ends_at=ends_at, zone=zone, ours=self.ours)
            for batch in _batches(_texts(answer))
        ]
        return together(parts, starts_at=starts_at, ends_at=ends_at)

    def _report(self, body: str) -> Answer:
        return self._send("REPORT", self.url, body.encode(), {"depth": "1"})

    def _resource(self, uid: str, url: str = "") -> str:
        if url:
            return url
        # SECURITY: servers unquote a path before they walk it, so a quoted “../” would leave the calendar.
        name = uid if _PLAIN_NAME.fullmatch(uid) else hashlib.sha256(uid.encode()).hexdigest()
        return urljoin(self.url if self.url.endswith("/") else f"{self.url}/", f"{name}.ics")

    def _conflict(self, at: str) -> Conflict:
        answer = self._send("GET", at, None, {})
        if answer.status in (404, 410):
            return Conflict(None, None)
        if answer.status != 200:
            raise refusal(answer, SERVICE)
        return Conflict(answer.headers.get("etag"), answer.body, at)

    def _elsewhere(self, uid: str) -> Conflict:
        """The event as another program put it into the calendar, a mail program that took up the invitation, say."""
        answer = self._report(_BY_UID.format(uid=escape(uid)))
        for found in resources(answer.body) if answer.status == 207 else []:
            at = urljoin(self.url, found.href)
            # SECURITY: the password goes with it, so it must lie on the same server.
            if found.text(f"{CALDAV}calendar-data") and urlsplit(at)[:2] == urlsplit(self.url)[:2]:
                ics = found.text(f"{CALDAV}calendar-data").encode()
                return Conflict(found.text(f"{DAV}getetag"), ics, at)
        raise _no_writing(answer)

    def _send(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: dict[str, str],
        *,
        kind: str = "application/xml",
    ) -> Answer:
        typed = headers if content is None else {"content-type": kind, **headers}
        return self._web().request(method, url, headers=typed, content=content, sign_in=self._sign_in())

    def _sign_in(self) -> tuple[str, str]:
        return self.username, self.password

    def _web(self) -> Web:
        return Web(self.allow, seconds=self.seconds)


def _no_writing(answer: Answer) -> CalendarUnreadable:
    if answer.status in (403, 405):
        return CalendarUnreadable(
            f"{SERVICE} does not let us write into this calendar. Check its sharing, or let it only be read."
        )
    if answer.status == 409:
        return CalendarUnreadable(
            f"{SERVICE} has no such calendar. Check the address, or choose another one."
        )
    return refusal(answer, SERVICE)


def discover(
    url: str, *, username: str, password: str, allow: Collection[str] = (), seconds: float = SECONDS
) -> list[Found]:
    """The calendars for events that a person has at a server, given its address or that of anything on it (RFC 6764)."""
    web, sign_in = Web(allow, seconds=seconds), (username, password)
    known = ("d:resourcetype", "d:displayname", "c:supported-calendar-component-set")
    here = _explored(web, url, sign_in, "d:current-user-principal", "c:calendar-home-set", *known)
    if _is_calendar(here[1]):
        return [_named(*here)]
    at, resource = here
    home = resource.href_in(f"{CALDAV}calendar-home-set")
    principal = resource.href_in(f"{DAV}current-user-principal")
    if not home and principal:
        at = urljoin(at, principal)
        home = _propfind(web, at, sign_in, 0, "c:calendar-home-set")[0].href_in(f"{CALDAV}calendar-home-set")
    if not home:
        raise CalendarUnreadable(
            "No calendars were found at this address. Check it with your calendar's provider."
        )
    at = urljoin(at, home)
    return [
        _named(urljoin(at, found.href), found)
        for found in _propfind(web, at, sign_in, 1, *known)
        if _is_calendar(found)
    ]


def _explored(web: Web, url: str, sign_in: tuple[str, str], *names: str) -> tuple[str, Resource]:
    """What the address says of itself, or else the place that the host names for calendars."""
    failure: CalendarUnreadable | None = None
    split = urlsplit(url)
    for at in (url, f"{split.scheme}://{split.netloc}/.well-known/caldav"):
        answer = _propfind_answer(web, at, sign_in, 0, *names, redirects=3)
        if answer.status != 207:
            failure = refusal(answer, SERVICE)
            if answer.status == 401:
                break
            continue
        found = resources(answer.body)
        if found and (found[0].properties.keys() - {f"{DAV}resourcetype", f"{DAV}displayname"}):
            return answer.url, found[0]
    raise failure or CalendarUnreadable(
        "No calendars were found at this address. Check it with your calendar's provider."
    )


def _propfind(web: Web, url: str, sign_in: tuple[str, str], depth: int, *names: str) -> list[Resource]:
    answer = _propfind_answer(web, url, sign_in, depth, *names)
    if answer.status != 207:
        raise refusal(answer, SERVICE)
    found = resources(answer.body)
    if not found:
        raise CalendarUnreadable(f"{SERVICE} says nothing about the calendar.", may_pass=True)
    return found


def _propfind_answer(
    web: Web, url: str, sign_in: tuple[str, str], depth: int, *names: str, redirects: int = 0
) -> Answer:
    return web.request(
        "PROPFIND",
        url,
        headers={"content-type": "application/xml", "depth": str(depth)},
        content=_PROPFIND.format(names="".join(f"<{name}/>" for name in names)).encode(),
        sign_in=sign_in,
        redirects=redirects,
    )


def _is_calendar(resource: Resource) -> bool:
    kinds = resource.properties.get(f"{DAV}resourcetype")
    if kinds is None or kinds.find(f"{CALDAV}calendar") is None:
        return False
    taken = resource.properties.get(f"{CALDAV}supported-calendar-component-set")
    return taken is None or any(component.get("name") == "VEVENT" for component in taken)


def _named(url: str, resource: Resource) -> Found:
    return Found(url, resource.text(f"{DAV}displayname") or url.rstrip("/").rpartition("/")[2])


def _texts(answer: Answer) -> list[bytes]:
    """The events of an answer. One that the server could not give makes the whole answer worthless."""
    texts = []
    for resource in resources(answer.body):
        if resource.status == 507:
            raise CalendarUnreadable(f"{SERVICE} gives only a part of the calendar, because it is too large.")
        text = resource.text(f"{CALDAV}calendar-data")
        if text:
            texts.append(text.encode())
        elif resource.status != 404:  # deleted since
            raise CalendarUnreadable(f"{SERVICE} keeps some events of the calendar to itself.")
    return texts


def _batches(texts: list[bytes]) -> list[bytes]:
    """The events in as few texts as can be read at once."""
    batches: list[list[bytes]] = []
    size = MOST_BYTES
    for text in texts:
        size += len(text) + 2
        if size > MOST_BYTES:
            batches.append([])
            size = len(text) + 2
        batches[-1].append(text)
    return [b"\r\n".join(batch) for batch in batches]


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
