"""Scorecards, as far as one may read them."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.admin import reader
from hiring import playbooks
from interviews import scorecards
from interviews.admin.cells import block_of
from interviews.models import (
    Scorecard,
)
from journal.desk import Noun, show

card_status = show.state(wait=("draft",), good=("submitted",))


@show.column("Interview")
def card_block(card: Scorecard) -> str:
    return block_of(card.seat.interview)


@show.column("What it says")
@show.once
def says(card: Any) -> str:
    plan = playbooks.of(card.seat.interview.loop.edition).block(card.seat.interview.block)
    signals = {signal.key: signal.title for signal in plan.signals}
    segments = {segment.key: segment.title for segment in plan.segments}
    version = card.version
    return render_to_string(
        "admin/desk/_card.html",
        {
            "version": version,
            "ratings": [
                (signals.get(rating.signal, rating.signal), rating) for rating in version.ratings.all()
            ],
            "segments": [(segments.get(time.segment, time.segment), time) for time in version.segments.all()],
            "stories": version.stories.all(),
        },
    )


@admin.register(Scorecard)
class ScorecardAdmin(Noun):
    """See Note [Blind until submitted]: the rows are those of `visible_to`, and opening one is on record."""

    list_display = (
        show.value("seat__interview__loop__application__candidate", "Candidate"),
        card_block,
        show.value("seat__user", "Written by", order="seat__user__name"),
        show.state(wait=("draft",), good=("submitted",)),
        show.when("status_at", "Since"),
    )
    list_filter = ("status",)
    since = "status_at"
    ordering = ("-status_at", "id")
    search_fields = ("seat__user__name", "seat__interview__loop__application__candidate__name")
    search_help_text = "Writer or candidate."
    page = (
        (
            None,
            (
                show.to("seat__interview__loop__application__candidate", "Candidate"),
                card_block,
                show.to("seat__user", "Written by"),
                card_status,
                show.when("status_at", "Since"),
                says,
            ),
        ),
    )
    empty = "No scorecards that you may read. They open with the debrief, or once your own cards are in."

    def visible(self, user: Any) -> models.QuerySet[Scorecard]:
        rows = Scorecard.objects.visible_to(user).select_related(
            "seat__user",
            "seat__interview__loop__application__candidate",
            "seat__interview__loop__application__opening",
            "seat__interview__loop__edition",
        )
        return rows.defer("seat__interview__loop__edition__content", "seat__interview__loop__edition__source")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        card = super().get_object(request, object_id, from_field)
        if card is not None:
            card.version = scorecards.read(card, by=reader(request), at=timezone.now())
        return card
