"""Loops, their plans, interviews and seats, over REST."""

import datetime as dt
from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import IsoDateTimeFilter, UUIDFilter
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts import roles
from accounts.api import (
    Choice,
    Input,
    Instant,
    Noun,
    Output,
    Reference,
    Rows,
    Text,
    Whole,
    YesNo,
    creation,
    verb,
)
from accounts.api.people import PersonSerializer
from accounts.models import User
from candidates.api import CandidateNameSerializer
from candidates.models import Application
from hiring.api import people
from interviews import debriefs, limits, loops, schedules, scorecards
from interviews.api.debriefs import DebriefSerializer
from interviews.api.scorecards import ScorecardSerializer
from interviews.models import CandidateWindow, Interview, LimitOverride, Loop, Proposal, Seat
from interviews.scheduling import Explanation

# --- loops and their interviews -----------------------------------------------------------------------


class CandidateWindowSerializer(Output):
    class Meta:
        model = CandidateWindow
        fields = ("starts_at", "ends_at")


class PanelistSerializer(Output):
    user = PersonSerializer()

    class Meta:
        model = Seat
        fields = ("id", "key", "role", "user")


def _joins(reader: User, interview: Any) -> bool:
    """Whoever sits there, and whoever invites people to it."""
    sits = any(seat.user_id == reader.pk for seat in interview.seats.all())
    return sits or roles.allows(reader, roles.May.SCHEDULE_LOOPS)


class InterviewSerializer(Output):
    candidate = CandidateNameSerializer(source="loop.application.candidate")
    seats = PanelistSerializer(many=True, help_text="Who sits there now.")
    told = {"meeting_url": _joins}

    class Meta:
        model = Interview
        fields = (
            "id",
            "loop",
            "candidate",
            "block",
            "starts_at",
            "ends_at",
            "status",
            "status_at",
            "meeting_url",
            "seats",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Interview]:
        fetched = Interview.objects.visible_to(reader).select_related("loop__application__candidate")
        return fetched.prefetch_related(_panel())


class LoopInterviewSerializer(Output):
    seats = PanelistSerializer(many=True, help_text="Who sits there now.")

    class Meta:
        model = Interview
        fields = ("id", "block", "starts_at", "ends_at", "status", "status_at", "seats")


def _panel() -> Any:
    return Prefetch("seats", Seat.objects.live().select_related("user").order_by("key"))


class LimitOverrideSerializer(Output):
    user = PersonSerializer()
    by = PersonSerializer()

    class Meta:
        model = LimitOverride
        fields = ("user", "limit", "reason", "by", "created_at")


def _plans(reader: User, _loop: Loop) -> bool:
    return roles.allows(reader, roles.May.SCHEDULE_LOOPS)


class LoopSerializer(Output):
    candidate = CandidateNameSerializer(source="application.candidate")
    windows = CandidateWindowSerializer(many=True, help_text="Times the candidate offers.")
    interviews = LoopInterviewSerializer(many=True)
    limit_overrides = LimitOverrideSerializer(
        many=True, help_text="Limits that do not hold for this loop. For those who schedule."
    )
    told = {"limit_overrides": _plans}

    class Meta:
        model = Loop
        fields = (
            "id",
            "application",
            "candidate",
            "edition",
            "status",
            "status_at",
            "urgency",
            "created_at",
            "windows",
            "interviews",
            "limit_overrides",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Loop]:
        fetched = Loop.objects.visible_to(reader).select_related(
            "application__candidate", "application__opening", "edition"
        )
        return fetched.prefetch_related(
            Prefetch("windows", CandidateWindow.objects.order_by("starts_at", "id")),
            Prefetch("interviews", Interview.objects.order_by("starts_at", "id").prefetch_related(_panel())),
            Prefetch(
                "limit_overrides",
                LimitOverride.objects.standing().select_related("user", "by").order_by("created_at", "id"),
            ),
        )


class Window(Input):
    """A time the candidate offers."""

    starts_at = Instant()
    ends_at = Instant()

    def to_internal_value(self, data: Any) -> tuple[dt.datetime, dt.datetime]:
        said = super().to_internal_value(data)
        return said["starts_at"], said["ends_at"]


