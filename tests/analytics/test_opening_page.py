"""The opening's page: every figure over what the reader may see, the playbook's figures cited beside them."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics import openings
from candidates import applications, offers
from hiring.models import Opening
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(NOW)
    return set_to


def client_of(user):
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def page(user, opening):
    response = client_of(user).get(reverse("analytics:opening", args=[opening.pk]))
    assert response.status_code == 200
    html = response.content.decode().replace("&nbsp;", " ")
    html = re.sub(r"(?s)<svg.*?</svg>|<head>.*?</head>", " ", html)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_verdict_stands_with_its_facts_and_its_source():
    opening = stories.opening(facts={"models_in_production": 2, "mle_infrastructure_percent": 45})

    said = page(stories.hiring_manager(opening), opening)

    assert "Add the neighbouring role instead ML engineer" in said
    assert "Models in production: 2 · MLOps hiring guide, DataDriven Partners, May 2026" in said
    assert "gives that time back to modelling. (outweighed)" in said
    assert "Opened against this advice: We know better, and here is why." in said
    assert "Retraining runs when it should not stated" in said


def test_the_share_held_back_and_the_offers_place_are_for_those_who_read_pay():
    offer = stories.drafted_offer()
    opening = offer.application.opening
    manager = stories.hiring_manager(opening)

    said = page(manager, opening)

    # 10 % of USD 380,000 is held back.
    assert "A first offer goes up to USD 342,000 ; USD 38,000 (10 % of the ceiling) is held back" in said
    assert f"Offer: {offer.application.candidate.name} Draft USD 330,000" in said
    assert "Benchmark: Senior MLOps engineer" in said
    for role in ("auditor", "coordinator"):
        without = page(stories.person(role), opening)
        assert ("330,000" in without, "380,000" in without, "held back" in without) == (False, False, False)


def test_the_picture_places_amounts_between_its_ends():
    offer = stories.drafted_offer()
    opening = offer.application.opening

    picture = openings.pay_picture(opening, openings.plan_of(opening), stories.hiring_manager(opening))

    low, high = picture.scale
    assert low < 30_000_000
    assert high > 45_000_000  # the playbook's band for senior data engineers
    places = [
        picture.place(amount) for amount in (low, 30_000_000, offer.amount, picture.first_offer_limit, high)
    ]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, 100)


def test_the_pipeline_tells_the_longest_wait_of_each_stage(clock):
    opening = stories.opening()
    first, second = stories.application(opening), stories.application(opening)
    applications.screen(first, by=stories.recruiter(), at=later(days=4))
    applications.reject(second, reason="background", by=stories.recruiter(), at=later(days=5))
    waiting = stories.application(opening)
    clock(later(days=10))

    stages, ended = openings.pipeline(opening, stories.recruiter())
    said = page(stories.recruiter(), opening)

    assert [(stage.key, stage.count) for stage in stages if stage.count] == [("new", 1), ("screening", 1)]
    assert ended == [("Rejected", 1)]
    assert f"New 1 10 {waiting.candidate.name} 10" in said
    assert f"Screening 1 6 {first.candidate.name} 6" in said
    assert "2 candidates under way" in said


def test_a_long_stage_shows_those_who_wait_longest():
    opening = stories.opening()
    for _ in range(openings.SHOWN_A_STAGE + 3):
        stories.application(opening)

    (new, *_rest), _ended = openings.pipeline(opening, stories.recruiter())

    assert (new.count, len(new.longest), new.more) == (11, 8, 3)
    assert "and 3 more" in page(stories.recruiter(), opening)


def test_channels_stand_beside_their_benchmarks_with_n():
    offer = stories.drafted_offer()
    opening = offer.application.opening
    offers.approve(offer, by=stories.hiring_manager(opening), at=stories.after(offer.application.loops.get()))
    offers.send(offer, by=stories.recruiter(), at=stories.after(offer.application.loops.get()))
    offers.accept(offer, by=stories.recruiter(), at=stories.after(offer.application.loops.get()))
    stories.application(stories.opening(opening.edition))

    lines, hires = openings.channels(opening, openings.plan_of(opening), stories.recruiter())
    said = page(stories.recruiter(), opening)

    assert [line.channel.rank for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert (lines[0].applied, lines[0].interviewed, lines[0].hired, lines[0].hires, hires) == (1, 1, 1, 1, 1)
    assert "MLOps Community Slack 1 1 1 1 26 % 45–75 very high" in said
    assert "Kubernetes, CNCF and platform engineering communities 0 0 0 0 32 % 60–90 very high" in said
    assert "Of your hires, n = 1" in said
    assert "DataDriven Partners, May 2026 (n = 19)" in said


def test_time_to_fill_stands_beside_the_benchmark(clock):
    of = stories.edition()
    filled = stories.opening(of)
    Opening.objects.filter(pk=filled.pk).update(status="filled", filled_at=later(days=50))
    running = stories.opening(of)
    clock(later(days=20))

    fill = openings.time_to_fill(running, openings.plan_of(running), stories.recruiter(), at=later(days=20))

    assert (fill.days, fill.is_filled, fill.own_median, fill.own_n) == (20, False, 50, 1)
    assert (fill.benchmark, fill.benchmark_n) == (75, 19)
    said = page(stories.recruiter(), running)
    assert "Open so far 20 days" in said
    assert "75 days n = 19, DataDriven Partners, May 2026" in said
    own = openings.time_to_fill(
        running, openings.plan_of(running), stories.hiring_manager(running), at=later(days=20)
    )
    assert own.own_n == 0  # somebody else's opening


def test_a_panel_member_counts_only_the_candidates_they_interview():
    loop = stories.confirmed_loop()
    opening = loop.application.opening
    stories.application(opening)
    member = next(seat.user for seat in stories.seats(loop) if seat.role == "lead")
    opening.team.create(user=member, part="panel")

    stages, _ended = openings.pipeline(opening, member)

    assert [(stage.key, stage.count) for stage in stages if stage.count] == [("interviewing", 1)]
    assert openings.listing(member).get().running == 1
    assert openings.listing(stories.recruiter()).get().running == 2


def test_openings_of_others_are_not_there():
    opening = stories.opening()
    stranger = stories.hiring_manager(stories.opening(opening.edition))

    assert client_of(stranger).get(reverse("analytics:opening", args=[opening.pk])).status_code == 404
    assert list(openings.listing(stranger)) == list(Opening.objects.exclude(pk=opening.pk))


def test_the_same_number_of_queries_for_any_number_of_rows(django_assert_num_queries):
    opening = stories.opening()
    stories.application(opening)
    manager = client_of(stories.hiring_manager(opening))
    with django_assert_num_queries(QUERIES_OF_THE_PAGE):
        manager.get(reverse("analytics:opening", args=[opening.pk]))
    with django_assert_num_queries(QUERIES_OF_THE_LIST):
        manager.get(reverse("analytics:openings"))
    for _ in range(3):
        stories.screened_application(opening)
    for _ in range(2):
        stories.opening(opening.edition, manager=stories.hiring_manager(opening))
    with django_assert_num_queries(QUERIES_OF_THE_PAGE):
        manager.get(reverse("analytics:opening", args=[opening.pk]))
    with django_assert_num_queries(QUERIES_OF_THE_LIST):
        manager.get(reverse("analytics:openings"))


QUERIES_OF_THE_PAGE = 14
QUERIES_OF_THE_LIST = 6
