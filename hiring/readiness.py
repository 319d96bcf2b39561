"""Should this opening exist at all? The playbook's readiness rules over what is known about the team.

Reasons against outweigh reasons for: a `neighbour` rule that holds wins (add the neighbouring role instead),
then `not_yet`, then `hire`. Hiring into a role that will not carry costs more than waiting. When no rule
holds, the answer is `not_yet` with the playbook's `otherwise` text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hiring import conditions
from hiring.blueprint import Readiness, TeamFact, team_vocabulary
from hiring.conditions import Fact

TeamFacts = Mapping[str, int | float | bool | None]
"""What the hiring manager stated, by fact key; None or left out is unknown."""

_PRECEDENCE = ("neighbour", "not_yet", "hire")


@dataclass(frozen=True)
class Reason:
    """One rule that holds, with the stated facts it rests on.

    `counted` is False for a reason that another one outweighs; it is shown all the same.
    """

    rule: str
    verdict: str
    because: str
    source: str
    facts: tuple[tuple[str, int | float | bool | None], ...]
    counted: bool


@dataclass(frozen=True)
class Verdict:
    """hire, neighbour (add the neighbouring role instead) or not_yet.

    `reasons` are in the playbook's order; `otherwise` is what people read when there are none.
    `unknown` names the facts nobody stated that could add a reason.
    """

    verdict: str
    reasons: tuple[Reason, ...]
    unknown: tuple[str, ...]
    otherwise: str = ""


def assess(readiness: Readiness, facts: TeamFacts) -> Verdict:
    """Weigh the team's facts. Unknown facts make no reason, neither for nor against.

    Raises ValueError, in sentences for people, for facts the playbook does not ask for and values that cannot
    be: a negative or broken count, a share outside 0-100 %, something other than yes or no.
    """
    _check(readiness, facts)
    vocabulary = team_vocabulary(readiness)
    known = {f"team.{key}": Fact(value) for key, value in facts.items()}
    held: list[Reason] = []
    open_questions: list[str] = []
    for rule in readiness.rules:
        condition = conditions.parse(rule.when, vocabulary)
        answer = condition.answer(known)
        keys = [path.removeprefix("team.") for path in (answer.because if answer.holds else condition.paths)]
        if answer.holds:
            stated = tuple((key, facts[key]) for key in keys)
            held.append(Reason(rule.key, rule.verdict, rule.because, rule.source, stated, counted=True))
        elif answer.holds is None:
            open_questions += [key for key in keys if facts.get(key) is None]
    verdict = next(
        (word for word in _PRECEDENCE if any(reason.verdict == word for reason in held)), "not_yet"
    )
    return Verdict(
        verdict=verdict,
        reasons=tuple(replace(reason, counted=reason.verdict == verdict) for reason in held),
        unknown=tuple(dict.fromkeys(open_questions)),
        otherwise="" if held else readiness.otherwise,
    )


def _check(readiness: Readiness, facts: TeamFacts) -> None:
    asked = {fact.key: fact for fact in readiness.facts}
    wrong = [f"The playbook does not ask for {key}; leave it out." for key in facts if key not in asked]
    wrong += [
        message
        for key, value in facts.items()
        if key in asked and value is not None and (message := _impossible(asked[key], value))
    ]
    if wrong:
        raise ValueError(" ".join(wrong))


def _impossible(fact: TeamFact, value: int | float | bool) -> str:
    """What to state instead of a value the fact cannot have, or nothing."""
    is_number = not isinstance(value, bool) and isinstance(value, int | float)
    if fact.kind == "count" and not (is_number and value >= 0 and float(value).is_integer()):
        return f"{fact.label}: give a whole number, 0 or more."
    if fact.kind == "share" and not (is_number and 0 <= value <= 100):
        return f"{fact.label}: give a percentage from 0 to 100."
    if fact.kind == "yes_no" and not isinstance(value, bool):
        return f"{fact.label}: answer yes or no."
    return ""
