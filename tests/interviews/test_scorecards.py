import datetime as dt

import pytest

from accounts import users
from hiring import playbooks
from interviews import debriefs, schedules, scorecards
from interviews.models import CardRead, Rating, Scorecard, Seat, Version
from journal.errors import NotAllowed, Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def seats():
    return stories.seats(stories.held_loop())


def save(card, content, revision=None, by=None):
    return scorecards.save(
        card,
        content=content,
        revision=card.revision if revision is None else revision,
        by=by or card.seat.user,
        at=card.seat.interview.starts_at,
    )


def opened(seat):
    return scorecards.open_card(seat, by=seat.user, at=NOW)


def submit(card, by=None, at=None):
    return scorecards.submit(
        card, revision=card.revision, by=by or card.seat.user, at=at or card.seat.interview.ends_at
    )


def visible(user, loop):
    return set(Scorecard.objects.visible_to(user).filter(seat__interview__loop=loop))


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_keeps_whatever_is_there(seats):
    card = opened(seats[0])
    signal = scorecards.block_of(card).signals[0].key
    save(card, {"ratings": {signal: {"evidence": "Half a sentence"}}})
    save(card, {"overall": "yes"})
    version = scorecards.newest(card)
    assert (version.overall, card.revision) == ("yes", 2)
    assert [(r.signal, r.value, r.evidence) for r in version.ratings.all()] == [
        (signal, "", "Half a sentence")
    ]


def test_a_stale_form_is_refused_and_overwrites_nothing(seats):
    card = opened(seats[0])
    save(card, {"notes": "first tab"}, revision=0)
    with pytest.raises(Refused, match="saved somewhere else") as refusal:
        save(card, {"notes": "second tab"}, revision=0)
    assert refusal.value.code == "stale_form"
    assert scorecards.newest(card).notes == "first tab"


@pytest.mark.parametrize(
    "content",
    [
        {"mood": "great"},
        {"overall": "maybe"},
        {"ratings": {"juggling": {"value": "strong"}}},
        {"ratings": {"working_code": {"value": "meh"}}},
        {"segments": {"warm_up": {"minutes": 3}}},
        {"segments": {"platform_coding": {"minutes": 6000}}},
        {"stories": [{"segment": "platform_coding"}]},
        {"notes": "x" * 20_001},
    ],
)
def test_save_refuses_what_the_block_does_not_have(content):
    seats = stories.seats(stories.held_loop())
    card = opened(next(s for s in seats if s.interview.block == "platform_coding"))
    with pytest.raises(Refused) as refusal:
        save(card, content)
    assert refusal.value.details
    assert Rating.objects.count() == 0


def test_nobody_else_writes_a_card(seats):
    card = opened(seats[0])
    for other in (seats[1].user, stories.recruiter(), stories.person("admin")):
        with pytest.raises(NotAllowed):
            save(card, {"notes": "mine now"}, by=other)
        with pytest.raises(NotAllowed):
            scorecards.open_card(seats[0], by=other, at=NOW)
    assert scorecards.newest(card).notes == ""


# --- submit -----------------------------------------------------------------------------------------------------------


def test_an_empty_card_is_refused_with_everything_that_is_missing(seats):
    seat = next(s for s in seats if s.interview.block == "project_deep_dive")
    card = opened(seat)
    with pytest.raises(Refused) as refusal:
        submit(card)
    block = scorecards.block_of(card)
    fields = [detail["field"] for detail in refusal.value.details]
    assert fields == [s.key for s in block.signals] + [
        "project",
        "incident",
        "stories",
        "overall",
        "confidence",
    ]
    card.refresh_from_db()
    assert card.status == "draft"


