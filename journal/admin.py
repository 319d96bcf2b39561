"""The journal, to read."""

import uuid
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest

from journal.desk import Noun, show, site_of, timeline
from journal.models import Event, Events


class Room(admin.SimpleListFilter):
    """Which noun the event is about."""

    title = "about"
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        nouns = (noun.opts for noun in model_admin.admin_site._registry.values())
        return sorted((opts.label_lower, str(opts.verbose_name).capitalize()) for opts in nouns)

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(subject_type=self.value()) if self.value() else queryset


@show.column("About")
def about(event: Event) -> str:
    noun = apps.get_model(event.subject_type)
    return show.link(noun(pk=event.subject_id), noun._meta.verbose_name)


@show.column("Id of what it is about")
def subject(event: Event) -> str:
    return str(event.subject_id)


@show.column("Details")
def details(event: Event) -> str:
    # SECURITY: a card tells no more than that it is in. See Note [Blind until submitted].
    if event.subject_type == "interviews.scorecard":
        return show.NOTHING
    return show.facts((show.in_words(key).capitalize(), value) for key, value in event.data.items())


@admin.register(Event)
class EventAdmin(Noun):
    see = "read the journal"
    list_display = (show.when("at", "When"), "what", "actor_name", about, "verb")
    list_filter = (Room,)
    since = "at"
    ordering = ("-id",)
    search_fields = ("verb",)
    search_help_text = "A verb (loop.confirmed), or the id of a person or of what it is about."
    page = (
        (
            None,
            (
                show.when("at", "When"),
                "what",
                "actor_name",
                "verb",
                about,
                subject,
                "because_of",
                "led_to",
                details,
            ),
        ),
    )
    empty = "Nothing has happened yet. Whatever people do is written down here, and nobody can change it."

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        try:
            wanted = uuid.UUID(search_term.strip())
        except ValueError:
            return queryset.filter(verb__startswith=search_term.strip()), False
        return queryset.filter(Q(subject_id=wanted) | Q(actor=wanted)), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        people = timeline.people(found.result_list)
        for event in found.result_list:
            event.people = people
        return found

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            event.people = timeline.people([event])
        return event

    @show.column("What")
    def what(self, event: Any) -> str:
        return timeline.say(event, site_of(self).words, event.people)

    @show.column("Who")
    def actor_name(self, event: Any) -> str:
        return str(event.people.get(event.actor, "Somebody"))

    @show.column("Because of")
    @show.once
    def because_of(self, event: Any) -> str:
        return self._linked(event, Event.objects.filter(pk=event.cause_id), empty="The actor's own act")

    @show.column("What it led to")
    @show.once
    def led_to(self, event: Any) -> str:
        return self._linked(event, Event.objects.filter(cause=event), empty="Nothing")

    def _linked(self, event: Any, others: Events, *, empty: str) -> str:
        readable = list(others.visible_to(event.reader).order_by("id"))
        people = timeline.people(readable)
        said = ((other, timeline.say(other, site_of(self).words, people)) for other in readable)
        return show.bullets((show.link(other, words) for other, words in said), empty=empty)

    def story(self, request: HttpRequest, row: models.Model) -> tuple[list[timeline.Line], bool]:
        """Everything that happened to the same thing."""
        assert isinstance(row, Event)
        events = Event.objects.filter(subject_type=row.subject_type, subject_id=row.subject_id)
        return timeline.lines(events.visible_to(request.user), site_of(self).words)
