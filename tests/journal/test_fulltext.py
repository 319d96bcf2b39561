"""Words found alike on both databases."""

import pytest
from django.db import connection

from candidates.models import Candidate
from journal import fulltext
from tests import stories


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Ada", ("ada",)),
        ("  ray_serve / K8s ", ("ray", "serve", "k8s")),
        ("a b", ()),
        ("", ()),
        ("';--", ()),
        ("Ö Löwe", ("ö", "löwe")),
    ],
)
def test_what_is_typed_becomes_words(typed, words):
    assert fulltext.words(typed) == words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ada", True),
        ("ADA love", True),
        ("lov ada", True),
        ("ovelace", False),
        ("throughput", True),
        ("io", True),
        ("zürich", True),
        ("Zü", True),
        ("ada & !love", True),
        ("ada nobody", False),
        ("o'neill", True),
        ("100%", True),
    ],
)
def test_each_word_begins_a_word_of_a_column(typed, found):
    one = stories.candidate(name="Ada Lovelace-O'Neill")
    Candidate.objects.filter(pk=one.pk).update(headline="Latency/throughput at k8s.io, Zürich, 100% on_call")

    rows = fulltext.containing(Candidate.objects.all(), fulltext.words(typed), "name", "headline")

    assert list(rows) == ([one] if found else [])


def test_an_excerpt_shows_the_words_in_their_surroundings():
    text = "x" * 20 + " " + "before " * 30 + "a rollback of the Rollout, " + "after " * 30

    parts = fulltext.excerpt(text, ("rollb", "rollo"))

    assert [part for part, hit in parts if hit] == ["rollb", "Rollo"]
    assert "".join(part for part, _hit in parts).startswith("… before")
    assert "".join(part for part, _hit in parts).endswith("after …")
    assert len("".join(part for part, _hit in parts)) < 240


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_looks_into_the_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    rows = fulltext.containing(Candidate.objects.all(), ("ada",), "name", "headline")

    assert "candidate_words" in rows.explain()
