"""Who gets in, what is registered, what the home page counts, and what the browser may do."""

import datetime as dt
import pathlib
import re

import pytest
from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ApiKey
from accounts.roles import May
from candidates.models import Application
from config import clock as timetable
from config.admin_words import WORDS
from hiring import playbooks
from interviews.models import Calendar, Loop
from journal.desk import Noun
from journal.models import Run
from outbox.models import Delivery
from tests import stories
from tests.admin.conftest import Desk
from tests.admin.test_lists import one_of_everything
from tests.stories import later

pytestmark = pytest.mark.django_db

ROOT = pathlib.Path(__file__).parent.parent.parent
NOUNS = {
    "accounts.apikey",
    "accounts.user",
    "candidates.application",
    "candidates.candidate",
    "candidates.offer",
    "candidates.outcome",
    "hiring.edition",
    "hiring.opening",
    "hiring.playbook",
    "hiring.transitionplan",
    "interviews.debrief",
    "interviews.flag",
    "interviews.interview",
    "interviews.interviewer",
    "interviews.loop",
    "interviews.scorecard",
    "interviews.seat",
    "journal.event",
    "journal.run",
    "outbox.delivery",
}


def test_only_the_product_s_nouns_are_there():
    """Packages register forms that write around the rules; none of them gets in."""
    assert {model._meta.label_lower for model in admin.site._registry} == NOUNS
    assert all(isinstance(noun, Noun) for noun in admin.site._registry.values())


def test_every_right_that_is_asked_for_exists():
    for noun in admin.site._registry.values():
        rights = {act.may for act in [*noun.acts, *([noun.add] if noun.add else [])]}
        rights |= {noun.see, *noun.guarded.values()}
        rights |= {getattr(inline, "see", None) for inline in noun.inlines}
        assert {right for right in rights if right} <= set(May), noun


def test_everything_counted_on_the_home_page_stands_on_the_list_behind_it(recruiter, clock):
    opening = stories.opening(facts={"models_in_production": 1})
    stories.draft_opening()
    stories.application(opening)
    waiting = stories.begun_loop(opening)
    loop = stories.held_loop(opening)
    stories.submitted_card(stories.seats(loop)[0])
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(status="parked")
    owner = stories.interviewer(of=opening.edition)
    Calendar.objects.create(interviewer=owner, kind="feed", label="Work", created_at=stories.NOW)
    clock(later(days=10))

    items = recruiter.get(reverse("admin:index")).context["todo"]

    counts = {item["title"]: item["count"] for item in items}
    assert counts == {
        "openings in draft": 1,
        "applications nobody has screened": 1,
        "offers to write": 0,
        "offers to approve": 0,
        "offers to send": 0,
        "offers about to expire": 0,
        "loops need repair": 0,
        "loops wait to be booked": 1,
        "scorecards overdue": len([seat for seat in stories.seats(loop) if seat.counts]) - 1,
        "flags unanswered": 1,
        "debriefs wait for a decision": 0,
        "interviewers whose calendar cannot be read": 1,
        "messages could not be delivered": 1,
    }
    for item in items:
        assert recruiter.get(item["url"]).context["cl"].result_count == item["count"], item["title"]
    assert waiting in recruiter.rows(Loop, status__exact="waiting")


def test_the_home_page_costs_the_same_however_much_there_is(recruiter):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            recruiter.get(reverse("admin:index"))
        return len(queries)

    stories.begun_loop()
    assert cost() == 19
    stories.begun_loop()
    stories.draft_opening()
    assert cost() == 19


