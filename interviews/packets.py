"""The packet of a loop: everything its panel found out, laid out for the people who decide. Reads only.

Whatever is in it has passed `visible_to` of the person who reads: cards, flags, votes. Nothing is averaged and no
rating becomes a number; what nobody assessed is said to be so and counts neither for nor against.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import User
from candidates.models import Application
from hiring import playbooks
from hiring.blueprint import Block, Blueprint, Pattern, Segment, Signal
from hiring.models import Opening
from interviews import debriefs, flags
from interviews.models import (
    Debrief,
    Decision,
    Flag,
    IncidentStory,
    Interview,
    Loop,
    Rating,
    Seat,
    SegmentTime,
    Version,
    Vote,
)
from interviews.models.scorecards import Recommendation


@dataclass(frozen=True)
class Voice:
    """One seat that counts, what its person handed in (None: waived or owed), and their vote as far as readable."""

    seat: Seat
    block: Block
    version: Version | None
    vote: Vote | None


@dataclass(frozen=True)
class Mark:
    """One person's rating of one signal."""

    voice: Voice
    rating: Rating


@dataclass(frozen=True)
class SignalLine:
    """One signal and where each person who rated it stands, in the order of the day."""

    block: Block
    signal: Signal
    marks: tuple[Mark, ...]

    @property
    def anchor(self) -> str:
        return f"signal-{self.block.key}-{self.signal.key}"

    @property
    def columns(self) -> list[tuple[str, list[Mark]]]:
        """Who rated it what: one column for each word of the scale, “not assessed” last and apart."""
        return [
            (str(value), [mark for mark in self.marks if mark.rating.value == value])
            for value in Rating.Value.values
        ]

    @property
    def words(self) -> set[str]:
        return {mark.rating.value for mark in self.marks} - {Rating.Value.NOT_ASSESSED}

    @property
    def is_unassessed(self) -> bool:
        return not self.words

    @property
    def is_apart(self) -> bool:
        return len(self.words) > 1

    @property
    def is_alike(self) -> bool:
        assessed = [mark for mark in self.marks if mark.rating.value != Rating.Value.NOT_ASSESSED]
        return len(self.words) == 1 and len(assessed) > 1


@dataclass(frozen=True)
class Ran:
    """How long a timed part ran, as each person in the room wrote it down."""

    segment: Segment
    block: Block
    times: tuple[tuple[Voice, SegmentTime], ...]


@dataclass(frozen=True)
class Told:
    """An incident story and who wrote it down."""

    voice: Voice
    story: IncidentStory

    @property
    def parts(self) -> list[tuple[str, str, str]]:
        """Key, text and how specific it was; empty texts without a judgment are left out."""
        story = self.story
        rows = [
            ("situation", story.situation, ""),
            ("own_role", story.own_role, ""),
            ("detection", story.detection, story.detection_is),
            ("response", story.response, story.response_is),
            ("outcome", story.outcome, story.outcome_is),
            ("numbers", story.numbers, ""),
        ]
        return [row for row in rows if row[1] or row[2]]


@dataclass(frozen=True)
class BlockPart:
    """One block of the loop: when it was held, by whom, and its signals."""

    block: Block
    interview: Interview | None
    voices: tuple[Voice, ...]
    lines: tuple[SignalLine, ...]


@dataclass(frozen=True)
class Cited:
    """One source of a flag: what was recorded, and where on the pages it stands."""

    label: str
    words: str
    kind: str
    place: str  # an id on the page of the packet, or nothing


@dataclass(frozen=True)
class FlagPart:
    flag: Flag
    pattern: Pattern
    cited: tuple[Cited, ...]


@dataclass(frozen=True)
class Packet:
    debrief: Debrief
    plan: Blueprint
    blocks: tuple[BlockPart, ...]
    trainees: tuple[Seat, ...]  # their cards are theirs to learn from and count for nothing here
    stories: tuple[Told, ...]
    no_stories: tuple[tuple[Voice, str], ...]
    ran: tuple[Ran, ...]
    flags: tuple[FlagPart, ...]
    votes: tuple[Vote, ...]
    decision: Decision | None

    @property
    def loop(self) -> Loop:
        return self.debrief.loop

    @property
    def voices(self) -> list[Voice]:
        return [voice for part in self.blocks for voice in part.voices]

    @property
    def lines(self) -> list[SignalLine]:
        return [line for part in self.blocks for line in part.lines]

    @property
    def alike(self) -> list[SignalLine]:
        return [line for line in self.lines if line.is_alike]

    @property
    def apart(self) -> list[SignalLine]:
        return [line for line in self.lines if line.is_apart]

    @property
    def unassessed(self) -> list[SignalLine]:
        return [line for line in self.lines if line.is_unassessed]

    @property
    def unanswered(self) -> list[FlagPart]:
        return [part for part in self.flags if part.flag.status == Flag.Status.RAISED]

    @property
    def votes_without_seat(self) -> list[Vote]:
        seated = {voice.seat.user_id for voice in self.voices}
        return [vote for vote in self.votes if vote.user_id not in seated]

    @property
    def standing(self) -> dict[uuid.UUID, str]:
        """Where each person stands, as far as this reader may know: their vote, or else the word of their card."""
        stands = {v.seat.user_id: v.version.overall for v in self.voices if v.version}
        return stands | {vote.user_id: vote.value for vote in self.votes}

    @property
    def words(self) -> list[tuple[str, int]]:
        """How many stand where, from strong yes to strong no; nobody is left out, nothing is averaged."""
        tally = Counter(self.standing.values())
        return [(label, tally[value]) for value, label in Recommendation.choices if tally[value]]

    @property
    def is_split(self) -> bool:
        return len({word in debriefs.FOR for word in self.standing.values()}) > 1


