"""Looking for words in what one may see: people, openings, backgrounds, and scorecards one may read. Reads only.

SECURITY: every part starts from `visible_to`, so what somebody may not see is in no result, no count and no order; a
scorecard's words are found once the card itself may be read (Note [Blind until submitted]), private notes only by
their author, and of amended cards only what they say now. Results are ordered by name or time, never by how well they
fit among rows the reader cannot see. Addresses, phone numbers and pay are encrypted: a whole e-mail address is found
by its blind index, for those who may read it; the others are not looked through.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.encryption import blind_index
from accounts.models import User
from candidates.models import Application, BackgroundEntry, Candidate
from candidates.permissions import may_read_contacts
from hiring import playbooks
from hiring.models import Opening
from interviews.models import IncidentStory, Loop, Rating, Scorecard, Version
from journal import fulltext

MOST = 20  # of each kind; whoever gets more narrows it down
_LOOP = "card__seat__interview__loop"
_WITH = ("card__seat__user", f"{_LOOP}__application__candidate", f"{_LOOP}__edition")
_WITHOUT = (
    f"{_LOOP}__edition__content",
    f"{_LOOP}__edition__source",
    f"{_LOOP}__application__candidate__email",
    f"{_LOOP}__application__candidate__phone",
)


@dataclass(frozen=True)
class Passage:
    """Words in a scorecard or a background: about whom, where they stand, and a piece of the text."""

    candidate: str
    where: str
    parts: list[tuple[str, bool]]
    at: dt.datetime
    author: str = ""
    seat: uuid.UUID | None = None  # one's own card
    card: uuid.UUID | None = None  # somebody else's
    application: uuid.UUID | None = None


@dataclass(frozen=True)
class Found:
    """What was found, at most MOST of each kind; `more` names the kinds with further ones."""

    words: tuple[str, ...]
    people: list[Candidate] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    backgrounds: list[Passage] = field(default_factory=list)
    cards: list[Passage] = field(default_factory=list)
    more: frozenset[str] = frozenset()

    @property
    def is_nothing(self) -> bool:
        return not (self.people or self.openings or self.backgrounds or self.cards)


def find(typed: str, *, reader: User) -> Found:
    """Everything with these words that the reader may see. The same number of queries whatever is found."""
    looked_for = fulltext.words(typed)
    if not looked_for:
        return Found(())
    people = list(_people(typed, looked_for, reader)[: MOST + 1])
    seen = Opening.objects.visible_to(reader).order_by("-created_at", "id")
    openings = list(fulltext.containing(seen, looked_for, "title", "team_name")[: MOST + 1])
    backgrounds = [
        _of_background(entry, looked_for) for entry in _backgrounds(looked_for, reader)[: MOST + 1]
    ]
    cards = [
        *(_of_rating(rating, looked_for, reader) for rating in _ratings(looked_for, reader)[: MOST + 1]),
        *(_of_story(story, looked_for, reader) for story in _stories(looked_for, reader)[: MOST + 1]),
        *(_of_notes(version, looked_for) for version in _notes(looked_for, reader)[: MOST + 1]),
    ]
    cards.sort(key=lambda passage: passage.at, reverse=True)
    kinds: dict[str, Sequence[object]] = {
        "people": people,
        "openings": openings,
        "backgrounds": backgrounds,
        "cards": cards,
    }
    return Found(
        looked_for,
        people[:MOST],
        openings[:MOST],
        backgrounds[:MOST],
        cards[:MOST],
        frozenset(kind for kind, rows in kinds.items() if len(rows) > MOST),
    )


def _people(typed: str, looked_for: Sequence[str], reader: User) -> QuerySet[Candidate]:
    """By name: with an order that has an index, PostgreSQL would walk through everybody in that order."""
    seen = Candidate.objects.visible_to(reader)
    named = fulltext.containing(seen, looked_for, "name", "headline")
    if "@" in typed and may_read_contacts(reader):
        named = seen.filter(Q(pk__in=named.values("pk")) | Q(email_index=blind_index(typed)))
    applications = (
        Application.objects.visible_to(reader)
        .select_related("opening")
        .prefetch_related(
            Prefetch("loops", Loop.objects.exclude(status=Loop.Status.CANCELLED), to_attr="live_loops")
        )
        .order_by("-created_at", "id")
    )
    return (
        named.defer("email", "phone")
        .prefetch_related(Prefetch("applications", applications, to_attr="seen_applications"))
        .order_by("name", "id")
    )


def _backgrounds(looked_for: Sequence[str], reader: User) -> QuerySet[BackgroundEntry]:
    seen = BackgroundEntry.objects.filter(application__in=Application.objects.visible_to(reader))
    rows = seen.select_related("application__candidate", "application__edition").defer(
        "application__candidate__email",
        "application__candidate__phone",
        "application__edition__content",
        "application__edition__source",
    )
    return fulltext.containing(rows, looked_for, "evidence").order_by("-created_at", "id")


def _of_background(entry: BackgroundEntry, looked_for: Sequence[str]) -> Passage:
    application = entry.application
    labels = {area.key: area.label for area in playbooks.of(application.edition).areas}
    return Passage(
        candidate=application.candidate.name,
        where=labels.get(entry.area, entry.area),
        parts=fulltext.excerpt(entry.evidence, looked_for),
        at=entry.created_at,
        application=application.pk,
    )


# --- scorecards -------------------------------------------------------------------------------------------------


def _newest() -> Exists:
    """Whether there is a newer version of the card than the row's."""
    newer = Version.objects.filter(card=OuterRef("version__card"), number__gt=OuterRef("version__number"))
    return Exists(newer)


