"""The loop board: what it shows to whom, planning and booking on it, what would help when nothing fits, and a repair."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviews import boards, plannings, schedules
from interviews.models import BusyTime, CandidateLink, Interviewer, Loop, Planning, Qualification
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LIST, WEEK, BOARD = 10, 10, 18


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def client_of(user=None):
    client = Client()
    client.force_login(
        user or stories.recruiter(), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def at(name, *args):
    return reverse(f"interviews:{name}", args=args)


def text(response):
    html = re.sub(r"(?s)<svg.*?</svg>|<head>.*?</head>", " ", response.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def stuck():
    """A loop whose one deep-dive lead has a meeting all the time the candidate offers."""
    loop = stories.begun_loop(days=[1])
    leads = Qualification.objects.filter(block="project_deep_dive").order_by("pk")
    keep = leads.first().interviewer
    leads.exclude(interviewer=keep).delete()
    busy = BusyTime.objects.create(interviewer=keep, starts_at=later(hours=20), ends_at=later(hours=36))
    return loop, keep.user, busy


# --- who sees it --------------------------------------------------------------------------------------------


def test_only_who_schedules_gets_in_and_nobody_sees_a_loop_that_is_not_there():
    loop = stories.confirmed_loop()
    interview = loop.interviews.first()
    addresses = [
        at("loops"),
        at("board", loop.pk),
        at("board-move", loop.pk, interview.pk),
        at("opening-board", loop.application.opening_id),
    ]
    for address in addresses:
        assert client_of(stories.seats(loop)[0].user).get(address).status_code == 403
        assert client_of(stories.person("coordinator")).get(address).status_code == 200
        assert Client().get(address).status_code == 302
    assert client_of().get(at("board", interview.pk)).status_code == 404


def test_a_planning_is_its_starters():
    stories.begun_loop()
    planning = plannings.start(by=stories.recruiter(), at=NOW)
    assert client_of().get(at("planning", planning.pk)).status_code == 200
    assert client_of(stories.person("coordinator")).get(at("planning", planning.pk)).status_code == 404


# --- as many queries with few as with many ------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_one_as_for_three(count, django_assert_num_queries):
    opening = stories.opening()
    for _ in range(count):
        stories.begun_loop(opening)
        stories.confirmed_loop(opening)
    client = client_of()
    with django_assert_num_queries(LIST):
        client.get(at("loops"))


@pytest.mark.parametrize("count", [1, 3])
def test_a_week_takes_as_many_queries_for_one_loop_as_for_three(count, django_assert_num_queries):
    opening = stories.opening()
    for _ in range(count):
        stories.confirmed_loop(opening)
    client = client_of()
    with django_assert_num_queries(WEEK):
        response = client.get(at("opening-board", opening.pk))
    assert f"{4 * count} interviews this week" in text(response)


@pytest.mark.parametrize("plans", [1, 4])
def test_a_board_takes_as_many_queries_for_one_plan_as_for_four(plans, django_assert_num_queries):
    loop = stories.begun_loop()
    made = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    loop.proposals.filter(rank__gt=plans).delete()
    assert len(made) == 4
    client = client_of()
    with django_assert_num_queries(BOARD):
        client.get(at("board", loop.pk))


# --- plan, compare, book ------------------------------------------------------------------------------------


def test_plans_are_looked_for_compared_and_one_is_booked():
    loop = stories.begun_loop()
    client = client_of()
    assert "No plan yet." in text(client.get(at("board", loop.pk)))

    client.post(at("board-plan", loop.pk))
    page = text(client.get(at("board", loop.pk)))
    assert "the best possible" in page
    assert "Book plan 1" in page
    second = loop.proposals.get(rank=2)
    assert "Book plan 2" in text(client.get(at("board", loop.pk) + f"?plan={second.pk}"))

    client.post(at("board-book", loop.pk), {"plan": second.pk})
    loop.refresh_from_db()
    second.refresh_from_db()
    assert (loop.status, second.status) == ("confirmed", "confirmed")


def test_a_plan_that_went_out_of_date_is_refused_on_the_page():
    loop = stories.begun_loop()
    old = schedules.propose(loop, by=stories.recruiter(), at=NOW)[0]
    schedules.propose(loop, by=stories.recruiter(), at=NOW)
    response = client_of().post(at("board-book", loop.pk), {"plan": old.pk})
    assert response.status_code == 409
    assert "This plan is out of date. Ask for new ones." in text(response)


def test_times_are_told_in_the_zone_that_is_chosen():
    loop = stories.confirmed_loop()
    candidate = loop.application.candidate
    candidate.zone = "Asia/Tokyo"
    candidate.save()
    first = loop.interviews.order_by("starts_at").first().starts_at
    client = client_of()
    tokyo = first + dt.timedelta(hours=9)
    assert f"{first:%H:%M}" in text(client.get(at("board", loop.pk)))
    page = text(client.get(at("board", loop.pk) + "?zone=candidate"))
    assert f"{tokyo:%H:%M}" in page
    assert "Booked Asia/Tokyo" in page


def test_busy_times_are_drawn_and_told_in_words_and_what_they_are_is_not_known():
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    day = seat.interview.starts_at.replace(hour=0)
    BusyTime.objects.create(
        interviewer=Interviewer.objects.get(user=seat.user),
        starts_at=day + dt.timedelta(hours=16, minutes=10),
        ends_at=day + dt.timedelta(hours=16, minutes=40),
    )
    response = client_of().get(at("board", loop.pk))
    assert f"{seat.user.name}: 16:10–16:40" in text(response)
    assert 'class="is-busy"' in response.content.decode()


def test_spans_lie_within_the_day_whatever_the_zone():
    loop = stories.confirmed_loop()
    problem = schedules.problem_of(loop, at=NOW)
    for zone in ("UTC", "Asia/Kolkata", "Pacific/Auckland", "America/Los_Angeles"):
        days = boards.timeline(
            boards.booked(loop),
            problem=problem,
            windows=problem.windows,
            candidate="Anna",
            people={},
            zone=zone,
            every_day=True,
            everybody=True,
        )
        spans = [span for day in days for lane in day.lanes for span in lane.spans]
        assert spans
        for span in spans:
            assert 0 <= float(span.x) < 100
            assert 0 < float(span.width) <= 100.001 - float(span.x)


# --- nothing fits -------------------------------------------------------------------------------------------


def test_when_nothing_fits_each_way_out_has_its_button_and_the_button_does_it():
    loop, lead, busy = stuck()
    client = client_of()
    response = client.post(at("board-plan", loop.pk))
    page = response.content.decode()
    assert "No plan fits as things stand" in page
    assert f"Ask {lead.name} to move it" in page
    assert f"Ask {loop.application.candidate.name} for more times" in page
    assert at("board-ask-times", loop.pk) in page

    fields = {
        "user": lead.pk,
        "favour": "meeting",
        "from": busy.starts_at.isoformat(),
        "until": busy.ends_at.isoformat(),
    }
    answer = client.post(at("board-ask", loop.pk), fields, headers=HTMX)
    assert f"{lead.name} was asked by mail." in text(answer)
    assert Delivery.objects.filter(recipient=lead.email).count() == 1

    client.post(at("board-ask-times", loop.pk))
    assert CandidateLink.objects.filter(loop=loop, purpose="availability").count() == 1
    assert "The last look for times found none." in text(client.get(at("board", loop.pk)))


def test_a_refused_question_is_told_where_it_was_asked():
    loop = stories.begun_loop()
    stranger = stories.interviewer(of=loop.edition).user
    fields = {
        "user": stranger.pk,
        "favour": "meeting",
        "from": later(days=1).isoformat(),
        "until": later(days=2).isoformat(),
    }
    response = client_of().post(at("board-ask", loop.pk), fields, headers=HTMX)
    assert response.status_code == 409
    assert "takes no interview of this loop" in text(response)


# --- repair -------------------------------------------------------------------------------------------------


def test_a_repair_shows_what_changes_what_stays_and_who_is_told():
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    schedules.decline(seat, reason="", by=seat.user, at=NOW)
    loop.refresh_from_db()
    plan = schedules.propose(loop, by=stories.recruiter(), at=NOW)[0]
    before, after = boards.booked(loop), boards.proposed(plan.plan, stories.playbooks.of(loop.edition))
    changes = boards.changes(before, after)
    assert sum(change.stays for change in changes) == 3

    page = text(client_of().get(at("board", loop.pk)))
    assert "3 of 4 interviews stay as they are." in page
    assert "0 moved, 1 new person" in page
    assert "an empty seat" in page or len(seat.interview.seats.live()) == 0
    comes = next(change.come for change in changes if change.come)[0]
    name = boards.names(schedules.problem_of(loop, at=NOW), after)[comes]
    assert f"Invited anew {name}" in page
    client_of().post(at("board-book", loop.pk), {"plan": plan.pk})
    assert Loop.objects.get(pk=loop.pk).status == "confirmed"
    assert comes in {str(s.user_id) for s in stories.seats(loop)}


# --- moving -------------------------------------------------------------------------------------------------


def test_picking_says_whether_it_fits_and_nothing_moves_until_one_says_so():
    loop = stories.confirmed_loop()
    row = boards.booked(loop)[0]
    address, client = at("board-move", loop.pk, row.interview.pk), client_of()
    seats = {f"seat-{key}": person for key, person in row.people}
    outside = NOW.replace(hour=20) + dt.timedelta(days=1)
    bad = {**seats, "starts": f"{outside:%Y-%m-%dT%H:%MZ}"}
    checked = client.post(address, {**bad, "check": "1"}, headers=HTMX)
    assert checked.status_code == 200
    assert "is outside the candidate" in text(checked)

    refused = client.post(address, bad)
    assert refused.status_code == 409
    assert "Nothing was changed." in text(refused)
    assert Event.objects.filter(verb="interview.moved").count() == 0

    problem = schedules.problem_of(loop, at=NOW)
    times = boards.starts(problem, row.key, people=dict(row.people), now=row.starts_at, at=NOW)
    good = next(choice for choice in times if choice.fits and choice.at != row.starts_at)
    checked = client.post(address, {**seats, "starts": good.value, "check": "1"}, headers=HTMX)
    assert "It fits." in text(checked)
    client.post(address, {**seats, "starts": good.value})
    row.interview.refresh_from_db()
    assert row.interview.starts_at == good.at


# --- many together ------------------------------------------------------------------------------------------


def test_many_are_planned_reviewed_and_booked_on_the_page():
    opening = stories.opening()
    rows = [stories.begun_loop(opening) for _ in range(2)]
    client = client_of()
    assert "Plan all 2 loops together" in text(client.get(at("loops")))
    client.post(at("plan-together"), {"opening": opening.pk})
    planning = Planning.objects.get()
    assert 'hx-trigger="every 1s"' in client.get(at("planning", planning.pk)).content.decode()

    Planning.objects.update(seconds=2)
    planning.refresh_from_db()
    plannings.work(planning, at=NOW)
    page = client.get(at("planning", planning.pk), headers=HTMX)
    assert "2 of 2 loops have a plan." in text(page)
    assert "hx-trigger" not in page.content.decode()
    none = client.post(at("planning-book", planning.pk))
    assert none.status_code == 409
    assert "Choose at least one plan to book." in text(none)

    client.post(at("planning-book", planning.pk), {"loop": [rows[0].pk]})
    plannings.work(Planning.objects.get(), at=NOW)
    assert "Left out" in text(client.get(at("planning", planning.pk)))
    assert set(Loop.objects.values_list("pk", "status")) == {
        (rows[0].pk, "confirmed"),
        (rows[1].pk, "waiting"),
    }


# --- limits and loops that give way -------------------------------------------------------------------------


def full():
    """A loop whose one deep-dive lead has no interview left on the one day the candidate offers."""
    opening = stories.opening()
    taken = stories.confirmed_loop(opening, days=[1])
    lead = next(s.user for s in stories.seats(taken) if s.interview.block == "project_deep_dive")
    Interviewer.objects.filter(user=lead).update(max_per_day=1)
    loop = stories.begun_loop(opening, days=[1])
    Qualification.objects.filter(block="project_deep_dive").exclude(interviewer__user=lead).delete()
    return loop, lead


def test_a_limit_is_exceeded_with_a_reason_on_the_page_and_then_a_plan_is_found():
    loop, lead = full()
    client = client_of()
    page = client.post(at("board-plan", loop.pk)).content.decode()
    assert f"Exceed this limit of {lead.name}: interviews a day" in page

    fields = {"user": lead.pk, "limit": "max_per_day"}
    refused = client.post(at("board-override", loop.pk), {**fields, "reason": " "}, headers=HTMX)
    assert refused.status_code == 409
    assert "Write down why this limit may be exceeded" in text(refused)
    assert "Exceed this limit of" in text(refused)  # the form is still there

    client.post(at("board-override", loop.pk), {**fields, "reason": "She offered."})
    assert "She offered." in text(client.get(at("board", loop.pk)))
    assert client.post(at("board-plan", loop.pk)).status_code == 302

    client.post(at("board-override", loop.pk), {**fields, "withdraw": "1"})
    assert loop.limit_overrides.standing().count() == 0
    assert loop.proposals.filter(status="offered").count() == 0
