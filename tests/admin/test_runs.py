"""The timetable in the admin: what ran, what fails, and running a job by hand."""

import datetime as dt

import pytest

from config import clock
from journal.errors import NotAllowed
from journal.models import Event, Run
from tests import stories
from tests.admin.conftest import Desk
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return Desk(stories.person("admin"))


@pytest.fixture
def fails(monkeypatch):
    def fail(**_: object) -> int:
        raise ValueError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("interviews.schedules.plan_waiting", fail)
        yield clock.run("plan-waiting", at=NOW - dt.timedelta(minutes=5))


def waiting(desk):
    return {item["title"]: item["count"] for item in desk.get("/admin/").context["todo"]}


def test_a_job_s_runs_are_listed_newest_first_with_what_came_of_them(admin):
    clock.run("plan-waiting", at=NOW - dt.timedelta(minutes=2))
    clock.run("plan-waiting", at=NOW - dt.timedelta(minutes=1))
    clock.run("digest", at=NOW)

    rows = admin.rows(Run, job="plan-waiting")

    assert [row.started_at for row in rows] == [later(minutes=-1), later(minutes=-2)]
    page = admin.page(rows[0]).content.decode()
    assert "Done" in page and "Every minute" in page and "Its last runs" in page


def test_a_failure_waits_on_the_home_page_until_a_later_run_went_well(admin, fails):
    assert waiting(admin)["jobs of the timetable fail"] == 1
    assert [row.pk for row in admin.rows(Run, outcome="failing")] == [fails.pk]
    assert "The disk is full." in admin.page(fails).content.decode()

    clock.run("digest", at=NOW)
    assert waiting(admin)["jobs of the timetable fail"] == 1


def test_run_now_mends_it(admin, fails, monkeypatch):
    monkeypatch.setattr("interviews.schedules.plan_waiting", lambda **_: 3)
    answer = admin.act(fails, "again")

    new = Run.objects.latest("pk")
    assert (new.job, new.found, new.period < 0) == ("plan-waiting", 3, True)
    assert str(new.pk) in answer.redirect_chain[-1][0]
    assert waiting(admin)["jobs of the timetable fail"] == 0
    event = Event.objects.get(verb="job.run_by_hand")
    assert (event.actor, event.data) == (admin.user.pk, {"job": "plan-waiting"})


def test_any_job_is_run_from_the_list(admin):
    admin.add(Run, job="digest")
    assert [(row.job, row.error) for row in Run.objects.all()] == [("digest", "")]


@pytest.mark.parametrize("role", ["recruiter", "coordinator", "hiring_manager", "auditor"])
def test_only_who_runs_the_installation_sees_and_runs_jobs(role):
    row = clock.run("digest", at=NOW)
    desk = Desk(stories.person(role))
    assert desk.list(Run).status_code == 403
    assert desk.page(row).status_code in {403, 404}
    assert "jobs of the timetable fail" not in waiting(desk)
    assert desk.add(Run, job="digest").status_code == 403
    with pytest.raises(NotAllowed):
        clock.run_now("digest", by=desk.user, at=NOW)
    assert Run.objects.count() == 1
