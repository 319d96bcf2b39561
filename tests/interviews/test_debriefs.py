import pytest

from interviews import debriefs, flags, scorecards
from interviews.models import Debrief, Decision, Flag, Vote
from journal.errors import NotAllowed, Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db


def decide(debrief, outcome="hire", reason="", by=None):
    manager = stories.hiring_manager(debrief.loop.application.opening)
    return debriefs.decide(
        debrief, outcome=outcome, by=by or manager, at=stories.after(debrief.loop), reason=reason
    )


def answer(flag, word="acknowledged", reason=""):
    return flags.answer(flag, answer=word, reason=reason, by=stories.recruiter(), at=NOW)


def deep_dive_story(**content):
    """A debrief whose deep-dive card says this, and whose other cards are fine."""
    loop = stories.held_loop()
    for seat in stories.seats(loop):
        stories.submitted_card(seat, **(content if seat.interview.block == "project_deep_dive" else {}))
    return Debrief.objects.get(loop=loop)


# --- opening ------------------------------------------------------------------------------------------------------------


def test_the_last_card_opens_the_debrief():
    loop = stories.held_loop()
    seats = stories.seats(loop)
    for seat in seats[:-1]:
        stories.submitted_card(seat)
    assert Debrief.objects.count() == 0
    assert debriefs.owed(loop) == [
        f"{seats[-1].user.name} owes the scorecard of “Partnership across teams and judgment”."
    ]
    stories.submitted_card(seats[-1])
    opened = Event.objects.get(verb="debrief.opened")
    assert opened.cause.verb == "scorecard.submitted"
    loop.application.refresh_from_db()
    assert loop.application.status == "deciding"


def test_a_debrief_does_not_open_while_a_card_is_owed():
    loop = stories.held_loop()
    for seat in stories.seats(loop)[1:]:
        stories.submitted_card(seat)
    with pytest.raises(Refused) as refusal:
        debriefs.open_debrief(loop, by=stories.recruiter(), at=NOW)
    assert len(refusal.value.details) == 1
    assert Debrief.objects.count() == 0


def test_waiving_the_missing_card_opens_it():
    loop = stories.held_loop()
    seats = stories.seats(loop)
    for seat in seats[1:]:
        stories.submitted_card(seat)
    with pytest.raises(Refused, match="Write why"):
        debriefs.waive_card(seats[0], reason="", by=stories.recruiter(), at=NOW)
    debriefs.waive_card(seats[0], reason="Left the company.", by=stories.recruiter(), at=NOW)
    assert Debrief.objects.count() == 1


def test_nobody_waives_their_own_card():
    loop = stories.held_loop()
    manager = stories.hiring_manager(loop.application.opening)
    own = next(seat for seat in stories.seats(loop) if seat.user == manager)
    with pytest.raises(NotAllowed, match="Nobody waives their own"):
        debriefs.waive_card(own, reason="No time.", by=manager, at=NOW)


# --- flags from cards -----------------------------------------------------------------------------------------------------


def found(debrief):
    return sorted(Flag.objects.filter(application=debrief.loop.application).values_list("pattern", flat=True))


def test_a_clean_loop_raises_nothing():
    assert found(stories.debrief()) == []


@pytest.mark.parametrize(
    ("content", "patterns"),
    [
        (
            {"segments": {"project": {"minutes": 60}, "incident": {"skipped": True}}, "stories": []},
            ["incident_part_not_run"],
        ),
        ({"segments": {"project": {"minutes": 60}, "incident": {"minutes": 19}}}, ["incident_part_not_run"]),
        ({"segments": {"project": {"minutes": 60}, "incident": {"minutes": 20}}}, []),
        (
            {"stories": [], "no_story_because": "None came."},
            ["incident_part_not_run", "no_specific_incident"],
        ),
        ({"stories": [stories.story("incident", outcome_is="general")]}, ["no_specific_incident"]),
        ({"stories": [stories.story("incident", outcome_is="general"), stories.story("incident")]}, []),
    ],
)
def test_the_incident_part(content, patterns):
    assert found(deep_dive_story(**content)) == patterns


def test_an_incident_part_that_nobody_rated_is_flagged():
    loop = stories.held_loop()
    for seat in stories.seats(loop):
        content = stories.full_content(seat)
        for key in content["ratings"]:
            if key.startswith("incident_"):
                content["ratings"][key] = {"value": "not_assessed", "evidence": "Out of time."}
        stories.submitted_card(seat, **content)
    assert found(loop.debrief) == ["incident_part_not_run"]


