"""Search finds what one may see, and tells nothing of anything else: no hit, no count, no order."""

import pytest
from django.test import Client
from django.urls import reverse

from candidates.models import Candidate
from interviews import scorecards, search
from interviews.models import Scorecard
from tests import stories

pytestmark = pytest.mark.django_db

WORD = "Zanzibar"


@pytest.fixture
def held():
    """A loop that was held: the lead of the first block wrote the word everywhere, the others wrote nothing yet."""
    loop = stories.held_loop()
    first = next(seat for seat in stories.seats(loop) if seat.interview.block == "project_deep_dive")
    ratings = stories.full_content(first)["ratings"]
    key = next(iter(ratings))
    ratings[key] = {"value": "strong", "evidence": f"Moved the {WORD} cluster without a pause."}
    told = stories.story("incident", outcome=f"A contract with {WORD}.")
    card = stories.submitted_card(first, ratings=ratings, stories=[told], notes=f"Met in {WORD} once.")
    return loop, first, card


def words_in(user, typed=WORD):
    found = search.find(typed, reader=user)
    return ["".join(part for part, _hit in passage.parts) for passage in found.cards]


def page(user, typed):
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.get(reverse("interviews:search"), {"q": typed})


def finish(loop):
    for seat in stories.seats(loop):
        if seat.counts and not Scorecard.objects.filter(seat=seat, status="submitted").exists():
            stories.submitted_card(seat)


# --- blind until submitted --------------------------------------------------------------------------------------


def test_ones_own_card_and_notes_are_found_by_oneself(held):
    _loop, first, _card = held

    assert len(words_in(first.user)) == 3
    assert f"Moved the {WORD} cluster without a pause." in words_in(first.user)
    assert f"Met in {WORD} once." in words_in(first.user)


def test_before_ones_own_card_is_in_nothing_of_the_others_is_found(held):
    loop, first, _card = held
    other = next(seat for seat in stories.seats(loop) if seat.counts and seat.user != first.user)

    assert search.find(WORD, reader=other.user).is_nothing
    assert page(other.user, WORD).content.count(b"<mark>") == 0
    for seat in stories.seats(loop):
        if seat.user == other.user:
            stories.submitted_card(seat)
    assert len(words_in(other.user)) == 2


@pytest.mark.parametrize("role", ["recruiter", "admin", "auditor"])
def test_the_hiring_team_finds_cards_once_the_debrief_is_open(held, role):
    loop, _first, _card = held
    user = stories.recruiter() if role == "recruiter" else stories.person(role)

    assert search.find(WORD, reader=user).is_nothing
    finish(loop)
    assert len(words_in(user)) == 2  # evidence and story; the private notes stay private


def test_private_notes_are_found_by_their_author_alone(held):
    loop, first, _card = held
    finish(loop)

    assert [text for text in words_in(first.user, "met") if "once" in text] == [f"Met in {WORD} once."]
    for user in (stories.recruiter(), stories.hiring_manager(loop.application.opening)):
        assert words_in(user, "met once") == []


def test_drafts_of_others_are_never_found(held):
    loop, first, _card = held
    other = next(seat for seat in stories.seats(loop) if seat.counts and seat.user != first.user)
    stories.draft_card(other, notes="Quokka", ratings={})

    assert words_in(other.user, "quokka") == ["Quokka"]
    for user in (first.user, stories.recruiter(), stories.person("admin")):
        assert search.find("quokka", reader=user).is_nothing


def test_of_an_amended_card_only_what_it_says_now_is_found(held):
    loop, first, card = held
    finish(loop)
    card.refresh_from_db()
    ratings = stories.full_content(first)["ratings"]
    scorecards.amend(
        card,
        content={"ratings": ratings, "stories": [stories.story("incident")], "notes": ""},
        because="Mixed two people up.",
        revision=card.revision,
        by=first.user,
        at=stories.after(loop),
    )

    assert search.find(WORD, reader=first.user).is_nothing
    assert search.find(WORD, reader=stories.recruiter()).is_nothing


