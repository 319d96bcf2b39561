"""Candidates help themselves: give times, choose a held plan, ask for another day, step back."""

import datetime as dt
import email
import email.policy
import re
import threading
import zoneinfo
from collections import Counter
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import users
from candidates.models import Application, Candidate
from config import clock
from hiring.models import TeamMember
from interviews import candidate_pages, interviewers, loops, schedules, selfservice
from interviews.models import BusyTime, CandidateLink, Hold, Interview, Interviewer, Loop, Proposal, Seat
from interviews.scheduling import Explanation
from journal.errors import NotAllowed, Refused
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db
AUCKLAND, HONOLULU, NEW_YORK = "Pacific/Auckland", "Pacific/Honolulu", "America/New_York"
HALF_AN_HOUR = dt.timedelta(minutes=30)


@pytest.fixture(autouse=True)
def _clock_and_cache(monkeypatch):
    """The pages' door clock shows NOW, and nobody has asked for a page yet."""
    cache.clear()
    monkeypatch.setattr(candidate_pages.timezone, "now", lambda: NOW)


def text_of(row: Delivery) -> str:
    message = email.message_from_bytes(bytes(row.message), policy=email.policy.default)
    return f"{message['Subject']}\n{message.get_body(('plain',)).get_content()}".replace("\r\n", "\n")


def mails(to: str) -> list[str]:
    """The texts mailed to this address, oldest first."""
    return [text_of(row) for row in Delivery.objects.filter(recipient=to).order_by("created_at", "turn")]


def mailed_to_recruiter() -> list[str]:
    return mails(stories.recruiter().email)


def path_in(text: str) -> str:
    found = re.search(r"(/interviews/yours/[\w-]+/)", text)
    assert found, text
    return found[1]


def mailed_path(loop: Loop, purpose: str) -> str:
    """The address in the newest mail for this purpose."""
    rows = Delivery.objects.filter(thread=f"loop:{loop.pk}:{purpose}").order_by("turn")
    return path_in(text_of(rows.last()))


def token_of(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]


def asked(loop: Loop | None = None, at: dt.datetime = NOW, **how) -> tuple[CandidateLink, str]:
    loop = loop or stories.begun_loop()
    selfservice.ask_availability(loop, by=stories.recruiter(), at=at, **how)
    path = mailed_path(loop, "availability")
    return selfservice.find(token_of(path), at=at), path


def offered(
    loop: Loop | None = None, at: dt.datetime = NOW, **how
) -> tuple[CandidateLink, str, list[Proposal]]:
    loop = loop or stories.begun_loop()
    plans = selfservice.offer_plans(loop, by=stories.recruiter(), at=at, **how)
    assert isinstance(plans, list), plans
    path = mailed_path(loop, "choose")
    return selfservice.find(token_of(path), at=at), path, plans


def managed(loop: Loop | None = None, at: dt.datetime = NOW) -> tuple[CandidateLink, str]:
    loop = loop or stories.confirmed_loop()
    path = path_in(selfservice.manage_url(loop, at=at))
    return selfservice.find(token_of(path), at=at), path


def verbs(loop: Loop) -> Counter[str]:
    return Counter(Event.objects.about(loop).values_list("verb", flat=True))


def everything() -> tuple[object, ...]:
    """What a page that only shows something must leave as it is."""
    return (
        Event.objects.count(),
        Delivery.objects.count(),
        sorted(Loop.objects.values_list("pk", "status")),
        sorted(Proposal.objects.values_list("pk", "status")),
        sorted(Hold.objects.values_list("pk", "until")),
        sorted(CandidateLink.objects.values_list("pk", "last_used_at", "revoked_at", "expires_at")),
        sorted(Application.objects.values_list("pk", "status")),
        sorted(Candidate.objects.values_list("pk", "zone")),
        sorted(Seat.objects.values_list("pk", "held")),
    )


def windows_of(loop: Loop) -> list[tuple[dt.datetime, dt.datetime]]:
    return sorted(loop.windows.values_list("starts_at", "ends_at"))


def utc(day: int, hour: int, month: int = 3) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)


# --- links ----------------------------------------------------------------------------------------------------------


def test_a_link_is_kept_as_a_digest_of_at_least_128_bits():
    link, path = asked()
    token = token_of(path)
    assert len(token) >= 128 / 6
    assert link.purpose == "availability"
    assert len(link.digest) == 64 and token not in link.digest
    assert not [f for f in CandidateLink._meta.fields if token in str(getattr(link, f.attname))]


@pytest.mark.parametrize("wrong", ["never made", "expired", "revoked", "cut short"])
def test_wrong_links_look_the_same_and_take_the_same_work(client, django_assert_num_queries, wrong):
    link, path = asked()
    if wrong == "never made":
        path = reverse("interviews:yours", args=["x" * 32])
    elif wrong == "expired":
        CandidateLink.objects.update(expires_at=NOW)
    elif wrong == "revoked":
        selfservice.revoke(link, by=stories.recruiter(), at=NOW)
    else:
        path = path[:-3] + "/"
    with django_assert_num_queries(1):
        page = client.get(path)
    assert page.status_code == 404
    assert page.content == client.get(reverse("interviews:yours", args=["y" * 32])).content
    assert page["Referrer-Policy"] == "no-referrer"
    before = everything()
    assert client.post(path, {"act": "give"}).status_code == 404
    assert everything() == before


def test_a_link_works_until_it_expires():
    link, path = asked(days=3)
    assert link.expires_at == later(days=3)
    assert selfservice.find(token_of(path), at=later(days=3, seconds=-1)) == link
    assert selfservice.find(token_of(path), at=later(days=3)) is None


def test_revoking_ends_a_link_once():
    link, path = asked()
    selfservice.revoke(link, by=stories.recruiter(), at=NOW)
    selfservice.revoke(link, by=stories.recruiter(), at=later(hours=1))
    link.refresh_from_db()
    assert link.revoked_at == NOW
    assert verbs(link.loop)["loop.link_revoked"] == 1
    assert selfservice.find(token_of(path), at=NOW) is None


def test_revoking_is_for_those_who_schedule():
    link, path = asked()
    with pytest.raises(NotAllowed):
        selfservice.revoke(link, by=stories.person("interviewer"), at=NOW)
    assert selfservice.find(token_of(path), at=NOW) == link


