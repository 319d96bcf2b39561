"""What is asked of people who bring candidates in, reject them, or write offers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import models

from accounts.models import zones
from candidates.models import (
    Application,
    Candidate,
    PayExpectation,
)
from candidates.models.applications import Evidence
from hiring import playbooks
from hiring.admin import anchors
from hiring.blueprint import LEVELS
from hiring.models import Opening, PayBand
from journal.desk import Ask, Part, show


def open_openings(user: Any) -> models.QuerySet[Opening]:
    """Openings that candidates may apply for."""
    return Opening.objects.visible_to(user).filter(status=Opening.Status.OPEN).order_by("-opened_at", "id")


def channel_choices(openings: models.QuerySet[Opening]) -> list[Any]:
    """The channels of these openings' playbooks; by playbook, where there are several."""
    editions = {
        opening.edition.digest: opening.edition for opening in openings.select_related("edition__playbook")
    }
    groups = [
        (str(edition.playbook), [(item.key, item.name) for item in playbooks.of(edition).channels.items])
        for edition in editions.values()
    ]
    return groups if len(groups) > 1 else [choice for _title, items in groups for choice in items]


class NewCandidate(Ask):
    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="E-mail address")
    phone = forms.CharField(max_length=40, required=False)
    zone = forms.ChoiceField(
        label="Time zone", choices=zones, initial="UTC", help_text="Invitations name times in it."
    )
    country = forms.CharField(
        max_length=10, required=False, help_text="Where they live, in two letters: DE; or with a part: US-CA."
    )
    headline = forms.CharField(max_length=200, required=False, help_text="Who they are in a line.")
    same_person_checked = forms.BooleanField(
        label="I checked: nobody we know has this address, or this is somebody else",
        required=False,
        help_text="Needed only when the address is known already.",
    )


class Correction(NewCandidate):
    intro = "Messages from now on go to the new address. The journal keeps which parts changed, not what they say."

    def prepare(self) -> None:
        for name in ("name", "email", "phone", "zone", "country", "headline"):
            self.fields[name].initial = getattr(self.row, name)


class ApplyFor(Ask):
    opening = forms.ModelChoiceField(queryset=Opening.objects.none(), empty_label=None)
    channel = forms.ChoiceField(label="Came through")

    def prepare(self) -> None:
        openings = open_openings(self.by)
        field, channel = self.fields["opening"], self.fields["channel"]
        assert isinstance(field, forms.ModelChoiceField) and isinstance(channel, forms.ChoiceField)
        field.queryset = openings
        channel.choices = channel_choices(openings)

    def explain(self) -> str:
        known = open_openings(self.by).exists()
        return (
            ""
            if known
            else "No opening is open for applications. Draft one, set its pay, and have it approved."
        )


