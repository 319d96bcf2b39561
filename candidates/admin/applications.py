"""Where they stand."""

import uuid
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from accounts import roles
from accounts.admin import reader
from candidates import applications, offers, outcomes
from candidates.admin.asks import (
    Background,
    Expectation,
    HowItWent,
    NewApplication,
    NewOffer,
    Rejection,
    Withdrawal,
)
from candidates.admin.offers import OfferRows, OutcomeRows
from candidates.models import (
    Application,
    BackgroundEntry,
    Offer,
    Outcome,
    PayExpectation,
    ToolSkill,
)
from hiring import playbooks
from hiring.models import Opening
from journal.desk import Act, Chart, Noun, Rows, Todo, by_choice, show

May = roles.May
Stage = Application.Status

stage = show.state(
    "Stage",
    wait=(Stage.NEW, Stage.APPROVED),
    good=(Stage.HIRED, Stage.OFFERED),
    bad=(Stage.REJECTED, Stage.WITHDRAWN),
)


def runs(application: Application) -> bool:
    return application.status not in Application.ENDED


class OpeningFilter(admin.SimpleListFilter):
    """One of the newest openings that this person may see."""

    title = "opening"
    parameter_name = "opening"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Opening.objects.visible_to(reader(request)).exclude(status=Opening.Status.DRAFT)
        return [(str(opening.pk), str(opening)) for opening in newest.order_by("-created_at", "id")[:30]]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        try:
            return queryset.filter(opening=uuid.UUID(self.value())) if self.value() else queryset
        except ValueError:
            return queryset.none()


class UnderWay(admin.SimpleListFilter):
    """Whether it still runs."""

    title = "under way"
    parameter_name = "under_way"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No, it has ended")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() == "yes":
            return queryset.running()  # type: ignore[attr-defined, no-any-return]
        return queryset.filter(status__in=Application.ENDED) if self.value() == "no" else queryset


@show.column("Came through", "channel")
def came_through(application: Any) -> str:
    if not application.hires:
        return show.NOTHING
    return playbooks.of(application.edition).channel(application.channel).name


@show.column("Background closest to")
def closest(application: Any) -> str:
    if not application.hires:
        return show.NOTHING
    if not application.classified_as:
        return "Not described yet"
    plan = playbooks.of(application.edition)
    titles = {plan.key: plan.title, **{neighbour.key: neighbour.title for neighbour in plan.neighbours}}
    return titles.get(application.classified_as, show.in_words(application.classified_as).capitalize())


@show.column("Because")
def because(application: Application) -> str:
    return show.bullets(application.classified_because)


@show.column("Expects")
@show.once
def expectation(application: Application) -> str:
    found = PayExpectation.objects.filter(application=application).first()
    if found is None:
        return "Not recorded"
    amount = show.money(found.amount, found.currency)
    return f"{amount}, compared with {show.in_words(found.anchor)}. {found.said}"


@show.column("How it ended")
def ending(application: Application) -> str:
    if runs(application):
        return "It is still under way"
    why = application.get_reject_reason_display() or application.get_withdraw_reason_display()
    return show.bullets(filter(None, [application.get_status_display(), why, application.closing_note]))


class ApplicationRows(Rows):
    """On an opening: who is on the way."""

    model = Application
    verbose_name_plural = "applications under way"
    empty = "Nobody yet."
    cells = (
        show.to("candidate", "Candidate"),
        show.itself("Application"),
        stage,
        show.when("status_at", "Since"),
    )

    def visible(self, user: Any) -> models.QuerySet[Application]:
        rows = Application.objects.visible_to(user).running()
        return rows.select_related("candidate", "opening").order_by("status_at", "id")


class BackgroundRows(Rows):
    model = BackgroundEntry
    verbose_name_plural = "background"
    empty = "Not described yet."
    cells = ("label", "level", "source", "evidence")

    def visible(self, user: Any) -> models.QuerySet[BackgroundEntry]:
        return BackgroundEntry.objects.select_related("application__edition").order_by("created_at", "area")

    @show.column("Area")
    def label(self, row: BackgroundEntry) -> str:
        return playbooks.of(row.application.edition).area(row.area).label


class ToolRows(Rows):
    model = ToolSkill
    verbose_name_plural = "tools"
    cells = ("label", "level", "graded")

    def visible(self, user: Any) -> models.QuerySet[ToolSkill]:
        return ToolSkill.objects.select_related("application__edition").order_by("created_at", "tool")

    @show.column("Tool")
    def label(self, row: ToolSkill) -> str:
        tools = playbooks.of(row.application.edition).tools
        return next((tool.label for tool in tools if tool.key == row.tool), row.tool)