def test_a_new_link_replaces_the_older_of_its_purpose_only():
    loop = stories.begun_loop()
    first, first_path = asked(loop)
    _plans, choose_path, _ = offered(loop)
    second, second_path = asked(loop, at=later(hours=1))
    assert first != second
    assert selfservice.find(token_of(first_path), at=later(hours=2)) is None
    assert selfservice.find(token_of(second_path), at=later(hours=2)) == second
    assert selfservice.find(token_of(choose_path), at=later(hours=2)).purpose == "choose"


def test_of_two_links_that_wait_in_the_outbox_the_newest_is_the_last_of_its_thread():
    loop = stories.begun_loop()
    asked(loop)
    asked(loop, at=later(minutes=1))
    rows = Delivery.objects.filter(thread=f"loop:{loop.pk}:availability").order_by("turn")
    assert [row.created_at for row in rows] == [NOW, later(minutes=1)]


def test_a_link_cannot_be_used_for_another_purpose(client):
    link, path = asked()
    before = everything()
    for act in (
        lambda: selfservice.decline_plans(link, note="No", at=NOW),
        lambda: selfservice.ask_reschedule(link, reason="Ill", at=NOW),
        lambda: selfservice.cancel(link, reason="personal", at=NOW),
    ):
        with pytest.raises(Refused) as no:
            act()
        assert no.value.code == "link_over"
    assert client.post(path + "cancel/", {"reason": "personal"}).status_code == 404
    assert client.post(path, {"act": "reschedule", "reason": "Ill"}).status_code == 200
    assert everything() == before


def test_a_link_that_was_revoked_while_the_page_was_open_does_nothing():
    link, _path = asked()
    selfservice.revoke(CandidateLink.objects.get(pk=link.pk), by=stories.recruiter(), at=NOW)
    with pytest.raises(Refused, match="does not work any more"):
        selfservice.give_availability(link, windows=stories.windows(), zone="UTC", at=NOW)
    assert verbs(link.loop)["loop.availability_given"] == 0


# --- asking ---------------------------------------------------------------------------------------------------------


def test_asking_for_times_writes_one_mail_with_the_address_and_records_it():
    loop = stories.begun_loop()
    asked(loop)
    texts = mails(loop.application.candidate.email)
    assert len(texts) == 1
    assert texts[0].startswith("When can you come?")
    assert "Monday 9 March 2026, 09:00 (UTC)" in texts[0]
    assert verbs(loop)["loop.availability_asked"] == 1


@pytest.mark.parametrize("rule", ["ask_availability", "offer_plans"])
def test_only_those_who_schedule_may_write_to_candidates(rule):
    loop = stories.begun_loop()
    with pytest.raises(NotAllowed):
        getattr(selfservice, rule)(loop, by=stories.person("interviewer"), at=NOW)
    assert CandidateLink.objects.count() == Hold.objects.count() == Delivery.objects.count() == 0


@pytest.mark.parametrize("rule", ["ask_availability", "offer_plans"])
def test_without_an_address_nothing_is_sent(rule):
    loop = stories.begun_loop()
    Candidate.objects.update(email="")
    loop = Loop.objects.get(pk=loop.pk)
    with pytest.raises(Refused) as no:
        getattr(selfservice, rule)(loop, by=stories.recruiter(), at=NOW)
    assert no.value.code == "no_address"
    assert CandidateLink.objects.count() == Hold.objects.count() == Delivery.objects.count() == 0


def test_asking_refuses_impossible_spans_and_loops_that_are_over():
    loop = stories.begun_loop()
    for how in ({"days": 0}, {"days": 61}):
        with pytest.raises(Refused) as no:
            selfservice.ask_availability(loop, by=stories.recruiter(), at=NOW, **how)
        assert no.value.code == "bad_span"
    for hours in (0, 14 * 24 + 1):
        with pytest.raises(Refused) as no:
            selfservice.offer_plans(loop, by=stories.recruiter(), at=NOW, hours=hours)
        assert no.value.code == "bad_span"
    loops.cancel(loop, by=stories.recruiter(), at=NOW)
    with pytest.raises(Refused) as no:
        selfservice.ask_availability(loop, by=stories.recruiter(), at=NOW)
    assert no.value.code == "loop_over"
    with pytest.raises(Refused) as no:
        selfservice.offer_plans(loop, by=stories.recruiter(), at=NOW)
    assert no.value.code == "wrong_status"
    assert CandidateLink.objects.count() == Hold.objects.count() == 0


# --- giving times ---------------------------------------------------------------------------------------------------


def test_given_times_replace_the_windows_and_the_zone():
    link, _path = asked()
    wanted = [(utc(10, 8), utc(10, 17)), (utc(11, 8), utc(11, 17))]
    selfservice.give_availability(link, windows=wanted, zone=NEW_YORK, at=later(hours=1))
    loop = Loop.objects.get(pk=link.loop_id)
    assert windows_of(loop) == wanted
    assert loop.application.candidate.zone == NEW_YORK
    link.refresh_from_db()
    assert link.last_used_at == later(hours=1)
    event = Event.objects.get(verb="loop.availability_given")
    assert (event.actor, event.data["candidate"]) == (
        users.SYSTEM_ID,
        str(loop.application.candidate_id),
    )


def test_given_times_make_earlier_plans_stale_and_release_what_was_held():
    loop = stories.begun_loop()
    _link, _path, plans = offered(loop)
    link, _path = asked(loop)
    selfservice.give_availability(link, windows=[(utc(10, 8), utc(10, 17))], zone="UTC", at=NOW)
    assert Hold.objects.count() == 0
    assert {p.status for p in Proposal.objects.filter(pk__in=[p.pk for p in plans])} == {"stale"}


def test_windows_that_touch_are_joined():
    link, _path = asked()
    selfservice.give_availability(
        link,
        windows=[(utc(10, 12), utc(10, 18)), (utc(10, 8), utc(10, 12)), (utc(10, 9), utc(10, 10))],
        zone="UTC",
        at=NOW,
    )
    assert windows_of(link.loop) == [(utc(10, 8), utc(10, 18))]


def test_giving_the_same_times_twice_changes_nothing():
    link, _path = asked()
    wanted = [(utc(10, 8), utc(10, 17))]
    selfservice.give_availability(link, windows=wanted, zone="UTC", at=NOW)
    schedules.propose(link.loop, by=stories.recruiter(), at=NOW)
    before = everything()
    selfservice.give_availability(link, windows=wanted, zone="UTC", at=later(seconds=2))
    assert everything() == before


