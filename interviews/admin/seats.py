"""Interviews, and who sits where."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone

from accounts import roles
from candidates.models import Application
from interviews import debriefs, loops, schedules
from interviews.admin.cells import block_of, interview_state, panel, response, times, with_panel
from interviews.models import (
    Interview,
    Scorecard,
    Seat,
)
from journal.desk import Act, Ask, Bar, Chart, Noun, Rows, Todo, show

May = roles.May
Stage = Application.Status


OVERDUE = dt.timedelta(days=1)  # a scorecard is best written the same day


class Why(Ask):
    reason = forms.CharField(label="Why", widget=forms.Textarea(attrs={"rows": 3}))


@show.column("Where")
def meeting(interview: Interview) -> str:
    return show.web(interview.meeting_url)


@show.column("Would rather come")
def suggested(seat: Seat) -> str:
    if not (seat.suggests_from and seat.suggests_until):
        return show.NOTHING
    return show.span(seat.suggests_from, seat.suggests_until)


class SeatRows(Rows):
    model = Seat
    verbose_name_plural = "seats"
    cells = (show.itself("Seat"), "role", response, "decline_reason", suggested, "card")

    def visible(self, user: Any) -> models.QuerySet[Seat]:
        rows = Seat.objects.visible_to(user).select_related("user", "scorecard", "interview")
        return rows.order_by("-held", "key", "created_at")

    @show.column("Scorecard")
    def card(self, row: Seat) -> str:
        return card_state(row)


@admin.register(Interview)
class InterviewAdmin(Noun):
    list_display = (
        block_of,
        show.value("loop__application__candidate", "Candidate", order="loop__application__candidate__name"),
        times,
        panel,
        interview_state,
    )
    quiet = ("scorecard.opened", "scorecard.saved")
    list_filter = ("status",)
    since = "starts_at"
    ordering = ("-starts_at", "id")
    search_fields = ("loop__application__candidate__name", "block")
    search_help_text = "Candidate, or the key of an interview."
    page = (
        (
            None,
            (
                block_of,
                show.to("loop__application__candidate", "Candidate"),
                show.to("loop", "Loop"),
                times,
                interview_state,
                meeting,
            ),
        ),
    )
    inlines = [SeatRows]
    empty = "No interviews yet. They appear when a loop's plan is booked."
    acts = [
        Act(
            name="no_show",
            label="The candidate did not come",
            rule=loops.mark_no_show,
            may=May.SCHEDULE_LOOPS,
            sure="The loop then needs another plan.",
            when=lambda interview: interview.status == "scheduled",
            done="Noted. The loop needs another plan.",
        )
    ]
    tells = [
        lambda interview, _user: [
            Seat.objects.filter(interview=interview),
            Scorecard.objects.filter(seat__interview=interview),
        ]
    ]

    def visible(self, user: Any) -> models.QuerySet[Interview]:
        return with_panel(Interview.objects.visible_to(user))


def owed(rows: models.QuerySet[Any], *, since: dt.timedelta = dt.timedelta(0)) -> models.QuerySet[Any]:
    """Counting seats of interviews over for at least `since`, whose card is neither in nor waived.

    Once there is a decision, or the candidate is out, nobody waits for a card any more.
    """
    in_hand = Scorecard.objects.filter(seat=OuterRef("pk"), status=Scorecard.Status.SUBMITTED)
    over = Q(interview__ends_at__lte=timezone.now() - since)
    lost = Q(interview__status__in=[Interview.Status.CANCELLED, Interview.Status.NO_SHOW])
    waited_for = Application.objects.filter(status__in=[Stage.INTERVIEWING, Stage.DECIDING])
    counting = rows.filter(held=True, role__in=Seat.COUNTING, card_waived_because="")
    counting = counting.filter(interview__loop__application__in=waited_for)
    return counting.filter(over & ~lost & ~Exists(in_hand))


def overdue(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Cards owed for a day and more."""
    return owed(rows, since=OVERDUE)


# How long cards are owed: key, words, from this many days on, up to that many.
AGES = (
    ("owed_today", "Owed for less than a day", 0, 1),
    ("owed_days", "Owed for one to three days", 1, 3),
    ("owed_week", "Owed for three to seven days", 3, 7),
    ("owed_long", "Owed for a week or longer", 7, None),
)


def _aged(since: int, until: int | None) -> Q:
    now = timezone.now()
    old = Q(interview__ends_at__lte=now - dt.timedelta(days=since))
    return old if until is None else old & Q(interview__ends_at__gt=now - dt.timedelta(days=until))


