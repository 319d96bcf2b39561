"""Roles as code: who should hold each, and what it may do. Changing this file is changing the company's rules."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Grant, User
from journal.errors import NotAllowed


class May(StrEnum):
    """What a role may do. What a person may *see* is decided by `visible_to` on each queryset."""

    MANAGE_ACCOUNTS = "manage accounts"
    READ_JOURNAL = "read the journal"
    PUBLISH_PLAYBOOKS = "publish playbooks"
    WRITE_OPENINGS = "write openings"
    APPROVE_OPENINGS = "approve openings"
    SEE_EVERY_OPENING = "see every opening"
    READ_PAY = "read pay figures"
    WRITE_CANDIDATES = "write candidates and applications"
    REJECT_CANDIDATES = "reject candidates"
    MANAGE_INTERVIEWERS = "manage interviewers"
    SCHEDULE_LOOPS = "schedule loops"
    OVERRIDE_LIMITS = "override a limit with a reason"
    FILL_SCORECARDS = "fill their own scorecards"
    READ_DEBRIEFS = "read a packet once its debrief is open"
    RUN_DEBRIEFS = "open debriefs, waive cards and answer flags"
    DECIDE = "decide on a candidate"
    WRITE_OFFERS = "write offers"
    APPROVE_OFFERS = "approve offers"
    RECORD_OUTCOMES = "record outcomes"
    SEND_AGAIN = "send a parked message again"
    CONNECT_SLACK = "connect an opening with Slack"
    RUN_JOBS = "run a job of the timetable"


@dataclass(frozen=True)
class Role:
    key: str
    title: str
    holder: str
    may: frozenset[May]


ADMIN = Role(
    "admin",
    "Administrator",
    "One or two people who run the installation: they manage accounts, keys and playbooks. They hold no private "
    "opinion by right: a scorecard stays closed to them until its debrief is open.",
    frozenset(May) - {May.FILL_SCORECARDS, May.DECIDE, May.APPROVE_OFFERS},
)
RECRUITER = Role(
    "recruiter",
    "Recruiter",
    "People who own openings from the first draft to the signed offer: they bring candidates in, schedule loops, "
    "open debriefs and write offers, but neither decide nor approve pay alone.",
    frozenset(
        {
            May.READ_JOURNAL,
            May.WRITE_OPENINGS,
            May.SEE_EVERY_OPENING,
            May.READ_PAY,
            May.WRITE_CANDIDATES,
            May.REJECT_CANDIDATES,
            May.MANAGE_INTERVIEWERS,
            May.SCHEDULE_LOOPS,
            May.OVERRIDE_LIMITS,
            May.READ_DEBRIEFS,
            May.RUN_DEBRIEFS,
            May.WRITE_OFFERS,
            May.RECORD_OUTCOMES,
            May.SEND_AGAIN,
            May.CONNECT_SLACK,
        }
    ),
)
COORDINATOR = Role(
    "coordinator",
    "Coordinator",
    "People who make loops happen: they keep interviewers' hours and schedule, move and cancel interviews. They "
    "see neither scorecards nor pay.",
    frozenset(
        {
            May.SEE_EVERY_OPENING,
            May.MANAGE_INTERVIEWERS,
            May.SCHEDULE_LOOPS,
            May.OVERRIDE_LIMITS,
            May.SEND_AGAIN,
        }
    ),
)
HIRING_MANAGER = Role(
    "hiring_manager",
    "Hiring manager",
    "The person the new colleague will report to: approves the opening, sits in the loop, decides with the panel "
    "and approves the offer, for the openings they are on.",
    frozenset(
        {
            May.WRITE_OPENINGS,
            May.APPROVE_OPENINGS,
            May.READ_PAY,
            May.REJECT_CANDIDATES,
            May.FILL_SCORECARDS,
            May.READ_DEBRIEFS,
            May.RUN_DEBRIEFS,
            May.DECIDE,
            May.APPROVE_OFFERS,
            May.RECORD_OUTCOMES,
        }
    ),
)
INTERVIEWER = Role(
    "interviewer",
    "Interviewer",
    "Everybody who sits on panels: they see their own interviews and kits, fill their own scorecards, and see the "
    "others' cards of a loop once their own is in.",
    frozenset({May.FILL_SCORECARDS}),
)
AUDITOR = Role(
    "auditor",
    "Auditor",
    "Somebody from outside the hiring team (legal, works council, internal audit) who reads decided cases and the "
    "journal, and changes nothing.",
    frozenset({May.READ_JOURNAL, May.SEE_EVERY_OPENING, May.READ_DEBRIEFS}),
)
SERVICE = Role(
    "service",
    "Service",
    "A program with an API key, such as the company's ATS: it writes candidates and reads what the key's scopes "
    "name, the journal among it. It never sees scorecards or pay.",
    frozenset({May.READ_JOURNAL, May.SEE_EVERY_OPENING, May.WRITE_CANDIDATES, May.SCHEDULE_LOOPS}),
)
ROLES: dict[str, Role] = {
    role.key: role for role in (ADMIN, RECRUITER, COORDINATOR, HIRING_MANAGER, INTERVIEWER, AUDITOR, SERVICE)
}


def held(user: User) -> frozenset[str]:
    """The keys of the roles this person holds, read once per object."""
    # Note: by attribute, because request.user is a lazy stand-in whose __dict__ is not the person's.
    cached: frozenset[str] | None = getattr(user, "_roles", None)
    if cached is None:
        cached = frozenset(Grant.objects.filter(user=user).values_list("role", flat=True))
        user._roles = cached  # type: ignore[attr-defined]
    return cached


def forget(user: User) -> None:
    """What was read of this person's roles no longer holds."""
    user._roles = None  # type: ignore[attr-defined]


def allows(user: User, what: May) -> bool:
    """Whether any role of this active person includes `what`. The product's own system user may do everything."""
    if user.kind == User.Kind.SYSTEM:
        return True
    return user.is_active and any(what in ROLES[key].may for key in held(user) if key in ROLES)


def require(user: User, what: May) -> None:
    """Refuses when no role of the person includes `what`."""
    if not allows(user, what):
        holders = " or ".join(sorted(role.title.lower() for role in ROLES.values() if what in role.may))
        raise NotAllowed(f"You may not {what}. Ask somebody who is {holders or 'the product itself'}.")
