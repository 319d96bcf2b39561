import datetime as dt
import re
import zoneinfo

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from accounts import users
from candidates import applications, candidates
from hiring import playbooks
from interviews import debriefs, forms, interviewers, loops, schedules, scorecards
from interviews.models import CardRead, Interview, Scorecard, Seat
from journal.models import Event
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
DIVE = "project_deep_dive"


@pytest.fixture
def clock(monkeypatch):
    """The doors read the clock; this sets it."""

    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(NOW)
    return set_to


@pytest.fixture
def loop(clock):
    return stories.confirmed_loop()


def client_of(user):
    client = Client(raise_request_exception=True)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def seat_in(loop, block, role="lead"):
    return next(s for s in stories.seats(loop) if s.interview.block == block and s.role == role)


def at(seat, name="kit", **more):
    return reverse(f"interviews:{name}", kwargs={"seat_id": seat.pk, **more})


def page(client, address, status=200, **how):
    response = client.get(address, **how)
    assert response.status_code == status, response.content.decode()
    return response.content.decode()


def text_of(html):
    """What a person reads, on one line."""
    html = re.sub(r"(?s)<template>.*?</template>|<svg.*?</svg>|<head>.*?</head>", " ", html)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace(" ,", ",")


def as_form(seat, content, revision=0, **more):
    """A card's content as the page's form sends it."""
    form = {key: content.get(key, "") for key in ("overall", "confidence", "notes", "no_story_because")}
    for key, rating in content.get("ratings", {}).items():
        form[f"rating-{key}"], form[f"evidence-{key}"] = rating.get("value", ""), rating.get("evidence", "")
    for key, time in content.get("segments", {}).items():
        form[f"minutes-{key}"] = "" if time.get("minutes") is None else time["minutes"]
        if time.get("skipped"):
            form[f"skipped-{key}"] = "on"
    for number, story in enumerate(content.get("stories", []), 1):
        form |= {f"story-{number}-{key}": value for key, value in story.items()}
    return {**form, "revision": revision, **more}


def sections(response):
    """My interviews by section: the seats in each, in the page's order."""
    return {
        name: [a.seat.pk for a in response.context[name]] for name in ("today", "owed", "coming", "handed_in")
    }


NOWHERE = {"today": [], "owed": [], "coming": [], "handed_in": []}

# --- my interviews ------------------------------------------------------------------------------------------


def test_an_interview_wanders_from_coming_up_over_today_and_owed_to_handed_in(clock, loop):
    seat = seat_in(loop, DIVE)
    mine = client_of(seat.user)
    interview = seat.interview
    moments = {
        NOW: "coming",
        interview.starts_at.replace(hour=0): "today",
        interview.starts_at + dt.timedelta(minutes=1): "today",
        interview.ends_at: "owed",
    }
    for moment, section in moments.items():
        clock(moment)
        assert sections(mine.get("/interviews/")) == {**NOWHERE, section: [seat.pk]}
    stories.submitted_card(seat)
    assert sections(mine.get("/interviews/")) == {**NOWHERE, "handed_in": [seat.pk]}


def test_times_are_shown_in_my_zone_and_the_zone_is_named(clock, loop):
    seat = seat_in(loop, DIVE)
    users.move_zone(seat.user, "Asia/Kolkata", by=seat.user, at=NOW)
    there = seat.interview.starts_at.astimezone(zoneinfo.ZoneInfo("Asia/Kolkata"))
    said = text_of(page(client_of(seat.user), "/interviews/"))
    assert "All times in Asia/Kolkata (IST)" in said
    assert f"{there:%a} {there.day} {there:%b} {there:%H:%M}–" in said


def test_an_owed_card_says_when_it_is_due_and_when_that_is_past(clock, loop):
    seat = seat_in(loop, DIVE)
    client = client_of(seat.user)
    due = seat.interview.ends_at + dt.timedelta(hours=24)
    for moment, words in ((due, "due"), (due + dt.timedelta(seconds=1), "was due")):
        clock(moment)
        said = text_of(page(client, "/interviews/"))
        assert f" {words} {due:%a} {due.day} {due:%b} {due:%H:%M}" in said


def test_today_counts_down_to_the_interview(clock, loop):
    seat = seat_in(loop, DIVE)
    clock(seat.interview.starts_at - dt.timedelta(minutes=25))
    html = page(client_of(seat.user), "/interviews/")
    assert "in 25" in text_of(html)
    assert f'data-until="{int(seat.interview.starts_at.timestamp())}"' in html


def shadowing(seat):
    """Somebody who learns sits in this interview as well."""
    learner = stories.interviewer(DIVE, of=seat.interview.loop.edition, level="shadow")
    return Seat.objects.create(
        interview=seat.interview,
        key="shadow",
        role=Seat.Role.SHADOW,
        user=learner.user,
        blocked_from=seat.interview.starts_at,
        blocked_until=seat.interview.ends_at,
        created_at=NOW,
    )


