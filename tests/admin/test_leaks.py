"""The admin shows each person what they may see, and nothing else: not in lists, counts, filters, searches or timelines."""

import datetime as dt

import pytest
from django.urls import reverse

from candidates import applications
from candidates.models import Application, Candidate, Offer, Outcome
from hiring import playbooks
from hiring.models import Opening
from interviews import debriefs, flags
from interviews.models import CardRead, Debrief, Flag, Interview, Loop, Scorecard, Seat
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.admin.conftest import Desk
from tests.stories import NOW

pytestmark = pytest.mark.django_db

SECRET = "Deleted the production database twice."


@pytest.fixture
def half_way(clock):
    """A loop that was held: one counting card is in, another one is a draft, the rest is owed."""
    loop = stories.held_loop()
    first, second, *_rest = [seat for seat in stories.seats(loop) if seat.counts]
    card = stories.submitted_card(first, notes=SECRET)
    stories.draft_card(second, notes=SECRET)
    clock(stories.after(loop))
    return loop, card


def everything_about(desk, loop) -> str:
    """All pages of the admin that could tell of a scorecard of this loop."""
    pages = [desk.page(loop), desk.page(loop.application), desk.list(Loop)]
    pages += [desk.page(interview) for interview in loop.interviews.all()]
    pages += [desk.page(seat) for seat in Seat.objects.filter(interview__loop=loop)]
    pages += [desk.list(model) for model in (Scorecard, Seat, Interview, Debrief, Flag)]
    pages += [desk.list(Scorecard, q="a"), desk.list(Scorecard, status__exact="submitted")]
    return "".join(page.content.decode() for page in pages)


# --- blind until submitted -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["recruiter", "admin", "auditor"])
def test_a_card_is_closed_to_the_hiring_team_until_the_debrief_is_open(half_way, role):
    loop, card = half_way
    desk = Desk(stories.recruiter() if role == "recruiter" else stories.person(role))

    assert desk.rows(Scorecard) == []
    assert desk.page(card).status_code == 404
    seen = everything_about(desk, loop)
    assert SECRET not in seen
    assert str(card.pk) not in seen
    assert SECRET not in desk.list(Event).content.decode()
    assert CardRead.objects.count() == 0


def test_before_the_debrief_the_timeline_tells_only_that_a_card_is_in(half_way, recruiter):
    loop, _card = half_way
    of_cards = {"A scorecard is in", "Scorecard opened", "Scorecard saved as a draft", "Read a scorecard"}

    for row in (loop, loop.application, Seat.objects.get(scorecard__status="draft")):
        told = [words for words in recruiter.timeline(row) if words in of_cards]
        assert told == ([] if isinstance(row, Seat) else ["A scorecard is in"])
    verbs = {event.verb for event in recruiter.rows(Event) if event.verb.startswith("scorecard.")}
    assert verbs == {"scorecard.submitted"}
    event = Event.objects.get(verb="scorecard.submitted")
    assert "reveal" not in recruiter.page(event).content.decode()


def test_a_seat_tells_whether_its_card_is_in_and_no_more(half_way, recruiter):
    loop, card = half_way

    states = {
        str(seat.pk): seat.scorecard.status if hasattr(seat, "scorecard") else ""
        for seat in Seat.objects.filter(interview__loop=loop)
    }
    page = recruiter.page(card.seat).content.decode()
    draft = next(key for key, status in states.items() if status == "draft")

    assert ">In<" in page
    assert ">Owed<" in recruiter.page(Seat.objects.get(pk=draft)).content.decode()


def test_a_manager_who_owes_a_card_of_the_loop_reads_none(half_way):
    loop, card = half_way
    manager = stories.hiring_manager(loop.application.opening)
    seat = next(seat for seat in stories.seats(loop) if seat.user == manager)
    assert seat.role == "hiring_manager"
    desk = Desk(manager)
    assert desk.rows(Scorecard) == ([] if seat.pk != card.seat_id else [card])

    if seat.pk != card.seat_id:
        own = stories.submitted_card(seat, notes="Mine.")
        assert set(desk.rows(Scorecard)) == {card, own}


def test_opening_a_card_after_the_debrief_is_on_record(recruiter, clock):
    debrief = stories.debrief(notes=SECRET)
    clock(stories.after(debrief.loop))
    card = recruiter.rows(Scorecard)[0]

    assert SECRET in recruiter.page(card).content.decode()

    read = CardRead.objects.get()
    assert (read.user, read.version.card) == (recruiter.user, card)
    assert "Read a scorecard" in recruiter.timeline(card)
    assert SECRET not in recruiter.list(Scorecard).content.decode()


