"""The scorecard as people type it: out of a request into what the rules take, and back onto the page.

One shape for all of it, the `content` of scorecards.save: `read` makes it of a request, `written` of a stored
version, and `sheet` lays either out in the order of the block. What was typed is shown again as it was typed,
whatever a rule says to it.
"""

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hiring.blueprint import Block, Prompt, Segment, Signal
from interviews.models import Rating, Version
from interviews.models.scorecards import Recommendation, Specificity
from interviews.scorecards import STORY_PARTS, STORY_TEXTS
from journal.errors import Refused

Content = dict[str, Any]
Words = Mapping[str, "str | Promise"]

RATINGS: Words = {
    Rating.Value.STRONG: gettext_lazy("Strong"),
    Rating.Value.MIXED: gettext_lazy("Mixed"),
    Rating.Value.WEAK: gettext_lazy("Weak"),
    Rating.Value.NOT_ASSESSED: gettext_lazy("Not assessed"),
}
OVERALL: Words = {
    Recommendation.STRONG_YES: gettext_lazy("Strong yes"),
    Recommendation.YES: gettext_lazy("Yes"),
    Recommendation.NO: gettext_lazy("No"),
    Recommendation.STRONG_NO: gettext_lazy("Strong no"),
}
CONFIDENCE: Words = {
    Version.Confidence.HIGH: gettext_lazy("High"),
    Version.Confidence.MEDIUM: gettext_lazy("Medium"),
    Version.Confidence.LOW: gettext_lazy("Low"),
}
SPECIFICITY: Words = {
    Specificity.SPECIFIC: gettext_lazy("Specific"),
    Specificity.GENERAL: gettext_lazy("General"),
    Specificity.ABSENT: gettext_lazy("Absent"),
}
_ON: Words = {"on": gettext_lazy("Yes"), "": gettext_lazy("No")}
_STORY_WORDS: Words = {
    "situation": gettext_lazy("What happened"),
    "own_role": gettext_lazy("Their own part in it"),
    "detection": gettext_lazy("How it was noticed"),
    "response": gettext_lazy("What was done"),
    "outcome": gettext_lazy("What came of the post-mortem"),
    "numbers": gettext_lazy("Numbers"),
}
_STORY_HINTS: Words = {
    "situation": gettext_lazy("Which system, who was hit, how it began."),
    "own_role": gettext_lazy("On call, lead, bystander?"),
    "detection": gettext_lazy("Which alert, graph or complaint, and how late."),
    "response": gettext_lazy("The steps in order, and how harm was limited."),
    "outcome": gettext_lazy("Findings, and what is different since."),
    "numbers": gettext_lazy("Minutes to detect, users hit, money, whatever was measured."),
}


class DeclineForm(forms.Form):
    """Why somebody cannot sit in an interview, and whether that holds for this candidate altogether."""

    reason = forms.CharField(max_length=200, required=False)
    for_good = forms.BooleanField(required=False)


class SuggestForm(forms.Form):
    """Another time an interviewer asks for, in their own zone. (Its length is the interview's.)"""

    starts_at = forms.DateTimeField(error_messages={"required": gettext_lazy("Choose a day and a time.")})


# --- reading ----------------------------------------------------------------------------------------------


def read(block: Block, post: QueryDict) -> Content:
    """Everything on the posted sheet, without stories that are empty or marked to be left out."""
    return {
        **{key: text(post, key) for key in ("overall", "confidence", "notes", "no_story_because")},
        "ratings": {
            signal.key: {
                "value": text(post, f"rating-{signal.key}"),
                "evidence": text(post, f"evidence-{signal.key}"),
            }
            for signal in block.signals
        },
        "segments": {
            segment.key: {
                "minutes": _minutes(text(post, f"minutes-{segment.key}")),
                "skipped": f"skipped-{segment.key}" in post,
            }
            for segment in block.segments
        },
        "stories": list(_stories(post)),
    }


def text(post: QueryDict, name: str) -> str:
    """One field as it was typed."""
    # Browsers send line ends as CR LF; no database here keeps NUL.
    return str(post.get(name, "")).replace("\r\n", "\n").replace("\x00", "").strip()


def _minutes(typed: str) -> int | str | None:
    """A number where it is one; else what was typed, for `require_minutes` to refuse and the page to show."""
    return int(typed) if re.fullmatch(r"[0-9]{1,6}", typed) else typed or None


def _stories(post: QueryDict) -> Iterable[dict[str, str]]:
    numbers = {int(found[1]) for name in post if (found := re.fullmatch(r"story-([0-9]{1,4})-segment", name))}
    for number in sorted(numbers):
        told = {key: text(post, f"story-{number}-{key}") for key in (*STORY_TEXTS, *STORY_PARTS)}
        if any(told.values()) and f"story-{number}-omit" not in post:
            yield {"segment": text(post, f"story-{number}-segment"), **told}


