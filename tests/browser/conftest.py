"""The pages in a real browser: Debian's Chromium, driven by Playwright, against the service in this process."""

import os
import pathlib
import shutil

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

# Playwright runs an event loop in this thread; the ORM is used between its calls, never inside them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
    "--metrics-recording-only",
    "--disable-domain-reliability",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
AXE = (pathlib.Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, PHONE = (1280, 860), (390, 844)

expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items):
    for item in items:
        if pathlib.Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(
                pytest.mark.skipif(not os.path.exists(CHROMIUM), reason="Chromium is not installed")
            )


@pytest.fixture(scope="session")
def browser_type_launch_args():
    return {"executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture
def clock(monkeypatch):
    """The doors read the clock; this sets it."""

    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    return set_to


@pytest.fixture
def site(live_server, context):
    """A way into the service: `site.enter(user)` logs the browser in, `site.open(address)` goes there.

    At the end there must have been no script error, and nothing the Content-Security-Policy had to stop.
    """
    way = Site(live_server.url, context)
    yield way
    assert way.complaints == []


class Site:
    def __init__(self, url, context):
        self.url, self.context = url, context
        self.complaints = []

    def enter(self, user):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.url}])

    def open(self, address):
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)
        page.goto(self.url + address)
        return page

    def _listen(self, message):
        if message.type == "error" and "Content Security Policy" in message.text:
            self.complaints.append(message.text)


def findings(page):
    """What axe finds on the page as it is, light and dark, wide and on a phone: rule and places."""
    found = []
    page.evaluate(AXE)
    for theme in ("light", "dark"):
        for width, height in (WIDE, PHONE):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size({"width": width, "height": height})
            result = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
            found += [
                (theme, width, each["id"], [node["target"] for node in each["nodes"]])
                for each in result["violations"]
            ]
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append((theme, width, "scrolls sideways", []))
    return found