def test_weak_partnership_cites_card_signal_and_sentence():
    loop = stories.held_loop()
    for seat in stories.seats(loop):
        stories.submitted_card(seat, value="weak" if seat.interview.block == "partnership" else "strong")
    flag = Flag.objects.get(application=loop.application)
    assert (flag.pattern, flag.about, flag.edition) == ("weak_partnership", "candidate", loop.edition)
    rated = {c["id"]: c["words"] for c in flag.citations if c["kind"] == "rating"}
    assert len(rated) == 8  # four signals, two interviewers
    assert all(words.startswith("Heard about") for words in rated.values())


def test_flags_from_cards_wait_for_the_debrief():
    loop = stories.held_loop()
    for seat in stories.seats(loop)[:-1]:
        stories.submitted_card(
            seat,
            stories=[stories.story("incident", outcome_is="general")]
            if seat.interview.block == "project_deep_dive"
            else [],
        )
    assert Flag.objects.count() == 0


def test_an_amendment_that_mends_it_lets_the_flag_lapse():
    debrief = deep_dive_story(stories=[stories.story("incident", outcome_is="general")])
    seat = next(s for s in stories.seats(debrief.loop) if s.interview.block == "project_deep_dive")
    card = seat.scorecard
    scorecards.amend(
        card, content={"stories": [stories.story("incident")]}, because="Found my notes.", revision=card.revision,
        by=seat.user, at=NOW,
    )  # fmt: skip
    assert [flag.status for flag in Flag.objects.all()] == ["lapsed"]


def test_not_assessed_is_not_weak():
    loop = stories.held_loop()
    for seat in stories.seats(loop):
        value = "not_assessed" if seat.interview.block == "partnership" else "strong"
        stories.submitted_card(seat, value=value)
    assert found(loop.debrief) == []


def test_flags_from_cards_stay_hidden_from_somebody_who_still_owes_a_card():
    debrief = deep_dive_story(stories=[stories.story("incident", outcome_is="general")])
    other = stories.hiring_manager(stories.opening())
    assert Flag.objects.visible_to(other).count() == 0
    seat = stories.seats(debrief.loop)[0]
    assert Flag.objects.visible_to(stories.hiring_manager(debrief.loop.application.opening)).count() == 1
    from candidates import applications
    from interviews.models import Scorecard, Seat

    applications.admit(debrief.loop.application, [other])  # as taking a seat does
    Scorecard.objects.filter(seat=seat).update(seat=stories.seats(stories.confirmed_loop(days=[8, 9]))[0])
    Seat.objects.filter(pk=seat.pk).update(user=other)
    assert Flag.objects.visible_to(other).count() == 0
    stories.submitted_card(Seat.objects.get(pk=seat.pk))
    assert Flag.objects.visible_to(other).count() == 1


# --- answering ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["waived", "upheld"])
def test_waiving_and_upholding_need_a_reason(word):
    flag = stories_flag()
    with pytest.raises(Refused, match="Write why"):
        answer(flag, word)
    answer(flag, word, "Because of this.")
    assert (flag.status, flag.answer, flag.answered_by) == (word, "Because of this.", stories.recruiter())


def stories_flag():
    debrief = deep_dive_story(stories=[stories.story("incident", outcome_is="general")])
    return Flag.objects.get(application=debrief.loop.application)


def test_a_flag_is_answered_once_and_by_the_hiring_team():
    flag = stories_flag()
    with pytest.raises(NotAllowed):
        flags.answer(flag, answer="acknowledged", reason="", by=stories.person("interviewer"), at=NOW)
    with pytest.raises(NotAllowed):
        flags.answer(flag, answer="acknowledged", reason="", by=stories.person("hiring_manager"), at=NOW)
    with pytest.raises(Refused, match="Answer a flag with"):
        answer(flag, "ignored")
    answer(flag)
    with pytest.raises(Refused):
        answer(flag, "waived", "Changed my mind.")
    flag.refresh_from_db()
    assert flag.status == "acknowledged"


# --- deciding -------------------------------------------------------------------------------------------------------------