def test_the_training_path_counts_cards_that_are_in_and_says_what_is_needed(clock, loop):
    shadow = shadowing(seat_in(loop, DIVE))
    client = client_of(shadow.user)

    def path():
        return [(p.block.key, p.level, p.needed) for p in client.get("/interviews/").context["training"]]

    stories.draft_card(shadow)
    assert path() == [(DIVE, "shadow", 2)]
    card = Scorecard.objects.get(seat=shadow)
    scorecards.submit(card, revision=card.revision, by=shadow.user, at=shadow.interview.ends_at)
    assert path() == [(DIVE, "shadow", 1)]
    again = seat_in(stories.confirmed_loop(days=[15]), DIVE, "shadow")  # the plan gives learners their seats
    assert again.user == shadow.user
    stories.submitted_card(again)
    assert path() == [(DIVE, "shadow", 0)]
    assert "All done here." in text_of(page(client, "/interviews/"))
    learner = shadow.user.interviewer
    playbook = loop.edition.playbook
    interviewers.qualify(learner, playbook, DIVE, "reverse_shadow", by=stories.recruiter(), at=NOW)
    assert path() == [(DIVE, "reverse_shadow", 2)]


def test_my_page_has_nobody_elses_interviews(clock, loop):
    stranger = stories.person("interviewer")
    response = client_of(stranger).get("/interviews/")
    assert sections(response) == NOWHERE
    assert loop.application.candidate.name not in response.content.decode()


def test_waived_cards_and_no_shows_are_not_owed(clock, loop):
    first, second = seat_in(loop, DIVE), seat_in(loop, "platform_coding")
    clock(stories.after(loop))
    loops.finish_due(by=users.system(), at=stories.after(loop))
    debriefs.waive_card(first, reason="Ill since.", by=stories.recruiter(), at=stories.after(loop))
    Interview.objects.filter(pk=second.interview_id).update(status=Interview.Status.NO_SHOW)
    assert sections(client_of(first.user).get("/interviews/"))["owed"] == []
    assert sections(client_of(second.user).get("/interviews/"))["owed"] == []


def test_the_load_counts_my_interviews_of_this_week_by_day(clock, loop):
    seat = seat_in(loop, DIVE)
    interviewers.set_limits(
        seat.user.interviewer, buffer_minutes=10, max_per_day=2, max_per_week=4, by=seat.user, at=NOW
    )
    response = client_of(seat.user).get("/interviews/")
    load = response.context["load"]
    wanted = [int(day == seat.interview.starts_at.date()) for day in [later(days=n).date() for n in range(7)]]
    assert [len(day.interviews) for day in load.days] == wanted
    assert [day.is_today for day in load.days] == [True] + [False] * 6
    assert "1 of at most 4 interviews" in text_of(response.content.decode())
    clock(later(days=7))
    assert client_of(seat.user).get("/interviews/").context["load"].count == 0


def test_a_week_begins_on_my_monday_not_on_greenwichs(clock, loop):
    seat = seat_in(loop, DIVE)
    users.move_zone(seat.user, "Pacific/Kiritimati", by=seat.user, at=NOW)  # fourteen hours ahead
    clock(dt.datetime(2026, 3, 1, 11, tzinfo=dt.UTC))  # Sunday there is Monday already
    assert client_of(seat.user).get("/interviews/").context["load"].count == 1
    clock(dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC))
    assert client_of(seat.user).get("/interviews/").context["load"].count == 0


def test_empty_sections_say_what_will_appear_there(clock):
    said = text_of(page(client_of(stories.person("interviewer")), "/interviews/"))
    for sentence in (
        "No interview today.",
        "Nothing owed. An interview appears here when it is over, until its scorecard is in.",
        "Nothing booked. An interview appears here, and in your mail, when a recruiter confirms a loop you sit in.",
        "Nothing yet. Your sealed scorecards appear here",
        "You sit on no panel yet. When a recruiter adds you as an interviewer, your week and your limits appear here.",
    ):
        assert sentence in said


def one_more_loop_with(person, *, week):
    """Another candidate's loop, some weeks later, in which this person leads the deep dive."""
    seat = seat_in(stories.confirmed_loop(days=[7 * week + 1]), DIVE)
    Seat.objects.filter(pk=seat.pk).update(user=person)
    return Seat.objects.select_related("user", "interview__loop__edition").get(pk=seat.pk)


@pytest.mark.parametrize(("submitted", "questions"), [(False, 10), (True, 11)])
def test_my_page_asks_the_database_the_same_number_of_questions_for_one_and_three(
    clock, loop, submitted, questions, django_assert_num_queries
):
    seat = seat_in(loop, DIVE)
    client = client_of(seat.user)
    if submitted:
        stories.submitted_card(seat)
    client.get("/interviews/")  # what an edition says is read once per process
    with django_assert_num_queries(questions):
        assert page(client, "/interviews/").count('<li class="row"') == 1
    for week in (1, 2):
        more = one_more_loop_with(seat.user, week=week)
        if submitted:
            stories.submitted_card(more)
    with django_assert_num_queries(questions):
        assert page(client, "/interviews/").count('<li class="row"') == 3


