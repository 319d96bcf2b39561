"""Loops: from the first times to the booked plan."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import roles
from accounts.admin import reader
from accounts.models import User
from candidates.admin import OpeningFilter
from candidates.models import Application
from interviews import availability, debriefs, limits, loops, schedules, selfservice
from interviews.admin.cells import (
    block_link,
    interview_state,
    loop_state,
    panel,
    people_in,
    plan_cost,
    plan_lines,
    times,
    with_panel,
)
from interviews.admin.planning import (
    URGENCY,
    AskTimes,
    BeyondLimit,
    NewLoop,
    OfferPlans,
    WhichOverride,
    WhichPlan,
    Windows,
)
from interviews.models import (
    CandidateLink,
    CandidateWindow,
    Debrief,
    Interview,
    LimitOverride,
    Loop,
    Proposal,
    Scorecard,
    Seat,
)
from interviews.scheduling import Explanation
from journal.desk import Act, Ask, Chart, Noun, Rows, Todo, by_choice, show, tally
from journal.errors import Refused

May = roles.May


def _begin(*, application: Application, **answers: Any) -> Loop:
    return loops.begin(application, **answers)


def _propose(loop: Loop, *, by: User, at: dt.datetime) -> Loop:
    """Find plans; when nothing fits, say why in the way a refusal does."""
    _refuse_unfit(schedules.propose(loop, by=by, at=at))
    return loop


def _refuse_unfit(found: list[Proposal] | Explanation) -> None:
    """Say why nothing fits in the way a refusal does. (That it was tried is on record all the same.)"""
    if isinstance(found, Explanation):
        said = [reason.text for reason in found.reasons] + [f"It would fit {fix.text}" for fix in found.fixes]
        raise Refused("No plan fits.", code="unschedulable", details=[{"problem": text} for text in said])


def _confirm_best(loop: Loop, *, by: User, at: dt.datetime) -> Loop:
    best = loop.proposals.filter(status=Proposal.Status.OFFERED).order_by("rank").first()
    if best is None:
        raise Refused("This loop has no plan to book. Find plans first.", code="no_plan")
    return schedules.confirm(best, by=by, at=at)


def _confirm(loop: Loop, *, proposal: Proposal, by: User, at: dt.datetime) -> Loop:
    return schedules.confirm(proposal, by=by, at=at)


class WindowRows(Rows):
    model = CandidateWindow
    verbose_name_plural = "times the candidate offers"
    empty = "None."
    cells = (times,)
    ordering = ("starts_at",)


class InterviewRows(Rows):
    model = Interview
    verbose_name_plural = "interviews"
    empty = "None yet. Find plans, then book one."
    cells = (block_link, times, interview_state, "panel")

    def visible(self, user: Any) -> models.QuerySet[Interview]:
        return with_panel(Interview.objects.visible_to(user)).order_by("starts_at", "id")

    @show.column("Panel")
    def panel(self, row: Interview) -> str:
        return panel(row)


class ProposalRows(Rows):
    model = Proposal
    fk_name = "loop"
    verbose_name_plural = "plans on offer"
    cells = ("rank", "cost", "lines", show.when("created_at", "Made"))

    def visible(self, user: Any) -> models.QuerySet[Proposal]:
        rows = Proposal.objects.visible_to(user).filter(status=Proposal.Status.OFFERED).order_by("rank")
        return rows.select_related(
            "loop__edition",
            "loop__application__candidate",
            "loop__application__opening",
            "swap_with__edition",
            "swap_with__application__candidate",
        )

    @show.column("What it costs")
    def cost(self, row: Proposal) -> str:
        return plan_cost(row)

    @show.column("Plan")
    def lines(self, row: Proposal) -> str:
        if not hasattr(self, "people"):  # one page, one look-up
            self.people = people_in(list(row.loop.proposals.filter(status=Proposal.Status.OFFERED)))
        return show.bullets(plan_lines(row, row.loop.edition, self.people))


class OverrideRows(Rows):
    model = LimitOverride
    see = May.SCHEDULE_LOOPS
    verbose_name_plural = "limits that do not hold for this loop"
    cells = (
        show.to("user", "Person"),
        "limit",
        show.value("reason", "Why", get=show.prose),
        show.to("by", "Allowed by"),
        show.when("created_at", "Since"),
        show.when("withdrawn_at", "Withdrawn"),
    )

    def visible(self, user: Any) -> models.QuerySet[LimitOverride]:
        return LimitOverride.objects.select_related("user", "by").order_by("created_at", "id")


def _offer_plans(loop: Loop, *, hours: int, by: User, at: dt.datetime) -> Loop:
    _refuse_unfit(selfservice.offer_plans(loop, hours=hours, by=by, at=at))
    return loop


def _end_links(loop: Loop, *, by: User, at: dt.datetime) -> Loop:
    for link in CandidateLink.objects.usable(at).filter(loop=loop).order_by("created_at"):
        selfservice.revoke(link, by=by, at=at)
    return loop


@show.column("State")
def link_state(link: CandidateLink) -> str:
    if link.revoked_at:
        return show.badge("Ended")
    return show.badge("Works", "good") if link.expires_at > timezone.now() else show.badge("Expired")


class LinkRows(Rows):
    """The candidate's private links: never the address itself."""

    model = CandidateLink
    see = May.SCHEDULE_LOOPS
    verbose_name_plural = "the candidate's links"
    cells = (
        "purpose",
        link_state,
        show.when("expires_at", "Until"),
        show.when("last_used_at", "Last used"),
        show.value("note", "What they wrote", get=show.prose),
    )

    def visible(self, user: Any) -> models.QuerySet[CandidateLink]:
        rows = CandidateLink.objects.select_related(
            "loop__application__candidate", "loop__application__opening"
        )
        return rows.order_by("-created_at")


