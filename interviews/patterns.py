"""Patterns that predict a bad hire: facts in, findings out. Pure: no database, no clock.

What a pattern looks for is in the playbook edition; this module knows only how the facts of a case are gathered from
what was recorded, each with the exact source it came from, so that every finding can be checked by a person.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hiring.blueprint import Block, Blueprint, Segment, vocabulary
from hiring.conditions import Fact, parse


@dataclass(frozen=True)
class Source:
    """Where one fact was recorded: what kind of row, its id, and the words a person reads there."""

    kind: str  # team_fact, verdict, background, tool, classification, pay_band, expectation, offer, rating, segment, story
    id: str
    label: str
    words: str = ""


@dataclass(frozen=True)
class Noted:
    """A recorded value and its source."""

    value: Any
    source: Source


@dataclass(frozen=True)
class RatedSignal:
    signal: str
    value: str  # strong, mixed, weak, not_assessed
    source: Source


@dataclass(frozen=True)
class TimedSegment:
    segment: str
    minutes: int | None
    skipped: bool
    source: Source


@dataclass(frozen=True)
class Story:
    segment: str
    complete: bool  # detection, response and post-mortem outcome are all specific
    source: Source


@dataclass(frozen=True)
class Card:
    """One submitted scorecard of a seat that counts."""

    block: str
    source: Source
    ratings: tuple[RatedSignal, ...] = ()
    segments: tuple[TimedSegment, ...] = ()
    stories: tuple[Story, ...] = ()


@dataclass(frozen=True)
class Case:
    """Everything recorded about one opening or application that a pattern may look at. What is absent is unknown."""

    noted: Mapping[str, Noted] = field(default_factory=dict)
    cards: tuple[Card, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A pattern that holds, with the evidence that made it hold."""

    pattern: str
    about: str
    says: str
    citations: tuple[dict[str, Any], ...]

    @property
    def digest(self) -> str:
        """The same pattern on the same evidence is the same finding."""
        evidence = [[c["kind"], c["id"], c["path"], c["value"]] for c in self.citations]
        text = json.dumps([self.pattern, self.about, evidence], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def findings(plan: Blueprint, case: Case) -> tuple[Finding, ...]:
    """Every pattern of the playbook that holds for this case, in the playbook's order.

    A pattern may hold for several reasons at once (a part was cut short *and* nobody rated it); about one thing that is
    one finding, which says all of them.
    """
    facts = gather(plan, case)
    words = vocabulary(plan)
    found = []
    for pattern in plan.patterns:
        said: dict[str, list[str]] = {}
        paths: dict[str, list[str]] = {}
        for rule in pattern.raised_on:
            answer = parse(rule.when, words).answer(facts)
            if answer.holds:
                said.setdefault(rule.about, []).append(rule.say)
                paths.setdefault(rule.about, []).extend(answer.because)
        for about, sentences in said.items():
            found.append(Finding(pattern.key, about, " ".join(sentences), _citations(paths[about], facts)))
    return tuple(found)


def gather(plan: Blueprint, case: Case) -> dict[str, Fact]:
    """The facts of a case by path, as the condition language names them. Each has the sources it was read from."""
    facts = {path: Fact(noted.value, (noted.source,)) for path, noted in case.noted.items()}
    for block in plan.blocks:
        cards = [card for card in case.cards if card.block == block.key]
        if cards:
            facts.update(_block_facts(block, cards))
    return facts


def _block_facts(block: Block, cards: list[Card]) -> Iterator[tuple[str, Fact]]:
    ratings = [rating for card in cards for rating in card.ratings]
    papers = tuple(card.source for card in cards)
    yield from _counts(f"block.{block.key}", ratings, papers)
    for signal in block.signals:
        own = [rating for rating in ratings if rating.signal == signal.key]
        yield from _counts(f"signal.{block.key}.{signal.key}", own, papers)
    for segment in block.segments:
        yield from _segment_facts(block, segment, cards, ratings)


def _counts(path: str, ratings: list[RatedSignal], papers: tuple[Source, ...]) -> Iterator[tuple[str, Fact]]:
    for value in ("strong", "mixed", "weak"):
        rated = [rating for rating in ratings if rating.value == value]
        yield f"{path}.{value}", Fact(len(rated), tuple(r.source for r in rated) or papers)
    assessed = [rating for rating in ratings if rating.value != "not_assessed"]
    yield f"{path}.assessed", Fact(len(assessed), tuple(r.source for r in assessed) or papers)


def _segment_facts(
    block: Block, segment: Segment, cards: list[Card], ratings: list[RatedSignal]
) -> Iterator[tuple[str, Fact]]:
    path = f"segment.{block.key}.{segment.key}"
    times = [time for card in cards for time in card.segments if time.segment == segment.key]
    if times:
        # Two people in the room may have written down different times: the longer one is believed, so that a
        # missing note of one of them does not look like a part that was cut short.
        longest = max(times, key=lambda time: time.minutes or 0)
        skipped = all(time.skipped for time in times)
        yield f"{path}.skipped", Fact(skipped, tuple(time.source for time in times))
        ran = 0 if skipped else longest.minutes
        if ran is not None:
            yield f"{path}.ran_percent", Fact(100 * ran / segment.minutes, (longest.source,))
    papers = tuple(card.source for card in cards)
    mine = {signal.key for signal in block.signals if signal.segment == segment.key}
    rated = [r for r in ratings if r.signal in mine and r.value != "not_assessed"]
    yield f"{path}.rated", Fact(len(rated), tuple(r.source for r in rated) or papers)
    if segment.incident:
        stories = [story for card in cards for story in card.stories if story.segment == segment.key]
        complete = [story for story in stories if story.complete]
        told = tuple(story.source for story in stories) or papers
        yield f"{path}.stories", Fact(len(stories), told)
        yield f"{path}.complete_stories", Fact(len(complete), told)


def _citations(paths: list[str], facts: Mapping[str, Fact]) -> tuple[dict[str, Any], ...]:
    """Each source once, under the first fact it supports."""
    cited: dict[tuple[str, str], dict[str, Any]] = {}
    for path in paths:
        for source in facts[path].source or ():
            cited.setdefault(
                (source.kind, source.id),
                {
                    "path": path,
                    "value": facts[path].value,
                    "kind": source.kind,
                    "id": source.id,
                    "label": source.label,
                    "words": source.words,
                },
            )
    return tuple(cited.values())
