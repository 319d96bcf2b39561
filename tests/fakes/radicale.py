"""A real CalDAV server, Radicale, on loopback: one person, and as many calendars as a test makes."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import httpx

USER, PASSWORD = "grace", "correct horse"
CALENDAR = (
    '<?xml version="1.0"?><d:mkcol xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>'
    "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><d:displayname>{name}</d:displayname>"
    '<c:supported-calendar-component-set><c:comp name="{kind}"/></c:supported-calendar-component-set>'
    "</d:prop></d:set></d:mkcol>"
)


@dataclass(frozen=True)
class Radicale:
    host: str

    @property
    def url(self) -> str:
        return f"http://{self.host}/"

    def calendar(self, path: str, *, name: str = "Work", kind: str = "VEVENT") -> str:
        """Makes a calendar and gives its address."""
        url = f"{self.url}{USER}/{path}/"
        self.request("MKCOL", url, CALENDAR.format(name=escape(name), kind=kind).encode()).raise_for_status()
        return url

    def store(self, url: str, ics: str) -> None:
        self.request("PUT", url, ics.encode(), {"content-type": "text/calendar"}).raise_for_status()

    def request(
        self, method: str, url: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return httpx.request(
            method, url, content=content, headers=headers, auth=(USER, PASSWORD), trust_env=False, timeout=20
        )


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Radicale]:
    """The server with its files in `folder`, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    users = folder / "users"
    users.write_text(f"{USER}:{PASSWORD}\n")
    options = {
        "server-hosts": host,
        "auth-type": "htpasswd",
        "auth-htpasswd-filename": str(users),
        "auth-htpasswd-encryption": "plain",
        "auth-delay": "0",
        "storage-filesystem-folder": str(folder / "collections"),
        "logging-level": "error",
    }
    command = [sys.executable, "-m", "radicale", "--config", ""]
    with subprocess.Popen(
        [*command, *(f"--{name}={value}" for name, value in options.items())],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait_for(host, process)
            yield Radicale(host)
        finally:
            process.terminate()


def _wait_for(host: str, process: subprocess.Popen[bytes]) -> None:
    address, _, port = host.partition(":")
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection((address, int(port)), timeout=1):
            return
        assert process.poll() is None, "Radicale did not start."
        time.sleep(0.1)
    raise AssertionError("Radicale does not answer.")
