"""The shape of a playbook: a role as data. Every attribute's text below is also its help in the JSON Schema.

Frozen throughout: a blueprint can be shared, cached and compared without anybody changing it.
"""

import re
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LEVELS = ("none", "some", "solid", "deep")
"""How well somebody knows an area, low to high."""

VERDICTS = ("hire", "neighbour", "not_yet")
UNCLEAR = "unclear"
"""What a background is classified as when neither the role nor a neighbour fits."""

KEY_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
CLOCK_PATTERN = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
CURRENCY_PATTERN = re.compile(r"[A-Z]{3}")

Key = Annotated[str, StringConstraints(pattern=rf"^{KEY_PATTERN.pattern}$", max_length=50)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
MaybeText = Annotated[str, StringConstraints(max_length=4000)]
When = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Clock = Annotated[str, StringConstraints(pattern=rf"^{CLOCK_PATTERN.pattern}$")]
Minutes = Annotated[int, Field(ge=1, le=480)]
Pause = Annotated[int, Field(ge=0, le=480)]
Percent = Annotated[int, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0)]
Money = Annotated[int, Field(gt=0)]
Amount = int | float


class Part(BaseModel):
    """A piece of a playbook: unknown keys are refused, texts are trimmed, nothing is converted silently."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, str_strip_whitespace=True, use_attribute_docstrings=True
    )


class _HasKey(Protocol):
    @property
    def key(self) -> str: ...


Keyed = TypeVar("Keyed", bound=_HasKey)


class Source(Part):
    """Where figures and claims come from. Every one of them names its source."""

    key: Key
    title: Title
    publisher: Title
    published: Title
    """When it came out, in words, for example "May 2026"."""
    sample: Text
    """Whom or what the figures describe."""
    n: Count | None = None
    """The size of the sample, where the source gives one."""
    caveat: MaybeText = ""
    """What a reader should keep in mind before leaning on it."""


class TeamFact(Part):
    """Something the hiring manager states about the team; conditions call it team.<key>."""

    key: Key
    label: Title
    kind: Literal["count", "share", "yes_no"]
    """count: a whole number from 0; share: a percentage 0-100; yes_no: true or false."""
    help: MaybeText = ""
    """How to find the answer, or what counts."""


class ReadinessRule(Part):
    """One reason for or against the opening; readiness.py says how reasons are weighed."""

    key: Key
    verdict: Literal["hire", "neighbour", "not_yet"]
    when: When
    """A condition over team facts."""
    because: Text
    """The reason as people read it."""
    source: Key


class Transition(Part):
    """Moving somebody from a neighbouring role into this one instead of hiring; never forced."""

    months: tuple[Count, Count]
    """From - to: how long until they are credible in the role."""
    pairing_months: tuple[Count, Count]
    """From - to: how long they work paired."""
    pairing: Title
    """Whom they are paired with."""
    note: Text
    source: Key


class Readiness(Part):
    """Should this opening exist at all?"""

    facts: tuple[TeamFact, ...] = Field(min_length=1)
    rules: tuple[ReadinessRule, ...] = Field(min_length=1)
    neighbour: Key
    """The neighbouring role to add when a neighbour rule holds."""
    otherwise: Text
    """What people read when no rule holds."""
    transition: Transition


class Area(Part):
    """A field of knowledge in which a background is placed on the scale none, some, solid, deep."""

    key: Key
    label: Title
    look_for: Text
    """What in a background shows it."""


class Tool(Part):
    """A named tool somebody may have used or been graded in."""

    key: Key
    label: Title
    area: Key
    filter: bool = False
    """Worth filtering on when searching for people."""


class Neighbour(Part):
    """A role people mix up with this one; a background is classified against all of them."""

    key: Key
    title: Title
    owns: Text
    when: When
    """A condition over background.* and graded.*."""
    because: Text


class Fit(Part):
    """When a background is classified as the playbook's own role; it is asked before the neighbours."""

    when: When
    """A condition over background.* and graded.*."""
    because: Text


class Channel(Part):
    """A place candidates come from."""

    key: Key
    name: Title
    rank: Annotated[int, Field(ge=1)]
    """The source's order of recommendation, 1 first."""
    best_for: Text
    cost: Title
    days_to_fill: tuple[Count, Count] | None = None
    """From - to, where the source gives days."""
    days_note: MaybeText = ""
    """What to show about the time when there are no days, or beside them."""
    signal: Title
    """How much coming from here says about somebody."""
    share_percent: Amount | None = Field(default=None, ge=0, le=100)
    """Share of hires in the source's benchmark."""
    strengths: Text
    limits: Text
    source: Key


class Advice(Part):
    """Which channel to take when only one can be resourced; it need not be the one ranked first."""

    channel: Key
    because: Text
    source: Key


class Channels(Part):
    """Where to look for people, and where not to. Rank, share of hires and the advice may disagree."""

    items: tuple[Channel, ...] = Field(min_length=1)
    if_only_one: Advice
    avoid: tuple[Text, ...] = ()
    """Places not to advertise in."""


class Segment(Part):
    """A timed part of a block; its start and end are noted while the interview runs."""

    key: Key
    title: Title
    minutes: Minutes
    incident: bool = False
    """Incident stories are collected here: detection, response and outcome of a concrete event."""


class Prompt(Part):
    """A question or task the interviewer may put; one of a block's prompts is usually enough."""

    key: Key
    text: Text
    segment: Key | None = None


