"""Who may do what to loops, cards and debriefs."""

from accounts import roles
from accounts.models import User
from candidates.permissions import require_on
from interviews.models import Loop, Scorecard, Seat
from journal.errors import NotAllowed


def require_loop(loop: Loop, by: User, what: roles.May) -> None:
    """Refuses unless a role includes `what` and the person may see the loop's application."""
    require_on(loop.application, by, what)


def require_own_seat(seat: Seat, by: User) -> None:
    """Refuses for everybody but the person who holds this seat now."""
    if seat.user_id != by.pk or not seat.held:
        raise NotAllowed(
            "Only the person on this seat may do that. Reload the page: the panel may have changed."
        )


def require_seat(seat: Seat, by: User) -> None:
    """Refuses unless it is their own held seat, or they schedule loops and pass on what they were told."""
    if seat.user_id == by.pk:
        require_own_seat(seat, by)
    else:
        require_loop(seat.interview.loop, by, roles.May.SCHEDULE_LOOPS)


def require_own_card(card: Scorecard, by: User) -> None:
    """Refuses for everybody but the card's author while they hold the seat."""
    roles.require(by, roles.May.FILL_SCORECARDS)
    require_own_seat(card.seat, by)
