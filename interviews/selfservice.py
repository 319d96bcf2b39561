"""What candidates do for themselves: say when they can come, choose a plan, ask for another day, step back.

Note [Private links]
A link is 192 random bits for one purpose of one loop. It is mailed once and kept as a digest, it expires, and the next
of its purpose replaces it. Whoever has it acts as the candidate, so it shows no more than the candidate may know, and
what is done through it is done by the product itself (`users.system()`), with the candidate's id in the event.

Note [Held plans]
While a candidate chooses, the people of each plan are kept free of other loops (`Hold`, read in diaries.py). A
plan is held for a limited time and never beyond the moment from which it would be too late to book it. Still it may be
lost: somebody falls ill, or leaves. Then the best other plans are held instead.
"""

import datetime as dt
import hashlib
import secrets
import uuid
import zoneinfo
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from accounts import notices, roles, users
from accounts.models import User, valid_zone
from candidates import applications, candidates
from candidates.models import Application, Candidate
from hiring import playbooks
from hiring.models import TeamMember
from interviews import loops, schedules, scheduling
from interviews.models import CandidateLink, Hold, Interview, Interviewer, Loop, Proposal
from interviews.permissions import require_loop
from interviews.scheduling import Explanation
from journal import events
from journal.errors import Refused
from journal.models import Event
from outbox import deliveries

Window = tuple[dt.datetime, dt.datetime]
Purpose = CandidateLink.Purpose

CHOICES = 3
# To a candidate, two plans differ when some block of them starts this far apart (as the engine has it).
ANOTHER_TIME = dt.timedelta(hours=1)
# A link outlives what it is for: who comes late reads why, rather than meeting a dead end.
AFTERWARDS = dt.timedelta(days=7)
ONCE_MORE = dt.timedelta(hours=24)
LONGEST_DAYS, LONGEST_HOURS, LONGEST_NOTE = 60, 14 * 24, 2000
ANSWERED = "interview.answered_by_candidate"
LIVE = (Loop.Status.WAITING, Loop.Status.CONFIRMED, Loop.Status.BROKEN)
_OVER = {
    Loop.Status.HELD: "All your interviews have taken place. Nothing was changed.",
    Loop.Status.CANCELLED: "Your interviews are cancelled already. Nothing was changed.",
}


# --- links ------------------------------------------------------------------------------------------------------


