"""Flags, votes and decisions, over REST."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts import roles
from accounts.api import Choice, Input, Noun, Output, Text, verb
from accounts.api.people import PersonSerializer
from accounts.models import User
from interviews import debriefs, flags
from interviews.models import Debrief, Decision, Flag, Vote
from interviews.models.scorecards import Recommendation


class CitationSerializer(serializers.Serializer[Any]):
    """The exact source of one fact a flag rests on."""

    path = serializers.CharField()
    value = serializers.JSONField()
    kind = serializers.CharField()
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    words = serializers.CharField()


class FlagSerializer(Output):
    citations = serializers.SerializerMethodField()
    answered_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Flag
        fields = (
            "id",
            "opening",
            "application",
            "about",
            "pattern",
            "edition",
            "says",
            "citations",
            "status",
            "status_at",
            "answer",
            "answered_by",
            "created_at",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Flag]:
        fetched = Flag.objects.visible_to(reader).knowing_pay(reader).select_related("answered_by")
        return fetched.select_related("opening", "application__opening")

    @extend_schema_field(CitationSerializer(many=True))
    def get_citations(self, flag: Flag) -> Any:
        return flags.citations(flag, reader=self.context["request"].user)


class AnswerFlag(Input):
    answer = Choice(
        choices=[
            (status.value, status.label)
            for status in (Flag.Status.ACKNOWLEDGED, Flag.Status.WAIVED, Flag.Status.UPHELD)
        ]
    )
    reason = Text(max_length=20_000, allow_blank=True, help_text="Needed to waive or uphold.")


class Flags(Noun):
    serializer_class = FlagSerializer
    filterset_fields = ["opening", "application", "about", "pattern", "status"]

    answer = verb(flags.answer, AnswerFlag)


class VoteSerializer(Output):
    user = PersonSerializer()

    class Meta:
        model = Vote
        fields = ("user", "value", "reason", "created_at")


class DecisionSerializer(Output):
    decided_by = PersonSerializer()
    told = {"record": lambda reader, _row: roles.allows(reader, roles.May.READ_DEBRIEFS)}

    class Meta:
        model = Decision
        fields = ("id", "outcome", "decided_by", "reason", "against_panel", "created_at", "record")


class DebriefSerializer(Output):
    """The packet's state: the votes this reader may read, and the decision once it is made."""

    application = serializers.UUIDField(source="loop.application_id")
    votes = VoteSerializer(many=True)
    decision = serializers.SerializerMethodField()

    class Meta:
        model = Debrief
        fields = ("id", "loop", "application", "status", "status_at", "created_at", "votes", "decision")

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Debrief]:
        fetched = Debrief.objects.visible_to(reader).select_related(
            "loop__application__opening", "loop__edition", "decision__decided_by"
        )
        votes = Vote.objects.visible_to(reader).select_related("user").order_by("created_at", "id")
        return fetched.prefetch_related(Prefetch("votes", votes))

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, debrief: Debrief) -> Any:
        made = getattr(debrief, "decision", None)
        return DecisionSerializer(made, context=self.context).data if made else None


class CastVote(Input):
    value = Choice(choices=Recommendation.choices)
    reason = Text(max_length=20_000, required=False, allow_blank=True)


class Decide(Input):
    outcome = Choice(choices=Decision.Outcome.choices)
    reason = Text(max_length=20_000, required=False, allow_blank=True)


class Debriefs(Noun):
    serializer_class = DebriefSerializer
    filterset_fields = ["loop", "status"]

    vote = verb(debriefs.vote, CastVote)
    decide = verb(debriefs.decide, Decide)
