"""Writing a scorecard during the interview: it saves itself, loses nothing, and can be worked by keys alone."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from interviews import forms, scorecards
from interviews.models import Scorecard
from tests import stories
from tests.browser.conftest import PHONE

pytestmark = pytest.mark.django_db(transaction=True)

DIVE = "project_deep_dive"
SIGNALS = ("ownership", "failure_analysis", "incident_detection", "incident_response", "incident_outcome")


@pytest.fixture
def seat(clock):
    seat = next(s for s in stories.seats(stories.confirmed_loop()) if s.interview.block == DIVE)
    clock(seat.interview.ends_at + dt.timedelta(minutes=5))
    return seat


@pytest.fixture
def kit(site, seat):
    site.enter(seat.user)
    return site.open(reverse("interviews:kit", args=[seat.pk]))


def saved(page):
    expect(page.locator("[data-bar]")).to_have_attribute("data-state", "saved")


def stored(seat):
    return forms.written(scorecards.newest(Scorecard.objects.get(seat=seat)))


def rate(page, signal, value):
    page.check(f"[name=rating-{signal}][value={value}]")


def fill_completely(page):
    for signal in SIGNALS:
        rate(page, signal, "strong")
        page.fill(f"#evidence-{signal}", f"Said it about {signal}.")
    page.fill("#minutes-project", "55")
    page.fill("#minutes-incident", "35")
    for key in ("situation", "own_role", "detection", "response", "outcome"):
        page.fill(f"#story-1-{key}", f"The {key}.")
    for key in ("detection", "response", "outcome"):
        page.check(f"[name=story-1-{key}_is][value=specific]")
    page.check("[name=overall][value=yes]")
    page.check("[name=confidence][value=high]")


# --- saving by itself -----------------------------------------------------------------------------------------


def test_what_is_typed_and_chosen_is_saved_without_being_asked(kit, seat):
    rate(kit, "ownership", "mixed")
    kit.fill("#evidence-ownership", "Led it.")
    saved(kit)
    expect(kit.locator("#save-state")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))
    assert stored(seat)["ratings"]["ownership"] == {"value": "mixed", "evidence": "Led it."}


def test_saving_moves_nothing_on_the_page(kit, seat):
    def places():
        return kit.evaluate(
            "[...document.querySelectorAll('[data-signal], [data-bar], textarea')].map(e => {"
            " const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height].map(Math.round) })"
        )

    held = []
    kit.route("**/save/", lambda route: held.append(route))
    for width, height in ((1280, 860), PHONE):
        kit.set_viewport_size({"width": width, "height": height})
        kit.evaluate("window.scrollTo(0, 0)")
        before = places()
        kit.evaluate("document.querySelector('#notes').value = 'Quiet ' + innerWidth")
        kit.evaluate("document.querySelector('[name=rating-ownership]:not(:checked)').click()")
        expect(kit.locator("[data-bar]")).to_have_attribute("data-state", "saving")
        assert places() == before
        held.pop().continue_()
        saved(kit)
        assert places() == before
        assert stored(seat)["notes"] == f"Quiet {width}"


def test_a_submit_pressed_while_saving_waits_and_takes_the_last_word_along(kit, seat):
    fill_completely(kit)
    saved(kit)
    held = []
    kit.route("**/save/", lambda route: route.continue_() if held else held.append((route, route.fetch())))
    rate(kit, "ownership", "weak")
    while not held:  # until the server has the save, and its answer is still on the way
        kit.wait_for_timeout(20)
    kit.fill("#evidence-ownership", "The very last word.")
    kit.get_by_role("button", name="Submit").click(no_wait_after=True)
    kit.wait_for_timeout(200)
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(kit.get_by_text("It is sealed")).to_be_visible()
    assert stored(seat)["ratings"]["ownership"] == {"value": "weak", "evidence": "The very last word."}
    assert Scorecard.objects.get(seat=seat).status == "submitted"


def test_pressing_submit_twice_hands_in_once(kit, seat):
    fill_completely(kit)
    saved(kit)
    sent = []
    kit.route("**/submit/", lambda route: sent.append(route))
    with kit.expect_request("**/submit/"):
        kit.evaluate(  # by timers: while a request to leave the page is held, the page answers no question
            "for (const wait of [0, 50, 500]) setTimeout(() => document.querySelector('[data-bar] .primary').click(), wait)"
        )
    kit.wait_for_timeout(600)
    assert len(sent) == 1
    sent[0].continue_()
    expect(kit.get_by_text("It is sealed")).to_be_visible()


def test_without_a_connection_the_text_waits_and_goes_out_later(kit, site, seat):
    site.context.set_offline(True)
    kit.fill("#notes", "Written in a lift")
    expect(kit.get_by_text("No connection. Kept on this device, will be sent.")).to_be_visible()
    site.context.set_offline(False)
    saved(kit)
    assert stored(seat)["notes"] == "Written in a lift"


def test_after_a_log_out_elsewhere_the_text_waits_for_the_next_log_in(kit, site, seat):
    site.context.clear_cookies(name="sessionid")
    kit.fill("#notes", "Session over")
    expect(kit.get_by_text("You are logged out.")).to_be_visible()
    site.context.clear_cookies(name="csrftoken")  # a log-in brings a new token against forged requests
    site.enter(seat.user)
    elsewhere = site.open("/interviews/")
    elsewhere.close()
    kit.evaluate("window.dispatchEvent(new Event('focus'))")
    saved(kit)
    assert stored(seat)["notes"] == "Session over"


def test_leaving_with_unsaved_text_is_asked_about(kit, site):
    asked = []
    kit.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    site.context.set_offline(True)
    kit.fill("#notes", "Do not lose me")
    expect(kit.get_by_text("No connection.")).to_be_visible()
    site.context.set_offline(False)
    kit.close(run_before_unload=True)
    kit.wait_for_timeout(300)
    assert asked == ["beforeunload"]


# --- handing in -----------------------------------------------------------------------------------------------


def test_an_incomplete_card_says_what_is_missing_and_leads_there(kit):
    rate(kit, "ownership", "strong")
    kit.get_by_role("button", name="Submit").click()
    summary = kit.locator("main > .refusal")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("heading")).to_have_text("The scorecard is not complete yet. Nothing is lost.")
    summary.get_by_role(
        "link", name="Write what was said or done that makes “Ownership and hindsight” strong."
    ).click()
    expect(kit.locator("#evidence-ownership")).to_be_focused()
    kit.locator(".left > summary").click()
    kit.locator(".left").get_by_role("link", name="Rate “Finding causes”").click()
    expect(kit.locator("#signal-failure_analysis")).to_be_focused()
    bar = kit.locator("[data-bar]").bounding_box()
    field = kit.locator("#signal-failure_analysis").bounding_box()
    assert field["y"] < bar["y"]


def test_what_is_left_counts_down_and_its_list_stays_open(kit):
    left = kit.locator(".left")
    kit.locator(".left > summary").click()
    before = left.locator("li").count()
    kit.fill("#minutes-project", "60")
    saved(kit)
    assert left.locator("li").count() == before - 1
    expect(left).to_have_attribute("open", "")


def test_without_javascript_it_can_be_saved_and_handed_in(browser, site, seat):
    site.context = browser.new_context(java_script_enabled=False)
    site.enter(seat.user)
    page = site.open(reverse("interviews:kit", args=[seat.pk]))
    page.fill("#notes", "Plain")
    page.press("#minutes-project", "Enter")  # Enter saves; it hands nothing in
    expect(page.locator("#save-state")).to_contain_text("Saved")
    assert (stored(seat)["notes"], Scorecard.objects.get(seat=seat).status) == ("Plain", "draft")
    page.get_by_role("button", name="Add another story").click()
    expect(page.locator("[data-story]")).to_have_count(2)
    fill_completely(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("It is sealed")).to_be_visible()
    assert Scorecard.objects.get(seat=seat).status == "submitted"


# --- keys and stories -------------------------------------------------------------------------------------------


def test_number_keys_rate_the_signal_one_is_at_and_arrows_move_on(kit, seat):
    kit.focus("[name=rating-ownership][value=strong]")
    kit.keyboard.press("2")
    kit.keyboard.press("ArrowDown")
    kit.keyboard.press("4")
    kit.keyboard.press("Tab")
    expect(kit.locator("#evidence-failure_analysis")).to_be_focused()
    kit.keyboard.type("No time for 1 of the 2 questions")
    saved(kit)
    assert stored(seat)["ratings"]["ownership"]["value"] == "mixed"
    assert stored(seat)["ratings"]["failure_analysis"] == {
        "value": "not_assessed",
        "evidence": "No time for 1 of the 2 questions",
    }
    kit.keyboard.press("Shift+Tab")
    kit.keyboard.press("ArrowUp")
    expect(kit.locator("[name=rating-ownership][value=mixed]")).to_be_focused()


def test_keys_are_listed_and_can_be_turned_off(kit):
    kit.keyboard.press("?")
    expect(kit.get_by_role("dialog", name="Keys")).to_be_visible()
    kit.get_by_label("Use these keys in this browser").uncheck()
    kit.keyboard.press("Escape")
    kit.reload()
    kit.focus("[name=rating-ownership][value=strong]")
    kit.keyboard.press("3")
    kit.keyboard.press("?")
    assert kit.locator("[name=rating-ownership]:checked").count() == 0
    expect(kit.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_a_second_story_is_added_in_place_and_can_be_left_out_again(kit, seat):
    kit.fill("#story-1-situation", "First")
    kit.get_by_role("button", name="Add another story").click()
    expect(kit.locator("#story-2-situation")).to_be_focused()
    kit.keyboard.type("Second")
    saved(kit)
    assert [story["situation"] for story in stored(seat)["stories"]] == ["First", "Second"]
    kit.locator("[name=story-1-omit]").check()
    kit.wait_for_timeout(400)
    saved(kit)
    assert [story["situation"] for story in stored(seat)["stories"]] == ["Second"]
    kit.locator("[name=story-1-omit]").uncheck()
    kit.wait_for_timeout(400)
    saved(kit)
    assert [story["situation"] for story in stored(seat)["stories"]] == ["First", "Second"]
