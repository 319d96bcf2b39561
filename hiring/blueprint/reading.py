"""From a file to a blueprint, from a blueprint to what is stored, and back."""

from __future__ import annotations

import contextlib
import difflib
import functools
import hashlib
import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hiring import conditions
from hiring.blueprint import checks, facts
from hiring.blueprint.document import Document
from hiring.blueprint.problems import BlueprintError, Path, Problem
from hiring.blueprint.shape import CLOCK_PATTERN, CURRENCY_PATTERN, Blueprint
from hiring.conditions import Kind


def read(text: str, *, name: str) -> Blueprint:
    """The playbook in this file text; `name` is what the problems call the file.

    A block without segments gets one of its own key and length; conditions get their canonical spelling.
    Raises BlueprintError with every problem at its line and column.
    """
    document = Document(text, name=name)
    data = _complete(document.data)
    blueprint = None
    try:
        blueprint = Blueprint.model_validate(_spelled(data, facts.everything(data)))
    except ValidationError as refused:
        errors = refused.errors(include_url=False)
        for error in errors:
            if not _is_echo(error, errors, document):
                _note(document, error)
    for finding in checks.findings(data):
        if not document.has_problem(finding.path):
            document.problem(finding.path, finding.message, shift=finding.shift)
    document.finish()
    assert blueprint is not None
    return blueprint


def canonical(blueprint: Blueprint) -> dict[str, Any]:
    """The playbook as plain JSON data, complete with defaults: what an edition stores and the API shows."""
    return blueprint.model_dump(mode="json")


def from_canonical(content: dict[str, Any]) -> Blueprint:
    """The playbook that `canonical` turned into this content.

    Only the shape is checked: an edition that was sound when it was published stays readable even when later
    versions of the product expect more. Raises BlueprintError when the content is not a playbook.
    """
    try:
        return Blueprint.model_validate_json(json.dumps(content))
    except ValidationError as refused:
        raise BlueprintError(
            tuple(
                Problem("stored playbook", 1, 1, ".".join(map(str, error["loc"])), error["msg"])
                for error in refused.errors(include_url=False)
            )
        ) from None


def digest(blueprint: Blueprint) -> str:
    """SHA-256 of the canonical content, in hex; two files that differ only in layout or comments share it."""
    content = json.dumps(canonical(blueprint), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a playbook file, for editors that complete and check while one writes."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Blueprint.model_json_schema()}


def _complete(data: dict[str, Any]) -> dict[str, Any]:
    """Every block has segments: one that is not divided is a single segment of its own key and length."""
    blocks = data.get("blocks")
    if not isinstance(blocks, tuple):
        return data
    return data | {"blocks": tuple(_divided(block) for block in blocks)}


def _divided(block: Any) -> Any:
    own = ("key", "title", "minutes")
    if not isinstance(block, dict) or block.get("segments") or not block.keys() >= set(own):
        return block
    return block | {"segments": ({name: block[name] for name in own},)}


def _spelled(value: Any, known: dict[str, Kind]) -> Any:
    """The data with every readable condition in canonical spelling, so that its layout leaves no trace."""
    if isinstance(value, tuple):
        return tuple(_spelled(item, known) for item in value)
    if not isinstance(value, dict):
        return value
    spelled = {key: _spelled(item, known) for key, item in value.items()}
    if isinstance(when := spelled.get("when"), str):
        with contextlib.suppress(conditions.ConditionError):  # the checks report it, with its place
            spelled["when"] = conditions.parse(when, known).text
    return spelled


# Explaining


def _is_echo(error: ErrorDetails, errors: list[ErrorDetails], document: Document) -> bool:
    """Whether an error repeats another: broken items of a list were not counted, a segment was derived."""
    path = error["loc"]
    if error["type"] == "too_short":
        return any(other["loc"][: len(path)] == path and other is not error for other in errors)
    return path[2:3] == ("segments",) and "segments" not in document.nearest(path)


def _note(document: Document, error: ErrorDetails) -> None:
    path = error["loc"]
    if error["type"] in ("missing", "extra_forbidden"):
        of_key = error["type"] == "extra_forbidden"
        message = _unknown_key(path) if of_key else "Add this; it is required."
        document.problem(path, message, of_key=of_key)
        return
    path = document.nearest(path)  # a number that may be whole or not is reported once for either
    if not document.has_problem(path):
        wants_text = error["type"] == "string_type" or (
            error["type"] == "literal_error" and isinstance(error["input"], bool)
        )
        hint = document.misread(path) if wants_text or error["input"] is None else ""
        document.problem(path, _expected(error) + hint)


def _expected(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["loc"][-1:] in (("int",), ("float",)):
        return "Write a number, without quotes."
    match error["type"]:
        case "string_type":
            return "Write a text."
        case "int_type" | "int_from_float":
            return "Write a whole number, without quotes."
        case "bool_type":
            return "Write true or false, without quotes."
        case "literal_error":
            return f"Write {context['expected']}."
        case "string_pattern_mismatch" if CLOCK_PATTERN.pattern in context["pattern"]:
            return 'Write a time of day in quotes, such as "11:30".'
        case "string_pattern_mismatch" if CURRENCY_PATTERN.pattern in context["pattern"]:
            return "Write a currency as three capital letters, such as EUR."
        case "string_pattern_mismatch":
            return "Write a key: small letters, digits and underscores, starting with a letter."
        case "string_too_short":
            return "Write something here; it is empty."
        case "string_too_long":
            return f"Write at most {context['max_length']} characters."
        case "greater_than":
            return f"Write a number above {context['gt']}."
        case "greater_than_equal":
            return f"Write {context['ge']} or more."
        case "less_than_equal":
            return f"Write {context['le']} or less."
        case "tuple_type":
            return "Write a list."
        case "model_type":
            return "Write a mapping: keys with their values."
        case "too_short":
            return f"List at least {context['min_length']}; there are {context['actual_length']}."
        case "too_long":
            return f"List at most {context['max_length']}; there are {context['actual_length']}."
    return f"{error['msg']}."


def _unknown_key(path: Path) -> str:
    known = _known_keys(path[:-1])
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    return "There is no such key here" + (
        f"; did you mean {near[0]}?" if near else f": use {', '.join(known)}."
    )


def _known_keys(path: Path) -> list[str]:
    """The keys a mapping at this place may have, found by following the schema."""
    schema = _schema()
    at: dict[str, Any] = schema
    for step in path:
        at = at["items"] if isinstance(step, int) else at["properties"][step]
        if reference := at.get("$ref"):
            at = schema["$defs"][reference.removeprefix("#/$defs/")]
    return list(at["properties"])


_schema = functools.cache(json_schema)