def test_votes_are_read_after_voting_or_deciding(clock):
    debrief = stories.debrief()
    clock(stories.after(debrief.loop))
    manager = stories.hiring_manager(debrief.loop.application.opening)
    voter = next(s.user for s in stories.seats(debrief.loop) if s.counts and s.user != manager)
    debriefs.vote(debrief, value="no", reason="Rather vague.", by=voter, at=stories.after(debrief.loop))
    desk = Desk(manager)

    assert "Rather vague." not in desk.page(debrief).content.decode()
    desk.act(debrief, "vote", value="yes", reason="")
    assert "Rather vague." in desk.page(debrief).content.decode()


def without_incident(seat) -> dict:
    """A card on which the incident part was skipped, which raises a flag about the loop."""
    block = playbooks.of(seat.interview.loop.edition).block(seat.interview.block)
    parts = {
        part.key: {"minutes": None if part.incident else part.minutes, "skipped": part.incident}
        for part in block.segments
    }
    return {"segments": parts, "stories": []}


def test_flags_about_the_loop_are_told_only_once_the_debrief_is_open(recruiter, clock):
    loop = stories.held_loop()
    *others, last = stories.seats(loop)
    for seat in others:
        stories.submitted_card(seat, **without_incident(seat))
    clock(stories.after(loop))
    assert [w for w in recruiter.timeline(loop.application) if w.startswith("Flag")] == []
    assert Flag.objects.filter(application=loop.application, about="loop").count() == 0

    stories.submitted_card(last, **without_incident(last))

    raised = Flag.objects.filter(application=loop.application, about="loop")
    assert raised.count() > 0
    told = [w for w in recruiter.timeline(loop.application) if w.startswith("Flag raised")]
    assert len(told) == Flag.objects.filter(application=loop.application).count()
    # A flag whose debrief were not open would not be told either.
    Debrief.objects.all().delete()
    kept = Flag.objects.filter(application=loop.application).exclude(about="loop").count()
    assert len([w for w in recruiter.timeline(loop.application) if w.startswith("Flag raised")]) == kept


# --- pay -----------------------------------------------------------------------------------------------------


@pytest.fixture
def paid():
    offer = stories.drafted_offer()
    applications.expect_pay(
        offer.application,
        amount=34_700_000,
        currency="USD",
        anchor="senior_ml_engineer",
        said="At least 347 thousand.",
        by=stories.recruiter(),
        at=NOW,
    )
    return offer


FIGURES = ("330,000", "280,000", "380,000", "300,000", "347 thousand")


@pytest.mark.parametrize("role", ["coordinator", "auditor"])
def test_pay_is_for_those_who_may_read_it(paid, role):
    desk = Desk(stories.person(role))
    application, opening = paid.application, paid.application.opening

    pages = [desk.page(application), desk.page(opening), desk.list(Opening), desk.list(Application)]
    pages += [desk.page(flag) for flag in desk.rows(Flag)] if role == "auditor" else []
    pages += [desk.list(Event), desk.list(Delivery), desk.get(reverse("admin:index"))]
    seen = "".join(page.content.decode() for page in pages if page.status_code == 200)

    assert [figure for figure in FIGURES if figure in seen] == []
    assert "Pay band" not in seen
    assert desk.list(Offer).status_code == 403
    assert desk.page(paid).status_code == 403
    assert "Pay band set" not in desk.timeline(opening)
    assert [words for words in desk.timeline(application) if "Offer" in words or "expectation" in words] == []


def test_pay_is_there_for_the_recruiter(paid, recruiter):
    assert "USD 330,000" in recruiter.page(paid).content.decode()
    assert "USD 300,000 – 380,000" in recruiter.list(Opening).content.decode()
    page = recruiter.page(paid.application).content.decode()
    assert "At least 347 thousand." in page
    assert "Pay expectation recorded" in recruiter.timeline(paid.application)


def test_what_a_flag_about_pay_rests_on_is_for_those_who_may_read_pay(recruiter):
    application = stories.application()
    applications.expect_pay(
        application,
        amount=34_700_000,
        currency="USD",
        anchor="senior_ml_engineer",
        said="At least 347 thousand.",
        by=stories.recruiter(),
        at=NOW,
    )
    flag = Flag.objects.get(application=application)
    auditor = Desk(stories.person("auditor"))

    assert "measured by senior_ml_engineer" in recruiter.page(flag).content.decode()
    assert "measured by senior_ml_engineer" not in auditor.page(flag).content.decode()


