"""Openings: should this one exist, who hires, what it pays, where we look."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from accounts import roles
from accounts.models import User, valid_zone
from hiring import pay, playbooks, posts, readiness
from hiring.models import Edition, Opening, OpeningChannel, PayBand, SlackHook, TeamMember, TransitionPlan
from hiring.permissions import require_manager, require_on
from journal import events, states
from journal.errors import Refused, one_line
from outbox.models import Delivery


@transaction.atomic
def draft(
    *,
    title: str,
    team_name: str,
    edition: Edition,
    facts: Mapping[str, Any],
    by: User,
    at: dt.datetime,
    zone: str = "UTC",
) -> Opening:
    """Begin an opening: the team's facts give a readiness verdict at once, with each reason cited.

    Refuses facts the playbook does not ask for, and impossible ones.
    """
    roles.require(by, roles.May.WRITE_OPENINGS)
    try:
        valid_zone(zone)
    except ValidationError as no:
        raise Refused(no.messages[0], code="unknown_zone") from no
    opening = Opening(
        title=one_line(title, "The title of an opening"),
        team_name=one_line(team_name, "The name of a team"),
        edition=edition,
        zone=zone,
        status_at=at,
        created_at=at,
    )
    _weigh(opening, facts)
    opening.save()
    events.record("opening.drafted", opening, by=by, at=at, data={"verdict": opening.verdict})
    if not roles.allows(by, roles.May.SEE_EVERY_OPENING):
        TeamMember.objects.create(opening=opening, user=by, part=TeamMember.Part.HIRING_MANAGER)
        events.record(
            "opening.team_changed", opening, by=by, at=at, data={"user": by.pk, "part": "hiring_manager"}
        )
    return opening


@transaction.atomic
def reassess(opening: Opening, *, facts: Mapping[str, Any], by: User, at: dt.datetime) -> Opening:
    """Take the team's facts anew while the opening is a draft. Refuses once it is open: the verdict is a record."""
    require_on(opening, by, roles.May.WRITE_OPENINGS)
    if opening.status != Opening.Status.DRAFT:
        raise Refused(
            "The facts of an opening are settled once it is open. Close it and draft another.", code="settled"
        )
    _weigh(opening, facts)
    opening.save(update_fields=["facts", "verdict", "reasons"])
    events.record("opening.reassessed", opening, by=by, at=at, data={"verdict": opening.verdict})
    return opening


def _weigh(opening: Opening, facts: Mapping[str, Any]) -> None:
    plan = playbooks.of(opening.edition)
    known = {fact.key for fact in plan.readiness.facts}
    strange = sorted(set(facts) - known)
    if strange:
        raise Refused(
            f"The playbook does not ask for {', '.join(strange)}. It asks for: {', '.join(sorted(known))}.",
            code="unknown_fact",
        )
    try:
        verdict = readiness.assess(plan.readiness, facts)
    except ValueError as no:
        raise Refused(str(no), code="impossible_fact") from no
    opening.facts = dict(facts)
    opening.verdict = verdict.verdict
    opening.reasons = [
        {
            "rule": reason.rule,
            "verdict": reason.verdict,
            "because": reason.because,
            "source": reason.source,
            "facts": dict(reason.facts),
            "counted": reason.counted,
        }
        for reason in verdict.reasons
    ]
    if not opening.reasons:
        opening.reasons = [
            {
                "rule": "otherwise",
                "verdict": verdict.verdict,
                "because": verdict.otherwise,
                "source": "",
                "facts": {},
                "counted": True,
            }
        ]


@transaction.atomic
def assign(opening: Opening, user: User, part: str, *, by: User, at: dt.datetime) -> TeamMember:
    """Put somebody on the hiring team. Refuses a second hiring manager, and people without the role for the part."""
    require_on(opening, by, roles.May.WRITE_OPENINGS)
    if part not in TeamMember.Part.values:
        raise Refused(f"The parts in a team are: {', '.join(TeamMember.Part.values)}.", code="unknown_part")
    needed = "interviewer" if part == TeamMember.Part.PANEL else part
    if not roles.held(user) & {needed, "hiring_manager" if needed == "interviewer" else needed}:
        raise Refused(
            f"{user} does not hold the {needed.replace('_', ' ')} role. An administrator can grant it.",
            code="role_missing",
        )
    if part == TeamMember.Part.HIRING_MANAGER and opening.team.filter(part=part).exclude(user=user).exists():
        raise Refused("This opening already has a hiring manager. Take them off first.", code="manager_taken")
    member, made = TeamMember.objects.get_or_create(opening=opening, user=user, part=part)
    if made:
        events.record("opening.team_changed", opening, by=by, at=at, data={"user": user.pk, "part": part})
    return member