def test_only_recruiting_staff_get_a_way_into_the_admin(clock, loop):
    admin = reverse("admin:index")
    assert f'href="{admin}"' not in page(client_of(seat_in(loop, DIVE).user), "/interviews/")
    manager = stories.hiring_manager(loop.application.opening)
    assert f'href="{admin}"' in page(client_of(manager), "/interviews/")


def test_home_leads_everybody_to_their_work(clock, loop):
    assert Client().get("/")["Location"] == "/accounts/login/?next=/"
    assert client_of(seat_in(loop, DIVE).user).get("/")["Location"] == "/interviews/"
    assert client_of(stories.recruiter()).get("/")["Location"] == reverse("admin:index")


# --- answering ------------------------------------------------------------------------------------------------


def test_accepting_keeps_the_seat_and_says_so(clock, loop):
    seat = seat_in(loop, DIVE)
    response = client_of(seat.user).post(at(seat, "accept"))
    assert (response.status_code, response["Location"]) == (302, "/interviews/")
    seat.refresh_from_db()
    assert (seat.response, seat.held) == ("accepted", True)
    assert "Accepted" in text_of(page(client_of(seat.user), "/interviews/"))


def test_an_answer_in_place_swaps_the_page_with_the_new_load(clock, loop):
    seat = seat_in(loop, DIVE)
    html = client_of(seat.user).post(at(seat, "decline"), {"reason": "Ill"}, headers=HTMX).content.decode()
    assert html.lstrip().startswith('<div id="mine"')
    assert "<html" not in html
    assert "Declined. The seat is free, and the recruiter finds somebody else." in text_of(html)
    assert "0 of at most 10 interviews" in text_of(html)


@pytest.mark.parametrize(("for_good", "response"), [({}, "declined"), ({"for_good": "on"}, "recused")])
def test_declining_frees_the_seat_this_time_or_for_good(clock, loop, for_good, response):
    seat = seat_in(loop, DIVE)
    answer = client_of(seat.user).post(at(seat, "decline"), {"reason": "On a train.", **for_good})
    assert answer.status_code == 302
    seat.refresh_from_db()
    assert (seat.response, seat.held, seat.decline_reason) == (response, False, "On a train.")
    assert client_of(seat.user).get(at(seat)).status_code == 404


def test_declining_too_late_is_refused_in_place_and_changes_nothing(clock, loop):
    seat = seat_in(loop, DIVE)
    clock(seat.interview.starts_at)
    events = Event.objects.count()
    response = client_of(seat.user).post(at(seat, "decline"), {"reason": "Too late"})
    assert response.status_code == 409
    assert "This interview has begun. Tell the recruiter if you were not there." in text_of(
        response.content.decode()
    )
    seat.refresh_from_db()
    assert (seat.response, seat.held, seat.decline_reason, Event.objects.count()) == (
        "asked",
        True,
        "",
        events,
    )


def test_a_reason_that_is_too_long_is_kept_in_the_form(clock, loop):
    seat = seat_in(loop, DIVE)
    response = client_of(seat.user).post(at(seat, "decline"), {"reason": "x" * 201})
    assert response.status_code == 422
    assert f'value="{"x" * 201}"' in response.content.decode()
    seat.refresh_from_db()
    assert seat.held


def test_asking_for_another_time_is_read_in_my_zone_and_moves_nothing(clock, loop):
    seat = seat_in(loop, DIVE)
    users.move_zone(seat.user, "Europe/Berlin", by=seat.user, at=NOW)
    assert (
        client_of(seat.user).post(at(seat, "suggest"), {"starts_at": "2026-03-05T10:00"}).status_code == 302
    )
    before = seat.interview.starts_at
    seat = Seat.objects.select_related("interview").get(pk=seat.pk)
    assert seat.suggests_from == dt.datetime(2026, 3, 5, 9, tzinfo=dt.UTC)
    assert seat.suggests_until - seat.suggests_from == dt.timedelta(minutes=90)
    assert (seat.held, seat.interview.starts_at) == (True, before)
    assert "You asked for Thu 5 Mar, 10:00." in text_of(page(client_of(seat.user), "/interviews/"))


@pytest.mark.parametrize("typed", ["", "soon", "2026-01-05T10:00"])
def test_a_time_that_cannot_be_asked_for_is_refused(clock, loop, typed):
    seat = seat_in(loop, DIVE)
    response = client_of(seat.user).post(at(seat, "suggest"), {"starts_at": typed})
    assert response.status_code in {409, 422}
    seat.refresh_from_db()
    assert seat.suggests_from is None


