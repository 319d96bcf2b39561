"""Telling people what is theirs to do, in time and not at night. Every reminder has a key, so it is written once."""

import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from accounts import notices
from accounts.models import HeldNotice, User
from hiring import playbooks
from hiring.models import TeamMember
from interviews.invites import span
from interviews.models import Debrief, Flag, Interview, Loop, Scorecard, Seat
from outbox import deliveries

# After so many hours a card is asked for again; then the recruiter hears of it.
ASKED_AFTER = (1, 24, 48)
ESCALATED_AFTER = 60
BEFORE = dt.timedelta(hours=24)


def scorecards(*, by: User, at: dt.datetime) -> int:
    """Ask for cards owed for 1, 24 and 48 hours, in the person's working hours; after 60 hours tell the recruiter."""
    owing = (
        Seat.objects.live()
        .filter(interview__status=Interview.Status.HELD, interview__ends_at__lte=at - dt.timedelta(hours=1))
        .filter(card_waived_because="")
        .exclude(scorecard__status=Scorecard.Status.SUBMITTED)
        .exclude(interview__loop__status=Loop.Status.CANCELLED)
        .select_related(
            "user__interviewer",
            "user__notifications",
            "interview__loop__edition",
            "interview__loop__application__candidate",
        )
        .select_related("interview__loop__application__opening")
        .prefetch_related("user__interviewer__hours")
    )
    count = 0
    for seat in owing:
        owed = (at - seat.interview.ends_at).total_seconds() / 3600
        if owed >= ESCALATED_AFTER and seat.counts:
            count += _escalate(seat, by=by, at=at)
        elif working(seat.user, at):
            count += _ask(seat, max(hours for hours in ASKED_AFTER if hours <= owed), by=by, at=at)
    return count


def _ask(seat: Seat, hours: int, *, by: User, at: dt.datetime) -> int:
    block = playbooks.of(seat.interview.loop.edition).block(seat.interview.block)
    told = notices.tell(
        seat.user,
        "card_reminder",
        subject=f"Scorecard owed: {block.title}",
        text=(
            f"Hello {seat.user.get_short_name()},\n\nyour scorecard of “{block.title}” with "
            f"{seat.interview.loop.application.candidate.name} "
            f"({span(seat.interview.starts_at, seat.interview.ends_at, seat.user.zone)}) is not in yet. What you "
            f"remember today is worth more than tomorrow.\n\n{_url('interviews:kit', seat.pk)}\n"
        ),
        key=f"card.reminder:{seat.pk}:{hours}h",
        about=seat,
        by=by,
        at=at,
    )
    return int(told)


def _escalate(seat: Seat, *, by: User, at: dt.datetime) -> int:
    block = playbooks.of(seat.interview.loop.edition).block(seat.interview.block)
    application = seat.interview.loop.application
    recruiters = TeamMember.objects.filter(
        opening=application.opening_id, part=TeamMember.Part.RECRUITER, user__is_active=True
    ).select_related("user__notifications")
    written = 0
    for member in recruiters:
        written += notices.tell(
            member.user,
            "card_missing",
            subject=f"A scorecard is missing: {application.candidate.name}",
            text=(
                f"{seat.user.name} still owes the scorecard of “{block.title}” with {application.candidate.name}. "
                "Three reminders went out. Talk to them, or waive the card with a reason.\n"
            ),
            key=f"card.escalated:{seat.pk}:{member.user_id}",
            about=seat,
            by=by,
            at=at,
        )
    return written


