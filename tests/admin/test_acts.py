"""Whatever is changed from the admin goes through a rule; what the rule refuses is told and changes nothing."""

import datetime as dt
import re

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import ApiKey, User
from candidates.models import Application, Candidate, Offer
from hiring.models import Edition, Opening, PayBand
from interviews.models import CandidateLink, Debrief, Decision, Flag, Hold, Interviewer, Loop
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.admin.conftest import Desk, problems, told
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


def events_of(row) -> list[str]:
    return list(Event.objects.about(row).values_list("verb", flat=True))


# --- one row ---------------------------------------------------------------------------------------------


def test_a_button_runs_its_rule_as_the_person_who_pressed_it(recruiter):
    application = stories.application()

    response = recruiter.act(application, "screen")

    application.refresh_from_db()
    assert application.status == "screening"
    assert told(response) == ["Screening has begun."]
    event = Event.objects.about(application).last()
    assert (event.verb, event.actor, event.at) == ("application.screening", recruiter.user.pk, NOW)


def test_a_refusal_of_a_button_is_a_message_and_changes_nothing(recruiter):
    application = stories.screened_application()
    before = events_of(application)

    response = recruiter.act(application, "screen")

    assert told(response) == ["This application is screening, so it cannot become screening."]
    application.refresh_from_db()
    assert application.status == "screening"
    assert events_of(application) == before


def test_a_refusal_of_a_form_keeps_what_was_typed(recruiter):
    opening = stories.draft_opening()
    before = PayBand.objects.get(opening=opening).high

    response = recruiter.act(
        opening,
        "pay",
        currency="USD",
        low="300000",
        high="200000",
        anchor="senior_platform_engineer",
        tier="top 10",
        cash_percent="70",
        negotiation_percent="10",
    )

    assert problems(response)[0] == (
        "The pay band was not saved. The low end of the band is above its ceiling; correct them."
    )
    assert response.context["form"]["high"].value() == "200000"
    assert 'value="top 10"' in response.content.decode()
    assert PayBand.objects.get(opening=opening).high == before
    assert "opening.pay_set" in events_of(opening)


def test_pay_is_typed_in_whole_units_and_kept_in_minor_ones(recruiter):
    opening = stories.draft_opening()

    recruiter.act(
        opening,
        "pay",
        currency="usd",
        low="300000",
        high="400000",
        anchor="senior_platform_engineer",
        tier="top 10",
        cash_percent="70",
        negotiation_percent="10",
    )

    band = PayBand.objects.get(opening=opening)
    assert (band.low, band.high, band.currency, band.tier) == (30_000_000, 40_000_000, "USD", "top 10")


def test_what_the_rule_says_of_one_field_stands_beside_it(recruiter):
    application = stories.application()

    response = recruiter.act(
        application, "describe", **{"area-kubernetes": "deep", "source-kubernetes": "cv"}
    )

    assert response.context["form"].errors["evidence-kubernetes"] == ["Say what this rests on."]
    assert response.context["form"]["area-kubernetes"].value() == "deep"
    assert application.background.count() == 0


def test_only_what_fits_the_row_is_offered(recruiter):
    application = stories.application()
    offered = [act.name for act, _address in recruiter.page(application).context["acts"]]
    assert offered == ["screen", "describe", "expectation", "reject", "withdraw"]

    recruiter.act(application, "reject", reason="other")

    assert recruiter.page(application).context["acts"] == []


def test_an_act_needs_its_right_even_when_its_address_is_known():
    opening = stories.opening()
    application = stories.application(opening)
    auditor = Desk(stories.person("auditor"))

    assert auditor.page(application).context["acts"] == []
    assert auditor.act(application, "reject", reason="other").status_code == 403
    application.refresh_from_db()
    assert application.status == "new"


def test_an_act_on_what_one_may_not_see_is_not_there():
    application = stories.application()
    stranger = Desk(stories.hiring_manager(stories.opening()))

    assert stranger.page(application).status_code == 404
    assert stranger.act(application, "reject", reason="other").status_code == 404
    application.refresh_from_db()
    assert application.status == "new"


# --- several rows ----------------------------------------------------------------------------------------


def test_an_action_calls_the_rule_for_each_row_and_reports_each_refusal(recruiter):
    opening = stories.opening()
    fresh = [stories.application(opening) for _ in range(3)]
    screened = stories.screened_application(opening)

    response = recruiter.over([*fresh, screened], "screen")

    assert told(response) == [
        "3 done, 1 refused.",
        f"{screened}: This application is screening, so it cannot become screening.",
    ]
    assert set(Application.objects.values_list("status", flat=True)) == {"screening"}
    assert [events_of(row).count("application.screening") for row in [*fresh, screened]] == [1, 1, 1, 1]


