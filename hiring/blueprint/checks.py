"""What has to be true of a playbook beyond its shape: unique keys, references with a target, right sums.

The checks read the file's data rather than the finished blueprint, so that one wrong line does not hide the
others. Each tells the place and what is expected there.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import Any, NamedTuple

from hiring import conditions
from hiring.blueprint import facts
from hiring.blueprint.problems import Path
from hiring.blueprint.shape import UNCLEAR
from hiring.blueprint.walk import keys, texts, walk
from hiring.conditions import Kind

MAX_REQUIRED_SEATS = 3
_IN_TRAINING = ("shadow", "reverse_shadow")
_RESERVED = frozenset({*keyword.kwlist, "true", "false"})


class Finding(NamedTuple):
    """Something wrong at a path; `shift` is the character of a condition's text it is about, from 1."""

    path: Path
    message: str
    shift: int = 0


def findings(data: Any) -> Iterator[Finding]:
    """Everything wrong beyond the shape, in no particular order."""
    yield from _unique_keys(data)
    yield from _references(data)
    yield from _conditions(data)
    yield from _blocks(data)
    yield from _ranges(data)
    yield from _breaks(data)
    yield from _block_order(data)
    yield from _pay(data)
    yield from _outcomes(data)
    yield from _sentences(data)


# Keys and references

_LISTS_WITH_KEYS: tuple[tuple[str, ...], ...] = (
    ("sources",),
    ("readiness", "facts"),
    ("readiness", "rules"),
    ("areas",),
    ("tools",),
    ("neighbours",),
    ("channels", "items"),
    ("blocks",),
    ("blocks", "*", "segments"),
    ("blocks", "*", "prompts"),
    ("blocks", "*", "signals"),
    ("blocks", "*", "seats"),
    ("pay", "bands"),
    ("pay", "rules"),
    ("patterns",),
    ("benchmarks",),
    ("claims",),
)

_REFERENCES: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("readiness", "neighbour"), ("neighbours",), "neighbour"),
    (("tools", "*", "area"), ("areas",), "area"),
    (("channels", "if_only_one", "channel"), ("channels", "items"), "channel"),
    (("loop", "order", "*", "before"), ("blocks",), "block"),
    (("loop", "order", "*", "after"), ("blocks",), "block"),
    (("pay", "role_band"), ("pay", "bands"), "band"),
    (("claims", "*", "about_block"), ("blocks",), "block"),
    *(
        ((*place, "source"), ("sources",), "source")
        for place in (
            ("readiness", "rules", "*"),
            ("readiness", "transition"),
            ("channels", "items", "*"),
            ("channels", "if_only_one"),
            ("pay", "bands", "*"),
            ("pay", "rules", "*"),
            ("patterns", "*"),
            ("benchmarks", "*"),
            ("claims", "*"),
        )
    ),
)


def _unique_keys(data: Any) -> Iterator[Finding]:
    for steps in _LISTS_WITH_KEYS:
        seen: set[tuple[Path, str]] = set()
        for path, key in walk(data, *steps, "*", "key"):
            if not isinstance(key, str):
                continue
            here = (path[:-2], key)
            if here in seen:
                yield Finding(path, f"The key {key} is already used in this list; give each its own.")
            seen.add(here)
            if key in _RESERVED:
                yield Finding(path, f"The word {key} is part of the condition language; choose another key.")
    own = texts(data, "key")
    for path, key in walk(data, "neighbours", "*", "key"):
        if key in own or key == UNCLEAR:
            yield Finding(path, f"A neighbour needs a key other than {key}, which has a meaning of its own.")


def _references(data: Any) -> Iterator[Finding]:
    for steps, target, what in _REFERENCES:
        known = keys(data, *target)
        for path, key in walk(data, *steps):
            if isinstance(key, str) and key not in known:
                yield _no_such(path, what, key, known)
    for at, _ in walk(data, "blocks", "*"):
        segments = keys(data, *at, "segments")
        for part in ("prompts", "signals"):
            for path, key in walk(data, *at, part, "*", "segment"):
                if isinstance(key, str) and key not in segments:
                    yield _no_such(path, "segment", key, segments)