def interviews(*, by: User, at: dt.datetime) -> int:
    """The day before, remind panels and candidates of their interviews (not of what was booked within that day)."""
    soon = (
        Interview.objects.filter(
            status=Interview.Status.SCHEDULED,
            starts_at__gt=at,
            starts_at__lte=at + BEFORE,
            loop__status="confirmed",
        )
        .select_related("loop__edition", "loop__application__candidate", "loop__application__opening")
        .prefetch_related("seats__user__notifications")
        .order_by("starts_at")
    )
    count = 0
    by_candidate: dict[Loop, list[Interview]] = defaultdict(list)
    for interview in soon:
        block = playbooks.of(interview.loop.edition).block(interview.block)
        candidate = interview.loop.application.candidate
        by_candidate[interview.loop].append(interview)
        for seat in interview.seats.all():
            if seat.held and seat.created_at <= interview.starts_at - BEFORE:
                count += notices.tell(
                    seat.user,
                    "interview_reminder",
                    subject=f"Tomorrow: {block.title} with {candidate.name}",
                    text=f"Hello {seat.user.get_short_name()},\n\n{block.title} with {candidate.name}\n"
                    f"{span(interview.starts_at, interview.ends_at, seat.user.zone)}\n{_where(interview)}\n"
                    f"Kit: {_url('interviews:kit', seat.pk)}\n",
                    key=f"interview.reminder:{seat.pk}:{interview.starts_at:%Y%m%dT%H%M}",
                    about=interview,
                    by=by,
                    at=at,
                    ahead_of=interview.starts_at,
                )
    for loop, theirs in by_candidate.items():
        first = theirs[0]
        if loop.status_at <= first.starts_at - BEFORE:
            candidate, plan = loop.application.candidate, playbooks.of(loop.edition)
            times = "\n".join(
                f"{plan.block(i.block).title}: {span(i.starts_at, i.ends_at, candidate.zone)}\n{_where(i)}"
                for i in theirs
            )
            row = deliveries.mail(
                to=candidate.email,
                subject=f"Soon: your interviews for {loop.application.opening.title}",
                text=f"Hello {candidate.name},\n\nwe look forward to meeting you.\n\n{times}\n",
                key=f"loop.reminder:{loop.pk}:{first.starts_at:%Y%m%dT%H%M}",
                about=first,
                by=by,
                at=at,
            )
            count += row.created_at == at
    return count


def _where(interview: Interview) -> str:
    return f"Join here: {interview.meeting_url}\n" if interview.meeting_url else ""


def digest(*, by: User, at: dt.datetime) -> int:
    """At eight in the morning of each working day, tell every hiring team member what waits for them, and everybody what
    was kept for the digest."""
    teams: dict[Any, set[object]] = defaultdict(set)
    members = TeamMember.objects.exclude(part=TeamMember.Part.PANEL)
    for user_id, opening_id in members.values_list("user_id", "opening_id"):
        teams[user_id].add(opening_id)
    kept = HeldNotice.objects.filter(told_at=None).values("user")
    people = User.objects.filter(Q(pk__in=teams) | Q(pk__in=kept), is_active=True)
    count = 0
    for user in people.select_related("notifications").order_by("pk"):
        if notices.is_digest_time(user, at):
            lines = _waiting(teams[user.pk], at) if user.pk in teams else []
            count += notices.mail_digest(user, lines=lines, link=f"{settings.BASE_URL}/", by=by, at=at)
    return count


def _waiting(openings: Iterable[object], at: dt.datetime) -> list[str]:
    """One line for each kind of thing that waits in these openings. Counts of what any member may see."""
    mine = {"application__opening__in": list(openings)}
    counts = {
        "loops need a schedule": Loop.objects.filter(**mine, status__in=["waiting", "broken"]).count(),
        "scorecards are owed": Seat.objects.counting()
        .filter(interview__loop__application__opening__in=list(openings), interview__status="held")
        .filter(card_waived_because="", interview__ends_at__lte=at)
        .exclude(scorecard__status=Scorecard.Status.SUBMITTED)
        .count(),
        "debriefs wait for a decision": Debrief.objects.filter(
            loop__application__opening__in=list(openings), status=Debrief.Status.OPEN
        ).count(),
        "flags wait for an answer": Flag.objects.unanswered().filter(**mine).count(),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def working(user: User, at: dt.datetime) -> bool:
    """Whether this is a moment of the person's working day (nine to six on weekdays where no hours are known)."""
    local = at.astimezone(zoneinfo.ZoneInfo(user.zone))
    person = getattr(user, "interviewer", None)
    hours = [h for h in person.hours.all() if h.weekday == local.weekday()] if person else []
    if person and person.hours.all():
        return any(h.opens <= local.time() < h.closes for h in hours)
    return local.weekday() < 5 and 9 <= local.hour < 18


def _url(name: str, *args: object) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=args)}"
