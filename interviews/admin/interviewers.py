"""Who interviews: hours, limits, qualifications, calendars."""

import datetime as dt
import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest
from django.utils import timezone

from accounts import roles
from accounts.models import User
from hiring import playbooks
from hiring.admin import person_field
from hiring.models import Edition, Playbook
from interviews import interviewers
from interviews.admin.cells import times
from interviews.models import (
    BusyTime,
    Calendar,
    Interviewer,
    Qualification,
    Seat,
    WorkingHours,
)
from interviews.models.calendars import STALE_AFTER
from journal.desk import Act, Ask, Noun, Part, Rows, Todo, show

May = roles.May


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STRETCH = re.compile(r"(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})")


class Limits(Ask):
    buffer_minutes = forms.IntegerField(
        label="Minutes kept free after an interview", min_value=0, max_value=120, initial=15
    )
    max_per_day = forms.IntegerField(label="Interviews a day, at most", min_value=1, initial=2)
    max_per_week = forms.IntegerField(label="Interviews a week, at most", min_value=1, initial=4)
    max_per_four_weeks = forms.IntegerField(
        label="Interviews in any four weeks, at most",
        min_value=1,
        required=False,
        help_text="Empty: the week alone counts.",
    )

    def prepare(self) -> None:
        if self.row is not None:
            for name in ("buffer_minutes", "max_per_day", "max_per_week", "max_per_four_weeks"):
                self.fields[name].initial = getattr(self.row, name)


class Hours(Ask):
    """Working hours by weekday, each as one line of stretches."""

    def prepare(self) -> None:
        known: dict[int, list[str]] = {}
        for row in self.row.hours.order_by("weekday", "opens") if self.row is not None else []:
            known.setdefault(row.weekday, []).append(f"{row.opens:%H:%M}-{row.closes:%H:%M}")
        for number, day in enumerate(DAYS):
            usual = "" if self.row is not None or number > 4 else "09:00-17:00"
            self.fields[f"day_{number}"] = forms.CharField(
                label=day, required=False, initial=", ".join(known.get(number, [])) or usual
            )
        self.fields[
            "day_0"
        ].help_text = "For example 09:00-12:00, 13:00-17:30. Empty: no interviews that day."

    def explain(self) -> str:
        whose = (
            f"{self.row.user.name}'s own zone, {self.row.user.zone}"
            if self.row is not None
            else "their own zone"
        )
        return f"Times are in {whose}."

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        stretches: list[interviewers.Hours] = []
        for number in range(7):
            line = asked.get(f"day_{number}", "")
            try:
                found = [tuple(map(_clock, pair)) for pair in _STRETCH.findall(line)]
            except ValueError:
                found = []
            if re.sub(r"[,;\s]", "", _STRETCH.sub("", line)) or (line.strip() and not found):
                self.add_error(f"day_{number}", "Write times like 09:00-12:00, 13:00-17:30.")
            stretches += [(number, opens, closes) for opens, closes in found]
        asked["hours"] = stretches
        return asked

    def answers(self) -> dict[str, Any]:
        return {"hours": self.cleaned_data["hours"]}


def clock(at: dt.time) -> str:
    return f"{at:%H:%M}"


def _clock(text: str) -> dt.time:
    return dt.datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone of its own


class NewInterviewer(Hours, Limits):
    user = person_field(Interviewer.user)
    field_order = ("user",)

    def parts(self) -> list[Part]:
        return [
            Part(["user"]),
            Part([("max_per_day", "max_per_week"), ("max_per_four_weeks", "buffer_minutes")], "Limits"),
            Part([f"day_{number}" for number in range(7)], "Working hours"),
        ]

    def answers(self) -> dict[str, Any]:
        limits = ("user", "buffer_minutes", "max_per_day", "max_per_week", "max_per_four_weeks")
        return {**{name: self.cleaned_data[name] for name in limits}, **super().answers()}


def _add_interviewer(*, user: User, **answers: Any) -> Interviewer:
    return interviewers.add(user, **answers)