@transaction.atomic
def leave(opening: Opening, user: User, part: str, *, by: User, at: dt.datetime) -> Opening:
    """Somebody leaves the hiring team, or gives up one of their parts in it: by themselves, or taken off by the team.

    What they did stays on record, and interviews they sit in stay theirs. Refuses when they do not have that part.
    """
    if by.pk != user.pk:
        require_on(opening, by, roles.May.WRITE_OPENINGS)
    gone, _ = TeamMember.objects.filter(opening=opening, user=user, part=part).delete()
    if not gone:
        raise Refused(f"{user} does not have this part in the team.", code="not_on_team")
    events.record("opening.team_left", opening, by=by, at=at, data={"user": user.pk, "part": part})
    return opening


@transaction.atomic
def set_pay(
    opening: Opening,
    *,
    currency: str,
    low: int,
    high: int,
    anchor: str,
    tier: str,
    cash_percent: int,
    negotiation_percent: int,
    by: User,
    at: dt.datetime,
) -> PayBand:
    """Set the pay band, in minor units a year, checked against the playbook's calibration rules.

    The anchor role and tier, the cash weight and the share held back for negotiation are judged by `hiring.pay`;
    what is advice becomes a note on the band (an anchor the playbook warns of also raises its pattern flag).
    Refuses what cannot be: a band upside down, an unknown anchor, a share over 100 %.
    """
    require_on(opening, by, roles.May.WRITE_OPENINGS)
    roles.require(by, roles.May.READ_PAY)
    plan = playbooks.of(opening.edition).pay
    if opening.status in {Opening.Status.FILLED, Opening.Status.CLOSED}:
        raise Refused("The pay of a filled or closed opening is a record and cannot change.", code="settled")
    known = (*plan.anchors, *plan.not_anchors)
    if anchor not in known:
        raise Refused(
            f"The playbook knows no anchor “{anchor}”. Choose one of: {', '.join(known)}.",
            code="unknown_anchor",
        )
    notes = pay.check_band(
        plan,
        low=low,
        high=high,
        currency=currency,
        anchor=anchor,
        cash_percent=cash_percent,
        negotiation_percent=negotiation_percent,
    )
    refuse_blocking(notes, "The pay band was not saved.")
    figures = {
        "currency": currency,
        "low": low,
        "high": high,
        "anchor": anchor,
        "tier": tier,
        "cash_percent": cash_percent,
        "negotiation_percent": negotiation_percent,
        "notes": [{"code": n.code, "text": n.text, "source": n.source} for n in notes],
    }
    band, _made = PayBand.objects.update_or_create(
        opening=opening, defaults=figures, create_defaults={**figures, "created_at": at}
    )
    events.record(
        "opening.pay_set", opening, by=by, at=at, data={"anchor": anchor, "notes": [n.code for n in notes]}
    )
    return band


def refuse_blocking(notes: tuple[pay.PayNote, ...], opener: str) -> None:
    """Refuses when any note of a pay check is blocking, naming all of those."""
    blocking = [note for note in notes if note.blocking]
    if blocking:
        raise Refused(
            f"{opener} {' '.join(note.text for note in blocking)}",
            code=blocking[0].code,
            details=[{"field": note.code, "problem": note.text} for note in blocking],
        )


