"""Compares what the clients were told, what the database holds and what arrived by mail. Pure: evidence in, charges out.

Each charge is a sentence under the name of the rule it breaks; an innocent product gets empty lists.
"""

import datetime as dt
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bench.chaos.evidence import Arrival, Evidence, Row

# What an acknowledged act leaves in the journal, and the state its loop is in afterwards.
LEAVES = {
    "begin": ("loop.begun", "waiting"),
    "confirm": ("loop.confirmed", "confirmed"),
    "decline": ("seat.declined", "broken"),
    "cancel": ("loop.cancelled", "cancelled"),
    "withdraw": ("application.withdrawn", "cancelled"),
}
ONCE = {verb for verb, _state in LEAVES.values()}
STATE_AFTER = {
    "loop.begun": "waiting",
    "loop.confirmed": "confirmed",
    "loop.broken": "broken",
    "loop.cancelled": "cancelled",
}


def charges(evidence: Evidence) -> dict[str, list[str]]:
    """Every rule, and each breach of it."""
    return {name: list(rule(evidence)) for name, rule in RULES.items()}


def lost(evidence: Evidence) -> Iterator[str]:
    """An act that was acknowledged is there, and so is the state it led to."""
    happened = _happened(evidence)
    offered: Counter[str] = Counter()
    told = defaultdict(list)
    for act in evidence.acts:
        subject = act.id if act.act == "begin" else act.key
        if act.outcome == "ok":
            if act.act in LEAVES and not happened[LEAVES[act.act][0], subject]:
                yield f"{act.act} of {subject} was acknowledged and is not there"
            offered[subject] += act.act in {"begin", "offer"}
        if act.outcome != "failed" and act.act in LEAVES:
            told[act.loop or act.id].append(act)
    for loop, times in offered.items():
        if happened["loop.windows_offered", loop] < times:
            yield f"windows of {loop} were acknowledged and are not there"
    for loop, acts in told.items():
        # (After a lost answer nobody was promised a state.)
        state = LEAVES[acts[-1].act][1]
        if loop in evidence.loops and acts[-1].outcome == "ok" and evidence.loops[loop].status != state:
            yield f"{acts[-1].act} came last, and {loop} is {evidence.loops[loop].status}"


def half_done(evidence: Evidence) -> Iterator[str]:
    """A loop is as its journal says, and its interviews and seats are those of the plan that was booked last."""
    status, booked = {}, {}
    for verb, subject, data in evidence.journal:
        status[subject] = STATE_AFTER.get(verb, status.get(subject))
        if verb == "loop.confirmed":
            booked[subject] = evidence.plans[str(data["proposal"])]
    seats = grouped((seat for seat in evidence.seats if seat.held), lambda seat: seat.interview)
    interviews = grouped(evidence.interviews.values(), lambda interview: interview.loop)
    for loop in evidence.loops.values():
        if loop.status != status.get(loop.id):
            yield f"{loop.id} is {loop.status}, and by its journal {status.get(loop.id)}"
        there = {
            (one.block, one.starts_at, frozenset((seat.key, seat.user) for seat in seats.get(one.id, [])))
            for one in interviews.get(loop.id, [])
            if one.status == "scheduled" or one.id in seats
        }
        if loop.status == "cancelled" and there:
            yield f"{loop.id} is cancelled, and somebody's time is still taken"
        if loop.status == "confirmed" and there != _placements(booked[loop.id].plan):
            yield f"{loop.id} is not as it was planned"


def done_twice(evidence: Evidence) -> Iterator[str]:
    """A request that was repeated has had its effect once."""
    for (verb, subject), times in _happened(evidence).items():
        if verb in ONCE and times > 1:
            yield f"{verb} of {subject} happened {times} times"


def double_bookings(evidence: Evidence) -> Iterator[str]:
    """Nobody sits in two interviews at once, buffers included."""
    held = sorted((seat for seat in evidence.seats if seat.held), key=lambda seat: seat.blocked_from)
    for user, seats in grouped(held, lambda seat: seat.user).items():
        for first, second in itertools.pairwise(seats):
            if second.blocked_from < first.blocked_until:
                yield f"{user} sits in {first.interview} and {second.interview}"


