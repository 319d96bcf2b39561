"""What leaves the house: written with the change it tells about, sent afterwards, never lost.

Note [At least once]
A delivery is a row of the business transaction, so it exists exactly when the change
does. A worker claims it by lease, sends it outside any transaction and marks it. A crash between sending
and marking means that it is sent again when the lease has run out: the same bytes, the same Message-ID.
Lost is impossible; sent twice is possible, rare and harmless. Celery only makes it quick (docs/adr/0003).

Note [Newest in its thread]
Versions of one thing for one person (a calendar event, say) are a thread. When a newer version has been written, an older
one that still waits is overtaken and never sent; a newer one waits while an older is on the wire. So whatever arrives
last is the newest.
"""

import contextlib
import datetime as dt
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.utils.module_loading import import_string

from journal import events, states
from journal.errors import Refused
from outbox import messages, wakeups
from outbox.models import Delivery

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
# Waits of 30 s, 90 s, 4.5 min, 13.5 min, 40 min, 2 h and 6 h: a mail server may be away for nine hours.
FIRST_WAIT = dt.timedelta(seconds=30)
LONGEST_WAIT = dt.timedelta(hours=6)
# Longer than the mail server may take over all its answers (EMAIL_TIMEOUT each): who held a lease that ran out is dead.
LEASE = dt.timedelta(seconds=90)
# A sweep ends well before that limit, and stops early when the channel seems to be down.
SWEEP_BUDGET = dt.timedelta(minutes=1)
FAILURES_IN_A_ROW = 3


@dataclass(frozen=True)
class _Actor:
    pk: uuid.UUID


# The product itself, the actor of what happens by the clock. (Its row lives in a room above.)
SYSTEM = _Actor(uuid.UUID(int=0))


class Undeliverable(Exception):
    """A carrier's word that trying again is pointless: the row is parked at once, with this sentence."""


class Later(Exception):
    """A carrier's word that the recipient's server asks for a pause of so many seconds before the next try."""

    def __init__(self, sentence: str, *, seconds: float) -> None:
        super().__init__(sentence)
        self.pause = dt.timedelta(seconds=seconds)


# Hands a row's bytes to its recipient, outside any transaction; raises when that failed. Those of channels beyond mail
# live in the rooms that know the protocols: settings.OUTBOX_CARRIERS names a mapping of channel -> carrier.
Carrier = Callable[[Delivery, dt.datetime], None]


class Attempt(StrEnum):
    """What became of one try."""

    SENT = "sent"
    FAILED = "failed"
    NOT_OURS = "not ours"  # not due, or another worker has it


@transaction.atomic
def mail(
    *,
    to: str,
    subject: str,
    text: str,
    key: str,
    about: models.Model,
    by: events.Actor,
    at: dt.datetime,
    html: str = "",
    calendar: bytes | None = None,
    thread: str = "",
    not_before: dt.datetime | None = None,
) -> Delivery:
    """Write an e-mail that leaves once the change it tells about is committed, or later (`not_before`).

    `key` names the message for ever: a second call with it returns the first row and writes nothing, so a
    rule that runs twice sends once. `about` is the thing it tells about; `calendar` an iCalendar object
    with a METHOD; `thread` names what this is a version of (see Note [Newest in its thread]): whoever writes to a
    thread holds a lock on what it is about.

    Refuses an address that is not one plain mailbox, and a subject that is not one line.
    """
    existing = Delivery.objects.filter(key=key).first()
    if existing is not None:
        return existing
    row_id = uuid.uuid4()
    message = messages.compose(
        message_id=row_id, to=to, subject=subject, text=text, html=html, calendar=calendar, at=at
    )
    return write(
        Delivery.Channel.MAIL, message, to=to, subject=subject, key=key, about=about, by=by, at=at,
        thread=thread, row_id=row_id, not_before=not_before,
    )  # fmt: skip