class BeginLoop(Input):
    application = Reference(Application.objects.visible_to)
    windows = Window(many=True, required=False, default=(), help_text="None yet: ask the candidate for them.")
    urgency = Whole(required=False, help_text="1 (usual) to 3 (first).")


class OfferWindows(Input):
    windows = Window(many=True, allow_empty=False)


class CancelLoop(Input):
    reason = Text(max_length=20_000, required=False, allow_blank=True)


class WithdrawOverride(Input):
    user = Reference(people)
    limit = Choice(choices=LimitOverride.Limit.choices)


class OverrideLimit(WithdrawOverride):
    reason = Text(max_length=limits.LONGEST_REASON)


# --- plans --------------------------------------------------------------------------------------------


class SeatedSerializer(serializers.Serializer[Any]):
    seat = serializers.CharField()
    user = serializers.UUIDField()


class PlacementSerializer(serializers.Serializer[Any]):
    block = serializers.CharField()
    starts_at = Instant()
    ends_at = Instant()
    people = SeatedSerializer(many=True)


class CostSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    idle_minutes = serializers.IntegerField()
    order = serializers.IntegerField()
    load = serializers.IntegerField()
    moved_blocks = serializers.IntegerField()
    changed_people = serializers.IntegerField()


def _placements(plan: dict[str, Any]) -> Any:
    return [
        PlacementSerializer(
            {
                "block": placed["block"],
                "starts_at": dt.datetime.fromisoformat(placed["starts_at"]),
                "ends_at": dt.datetime.fromisoformat(placed["ends_at"]),
                "people": [{"seat": seat, "user": user} for seat, user in placed["people"]],
            }
        ).data
        for placed in plan["placements"]
    ]


class ProposalSerializer(Output):
    """A ranked plan: rank 1 is the best."""

    placements = serializers.SerializerMethodField()
    completes_on = serializers.DateField(source="plan.completes_on", help_text="In the candidate's zone.")
    is_proven_best = serializers.SerializerMethodField()
    cost = CostSerializer(source="plan.cost")
    swap_with = serializers.UUIDField(
        source="swap_with_id",
        allow_null=True,
        help_text="A booked loop that gives way: confirming changes both.",
    )
    swap_placements = serializers.SerializerMethodField(help_text="How that loop looks then; empty for none.")

    class Meta:
        model = Proposal
        fields = (
            "id",
            "loop",
            "rank",
            "status",
            "status_at",
            "created_at",
            "placements",
            "completes_on",
            "is_proven_best",
            "cost",
            "swap_with",
            "swap_placements",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Proposal]:
        fetched = Proposal.objects.visible_to(reader)
        return fetched.select_related(
            "loop__application__candidate",
            "loop__edition",
            "swap_with__application__candidate",
            "swap_with__edition",
        )

    @extend_schema_field(PlacementSerializer(many=True))
    def get_placements(self, proposal: Proposal) -> Any:
        return _placements(proposal.plan)

    @extend_schema_field(PlacementSerializer(many=True))
    def get_swap_placements(self, proposal: Proposal) -> Any:
        return _placements(proposal.swap_plan) if proposal.swap_plan else []

    def get_is_proven_best(self, proposal: Proposal) -> bool:
        return bool(proposal.plan["status"] == "optimal")


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()
    block = serializers.CharField(allow_null=True)
    person = serializers.CharField(
        allow_null=True, help_text="A user’s id, or “new-person:…” for somebody to be found."
    )


class FixSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()
    changes = ReasonSerializer(many=True)
    completes_on = serializers.DateField(source="plan.completes_on", help_text="When the loop would be over.")


class ExplanationSerializer(serializers.Serializer[Any]):
    reasons = ReasonSerializer(many=True, help_text="What stands in the way.")
    fixes = FixSerializer(many=True, help_text="Smallest changes that are proven to help.")


class PlansSerializer(serializers.Serializer[Any]):
    """Ranked plans and no explanation, or no plan and why."""

    proposals = ProposalSerializer(many=True)
    explanation = ExplanationSerializer(allow_null=True)

    def to_representation(self, found: list[Proposal] | Explanation) -> dict[str, Any]:
        if isinstance(found, Explanation):
            return {"proposals": [], "explanation": ExplanationSerializer(found).data}
        plans = ProposalSerializer(found, many=True, context=self.context).data
        return {"proposals": plans, "explanation": None}


