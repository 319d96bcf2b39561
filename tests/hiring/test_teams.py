"""Who hires here, who merely sits on a panel, and what only the first are told."""

import datetime as dt

import pytest

from candidates import applications
from candidates.models import Offer, Outcome
from hiring import openings
from hiring.models import Opening, PayBand, TeamMember, TransitionPlan
from journal.errors import NotAllowed, Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest():
    """A hiring manager of one opening who interviews a candidate of another one, with an offer written."""
    offer = stories.drafted_offer()
    application = offer.application
    person = stories.hiring_manager(stories.opening())
    openings.assign(application.opening, person, "panel", by=stories.recruiter(), at=NOW)
    applications.admit(application, [person])
    applications.expect_pay(
        application,
        amount=41_000_000,
        currency="USD",
        anchor="senior_ml_engineer",
        said="Not less than that.",
        by=stories.recruiter(),
        at=NOW,
    )
    return person, application


def test_whoever_merely_interviews_is_told_no_pay_at_any_door(guest, client):
    person, application = guest
    opening = application.opening

    assert list(Offer.objects.visible_to(person)) == []
    assert list(Outcome.objects.visible_to(person)) == []
    assert list(PayBand.objects.visible_to(person).filter(opening=opening)) == []
    told = Event.objects.visible_to(person)
    assert not told.filter(verb="opening.pay_set", subject_id=opening.pk).exists()
    assert not told.filter(verb="application.expectation_recorded").exists()
    assert not told.filter(subject_type="candidates.offer").exists()

    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "pay_band" not in client.get(f"/api/v1/openings/{opening.pk}").json()
    assert "expectation" not in client.get(f"/api/v1/applications/{application.pk}").json()
    assert client.get("/api/v1/offers").json()["results"] == []
    pages = [
        f"/admin/hiring/opening/{opening.pk}/change/",
        f"/admin/candidates/application/{application.pk}/change/",
        "/admin/candidates/offer/",
        "/admin/interviews/flag/",
    ]
    for page in pages:
        seen = client.get(page).content.decode()
        for figure in ("300,000", "380,000", "330,000", "410,000", "Not less than that."):
            assert figure not in seen, (page, figure)


def test_their_own_opening_tells_them_its_pay(guest):
    person, application = guest
    own = Opening.objects.exclude(pk=application.opening_id).get()
    assert [band.opening_id for band in PayBand.objects.visible_to(person)] == [own.pk]
    assert list(Offer.objects.visible_to(stories.hiring_manager(application.opening))) == [
        Offer.objects.get()
    ]


def test_whoever_merely_interviews_changes_nothing(guest):
    person, application = guest
    with pytest.raises(NotAllowed):
        openings.close(application.opening, by=person, at=NOW)
    with pytest.raises(NotAllowed):
        applications.reject(application, reason="other", by=person, at=NOW)
    assert Opening.objects.get(pk=application.opening_id).status == "open"


def test_somebody_is_taken_off_the_team_and_another_manager_may_come():
    opening = stories.draft_opening()
    manager = stories.hiring_manager(opening)

    openings.leave(opening, manager, "hiring_manager", by=stories.recruiter(), at=NOW)

    assert not TeamMember.objects.filter(opening=opening, user=manager).exists()
    event = Event.objects.get(verb="opening.team_left")
    assert event.data == {"user": str(manager.pk), "part": "hiring_manager"}
    openings.assign(
        opening, stories.person("hiring_manager"), "hiring_manager", by=stories.recruiter(), at=NOW
    )


def test_people_leave_by_themselves_and_nobody_else_s_guest_takes_them_off():
    opening, panel = stories.draft_opening(), stories.person("interviewer")
    openings.assign(opening, panel, "panel", by=stories.recruiter(), at=NOW)
    with pytest.raises(NotAllowed):
        openings.leave(opening, panel, "panel", by=stories.person("hiring_manager"), at=NOW)
    openings.leave(opening, panel, "panel", by=panel, at=NOW)
    with pytest.raises(Refused) as no:
        openings.leave(opening, panel, "panel", by=stories.recruiter(), at=NOW)
    assert no.value.code == "not_on_team"


@pytest.fixture
def plan():
    opening = stories.draft_opening()
    return openings.plan_transition(
        opening,
        employee=stories.person("interviewer"),
        paired_with=stories.person("interviewer"),
        months=12,
        pairing_months=6,
        starts_on=dt.date(2026, 4, 1),
        by=stories.recruiter(),
        at=NOW,
    )


def test_a_transition_is_finished_once_the_paired_months_are_over(plan):
    recruiter = stories.recruiter()
    openings.agree_transition(plan, by=plan.employee, at=NOW)
    with pytest.raises(Refused) as no:
        openings.finish_transition(plan, by=recruiter, at=later(days=30))
    assert no.value.code == "too_early"
    assert openings.finish_transition(plan, by=recruiter, at=later(days=300)).status == "done"
    assert Event.objects.filter(verb="transition.finished", subject_id=plan.pk).count() == 1


def test_a_transition_ends_early_by_the_employee_or_the_team_and_nobody_else(plan):
    with pytest.raises(NotAllowed):
        openings.end_transition(plan, by=plan.paired_with, at=NOW)
    assert openings.end_transition(plan, by=plan.employee, at=NOW).status == "ended"
    with pytest.raises(Refused) as no:
        openings.end_transition(plan, by=stories.recruiter(), at=NOW)
    assert no.value.code == "wrong_status"


def test_a_plan_is_its_people_s_and_the_hiring_team_s(plan):
    panel = stories.person("interviewer")
    openings.assign(plan.opening, panel, "panel", by=stories.recruiter(), at=NOW)
    seen = {
        name: TransitionPlan.objects.visible_to(user).exists()
        for name, user in {
            "employee": plan.employee,
            "partner": plan.paired_with,
            "manager": stories.hiring_manager(plan.opening),
            "recruiter": stories.recruiter(),
            "panel": panel,
            "stranger": stories.person("hiring_manager"),
        }.items()
    }
    assert seen == {
        "employee": True,
        "partner": True,
        "manager": True,
        "recruiter": True,
        "panel": False,
        "stranger": False,
    }