def test_every_bar_of_the_charts_leads_to_its_rows(recruiter, clock):
    loop = stories.held_loop()
    stories.submitted_card(stories.seats(loop)[0])
    stories.begun_loop()
    booked = stories.confirmed_loop()
    clock(stories.after(loop) + dt.timedelta(days=2))

    charts = recruiter.get(reverse("admin:index")).context["charts"]

    counts = {chart["title"]: {bar["label"]: bar["count"] for bar in chart["bars"]} for chart in charts}
    seats = [*stories.seats(loop), *stories.seats(booked)]
    owed = len([seat for seat in seats if seat.counts]) - 1
    assert counts["Loops to come, by state"] == {
        "Waiting for a schedule": 1,
        "Needs repair": 0,
        "Confirmed": 1,
    }
    assert counts["Applications under way, by stage"]["Interviewing"] == 3
    assert counts["Scorecards owed, by age"]["One to three days"] == owed
    for chart in charts:
        for bar in chart["bars"]:
            assert recruiter.get(bar["url"]).context["cl"].result_count == bar["count"], bar


def test_a_long_list_says_that_there_are_more_than_it_counted(recruiter, monkeypatch):
    opening = stories.opening()
    for _ in range(4):
        stories.application(opening)
    monkeypatch.setattr("journal.desk.counting.MOST", 3)

    page = recruiter.list(Application)

    assert page.context["cl"].result_count == 3
    assert "3+" in page.content.decode()
    assert str(recruiter.get(reverse("admin:index")).context["todo"][0]["count"]) == "3+"


def test_a_list_is_narrowed_down_to_the_last_days(recruiter, clock):
    old = stories.application()
    clock(later(days=8))
    assert recruiter.rows(Application, days="7") == []
    assert recruiter.rows(Application, days="30") == [old]
    assert recruiter.rows(Application, days="nonsense") == [old]


def test_the_home_page_counts_only_what_one_may_see():
    stories.draft_opening()
    stories.begun_loop()
    stranger = Desk(stories.hiring_manager(stories.opening()))
    coordinator = Desk(stories.person("coordinator"))

    home = stranger.get(reverse("admin:index")).context
    assert {item["count"] for item in home["todo"]} == {0}
    assert home["charts"] == []
    titles = {item["title"] for item in coordinator.get(reverse("admin:index")).context["todo"]}
    assert titles == {
        "openings in draft",
        "applications nobody has screened",
        "offers to write",
        "loops need repair",
        "loops wait to be booked",
        "scorecards overdue",
        "interviewers whose calendar cannot be read",
        "messages could not be delivered",
    }


def test_log_in_is_the_one_door_with_its_limits_and_second_factor():
    response = Client().get(reverse("admin:login"), {"next": reverse("admin:index")})
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
    posted = Client().post(reverse("admin:login"), {"username": "a@example.com", "password": "x"})
    assert posted["Location"].startswith(reverse("account_login"))


def test_only_the_pages_of_the_unfold_theme_may_evaluate_scripts(recruiter):
    policy = recruiter.list(Loop)["Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    if settings.ADMIN_THEME == "unfold":
        assert rules["script-src"] == "'self' 'unsafe-eval'"
        assert rules["style-src"] == "'self' 'unsafe-inline'"
    else:
        assert "unsafe" not in policy
    assert rules["default-src"] == "'self'"
    assert "unsafe" not in Client().get(reverse("account_login"))["Content-Security-Policy"]


def test_no_page_asks_another_host_for_anything(recruiter):
    loop = stories.confirmed_loop()
    pages = [recruiter.get(reverse("admin:index")), recruiter.list(Loop), recruiter.page(loop)]
    for page in pages:
        loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page.content.decode())
        assert [address for address in loaded if not address.startswith(("/static/", "/admin/"))] == []


def test_every_verb_in_words_is_one_that_rules_record():
    """A sentence for a verb that nobody records is a mistake in writing."""
    rooms = ("accounts", "hiring", "candidates", "interviews", "outbox", "journal", "ats", "config")
    code = "".join(path.read_text() for room in rooms for path in (ROOT / room).rglob("*.py"))
    recorded = set(re.findall(r'"([a-z]+\.[a-z_]+)"', code)) | {
        f"flag.{answer}" for answer in ("acknowledged", "waived", "upheld")
    }
    assert set(WORDS) - recorded == set()


