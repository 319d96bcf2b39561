"""One opinion at a time, written before hearing the others'. See Note [Blind until submitted] in models/scorecards.py."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts import roles
from accounts.models import User
from hiring import playbooks
from hiring.blueprint import Block
from interviews import timers
from interviews.models import (
    CardRead,
    Debrief,
    IncidentStory,
    Interview,
    Loop,
    Rating,
    Scorecard,
    Seat,
    SegmentTime,
    Version,
)
from interviews.models.scorecards import Recommendation, Specificity
from interviews.permissions import require_own_card, require_own_seat
from journal import events, states
from journal.errors import Refused

LONGEST_TEXT = 20_000
NOTED_EVERY = dt.timedelta(minutes=10)
STORY_TEXTS = ("situation", "own_role", "detection", "response", "outcome", "numbers")
STORY_PARTS = tuple(f"{key}_is" for key in STORY_TEXTS)
DUE_AFTER = dt.timedelta(hours=24)
_CHOICES: dict[str, list[str]] = {
    "overall": Recommendation.values,
    "confidence": Version.Confidence.values,
}


@transaction.atomic
def open_card(seat: Seat, *, by: User, at: dt.datetime) -> Scorecard:
    """The card of a seat, made when it is first needed. Refuses for anybody but the person on the seat."""
    roles.require(by, roles.May.FILL_SCORECARDS)
    if by.kind != User.Kind.SYSTEM:
        require_own_seat(seat, by)
    card, made = Scorecard.objects.get_or_create(seat=seat, defaults={"status_at": at, "created_at": at})
    if made:
        Version.objects.create(card=card, number=0, saved_at=at, created_at=at)
        events.record("scorecard.opened", card, by=by, at=at, data={"seat": seat.pk})
    return card


def due_at(interview: Interview) -> dt.datetime:
    """When a card is due: a day after its interview, while people still know what was said."""
    return interview.ends_at + DUE_AFTER


def block_of(card: Scorecard) -> Block:
    """The playbook block this card is about, in the loop's own edition."""
    interview = card.seat.interview
    return playbooks.of(interview.loop.edition).block(interview.block)


def newest(card: Scorecard) -> Version:
    """What the card says now."""
    return card.versions.prefetch_related("ratings", "segments", "stories").order_by("-number")[0]


@transaction.atomic
def save(
    card: Scorecard, *, content: Mapping[str, Any], revision: int, by: User, at: dt.datetime
) -> Scorecard:
    """Keep a draft as it is, complete or not.

    `content` may hold: overall, confidence, notes, no_story_because (texts); ratings {signal: {value, evidence}};
    segments {segment: {minutes, skipped}}; stories [{segment, situation, …}] (the whole list). What is left out stays
    as it was. `revision` is the one the writer saw. Refuses a stale revision, unknown keys, and submitted cards.
    """
    require_own_card(card, by)
    if card.status != Scorecard.Status.DRAFT:
        raise Refused("This scorecard is submitted. Amend it, with a reason.", code="submitted")
    _check(block_of(card), content)
    _take_revision(card, revision)
    version = card.versions.get(number=0)
    # Pages save every few seconds; the journal notes that somebody was writing, not every keystroke.
    noteworthy = card.revision == 1 or at - version.saved_at >= NOTED_EVERY
    _write(version, content, at=at)
    if noteworthy:
        events.record("scorecard.saved", card, by=by, at=at, data={"revision": card.revision})
    return card


def _take_revision(card: Scorecard, revision: int) -> None:
    """Compare-and-set: of two tabs that save at once, the second is told and nothing of the first is lost."""
    if not Scorecard.objects.filter(pk=card.pk, revision=revision, status=card.status).update(
        revision=F("revision") + 1
    ):
        raise Refused(
            "This scorecard was saved somewhere else after you opened it here. Nothing was overwritten: your text is "
            "still in this form. Choose what holds where the two differ, and save again.",
            code="stale_form",
        )
    card.revision = revision + 1


