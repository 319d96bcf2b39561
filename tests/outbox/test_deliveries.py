"""What leaves the house: written with the change, sent afterwards, never lost."""

import datetime as dt
import email
import email.policy
import smtplib

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, transaction

from journal.errors import Refused
from journal.models import Event
from outbox import deliveries
from outbox.deliveries import Attempt
from outbox.models import Delivery
from tests.outbox.moments import NOON, after

pytestmark = pytest.mark.django_db


def events_of(row: Delivery) -> list[str]:
    return list(Event.objects.about(row).values_list("verb", flat=True))


# --- writing -------------------------------------------------------------------------------------------


def test_mail_writes_a_row_and_sends_nothing_yet(write, ada):
    row = write()

    assert Delivery.objects.get() == row
    assert (row.channel, row.recipient, row.subject_line) == (
        "mail",
        "grace@example.test",
        "Your interviews on Thursday",
    )
    assert (row.about_type, row.about_id) == ("accounts.user", ada.pk)
    assert (row.status, row.attempts, row.due_at, row.sent_at) == ("queued", 0, NOON, None)
    assert email.message_from_bytes(row.message)["Message-ID"] == f"<{row.pk}@localhost>"
    event = Event.objects.get()
    assert (event.verb, event.actor, event.subject_id) == ("delivery.queued", ada.pk, row.pk)
    assert event.data == {"about": str(ada.pk), "channel": "mail"}
    assert mail.outbox == []


def test_mail_when_the_change_is_rolled_back_was_never_written(
    write, queue, django_capture_on_commit_callbacks
):
    with (
        django_capture_on_commit_callbacks(execute=True) as callbacks,
        pytest.raises(DatabaseError),
        transaction.atomic(),
    ):
        write()
        raise DatabaseError

    assert (Delivery.objects.count(), Event.objects.count(), callbacks) == (0, 0, [])
    assert queue.take_all() == []


def test_mail_when_the_key_is_known_returns_the_first_row(write, django_capture_on_commit_callbacks):
    first = write(key="loop.confirmed:7:3")

    with django_capture_on_commit_callbacks() as callbacks:
        second = write(key="loop.confirmed:7:3", text="Something else", at=after(hours=1))

    assert second == first
    assert bytes(Delivery.objects.get().message) == bytes(first.message)
    assert Event.objects.count() == 1
    assert callbacks == []


def test_mail_when_refused_writes_nothing(write):
    for changes in (
        {"subject": "Hello\nBcc: eve@example.test"},
        {"to": "grace@example.test\nBcc: eve@example.test"},
    ):
        with pytest.raises(Refused):
            write(**changes)

    assert (Delivery.objects.count(), Event.objects.count()) == (0, 0)


# --- waking --------------------------------------------------------------------------------------------