def _ratings(looked_for: Sequence[str], reader: User) -> QuerySet[Rating]:
    rows = Rating.objects.filter(version__card__in=Scorecard.objects.visible_to(reader)).exclude(_newest())
    rows = fulltext.containing(rows, looked_for, "evidence").order_by("-version__saved_at", "id")
    shown = Rating.objects.filter(
        pk__in=rows.values("pk")[: MOST + 1]
    )  # only these bring what is shown of them
    return (
        shown.select_related(*(f"version__{path}" for path in _WITH))
        .defer(*(f"version__{path}" for path in _WITHOUT))
        .order_by("-version__saved_at", "id")
    )


def _stories(looked_for: Sequence[str], reader: User) -> QuerySet[IncidentStory]:
    rows = IncidentStory.objects.filter(version__card__in=Scorecard.objects.visible_to(reader))
    rows = fulltext.containing(rows.exclude(_newest()), looked_for, *IncidentStory.TEXTS)
    rows = rows.order_by("-version__saved_at", "id")
    shown = IncidentStory.objects.filter(pk__in=rows.values("pk")[: MOST + 1])
    return (
        shown.select_related(*(f"version__{path}" for path in _WITH))
        .defer(*(f"version__{path}" for path in _WITHOUT))
        .order_by("-version__saved_at", "id")
    )


def _notes(looked_for: Sequence[str], reader: User) -> QuerySet[Version]:
    """Private notes: the author's alone."""
    newer = Version.objects.filter(card=OuterRef("card"), number__gt=OuterRef("number"))
    own = Version.objects.filter(card__seat__user=reader, card__in=Scorecard.objects.visible_to(reader))
    rows = own.exclude(Exists(newer)).select_related(*_WITH).defer(*_WITHOUT)
    return fulltext.containing(rows, looked_for, "notes").order_by("-saved_at", "id")


def _of_rating(rating: Rating, looked_for: Sequence[str], reader: User) -> Passage:
    interview = rating.version.card.seat.interview
    block = playbooks.of(interview.loop.edition).block(interview.block)
    title = next((signal.title for signal in block.signals if signal.key == rating.signal), rating.signal)
    return _passage(rating.version, f"{block.title}: {title}", rating.evidence, looked_for, reader)


def _of_story(story: IncidentStory, looked_for: Sequence[str], reader: User) -> Passage:
    interview = story.version.card.seat.interview
    block = playbooks.of(interview.loop.edition).block(interview.block)
    text = " – ".join(filter(None, (getattr(story, key) for key in IncidentStory.TEXTS)))
    return _passage(story.version, block.title, text, looked_for, reader)


def _of_notes(version: Version, looked_for: Sequence[str]) -> Passage:
    interview = version.card.seat.interview
    block = playbooks.of(interview.loop.edition).block(interview.block)
    return _passage(version, block.title, version.notes, looked_for, None)


def _passage(
    version: Version, where: str, text: str, looked_for: Sequence[str], reader: User | None
) -> Passage:
    """`reader` is None where only the author can be reading."""
    seat = version.card.seat
    own = reader is None or seat.user_id == reader.pk
    return Passage(
        candidate=seat.interview.loop.application.candidate.name,
        where=where,
        parts=fulltext.excerpt(text, looked_for),
        at=version.saved_at,
        author="" if own else seat.user.name,
        seat=seat.pk if own else None,
        card=None if own else version.card_id,
    )