def _check(block: Block, content: Mapping[str, Any]) -> None:
    """Refuses content that names what the block does not have, or words that are no choice."""
    problems = []
    allowed = {"overall", "confidence", "notes", "no_story_because", "ratings", "segments", "stories"}
    problems += [_no(key, "This is not part of a scorecard.") for key in content if key not in allowed]
    for key, choices in _CHOICES.items():
        if content.get(key) and content[key] not in choices:
            problems.append(_no(key, f"Choose one of: {', '.join(choices)}."))
    signals = {signal.key for signal in block.signals}
    for key, rating in content.get("ratings", {}).items():
        if key not in signals:
            problems.append(_no(key, f"“{block.title}” has no such signal."))
        elif rating.get("value") and rating["value"] not in Rating.Value.values:
            problems.append(_no(key, f"Choose one of: {', '.join(Rating.Value.values)}."))
    segments = {segment.key: segment for segment in block.segments}
    for key, time in content.get("segments", {}).items():
        minutes = time.get("minutes")
        if key not in segments:
            problems.append(_no(key, f"“{block.title}” has no such part."))
        elif minutes is not None and not 0 <= int(minutes) <= 600:
            problems.append(_no(key, "Minutes lie between 0 and 600."))
    for story in content.get("stories", []):
        if story.get("segment") not in segments or not segments[story["segment"]].incident:
            problems.append(_no("stories", "A story belongs to an incident part of this block."))
        for part in STORY_PARTS:
            if story.get(part) and story[part] not in Specificity.values:
                problems.append(_no(part, f"Choose one of: {', '.join(Specificity.values)}."))
    texts = [str(content.get(key, "")) for key in ("notes", "no_story_because")]
    texts += [str(r.get("evidence", "")) for r in content.get("ratings", {}).values()]
    texts += [str(story.get(key, "")) for story in content.get("stories", []) for key in STORY_TEXTS]
    if any(len(text) > LONGEST_TEXT for text in texts):
        problems.append(_no("notes", f"A text may have {LONGEST_TEXT} characters at most."))
    if problems:
        raise Refused(
            "The scorecard was not saved. Mend what is listed.", code="bad_content", details=problems
        )


def _no(field: str, problem: str) -> dict[str, str]:
    return {"field": field, "problem": problem}


def _write(version: Version, content: Mapping[str, Any], *, at: dt.datetime) -> None:
    for key in ("overall", "confidence", "notes", "no_story_because"):
        if key in content:
            setattr(version, key, content[key] or "")
    version.saved_at = at
    version.save(update_fields=["overall", "confidence", "notes", "no_story_because", "saved_at"])
    for key, rating in content.get("ratings", {}).items():
        Rating.objects.update_or_create(
            version=version,
            signal=key,
            defaults={name: rating[name] or "" for name in ("value", "evidence") if name in rating},
        )
    for key, time in content.get("segments", {}).items():
        minutes = time.get("minutes")
        SegmentTime.objects.update_or_create(
            version=version,
            segment=key,
            defaults={
                "minutes": None if minutes in (None, "") else int(minutes),
                "skipped": bool(time.get("skipped", False)),
            },
        )
    if "stories" in content:
        version.stories.all().delete()
        IncidentStory.objects.bulk_create(
            IncidentStory(
                version=version,
                position=position,
                segment=story["segment"],
                **{key: str(story.get(key) or "") for key in (*STORY_TEXTS, *STORY_PARTS)},
            )
            for position, story in enumerate(content["stories"], start=1)
        )


