"""What follows in this room from what happened here or below. Named in config/wiring.py; database only."""

from accounts import users
from candidates import offers
from candidates.models import Application, Offer
from hiring import openings
from hiring.models import Opening
from journal.models import Event


def cancel_live_offer(event: Event) -> None:
    """Whoever has left gets no offer any more."""
    for offer in Offer.objects.filter(application=event.subject_id, status__in=["draft", "approved", "sent"]):
        offers.cancel(offer, by=users.system(), at=event.at)


def fill_opening(event: Event) -> None:
    """Somebody was hired: the place is taken."""
    opening = Application.objects.select_related("opening").get(pk=event.subject_id).opening
    if opening.status == Opening.Status.OPEN:
        openings.fill(opening, by=users.system(), at=event.at)