def test_an_action_with_a_reason_asks_first_and_changes_nothing_until_it_is_given(recruiter):
    rows = [stories.application(), stories.application()]

    asked = recruiter.over(rows, "reject")
    assert asked.context["form"].errors == {}
    assert [str(row) in asked.content.decode() for row in rows] == [True, True]
    still = recruiter.over(rows, "reject", _confirmed="yes", note="Typed already")
    assert problems(still) == ["This field is required."]
    assert "Typed already" in still.content.decode()
    assert set(Application.objects.values_list("status", flat=True)) == {"new"}

    done = recruiter.over(rows, "reject", _confirmed="yes", reason="background", note="Not this time")

    assert told(done) == ["2 done."]
    closed = Application.objects.values_list("status", "reject_reason", "closing_note")
    assert set(closed) == {("rejected", "background", "Not this time")}


def test_an_action_reaches_only_rows_that_one_may_see():
    opening = stories.opening()
    own, other = stories.application(opening), stories.application()
    manager = Desk(stories.hiring_manager(opening))

    response = manager.over([own, other], "reject", _confirmed="yes", reason="other")

    assert told(response) == ["1 done."]
    other.refresh_from_db()
    assert other.status == "new"


def test_actions_are_those_that_one_has_the_right_to(recruiter):
    def actions(desk, model):
        return set(admin.site._registry[model].get_actions(desk.list(model).wsgi_request))

    assert actions(recruiter, Application) == {"screen", "reject", "withdraw"}
    assert actions(Desk(stories.person("auditor")), Application) == set()
    assert actions(Desk(stories.hiring_manager(stories.opening())), Application) == {"reject"}


# --- nothing around the rules --------------------------------------------------------------------------------


def test_django_s_own_adding_changing_and_deleting_are_off(recruiter):
    candidate = stories.candidate()
    label = "admin:candidates_candidate"

    assert (
        recruiter.post(reverse(f"{label}_change", args=[candidate.pk]), {"name": "Else"}).status_code == 403
    )
    assert recruiter.get(reverse(f"{label}_delete", args=[candidate.pk])).status_code == 403
    assert recruiter.post(reverse(f"{label}_delete", args=[candidate.pk]), {"post": "yes"}).status_code == 403
    recruiter.over([candidate], "delete_selected", post="yes")
    assert Candidate.objects.get(pk=candidate.pk).name == candidate.name

    for model, noun in admin.site._registry.items():
        request = recruiter.list(Candidate).wsgi_request
        assert not noun.has_change_permission(request), model
        assert not noun.has_delete_permission(request), model
        assert "delete_selected" not in noun.get_actions(request), model


# --- from a draft to a hire, through the admin only ------------------------------------------------------------


