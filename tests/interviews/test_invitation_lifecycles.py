"""Whatever happens to a loop, every mail about it keeps the rules of calendar messages and leaves every calendar right."""

import datetime as dt
import email
import email.policy
import pathlib
from contextlib import suppress

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts import users
from candidates.models import Candidate
from interviews import invites, loops, schedules
from interviews.models import Interview, Invitation, Loop, Proposal, Seat
from journal.errors import Refused
from journal.models import Event
from outbox.models import Delivery
from tests import stories
from tests.interviews.calendars.itip_rules import Sent, check_mail, check_sent
from tests.stories import NOW

pytestmark = pytest.mark.django_db

DESIGNER = pathlib.Path(__file__).parent.parent / "playbooks" / "staff_designer.yaml"
PLACES = ["", "https://meet.example.com/one", "https://meet.example.com/two"]

moves = st.tuples(st.just("move"), st.integers(1, 3), st.integers(0, 2))
swaps = st.tuples(st.just("swap"), st.integers(0, 5), st.integers(0, 2))
declines = st.tuples(st.just("decline"), st.integers(0, 5), st.booleans())
accepts = st.tuples(st.just("accept"), st.integers(0, 5))
places = st.tuples(st.just("place"), st.integers(0, 1), st.sampled_from(PLACES))
names = st.tuples(st.just("name"), st.sampled_from(["Grace", 'G. "Amazing", Hopper; Rear Admiral', "葛丽丝"]))
again = st.tuples(st.just("again"))
cancels = st.tuples(st.just("cancel"))
lives = st.lists(
    st.tuples(
        st.one_of(moves, moves, swaps, swaps, declines, accepts, places, names, again, cancels),
        # Two changes may come within one second, and stamps must differ all the same.
        st.sampled_from([0, 0.4, 60]),
    ),
    max_size=6,
)


@pytest.fixture
def waiting(db):
    """A loop of three interviews that waits for its plan."""
    return stories.begun_loop(stories.opening(stories.edition(DESIGNER)), days=[1, 2, 3])


def plan(loop: Loop, day: int, pick: int, at: dt.datetime) -> None:
    """Book the loop on the afternoon of this day, with other people for each `pick`: as the engine would, but at once."""
    loop.refresh_from_db()
    start, placements = NOW.replace(hour=13) + dt.timedelta(days=day), []
    for block in schedules.problem_of(loop, at=at).blocks:
        people: list[list[str]] = []
        for seat in block.seats:
            free = [person for person in seat.pool if person not in {taken for _seat, taken in people}]
            people += [[seat.key, free[pick % len(free)]]] if free else []
        ends = start + dt.timedelta(minutes=block.minutes)
        times = {"starts_at": start.isoformat(), "ends_at": ends.isoformat()}
        placements.append({"block": block.key, "people": people, **times})
        start += dt.timedelta(hours=1)
    proposal = Proposal.objects.create(
        loop=loop, rank=1, status_at=at, created_at=at,
        plan={"placements": placements, "completes_on": start.date().isoformat()},
    )  # fmt: skip
    schedules.confirm(proposal, by=stories.recruiter(), at=at)


def do(loop: Loop, change: tuple, at: dt.datetime) -> None:
    loop.refresh_from_db()
    what, *how = change
    seats = stories.seats(loop)
    by = stories.recruiter()
    if what == "move":
        loops.break_loop(loop, by=by, at=at)
        plan(loop, how[0], how[1], at)
    elif what in {"swap", "decline"} and seats:
        seat = seats[how[0] % len(seats)]
        schedules.decline(seat, reason="", for_good=what == "decline" and how[1], by=seat.user, at=at)
        if what == "swap":
            plan(loop, 1, how[1], at)
    elif what == "accept" and seats:
        seat = seats[how[0] % len(seats)]
        schedules.accept(seat, by=seat.user, at=at)
    elif what == "cancel":
        loops.cancel(loop, by=by, at=at)
    elif what in {"place", "name", "again"}:
        if what == "place":
            Interview.objects.filter(pk=loop.interviews.order_by("block")[how[0]].pk).update(
                meeting_url=how[1]
            )
        if what == "name":
            Candidate.objects.update(name=how[0])
        for interview in loop.interviews.all():
            invites.announce(interview, by=users.system(), at=at)


def sent() -> list[Sent]:
    """Every calendar mail in the order in which it was written, each checked as a mail too."""
    audiences = dict(Invitation.objects.values_list("uid", "audience"))
    found = []
    rows = Delivery.objects.filter(channel="mail").in_bulk()
    for written in Event.objects.filter(verb="delivery.queued").order_by("id"):
        row = rows[written.subject_id]
        message = email.message_from_bytes(bytes(row.message), policy=email.policy.default)
        part = next((p for p in message.walk() if p.get_content_type() == "text/calendar"), None)
        if part is not None:
            assert check_mail(message) == []
            uid = row.thread.partition(":")[0]
            found.append(Sent(row.recipient, part.get_payload(decode=True), audiences[uid]))
    return found


@settings(
    max_examples=12,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(life=lives)
def test_any_life_of_a_loop_keeps_the_rules(waiting, life):
    with transaction.atomic():
        at = NOW
        plan(waiting, 1, 0, at)
        for change, wait in life:
            at += dt.timedelta(seconds=wait)
            # A rule may say no (the loop is cancelled, say): then nothing was sent either.
            with suppress(Refused), transaction.atomic():
                do(waiting, change, at)
        waiting.refresh_from_db()
        for pick in range(3) if waiting.status == Loop.Status.BROKEN else ():
            with suppress(Refused), transaction.atomic():
                plan(waiting, 3, pick, at)
                break
        waiting.refresh_from_db()
        # Until a broken loop is mended, those who declined wait for their cancellation.
        messages = sent()
        assert len(messages) >= 6
        assert check_sent(messages, is_complete=waiting.status != Loop.Status.BROKEN) == []
        if waiting.status == Loop.Status.CONFIRMED:
            assert holders(messages, "panel") == {
                (seat.user.email, str(seat.interview.pk))
                for seat in Seat.objects.live().select_related("user")
            }
        transaction.set_rollback(True)


def holders(messages: list[Sent], audience: str) -> set[tuple[str, str]]:
    """Who has which interview in their calendar after all these mails."""
    interviews = {uid: str(pk) for uid, pk in Invitation.objects.values_list("uid", "interview")}
    last = {}
    for message in messages:
        uid = next(line[4:] for line in message.data.decode().split("\r\n") if line.startswith("UID:"))
        if message.audience == audience:
            last[message.to, interviews[uid]] = b"METHOD:CANCEL" in message.data
    return {key for key, is_gone in last.items() if not is_gone}
