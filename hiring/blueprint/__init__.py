"""Playbooks: a role described in one YAML file, read into frozen objects.

    blueprint = read(path.read_text(), name=path.name)  # BlueprintError lists everything wrong, with places
    edition.content = canonical(blueprint)              # what is stored
    from_canonical(edition.content) == blueprint

The format is described for authors in docs/playbook-format.md; docs/playbook.schema.json is its JSON Schema.
`python -m hiring.blueprint FILE` checks a file.
"""

from __future__ import annotations

from hiring.blueprint.facts import background_vocabulary, team_vocabulary, vocabulary
from hiring.blueprint.problems import BlueprintError, Problem
from hiring.blueprint.reading import canonical, digest, from_canonical, json_schema, read
from hiring.blueprint.shape import (
    LEVELS,
    UNCLEAR,
    VERDICTS,
    Advice,
    Area,
    Band,
    Benchmark,
    Block,
    Blueprint,
    Break,
    Channel,
    Channels,
    Claim,
    Fit,
    LoopRules,
    Neighbour,
    Outcomes,
    Pattern,
    PatternCase,
    Pay,
    PayRule,
    Precedence,
    Prompt,
    Readiness,
    ReadinessRule,
    SeatNeed,
    Segment,
    Signal,
    Source,
    TeamFact,
    Tool,
    Transition,
)

__all__ = [
    "LEVELS",
    "UNCLEAR",
    "VERDICTS",
    "Advice",
    "Area",
    "Band",
    "Benchmark",
    "Block",
    "Blueprint",
    "BlueprintError",
    "Break",
    "Channel",
    "Channels",
    "Claim",
    "Fit",
    "LoopRules",
    "Neighbour",
    "Outcomes",
    "Pattern",
    "PatternCase",
    "Pay",
    "PayRule",
    "Precedence",
    "Problem",
    "Prompt",
    "Readiness",
    "ReadinessRule",
    "SeatNeed",
    "Segment",
    "Signal",
    "Source",
    "TeamFact",
    "Tool",
    "Transition",
    "background_vocabulary",
    "canonical",
    "digest",
    "from_canonical",
    "json_schema",
    "read",
    "team_vocabulary",
    "vocabulary",
]
