"""What follows in this room from what happened here or below. Named in config/wiring.py; database only."""

from accounts import users
from candidates.models import Application, Offer
from hiring.models import Opening
from interviews import debriefs, flags, invites, loops, posts
from interviews.models import Calendar, Debrief, Interview, Loop, Scorecard
from journal.models import Event
from outbox import wakeups


def flag_opening(event: Event) -> None:
    opening = Opening.objects.select_related("edition").get(pk=event.subject_id)
    if opening.status != Opening.Status.DRAFT:
        flags.look_at_opening(opening, by=users.system(), at=event.at)


def flag_application(event: Event) -> None:
    _flag(Application.objects.get(pk=event.subject_id), event)


def flag_offer(event: Event) -> None:
    _flag(Offer.objects.get(pk=event.subject_id).application, event)


def flag_debrief(event: Event) -> None:
    _flag(Debrief.objects.get(pk=event.subject_id).loop.application, event)


def flag_card(event: Event) -> None:
    _flag(Scorecard.objects.get(pk=event.subject_id).seat.interview.loop.application, event)


def _flag(application: Application, event: Event) -> None:
    flags.look_at_application(application, by=users.system(), at=event.at)


def cancel_loop(event: Event) -> None:
    """Somebody left the process: nobody should sit and wait for them."""
    live = Loop.objects.filter(
        application=event.subject_id,
        status__in=[Loop.Status.WAITING, Loop.Status.CONFIRMED, Loop.Status.BROKEN],
    )
    for loop in live.select_related("application__candidate", "application__opening", "edition"):
        loops.cancel(loop, by=users.system(), at=event.at)


def tell_candidate_cancelled(event: Event) -> None:
    loop = Loop.objects.select_related("application__candidate", "application__opening").get(
        pk=event.subject_id
    )
    if loop.interviews.exists():
        invites.tell_candidate_cancelled(loop, by=users.system(), at=event.at)


def open_debrief_when_complete(event: Event) -> None:
    """The last card calls the debrief."""
    loop = Loop.objects.select_related("application", "edition").get(pk=event.data["loop"])
    if not Debrief.objects.filter(loop=loop).exists() and not debriefs.owed(loop):
        debriefs.open_debrief(loop, by=users.system(), at=event.at)


def repair_soon(event: Event) -> None:
    """A broken loop is planned anew as soon as this is committed; the timetable finds it should the wake-up be lost."""
    wakeups.on_commit("interviews.tasks.plan", event.subject_id)


def write_what_is_booked(event: Event) -> None:
    """Whoever connects a calendar to be written into finds their interviews in it, not only the next ones."""
    calendar = Calendar.objects.select_related("interviewer__user").get(pk=event.subject_id)
    if calendar.writes:
        invites.write_into(calendar, by=users.system(), at=event.at)


# --- the opening's Slack channel ------------------------------------------------------------------------------


def _post(application: Application, says: str, event: Event) -> None:
    posts.tell(application, says, key=f"{event.verb}:{event.pk}", by=users.system(), at=event.at)


def _loop_of(event: Event) -> Loop:
    return Loop.objects.select_related("application__opening").get(pk=event.subject_id)


def post_booked(event: Event) -> None:
    """Booked for the first time, or mended after somebody dropped out (with what moved)."""
    loop = _loop_of(event)
    interviews = loop.interviews.filter(status=Interview.Status.SCHEDULED)
    count = interviews.count()
    if event.data["from"] == Loop.Status.WAITING:
        says = f"{count} interviews are booked." if count != 1 else "1 interview is booked."
    else:
        moved = Event.objects.filter(
            verb="interview.moved", subject_id__in=list(interviews.values_list("pk", flat=True)), at=event.at
        ).count()
        times = {0: "every time stays", 1: "1 interview moved"}.get(moved, f"{moved} interviews moved")
        says = f"The interviews are repaired: {times}."
    _post(loop.application, says, event)


def post_broken(event: Event) -> None:
    _post(_loop_of(event).application, "Somebody dropped out. A new plan is looked for.", event)


def post_needs_person(event: Event) -> None:
    """Nothing goes on by itself. Said once for each time the loop comes to wait."""
    loop = _loop_of(event)
    why = {
        "loop.unschedulable": "No plan fits. Somebody has to look at it.",
        "loop.plans_declined": "The candidate declined every plan. Somebody has to look at it.",
        "loop.offer_expired": "The candidate chose no plan in time. Somebody has to look at it.",
        "loop.reschedule_asked": "The candidate asks for other times. Somebody has to decide.",
        "loop.cancelled_by_candidate": "The candidate called the interviews off.",
    }[event.verb]
    key = f"{event.verb}:{loop.pk}:{loop.status_at.isoformat()}"
    posts.tell(loop.application, why, key=key, by=users.system(), at=event.at)


def post_debrief(event: Event) -> None:
    debrief = Debrief.objects.select_related("loop__application__opening").get(pk=event.subject_id)
    says = {
        "debrief.opened": "Every scorecard is in or waived. The debrief is open.",
        "debrief.decided": "A decision is recorded.",
    }[event.verb]
    _post(debrief.loop.application, says, event)