@pytest.mark.parametrize("verb", ["accept", "decline", "suggest", "save", "submit", "amend"])
def test_nobody_acts_on_anothers_seat(clock, loop, verb):
    seat, other = seat_in(loop, DIVE), seat_in(loop, "platform_coding")
    events = Event.objects.count()
    assert client_of(other.user).post(at(seat, verb), {"reason": "x"}).status_code == 404
    seat.refresh_from_db()
    assert (seat.response, seat.held, Event.objects.count()) == ("asked", True, events)


# --- kit --------------------------------------------------------------------------------------------------------


def test_the_kit_shows_who_comes_and_what_to_find_out_and_no_pay_and_no_contact(clock):
    candidate = candidates.add(
        name="Paula Placeholder",
        email="paula@private.test",
        phone="+49 151 234 777",
        headline="Platform engineer, logistics",
        by=stories.recruiter(),
        at=NOW,
    )
    application = stories.application(of=candidate, levels={"kubernetes": "deep", "reliability": "some"})
    applications.expect_pay(
        application,
        amount=31_415_900,
        currency="USD",
        anchor=playbooks.of(application.edition).pay.anchors[0],
        said="Thirty-one",
        by=stories.recruiter(),
        at=NOW,
    )
    applications.screen(application, by=stories.recruiter(), at=NOW)
    stories.panel(application.opening)
    loop = loops.begin(application, windows=stories.windows(), by=stories.recruiter(), at=NOW)
    plans = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    schedules.confirm(plans[0], by=stories.recruiter(), at=NOW)
    seat = seat_in(loop, DIVE)
    html = page(client_of(seat.user), at(seat))
    said = text_of(html)
    block = playbooks.of(loop.edition).block(DIVE)
    for words in (
        "Paula Placeholder",
        "Platform engineer, logistics",
        "deep in Kubernetes",
        "Said so about reliability.",
        block.title,
        "You (lead)",
    ):
        assert words in said
    for words in (
        block.goal,
        *[prompt.text for prompt in block.prompts],
        *[text for s in block.signals for text in (s.title, s.question, s.strong, s.middle, s.weak)],
    ):
        assert escape(words) in html
    for secret in (
        "paula@private.test",
        "234 777",
        "31415900",
        "314,159",
        "314159",
        "Thirty-one",
        "33000000",
    ):
        assert secret not in html


def test_looking_at_the_kit_makes_no_card(clock, loop):
    seat = seat_in(loop, DIVE)
    events = Event.objects.count()
    assert "Nothing written yet" in text_of(page(client_of(seat.user), at(seat)))
    assert (Scorecard.objects.count(), Event.objects.count()) == (0, events)


def test_the_kit_of_a_seat_that_is_not_mine_is_not_there(clock, loop):
    seat, other = seat_in(loop, DIVE), seat_in(loop, "platform_coding")
    for user in (other.user, stories.recruiter(), stories.person("admin"), stories.person("interviewer")):
        html = page(client_of(user), at(seat), status=404)
        assert loop.application.candidate.name not in html
        assert "We cannot show you this page" in html
    assert Client().get(at(seat))["Location"] == f"/accounts/login/?next={at(seat)}"


def test_a_lost_seat_takes_the_kit_with_it_but_not_the_card_that_is_in(clock, loop):
    first, second = seat_in(loop, DIVE), seat_in(loop, "platform_coding")
    clock(stories.after(loop))
    stories.submitted_card(first)
    stories.draft_card(second)
    Seat.objects.filter(pk__in=[first.pk, second.pk]).update(held=False)
    html = page(client_of(first.user), at(first))
    assert "It is sealed" in html
    assert at(first, "amend") not in html
    page(client_of(second.user), at(second), status=404)


def test_the_kit_asks_the_same_number_of_questions_alone_and_among_three_loops(
    clock, loop, django_assert_num_queries
):
    seat = seat_in(loop, DIVE)
    stories.draft_card(seat)
    client = client_of(seat.user)
    page(client, at(seat))
    with django_assert_num_queries(12):
        page(client, at(seat))
    for week in (1, 2):
        one_more_loop_with(seat.user, week=week)
    with django_assert_num_queries(12):
        page(client, at(seat))


# --- writing ------------------------------------------------------------------------------------------------------


def test_a_saved_form_is_stored_as_it_was_written(clock, loop):
    seat = seat_in(loop, DIVE)
    content = stories.full_content(seat, notes="Line one\r\nline two")
    response = client_of(seat.user).post(at(seat, "save"), as_form(seat, content))
    assert (response.status_code, response["Location"]) == (302, at(seat))
    card = Scorecard.objects.get(seat=seat)
    stored = forms.written(scorecards.newest(card))
    assert (card.status, card.revision) == ("draft", 1)
    assert stored == {**content, "notes": "Line one\nline two", "no_story_because": ""}


