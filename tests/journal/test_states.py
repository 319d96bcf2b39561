import threading

import pytest
from django.db import connection, transaction

from candidates.models import Application
from hiring.models import Opening
from journal import events, states
from journal.errors import Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db


def test_move_changes_the_status_and_records_who_did_it(system):
    opening = stories.draft_opening()
    event = states.move(opening, "closed", verb="opening.closed", by=system, at=NOW, data={"why": 3})
    opening.refresh_from_db()
    assert (opening.status, opening.status_at) == ("closed", NOW)
    assert (event.verb, event.actor, event.subject_id) == ("opening.closed", system.pk, opening.pk)
    assert event.data == {"from": "draft", "to": "closed", "why": 3}


def test_move_refuses_what_the_table_does_not_list(system):
    opening = stories.draft_opening()
    before = Event.objects.count()
    with pytest.raises(Refused, match="This opening is draft, so it cannot become filled"):
        states.move(opening, "filled", verb="opening.filled", by=system, at=NOW)
    opening.refresh_from_db()
    assert opening.status == "draft"
    assert Event.objects.count() == before


def test_move_refuses_the_second_of_two_people(system):
    mine = stories.draft_opening()
    yours = Opening.objects.get(pk=mine.pk)
    states.move(mine, "closed", verb="opening.closed", by=system, at=NOW)
    with pytest.raises(
        Refused, match="Somebody else changed this opening first: it is now closed"
    ) as refusal:
        states.move(yours, "open", verb="opening.approved", by=system, at=NOW)
    assert refusal.value.code == "changed_meanwhile"
    assert yours.status == "draft"
    assert Event.objects.filter(verb="opening.approved", subject_id=mine.pk).count() == 0


@pytest.mark.django_db(transaction=True)
def test_move_lets_exactly_one_of_eight_win(system):
    opening = stories.draft_opening()
    won, lost = [], []

    def attempt() -> None:
        mine = Opening.objects.get(pk=opening.pk)
        start.wait()
        try:
            states.move(mine, "closed", verb="opening.closed", by=system, at=NOW)
            won.append(1)
        except Refused as no:
            lost.append(no.code)
        finally:
            connection.close()

    start = threading.Barrier(8)
    threads = [threading.Thread(target=attempt) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (len(won), lost) == (1, ["changed_meanwhile"] * 7)
    assert Event.objects.filter(verb="opening.closed").count() == 1


def test_a_consequence_has_its_cause_and_falls_with_it():
    application = stories.confirmed_loop().application
    with transaction.atomic():
        event = states.move(
            application,
            Application.Status.WITHDRAWN,
            verb="application.withdrawn",
            by=stories.recruiter(),
            at=NOW,
        )
    cancelled = Event.objects.get(verb="loop.cancelled")
    assert cancelled.cause == event
    assert Event.objects.filter(verb="interview.cancelled").count() == 4
    assert set(Event.objects.filter(verb="interview.cancelled").values_list("cause", flat=True)) == {event.pk}


def test_a_failing_consequence_undoes_the_change(monkeypatch, system):
    opening = stories.draft_opening()

    def fail(event: Event) -> None:
        raise Refused("The consequence says no.")

    monkeypatch.setattr(events, "_wiring", lambda: {"opening.closed": [fail]})
    before = Event.objects.count()
    with pytest.raises(Refused, match="The consequence says no"):
        states.move(opening, "closed", verb="opening.closed", by=system, at=NOW)
    assert opening.status == "draft"
    opening.refresh_from_db()
    assert opening.status == "draft"
    assert Event.objects.count() == before


def test_events_cannot_be_changed_or_deleted(system):
    stories.draft_opening()
    event = Event.objects.first()
    for change in (
        event.save,
        event.delete,
        Event.objects.all().delete,
        lambda: Event.objects.update(verb="x"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_a_mistake(system):
    opening = stories.draft_opening()
    with pytest.raises(RuntimeError, match="inside the transaction"):
        events.record("opening.looked_at", opening, by=system, at=NOW)


def test_event_data_hold_no_names_or_free_text():
    """A whole hire: no event may hold any name, address or sentence that somebody wrote."""
    offer = stories.drafted_offer()
    candidate = offer.application.candidate
    texts = [candidate.name, candidate.email, "Heard about", "drift alert", "On balance", "we know better"]
    for event in Event.objects.all():
        for text in texts:
            assert text.lower() not in str(event.data).lower(), (event.verb, event.data)
