"""Situations of the business, told through the real rules. A story makes what it needs and returns the thing it names.

Time is given: NOW is a Monday, 09:00 UTC. Names are made up.
"""

import datetime as dt
import itertools
import pathlib
from collections.abc import Iterable
from typing import Any

from accounts import users
from accounts.models import User
from candidates import applications, candidates, offers
from candidates.models import Application, Candidate, Offer
from hiring import openings, playbooks
from hiring.models import Edition, Opening
from interviews import debriefs, interviewers, loops, schedules, scorecards
from interviews.models import Debrief, Interviewer, Loop, Scorecard, Seat

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
LIBRARY = pathlib.Path(__file__).parent.parent / "hiring" / "library"
WORKDAY = [(day, dt.time(9), dt.time(18)) for day in range(5)]
_number = itertools.count(1)


def later(**span: float) -> dt.datetime:
    """NOW plus a span: later(days=2, hours=3)."""
    return NOW + dt.timedelta(**span)


# --- people ---------------------------------------------------------------------------------------------------


def person(*roles: str, name: str = "", zone: str = "UTC", password: str | None = None) -> User:
    n = next(_number)
    name = name or f"Person{n} {(roles or ('nobody',))[0].replace('_', ' ').title()}"
    kind = User.Kind.SERVICE if "service" in roles else User.Kind.PERSON
    return users.create(
        email=f"person{n}@example.com",
        name=name,
        zone=zone,
        roles_=roles,
        by=users.system(),
        at=NOW,
        password=password,
        kind=kind,
        title="Engineer" if "interviewer" in roles else "",
    )


def recruiter() -> User:
    """The company's recruiter (the same one in one story)."""
    return User.objects.filter(grants__role="recruiter").first() or person("recruiter", name="Rita Recruiter")


# --- playbook and opening ---------------------------------------------------------------------------------------


def edition(file: pathlib.Path = LIBRARY / "mlops_engineer.yaml") -> Edition:
    made, _new = playbooks.publish(file.read_text(), name=file.name, by=users.system(), at=NOW)
    return made


def good_facts(of: Edition) -> dict[str, Any]:
    """Team facts under which the playbook says: hire."""
    facts = {}
    for fact in playbooks.of(of).readiness.facts:
        facts[fact.key] = {"count": 8, "share": 50, "yes_no": False}[fact.kind]
    return facts


def draft_opening(
    of: Edition | None = None,
    *,
    manager: User | None = None,
    facts: dict[str, Any] | None = None,
    anchor: str = "",
) -> Opening:
    """An opening with its team and pay band, not approved yet."""
    of = of or edition()
    by = recruiter()
    opening = openings.draft(
        title=playbooks.of(of).title,
        team_name="ML platform",
        edition=of,
        facts=good_facts(of) if facts is None else facts,
        by=by,
        at=NOW,
    )
    manager = manager or person("hiring_manager", "interviewer")
    openings.assign(opening, manager, "hiring_manager", by=by, at=NOW)
    openings.assign(opening, by, "recruiter", by=by, at=NOW)
    pay = playbooks.of(of).pay
    openings.set_pay(
        opening,
        currency=pay.currency,
        low=30_000_000,
        high=38_000_000,
        anchor=anchor or pay.anchors[0],
        tier="top 50",
        cash_percent=max(70, pay.min_cash_percent),
        negotiation_percent=pay.negotiation_percent[0],
        by=by,
        at=NOW,
    )
    return opening


def hiring_manager(opening: Opening) -> User:
    return User.objects.get(team_parts__opening=opening, team_parts__part="hiring_manager")


def opening(of: Edition | None = None, **how: Any) -> Opening:
    """An approved opening."""
    made = draft_opening(of, **how)
    return openings.approve(made, by=hiring_manager(made), at=NOW, reason="We know better, and here is why.")


# --- candidates ---------------------------------------------------------------------------------------------------


def candidate(name: str = "", email: str = "") -> Candidate:
    n = next(_number)
    return candidates.add(
        name=name or f"Cand Idate {n}",
        email=email or f"candidate{n}@example.test",
        zone="UTC",
        by=recruiter(),
        at=NOW,
    )


def application(
    to: Opening | None = None, *, of: Candidate | None = None, levels: dict[str, str] | None = None
) -> Application:
    """Somebody applied; with `levels`, their background is described."""
    to = to or opening()
    channel = playbooks.of(to.edition).channels.items[0].key
    made = applications.apply(of or candidate(), to, channel=channel, by=recruiter(), at=NOW)
    if levels is not None:
        background(made, **levels)
    return made


def background(of: Application, **levels: str) -> Application:
    rows = [
        {"area": area, "level": level, "evidence": f"Said so about {area}.", "source": "screening"}
        for area, level in levels.items()
    ]
    return applications.describe(of, background=rows, by=recruiter(), at=NOW)


def screened_application(to: Opening | None = None) -> Application:
    return applications.screen(application(to), by=recruiter(), at=NOW)


# --- panels and loops -----------------------------------------------------------------------------------------------


def interviewer(
    *blocks: str,
    of: Edition,
    zone: str = "UTC",
    level: str = "qualified",
    user: User | None = None,
    **limits: int,
) -> Interviewer:
    """Somebody who works 9 to 18 and may sit in these blocks."""
    by = recruiter()
    user = user or person("interviewer", zone=zone)
    made = Interviewer.objects.filter(user=user).first() or interviewers.add(
        user, hours=WORKDAY, by=by, at=NOW, **{"max_per_day": 3, "max_per_week": 10, **limits}
    )
    for block in blocks:
        interviewers.qualify(made, of.playbook, block, level, by=by, at=NOW)
    return made