def missing(
    block: Block, version: Version, *, measured: Mapping[str, int] | None = None
) -> list[dict[str, str]]:
    """What a card still needs before it can be submitted: the field and a sentence for each, in the card's order.

    Minutes that nobody wrote are not missing where the clock `measured` them.
    """
    lacks = []
    ratings = {rating.signal: rating for rating in version.ratings.all()}
    for signal in block.signals:
        rating = ratings.get(signal.key)
        value, evidence = (rating.value, rating.evidence.strip()) if rating else ("", "")
        if not value:
            if signal.required:
                lacks.append(_no(signal.key, f"Rate “{signal.title}”, or say why it was not assessed."))
        elif value in {Rating.Value.STRONG, Rating.Value.WEAK} and not evidence:
            lacks.append(_no(signal.key, f"Write what was said or done that makes “{signal.title}” {value}."))
        elif value == Rating.Value.NOT_ASSESSED and not evidence:
            lacks.append(_no(signal.key, f"Write why “{signal.title}” was not assessed."))
    times = {time.segment: time for time in version.segments.all()}
    for segment in block.segments:
        time = times.get(segment.key)
        told = time is not None and (time.minutes is not None or time.skipped)
        if not told and segment.key not in (measured or {}):
            lacks.append(
                _no(segment.key, f"Write how many minutes “{segment.title}” ran, or that it was skipped.")
            )
        if segment.incident and not (time and time.skipped):
            lacks += _missing_story(segment.key, segment.title, version)
    if not version.overall:
        lacks.append(_no("overall", "Give your overall word: strong yes, yes, no or strong no."))
    if not version.confidence:
        lacks.append(_no("confidence", "Say how confident you are."))
    return lacks


def _missing_story(segment: str, title: str, version: Version) -> list[dict[str, str]]:
    stories = [story for story in version.stories.all() if story.segment == segment]
    if not stories:
        if version.no_story_because.strip():
            return []
        return [_no("stories", f"Write down an incident story from “{title}”, or why there is none.")]
    lacks = []
    for story in stories:
        for key, words in (("situation", "what happened"), ("own_role", "what their own part was")):
            if not getattr(story, key).strip():
                lacks.append(_no("stories", f"Story {story.position}: write {words}."))
        for key, words in (
            ("detection", "how it was noticed"),
            ("response", "what was done"),
            ("outcome", "what came of the post-mortem"),
        ):
            how = getattr(story, f"{key}_is")
            if not how:
                lacks.append(_no("stories", f"Story {story.position}: say whether {words} was specific."))
            elif how == Specificity.SPECIFIC and not getattr(story, key).strip():
                lacks.append(_no("stories", f"Story {story.position}: write {words}, since it was specific."))
    return lacks


@transaction.atomic
def submit(card: Scorecard, *, revision: int, by: User, at: dt.datetime) -> Scorecard:
    """Hand the card in: from now on it is sealed, and the others' become readable to its author.

    Refuses an incomplete card with the list of what is missing, a stale revision, and before the interview began.
    """
    require_own_card(card, by)
    interview = card.seat.interview
    if at < interview.starts_at:
        raise Refused("This interview has not begun. Hand the card in afterwards.", code="too_early")
    version = newest(card)
    if card.status == Scorecard.Status.DRAFT:
        block = block_of(card)
        measured = timers.measured(timers.read(block, card, at=at), at=at)
        if lacks := missing(block, version, measured=measured):
            raise Refused(
                "The scorecard is not complete yet. Nothing is lost.", code="incomplete", details=lacks
            )
        _take_revision(card, revision)
        timers.stop(card, by=by, at=at)
        _write_measured(version, measured)
    seen = could_see_others(card, by)
    Version.objects.filter(pk=version.pk).update(number=1, submitted_at=at, after_reveal=seen)
    states.move(
        card,
        Scorecard.Status.SUBMITTED,
        verb="scorecard.submitted",
        by=by,
        at=at,
        data={"loop": interview.loop_id, "after_reveal": seen},
    )
    return card


def _write_measured(version: Version, measured: Mapping[str, int]) -> None:
    """What the clock measured becomes the minutes nobody wrote: from here on there is one record of them."""
    told = {time.segment: time for time in version.segments.all()}
    for segment, minutes in measured.items():
        time = told.get(segment)
        if time is None or (time.minutes is None and not time.skipped):
            SegmentTime.objects.update_or_create(
                version=version, segment=segment, defaults={"minutes": minutes}
            )


def could_see_others(card: Scorecard, user: User) -> bool:
    """Whether this person may read somebody else's card of the same loop at this moment."""
    loop = card.seat.interview.loop_id
    return (
        Scorecard.objects.visible_to(user)
        .filter(seat__interview__loop=loop)
        .exclude(seat__user=user)
        .exists()
    )


