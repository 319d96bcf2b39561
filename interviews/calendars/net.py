"""Fetching from an address that somebody typed, without being turned against our own network (threat T9).

The name is resolved once, every address it has must be a public one, and the connection goes to the address that was
checked, so a second answer of the name server changes nothing. Only ports 80 and 443, no proxy from the environment,
no redirect unless asked for (and then each step is checked anew), and bounds on size and on the time of the whole
exchange. A company that keeps its calendars inside names those hosts or networks in the allow list.
"""

import base64
import contextlib
import functools
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore
import httpx

from interviews.calendars.feed import CalendarUnreadable

SECONDS = 15.0
MOST_BYTES = 8 * 1024 * 1024
PORTS = (80, 443)
_BROKEN = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpx.InvalidURL,
    OSError,
)
# Addresses that carry another one inside, through which a private one could be reached.
_CARRIERS = tuple(
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96"))
)

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class AllowList:
    """Hosts (`calendar.example.com`, `localhost:5232`) and networks (`10.1.0.0/16`) that may be private.

    A host with a port is allowed on that port, all others on 80 and 443.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry))
            except ValueError:
                self._hosts.add(entry.lower())

    def names(self, host: str, port: int) -> bool:
        literal = f"[{host}]" if ":" in host else host
        return f"{literal}:{port}" in self._hosts or (port in PORTS and host in self._hosts)

    def covers(self, address: IpAddress) -> bool:
        return any(address in network for network in self._networks)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `url` is where it came from, after any redirect that was followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def kind(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Web:
    """Requests to one calendar service. `allow` may hold private hosts, see AllowList."""

    def __init__(
        self, allow: Collection[str] = (), *, seconds: float = SECONDS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._allowed = AllowList(allow)
        self._seconds = seconds
        self._most_bytes = most_bytes

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        sign_in: tuple[str, str] | None = None,
        redirects: int = 0,
    ) -> Answer:
        """One exchange. `sign_in` is a user name and a password, which only travel encrypted or to an allowed host.

        Raises CalendarUnreadable when the address is refused or the server cannot be reached in time; an answer of
        any status is an answer. `redirects` is how many may be followed: never from https to http, and with a secret
        only within the host and its own subdomains.
        """
        by = time.monotonic() + self._seconds
        at = self._address(url)
        sent = {"accept-encoding": "identity", "user-agent": "Loopwright", **(headers or {})}
        if sign_in:
            sent["authorization"] = f"Basic {base64.b64encode(':'.join(sign_in).encode()).decode()}"
        is_secret = "authorization" in map(str.lower, sent)
        with contextlib.closing(_Guarded(self._allowed, by)) as transport:
            while True:
                self._refuse(at, is_secret=is_secret)
                answer = self._exchange(
                    transport, httpx.Request(method, at, headers=sent, content=content), by
                )
                location = answer.headers.get("location", "")
                if answer.status not in (301, 302, 303, 307, 308) or not location or redirects == 0:
                    return answer
                redirects -= 1
                target = at.join(location)
                if at.scheme == "https" and target.scheme != "https":
                    raise CalendarUnreadable(f"{at.host} sends us on to an address without encryption.")
                if is_secret and target.host != at.host and not target.host.endswith(f".{at.host}"):
                    raise CalendarUnreadable(
                        f"{at.host} sends us on to {target.host}. Enter that address, if it is the right one."
                    )
                at = target

    def _exchange(self, transport: "_Guarded", request: httpx.Request, by: float) -> Answer:
        # SECURITY: httpx.Client writes every address into the log, and a feed's address is its password.
        host = request.url.host
        try:
            with contextlib.closing(transport.handle_request(request)) as response:
                if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
                    raise CalendarUnreadable(f"{host} answers in a packed form that was not asked for.")
                body = bytearray()
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > self._most_bytes:
                        raise CalendarUnreadable(
                            f"{host} answers with more than {self._most_bytes // 1024 // 1024} MB."
                        )
                return Answer(response.status_code, response.headers, bytes(body), str(request.url))
        except _BROKEN as error:
            raise _unreachable(host, error, is_late=time.monotonic() >= by) from error

    def _address(self, url: str) -> httpx.URL:
        try:
            at = httpx.URL(re.sub(r"^webcals?://", "https://", url.strip(), flags=re.IGNORECASE))
        except (httpx.InvalidURL, ValueError) as error:
            raise CalendarUnreadable("This is not a web address; it should begin with https://.") from error
        return at

    def _refuse(self, at: httpx.URL, *, is_secret: bool) -> None:
        if at.scheme not in ("http", "https") or not at.host:
            raise CalendarUnreadable("This is not a web address; it should begin with https://.")
        if at.userinfo:
            raise CalendarUnreadable(
                "Give the user name and the password in their own fields, not in the address."
            )
        port = at.port or (443 if at.scheme == "https" else 80)
        if self._allowed.names(at.host, port):
            return
        if port not in PORTS:
            raise CalendarUnreadable("Calendars are only read from the ports 80 and 443.")
        if is_secret and at.scheme != "https":
            raise CalendarUnreadable("A password only goes to an address that begins with https://.")


def retry_after_seconds(headers: Mapping[str, str]) -> int | None:
    """The wait that the server asks for, given in seconds or as a date by the server's own clock."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), 86400)
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("date", ""))
        return max(0, min(int((until - now).total_seconds()), 86400))
    except (ValueError, TypeError):
        return None


