"""Raising flags from the playbook's patterns, and people's answers to them. A flag never moves an application."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts import roles
from accounts.models import User
from candidates.models import Application
from hiring import playbooks
from hiring.blueprint import Blueprint
from hiring.models import Edition, Opening, PayBand
from hiring.permissions import require_on
from interviews import patterns
from interviews.models import Debrief, Flag, Scorecard, Version
from interviews.models.scorecards import Specificity
from interviews.patterns import Case, Noted, Source
from journal import events, states
from journal.errors import Refused

_REASON_NEEDED = {Flag.Status.WAIVED, Flag.Status.UPHELD}
# SECURITY: what such a source says can name amounts, or whose pay somebody compares with.
PAY_SOURCES = {"pay_band", "expectation", "offer"}


@transaction.atomic
def look_at_opening(opening: Opening, *, by: User, at: dt.datetime) -> list[Flag]:
    """Raise what the playbook's patterns find in the opening itself: facts, verdict, pay band."""
    plan = playbooks.of(opening.edition)
    found = [f for f in patterns.findings(plan, Case(_of_opening(opening))) if f.about == Flag.About.OPENING]
    return _settle(found, opening.edition, Q(opening=opening), {"opening": opening}, by=by, at=at)


@transaction.atomic
def look_at_application(application: Application, *, by: User, at: dt.datetime) -> list[Flag]:
    """Raise what the patterns find in a candidate's background, pay, offer and, once the debrief is open, cards.

    Cards are looked at only from then on: a flag raised earlier would tell a panel what others wrote.
    """
    plan = playbooks.of(application.edition)
    case = Case(
        noted={**_of_opening(application.opening), **_of_application(application, plan)},
        cards=tuple(_cards(application)),
    )
    found = [f for f in patterns.findings(plan, case) if f.about != Flag.About.OPENING]
    return _settle(
        found, application.edition, Q(application=application), {"application": application}, by=by, at=at
    )


def _settle(
    found: list[patterns.Finding],
    edition: Edition,
    mine: Q,
    subject: dict[str, Any],
    *,
    by: User,
    at: dt.datetime,
) -> list[Flag]:
    """Make the stored flags agree with the findings: new ones are raised, unanswered ones that no longer hold lapse."""
    known = {flag.digest: flag for flag in Flag.objects.filter(mine)}
    raised = []
    for finding in found:
        if finding.digest in known:
            continue
        flag = Flag.objects.create(
            **subject,
            about=finding.about,
            pattern=finding.pattern,
            edition=edition,
            says=finding.says,
            citations=list(finding.citations),
            digest=finding.digest,
            status_at=at,
            created_at=at,
        )
        known[finding.digest] = flag
        raised.append(flag)
        data = {"pattern": flag.pattern, **{key: row.pk for key, row in subject.items()}}
        events.record("flag.raised", flag, by=by, at=at, data=data)
    holding = {finding.digest for finding in found}
    for digest, flag in known.items():
        if digest not in holding and flag.status == Flag.Status.RAISED:
            states.move(flag, Flag.Status.LAPSED, verb="flag.lapsed", by=by, at=at)
    return raised


def _of_opening(opening: Opening) -> dict[str, Noted]:
    plan = playbooks.of(opening.edition)
    labels = {fact.key: fact.label for fact in plan.readiness.facts}
    noted = {
        f"team.{key}": Noted(value, Source("team_fact", str(opening.pk), labels.get(key, key), str(value)))
        for key, value in opening.facts.items()
    }
    noted["readiness.verdict"] = Noted(
        opening.verdict,
        Source("verdict", str(opening.pk), "Readiness verdict", opening.get_verdict_display()),
    )
    band = PayBand.objects.filter(opening=opening).first()
    if band:
        noted["opening.pay_anchor"] = Noted(
            band.anchor,
            Source("pay_band", str(band.pk), "Pay band", f"anchored on {band.anchor}, {band.tier}"),
        )
    return noted


def _of_application(application: Application, plan: Blueprint) -> dict[str, Noted]:
    noted = {}
    areas = {area.key: area.label for area in plan.areas}
    for entry in application.background.all():
        noted[f"background.{entry.area}"] = Noted(
            entry.level,
            Source("background", str(entry.pk), f"{areas[entry.area]}: {entry.level}", entry.evidence),
        )
    tools = {tool.key: tool for tool in plan.tools}
    for skill in application.tools.filter(graded=True):
        tool = tools[skill.tool]
        noted[f"graded.{tool.area}"] = Noted(True, Source("tool", str(skill.pk), tool.label, "graded"))
    if application.classified_as:
        noted["classified_as"] = Noted(
            application.classified_as,
            Source(
                "classification",
                str(application.pk),
                "Background closest to",
                " ".join(application.classified_because),
            ),
        )
    expectation = getattr(application, "expectation", None)
    if expectation:
        noted["expectation.pay_anchor"] = Noted(
            expectation.anchor,
            Source(
                "expectation", str(expectation.pk), "Pay expectation", f"measured by {expectation.anchor}"
            ),
        )
    offer = application.offers.exclude(status__in=["declined", "expired", "cancelled"]).first()
    if offer:
        noted["offer.pay_anchor"] = Noted(
            offer.anchor, Source("offer", str(offer.pk), "Offer", f"anchored on {offer.anchor}")
        )
    return noted