@transaction.atomic
def approve(opening: Opening, *, by: User, at: dt.datetime, reason: str = "") -> Opening:
    """Open it: from now on candidates may apply.

    Only the opening's hiring manager approves. Refuses without a pay band, and against the readiness verdict
    without a written reason; with one, it opens and the playbook's patterns about openings are raised as flags.
    """
    require_manager(opening, by, roles.May.APPROVE_OPENINGS)
    if not PayBand.objects.filter(opening=opening).exists():
        raise Refused("Set the pay band before opening: people plan around it.", code="no_pay_band")
    against = opening.verdict != Opening.Verdict.HIRE
    if against and not reason.strip():
        raise Refused(
            f"The team's facts say: {opening.get_verdict_display().lower()}. To open all the same, write down why.",
            code="against_verdict",
        )
    states.move(
        opening,
        Opening.Status.OPEN,
        verb="opening.approved",
        by=by,
        at=at,
        data={"against_verdict": against, "verdict": opening.verdict},
        against_verdict=reason.strip() if against else "",
        opened_at=at,
    )
    return opening


@transaction.atomic
def set_auto_confirm(opening: Opening, *, on: bool, by: User, at: dt.datetime) -> Opening:
    """Let the best plan of a loop be booked without asking, or not any more."""
    require_on(opening, by, roles.May.SCHEDULE_LOOPS)
    opening.auto_confirm = on
    opening.save(update_fields=["auto_confirm"])
    events.record("opening.auto_confirm_set", opening, by=by, at=at, data={"on": on})
    return opening


@transaction.atomic
def set_slack(opening: Opening, *, address: str, by: User, at: dt.datetime) -> Opening:
    """Post news of this opening to a Slack channel from now on, through an incoming webhook of it.

    The address is a secret: it is kept encrypted, and neither shown nor recorded. Refuses what is no web address with
    https (a chat of the company's own may be named in CHAT_HOSTS).
    """
    require_on(opening, by, roles.May.CONNECT_SLACK)
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as no:
        raise Refused(_NO_HOOK, code="bad_hook") from no
    own = {host, f"{host}:{port}"} & set(settings.CHAT_HOSTS)
    good = parts.scheme == "https" or (parts.scheme == "http" and own)
    if not good or not host or parts.username or parts.path in {"", "/"} or not address.strip().isprintable():
        raise Refused(_NO_HOOK, code="bad_hook")
    values = {"address": address.strip(), "host": host, "set_by": by, "created_at": at}
    SlackHook.objects.update_or_create(opening=opening, defaults=values)
    events.record("opening.slack_set", opening, by=by, at=at, data={"host": host})
    return opening


_NO_HOOK = (
    "This is not the address of an incoming webhook. Copy it from the settings of your Slack app; it begins with "
    "https://hooks.slack.com/services/."
)


@transaction.atomic
def clear_slack(opening: Opening, *, by: User, at: dt.datetime) -> Opening:
    """Post nothing to Slack any more, and forget the address."""
    require_on(opening, by, roles.May.CONNECT_SLACK)
    gone, _ = SlackHook.objects.filter(opening=opening).delete()
    if gone:
        events.record("opening.slack_cleared", opening, by=by, at=at)
    return opening


@transaction.atomic
def test_slack(opening: Opening, *, by: User, at: dt.datetime) -> Delivery:
    """Send a test message to the opening's Slack channel. Refuses where there is none."""
    require_on(opening, by, roles.May.CONNECT_SLACK)
    written = posts.post(
        opening,
        says="This is a test: news of this opening will appear here.",
        link=f"{settings.BASE_URL}{reverse('admin:hiring_opening_change', args=[opening.pk])}",
        key=f"slack.test:{opening.pk}:{at.isoformat()}",
        by=by,
        at=at,
    )
    if written is None:
        raise Refused("This opening has no Slack channel yet. Set its webhook first.", code="no_slack")
    return written


@transaction.atomic
def fill(opening: Opening, *, by: User, at: dt.datetime) -> Opening:
    """The place is taken: somebody accepted an offer."""
    require_on(opening, by, roles.May.WRITE_OPENINGS)
    states.move(opening, Opening.Status.FILLED, verb="opening.filled", by=by, at=at, filled_at=at)
    return opening


@transaction.atomic
def close(opening: Opening, *, by: User, at: dt.datetime) -> Opening:
    """Nobody is looked for any more."""
    require_on(opening, by, roles.May.WRITE_OPENINGS)
    states.move(opening, Opening.Status.CLOSED, verb="opening.closed", by=by, at=at)
    return opening