def _no_such(path: Path, what: str, key: str, known: tuple[str, ...]) -> Finding:
    instead = f"; use one of {', '.join(known)}." if known else "."
    return Finding(path, f"There is no {what} {key} in this playbook{instead}")


# Conditions


def _conditions(data: Any) -> Iterator[Finding]:
    team = facts.team(data)
    background = facts.background(data)
    yield from _readable(data, team, "readiness", "rules", "*", "when")
    yield from _readable(data, background, "neighbours", "*", "when")
    yield from _readable(data, background, "fit", "when")
    everything, opening = facts.everything(data), facts.opening(data)
    for at, case in walk(data, "patterns", "*", "raised_on", "*"):
        about_opening = isinstance(case, dict) and case.get("about") == "opening"
        yield from _readable(data, opening if about_opening else everything, *at, "when")


def _readable(data: Any, known: dict[str, Kind], *steps: str | int) -> Iterator[Finding]:
    for path, text in walk(data, *steps):
        if isinstance(text, str):
            try:
                conditions.parse(text, known)
            except conditions.ConditionError as error:
                yield Finding(path, f"{error.message} (character {error.column})", error.column)


# Blocks


def _blocks(data: Any) -> Iterator[Finding]:
    for path, block in walk(data, "blocks", "*"):
        if not isinstance(block, dict):
            continue
        minutes = [value for _, value in walk(block, "segments", "*", "minutes")]
        total = block.get("minutes")
        if minutes and _are_numbers(total, *minutes) and sum(minutes) != total:
            yield Finding(
                (*path, "minutes"),
                f"The segments add up to {sum(minutes)} minutes and the block has {total}; make them equal.",
            )
        seats = [seat for _, seat in walk(block, "seats", "*") if isinstance(seat, dict)]
        required = sum(
            seat.get("optional") is not True and seat.get("role") not in _IN_TRAINING for seat in seats
        )
        if "seats" in block and not 1 <= required <= MAX_REQUIRED_SEATS:
            yield Finding(
                (*path, "seats"),
                f"A block has 1 to {MAX_REQUIRED_SEATS} required seats; this one has {required}.",
            )
        for at, seat in walk(block, "seats", "*"):
            role = seat.get("role") if isinstance(seat, dict) else None
            if role in _IN_TRAINING and seat.get("optional") is not True:
                yield Finding(
                    (*path, *at),
                    "A seat for an interviewer in training needs optional: true; nobody waits for it.",
                )


def _block_order(data: Any) -> Iterator[Finding]:
    positions = dict(walk(data, "blocks", "*", "position"))
    for wanted in ("first", "last"):
        holders = [path for path, value in positions.items() if value == wanted]
        for path in holders[1:]:
            yield Finding(path, f"Only one block can be {wanted}.")
    rules = [
        (path, rule["before"], rule["after"])
        for path, rule in walk(data, "loop", "order", "*")
        if isinstance(rule, dict)
        and isinstance(rule.get("before"), str)
        and isinstance(rule.get("after"), str)
    ]
    position_of = {
        key: block.get("position")
        for _, block in walk(data, "blocks", "*")
        if isinstance(block, dict) and isinstance(key := block.get("key"), str)
    }
    known: dict[str, set[str]] = {}
    for path, before, after in rules:
        # Soft rules are looked at too: one that can never be kept is a slip of the pen.
        if before == after or before in _after(after, known):
            yield Finding(
                path, f"{before} cannot come before {after}: the order of the others says otherwise."
            )
            continue
        if position_of.get(before) == "last" or position_of.get(after) == "first":
            yield Finding(path, f"{before} cannot come before {after}: their positions say otherwise.")
        known.setdefault(before, set()).add(after)