def test_people_off_the_team_find_nothing_of_it(held):
    loop, _first, _card = held
    finish(loop)
    stories.background(loop.application, kubernetes="deep")
    name = loop.application.candidate.name

    for user in (stories.person("interviewer"), stories.hiring_manager(stories.opening())):
        for typed in (WORD, name, "kubernetes"):
            found = search.find(typed, reader=user)
            assert (found.people, found.cards, found.backgrounds) == ([], [], [])
    coordinator = search.find(WORD, reader=stories.person("coordinator"))
    assert coordinator.cards == []


# --- people and openings ----------------------------------------------------------------------------------------------


def test_candidates_are_found_by_name_and_headline_with_where_they_stand():
    application = stories.application(of=stories.candidate(name="Ada Lovelace"))
    stories.candidate(name="Grace Hopper")

    found = search.find("love", reader=stories.recruiter())

    assert [person.name for person in found.people] == ["Ada Lovelace"]
    assert [a.pk for a in found.people[0].seen_applications] == [application.pk]
    assert f"/interviews/candidates/{application.pk}/" in page(stories.recruiter(), "love").content.decode()


def test_a_manager_sees_of_a_candidate_only_applications_to_their_openings():
    ada = stories.candidate(name="Ada Lovelace")
    mine, other = stories.opening(), stories.opening()
    application = stories.application(mine, of=ada)
    stories.application(other, of=ada)

    (person,) = search.find("ada", reader=stories.hiring_manager(mine)).people

    assert [a.pk for a in person.seen_applications] == [application.pk]


def test_a_whole_address_finds_its_candidate_for_those_who_may_read_it():
    application = stories.application(of=stories.candidate(email="ada.lovelace@example.test"))

    for user, count in (
        (stories.recruiter(), 1),
        (stories.hiring_manager(application.opening), 0),
        (stories.person("auditor"), 0),
    ):
        assert len(search.find("Ada.Lovelace@example.test ", reader=user).people) == count
    assert search.find("lovelace@example", reader=stories.recruiter()).people == []


def test_backgrounds_and_openings_are_found():
    application = stories.background(stories.application(), kubernetes="deep")

    found = search.find("said kubern", reader=stories.recruiter())
    assert [p.application for p in found.backgrounds] == [application.pk]
    assert [o.pk for o in search.find("platform", reader=stories.recruiter()).openings] == [
        application.opening_id
    ]


def test_what_cannot_be_searched_is_said():
    empty = page(stories.recruiter(), "").content.decode()
    short = page(stories.recruiter(), "x").content.decode()
    nothing = page(stories.recruiter(), "<b>nobody").content.decode()

    assert "stored encrypted and cannot be searched" in empty
    assert "whole e-mail address" in empty
    assert "whole e-mail address" not in page(stories.person("interviewer"), "").content.decode()
    assert "at least two letters" in short
    assert "has “&lt;b&gt;nobody” in it" in nothing


def test_more_than_a_page_is_said_without_a_count():
    for n in range(search.MOST + 2):
        stories.candidate(name=f"Ada Number{n}")

    found = search.find("ada", reader=stories.recruiter())

    assert len(found.people) == search.MOST
    assert "There are more than these 20." in page(stories.recruiter(), "ada").content.decode()


def test_the_same_number_of_queries_whatever_is_found(held, django_assert_num_queries):
    loop, _first, _card = held
    client = Client()
    client.force_login(stories.recruiter(), backend="allauth.account.auth_backends.AuthenticationBackend")
    address = reverse("interviews:search")
    stories.background(loop.application, kubernetes="deep")
    with django_assert_num_queries(QUERIES):
        client.get(address, {"q": "cand"})
    finish(loop)
    other = stories.application(loop.application.opening)
    stories.background(other, kubernetes="deep", reliability="deep")
    Candidate.objects.update(headline=f"From {WORD}, said so")
    with django_assert_num_queries(QUERIES):
        assert client.get(address, {"q": WORD}).content.count(b"<mark>") > 1


QUERIES = 11
