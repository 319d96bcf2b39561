"""The REST door to playbooks, openings and transition plans."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import roles
from accounts.api import (
    Choice,
    Currency,
    Input,
    Money,
    Noun,
    Output,
    Reference,
    Text,
    Whole,
    Word,
    Zone,
    creation,
    verb,
)
from accounts.api.people import PersonSerializer
from accounts.models import User
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


def reads_figures(reader: User, _row: Any) -> bool:
    """Whether they read what roles are paid at all."""
    return roles.allows(reader, roles.May.READ_PAY)


def reads_pay(reader: User, row: Any) -> bool:
    """Whether they read the pay this row tells of: only of openings they hire for (each row knows its `hires`)."""
    return bool(row.hires) and reads_figures(reader, row)


def people(_reader: User) -> QuerySet[User]:
    """Everybody who works here and still has access."""
    return User.objects.filter(kind=User.Kind.PERSON, is_active=True)


def anybody(_reader: User) -> QuerySet[User]:
    """Also who has left the company: they are taken off what they had a part in."""
    return User.objects.filter(kind=User.Kind.PERSON)


# --- playbooks and their editions ---------------------------------------------------------------------


class PlaybookSerializer(Output):
    class Meta:
        model = Playbook
        fields = ("id", "key", "title", "created_at")


class EditionSummarySerializer(Output):
    class Meta:
        model = Edition
        fields = ("id", "playbook", "number", "digest", "created_at")

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Edition]:
        return Edition.objects.visible_to(reader).defer("content", "source")


class EditionSerializer(Output):
    """A whole edition. Its figures on pay, and the file they stand in, are for those who read pay."""

    content = serializers.SerializerMethodField()
    told = {"source": reads_figures}

    class Meta:
        model = Edition
        fields = ("id", "playbook", "number", "digest", "created_at", "content", "source")

    def get_content(self, edition: Edition) -> dict[str, Any]:
        if reads_figures(self.context["request"].user, edition):
            return dict(edition.content)
        return {key: part for key, part in edition.content.items() if key != "pay"}


class PublishPlaybook(Input):
    name = Text(max_length=200, help_text="The file's name, as problems in it are reported.")
    text = Text(help_text="The playbook file: YAML.")


class Playbooks(Noun):
    noun = "openings"
    serializer_class = PlaybookSerializer
    filterset_fields = ["key"]

    def create(self, request: Request) -> Response:
        """201 with a new edition; 200 with the newest one when the file says nothing new."""
        said = self.said(PublishPlaybook)
        edition, is_new = playbooks.publish(said["text"], name=said["name"], by=self.actor, at=self.at)
        return self.shown(EditionSerializer, edition, status=201 if is_new else 200)

    create.rule, create.takes, create.answers = (  # type: ignore[attr-defined]
        playbooks.publish,
        PublishPlaybook,
        {200: EditionSerializer, 201: EditionSerializer},
    )


class Editions(Noun):
    noun = "openings"
    serializer_class = EditionSerializer
    list_serializer_class = EditionSummarySerializer
    filterset_fields = ["playbook"]


# --- openings -----------------------------------------------------------------------------------------


class TeamMemberSerializer(Output):
    user = PersonSerializer()

    class Meta:
        model = TeamMember
        fields = ("user", "part")


class PayBandSerializer(Output):
    class Meta:
        model = PayBand
        fields = ("currency", "low", "high", "anchor", "tier", "cash_percent", "negotiation_percent", "notes")


class OpeningChannelSerializer(Output):
    class Meta:
        model = OpeningChannel
        fields = ("channel", "budget", "note")


class OpeningNameSerializer(Output):
    class Meta:
        model = Opening
        fields = ("id", "title", "team_name")


class OpeningSerializer(Output):
    team = TeamMemberSerializer(many=True)
    channels = OpeningChannelSerializer(many=True)
    pay_band = serializers.SerializerMethodField()
    slack_host = serializers.CharField(
        source="slack_hook.host", default=None, allow_null=True, help_text="The chat its news are posted to."
    )
    told = {"pay_band": reads_pay, "slack_host": lambda _reader, row: bool(row.hires)}

    class Meta:
        model = Opening
        fields = (
            "id",
            "title",
            "team_name",
            "edition",
            "zone",
            "status",
            "status_at",
            "created_at",
            "opened_at",
            "filled_at",
            "facts",
            "verdict",
            "reasons",
            "against_verdict",
            "team",
            "channels",
            "pay_band",
            "slack_host",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Opening]:
        fetched = Opening.objects.visible_to(reader).annotate(hires=hires(reader, "pk"))
        fetched = fetched.select_related("edition", "pay_band", "slack_hook")
        team = TeamMember.objects.select_related("user").order_by("part", "id")
        return fetched.prefetch_related(
            Prefetch("team", team), Prefetch("channels", OpeningChannel.objects.order_by("channel"))
        )

    @extend_schema_field(PayBandSerializer(allow_null=True))
    def get_pay_band(self, opening: Opening) -> Any:
        band = getattr(opening, "pay_band", None)
        return PayBandSerializer(band, context=self.context).data if band else None


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "boolean"}], "nullable": True})
class FactValue(serializers.Field[Any, Any, Any, Any]):
    """A count, a percentage or yes/no. What it must be is for the playbook to say."""

    default_error_messages = {"invalid": "A fact is a number, true, false, or null for unknown."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, int | float) or abs(data) > 10**9:
            self.fail("invalid")
        return data


def facts() -> Any:
    return serializers.DictField(child=FactValue(), help_text="By the keys the playbook asks for.")


class DraftOpening(Input):
    title = Text(max_length=120)
    team_name = Text(max_length=120)
    edition = Reference(EditionSerializer.rows)
    facts = facts()
    zone = Zone(required=False)


class Reassess(Input):
    facts = facts()


class Assign(Input):
    user = Reference(people)
    part = Choice(choices=TeamMember.Part.choices)


class Leave(Input):
    user = Reference(anybody)
    part = Choice(choices=TeamMember.Part.choices)


class SetPay(Input):
    currency = Currency()
    low = Money(help_text="Minor units a year.")
    high = Money(help_text="Minor units a year: the ceiling.")
    anchor = Word()
    tier = Text(max_length=120)
    cash_percent = Whole()
    negotiation_percent = Whole()


class SetSlack(Input):
    address = Text(max_length=2000, help_text="Of an incoming webhook. It is never shown again.")


class ApproveOpening(Input):
    reason = Text(required=False, allow_blank=True, help_text="Needed against the readiness verdict.")


class UseChannel(Input):
    channel = Word()
    budget = Money(help_text="Minor units of the band's currency.")
    note = Text(max_length=200, required=False, allow_blank=True)


class PlanTransition(Input):
    employee = Reference(people)
    paired_with = Reference(people)
    months = Whole()
    pairing_months = Whole()
    starts_on = serializers.DateField()


class TransitionPlanSerializer(Output):
    employee = PersonSerializer()
    paired_with = PersonSerializer()

    class Meta:
        model = TransitionPlan
        fields = (
            "id",
            "opening",
            "employee",
            "paired_with",
            "months",
            "pairing_months",
            "starts_on",
            "agreed_at",
            "status",
            "status_at",
            "created_at",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[TransitionPlan]:
        return TransitionPlan.objects.visible_to(reader).select_related("employee", "paired_with")


class Openings(Noun):
    noun = "openings"
    serializer_class = OpeningSerializer
    filterset_fields = ["status", "edition"]

    create = creation(openings.draft, DraftOpening)
    reassess = verb(openings.reassess, Reassess)
    assign = verb(openings.assign, Assign)
    leave = verb(openings.leave, Leave, leaves=True)
    set_pay = verb(openings.set_pay, SetPay)
    approve = verb(openings.approve, ApproveOpening)
    use_channel = verb(openings.use_channel, UseChannel)
    set_slack = verb(openings.set_slack, SetSlack)
    clear_slack = verb(openings.clear_slack)
    test_slack = verb(openings.test_slack)
    plan_transition = verb(openings.plan_transition, PlanTransition, answers=TransitionPlanSerializer)
    close = verb(openings.close)


class TransitionPlans(Noun):
    serializer_class = TransitionPlanSerializer
    filterset_fields = ["opening", "status"]

    agree = verb(openings.agree_transition, name="agree")
    finish = verb(openings.finish_transition, name="finish")
    end = verb(openings.end_transition, name="end")