@pytest.mark.parametrize(
    ("windows", "zone", "code"),
    [
        ([], "UTC", "no_windows"),
        ([(utc(10, 8), utc(10, 17))], "Mars/Olympus", "unknown_zone"),
        ([(utc(10, 17), utc(10, 8))], "UTC", "inverted_window"),
        ([(utc(1, 8), utc(1, 17))], "UTC", "past_window"),
        ([(utc(10, 8), utc(10, 17, month=8))], "UTC", None),
        ([(utc(10, 8, month=8), utc(10, 17, month=8))], "UTC", "far_window"),
        ([(utc(10, 8), utc(10, 10))], "UTC", "too_little"),
        ([(dt.datetime(2026, 3, 10, 8), dt.datetime(2026, 3, 10, 17))], "UTC", "naive_time"),
    ],
)
def test_times_that_cannot_be_used_are_refused(windows, zone, code):
    link, _path = asked()
    if code is None:
        selfservice.give_availability(link, windows=windows, zone=zone, at=NOW)
        return
    before, known = everything(), windows_of(link.loop)
    with pytest.raises(Refused) as no:
        selfservice.give_availability(link, windows=windows, zone=zone, at=NOW)
    assert no.value.code == code
    assert (everything(), windows_of(link.loop)) == (before, known)


def test_too_little_time_is_said_in_hours():
    link, _path = asked()
    with pytest.raises(Refused, match="take 4 hours 45 minutes in all, but .* come to 1 hour 30 minutes"):
        selfservice.give_availability(
            link, windows=[(utc(10, 8), utc(10, 9) + HALF_AN_HOUR)], zone="UTC", at=NOW
        )


def test_new_times_for_a_booked_loop_move_nothing_and_tell_the_recruiter():
    loop = stories.confirmed_loop()
    link, _path = asked(loop)
    seats = sorted(Seat.objects.live().values_list("pk", "blocked_from"))
    selfservice.give_availability(link, windows=[(utc(10, 8), utc(10, 17))], zone="UTC", at=NOW)
    loop.refresh_from_db()
    assert loop.status == "confirmed"
    assert sorted(Seat.objects.live().values_list("pk", "blocked_from")) == seats
    assert len(mailed_to_recruiter()) == 1
    assert "What is booked stands until you decide." in mailed_to_recruiter()[0]


# --- zones ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "monday", "expected"),
    [
        # The Monday after the clocks go back in Auckland, and forward in New York; in Honolulu they never change.
        (AUCKLAND, "2026-04-06", [(utc(2, 19, 4), utc(3, 5, 4)), (utc(5, 20, 4), utc(6, 6, 4))]),
        (NEW_YORK, "2026-03-09", [(utc(6, 13), utc(6, 23)), (utc(9, 12), utc(9, 22))]),
        (HONOLULU, "2026-03-09", [(utc(6, 18), utc(7, 4)), (utc(9, 18), utc(10, 4))]),
    ],
)
def test_days_are_those_of_the_zone_also_where_clocks_change(client, monkeypatch, zone, monday, expected):
    monday = dt.date.fromisoformat(monday)
    friday = monday - dt.timedelta(days=3)
    now = dt.datetime.combine(friday, dt.time(9), dt.UTC) - dt.timedelta(days=2)
    monkeypatch.setattr(candidate_pages.timezone, "now", lambda: now)
    link, path = asked(at=now)
    page = client.post(path, {"act": "give", "zone": zone, f"on-{friday}": "day", f"on-{monday}": "day"})
    assert page.status_code == 302
    assert windows_of(link.loop) == expected
    assert Candidate.objects.get(pk=link.loop.application.candidate_id).zone == zone
    shown = client.get(path).content.decode()
    assert f"{friday:%A} {friday.day} {friday:%B}, 08:00–18:00" in shown
    assert f"{monday:%A} {monday.day} {monday:%B}, 08:00–18:00" in shown


def test_a_time_within_the_hour_that_is_left_out_is_refused_in_words(client):
    # 02:30 does not exist in New York on 8 March 2026; to 03:00 it would last less than nothing.
    link, path = asked()
    page = client.post(
        path, {"act": "give", "zone": NEW_YORK, "from-2026-03-08": "02:30", "to-2026-03-08": "03:00"}
    )
    assert page.status_code == 409
    assert "On Sunday 8 March, the time from 02:30 to 03:00 ends before it begins." in page.content.decode()
    assert windows_of(link.loop) == sorted(stories.windows())


def test_the_form_has_ten_working_days_from_tomorrow_in_their_zone(client):
    _link, path = asked()
    for zone, first in (("UTC", "2026-03-03"), (AUCKLAND, "2026-03-03"), (HONOLULU, "2026-03-02")):
        page = client.get(path, {"zone": zone}).content.decode()
        dates = sorted(set(re.findall(r'name="on-([\d-]+)"', page)))
        assert (len(dates), dates[0]) == (10, first), zone
        assert {dt.date.fromisoformat(d).weekday() for d in dates} == {0, 1, 2, 3, 4}


def test_midnight_as_an_end_is_the_end_of_the_day(client):
    link, path = asked()
    client.post(path, {"act": "give", "zone": "UTC", "from-2026-03-10": "9:30", "to-2026-03-10": "00:00"})
    assert windows_of(link.loop) == [(utc(10, 9) + HALF_AN_HOUR, utc(11, 0))]


def test_those_who_live_far_away_can_tick_the_hours_of_the_team(client):
    link, path = asked()
    assert "When the team is at work" not in client.get(path, {"zone": "Europe/Paris"}).content.decode()
    far = client.get(path, {"zone": HONOLULU}).content.decode()
    # 9 to 18 UTC is 23 to 8 in Honolulu: the end of one of their days and the beginning of the next.
    tuesday = far[far.index("Tuesday 3 March") : far.index("Wednesday 4 March")]
    friday = far[far.index("Friday 6 March") : far.index("Monday 9 March")]
    assert "00:00–08:00, 23:00–00:00" in tuesday
    assert ">00:00–08:00<" in friday
    page = client.post(
        path, {"act": "give", "zone": HONOLULU, "on-2026-03-03": "team", "on-2026-03-04": "team"}
    )
    assert page.status_code == 302
    assert windows_of(link.loop) == [
        (utc(3, 10), utc(3, 18)),
        (utc(4, 9), utc(4, 18)),
        (utc(5, 9), utc(5, 10)),
    ]


def test_the_zone_of_the_device_is_asked_for_until_the_candidate_chose_one(client):
    link, path = asked()
    assert "data-zone" in client.get(path).content.decode()
    assert "data-zone" not in client.get(path, {"zone": AUCKLAND}).content.decode()
    selfservice.give_availability(link, windows=stories.windows([3, 4]), zone=AUCKLAND, at=NOW)
    assert "data-zone" not in client.get(path).content.decode()
    _link, choose_path, _plans = offered(link.loop)
    page = client.get(choose_path).content.decode()
    assert "data-zone" not in page
    assert f"<option selected>{AUCKLAND}</option>" in page


