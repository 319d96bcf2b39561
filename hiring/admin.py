"""What we want: openings with their team, pay and channels, and the playbooks they follow."""

from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import models
from django.db.models import OuterRef, Prefetch, Subquery
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict

from accounts import roles
from accounts.admin import people
from accounts.models import User, zones
from hiring import openings, playbooks
from hiring.models import (
    Edition,
    Opening,
    OpeningChannel,
    PayBand,
    Playbook,
    TeamMember,
    TransitionPlan,
    hires,
)
from hiring.permissions import manages
from journal.desk import Act, Ask, Noun, Part, Rows, Todo, show

May = roles.May
Status = Opening.Status

status = show.state(wait=("draft",), good=("open", "filled"))
verdict = show.state("Verdict", "verdict", good=("hire",), wait=("neighbour", "not_yet"))


def newest_editions() -> models.QuerySet[Edition]:
    """The edition that new openings of each playbook begin with."""
    newest = Edition.objects.filter(playbook=OuterRef("playbook")).order_by("-number").values("pk")[:1]
    return light(Edition.objects.filter(pk=Subquery(newest))).order_by("playbook__title")


def light(editions: models.QuerySet[Edition]) -> models.QuerySet[Edition]:
    """Without the two long texts, which a list does not need."""
    return editions.select_related("playbook").defer("content", "source")


def anchors(edition: Edition) -> list[tuple[str, str]]:
    """The roles a pay may be anchored on, as choices: the advised ones first, then those warned of."""
    pay = playbooks.of(edition).pay
    return [(key, show.in_words(key).capitalize()) for key in pay.anchors] + [
        (key, f"{show.in_words(key).capitalize()} (misleads here)") for key in pay.not_anchors
    ]


def person_field(relation: Any, label: str = "Person") -> "forms.ModelChoiceField[User]":
    """A colleague, found by typing. `relation` is the foreign key that will hold them."""
    return forms.ModelChoiceField(
        label=label,
        queryset=people(),
        widget=AutocompleteSelect(relation.field, admin.site, attrs={"data-width": "style"}),
        help_text="Begin to type a name.",
    )


# What people are asked