def revision(post: QueryDict) -> int:
    """The revision the writer saw; `over` is a newer one they chose to overwrite. Nonsense is stale."""
    typed = str(post.get("over") or post.get("revision") or "")
    return int(typed) if re.fullmatch(r"[0-9]{1,9}", typed) else -1


def ago(post: QueryDict) -> dt.timedelta:
    """How long ago it was pressed, in milliseconds, if the word had to wait for a connection."""
    typed = str(post.get("ago", ""))
    return dt.timedelta(milliseconds=int(typed) if re.fullmatch(r"[0-9]{1,9}", typed) else 0)


def require_minutes(content: Content) -> None:
    """Refuses minutes that are no number, before a rule has to read them."""
    wrong = [key for key, time in content["segments"].items() if isinstance(time["minutes"], str)]
    if wrong:
        raise Refused(
            _("The scorecard was not saved. Mend what is listed."),
            code="bad_content",
            details=[{"field": key, "problem": _("Write the minutes as a whole number.")} for key in wrong],
        )


def written(version: Version | None) -> Content:
    """What a stored version says (its parts prefetched), in the shape `read` gives."""
    if version is None:
        return {}
    return {
        **{key: getattr(version, key) for key in ("overall", "confidence", "notes", "no_story_because")},
        "ratings": {r.signal: {"value": r.value, "evidence": r.evidence} for r in version.ratings.all()},
        "segments": {s.segment: {"minutes": s.minutes, "skipped": s.skipped} for s in version.segments.all()},
        "stories": [
            {key: getattr(story, key) for key in ("segment", *STORY_TEXTS, *STORY_PARTS)}
            for story in sorted(version.stories.all(), key=lambda story: story.position)
        ],
    }


# --- laying out -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """One choice out of a few."""

    value: str
    label: str | Promise
    chosen: bool
    anchor: str = ""


@dataclass(frozen=True)
class SignalRow:
    """A signal with its anchors, what it was rated, and what is wrong with that."""

    signal: Signal
    options: tuple[Option, ...]
    evidence: str
    problems: tuple[str, ...] = ()

    @property
    def chosen(self) -> Option | None:
        return next((option for option in self.options if option.chosen), None)


@dataclass(frozen=True)
class StoryText:
    """One text of a story, and how specific it was."""

    key: str
    label: str | Promise
    hint: str | Promise
    value: str
    options: tuple[Option, ...] = ()

    @property
    def chosen(self) -> Option | None:
        return next((option for option in self.options if option.chosen), None)


@dataclass(frozen=True)
class StoryRow:
    """An incident story, guided part by part."""

    number: int | str
    segment: str
    texts: tuple[StoryText, ...]


@dataclass(frozen=True)
class PartRow:
    """A timed part of the block and what belongs to it; without a segment: the block as a whole."""

    segment: Segment | None
    prompts: tuple[Prompt, ...]
    signals: tuple[SignalRow, ...]
    minutes: int | str | None = None
    measured: int | None = None  # by the clock; holds while no minutes are written
    skipped: bool = False
    stories: tuple[StoryRow, ...] = ()
    blank_story: StoryRow | None = None
    stories_id: str = ""  # the first incident part is the one links lead to
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """A sentence that leads to its place on the sheet."""

    to: str
    text: str


@dataclass(frozen=True)
class Sheet:
    """A whole card, ready to be shown or filled in."""

    parts: tuple[PartRow, ...]
    overall: tuple[Option, ...]
    confidence: tuple[Option, ...]
    notes: str
    no_story_because: str
    problems: tuple[Link, ...] = ()
    overall_problems: tuple[str, ...] = ()
    confidence_problems: tuple[str, ...] = ()
    story_problems: tuple[str, ...] = ()

    @property
    def overall_word(self) -> Option | None:
        return next((option for option in self.overall if option.chosen), None)

    @property
    def confidence_word(self) -> Option | None:
        return next((option for option in self.confidence if option.chosen), None)


