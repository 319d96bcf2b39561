"""People who sit on panels, over REST."""

import datetime as dt
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from accounts.api import (
    Choice,
    Clock,
    Input,
    Instant,
    Noun,
    Output,
    Reference,
    Text,
    Whole,
    Word,
    creation,
    verb,
)
from accounts.models import User
from hiring.api import PlaybookSerializer, people
from interviews import interviewers
from interviews.models import BusyTime, Interviewer, Qualification, WorkingHours


class InterviewingPersonSerializer(Output):
    class Meta:
        model = User
        fields = ("id", "name", "title", "zone")


class WorkingHoursSerializer(Output):
    class Meta:
        model = WorkingHours
        fields = ("weekday", "opens", "closes")
        extra_kwargs = {"weekday": {"help_text": "Monday is 0."}}


class QualificationSerializer(Output):
    class Meta:
        model = Qualification
        fields = ("playbook", "block", "level")


class BusyTimeSerializer(Output):
    class Meta:
        model = BusyTime
        fields = ("starts_at", "ends_at")


class InterviewerSerializer(Output):
    user = InterviewingPersonSerializer()
    hours = WorkingHoursSerializer(many=True)
    qualifications = QualificationSerializer(many=True)
    busy = BusyTimeSerializer(many=True, help_text="From now on.")

    class Meta:
        model = Interviewer
        fields = (
            "id",
            "user",
            "buffer_minutes",
            "max_per_day",
            "max_per_week",
            "max_per_four_weeks",
            "country",
            "is_active",
            "created_at",
            "hours",
            "qualifications",
            "busy",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Interviewer]:
        return (
            Interviewer.objects.visible_to(reader)
            .select_related("user")
            .prefetch_related(
                Prefetch("hours", WorkingHours.objects.order_by("weekday", "opens")),
                Prefetch("qualifications", Qualification.objects.order_by("created_at", "id")),
                Prefetch("busy", BusyTime.objects.filter(ends_at__gt=timezone.now()).order_by("starts_at")),
            )
        )


class Hours(Input):
    """A stretch of a weekday in the interviewer's own zone."""

    weekday = Whole(help_text="Monday is 0.")
    opens = Clock()
    closes = Clock()

    def to_internal_value(self, data: Any) -> tuple[int, dt.time, dt.time]:
        said = super().to_internal_value(data)
        return said["weekday"], said["opens"], said["closes"]


class AddInterviewer(Input):
    user = Reference(people)
    hours = Hours(many=True, allow_empty=False)
    buffer_minutes = Whole(required=False)
    max_per_day = Whole(required=False)
    max_per_week = Whole(required=False)
    max_per_four_weeks = Whole(
        required=False, allow_null=True, help_text="In any 28 days in a row. Left out: no such limit."
    )


class SetLimits(Input):
    buffer_minutes = Whole()
    max_per_day = Whole()
    max_per_week = Whole()
    max_per_four_weeks = Whole(
        required=False, allow_null=True, help_text="In any 28 days in a row. Left out: no such limit."
    )


class SetHours(Input):
    hours = Hours(many=True, allow_empty=False)


class Qualify(Input):
    playbook = Reference(PlaybookSerializer.rows)
    block = Word()
    level = Choice(choices=Qualification.Level.choices)


class BlockTime(Input):
    starts_at = Instant()
    ends_at = Instant()


class SetCountry(Input):
    country = Text(
        max_length=10, allow_blank=True, help_text="Whose public holidays they keep: DE, US-CA. Empty: none."
    )


class Interviewers(Noun):
    noun = "interviewers"
    serializer_class = InterviewerSerializer
    filterset_fields = ["user", "is_active"]

    create = creation(interviewers.add, AddInterviewer)
    set_limits = verb(interviewers.set_limits, SetLimits)
    set_hours = verb(interviewers.set_hours, SetHours)
    qualify = verb(interviewers.qualify, Qualify)
    block_time = verb(interviewers.block_time, BlockTime)
    unblock_time = verb(interviewers.unblock_time, BlockTime)
    set_country = verb(interviewers.set_country, SetCountry)
    pause = verb(interviewers.pause)
    resume = verb(interviewers.resume)
