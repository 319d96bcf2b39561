"""Finding values in the data of a playbook file that may still be misshapen."""

from collections.abc import Iterator
from typing import Any

from hiring.blueprint.problems import Path


def walk(data: Any, *steps: str | int) -> Iterator[tuple[Path, Any]]:
    """Every value under these steps, with its path; "*" goes through a list. What is missing is skipped."""
    yield from _walk(data, (), steps)


def texts(data: Any, *steps: str | int) -> tuple[str, ...]:
    """The texts under these steps."""
    return tuple(value for _, value in walk(data, *steps) if isinstance(value, str))


def keys(data: Any, *steps: str | int) -> tuple[str, ...]:
    """The keys of the items in the list under these steps."""
    return texts(data, *steps, "*", "key")


def _walk(data: Any, path: Path, steps: tuple[str | int, ...]) -> Iterator[tuple[Path, Any]]:
    if not steps:
        yield path, data
        return
    step, rest = steps[0], steps[1:]
    if step == "*":
        if isinstance(data, tuple):
            for index, item in enumerate(data):
                yield from _walk(item, (*path, index), rest)
    elif isinstance(step, int):
        if isinstance(data, tuple) and step < len(data):
            yield from _walk(data[step], (*path, step), rest)
    elif isinstance(data, dict) and step in data:
        yield from _walk(data[step], (*path, step), rest)
