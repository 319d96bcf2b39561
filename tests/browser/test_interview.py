"""An interview as it goes: the clock, a connection that comes and goes, a second device, keys alone, one thumb."""

import datetime as dt
import json

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from interviews import forms, scorecards
from interviews.models import Scorecard, Seat
from tests import stories
from tests.browser.conftest import PHONE, findings

pytestmark = pytest.mark.django_db(transaction=True)

DIVE = "project_deep_dive"


@pytest.fixture
def seat(clock):
    seat = next(s for s in stories.seats(stories.confirmed_loop()) if s.interview.block == DIVE)
    clock(seat.interview.starts_at)
    return seat


@pytest.fixture
def minutes(clock, seat):
    """So many minutes into the interview it is now."""
    return lambda n: clock(seat.interview.starts_at + dt.timedelta(minutes=n))


def address(seat):
    return reverse("interviews:kit", args=[seat.pk])


@pytest.fixture
def kit(site, seat):
    site.enter(seat.user)
    return site.open(address(seat))


def state(page, wanted):
    expect(page.locator("[data-bar]")).to_have_attribute("data-state", wanted)


def look(page):
    """What a page does when it is looked at again: it asks for the clock."""
    with page.expect_response("**/clock/"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def part(page, key):
    return page.locator(f".clock-part[value={key}]")


def stored(seat):
    return forms.written(scorecards.newest(Scorecard.objects.get(seat=seat)))


def kept(page):
    return page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('card:'))")


# --- ninety minutes ---------------------------------------------------------------------------------------------


def test_ninety_minutes_with_two_cuts_and_an_expired_log_in_lose_not_a_word(kit, site, seat, minutes):
    part(kit, "project").click()
    expect(part(kit, "project")).to_have_attribute("aria-pressed", "true")
    kit.fill("#evidence-ownership", "Led the move of 40 models.")
    kit.check("[name=rating-ownership][value=strong]")
    state(kit, "saved")

    site.context.set_offline(True)  # the first cut
    kit.fill("#evidence-failure_analysis", "Found it in the feature lag, after an hour of")
    state(kit, "offline")
    kit.locator("#evidence-failure_analysis").press_sequentially(" doubt.")
    site.context.set_offline(False)
    state(kit, "saved")
    assert stored(seat)["ratings"]["failure_analysis"]["evidence"].endswith("after an hour of doubt.")

    minutes(61)
    look(kit)
    expect(kit.locator(".clock-says")).to_have_text("Over time: go on to the next part")
    site.context.set_offline(True)  # the second, and the laptop goes with it
    part(kit, "incident").click()
    expect(kit.locator(".clock-says")).to_have_text("No connection: the press counts from when you pressed")
    kit.fill("#story-1-situation", "The ranking went stale over a weekend.")
    kit.check("[name=story-1-situation_is][value=specific]")
    state(kit, "offline")
    kit.close()
    site.context.set_offline(False)
    kit = site.open(address(seat))
    state(kit, "saved")
    expect(kit.locator("#story-1-situation")).to_have_value("The ranking went stale over a weekend.")
    expect(part(kit, "incident")).to_have_attribute("aria-pressed", "true")
    assert [(s["situation"], s["situation_is"]) for s in stored(seat)["stories"]] == [
        ("The ranking went stale over a weekend.", "specific")
    ]

    site.context.clear_cookies(name="sessionid")
    kit.fill("#notes", "Ask the platform team about the rollback.")
    state(kit, "loggedout")
    expect(kit.get_by_role("link", name="Log in in another tab")).to_have_attribute("target", "_blank")
    site.enter(seat.user)
    kit.evaluate("window.dispatchEvent(new Event('focus'))")
    state(kit, "saved")

    minutes(90)
    rest = stories.full_content(seat)
    for signal, rating in rest["ratings"].items():
        kit.check(f"[name=rating-{signal}][value={rating['value']}]")
        if signal.startswith("incident"):
            kit.fill(f"#evidence-{signal}", rating["evidence"])
    for key in ("own_role", "detection", "response", "outcome"):
        kit.fill(f"#story-1-{key}", f"The {key}.")
    for key in ("detection", "response", "outcome"):
        kit.check(f"[name=story-1-{key}_is][value=specific]")
    kit.check("[name=overall][value=yes]")
    kit.check("[name=confidence][value=high]")
    kit.get_by_role("button", name="Submit").click()
    expect(kit.get_by_text("It is sealed")).to_be_visible()
    said = stored(seat)
    assert said["notes"] == "Ask the platform team about the rollback."
    assert said["ratings"]["ownership"] == {"value": "strong", "evidence": "Led the move of 40 models."}
    assert said["segments"] == {
        "project": {"minutes": 61, "skipped": False},
        "incident": {"minutes": 29, "skipped": False},
    }
    assert kept(kit) == []


