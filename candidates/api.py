"""The REST door to candidates, applications, offers and outcomes."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import CharFilter
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api import (
    Choice,
    Currency,
    Input,
    Money,
    Noun,
    Output,
    Reference,
    Rows,
    Text,
    Whole,
    Word,
    YesNo,
    Zone,
    creation,
    verb,
)
from accounts.api.people import PersonSerializer
from accounts.models import User
from candidates import applications, candidates, offers, outcomes
from candidates.models import (
    Application,
    BackgroundEntry,
    Candidate,
    Offer,
    Outcome,
    PayExpectation,
    ToolSkill,
)
from candidates.models.applications import Evidence
from candidates.permissions import may_read_contact
from hiring.api import OpeningNameSerializer, reads_pay
from hiring.blueprint import LEVELS
from hiring.models import Opening

LEVEL_CHOICES = [(level, level.capitalize()) for level in LEVELS]


# --- candidates ---------------------------------------------------------------------------------------


class CandidateNameSerializer(Output):
    class Meta:
        model = Candidate
        fields = ("id", "name", "headline")


class ContactSerializer(Output):
    class Meta:
        model = Candidate
        fields = ("email", "phone")


class CandidateSerializer(Output):
    contact = ContactSerializer(source="*")
    told = {"contact": may_read_contact, "country": may_read_contact}

    class Meta:
        model = Candidate
        fields = ("id", "name", "headline", "zone", "country", "created_at", "contact")


class AddCandidate(Input):
    name = Text(max_length=120)
    email = Text(max_length=254)
    phone = Text(max_length=60, required=False, allow_blank=True)
    zone = Zone(required=False)
    country = Text(max_length=10, required=False, allow_blank=True, help_text="Two letters: DE; or US-CA.")
    headline = Text(max_length=200, required=False, allow_blank=True)
    same_person_checked = YesNo(
        required=False,
        help_text="True: this is somebody else than the one we know with this address.",
    )


class EditCandidate(AddCandidate):
    """What is left out stays as it is."""

    name = Text(max_length=120, required=False)
    email = Text(max_length=254, required=False)


class CandidateRows(Rows):
    name = CharFilter(lookup_expr="icontains", help_text="Part of the name.")


class Candidates(Noun):
    noun = "candidates"
    serializer_class = CandidateSerializer
    filterset_class = CandidateRows

    create = creation(candidates.add, AddCandidate)
    edit = verb(candidates.edit, EditCandidate)


# --- applications -------------------------------------------------------------------------------------


class BackgroundEntrySerializer(Output):
    class Meta:
        model = BackgroundEntry
        fields = ("area", "level", "evidence", "source")


class ToolSkillSerializer(Output):
    class Meta:
        model = ToolSkill
        fields = ("tool", "level", "graded")


class PayExpectationSerializer(Output):
    amount = serializers.IntegerField(help_text="Minor units a year.")

    class Meta:
        model = PayExpectation
        fields = ("amount", "currency", "anchor", "said")


def on_team(reader: User, application: Any) -> bool:
    """Whether they hire, rather than interview, this candidate (`rows` below has worked it out)."""
    return bool(application.hires)


class ApplicationSerializer(Output):
    """Panels read who comes and with what background; what the company thinks is for those who hire."""

    candidate = CandidateNameSerializer()
    opening = OpeningNameSerializer()
    background = BackgroundEntrySerializer(many=True)
    tools = ToolSkillSerializer(many=True)
    classified_because = serializers.ListField(child=serializers.CharField())
    expectation = serializers.SerializerMethodField()
    told = {
        "channel": on_team,
        "classified_as": on_team,
        "classified_because": on_team,
        "reject_reason": on_team,
        "withdraw_reason": on_team,
        "closing_note": on_team,
        "expectation": reads_pay,
    }

    class Meta:
        model = Application
        fields = (
            "id",
            "candidate",
            "opening",
            "edition",
            "status",
            "status_at",
            "created_at",
            "background",
            "tools",
            "channel",
            "classified_as",
            "classified_because",
            "reject_reason",
            "withdraw_reason",
            "closing_note",
            "expectation",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Application]:
        seen = Application.objects.visible_to(reader).with_part_of(reader)
        fetched = seen.select_related("candidate", "opening", "expectation")
        return fetched.prefetch_related(
            Prefetch("background", BackgroundEntry.objects.order_by("area")),
            Prefetch("tools", ToolSkill.objects.order_by("tool")),
        )

    @extend_schema_field(PayExpectationSerializer(allow_null=True))
    def get_expectation(self, application: Application) -> Any:
        said = getattr(application, "expectation", None)
        return PayExpectationSerializer(said, context=self.context).data if said else None


class Apply(Input):
    candidate = Reference(Candidate.objects.visible_to)
    opening = Reference(Opening.objects.visible_to)
    channel = Word()


class DescribeArea(Input):
    area = Word()
    level = Choice(choices=LEVEL_CHOICES)
    evidence = Text(max_length=20_000)
    source = Choice(choices=Evidence.choices)  # type: ignore[assignment]


class DescribeTool(Input):
    tool = Word()
    level = Choice(choices=LEVEL_CHOICES)
    graded = YesNo(required=False)


class Describe(Input):
    background = DescribeArea(many=True)
    tools = DescribeTool(many=True, required=False)


class ExpectPay(Input):
    amount = Money(help_text="Minor units a year.")
    currency = Currency()
    anchor = Word()
    said = Text(max_length=2000, allow_blank=True)


class Reject(Input):
    reason = Choice(choices=Application.RejectReason.choices)
    note = Text(max_length=20_000, required=False, allow_blank=True)


class Withdraw(Input):
    reason = Choice(choices=Application.WithdrawReason.choices)
    note = Text(max_length=20_000, required=False, allow_blank=True)


class Applications(Noun):
    noun = "applications"
    serializer_class = ApplicationSerializer
    filterset_fields = ["opening", "candidate", "status"]

    create = creation(applications.apply, Apply)
    describe = verb(applications.describe, Describe)
    expect_pay = verb(applications.expect_pay, ExpectPay)
    screen = verb(applications.screen)
    reject = verb(applications.reject, Reject)
    withdraw = verb(applications.withdraw, Withdraw)


# --- offers and outcomes ------------------------------------------------------------------------------


class OfferSerializer(Output):
    amount = serializers.IntegerField(help_text="Total a year, minor units.")
    cash = serializers.IntegerField(help_text="The cash part of it, minor units.")
    drafted_by = PersonSerializer()
    approved_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Offer
        fields = (
            "id",
            "application",
            "amount",
            "cash",
            "currency",
            "anchor",
            "negotiated",
            "reason",
            "notes",
            "drafted_by",
            "approved_by",
            "expires_on",
            "status",
            "status_at",
            "created_at",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Offer]:
        fetched = Offer.objects.visible_to(reader).select_related("drafted_by", "approved_by")
        return fetched.select_related("application__candidate", "application__opening")


class DraftOffer(Input):
    application = Reference(Application.objects.visible_to)
    amount = Money(help_text="Total a year, minor units.")
    cash = Money(help_text="The cash part of it, minor units.")
    currency = Currency()
    anchor = Word()
    expires_on = serializers.DateField()
    negotiated = YesNo(required=False)
    reason = Text(max_length=20_000, required=False, allow_blank=True)


class Offers(Noun):
    serializer_class = OfferSerializer
    filterset_fields = ["application", "status"]

    create = creation(offers.draft, DraftOffer)
    approve = verb(offers.approve)
    send = verb(offers.send)
    accept = verb(offers.accept)
    decline = verb(offers.decline)
    cancel = verb(offers.cancel)


class OutcomeSerializer(Output):
    recorded_by = PersonSerializer()

    class Meta:
        model = Outcome
        fields = (
            "id",
            "application",
            "checkpoint_days",
            "rating",
            "still_here",
            "would_hire_again",
            "note",
            "recorded_by",
            "created_at",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Outcome]:
        return Outcome.objects.visible_to(reader).select_related("recorded_by")


class RecordOutcome(Input):
    application = Reference(Application.objects.visible_to)
    checkpoint_days = Whole()
    rating = Word()
    still_here = YesNo()
    would_hire_again = YesNo()
    note = Text(max_length=20_000, required=False, allow_blank=True)


class Outcomes(Noun):
    serializer_class = OutcomeSerializer
    filterset_fields = ["application"]

    create = creation(outcomes.record, RecordOutcome)
