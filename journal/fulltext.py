"""Finding rows by words people wrote, on both databases, with the same answers.

A row is found when each word that was typed begins some word of its columns, whatever the case. PostgreSQL answers from
an index (`TextIndex` on the model, by the same columns in the same order); SQLite, which serves small companies, reads
through the rows. Encrypted columns cannot be searched: see accounts/encryption.py.
"""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connections, models
from django.db.models import F, Func, Q, Value

MOST_WORDS = 8
SHORTEST = 2  # characters of the longest word: a single letter begins half of all names
Rows = TypeVar("Rows", bound="models.QuerySet[Any]")

# PostgreSQL takes “train/serve” for one path and “k8s.io” for one host; apart, each word is found.
_JOINERS = "/.-_@:+=#&%?~"


def words(typed: str) -> tuple[str, ...]:
    """What was typed as separate words, in lower case. None at all when it is too short to look for."""
    found = tuple(dict.fromkeys(re.findall(r"[^\W_]+", typed.lower())))[:MOST_WORDS]
    return found if any(len(word) >= SHORTEST for word in found) else ()


def containing(rows: Rows, looked_for: Sequence[str], *columns: str) -> Rows:
    """The rows in whose columns each of these words (from `words`) begins a word."""
    if connections[rows.db].vendor == "postgresql":
        query = SearchQuery(
            " & ".join(f"'{word}':*" for word in looked_for), config="simple", search_type="raw"
        )
        return rows.alias(written=_vector(columns)).filter(written=query)
    for word in looked_for:
        begins = rf"(?<![^\W_]){re.escape(word)}"
        anywhere = Q()
        for column in columns:
            found = Q(**{f"{column}__iregex": begins})
            if word.isascii():  # SQLite itself leaves most rows out before the costly question is asked
                found = Q(**{f"{column}__icontains": word}) & found
            anywhere |= found
        rows = rows.filter(anywhere)
    return rows


def _vector(columns: Sequence[str]) -> SearchVector:
    apart = [
        Func(
            F(column),
            Value(_JOINERS),
            Value(" " * len(_JOINERS)),
            function="TRANSLATE",
            output_field=models.TextField(),
        )
        for column in columns
    ]
    return SearchVector(*apart, config="simple")


class TextIndex(GinIndex):
    """What `containing` looks into on PostgreSQL; on SQLite nothing."""

    def __init__(self, *, columns: Sequence[str], name: str) -> None:
        self.columns = tuple(columns)
        super().__init__(_vector(self.columns), name=name)

    def deconstruct(self) -> Any:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            (),
            {"columns": self.columns, "name": self.name},
        )

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return "SELECT 1"  # a migration wants a statement
        return super().create_sql(model, schema_editor, using, **kwargs)

    def remove_sql(self, model: Any, schema_editor: Any, **kwargs: Any) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return "SELECT 1"
        return super().remove_sql(model, schema_editor, **kwargs)


def excerpt(text: str, looked_for: Sequence[str], *, around: int = 90) -> list[tuple[str, bool]]:
    """A piece of the text around the first word found: its parts in order, each with whether it was looked for."""
    begins = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, looked_for))})", re.IGNORECASE)
    first = begins.search(text)
    start = max(0, first.start() - around) if first else 0
    end = min(len(text), (first.end() if first else 0) + around)
    while start and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    piece, parts, at = text[start:end], [], 0
    for found in begins.finditer(piece):
        parts += [(piece[at : found.start()], False), (found.group(), True)]
        at = found.end()
    parts.append((piece[at:], False))
    if start:
        parts.insert(0, ("… ", False))
    if end < len(text):
        parts.append((" …", False))
    return [part for part in parts if part[0]]
