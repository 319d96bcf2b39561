"""What of an entry is ours and what is theirs."""

from dataclasses import replace

from interviews.calendars import itip, keeping
from tests.interviews.calendars.itip_meetings import ADA, BEN, HOUR, asked, meeting

FIRST = meeting(attendees=asked(ADA, BEN), description="Bring, the kit")
OURS = keeping.entry(itip.request(FIRST))
MOVED = keeping.entry(
    itip.request(
        replace(
            FIRST,
            starts_at=FIRST.starts_at + HOUR,
            ends_at=FIRST.ends_at + HOUR,
            sequence=1,
            description="Bring it",
        )
    )
)


def line(data, name):
    return next(
        line
        for line in data.replace(b"\r\n ", b"").decode().split("\r\n")
        if line.startswith(name) and "BEGIN" not in line
    )


def edited(data, **lines):
    text = data.replace(b"\r\n ", b"").decode()
    for name, new in lines.items():
        old = line(data, name)
        text = text.replace(old, new.replace("{}", old))
    return text.encode()


def test_an_untouched_entry_becomes_the_new_version():
    assert keeping.merged(MOVED, OURS, before=OURS) == MOVED
    assert not keeping.same_times(OURS, MOVED)


def test_a_note_beside_our_words_stays_beside_the_new_ones():
    theirs = edited(OURS, DESCRIPTION="{}\\nRemember the badge\\; really")
    assert (
        line(keeping.merged(MOVED, theirs, before=OURS), "DESCRIPTION")
        == "DESCRIPTION:Bring it\\nRemember the badge\\; really"
    )


def test_their_own_words_in_the_place_of_ours_stay():
    theirs = edited(OURS, DESCRIPTION="DESCRIPTION:Mine")
    assert line(keeping.merged(MOVED, theirs, before=OURS), "DESCRIPTION") == "DESCRIPTION:Mine"


def test_whether_it_blocks_their_day_is_theirs_to_say():
    theirs = edited(OURS, TRANSP="TRANSP:TRANSPARENT")
    merged = keeping.merged(MOVED, theirs, before=OURS).decode()
    assert "TRANSP:TRANSPARENT" in merged and "TRANSP:OPAQUE" not in merged


def test_an_answer_stays_with_the_version_it_was_given_to():
    theirs = OURS.replace(b"\r\n ", b"").replace(b"PARTSTAT=NEEDS-ACTION", b"PARTSTAT=ACCEPTED", 1)
    renamed = keeping.entry(itip.request(replace(FIRST, summary="Another title")))
    assert keeping.merged(renamed, theirs, before=OURS).count(b"PARTSTAT=ACCEPTED") == 1
    assert b"ACCEPTED" not in keeping.merged(MOVED, theirs, before=OURS)


def test_a_series_made_of_it_is_one_interview_again_and_alarms_stay():
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Go\r\nTRIGGER:-PT10M\r\nEND:VALARM"
    theirs = edited(OURS, TRANSP=f"RRULE:FREQ=DAILY\r\nX-COLOUR:red\r\n{alarm}\r\n{{}}")
    merged = keeping.merged(MOVED, theirs, before=OURS).decode()
    assert "FREQ=DAILY" not in merged and "X-COLOUR:red" in merged
    assert "\r\n".join(["", alarm, ""]) in merged


def test_an_entry_that_cannot_be_read_is_replaced():
    for nonsense in (b"", b"<html>", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"\xff\xfe"):
        assert keeping.merged(MOVED, nonsense, before=OURS) == MOVED
