"""Which role a background belongs to: the playbook's own, one people mix it up with, or unclear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hiring import conditions
from hiring.blueprint import UNCLEAR, Blueprint, background_vocabulary
from hiring.conditions import Fact


@dataclass(frozen=True)
class Classification:
    """The role a background is classified as: the blueprint's key, a neighbour's key, or "unclear".

    `because` is the playbook's sentence for it, `reasons` are the facts it rests on as people read them, and
    `also` names the other roles whose condition holds too.
    """

    role: str
    because: str
    reasons: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


def classify(
    blueprint: Blueprint, background: Mapping[str, str], graded: Mapping[str, bool]
) -> Classification:
    """Classify by levels (area -> none, some, solid, deep) and graded work (area -> whether any is on file).

    The role itself is asked first, then the neighbours in the playbook's order; the first that holds is the
    answer. An area left out is unknown and decides nothing. The answer says what somebody has done so far,
    never whether they are good enough. Raises ValueError for a level that is not on the scale.
    """
    vocabulary = background_vocabulary(blueprint)
    facts = {f"background.{area}": Fact(level) for area, level in background.items()}
    facts |= {f"graded.{area}": Fact(is_graded) for area, is_graded in graded.items()}
    roles = [(blueprint.key, blueprint.fit.when, blueprint.fit.because)]
    roles += [(neighbour.key, neighbour.when, neighbour.because) for neighbour in blueprint.neighbours]
    held: list[Classification] = []
    could_change = False
    for role, when, because in roles:
        answer = conditions.parse(when, vocabulary).answer(facts)
        if answer.holds:
            reasons = tuple(_in_words(blueprint, path, facts[path]) for path in answer.because)
            held.append(Classification(role, because, reasons))
        could_change = could_change or answer.holds is None
    if not held:
        return Classification(
            UNCLEAR,
            "Too little is known about this background to place it."
            if could_change
            else "This background fits neither the role nor one of its neighbours.",
        )
    first, *others = held
    return Classification(first.role, first.because, first.reasons, tuple(other.role for other in others))


def _in_words(blueprint: Blueprint, path: str, fact: Fact) -> str:
    kind, area = path.split(".")
    label = blueprint.area(area).label
    if kind == "background":
        return f"{label}: {fact.value}"
    return f"{label}: graded work on file" if fact.value else f"{label}: no graded work on file"


def asked(blueprint: Blueprint) -> tuple[str, ...]:
    """The areas the role itself is judged by, in the order its condition names them."""
    paths = conditions.parse(blueprint.fit.when, background_vocabulary(blueprint)).paths
    return tuple(dict.fromkeys(path.split(".")[1] for path in paths))
