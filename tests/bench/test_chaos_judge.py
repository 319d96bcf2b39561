"""The judge of bench/chaos: silent about a house that kept its word, and not about any of the ways to break it."""

import copy
import datetime as dt
from dataclasses import replace
from types import SimpleNamespace as Row

import pytest

from bench.chaos import judge
from bench.chaos.evidence import Arrival, Evidence

NINE = dt.datetime(2026, 3, 3, 9, tzinfo=dt.UTC)
ADA, BEN, IDA = "ada@example.com", "ben@example.com", "ida@example.test"


def mail(name: str, to: str, uid: str, method: str, sequence: int, *, hour: int) -> bytes:
    return "\r\n".join(
        [
            f"Message-ID: <{name}@example.com>",
            f"To: {to}",
            "Subject: Your interview",
            f"Content-Type: text/calendar; method={method}; charset=utf-8",
            "",
            "BEGIN:VCALENDAR",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"SEQUENCE:{sequence}",
            f"DTSTAMP:2026030{1 + sequence}T080000Z",
            f"DTSTART;TZID=Europe/Berlin:20260303T{hour + 1:02}0000",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    ).encode()


@pytest.fixture
def evidence() -> Evidence:
    """Ada and Ben were to meet Ida at nine; Ben declined, and Ada meets her alone at ten. One message came twice, and
    one never had to leave."""
    messages = [
        ("m0", 0, IDA, "for-ida", "REQUEST", 0, 9),
        ("m1", 0, ADA, "for-panel", "REQUEST", 0, 9),
        ("m2", 0, BEN, "for-panel", "REQUEST", 0, 9),
        ("m3", 1, IDA, "for-ida", "REQUEST", 1, 10),
        ("m4", 1, ADA, "for-panel", "REQUEST", 1, 10),
        ("m5", 1, BEN, "for-panel", "CANCEL", 1, 9),
    ]
    written = [
        Row(
            id=name,
            thread=f"{uid}:{to}",
            turn=turn,
            to=to,
            status="superseded" if name == "m0" else "sent",
            message=mail(name, to, uid, method, sequence, hour=hour),
        )
        for name, turn, to, uid, method, sequence, hour in messages
    ]
    sent = [row for row in written if row.status == "sent"]
    acts = [("begin", "application"), ("confirm", "p1"), ("decline", "s2"), ("confirm", "p2")]
    return Evidence(
        acts=[
            Row(
                act=act,
                key=key,
                outcome="ok",
                status=200,
                code="",
                id="loop",
                loop="loop",
                began=n,
                at=n + 0.5,
            )
            for n, (act, key) in enumerate(acts)
        ],
        arrivals=[Arrival(order, row.to, row.message) for order, row in enumerate([*sent, sent[-1]])],
        written=written,
        invited=[
            Row(
                uid=uid, audience=audience, sequence=1, stamped_at=NINE.replace(day=2, hour=8), interview="i1"
            )
            for uid, audience in (("for-ida", "candidate"), ("for-panel", "panel"))
        ],
        loops={"loop": Row(id="loop", status="confirmed", candidate=IDA)},
        interviews={
            "i1": Row(
                id="i1", loop="loop", block="coding", starts_at=NINE.replace(hour=10), status="scheduled"
            )
        },
        seats=[seat("s1", "ada", ADA, 10, held=True), seat("s2", "ben", BEN, 9, held=False)],
        plans={
            name: Row(plan={"placements": [placed]})
            for name, placed in {
                "p1": {
                    "block": "coding",
                    "starts_at": NINE.isoformat(),
                    "people": [["ada", "ada"], ["ben", "ben"]],
                },
                "p2": {
                    "block": "coding",
                    "starts_at": NINE.replace(hour=10).isoformat(),
                    "people": [["ada", "ada"]],
                },
            }.items()
        },
        journal=[
            ("loop.begun", "loop", {}),
            ("loop.windows_offered", "loop", {}),
            ("loop.confirmed", "loop", {"proposal": "p1"}),
            ("seat.declined", "s2", {}),
            ("loop.broken", "loop", {}),
            ("loop.confirmed", "loop", {"proposal": "p2"}),
        ],
        away={"postgres": [[1.0, 1.2]]},
    )


def seat(name: str, user: str, email: str, hour: int, *, held: bool) -> Row:
    return Row(
        id=name,
        interview="i1",
        key=user,
        user=user,
        email=email,
        blocked_from=NINE.replace(hour=hour),
        blocked_until=NINE.replace(hour=hour + 1),
        held=held,
    )


def test_a_house_that_kept_its_word(evidence):
    assert judge.charges(evidence) == {name: [] for name in judge.RULES}
    figures = judge.figures(evidence)
    counted = ("booked", "moved", "messages_arrived", "overtaken", "identical_repeats")
    assert [figures[name] for name in counted] == [1, 1, 6, 1, 1]
    assert figures["last_version_delivered_percent"] == 100.0


def _lost(e: Evidence) -> None:
    e.journal.pop()
    e.loops["loop"].status = "broken"


def _half_done(e: Evidence) -> None:
    e.seats[0].held = False


def _done_twice(e: Evidence) -> None:
    e.journal.append(e.journal[-1])


def _double_bookings(e: Evidence) -> None:
    e.seats.append(seat("s3", "ada", ADA, 10, held=True))


def _still_queued(e: Evidence) -> None:
    e.written[3].status = "queued"


def _sent_and_never_arrived(e: Evidence) -> None:
    del e.arrivals[2]


def _not_told_to_stay_away(e: Evidence) -> None:
    e.arrivals = [arrival for arrival in e.arrivals if b"METHOD:CANCEL" not in arrival.message]


def _older_once_more(e: Evidence) -> None:
    e.arrivals.append(replace(e.arrivals[0], order=9))


def _other_words(e: Evidence) -> None:
    e.arrivals.append(
        replace(e.arrivals[-1], order=9, message=e.arrivals[-1].message.replace(b"Your", b"An"))
    )


def _from_nowhere(e: Evidence) -> None:
    e.arrivals.append(Arrival(9, IDA, b"Message-ID: <m9@example.com>\r\n\r\nHello.\r\n"))


def _error(e: Evidence) -> None:
    e.acts.append(Row(**{**vars(e.acts[-1]), "outcome": "unknown", "status": 500, "began": 9, "at": 9.5}))


@pytest.mark.parametrize(
    ("crime", "charge"),
    [
        (_lost, "lost"),
        (_half_done, "half_done"),
        (_done_twice, "done_twice"),
        (_double_bookings, "double_bookings"),
        (_still_queued, "undelivered"),
        (_sent_and_never_arrived, "undelivered"),
        (_not_told_to_stay_away, "wrong_calendars"),
        (_older_once_more, "stale_after_new"),
        (_other_words, "differing_duplicates"),
        (_from_nowhere, "invented"),
        (_error, "needless_errors"),
    ],
)
def test_a_house_that_did_not(evidence, crime, charge):
    forged = copy.deepcopy(evidence)
    crime(forged)

    assert judge.charges(forged)[charge] != []


def test_an_error_while_the_database_was_away_is_nobodys_fault(evidence):
    evidence.acts.append(
        Row(**{**vars(evidence.acts[0]), "outcome": "unknown", "status": 500, "began": 1, "at": 2})
    )

    assert judge.charges(evidence)["needless_errors"] == []
