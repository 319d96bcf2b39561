"""Every list costs the same number of queries whether it holds one row or three, and every column is filled."""

import datetime as dt
import itertools

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import keys, users
from candidates import offers, outcomes
from candidates.models import Application, Candidate
from hiring import openings, playbooks
from hiring.models import Edition, Opening
from interviews import flags
from interviews.models import Loop, Seat
from tests import stories
from tests.admin.conftest import Desk
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db

# Three of them for the log-in (session, person, roles), two for the count and the rows; then what a list shows besides.
QUERIES = {
    "accounts.apikey": 6,
    "accounts.user": 6,
    "candidates.application": 6,
    "candidates.candidate": 6,
    "candidates.offer": 5,
    "candidates.outcome": 6,
    "hiring.edition": 6,
    "hiring.opening": 7,
    "hiring.playbook": 5,
    "hiring.transitionplan": 5,
    "interviews.debrief": 5,
    "interviews.flag": 6,
    "interviews.interview": 6,
    "interviews.interviewer": 6,
    "interviews.loop": 6,
    "interviews.scorecard": 5,
    "interviews.seat": 5,
    "journal.event": 6,
    "journal.run": 5,
    "outbox.delivery": 5,
}
_numbers = itertools.count(1)


def one_of_everything() -> None:
    """A hire from an opening against the verdict to the first look back, with all that belongs to it."""
    number = next(_numbers)
    text = (stories.LIBRARY / "mlops_engineer.yaml").read_text()
    text = text.replace("key: mlops_engineer\n", f"key: role_{number}\n").replace(
        "title: Senior MLOps engineer\n", f"title: Role {number}\n"
    )
    edition, _new = playbooks.publish(text, name="role.yaml", by=users.system(), at=NOW)
    opening = stories.opening(edition, facts={"models_in_production": 1})
    manager = stories.hiring_manager(opening)
    openings.use_channel(
        opening, playbooks.of(edition).channels.items[0].key, budget=100_00, by=manager, at=NOW
    )
    openings.plan_transition(
        opening,
        employee=manager,
        paired_with=stories.recruiter(),
        months=12,
        pairing_months=6,
        starts_on=dt.date(2026, 6, 1),
        by=manager,
        at=NOW,
    )
    debrief = stories.debrief(opening)
    for flag in flags.open_questions(debrief.loop.application):
        flags.answer(flag, answer="waived", reason="Known.", by=manager, at=NOW)
    when = stories.after(debrief.loop)
    from interviews import debriefs

    debriefs.decide(debrief, outcome="hire", by=manager, at=when, reason="On balance.")
    application = Application.objects.get(pk=debrief.loop.application_id)
    pay = playbooks.of(edition).pay
    offer = offers.draft(
        application,
        amount=33_000_000,
        cash=28_000_000,
        currency=pay.currency,
        anchor=pay.anchors[0],
        expires_on=(when + dt.timedelta(days=10)).date(),
        by=stories.recruiter(),
        at=when,
    )
    offers.approve(offer, by=manager, at=when)
    offers.send(offer, by=stories.recruiter(), at=when)
    offers.accept(offer, by=stories.recruiter(), at=when)
    plan = playbooks.of(edition).outcomes
    outcomes.record(
        Application.objects.get(pk=application.pk),
        checkpoint_days=plan.checkpoints_days[0],
        rating=plan.scale[0],
        still_here=True,
        would_hire_again=True,
        by=manager,
        at=when + dt.timedelta(days=plan.checkpoints_days[0]),
    )
    keys.issue(
        stories.person("service"),
        name=f"ATS {number}",
        scopes=["events:read"],
        expires_at=later(days=90),
        by=users.system(),
        at=NOW,
    )


def queries_of_lists() -> dict[str, int]:
    found = {}
    desks = dict.fromkeys(("accounts.apikey", "journal.run"), Desk(stories.person("admin")))
    recruiter = Desk(stories.recruiter())
    for model in admin.site._registry:
        label = model._meta.label_lower
        desk = desks.get(label, recruiter)
        with CaptureQueriesContext(connection) as queries:
            response = desk.list(model)
        assert response.status_code == 200, label
        found[label] = len(queries)
    return found


@pytest.mark.slow
def test_a_list_costs_the_same_with_one_row_and_with_three(clock):
    one_of_everything()
    first = queries_of_lists()
    assert Opening.objects.count() == 1
    one_of_everything()
    one_of_everything()

    third = queries_of_lists()

    assert Opening.objects.count() == Loop.objects.count() == Edition.objects.count() == 3
    assert first == QUERIES
    assert third == QUERIES


def test_a_search_finds_a_candidate_by_name_or_whole_address(recruiter):
    ada = stories.candidate(name="Ada Applicant", email="Ada.Applicant@example.test")
    stories.candidate(name="Bo Bewerber")

    assert recruiter.rows(Candidate, q="applicant") == [ada]
    assert recruiter.rows(Candidate, q="ada.applicant+jobs@EXAMPLE.test") == [ada]
    assert recruiter.rows(Candidate, q="ada@") == []


def test_an_empty_list_says_what_to_do(recruiter):
    assert "No openings yet. Draft the first one" in recruiter.list(Opening).content.decode()
    assert "Nothing matches." in recruiter.list(Opening, q="nowhere").content.decode()


def test_applications_are_filtered_by_opening_and_by_whether_they_run(recruiter):
    first, second = stories.opening(), stories.opening()
    running, ended = stories.application(first), stories.application(first)
    other = stories.application(second)
    recruiter.act(ended, "reject", reason="other")

    assert set(recruiter.rows(Application, opening=str(first.pk))) == {running, ended}
    assert set(recruiter.rows(Application, under_way="yes")) == {running, other}
    assert recruiter.rows(Application, under_way="no") == [ended]
    assert recruiter.rows(Application, opening="nonsense") == []


def test_seats_are_found_by_the_state_of_their_card(recruiter, clock):
    loop = stories.held_loop()
    owing, done, *rest = [seat for seat in stories.seats(loop) if seat.counts]
    stories.submitted_card(done)
    clock(stories.after(loop))
    recruiter.act(owing, "waive_card", reason="They fell ill.")

    assert set(recruiter.rows(Seat, card="owed")) == set(rest)
    assert recruiter.rows(Seat, card="overdue") == []
    clock(stories.after(loop) + dt.timedelta(days=1))
    assert set(recruiter.rows(Seat, card="overdue")) == set(rest)
    assert recruiter.rows(Seat, card="in") == [done]
    assert recruiter.rows(Seat, card="waived") == [owing]


def test_the_address_cannot_ask_for_columns_that_the_list_does_not_offer(recruiter):
    """Filtering by a digest, letter by letter, would give it away."""
    from accounts.models import User

    assert recruiter.list(User, password__startswith="md5").status_code == 400
    assert recruiter.list(Candidate, email_index__startswith="a").status_code == 400
    assert recruiter.list(Opening, pay_band__low__gte="1").status_code == 400
    assert recruiter.list(Opening, status__exact="draft").status_code == 200