def test_a_decision_waits_for_every_flag():
    flag = stories_flag()
    debrief = Debrief.objects.get()
    with pytest.raises(Refused, match="Answer every flag") as refusal:
        decide(debrief)
    assert refusal.value.details == [{"field": str(flag.pk), "problem": flag.says}]
    assert (Decision.objects.count(), Debrief.objects.get().status) == (0, "open")
    answer(flag)
    assert decide(debrief).outcome == "hire"


def test_an_unanswered_flag_on_the_opening_holds_the_decision_too():
    facts = {**stories.good_facts(stories.edition()), "models_in_production": 1}
    debrief = stories.debrief(stories.opening(facts=facts))
    with pytest.raises(Refused, match="Answer every flag"):
        decide(debrief)


def test_deciding_past_an_upheld_flag_needs_a_reason():
    flag = stories_flag()
    answer(flag, "upheld", "Nothing specific in an hour.")
    debrief = Debrief.objects.get()
    with pytest.raises(Refused, match="past an upheld flag"):
        decide(debrief)
    decision = decide(debrief, reason="References told the stories they could not.")
    assert decision.record["flags"] == [{"flag": str(flag.pk), "pattern": flag.pattern, "status": "upheld"}]


def test_deciding_against_the_panel_needs_a_reason_and_says_so():
    debrief = stories.debrief(overall="no")
    with pytest.raises(Refused, match="against the panel"):
        decide(debrief)
    decision = decide(debrief, reason="I have worked with them for years.")
    assert decision.against_panel
    debrief.loop.application.refresh_from_db()
    assert debrief.loop.application.status == "approved"


def test_a_no_rejects_with_the_reason_loop():
    debrief = stories.debrief(overall="no")
    decision = decide(debrief, outcome="no_hire")
    application = debrief.loop.application
    application.refresh_from_db()
    assert (application.status, application.reject_reason, decision.against_panel) == (
        "rejected",
        "loop",
        False,
    )


def test_only_the_openings_manager_decides():
    debrief = stories.debrief()
    for who in (stories.recruiter(), stories.person("hiring_manager"), stories.person("admin")):
        with pytest.raises(NotAllowed):
            decide(debrief, by=who)
    assert Decision.objects.count() == 0


def test_the_decision_records_votes_cards_and_who_had_read_what():
    debrief = stories.debrief()
    seats = stories.seats(debrief.loop)
    manager = stories.hiring_manager(debrief.loop.application.opening)
    read = seats[0].scorecard
    scorecards.read(read, by=manager, at=NOW)
    debriefs.vote(debrief, value="no", reason="Thin.", by=seats[0].user, at=NOW)
    record = decide(debrief).record
    assert [(v["user"], v["value"]) for v in record["votes"]] == [(str(seats[0].user_id), "no")]
    assert len(record["cards"]) == 5
    assert [(r["user"], r["version"]) for r in record["reads"]] == [
        (str(manager.pk), str(scorecards.newest(read).pk))
    ]


def test_deciding_twice_is_refused():
    debrief = stories.debrief()
    again = Debrief.objects.get()
    decide(debrief)
    with pytest.raises(Refused):
        decide(again, outcome="no_hire", reason="Changed my mind.")
    assert Decision.objects.get().outcome == "hire"


# --- votes ----------------------------------------------------------------------------------------------------------------


def test_votes_are_cast_once_and_before_seeing_the_others():
    debrief = stories.debrief()
    one, two = stories.seats(debrief.loop)[:2]
    debriefs.vote(debrief, value="yes", by=one.user, at=NOW)
    assert list(Vote.objects.visible_to(two.user)) == []
    with pytest.raises(Refused, match="Votes are locked"):
        debriefs.vote(debrief, value="no", by=one.user, at=NOW)
    debriefs.vote(debrief, value="no", by=two.user, at=NOW)
    assert Vote.objects.visible_to(two.user).count() == 2
    assert Vote.objects.visible_to(stories.person("interviewer")).count() == 0


def test_only_the_panel_votes():
    debrief = stories.debrief()
    for who in (stories.person("interviewer"), stories.recruiter()):
        with pytest.raises(NotAllowed):
            debriefs.vote(debrief, value="yes", by=who, at=NOW)
    assert Vote.objects.count() == 0


def test_a_vote_outweighs_the_word_on_the_card():
    debrief = stories.debrief(overall="yes")
    for seat in stories.seats(debrief.loop)[:3]:
        debriefs.vote(debrief, value="no", by=seat.user, at=NOW)
    with pytest.raises(Refused, match="against the panel"):
        decide(debrief)
