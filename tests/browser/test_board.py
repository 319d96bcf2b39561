"""The loop board in the browser: plan, compare and book; move by picking and by dragging; repair; plan many together."""

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from interviews import plannings, schedules
from interviews.models import Loop, Planning
from tests import stories
from tests.browser.conftest import PHONE, findings
from tests.stories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recruiter(site, clock):
    clock(NOW)
    site.enter(stories.recruiter())


def at(name, *args):
    return reverse(f"interviews:{name}", args=args)


def test_a_loop_is_planned_booked_moved_and_mended(site, recruiter):
    loop = stories.begun_loop()
    page = site.open(at("loops"))
    page.get_by_role("link", name=loop.application.candidate.name).click()
    page.get_by_role("button", name="Look for times").click()
    page.get_by_role("link", name="Plan 2").click()
    assert findings(page) == []
    page.get_by_role("button", name="Book plan 2").click()
    expect(page.get_by_role("status")).to_contain_text("Booked.")

    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("link", name="Move").first.click()
    picked = page.locator("#starts")
    said = page.locator("#says")
    wrong = picked.locator("option", has_text="does not fit").first.get_attribute("value")
    picked.select_option(value=wrong)
    expect(said).to_contain_text("It does not fit there:")
    assert findings(page) == []
    right = (
        page.locator("#starts option").filter(has_not_text="does not fit").filter(has_not_text="booked now")
    )
    value = right.first.get_attribute("value")
    picked.select_option(value=value)
    expect(said).to_contain_text("It fits.")
    page.get_by_role("button", name="Move it").click()
    expect(page.get_by_role("status")).to_contain_text("Moved.")
    times = [i.starts_at for i in loop.interviews.all()]
    assert dt.datetime.fromisoformat(value) in times

    seat = stories.seats(loop)[0]
    schedules.decline(seat, reason="", by=seat.user, at=NOW)
    page.reload()
    page.get_by_role("button", name="Find a repair").click()
    expect(page.get_by_role("heading", name="What plan 1 changes")).to_be_visible()
    assert findings(page) == []
    page.get_by_role("button", name="Book plan 1").click()
    expect(page.get_by_role("status")).to_contain_text("Booked.")
    assert Loop.objects.get(pk=loop.pk).status == "confirmed"


def test_dragging_a_block_picks_the_nearest_time(site, recruiter):
    loop = stories.confirmed_loop()
    interview = loop.interviews.order_by("starts_at").first()
    page = site.open(at("board-move", loop.pk, interview.pk))
    page.set_viewport_size({"width": 1280, "height": 900})
    block = page.locator(".is-candidate .is-moving").first
    track = page.locator(".is-candidate .track").first.bounding_box()
    box = block.bounding_box()
    hour = track["width"] / 9  # the candidate offers nine hours a day
    page.mouse.move(box["x"] + 10, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 10 + hour + 4, box["y"] + 8, steps=4)
    page.mouse.up()
    wanted = interview.starts_at + dt.timedelta(hours=1)
    expect(page.locator("#starts")).to_have_value(f"{wanted:%Y-%m-%dT%H:%MZ}")
    expect(page.locator("#says")).not_to_contain_text("That is how it is booked now.")


def test_many_loops_are_planned_together_and_booked(site, recruiter):
    opening = stories.opening()
    for _ in range(2):
        stories.begun_loop(opening)
    page = site.open(at("loops"))
    page.get_by_role("button", name="Plan all 2 loops together").click()
    expect(page.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    assert findings(page) == []
    Planning.objects.update(seconds=1)
    plannings.work(Planning.objects.get(), at=NOW)
    expect(page.locator("#planning")).to_contain_text("2 of 2 loops have a plan.")
    assert findings(page) == []
    page.get_by_role("button", name="Book the chosen plans").click()
    plannings.work(Planning.objects.get(), at=NOW)
    expect(page.locator("#planning")).to_contain_text("Done.")
    expect(page.locator("#planning .done")).to_have_count(2)
    assert findings(page) == []


def test_the_pages_around_it_can_be_read_by_everybody(site, recruiter):
    loop = stories.confirmed_loop()
    for address in (at("loops"), at("board", loop.pk), at("opening-board", loop.application.opening_id)):
        page = site.open(address)
        page.evaluate("document.querySelectorAll('details.words').forEach(each => each.open = true)")
        assert findings(page) == [], address
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    expect(page.locator(".timeline")).to_be_hidden()
    expect(page.locator(".agenda")).to_be_visible()
