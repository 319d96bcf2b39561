"""The clock of an interview: which timed part runs, since when, and how long each has run.

It is kept here and not on a device, so a reload, a phone beside the laptop or a lost connection changes nothing.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from hiring import playbooks
from hiring.blueprint import Block, Segment
from interviews.models import Interview, Scorecard, SegmentRun
from interviews.permissions import require_own_card
from journal import events
from journal.errors import Refused

EARLY = dt.timedelta(minutes=15)
FORGOTTEN_AFTER = dt.timedelta(minutes=30)
LATEST_WORD = dt.timedelta(hours=12)


@dataclass(frozen=True)
class Part:
    """A timed part on the clock: what it ran in stretches that are over, and since when it runs now."""

    segment: Segment
    ran: dt.timedelta = dt.timedelta()
    since: dt.datetime | None = None

    def minutes(self, at: dt.datetime) -> int:
        """Whole minutes it has run by now, rounded."""
        running = at - self.since if self.since else dt.timedelta()
        return round((self.ran + running) / dt.timedelta(minutes=1))


def read(block: Block, card: Scorecard | None, *, at: dt.datetime) -> tuple[Part, ...]:
    """The clock as it stands. A part that nobody stopped counts until half an hour over its plan, then no longer."""
    ran = {segment.key: dt.timedelta() for segment in block.segments}
    since: dict[str, dt.datetime] = {}
    for run in card.runs.all() if card else ():
        if run.segment not in ran:
            continue
        if run.ended_at is None and at < _latest_end(block, run):
            since[run.segment] = run.started_at
        else:
            ran[run.segment] += (run.ended_at or _latest_end(block, run)) - run.started_at
    return tuple(Part(s, ran[s.key], since.get(s.key)) for s in block.segments)


def measured(parts: Iterable[Part], *, at: dt.datetime) -> dict[str, int]:
    """Minutes by segment, of those the clock ran for at least one."""
    return {part.segment.key: part.minutes(at) for part in parts if part.minutes(at)}


@transaction.atomic
def run(
    card: Scorecard, *, segment: str, by: User, at: dt.datetime, pressed_at: dt.datetime | None = None
) -> SegmentRun:
    """Let this part of the block run; the one that ran before ends with it.

    To press twice, or on two devices, is to press once. `pressed_at` is when the key was pressed, should the word
    arrive later because the connection was gone. Refuses parts the block does not have, more than a quarter of an hour
    before the interview, for one that does not take place, and once the card is handed in.
    """
    block = _require(card, by)
    if segment not in {part.key for part in block.segments}:
        raise Refused(f"“{block.title}” has no such part.", code="unknown_segment")
    interview = card.seat.interview
    if at < interview.starts_at - EARLY:
        raise Refused("The clock can start a quarter of an hour before the interview.", code="too_early")
    if interview.status not in {Interview.Status.SCHEDULED, Interview.Status.HELD}:
        raise Refused("This interview does not take place, so no clock runs.", code="not_held")
    latest = _latest(card)
    if latest and latest.ended_at is None and latest.segment == segment and at < _latest_end(block, latest):
        return latest
    moment = _moment(latest, pressed_at, at=at)
    _end(card, block, latest, at=moment)
    begun = SegmentRun.objects.create(card=card, segment=segment, started_at=moment)
    events.record("clock.started", card, by=by, at=at, data={"segment": segment})
    return begun


@transaction.atomic
def stop(card: Scorecard, *, by: User, at: dt.datetime, pressed_at: dt.datetime | None = None) -> None:
    """Nothing runs from now on. To stop what stands is no mistake. Refuses once the card is handed in."""
    block = _require(card, by)
    latest = _latest(card)
    if latest and latest.ended_at is None:
        _end(card, block, latest, at=_moment(latest, pressed_at, at=at))
        events.record("clock.stopped", card, by=by, at=at, data={"segment": latest.segment})


def _require(card: Scorecard, by: User) -> Block:
    require_own_card(card, by)
    # The lock lets two devices that press at once come one after the other.
    status = Scorecard.objects.select_for_update().values_list("status", flat=True).get(pk=card.pk)
    if status != Scorecard.Status.DRAFT:
        raise Refused("This scorecard is submitted: its times stand.", code="submitted")
    return playbooks.of(card.seat.interview.loop.edition).block(card.seat.interview.block)


def _latest(card: Scorecard) -> SegmentRun | None:
    return card.runs.order_by("-started_at", "-pk").first()


def _moment(latest: SegmentRun | None, pressed_at: dt.datetime | None, *, at: dt.datetime) -> dt.datetime:
    """When it was pressed, as far as that can be: not in the future, not before what is known, not long ago."""
    known = (latest.ended_at or latest.started_at) if latest else at - LATEST_WORD
    return max(known, min(pressed_at or at, at))


def _end(card: Scorecard, block: Block, latest: SegmentRun | None, *, at: dt.datetime) -> None:
    if latest and latest.ended_at is None:
        latest.ended_at = max(latest.started_at, min(at, _latest_end(block, latest)))
        latest.save(update_fields=["ended_at"])


def _latest_end(block: Block, run: SegmentRun) -> dt.datetime:
    planned = {segment.key: segment.minutes for segment in block.segments}.get(run.segment, 0)
    return run.started_at + dt.timedelta(minutes=planned) + FORGOTTEN_AFTER