def test_a_press_without_connection_counts_from_when_it_was_made(site, seat, minutes):
    site.context.clock.install()
    site.enter(seat.user)
    kit = site.open(address(seat))
    part(kit, "project").click()
    expect(kit.locator(".clock-stop")).to_be_visible()
    site.context.set_offline(True)
    part(kit, "incident").click()
    expect(kit.locator(".clock-says")).to_contain_text("No connection")
    minutes(20)
    kit.clock.fast_forward(20 * 60_000)
    site.context.set_offline(False)
    with kit.expect_response("**/clock/"):
        kit.evaluate("window.dispatchEvent(new Event('online'))")
    expect(part(kit, "incident")).to_contain_text("20:0")
    runs = Scorecard.objects.get(seat=seat).runs.filter(segment="incident")
    assert [round((run.started_at - seat.interview.starts_at).total_seconds() / 60) for run in runs] == [0]


# --- two devices --------------------------------------------------------------------------------------------------


def test_a_second_device_shows_the_same_clock_and_the_same_words(kit, site, seat, minutes):
    other = site.open(address(seat))
    part(kit, "project").click()
    kit.fill("#notes", "From the laptop")
    state(kit, "saved")
    minutes(12)
    look(other)
    expect(part(other, "project")).to_contain_text("12:0")
    expect(other.locator("#notes")).to_have_value("From the laptop")
    expect(other.locator("[data-taken]")).to_contain_text("Private notes")
    look(kit)
    assert Scorecard.objects.get(seat=seat).revision == 1  # to look is not to write


def test_what_only_one_device_changed_is_joined_without_asking(kit, site, seat):
    other = site.open(address(seat))
    kit.fill("#notes", "From the laptop")
    state(kit, "saved")
    other.check("[name=rating-ownership][value=mixed]")
    expect(other.locator("#notes")).to_have_value("From the laptop")
    state(other, "saved")
    assert (stored(seat)["notes"], stored(seat)["ratings"]["ownership"]["value"]) == (
        "From the laptop",
        "mixed",
    )


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("Keep what is here", "From the phone, and more"),
        ("Take the other", "From the laptop"),
        ("Keep both", "From the phone, and more\n\nFrom the laptop"),
    ],
)
def test_what_both_devices_changed_is_chosen_by_the_writer(kit, site, seat, choice, words):
    other = site.open(address(seat))
    kit.fill("#notes", "From the laptop")
    state(kit, "saved")
    other.fill("#notes", "From the phone")
    state(other, "conflict")
    box = other.get_by_role("group", name="Private notes")
    expect(box.locator("[data-there]")).to_have_text("From the laptop")
    other.locator("#notes").press_sequentially(", and more")  # nothing stops the typing
    with other.expect_response("**/save/"):
        other.fill("#evidence-ownership", "Goes out all the same")
    state(other, "conflict")
    assert (stored(seat)["notes"], stored(seat)["ratings"]["ownership"]["evidence"]) == (
        "From the laptop",
        "Goes out all the same",
    )
    other.get_by_role("button", name=choice).click()
    state(other, "saved")
    expect(other.locator("#notes")).to_have_value(words)
    expect(other.locator("#save-state")).to_contain_text("Saved")
    assert stored(seat)["notes"] == words


def test_a_difference_not_settled_survives_a_reload_and_overwrites_nothing(kit, site, seat):
    other = site.open(address(seat))
    kit.fill("#notes", "From the laptop")
    state(kit, "saved")
    other.fill("#notes", "From the phone")
    state(other, "conflict")
    other.reload()
    state(other, "conflict")
    expect(other.locator("#notes")).to_have_value("From the phone")
    expect(other.locator("[data-there]")).to_have_text("From the laptop")
    assert stored(seat)["notes"] == "From the laptop"
    assert findings(other) == []


def test_words_not_sent_before_another_device_handed_in_are_shown_to_their_author(kit, site, seat, minutes):
    site.context.set_offline(True)
    kit.fill("#evidence-ownership", "Only on the laptop")
    state(kit, "offline")
    kit.close()
    site.context.set_offline(False)
    stories.submitted_card(seat)
    minutes(90)
    page = site.open(address(seat))
    unsent = page.get_by_role("region", name="Kept on this device, not in the card")
    expect(unsent).to_contain_text("Only on the laptop")
    expect(unsent).to_contain_text("Ownership and hindsight")
    assert findings(page) == []
    unsent.get_by_role("button", name="Forget them").click()
    expect(unsent).to_be_hidden()
    assert kept(page) == []


# --- whose words they are -----------------------------------------------------------------------------------------