def _cards(application: Application) -> Iterator[patterns.Card]:
    debrief = Debrief.objects.filter(loop__application=application).exclude(loop__status="cancelled").first()
    if debrief is None:
        return
    plan = playbooks.of(application.edition)
    cards = (
        Scorecard.objects.counting()
        .filter(seat__interview__loop=debrief.loop_id)
        .select_related("seat__user", "seat__interview")
        .order_by("seat__interview__starts_at", "seat__key")
    )
    newest: dict[Any, Version] = {}
    rows = Version.objects.filter(card__in=cards, submitted_at__isnull=False).order_by("number")
    for version in rows.prefetch_related("ratings", "segments", "stories"):
        newest[version.card_id] = version
    for card in cards:
        yield _card(card, newest[card.pk], plan)


def _card(card: Scorecard, version: Version, plan: Blueprint) -> patterns.Card:
    block = plan.block(card.seat.interview.block)
    who = f"{block.title}, {card.seat.user.name}"
    signals = {signal.key: signal for signal in block.signals}
    titles = {segment.key: segment.title for segment in block.segments}
    full = (Specificity.SPECIFIC,) * 3
    return patterns.Card(
        block=block.key,
        source=Source(
            "scorecard", str(card.pk), who, version.no_story_because or version.get_overall_display()
        ),
        ratings=tuple(
            patterns.RatedSignal(
                rating.signal,
                rating.value,
                Source("rating", str(rating.pk), f"{who}: {signals[rating.signal].title}", rating.evidence),
            )
            for rating in version.ratings.all()
            if rating.value
        ),
        segments=tuple(
            patterns.TimedSegment(
                time.segment,
                time.minutes,
                time.skipped,
                Source(
                    "segment",
                    str(time.pk),
                    f"{who}: {titles[time.segment]}",
                    "skipped" if time.skipped else f"{time.minutes} minutes",
                ),
            )
            for time in version.segments.all()
        ),
        stories=tuple(
            patterns.Story(
                story.segment,
                (story.detection_is, story.response_is, story.outcome_is) == full,
                Source(
                    "story",
                    str(story.pk),
                    f"{who}: story {story.position}",
                    f"{story.situation} (detection {story.detection_is}, response {story.response_is}, "
                    f"post-mortem outcome {story.outcome_is})",
                ),
            )
            for story in version.stories.all()
        ),
    )


@transaction.atomic
def answer(flag: Flag, *, answer: str, reason: str, by: User, at: dt.datetime) -> Flag:
    """A person answers: acknowledged (seen, counts for what it is), waived (does not apply, why), upheld (it does, why).

    Refuses other answers, waiving or upholding without a reason, and flags that were answered or have lapsed.
    """
    opening = flag.opening or (flag.application.opening if flag.application else None)
    assert opening is not None, "the database holds a flag to exactly one thing"
    require_on(opening, by, roles.May.RUN_DEBRIEFS)
    if answer not in {Flag.Status.ACKNOWLEDGED, *_REASON_NEEDED}:
        raise Refused("Answer a flag with: acknowledged, waived or upheld.", code="unknown_answer")
    if answer in _REASON_NEEDED and not reason.strip():
        raise Refused(f"Write why the flag is {answer}.", code="no_reason")
    states.move(
        flag,
        answer,
        verb=f"flag.{answer}",
        by=by,
        at=at,
        data={"pattern": flag.pattern},
        answer=reason.strip(),
        answered_by=by,
    )
    return flag


def open_questions(application: Application) -> Any:
    """Unanswered flags that a decision on this application has to face: its own and its opening's."""
    return Flag.objects.unanswered().filter(Q(application=application) | Q(opening=application.opening_id))


def citations(flag: Any, *, reader: User) -> list[dict[str, Any]]:
    """The sources a flag rests on (fetched `knowing_pay`); of pay ones only the name, for those who may not read it."""
    pay = bool(flag.hires) and roles.allows(reader, roles.May.READ_PAY)
    return [
        cited
        if pay or cited["kind"] not in PAY_SOURCES
        else {**cited, "label": f"{cited['label']} (pay)", "words": "", "value": None}
        for cited in flag.citations
    ]