class NewOpening(Ask):
    intro = (
        "Next come the playbook's questions about the team: they tell whether the role should exist at all."
    )
    title = forms.CharField(max_length=120)
    team_name = forms.CharField(label="Team", max_length=120)
    edition = forms.ModelChoiceField(label="Playbook", queryset=Edition.objects.none(), empty_label=None)
    zone = forms.ChoiceField(label="Time zone", choices=zones, initial="UTC")

    def prepare(self) -> None:
        field = self.fields["edition"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = newest_editions()
        self.fields["zone"].initial = self.by.zone

    def answers(self) -> dict[str, Any]:
        return {**self.cleaned_data, "facts": {}}


class TeamFacts(Ask):
    intro = "Leave open what nobody knows: unknown counts neither for nor against."

    def prepare(self) -> None:
        for fact in playbooks.of(self.row.edition).readiness.facts:
            known = self.row.facts.get(fact.key)
            if fact.kind == "yes_no":
                self.fields[fact.key] = forms.TypedChoiceField(
                    label=fact.label,
                    help_text=fact.help,
                    choices=[("", "Not known"), ("yes", "Yes"), ("no", "No")],
                    coerce=lambda answer: answer == "yes",
                    empty_value=None,
                    required=False,
                    initial={True: "yes", False: "no"}.get(known, ""),
                )
            else:
                self.fields[fact.key] = forms.IntegerField(
                    label=f"{fact.label} (%)" if fact.kind == "share" else fact.label,
                    help_text=fact.help,
                    min_value=0,
                    max_value=100 if fact.kind == "share" else None,
                    required=False,
                    initial=known,
                )

    def answers(self) -> dict[str, Any]:
        return {"facts": {key: answer for key, answer in self.cleaned_data.items() if answer is not None}}


class Pay(Ask):
    currency = forms.CharField(min_length=3, max_length=3, help_text="Three letters, such as USD.")
    low = forms.IntegerField(label="From, a year", min_value=1, help_text="Whole units: 340000.")
    high = forms.IntegerField(
        label="Up to, a year", min_value=1, help_text="The ceiling, negotiation included."
    )
    anchor = forms.ChoiceField(label="Anchored on", help_text="Whose pay the band is derived from.")
    tier = forms.CharField(max_length=120, help_text="Which employers it is taken from.")
    cash_percent = forms.IntegerField(label="Cash (%)", min_value=0, max_value=100)
    negotiation_percent = forms.IntegerField(label="Kept for negotiation (%)", min_value=0, max_value=99)

    def prepare(self) -> None:
        pay = playbooks.of(self.row.edition).pay
        field = self.fields["anchor"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = anchors(self.row.edition)
        first, last = pay.negotiation_percent
        self.fields[
            "tier"
        ].help_text = f"Which employers it is taken from. The playbook's figures: {pay.tier}"
        self.fields["cash_percent"].help_text = f"The playbook advises at least {pay.min_cash_percent}."
        self.fields[
            "negotiation_percent"
        ].help_text = f"Share of the ceiling; the playbook advises {first} to {last}."
        band = PayBand.objects.filter(opening=self.row).first()
        known: dict[str, Any] = {
            "currency": pay.currency,
            "cash_percent": pay.min_cash_percent,
            "negotiation_percent": first,
        }
        if band:
            names = ("currency", "anchor", "tier", "cash_percent", "negotiation_percent")
            known = {name: getattr(band, name) for name in names}
            known |= {"low": band.low // 100, "high": band.high // 100}
        for name, first_value in known.items():
            self.fields[name].initial = first_value

    def parts(self) -> list[Part]:
        return [
            Part([("currency", "low", "high")]),
            Part(["anchor", "tier", ("cash_percent", "negotiation_percent")], "Calibration"),
        ]

    def answers(self) -> dict[str, Any]:
        asked = self.cleaned_data
        return {
            **asked,
            "currency": asked["currency"].upper(),
            "low": asked["low"] * 100,
            "high": asked["high"] * 100,
        }


class Member(Ask):
    user = person_field(TeamMember.user)
    part = forms.ChoiceField(choices=TeamMember.Part.choices)


class Leaver(Ask):
    intro = "What they did stays on record, and interviews they sit in stay theirs."
    member = forms.ModelChoiceField(label="Who leaves", queryset=TeamMember.objects.none(), empty_label=None)

    def prepare(self) -> None:
        field = self.fields["member"]
        assert isinstance(field, forms.ModelChoiceField)
        team = TeamMember.objects.filter(opening=self.row).select_related("user")
        field.queryset = team.order_by("part", "user__name")

    def answers(self) -> dict[str, Any]:
        member = self.cleaned_data["member"]
        return {"user": member.user, "part": member.part}


class Channel(Ask):
    channel = forms.ChoiceField()
    budget = forms.IntegerField(min_value=0, initial=0, help_text="Whole units of the pay band's currency.")
    note = forms.CharField(max_length=200, required=False)

    def prepare(self) -> None:
        plan = playbooks.of(self.row.edition).channels
        field = self.fields["channel"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (item.key, f"{item.rank}. {item.name}") for item in sorted(plan.items, key=lambda i: i.rank)
        ]
        self.fields["channel"].help_text = f"With room for one only: {plan.if_only_one.because}"

    def answers(self) -> dict[str, Any]:
        return {**self.cleaned_data, "budget": self.cleaned_data["budget"] * 100}


class SlackAddress(Ask):
    intro = (
        "News of the interviews are posted there: a reference and a link, never a candidate's name, an opinion or pay. "
        "The address is kept encrypted and not shown again."
    )
    address = forms.CharField(
        label="Address of the incoming webhook",
        max_length=2000,
        help_text="From the settings of your Slack app: https://hooks.slack.com/services/…",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class Approval(Ask):
    reason = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed when the team's facts do not say “hire”: why it opens all the same.",
    )

    def explain(self) -> str:
        if self.row is None:
            return "Candidates may apply from now on. Only the hiring manager of an opening can approve it."
        return (
            f"The team's facts say: {self.row.get_verdict_display().lower()}. Once it is open, candidates "
            "may apply and the facts are settled."
        )


class Transition(Ask):
    intro = "An employee grows into the role instead of a hire. It runs only once they say that they want it."
    employee = person_field(TransitionPlan.employee, "Employee")
    paired_with = person_field(TransitionPlan.paired_with, "Paired with")
    months = forms.IntegerField(label="Months in all", min_value=1)
    pairing_months = forms.IntegerField(label="Months paired", min_value=0)
    starts_on = forms.DateField(label="Starts on", widget=forms.DateInput(attrs={"type": "date"}))

    def prepare(self) -> None:
        plan = playbooks.of(self.row.edition).readiness.transition
        self.fields["months"].help_text = f"The playbook says {plan.months[0]} to {plan.months[1]}."
        low, high = plan.pairing_months
        self.fields["pairing_months"].help_text = f"{low} to {high}, with {plan.pairing.lower()}."


class PlaybookFile(Ask):
    intro = "What began with an earlier edition keeps it. The same content again makes no new edition."
    file = forms.FileField(label="File (YAML)", required=False)
    text = forms.CharField(
        label="Or its text", required=False, widget=forms.Textarea(attrs={"rows": 20, "class": "desk-code"})
    )

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        file = asked.get("file")
        if file:
            try:
                asked["text"] = file.read().decode()
            except UnicodeDecodeError:
                self.add_error("file", "A playbook is a text file in UTF-8.")
            # A refused file is still there to be mended: browsers do not send a file twice.
            self.data = {**cast(QueryDict, self.data).dict(), "text": asked.get("text", "")}
        if not asked.get("text", "").strip() and not self.errors:
            self.add_error("file", "Choose a file, or put its text below.")
        return asked

    def answers(self) -> dict[str, Any]:
        file = self.cleaned_data.get("file")
        return {"text": self.cleaned_data["text"], "name": file.name if file else "The playbook"}


# Openings


@show.column("Why")
def why(opening: Opening) -> str:
    if not opening.reasons:
        return playbooks.of(opening.edition).readiness.otherwise
    plan = playbooks.of(opening.edition)
    said = []
    for reason in opening.reasons:
        weight = "" if reason["counted"] else " Outweighed by another reason."
        source = plan.source(reason["source"]) if reason["source"] else None
        said.append(
            f"{reason['because']}{weight}{f' ({source.title}, {source.published})' if source else ''}"
        )
    return show.bullets(said)


@show.column("Team facts")
def team_facts(opening: Opening) -> str:
    asked = playbooks.of(opening.edition).readiness.facts
    known = ((fact, opening.facts.get(fact.key)) for fact in asked)
    return show.facts((fact.label, _stated(fact.kind, answer)) for fact, answer in known)


def _stated(kind: str, answer: Any) -> str:
    if answer is None:
        return "Not known"
    if kind == "yes_no":
        return show.yes_no(answer)
    return f"{answer} %" if kind == "share" else str(answer)


@show.column("Hiring manager")
def manager(opening: Opening) -> str:
    parts = [member for member in opening.team.all() if member.part == TeamMember.Part.HIRING_MANAGER]
    return str(parts[0].user) if parts else show.NOTHING


@show.column("Pay band")
def pay_band(opening: Any) -> str:
    if not opening.hires:
        return show.NOTHING
    band = getattr(opening, "pay_band", None)
    if band is None:
        return "Not set"
    return f"{show.money(band.low, band.currency)} – {band.high / 100:,.0f}"


@show.column("News go to")
def slack(opening: Any) -> str:
    hook = getattr(opening, "slack_hook", None)
    if not opening.hires:
        return show.NOTHING
    return f"Slack ({hook.host})" if hook else "No Slack channel"


@show.column("From")
def band_from(band: PayBand) -> str:
    return show.money(band.low, band.currency)


@show.column("Up to")
def band_to(band: PayBand) -> str:
    return show.money(band.high, band.currency)


class TeamRows(Rows):
    model = TeamMember
    verbose_name_plural = "team"
    empty = "Nobody yet. Add the hiring manager first: they approve the opening."
    cells = (show.to("user", "Person"), "part")

    def visible(self, user: Any) -> models.QuerySet[TeamMember]:
        return TeamMember.objects.select_related("user").order_by("part", "user__name")


class PayRows(Rows):
    model = PayBand
    see = May.READ_PAY
    verbose_name_plural = "pay band"
    empty = "Not set yet. An opening needs one before it can be approved."
    cells = (
        band_from,
        band_to,
        show.value("anchor", "Anchored on", get=show.in_words),
        "tier",
        show.value("cash_percent", "Cash", get=lambda share: f"{share} %"),
        show.value("negotiation_percent", "For negotiation", get=lambda share: f"{share} %"),
        show.value("notes", "Notes", get=lambda notes: show.bullets(note["text"] for note in notes)),
    )


class ChannelRows(Rows):
    model = OpeningChannel
    verbose_name_plural = "channels"
    empty = "None in use yet."
    cells = ("name", "spend", "note")

    def visible(self, user: Any) -> models.QuerySet[OpeningChannel]:
        return OpeningChannel.objects.select_related("opening__edition").order_by("channel")

    @show.column("Channel")
    def name(self, row: OpeningChannel) -> str:
        return playbooks.of(row.opening.edition).channel(row.channel).name

    @show.column("Budget")
    def spend(self, row: OpeningChannel) -> str:
        return f"{row.budget / 100:,.0f}" if row.budget else show.NOTHING


class TransitionRows(Rows):
    model = TransitionPlan
    verbose_name_plural = "transitions instead of a hire"
    cells = (
        show.itself("Plan"),
        show.state(wait=("proposed",), good=("running", "done")),
        "months",
        show.day("starts_on", "Starts"),
    )

    def visible(self, user: Any) -> models.QuerySet[TransitionPlan]:
        return TransitionPlan.objects.visible_to(user).select_related("employee").order_by("created_at")


@admin.register(Opening)
class OpeningAdmin(Noun):
    list_display = (
        "title",
        "team_name",
        status,
        verdict,
        manager,
        pay_band,
        show.when("opened_at", "Opened"),
    )
    list_filter = ("status", "verdict", ("edition__playbook", admin.RelatedOnlyFieldListFilter))
    since = "created_at"
    ordering = ("-created_at", "id")
    search_fields = ("title", "team_name")
    search_help_text = "Title or team."
    guarded = {"pay_band": May.READ_PAY}
    page = (
        (
            None,
            (
                "title",
                "team_name",
                status,
                show.to("edition", "Playbook"),
                show.value("zone", "Time zone"),
                show.value("auto_confirm", "Best plans booked unasked", get=show.yes_no),
                slack,
            ),
        ),
        ("Should it exist?", (verdict, why, team_facts, "against_verdict")),
        (
            "Dates",
            (
                show.when("created_at", "Drafted"),
                show.when("opened_at", "Opened"),
                show.when("filled_at", "Filled"),
            ),
        ),
    )
    inlines = [TeamRows, PayRows, ChannelRows, TransitionRows]
    empty = (
        "No openings yet. Draft the first one: the playbook's questions tell whether the role should exist."
    )
    add = Act(
        name="draft",
        label="Draft an opening",
        rule=openings.draft,
        may=May.WRITE_OPENINGS,
        form=NewOpening,
        done="The opening is drafted. Now answer what the playbook asks about the team.",
    )
    acts = [
        Act(
            name="facts",
            label="Answer the team's questions",
            rule=openings.reassess,
            may=May.WRITE_OPENINGS,
            form=TeamFacts,
            when=lambda opening: opening.status == Status.DRAFT,
            many=False,
            done="The facts are weighed anew.",
        ),
        Act(
            name="team",
            label="Add to the team",
            rule=openings.assign,
            may=May.WRITE_OPENINGS,
            form=Member,
            done="They are on the team.",
        ),
        Act(
            name="leave",
            label="Take off the team",
            rule=openings.leave,
            may=May.WRITE_OPENINGS,
            form=Leaver,
            many=False,
            done="They are off the team.",
        ),
        Act(
            name="pay",
            label="Set pay",
            rule=openings.set_pay,
            may=May.READ_PAY,
            form=Pay,
            when=lambda opening: opening.status in {Status.DRAFT, Status.OPEN},
            many=False,
            done="The pay band is set.",
        ),
        Act(
            name="channel",
            label="Use a channel",
            rule=openings.use_channel,
            may=May.WRITE_OPENINGS,
            form=Channel,
            when=lambda opening: opening.status in {Status.DRAFT, Status.OPEN},
            many=False,
            done="The channel is in use.",
        ),
        Act(
            name="approve",
            label="Approve",
            rule=openings.approve,
            may=May.APPROVE_OPENINGS,
            form=Approval,
            when=lambda opening: opening.status == Status.DRAFT and manages(opening.reader, opening),
            done="The opening is open: candidates may apply.",
        ),
        Act(
            name="auto_confirm",
            label="Book best plans unasked",
            rule=partial(openings.set_auto_confirm, on=True),
            may=May.SCHEDULE_LOOPS,
            when=lambda opening: opening.status in {Status.DRAFT, Status.OPEN} and not opening.auto_confirm,
            done="From now on the best plan of each loop is booked without asking.",
        ),
        Act(
            name="ask_first",
            label="Ask before booking",
            rule=partial(openings.set_auto_confirm, on=False),
            may=May.SCHEDULE_LOOPS,
            when=lambda opening: opening.auto_confirm,
            done="From now on somebody chooses each loop's plan.",
        ),
        Act(
            name="slack",
            label="Post news to Slack",
            rule=openings.set_slack,
            may=May.CONNECT_SLACK,
            form=SlackAddress,
            done="News of this opening go there from now on. Send a test message to see it arrive.",
        ),
        Act(
            name="slack_test",
            label="Send a test message to Slack",
            rule=openings.test_slack,
            may=May.CONNECT_SLACK,
            when=lambda opening: hasattr(opening, "slack_hook"),
            many=False,
            done="The test message is on its way. If it does not arrive, look under Messages.",
        ),
        Act(
            name="slack_off",
            label="Stop posting to Slack",
            rule=openings.clear_slack,
            may=May.CONNECT_SLACK,
            when=lambda opening: hasattr(opening, "slack_hook"),
            done="Nothing is posted any more, and the address is forgotten.",
        ),
        Act(
            name="transition",
            label="Plan a transition instead",
            rule=openings.plan_transition,
            may=May.WRITE_OPENINGS,
            form=Transition,
            when=lambda opening: opening.status in {Status.DRAFT, Status.OPEN},
            many=False,
            done="The transition is proposed. The employee is asked next.",
        ),
        Act(
            name="fill",
            label="Mark as filled",
            rule=openings.fill,
            may=May.WRITE_OPENINGS,
            sure="An accepted offer does this by itself. Do it here only when somebody came another way.",
            when=lambda opening: opening.status == Status.OPEN,
            done="The place is taken.",
        ),
        Act(
            name="close",
            label="Close the opening",
            rule=openings.close,
            may=May.WRITE_OPENINGS,
            sure="Nobody is looked for any more. A closed opening stays closed.",
            when=lambda opening: opening.status != Status.CLOSED,
            done="The opening is closed.",
        ),
    ]
    tells = [lambda opening, user: [TransitionPlan.objects.visible_to(user).filter(opening=opening)]]
    todo = [Todo("openings in draft", "status__exact=draft", lambda rows: rows.filter(status="draft"))]

    def visible(self, user: Any) -> models.QuerySet[Opening]:
        team = TeamMember.objects.select_related("user")
        rows = Opening.objects.visible_to(user).annotate(hires=hires(user, "pk"))
        rows = rows.select_related("edition__playbook", "pay_band", "slack_hook")
        return rows.defer("edition__content", "edition__source").prefetch_related(Prefetch("team", team))

    def after(
        self, request: HttpRequest, act: Act, row: models.Model | None, result: Any
    ) -> HttpResponseBase:
        answer = super().after(request, act, row, result)
        if row is None:
            facts_next = next(act for act in self.acts if act.name == "facts")
            return HttpResponseRedirect(self.act_address(result, facts_next))
        return answer


@admin.register(TransitionPlan)
class TransitionPlanAdmin(Noun):
    list_display = (
        "employee",
        show.to("opening", "Opening"),
        show.state(wait=("proposed",), good=("running", "done")),
        "months",
        "paired_with",
        show.day("starts_on", "Starts"),
    )
    list_filter = ("status",)
    ordering = ("-created_at", "id")
    search_fields = ("employee__name", "opening__title")
    search_help_text = "Employee or opening."
    page = (
        (
            None,
            (
                show.to("employee", "Employee"),
                show.to("opening", "Opening"),
                show.state(wait=("proposed",), good=("running", "done")),
                "months",
                "pairing_months",
                show.to("paired_with", "Paired with"),
                show.day("starts_on", "Starts"),
                show.when("agreed_at", "Agreed"),
            ),
        ),
    )
    empty = "No transitions yet. They are planned on the page of an opening."
    acts = [
        Act(
            name="agree",
            label="I want this",
            rule=openings.agree_transition,
            when=lambda plan: (
                plan.status == TransitionPlan.Status.PROPOSED and plan.reader.pk == plan.employee_id
            ),
            sure="Only the employee says this, and nobody for them.",
            many=False,
            done="The transition runs.",
        ),
        Act(
            name="finish",
            label="They have grown into the role",
            rule=openings.finish_transition,
            may=May.WRITE_OPENINGS,
            when=lambda plan: plan.status == TransitionPlan.Status.RUNNING,
            done="The transition is done.",
        ),
        Act(
            name="end",
            label="End early",
            rule=openings.end_transition,
            sure="The plan ends here. Another one can be made on the page of the opening.",
            when=lambda plan: (
                plan.status in {TransitionPlan.Status.PROPOSED, TransitionPlan.Status.RUNNING}
                and (plan.reader.pk == plan.employee_id or roles.allows(plan.reader, May.WRITE_OPENINGS))
            ),
            done="The transition has ended.",
        ),
    ]

    def visible(self, user: Any) -> models.QuerySet[TransitionPlan]:
        return TransitionPlan.objects.visible_to(user).select_related("employee", "paired_with", "opening")


# Playbooks


class EditionRows(Rows):
    model = Edition
    cells = (
        show.itself("Edition"),
        show.to("published_by", "Published by"),
        show.when("created_at", "Published"),
    )

    def visible(self, user: Any) -> models.QuerySet[Edition]:
        return light(Edition.objects.visible_to(user).select_related("published_by")).order_by("-number")


PUBLISH = Act(
    name="publish",
    label="Publish an edition",
    rule=playbooks.publish,
    may=May.PUBLISH_PLAYBOOKS,
    form=PlaybookFile,
    done="The edition is published.",
)


@admin.register(Playbook)
class PlaybookAdmin(Noun):
    list_display = ("title", "key", show.when("created_at", "Since"))
    ordering = ("title",)
    search_fields = ("title", "key")
    page = ((None, ("title", "key")),)
    inlines = [EditionRows]
    add = PUBLISH
    empty = "No playbooks yet. Publish one from a file; one for MLOps engineers comes with the product."

    def after(
        self, request: HttpRequest, act: Act, row: models.Model | None, result: Any
    ) -> HttpResponseBase:
        return super().after(request, act, row, result[0])


@show.column("In short")
def summary(edition: Edition) -> str:
    plan = playbooks.of(edition)
    blocks = (f"{block.title}, {block.minutes} minutes" for block in plan.blocks)
    return show.facts(
        [
            ("Role", plan.title),
            ("What it is", plan.summary),
            ("Interviews", show.bullets(blocks)),
            ("Channels", ", ".join(item.name for item in plan.channels.items)),
            ("Warning signs", show.bullets(pattern.title for pattern in plan.patterns)),
        ]
    )


@show.column("File")
def source(edition: Edition) -> str:
    return show.code(edition.source)


@admin.register(Edition)
class EditionAdmin(Noun):
    list_display = ("playbook", "number", "published_by", show.when("created_at", "Published"))
    list_display_links = ("playbook", "number")
    list_filter = ("playbook",)
    ordering = ("-created_at", "id")
    search_fields = ("playbook__title",)
    page = (
        (
            None,
            (
                show.to("playbook", "Playbook"),
                "number",
                show.to("published_by", "Published by"),
                show.when("created_at", "Published"),
                summary,
                source,
                "digest",
            ),
        ),
    )
    guarded = {"source": May.READ_PAY}  # it holds the figures on pay
    add = PUBLISH
    empty = PlaybookAdmin.empty

    def visible(self, user: Any) -> models.QuerySet[Edition]:
        return light(Edition.objects.visible_to(user).select_related("published_by"))

    def after(
        self, request: HttpRequest, act: Act, row: models.Model | None, result: Any
    ) -> HttpResponseBase:
        return super().after(request, act, row, result[0])
