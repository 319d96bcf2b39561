"""The admin site: who gets in, what the home page shows, and what the rooms below ask of the rooms above."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts import roles
from accounts.models import User
from config import reading
from config.admin_words import WORDS
from journal.desk import Noun, counting, show

if TYPE_CHECKING or settings.ADMIN_THEME != "unfold":
    SiteBase = admin.AdminSite
else:
    from unfold.sites import UnfoldAdminSite as SiteBase

May = roles.May

# Nouns in the order of the work; rooms follow their first noun.
ORDER = (
    "hiring.opening",
    "candidates.application",
    "candidates.candidate",
    "candidates.offer",
    "candidates.outcome",
    "interviews.loop",
    "interviews.interview",
    "interviews.seat",
    "interviews.scorecard",
    "interviews.flag",
    "interviews.debrief",
    "interviews.interviewer",
    "hiring.transitionplan",
    "hiring.playbook",
    "hiring.edition",
    "outbox.delivery",
    "journal.event",
    "journal.run",
    "accounts.user",
    "accounts.apikey",
)

ROOMS = {"accounts": "People and keys", "outbox": "Messages"}

# SECURITY: the theme evaluates expressions of its own templates (Alpine) and writes its colours into the page, so
# pages below /admin/ allow both; the rest of the service stays strict. Scripts still come from here only.
THEME_NEEDS = {"script-src": ["'self'", "'unsafe-eval'"], "style-src": ["'self'", "'unsafe-inline'"]}


class Desk(SiteBase):
    """The recruiters' desk."""

    site_title = site_header = "Loopwright"
    index_title = "Recruiting desk"
    index_template = "admin/desk/index.html"
    words: Mapping[str, str] = WORDS

    # --- doors ---------------------------------------------------------------------------------------------

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take the product's own nouns only.

        SECURITY: packages register their models with forms that write around every rule (e-mail addresses,
        second factors, groups); those registrations are passed over.
        """
        if admin_class is not None and issubclass(admin_class, Noun):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        guarded = super().admin_view(view, cacheable)
        return csp_update(THEME_NEEDS)(guarded) if settings.ADMIN_THEME == "unfold" else guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """One door for everybody: its rate limits and second factor count here too."""
        return secure_admin_login(super().login)(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return HttpResponseRedirect(reverse("account_change_password"))

    # --- what people may read ------------------------------------------------------------------------------

    def allows(self, user: User, right: str) -> bool:
        return roles.allows(user, May(right))

    def withheld(self, user: User) -> list[str]:
        return reading.withheld(user)

    # --- home ----------------------------------------------------------------------------------------------

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        place = {label: number for number, label in enumerate(ORDER)}
        rooms = super().get_app_list(request, app_label)
        for room in rooms:
            room["name"] = ROOMS.get(room["app_label"], room["name"])
            room["models"].sort(key=lambda noun: place.get(noun["model"]._meta.label_lower, len(place)))
        return sorted(
            rooms, key=lambda room: place.get(room["models"][0]["model"]._meta.label_lower, len(place))
        )

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        todo = sorted(self.todo(request), key=lambda item: not item["count"])
        waiting = any(item["count"] for item in todo)
        context = {"todo": todo, "waiting": waiting, "charts": self.charts(request)}
        return super().index(request, {**context, **(extra_context or {})})

    def todo(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What waits for somebody, of what this person may see: a count each, and the list of just those."""
        return [
            {
                "title": todo.title,
                "count": counting.at_most(todo.rows(noun.get_queryset(request))),
                "url": f"{show.list_address(noun.model)}?{todo.query}",
            }
            for noun in self._nouns(request)
            for todo in noun.todo
        ]

    def charts(self, request: HttpRequest) -> list[dict[str, Any]]:
        """How things are spread, of what this person may see: each bar leads to the list of just those."""
        return [
            {
                "title": chart.title,
                "bars": [
                    {
                        "label": bar.label,
                        "count": bar.count,
                        "percent": 100 * bar.count // most,
                        "url": f"{show.list_address(noun.model)}?{bar.query}",
                    }
                    for bar in bars
                ],
            }
            for noun in self._nouns(request)
            for chart in noun.charts
            for bars in [chart.bars(noun.visible(request.user))]
            if (most := max(bar.count for bar in bars))
        ]

    def _nouns(self, request: HttpRequest) -> list[Noun]:
        """Those of the person's nouns that have a place in the work, in its order."""
        nouns = {noun.opts.label_lower: noun for noun in self._registry.values() if isinstance(noun, Noun)}
        return [
            nouns[label] for label in ORDER if label in nouns and nouns[label].has_view_permission(request)
        ]