@admin.register(Application)
class ApplicationAdmin(Noun):
    list_display = (
        show.value("candidate", "Candidate", order="candidate__name"),
        show.to("opening", "Opening"),
        stage,
        show.when("status_at", "In this stage since"),
        came_through,
        closest,
    )
    list_filter = (UnderWay, "status", OpeningFilter)
    since = "created_at"
    ordering = ("-created_at", "id")
    search_fields = ("candidate__name", "opening__title", "opening__team_name")
    search_help_text = "Candidate or opening."
    quiet = ("scorecard.opened", "scorecard.saved")
    guarded = {"expectation": May.READ_PAY}
    page = (
        (
            None,
            (
                show.to("candidate", "Candidate"),
                show.to("opening", "Opening"),
                stage,
                show.when("status_at", "In this stage since"),
                came_through,
                show.to("edition", "Playbook"),
            ),
        ),
        ("Background", (closest, because)),
        ("Pay", (expectation,)),
        ("End", (ending,)),
    )
    inlines = [BackgroundRows, ToolRows, OfferRows, OutcomeRows]
    empty = "No applications yet. Add a candidate, then let them apply for an opening."
    add = Act(
        name="add",
        label="Add an application",
        rule=applications.apply,
        may=May.WRITE_CANDIDATES,
        form=NewApplication,
        done="The application is in.",
    )
    acts = [
        Act(
            name="screen",
            label="Begin screening",
            rule=applications.screen,
            may=May.WRITE_CANDIDATES,
            when=lambda application: application.status == Stage.NEW,
            done="Screening has begun.",
        ),
        Act(
            name="describe",
            label="Describe the background",
            rule=applications.describe,
            may=May.WRITE_CANDIDATES,
            form=Background,
            when=runs,
            many=False,
            done="The background is described and compared with the neighbouring roles.",
        ),
        Act(
            name="expectation",
            label="Record what they expect",
            rule=applications.expect_pay,
            may=May.READ_PAY,
            form=Expectation,
            when=lambda application: (
                runs(application) and roles.allows(application.reader, May.WRITE_CANDIDATES)
            ),
            many=False,
            done="The expectation is recorded.",
        ),
        Act(
            name="offer",
            label="Write an offer",
            rule=offers.draft,
            may=May.WRITE_OFFERS,
            form=NewOffer,
            when=lambda application: application.status == Stage.APPROVED,
            many=False,
            done="The offer is written. Now the hiring manager approves it.",
        ),
        Act(
            name="outcome",
            label="Record how it went",
            rule=outcomes.record,
            may=May.RECORD_OUTCOMES,
            form=HowItWent,
            when=lambda application: application.status == Stage.HIRED,
            many=False,
            done="The outcome is recorded.",
        ),
        Act(
            name="reject",
            label="Reject with a reason",
            rule=applications.reject,
            may=May.REJECT_CANDIDATES,
            form=Rejection,
            when=runs,
            done="The application is rejected.",
        ),
        Act(
            name="withdraw",
            label="Withdraw",
            rule=applications.withdraw,
            may=May.WRITE_CANDIDATES,
            form=Withdrawal,
            when=runs,
            done="The application is withdrawn.",
        ),
    ]
    tells = [
        lambda application, user: [
            Offer.objects.visible_to(user).filter(application=application),
            Outcome.objects.visible_to(user).filter(application=application),
        ]
    ]
    todo = [
        Todo(
            "applications nobody has screened",
            "status__exact=new",
            lambda rows: rows.filter(status=Stage.NEW),
        ),
        Todo("offers to write", "status__exact=approved", lambda rows: rows.filter(status=Stage.APPROVED)),
    ]

    charts = [
        Chart(
            "Applications under way, by stage",
            by_choice("status", [stage for stage in Stage if stage not in Application.ENDED]),
        )
    ]

    def visible(self, user: Any) -> models.QuerySet[Application]:
        """Each row knows whether this person hires here (`hires`), or only interviews the candidate."""
        rows = Application.objects.visible_to(user).with_part_of(user)
        rows = rows.select_related("candidate", "opening", "edition__playbook")
        return rows.defer("edition__content", "edition__source")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        parts = super().get_fieldsets(request, obj)
        return parts if obj is None or obj.hires else parts[:1]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        found = super().get_inlines(request, obj)
        hidden = () if obj is None or obj.hires else (OfferRows, OutcomeRows)
        return [inline for inline in found if inline not in hidden]
