"""Every page and state, light and dark, wide and on a phone: no accessibility finding, no sideways scrolling."""

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests import stories
from tests.browser.conftest import findings
from tests.stories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

DIVE = "project_deep_dive"


@pytest.fixture
def loop(clock):
    clock(NOW)
    return stories.confirmed_loop()


def seat_in(loop, block):
    return next(s for s in stories.seats(loop) if s.interview.block == block and s.role == "lead")


def address(seat, name="kit"):
    return reverse(f"interviews:{name}", args=[seat.pk])


def test_my_interviews_from_empty_to_handed_in(site, clock, loop):
    site.enter(stories.person("interviewer"))
    assert findings(site.open("/interviews/")) == []
    seat = seat_in(loop, DIVE)
    site.enter(seat.user)
    page = site.open("/interviews/")
    page.locator(".decline > summary").click()
    assert findings(page) == []
    for moment in (seat.interview.starts_at, seat.interview.ends_at):
        clock(moment)
        page.reload()
        assert findings(page) == []
    stories.submitted_card(seat)
    page.reload()
    assert findings(page) == []
    site.enter(stories.hiring_manager(loop.application.opening))
    page.reload()
    page.locator("[data-menu] > summary").click()
    assert findings(page) == []


def test_answering_in_place_says_so_and_takes_the_focus_along(site, loop):
    seat = seat_in(loop, DIVE)
    site.enter(seat.user)
    page = site.open("/interviews/")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Accepted. See you there.")).to_be_focused()
    assert findings(page) == []
    page.locator(".decline > summary").click()
    page.get_by_label("Reason, for the recruiter").fill("On a train")
    page.get_by_role("button", name="Decline this interview").click()
    expect(page.get_by_text("Declined. The seat is free")).to_be_focused()
    seat.refresh_from_db()
    assert (seat.response, seat.decline_reason) == ("declined", "On a train")


def test_the_kit_in_all_its_states(site, clock, loop):
    seat = seat_in(loop, DIVE)
    stories.background(loop.application, kubernetes="deep", reliability="some")
    site.enter(seat.user)
    page = site.open(address(seat))
    page.locator(".background > summary").click()
    assert findings(page) == []

    clock(seat.interview.ends_at)
    page = site.open(address(seat))
    page.check("[name=rating-ownership][value=not_assessed]")
    expect(page.locator("[data-bar]")).to_have_attribute("data-state", "saved")
    page.locator(".left > summary").click()
    assert findings(page) == []

    page.get_by_role("button", name="Submit").click()
    expect(page.locator("main > .refusal")).to_be_focused()
    assert findings(page) == []

    stale = site.open(address(seat))
    page.fill("#notes", "Newer")
    expect(page.locator("[data-bar]")).to_have_attribute("data-state", "saved")
    stale.fill("#notes", "Older")
    expect(stale.locator("[data-bar]")).to_have_attribute("data-state", "conflict")
    assert findings(stale) == []
    stale.get_by_role("button", name="Submit").click()
    expect(stale.get_by_role("button", name="Keep what is here")).to_be_focused()

    page.set_viewport_size({"width": 1280, "height": 860})
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert findings(page) == []


def test_cards_that_are_in(site, clock, loop):
    seat, other = seat_in(loop, DIVE), seat_in(loop, "platform_coding")
    clock(stories.after(loop))
    stories.submitted_card(other)
    card = stories.submitted_card(seat, notes="To myself")
    site.enter(seat.user)
    page = site.open(address(seat))
    assert findings(page) == []
    page.get_by_role("link", name=other.user.name).click()
    expect(page.get_by_text("Back to your card")).to_be_visible()
    assert findings(page) == []
    page.goto(site.url + address(seat, "amend"))
    assert findings(page) == []
    page.get_by_label("Why do you change it?").fill("Misheard it.")
    page.check("[name=overall][value=no]")
    page.get_by_role("button", name="Hand in the amendment").click()
    expect(page.get_by_text("“Misheard it.”")).to_be_visible()
    assert findings(page) == []
    page.get_by_role("link", name="Version 1").click()
    expect(page.get_by_text("Back to the newest")).to_be_visible()
    assert findings(page) == []
    assert card.versions.count() == 2


def test_logging_in_and_looking_after_ones_account(site, clock):
    clock(dt.datetime.now(dt.UTC))  # codes of an authenticator go by the real clock
    user = stories.person("interviewer", password="four words nobody says")
    page = site.open("/accounts/login/")
    assert findings(page) == []
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill("no")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert findings(page) == []
    page.get_by_label("Password", exact=True).fill("four words nobody says")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="My interviews")).to_be_visible()
    for each in ("password/change/", "2fa/", "2fa/totp/activate/", "logout/"):
        page.goto(f"{site.url}/accounts/{each}")
        assert findings(page) == []
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    for each in (
        "accounts/password/reset/",
        "accounts/password/reset/done/",
        "accounts/password/reset/key/x-y/",
        "nowhere/",
    ):
        page.goto(f"{site.url}/{each}")
        assert findings(page) == []


def test_the_chosen_colours_are_kept_in_this_browser(site, loop):
    site.enter(seat_in(loop, DIVE).user)
    page = site.open("/interviews/")
    page.emulate_media(color_scheme="light")

    def paper():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = paper()
    page.get_by_role("button", name="Colours: as the system. Switch to light.").click()
    page.get_by_role("button", name="Colours: light. Switch to dark.").click()
    dark = paper()
    assert dark != light
    page.reload()
    assert paper() == dark
    page.get_by_role("button", name="Colours: dark. Switch to the system’s.").click()
    assert paper() == light


@pytest.mark.parametrize("width", [640, 320])  # a window of 1280 pixels at 200 and 400 per cent
def test_enlarged_to_four_times_nothing_is_cut_off(site, loop, width):
    seat = seat_in(loop, DIVE)
    site.enter(seat.user)
    for each in ("/interviews/", address(seat), "/accounts/2fa/"):
        page = site.open(each)
        page.set_viewport_size({"width": width, "height": 400})
        assert page.evaluate("document.documentElement.scrollWidth") == width
