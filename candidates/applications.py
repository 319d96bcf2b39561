"""Where a candidate stands."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from accounts import roles
from accounts.models import User
from candidates.models import Application, BackgroundEntry, Candidate, PayExpectation, Reader, ToolSkill
from candidates.models.applications import Evidence
from candidates.permissions import require_on
from hiring import classification, openings, playbooks
from hiring.blueprint import LEVELS
from hiring.models import Opening
from journal import events, states
from journal.errors import Refused

Status = Application.Status


@transaction.atomic
def apply(candidate: Candidate, opening: Opening, *, channel: str, by: User, at: dt.datetime) -> Application:
    """A candidate comes for an opening, through one of the playbook's channels.

    Refuses when the opening is not open, the channel is unknown, or they already have a running application.
    """
    roles.require(by, roles.May.WRITE_CANDIDATES)
    if opening.status != Opening.Status.OPEN:
        raise Refused(f"{opening} is not open for applications.", code="not_open")
    openings.require_channel(opening.edition, channel)
    application = Application(
        candidate=candidate,
        opening=opening,
        edition=opening.edition,
        channel=channel,
        status_at=at,
        created_at=at,
    )
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError as twice:
        raise Refused(
            f"{candidate} already has an application for {opening}.", code="applied_already"
        ) from twice
    events.record(
        "application.received", application, by=by, at=at, data={"opening": opening.pk, "channel": channel}
    )
    return application


@transaction.atomic
def describe(
    application: Application,
    *,
    background: Iterable[Mapping[str, Any]],
    tools: Iterable[Mapping[str, Any]] = (),
    by: User,
    at: dt.datetime,
) -> Application:
    """Record what is known of the background, area by area, and classify it against the neighbouring roles.

    `background` rows: area, level (none, some, solid, deep), evidence (text), source; `tools` rows: tool, level,
    graded. An area that is not given stays unknown; unknown is never read as none. Given areas replace what was
    recorded before. Refuses areas, tools and levels the playbook does not know, and levels without evidence.
    """
    require_on(application, by, roles.May.WRITE_CANDIDATES)
    plan = playbooks.of(application.edition)
    areas, known_tools = {a.key for a in plan.areas}, {t.key: t.area for t in plan.tools}
    background, tools = list(background), list(tools)
    wrong = [_problem(row, "area", areas) for row in background] + [
        _problem(row, "tool", set(known_tools)) for row in tools
    ]
    wrong += [
        {"field": str(row.get("area")), "problem": "Say what this rests on."}
        for row in background
        if not str(row.get("evidence", "")).strip()
    ]
    wrong += [
        {"field": str(row.get("area")), "problem": f"The source is one of {', '.join(Evidence.values)}."}
        for row in background
        if row.get("source") not in Evidence.values
    ]
    if problems := [problem for problem in wrong if problem]:
        raise Refused(
            "The background was not saved. Mend what is listed.", code="bad_background", details=problems
        )
    for row in background:
        values = {"level": row["level"], "evidence": row["evidence"].strip(), "source": row["source"]}
        BackgroundEntry.objects.update_or_create(
            application=application,
            area=row["area"],
            defaults=values,
            create_defaults={**values, "created_at": at},
        )
    for row in tools:
        values = {"level": row["level"], "graded": bool(row.get("graded", False))}
        ToolSkill.objects.update_or_create(
            application=application,
            tool=row["tool"],
            defaults=values,
            create_defaults={**values, "created_at": at},
        )
    levels = dict(BackgroundEntry.objects.filter(application=application).values_list("area", "level"))
    graded = {
        known_tools[tool]: True
        for tool in ToolSkill.objects.filter(application=application, graded=True).values_list(
            "tool", flat=True
        )
        if tool in known_tools
    }
    found = classification.classify(plan, levels, graded)
    application.classified_as = found.role
    application.classified_because = [found.because, *found.reasons]
    application.save(update_fields=["classified_as", "classified_because"])
    events.record(
        "application.described",
        application,
        by=by,
        at=at,
        data={"areas": sorted(row["area"] for row in background), "classified_as": found.role},
    )
    return application


def _problem(row: Mapping[str, Any], noun: str, known: set[str]) -> dict[str, str] | None:
    name = str(row.get(noun))
    if name not in known:
        return {
            "field": name,
            "problem": f"The playbook knows no such {noun}. It knows: {', '.join(sorted(known))}.",
        }
    if row.get("level") not in LEVELS:
        return {"field": name, "problem": f"The level is one of {', '.join(LEVELS)}."}
    return None


@transaction.atomic
def expect_pay(
    application: Application, *, amount: int, currency: str, anchor: str, said: str, by: User, at: dt.datetime
) -> PayExpectation:
    """Record what the candidate expects (minor units a year) and by which role's pay they measure it.

    Refuses an anchor the playbook does not know, and an amount that is not positive.
    """
    require_on(application, by, roles.May.WRITE_CANDIDATES)
    plan = playbooks.of(application.edition).pay
    known = (*plan.anchors, *plan.not_anchors)
    if anchor not in known:
        raise Refused(
            f"The playbook knows no anchor “{anchor}”. Choose one of: {', '.join(known)}.",
            code="unknown_anchor",
        )
    if amount <= 0:
        raise Refused("An expectation is a positive amount a year.", code="bad_amount")
    values = {"amount": amount, "currency": currency, "anchor": anchor, "said": said.strip()}
    row, _made = PayExpectation.objects.update_or_create(
        application=application, defaults=values, create_defaults={**values, "created_at": at}
    )
    events.record("application.expectation_recorded", application, by=by, at=at, data={"anchor": anchor})
    return row


@transaction.atomic
def screen(application: Application, *, by: User, at: dt.datetime) -> Application:
    """Somebody from recruiting talks with them."""
    require_on(application, by, roles.May.WRITE_CANDIDATES)
    states.move(application, Status.SCREENING, verb="application.screening", by=by, at=at)
    return application


@transaction.atomic
def interview(application: Application, *, by: User, at: dt.datetime) -> Application:
    """They go into a loop (called when the loop is begun)."""
    require_on(application, by, roles.May.SCHEDULE_LOOPS)
    states.move(application, Status.INTERVIEWING, verb="application.interviewing", by=by, at=at)
    return application


@transaction.atomic
def deliberate(application: Application, *, by: User, at: dt.datetime) -> Application:
    """The panel has what it needs: the debrief is open."""
    require_on(application, by, roles.May.RUN_DEBRIEFS)
    states.move(application, Status.DECIDING, verb="application.deciding", by=by, at=at)
    return application


@transaction.atomic
def approve(application: Application, *, by: User, at: dt.datetime) -> Application:
    """The decision is to hire: an offer may be written."""
    require_on(application, by, roles.May.DECIDE)
    states.move(application, Status.APPROVED, verb="application.approved", by=by, at=at)
    return application


@transaction.atomic
def reject(
    application: Application, *, reason: str, by: User, at: dt.datetime, note: str = ""
) -> Application:
    """Say no, with a reason a person chose. No rule of the product ever calls this by itself."""
    require_on(application, by, roles.May.REJECT_CANDIDATES)
    if reason not in Application.RejectReason.values:
        raise Refused(
            f"Choose a reason: {', '.join(Application.RejectReason.values)}.", code="unknown_reason"
        )
    states.move(
        application,
        Status.REJECTED,
        verb="application.rejected",
        by=by,
        at=at,
        data={"reason": reason},
        reject_reason=reason,
        closing_note=note.strip(),
    )
    return application


@transaction.atomic
def withdraw(
    application: Application, *, reason: str, by: User, at: dt.datetime, note: str = ""
) -> Application:
    """The candidate steps back. Their loop is cancelled and the panel told, as a consequence."""
    require_on(application, by, roles.May.WRITE_CANDIDATES)
    if reason not in Application.WithdrawReason.values:
        raise Refused(
            f"Choose a reason: {', '.join(Application.WithdrawReason.values)}.", code="unknown_reason"
        )
    states.move(
        application,
        Status.WITHDRAWN,
        verb="application.withdrawn",
        by=by,
        at=at,
        data={"reason": reason},
        withdraw_reason=reason,
        closing_note=note.strip(),
    )
    return application


def admit(application: Application, users: Iterable[User]) -> None:
    """Let these people read the application, because they interview the candidate (recorded with the seat)."""
    Reader.objects.bulk_create(
        [Reader(application=application, user=u) for u in users], ignore_conflicts=True
    )


def dismiss(application: Application, user: User) -> None:
    """End it: they do not interview the candidate any more."""
    Reader.objects.filter(application=application, user=user).delete()
