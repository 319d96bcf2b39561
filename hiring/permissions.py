"""Who may do what to an opening."""

from accounts import roles
from accounts.models import User
from hiring.models import Opening, TeamMember
from journal.errors import NotAllowed


def require_on(opening: Opening, by: User, what: roles.May) -> None:
    """Refuses unless a role includes `what` and the person hires for this opening."""
    roles.require(by, what)
    if not Opening.objects.hired_for_by(by).filter(pk=opening.pk).exists():
        raise NotAllowed(f"You are not on the hiring team of {opening}. Ask its recruiter to add you.")


def manages(user: User, opening: Opening) -> bool:
    """Whether this is the opening's hiring manager."""
    return TeamMember.objects.filter(opening=opening, user=user, part=TeamMember.Part.HIRING_MANAGER).exists()


def require_manager(opening: Opening, by: User, what: roles.May) -> None:
    """Refuses unless the person holds `what` and is this opening's hiring manager."""
    roles.require(by, what)
    if by.kind != User.Kind.SYSTEM and not manages(by, opening):
        raise NotAllowed(f"Only the hiring manager of {opening} may {what}.")
