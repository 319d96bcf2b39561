"""What every page knows: the entries of its head, by what a person may do, and the ways to log in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts import roles, sso
from accounts.models import User

May = roles.May


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Which of the common pages this person has a use for. Every page of theirs starts from `visible_to` all the same."""
    user = getattr(request, "user", None)
    entrance = {"passwords": settings.PASSWORD_LOG_IN, "single_sign_on": sso.label()}
    if not isinstance(user, User):
        return entrance
    return {
        **entrance,
        "may_open_openings": roles.allows(user, May.SEE_EVERY_OPENING)
        or roles.allows(user, May.WRITE_OPENINGS),
        "may_open_loops": roles.allows(user, May.SCHEDULE_LOOPS),
        "may_open_debriefs": roles.allows(user, May.READ_DEBRIEFS) or roles.allows(user, May.FILL_SCORECARDS),
    }
