import pytest

from hiring import openings, playbooks
from hiring.models import Edition, Opening, PayBand, TransitionPlan
from interviews.models import Flag
from journal.errors import NotAllowed, Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db


# --- playbooks ------------------------------------------------------------------------------------------------


def test_publish_numbers_editions_and_ignores_comments(system):
    text = (stories.LIBRARY / "mlops_engineer.yaml").read_text()
    first, new = playbooks.publish(text, name="mlops.yaml", by=system, at=NOW)
    assert (first.number, new) == (1, True)
    same, new = playbooks.publish(text + "\n# nothing said\n", name="mlops.yaml", by=system, at=NOW)
    assert (same, new) == (first, False)
    second, new = playbooks.publish(
        text.replace("title: Senior MLOps engineer", "title: Senior MLOps person", 1),
        name="mlops.yaml",
        by=system,
        at=NOW,
    )
    assert (second.number, new, second.playbook) == (2, True, first.playbook)
    assert Event.objects.filter(verb="edition.published").count() == 2


def test_publish_refuses_a_broken_file_and_keeps_nothing(system):
    text = (stories.LIBRARY / "mlops_engineer.yaml").read_text().replace("format: 1", "format: 7", 1)
    with pytest.raises(Refused) as refusal:
        playbooks.publish(text, name="mine.yaml", by=system, at=NOW)
    assert refusal.value.code == "broken_playbook"
    assert refusal.value.details[0]["where"].startswith("mine.yaml:6:")
    assert Edition.objects.count() == 0


def test_an_edition_cannot_change(system):
    edition = stories.edition()
    with pytest.raises(TypeError, match="immutable"):
        edition.save()


def test_running_openings_keep_their_edition(system):
    opening = stories.opening()
    text = (stories.LIBRARY / "mlops_engineer.yaml").read_text().replace("minutes: 75", "minutes: 80", 1)
    newer, _new = playbooks.publish(text, name="mlops.yaml", by=system, at=NOW)
    application = stories.application(opening)
    assert application.edition.number == 1
    assert playbooks.of(application.edition).block("ml_system_design").minutes == 75
    assert playbooks.of(newer).block("ml_system_design").minutes == 80


def test_only_administrators_publish():
    text = (stories.LIBRARY / "mlops_engineer.yaml").read_text()
    with pytest.raises(NotAllowed, match="publish playbooks"):
        playbooks.publish(text, name="x.yaml", by=stories.recruiter(), at=NOW)


# --- readiness and approval --------------------------------------------------------------------------------------


def test_a_ready_team_opens_without_a_reason():
    opening = stories.draft_opening()
    assert opening.verdict == "hire"
    assert {r["verdict"] for r in opening.reasons if r["counted"]} == {"hire"}
    assert all(r["source"] == "mlops_guide_2026" and r["facts"] for r in opening.reasons)
    openings.approve(opening, by=stories.hiring_manager(opening), at=NOW)
    assert opening.status == "open"
    assert Flag.objects.count() == 0


def test_opening_against_the_verdict_needs_a_reason_and_raises_the_flag():
    facts = {**stories.good_facts(stories.edition()), "models_in_production": 2}
    opening = stories.draft_opening(facts=facts)
    assert opening.verdict == "neighbour"
    manager = stories.hiring_manager(opening)
    with pytest.raises(Refused, match="write down why"):
        openings.approve(opening, by=manager, at=NOW)
    opening.refresh_from_db()
    assert opening.status == "draft"
    assert Flag.objects.count() == 0
    openings.approve(opening, by=manager, at=NOW, reason="The platform comes first.")
    flag = Flag.objects.get()
    assert (flag.pattern, flag.opening, flag.application, flag.status) == (
        "too_few_models",
        opening,
        None,
        "raised",
    )
    assert [(c["kind"], c["path"], c["value"]) for c in flag.citations] == [
        ("team_fact", "team.models_in_production", 2)
    ]
    assert opening.against_verdict == "The platform comes first."


def test_only_the_hiring_manager_approves():
    opening = stories.draft_opening()
    with pytest.raises(NotAllowed):
        openings.approve(opening, by=stories.recruiter(), at=NOW)
    another = stories.person("hiring_manager")
    with pytest.raises(NotAllowed, match="Only the hiring manager of"):
        openings.approve(opening, by=another, at=NOW)
    opening.refresh_from_db()
    assert opening.status == "draft"