def sheet(
    block: Block,
    content: Content,
    *,
    problems: Iterable[dict[str, str]] = (),
    more_stories: int = 0,
    measured: Mapping[str, int] | None = None,
) -> Sheet:
    """The block's sheet filled with `content`; each of `problems` (`Refused.details`) stands by its field.

    Every incident part has one empty story to begin with, and `more_stories` further ones.
    """
    wrong: dict[str, tuple[str, ...]] = {}
    listed = list(problems)
    for problem in listed:
        wrong[problem["field"]] = (*wrong.get(problem["field"], ()), problem["problem"])
    rows = [_signal_row(signal, content, wrong) for signal in block.signals]
    alone = block.segments[0].key if len(block.segments) == 1 else None
    numbers = itertools.count(len(content.get("stories", [])) + 1)
    parts = [
        _part_row(
            block,
            segment,
            prompts=tuple(p for p in block.prompts if (p.segment or alone) == segment.key),
            signals=tuple(row for row in rows if (row.signal.segment or alone) == segment.key),
            content=content,
            measured=(measured or {}).get(segment.key),
            wrong=wrong,
            more_stories=more_stories,
            numbers=numbers,
        )
        for segment in block.segments
    ]
    loose = tuple(p for p in block.prompts if not (p.segment or alone))
    whole = tuple(row for row in rows if not (row.signal.segment or alone))
    if loose or whole:
        parts.append(PartRow(segment=None, prompts=loose, signals=whole))
    return Sheet(
        parts=tuple(parts),
        overall=_options(OVERALL, content.get("overall", "")),
        confidence=_options(CONFIDENCE, content.get("confidence", "")),
        notes=content.get("notes", ""),
        no_story_because=content.get("no_story_because", ""),
        problems=links(block, content, listed),
        overall_problems=wrong.get("overall", ()),
        confidence_problems=wrong.get("confidence", ()),
        story_problems=tuple(say for key in ("stories", *STORY_PARTS) for say in wrong.get(key, ())),
    )


def _options(words: Words, chosen: str, anchors: Mapping[str, str] | None = None) -> tuple[Option, ...]:
    return tuple(
        Option(value, label, value == chosen, (anchors or {}).get(value, ""))
        for value, label in words.items()
    )


def _signal_row(signal: Signal, content: Content, wrong: Mapping[str, tuple[str, ...]]) -> SignalRow:
    rating = content.get("ratings", {}).get(signal.key, {})
    value = Rating.Value
    anchors = {str(value.STRONG): signal.strong, value.MIXED: signal.middle, value.WEAK: signal.weak}
    return SignalRow(
        signal=signal,
        options=_options(RATINGS, rating.get("value", ""), anchors),
        evidence=rating.get("evidence", ""),
        problems=wrong.get(signal.key, ()),
    )


def _part_row(
    block: Block,
    segment: Segment,
    *,
    prompts: tuple[Prompt, ...],
    signals: tuple[SignalRow, ...],
    content: Content,
    measured: int | None,
    wrong: Mapping[str, tuple[str, ...]],
    more_stories: int,
    numbers: Iterator[int],
) -> PartRow:
    time = content.get("segments", {}).get(segment.key, {})
    row = PartRow(
        segment=segment,
        prompts=prompts,
        signals=signals,
        minutes=time.get("minutes"),
        measured=measured,
        skipped=time.get("skipped", False),
        problems=wrong.get(segment.key, ()),
    )
    if not segment.incident:
        return row
    told = [
        (number, story)
        for number, story in enumerate(content.get("stories", []), 1)
        if story["segment"] == segment.key
    ]
    blank = {"segment": segment.key}
    blanks = [(next(numbers), blank) for _blank in range(more_stories + (not told))]
    return replace(
        row,
        stories=tuple(_story_row(number, story) for number, story in [*told, *blanks]),
        blank_story=_story_row("NEXT", blank),
        stories_id="stories"
        if segment == next(s for s in block.segments if s.incident)
        else f"stories-{segment.key}",
    )


def _story_row(number: int | str, story: Mapping[str, str]) -> StoryRow:
    return StoryRow(
        number=number,
        segment=story["segment"],
        texts=tuple(
            StoryText(
                key=key,
                label=_STORY_WORDS[key],
                hint=_STORY_HINTS[key],
                value=story.get(key, ""),
                options=_options(SPECIFICITY, story.get(f"{key}_is", "")),
            )
            for key in STORY_TEXTS
        ),
    )


def links(block: Block, content: Content, problems: Iterable[dict[str, str]]) -> tuple[Link, ...]:
    """Each problem (as in `Refused.details`) with the id of the field it is about."""
    return tuple(Link(_place(block, content, problem["field"]), problem["problem"]) for problem in problems)


def _place(block: Block, content: Content, name: str) -> str:
    if name in {signal.key for signal in block.signals}:
        rated = content.get("ratings", {}).get(name, {}).get("value")
        return f"evidence-{name}" if rated else f"signal-{name}"
    if name in {segment.key for segment in block.segments}:
        return f"minutes-{name}"
    if name == "stories" or name in STORY_PARTS:
        return "stories"
    return name if name in {"overall", "confidence"} else "notes"


@dataclass(frozen=True)
class Difference:
    """One field that says something else in the form than in the store, both as words and as the form sends it."""

    name: str
    to: str
    text: str
    here: str
    there: str
    there_value: str
    is_text: bool


