"""Whatever happens to an interview, what is sent about it keeps every rule and leaves every calendar right."""

import datetime as dt
import itertools
import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from interviews.calendars import itip
from interviews.calendars.itip import Attendee, Mailbox
from tests.interviews.calendars.itip_meetings import ADA, BEN, CLEO, DEV, HOUR, NOON, asked, meeting
from tests.interviews.calendars.itip_rules import Sent, check_sent, instants, parse

PANEL = [ADA, BEN, CLEO, DEV, Mailbox('Eve "E", X', "eve+x&y@example.com")]
GRACE = Mailbox("Grace", "grace@example.test")

moves = st.tuples(st.just("move"), st.integers(-300, 300), st.sampled_from([15, 45, 60]))
swaps = st.tuples(st.just("swap"), st.integers(0, 4), st.integers(0, 4))
joins = st.tuples(st.just("join"), st.integers(0, 4))
leaves = st.tuples(st.just("leave"), st.integers(0, 4))
texts = st.tuples(
    st.just("text"), st.sampled_from(["summary", "description"]), st.sampled_from(["", "x", "y\r\nz"])
)
places = st.tuples(
    st.just("place"), st.sampled_from(["location", "url"]), st.sampled_from(["", "https://a.test"])
)
statuses = st.tuples(st.just("status"), st.sampled_from(["CONFIRMED", "TENTATIVE"]))
answers = st.tuples(st.just("answer"), st.integers(0, 4), st.sampled_from(["ACCEPTED", "DECLINED"]))
zones = st.tuples(st.just("zone"), st.sampled_from(["Asia/Kolkata", "Africa/Casablanca", "America/New_York"]))
cancels = st.tuples(st.just("cancel"))
resends = st.tuples(st.just("resend"), st.integers(0, 1000))
anything = st.one_of(
    moves, moves, swaps, swaps, joins, leaves, texts, places, statuses, answers, zones, resends, cancels
)
# Two changes can come within one second, and then stamps must differ all the same.
histories = st.lists(st.tuples(anything, st.sampled_from([0, 0.4, 1, 3600])), max_size=9)


def changed(now, change):
    what, *how = change
    if what == "move":
        start = now.starts_at + how[0] * dt.timedelta(minutes=15)
        return replace(now, starts_at=start, ends_at=start + how[1] * dt.timedelta(minutes=1))
    if what in ("text", "place"):
        return replace(now, **{how[0]: how[1]})
    if what == "status":
        return replace(now, status=how[0])
    if what == "zone":
        return replace(now, zone=how[0])
    if what == "cancel":
        return replace(now, status="CANCELLED")
    table = {attendee.mailbox: attendee for attendee in now.attendees}
    if what == "answer":
        person = now.attendees[how[0] % len(now.attendees)].mailbox
        table[person] = Attendee(person, partstat=how[1], rsvp=False)
    if what in ("swap", "leave"):
        table.pop(PANEL[how[0]], None)
    if what in ("swap", "join"):
        table.setdefault(PANEL[how[-1]], Attendee(PANEL[how[-1]]))
    return replace(now, attendees=tuple(table.values()) or now.attendees)


def lived(first, history, audience):
    """The last version, and what was sent on the way."""
    now, at = first, NOON
    sent = [Sent(letter.to, letter.calendar, audience) for letter in itip.letters(None, first)]
    for change, wait in history:
        at += dt.timedelta(seconds=wait)
        if change[0] == "resend":
            sent.append(sent[change[1] % len(sent)])
        elif now.status != "CANCELLED":
            new = itip.revise(now, changed(now, change), at=at)
            letters = itip.letters(now, new)
            sent += [Sent(letter.to, letter.calendar, audience) for letter in letters]
            # What nobody was told is no version.
            now = new if letters else replace(new, sequence=now.sequence, stamped_at=now.stamped_at)
    return now, sent


def calendars(sent):
    """What everybody's calendar shows in the end: (starts, ends, status) by UID; None is an event taken out."""
    newest = {}
    for message in sent:
        calendar = parse(message.data)
        event = calendar.blocks[-1]
        version = (int(event.one("SEQUENCE")), event.one("DTSTAMP"))
        shown = (*instants(message.data)[event.one("UID")], event.one("STATUS"))
        if calendar.one("METHOD") == "CANCEL":
            shown = None
        key = (message.to, event.one("UID"))
        if key not in newest or version > newest[key][0]:
            newest[key] = (version, shown)
    return {key: shown for key, (_, shown) in newest.items() if shown is not None}


@settings(max_examples=50, deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_any_life_of_an_interview_keeps_the_rules(history, chance: random.Random):
    panel, sent = lived(meeting(), history, "interviewers")
    guest, sent_to_guest = lived(
        meeting(uid="for-the-candidate", description="", attendees=asked(GRACE)),
        [(change, wait) for change, wait in history if change[0] not in ("swap", "join", "leave")],
        "candidate",
    )
    everything = [*sent, *sent_to_guest]

    assert check_sent(everything) == []

    # Mail arrives in any order. Who is asked sees the last version, who is not sees nothing.
    expected = {
        (attendee.mailbox.address, last.uid): (last.starts_at, last.ends_at, last.status)
        for last in (panel, guest)
        if last.status != "CANCELLED"
        for attendee in last.attendees
    }
    assert calendars(everything) == expected
    chance.shuffle(everything)
    assert calendars(everything) == expected


def test_the_life_of_one_interview_message_by_message():
    first = meeting(attendees=asked(ADA, BEN))
    moved = itip.revise(first, replace(first, starts_at=first.starts_at - HOUR), at=NOON + HOUR)
    swapped = itip.revise(moved, replace(moved, attendees=asked(ADA, CLEO)), at=NOON + 2 * HOUR)
    noted = itip.revise(swapped, replace(swapped, description="New kit"), at=NOON + 3 * HOUR)
    back = itip.revise(noted, replace(noted, attendees=asked(ADA, CLEO, BEN)), at=NOON + 4 * HOUR)
    off = itip.revise(back, replace(back, status="CANCELLED"), at=NOON + 5 * HOUR)
    versions = [None, first, moved, swapped, noted, back, off]

    sent = [
        (letter.to.partition("@")[0], letter.method, new.sequence, letter.calendar)
        for old, new in itertools.pairwise(versions)
        for letter in itip.letters(old, new)
    ]

    assert [message[:3] for message in sent] == [
        ("ada", "REQUEST", 0),
        ("ben", "REQUEST", 0),
        ("ada", "REQUEST", 1),
        ("ben", "REQUEST", 1),
        ("ben", "CANCEL", 2),
        ("ada", "REQUEST", 2),
        ("cleo", "REQUEST", 2),
        ("ada", "REQUEST", 2),
        ("cleo", "REQUEST", 2),
        ("ada", "REQUEST", 2),
        ("cleo", "REQUEST", 2),
        ("ben", "REQUEST", 2),
        ("ada", "CANCEL", 3),
        ("cleo", "CANCEL", 3),
        ("ben", "CANCEL", 3),
    ]
    assert check_sent([Sent(f"{who}@example.com", data) for who, _, _, data in sent]) == []