def test_an_opening_needs_a_pay_band():
    opening = stories.draft_opening()
    PayBand.objects.all().delete()
    with pytest.raises(Refused, match="Set the pay band"):
        openings.approve(opening, by=stories.hiring_manager(opening), at=NOW)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"models_in_production": -1}, "models_in_production|Models in production"),
        ({"mle_infrastructure_percent": 140}, "100"),
        ({"number_of_desks": 3}, "does not ask for number_of_desks"),
    ],
)
def test_draft_refuses_impossible_facts(facts, sentence):
    edition = stories.edition()
    with pytest.raises(Refused, match=sentence):
        openings.draft(title="X", team_name="Y", edition=edition, facts=facts, by=stories.recruiter(), at=NOW)
    assert Opening.objects.count() == 0


def test_unknown_facts_are_not_read_as_zero():
    opening = stories.draft_opening(facts={"mle_infrastructure_percent": 60})
    assert opening.verdict == "hire"


def test_facts_are_settled_once_open():
    opening = stories.opening()
    with pytest.raises(Refused, match="settled once it is open"):
        openings.reassess(opening, facts={}, by=stories.recruiter(), at=NOW)


# --- pay, team, channels, transitions --------------------------------------------------------------------------------


def set_pay(opening, **changes):
    figures = {
        "currency": "USD", "low": 300_000_00, "high": 380_000_00, "anchor": "senior_platform_engineer", "tier": "B",
        "cash_percent": 80, "negotiation_percent": 12, "by": stories.recruiter(), "at": NOW,
    }  # fmt: skip
    return openings.set_pay(opening, **{**figures, **changes})


def test_a_band_on_the_mle_anchor_is_noted_and_flagged():
    opening = stories.opening()
    band = set_pay(opening, anchor="senior_ml_engineer")
    assert any("anchor" in note["code"] for note in band.notes)
    flag = Flag.objects.get()
    assert (flag.pattern, flag.about) == ("pay_on_mle_band", "opening")
    assert flag.citations[0]["id"] == str(band.pk)
    set_pay(opening)
    flag.refresh_from_db()
    assert flag.status == "lapsed"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"low": 390_000_00}, "not saved"),
        ({"anchor": "astronaut"}, "knows no anchor “astronaut”"),
        ({"cash_percent": 120}, "not saved"),
    ],
)
def test_set_pay_refuses(changes, sentence):
    opening = stories.draft_opening()
    before = PayBand.objects.values().get()
    with pytest.raises(Refused, match=sentence):
        set_pay(opening, **changes)
    assert PayBand.objects.values().get() == before


def test_a_coordinator_cannot_touch_pay():
    opening = stories.draft_opening()
    with pytest.raises(NotAllowed):
        set_pay(opening, by=stories.person("coordinator"))


def test_unknown_channel_is_refused_with_the_known_ones():
    opening = stories.opening()
    with pytest.raises(Refused, match="no channel “carrier_pigeon”. Choose one of: mlops_community"):
        openings.use_channel(opening, "carrier_pigeon", budget=0, by=stories.recruiter(), at=NOW)
    assert opening.channels.count() == 0


def test_one_hiring_manager_per_opening():
    opening = stories.draft_opening()
    with pytest.raises(Refused, match="already has a hiring manager"):
        openings.assign(
            opening, stories.person("hiring_manager"), "hiring_manager", by=stories.recruiter(), at=NOW
        )


def test_a_transition_is_never_forced():
    opening = stories.draft_opening()
    employee, partner = stories.person("interviewer"), stories.person("interviewer")
    plan = openings.plan_transition(
        opening, employee=employee, paired_with=partner, months=15, pairing_months=9, starts_on=NOW.date(),
        by=stories.recruiter(), at=NOW,
    )  # fmt: skip
    with pytest.raises(Refused, match="never forced"):
        openings.agree_transition(plan, by=stories.recruiter(), at=NOW)
    openings.agree_transition(plan, by=employee, at=NOW)
    assert plan.status == "running"


@pytest.mark.parametrize(("months", "pairing"), [(6, 6), (15, 2), (15, 16)])
def test_a_transition_that_cannot_work_is_refused(months, pairing):
    opening = stories.draft_opening()
    people = {"employee": stories.person("interviewer"), "paired_with": stories.person("interviewer")}
    with pytest.raises(Refused):
        openings.plan_transition(
            opening,
            **people,
            months=months,
            pairing_months=pairing,
            starts_on=NOW.date(),
            by=stories.recruiter(),
            at=NOW,
        )
    assert TransitionPlan.objects.count() == 0


def test_visible_to_shows_hiring_managers_their_own():
    mine, other = stories.opening(), stories.opening()
    assert set(Opening.objects.visible_to(stories.hiring_manager(mine))) == {mine}
    assert set(Opening.objects.visible_to(stories.recruiter())) == {mine, other}
    assert set(Opening.objects.visible_to(stories.person("interviewer"))) == set()