def differences(block: Block, mine: Content, theirs: Content) -> tuple[Difference, ...]:
    """Where what is in the form differs from what is stored, in the order of the sheet."""
    here, there = _entries(block, mine), _entries(block, theirs)
    found = []
    for name, known in {**there, **here}.items():
        ours, stored = here.get(name, known.empty()), there.get(name, known.empty())
        if ours.value != stored.value:
            found.append(
                Difference(name, known.to, known.text, ours.shown, stored.shown, stored.value, known.is_text)
            )
    return tuple(found)


@dataclass(frozen=True)
class _Entry:
    """One field of the sheet by its name in the form."""

    name: str
    to: str
    text: str
    value: str
    words: Words | None = None

    @property
    def is_text(self) -> bool:
        return self.words is None

    @property
    def shown(self) -> str:
        return self.value if self.words is None else str(self.words.get(self.value, ""))

    def empty(self) -> "_Entry":
        return replace(self, value="")


def _entries(block: Block, content: Content) -> dict[str, _Entry]:
    entries: list[_Entry] = []
    for signal in block.signals:
        rating = content.get("ratings", {}).get(signal.key, {})
        label = _("%(signal)s: rating") % {"signal": signal.title}
        entries += [
            _Entry(f"rating-{signal.key}", f"signal-{signal.key}", label, rating.get("value", ""), RATINGS),
            _Entry(
                f"evidence-{signal.key}", f"evidence-{signal.key}", signal.title, rating.get("evidence", "")
            ),
        ]
    for segment in block.segments:
        time = content.get("segments", {}).get(segment.key, {})
        minutes = "" if time.get("minutes") is None else str(time["minutes"])
        to, part = f"minutes-{segment.key}", {"part": segment.title}
        skipped = "on" if time.get("skipped") else ""
        entries += [
            _Entry(to, to, _("Minutes of “%(part)s”") % part, minutes),
            _Entry(f"skipped-{segment.key}", to, _("“%(part)s” was skipped") % part, skipped, _ON),
        ]
    for number, story in enumerate(content.get("stories", []), 1):
        entries += _story_entries(number, story)
    entries += [
        _Entry(
            "no_story_because",
            "no_story_because",
            _("Why there is no story"),
            content.get("no_story_because", ""),
        ),
        _Entry("overall", "overall", _("Overall"), content.get("overall", ""), OVERALL),
        _Entry("confidence", "confidence", _("Confidence"), content.get("confidence", ""), CONFIDENCE),
        _Entry("notes", "notes", _("Private notes"), content.get("notes", "")),
    ]
    return {entry.name: entry for entry in entries}


def _story_entries(number: int, story: Mapping[str, str]) -> list[_Entry]:
    name = f"story-{number}"
    entries = [_Entry(f"{name}-segment", name, "", story.get("segment", ""))]
    for key in STORY_TEXTS:
        label = _("Story %(number)s: %(part)s") % {"number": number, "part": _STORY_WORDS[key]}
        entries += [
            _Entry(f"{name}-{key}", f"{name}-{key}", label, story.get(key, "")),
            _Entry(f"{name}-{key}_is", f"{name}-{key}", label, story.get(f"{key}_is", ""), SPECIFICITY),
        ]
    return entries


# --- two cards side by side ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What one card says in one place: the word chosen and the text."""

    word: str | Promise = ""
    text: str = ""


@dataclass(frozen=True)
class Pair:
    """One place of two cards of the same block."""

    title: str | Promise
    mine: Said
    theirs: Said

    @property
    def apart(self) -> bool:
        return str(self.mine.word) != str(self.theirs.word)


def beside(mine: Sheet, theirs: Sheet) -> list[Pair]:
    """Two cards of one block, place by place: the overall word, every signal, every story."""
    pairs = [
        Pair(_("Overall"), _chosen(mine.overall_word), _chosen(theirs.overall_word)),
        Pair(_("Confidence"), _chosen(mine.confidence_word), _chosen(theirs.confidence_word)),
    ]
    for ours, its in zip(mine.parts, theirs.parts, strict=True):
        pairs += [
            Pair(one.signal.title, _chosen(one.chosen, one.evidence), _chosen(two.chosen, two.evidence))
            for one, two in zip(ours.signals, its.signals, strict=True)
        ]
        for number, (one, two) in enumerate(itertools.zip_longest(ours.stories, its.stories), 1):
            for key, words in _STORY_WORDS.items():
                title = _("Story %(number)s: %(part)s") % {"number": number, "part": words}
                pair = Pair(title, _told(one, key), _told(two, key))
                if (pair.mine, pair.theirs) != (Said(), Said()):
                    pairs.append(pair)
    return pairs


def _chosen(option: Option | None, text: str = "") -> Said:
    return Said(option.label if option else "", text)


def _told(story: StoryRow | None, key: str) -> Said:
    told = next((text for text in story.texts if text.key == key), None) if story else None
    return _chosen(told.chosen, told.value) if told else Said()
