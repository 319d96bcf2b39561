"""Pages by cursor."""

import base64

import pytest

from candidates.models import Candidate
from journal.models import Event
from tests import stories
from tests.api.calls import Caller, refusal

pytestmark = pytest.mark.django_db


def people(count: int) -> list[str]:
    """Candidates in the order of the list: newest first, and by id where several are equally new."""
    for number in range(count):
        stories.candidate(f"Number {number}")
    # Two share each moment.
    for number, candidate in enumerate(Candidate.objects.order_by("pk")):
        Candidate.objects.filter(pk=candidate.pk).update(created_at=stories.later(hours=number // 2))
    return [str(candidate.pk) for candidate in Candidate.objects.order_by("-created_at", "-pk")]


def walk(caller: Caller, first: str, way: str) -> list[list[str]]:
    pages, link = [], first
    while link:
        body = caller.client.get(link).json()
        pages.append([row["id"] for row in body["results"]])
        link = body[way]
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7])
def test_walk_there_and_back(recruiter, size):
    ids = people(6)
    start = f"/api/v1/candidates?page_size={size}"
    pages = [ids[first : first + size] for first in range(0, 6, size)]

    assert walk(recruiter, start, "next") == pages

    last = start
    while follow := recruiter.client.get(last).json()["next"]:
        last = follow
    back = walk(recruiter, last, "previous")
    assert back[0] == pages[-1]
    assert [row for page in reversed(back) for row in page] == ids


def test_many_rows_of_one_moment(recruiter):
    people(6)
    Candidate.objects.update(created_at=stories.NOW)
    ids = [str(candidate.pk) for candidate in Candidate.objects.order_by("-pk")]

    assert walk(recruiter, "/api/v1/candidates?page_size=2", "next") == [ids[:2], ids[2:4], ids[4:]]


def test_what_is_added_meanwhile_shifts_nothing(recruiter):
    ids = people(4)
    first = recruiter.get("candidates", page_size=2).json()
    newest = stories.candidate("Late Comer")
    Candidate.objects.filter(pk=newest.pk).update(created_at=stories.later(days=9))

    second = recruiter.client.get(first["next"]).json()

    assert [row["id"] for row in second["results"]] == ids[2:]
    assert second["next"] is None


def test_filters_stay_with_the_links(recruiter):
    people(3)
    page = recruiter.get("candidates", name="number", page_size=1).json()

    assert "name=number" in page["next"]
    assert "page_size=1" in page["next"]
    assert len(walk(recruiter, page["next"], "next")) == 2


def test_an_empty_list(recruiter):
    assert recruiter.get("candidates").json() == {"next": None, "previous": None, "results": []}


def test_pages_have_fifty_rows_and_at_most_two_hundred(recruiter):
    Candidate.objects.bulk_create(
        Candidate(name=f"Number {number}", created_at=stories.NOW) for number in range(201)
    )

    assert len(recruiter.get("candidates").json()["results"]) == 50
    assert len(recruiter.get("candidates", page_size=200).json()["results"]) == 200


@pytest.mark.parametrize("size", ["0", "-1", "201", "many", "1.5", "٣", "9" * 5000])
def test_page_sizes_that_cannot_be(recruiter, size):
    answer = recruiter.get("candidates", page_size=size)

    assert refusal(answer) == (400, "invalid")
    assert answer.json()["errors"] == [
        {"field": "page_size", "problem": "Give a whole number from 1 to 200."}
    ]


@pytest.mark.parametrize(
    "text", ["n", "n 2026-03-02", "x 2026-03-02T09:00Z 1", "n soon 1", "n 2026-03-02T09:00Z 1", "n a b c", ""]
)  # fmt: skip
def test_cursors_that_are_none(recruiter, text):
    people(1)
    for cursor in (text or "%", base64.urlsafe_b64encode(text.encode()).decode() or "é"):
        assert refusal(recruiter.get("candidates", cursor=cursor)) == (400, "invalid")


def test_the_journal_is_told_oldest_first(recruiter):
    people(3)
    ids = list(Event.objects.order_by("pk").values_list("pk", flat=True))

    pages = walk(recruiter, "/api/v1/events?page_size=4", "next")

    assert [row for page in pages for row in page] == ids
    assert refusal(recruiter.get("events", cursor=base64.urlsafe_b64encode(b"n x").decode())) == (
        400,
        "invalid",
    )