@pytest.mark.parametrize(
    ("value", "evidence", "complete"),
    [
        ("strong", "", False),
        ("weak", "", False),
        ("strong", "Said so.", True),
        ("mixed", "", True),
        ("not_assessed", "", False),
        ("not_assessed", "No time.", True),
    ],
)
def test_strong_and_weak_need_evidence_and_not_assessed_a_reason(value, evidence, complete):
    seat = stories.seats(stories.held_loop())[0]
    content = stories.full_content(seat)
    first = next(iter(content["ratings"]))
    content["ratings"][first] = {"value": value, "evidence": evidence}
    card = save(opened(seat), content)
    if complete:
        assert submit(card).status == "submitted"
    else:
        with pytest.raises(Refused) as refusal:
            submit(card)
        assert [d["field"] for d in refusal.value.details] == [first]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"situation": ""}, "Story 1: write what happened."),
        ({"own_role": ""}, "Story 1: write what their own part was."),
        ({"detection_is": ""}, "Story 1: say whether how it was noticed was specific."),
        ({"outcome": ""}, "Story 1: write what came of the post-mortem, since it was specific."),
    ],
)
def test_an_incident_story_is_complete_or_says_what_it_lacks(changes, sentence):
    seat = next(s for s in stories.seats(stories.held_loop()) if s.interview.block == "project_deep_dive")
    card = save(opened(seat), stories.full_content(seat, stories=[stories.story("incident", **changes)]))
    with pytest.raises(Refused) as refusal:
        submit(card)
    assert [d["problem"] for d in refusal.value.details] == [sentence]


def test_an_absent_part_of_a_story_needs_no_text(seats):
    seat = next(s for s in seats if s.interview.block == "project_deep_dive")
    story = stories.story("incident", outcome="", outcome_is="absent")
    assert submit(save(opened(seat), stories.full_content(seat, stories=[story]))).status == "submitted"


def test_no_story_needs_a_reason(seats):
    seat = next(s for s in seats if s.interview.block == "project_deep_dive")
    card = save(opened(seat), stories.full_content(seat, stories=[]))
    with pytest.raises(Refused):
        submit(card)
    save(card, {"no_story_because": "None came, in three attempts."})
    assert submit(card).status == "submitted"


def test_no_card_before_the_interview():
    seat = stories.seats(stories.confirmed_loop())[0]
    card = stories.draft_card(seat)
    with pytest.raises(Refused, match="has not begun"):
        submit(card, at=seat.interview.starts_at - dt.timedelta(minutes=1))


def test_a_submitted_card_cannot_be_saved(seats):
    card = stories.submitted_card(seats[0])
    with pytest.raises(Refused, match="Amend it"):
        save(card, {"overall": "strong_no"})
    assert scorecards.newest(card).overall == "yes"


# --- blind until submitted --------------------------------------------------------------------------------------------


def test_nobody_reads_others_before_their_own_is_in(seats):
    mine, theirs = opened(seats[0]), stories.submitted_card(seats[1])
    loop = seats[0].interview.loop
    assert visible(seats[0].user, loop) == {mine}
    assert visible(seats[1].user, loop) == {theirs}
    with pytest.raises(Refused, match="no such scorecard"):
        scorecards.read(theirs, by=seats[0].user, at=NOW)
    assert CardRead.objects.count() == 0
    save(mine, stories.full_content(seats[0]))
    submit(mine)
    assert visible(seats[0].user, loop) == {mine, theirs}
    # A draft of somebody else is never visible.
    opened(seats[2])
    assert visible(seats[0].user, loop) == {mine, theirs}


def test_recruiters_managers_auditors_and_admins_wait_for_the_debrief(seats):
    loop = seats[0].interview.loop
    manager = stories.hiring_manager(loop.application.opening)
    readers = [stories.recruiter(), stories.person("admin"), stories.person("auditor")]
    cards = [stories.submitted_card(seat) for seat in seats if seat.user != manager]
    for reader in [*readers, manager]:
        assert visible(reader, loop) == set()
    own = stories.submitted_card(next(seat for seat in seats if seat.user == manager))
    for reader in [*readers, manager]:
        assert visible(reader, loop) == {*cards, own}


def test_strangers_coordinators_and_services_never_see_cards():
    debrief = stories.debrief()
    assert Scorecard.objects.count() == 5
    for who in (stories.person("interviewer"), stories.person("coordinator"), stories.person("service")):
        assert visible(who, debrief.loop) == set()


def test_losing_the_seat_takes_the_view_away(seats):
    mine, theirs = stories.submitted_card(seats[0]), stories.submitted_card(seats[1])
    loop = seats[0].interview.loop
    assert visible(seats[0].user, loop) == {mine, theirs}
    Seat.objects.filter(pk=seats[0].pk).update(held=False)
    assert visible(seats[0].user, loop) == {mine}


