"""Meetings to send: a system-design interview on a Tuesday in Berlin."""

import datetime as dt

from interviews.calendars.itip import Attendee, Mailbox, Meeting

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)

TALENT = Mailbox("Talent at Example", "talent@example.com")
ADA, BEN, CLEO, DEV = (Mailbox(name, f"{name.lower()}@example.com") for name in ("Ada", "Ben", "Cleo", "Dev"))


def asked(*people: Mailbox) -> tuple[Attendee, ...]:
    return tuple(Attendee(person) for person in people)


def meeting(**changes) -> Meeting:
    """Ada and Ben interview Grace from 10 to 11 in Berlin; the first version."""
    values = {
        "uid": "5f0c3a1e-7d2b-4f5e-9a64-0d9a3c1be001",
        "sequence": 0,
        "stamped_at": NOON,
        "starts_at": NINE,
        "ends_at": NINE + HOUR,
        "zone": "Europe/Berlin",
        "summary": "System design with Grace",
        "description": "Kit and scorecard: https://hire.example.com/kit/1\nBring the rubric, please.",
        "location": "Room Turing",
        "url": "https://meet.example.com/grace",
        "organizer": TALENT,
        "attendees": asked(ADA, BEN),
        "status": "CONFIRMED",
    }
    return Meeting(**(values | changes))
