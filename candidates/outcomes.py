"""What became of the people who were hired. (Only they have outcomes: remember it wherever validity is shown.)"""

import datetime as dt

from django.db import IntegrityError, transaction

from accounts import roles
from accounts.models import User
from candidates.models import Application, Outcome
from candidates.permissions import require_on
from hiring import playbooks
from journal import events
from journal.errors import Refused


@transaction.atomic
def record(
    application: Application,
    *,
    checkpoint_days: int,
    rating: str,
    still_here: bool,
    would_hire_again: bool,
    by: User,
    at: dt.datetime,
    note: str = "",
) -> Outcome:
    """Say how a hire works out at a checkpoint counted in days from the day they were hired.

    Refuses for people who were not hired, unknown checkpoints or ratings, before its day, and a second time.
    """
    require_on(application, by, roles.May.RECORD_OUTCOMES)
    if application.status != Application.Status.HIRED:
        raise Refused("Only people who were hired have outcomes.", code="not_hired")
    plan = playbooks.of(application.edition).outcomes
    if checkpoint_days not in plan.checkpoints_days:
        days = ", ".join(map(str, plan.checkpoints_days))
        raise Refused(f"The playbook looks back after {days} days.", code="unknown_checkpoint")
    if rating not in plan.scale:
        raise Refused(f"Choose one of: {', '.join(plan.scale)}.", code="unknown_rating")
    due = application.status_at + dt.timedelta(days=checkpoint_days)
    if at < due:
        raise Refused(f"It is too early to tell: this checkpoint is on {due:%d %B %Y}.", code="too_early")
    outcome = Outcome(
        application=application,
        checkpoint_days=checkpoint_days,
        rating=rating,
        still_here=still_here,
        would_hire_again=would_hire_again,
        note=note.strip(),
        recorded_by=by,
        created_at=at,
    )
    try:
        with transaction.atomic():
            outcome.save(force_insert=True)
    except IntegrityError as twice:
        raise Refused("This checkpoint has been recorded already.", code="recorded_already") from twice
    events.record(
        "outcome.recorded",
        outcome,
        by=by,
        at=at,
        data={"application": application.pk, "checkpoint_days": checkpoint_days, "rating": rating},
    )
    return outcome