class LoopRows(Rows):
    """On an application."""

    model = Loop
    verbose_name_plural = "loops"
    empty = "None yet. A loop begins once they are in screening."
    cells = (show.itself("Loop"), loop_state, show.when("status_at", "Since"))

    def visible(self, user: Any) -> models.QuerySet[Loop]:
        rows = Loop.objects.visible_to(user).select_related("application__candidate", "application__opening")
        return rows.order_by("created_at")


class LoopOpening(OpeningFilter):
    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if not self.value():
            return queryset
        applications = Application.objects.visible_to(reader(request))
        return queryset.filter(application__in=super().queryset(request, applications))


def parts_of_loop(loop: Loop, user: Any) -> list[Any]:
    """Everything that belongs to a loop and has events of its own. Which may be read is asked afterwards."""
    return [
        Interview.objects.filter(loop=loop),
        Seat.objects.filter(interview__loop=loop),
        Scorecard.objects.filter(seat__interview__loop=loop),
        Debrief.objects.visible_to(user).filter(loop=loop),
    ]


class NewFeed(Ask):
    intro = "A private address, for you alone, to which your calendar program subscribes. “My calendars” ends it again."
    shows = forms.ChoiceField(
        choices=[("busy", "Times only"), ("all", "With title, candidate and link")], widget=forms.RadioSelect
    )

    def answers(self) -> dict[str, Any]:
        return {"busy_only": self.cleaned_data["shows"] == "busy"}


@dataclass(frozen=True)
class FeedAddress:
    """The result of making a feed: shown once."""

    address: str


def _open_feed(loop: Loop, *, busy_only: bool, by: User, at: dt.datetime) -> FeedAddress:
    token = availability.open_feed(by, loop=loop, busy_only=busy_only, by=by, at=at)
    return FeedAddress(availability.address_of(token))


BEGUN = "The loop is begun. Now find plans and book one."