def test_what_is_stored_comes_back_in_the_form(clock, loop):
    seat = seat_in(loop, DIVE)
    stories.draft_card(seat)
    sheet = client_of(seat.user).get(at(seat)).context["sheet"]
    assert sheet.overall_word.value == "yes"
    assert [row.chosen.value for part in sheet.parts for row in part.signals] == ["strong"] * 5
    assert [(part.minutes, part.skipped) for part in sheet.parts] == [(60, False), (30, False)]
    assert [story.texts[0].value for story in sheet.parts[1].stories] == [
        stories.story("incident")["situation"]
    ]


def test_saving_in_the_background_answers_with_the_new_state_of_the_bar(clock, loop):
    seat = seat_in(loop, DIVE)
    users.move_zone(seat.user, "Asia/Kolkata", by=seat.user, at=NOW)
    clock(later(minutes=12))
    response = client_of(seat.user).post(at(seat, "save"), as_form(seat, {"overall": "no"}), headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in html
    assert 'name="revision" value="1"' in html
    said = text_of(html)
    assert "Saved 14:42" in said
    assert "9 things left" in said


def test_a_stale_form_overwrites_nothing_loses_nothing_and_says_what_differs(clock, loop):
    seat = seat_in(loop, DIVE)
    stories.draft_card(seat)
    mine = as_form(seat, stories.full_content(seat, overall="no", notes="Mine"), revision=0)
    response = client_of(seat.user).post(at(seat, "save"), mine)
    assert response.status_code == 409
    assert [(link.to, link.text) for link in response.context["differences"]] == [
        ("overall", "Overall"),
        ("notes", "Private notes"),
    ]
    html = response.content.decode()
    assert "This scorecard was saved somewhere else after you opened it here." in html
    assert ">Mine</textarea>" in html
    assert 'name="revision" value="0"' in html  # saving by itself stays refused …
    assert '<button type="submit" form="card" name="over" value="1">' in html  # … until the writer says so
    card = Scorecard.objects.get(seat=seat)
    assert (card.revision, scorecards.newest(card).overall) == (1, "yes")

    assert client_of(seat.user).post(at(seat, "save"), {**mine, "over": "1"}).status_code == 302
    card.refresh_from_db()
    assert (card.revision, scorecards.newest(card).overall, scorecards.newest(card).notes) == (
        2,
        "no",
        "Mine",
    )


def test_what_differs_is_named_field_by_field_with_both_texts(clock, loop):
    seat = seat_in(loop, DIVE)
    stories.draft_card(seat, stories=[])
    mine = stories.full_content(
        seat, segments={"project": {"minutes": 7}}, stories=[stories.story("incident", situation="Mine")]
    )
    mine["ratings"]["ownership"] = {"value": "weak", "evidence": "Mine"}
    response = client_of(seat.user).post(at(seat, "save"), as_form(seat, mine), headers=HTMX)
    found = {d.name: (d.here, d.there) for d in response.context["differences"]}
    heard = "Heard about ownership and hindsight."
    assert {name: found[name] for name in found if not name.startswith("story")} == {
        "rating-ownership": ("Weak", "Strong"),
        "evidence-ownership": ("Mine", heard),
        "minutes-project": ("7", "60"),
        "minutes-incident": ("", "30"),
    }
    assert found["story-1-situation"] == ("Mine", "")
    assert found["story-1-detection_is"] == ("Specific", "")
    html = response.content.decode()
    assert f'data-field="evidence-ownership" data-there="{heard}"' in html
    assert 'data-newer="1"' in html


def test_a_stale_form_is_told_so_in_the_background_too(clock, loop):
    seat = seat_in(loop, DIVE)
    stories.draft_card(seat)
    response = client_of(seat.user).post(at(seat, "save"), as_form(seat, {}, revision=0), headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 409
    assert 'data-code="stale_form"' in html
    assert 'name="revision" value="0"' in html
    assert "Save mine over it" in html


@pytest.mark.parametrize("revision", ["", "-1", "x", "99999999999999999999"])
def test_nonsense_for_a_revision_is_stale(clock, loop, revision):
    seat = seat_in(loop, DIVE)
    response = client_of(seat.user).post(at(seat, "save"), as_form(seat, {}, revision=revision))
    assert response.status_code == 409
    assert Scorecard.objects.get(seat=seat).revision == 0


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"minutes-project": "an hour"}, "minutes-project", "Write the minutes as a whole number."),
        ({"minutes-project": "999"}, "minutes-project", "Minutes lie between 0 and 600."),
        ({"overall": "perhaps"}, "overall", "Choose one of"),
        ({"notes": "x" * 20_001}, "notes", "A text may have 20000 characters at most."),
    ],
)
def test_what_cannot_be_stored_is_refused_beside_its_field_and_kept(clock, loop, changes, field, problem):
    seat = seat_in(loop, DIVE)
    response = client_of(seat.user).post(
        at(seat, "save"), {**as_form(seat, {}), "evidence-ownership": "Typed with care.", **changes}
    )
    assert response.status_code == 422
    assert [link.to for link in response.context["refused_links"]] == [field]
    html = response.content.decode()
    assert problem in html
    assert ">Typed with care.</textarea>" in html
    assert Scorecard.objects.get(seat=seat).revision == 0 if "an hour" not in changes.values() else True


