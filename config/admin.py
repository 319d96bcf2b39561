"""What runs by the clock, in the admin: each job's last runs, and running one by hand."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts import roles
from config import clock
from config.celery import TIMETABLE
from journal.desk import Act, Ask, Noun, Todo, show
from journal.models import Run

May = roles.May


def failing(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """The last run of each job, where it failed: once a later one went well there is nothing to do any more."""
    last = Run.objects.filter(job=OuterRef("job"), seconds__isnull=False).order_by("-started_at", "-pk")
    return rows.exclude(error="").filter(pk=Subquery(last.values("pk")[:1]), job__in=TIMETABLE)


class Job(admin.SimpleListFilter):
    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, show.in_words(name.replace("-", "_")).capitalize()) for name in TIMETABLE]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(job=self.value()) if self.value() else queryset


class Outcome(admin.SimpleListFilter):
    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failing", "Failing now"), ("failed", "Failed"), ("done", "Done")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        match self.value():
            case "failing":
                return failing(queryset)
            case "failed":
                return queryset.exclude(error="")
            case "done":
                return queryset.filter(error="", seconds__isnull=False)
        return queryset


@show.column("Outcome")
def outcome(run: Run) -> SafeString:
    if run.error:
        return show.badge("Failed", "bad")
    return show.badge("Done", "good") if run.seconds is not None else show.badge("Under way", "wait")


@show.column("Took", "seconds")
def took(run: Run) -> str:
    return show.NOTHING if run.seconds is None else f"{run.seconds:.1f} s"


@show.column("Found to do", "found")
def found(run: Run) -> str:
    return show.NOTHING if run.found is None else str(run.found)


@show.column("Begun by")
def begun_by(run: Run) -> str:
    return "Hand" if run.period < 0 else "The clock"


@show.column("What it is for")
def purpose(run: Run) -> str:
    job = TIMETABLE.get(run.job)
    return job.why.capitalize() if job else "It is not in the timetable any more"


@show.column("How often")
def often(run: Run) -> str:
    job = TIMETABLE.get(run.job)
    if job is None:
        return show.NOTHING
    hours, minutes = divmod(int(job.every // 60), 60)
    number, one, several = (hours, "hour", "hours") if hours else (minutes, "minute", "minutes")
    return f"Every {one}" if number == 1 else f"Every {number} {several}"


@show.column("Its last runs")
@show.once
def last_runs(run: Run) -> str | SafeString:
    newest = Run.objects.filter(job=run.job).order_by("-started_at", "-pk")[:20]
    return show.bullets(
        show.link(other, f"{show.moment(other.started_at)}: {other.error or took(other)}") for other in newest
    )


class WhichJob(Ask):
    intro = "It runs at once, beside what the clock does; every job may run twice without harm."
    job = forms.ChoiceField(choices=[(name, f"{name}: {job.why}") for name, job in TIMETABLE.items()])


def _again(run: Run, **who: Any) -> Run:
    return clock.run_now(run.job, **who)


def _run(*, job: str, **who: Any) -> Run:
    return clock.run_now(job, **who)


@admin.register(Run)
class RunAdmin(Noun):
    see = May.RUN_JOBS
    list_display = ("job", show.when("started_at", "Began"), outcome, took, found, begun_by)
    list_filter = (Job, Outcome)
    ordering = ("-started_at", "-pk")
    page = (
        (None, (show.value("job", "Job"), purpose, often)),
        (
            "This run",
            (
                outcome,
                show.when("started_at", "Began"),
                took,
                found,
                begun_by,
                show.value("error", "What went wrong", get=show.prose),
            ),
        ),
        ("History", (last_runs,)),
    )
    add = Act(
        name="run",
        label="Run a job now",
        rule=_run,
        may=May.RUN_JOBS,
        form=WhichJob,
        done="The job has run. This is what came of it.",
    )
    acts = [
        Act(
            name="again",
            label="Run this job now",
            rule=_again,
            may=May.RUN_JOBS,
            when=lambda run: run.job in TIMETABLE,
            many=False,
            done="The job has run. This is what came of it.",
        )
    ]
    todo = [Todo("jobs of the timetable fail", "outcome=failing", failing)]
    empty = "Nothing has run yet. Is the scheduler running? See “What to watch” in docs/operations.md."

    def visible(self, user: Any) -> models.QuerySet[Run]:
        return Run.objects.all()

    def story(self, request: HttpRequest, row: models.Model) -> tuple[list[Any], bool]:
        """Runs are no events: their page is their story."""
        return [], False