def test_a_waived_card_opens_the_others_to_its_owner(seats):
    theirs = stories.submitted_card(seats[1])
    loop = seats[0].interview.loop
    debriefs.waive_card(seats[0], reason="On leave for a month.", by=stories.recruiter(), at=NOW)
    assert visible(seats[0].user, loop) == {theirs}


def test_a_card_of_another_loop_changes_nothing():
    one = stories.held_loop()
    seats = stories.seats(one)
    stories.submitted_card(seats[1])
    other = stories.confirmed_loop(one.application.opening, days=[8, 9])
    for seat in stories.seats(other):
        stories.submitted_card(seat)
    assert visible(seats[0].user, one) == set()


def test_reads_are_recorded_once_and_not_for_ones_own(seats):
    mine, theirs = stories.submitted_card(seats[0]), stories.submitted_card(seats[1])
    for _ in range(2):
        scorecards.read(theirs, by=seats[0].user, at=NOW)
        scorecards.read(mine, by=seats[0].user, at=NOW)
    assert [(r.user, r.version.card) for r in CardRead.objects.all()] == [(seats[0].user, theirs)]
    assert Event.objects.filter(verb="scorecard.read").count() == 1


def test_shadows_learn_and_do_not_count():
    opening = stories.opening()
    stories.panel(opening)
    trainee = stories.interviewer("platform_coding", of=opening.edition, level="shadow")
    loop = stories.held_loop(opening)
    shadow = Seat.objects.get(user=trainee.user)
    assert shadow.role == "shadow"
    stories.submitted_card(shadow, overall="strong_no", value="weak")
    assert set(Scorecard.objects.counting()) == set()
    for seat in stories.seats(loop):
        if seat.counts:
            stories.submitted_card(seat)
    debrief = loop.debrief
    assert trainee.user_id not in debriefs.standing(debrief)
    assert len(debriefs.standing(debrief)) == 5


# --- amendments -------------------------------------------------------------------------------------------------------


def amend(card, **content):
    return scorecards.amend(
        card,
        content=content,
        because="I mixed two people up.",
        revision=card.revision,
        by=card.seat.user,
        at=NOW,
    )


def test_amending_keeps_the_blind_version_and_marks_the_new_one(seats):
    card = stories.submitted_card(seats[0])
    first = amend(card, overall="no")
    assert (first.number, first.after_reveal, first.amended_because) == (2, False, "I mixed two people up.")
    stories.submitted_card(seats[1])
    second = amend(card, overall="strong_no")
    assert (second.number, second.after_reveal) == (3, True)
    kept = [
        (v.number, v.overall, v.ratings.count()) for v in Version.objects.filter(card=card).order_by("number")
    ]
    signals = len(scorecards.block_of(card).signals)
    assert kept == [(1, "yes", signals), (2, "no", signals), (3, "strong_no", signals)]


def test_amending_needs_a_reason_and_stays_complete(seats):
    card = stories.submitted_card(seats[0])
    with pytest.raises(Refused, match="Write why"):
        scorecards.amend(card, content={}, because=" ", revision=card.revision, by=card.seat.user, at=NOW)
    with pytest.raises(Refused, match="not complete"):
        amend(card, overall="")
    assert Version.objects.filter(card=card).count() == 1


def test_nothing_changes_after_the_decision():
    debrief = stories.decided()
    card = Scorecard.objects.filter(seat__interview__loop=debrief.loop).first()
    with pytest.raises(Refused, match="The decision is made"):
        amend(card, overall="no")


def test_cards_open_by_themselves_when_interviews_begin():
    loop = stories.confirmed_loop()
    first = stories.seats(loop)[0].interview
    system = users.system()
    assert scorecards.open_due(by=system, at=first.starts_at - dt.timedelta(minutes=1)) == 0
    assert scorecards.open_due(by=system, at=first.starts_at) == first.seats.count()
    assert scorecards.open_due(by=system, at=first.starts_at) == 0


def test_declining_after_writing_keeps_the_draft_from_others():
    loop = stories.confirmed_loop()
    seat = stories.seats(loop)[0]
    card = stories.draft_card(seat)
    schedules.decline(seat, reason="", by=seat.user, at=NOW)
    assert visible(seat.user, loop) == set()
    with pytest.raises(NotAllowed):
        submit(card)
    assert playbooks.of(loop.edition)