def test_a_page_tells_its_story_in_order_with_causes_below_each_other(recruiter):
    application = stories.screened_application()
    recruiter.act(application, "withdraw", reason="personal")

    lines = recruiter.page(application).context["timeline"]

    assert [(line.words, line.actor, line.depth) for line in lines] == [
        ("Application received through mlops community", "Rita Recruiter", 0),
        ("Screening began", "Rita Recruiter", 0),
        ("Withdrawn by the candidate: personal", "Rita Recruiter", 0),
    ]


def test_what_followed_by_itself_stands_below_its_cause(recruiter):
    loop = stories.confirmed_loop()
    recruiter.act(loop.application, "withdraw", reason="personal")

    told = [(line.words, line.depth) for line in recruiter.page(loop.application).context["timeline"]]
    withdrawn = told.index(("Withdrawn by the candidate: personal", 0))
    assert told[withdrawn + 1] == ("Loop cancelled", 1)
    assert {words for words, depth in told[withdrawn + 2 :]} == {"Interview cancelled"}
    assert {depth for _words, depth in told[withdrawn + 1 :]} == {1}


def test_times_are_the_reader_s_own():
    application = stories.application()
    tokyo = Desk(stories.person("recruiter", zone="Asia/Tokyo"))

    page = tokyo.page(application).content.decode()

    assert "times in Asia/Tokyo" in page
    assert "2 Mar 2026, 18:00" in page


def test_a_page_costs_the_same_however_many_rows_it_shows(recruiter):
    opening = stories.opening(facts={"models_in_production": 1})
    application = stories.application(opening)

    def cost(row) -> int:
        with CaptureQueriesContext(connection) as queries:
            recruiter.page(row)
        return len(queries)

    stories.background(application, kubernetes="deep")
    for row in (opening, application, application.candidate):
        recruiter.page(row)  # Django remembers content types
    assert (cost(opening), cost(application), cost(application.candidate)) == (15, 21, 8)
    stories.background(application, reliability="deep", retraining="solid")
    for _ in range(2):
        stories.application(opening)
    stories.application(stories.opening(), of=application.candidate)
    assert (cost(opening), cost(application), cost(application.candidate)) == (15, 21, 8)


def test_a_loop_s_page_costs_the_same_with_one_plan_and_with_four(recruiter):
    loop = stories.begun_loop()
    recruiter.act(loop, "propose")
    four = loop.proposals.filter(status="offered").count()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            recruiter.page(loop)
        return len(queries)

    assert four > 1
    recruiter.page(loop)  # Django remembers content types
    assert cost() == 19
    loop.proposals.filter(rank__gt=1).update(status="stale")
    assert cost() == 19


def test_an_interviewer_s_page_costs_the_same_with_one_interview_to_take_and_with_four(recruiter):
    edition = stories.edition()
    blocks = [block.key for block in playbooks.of(edition).blocks]
    person = stories.interviewer(blocks[0], of=edition)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            recruiter.page(person)
        return len(queries)

    recruiter.page(person)
    assert cost() == 13
    stories.interviewer(*blocks, of=edition, user=person.user)
    assert cost() == 13


@pytest.mark.slow
def test_every_page_opens(recruiter):
    """One of each noun, with all its inlines, and the form of everything that can be done to it."""
    one_of_everything()
    timetable.run("plan-waiting", at=stories.NOW)
    administrator = Desk(stories.person("admin"))
    for model in admin.site._registry:
        desk = administrator if model in (ApiKey, Run) else recruiter
        rows = desk.rows(model)
        assert rows, model
        assert desk.page(rows[0]).status_code == 200, model
        for act, address in desk.page(rows[0]).context["acts"]:
            assert desk.get(address).status_code == 200, (model, act.name)
    for model in (m for m, noun in admin.site._registry.items() if noun.add):
        label = f"admin:{model._meta.app_label}_{model._meta.model_name}_add"
        assert administrator.get(reverse(label)).status_code == 200, model
