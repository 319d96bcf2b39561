"""What the demo prints: every candidate on a few lines, then channels beside the benchmark."""

import textwrap
from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from accounts.models import User
from candidates.models import Application
from hiring import playbooks
from hiring.models import Opening
from interviews.models import (
    Debrief,
    Decision,
    Flag,
    Interview,
    Loop,
    Proposal,
    Scorecard,
    Seat,
    Version,
)
from journal.models import Event

WIDTH = 110


def lines() -> Iterator[str]:
    """The summary, line by line."""
    for opening in Opening.objects.select_related("edition__playbook").order_by("opened_at"):
        yield from _opening(opening)
    yield from _channels()
    hired = Application.objects.filter(status=Application.Status.HIRED).select_related("candidate").first()
    if hired:
        yield from _journal(hired)


def _journal(application: Application) -> Iterator[str]:
    """What the journal holds about one application and everything that belongs to it, from start to end."""
    inside = {"interview__loop__application": application}
    subjects = [
        Application.objects.filter(pk=application.pk),
        Loop.objects.filter(application=application),
        Proposal.objects.filter(loop__application=application),
        Interview.objects.filter(loop__application=application),
        Seat.objects.filter(**inside),
        Scorecard.objects.filter(seat__interview__loop__application=application),
        Debrief.objects.filter(loop__application=application),
        application.flags.all(),
        application.offers.all(),
        application.outcomes.all(),
    ]
    ids = {pk for rows in subjects for pk in rows.values_list("pk", flat=True)}
    names = dict(User.objects.values_list("pk", "name"))
    events = list(Event.objects.filter(subject_id__in=ids).select_related("cause").order_by("id"))
    yield ""
    yield f"THE JOURNAL OF {application.candidate.name.upper()}  ({len(events)} events; names are looked up, not stored)"
    for event in events:
        because = f", because of {event.cause.verb}" if event.cause else ""
        yield f"  {event.at:%d %b %H:%M}  {event.verb:<28} by {names.get(event.actor, 'somebody')}{because}"


def _opening(opening: Opening) -> Iterator[str]:
    plan = playbooks.of(opening.edition)
    yield ""
    yield f"{opening}  ({opening.edition}; {opening.get_status_display().lower()})".upper()
    yield f"Readiness: {opening.get_verdict_display()}"
    for reason in opening.reasons:
        facts = ", ".join(f"{key} = {value}" for key, value in reason["facts"].items()) or "none"
        yield from _indented(f"{'because' if reason['counted'] else 'outweighed'}: {reason['because']}", 2)
        source = plan.source(reason["source"]).title if reason["source"] else "the playbook"
        yield f"    facts: {facts}; source: {source}"
    if opening.against_verdict:
        yield from _indented(f"Opened against the verdict: {opening.against_verdict}", 2)
    for flag in opening.flags.all():
        yield from _flag(flag)
    applications = opening.applications.select_related("candidate", "edition").order_by("created_at")
    for application in applications:
        yield ""
        yield from _application(application)


def _application(application: Application) -> Iterator[str]:
    plan = playbooks.of(application.edition)
    channel = plan.channel(application.channel)
    known_as = {n.key: n.title for n in plan.neighbours} | {plan.key: plan.title}
    yield f"{application.candidate.name}  ·  {application.get_status_display()}  ·  {application.candidate.headline}"
    yield (
        f"  channel: {channel.name}; background closest to: "
        f"{known_as.get(application.classified_as, application.classified_as)}"
    )
    for loop in Loop.objects.filter(application=application).prefetch_related("interviews"):
        yield from _loop(loop)
    for flag in application.flags.order_by("created_at", "id"):
        yield from _flag(flag)
    decision = (
        Decision.objects.filter(debrief__loop__application=application).select_related("decided_by").first()
    )
    if decision:
        against = ", against the panel" if decision.against_panel else ""
        yield from _indented(f"decision: {decision.get_outcome_display()}{against}. {decision.reason}", 2)
    elif application.status == Application.Status.WITHDRAWN:
        yield f"  withdrawn: {application.get_withdraw_reason_display()}"
    else:
        yield "  decision: none yet"
    for offer in application.offers.all():
        yield f"  offer: {offer.currency} {offer.amount / 100:,.0f}, {offer.get_status_display().lower()}"
    for outcome in application.outcomes.all():
        yield f"  outcome after {outcome.checkpoint_days} days: {outcome.rating.replace('_', ' ')}"


def _loop(loop: Loop) -> Iterator[str]:
    plan = playbooks.of(loop.edition)
    zone = ZoneInfo(loop.application.candidate.zone)
    times = sorted(i.starts_at for i in loop.interviews.all())
    if times:
        first, days = times[0].astimezone(zone), len({t.astimezone(zone).date() for t in times})
        yield (
            f"  loop: {loop.get_status_display().lower()}, {first:%a %d %b %H:%M} ({zone.key}), "
            f"{sum(b.minutes for b in plan.blocks)} minutes on {days} day{'s' if days > 1 else ''}"
        )
    # Cards are shown once the debrief is open, as everywhere else.
    if not Debrief.objects.filter(loop=loop).exists():
        return
    words: dict[str, list[str]] = {}
    cards = Scorecard.objects.counting().filter(seat__interview__loop=loop)
    newest = {v.card_id: v for v in Version.objects.filter(card__in=cards).order_by("number")}
    for card in cards.select_related("seat__interview").order_by("seat__interview__starts_at", "seat__key"):
        words.setdefault(card.seat.interview.block, []).append(newest[card.pk].get_overall_display().lower())
    for block in plan.blocks:
        yield f"    {block.title:<36} {', '.join(words.get(block.key, ['no card']))}"


def _flag(flag: Flag) -> Iterator[str]:
    yield from _indented(f"flag [{flag.pattern}] {flag.get_status_display().lower()}: {flag.says}", 2)
    for citation in flag.citations[:3]:
        words = f" — “{citation['words']}”" if citation["words"] else ""
        yield from _indented(f"cites {citation['label']}{words}", 6)
    if flag.answer:
        yield from _indented(f"answer: {flag.answer}", 6)


def _channels() -> Iterator[str]:
    """Where candidates and hires came from, beside the cited benchmark and never mixed with it."""
    opening = Opening.objects.select_related("edition").order_by("opened_at").first()
    if opening is None:
        return
    plan = playbooks.of(opening.edition)
    came = Counter(Application.objects.values_list("channel", flat=True))
    hired = Counter(
        Application.objects.filter(status=Application.Status.HIRED).values_list("channel", flat=True)
    )
    source = plan.source(plan.channels.items[0].source)
    total = sum(came.values())
    yield ""
    yield "CHANNELS"
    yield f"  {'':<44}{'applied':>9}{'share':>8}{'hired':>7}{'benchmark share of hires':>27}"
    for channel in plan.channels.items:
        share = f"{100 * came[channel.key] / total:.0f} %" if total else "–"
        yield (
            f"  {channel.name[:43]:<44}{came[channel.key]:>9}{share:>8}{hired[channel.key]:>7}"
            f"{f'{channel.share_percent:g} %':>27}"
        )
    yield f"  Own figures: n = {total} applications, {sum(hired.values())} hired. Too few to conclude anything from."
    yield from _indented(f"Benchmark: {source.title}. {source.sample}", 2)


def _indented(text: str, by: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * by, subsequent_indent=" " * (by + 2))
