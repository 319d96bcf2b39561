"""Compares what the clients were told, what the database holds and what arrived by mail. Pure: evidence in, charges out.

Each charge is a sentence under the name of the rule it breaks; an innocent product gets empty lists.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from bench.chaos.evidence import Act, Arrival, Evidence, Interview, Invited, Written, grouped

# What an acknowledged act leaves in the journal.
LEAVES = {
    "begin": "loop.begun",
    "confirm": "loop.confirmed",
    "decline": "seat.declined",
    "cancel": "loop.cancelled",
    "withdraw": "application.withdrawn",
}
# The state a loop is in after the act.
AFTER = {
    "begin": "waiting",
    "confirm": "confirmed",
    "decline": "broken",
    "cancel": "cancelled",
    "withdraw": "cancelled",
}
AFTER_EVENT = {
    "loop.begun": "waiting",
    "loop.confirmed": "confirmed",
    "loop.broken": "broken",
    "loop.cancelled": "cancelled",
}


def charges(evidence: Evidence) -> dict[str, list[str]]:
    """Every rule, and each breach of it."""
    return {name: list(rule(evidence)) for name, rule in RULES.items()}


def _happened(evidence: Evidence) -> Counter[tuple[str, str]]:
    """How often each thing happened: (verb, what it is known by)."""
    return Counter(
        (verb, str(data["proposal"]) if verb == "loop.confirmed" else subject)
        for verb, subject, data in evidence.journal
    )


def lost(evidence: Evidence) -> Iterator[str]:
    """An act that was acknowledged is there, and so is the state it led to."""
    happened = _happened(evidence)
    offered: Counter[str] = Counter()
    for act in evidence.acts:
        if act.outcome != "ok":
            continue
        key = act.id if act.act == "begin" else act.key
        if act.act in LEAVES and not happened[LEAVES[act.act], key]:
            yield f"{act.act} of {key} was acknowledged and is not there"
        if act.act in {"begin", "offer"}:
            offered[key] += 1
    for loop, times in offered.items():
        if happened["loop.windows_offered", loop] < times:
            yield f"windows of {loop} were acknowledged and are not there"
    for loop, acts in grouped(evidence.acts, lambda act: act.loop or act.id).items():
        telling = [act for act in acts if act.act in AFTER and act.outcome != "failed"]
        if loop not in evidence.loops or not telling or telling[-1].outcome == "unknown":
            continue
        if evidence.loops[loop].status != AFTER[telling[-1].act]:
            yield f"{telling[-1].act} came last, and {loop} is {evidence.loops[loop].status}"


def half_done(evidence: Evidence) -> Iterator[str]:
    """A loop is as its journal says, and its interviews and seats are those of the plan that was booked last."""
    status = {}
    booked = {}
    for verb, subject, data in evidence.journal:
        if verb in AFTER_EVENT:
            status[subject] = AFTER_EVENT[verb]
        if verb == "loop.confirmed":
            booked[subject] = str(data["proposal"])
    seats = grouped([seat for seat in evidence.seats if seat.held], lambda seat: seat.interview)
    interviews = grouped(evidence.interviews.values(), lambda interview: interview.loop)
    for loop in evidence.loops.values():
        if loop.status != status.get(loop.id):
            yield f"{loop.id} is {loop.status}, and by its journal {status.get(loop.id)}"
        live = [found for found in interviews.get(loop.id, []) if found.status == "scheduled"]
        if loop.status == "cancelled" and (
            live or any(found.id in seats for found in interviews.get(loop.id, []))
        ):
            yield f"{loop.id} is cancelled, and somebody's time is still taken"
        if loop.status == "confirmed":
            there = frozenset(
                (
                    found.block,
                    found.starts_at,
                    frozenset((seat.key, seat.user) for seat in seats.get(found.id, [])),
                )
                for found in live
            )
            if there != evidence.plans[booked[loop.id]].placements:
                yield f"{loop.id} is not as it was planned"


def done_twice(evidence: Evidence) -> Iterator[str]:
    """A request that was repeated has had its effect once."""
    for (verb, subject), times in _happened(evidence).items():
        if verb in LEAVES.values() and times > 1:
            yield f"{verb} of {subject} happened {times} times"


def double_bookings(evidence: Evidence) -> Iterator[str]:
    """Nobody sits in two interviews at once, buffers included."""
    for user, seats in grouped(
        [seat for seat in evidence.seats if seat.held], lambda seat: seat.user
    ).items():
        ordered = sorted(seats, key=lambda seat: seat.blocked_from)
        for first, second in itertools.pairwise(ordered):
            if second.blocked_from < first.blocked_until:
                yield f"{user} sits in {first.interview} and {second.interview}"


def unsent(evidence: Evidence) -> Iterator[str]:
    """Every message that was written has left, unless a newer one took its place."""
    for row in evidence.written:
        if row.status not in {"sent", "superseded"}:
            yield f"{row.id} to {row.to} is {row.status}"


def undelivered(evidence: Evidence) -> Iterator[str]:
    """What arrived last in each thread is the newest version of it, byte for byte, and says what the database says."""
    for thread in _behind(evidence):
        newest = thread[-1]
        yield f"the newest version to {newest.to} of {newest.thread or newest.id} is not what came last"
    arrived = {arrival.message_id for arrival in evidence.arrivals}
    for row in evidence.written:
        if row.status == "sent" and row.message_id not in arrived:
            yield f"{row.id} to {row.to} counts as sent and never arrived"
    shown = _calendars(evidence)
    for told in evidence.invited:
        if told.status == "CANCELLED":
            continue
        for attendee in told.attendees:
            arrival = shown.get((attendee, told.uid))
            if arrival is None or arrival.event is None or arrival.event.version != told.version:
                yield f"{attendee} does not have version {told.version[0]} of {told.uid}"


def _behind(evidence: Evidence) -> Iterator[list[Written]]:
    """Threads of which something else than the newest version came last, or nothing at all."""
    arrived = grouped(evidence.arrivals, lambda arrival: arrival.message_id)
    for thread in threads(evidence):
        arrivals = [arrival for row in thread for arrival in arrived.get(row.message_id, [])]
        last = max(arrivals, key=lambda arrival: arrival.order, default=None)
        if last is None or _trimmed(last.message) != _trimmed(thread[-1].message):
            yield thread


def threads(evidence: Evidence) -> list[list[Written]]:
    """The messages of each thread in turn; a message without a thread is one of its own."""
    found = grouped(evidence.written, lambda row: (row.thread or row.id, row.to))
    return [sorted(rows, key=lambda row: row.turn) for rows in found.values()]


def wrong_calendars(evidence: Evidence) -> Iterator[str]:
    """Who sits in an interview, and whose interview it is, has it in the calendar at its time; nobody else has."""
    shown = _calendars(evidence)
    uids = {(told.interview, told.audience): told for told in evidence.invited}
    expected: dict[tuple[str, str], Interview] = {}

    def expect(interview: Interview, audience: str, email: str) -> Iterator[str]:
        told: Invited | None = uids.get((interview.id, audience))
        if told is None:
            yield f"nobody was ever told of {interview.id} ({audience})"
        else:
            expected[email, told.uid] = interview

    for interview in evidence.interviews.values():
        loop = evidence.loops[interview.loop]
        if interview.status == "scheduled" and loop.status == "confirmed":
            yield from expect(interview, "candidate", loop.candidate)
            for seat in evidence.seats:
                if seat.interview == interview.id and seat.held:
                    yield from expect(interview, "panel", seat.email)
    for (email, uid), interview in expected.items():
        arrival = shown.get((email, uid))
        event = arrival.event if arrival else None
        if event is None or event.method != "REQUEST" or event.starts_at != interview.starts_at:
            yield f"{email} does not have {interview.id} at {interview.starts_at:%d %B %H:%M}"
    in_repair = {
        told.uid
        for told in evidence.invited
        if evidence.loops[evidence.interviews[told.interview].loop].status == "broken"
    }
    for (email, uid), arrival in shown.items():
        event = arrival.event
        if event and event.method == "REQUEST" and (email, uid) not in expected and uid not in in_repair:
            yield f"{email} still has {uid} in the calendar"


def stale_after_new(evidence: Evidence) -> Iterator[str]:
    """No version arrives after a newer one, not even as a repeat."""
    for (email, uid), arrivals in _events(evidence).items():
        highest = arrivals[0].event.version
        for arrival in arrivals[1:]:
            if arrival.event.version < highest:
                yield f"{email} got version {arrival.event.sequence} of {uid} after {highest[0]}"
            highest = max(highest, arrival.event.version)


def differing_duplicates(evidence: Evidence) -> Iterator[str]:
    """One version for one person is one message: a repeat has the same bytes, and so has whatever shares a Message-ID."""
    same_version = grouped(
        [arrival for arrival in evidence.arrivals if arrival.event],
        lambda arrival: (arrival.to, arrival.event.uid, arrival.event.method, arrival.event.version),
    )
    same_name = grouped(evidence.arrivals, lambda arrival: (arrival.to, arrival.message_id))
    for group in (*same_version.values(), *same_name.values()):
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
        if act.status >= 500 and "postgres" not in away(evidence, act):
            meanwhile = ", ".join(away(evidence, act)) or "nothing"
            yield f"{act.act} of {act.key} was answered with {act.status} ({meanwhile} was away)"


def away(evidence: Evidence, act: Act) -> list[str]:
    """Which servers were away at some moment of this request, or had just come back."""
    return [
        server
        for server, times in sorted(evidence.away.items())
        if any(act.began < until + 1 and act.at > since for since, until in times)
    ]


RULES: dict[str, Callable[[Evidence], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        *(lost, half_done, done_twice, double_bookings, unsent, undelivered),
        *(wrong_calendars, stale_after_new, differing_duplicates, invented),
        needless_errors,
    )
}


def figures(evidence: Evidence) -> dict[str, object]:
    """What happened, in numbers."""
    happened = _happened(evidence)
    acts = [act for act in evidence.acts if act.act in LEAVES]
    unknown = [act for act in acts if act.outcome == "unknown" and act.act != "begin"]
    done = sum(bool(happened[LEAVES[act.act], act.key]) for act in unknown)
    confirmed = Counter(subject for verb, subject, _data in evidence.journal if verb == "loop.confirmed")
    versions = len(threads(evidence))
    behind = len(list(_behind(evidence)))
    return {
        "booked": len(confirmed),
        "moved": sum(times - 1 for times in confirmed.values()),
        "cancelled": sum(loop.status == "cancelled" for loop in evidence.loops.values()),
        "still_broken": sum(loop.status == "broken" for loop in evidence.loops.values()),
        "acknowledged_bookings": sum(act.act == "confirm" and act.outcome == "ok" for act in acts),
        "requests": dict(Counter(act.outcome for act in evidence.acts)),
        "refused": dict(Counter(act.code for act in evidence.acts if act.code).most_common()),
        "server_errors": sum(act.status >= 500 for act in evidence.acts),
        "unknown_done": done,
        "unknown_not_done": len(unknown) - done,
        "messages_written": len(evidence.written),
        "messages_arrived": len(evidence.arrivals),
        "overtaken": sum(row.status == "superseded" for row in evidence.written),
        "last_versions": versions,
        "last_version_delivered_percent": round(100 * (1 - behind / max(1, versions)), 3),
        "identical_repeats": len(evidence.arrivals)
        - len({(arrival.to, arrival.message) for arrival in evidence.arrivals}),
    }


# --- reading --------------------------------------------------------------------------------------------------


def _events(evidence: Evidence) -> dict[tuple[str, str], list[Any]]:
    """What each person got of each calendar event, in the order of arrival."""
    told = [arrival for arrival in evidence.arrivals if arrival.event]
    return grouped(told, lambda arrival: (arrival.to, arrival.event.uid))


def _calendars(evidence: Evidence) -> dict[tuple[str, str], Arrival]:
    return {where: arrivals[-1] for where, arrivals in _events(evidence).items()}


def _trimmed(message: bytes) -> bytes:
    """SMTP cannot say whether the last line was ended."""
    return message.rstrip(b"\r\n")
