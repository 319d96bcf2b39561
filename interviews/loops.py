"""A candidate's loop, from the first windows to the last interview held."""

import datetime as dt
from collections.abc import Iterable

from django.db import IntegrityError, transaction

from accounts import roles
from accounts.models import User
from candidates import applications
from candidates.models import Application
from interviews import invites
from interviews.models import CandidateWindow, Hold, Interview, Loop, Proposal
from interviews.permissions import require_loop
from journal import events, states
from journal.errors import Refused

Window = tuple[dt.datetime, dt.datetime]
FURTHEST = dt.timedelta(days=120)


@transaction.atomic
def begin(
    application: Application, *, windows: Iterable[Window] = (), by: User, at: dt.datetime, urgency: int = 1
) -> Loop:
    """Send a candidate into the loop of their edition, with the times they offer (aware, any zone), or with none yet:
    then the candidate is asked for them next.

    Refuses unless they were screened, with another live loop, and for windows that cannot be used.
    """
    windows = list(windows)
    if not 1 <= urgency <= 3:
        raise Refused("Urgency is 1 (usual), 2 or 3 (first).", code="bad_urgency")
    applications.interview(application, by=by, at=at)
    loop = Loop(
        application=application, edition=application.edition, urgency=urgency, status_at=at, created_at=at
    )
    try:
        with transaction.atomic():
            loop.save(force_insert=True)
    except IntegrityError as twice:
        raise Refused("This application has a loop already.", code="loop_alive") from twice
    events.record("loop.begun", loop, by=by, at=at, data={"application": application.pk, "urgency": urgency})
    if windows:
        offer_windows(loop, windows, by=by, at=at)
    return loop


@transaction.atomic
def offer_windows(loop: Loop, windows: Iterable[Window], *, by: User, at: dt.datetime) -> Loop:
    """Replace the times the candidate offers. Plans made for the old ones go out of date.

    Refuses none at all, naive times, windows in the past, upside down, or more than 120 days away.
    """
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    wanted = sorted(windows)
    if not wanted:
        raise Refused("Give at least one time the candidate offers.", code="no_windows")
    if len(wanted) > 50:
        raise Refused("Fifty windows are enough. Join the ones that touch.", code="too_many_windows")
    for starts_at, ends_at in wanted:
        if starts_at.tzinfo is None or ends_at.tzinfo is None:
            raise Refused("A window needs a time zone.", code="naive_time")
        if ends_at <= starts_at:
            raise Refused(
                f"The window of {starts_at:%d %B %H:%M} ends before it begins.", code="inverted_window"
            )
        if ends_at <= at:
            raise Refused(f"The window of {starts_at:%d %B %Y %H:%M} lies in the past.", code="past_window")
        if starts_at > at + FURTHEST:
            raise Refused(
                f"The window of {starts_at:%d %B %Y} is more than 120 days away.", code="far_window"
            )
    loop.windows.all().delete()
    CandidateWindow.objects.bulk_create(
        CandidateWindow(loop=loop, starts_at=starts_at, ends_at=ends_at) for starts_at, ends_at in wanted
    )
    expire_proposals(loop, at=at)
    events.record("loop.windows_offered", loop, by=by, at=at, data={"windows": len(wanted)})
    return loop


def expire_proposals(loop: Loop, *, at: dt.datetime) -> None:
    """Plans that nobody may confirm any more, so nobody's time is held for them either."""
    loop.proposals.filter(status=Proposal.Status.OFFERED).update(status=Proposal.Status.STALE, status_at=at)
    Hold.objects.filter(proposal__loop=loop).delete()


@transaction.atomic
def cancel(loop: Loop, *, by: User, at: dt.datetime, reason: str = "") -> Loop:
    """Call the loop off: seats are freed, and everybody who was invited is told."""
    require_loop(loop, by, roles.May.SCHEDULE_LOOPS)
    states.move(
        loop, Loop.Status.CANCELLED, verb="loop.cancelled", by=by, at=at, cancel_reason=reason.strip()
    )
    expire_proposals(loop, at=at)
    for interview in loop.interviews.filter(status=Interview.Status.SCHEDULED).order_by("starts_at"):
        call_off(interview, by=by, at=at)
    return loop


@transaction.atomic
def call_off(interview: Interview, *, by: User, at: dt.datetime) -> None:
    """Cancel one interview: free its seats and tell those who held them, and the candidate."""
    states.move(interview, Interview.Status.CANCELLED, verb="interview.cancelled", by=by, at=at)
    invites.announce(interview, by=by, at=at)
    interview.seats.live().update(held=False)


@transaction.atomic
def mark_no_show(interview: Interview, *, by: User, at: dt.datetime) -> Interview:
    """The candidate did not come. Refuses before the interview has begun. The loop then needs repair."""
    require_loop(interview.loop, by, roles.May.SCHEDULE_LOOPS)
    if at < interview.starts_at:
        raise Refused("This interview has not begun yet.", code="too_early")
    states.move(interview, Interview.Status.NO_SHOW, verb="interview.no_show", by=by, at=at)
    break_loop(interview.loop, by=by, at=at)
    return interview


def break_loop(loop: Loop, *, by: User, at: dt.datetime) -> None:
    """Something no longer holds: the loop needs another plan."""
    if loop.status == Loop.Status.CONFIRMED:
        states.move(loop, Loop.Status.BROKEN, verb="loop.broken", by=by, at=at)


@transaction.atomic
def finish_due(*, by: User, at: dt.datetime) -> int:
    """Interviews whose time is over are held; a loop whose every interview is held is held. Returns how many."""
    over = Interview.objects.filter(status=Interview.Status.SCHEDULED, ends_at__lte=at)
    count = 0
    for interview in over.select_related("loop__application").order_by("ends_at", "id"):
        states.move(interview, Interview.Status.HELD, verb="interview.held", by=by, at=at)
        count += 1
        loop = interview.loop
        left = loop.interviews.filter(status__in=[Interview.Status.SCHEDULED, Interview.Status.NO_SHOW])
        loop.refresh_from_db(fields=["status"])
        if loop.status == Loop.Status.CONFIRMED and not left.exists():
            states.move(loop, Loop.Status.HELD, verb="loop.held", by=by, at=at)
    return count
