"""Offers, and what became of those who were hired."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from accounts import roles
from candidates import offers
from candidates.models import (
    Offer,
    Outcome,
)
from journal.desk import Act, Noun, Rows, Todo, show

May = roles.May

offer_state = show.state(
    wait=("draft", "approved"), good=("sent", "accepted"), bad=("declined", "expired", "cancelled")
)


@show.column("Total a year")
def total(offer: Offer) -> str:
    return show.money(offer.amount, offer.currency)


@show.column("Of it in cash")
def cash(offer: Offer) -> str:
    return show.money(offer.cash, offer.currency)


class OfferRows(Rows):
    model = Offer
    see = May.READ_PAY
    verbose_name_plural = "offers"
    cells = (show.itself("Offer"), offer_state, total, cash, show.day("expires_on", "Stands until"))

    def visible(self, user: Any) -> models.QuerySet[Offer]:
        rows = Offer.objects.visible_to(user).select_related("application__candidate", "application__opening")
        return rows.order_by("created_at", "id")


class OutcomeRows(Rows):
    model = Outcome
    see = May.RECORD_OUTCOMES
    verbose_name_plural = "outcomes"
    cells = (
        show.itself("Outcome"),
        show.value("rating", "Rating", get=show.in_words),
        "still_here",
        "would_hire_again",
    )


class Expiring(admin.SimpleListFilter):
    """Sent offers whose last day is near."""

    title = "last day"
    parameter_name = "expires"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("soon", "Sent, and within three days")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return expiring(queryset) if self.value() == "soon" else queryset


def expiring(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Sent offers with three days or fewer to go."""
    return rows.filter(status=Offer.Status.SENT, expires_on__lte=show.today(plus_days=3))


@admin.register(Offer)
class OfferAdmin(Noun):
    see = May.READ_PAY
    list_display = (
        show.value("application__candidate", "Candidate", order="application__candidate__name"),
        show.to("application__opening", "Opening"),
        offer_state,
        total,
        "negotiated",
        show.day("expires_on", "Stands until"),
        "drafted_by",
    )
    list_filter = ("status", Expiring, "negotiated")
    ordering = ("-created_at", "id")
    search_fields = ("application__candidate__name", "application__opening__title")
    search_help_text = "Candidate or opening."
    page = (
        (
            None,
            (
                show.to("application", "Application"),
                offer_state,
                total,
                cash,
                show.value("anchor", "Anchored on", get=show.in_words),
                "negotiated",
                show.value("reason", "Why", get=show.prose),
                show.value("notes", "Notes", get=lambda notes: show.bullets(note["text"] for note in notes)),
                show.day("expires_on", "Stands until"),
                show.to("drafted_by", "Written by"),
                show.to("approved_by", "Approved by"),
            ),
        ),
    )
    empty = "No offers yet. They are written on the page of an application once the decision is to hire."
    acts = [
        Act(
            name="approve",
            label="Approve",
            rule=offers.approve,
            may=May.APPROVE_OFFERS,
            when=lambda offer: offer.status == "draft",
            done="The offer is approved. Recruiting can send it.",
        ),
        Act(
            name="send",
            label="Send to the candidate",
            rule=offers.send,
            may=May.WRITE_OFFERS,
            sure="The candidate gets the figures by mail.",
            when=lambda offer: offer.status == "approved",
            done="The offer is on its way.",
        ),
        Act(
            name="accept",
            label="They accepted",
            rule=offers.accept,
            may=May.WRITE_OFFERS,
            sure="They are hired, and the opening is filled.",
            when=lambda offer: offer.status == "sent",
            done="Hired.",
        ),
        Act(
            name="decline",
            label="They declined",
            rule=offers.decline,
            may=May.WRITE_OFFERS,
            sure="The offer ends; another one may follow.",
            when=lambda offer: offer.status == "sent",
            done="The offer has ended.",
        ),
        Act(
            name="cancel",
            label="Take back",
            rule=offers.cancel,
            may=May.WRITE_OFFERS,
            sure="The offer stands no longer. If it was sent, tell the candidate yourself.",
            when=lambda offer: offer.status in {"draft", "approved", "sent"},
            done="The offer is taken back.",
        ),
    ]
    todo = [
        Todo("offers to approve", "status__exact=draft", lambda rows: rows.filter(status="draft")),
        Todo("offers to send", "status__exact=approved", lambda rows: rows.filter(status="approved")),
        Todo("offers about to expire", "expires=soon", expiring),
    ]

    def visible(self, user: Any) -> models.QuerySet[Offer]:
        return Offer.objects.visible_to(user).select_related(
            "application__candidate", "application__opening", "drafted_by", "approved_by"
        )


@admin.register(Outcome)
class OutcomeAdmin(Noun):
    see = May.RECORD_OUTCOMES
    list_display = (
        show.value("application__candidate", "Who", order="application__candidate__name"),
        show.value("checkpoint_days", "After", order="checkpoint_days", get=lambda days: f"{days} days"),
        show.value("rating", "Rating", order="rating", get=show.in_words),
        "still_here",
        "would_hire_again",
        "recorded_by",
        show.when("created_at", "Recorded"),
    )
    list_filter = ("checkpoint_days", "still_here", "would_hire_again")
    ordering = ("-created_at", "id")
    search_fields = ("application__candidate__name",)
    search_help_text = "Name."
    page = (
        (
            None,
            (
                show.to("application", "Application"),
                show.value("checkpoint_days", "After", get=lambda days: f"{days} days"),
                show.value("rating", "Rating", get=show.in_words),
                "still_here",
                "would_hire_again",
                show.value("note", "Note", get=show.prose),
                show.to("recorded_by", "Recorded by"),
                show.when("created_at", "Recorded"),
            ),
        ),
    )
    empty = "No outcomes yet. They are recorded on the page of an application after somebody was hired."

    def visible(self, user: Any) -> models.QuerySet[Outcome]:
        return Outcome.objects.visible_to(user).select_related(
            "application__candidate", "application__opening", "recorded_by"
        )
