"""Scorecards over REST. See Note [Blind until submitted] in models/scorecards.py."""

from typing import Any

from django.db.models import QuerySet
from django_filters import UUIDFilter
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Choice, Input, Noun, Output, Rows, Text, Whole, Word, YesNo, verb
from accounts.api.people import PersonSerializer
from accounts.models import User
from interviews import scorecards
from interviews.models import IncidentStory, Rating, Scorecard, SegmentTime, Version
from interviews.models.scorecards import Recommendation, Specificity


class ScorecardSummarySerializer(Output):
    """That there is a card one may read; not what it says."""

    author = PersonSerializer(source="seat.user")
    interview = serializers.UUIDField(source="seat.interview_id")
    loop = serializers.UUIDField(source="seat.interview.loop_id")
    block = serializers.CharField(source="seat.interview.block")

    class Meta:
        model = Scorecard
        fields = ("id", "seat", "author", "interview", "loop", "block", "status", "status_at", "created_at")

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Scorecard]:
        return Scorecard.objects.visible_to(reader).select_related(
            "seat__user", "seat__interview__loop__edition"
        )


class RatingSerializer(Output):
    class Meta:
        model = Rating
        fields = ("signal", "value", "evidence")


class SegmentTimeSerializer(Output):
    class Meta:
        model = SegmentTime
        fields = ("segment", "minutes", "skipped")


class IncidentStorySerializer(Output):
    class Meta:
        model = IncidentStory
        fields = ("segment", "position", *scorecards.STORY_TEXTS, *scorecards.STORY_PARTS)


class VersionNoteSerializer(Output):
    class Meta:
        model = Version
        fields = ("number", "submitted_at", "after_reveal", "amended_because")


class VersionSerializer(Output):
    ratings = RatingSerializer(many=True)
    segments = SegmentTimeSerializer(many=True)
    stories = IncidentStorySerializer(many=True)

    class Meta:
        model = Version
        fields = (
            "number",
            "overall",
            "confidence",
            "notes",
            "no_story_because",
            "saved_at",
            "submitted_at",
            "after_reveal",
            "amended_because",
            "ratings",
            "segments",
            "stories",
        )


class ScorecardSerializer(ScorecardSummarySerializer):
    """A whole card as it stands. Somebody else's is only ever shown by `Scorecards.retrieve`, which notes the
    reader; the verbs show authors their own.
    """

    says = serializers.SerializerMethodField(help_text="The newest version.")
    history = serializers.SerializerMethodField(help_text="The versions handed in, oldest first.")

    class Meta(ScorecardSummarySerializer.Meta):
        fields = (*ScorecardSummarySerializer.Meta.fields, "revision", "says", "history")  # type: ignore[assignment]

    @extend_schema_field(VersionSerializer)
    def get_says(self, card: Scorecard) -> Any:
        version = getattr(card, "shown", None) or scorecards.newest(card)
        return VersionSerializer(version, context=self.context).data

    @extend_schema_field(VersionNoteSerializer(many=True))
    def get_history(self, card: Scorecard) -> Any:
        versions = card.versions.filter(submitted_at__isnull=False).order_by("number")
        return VersionNoteSerializer(versions, many=True, context=self.context).data


class RatingContent(Input):
    value = Choice(choices=Rating.Value.choices, required=False, allow_blank=True)
    evidence = Text(required=False, allow_blank=True)


class SegmentContent(Input):
    minutes = Whole(required=False, allow_null=True)
    skipped = YesNo(required=False)


class StoryContent(Input):
    segment = Word()
    situation = Text(required=False, allow_blank=True)
    situation_is = Choice(choices=Specificity.choices, required=False, allow_blank=True)
    own_role = Text(required=False, allow_blank=True)
    own_role_is = Choice(choices=Specificity.choices, required=False, allow_blank=True)
    detection = Text(required=False, allow_blank=True)
    detection_is = Choice(choices=Specificity.choices, required=False, allow_blank=True)
    response = Text(required=False, allow_blank=True)
    response_is = Choice(choices=Specificity.choices, required=False, allow_blank=True)
    outcome = Text(required=False, allow_blank=True)
    outcome_is = Choice(choices=Specificity.choices, required=False, allow_blank=True)
    numbers = Text(required=False, allow_blank=True)
    numbers_is = Choice(choices=Specificity.choices, required=False, allow_blank=True)


class CardContent(Input):
    """What is left out stays as it was; `stories` is the whole list."""

    overall = Choice(choices=Recommendation.choices, required=False, allow_blank=True)
    confidence = Choice(choices=Version.Confidence.choices, required=False, allow_blank=True)
    notes = Text(required=False, allow_blank=True)
    no_story_because = Text(required=False, allow_blank=True)
    ratings = serializers.DictField(child=RatingContent(), required=False, help_text="By signal.")
    segments = serializers.DictField(
        child=SegmentContent(), required=False, help_text="By part of the block."
    )
    stories = StoryContent(many=True, required=False)


class SaveCard(Input):
    content = CardContent()
    revision = Whole(help_text="The revision the writer saw.")


class SubmitCard(Input):
    revision = Whole(help_text="The revision the writer saw.")


class AmendCard(Input):
    content = CardContent()
    because = Text(max_length=20_000, allow_blank=True)
    revision = Whole(help_text="The revision the writer saw.")


class ScorecardRows(Rows):
    interview = UUIDFilter(field_name="seat__interview")
    loop = UUIDFilter(field_name="seat__interview__loop")

    class Meta:
        model = Scorecard
        fields = ["seat", "status"]


class Scorecards(Noun):
    serializer_class = ScorecardSerializer
    list_serializer_class = ScorecardSummarySerializer
    filterset_class = ScorecardRows

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The card, and a note that the caller has read it (their own excepted)."""
        card = self.get_object()
        # The version whose reading is noted is the one that is shown, even if it is amended at this moment.
        card.shown = scorecards.read(card, by=self.actor, at=self.at)
        return Response(self.get_serializer(card).data)

    save = verb(scorecards.save, SaveCard)
    submit = verb(scorecards.submit, SubmitCard)
    amend = verb(scorecards.amend, AmendCard)
