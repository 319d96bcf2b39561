"""Evidence as a broken product would leave it: each forgery breaks one rule, and the judge has to notice every one."""

from collections.abc import Callable
from dataclasses import replace

from bench.chaos import judge
from bench.chaos.evidence import Act, Arrival, Evidence


def _last(evidence: Evidence) -> int:
    return max((arrival.order for arrival in evidence.arrivals), default=0) + 1


def lost(evidence: Evidence) -> Evidence:
    """A booking that was acknowledged and is nowhere."""
    made_up = Act("confirm", "made-up", "ok", 200, "", "", "", 0.0, 0.0)
    return replace(evidence, acts=[*evidence.acts, made_up])


def half_done(evidence: Evidence) -> Evidence:
    """A booked loop without one of its seats."""
    whole = {loop.id for loop in evidence.loops.values() if loop.status == "confirmed"}
    gone = next(
        seat for seat in evidence.seats if seat.held and evidence.interviews[seat.interview].loop in whole
    )
    return replace(evidence, seats=[seat for seat in evidence.seats if seat is not gone])


def done_twice(evidence: Evidence) -> Evidence:
    """A repeated request that had its effect again."""
    again = next(event for event in evidence.journal if event[0] == "loop.confirmed")
    return replace(evidence, journal=[*evidence.journal, again])


def double_bookings(evidence: Evidence) -> Evidence:
    """Somebody who sits in two rooms at once."""
    seat = next(seat for seat in evidence.seats if seat.held)
    return replace(evidence, seats=[*evidence.seats, replace(seat, id="another", key="another")])


def unsent(evidence: Evidence) -> Evidence:
    """A message that is still there."""
    return replace(evidence, written=[replace(evidence.written[0], status="queued"), *evidence.written[1:]])


def undelivered(evidence: Evidence) -> Evidence:
    """A newest version that never arrived."""
    gone = judge.threads(evidence)[-1][-1].message_id
    return replace(evidence, arrivals=[a for a in evidence.arrivals if a.message_id != gone])


def wrong_calendars(evidence: Evidence) -> Evidence:
    """Somebody who was never told that they need not come."""
    asked = {(a.to, a.event.uid) for a in evidence.arrivals if a.event and a.event.method == "REQUEST"}
    told = next(
        a
        for a in evidence.arrivals
        if a.event and a.event.method == "CANCEL" and (a.to, a.event.uid) in asked
    )
    return replace(evidence, arrivals=[a for a in evidence.arrivals if a is not told])


def stale_after_new(evidence: Evidence) -> Evidence:
    """An older version once more, after the newer one."""
    first: dict[tuple[str, str], Arrival] = {}
    for arrival in evidence.arrivals:
        if arrival.event:
            older = first.setdefault((arrival.to, arrival.event.uid), arrival)
            if older.event and older.event.version < arrival.event.version:
                late = Arrival(_last(evidence), older.to, older.message)
                return replace(evidence, arrivals=[*evidence.arrivals, late])
    raise StopIteration


def differing_duplicates(evidence: Evidence) -> Evidence:
    """The same version with other words."""
    first = next(arrival for arrival in evidence.arrivals if arrival.event)
    other = Arrival(_last(evidence), first.to, first.message.replace(b"Subject: ", b"Subject: Again: ", 1))
    return replace(evidence, arrivals=[*evidence.arrivals, other])


def invented(evidence: Evidence) -> Evidence:
    """A message that nobody wrote."""
    stray = Arrival(_last(evidence), "nobody@example.test", b"Message-ID: <x@example.com>\r\n\r\nHello.\r\n")
    return replace(evidence, arrivals=[*evidence.arrivals, stray])


def needless_errors(evidence: Evidence) -> Evidence:
    """An error although nothing was away."""
    error = Act("propose", "made-up", "unknown", 500, "", "", "", 0.0, 0.0)
    return replace(evidence, acts=[*evidence.acts, error])


FORGERIES: tuple[Callable[[Evidence], Evidence], ...] = (
    *(lost, half_done, done_twice, double_bookings, unsent, undelivered),
    *(wrong_calendars, stale_after_new, differing_duplicates, invented),
    needless_errors,
)


def unnoticed(evidence: Evidence) -> tuple[list[str], list[str]]:
    """The forgeries that add nothing to the charge they should add to, and those this evidence has nothing to forge for."""
    before = judge.charges(evidence)
    missed, impossible = [], []
    for forge in FORGERIES:
        try:
            forged = forge(evidence)
        except (StopIteration, IndexError):
            impossible.append(forge.__name__)
            continue
        # (Where a rule is broken anyway, a forgery may drown.)
        if not before[forge.__name__] and not list(judge.RULES[forge.__name__](forged)):
            missed.append(forge.__name__)
    return missed, impossible