@transaction.atomic
def amend(
    card: Scorecard, *, content: Mapping[str, Any], because: str, revision: int, by: User, at: dt.datetime
) -> Version:
    """Change a submitted card: a new complete version beside the old one, marked if others' cards could be seen.

    Refuses without a reason, when the result is incomplete, on a stale revision, and once the decision is made.
    """
    require_own_card(card, by)
    if card.status != Scorecard.Status.SUBMITTED:
        raise Refused("This scorecard is still a draft. Just save it.", code="not_submitted")
    if not because.strip():
        raise Refused("Write why you change your card after handing it in.", code="no_reason")
    if Debrief.objects.filter(loop=card.seat.interview.loop_id, status=Debrief.Status.DECIDED).exists():
        raise Refused("The decision is made: its record cannot change.", code="decided")
    block = block_of(card)
    _check(block, content)
    _take_revision(card, revision)
    old = newest(card)
    version = Version.objects.create(
        card=card,
        number=old.number + 1,
        overall=old.overall,
        confidence=old.confidence,
        notes=old.notes,
        no_story_because=old.no_story_because,
        saved_at=at,
        submitted_at=at,
        created_at=at,
        after_reveal=could_see_others(card, by),
        amended_because=because.strip(),
    )
    for part in ("ratings", "segments", "stories"):
        rows = list(getattr(old, part).all())
        for row in rows:
            row.pk, row.version, row._state.adding = None, version, True
        rows and type(rows[0]).objects.bulk_create(rows)
    _write(version, content, at=at)
    if lacks := missing(block, newest(card)):
        raise Refused("The amended scorecard is not complete.", code="incomplete", details=lacks)
    events.record(
        "scorecard.amended",
        card,
        by=by,
        at=at,
        data={
            "loop": card.seat.interview.loop_id,
            "number": version.number,
            "after_reveal": version.after_reveal,
        },
    )
    return version


@transaction.atomic
def read(card: Scorecard, *, by: User, at: dt.datetime) -> Version:
    """The newest version, and a record that this person has read it (their own excepted).

    Refuses what `visible_to` hides, in the same words as for a card that does not exist.
    """
    if not Scorecard.objects.visible_to(by).filter(pk=card.pk).exists():
        raise Refused("There is no such scorecard.", code="not_found")
    version = newest(card)
    _note_reads([version], by=by, at=at)
    return version


@transaction.atomic
def read_loop(loop: Loop, *, by: User, at: dt.datetime) -> dict[Any, Version]:
    """The newest versions of all cards of a loop that this person may read, by card; recorded like reading each."""
    cards = Scorecard.objects.visible_to(by).filter(
        seat__interview__loop=loop, status=Scorecard.Status.SUBMITTED
    )
    rows = Version.objects.filter(card__in=cards, submitted_at__isnull=False).select_related("card__seat")
    latest = {
        v.card_id: v for v in rows.prefetch_related("ratings", "segments", "stories").order_by("number")
    }
    _note_reads(list(latest.values()), by=by, at=at)
    return latest


def _note_reads(versions: list[Version], *, by: User, at: dt.datetime) -> None:
    """Who has read which version, once each; one's own card is no reading."""
    theirs = [version for version in versions if version.card.seat.user_id != by.pk]
    known = set(CardRead.objects.filter(version__in=theirs, user=by).values_list("version", flat=True))
    for version in theirs:
        if version.pk not in known:
            _row, first = CardRead.objects.get_or_create(version=version, user=by, defaults={"at": at})
            if first:
                events.record("scorecard.read", version.card, by=by, at=at, data={"number": version.number})


@transaction.atomic
def open_due(*, by: User, at: dt.datetime) -> int:
    """Make the cards of interviews that have begun; returns how many were made."""
    seats = Seat.objects.live().filter(interview__starts_at__lte=at, scorecard=None)
    return len([open_card(seat, by=by, at=at) for seat in seats.select_related("user")])
