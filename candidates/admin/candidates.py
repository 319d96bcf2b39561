"""Who comes."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from accounts import roles
from accounts.encryption import blind_index
from candidates import applications, candidates
from candidates.admin.asks import ApplyFor, Correction, NewCandidate
from candidates.models import (
    Application,
    Candidate,
)
from candidates.permissions import may_read_contact
from journal.desk import Act, Noun, show

May = roles.May


@show.column("Applications")
def stands(candidate: Any) -> str:
    return show.bullets(
        show.link(application, f"{application.opening}: {application.get_status_display().lower()}")
        for application in candidate.visible_applications
    )


@show.column("Contact")
def contact(candidate: Candidate) -> str:
    return show.bullets(filter(None, [candidate.email, candidate.phone, candidate.country]))


@admin.register(Candidate)
class CandidateAdmin(Noun):
    list_display = ("name", "headline", stands, "zone", show.when("created_at", "Since"))
    since = "created_at"
    ordering = ("-created_at", "id")
    search_fields = ("name", "headline")
    search_help_text = "Name or headline; a whole e-mail address finds exactly that person."
    page = ((None, ("name", "headline", contact, "zone", stands, show.when("created_at", "Since"))),)
    empty = "No candidates yet. Add the first one, or let your ATS send them."
    add = Act(
        name="add",
        label="Add a candidate",
        rule=candidates.add,
        may=May.WRITE_CANDIDATES,
        form=NewCandidate,
        done="The candidate is added.",
    )
    acts = [
        Act(
            name="apply",
            label="Apply for an opening",
            rule=applications.apply,
            may=May.WRITE_CANDIDATES,
            form=ApplyFor,
            done="The application is in.",
        ),
        Act(
            name="edit",
            label="Correct who they are",
            rule=candidates.edit,
            may=May.WRITE_CANDIDATES,
            form=Correction,
            many=False,
            done="Corrected.",
        ),
    ]
    tells = [lambda candidate, user: [Application.objects.visible_to(user).filter(candidate=candidate)]]

    def visible(self, user: Any) -> models.QuerySet[Candidate]:
        theirs = Application.objects.visible_to(user).select_related("opening").order_by("-created_at", "id")
        return Candidate.objects.visible_to(user).prefetch_related(
            models.Prefetch("applications", theirs, to_attr="visible_applications")
        )

    def shows(self, user: Any, name: object) -> bool:
        return may_read_contact(user, Candidate()) if name is contact else super().shows(user, name)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        # The address is encrypted: it is found by its digest, whole or not at all, by those who may read it.
        if "@" in search_term and self.shows(request.user, contact):
            return queryset.filter(email_index=blind_index(candidates.normalise(search_term))), False
        return super().get_search_results(request, queryset, search_term)