@transaction.atomic
def write(
    channel: Delivery.Channel,
    message: bytes,
    *,
    to: str,
    subject: str,
    key: str,
    about: models.Model,
    by: events.Actor,
    at: dt.datetime,
    thread: str = "",
    row_id: uuid.UUID | None = None,
    not_before: dt.datetime | None = None,
) -> Delivery:
    """Write finished bytes that leave through a channel of another room, on the terms of `mail`.

    `to` and `subject` tell a person what it is; the channel's carrier finds its way by the thread.
    """
    row, made = Delivery.objects.get_or_create(
        key=key,
        defaults={
            "id": row_id or uuid.uuid4(),
            "channel": channel,
            "recipient": to,
            "subject_line": subject[:200],
            "message": message,
            "thread": thread,
            "turn": Delivery.objects.filter(thread=thread).count() if thread else 0,
            "about_type": about._meta.label_lower,
            "about_id": about.pk,
            "created_at": at,
            "status_at": at,
            "due_at": not_before or at,
        },
    )
    if made:
        events.record("delivery.queued", row, by=by, at=at, data={"about": about.pk, "channel": row.channel})
        wakeups.on_commit("outbox.tasks.deliver", row.pk)
    return row


def deliver(row_id: uuid.UUID, *, at: dt.datetime) -> Attempt:
    """Send one delivery now, if it is due and nobody else is at it.

    Of any number of workers that call this for one row at once, one sends. A failure is written on the row,
    which waits longer each time; after eight attempts, or when the recipient's server refuses for good, the row
    is parked for a person to look at. See Note [At least once].
    """
    with _alone(row_id) as alone:
        return _deliver(row_id, at=at) if alone else Attempt.NOT_OURS