def test_a_story_left_out_or_empty_is_not_stored(clock, loop):
    seat = seat_in(loop, DIVE)
    told = [stories.story("incident"), stories.story("incident", situation="Second"), {"segment": "incident"}]
    form = as_form(seat, {"stories": told})
    client_of(seat.user).post(at(seat, "save"), {**form, "story-1-omit": "on"})
    stored = forms.written(scorecards.newest(Scorecard.objects.get(seat=seat)))["stories"]
    assert [story["situation"] for story in stored] == ["Second"]


def test_another_story_without_javascript_saves_and_brings_an_empty_one(clock, loop):
    seat = seat_in(loop, DIVE)
    form = as_form(seat, {"stories": [stories.story("incident")]}, another_story="1")
    response = client_of(seat.user).post(at(seat, "save"), form, follow=True)
    part = response.context["sheet"].parts[1]
    assert [story.number for story in part.stories] == [1, 2]
    assert Scorecard.objects.get(seat=seat).revision == 1


def test_a_save_after_losing_the_seat_is_refused_and_the_text_kept(clock, loop):
    seat = seat_in(loop, DIVE)
    Seat.objects.filter(pk=seat.pk).update(held=False)
    response = client_of(seat.user).post(at(seat, "save"), as_form(seat, {"notes": "Still here"}))
    assert response.status_code == 409
    assert "Only the person on this seat may do that." in response.content.decode()
    assert ">Still here</textarea>" in response.content.decode()
    assert not Scorecard.objects.exists()


def test_a_save_in_the_background_without_a_log_in_is_told_so_and_not_led_away(clock, loop):
    seat = seat_in(loop, DIVE)
    response = Client().post(at(seat, "save"), as_form(seat, {}), headers=HTMX)
    assert (response.status_code, response.content) == (401, b"")
    assert Client().post(at(seat, "save"))["Location"].startswith("/accounts/login/")


# --- handing in ---------------------------------------------------------------------------------------------------


def test_handing_in_keeps_what_is_in_the_form_and_seals_it(clock, loop):
    seat = seat_in(loop, DIVE)
    clock(seat.interview.ends_at)
    response = client_of(seat.user).post(at(seat, "submit"), as_form(seat, stories.full_content(seat)))
    assert (response.status_code, response["Location"]) == (302, at(seat))
    card = Scorecard.objects.get(seat=seat)
    assert (card.status, scorecards.newest(card).number) == ("submitted", 1)
    html = page(client_of(seat.user), at(seat))
    assert "It is sealed: what you wrote stays as it is." in html
    assert "<textarea" not in html


def test_an_incomplete_card_stays_a_saved_draft_and_each_lack_leads_to_its_field(clock, loop):
    seat = seat_in(loop, DIVE)
    clock(seat.interview.ends_at)
    content = {
        "ratings": {"ownership": {"value": "strong"}, "failure_analysis": {"value": "not_assessed"}},
        "segments": {"project": {"minutes": 55}},
        "notes": "Half a card",
    }
    response = client_of(seat.user).post(at(seat, "submit"), as_form(seat, content))
    html = response.content.decode()
    assert response.status_code == 422
    links = response.context["refused_links"]
    assert [link.to for link in links] == [
        "evidence-ownership",
        "evidence-failure_analysis",
        "signal-incident_detection",
        "signal-incident_response",
        "signal-incident_outcome",
        "minutes-incident",
        "stories",
        "overall",
        "confidence",
    ]
    for link in links:
        assert html.count(f'id="{link.to}"') == 1
        assert html.count(f'href="#{link.to}"') == 2  # in the summary and in the bar
    assert ">Half a card</textarea>" in html
    card = Scorecard.objects.get(seat=seat)
    assert (card.status, card.revision, scorecards.newest(card).notes) == ("draft", 1, "Half a card")
    assert 'name="revision" value="1"' in html  # so the next save is not stale by our own doing


def test_before_the_interview_a_card_is_kept_but_not_taken(clock, loop):
    seat = seat_in(loop, DIVE)
    clock(seat.interview.starts_at - dt.timedelta(minutes=1))
    response = client_of(seat.user).post(at(seat, "submit"), as_form(seat, stories.full_content(seat)))
    assert response.status_code == 409
    assert "This interview has not begun. Hand the card in afterwards." in response.content.decode()
    card = Scorecard.objects.get(seat=seat)
    assert (card.status, card.revision) == ("draft", 1)


