"""The facts a playbook's conditions may name, derived from the playbook itself."""

from __future__ import annotations

from typing import Any

from hiring.blueprint.shape import LEVELS, UNCLEAR, VERDICTS, Blueprint, Readiness
from hiring.blueprint.walk import keys, texts, walk
from hiring.conditions import Kind, Number, Scale, Word, YesNo

PERCENT = Number("%")
_TEAM_KINDS: dict[str, Kind] = {"count": Number(), "share": PERCENT, "yes_no": YesNo()}
_RATINGS = ("assessed", "strong", "mixed", "weak")


def vocabulary(blueprint: Blueprint) -> dict[str, Kind]:
    """Every fact the patterns of this playbook may name, with its kind.

    What each fact means, and who supplies it, is described in docs/playbook-format.md.
    """
    return everything(blueprint.model_dump())


def team_vocabulary(readiness: Readiness) -> dict[str, Kind]:
    """The facts readiness rules may name: team.<fact>."""
    return team({"readiness": readiness.model_dump()})


def background_vocabulary(blueprint: Blueprint) -> dict[str, Kind]:
    """The facts by which a background is classified: background.<area> and graded.<area>."""
    return background(blueprint.model_dump(include={"areas"}))


# The functions below read the file's data, not the finished blueprint: a condition is checked even while
# something else in the file is still wrong. What is misshapen is skipped here and reported elsewhere.


def team(data: Any) -> dict[str, Kind]:
    """Facts about the team, as the hiring manager states them."""
    kinds: dict[str, Kind] = {}
    for _, fact in walk(data, "readiness", "facts", "*"):
        if isinstance(fact, dict) and isinstance(fact.get("key"), str):
            kind = fact.get("kind")
            kinds[f"team.{fact['key']}"] = _TEAM_KINDS.get(kind if isinstance(kind, str) else "", Number())
    return kinds


def background(data: Any) -> dict[str, Kind]:
    """Facts about one person: levels by area, and whether graded work in the area is on file."""
    kinds: dict[str, Kind] = {}
    for area in keys(data, "areas"):
        kinds[f"background.{area}"] = Scale(LEVELS)
        kinds[f"graded.{area}"] = YesNo()
    return kinds


def opening(data: Any) -> dict[str, Kind]:
    """Facts about an opening, before any candidate is looked at."""
    return team(data) | {"readiness.verdict": Word(VERDICTS), "opening.pay_anchor": _pay_anchors(data)}


def everything(data: Any) -> dict[str, Kind]:
    """All facts: opening, background, classification, pay, blocks, signals and segments."""
    roles = (*keys(data, "neighbours"), *texts(data, "key"), UNCLEAR)
    kinds = opening(data) | background(data)
    kinds["classified_as"] = Word(roles)
    kinds["expectation.pay_anchor"] = kinds["offer.pay_anchor"] = _pay_anchors(data)
    for path, block in walk(data, "blocks", "*", "key"):
        at = path[:-1]
        kinds |= {f"block.{block}.{rating}": Number() for rating in _RATINGS}
        for signal in keys(data, *at, "signals"):
            kinds |= {f"signal.{block}.{signal}.{rating}": Number() for rating in _RATINGS}
        for _, segment in walk(data, *at, "segments", "*"):
            if isinstance(segment, dict) and isinstance(segment.get("key"), str):
                kinds |= _segment(
                    f"segment.{block}.{segment['key']}", incident=segment.get("incident") is True
                )
    return kinds


def _pay_anchors(data: Any) -> Word:
    return Word((*texts(data, "pay", "anchors", "*"), *texts(data, "pay", "not_anchors", "*")))


def _segment(name: str, *, incident: bool) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {
        f"{name}.skipped": YesNo(),
        f"{name}.ran_percent": PERCENT,
        f"{name}.rated": Number(),
    }
    if incident:
        kinds |= {f"{name}.stories": Number(), f"{name}.complete_stories": Number()}
    return kinds