def test_mail_when_committed_wakes_a_worker_once(write, queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        row = write()
        write()
        assert queue.take_all() == []

    assert queue.take_all() == [("outbox.tasks.deliver", [str(row.pk)])]


# --- sending -------------------------------------------------------------------------------------------


def test_deliver_sends_the_stored_bytes_and_marks_the_row(write, sink):
    row = write()

    attempt = deliveries.deliver(row.pk, at=after(seconds=2))

    assert attempt is Attempt.SENT
    assert sink.messages == [bytes(row.message)]
    assert sink.recipients == ["grace@example.test"]
    row.refresh_from_db()
    assert (row.status, row.attempts, row.sent_at, row.lease_until) == ("sent", 1, after(seconds=2), None)
    assert events_of(row) == ["delivery.queued", "delivery.sent"]
    assert Event.objects.get(verb="delivery.sent").actor.int == 0


def test_deliver_when_already_sent_does_nothing(write, sink):
    row = write()
    deliveries.deliver(row.pk, at=NOON)

    attempt = deliveries.deliver(row.pk, at=after(days=1))

    assert attempt is Attempt.NOT_OURS
    assert len(sink.messages) == 1
    assert events_of(row) == ["delivery.queued", "delivery.sent"]


@pytest.mark.parametrize("backend", ["locmem", "console", "filebased"])
def test_deliver_by_each_backend_writes_the_same_bytes(write, settings, tmp_path, capsysbinary, backend):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    row = write()

    assert deliveries.deliver(row.pk, at=NOON) is Attempt.SENT

    if backend == "locmem":
        (letter,) = mail.outbox
        assert (letter.subject, letter.to) == ("Your interviews on Thursday", ["grace@example.test"])
        assert letter.body.startswith("Dear Grace,\n")
        written = letter.message().as_bytes()
    elif backend == "console":
        written = capsysbinary.readouterr().out
    else:
        (file,) = tmp_path.iterdir()
        written = file.read_bytes()
    assert bytes(row.message) in written


def test_deliver_before_its_time_does_nothing(write, sink):
    row = write(at=after(minutes=5))

    assert deliveries.deliver(row.pk, at=NOON) is Attempt.NOT_OURS
    assert sink.messages == []


@pytest.mark.django_db(transaction=True)
def test_deliver_inside_a_transaction_is_a_mistake_of_ours(write, sink):
    row = write()

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        deliveries.deliver(row.pk, at=NOON)

    assert sink.messages == []


# --- leases --------------------------------------------------------------------------------------------


class Interrupted(BaseEmailBackend):
    """A mail server during whose answer something else happens."""

    sent: list[bytes] = []
    meanwhile: list = []
    answer: Exception | None = None

    def send_messages(self, letters):
        self.sent.extend(letter.message().as_bytes() for letter in letters)
        answer = type(self).answer
        if self.meanwhile:
            self.meanwhile.pop()()
        if answer:
            raise answer
        return len(letters)


@pytest.fixture
def interrupted(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Interrupted"
    Interrupted.sent, Interrupted.meanwhile, Interrupted.answer = [], [], None
    return Interrupted


def test_deliver_while_another_worker_sends_it_does_nothing(write, interrupted):
    row, seen = write(), []
    interrupted.meanwhile.append(
        lambda: seen.append(deliveries.deliver(row.pk, at=NOON + deliveries.LEASE / 2))
    )

    assert deliveries.deliver(row.pk, at=NOON) is Attempt.SENT

    assert seen == [Attempt.NOT_OURS]
    assert interrupted.sent == [bytes(row.message)]


def test_deliver_when_a_lease_runs_out_while_sending_repeats_the_bytes_and_marks_once(write, interrupted):
    row, seen = write(), []
    interrupted.meanwhile.append(lambda: seen.append(deliveries.deliver(row.pk, at=NOON + deliveries.LEASE)))

    assert deliveries.deliver(row.pk, at=NOON) is Attempt.SENT

    assert seen == [Attempt.SENT]
    assert interrupted.sent == [bytes(row.message)] * 2
    assert events_of(row) == ["delivery.queued", "delivery.sent"]
    row.refresh_from_db()
    assert (row.status, row.attempts, row.sent_at) == ("sent", 2, NOON + deliveries.LEASE)


def test_deliver_when_it_fails_after_its_lease_ran_out_leaves_the_row_to_the_next_worker(write, interrupted):
    row, lease = write(), NOON + 2 * deliveries.LEASE
    interrupted.answer = smtplib.SMTPServerDisconnected("gone")
    interrupted.meanwhile.append(lambda: Delivery.objects.update(lease_until=lease, attempts=2))

    assert deliveries.deliver(row.pk, at=NOON) is Attempt.FAILED

    row.refresh_from_db()
    assert (row.status, row.attempts, row.lease_until, row.due_at, row.last_error) == (
        "queued",
        2,
        lease,
        NOON,
        "",
    )


def test_deliver_when_every_worker_died_of_it_parks_it(write, sink):
    row = write()
    Delivery.objects.update(attempts=deliveries.MAX_ATTEMPTS, lease_until=NOON)

    assert deliveries.deliver(row.pk, at=NOON) is Attempt.FAILED

    row.refresh_from_db()
    assert row.status == "parked"
    assert row.last_error == "The worker ended during every attempt to send this."
    assert sink.messages == []


# --- threads -------------------------------------------------------------------------------------------


def test_deliver_when_a_newer_one_was_written_never_sends_the_older(write, sink):
    older = write(key="1", thread="invitation:7", text="At ten")
    newer = write(key="2", thread="invitation:7", text="At eleven", at=after(seconds=1))

    assert deliveries.sweep(at=after(minutes=1)) == 1

    older.refresh_from_db()
    assert (older.status, older.attempts) == ("superseded", 0)
    assert events_of(older) == ["delivery.queued", "delivery.superseded"]
    assert sink.messages == [bytes(newer.message)]


def test_deliver_when_an_older_one_is_on_the_wire_waits_for_it(write, interrupted):
    older, seen = write(key="1", thread="invitation:7", text="At ten"), []

    def another_worker() -> None:
        newer = write(key="2", thread="invitation:7", text="At eleven", at=after(seconds=1))
        seen.append((newer, deliveries.deliver(newer.pk, at=after(seconds=1))))

    interrupted.meanwhile.append(another_worker)
    assert deliveries.deliver(older.pk, at=NOON) is Attempt.SENT

    ((newer, attempt),) = seen
    assert attempt is Attempt.NOT_OURS
    newer.refresh_from_db()
    assert newer.due_at == NOON + deliveries.LEASE
    assert deliveries.deliver(newer.pk, at=newer.due_at) is Attempt.SENT
    assert interrupted.sent == [bytes(older.message), bytes(newer.message)]


def test_send_again_when_a_newer_one_has_left_sends_nothing(write, sink, ada):
    sink.refusals["grace@example.test"] = "550 No such mailbox"
    older = write(key="1", thread="invitation:7")
    deliveries.deliver(older.pk, at=NOON)
    sink.refusals.clear()
    newer = write(key="2", thread="invitation:7", at=after(hours=1))
    deliveries.deliver(newer.pk, at=after(hours=1))
    older.refresh_from_db()

    deliveries.send_again(older, by=ada, at=after(hours=2))
    assert deliveries.deliver(older.pk, at=after(hours=2)) is Attempt.NOT_OURS

    older.refresh_from_db()
    assert older.status == "superseded"
    assert sink.messages == [bytes(newer.message)]


def test_deliver_messages_of_other_threads_and_of_none_leave_each_other_alone(write, sink):
    for key, thread in (("1", "invitation:7"), ("2", "invitation:8"), ("3", ""), ("4", "")):
        write(key=key, thread=thread)

    assert deliveries.sweep(at=NOON) == 4


# --- failing -------------------------------------------------------------------------------------------


def test_deliver_when_the_mail_server_is_away_waits_longer_each_time_and_parks_at_last(write, no_mail_server):
    row, at, waits = write(), NOON, []

    for attempt in range(1, 9):
        assert deliveries.deliver(row.pk, at=at) is Attempt.FAILED
        row.refresh_from_db()
        assert (row.attempts, row.lease_until) == (attempt, None)
        assert row.last_error.startswith("ConnectionRefusedError: ")
        waits.append((row.due_at - at).total_seconds())
        assert deliveries.deliver(row.pk, at=row.due_at - dt.timedelta(seconds=1)) is Attempt.NOT_OURS
        at = row.due_at

    assert waits[:7] == [30, 90, 270, 810, 2430, 7290, 21600]
    assert row.status == "parked"
    assert events_of(row) == ["delivery.queued", "delivery.parked"]
    parked = Event.objects.get(verb="delivery.parked")
    assert parked.actor.int == 0
    assert parked.data == {"from": "queued", "to": "parked", "attempts": 8}
    assert deliveries.deliver(row.pk, at=after(days=9)) is Attempt.NOT_OURS


def test_deliver_when_the_recipient_is_unknown_parks_at_once(write, sink):
    sink.refusals["grace@example.test"] = "550 No such mailbox"
    row = write()

    assert deliveries.deliver(row.pk, at=NOON) is Attempt.FAILED

    row.refresh_from_db()
    assert (row.status, row.attempts) == ("parked", 1)
    assert "No such mailbox" in row.last_error


def test_deliver_when_the_mailbox_is_busy_tries_again(write, sink):
    sink.refusals["grace@example.test"] = "450 Greylisted, come back later"
    row = write()
    assert deliveries.deliver(row.pk, at=NOON) is Attempt.FAILED
    sink.refusals.clear()

    assert deliveries.deliver(row.pk, at=after(seconds=30)) is Attempt.SENT

    assert sink.messages == [bytes(row.message)]


# --- sweeping ------------------------------------------------------------------------------------------


def test_sweep_sends_everything_due_oldest_first(write, sink):
    later = write(key="later", to="later@example.test", at=after(minutes=1))
    write(key="sooner", to="sooner@example.test")
    not_yet = write(key="not yet", at=after(hours=1))

    assert deliveries.sweep(at=after(minutes=2)) == 2

    assert sink.recipients == ["sooner@example.test", "later@example.test"]
    later.refresh_from_db()
    not_yet.refresh_from_db()
    assert (later.status, not_yet.status, not_yet.attempts) == ("sent", "queued", 0)
    assert deliveries.sweep(at=after(minutes=2)) == 0


def test_sweep_sends_at_most_so_many(write, sink):
    for number in range(3):
        write(key=str(number))

    assert deliveries.sweep(at=NOON, limit=2) == 2
    assert len(sink.messages) == 2


def test_sweep_when_one_address_is_wrong_goes_on(write, sink):
    sink.refusals["nobody@example.test"] = "550 No such mailbox"
    for number in range(5):
        write(key=str(number), to="nobody@example.test" if number % 2 == 0 else "grace@example.test")

    assert deliveries.sweep(at=NOON) == 2


def test_sweep_when_the_mail_server_is_away_stops_after_three(write, no_mail_server):
    for number in range(5):
        write(key=str(number))

    assert deliveries.sweep(at=NOON) == 0

    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1, 1, 1]


# --- once more -----------------------------------------------------------------------------------------


def test_send_again_when_parked_gives_a_new_round_with_the_same_bytes(
    write, sink, ada, queue, django_capture_on_commit_callbacks
):
    sink.refusals["grace@example.test"] = "550 No such mailbox"
    row = write()
    deliveries.deliver(row.pk, at=NOON)
    row.refresh_from_db()
    sink.refusals.clear()

    with django_capture_on_commit_callbacks(execute=True):
        deliveries.send_again(row, by=ada, at=after(days=1))

    assert queue.take_all() == [("outbox.tasks.deliver", [str(row.pk)])]
    row.refresh_from_db()
    assert (row.status, row.attempts, row.due_at) == ("queued", 0, after(days=1))
    assert Event.objects.get(verb="delivery.sent_again").actor == ada.pk
    assert deliveries.deliver(row.pk, at=after(days=1)) is Attempt.SENT
    assert sink.messages == [bytes(row.message)]


@pytest.mark.parametrize("status", ["queued", "sent"])
def test_send_again_when_not_parked_is_refused(write, sink, ada, status):
    row = write()
    if status == "sent":
        deliveries.deliver(row.pk, at=NOON)
    row.refresh_from_db()
    before = (events_of(row), row.status, row.attempts, row.due_at)

    with pytest.raises(Refused) as no:
        deliveries.send_again(row, by=ada, at=after(days=1))

    words = {"queued": "waiting", "sent": "sent"}[status]
    assert no.value.message == f"This message is {words}. Only a parked message can be sent again."
    row.refresh_from_db()
    assert (events_of(row), row.status, row.attempts, row.due_at) == before