class Ability(Ask):
    what = forms.ChoiceField(label="Interview")
    level = forms.ChoiceField(choices=Qualification.Level.choices)

    def prepare(self) -> None:
        self.books = {str(book.pk): book for book in Playbook.objects.order_by("title")}
        editions = ((key, Edition.objects.newest(book)) for key, book in self.books.items())
        groups = [
            (
                str(self.books[key]),
                [(f"{key}:{block.key}", block.title) for block in playbooks.of(edition).blocks],
            )
            for key, edition in editions
            if edition
        ]
        field = self.fields["what"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = (
            groups if len(groups) > 1 else [choice for _title, choices in groups for choice in choices]
        )

    def answers(self) -> dict[str, Any]:
        book, block = self.cleaned_data["what"].split(":")
        return {"playbook": self.books[book], "block": block, "level": self.cleaned_data["level"]}


class Blocked(Ask):
    intro = "Times are in your own zone. Only that they are busy is kept, never why."
    starts_at = forms.DateTimeField(
        label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    ends_at = forms.DateTimeField(
        label="Until", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )


class Unblocked(Ask):
    time = forms.ModelChoiceField(BusyTime.objects.none(), label="Blocked time", empty_label=None)

    def prepare(self) -> None:
        field = self.fields["time"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = _by_hand(self.row).order_by("starts_at")
        field.label_from_instance = times  # type: ignore[method-assign, assignment]

    def answers(self) -> dict[str, Any]:
        time = self.cleaned_data["time"]
        return {"starts_at": time.starts_at, "ends_at": time.ends_at}


def _by_hand(person: Interviewer) -> models.QuerySet[BusyTime]:
    return BusyTime.objects.filter(interviewer=person, calendar=None, ends_at__gte=timezone.now())


class Country(Ask):
    country = forms.CharField(
        label="Public holidays of",
        required=False,
        max_length=10,
        help_text="Country, with its part where that matters: DE, DE-BY, US-CA. Empty: none are kept.",
    )

    def prepare(self) -> None:
        if self.row is not None:
            self.fields["country"].initial = self.row.country


@show.column("State")
def calendar_state(calendar: Calendar) -> str:
    if calendar.write_trouble:
        return show.badge("Gets no interviews", "bad")
    if calendar.kind == Calendar.Kind.UPLOAD:
        return show.badge("A file, as it was uploaded")
    if calendar.read_at is None or calendar.read_at < timezone.now() - STALE_AFTER:
        return show.badge("Not read lately", "bad")
    return show.badge("Read", "good")


class CalendarRows(Rows):
    """Calendars they connected. Only whether it can be read is shown: no address, no secret, no entry."""

    model = Calendar
    verbose_name_plural = "connected calendars"
    empty = "None. They connect one themselves, on their own page."
    cells = ("label", "kind", calendar_state, show.when("read_at", "Last read"), "trouble", "write_trouble")

    def visible(self, user: Any) -> models.QuerySet[Calendar]:
        return Calendar.objects.select_related("interviewer__user").order_by("created_at")


def unread(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Interviewers who are asked for nothing because a calendar of theirs could not be read lately."""
    calendars = Calendar.objects.unknown(timezone.now()).filter(interviewer=OuterRef("pk"))
    return rows.filter(Exists(calendars), is_active=True)


class CalendarFilter(admin.SimpleListFilter):
    title = "calendar"
    parameter_name = "calendar"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("unread", "Not read lately")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return unread(queryset) if self.value() == "unread" else queryset


class HoursRows(Rows):
    model = WorkingHours
    verbose_name_plural = "working hours, in their own zone"
    empty = "None: they are never asked."
    cells = ("weekday", show.value("opens", "From", get=clock), show.value("closes", "Until", get=clock))
    ordering = ("weekday", "opens")


class QualificationRows(Rows):
    model = Qualification
    verbose_name_plural = "what they may take"
    cells = (show.value("block", "Interview", get=show.in_words), "playbook", "level")
    empty = "Nothing yet: they are asked once they are qualified for an interview."

    def visible(self, user: Any) -> models.QuerySet[Qualification]:
        return Qualification.objects.select_related("playbook", "interviewer__user").order_by(
            "playbook__title", "block"
        )


class BusyRows(Rows):
    model = BusyTime
    verbose_name_plural = "busy times to come"
    cells = (times,)

    def visible(self, user: Any) -> models.QuerySet[BusyTime]:
        return BusyTime.objects.filter(ends_at__gte=timezone.now()).order_by("starts_at")


@show.column("May take")
def takes(person: Interviewer) -> str:
    return ", ".join(show.in_words(skill.block) for skill in person.qualifications.all()) or "Nothing yet"


@admin.register(Interviewer)
class InterviewerAdmin(Noun):
    list_display = (
        show.value("user", "Name", order="user__name"),
        show.value("user__zone", "Time zone", order="user__zone"),
        takes,
        "max_per_day",
        "max_per_week",
        "booked",
        "is_active",
    )
    list_filter = ("is_active", CalendarFilter, "qualifications__level")
    ordering = ("user__name", "id")
    search_fields = ("user__name", "qualifications__block")
    search_help_text = "Name, or the key of an interview."
    page = (
        (
            None,
            (
                show.to("user", "Person"),
                show.value("user__zone", "Time zone"),
                "is_active",
                "max_per_day",
                "max_per_week",
                show.value("max_per_four_weeks", "Max per four weeks"),
                "buffer_minutes",
                "country",
            ),
        ),
    )
    inlines = [QualificationRows, HoursRows, CalendarRows, BusyRows]
    empty = "No interviewers yet. Add somebody who holds the interviewer role, with their hours."
    tells = [lambda person, _user: [Calendar.objects.filter(interviewer=person)]]
    todo = [Todo("interviewers whose calendar cannot be read", "calendar=unread", unread)]
    add = Act(
        name="add",
        label="Add an interviewer",
        rule=_add_interviewer,
        may=May.MANAGE_INTERVIEWERS,
        form=NewInterviewer,
        done="They sit on panels as soon as they are qualified for an interview.",
    )
    acts = [
        Act(
            name="qualify",
            label="Qualify",
            rule=interviewers.qualify,
            may=May.MANAGE_INTERVIEWERS,
            form=Ability,
            done="They may take it now.",
        ),
        Act(
            name="limits",
            label="Set limits",
            rule=interviewers.set_limits,
            may=May.MANAGE_INTERVIEWERS,
            form=Limits,
            done="The limits are set.",
        ),
        Act(
            name="hours",
            label="Set working hours",
            rule=interviewers.set_hours,
            may=May.MANAGE_INTERVIEWERS,
            form=Hours,
            many=False,
            done="The hours are set.",
        ),
        Act(
            name="block_time",
            label="Block a time",
            rule=interviewers.block_time,
            may=May.MANAGE_INTERVIEWERS,
            form=Blocked,
            done="The time is blocked.",
        ),
        Act(
            name="unblock_time",
            label="Take a block back",
            rule=interviewers.unblock_time,
            may=May.MANAGE_INTERVIEWERS,
            form=Unblocked,
            when=lambda person: _by_hand(person).exists(),
            many=False,
            done="They can be asked for that time again.",
        ),
        Act(
            name="country",
            label="Set public holidays",
            rule=interviewers.set_country,
            may=May.MANAGE_INTERVIEWERS,
            form=Country,
            done="Its public holidays are kept.",
        ),
        Act(
            name="pause",
            label="Pause",
            rule=interviewers.pause,
            may=May.MANAGE_INTERVIEWERS,
            when=lambda person: person.is_active,
            done="They are asked for nothing new. What is booked stays.",
        ),
        Act(
            name="resume",
            label="Resume",
            rule=interviewers.resume,
            may=May.MANAGE_INTERVIEWERS,
            when=lambda person: not person.is_active,
            done="They take interviews again.",
        ),
    ]

    def visible(self, user: Any) -> models.QuerySet[Interviewer]:
        """Booked counts only interviews this person may see."""
        skills = Qualification.objects.order_by("block")
        coming = Seat.objects.live().visible_to(user).filter(interview__starts_at__gte=timezone.now())
        booked = coming.filter(user=OuterRef("user")).order_by().values("user").annotate(n=models.Count("pk"))
        return (
            Interviewer.objects.visible_to(user)
            .select_related("user")
            .annotate(booked=models.Subquery(booked.values("n")))
            .prefetch_related(Prefetch("qualifications", skills))
        )

    @show.column("Booked from now on", "booked")
    def booked(self, person: Any) -> int:
        return person.booked or 0
