"""Deciding in the browser: past a flag, against the panel, on paper; and the pages around it, in all themes and widths."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from interviews.models import Debrief, Decision, Flag
from tests import stories
from tests.browser.conftest import PHONE, findings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def debrief(clock):
    """A reliability engineer without production ML: one flag; the panel is for them, and does not agree on everything."""
    loop = stories.held_loop()
    stories.background(loop.application, reliability="deep", drift_monitoring="none", retraining="none")
    for seat in stories.seats(loop):
        if seat.counts:
            ratings = stories.full_content(seat)["ratings"]
            if seat.role == "peer":
                ratings["priorities"] = {"value": "weak", "evidence": "Listed technologies."}
            if seat.interview.block == "platform_coding":
                ratings["testability"] = {"value": "not_assessed", "evidence": "No time left."}
            stories.submitted_card(seat, ratings=ratings)
    clock(stories.after(loop))
    made = Debrief.objects.get(loop=loop)
    assert Flag.objects.filter(application=loop.application, status="raised").count() == 1
    return made


@pytest.fixture
def packet(site, debrief):
    site.enter(stories.hiring_manager(debrief.loop.application.opening))
    return site.open(reverse("interviews:debrief", args=[debrief.pk]))


def test_a_manager_decides_against_a_flag_and_the_panel(packet, debrief):
    packet.get_by_label("Do not hire").check()
    packet.locator("#reason").fill("Nothing here has met a model in production.")
    packet.get_by_role("button", name="Decide").click()

    refusal = packet.locator("main > .refusal")
    expect(refusal).to_be_focused()
    expect(refusal).to_contain_text("Answer every flag before deciding.")
    refusal.get_by_role("link").click()
    flag = packet.locator(".flag.is-raised")
    expect(flag).to_be_focused()
    flag.get_by_label("Waive: it does not apply here").check()
    flag.get_by_role("button", name="Answer this flag").click()
    expect(flag).to_contain_text("Write why the flag is waived.")
    flag.get_by_label("Why").fill("They ran the retraining of a search team for a year.")
    flag.get_by_role("button", name="Answer this flag").click()
    expect(packet.locator(".flag")).to_contain_text("Waived")
    expect(packet.locator("#steps")).to_contain_text("Every flag is answered")

    # What was written for the decision is still there, though the flag was answered meanwhile.
    expect(packet.locator("#reason")).to_have_value("Nothing here has met a model in production.")
    packet.locator("#reason").fill("")
    packet.get_by_role("button", name="Decide").click()
    expect(packet.locator("main > .refusal")).to_contain_text("This decision goes against the panel.")
    packet.get_by_role("link", name="Write the reason").click()
    expect(packet.locator("#reason")).to_be_focused()
    packet.keyboard.type("Nothing here has met a model in production.")
    packet.get_by_role("button", name="Decide").click()
    expect(packet.locator("#decision ~ .verdict")).to_contain_text("Do not hire")
    made = Decision.objects.get(debrief=debrief)
    assert (made.outcome, made.against_panel) == ("no_hire", True)
    assert made.reason == "Nothing here has met a model in production."


def test_every_evidence_is_one_press_away(packet):
    line = packet.locator("#signal-partnership-priorities")
    expect(line.get_by_text("Listed technologies.")).to_be_hidden()
    line.locator("summary").press("Enter")
    expect(line.get_by_text("Listed technologies.")).to_be_visible()
    packet.locator(".findings").get_by_role("link", name="Testability").click()
    expect(packet.get_by_text("No time left.")).to_be_visible()
    packet.get_by_role("link", name="Open all evidence").click()
    expect(packet.locator("details.line:not([open])")).to_have_count(0)


def test_it_prints_as_a_few_clean_pages(packet):
    pdf = packet.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 2 <= pages <= 5

    packet.emulate_media(media="print", color_scheme="dark")
    for gone in ("header.top", ".packet > aside", "form", ".crumb", "[data-print]"):
        expect(packet.locator(gone).first).to_be_hidden()
    expect(
        packet.get_by_text("Listed technologies.")
    ).to_be_visible()  # though its line is closed on the screen
    expect(packet.get_by_text("Confidential. Printed by")).to_be_visible()
    assert packet.evaluate("getComputedStyle(document.body).color") == "rgb(27, 35, 38)"
    uncut = packet.evaluate(
        "[...document.querySelectorAll('.line, .told, .flag, .lines tr')]"
        ".every(row => getComputedStyle(row).breakInside === 'avoid')"
    )
    assert uncut


def test_the_packet_and_the_pages_around_it_can_be_read_by_everybody(site, packet, debrief):
    assert findings(packet) == []
    packet.get_by_label("Do not hire").check()
    packet.get_by_role("button", name="Decide").click()
    packet.goto(packet.url.removesuffix("decide/") + "?open")
    assert findings(packet) == []
    application = debrief.loop.application
    for address in (
        reverse("interviews:debriefs"),
        reverse("interviews:candidate", args=[application.pk]),
        reverse("analytics:openings"),
        reverse("analytics:opening", args=[application.opening_id]),
        reverse("interviews:search"),
        reverse("interviews:search") + "?q=alert",
        reverse("interviews:search") + "?q=nobody",
    ):
        packet.goto(site.url + address)
        assert findings(packet) == [], address


def test_on_a_phone_each_signal_stands_by_itself_with_its_words(packet):
    packet.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    line = packet.locator("#signal-partnership-priorities summary")
    expect(line.locator(".is-strong .cell-word")).to_be_visible()
    expect(line.locator(".is-weak .cell-word")).to_be_visible()
    expect(line.locator(".is-mixed")).to_be_hidden()