class NewApplication(ApplyFor):
    candidate = forms.ModelChoiceField(
        queryset=Candidate.objects.none(),
        widget=AutocompleteSelect(Application.candidate.field, admin.site, attrs={"data-width": "style"}),
        help_text="Begin to type a name. Somebody new is added under Candidates first.",
    )
    field_order = ("candidate", "opening", "channel")

    def prepare(self) -> None:
        super().prepare()
        field = self.fields["candidate"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Candidate.objects.visible_to(self.by)


class Background(Ask):
    """A level with what it rests on for each area the playbook asks about, and for each tool."""

    intro = "What stays “not known” is left as it was. Unknown is never read as none."

    def prepare(self) -> None:
        plan = playbooks.of(self.row.edition)
        levels = [("", "Not known"), *((level, level.capitalize()) for level in LEVELS)]
        known = {entry.area: entry for entry in self.row.background.all()}
        used = {skill.tool: skill for skill in self.row.tools.all()}
        for area in plan.areas:
            entry = known.get(area.key)
            self.fields[f"area-{area.key}"] = forms.ChoiceField(
                label="Level",
                choices=levels,
                required=False,
                initial=entry.level if entry else "",
            )
            self.fields[f"source-{area.key}"] = forms.ChoiceField(
                label="Source",
                choices=Evidence.choices,
                required=False,
                initial=entry.source if entry else Evidence.CV,
            )
            self.fields[f"evidence-{area.key}"] = forms.CharField(
                label="What it rests on",
                required=False,
                initial=entry.evidence if entry else "",
                widget=forms.Textarea(attrs={"rows": 1}),
            )
        for tool in plan.tools:
            skill = used.get(tool.key)
            self.fields[f"tool-{tool.key}"] = forms.ChoiceField(
                label=tool.label, choices=levels, required=False, initial=skill.level if skill else ""
            )
            self.fields[f"graded-{tool.key}"] = forms.BooleanField(
                label="Somebody graded it", required=False, initial=bool(skill and skill.graded)
            )

    def parts(self) -> list[Part]:
        plan = playbooks.of(self.row.edition)
        areas = [
            Part(
                [(f"area-{area.key}", f"source-{area.key}", f"evidence-{area.key}")],
                area.label,
                area.look_for,
            )
            for area in plan.areas
        ]
        return [*areas, Part([(f"tool-{tool.key}", f"graded-{tool.key}") for tool in plan.tools], "Tools")]

    def place_of(self, field: str) -> str | None:
        return next((name for name in (f"evidence-{field}", f"tool-{field}") if name in self.fields), None)

    def answers(self) -> dict[str, Any]:
        plan, asked = playbooks.of(self.row.edition), self.cleaned_data
        return {
            "background": [
                {
                    "area": area.key,
                    "level": asked[f"area-{area.key}"],
                    "evidence": asked[f"evidence-{area.key}"],
                    "source": asked[f"source-{area.key}"],
                }
                for area in plan.areas
                if asked[f"area-{area.key}"]
            ],
            "tools": [
                {"tool": tool.key, "level": asked[f"tool-{tool.key}"], "graded": asked[f"graded-{tool.key}"]}
                for tool in plan.tools
                if asked[f"tool-{tool.key}"]
            ],
        }


class Expectation(Ask):
    amount = forms.IntegerField(label="Expects, a year", min_value=1, help_text="Whole units: 340000.")
    currency = forms.CharField(min_length=3, max_length=3, help_text="Three letters, such as USD.")
    anchor = forms.ChoiceField(label="Compares with", help_text="By whose pay they measure it.")
    said = forms.CharField(
        label="What they said",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="In short.",
    )

    def prepare(self) -> None:
        field = self.fields["anchor"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = anchors(self.row.edition)
        self.fields["currency"].initial = playbooks.of(self.row.edition).pay.currency
        known = PayExpectation.objects.filter(application=self.row).first()
        if known:
            for name in ("currency", "anchor", "said"):
                self.fields[name].initial = getattr(known, name)
            self.fields["amount"].initial = known.amount // 100

    def answers(self) -> dict[str, Any]:
        asked = self.cleaned_data
        return {**asked, "currency": asked["currency"].upper(), "amount": asked["amount"] * 100}


class Rejection(Ask):
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), *Application.RejectReason.choices])
    note = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="For the record here."
    )

    def explain(self) -> str:
        return (
            "Their interviews are cancelled and an offer is taken back. "
            "Nobody is told by mail that they are rejected."
        )


class Withdrawal(Ask):
    intro = "The candidate steps back. Their interviews are cancelled, and everybody who was invited is told."
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), *Application.WithdrawReason.choices])
    note = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="For the record here."
    )


class NewOffer(Ask):
    amount = forms.IntegerField(label="Total, a year", min_value=1, help_text="Whole units: 340000.")
    cash = forms.IntegerField(label="Of it in cash", min_value=0)
    currency = forms.CharField(min_length=3, max_length=3)
    anchor = forms.ChoiceField(label="Anchored on")
    expires_on = forms.DateField(label="Stands until", widget=forms.DateInput(attrs={"type": "date"}))
    negotiated = forms.BooleanField(
        label="Negotiated", required=False, help_text="Uses the share of the ceiling kept back for that."
    )
    reason = forms.CharField(
        label="Why it is used",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="If negotiated.",
    )

    def prepare(self) -> None:
        field = self.fields["anchor"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = anchors(self.row.edition)
        self.band = PayBand.objects.filter(opening=self.row.opening_id).first()
        if self.band:
            self.fields["currency"].initial, self.fields["anchor"].initial = (
                self.band.currency,
                self.band.anchor,
            )

    def explain(self) -> str:
        if self.band is None:
            return "The opening has no pay band yet."
        low, high = (
            show.money(self.band.low, self.band.currency),
            show.money(self.band.high, self.band.currency),
        )
        return (
            f"The band goes from {low} to {high}, of which {self.band.negotiation_percent} % is kept for "
            "negotiation. Somebody else approves the offer before it is sent."
        )

    def answers(self) -> dict[str, Any]:
        asked = self.cleaned_data
        money = {
            "amount": asked["amount"] * 100,
            "cash": asked["cash"] * 100,
            "currency": asked["currency"].upper(),
        }
        return {**asked, **money}


class HowItWent(Ask):
    intro = "Only people who were hired have outcomes; keep that in mind wherever they are compared."
    checkpoint_days = forms.TypedChoiceField(label="After", coerce=int)
    rating = forms.ChoiceField()
    still_here = forms.BooleanField(label="Still here", required=False, initial=True)
    would_hire_again = forms.BooleanField(label="Would hire again", required=False)
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def prepare(self) -> None:
        plan = playbooks.of(self.row.edition).outcomes
        days, rating = self.fields["checkpoint_days"], self.fields["rating"]
        assert isinstance(days, forms.ChoiceField) and isinstance(rating, forms.ChoiceField)
        days.choices = [(number, f"{number} days") for number in plan.checkpoints_days]
        rating.choices = [(key, show.in_words(key).capitalize()) for key in plan.scale]
