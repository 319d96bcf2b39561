"""Every list: the same number of queries whether it shows one row or three."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from candidates import applications, offers, outcomes
from config.api import NOUNS
from hiring import openings, playbooks
from interviews import availability, debriefs, interviewers
from interviews.models import Interviewer
from tests import stories
from tests.api.calls import Caller

# Read as: one query for the rows, one for what each prefetch adds; everything else comes with the rows.
QUERIES = {
    "playbooks": 1,
    "editions": 1,
    "openings": 3,  # team, channels
    "transition-plans": 1,
    "candidates": 1,
    "applications": 3,  # background, tools
    "offers": 1,
    "outcomes": 1,
    "interviewers": 4,  # hours, qualifications, busy times
    "loops": 5,  # windows, interviews, seats, limits exceeded
    "proposals": 1,
    "interviews": 2,  # seats
    "seats": 1,
    "scorecards": 1,
    "flags": 1,
    "debriefs": 2,  # votes
    "calendars": 1,
    "feeds": 1,
    "events": 1,
    "people": 2,  # roles
}


@pytest.fixture
def full_house(db) -> None:
    """At least three rows of every noun."""
    first = stories.edition()
    for number in (2, 3):
        text = first.source.replace("title: ", f"title: {number} ", 1)
        assert text != first.source
        playbooks.publish(text, name="again.yaml", by=stories.person("admin"), at=stories.NOW)
    designer = stories.edition(stories.LIBRARY.parent.parent / "tests" / "playbooks" / "staff_designer.yaml")
    other = designer.source.replace("key: ", "key: another_", 1)
    playbooks.publish(other, name="third.yaml", by=stories.person("admin"), at=stories.NOW)
    for _ in range(3):
        opening = stories.opening(first)
        stories.panel(opening)
        offer = stories.drafted_offer(opening)
        begun = stories.debrief(opening)
        application = offer.application
        manager = stories.hiring_manager(application.opening)
        recruiter = stories.recruiter()
        loop = application.loops.get()
        at = stories.after(loop)
        stories.background(application, **{area.key: "none" for area in playbooks.of(first).areas})
        applications.expect_pay(
            application,
            amount=40_000_000,
            currency="USD",
            anchor="senior_ml_engineer",
            said="",
            by=recruiter,
            at=at,
        )
        channel = playbooks.of(first).channels.items[0].key
        openings.use_channel(application.opening, channel, budget=5, by=recruiter, at=at)
        transition = playbooks.of(first).readiness.transition
        openings.plan_transition(
            application.opening,
            employee=manager,
            paired_with=recruiter,
            months=transition.months[0],
            pairing_months=transition.pairing_months[0],
            starts_on=at.date(),
            by=recruiter,
            at=at,
        )
        offers.approve(offer, by=manager, at=at)
        offers.send(offer, by=recruiter, at=at)
        offers.accept(offer, by=recruiter, at=at)
        checkpoint = playbooks.of(first).outcomes.checkpoints_days[0]
        outcomes.record(
            application,
            checkpoint_days=checkpoint,
            rating=playbooks.of(first).outcomes.scale[0],
            still_here=True,
            would_hire_again=True,
            by=manager,
            at=at + dt.timedelta(days=checkpoint),
        )
        debriefs.vote(begun, value="yes", by=manager, at=at)
        begin = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        interviewers.block_time(
            Interviewer.objects.get(user=manager),
            starts_at=begin,
            ends_at=begin + dt.timedelta(hours=1),
            by=manager,
            at=at,
        )
        availability.connect(
            manager.interviewer,
            kind="feed",
            label="Work",
            address="https://calendar.test/a.ics",
            by=manager,
            at=at,
        )
        availability.open_feed(recruiter, busy_only=True, by=recruiter, at=at)


def test_lists_ask_as_often_for_three_rows_as_for_one(full_house, recruiter):
    measured = {noun: (_queries(recruiter, noun, 1), _queries(recruiter, noun, 3)) for noun in NOUNS}

    assert measured == {noun: (queries, queries) for noun, queries in QUERIES.items()}


def _queries(caller: Caller, noun: str, rows: int) -> int:
    caller.get("me")  # the caller's roles are read once
    with CaptureQueriesContext(
        connection,
    ) as asked:
        response = caller.get(noun, page_size=rows)
    assert len(response.json()["results"]) == rows, noun
    return len(asked)