def test_another_zone_shows_the_same_form_with_everything_that_was_typed(client):
    _link, path = asked()
    before = everything()
    typed = {"on-2026-03-10": "morning", "from-2026-03-11": "10:00", "to-2026-03-11": "11:45"}
    page = client.post(path, {"act": "zone", "zone": AUCKLAND, **typed})
    text = page.content.decode()
    assert page.status_code == 200
    assert re.search(r'name="on-2026-03-10" value="morning" checked', text)
    assert 'value="10:00"' in text and 'value="11:45"' in text
    assert f"<option selected>{AUCKLAND}</option>" in text
    assert everything() == before


def test_a_refusal_loses_nothing_of_what_was_typed(client):
    _link, path = asked()
    before = everything()
    typed = {"on-2026-03-10": "afternoon", "from-2026-03-11": "10:00", "to-2026-03-11": ""}
    page = client.post(path, {"act": "give", "zone": AUCKLAND, **typed})
    text = page.content.decode()
    assert page.status_code == 409
    assert "Wednesday 11 March" in text[text.index("refusal") : text.index("</ul>")]
    assert re.search(r'name="on-2026-03-10" value="afternoon" checked', text)
    assert 'value="10:00"' in text
    assert f"<option selected>{AUCKLAND}</option>" in text
    assert everything() == before


def test_an_unknown_zone_is_refused_in_words(client):
    _link, path = asked()
    page = client.post(path, {"act": "give", "zone": "Mars/Olympus", "on-2026-03-10": "day"})
    assert page.status_code == 409
    assert "Choose a time zone from the list." in page.content.decode()


def test_the_page_says_how_long_it_takes_and_what_happens_next(client):
    _link, path = asked()
    text = " ".join(client.get(path).content.decode().split())
    assert "Your 4 interviews take 4 hours 45 minutes in all" in text
    assert "spread over at most 2" in text
    assert "What happens next" in text


# --- offering and choosing ------------------------------------------------------------------------------------------


def test_offered_plans_are_held_for_everybody_in_them():
    loop = stories.begun_loop()
    link, _path, plans = offered(loop, hours=24)
    assert 1 < len(plans) <= 3
    assert (link.purpose, link.expires_at) == ("choose", later(hours=24, days=7))
    for plan in plans:
        wanted = {
            (person, p["starts_at"], p["ends_at"])
            for p in plan.plan["placements"]
            for _s, person in p["people"]
        }
        held = {(str(h.user_id), h.starts_at.isoformat(), h.ends_at.isoformat()) for h in plan.holds.all()}
        assert held == wanted
        first = min(dt.datetime.fromisoformat(p["starts_at"]) for p in plan.plan["placements"])
        assert {h.until for h in plan.holds.all()} == {min(later(hours=24), first - schedules.NOTICE)}
    assert verbs(loop)["loop.plans_offered"] == 1
    assert "hold the times for you until" in mails(loop.application.candidate.email)[-1]


def test_offered_plans_truly_differ():
    _link, _path, plans = offered(stories.begun_loop(days=[1, 2, 3, 4]))
    starts = [{p["block"]: p["starts_at"] for p in plan.plan["placements"]} for plan in plans]
    assert len(plans) == 3
    for one in starts:
        for two in starts:
            if one is not two:
                apart = [
                    abs(dt.datetime.fromisoformat(one[b]) - dt.datetime.fromisoformat(two[b])) for b in one
                ]
                assert max(apart) >= dt.timedelta(hours=1)


def test_plans_that_differ_only_in_people_or_minutes_are_one_choice():
    loop = stories.begun_loop(days=[1])
    plans = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    best = plans[0]
    Proposal.objects.filter(loop=loop).exclude(pk=best.pk).delete()
    Proposal.objects.create(
        loop=loop, rank=2, plan=best.plan, status="offered", status_at=NOW, created_at=NOW
    )
    _link, _path, held = offered(loop)
    assert held == [best]


def test_plans_on_offer_are_taken_when_they_still_hold():
    loop = stories.begun_loop()
    plans = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    _link, _path, held = offered(loop)
    assert {plan.pk for plan in held} <= {plan.pk for plan in plans}
    assert verbs(loop)["loop.planned"] == 1


def test_plans_that_do_not_hold_any_more_are_not_offered():
    loop = stories.begun_loop()
    plans = schedules.propose(loop, by=stories.recruiter(), at=NOW)
    everybody = {person for plan in plans for p in plan.plan["placements"] for _s, person in p["people"]}
    for person in Interviewer.objects.filter(user__in=everybody):
        BusyTime.objects.create(interviewer=person, starts_at=utc(3, 0), ends_at=utc(4, 0))
    _link, _path, held = offered(loop)
    first = min(dt.datetime.fromisoformat(p["starts_at"]) for plan in held for p in plan.plan["placements"])
    assert first >= utc(4, 0)


def test_offering_explains_when_nothing_fits():
    loop = stories.begun_loop()
    BusyTime.objects.bulk_create(
        BusyTime(interviewer=person, starts_at=utc(2, 0), ends_at=utc(7, 0))
        for person in Interviewer.objects.all()
    )
    answer = selfservice.offer_plans(loop, by=stories.recruiter(), at=NOW)
    assert isinstance(answer, Explanation)
    assert CandidateLink.objects.count() == Hold.objects.count() == Delivery.objects.count() == 0


def test_offering_refuses_when_every_window_has_passed():
    loop = stories.begun_loop()
    schedules.propose(loop, by=stories.recruiter(), at=NOW)
    with pytest.raises(Refused) as no:
        selfservice.offer_plans(loop, by=stories.recruiter(), at=later(days=5))
    assert no.value.code == "no_windows"
    assert CandidateLink.objects.count() == Hold.objects.count() == 0


def scarce(count: int = 2, **window) -> list[Loop]:
    """Loops for one opening with exactly one interviewer for each seat: every plan needs all of them."""
    opening = stories.opening()
    stories.interviewer(of=opening.edition, user=stories.hiring_manager(opening), max_per_day=3)
    for block in ("platform_coding", "ml_system_design", "project_deep_dive", "partnership"):
        stories.interviewer(block, of=opening.edition, max_per_day=3)
    return [stories.begun_loop(opening, **window) for _ in range(count)]