def undelivered(evidence: Evidence) -> Iterator[str]:
    """Every message left or was overtaken, and what came last in each thread is the newest version, byte for byte."""
    arrived = {arrival.message_id for arrival in evidence.arrivals}
    for row in evidence.written:
        if row.status not in {"sent", "superseded"}:
            yield f"{row.id} to {row.to} is {row.status}"
        if row.status == "sent" and _message_id(row) not in arrived:
            yield f"{row.id} to {row.to} counts as sent and never arrived"
    for newest in behind(evidence):
        yield f"the newest version to {newest.to} of {newest.thread or newest.id} is not what came last"


def behind(evidence: Evidence) -> list[Row]:
    """The newest message of each thread that is not what arrived last in it."""
    came = grouped(evidence.arrivals, lambda arrival: arrival.message_id)
    found = []
    for thread in threads(evidence):
        arrivals = [arrival for row in thread for arrival in came.get(_message_id(row), [])]
        last = max(arrivals, key=lambda arrival: arrival.order, default=None)
        if last is None or _trimmed(last.message) != _trimmed(thread[-1].message):
            found.append(thread[-1])
    return found


def threads(evidence: Evidence) -> list[list[Row]]:
    """The messages of each thread in turn; a message without a thread is one of its own."""
    ordered = sorted(evidence.written, key=lambda row: row.turn)
    return list(grouped(ordered, lambda row: (row.thread or row.id, row.to)).values())


def wrong_calendars(evidence: Evidence) -> Iterator[str]:
    """Who sits in an interview, and whose interview it is, has its newest version in the calendar; nobody else has it."""
    shown = {where: arrivals[-1].event for where, arrivals in _events(evidence).items()}
    told = {(row.interview, row.audience): row for row in evidence.invited}
    seats = grouped((seat for seat in evidence.seats if seat.held), lambda seat: seat.interview)
    expected = set()
    for interview in evidence.interviews.values():
        loop = evidence.loops[interview.loop]
        if interview.status != "scheduled" or loop.status != "confirmed":
            continue
        people = [("panel", seat.email) for seat in seats.get(interview.id, [])]
        for audience, who in [("candidate", loop.candidate), *people]:
            row = told.get((interview.id, audience))
            event = shown.get((who, row.uid)) if row else None
            if row:
                expected.add((who, row.uid))
            if not (
                row
                and event
                and event.method == "REQUEST"
                and event.starts_at == interview.starts_at
                and event.version == (row.sequence, row.stamped_at.replace(microsecond=0))
            ):
                yield f"{who} does not have {interview.id} at {interview.starts_at:%d %B %H:%M}"
    # (While a loop waits for its repair, calendars stay as they are.)
    in_repair = {
        row.uid
        for row in evidence.invited
        if evidence.loops[evidence.interviews[row.interview].loop].status == "broken"
    }
    for (who, uid), event in shown.items():
        if event.method == "REQUEST" and (who, uid) not in expected and uid not in in_repair:
            yield f"{who} still has {uid} in the calendar"


def stale_after_new(evidence: Evidence) -> Iterator[str]:
    """No version arrives after a newer one, not even as a repeat."""
    for (who, uid), arrivals in _events(evidence).items():
        versions = [arrival.event.version for arrival in arrivals]
        for newest, version in zip(itertools.accumulate(versions, max), versions, strict=True):
            if version < newest:
                yield f"{who} got version {version[0]} of {uid} after {newest[0]}"


def differing_duplicates(evidence: Evidence) -> Iterator[str]:
    """One version for one person is one message: a repeat has the same bytes, and so has whatever shares a Message-ID."""
    versions = grouped(
        (arrival for arrival in evidence.arrivals if arrival.event),
        lambda arrival: (arrival.to, arrival.event.uid, arrival.event.method, arrival.event.version),
    )
    names = grouped(evidence.arrivals, lambda arrival: (arrival.to, arrival.message_id))
    for group in (*versions.values(), *names.values()):
        if len({arrival.message for arrival in group}) > 1:
            yield f"{group[0].to} got {len(group)} messages that should be one: {group[0].message_id}"


def invented(evidence: Evidence) -> Iterator[str]:
    """Nothing arrives that no change in the database has written."""
    written = {(row.to, _trimmed(row.message)) for row in evidence.written}
    for arrival in evidence.arrivals:
        if (arrival.to, _trimmed(arrival.message)) not in written:
            yield f"{arrival.message_id} to {arrival.to} was never written"