def panel(to: Opening) -> None:
    """Enough interviewers for one loop, and two to spare for each block (made once a playbook), and the manager."""
    manager = hiring_manager(to)
    if not Interviewer.objects.filter(user=manager).exists():
        interviewer(of=to.edition, user=manager)
    if Interviewer.objects.filter(qualifications__playbook=to.edition.playbook).exists():
        return
    for block in playbooks.of(to.edition).blocks:
        for _ in range(2 + sum(seat.role in {"lead", "peer"} for seat in block.seats)):
            interviewer(block.key, of=to.edition)


def windows(
    days: Iterable[int] = (1, 2, 3), opens: int = 9, closes: int = 18
) -> list[tuple[dt.datetime, dt.datetime]]:
    """Whole days the candidate offers, counted from NOW, in UTC."""
    midnight = NOW.replace(hour=0)
    return [
        (midnight + dt.timedelta(days=day, hours=opens), midnight + dt.timedelta(days=day, hours=closes))
        for day in days
    ]


def begun_loop(to: Opening | None = None, **window: Any) -> Loop:
    """A screened candidate's loop, waiting for a schedule, with a panel to choose from."""
    made = screened_application(to)
    panel(made.opening)
    return loops.begin(made, windows=windows(**window), by=recruiter(), at=NOW)


def confirmed_loop(to: Opening | None = None, **window: Any) -> Loop:
    """A loop booked at its best plan."""
    loop = begun_loop(to, **window)
    plans = schedules.propose(loop, by=recruiter(), at=NOW)
    assert isinstance(plans, list), plans
    return schedules.confirm(plans[0], by=recruiter(), at=NOW)


def seats(loop: Loop) -> list[Seat]:
    """Held seats in the order of the day."""
    return list(
        Seat.objects.live()
        .filter(interview__loop=loop)
        .select_related("user", "interview__loop__edition", "interview__loop__application")
        .order_by("interview__starts_at", "key")
    )


def after(loop: Loop) -> dt.datetime:
    """A moment when all its interviews are over."""
    return max(i.ends_at for i in loop.interviews.all()) + dt.timedelta(minutes=1)


def held_loop(to: Opening | None = None, **window: Any) -> Loop:
    """All interviews took place; no card is written yet."""
    loop = confirmed_loop(to, **window)
    loops.finish_due(by=users.system(), at=after(loop))
    loop.refresh_from_db()
    return loop


# --- scorecards -----------------------------------------------------------------------------------------------------


def full_content(
    seat: Seat, *, value: str = "strong", overall: str = "yes", **changes: Any
) -> dict[str, Any]:
    """A complete card for this seat: every signal rated alike, every part run in full, a specific story where asked."""
    block = playbooks.of(seat.interview.loop.edition).block(seat.interview.block)
    return {
        "overall": overall,
        "confidence": "high",
        "notes": "",
        "ratings": {
            s.key: {"value": value, "evidence": f"Heard about {s.title.lower()}."} for s in block.signals
        },
        "segments": {s.key: {"minutes": s.minutes, "skipped": False} for s in block.segments},
        "stories": [story(s.key) for s in block.segments if s.incident],
        **changes,
    }


def story(segment: str, **changes: str) -> dict[str, str]:
    return {
        "segment": segment,
        "situation": "A ranking model went stale after a feature backfill.",
        "situation_is": "specific",
        "own_role": "On call, led the response.",
        "own_role_is": "specific",
        "detection": "A drift alert on the click rate, after 40 minutes.",
        "detection_is": "specific",
        "response": "Rolled back to the last good model, replayed the features.",
        "response_is": "specific",
        "outcome": "A freshness contract on the feature store.",
        "outcome_is": "specific",
        "numbers": "40 minutes, 3 % of sessions",
        "numbers_is": "specific",
        **changes,
    }


def draft_card(seat: Seat, **content: Any) -> Scorecard:
    card = scorecards.open_card(seat, by=seat.user, at=seat.interview.starts_at)
    return scorecards.save(
        card,
        content=full_content(seat, **content),
        revision=card.revision,
        by=seat.user,
        at=seat.interview.starts_at,
    )


def submitted_card(seat: Seat, **content: Any) -> Scorecard:
    card = draft_card(seat, **content)
    return scorecards.submit(card, revision=card.revision, by=seat.user, at=seat.interview.ends_at)


def debrief(to: Opening | None = None, *, overall: str = "yes", **content: Any) -> Debrief:
    """Every card is in, so the debrief has opened by itself."""
    loop = held_loop(to)
    for seat in seats(loop):
        submitted_card(seat, overall=overall, **content)
    return Debrief.objects.get(loop=loop)


def decided(to: Opening | None = None, *, outcome: str = "hire") -> Debrief:
    made = debrief(to)
    manager = hiring_manager(made.loop.application.opening)
    debriefs.decide(made, outcome=outcome, by=manager, at=after(made.loop), reason="On balance.")
    made.refresh_from_db()
    return made


def drafted_offer(to: Opening | None = None) -> Offer:
    made = decided(to)
    of = made.loop.application
    of.refresh_from_db()
    when = after(made.loop)
    pay = playbooks.of(of.edition).pay
    return offers.draft(
        of,
        amount=33_000_000,
        cash=28_000_000,
        currency=pay.currency,
        anchor=pay.anchors[0],
        expires_on=(when + dt.timedelta(days=10)).date(),
        by=recruiter(),
        at=when,
    )