def test_a_card_that_is_in_cannot_be_saved_from_an_old_form(clock, loop):
    seat = seat_in(loop, DIVE)
    clock(seat.interview.ends_at)
    stories.submitted_card(seat)
    response = client_of(seat.user).post(at(seat, "save"), as_form(seat, {"notes": "Late"}, revision=2))
    assert response.status_code == 409
    assert "This scorecard is submitted. Amend it, with a reason." in response.content.decode()
    assert scorecards.newest(Scorecard.objects.get(seat=seat)).notes == ""


# --- blind until submitted ----------------------------------------------------------------------------------------


def test_others_cards_appear_only_when_mine_are_in(clock, loop):
    seat, other, drafting = (seat_in(loop, key) for key in (DIVE, "platform_coding", "ml_system_design"))
    clock(stories.after(loop))
    theirs = stories.submitted_card(other, notes="Between me and myself")
    stories.draft_card(drafting)
    client = client_of(seat.user)
    read = reverse("interviews:card", args=[theirs.pk])
    html = page(client, at(seat))
    assert read not in html
    assert other.user.name not in html
    page(client, read, status=404)
    assert not CardRead.objects.exists()

    stories.submitted_card(seat)
    html = page(client, at(seat))
    assert read in html
    assert drafting.user.name not in html

    said = page(client, read)
    assert "Heard about working, idiomatic code." in said
    assert other.user.name in said
    assert "Between me and myself" not in said
    page(client, read)
    assert [(r.version.card_id, r.user_id) for r in CardRead.objects.all()] == [(theirs.pk, seat.user_id)]


def test_somebody_who_still_owes_another_card_of_the_loop_sees_none(clock, loop):
    seat, second, other = (seat_in(loop, key) for key in (DIVE, "ml_system_design", "platform_coding"))
    Seat.objects.filter(pk=second.pk).update(user=seat.user)
    clock(stories.after(loop))
    theirs = stories.submitted_card(other)
    stories.submitted_card(seat)
    html = page(client_of(seat.user), at(seat))
    assert "Cards of this loop appear here when they are handed in and all of yours are." in text_of(html)
    assert other.user.name not in html
    page(client_of(seat.user), reverse("interviews:card", args=[theirs.pk]), status=404)


def test_ones_own_card_is_read_on_its_own_page(clock, loop):
    seat = seat_in(loop, DIVE)
    clock(stories.after(loop))
    card = stories.submitted_card(seat)
    assert client_of(seat.user).get(reverse("interviews:card", args=[card.pk]))["Location"] == at(seat)
    assert not CardRead.objects.exists()


def test_a_trainee_reads_the_leads_card_beside_their_own_once_both_are_in(clock, loop):
    lead = seat_in(loop, DIVE)
    shadow = shadowing(lead)
    clock(stories.after(loop))
    client = client_of(shadow.user)
    beside = at(shadow, "beside")
    theirs = stories.submitted_card(lead, overall="no", notes="Between me and myself")
    stories.draft_card(shadow, overall="yes")
    page(client, beside, status=404)  # mine is not in
    card = Scorecard.objects.get(seat=shadow)
    scorecards.submit(card, revision=card.revision, by=shadow.user, at=stories.after(loop))
    assert not CardRead.objects.exists()
    assert beside in page(client, at(shadow))
    response = client.get(beside)
    assert [(str(p.mine.word), str(p.theirs.word), p.apart) for p in response.context["rows"]][:2] == [
        ("Yes", "No", True),
        ("High", "High", False),
    ]
    assert "Between me and myself" not in response.content.decode()
    assert [(r.version.card_id, r.user_id) for r in CardRead.objects.all()] == [(theirs.pk, shadow.user_id)]
    page(client_of(lead.user), at(lead, "beside"), status=404)  # to compare is for those who learn
    page(client_of(lead.user), beside, status=404)


def test_a_trainee_whose_lead_has_not_handed_in_waits(clock, loop):
    lead = seat_in(loop, DIVE)
    shadow = shadowing(lead)
    clock(stories.after(loop))
    stories.draft_card(lead)
    stories.submitted_card(shadow)
    client = client_of(shadow.user)
    assert "When the lead’s card is in as well" in text_of(page(client, at(shadow)))
    page(client, at(shadow, "beside"), status=404)


# --- amending -----------------------------------------------------------------------------------------------------


