"""Small predicates about people."""

from accounts import roles
from accounts.models import User


def may_enter_admin(user: User) -> bool:
    """The admin is the recruiters' tool; interviewers have pages of their own."""
    return user.is_active and bool(
        roles.held(user) & {"admin", "recruiter", "coordinator", "hiring_manager", "auditor"}
    )