class Signal(Part):
    """What is rated in a block, with anchors so that two interviewers mean the same by a rating."""

    key: Key
    title: Title
    question: Text
    """What the interviewer asks themselves about the candidate."""
    strong: Text
    middle: MaybeText = ""
    weak: Text
    segment: Key | None = None
    """Which part of the block it is observed in; none means the block as a whole."""
    required: bool = True
    """A scorecard is complete only when it is rated, or marked not assessed with a reason."""


class SeatNeed(Part):
    """A place on the block's panel. Shadow seats are for interviewers in training and always optional."""

    key: Key
    role: Literal["lead", "peer", "hiring_manager", "shadow", "reverse_shadow"]
    optional: bool = False


class Block(Part):
    """One interview of the loop. Without segments in the file it is one segment with the block's own key."""

    key: Key
    title: Title
    minutes: Minutes
    goal: Text
    segments: tuple[Segment, ...] = ()
    prompts: tuple[Prompt, ...] = Field(min_length=1)
    signals: tuple[Signal, ...] = Field(min_length=1)
    seats: tuple[SeatNeed, ...] = Field(min_length=1)
    preparation: Text
    """What the candidate is told beforehand."""
    position: Literal["any", "first", "last"] = "any"


class Break(Part):
    """A pause a long day has to contain, such as lunch; clock times are the candidate's."""

    name: Title
    minutes: Minutes
    earliest: Clock
    """The break lies wholly between earliest and latest."""
    latest: Clock
    due_if_starts_before: Clock
    """It is due on a day that starts before this time and ends after the next one."""
    due_if_ends_after: Clock


class Precedence(Part):
    """One block comes before another: always (hard) or preferably."""

    before: Key
    after: Key
    hard: bool = True


class LoopRules(Part):
    """How the blocks may be laid out over days."""

    max_days: Annotated[int, Field(ge=1, le=10)]
    min_gap_minutes: Pause
    """At least this long between two interviews of a day."""
    max_idle_minutes: Pause
    """At most this long waiting between two interviews of a day, breaks not counted."""
    breaks: tuple[Break, ...] = ()
    order: tuple[Precedence, ...] = ()


class Band(Part):
    """What a role is paid in the market, in whole units of the playbook's currency, a year."""

    key: Key
    title: Title
    level: Title
    low: Money
    median: Money | None = None
    high: Money
    basis: Literal["base", "cash", "total"]
    source: Key


class PayRule(Part):
    """One rule for setting the company's own band."""

    key: Key
    text: Text
    source: Key


class Pay(Part):
    """What the role is paid, and how to set the company's own band; pay.py checks it."""

    currency: Annotated[str, StringConstraints(pattern=rf"^{CURRENCY_PATTERN.pattern}$")]
    bands: tuple[Band, ...] = Field(min_length=1)
    role_band: Key
    """The band of this very role."""
    tier: Text
    """Which employers the figures describe."""
    anchors: tuple[Key, ...] = Field(min_length=1)
    """Roles whose pay the company's band may be anchored on."""
    not_anchors: tuple[Key, ...] = ()
    """Roles whose pay misleads for this one."""
    cash_weight: Text
    min_cash_percent: Percent
    negotiation_percent: tuple[Percent, Percent]
    """From - to: the share of the ceiling kept back for negotiation."""
    rules: tuple[PayRule, ...] = ()


class PatternCase(Part):
    """One situation in which a pattern is raised, and the sentence people then read."""

    about: Literal["opening", "candidate", "loop", "offer"]
    when: When
    """A condition over the playbook's whole vocabulary; about the opening: team, readiness, opening only."""
    say: Text
    """Shown as it is, without placeholders; the cited evidence stands beside it."""


class Pattern(Part):
    """A warning sign of a bad hire. It asks people to look; it never rejects anybody by itself."""

    key: Key
    title: Title
    why: Text
    raised_on: tuple[PatternCase, ...] = Field(min_length=1)
    source: Key


class Benchmark(Part):
    """A cited figure, shown beside the company's own and never mixed into it."""

    key: Key
    label: Title
    value: Amount
    unit: Title
    n: Count | None = None
    source: Key


class Claim(Part):
    """Something the source holds to be true and the company's own outcomes can test."""

    key: Key
    text: Text
    about_block: Key | None = None
    source: Key


class Outcomes(Part):
    """When and on what scale a hire's performance is asked for."""

    checkpoints_days: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    scale: tuple[Key, ...] = Field(min_length=2)
    """Low to high."""


class Blueprint(Part):
    """A whole playbook: one role, from whether to hire at all to how a hire turns out."""

    format: Literal[1]
    key: Key
    title: Title
    summary: Text
    sources: tuple[Source, ...] = Field(min_length=1)
    readiness: Readiness
    areas: tuple[Area, ...] = Field(min_length=1)
    tools: tuple[Tool, ...] = ()
    neighbours: tuple[Neighbour, ...] = Field(min_length=1)
    fit: Fit
    channels: Channels
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=6)
    loop: LoopRules
    pay: Pay
    patterns: tuple[Pattern, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    claims: tuple[Claim, ...] = ()
    outcomes: Outcomes

    def block(self, key: str) -> Block:
        """The block with this key; KeyError when there is none, as for all five look-ups."""
        return _find(self.blocks, key)

    def area(self, key: str) -> Area:
        return _find(self.areas, key)

    def channel(self, key: str) -> Channel:
        return _find(self.channels.items, key)

    def pattern(self, key: str) -> Pattern:
        return _find(self.patterns, key)

    def source(self, key: str) -> Source:
        return _find(self.sources, key)


def _find(items: tuple[Keyed, ...], key: str) -> Keyed:
    for item in items:
        if item.key == key:
            return item
    raise KeyError(key)
