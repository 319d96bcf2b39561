"""Takes the pictures of the README anew: `make screenshots`.

Walks the demo's season into a database of its own, serves it, and photographs it with Chromium. Nothing of an
existing installation is read or changed.
"""

import base64
import contextlib
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parent.parent
INTO = ROOT / "docs" / "screenshots"
LARGEST = 150_000  # bytes: they are in the repository
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
QUIET = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
SCROLLED_TO = {"scorecard-phone": "#signal-failure_analysis", "admin-application": "h2:text-is('Tools')"}
SAID = {
    "ownership": (
        "strong",
        "Led the move from nightly batch scoring to an online feature store. Clear about three decisions of "
        "their own; would split the two roll-outs today.",
    ),
    "failure_analysis": (
        "strong",
        "From the latency alert to a client that retried without a limit, with two dead ends on the way. Says "
        "what monitoring missed: nobody watched the age of the features.",
    ),
    "incident_detection": ("mixed", "Knew the alert, but not for how long it had been going on."),
}
PIXELS = """async source => {
  const image = new Image(); image.src = source; await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const bytes = pen.getImageData(0, 0, image.width, image.height).data;
  let text = ""; for (let i = 0; i < bytes.length; i += 32768)
    text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return [image.width, image.height, btoa(text)];
}"""


@contextlib.contextmanager
def demo() -> Iterator[str]:
    """The demo's season, served; gives its address."""
    with tempfile.TemporaryDirectory(prefix="loopwright-pictures-") as folder:
        here = {"DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3", "REDIS_URL": ""}
        os.environ.update(here)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            host, port = free.getsockname()
        manage = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run([*manage, "demo", "--no-serve"], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        server = subprocess.Popen(
            [*manage, "runserver", "--noreload", f"{host}:{port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
        try:
            for _attempt in range(150):
                with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=2):
                    break
                time.sleep(0.2)
            yield f"http://{host}:{port}"
        finally:
            server.terminate()
            server.wait()


def scenes() -> dict[str, tuple[str, str]]:
    """Who looks at which page, out of what the season brought: name of the picture -> e-mail, address."""
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from django.db.models import Count
    from django.urls import reverse
    from django.utils import timezone

    from accounts.models import User
    from candidates.models import Application
    from interviews.models import Interviewer, Seat

    now = timezone.now()
    owing = Seat.objects.live().filter(interview__ends_at__lt=now).exclude(scorecard__status="submitted")
    writing = owing.filter(interview__block="project_deep_dive", role="lead").select_related("user")
    seat = writing.order_by("-interview__starts_at").first() or Seat.objects.live().filter(
        interview__block="project_deep_dive", role="lead"
    ).select_related("user").latest("interview__starts_at")
    ahead = Seat.objects.live().filter(interview__starts_at__gt=now)
    busiest = max(
        Interviewer.objects.select_related("user"),
        key=lambda one: (
            owing.filter(user=one.user).exists() + ahead.filter(user=one.user).exists(),
            one.user.seats.count(),
        ),
    )
    told = Application.objects.annotate(flags_=Count("flags")).order_by("-flags_", "-created_at")[0]
    recruiter = User.objects.filter(grants__role="recruiter").first()
    assert recruiter is not None
    kit = reverse("interviews:kit", args=[seat.pk])
    return {
        "interviews": (busiest.user.email, reverse("interviews:mine")),
        "kit": (seat.user.email, kit),
        "scorecard-phone": (seat.user.email, kit),
        "admin-home": (recruiter.email, reverse("admin:index")),
        "admin-application": (
            recruiter.email,
            reverse("admin:candidates_application_change", args=[told.pk]),
        ),
    }


def photograph(browser: Browser, url: str, name: str, email: str, address: str) -> bytes:
    """One page as this person sees it."""
    from config.demo.cast import PASSWORD

    phone = name.endswith("phone")
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 860},
        color_scheme="dark" if phone else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{url}/accounts/login/")
    page.fill("#id_login", email)
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda there: "/accounts/login" not in there)
    page.goto(url + address)
    page.wait_for_load_state("networkidle")
    if name == "kit":
        write_some(page)
    if name in SCROLLED_TO:
        page.locator(SCROLLED_TO[name]).evaluate("place => place.scrollIntoView()")
    picture = page.screenshot()
    context.close()
    return picture


def write_some(page: Page) -> None:
    """A card half written, as it looks during the interview."""
    for signal, (value, evidence) in SAID.items():
        page.check(f"[name=rating-{signal}][value={value}]")
        page.fill(f"#evidence-{signal}", evidence)
    page.fill("#minutes-project", "55")
    page.wait_for_selector("[data-bar][data-state=saved]")
    page.evaluate("document.activeElement.blur()")


def smaller(picture: bytes, page: Page) -> bytes:
    """The same picture in at most 256 colours, which is plenty for text on paper."""
    source = "data:image/png;base64," + base64.b64encode(picture).decode()
    width, height, raw = page.evaluate(PIXELS, source)
    pixels = np.frombuffer(base64.b64decode(raw), np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    colours, index, count = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    kept = np.argsort(-count)[:256]
    nearest = np.array([np.argmin(((colours[kept] - each) ** 2).sum(axis=1)) for each in colours], np.uint8)
    rows = nearest[index.reshape(-1)].reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", colours[kept].astype(np.uint8).tobytes()),
            chunk(b"IDAT", zlib.compress(lines, 9)),
            chunk(b"IEND", b""),
        )
    )


def main() -> None:
    INTO.mkdir(exist_ok=True)
    with demo() as url:
        wanted = scenes()
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            blank = browser.new_page()
            for name, (email, address) in wanted.items():
                picture = smaller(photograph(browser, url, name, email, address), blank)
                if len(picture) > LARGEST:
                    raise SystemExit(f"{name}.png has {len(picture)} bytes; at most {LARGEST} are wanted.")
                (INTO / f"{name}.png").write_bytes(picture)
                sys.stdout.write(f"{name}.png: {len(picture):,} bytes\n")


if __name__ == "__main__":
    main()