def test_a_message_about_an_offer_is_closed_without_the_right_to_read_pay(paid, clock):
    from candidates import offers

    when = stories.after(paid.application.loops.get()) + dt.timedelta(hours=1)
    offers.approve(paid, by=stories.hiring_manager(paid.application.opening), at=when)
    offers.send(paid, by=stories.recruiter(), at=when)
    mail = Delivery.objects.get(about_type="candidates.offer")
    recruiter, coordinator = Desk(stories.recruiter()), Desk(stories.person("coordinator"))

    assert "330,000" in recruiter.page(mail).content.decode()
    assert coordinator.page(mail).status_code == 404
    assert mail not in coordinator.rows(Delivery)
    assert mail not in coordinator.rows(Delivery, q="offer")


# --- contact, outcomes, other people's openings -----------------------------------------------------------------


def test_contact_is_for_those_who_write_to_candidates():
    opening = stories.opening()
    ada = stories.candidate(name="Ada Applicant", email="ada@example.test")
    stories.application(opening, of=ada)
    for user, reads in (
        (stories.recruiter(), True),
        (stories.person("coordinator"), True),
        (stories.hiring_manager(opening), False),
        (stories.person("auditor"), False),
    ):
        desk = Desk(user)
        assert ("ada@example.test" in desk.page(ada).content.decode()) == reads, user
        assert desk.rows(Candidate, q="ada@example.test") == ([ada] if reads else []), user


def test_another_opening_s_team_sees_none_of_it():
    loop = stories.confirmed_loop()
    stranger = Desk(stories.hiring_manager(stories.draft_opening()))

    assert stranger.rows(Application) == stranger.rows(Loop) == stranger.rows(Candidate) == []
    assert stranger.rows(Interview) == stranger.rows(Seat) == stranger.rows(Flag) == []
    assert [row.title for row in stranger.rows(Opening)] == ["Senior MLOps engineer"]
    for row in (loop, loop.application, loop.application.candidate, loop.application.opening):
        assert stranger.page(row).status_code == 404
    options = stranger.list(Application).content.decode()
    assert str(loop.application.opening_id) not in options


def test_a_manager_who_only_interviews_a_candidate_reads_no_verdict_and_no_pay_of_theirs(clock):
    loop = stories.confirmed_loop()
    guest = stories.hiring_manager(stories.opening())
    applications.admit(loop.application, [guest])
    stories.background(loop.application, kubernetes="deep", model_serving="deep")
    desk = Desk(guest)

    page = desk.page(loop.application)

    assert page.status_code == 200
    assert "Background closest to" not in page.content.decode()
    assert "How it ended" not in page.content.decode()
    assert "MLOps Community" not in desk.list(Application).content.decode()


def test_outcomes_are_for_those_who_record_them():
    assert Desk(stories.person("auditor")).list(Outcome).status_code == 403
    assert Desk(stories.person("coordinator")).list(Outcome).status_code == 403


def test_looking_for_a_person_by_typing_finds_only_what_one_may_see():
    loop = stories.confirmed_loop()
    query = {"app_label": "interviews", "model_name": "loop", "field_name": "application", "term": ""}
    stranger = Desk(stories.hiring_manager(stories.draft_opening()))

    found = stranger.get(reverse("admin:autocomplete"), query).json()["results"]
    assert found == []
    found = Desk(stories.recruiter()).get(reverse("admin:autocomplete"), query).json()["results"]
    assert [item["id"] for item in found] == [str(loop.application_id)]


def test_interviewers_have_no_door_here():
    assert Desk(stories.person("interviewer")).get(reverse("admin:index")).status_code == 302
    assert Desk(stories.person("interviewer")).list(Application).status_code == 302


def test_an_answered_flag_is_not_told_to_a_coordinator(recruiter):
    opening = stories.opening(facts={"models_in_production": 1})
    flag = Flag.objects.get(opening=opening)
    flags.answer(flag, answer="waived", reason="Known.", by=stories.recruiter(), at=NOW)
    coordinator = Desk(stories.person("coordinator"))

    assert [words for words in coordinator.timeline(opening) if "lag" in words] == []
    assert [words for words in recruiter.timeline(opening) if "lag" in words] == [
        "Flag raised: too few models",
        "Flag waived: too few models",
    ]
    assert coordinator.list(Flag).status_code == 403
