"""Every consequence in the product, on one page: event verb -> functions that follow, in this order; and what leaves how.

They run in the transaction of the event, touch only the database, act as the system user, and what they record has the
event as its cause. Look here to learn what happens because something happened.
"""

from collections.abc import Mapping, Sequence

from candidates import reactions as candidates
from interviews import entries, posts
from interviews import reactions as interviews
from journal.events import Reaction
from outbox.deliveries import Carrier

WIRING: Mapping[str, Sequence[Reaction]] = {
    "opening.approved": [interviews.flag_opening],
    "opening.pay_set": [interviews.flag_opening],
    "application.described": [interviews.flag_application],
    "application.expectation_recorded": [interviews.flag_application],
    "application.rejected": [interviews.cancel_loop, candidates.cancel_live_offer],
    "application.withdrawn": [interviews.cancel_loop, candidates.cancel_live_offer],
    "application.hired": [candidates.fill_opening],
    "offer.drafted": [interviews.flag_offer],
    "loop.confirmed": [interviews.post_booked],
    "loop.broken": [interviews.repair_soon, interviews.post_broken],
    "loop.unschedulable": [interviews.post_needs_person],
    "loop.plans_declined": [interviews.post_needs_person],
    "loop.offer_expired": [interviews.post_needs_person],
    "loop.reschedule_asked": [interviews.post_needs_person],
    "loop.cancelled_by_candidate": [interviews.post_needs_person],
    "loop.cancelled": [interviews.tell_candidate_cancelled],
    "scorecard.submitted": [interviews.open_debrief_when_complete],
    "seat.card_waived": [interviews.open_debrief_when_complete],
    "scorecard.amended": [interviews.flag_card],
    "debrief.opened": [interviews.flag_debrief, interviews.post_debrief],
    "debrief.decided": [interviews.post_debrief],
    "calendar.connected": [interviews.write_what_is_booked],
}

# What carries the outbox's rows of each channel but mail (docs/adr/0002): outside any transaction, found again by the sweep.
CARRIERS: Mapping[str, Carrier] = {
    "calendar": entries.carry,
    "slack": posts.carry,
}