def find(token: str, *, at: dt.datetime) -> CandidateLink | None:
    """The usable link this token opens. Wrong, expired, revoked and unknown ones look the same: one hash, one query."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return (
        CandidateLink.objects.usable(at)
        .filter(digest=digest)
        .select_related("loop__application__candidate", "loop__application__opening", "loop__edition")
        .first()
    )


@transaction.atomic
def manage_url(loop: Loop, *, at: dt.datetime) -> str:
    """A new address under which the candidate sees, moves or cancels what is booked; the one before stops working."""
    last = loop.interviews.filter(status=Interview.Status.SCHEDULED).order_by("-ends_at").first()
    return _issue(loop, Purpose.MANAGE, expires_at=(last.ends_at if last else at) + AFTERWARDS, at=at)[1]


@transaction.atomic
def revoke(link: CandidateLink, *, by: User, at: dt.datetime) -> None:
    """End a link at once: it was passed on, say. Revoking twice changes nothing."""
    require_loop(link.loop, by, roles.May.SCHEDULE_LOOPS)
    if CandidateLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=at):
        link.revoked_at = at
        events.record("loop.link_revoked", link.loop, by=by, at=at, data={"purpose": link.purpose})


def _issue(
    loop: Loop, purpose: Purpose, *, expires_at: dt.datetime, at: dt.datetime
) -> tuple[CandidateLink, str]:
    """A new link and the address that is mailed. Locks the loop, so that only one link of a purpose lives."""
    _lock(loop)
    loop.candidate_links.filter(purpose=purpose, revoked_at=None).update(revoked_at=at)
    token = secrets.token_urlsafe(24)
    link = CandidateLink.objects.create(
        loop=loop,
        purpose=purpose,
        digest=hashlib.sha256(token.encode()).hexdigest(),
        expires_at=expires_at,
        created_at=at,
    )
    return link, f"{settings.BASE_URL}{reverse('interviews:yours', args=[token])}"


def _lock(loop: Loop) -> None:
    loop.refresh_from_db(fields=["status"], from_queryset=Loop.objects.select_for_update(no_key=True))


def _require(link: CandidateLink, purpose: Purpose, *, at: dt.datetime) -> Loop:
    """The loop this link may act on as things stand now. Refuses when either of the two is over."""
    if link.purpose != purpose or not CandidateLink.objects.usable(at).filter(pk=link.pk).exists():
        raise Refused("This link does not work any more. Use the one in our newest mail.", code="link_over")
    link.loop.refresh_from_db(fields=["status"])
    _require_live(link.loop)
    return link.loop


def _require_live(loop: Loop) -> None:
    if loop.status not in LIVE:
        raise Refused(_OVER[Loop.Status(loop.status)], code="loop_over")


def _one_at_a_time(link: CandidateLink) -> None:
    """Let a second press wait for the first, and see what it did."""
    link.refresh_from_db(
        fields=["last_used_at", "note"], from_queryset=CandidateLink.objects.select_for_update()
    )


def _acted(
    link: CandidateLink, verb: str, data: dict[str, object], *, at: dt.datetime, note: str = ""
) -> None:
    """Record what a candidate did."""
    link.last_used_at, link.note = at, note or link.note
    link.save(update_fields=["last_used_at", "note"])
    candidate = link.loop.application.candidate_id
    events.record(verb, link.loop, by=users.system(), at=at, data={"candidate": candidate, **data})


# --- what recruiters start ----------------------------------------------------------------------------------------


@transaction.atomic
def ask_availability(loop: Loop, *, by: User, at: dt.datetime, days: int = 7) -> CandidateLink:
    """Ask the candidate by mail when they can come; they answer through a private link that works so many days.

    A link sent earlier stops working. Refuses for loops that are over, and without an address to write to.
    """
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    _require_live(loop)
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(f"The link works from 1 to {LONGEST_DAYS} days.", code="bad_span")
    candidate = _reachable(loop)
    link, url = _issue(loop, Purpose.AVAILABILITY, expires_at=at + dt.timedelta(days=days), at=at)
    _mail(
        link,
        f"When can you come? {loop.application.opening.title}",
        f"Hello {candidate.name},\n\nwe would like to arrange your interviews. Tell us when you can come, in your own "
        f"time zone:\n\n{url}\n\nThe address is for you alone, so please do not pass it on. It works until "
        f"{_moment(link.expires_at, candidate.zone)}.\n",
        by=by,
        at=at,
    )
    events.record("loop.availability_asked", loop, by=by, at=at, data={"until": link.expires_at})
    return link


def offer_plans(loop: Loop, *, by: User, at: dt.datetime, hours: int = 48) -> list[Proposal] | Explanation:
    """Let the candidate choose among up to three plans, mailed as a private link; returns the plans.

    They truly differ in their times, and their people are held for so many hours (see Note [Held plans]). Plans that
    are on offer already are taken if they still hold; otherwise the loop is planned anew, and the answer may be an
    explanation of why nothing fits. Refuses for loops that need no plan, and without an address to write to.
    """
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    if not 1 <= hours <= LONGEST_HOURS:
        raise Refused(f"Plans are held from 1 to {LONGEST_HOURS} hours.", code="bad_span")
    candidate = _reachable(loop)

    def offer(plans: list[Proposal]) -> list[Proposal]:
        chosen = _hold(loop, plans, until=at + dt.timedelta(hours=hours), by=by, at=at)
        until = held_until(chosen)
        link, url = _issue(loop, Purpose.CHOOSE, expires_at=until + AFTERWARDS, at=at)
        number = "one possible schedule" if len(chosen) == 1 else f"{len(chosen)} possible schedules"
        _mail(
            link,
            f"Choose your interview times: {loop.application.opening.title}",
            f"Hello {candidate.name},\n\nwe have {number} for your interviews and hold the times for you until "
            f"{_moment(until, candidate.zone)}. Please choose here:\n\n{url}\n\nThe address is for you alone, so "
            "please do not pass it on.\n",
            by=by,
            at=at,
        )
        return chosen

    return _with_good_plans(loop, offer, by=by, at=at)


def held_until(plans: Iterable[Proposal]) -> dt.datetime:
    """When the last of these plans is released."""
    return max(Hold.objects.filter(proposal__in=list(plans)).values_list("until", flat=True))


def _with_good_plans(
    loop: Loop, act: Callable[[list[Proposal]], list[Proposal]], *, by: User, at: dt.datetime
) -> list[Proposal] | Explanation:
    """Act on the plans on offer that hold as things stand now, in one transaction with their people locked.

    When none of them does, the loop is planned anew first, with nothing locked; the answer may be an explanation.
    """
    for anew in (False, True):
        if anew:
            found = schedules.propose(loop, by=by, at=at)
            if isinstance(found, Explanation):
                return found
            if found[0].swap_with_id:
                raise Refused(schedules.NEEDS_A_PERSON, code="needs_swap")
        with transaction.atomic():
            offered = loop.proposals.filter(status=Proposal.Status.OFFERED, swap_with=None).order_by("rank")
            plans = _still_good(loop, list(offered), at=at)
            if plans:
                return act(plans)
    raise Refused("Somebody in these plans was booked a moment ago. Try again.", code="stale_plan")


def _hold(
    loop: Loop, plans: list[Proposal], *, until: dt.datetime, by: User, at: dt.datetime
) -> list[Proposal]:
    """Hold the best plans that truly differ."""
    Hold.objects.filter(proposal__loop=loop).delete()
    chosen: list[Proposal] = []
    for plan in plans:
        if len(chosen) < CHOICES and all(_another_time(plan, other) for other in chosen):
            chosen.append(plan)
    Hold.objects.bulk_create(hold for plan in chosen for hold in _holds(plan, until=until, at=at))
    events.record("loop.plans_offered", loop, by=by, at=at, data={"plans": len(chosen), "until": until})
    return chosen


def _still_good(loop: Loop, plans: list[Proposal], *, at: dt.datetime) -> list[Proposal]:
    """Those plans that break no rule as things stand now, with their people locked against being booked or held."""
    if not plans or not loop.windows.filter(ends_at__gt=at + schedules.NOTICE).exists():
        return []
    wanted = {person for plan in plans for p in plan.plan["placements"] for _seat, person in p["people"]}
    # In the order in which bookings lock them (schedules.confirm), so that nobody waits in a circle.
    people = Interviewer.objects.select_for_update().filter(user__in=wanted).order_by("user_id")
    list(people.values_list("pk"))
    problem = schedules.problem_of(loop, at=at)
    return [
        plan
        for plan in plans
        if _too_late(plan, at=at) > at and not scheduling.broken_rules(problem, schedules.as_plan(plan.plan))
    ]


def _too_late(plan: Proposal, *, at: dt.datetime) -> dt.datetime:
    """When it is too late to choose this plan, because it is about to begin."""
    ahead = [starts_at for starts_at, _ends_at in map(_times, plan.plan["placements"]) if starts_at > at]
    return min(ahead) - schedules.NOTICE if ahead else at


def _another_time(one: Proposal, two: Proposal) -> bool:
    starts, others = ({p["block"]: _times(p)[0] for p in plan.plan["placements"]} for plan in (one, two))
    return any(abs(starts_at - others[block]) >= ANOTHER_TIME for block, starts_at in starts.items())


def _holds(plan: Proposal, *, until: dt.datetime, at: dt.datetime) -> Iterable[Hold]:
    until = min(until, _too_late(plan, at=at))
    for placed in plan.plan["placements"]:
        starts_at, ends_at = _times(placed)
        for _seat, person in placed["people"]:
            yield Hold(
                proposal=plan,
                user_id=person,
                starts_at=starts_at,
                ends_at=ends_at,
                until=until,
                created_at=at,
            )


def _times(placed: dict[str, Any]) -> Window:
    return dt.datetime.fromisoformat(placed["starts_at"]), dt.datetime.fromisoformat(placed["ends_at"])


def expire_holds(*, by: User, at: dt.datetime) -> int:
    """Release plans that no candidate chose in time, and tell the recruiter once; returns how many plans.

    Each plan in a transaction of its own: a candidate who chooses at this very moment wins or loses with that plan
    alone, and never waits in a circle.
    """
    over = Hold.objects.filter(until__lte=at).values_list("proposal", flat=True).distinct()
    return sum(_expire(pk, by=by, at=at) for pk in list(over))


@transaction.atomic
def _expire(pk: uuid.UUID, *, by: User, at: dt.datetime) -> bool:
    lapsed = Proposal.objects.filter(pk=pk, status=Proposal.Status.OFFERED)
    expired = bool(lapsed.update(status=Proposal.Status.STALE, status_at=at))
    Hold.objects.filter(proposal=pk).delete()
    loop = Loop.objects.select_related("application__candidate", "application__opening").get(proposals=pk)
    if expired and not Hold.objects.filter(proposal__loop=loop).exists():
        events.record("loop.offer_expired", loop, by=by, at=at)
        _tell_recruiters(
            loop,
            "No plan was chosen",
            "did not choose a plan in time, so the times that were held are free again. Offer new plans, or ask when "
            "they can come.",
            at=at,
        )
    return expired


# --- what candidates do ---------------------------------------------------------------------------------------------


@transaction.atomic
def give_availability(link: CandidateLink, *, windows: Iterable[Window], zone: str, at: dt.datetime) -> Loop:
    """The candidate says when they can come (aware times) and in which zone they live; earlier times are replaced.

    Windows that touch are joined. The same times again change nothing. Refuses none at all, times that have passed or
    run backwards, an unknown zone, and less time than the interviews of a loop that is not booked yet take.
    """
    loop = _require(link, Purpose.AVAILABILITY, at=at)
    _one_at_a_time(link)
    candidate = loop.application.candidate
    try:
        valid_zone(zone)
    except ValidationError as no:
        raise Refused("Choose a time zone from the list.", code="unknown_zone") from no
    wanted = _joined(windows)
    given = sum((ends_at - starts_at for starts_at, ends_at in wanted), dt.timedelta())
    needed = dt.timedelta(minutes=minutes_of(loop))
    if loop.status == Loop.Status.WAITING and wanted and given < needed:
        raise Refused(
            f"Your interviews take {length(needed)} in all, but the times you chose come to {length(given)}. Add "
            "some more, please: the more you give, the sooner we find a day.",
            code="too_little",
        )
    known = sorted(loop.windows.values_list("starts_at", "ends_at"))
    if link.last_used_at and (known, candidate.zone) == (wanted, zone):
        return loop
    candidates.move_zone(candidate, zone, by=users.system(), at=at)
    loops.offer_windows(loop, wanted, by=users.system(), at=at)
    _acted(link, "loop.availability_given", {"windows": len(wanted), "zone": zone}, at=at)
    if loop.status == Loop.Status.CONFIRMED:  # otherwise plans follow by themselves
        _tell_recruiters(
            loop, "New times", "says anew when they can come. What is booked stands until you decide.", at=at
        )
    return loop


def choose(link: CandidateLink, *, proposal: Proposal, at: dt.datetime) -> Loop | list[Proposal]:
    """Book the plan the candidate chose. The same choice again changes nothing.

    When it was lost a moment ago, nothing is booked, and the answer is the plans that are held instead, for at least
    a day (none when nothing else fits: the recruiter is told). Refuses what is not held for them any more, and a loop
    that is booked already.
    """
    try:
        with transaction.atomic():
            return _book(link, proposal, at=at)
    except Refused as no:
        if no.code not in {"stale_plan", "changed_meanwhile"}:
            raise
    with transaction.atomic():
        loop = _require(link, Purpose.CHOOSE, at=at)
        if loop.status == Loop.Status.CONFIRMED:
            return _booked(loop, proposal)
        loops.expire_proposals(loop, at=at)
    return _hold_instead(link, at=at)


def _book(link: CandidateLink, proposal: Proposal, *, at: dt.datetime) -> Loop:
    loop = _require(link, Purpose.CHOOSE, at=at)
    if proposal.loop_id != loop.pk:
        raise Refused("This plan is not one of yours. Choose one of those below.", code="not_yours")
    if loop.status == Loop.Status.CONFIRMED:
        return _booked(loop, proposal)
    if not proposal.holds.live(at).exists():
        raise Refused(
            "We do not hold these times for you any more. Tell us below when you could come, and we will find others.",
            code="not_held",
        )
    proposal.loop = loop
    schedules.confirm(proposal, by=users.system(), at=at)
    _acted(link, "loop.plan_chosen", {"proposal": proposal.pk}, at=at)
    return loop


def _booked(loop: Loop, proposal: Proposal) -> Loop:
    """The loop, when this very plan is what is booked: somebody pressed twice."""
    proposal.refresh_from_db(fields=["status"])
    if proposal.status != Proposal.Status.CONFIRMED:
        raise Refused(
            "Your interviews are booked already. The mail about them has an address for changing them.",
            code="booked_already",
        )
    return loop


def _hold_instead(link: CandidateLink, *, at: dt.datetime) -> list[Proposal]:
    loop = link.loop

    def hold(plans: list[Proposal]) -> list[Proposal]:
        chosen = _hold(loop, plans, until=at + ONCE_MORE, by=users.system(), at=at)
        CandidateLink.objects.filter(pk=link.pk, expires_at__lt=at + ONCE_MORE).update(
            expires_at=at + ONCE_MORE
        )
        return chosen

    try:
        plans = _with_good_plans(loop, hold, by=users.system(), at=at)
    except Refused:
        plans = []
    if plans and not isinstance(plans, Explanation):
        return plans
    with transaction.atomic():
        _tell_recruiters(
            loop,
            "A chosen plan was lost",
            "chose a plan that could not be booked any more, and nothing else fits the times they gave. Ask them for "
            "more.",
            at=at,
        )
    return []


@transaction.atomic
def decline_plans(link: CandidateLink, *, note: str, at: dt.datetime) -> Loop:
    """None of the plans suits the candidate: the people are free again, and the recruiter reads what they wrote.

    The plans stay on offer to the recruiter, so that nothing is booked over the candidate's head. The same words again
    change nothing. Refuses once the loop is booked or over.
    """
    loop = _require(link, Purpose.CHOOSE, at=at)
    if loop.status == Loop.Status.CONFIRMED:
        raise Refused("Your interviews are booked already. Nothing was changed.", code="booked_already")
    note = note.strip()[:LONGEST_NOTE]
    released, _rows = Hold.objects.filter(proposal__loop=loop).delete()
    _one_at_a_time(link)
    if not released and link.last_used_at and note == link.note:
        return loop
    _acted(link, "loop.plans_declined", {}, at=at, note=note)
    _tell_recruiters(loop, "No plan suits", f"cannot come at any of the times offered.{_said(note)}", at=at)
    return loop


@transaction.atomic
def ask_reschedule(link: CandidateLink, *, reason: str, at: dt.datetime) -> Loop:
    """The candidate asks for other times. Nothing moves until somebody who schedules decides; the recruiter is told.

    The same words again change nothing. Refuses without a reason, and while nothing is booked.
    """
    loop = _require(link, Purpose.MANAGE, at=at)
    _one_at_a_time(link)
    reason = reason.strip()[:LONGEST_NOTE]
    if loop.status == Loop.Status.WAITING:
        raise Refused("Nothing is booked yet, so there is nothing to move.", code="not_booked")
    if not reason:
        raise Refused("Tell us why, and when you could come instead.", code="no_reason")
    if link.last_used_at and reason == link.note:
        return loop
    _acted(link, "loop.reschedule_asked", {}, at=at, note=reason)
    _tell_recruiters(
        loop,
        "Asks for other times",
        f"asks for other times. What is booked stands until you decide.{_said(reason)}",
        at=at,
    )
    return loop


@transaction.atomic
def cancel(link: CandidateLink, *, reason: str, at: dt.datetime, note: str = "") -> Loop:
    """The candidate steps back: their application is withdrawn, and so their interviews are cancelled.

    A second time changes nothing. Refuses without one of the reasons of `Application.WithdrawReason`, and once the
    loop is over.
    """
    _lock(link.loop)
    _one_at_a_time(link)
    application = link.loop.application
    application.refresh_from_db(fields=["status"])
    if application.status == Application.Status.WITHDRAWN and link.last_used_at:
        return link.loop
    loop = _require(link, Purpose.MANAGE, at=at)
    if reason not in Application.WithdrawReason.values:
        raise Refused("Choose the reason that is closest.", code="unknown_reason")
    note = note.strip()[:LONGEST_NOTE]
    _acted(link, "loop.cancelled_by_candidate", {"reason": reason}, at=at, note=note or link.note)
    applications.withdraw(application, reason=reason, note=note, by=users.system(), at=at)
    label = Application.WithdrawReason(reason).label.lower()
    _tell_recruiters(
        loop, "Has withdrawn", f"has withdrawn ({label}). Their interviews are cancelled.{_said(note)}", at=at
    )
    loop.refresh_from_db(fields=["status"])
    return loop


# --- shared ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def answer_in_calendar(
    interview: Interview,
    *,
    answer: str,
    stamp: str,
    at: dt.datetime,
    note: str = "",
    instead: Window | None = None,
) -> Interview:
    """The candidate pressed a button in their calendar: ACCEPTED, DECLINED or TENTATIVE, perhaps with another time.

    A button is pressed quickly, so it cancels and moves nothing; a no, a perhaps and another time are told to the
    recruiter, who asks. `stamp` says which press it was: the same again changes nothing. Refuses an interview that is not
    to come any more.
    """
    loop = interview.loop
    if interview.status != Interview.Status.SCHEDULED or interview.starts_at <= at:
        raise Refused("This interview is not to come any more. Nothing was changed.", code="too_late")
    if Event.objects.about(interview).filter(verb=ANSWERED, data__stamp=stamp).exists():
        return interview
    data = {"candidate": loop.application.candidate_id, "answer": answer.lower(), "stamp": stamp}
    data |= {"from": instead[0], "until": instead[1]} if instead else {}
    events.record(ANSWERED, interview, by=users.system(), at=at, data=data)
    if answer == "ACCEPTED" and instead is None:
        return interview
    block = playbooks.of(loop.edition).block(interview.block)
    zone = loop.application.opening.zone
    which = f"“{block.title}” ({_moment(interview.starts_at, zone)})"
    if instead:
        what, said = "Asks for another time", f"asks for {_moment(instead[0], zone)} instead for {which}"
    elif answer == "DECLINED":
        what, said = "Declined in their calendar", f"declined {which} in their calendar"
    else:
        what, said = "May not come", f"answered “perhaps” to {which} in their calendar"
    sentence = (
        f"{said}. Nothing is cancelled: ask them, and move it or call it off.{_said(note[:LONGEST_NOTE])}"
    )
    _tell_recruiters(loop, what, sentence, at=at)
    return interview


def minutes_of(loop: Loop) -> int:
    """How long all interviews of the loop are together."""
    return sum(block.minutes for block in playbooks.of(loop.edition).blocks)


def length(of: dt.timedelta) -> str:
    """“4 hours 45 minutes”."""
    hours, minutes = divmod(int(of.total_seconds()) // 60, 60)
    parts = ((hours, "hour"), (minutes, "minute"))
    return " ".join(f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts if n) or "0 minutes"


def _joined(windows: Iterable[Window]) -> list[Window]:
    """The windows in UTC, in order, with those that overlap or touch made one.

    In UTC, because Python compares two times of one zone by the clock on the wall, which is wrong where it is changed.
    """
    utc: list[Window] = []
    for starts_at, ends_at in windows:
        if starts_at.tzinfo is None or ends_at.tzinfo is None:
            raise Refused("A window needs a time zone.", code="naive_time")
        window = (starts_at.astimezone(dt.UTC), ends_at.astimezone(dt.UTC))
        if window[1] <= window[0]:
            raise Refused(
                f"On {starts_at:%A} {starts_at.day} {starts_at:%B}, the time from {starts_at:%H:%M} to "
                f"{ends_at:%H:%M} ends before it begins.",
                code="inverted_window",
            )
        utc.append(window)
    joined: list[Window] = []
    for starts_at, ends_at in sorted(utc):
        if joined and starts_at <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends_at, joined[-1][1]))
        else:
            joined.append((starts_at, ends_at))
    return joined


def _reachable(loop: Loop) -> Candidate:
    candidate = loop.application.candidate
    if not candidate.email:
        raise Refused(
            f"{candidate.name} has no e-mail address, so nothing can be sent. Ask them another way.",
            code="no_address",
        )
    return candidate


def _mail(link: CandidateLink, subject: str, text: str, *, by: User, at: dt.datetime) -> None:
    """Mail a link. Of several for one purpose that still wait, only the newest leaves: the others do not work."""
    deliveries.mail(
        to=link.loop.application.candidate.email,
        subject=subject,
        text=text,
        key=f"candidate.link:{link.pk}",
        thread=f"loop:{link.loop_id}:{link.purpose}",
        about=link.loop,
        by=by,
        at=at,
    )


def _tell_recruiters(loop: Loop, what: str, sentence: str, *, at: dt.datetime) -> None:
    candidate, opening = loop.application.candidate, loop.application.opening
    recruiters = TeamMember.objects.filter(
        opening=opening, part=TeamMember.Part.RECRUITER, user__is_active=True
    ).select_related("user__notifications")
    for member in recruiters:
        notices.tell(
            member.user,
            "candidate_news",
            subject=f"{what}: {candidate.name}",
            text=f"Hello {member.user.get_short_name()},\n\n{candidate.name} ({opening.title}) {sentence}\n",
            key=f"loop.candidate:{loop.pk}:{what}:{at.isoformat()}:{member.user_id}",
            about=loop,
            by=users.system(),
            at=at,
        )


def _said(note: str) -> str:
    return f"\n\nThey wrote:\n\n{note}" if note else ""


def _moment(at: dt.datetime, zone: str) -> str:
    here = at.astimezone(zoneinfo.ZoneInfo(zone))
    return f"{here:%A} {here.day} {here:%B %Y, %H:%M} ({zone})"