def test_a_whole_hire_through_the_admin(recruiter, clock, mailoutbox):
    edition = stories.edition()
    manager = Desk(stories.person("hiring_manager", "interviewer", name="Mara Manager"))

    recruiter.add(Opening, title="MLOps engineer", team_name="Search", edition=str(edition.pk), zone="UTC")
    opening = Opening.objects.get()
    recruiter.act(
        opening,
        "facts",
        models_in_production="8",
        mle_infrastructure_percent="50",
        retraining_reliable="no",
        monitoring_complete="",
        building_shared_platform="yes",
        quality_is_bottleneck="no",
    )
    opening.refresh_from_db()
    assert opening.verdict == "hire"
    assert opening.facts == {
        "models_in_production": 8,
        "mle_infrastructure_percent": 50,
        "retraining_reliable": False,
        "building_shared_platform": True,
        "quality_is_bottleneck": False,
    }
    recruiter.act(opening, "team", user=str(manager.user.pk), part="hiring_manager")
    recruiter.act(
        opening, "pay", currency="USD", low="300000", high="380000", anchor="senior_platform_engineer",
        tier="top 50", cash_percent="70", negotiation_percent="12",
    )  # fmt: skip
    manager.act(opening, "approve", reason="")
    opening.refresh_from_db()
    assert opening.status == "open"

    recruiter.add(Candidate, name="Cleo Candidate", email="cleo@example.test", zone="Europe/Berlin")
    cleo = Candidate.objects.get()
    recruiter.act(cleo, "apply", opening=str(opening.pk), channel="mlops_community")
    application = Application.objects.get()
    recruiter.act(application, "screen")

    recruiter.add(
        Interviewer, user=str(manager.user.pk), buffer_minutes="15", max_per_day="3", max_per_week="8",
        **{f"day_{day}": "09:00-12:00, 13:00-18:00" for day in range(5)},
    )  # fmt: skip
    assert Interviewer.objects.get().hours.count() == 10
    stories.panel(opening)
    recruiter.act(
        application, "begin_loop", urgency="2",
        day_0="2026-03-03", from_0="09:00", until_0="18:00", day_1="2026-03-04", from_1="09:00", until_1="18:00",
    )  # fmt: skip
    loop = Loop.objects.get()
    berlin = dt.timezone(dt.timedelta(hours=1))
    assert loop.windows.order_by("starts_at").first().starts_at == dt.datetime(
        2026, 3, 3, 9, 0, tzinfo=berlin
    )
    recruiter.act(loop, "propose")
    _best, *others = loop.proposals.filter(status="offered").order_by("rank")
    assert others
    recruiter.act(loop, "confirm", plan=str(others[0].pk))
    loop.refresh_from_db()
    assert (loop.status, loop.urgency) == ("confirmed", 2)

    when = stories.after(loop)
    clock(when)
    for seat in stories.seats(loop):
        stories.submitted_card(seat)
    debrief = Debrief.objects.get()
    manager.act(debrief, "vote", value="yes", reason="")
    manager.act(debrief, "decide", outcome="hire", reason="On balance.")
    assert Decision.objects.get().outcome == "hire"

    recruiter.act(
        application, "offer", amount="330000", cash="280000", currency="USD", anchor="senior_platform_engineer",
        expires_on=(when + dt.timedelta(days=9)).date().isoformat(), reason="",
    )  # fmt: skip
    offer = Offer.objects.get()
    assert problems(recruiter.act(offer, "send")) == ["This offer is draft, so it cannot become sent."]
    manager.act(offer, "approve")
    recruiter.act(offer, "send")
    recruiter.act(offer, "accept")
    application.refresh_from_db()
    opening.refresh_from_db()
    assert (application.status, opening.status) == ("hired", "filled")


# --- single acts with something of their own ---------------------------------------------------------------


def test_a_broken_playbook_is_refused_line_by_line_and_its_text_stays():
    from django.core.files.uploadedfile import SimpleUploadedFile

    desk = Desk(stories.person("admin"))
    file = SimpleUploadedFile("role.yaml", b"format: 1\nkey: Wrong Key\n")

    response = desk.add(Edition, file=file, text="")

    assert (
        problems(response)[0]
        == "role.yaml is not a valid playbook. Mend what is listed and publish it again."
    )
    assert any(problem.startswith("role.yaml:2:6: ") for problem in problems(response))
    assert "key: Wrong Key" in response.content.decode()
    assert Edition.objects.count() == 0


def test_a_key_is_shown_once():
    desk = Desk(stories.person("admin"))
    service = stories.person("service")

    response = desk.act(service, "key", name="ATS", scopes=["events:read"], expires_on="2026-06-01")

    key = ApiKey.objects.get()
    assert f"lw_{key.prefix}_" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert f"lw_{key.prefix}_" not in desk.page(key).content.decode()
    assert key.expires_at == dt.datetime(2026, 6, 1, tzinfo=dt.UTC)

    desk.act(key, "revoke")
    key.refresh_from_db()
    assert key.revoked_at == NOW


def test_hours_are_read_as_people_write_them(recruiter):
    person = stories.interviewer(of=stories.edition())

    wrong = recruiter.act(
        person, "hours", day_0="nine to five", day_1="25:00-26:00", day_2="09:00-12:00 or so"
    )
    assert sorted(wrong.context["form"].errors) == ["day_0", "day_1", "day_2"]
    assert person.hours.count() == 5

    recruiter.act(person, "hours", day_0="9:00-12:30, 13:30 – 17:00")

    assert [str(row) for row in person.hours.order_by("opens")] == [
        "Monday 09:00–12:30",
        "Monday 13:30–17:00",
    ]


def test_interviewers_are_paused_and_resumed_from_their_list(recruiter):
    edition = stories.edition()
    people = [stories.interviewer(of=edition) for _ in range(2)]

    assert told(recruiter.over(people, "pause")) == ["2 done."]
    assert list(Interviewer.objects.values_list("is_active", flat=True)) == [False, False]
    recruiter.over(people[:1], "resume")
    assert Interviewer.objects.get(pk=people[0].pk).is_active