@transaction.atomic
def use_channel(
    opening: Opening, channel: str, *, budget: int, by: User, at: dt.datetime, note: str = ""
) -> OpeningChannel:
    """Look for candidates on one of the playbook's channels, with a budget in minor units.

    Refuses a channel the playbook does not describe.
    """
    require_on(opening, by, roles.May.WRITE_OPENINGS)
    require_channel(opening.edition, channel)
    if budget < 0:
        raise Refused("A budget cannot be negative.", code="negative_budget")
    row, _made = OpeningChannel.objects.update_or_create(
        opening=opening, channel=channel, defaults={"budget": budget, "note": note}
    )
    events.record("opening.channel_used", opening, by=by, at=at, data={"channel": channel})
    return row


def require_channel(edition: Edition, channel: str) -> None:
    """Refuses a channel the playbook does not describe."""
    known = [item.key for item in playbooks.of(edition).channels.items]
    if channel not in known:
        raise Refused(
            f"The playbook has no channel “{channel}”. Choose one of: {', '.join(known)}.",
            code="unknown_channel",
        )


@transaction.atomic
def plan_transition(
    opening: Opening,
    *,
    employee: User,
    paired_with: User,
    months: int,
    pairing_months: int,
    starts_on: dt.date,
    by: User,
    at: dt.datetime,
) -> TransitionPlan:
    """Propose that an employee grows into the role, as an alternative to hiring.

    Refuses when it is shorter than the playbook holds for credible, or without a partner to learn from.
    """
    require_on(opening, by, roles.May.WRITE_OPENINGS)
    expected = playbooks.of(opening.edition).readiness.transition
    shortest, longest = expected.months
    if not shortest <= months <= 2 * longest:
        raise Refused(
            f"A transition takes {shortest} to {longest} months until somebody is credible at senior level; "
            f"{months} is not a plan.",
            code="unlikely_length",
        )
    if not expected.pairing_months[0] <= pairing_months <= months:
        raise Refused(
            f"Plan at least {expected.pairing_months[0]} months paired with {expected.pairing}.",
            code="no_pairing",
        )
    if employee.pk == paired_with.pk:
        raise Refused("Nobody can be paired with themselves. Choose a senior colleague.", code="no_pairing")
    plan = TransitionPlan.objects.create(
        opening=opening,
        employee=employee,
        paired_with=paired_with,
        months=months,
        pairing_months=pairing_months,
        starts_on=starts_on,
        status_at=at,
        created_at=at,
    )
    events.record("transition.proposed", plan, by=by, at=at, data={"opening": opening.pk, "months": months})
    return plan


@transaction.atomic
def agree_transition(plan: TransitionPlan, *, by: User, at: dt.datetime) -> TransitionPlan:
    """The employee says yes. Nobody else can say it for them: a transition is never forced."""
    if by.pk != plan.employee_id:
        raise Refused(
            f"Only {plan.employee} can agree to this. A transition is never forced.", code="not_theirs"
        )
    states.move(plan, TransitionPlan.Status.RUNNING, verb="transition.agreed", by=by, at=at, agreed_at=at)
    return plan


@transaction.atomic
def finish_transition(plan: TransitionPlan, *, by: User, at: dt.datetime) -> TransitionPlan:
    """They have grown into the role. Refuses before it runs, and before the months paired with somebody are over."""
    require_on(plan.opening, by, roles.May.WRITE_OPENINGS)
    paired_until = plan.starts_on + dt.timedelta(days=30 * plan.pairing_months)
    if plan.status == TransitionPlan.Status.RUNNING and at.date() < paired_until:
        raise Refused(
            f"They learn paired until {paired_until:%d %B %Y}. End the plan early instead, if it does not work out.",
            code="too_early",
        )
    states.move(plan, TransitionPlan.Status.DONE, verb="transition.finished", by=by, at=at)
    return plan


@transaction.atomic
def end_transition(plan: TransitionPlan, *, by: User, at: dt.datetime) -> TransitionPlan:
    """It stops early, or is not taken up. The employee may end it at any time: a transition is never forced."""
    if by.pk != plan.employee_id:
        require_on(plan.opening, by, roles.May.WRITE_OPENINGS)
    states.move(plan, TransitionPlan.Status.ENDED, verb="transition.ended", by=by, at=at)
    return plan
