"""Who reads which event (setting EVENT_READERS): the journal lies below the rooms that know."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import roles
from accounts.models import User
from candidates.models import Application, Offer, Outcome
from hiring.models import Opening
from interviews.models import Debrief, Flag, Scorecard
from journal.models import Events

May = roles.May

# What nobody reads without the right: whole subjects, and single verbs of subjects they may read.
NEEDED_FOR_SUBJECT = {
    "candidates.offer": May.READ_PAY,
    "candidates.outcome": May.RECORD_OUTCOMES,
    "interviews.debrief": May.READ_DEBRIEFS,
    "accounts.apikey": May.MANAGE_ACCOUNTS,
}
NEEDED_FOR_VERB = {
    "opening.pay_set": May.READ_PAY,
    "application.expectation_recorded": May.READ_PAY,
}


def withheld(user: User) -> list[str]:
    """The kinds of things that this person reads nothing of."""
    return [subject for subject, right in NEEDED_FOR_SUBJECT.items() if not roles.allows(user, right)]


def _of(rows: QuerySet[Any]) -> Q:
    """Events about one of these rows."""
    return Q(Exists(rows.filter(pk=OuterRef("subject_id"))))


def readable(events: Events, user: User) -> Events:
    """The events this person may read, by Note [Blind until submitted].

    Until the debrief is open (and one's own cards are in), a scorecard tells no more than that it is in, and nothing is
    told of flags about the loop. What is told of pay and outcomes is for those who hire for the opening.
    """
    # Asked of each event by itself: a page of the journal then costs the same however many cards there are.
    verbs = [verb for verb, right in NEEDED_FOR_VERB.items() if not roles.allows(user, right)]
    cards = Scorecard.objects.visible_to(user).filter(seat__interview__loop__debrief__isnull=False)
    opened = Debrief.objects.filter(loop__application=OuterRef("application"))
    flags = Flag.objects.visible_to(user).filter(~Q(about=Flag.About.LOOP) | Exists(opened))
    found = (
        events.exclude(subject_type__in=withheld(user))
        .exclude(verb__in=verbs)
        .exclude(Q(subject_type="interviews.scorecard") & ~Q(verb="scorecard.submitted") & ~_of(cards))
        .exclude(Q(subject_type="interviews.flag") & ~_of(flags))
    )
    if roles.allows(user, May.SEE_EVERY_OPENING):
        return found
    hired_for, theirs = Opening.objects.hired_for_by(user), Application.objects.hired_for_by(user)
    return (
        found.exclude(Q(verb="opening.pay_set") & ~Q(subject_id__in=hired_for.values("pk")))
        .exclude(Q(verb="application.expectation_recorded") & ~Q(subject_id__in=theirs.values("pk")))
        .exclude(Q(subject_type="candidates.offer") & ~_of(Offer.objects.visible_to(user)))
        .exclude(Q(subject_type="candidates.outcome") & ~_of(Outcome.objects.visible_to(user)))
    )
