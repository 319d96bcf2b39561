"""Who may do what to an application."""

from accounts import roles
from accounts.models import User
from candidates.models import Application, Candidate
from journal.errors import NotAllowed


def require_on(application: Application, by: User, what: roles.May) -> None:
    """Refuses unless a role includes `what` and the person hires for this application's opening."""
    roles.require(by, what)
    if not Application.objects.hired_for_by(by).filter(pk=application.pk).exists():
        raise NotAllowed("You are not on the hiring team of this application. Ask its recruiter to add you.")


def may_read_contact(user: User, candidate: Candidate) -> bool:
    """Addresses and phone numbers are for those who write to candidates, not for panels."""
    return may_read_contacts(user)


def may_read_contacts(user: User) -> bool:
    """The same of every candidate they may see."""
    return roles.allows(user, roles.May.WRITE_CANDIDATES) or roles.allows(user, roles.May.SCHEDULE_LOOPS)