@pytest.fixture
def unsent(kit, site):
    """Words on this device that the server does not have."""
    site.context.set_offline(True)
    kit.fill("#notes", "Between me and myself")
    state(kit, "offline")
    assert len(kept(kit)) == 1
    site.context.route("**/save/", lambda route: route.abort())
    site.context.set_offline(False)
    return kit


def test_home_says_which_card_has_words_that_were_not_sent(unsent, site, seat):
    page = site.open("/interviews/")
    row = page.locator(f"#seat-{seat.pk}")
    expect(row).to_contain_text("Words kept on this device are not sent yet")


def test_logging_out_wipes_what_was_kept(unsent, site):
    page = site.open("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    assert kept(page) == []
    expect(unsent.get_by_role("heading", name="Log in")).to_be_visible()  # the other tab shows nothing either


def test_the_next_person_to_log_in_finds_nothing_and_the_first_ones_tab_closes_itself(unsent, site, seat):
    site.enter(stories.person("interviewer"))
    page = site.open("/interviews/")
    assert "Between me and myself" not in json.dumps(page.evaluate("({...localStorage})"))
    expect(unsent.get_by_text("We cannot show you this page")).to_be_visible()
    assert kept(page) == []


def test_an_expired_log_in_alone_wipes_nothing(unsent, site, seat):
    site.context.clear_cookies(name="sessionid")
    page = site.open("/accounts/login/")
    assert len(kept(page)) == 1


# --- keys alone, one thumb ----------------------------------------------------------------------------------------


def test_an_interview_by_keys_alone(kit, seat):
    keys = kit.keyboard
    keys.press("n")
    expect(part(kit, "project")).to_have_attribute("aria-pressed", "true")
    keys.press("j")
    keys.press("1")
    keys.press("Tab")
    keys.type("Led 3 people.")
    keys.press("Escape")
    expect(kit.locator("[name=rating-ownership][value=strong]")).to_be_focused()
    keys.press("ArrowDown")
    keys.press("2")
    keys.press("n")
    expect(part(kit, "incident")).to_have_attribute("aria-pressed", "true")
    kit.focus("#story-1-detection")
    keys.type("An alert")
    keys.press("Escape")
    keys.press("2")
    state(kit, "saved")
    said = stored(seat)
    assert said["ratings"]["ownership"] == {"value": "strong", "evidence": "Led 3 people."}
    assert said["ratings"]["failure_analysis"]["value"] == "mixed"
    assert (said["stories"][0]["detection"], said["stories"][0]["detection_is"]) == ("An alert", "general")
    assert [run.segment for run in Scorecard.objects.get(seat=seat).runs.order_by("started_at", "pk")] == [
        "project",
        "incident",
    ]
    keys.press("?")
    expect(kit.get_by_role("dialog", name="Keys")).to_be_visible()


def test_on_a_phone_the_clock_and_the_way_out_are_under_the_thumb(kit, minutes):
    kit.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    part(kit, "project").click()
    expect(kit.locator(".clock-stop")).to_be_visible()
    boxes = kit.evaluate(  # at once: the clock is swapped when its answer comes
        "[...document.querySelectorAll('.clock button, [data-bar] .primary')].map(e => e.getBoundingClientRect().toJSON())"
    )
    assert len(boxes) == 4
    for box in boxes:
        assert box["y"] > PHONE[1] / 2
        assert round(box["height"]) >= 44
    while kept(kit):  # until the server has the press
        kit.wait_for_timeout(20)
    minutes(75)
    look(kit)
    expect(kit.locator(".clock-part.over")).to_have_count(1)
    kit.evaluate(
        "window.scrollTo({top: 0, behavior: 'instant'})"
    )  # what the bar half covers is no small target
    assert findings(kit) == []


# --- learning -----------------------------------------------------------------------------------------------------


def test_a_trainee_reads_the_leads_card_beside_their_own(site, clock, seat):
    learner = stories.interviewer(DIVE, of=seat.interview.loop.edition, level="shadow")
    shadow = Seat.objects.create(
        interview=seat.interview,
        key="shadow",
        role=Seat.Role.SHADOW,
        user=learner.user,
        blocked_from=seat.interview.starts_at,
        blocked_until=seat.interview.ends_at,
        created_at=seat.created_at,
    )
    clock(seat.interview.ends_at)
    stories.submitted_card(shadow, overall="no")
    site.enter(learner.user)
    page = site.open(address(shadow))
    expect(page.get_by_text("When the lead’s card is in as well")).to_be_visible()
    stories.submitted_card(seat)
    page.reload()
    page.get_by_role("link", name=f"Beside {seat.user.name}’s card").click()
    overall = page.get_by_role("row", name="Overall")
    expect(overall).to_contain_text("apart")
    assert findings(page) == []
    page.goto(site.url + "/interviews/")
    expect(page.get_by_role("region", name="My training path")).to_contain_text("watch 1 more interview")
    assert findings(page) == []