def test_an_amendment_is_a_new_version_with_its_reason_and_the_old_one_stays(clock, loop):
    seat, other = seat_in(loop, DIVE), seat_in(loop, "platform_coding")
    clock(stories.after(loop))
    card = stories.submitted_card(seat, notes="To myself")
    client = client_of(seat.user)
    form = as_form(
        seat, stories.full_content(seat, overall="no"), revision=card.revision, because="Misheard it."
    )
    assert client.post(at(seat, "amend"), form)["Location"] == at(seat)
    newest = scorecards.newest(card)
    assert (newest.number, newest.overall, newest.amended_because) == (2, "no", "Misheard it.")
    said = text_of(page(client, at(seat)))
    assert "Version 2" in said
    assert "“Misheard it.”" in said
    old = page(client, at(seat, "version", number=1))
    assert "<strong>Yes</strong>" in old
    assert "To myself" in old
    page(client, at(seat, "version", number=0), status=404)
    page(client_of(other.user), at(seat, "version", number=1), status=404)


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"because": " "}, 422, "Write why you change your card after handing it in."),
        ({"overall": ""}, 422, "The amended scorecard is not complete."),
        ({"revision": 0}, 409, "This scorecard was saved somewhere else"),
        ({"minutes-project": "long"}, 422, "Write the minutes as a whole number."),
    ],
)
def test_a_refused_amendment_keeps_the_text_and_the_version(clock, loop, changes, code, sentence):
    seat = seat_in(loop, DIVE)
    clock(stories.after(loop))
    card = stories.submitted_card(seat)
    form = as_form(seat, stories.full_content(seat), revision=card.revision, because="Misheard it.")
    response = client_of(seat.user).post(
        at(seat, "amend"), {**form, "evidence-ownership": "Better words.", **changes}
    )
    assert response.status_code == code
    assert sentence in response.content.decode()
    assert ">Better words.</textarea>" in response.content.decode()
    assert card.versions.count() == 1


def test_a_draft_is_not_amended_but_written(clock, loop):
    seat = seat_in(loop, DIVE)
    stories.draft_card(seat)
    assert client_of(seat.user).get(at(seat, "amend"))["Location"] == at(seat)


def test_after_the_decision_nothing_offers_an_amendment_and_none_is_taken(clock):
    made = stories.decided()
    seat = seat_in(made.loop, DIVE)
    clock(stories.after(made.loop))
    client = client_of(seat.user)
    assert at(seat, "amend") not in page(client, at(seat))
    card = Scorecard.objects.get(seat=seat)
    form = as_form(seat, stories.full_content(seat, overall="no"), revision=card.revision, because="Late")
    response = client.post(at(seat, "amend"), form)
    assert response.status_code == 409
    assert "The decision is made: its record cannot change." in response.content.decode()
    assert card.versions.count() == 1


# --- every page ---------------------------------------------------------------------------------------------------


def test_pages_carry_nothing_inline_and_are_not_kept_by_the_browser(clock, loop):
    seat = seat_in(loop, DIVE)
    clock(stories.after(loop))
    seat.user.set_password("four words nobody says")
    seat.user.save()
    client = client_of(seat.user)
    addresses = ["/interviews/", at(seat), "/accounts/password/change/", "/accounts/2fa/"]
    for address in addresses:
        html = page(client, address)
        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", html) == []
    assert "no-store" in client.get(at(seat))["Cache-Control"]


def test_no_two_elements_of_the_card_share_an_id(clock, loop):
    seat = seat_in(loop, DIVE)
    html = re.sub(r"(?s)<template>.*?</template>", "", page(client_of(seat.user), at(seat)))
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'\sfor="([^"]+)"', html)) <= set(ids)


# --- logging in ---------------------------------------------------------------------------------------------------


def test_logging_in_leads_to_my_interviews_without_chatter(clock):
    user = stories.person("interviewer", password="four words nobody says")
    response = Client().post(
        "/accounts/login/", {"login": user.email, "password": "four words nobody says"}, follow=True
    )
    assert response.redirect_chain[-1][0] == "/interviews/"
    assert 'class="note" role="status"' not in response.content.decode()


def test_nobody_signs_up_and_unused_pages_are_not_there(clock):
    assert Client().get("/accounts/signup/")["Location"] == "/accounts/login/"
    for name in ("email", "confirm-email", "login/code", "signup/passkey"):
        assert Client().get(f"/accounts/{name}/").status_code == 404


@pytest.mark.parametrize("known", [True, False])
def test_a_reset_answers_known_and_unknown_addresses_alike(clock, known):
    user = stories.person("interviewer", password="four words nobody says")
    address = user.email if known else "nobody@example.com"
    response = Client().post("/accounts/password/reset/", {"email": address}, follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/password/reset/done/"
    assert "If the address belongs to an account, a link is on its way." in response.content.decode()
    assert sum("/accounts/password/reset/key/" in sent.body for sent in mail.outbox) == int(known)


def test_a_mistyped_password_says_so_beside_the_form(clock):
    user = stories.person("interviewer", password="four words nobody says")
    html = Client().post("/accounts/login/", {"login": user.email, "password": "no"}).content.decode()
    assert 'role="alert"' in html
    assert f'value="{user.email}"' in html


def test_error_pages_need_no_database_and_no_log_in():
    from django.template.loader import render_to_string

    for name in ("400", "403", "404", "500", "403_csrf", "429"):
        html = render_to_string(f"{name}.html")
        assert "<h1>" in html
        assert "Log out" not in html