def test_the_best_plans_of_several_loops_are_booked_at_once(recruiter):
    opening = stories.opening()
    planned, unplanned = stories.begun_loop(opening), stories.begun_loop(opening)
    recruiter.act(planned, "propose")

    response = recruiter.over([planned, unplanned], "confirm_best")

    assert told(response) == [
        "1 done, 1 refused.",
        f"{unplanned}: This loop has no plan to book. Find plans first.",
    ]
    assert sorted(Loop.objects.values_list("status", flat=True)) == ["confirmed", "waiting"]


def test_the_candidate_is_asked_for_times_and_the_link_is_seen_by_nobody_else(recruiter):
    loop = stories.begun_loop()

    assert told(recruiter.act(loop, "ask_times", days="5")) == ["The candidate is asked by mail."]

    link = CandidateLink.objects.get(loop=loop)
    assert link.expires_at == later(days=5)
    mail = Delivery.objects.get(recipient=loop.application.candidate.email)
    address = re.search(rb"https?://\S+/([\w-]{20,})", bytes(mail.message))
    page = recruiter.page(mail).content.decode()
    assert "Tell us when you can come" in page
    assert address[1].decode() not in page
    assert address[1].decode() not in recruiter.page(loop).content.decode()

    recruiter.act(loop, "end_links")
    link.refresh_from_db()
    assert link.revoked_at == NOW


def test_the_candidate_chooses_among_plans_that_are_held(recruiter):
    loop = stories.begun_loop()

    recruiter.act(loop, "offer_plans", hours="24")

    assert CandidateLink.objects.get(loop=loop).purpose == "choose"
    assert set(Hold.objects.values_list("proposal__loop", "until")) == {(loop.pk, later(days=1))}
    assert "The candidate was asked to choose a plan" in recruiter.timeline(loop)


def test_a_flag_is_answered_with_a_reason(recruiter):
    opening = stories.opening(facts={"models_in_production": 1})
    flag = Flag.objects.get(opening=opening)

    refused = recruiter.act(flag, "answer", answer="waived", reason=" ")
    assert problems(refused) == ["Write why the flag is waived."]
    recruiter.act(flag, "answer", answer="waived", reason="Two more go live next month.")

    flag.refresh_from_db()
    assert (flag.status, flag.answered_by) == ("waived", recruiter.user)


def test_a_parked_message_is_sent_again(recruiter):
    stories.confirmed_loop()
    row = Delivery.objects.first()
    Delivery.objects.filter(pk=row.pk).update(status="parked", last_error="550 no such mailbox")

    assert told(recruiter.act(row, "send_again")) == ["It will be sent again in a moment."]
    row.refresh_from_db()
    assert row.status == "queued"


def test_an_administrator_makes_accounts_and_gives_roles():
    desk = Desk(stories.person("admin"))

    response = desk.add(
        User, kind="person", name="Nia New", email="nia@example.com", zone="Europe/Lisbon", roles_=["interviewer"],
        title="", password="",
    )  # fmt: skip
    nia = User.objects.get(email="nia@example.com")
    assert told(response) == ["The account is made."]
    assert not nia.has_usable_password()
    desk.act(nia, "grant", role="hiring_manager")
    desk.act(nia, "take", role="interviewer")
    assert list(nia.grants.values_list("role", flat=True)) == ["hiring_manager"]
    assert problems(desk.add(User, kind="person", name="N", email="nia@example.com", zone="UTC")) == [
        "Somebody already has an account with this e-mail address."
    ]


def test_only_the_employee_agrees_to_a_transition(recruiter):
    opening = stories.draft_opening()
    employee = stories.person("hiring_manager", "interviewer")
    recruiter.act(
        opening, "transition", employee=str(employee.pk), paired_with=str(recruiter.user.pk), months="12",
        pairing_months="6", starts_on="2026-06-01",
    )  # fmt: skip
    plan = opening.transitions.get()

    assert [act.name for act, _address in recruiter.page(plan).context["acts"]] == ["end"]
    assert problems(recruiter.act(plan, "agree")) == [
        f"Only {employee} can agree to this. A transition is never forced."
    ]
    plan.refresh_from_db()
    assert plan.status == "proposed"


def test_time_is_blocked_in_the_reader_s_own_zone():
    berlin = Desk(stories.person("recruiter", zone="Europe/Berlin"))
    person = stories.interviewer(of=stories.edition())

    berlin.act(person, "block_time", starts_at="2026-03-05T09:00", ends_at="2026-03-05T10:30")

    busy = person.busy.get()
    assert (busy.starts_at, busy.ends_at) == (later(days=2, hours=23), later(days=3, minutes=30))
