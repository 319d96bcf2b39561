"""The entries of the pages' head, by what a person may do."""

from typing import Any

from django.http import HttpRequest

from accounts import roles
from accounts.models import User

May = roles.May


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Which of the common pages this person has a use for. Every page of theirs starts from `visible_to` all the same."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    return {
        "may_open_openings": roles.allows(user, May.SEE_EVERY_OPENING)
        or roles.allows(user, May.WRITE_OPENINGS),
        "may_open_debriefs": roles.allows(user, May.READ_DEBRIEFS) or roles.allows(user, May.FILL_SCORECARDS),
    }
