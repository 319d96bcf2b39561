import pytest

from accounts import users
from candidates import applications, candidates
from candidates.models import Application, BackgroundEntry, Candidate
from interviews.models import Flag
from journal.errors import NotAllowed, Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db

PLATFORM = {"kubernetes": "deep", "distributed_systems": "solid", "model_serving": "solid"}
MODELLER = {
    "model_training": "deep",
    "kubernetes": "none",
    "distributed_systems": "some",
    "reliability": "none",
}
RELIABILITY = {"reliability": "deep", "kubernetes": "deep", "drift_monitoring": "none", "retraining": "some"}


@pytest.mark.parametrize("again", ["sam@example.test", " SAM@Example.Test", "sam+jobs@example.test"])
def test_duplicates_are_noticed_by_normalised_address(again):
    stories.candidate(name="Sam Samesame", email="sam@example.test")
    with pytest.raises(Refused, match="Sam Samesame is already known"):
        stories.candidate(name="Samuel", email=again)
    assert Candidate.objects.count() == 1


def test_gmail_dots_do_not_make_a_new_person():
    assert candidates.normalise("Jo.Hn@googlemail.com") == candidates.normalise("john+x@gmail.com")
    assert candidates.normalise("jo.hn@example.test") != candidates.normalise("john@example.test")


def test_two_people_may_share_an_address_when_that_was_checked():
    stories.candidate(email="couple@example.test")
    candidates.add(
        name="Other Half",
        email="couple@example.test",
        by=stories.recruiter(),
        at=NOW,
        same_person_checked=True,
    )
    assert len(candidates.twins("couple@example.test")) == 2


@pytest.mark.parametrize("email", ["", "no-at", "two@@example.test", "new\nline@example.test"])
def test_add_refuses_a_malformed_address(email):
    with pytest.raises(Refused):
        candidates.add(name="X", email=email, by=stories.recruiter(), at=NOW)
    assert Candidate.objects.count() == 0


def test_apply_needs_an_open_opening_and_a_known_channel():
    draft = stories.draft_opening()
    who = stories.candidate()
    with pytest.raises(Refused, match="is not open for applications"):
        applications.apply(who, draft, channel="mlops_community", by=stories.recruiter(), at=NOW)
    opening = stories.opening()
    with pytest.raises(Refused, match="no channel “tv”"):
        applications.apply(who, opening, channel="tv", by=stories.recruiter(), at=NOW)
    assert Application.objects.count() == 0


def test_one_running_application_per_opening_and_a_new_one_after_the_end():
    opening, who = stories.opening(), stories.candidate()
    first = stories.application(opening, of=who)
    with pytest.raises(Refused, match="already has an application"):
        stories.application(opening, of=who)
    applications.reject(first, reason="background", by=stories.recruiter(), at=NOW)
    stories.application(opening, of=who)
    assert Application.objects.count() == 2


@pytest.mark.parametrize(
    ("levels", "role"),
    [
        (PLATFORM, "mlops_engineer"),
        (MODELLER, "ml_engineer"),
        (RELIABILITY, "sre"),
        ({"platform_engineering": "deep"}, "platform_engineer"),
        ({"data_platform": "solid"}, "data_platform_engineer"),
        ({"llm_applications": "solid"}, "ai_engineer"),
        ({"kubernetes": "none"}, "unclear"),
    ],
)
def test_background_is_classified_against_the_neighbouring_roles(levels, role):
    application = stories.application(levels=levels)
    assert application.classified_as == role
    assert application.classified_because[0]


@pytest.mark.parametrize(
    ("levels", "patterns"),
    [
        (PLATFORM, []),
        (MODELLER, ["mle_without_platform"]),
        ({**MODELLER, "kubernetes": "solid", "model_serving": "some"}, []),
        ({"model_training": "deep"}, []),  # nobody asked about platform work: unknown is not "none"
        (RELIABILITY, ["sre_without_production_ml"]),
        ({"reliability": "deep"}, []),
    ],
)
def test_background_patterns_cite_the_entries(levels, patterns):
    application = stories.application(levels=levels)
    flags = Flag.objects.filter(application=application)
    assert [flag.pattern for flag in flags] == patterns
    for flag in flags:
        entries = {c["id"] for c in flag.citations if c["kind"] == "background"}
        assert entries <= {str(pk) for pk in BackgroundEntry.objects.values_list("pk", flat=True)}
        assert entries
        assert flag.edition == application.edition
    application.refresh_from_db()
    assert application.status == "new"  # a flag never moves anybody


def test_correcting_the_background_lets_the_flag_lapse():
    application = stories.application(levels=MODELLER)
    stories.background(application, kubernetes="deep")
    assert [f.status for f in Flag.objects.all()] == ["lapsed"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"area": "juggling", "level": "deep", "evidence": "x", "source": "cv"}, "no such area"),
        ({"area": "kubernetes", "level": "epic", "evidence": "x", "source": "cv"}, "level is one of"),
        ({"area": "kubernetes", "level": "deep", "evidence": " ", "source": "cv"}, "rests on"),
        ({"area": "kubernetes", "level": "deep", "evidence": "x", "source": "rumour"}, "source is one of"),
    ],
)
def test_describe_refuses_and_keeps_nothing(row, sentence):
    application = stories.application()
    with pytest.raises(Refused) as refusal:
        applications.describe(application, background=[row], by=stories.recruiter(), at=NOW)
    assert sentence in str(refusal.value.details)
    assert BackgroundEntry.objects.count() == 0


def test_an_expectation_by_the_mle_band_raises_its_flag():
    application = stories.application()
    expectation = applications.expect_pay(
        application, amount=300_000_00, currency="USD", anchor="senior_ml_engineer", said="Like my last job.",
        by=stories.recruiter(), at=NOW,
    )  # fmt: skip
    flag = Flag.objects.get()
    assert (flag.pattern, flag.about) == ("pay_on_mle_band", "candidate")
    assert [(c["kind"], c["id"], c["words"]) for c in flag.citations] == [
        (
            "expectation",
            str(expectation.pk),
            "measured by senior_ml_engineer",
        )  # not their words: they are about pay
    ]


def test_withdrawing_twice_is_refused_and_recorded_once():
    application = stories.application()
    stale = Application.objects.get(pk=application.pk)
    applications.withdraw(application, reason="role", by=stories.recruiter(), at=NOW)
    with pytest.raises(Refused, match="it is now withdrawn"):
        applications.withdraw(stale, reason="pay", by=stories.recruiter(), at=NOW)
    application.refresh_from_db()
    assert application.withdraw_reason == "role"
    assert Event.objects.filter(verb="application.withdrawn").count() == 1


def test_interviewers_cannot_move_applications():
    application = stories.application()
    before = Event.objects.count()
    with pytest.raises(NotAllowed):
        applications.reject(application, reason="other", by=stories.person("interviewer"), at=NOW)
    application.refresh_from_db()
    assert application.status == "new"
    assert Event.objects.count() == before + 2  # the account and its role


def test_visible_to():
    loop = stories.confirmed_loop()
    other = stories.application()
    mine = loop.application
    panelist = stories.seats(loop)[0].user
    assert set(Application.objects.visible_to(panelist)) == {mine}
    assert set(Candidate.objects.visible_to(panelist)) == {mine.candidate}
    assert set(Application.objects.visible_to(stories.hiring_manager(mine.opening))) == {mine}
    assert set(Application.objects.visible_to(stories.recruiter())) == {mine, other}
    assert set(Application.objects.visible_to(stories.person("interviewer"))) == set()
    assert set(Application.objects.visible_to(users.system())) == {mine, other}