class Loops(Noun):
    noun = "loops"
    serializer_class = LoopSerializer
    filterset_fields = ["application", "status"]

    create = creation(loops.begin, BeginLoop)
    offer_windows = verb(loops.offer_windows, OfferWindows)
    propose = verb(schedules.propose, answers=PlansSerializer, thinks=True)
    override_limit = verb(limits.override, OverrideLimit, name="override_limit")
    withdraw_override = verb(limits.withdraw, WithdrawOverride, name="withdraw_override")
    cancel = verb(loops.cancel, CancelLoop)
    open_debrief = verb(debriefs.open_debrief, answers=DebriefSerializer)


class Proposals(Noun):
    noun = "loops"
    serializer_class = ProposalSerializer
    filterset_fields = ["loop", "status"]

    confirm = verb(schedules.confirm, answers=LoopSerializer, before=schedules.read_calendars)


class InterviewRows(Rows):
    loop = UUIDFilter()
    starts_after = IsoDateTimeFilter(field_name="starts_at", lookup_expr="gte")
    starts_before = IsoDateTimeFilter(field_name="starts_at", lookup_expr="lt")

    class Meta:
        model = Interview
        fields = ["loop", "status"]


class Interviews(Noun):
    noun = "loops"
    serializer_class = InterviewSerializer
    filterset_class = InterviewRows

    no_show = verb(loops.mark_no_show, name="no_show")


# --- seats --------------------------------------------------------------------------------------------


def _own_or(*whats: roles.May) -> Any:
    return lambda reader, seat: seat.user_id == reader.pk or any(roles.allows(reader, what) for what in whats)


class SeatSerializer(Output):
    """A place on a panel. Answers and waivers are for its holder and those who plan or run the debrief."""

    loop = serializers.UUIDField(source="interview.loop_id")
    user = PersonSerializer()
    scorecard = serializers.SerializerMethodField(help_text="One's own card; null before it is opened.")
    told = {
        "response": _own_or(roles.May.SCHEDULE_LOOPS),
        "decline_reason": _own_or(roles.May.SCHEDULE_LOOPS),
        "suggests_from": _own_or(roles.May.SCHEDULE_LOOPS),
        "suggests_until": _own_or(roles.May.SCHEDULE_LOOPS),
        "card_waived_because": _own_or(roles.May.RUN_DEBRIEFS, roles.May.READ_DEBRIEFS),
        "scorecard": _own_or(),
    }

    class Meta:
        model = Seat
        fields = (
            "id",
            "interview",
            "loop",
            "key",
            "role",
            "user",
            "held",
            "created_at",
            "response",
            "decline_reason",
            "suggests_from",
            "suggests_until",
            "card_waived_because",
            "scorecard",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Seat]:
        fetched = Seat.objects.visible_to(reader).select_related("user__interviewer", "scorecard")
        return fetched.select_related("interview__loop__application__candidate", "interview__loop__edition")

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_scorecard(self, seat: Seat) -> Any:
        card = getattr(seat, "scorecard", None)
        return card and str(card.pk)


class DeclineSeat(Input):
    reason = Text(max_length=200, allow_blank=True)
    for_good = YesNo(required=False, help_text="True: not for this candidate at any other time either.")


class SuggestTime(Input):
    starts_at = Instant()
    ends_at = Instant()


class WaiveCard(Input):
    reason = Text(max_length=20_000, allow_blank=True)


class SeatRows(Rows):
    loop = UUIDFilter(field_name="interview__loop")

    class Meta:
        model = Seat
        fields = ["interview", "user", "held"]


class Seats(Noun):
    noun = "loops"
    serializer_class = SeatSerializer
    filterset_class = SeatRows

    accept = verb(schedules.accept)
    decline = verb(schedules.decline, DeclineSeat, leaves=True)
    suggest = verb(schedules.suggest, SuggestTime)
    waive_card = verb(debriefs.waive_card, WaiveCard)
    open_card = verb(scorecards.open_card, answers=ScorecardSerializer)