def of(debrief: Debrief, versions: Mapping[uuid.UUID, Version], *, reader: User) -> Packet:
    """The packet as this person may read it. `versions` are the newest of the cards they may read, by card."""
    loop = debrief.loop
    plan = playbooks.of(loop.edition)
    seats = list(
        Seat.objects.live()
        .filter(interview__loop=loop)
        .exclude(interview__status=Interview.Status.CANCELLED)
        .select_related("user", "interview", "scorecard")
        .order_by("interview__starts_at", "key")
    )
    votes = tuple(
        Vote.objects.visible_to(reader)
        .filter(debrief=debrief)
        .select_related("user")
        .order_by("created_at", "id")
    )
    parts = tuple(_blocks(plan, seats, versions, votes))
    voices = [voice for part in parts for voice in part.voices]
    cards = [(voice, voice.version) for voice in voices if voice.version]
    return Packet(
        debrief=debrief,
        plan=plan,
        blocks=parts,
        trainees=tuple(s for s in seats if not s.counts and _version(s, versions)),
        stories=tuple(
            Told(voice, story)
            for voice, version in cards
            for story in sorted(version.stories.all(), key=lambda story: story.position)
        ),
        no_stories=tuple(
            (voice, version.no_story_because)
            for voice, version in cards
            if version.no_story_because
            and not version.stories.all()
            and any(segment.incident for segment in voice.block.segments)
        ),
        ran=tuple(_ran(parts)),
        flags=tuple(flag_parts(loop.application, reader=reader, places=_places(parts))),
        votes=votes,
        decision=getattr(debrief, "decision", None),
    )


def _version(seat: Seat, versions: Mapping[uuid.UUID, Version]) -> Version | None:
    card = getattr(seat, "scorecard", None)
    return versions.get(card.pk) if card else None


def _blocks(
    plan: Blueprint, seats: list[Seat], versions: Mapping[uuid.UUID, Version], votes: Iterable[Vote]
) -> Iterator[BlockPart]:
    ballots = {vote.user_id: vote for vote in votes}
    for block in plan.blocks:
        mine = [seat for seat in seats if seat.interview.block == block.key]
        voices = tuple(
            Voice(seat, block, _version(seat, versions), ballots.get(seat.user_id))
            for seat in mine
            if seat.counts
        )
        ratings = [
            Mark(voice, rating)
            for voice in voices
            if voice.version
            for rating in voice.version.ratings.all()
            if rating.value
        ]
        lines = tuple(
            SignalLine(block, signal, tuple(mark for mark in ratings if mark.rating.signal == signal.key))
            for signal in block.signals
        )
        yield BlockPart(block, mine[0].interview if mine else None, voices, lines)


def _ran(parts: Iterable[BlockPart]) -> Iterator[Ran]:
    for part in parts:
        written = [
            (voice, time) for voice in part.voices if voice.version for time in voice.version.segments.all()
        ]
        for segment in part.block.segments:
            yield Ran(
                segment,
                part.block,
                tuple((voice, time) for voice, time in written if time.segment == segment.key),
            )


def _places(parts: Iterable[BlockPart]) -> dict[tuple[str, str], str]:
    """Where on the page each recorded row stands, by the kind and id a flag cites."""
    places: dict[tuple[str, str], str] = {}
    for part in parts:
        for line in part.lines:
            places |= {("rating", str(mark.rating.pk)): line.anchor for mark in line.marks}
        for voice in part.voices:
            if voice.version:
                places["scorecard", str(voice.version.card_id)] = "recommendations"
                places |= {("segment", str(time.pk)): "times" for time in voice.version.segments.all()}
                places |= {("story", str(s.pk)): f"story-{s.pk}" for s in voice.version.stories.all()}
    return places


def flag_parts(
    application: Application, *, reader: User, places: Mapping[tuple[str, str], str] | None = None
) -> Iterator[FlagPart]:
    """The flags a decision on this application faces, unanswered ones first; lapsed ones ask nothing any more."""
    asked = Q(application=application) | Q(opening=application.opening_id)
    return _flag_parts(Flag.objects.filter(asked), reader=reader, places=places or {})


def opening_flags(opening: Opening, *, reader: User) -> Iterator[FlagPart]:
    """What the playbook's patterns ask about the opening itself."""
    return _flag_parts(Flag.objects.filter(opening=opening), reader=reader, places={})


def _flag_parts(
    asked: QuerySet[Flag], *, reader: User, places: Mapping[tuple[str, str], str]
) -> Iterator[FlagPart]:
    found = (
        Flag.objects.visible_to(reader)
        .knowing_pay(reader)
        .filter(pk__in=asked.values("pk"))
        .exclude(status=Flag.Status.LAPSED)
        .select_related("edition", "answered_by")
        .defer("edition__content", "edition__source")
        .order_by("created_at", "id")
    )
    for flag in sorted(found, key=lambda flag: flag.status != Flag.Status.RAISED):
        cited = tuple(
            Cited(
                source["label"],
                source["words"],
                source["kind"],
                places.get((source["kind"], source["id"]), ""),
            )
            for source in flags.citations(flag, reader=reader)
        )
        yield FlagPart(flag, playbooks.of(flag.edition).pattern(flag.pattern), cited)
