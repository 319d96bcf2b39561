"""“My calendars” in a browser: readable by everybody, in every state, at every width."""

import pytest

from interviews import availability, interviewers
from interviews.models import Calendar
from tests import stories
from tests.browser.conftest import findings
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db(transaction=True)


def test_my_calendars_from_empty_to_full(site, clock):
    clock(NOW)
    person = stories.interviewer(of=stories.edition(), zone="Europe/Berlin")
    site.enter(stories.recruiter())
    assert findings(site.open("/interviews/calendars/")) == []
    site.enter(person.user)
    page = site.open("/interviews/calendars/")
    assert findings(page) == []
    availability.open_feed(person.user, busy_only=True, by=person.user, at=NOW)
    interviewers.block_time(person, starts_at=later(days=3), ends_at=later(days=5), by=person.user, at=NOW)
    said = {"interviewer": person, "created_at": NOW, "read_at": NOW}
    Calendar.objects.create(kind="google", label="Google Calendar", **said)
    Calendar.objects.create(
        kind="caldav",
        label="Work at the very long named university calendar server",
        writes=True,
        write_trouble="The calendar server no longer accepts our sign-in. Connect the calendar again.",
        **said,
    )
    page.reload()
    for summary in page.locator("details.background > summary").all():
        summary.click()
    assert findings(page) == []
    page.get_by_label("Address of the server or the calendar").fill("https://127.0.0.1:1/")
    page.get_by_label("User name").fill("grace")
    page.get_by_label("Password").fill("x")
    page.get_by_role("button", name="Connect", exact=True).first.click()
    assert page.get_by_label("User name").input_value() == "grace"
    assert findings(page) == []
    page.get_by_role("button", name="Make a feed").click()
    assert "/interviews/feeds/" in page.locator(".secret").inner_text()
    assert findings(page) == []
