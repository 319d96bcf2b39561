"""What is asked when a loop is begun and planned."""

import datetime as dt
import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.utils import timezone

from candidates.models import Application, Candidate
from interviews import limits
from interviews.admin.cells import people_in, plan_cost, plan_lines
from interviews.models import (
    Loop,
    Proposal,
)
from journal.desk import Ask, Part, show

WINDOW_ROWS = 6
URGENCY = {1: "Usual", 2: "Before the usual", 3: "First of all"}


class Windows(Ask):
    """Times the candidate offers, in the candidate's own zone."""

    def prepare(self) -> None:
        known = list(self.row.windows.order_by("starts_at")) if isinstance(self.row, Loop) else []
        self.count = max(WINDOW_ROWS, len(known) + 2)
        for number in range(self.count):
            start, end = None, None
            if number < len(known):
                zone = zoneinfo.ZoneInfo(self.candidate().zone)
                start, end = known[number].starts_at.astimezone(zone), known[number].ends_at.astimezone(zone)
            self.fields[f"day_{number}"] = forms.DateField(
                label="Day",
                required=False,
                initial=start and start.date(),
                widget=forms.DateInput(
                    attrs={"type": "date", "aria-label": f"Day {number + 1}"}, format="%Y-%m-%d"
                ),
            )
            for part, at in (("from", start), ("until", end)):
                self.fields[f"{part}_{number}"] = forms.TimeField(
                    label=part.capitalize(),
                    required=False,
                    initial=at and at.time(),
                    widget=forms.TimeInput(
                        attrs={"type": "time", "aria-label": f"{part} {number + 1}"}, format="%H:%M"
                    ),
                )

    def candidate(self) -> Candidate:
        """Whose zone the times are in."""
        found: Candidate = (
            self.row.application.candidate if isinstance(self.row, Loop) else self.row.candidate
        )
        return found

    def explain(self) -> str:
        who = self.candidate()
        return f"When can {who} come? Times are in their zone, {who.zone}. Whole free days plan best."

    def parts(self) -> list[Part]:
        times = [(f"day_{number}", f"from_{number}", f"until_{number}") for number in range(self.count)]
        others = [name for name in self.fields if name.split("_")[0] not in {"day", "from", "until"}]
        return [*([Part(others)] if others else []), Part(times, "Times they offer")]

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        for number in range(self.count):
            given = [asked.get(f"{part}_{number}") for part in ("day", "from", "until")]
            if any(part is not None for part in given) and None in given:
                self.add_error(f"day_{number}", "A time needs a day, a beginning and an end.")
        return asked

    def answers(self) -> dict[str, Any]:
        asked, zone = self.cleaned_data, zoneinfo.ZoneInfo(self.candidate().zone)
        return {
            "windows": [
                (
                    dt.datetime.combine(asked[f"day_{number}"], asked[f"from_{number}"], zone),
                    dt.datetime.combine(asked[f"day_{number}"], asked[f"until_{number}"], zone),
                )
                for number in range(self.count)
                if asked.get(f"day_{number}")
            ]
        }


class BeginLoop(Windows):
    urgency = forms.TypedChoiceField(
        label="Urgency",
        coerce=int,
        choices=list(URGENCY.items()),
        initial=1,
    )

    def answers(self) -> dict[str, Any]:
        return {**super().answers(), "urgency": self.cleaned_data["urgency"]}


class NewLoop(BeginLoop):
    application = forms.ModelChoiceField(
        queryset=Application.objects.none(),
        widget=AutocompleteSelect(Loop.application.field, admin.site, attrs={"data-width": "style"}),
        help_text="Begin to type a candidate's name. Only who is in screening goes into interviews.",
    )
    field_order = ("application", "urgency")

    def prepare(self) -> None:
        super().prepare()
        field = self.fields["application"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Application.objects.visible_to(self.by).select_related(
            "candidate", "opening", "edition"
        )

    def candidate(self) -> Candidate:
        found: Candidate = self.cleaned_data["application"].candidate
        return found

    def explain(self) -> str:
        return (
            "When can the candidate come? Times are in the candidate's own zone; whole free days plan best. "
            "Without any, ask the candidate for them on the page of the loop."
        )

    def answers(self) -> dict[str, Any]:
        return {**super().answers(), "application": self.cleaned_data["application"]}


class WhichPlan(Ask):
    intro = (
        "The first plan is the best one. Everybody in it gets an invitation, and the candidate their times."
    )
    plan = forms.ChoiceField(label="Plan", widget=forms.RadioSelect)

    def prepare(self) -> None:
        rows = self.row.proposals.filter(status=Proposal.Status.OFFERED).order_by("rank")
        offered = list(rows.select_related("swap_with__edition", "swap_with__application__candidate"))
        people = people_in(offered)
        self.plans = {str(proposal.pk): proposal for proposal in offered}
        field = self.fields["plan"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (key, show.headed(plan_cost(proposal), plan_lines(proposal, self.row.edition, people)))
            for key, proposal in self.plans.items()
        ]
        field.initial = next(iter(self.plans), None)

    def answers(self) -> dict[str, Any]:
        return {"proposal": self.plans[self.cleaned_data["plan"]]}


class BeyondLimit(Ask):
    """Only limits that are reached are on the list."""

    intro = "One interview of this loop may then exceed the limit. Who allowed it, and why, stays on record."
    which = forms.ChoiceField(label="Whose limit")
    reason = forms.CharField(
        label="Why", max_length=limits.LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3})
    )

    def prepare(self) -> None:
        self.reached = limits.reached(self.row, at=timezone.now())
        field = self.fields["which"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (f"{user.pk}:{limit}", f"{user}: {limit.label.lower()}") for user, limit in self.reached
        ]
        field.help_text = "" if self.reached else "Nobody has reached a limit on a day the candidate offers."

    def answers(self) -> dict[str, Any]:
        chosen = {f"{user.pk}:{limit}": (user, limit) for user, limit in self.reached}
        user, limit = chosen[self.cleaned_data["which"]]
        return {"user": user, "limit": limit, "reason": self.cleaned_data["reason"]}


class WhichOverride(Ask):
    which = forms.ChoiceField(label="Whose limit", widget=forms.RadioSelect)

    def prepare(self) -> None:
        rows = self.row.limit_overrides.standing().select_related("user").order_by("created_at")
        self.standing = {str(row.pk): row for row in rows}
        field = self.fields["which"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(key, str(row)) for key, row in self.standing.items()]

    def answers(self) -> dict[str, Any]:
        row = self.standing[self.cleaned_data["which"]]
        return {"user": row.user, "limit": row.limit}


class AskTimes(Ask):
    intro = "They get a private link by mail and give their times in their own zone. An earlier link stops working."
    days = forms.IntegerField(label="The link works for so many days", min_value=1, max_value=60, initial=7)


class OfferPlans(Ask):
    intro = "They get up to three plans by private link. Their people are kept free until the time is over."
    hours = forms.IntegerField(
        label="Hold the plans for so many hours", min_value=1, max_value=336, initial=48
    )