@admin.register(Loop)
class LoopAdmin(Noun):
    list_display = (
        show.value("application__candidate", "Candidate", order="application__candidate__name"),
        show.to("application__opening", "Opening"),
        loop_state,
        show.when("status_at", "Since"),
        "plans",
        show.value("urgency", "Urgency", order="urgency", get=URGENCY.get),
    )
    quiet = ("scorecard.opened", "scorecard.saved")
    list_filter = ("status", LoopOpening)
    since = "created_at"
    ordering = ("-created_at", "id")
    search_fields = ("application__candidate__name", "application__opening__title")
    search_help_text = "Candidate or opening."
    page = (
        (
            None,
            (
                show.to("application", "Application"),
                loop_state,
                show.when("status_at", "Since"),
                show.value("urgency", "Urgency", get=URGENCY.get),
                show.value("application__candidate__zone", "Candidate's zone"),
                show.to("edition", "Playbook"),
                "still_owed",
            ),
        ),
    )
    inlines = [ProposalRows, InterviewRows, WindowRows, OverrideRows, LinkRows]
    empty = "No loops yet. A loop begins on the page of an application that was screened."
    add = Act(
        name="begin", label="Begin a loop", rule=_begin, may=May.SCHEDULE_LOOPS, form=NewLoop, done=BEGUN
    )
    acts = [
        Act(
            name="propose",
            label="Find plans",
            rule=_propose,
            may=May.SCHEDULE_LOOPS,
            when=lambda loop: loop.status in {"waiting", "broken"},
            done="Plans are found: choose one.",
        ),
        Act(
            name="confirm_best",
            label="Book the best plan",
            rule=_confirm_best,
            may=May.SCHEDULE_LOOPS,
            when=lambda loop: loop.plans > 0,
            done="The loop is booked. Everybody is invited.",
        ),
        Act(
            name="confirm",
            label="Choose a plan",
            rule=_confirm,
            may=May.SCHEDULE_LOOPS,
            form=WhichPlan,
            when=lambda loop: loop.plans > 1,
            many=False,
            done="The loop is booked. Everybody is invited.",
        ),
        Act(
            name="windows",
            label="Set the candidate's times",
            rule=loops.offer_windows,
            may=May.SCHEDULE_LOOPS,
            form=Windows,
            when=lambda loop: loop.status in {"waiting", "confirmed", "broken"},
            many=False,
            done="The times are set. Earlier plans are out of date.",
        ),
        Act(
            name="override_limit",
            label="Exceed a limit",
            rule=limits.override,
            may=May.OVERRIDE_LIMITS,
            form=BeyondLimit,
            when=lambda loop: loop.status in {"waiting", "broken"},
            many=False,
            done="The limit does not hold for this loop. Find plans again.",
        ),
        Act(
            name="withdraw_override",
            label="Let a limit hold again",
            rule=limits.withdraw,
            may=May.OVERRIDE_LIMITS,
            form=WhichOverride,
            when=lambda loop: loop.status in {"waiting", "broken"} and loop.overrides > 0,
            many=False,
            done="The limit holds again. Plans on offer are out of date.",
        ),
        Act(
            name="ask_times",
            label="Ask the candidate for times",
            rule=selfservice.ask_availability,
            may=May.SCHEDULE_LOOPS,
            form=AskTimes,
            when=lambda loop: loop.status in {"waiting", "broken"},
            done="The candidate is asked by mail.",
        ),
        Act(
            name="offer_plans",
            label="Let the candidate choose",
            rule=_offer_plans,
            may=May.SCHEDULE_LOOPS,
            form=OfferPlans,
            when=lambda loop: loop.status in {"waiting", "broken"},
            done="The candidate chooses by mail; the plans are held for them.",
        ),
        Act(
            name="end_links",
            label="End the candidate's links",
            rule=_end_links,
            may=May.SCHEDULE_LOOPS,
            sure="Do this when a link was passed on. Ask again to send a new one.",
            when=lambda loop: CandidateLink.objects.usable(timezone.now()).filter(loop=loop).exists(),
            done="The links work no longer.",
        ),
        Act(
            name="feed",
            label="Subscribe in my calendar",
            rule=_open_feed,
            form=NewFeed,
            when=lambda loop: (
                loop.status not in {"waiting", "cancelled"} and availability.runs(loop.reader, loop)
            ),
            many=False,
        ),
        Act(
            name="debrief",
            label="Open the debrief",
            rule=debriefs.open_debrief,
            may=May.RUN_DEBRIEFS,
            when=lambda loop: loop.status in {"confirmed", "broken", "held"} and not hasattr(loop, "debrief"),
            done="The debrief is open: the cards can be read.",
        ),
        Act(
            name="cancel",
            label="Call off",
            rule=loops.cancel,
            may=May.SCHEDULE_LOOPS,
            sure="All interviews to come are cancelled, and everybody who was invited is told.",
            when=lambda loop: loop.status in {"waiting", "confirmed", "broken"},
            done="The loop is called off.",
        ),
    ]
    tells = [parts_of_loop]
    todo = [
        Todo("loops need repair", "status__exact=broken", lambda rows: rows.filter(status="broken")),
        Todo("loops wait to be booked", "status__exact=waiting", lambda rows: rows.filter(status="waiting")),
    ]

    charts = [
        Chart(
            "Loops to come, by state",
            by_choice("status", [Loop.Status.WAITING, Loop.Status.BROKEN, Loop.Status.CONFIRMED]),
        )
    ]

    def after(
        self, request: HttpRequest, act: Act, row: models.Model | None, result: Any
    ) -> HttpResponseBase:
        if not isinstance(result, FeedAddress):
            return super().after(request, act, row, result)
        return self.shown_once(
            request,
            title="Your feed of this loop",
            about=str(row),
            secret=result.address,
            how="Paste it where your calendar program subscribes to a calendar by its address. Whoever has the address "
            "reads the feed: if it gets into wrong hands, end it under “My calendars” and make another.",
            then=(show.page_of(row) if row else None) or "",
        )

    def visible(self, user: Any) -> models.QuerySet[Loop]:
        offered = tally(Proposal.objects.filter(status=Proposal.Status.OFFERED), "loop")
        rows = Loop.objects.visible_to(user).annotate(
            plans=offered, overrides=tally(LimitOverride.objects.standing(), "loop")
        )
        rows = rows.select_related("application__candidate", "application__opening", "edition__playbook")
        return rows.defer("edition__content", "edition__source")

    @show.column("Plans on offer", "plans")
    def plans(self, loop: Any) -> int:
        return int(loop.plans)

    @show.column("Until a decision")
    @show.once
    def still_owed(self, loop: Loop) -> str:
        if loop.status == Loop.Status.CANCELLED:
            return show.NOTHING
        return show.bullets(debriefs.owed(loop), empty="Nothing is missing")