@contextlib.contextmanager
def _alone(row_id: uuid.UUID) -> Iterator[bool]:
    """Whether no other worker is at this row just now, by a lock of the connection: it ends with its holder.

    A lease alone is read by each machine's own clock; with two clocks further apart than a lease, both would send.
    (SQLite lives on one machine, with one clock.)
    """
    if connection.vendor != "postgresql":
        yield True
        return
    key = int.from_bytes(row_id.bytes[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        # A connection that is gone has let the lock go by itself.
        if alone:
            with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _deliver(row_id: uuid.UUID, *, at: dt.datetime) -> Attempt:
    # Durable, so never inside another transaction: everybody sees the claim before the message leaves, and
    # nobody waits for a mail server with the database locked.
    with transaction.atomic(durable=True):
        if not _may_go(row_id, at=at):
            return Attempt.NOT_OURS
        claimed = (
            Delivery.objects.due(at)
            .filter(pk=row_id)
            .update(lease_until=at + LEASE, attempts=models.F("attempts") + 1)
        )
        if not claimed:
            return Attempt.NOT_OURS
        row = Delivery.objects.get(pk=row_id)
    if row.attempts > MAX_ATTEMPTS:
        # No failure was written: each attempt took its worker down with it.
        return _failed(row, "The worker ended during every attempt to send this.", last=True, at=at)
    try:
        _carry(row, at)
    except Undeliverable as no:
        return _failed(row, str(no), last=True, at=at)
    except Later as asked:
        return _failed(row, str(asked), last=row.attempts >= MAX_ATTEMPTS, at=at, pause=asked.pause)
    except Exception as error:  # whatever it was, the row remembers it and the worker lives on
        last = row.attempts >= MAX_ATTEMPTS or messages.is_final(error)
        return _failed(row, f"{type(error).__name__}: {error}", last=last, at=at)
    return _sent(row, at=at)


def _carry(row: Delivery, at: dt.datetime) -> None:
    if row.channel == Delivery.Channel.MAIL:
        messages.transmit(bytes(row.message), to=row.recipient)
    else:
        cast(Mapping[str, Carrier], import_string(settings.OUTBOX_CARRIERS))[row.channel](row, at)


def _may_go(row_id: uuid.UUID, *, at: dt.datetime) -> bool:
    """Whether this is the newest of its thread and no older one is on the wire. See Note [Newest in its thread]."""
    row = Delivery.objects.filter(pk=row_id).only("thread", "turn").first()
    if row is None or not row.thread:
        return True
    # Locked in order, so that of two workers at one thread the second sees what the first has claimed.
    waiting = Delivery.objects.select_for_update().filter(thread=row.thread, status=Delivery.Status.QUEUED)
    older = [other for other in waiting.order_by("turn") if other.turn < row.turn]
    if Delivery.objects.filter(thread=row.thread, turn__gt=row.turn).exists():
        overtaken = Delivery.objects.due(at).filter(pk=row_id).first()
        if overtaken:
            states.move(
                overtaken,
                Delivery.Status.SUPERSEDED,
                verb="delivery.superseded",
                by=SYSTEM,
                at=at,
                lease_until=None,
            )
        return False
    on_the_wire = [other.lease_until for other in older if other.lease_until and other.lease_until > at]
    if on_the_wire:
        Delivery.objects.filter(pk=row_id).update(due_at=max(on_the_wire))
    return not on_the_wire


def sweep(*, at: dt.datetime, limit: int = 200) -> int:
    """Deliver everything that is due, oldest first, and return how many were sent.

    This is what makes a lost wake-up cost seconds instead of the message. After three failures in a row the
    rest of that channel waits for the next sweep: the mail server, say, is probably away, and every try would hold a
    worker up.
    """
    started = time.monotonic()
    sent = 0
    failures: Counter[str] = Counter()
    for row_id, channel in Delivery.objects.due(at).order_by("due_at").values_list("pk", "channel")[:limit]:
        if failures[channel] == FAILURES_IN_A_ROW:
            continue
        passed = dt.timedelta(seconds=time.monotonic() - started)
        if passed > SWEEP_BUDGET:
            break
        attempt = deliver(row_id, at=at + passed)
        sent += attempt is Attempt.SENT
        failures[channel] = failures[channel] + 1 if attempt is Attempt.FAILED else 0
    return sent


@transaction.atomic
def send_again(row: Delivery, *, by: events.Actor, at: dt.datetime) -> None:
    """Give a parked message a new round of attempts, with the bytes it always had.

    Whether `by` may do this is asked at the door (the admin action checks `May.SEND_AGAIN`): roles live in a
    room above this one.

    Refuses a message that is not parked.
    """
    if row.status != Delivery.Status.PARKED:
        raise Refused(
            f"This message is {states.label(Delivery, row.status)}. Only a parked message can be sent again.",
            code="wrong_status",
        )
    states.move(row, Delivery.Status.QUEUED, verb="delivery.sent_again", by=by, at=at, attempts=0, due_at=at)
    wakeups.on_commit("outbox.tasks.deliver", row.pk)


def wait_after(attempts: int) -> dt.timedelta:
    """How long a message rests after so many failed attempts."""
    wait: dt.timedelta = FIRST_WAIT * 3 ** (attempts - 1)
    return min(wait, LONGEST_WAIT)


def _sent(row: Delivery, *, at: dt.datetime) -> Attempt:
    try:
        states.move(
            row,
            Delivery.Status.SENT,
            verb="delivery.sent",
            by=SYSTEM,
            at=at,
            sent_at=at,
            lease_until=None,
            last_error="",
        )
    except Refused:
        # Our lease had run out, and whoever came after us has marked the row already.
        logger.warning("Message %s was sent twice, because sending it took longer than a lease.", row.pk)
    return Attempt.SENT


def _failed(
    row: Delivery, reason: str, *, last: bool, at: dt.datetime, pause: dt.timedelta = dt.timedelta(0)
) -> Attempt:
    still_ours = Delivery.objects.filter(
        pk=row.pk, status=Delivery.Status.QUEUED, lease_until=row.lease_until
    )
    rest = {"lease_until": None, "last_error": reason[:500]}
    with transaction.atomic():
        if not last:
            still_ours.update(**rest, due_at=at + max(wait_after(row.attempts), pause))
        elif still_ours.update(**rest):
            states.move(
                row,
                Delivery.Status.PARKED,
                verb="delivery.parked",
                by=SYSTEM,
                at=at,
                data={"attempts": row.attempts},
            )
    log = logger.error if last else logger.warning
    log("Message %s was not sent (attempt %s): %s", row.pk, row.attempts, reason)
    return Attempt.FAILED