def needless_errors(evidence: Evidence) -> Iterator[str]:
    """While the database is there, nobody gets an error, whatever else is away."""
    for act in evidence.acts:
        gone = ", ".join(away(evidence, act))
        if act.status >= 500 and "postgres" not in gone:
            yield f"{act.act} of {act.key} was answered with {act.status} ({gone or 'nothing'} was away)"


def away(evidence: Evidence, act: Row) -> list[str]:
    """Which servers were away at some moment of this request, or had just come back."""
    return [
        server
        for server, times in evidence.away.items()
        if any(act.began < until + 1 and act.at > since for since, until in times)
    ]


RULES: dict[str, Callable[[Evidence], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        *(lost, half_done, done_twice, double_bookings, undelivered, wrong_calendars),
        *(stale_after_new, differing_duplicates, invented, needless_errors),
    )
}


def figures(evidence: Evidence) -> dict[str, object]:
    """What happened, in numbers."""
    happened = _happened(evidence)
    booked = Counter(subject for verb, subject, _data in evidence.journal if verb == "loop.confirmed")
    states = Counter(loop.status for loop in evidence.loops.values())
    unknown = [
        act for act in evidence.acts if act.outcome == "unknown" and act.act in set(LEAVES) - {"begin"}
    ]
    done = sum(bool(happened[LEAVES[act.act][0], act.key]) for act in unknown)
    calendars = [arrival for arrival in evidence.arrivals if arrival.event]
    names = {
        (arrival.to, arrival.event.uid, arrival.event.method, arrival.event.version) for arrival in calendars
    }
    return {
        "booked": len(booked),
        "moved": sum(times - 1 for times in booked.values()),
        "cancelled": states["cancelled"],
        "left_unplanned": states["broken"] + states["waiting"],
        "acknowledged_bookings": sum(act.act == "confirm" and act.outcome == "ok" for act in evidence.acts),
        "requests": dict(Counter(act.outcome for act in evidence.acts)),
        "refused": dict(Counter(act.code for act in evidence.acts if act.code).most_common()),
        "server_errors": sum(act.status >= 500 for act in evidence.acts),
        "unknown_done": done,
        "unknown_not_done": len(unknown) - done,
        "messages_written": len(evidence.written),
        "messages_arrived": len(evidence.arrivals),
        "overtaken": sum(row.status == "superseded" for row in evidence.written),
        "last_version_delivered_percent": round(
            100 * (1 - len(behind(evidence)) / max(1, len(threads(evidence)))), 3
        ),
        "identical_repeats": len(evidence.arrivals)
        - len({(arrival.to, arrival.message) for arrival in evidence.arrivals}),
        "versions_told_apart_by_dtstamp": len(names)
        - len({(to, uid, method, version[0]) for to, uid, method, version in names}),
    }


# --- reading --------------------------------------------------------------------------------------------------


def grouped(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """Rows by what `key` says of them, in their order."""
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def _happened(evidence: Evidence) -> Counter[tuple[str, str]]:
    """How often each thing happened: (verb, what it is known by)."""
    return Counter(
        (verb, str(data["proposal"]) if verb == "loop.confirmed" else subject)
        for verb, subject, data in evidence.journal
    )


def _placements(plan: dict[str, Any]) -> set[tuple[str, dt.datetime, frozenset[tuple[str, str]]]]:
    return {
        (
            placed["block"],
            dt.datetime.fromisoformat(placed["starts_at"]),
            frozenset((seat, person) for seat, person in placed["people"]),
        )
        for placed in plan["placements"]
    }


def _events(evidence: Evidence) -> dict[tuple[str, str], list[Arrival]]:
    """What each person got of each calendar event, in the order of arrival."""
    told = sorted((a for a in evidence.arrivals if a.event), key=lambda arrival: arrival.order)
    return grouped(told, lambda arrival: (arrival.to, arrival.event.uid))


def _message_id(row: Row) -> str:
    return f"<{row.id}@example.com>"


def _trimmed(message: bytes) -> bytes:
    """SMTP cannot say whether the last line was ended."""
    return message.rstrip(b"\r\n")