def refusal(answer: Answer, service: str) -> CalendarUnreadable:
    """What an answer without a calendar in it means for the person who connected the calendar at `service`."""
    match answer.status:
        case 401:
            return CalendarUnreadable(f"{service} no longer accepts our sign-in. Connect the calendar again.")
        case 403:
            return CalendarUnreadable(f"{service} does not let us read this calendar. Check its sharing.")
        case 404 | 410:
            return CalendarUnreadable(
                f"{service} has no such calendar. Check the address, or choose another one."
            )
        case 429 | 503:
            return CalendarUnreadable(
                f"{service} asks us to wait before the next try.",
                may_pass=True,
                retry_after_seconds=retry_after_seconds(answer.headers),
            )
        case status if status >= 500:
            return CalendarUnreadable(f"{service} has a fault of its own at the moment.", may_pass=True)
        case status:
            return CalendarUnreadable(f"{service} answers in a way we do not understand (status {status}).")


def is_public(address: IpAddress) -> bool:
    """Whether an address belongs to the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _CARRIERS):
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)
    )


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Guarded(httpx.BaseTransport):
    """httpx over connections that only go to checked addresses, until the time is up."""

    def __init__(self, allowed: AllowList, by: float) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(), network_backend=_Backend(allowed, by), max_connections=1
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Resolves and checks a host, then connects to the very address that was checked."""

    def __init__(self, allowed: AllowList, by: float) -> None:
        self._allowed = allowed
        self._by = by
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _resolved(host, port, _left(self._by))
        if not self._allowed.names(host, port):
            for address in addresses:
                if not is_public(address) and not self._allowed.covers(address):
                    raise CalendarUnreadable(
                        f"{host} is not a public address. Ask your administrator to allow it, if it is one of yours."
                    )
        failure: Exception = httpcore.ConnectError(host)
        for address in addresses[:4]:
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, timeout=_left(self._by), socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Timed(stream, self._by)
        raise failure

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, _left(self._by)))


class _Timed(httpcore.NetworkStream):
    """A connection that ends when the time of the whole exchange is up, however slowly the bytes come."""

    def __init__(self, stream: httpcore.NetworkStream, by: float) -> None:
        self._stream = stream
        self._by = by

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._by))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._by))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, _left(self._by)), self._by)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(by: float) -> float:
    left = by - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The time for the exchange is up.")
    return left


def _resolved(host: str, port: int, seconds: float) -> list[IpAddress]:
    """Every address of a host. The look-up runs aside, because it takes as long as a name server likes."""
    found: list[IpAddress] = []
    failures: list[Exception] = []

    def look_up() -> None:
        try:
            for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                found.append(ipaddress.ip_address(str(address[0]).partition("%")[0]))
        except (OSError, UnicodeError, ValueError) as error:
            failures.append(error)

    aside = threading.Thread(target=look_up, daemon=True)
    aside.start()
    aside.join(seconds)
    if aside.is_alive():
        raise httpcore.ConnectTimeout("The name server does not answer.")
    if failures or not found:
        raise httpcore.ConnectError(str(failures[0]) if failures else host)
    return list(dict.fromkeys(found))


def _unreachable(host: str, error: Exception, *, is_late: bool) -> CalendarUnreadable:
    if is_late or isinstance(error, (httpcore.TimeoutException, TimeoutError)):
        return CalendarUnreadable(f"{host} takes too long to answer.", may_pass=True)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return CalendarUnreadable(f"{host} has no valid certificate, so nothing was sent to it.")
    if isinstance(error, httpcore.ProtocolError):
        return CalendarUnreadable(f"{host} breaks off in the middle of its answer.", may_pass=True)
    return CalendarUnreadable(f"{host} cannot be reached. Check the address.", may_pass=True)
