"""Connected calendars and private feeds, over REST. What is read from, and how, goes in and never comes out."""

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Choice, Input, Noun, Output, Reference, Text, YesNo, creation, verb
from accounts.models import User
from interviews import availability
from interviews.api.interviewers import InterviewerSerializer
from interviews.models import Calendar, FeedToken, Loop


class CalendarSerializer(Output):
    class Meta:
        model = Calendar
        fields = (
            "id", "interviewer", "kind", "label", "writes", "read_at", "tried_at", "trouble", "write_trouble",
            "created_at",
        )  # fmt: skip


class ConnectCalendar(Input):
    person = Reference(InterviewerSerializer.rows, help_text="The interviewer.")
    kind = Choice(choices=[(kind.value, kind.label) for kind in (Calendar.Kind.CALDAV, Calendar.Kind.FEED)])
    label = Text(max_length=80, allow_blank=True)  # type: ignore[assignment]
    address = Text(max_length=2000)
    username = Text(max_length=200, required=False, allow_blank=True)
    secret = Text(max_length=2000, required=False, allow_blank=True, write_only=True)
    writes = YesNo(required=False, help_text="Their interviews are also put into it (CalDAV only).")


class Calendars(Noun):
    """Google and Microsoft 365 are connected in the browser, by their owner's consent. No API key reaches calendars."""

    serializer_class = CalendarSerializer
    filterset_fields = ["interviewer", "kind"]

    create = creation(availability.connect, ConnectCalendar)
    read_now = verb(availability.read_now)
    disconnect = verb(availability.disconnect, leaves=True)


class FeedSerializer(Output):
    class Meta:
        model = FeedToken
        fields: tuple[str, ...] = ("id", "loop", "busy_only", "created_at")


class NewFeedSerializer(FeedSerializer):
    address = serializers.SerializerMethodField(help_text="Shown this once: it is as good as a password.")

    class Meta(FeedSerializer.Meta):
        fields = (*FeedSerializer.Meta.fields, "address")

    @extend_schema_field(serializers.URLField)
    def get_address(self, feed: FeedToken) -> str:
        return availability.address_of(self.context["token"])


def _loops(reader: User) -> QuerySet[Any]:
    return Loop.objects.visible_to(reader)


class OpenFeed(Input):
    busy_only = YesNo()
    loop = Reference(_loops, required=False, help_text="All interviews of this loop; without it, one's own.")


def _open(*, busy_only: bool, by: User, at: dt.datetime, loop: Loop | None = None) -> str:
    """Make a private address for one's own interviews, or for all of one loop. It is shown this once.

    Feeds made before stay until they are closed. Refuses a loop that the caller does not run.
    """
    return availability.open_feed(by, busy_only=busy_only, loop=loop, by=by, at=at)


class Feeds(Noun):
    """One's own feeds that still work. No API key reaches them."""

    serializer_class = FeedSerializer

    def create(self, request: Request) -> Response:
        token = _open(**self.said(OpenFeed), by=self.actor, at=self.at)
        context = {**self.get_serializer_context(), "token": token}
        return Response(NewFeedSerializer(availability.feed_of(token), context=context).data, status=201)

    create.rule, create.takes, create.answers = _open, OpenFeed, NewFeedSerializer  # type: ignore[attr-defined]
    close = verb(availability.close_feed, leaves=True, name="close")
