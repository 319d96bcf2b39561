"""Debriefs: votes and the decision."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models

from accounts import roles
from hiring.permissions import manages
from interviews import debriefs
from interviews.admin.cells import block_of
from interviews.models import (
    Debrief,
    Scorecard,
    Vote,
)
from interviews.models.scorecards import Recommendation
from journal.desk import Act, Ask, Noun, Rows, Todo, show

May = roles.May


class Ballot(Ask):
    intro = "One vote each, cast before reading the others'. It is final, so that nobody follows the room."
    value = forms.ChoiceField(label="Your vote", choices=Recommendation.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label="Why", required=False, widget=forms.Textarea(attrs={"rows": 3}))


class Verdict(Ask):
    intro = "The decision is kept with the votes, the cards, the flags and who had read what. It is final."
    outcome = forms.ChoiceField(
        label="Decision", choices=[("hire", "Hire"), ("no_hire", "Do not hire")], widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed when it goes against the panel, or past an upheld flag.",
    )


class VoteRows(Rows):
    model = Vote
    verbose_name_plural = "votes you may read"
    empty = "None. You read the others' once you have voted, or once it is decided."
    cells = (
        show.value("user", "Who"),
        show.value("get_value_display", "Vote", get=lambda say: say()),
        "reason",
    )

    def visible(self, user: Any) -> models.QuerySet[Vote]:
        return Vote.objects.visible_to(user).select_related("user").order_by("created_at", "id")


@show.column("Scorecards")
@show.once
def cards(debrief: Any) -> str:
    found = Scorecard.objects.visible_to(debrief.reader).filter(seat__interview__loop=debrief.loop_id)
    rows = found.select_related("seat__user", "seat__interview__loop__edition").order_by(
        "seat__interview__starts_at", "id"
    )
    return show.bullets(
        (show.link(card, f"{block_of(card.seat.interview)}, {card.seat.user}") for card in rows),
        empty="None that you may read yet",
    )


@show.column("Decision")
def decision(debrief: Debrief) -> str:
    made = getattr(debrief, "decision", None)
    if made is None:
        return "Not decided yet"
    return show.badge(made.get_outcome_display(), "good" if made.outcome == "hire" else "bad")


@show.column("Reason")
def decision_reason(debrief: Debrief) -> str:
    made = getattr(debrief, "decision", None)
    if made is None:
        return show.NOTHING
    against = " It goes against the panel's majority." if made.against_panel else ""
    return f"{made.reason or 'None was needed.'}{against} Decided by {made.decided_by}."


@admin.register(Debrief)
class DebriefAdmin(Noun):
    see = May.READ_DEBRIEFS
    list_display = (
        show.value("loop__application__candidate", "Candidate", order="loop__application__candidate__name"),
        show.to("loop__application__opening", "Opening"),
        show.state(wait=("open",), good=("decided",)),
        show.when("created_at", "Opened"),
        decision,
    )
    list_filter = ("status", "decision__outcome")
    since = "created_at"
    ordering = ("-created_at", "id")
    search_fields = ("loop__application__candidate__name", "loop__application__opening__title")
    search_help_text = "Candidate or opening."
    page = (
        (
            None,
            (
                show.to("loop__application", "Application"),
                show.to("loop", "Loop"),
                show.state(wait=("open",), good=("decided",)),
                cards,
                decision,
                decision_reason,
            ),
        ),
    )
    inlines = [VoteRows]
    empty = "No debriefs yet. One opens by itself when the last scorecard of a loop is in."
    acts = [
        Act(
            name="vote",
            label="Vote",
            rule=debriefs.vote,
            may=May.FILL_SCORECARDS,
            form=Ballot,
            when=lambda debrief: (
                debrief.status == "open"
                and not Vote.objects.filter(debrief=debrief, user=debrief.reader).exists()
            ),
            many=False,
            done="Your vote is in. Now you can read the others'.",
        ),
        Act(
            name="decide",
            label="Decide",
            rule=debriefs.decide,
            may=May.DECIDE,
            form=Verdict,
            when=lambda debrief: (
                debrief.status == "open" and manages(debrief.reader, debrief.loop.application.opening)
            ),
            many=False,
            done="The decision is made and on record.",
        ),
    ]
    tells = [lambda debrief, _user: [debrief.loop]]
    todo = [
        Todo("debriefs wait for a decision", "status__exact=open", lambda rows: rows.filter(status="open"))
    ]

    def visible(self, user: Any) -> models.QuerySet[Debrief]:
        return Debrief.objects.visible_to(user).select_related(
            "loop__application__candidate", "loop__application__opening", "decision__decided_by"
        )