def taken(plan: Proposal) -> list[tuple[str, dt.datetime, dt.datetime]]:
    return [
        (person, dt.datetime.fromisoformat(p["starts_at"]), dt.datetime.fromisoformat(p["ends_at"]))
        for p in plan.plan["placements"]
        for _seat, person in p["people"]
    ]


def clash(one: Proposal, two: Proposal) -> bool:
    return any(p == q and s < f and t < e for p, s, e in taken(one) for q, t, f in taken(two))


def test_held_plans_take_their_people_from_another_loop_until_they_expire():
    first, second = scarce(days=[1])
    best = schedules.propose(second, by=stories.recruiter(), at=NOW)[0]
    _link, _path, held = offered(first, hours=6)
    assert clash(best, held[0])
    found = schedules.propose(second, by=stories.recruiter(), at=later(hours=1))
    plans = found if isinstance(found, list) else []
    assert not any(clash(mine, theirs) for mine in plans for theirs in held)
    again = schedules.propose(second, by=stories.recruiter(), at=later(hours=6))
    assert isinstance(again, list)
    assert taken(again[0]) == taken(best)


def test_a_plan_made_before_another_was_held_cannot_be_booked_over_it():
    first, second = scarce(days=[1])
    best = schedules.propose(second, by=stories.recruiter(), at=NOW)[0]
    _link, _path, held = offered(first)
    assert clash(best, held[0])
    with pytest.raises(Refused) as no:
        schedules.confirm(best, by=stories.recruiter(), at=NOW)
    assert no.value.code == "stale_plan"
    assert Seat.objects.count() == 0


def test_of_the_plans_one_loop_holds_one_a_week_counts_in_a_persons_limits():
    first, second = scarce(days=[1, 2, 3, 4])
    Interviewer.objects.update(max_per_day=2, max_per_week=2)
    _link, _path, held = offered(first)
    assert len(held) == 3
    plans = schedules.propose(second, by=stories.recruiter(), at=NOW)
    assert isinstance(plans, list)  # counted thrice, nobody would have room for a second loop
    Interviewer.objects.update(max_per_day=1, max_per_week=1)
    assert isinstance(schedules.propose(second, by=stories.recruiter(), at=NOW), Explanation)


def test_choosing_books_the_plan_and_releases_the_others():
    loop = stories.begun_loop()
    link, _path, plans = offered(loop)
    assert selfservice.choose(link, proposal=plans[-1], at=later(hours=1)) == loop
    loop.refresh_from_db()
    plans[-1].refresh_from_db()
    assert (loop.status, plans[-1].status) == ("confirmed", "confirmed")
    assert Hold.objects.count() == 0
    starts = {i.block: i.starts_at.isoformat() for i in loop.interviews.all()}
    assert starts == {p["block"]: p["starts_at"] for p in plans[-1].plan["placements"]}
    event = Event.objects.get(verb="loop.plan_chosen")
    assert event.actor == users.SYSTEM_ID
    assert event.data == {"candidate": str(loop.application.candidate_id), "proposal": str(plans[-1].pk)}


def test_choosing_twice_books_once():
    loop = stories.begun_loop()
    link, _path, plans = offered(loop)
    stale = Proposal.objects.get(pk=plans[0].pk)
    selfservice.choose(link, proposal=plans[0], at=NOW)
    before = everything()
    selfservice.choose(link, proposal=stale, at=later(seconds=1))
    assert everything() == before
    with pytest.raises(Refused) as no:
        selfservice.choose(link, proposal=plans[1], at=later(seconds=2))
    assert no.value.code == "booked_already"
    assert everything() == before


def test_two_candidates_who_share_a_person_one_books_and_the_other_gets_new_plans(client):
    one, two = scarce(days=[1, 2])
    first_link, _path, first_plans = offered(one)
    # As if both had been offered in the same instant: each holds the same people at the same time.
    Hold.objects.all().delete()
    second_link, second_path, second_plans = offered(two)
    assert clash(first_plans[0], second_plans[0])
    theirs = list(Hold.objects.all())
    Hold.objects.all().delete()
    Hold.objects.bulk_create(
        Hold(proposal=p, user_id=u, starts_at=s, ends_at=e, until=later(hours=48), created_at=NOW)
        for p in first_plans
        for u, s, e in taken(p)
    )
    assert selfservice.choose(first_link, proposal=first_plans[0], at=NOW) == one
    Hold.objects.bulk_create(theirs)
    page = client.post(second_path, {"plan": str(second_plans[0].pk)})
    text = page.content.decode()
    assert page.status_code == 409
    assert "somebody you would have met was booked a moment ago" in text
    assert "Here are other plans, which we hold for you now." in text
    two.refresh_from_db()
    assert two.status == "waiting"
    fresh = Proposal.objects.filter(loop=two, status="offered", holds__isnull=False).distinct()
    assert fresh.count() == len(re.findall(r'name="plan"', text)) > 0
    assert not any(clash(plan, first_plans[0]) for plan in fresh)
    assert selfservice.choose(second_link, proposal=fresh[0], at=NOW) == two
    seats = Seat.objects.live().order_by("user_id", "blocked_from")
    assert not [1 for a, b in pairwise(seats) if a.user_id == b.user_id and b.blocked_from < a.blocked_until]


def test_a_lost_plan_and_nothing_else_is_said_and_told_to_the_recruiter(client):
    loop = stories.begun_loop()
    _link, path, plans = offered(loop)
    BusyTime.objects.bulk_create(
        BusyTime(interviewer=person, starts_at=utc(2, 0), ends_at=utc(7, 0))
        for person in Interviewer.objects.all()
    )
    page = client.post(path, {"plan": str(plans[0].pk)})
    assert page.status_code == 409
    assert "Nothing else fits the times you gave." in page.content.decode()
    assert [text.splitlines()[0] for text in mailed_to_recruiter()] == [
        f"A chosen plan was lost: {loop.application.candidate.name}"
    ]
    assert Hold.objects.count() == Interview.objects.count() == 0


def test_a_plan_of_another_loop_cannot_be_chosen(client):
    one, two = stories.begun_loop(), stories.begun_loop(stories.opening())
    link, path, _plans = offered(one)
    _other, _path, theirs = offered(two)
    before = everything()
    with pytest.raises(Refused) as no:
        selfservice.choose(link, proposal=theirs[0], at=NOW)
    assert no.value.code == "not_yours"
    for plan in (str(theirs[0].pk), "nonsense", ""):
        page = client.post(path, {"plan": plan})
        assert page.status_code == 409
        assert "Choose one of the plans below." in page.content.decode()
    assert everything() == before