def _owed_by_age(rows: models.QuerySet[Any]) -> list[Bar]:
    counts = owed(rows).aggregate(
        **{key: models.Count("pk", filter=_aged(since, until)) for key, _words, since, until in AGES}
    )
    return [
        Bar(words.removeprefix("Owed for ").capitalize(), counts[key], f"card={key}")
        for key, words, *_ in AGES
    ]


class CardFilter(admin.SimpleListFilter):
    title = "scorecard"
    parameter_name = "card"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        ages = [(key, words) for key, words, *_days in AGES]
        return [
            ("owed", "Owed"),
            ("overdue", "Overdue for a day"),
            *ages,
            ("in", "In"),
            ("waived", "Waived"),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        for key, _words, since, until in AGES:
            if key == self.value():
                return owed(queryset).filter(_aged(since, until))
        match self.value():
            case "owed":
                return owed(queryset)
            case "overdue":
                return overdue(queryset)
            case "in":
                return queryset.filter(scorecard__status=Scorecard.Status.SUBMITTED)
            case "waived":
                return queryset.exclude(card_waived_because="")
        return queryset


@show.column("Scorecard")
def card_state(seat: Seat) -> str:
    """Whether the card is in: never more than that."""
    if hasattr(seat, "scorecard") and seat.scorecard.status == Scorecard.Status.SUBMITTED:
        return show.badge("In", "good")
    if seat.card_waived_because:
        return show.badge("Waived")
    if not seat.counts:
        return show.badge("Not needed")
    return (
        show.badge("Owed", "wait") if seat.interview.ends_at <= timezone.now() else show.badge("Not yet due")
    )


@show.column("When", "interview__starts_at")
def seat_times(seat: Seat) -> str:
    return times(seat.interview)


@show.column("Interview", "interview__block")
def seat_block(seat: Seat) -> str:
    return block_of(seat.interview)


def _can_waive(seat: Any) -> bool:
    card = getattr(seat, "scorecard", None)
    is_in = card is not None and card.status == Scorecard.Status.SUBMITTED
    return bool(seat.counts and not is_in and not seat.card_waived_because and seat.user_id != seat.reader.pk)


def _can_answer(seat: Any) -> bool:
    return bool(seat.held and seat.interview.status == Interview.Status.SCHEDULED)


class Decline(Ask):
    intro = (
        "They told you that they cannot make it. Their seat is freed at once and the loop is planned anew."
    )
    reason = forms.CharField(label="What they said", max_length=200, required=False)
    for_good = forms.BooleanField(label="Not for this candidate at any other time either", required=False)


@admin.register(Seat)
class SeatAdmin(Noun):
    list_display = (
        show.value("user", "Interviewer", order="user__name"),
        seat_block,
        show.value("interview__loop__application__candidate", "Candidate"),
        seat_times,
        "role",
        response,
        card_state,
    )
    quiet = ("scorecard.opened", "scorecard.saved")
    list_filter = (CardFilter, "response", "role", "held")
    since = "interview__starts_at"
    ordering = ("-interview__starts_at", "key", "id")
    search_fields = ("user__name", "interview__loop__application__candidate__name")
    search_help_text = "Interviewer or candidate."
    page = (
        (
            None,
            (
                show.to("user", "Interviewer"),
                show.to("interview", "Interview"),
                seat_times,
                "role",
                response,
                "decline_reason",
                suggested,
            ),
        ),
        (
            "Scorecard",
            (card_state, "card_waived_because", show.to("card_waived_by", "Waived by")),
        ),
    )
    empty = "No seats yet. They are taken when a loop's plan is booked."
    acts = [
        Act(
            name="accept",
            label="They accepted",
            rule=schedules.accept,
            may=May.SCHEDULE_LOOPS,
            when=_can_answer,
            done="Noted that they come.",
        ),
        Act(
            name="decline",
            label="They declined",
            rule=schedules.decline,
            may=May.SCHEDULE_LOOPS,
            form=Decline,
            when=_can_answer,
            done="Their seat is free, and the loop is being planned anew.",
        ),
        Act(
            name="waive_card",
            label="Decide without this card",
            rule=debriefs.waive_card,
            may=May.RUN_DEBRIEFS,
            form=Why,
            when=_can_waive,
            done="The card is waived. Why is on record.",
        ),
    ]
    tells = [lambda seat, _user: [Scorecard.objects.filter(seat=seat)]]
    todo = [Todo("scorecards overdue", "card=overdue", overdue)]
    charts = [Chart("Scorecards owed, by age", _owed_by_age)]

    def visible(self, user: Any) -> models.QuerySet[Seat]:
        rows = Seat.objects.visible_to(user).select_related(
            "user",
            "card_waived_by",
            "scorecard",
            "interview__loop__application__candidate",
            "interview__loop__application__opening",
            "interview__loop__edition",
        )
        return rows.defer("interview__loop__edition__content", "interview__loop__edition__source")