def _after(block: str, known: dict[str, set[str]]) -> set[str]:
    """All blocks that come after this one, directly or through others."""
    found: set[str] = set()
    waiting = [block]
    while waiting:
        for after in known.get(waiting.pop(), ()):
            if after not in found:
                found.add(after)
                waiting.append(after)
    return found


# Ranges and sums

_FROM_TO: tuple[tuple[str, ...], ...] = (
    ("readiness", "transition", "months"),
    ("readiness", "transition", "pairing_months"),
    ("channels", "items", "*", "days_to_fill"),
    ("pay", "negotiation_percent"),
)


def _ranges(data: Any) -> Iterator[Finding]:
    for steps in _FROM_TO:
        for path, pair in walk(data, *steps):
            if isinstance(pair, tuple) and len(pair) == 2 and _are_numbers(*pair) and pair[0] > pair[1]:
                yield Finding(path, f"Write the lower number first: [{pair[1]}, {pair[0]}].")
    for path, rank in _repeated(walk(data, "channels", "items", "*", "rank")):
        yield Finding(path, f"Two channels have rank {rank}; rank them 1, 2, 3 and so on.")
    shares = [
        value for _, value in walk(data, "channels", "items", "*", "share_percent") if value is not None
    ]
    if shares and _are_numbers(*shares) and sum(shares) > 100:
        yield Finding(
            ("channels", "items"), f"The shares of hires add up to {sum(shares)} %; they cannot exceed 100 %."
        )


def _breaks(data: Any) -> Iterator[Finding]:
    for path, pause in walk(data, "loop", "breaks", "*"):
        if not isinstance(pause, dict):
            continue
        earliest, latest, length = (
            _clock(pause.get("earliest")),
            _clock(pause.get("latest")),
            pause.get("minutes"),
        )
        if (
            earliest is not None
            and latest is not None
            and isinstance(length, int)
            and latest - earliest < length
        ):
            yield Finding(
                path,
                f"{length} minutes do not fit between {pause['earliest']} and {pause['latest']}; widen it.",
            )


def _clock(text: Any) -> int | None:
    """Minutes after midnight of "11:30", or None for anything else."""
    if not isinstance(text, str) or len(text) != 5 or not (text[:2] + text[3:]).isdecimal() or text[2] != ":":
        return None
    return int(text[:2]) * 60 + int(text[3:])


def _pay(data: Any) -> Iterator[Finding]:
    for path, band in walk(data, "pay", "bands", "*"):
        if not isinstance(band, dict):
            continue
        figures = [band.get("low"), band.get("median"), band.get("high")]
        known = [figure for figure in figures if figure is not None]
        if _are_numbers(*known) and known != sorted(known):
            yield Finding(path, "A band goes up from low over median to high.")
    anchors = texts(data, "pay", "anchors", "*")
    for path, role in walk(data, "pay", "not_anchors", "*"):
        if isinstance(role, str) and role in anchors:
            yield Finding(path, f"{role} is also under anchors; a role is one or the other.")


def _outcomes(data: Any) -> Iterator[Finding]:
    days = [value for _, value in walk(data, "outcomes", "checkpoints_days", "*")]
    if _are_numbers(*days) and days != sorted(set(days)):
        yield Finding(("outcomes", "checkpoints_days"), "List the days once each, earliest first.")
    for path, step in _repeated(walk(data, "outcomes", "scale", "*")):
        yield Finding(path, f"{step} is already on the scale; name each step once.")


def _sentences(data: Any) -> Iterator[Finding]:
    for path, text in walk(data, "patterns", "*", "raised_on", "*", "say"):
        if isinstance(text, str) and ("{" in text or "}" in text):
            yield Finding(path, "Write the sentence as people read it, without braces; nothing is filled in.")


def _repeated(values: Iterator[tuple[Path, Any]]) -> Iterator[tuple[Path, Any]]:
    seen: set[Any] = set()
    for path, value in values:
        if isinstance(value, str | int):
            if value in seen:
                yield path, value
            seen.add(value)


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
