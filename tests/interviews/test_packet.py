"""The packet, the candidate's page and the list of debriefs: what each person reads of them, and deciding on them."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviews import debriefs, packets, scorecards
from interviews.models import CardRead, Debrief, Decision, Flag, Scorecard, Seat, Vote
from journal.models import Event
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db

SECRET = "Deleted the production database twice."
HTMX = {"HX-Request": "true"}


@pytest.fixture
def clock(monkeypatch):
    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(NOW)
    return set_to


@pytest.fixture
def debrief(clock):
    """Every card is in; the coding lead said strong, the partnership block disagrees, one signal nobody assessed."""
    loop = stories.held_loop()
    clock(stories.after(loop))
    for seat in stories.seats(loop):
        if seat.counts:
            stories.submitted_card(seat, **ratings_of(seat))
    return Debrief.objects.get(loop=loop)


def ratings_of(seat):
    content = stories.full_content(seat)["ratings"]
    if seat.interview.block == "partnership" and seat.role == "peer":
        content["priorities"] = {"value": "weak", "evidence": "Listed technologies."}
    if seat.interview.block == "platform_coding":
        content["testability"] = {"value": "not_assessed", "evidence": "No time left."}
    return {"ratings": content}


def client_of(user):
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def manager_of(debrief):
    return stories.hiring_manager(debrief.loop.application.opening)


def at(debrief, name="debrief", *more):
    return reverse(f"interviews:{name}", args=[debrief.pk, *more])


def text(response):
    html = re.sub(r"(?s)<svg.*?</svg>|<head>.*?</head>", " ", response.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def raised(debrief, says="Look at this."):
    application = debrief.loop.application
    return Flag.objects.create(
        application=application,
        about="candidate",
        pattern="mle_without_platform",
        edition=application.edition,
        says=says,
        citations=[
            {
                "path": "p",
                "value": "x",
                "kind": "expectation",
                "id": "1",
                "label": "Pay expectation",
                "words": "345 000",
            }
        ],
        digest=says,
        status_at=stories.after(debrief.loop),
        created_at=stories.after(debrief.loop),
    )


# --- what it says ---------------------------------------------------------------------------------------------


def packet_for(debrief, user):
    versions = scorecards.read_loop(debrief.loop, by=user, at=stories.after(debrief.loop))
    return packets.of(debrief, versions, reader=user)


def test_it_tells_where_they_agree_and_disagree_and_what_nobody_assessed(debrief):
    packet = packet_for(debrief, manager_of(debrief))

    assert [line.signal.key for line in packet.apart] == ["priorities"]
    assert [line.signal.key for line in packet.alike] == ["joint_deployment", "disagreement", "own_judgment"]
    assert [line.signal.key for line in packet.unassessed] == ["testability"]
    assert packet.words == [("Yes", 5)]
    assert not packet.is_split


def test_not_assessed_stands_beside_a_rating_without_disagreeing(debrief):
    card = Scorecard.objects.get(seat__interview__loop=debrief.loop, seat__role="peer")
    ratings = stories.full_content(card.seat)["ratings"]
    ratings["own_judgment"] = {"value": "not_assessed", "evidence": "Had to leave."}
    scorecards.amend(
        card,
        content={"ratings": ratings},
        because="Mixed two up.",
        revision=card.revision,
        by=card.seat.user,
        at=stories.after(debrief.loop),
    )

    line = next(x for x in packet_for(debrief, manager_of(debrief)).lines if x.signal.key == "own_judgment")

    assert (line.is_apart, line.is_alike, line.is_unassessed) == (False, False, False)


def test_every_rating_is_on_the_page_with_its_evidence(debrief):
    html = client_of(manager_of(debrief)).get(at(debrief)).content.decode()

    assert html.count('class="quote"') == 21  # 13 signals of single interviewers, 4 of two
    assert "Listed technologies." in html
    assert "No time left." in html
    assert "A drift alert on the click rate, after 40 minutes." in html
    assert not re.search(r"\b\d(\.\d+)?\s*/\s*[45]\b", html)  # a rating is a word, never a figure


def test_reading_the_packet_is_reading_its_cards_once(debrief):
    recruiter = client_of(stories.recruiter())
    recruiter.get(at(debrief))
    recruiter.get(at(debrief))

    assert CardRead.objects.filter(user=stories.recruiter()).count() == 5
    assert Event.objects.filter(verb="scorecard.read", actor=stories.recruiter().pk).count() == 5


def test_as_many_queries_with_few_cards_as_with_many(debrief, django_assert_num_queries):
    client = client_of(manager_of(debrief))
    client.get(at(debrief))
    with django_assert_num_queries(QUERIES_OF_THE_PACKET):
        client.get(at(debrief))
    for says in ("One.", "Two.", "Three."):
        raised(debrief, says)
    for seat in (
        Seat.objects.counting().filter(interview__loop=debrief.loop).exclude(user=manager_of(debrief))
    ):
        debriefs.vote(debrief, value="yes", by=seat.user, at=stories.after(debrief.loop))
    with django_assert_num_queries(QUERIES_OF_THE_PACKET):
        client.get(at(debrief))


QUERIES_OF_THE_PACKET = 17


# --- who reads it -----------------------------------------------------------------------------------------------


def test_whoever_owes_a_card_sees_nothing_of_the_others(clock):
    loop = stories.held_loop()
    clock(stories.after(loop))
    first, *rest = [seat for seat in stories.seats(loop) if seat.counts]
    for seat in rest:
        stories.submitted_card(seat, ratings=_secretly(seat))
    debriefs.waive_card(first, reason="Ill.", by=stories.recruiter(), at=stories.after(loop))
    debrief = Debrief.objects.get(loop=loop)
    Seat.objects.filter(pk=first.pk).update(card_waived_because="")  # the card is wanted after all
    client = client_of(first.user)

    assert client.get(at(debrief)).status_code == 404
    assert (
        SECRET not in client.get(reverse("interviews:candidate", args=[loop.application_id])).content.decode()
    )
    assert "Nothing waits" in text(client.get(reverse("interviews:debriefs")))


def test_a_manager_who_owes_a_card_is_led_to_it(clock):
    loop = stories.held_loop()
    clock(stories.after(loop))
    manager = stories.hiring_manager(loop.application.opening)
    mine = next(seat for seat in stories.seats(loop) if seat.user == manager)
    for seat in stories.seats(loop):
        if seat.counts and seat != mine:
            stories.submitted_card(seat, ratings=_secretly(seat), overall="strong_no")
    debriefs.waive_card(mine, reason="Away.", by=stories.recruiter(), at=stories.after(loop))
    debrief = Debrief.objects.get(loop=loop)
    Seat.objects.filter(pk=mine.pk).update(card_waived_because="")

    page = client_of(manager).get(at(debrief))

    assert "You owe a scorecard of this loop" in text(page)
    assert SECRET not in page.content.decode()
    assert "strong no" not in text(page).lower()
    assert CardRead.objects.filter(user=manager).count() == 0


def _secretly(seat):
    return {
        key: {**rating, "evidence": SECRET} for key, rating in stories.full_content(seat)["ratings"].items()
    }


def test_a_panel_member_reads_the_packet_without_flags_and_pay(debrief):
    raised(debrief)
    member = next(seat.user for seat in stories.seats(debrief.loop) if seat.role == "lead")

    page = text(client_of(member).get(at(debrief)))

    assert "Listed technologies." in page
    assert "Look at this." not in page
    assert "Decide" not in page.replace("Decided", "")


def test_people_off_the_team_find_no_packet(debrief):
    for user in (
        stories.person("interviewer"),
        stories.person("coordinator"),
        stories.hiring_manager(stories.opening()),
    ):
        assert client_of(user).get(at(debrief)).status_code == 404
        assert client_of(user).post(at(debrief, "decide"), {"outcome": "hire"}).status_code == 404
    assert Decision.objects.count() == 0


def test_what_somebody_expects_to_earn_is_not_told_to_an_auditor(debrief):
    raised(debrief)

    assert "345 000" not in text(client_of(stories.person("auditor")).get(at(debrief)))
    assert "345 000" in text(client_of(manager_of(debrief)).get(at(debrief)))


def test_votes_of_others_are_read_after_ones_own(debrief):
    voter = next(seat.user for seat in stories.seats(debrief.loop) if seat.role == "lead")
    debriefs.vote(debrief, value="strong_no", reason="Gut.", by=voter, at=stories.after(debrief.loop))
    client = client_of(manager_of(debrief))

    before = text(client.get(at(debrief)))
    sent = client.post(at(debrief, "vote"), {"value": "yes", "reason": ""})
    after = text(client.get(at(debrief)))

    assert ("Gut." in before, "Strong no" in before.split("Where do you stand?")[0]) == (False, False)
    assert "split" not in before
    assert sent.status_code == 302
    assert "“Gut.”" in after
    assert "split" in after
    assert "Not voted yet: " in after


# --- deciding -----------------------------------------------------------------------------------------------------


def test_deciding_past_an_unanswered_flag_leads_to_the_flag_and_keeps_the_text(debrief):
    flag = raised(debrief)

    page = client_of(manager_of(debrief)).post(
        at(debrief, "decide"), {"outcome": "hire", "reason": "Their last platform ran for years."}
    )

    html = page.content.decode()
    assert page.status_code == 422
    assert f'<li><a href="#flag-{flag.pk}">Look at this.</a></li>' in html
    assert "Their last platform ran for years.</textarea>" in html
    assert re.search(r'name="outcome" value="hire" required checked', html)
    assert Decision.objects.count() == 0


def test_hiring_past_an_upheld_flag_needs_the_reason(debrief):
    flag = raised(debrief)
    client = client_of(manager_of(debrief))
    answered = client.post(at(debrief, "answer-flag", flag.pk), {"answer": "upheld", "reason": "It is so."})
    assert answered["Location"].endswith(f"#flag-{flag.pk}")

    without = client.post(at(debrief, "decide"), {"outcome": "hire", "reason": " "})
    assert without.status_code == 422
    assert "goes past an upheld flag. Write down why." in text(without)
    assert 'href="#reason"' in without.content.decode()
    assert (
        client.post(at(debrief, "decide"), {"outcome": "hire", "reason": "We teach it."}).status_code == 302
    )

    made = Decision.objects.get()
    assert (made.outcome, made.reason, made.record["flags"][0]["status"]) == (
        "hire",
        "We teach it.",
        "upheld",
    )
    assert "“We teach it.”" in text(client.get(at(debrief)))


def test_answering_in_the_background_redraws_only_the_flag_and_the_steps(debrief):
    flag = raised(debrief)
    client = client_of(manager_of(debrief))

    refused = client.post(
        at(debrief, "answer-flag", flag.pk), {"answer": "waived", "reason": ""}, headers=HTMX
    )
    taken = client.post(
        at(debrief, "answer-flag", flag.pk), {"answer": "waived", "reason": "Not theirs."}, headers=HTMX
    )

    assert refused.status_code == 422
    assert "Write why the flag is waived." in text(refused)
    assert "<html" not in taken.content.decode()
    assert "“Not theirs.”" in text(taken)
    assert "Every flag is answered" in text(taken)
    flag.refresh_from_db()
    assert (flag.status, flag.answer) == ("waived", "Not theirs.")


def test_nothing_chosen_is_said_so(debrief):
    client = client_of(manager_of(debrief))

    assert "Choose where you stand." in text(client.post(at(debrief, "vote"), {"reason": "Hm"}))
    assert "Choose what you decide." in text(client.post(at(debrief, "decide"), {"reason": "Hm"}))
    assert (Vote.objects.count(), Decision.objects.count()) == (0, 0)


def test_a_recruiter_answers_flags_and_does_not_decide(debrief):
    flag = raised(debrief)
    client = client_of(stories.recruiter())

    assert 'name="outcome"' not in client.get(at(debrief)).content.decode()
    assert client.post(at(debrief, "decide"), {"outcome": "hire"}).status_code == 409
    assert client.post(at(debrief, "answer-flag", flag.pk), {"answer": "acknowledged"}).status_code == 302
    assert Decision.objects.count() == 0


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_tells_what_waits_and_how_many_flags_one_may_see(debrief, django_assert_num_queries):
    raised(debrief)
    client = client_of(manager_of(debrief))
    address = reverse("interviews:debriefs")

    assert "1 flag unanswered" in text(client.get(address))
    with django_assert_num_queries(QUERIES_OF_THE_LIST):
        client.get(address)
    for _ in range(2):
        stories.debrief(debrief.loop.application.opening)
    with django_assert_num_queries(QUERIES_OF_THE_LIST):
        page = text(client.get(address))
    assert page.count("Votes and the decision") == 2
    member = next(seat.user for seat in stories.seats(debrief.loop) if seat.role == "lead")
    assert "flag unanswered" not in text(client_of(member).get(address))


QUERIES_OF_THE_LIST = 6


# --- the candidate's page ---------------------------------------------------------------------------------------------


def candidate_page(user, application):
    return client_of(user).get(reverse("interviews:candidate", args=[application.pk]))


def test_the_candidates_page_sets_the_background_against_the_role(clock):
    application = stories.application(levels={"kubernetes": "deep", "model_training": "some"})

    page = text(candidate_page(stories.recruiter(), application))

    assert re.search(r"Kubernetes the role asks for it Deep Screening talk: Said so about kubernetes\.", page)
    assert re.search(r"Model serving the role asks for it Nothing known yet", page)
    assert "Model training Some" in page
    assert "LLM applications" not in page  # neither asked for nor known
    assert "Application received through mlops community" in page
    assert application.candidate.email in page


def test_a_panel_reads_who_comes_and_not_what_the_company_thinks(clock):
    loop = stories.confirmed_loop()
    application = stories.background(loop.application, kubernetes="deep", model_serving="solid")
    member = next(seat.user for seat in stories.seats(loop) if seat.role == "lead")

    page = text(candidate_page(member, application))

    assert "Kubernetes" in page
    for word in ("Closest to", "What happened", "Came through", application.candidate.email, "Expects"):
        assert word not in page
    assert candidate_page(stories.person("interviewer"), application).status_code == 404


def test_the_candidates_page_costs_the_same_for_any_history(debrief, django_assert_num_queries):
    client = client_of(manager_of(debrief))
    address = reverse("interviews:candidate", args=[debrief.loop.application_id])
    with django_assert_num_queries(QUERIES_OF_THE_CANDIDATE):
        client.get(address)
    for says in ("One.", "Two.", "Three."):
        raised(debrief, says)
    stories.background(debrief.loop.application, kubernetes="deep", model_serving="solid")
    with django_assert_num_queries(QUERIES_OF_THE_CANDIDATE):
        client.get(address)


QUERIES_OF_THE_CANDIDATE = 18