def test_a_plan_that_is_not_held_any_more_cannot_be_chosen(client, monkeypatch):
    loop = stories.begun_loop()
    link, path, plans = offered(loop, hours=5)
    before = everything()
    with pytest.raises(Refused) as no:
        selfservice.choose(link, proposal=plans[0], at=later(hours=5))
    assert no.value.code == "not_held"
    assert everything() == before
    monkeypatch.setattr(candidate_pages.timezone, "now", lambda: later(hours=5))
    page = client.get(path).content.decode()
    assert "We do not hold any times for you at the moment" in page
    assert 'name="plan"' not in page


def test_expired_holds_are_released_and_the_recruiter_is_told_once(system):
    loop = stories.begun_loop()
    _link, _path, plans = offered(loop, hours=5)
    assert selfservice.expire_holds(by=system, at=later(hours=5, seconds=-1)) == 0
    assert Hold.objects.count() > 0
    assert selfservice.expire_holds(by=system, at=later(hours=5)) == len(plans)
    assert selfservice.expire_holds(by=system, at=later(hours=6)) == 0
    assert Hold.objects.count() == 0
    assert {p.status for p in Proposal.objects.filter(pk__in=[p.pk for p in plans])} == {"stale"}
    assert verbs(loop)["loop.offer_expired"] == 1
    assert [text.splitlines()[0] for text in mailed_to_recruiter()] == [
        f"No plan was chosen: {loop.application.candidate.name}"
    ]


def test_the_recruiter_is_told_when_the_last_plan_is_released_not_the_first(system):
    loop = stories.begun_loop()
    offered(loop, hours=48)
    untils = sorted({h.until for h in Hold.objects.all()})
    assert len(untils) > 1  # a plan for tomorrow cannot be held for two days
    assert selfservice.expire_holds(by=system, at=untils[0]) >= 1
    assert verbs(loop)["loop.offer_expired"] == len(mailed_to_recruiter()) == 0
    selfservice.expire_holds(by=system, at=untils[-1])
    assert verbs(loop)["loop.offer_expired"] == len(mailed_to_recruiter()) == 1


def test_the_timetable_releases_holds():
    offered(hours=5)
    run = clock.run("expire-holds", at=later(hours=6))
    assert (run.error, run.found, Hold.objects.count()) == ("", 3, 0)


def test_a_repair_can_be_chosen_too():
    loop = stories.confirmed_loop()
    seat = next(s for s in stories.seats(loop) if s.key == "lead")
    schedules.decline(seat, reason="", by=seat.user, at=NOW)
    loop.refresh_from_db()
    link, _path, plans = offered(loop)
    assert selfservice.choose(link, proposal=plans[0], at=later(minutes=5)) == loop
    loop.refresh_from_db()
    assert loop.status == "confirmed"
    assert Seat.objects.live().filter(interview__loop=loop, key="lead", user=seat.user).count() == 0


def test_declining_all_plans_frees_the_people_and_tells_the_recruiter(client):
    loop = stories.begun_loop()
    link, path, plans = offered(loop)
    page = client.post(path, {"act": "none", "note": "I travel that week.\nThe week after?"})
    assert page.status_code == 302
    assert Hold.objects.count() == 0
    # They stay on offer to the recruiter: otherwise the loop would be planned anew and perhaps booked at these times.
    assert {p.status for p in Proposal.objects.filter(pk__in=[p.pk for p in plans])} == {"offered"}
    assert not schedules.waiting().exists()
    link.refresh_from_db()
    assert link.note == "I travel that week.\nThe week after?"
    texts = mailed_to_recruiter()
    assert len(texts) == 1
    assert "I travel that week.\nThe week after?" in texts[0]
    event = Event.objects.get(verb="loop.plans_declined")
    assert event.data == {"candidate": str(loop.application.candidate_id)}
    before = everything()
    client.post(path, {"act": "none", "note": "I travel that week.\nThe week after?"})
    assert everything() == before
    assert "will write to you" in client.get(path).content.decode()


def test_a_booked_loop_cannot_be_declined():
    link, _path, plans = offered()
    selfservice.choose(link, proposal=plans[0], at=NOW)
    before = everything()
    with pytest.raises(Refused) as no:
        selfservice.decline_plans(link, note="", at=NOW)
    assert no.value.code == "booked_already"
    assert everything() == before


# --- what is booked -------------------------------------------------------------------------------------------------


def test_the_manage_link_lives_a_week_beyond_the_last_interview():
    loop = stories.confirmed_loop()
    link, _path = managed(loop)
    assert link.expires_at == max(i.ends_at for i in loop.interviews.all()) + dt.timedelta(days=7)


def test_asking_for_other_times_moves_nothing_and_tells_the_recruiter(client, monkeypatch):
    loop = stories.confirmed_loop()
    link, path = managed(loop)
    seats = sorted(Seat.objects.live().values_list("pk", "blocked_from"))
    assert client.post(path, {"act": "reschedule", "reason": "A funeral. Next week?"}).status_code == 302
    loop.refresh_from_db()
    assert loop.status == "confirmed"
    assert sorted(Seat.objects.live().values_list("pk", "blocked_from")) == seats
    link.refresh_from_db()
    assert (link.note, link.last_used_at) == ("A funeral. Next week?", NOW)
    assert len(mailed_to_recruiter()) == 1
    assert "A funeral. Next week?" in mailed_to_recruiter()[0]
    event = Event.objects.get(verb="loop.reschedule_asked")
    assert event.data == {"candidate": str(loop.application.candidate_id)}
    before = everything()
    client.post(path, {"act": "reschedule", "reason": "A funeral. Next week?"})
    assert everything() == before
    assert "You asked for other times on Monday 2 March, 09:00." in client.get(path).content.decode()
    monkeypatch.setattr(candidate_pages.timezone, "now", lambda: later(hours=1))
    client.post(path, {"act": "reschedule", "reason": "Or the week after."})
    assert [("Or the week after." in text) for text in mailed_to_recruiter()] == [False, True]
    assert verbs(loop)["loop.reschedule_asked"] == 2


def test_asking_for_other_times_needs_a_reason_and_something_booked(client):
    _link, path = managed()
    before = everything()
    page = client.post(path, {"act": "reschedule", "reason": "  "})
    assert page.status_code == 409
    assert "Tell us why, and when you could come instead." in page.content.decode()
    assert everything() == before


