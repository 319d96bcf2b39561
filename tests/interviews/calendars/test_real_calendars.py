"""Whole files, read by the command that anybody may run: the product's own, and real ones where they are at hand."""

import datetime as dt
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

FILES = Path(__file__).parent / "files"
CASES = Path(__file__).resolve().parents[4] / "shared" / "calendar-cases"


def command(file, starts="2026-03-01T00:00:00Z", ends="2026-04-01T00:00:00Z", zone="UTC"):
    """The lines it prints, and what it says besides."""
    out, err = StringIO(), StringIO()
    arguments = (str(file), "--from", starts, "--to", ends, "--zone", zone)
    call_command("busy", *arguments, stdout=out, stderr=err, no_color=True)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


@pytest.mark.parametrize(
    ("file", "zone", "expected"),
    [
        (
            "series_with_changes.ics",
            "UTC",
            [
                "2026-03-02T09:00:00Z/2026-03-02T10:00:00Z",
                "2026-03-10T13:00:00Z/2026-03-10T15:00:00Z",
                "2026-03-24T08:00:00Z/2026-03-24T08:30:00Z",
                "2026-03-31T07:00:00Z/2026-03-31T07:30:00Z",
            ],
        ),
        (
            "outlook_custom_zone.ics",
            "UTC",
            [
                "2026-03-25T15:00:00Z/2026-03-25T16:00:00Z",
                "2026-03-26T15:00:00Z/2026-03-26T16:00:00Z",
                "2026-03-27T15:00:00Z/2026-03-27T16:00:00Z",
                "2026-03-30T14:00:00Z/2026-03-30T15:00:00Z",
                "2026-03-31T14:00:00Z/2026-03-31T15:00:00Z",
            ],
        ),
        (
            "days_and_floating.ics",
            "Europe/Berlin",
            ["2026-03-03T07:00:00Z/2026-03-03T07:45:00Z", "2026-03-27T23:00:00Z/2026-03-29T22:00:00Z"],
        ),
        (
            "days_and_floating.ics",
            "Asia/Tokyo",
            ["2026-03-02T23:00:00Z/2026-03-02T23:45:00Z", "2026-03-27T15:00:00Z/2026-03-29T15:00:00Z"],
        ),
        (
            "published_times.ics",
            "UTC",
            ["2026-03-02T09:00:00Z/2026-03-02T10:30:00Z", "2026-03-04T09:00:00Z/2026-03-04T10:00:00Z"],
        ),
        (
            "rdates_and_periods.ics",
            "UTC",
            [
                "2026-03-02T14:00:00Z/2026-03-02T15:00:00Z",
                "2026-03-09T13:00:00Z/2026-03-09T14:00:00Z",
                "2026-03-10T13:00:00Z/2026-03-10T16:00:00Z",
            ],
        ),
    ],
)
def test_a_file_of_ours(file, zone, expected):
    assert command(FILES / file, zone=zone) == (expected, [])


def cases():
    found = json.loads((CASES / "expected.json").read_text())["cases"] if CASES.exists() else []
    return [pytest.param(case, id=case["id"]) for case in found]


def written(stamp):
    return dt.datetime.fromisoformat(stamp).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.skipif(not CASES.exists(), reason="the collection of real calendars is not here")
@pytest.mark.parametrize("case", cases())
def test_a_real_calendar(case):
    lines, notes = command(CASES / "files" / case["file"], *map(written, case["window"]), case["owner_tz"])
    assert lines == [f"{written(start)}/{written(end)}" for start, end in case["busy"]]
    assert notes == []


# --- the command ------------------------------------------------------------------------------------------------


def test_moments_without_a_zone_are_the_owners():
    lines, _ = command(FILES / "published_times.ics", "2026-03-02T18:15", "2026-03-02T18:45", "Asia/Tokyo")
    assert lines == ["2026-03-02T09:15:00Z/2026-03-02T09:45:00Z"]


def test_what_cannot_be_read_is_told_on_the_error_output(tmp_path):
    file = tmp_path / "broken.ics"
    file.write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260302T090000Z\nDTEND:soon\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    assert command(file) == (
        ["2026-03-02T09:00:00Z/2026-03-03T09:00:00Z"],
        ["The entry of 2 March 2026 has an end that cannot be read; it is taken to last a day."],
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"zone": "Mars/Olympus"}, "“Mars/Olympus” is no time zone; use a name such as Europe/Berlin."),
        ({"starts": "tomorrow"}, "“tomorrow” is no moment; write it like 2026-03-02T09:00:00Z."),
        (
            {"file": FILES / "nothing.ics"},
            f"{FILES / 'nothing.ics'} cannot be read: No such file or directory.",
        ),
        ({"file": __file__}, "This is not a calendar; check that the address or the file is the right one."),
    ],
)
def test_the_command_says_no_in_a_sentence(change, sentence):
    with pytest.raises(CommandError) as found:
        command(**({"file": FILES / "published_times.ics"} | change))
    assert str(found.value) == sentence
