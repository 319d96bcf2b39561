"""Flags and their answers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models

from accounts import roles
from hiring import playbooks
from interviews import flags
from interviews.models import (
    Flag,
)
from journal.desk import Act, Ask, Noun, Rows, Todo, show

May = roles.May


flag_state = show.state(wait=("raised",), good=("waived",), bad=("upheld",))


class FlagAnswer(Ask):
    answer = forms.ChoiceField(
        label="Your answer",
        widget=forms.RadioSelect,
        choices=[
            (Flag.Status.ACKNOWLEDGED, "Acknowledge: seen, counts for what it is"),
            (Flag.Status.WAIVED, "Waive: it does not apply here"),
            (Flag.Status.UPHELD, "Uphold: it does apply"),
        ],
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed to waive or to uphold.",
    )

    def explain(self) -> str:
        return str(self.row.says) if self.row is not None else "A flag asks a question; it decides nothing."


@show.column("What it rests on")
def rests_on(flag: Any) -> str:
    return show.bullets(
        ": ".join(filter(None, (cited["label"], cited["words"])))
        for cited in flags.citations(flag, reader=flag.reader)
    )


@show.column("Raised on")
def flagged(flag: Flag) -> str:
    found = flag.application
    return show.link(found, found.candidate) if found else show.link(flag.opening)


@show.column("Concerns")
def concerns(flag: Flag) -> str:
    return flag.get_about_display()


@show.column("Pattern", "pattern")
def pattern(flag: Flag) -> str:
    return playbooks.of(flag.edition).pattern(flag.pattern).title


class FlagRows(Rows):
    model = Flag
    see = May.READ_DEBRIEFS
    verbose_name_plural = "flags"
    empty = "None."
    cells = (show.itself("Flag"), concerns, flag_state, "answer")

    def visible(self, user: Any) -> models.QuerySet[Flag]:
        return Flag.objects.visible_to(user).order_by("created_at", "id")


@admin.register(Flag)
class FlagAdmin(Noun):
    see = May.READ_DEBRIEFS
    list_display = ("says", pattern, flagged, flag_state, show.when("created_at", "Raised"))
    list_filter = ("status", "about", "pattern")
    since = "created_at"
    ordering = ("-created_at", "id")
    search_fields = ("says", "application__candidate__name", "opening__title")
    search_help_text = "What it says, candidate or opening."
    page = (
        (None, ("says", pattern, flagged, concerns, rests_on)),
        (
            "Answer",
            (
                flag_state,
                show.value("answer", "Why", get=show.prose),
                show.to("answered_by", "By"),
            ),
        ),
    )
    empty = "No flags. The playbook's patterns raise them; flags about a loop come once its debrief is open."
    acts = [
        Act(
            name="answer",
            label="Answer",
            rule=flags.answer,
            may=May.RUN_DEBRIEFS,
            form=FlagAnswer,
            when=lambda flag: flag.status == "raised",
            done="The flag is answered.",
        )
    ]
    todo = [Todo("flags unanswered", "status__exact=raised", lambda rows: rows.filter(status="raised"))]

    def visible(self, user: Any) -> models.QuerySet[Flag]:
        rows = (
            Flag.objects.visible_to(user)
            .knowing_pay(user)
            .select_related(
                "edition", "opening", "application__candidate", "application__opening", "answered_by"
            )
        )
        return rows.defer("edition__content", "edition__source")