def test_what_is_not_booked_cannot_be_moved():
    link, _path = managed(stories.begun_loop())
    before = everything()
    with pytest.raises(Refused) as no:
        selfservice.ask_reschedule(link, reason="Ill", at=NOW)
    assert no.value.code == "not_booked"
    assert everything() == before


def test_the_note_is_not_readable_in_the_database():
    link, _path = managed()
    selfservice.ask_reschedule(link, reason="I am ill", at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM interviews_candidatelink WHERE note <> ''")
        notes = [row[0] for row in cursor.fetchall()]
    assert len(notes) == 1 and notes[0] and "ill" not in notes[0]


def test_stepping_back_asks_first_then_withdraws_and_cancels_everything(client):
    loop = stories.confirmed_loop()
    _link, path = managed(loop)
    before = everything()
    assert client.get(path + "cancel/").status_code == 200
    assert everything() == before
    page = client.post(path + "cancel/", {"reason": "other_offer", "note": "Thank you all"})
    assert page.status_code == 302
    application = Application.objects.get(pk=loop.application_id)
    assert (application.status, application.withdraw_reason) == ("withdrawn", "other_offer")
    assert application.closing_note == "Thank you all"
    loop.refresh_from_db()
    assert loop.status == "cancelled"
    assert Seat.objects.live().count() == 0
    event = Event.objects.get(verb="loop.cancelled_by_candidate")
    assert event.data == {"candidate": str(application.candidate_id), "reason": "other_offer"}
    told = [text for text in mailed_to_recruiter() if text.startswith("Has withdrawn")]
    assert len(told) == 1
    assert "Thank you all" in told[0]
    after = everything()
    client.post(path + "cancel/", {"reason": "pay", "note": ""})
    assert everything() == after
    assert "You have withdrawn your application" in client.get(path).content.decode()


def test_stepping_back_needs_a_reason_and_loses_nothing(client):
    _link, path = managed()
    before = everything()
    page = client.post(path + "cancel/", {"reason": "", "note": "Because of the move"})
    assert page.status_code == 409
    assert "Choose the reason that is closest." in page.content.decode()
    assert "Because of the move" in page.content.decode()
    assert everything() == before


def test_every_reason_on_the_page_is_one_the_rule_knows():
    assert set(candidate_pages.REASONS) == set(Application.WithdrawReason)


@pytest.mark.parametrize("status", ["held", "cancelled"])
def test_nothing_can_be_done_once_the_loop_is_over(client, status):
    loop = stories.confirmed_loop()
    (availability, give_path), (manage, manage_path) = asked(loop), managed(loop)
    if status == "held":
        loops.finish_due(by=users.system(), at=stories.after(loop))
    else:
        loops.cancel(loop, by=stories.recruiter(), at=NOW)
    before = everything()
    for act in (
        lambda: selfservice.give_availability(availability, windows=stories.windows(), zone="UTC", at=NOW),
        lambda: selfservice.ask_reschedule(manage, reason="Ill", at=NOW),
        lambda: selfservice.cancel(manage, reason="personal", at=NOW),
    ):
        with pytest.raises(Refused) as no:
            act()
        assert no.value.code == "loop_over"
    sentence = {"held": "have taken place", "cancelled": "Your interviews are cancelled."}[status]
    for path in (give_path, manage_path, manage_path + "cancel/"):
        page = client.get(path).content.decode()
        assert sentence in page
        assert "<form" not in page[page.index("<main") : page.index("</main>")]
    assert client.post(manage_path + "cancel/", {"reason": "personal"}).status_code == 409
    assert everything() == before


# --- pages ----------------------------------------------------------------------------------------------------------


def test_opening_a_page_changes_nothing_and_it_is_private(client):
    loop = stories.begun_loop()
    _a, give_path = asked(loop)
    _c, choose_path, _plans = offered(loop)
    _m, manage_path = managed(stories.confirmed_loop(stories.opening()))
    for path in (give_path, choose_path, manage_path, manage_path + "cancel/"):
        before = everything()
        for page in (client.get(path), client.head(path), client.get(path, {"zone": AUCKLAND})):
            assert page.status_code == 200
            assert page["Referrer-Policy"] == "no-referrer"
            assert page["X-Robots-Tag"].startswith("noindex")
            assert "no-store" in page["Cache-Control"]
            assert not page.cookies
        assert client.put(path).status_code == client.delete(path).status_code == 405
        assert everything() == before


def test_the_buttons_work_without_cookies_and_from_a_page_without_referrer():
    # A browser sends `Origin: null` from a page with Referrer-Policy no-referrer.
    strict = Client(enforce_csrf_checks=True, headers={"Origin": "null"})
    link, path, plans = offered()
    assert strict.post(path, {"plan": str(plans[0].pk)}).status_code == 302
    link.loop.refresh_from_db()
    assert link.loop.status == "confirmed"


def test_pages_show_first_names_and_titles_and_nothing_that_is_not_theirs(client):
    secret = stories.begun_loop()  # another candidate of the same opening
    opening = secret.application.opening
    loop = stories.begun_loop(opening)
    names = {}
    for n, row in enumerate(Interviewer.objects.select_related("user")):
        row.user.name, row.user.title = f"Ada{n} Geheim{n}-Nachname", f"Staff engineer {n}"
        row.user.save()
        names[str(row.user_id)] = row.user
    link, choose_path, plans = offered(loop)
    _a, give_path = asked(loop)
    pages = {"give": client.get(give_path), "choose": client.get(choose_path)}
    selfservice.choose(link, proposal=plans[0], at=NOW)
    pages["booked"] = client.get(choose_path)
    Interview.objects.filter(loop=loop).update(meeting_url="https://meet.example.com/room-1")
    for seat in stories.seats(loop):
        stories.draft_card(seat)
    _m, manage_path = managed(loop)
    Interview.objects.filter(loop=loop).update(status="scheduled")
    pages["manage"], pages["cancel"] = client.get(manage_path), client.get(manage_path + "cancel/")
    people = [names[str(s.user_id)] for s in Seat.objects.live().filter(interview__loop=loop)]
    for name, page in pages.items():
        text = page.content.decode()
        assert "Nachname" not in text, name
        assert not [user.email for user in names.values() if user.email in text], name
        assert secret.application.candidate.name not in text, name
        assert stories.recruiter().name not in text, name
        for figure in ("300000", "380000", "300,000", "380,000", "USD"):
            assert figure not in text, name
        for word in ("Heard about", "strong_yes", "scorecard", "flag", "signal", "debrief"):
            assert word.lower() not in text.lower(), (name, word)
    for name in ("booked", "manage"):
        text = pages[name].content.decode()
        for user in people:
            assert f"{user.name.split()[0]} ({user.title})" in text, name
    assert all(
        names[person].name.split()[0] in pages["choose"].content.decode()
        for person, _s, _e in taken(plans[0])
    )
    managed_text = pages["manage"].content.decode()
    assert managed_text.count("https://meet.example.com/room-1") == 4
    assert "You will solve one practical problem" in managed_text


def test_recruiters_hear_it_and_nobody_else_of_the_team():
    loop = stories.confirmed_loop()
    opening, first = loop.application.opening, stories.recruiter()
    second = stories.person("recruiter")
    TeamMember.objects.create(opening=opening, user=second, part="recruiter")
    gone = stories.person("recruiter")
    gone.is_active = False
    gone.save()
    TeamMember.objects.create(opening=opening, user=gone, part="recruiter")
    link, _path = managed(loop)
    before = Counter(Delivery.objects.values_list("recipient", flat=True))
    selfservice.ask_reschedule(link, reason="Ill", at=NOW)
    news = Counter(Delivery.objects.values_list("recipient", flat=True)) - before
    assert news == {first.email: 1, second.email: 1}


def test_times_are_shown_in_the_candidates_zone(client):
    loop = stories.confirmed_loop()
    Candidate.objects.update(zone=AUCKLAND)
    _link, path = managed(loop)
    first = loop.interviews.order_by("starts_at")[0].starts_at
    for zone in (AUCKLAND, HONOLULU):
        here = first.astimezone(zoneinfo.ZoneInfo(zone))
        text = client.get(path, {"zone": zone} if zone != AUCKLAND else {}).content.decode()
        assert f"{here:%A} {here.day} {here:%B %Y}" in text
        assert f'<time datetime="{here.isoformat()}">{here:%H:%M}</time>' in text


def test_what_a_candidate_writes_is_shown_as_text(client):
    _link, path = managed()
    page = client.post(path + "cancel/", {"reason": "", "note": "<script>alert(1)</script>"})
    assert "<script>alert" not in page.content.decode()
    assert "&lt;script&gt;alert" in page.content.decode()


def test_a_page_is_not_asked_for_too_often(client, monkeypatch):
    _link, path = asked()
    _other, other_path = asked(stories.begun_loop(stories.opening()))
    monkeypatch.setattr(candidate_pages.time, "time", lambda: 1_800_000_000.0)
    statuses = Counter(client.get(path).status_code for _ in range(32))
    assert statuses == {200: 30, 429: 2}
    assert client.post(path, {"act": "give"}).status_code == 429
    assert client.get(path)["Retry-After"] == "60"
    assert client.get(other_path).status_code == 200
    assert client.get(path, REMOTE_ADDR="192.0.2.7").status_code == 200
    monkeypatch.setattr(candidate_pages.time, "time", lambda: 1_800_000_060.0)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("days", [[1], [1, 2, 3]])
def test_the_choose_page_needs_the_same_queries_for_one_plan_and_three(
    client, django_assert_num_queries, days
):
    loop = stories.begun_loop(days=days)
    _link, path, plans = offered(loop)
    if len(days) == 1:
        Proposal.objects.filter(loop=loop).exclude(pk=plans[0].pk).delete()
    client.get(path)
    with django_assert_num_queries(8):
        client.get(path)


def test_the_link_of_a_held_loop_opens_no_more_than_a_sentence(client):
    made = stories.debrief()
    _link, path = managed(made.loop, at=stories.after(made.loop))
    text = client.get(path).content.decode()
    assert "have taken place" in text
    assert "Heard about" not in text


def test_a_plan_with_somebody_who_paused_is_replaced(client):
    _link, path, plans = offered()
    person = Interviewer.objects.get(user=taken(plans[0])[0][0])
    interviewers.pause(person, by=stories.recruiter(), at=NOW)
    page = client.post(path, {"plan": str(plans[0].pk)})
    assert page.status_code == 409
    assert "Here are other plans" in page.content.decode()
    assert not Hold.objects.filter(user=person.user).exists()
    assert {hold.until for hold in Hold.objects.all()} <= {later(hours=24), later(hours=23)}


# --- many hands -----------------------------------------------------------------------------------------------------


def at_once(*acts) -> list[object]:
    """Do all of these in the same instant, each with a connection of its own; what came of each."""
    start, came = threading.Barrier(len(acts)), []

    def do(act) -> None:
        start.wait()
        try:
            came.append(act())
        except Refused as no:
            came.append(no.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came) == len(acts)
    return came


@pytest.mark.django_db(transaction=True)
def test_one_choice_pressed_many_times_at_once_books_once():
    loop = stories.begun_loop()
    _link, path, plans = offered(loop)

    def press():
        link = selfservice.find(token_of(path), at=NOW)
        return selfservice.choose(link, proposal=Proposal.objects.get(pk=plans[0].pk), at=NOW)

    assert at_once(*[press] * 6) == [loop] * 6
    assert verbs(loop)["loop.plan_chosen"] == verbs(loop)["loop.confirmed"] == 1
    assert Hold.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_plans_offered_to_two_candidates_at_once_share_nobody_at_one_time():
    one, two = scarce(days=[1, 2, 3])

    def offer(loop):
        return lambda: selfservice.offer_plans(Loop.objects.get(pk=loop.pk), by=stories.recruiter(), at=NOW)

    at_once(offer(one), offer(two))
    plans = [list(loop.proposals.filter(holds__isnull=False).distinct()) for loop in (one, two)]
    assert any(plans)
    assert not any(clash(mine, theirs) for mine in plans[0] for theirs in plans[1])


@pytest.mark.django_db(transaction=True)
def test_a_choice_at_the_moment_it_expires_is_booked_or_released_but_not_both():
    loop = stories.begun_loop()
    _link, path, plans = offered(loop, hours=5)
    last = later(hours=5, microseconds=-1)

    def press():
        link = selfservice.find(token_of(path), at=last)
        return selfservice.choose(link, proposal=Proposal.objects.get(pk=plans[0].pk), at=last)

    at_once(press, lambda: selfservice.expire_holds(by=users.system(), at=later(hours=5)))
    loop.refresh_from_db()
    plans[0].refresh_from_db()
    booked = loop.status == "confirmed"
    assert verbs(loop)["loop.confirmed"] == int(booked)
    assert Hold.objects.filter(until__lte=later(hours=5)).count() == 0
    assert (plans[0].status == "confirmed") is booked
    assert Seat.objects.live().exists() is booked
