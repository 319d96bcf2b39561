"""One noun of the business in the admin: its list, its page, its acts. Only rules write."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, cast

from django.contrib import messages
from django.contrib.admin import ShowFacets, helpers
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from journal.desk import acts, counting, show, theme, timeline
from journal.desk.acts import Act, Ask
from journal.errors import Refused

Name = str | show.Shown  # of a field or column: the model's own, a method, or a function of the row
Subject = models.Model | models.QuerySet[Any]
Tells = Callable[[Any, Any], Iterable[Subject]]
Annotates = Callable[[Any], dict[str, Any]]


def tally(rows: models.QuerySet[Any], by: str) -> Coalesce:
    """How many of `rows` belong to each row of a list (`by` is their foreign key to it), as an annotation."""
    mine = (
        rows.filter(**{by: models.OuterRef("pk")})
        .order_by()
        .values(by)
        .annotate(n=models.Count("pk"))
        .values("n")
    )
    return Coalesce(models.Subquery(mine), 0)


class Site(Protocol):
    """What a noun asks of the admin site: the rooms above the journal answer there (config/admin_site.py)."""

    words: Mapping[str, str]

    def allows(self, user: Any, right: str) -> bool:
        """Whether this person holds the right (a value of accounts.roles.May)."""
        ...

    def withheld(self, user: Any) -> Collection[str]:
        """The kinds of things (`candidates.offer`) that this person reads nothing of."""
        ...


def site_of(admin: Any) -> Site:
    return cast(Site, admin.admin_site)


@dataclass(frozen=True)
class Todo:
    """Rows that wait for somebody: what they are, the query of their list, and which of the noun's rows they are."""

    title: str
    query: str
    rows: Callable[[models.QuerySet[Any]], models.QuerySet[Any]]


@dataclass(frozen=True)
class Bar:
    """One line of a chart: how many rows, and the query of the list that shows them."""

    label: str
    count: int
    query: str


@dataclass(frozen=True)
class Chart:
    """How a noun's rows are spread, for the home page: `bars` counts them in one query."""

    title: str
    bars: Callable[[models.QuerySet[Any]], list[Bar]]


def by_choice(
    field: str, choices: Iterable[models.TextChoices]
) -> Callable[[models.QuerySet[Any]], list[Bar]]:
    """A bar for each of these choices of a field, none left out."""
    shown = list(choices)

    def bars(rows: models.QuerySet[Any]) -> list[Bar]:
        found = rows.filter(**{f"{field}__in": shown}).order_by().values_list(field)
        counts: dict[str, int] = dict(found.annotate(models.Count("pk")))
        return [Bar(str(each.label), counts.get(each, 0), f"{field}__exact={each.value}") for each in shown]

    return bars


class Noun(theme.AdminBase):
    """The admin of one model: what a person may see of it, and what they can do.

    Rows come from the model's own `visible_to`; pages are for reading; every change is an `Act`. `page` lays out
    the page: (title, fields). `guarded` names the columns and fields that need a right of their own. `tells` finds
    the things whose events the page's timeline shows besides its own; `quiet` are verbs it leaves out. Rooms above
    add to a noun with `extend`.
    """

    see: ClassVar[str | None] = None
    page: ClassVar[Sequence[tuple[str | None, Sequence[Name]]]] = ()
    add: ClassVar[Act | None] = None
    acts: ClassVar[list[Act]] = []
    guarded: ClassVar[dict[str, str]] = {}
    tells: ClassVar[list[Tells]] = []
    quiet: ClassVar[Sequence[str]] = ()
    annotates: ClassVar[list[Annotates]] = []
    todo: ClassVar[list[Todo]] = []
    charts: ClassVar[list[Chart]] = []
    empty: ClassVar[str] = "Nothing here yet."

    since: ClassVar[str | None] = None  # the moment by which the list is narrowed down to the last days
    paginator = counting.Pages
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    change_list_template = "admin/desk/list.html"
    change_form_template = "admin/desk/page.html"

    class Media:
        css = {"all": ["journal/desk.css"]}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Rooms above add to these, so every noun has lists of its own.
        cls.acts, cls.tells, cls.annotates = list(cls.acts), list(cls.tells), list(cls.annotates)
        cls.inlines, cls.list_display = list(cls.inlines), list(cls.list_display)

    @classmethod
    def extend(
        cls,
        *,
        acts: Iterable[Act] = (),
        inlines: Iterable[type["Rows"]] = (),
        tells: Iterable[Tells] = (),
        columns: Iterable[show.Shown] = (),
        annotates: Iterable[Annotates] = (),
    ) -> None:
        """Add what a room above knows about this noun.

        Acts, inlines, things whose events its timeline shows, and columns with the annotations they need (given
        the person who looks).
        """
        cls.acts += acts
        cls.inlines = [*cls.inlines, *inlines]
        cls.tells += tells
        cls.list_display = [*cls.list_display, *columns]
        cls.annotates += annotates

    # --- who sees what -------------------------------------------------------------------------------------

    def visible(self, user: Any) -> models.QuerySet[Any]:
        """The rows this person may see."""
        rows: models.QuerySet[Any] = self.model._default_manager.visible_to(user)
        return rows

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        counts = {
            name: found for annotate in self.annotates for name, found in annotate(request.user).items()
        }
        rows: models.QuerySet[Any] = self.visible(request.user).annotate(**counts)
        return rows.order_by(*self.get_ordering(request))

    def allowed(self, user: Any, right: str | None) -> bool:
        return right is None or site_of(self).allows(user, right)

    def shows(self, user: Any, name: object) -> bool:
        """Whether a column, field or inline of this name is for this person."""
        key = name if isinstance(name, str) else getattr(name, "__name__", "")
        return self.allowed(user, self.guarded.get(key))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request) and self.allowed(request.user, self.see)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return (
            self.add is not None
            and self.has_view_permission(request)
            and self.allowed(request.user, self.add.may)
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in super().get_list_display(request) if self.shows(request.user, name)]

    def get_list_filter(self, request: HttpRequest) -> Any:
        offered = [item for item in super().get_list_filter(request) if self.shows(request.user, item)]
        return [*offered, counting.since(self.since)] if self.since else offered

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # SECURITY: Django lets the address filter by any column of the model, shown or not: a digest or a withheld
        # field could be guessed letter by letter. Here only what the list offers can be asked.
        offered = [item[0] if isinstance(item, tuple) else item for item in self.get_list_filter(request)]
        asked = [getattr(item, "parameter_name", item) for item in offered]
        names = [name for name in asked if isinstance(name, str)]
        return any(lookup == name or lookup.startswith(f"{name}__") for name in names)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = (
            (title, [name for name in names if self.shows(request.user, name)]) for title, names in self.page
        )
        return [(title, {"fields": names}) for title, names in fields if names]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return flatten_fieldsets(self.get_fieldsets(request, obj))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return [inline for inline in self.inlines if self.allowed(request.user, getattr(inline, "see", None))]

    # --- the page ------------------------------------------------------------------------------------------

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, if this person may see it. It knows its `reader`, for fields that differ from person to person."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.reader = request.user
        return row

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        return [
            path("<str:object_id>/act/<slug:name>/", self.admin_site.admin_view(self.act_view), name=name),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            told, left_out = self.story(request, row)
            context.update(
                {
                    "title": str(row),
                    "subtitle": None,
                    "acts": [(act, self.act_address(row, act)) for act in self.offered(request, row)],
                    "timeline": told,
                    "timeline_cut": left_out,
                    "zone": timezone.get_current_timezone_name(),
                }
            )
        return super().render_change_form(request, context, *args, **kwargs)

    def story(self, request: HttpRequest, row: models.Model) -> tuple[list[timeline.Line], bool]:
        """The events of the row and of what belongs to it, as far as this person may read them."""
        subjects: list[Subject] = [row, *(thing for tell in self.tells for thing in tell(row, request.user))]
        events = timeline.about(subjects).exclude(verb__in=self.quiet).visible_to(request.user)
        return timeline.lines(events, site_of(self).words)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The timeline is on the page itself."""
        return HttpResponseRedirect(reverse(self._url("change"), args=[object_id]) + "#timeline")

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        # What somebody may not see is not there, on this door as on every other.
        raise Http404

    def _url(self, what: str) -> str:
        return f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{what}"

    # --- acts ----------------------------------------------------------------------------------------------

    def offered(self, request: HttpRequest, row: models.Model) -> list[Act]:
        return [act for act in self.acts if act.when(row) and self.allowed(request.user, act.may)]

    def act_address(self, row: models.Model, act: Act) -> str:
        return reverse(self._url("act"), args=[row.pk, act.name])

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        act = next((act for act in self.acts if act.name == name), None)
        row = self.get_object(request, unquote(object_id)) if self.has_view_permission(request) else None
        if act is None or row is None:
            raise Http404
        if not self.allowed(request.user, act.may):
            raise PermissionDenied
        return self.perform(request, act, row)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if self.add is None or not self.has_add_permission(request):
            raise PermissionDenied
        return self.perform(request, self.add, None)

    def perform(self, request: HttpRequest, act: Act, row: models.Model | None) -> HttpResponseBase:
        """Ask, run the one rule, and show what came of it; after a refusal, what was typed is still there."""
        assert not isinstance(request.user, AnonymousUser), "the site lets nobody in without a log-in"
        sent = request.method == "POST"
        form = self._form(act, request, row)
        if sent and form.is_valid():
            try:
                result = act.run(row, form, by=request.user, at=timezone.now())
            except Refused as no:
                if row is not None and not act.asks:
                    messages.error(request, acts.sentence(no))
                    return HttpResponseRedirect(reverse(self._url("change"), args=[row.pk]))
                form.refuse(no)
            else:
                return self.after(request, act, row, result)
        return self._ask(request, act, form, row)

    def after(
        self, request: HttpRequest, act: Act, row: models.Model | None, result: Any
    ) -> HttpResponseBase:
        """Say that it is done, and go on where the result is: on its own page, or else on the row's."""
        messages.success(request, act.done)
        page = show.page_of(result) if isinstance(result, models.Model) else None
        if page is None and row is not None:
            page = reverse(self._url("change"), args=[row.pk])
        return HttpResponseRedirect(page or reverse(self._url("changelist")))

    def shown_once(
        self, request: HttpRequest, *, title: str, about: str, secret: str, how: str, then: str
    ) -> HttpResponseBase:
        """The answer to an act that made a secret: it is on this page and nowhere else."""
        context = {
            **self.admin_site.each_context(request), "media": self.media, "title": title, "about": about,
            "secret": secret, "how": how, "then": then,
        }  # fmt: skip
        answer = TemplateResponse(request, "admin/desk/secret.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if IS_POPUP_VAR in request.GET:
            return {}
        return {
            act.name: (self._over(act), act.name, act.label)
            for act in self.acts
            if act.many and self.allowed(request.user, act.may)
        }

    def _over(self, act: Act) -> Callable[..., HttpResponseBase | None]:
        def run(_admin: Any, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponseBase | None:
            confirmed = "_confirmed" in request.POST
            form = self._form(act, request, None, bound=confirmed)
            if act.asks and not (confirmed and form.is_valid()):
                return self._ask(request, act, form, None, list(rows))
            if not act.asks:
                form.is_valid()
            report = acts.over(act, list(rows), form, by=request.user, at=timezone.now())
            level = messages.WARNING if report.refused else messages.SUCCESS
            self.message_user(request, report.summary, level)
            for row, no in report.refused:
                self.message_user(request, f"{row}: {acts.sentence(no)}", messages.ERROR)
            return None

        return run

    def _form(self, act: Act, request: HttpRequest, row: models.Model | None, *, bound: bool = True) -> Ask:
        sent = request.method == "POST" and (bound or not act.asks)
        return act.form(
            request.POST if sent else None,
            request.FILES if sent else None,
            row=row,
            by=request.user,
            initial=request.GET.dict() if row is None else None,
        )

    def _ask(
        self,
        request: HttpRequest,
        act: Act,
        form: Ask,
        row: models.Model | None,
        rows: list[models.Model] | None = None,
    ) -> TemplateResponse:
        back = (
            reverse(self._url("change"), args=[row.pk])
            if row is not None
            else reverse(self._url("changelist"))
        )
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/desk/ask.html",
            {
                **self.admin_site.each_context(request),
                "title": act.label,
                "subtitle": None,
                "opts": self.opts,
                "original": row,
                "add": row is None,
                "change": row is not None,
                "is_popup": False,
                "act": act,
                "form": form,
                "inline_admin_formsets": [],
                "explain": form.explain(),
                "media": self.media + form.media,
                "has_file_field": form.is_multipart(),
                "has_view_permission": True,
                "has_add_permission": False,
                "rows": rows,
                "chosen": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
                "across": request.POST.get("select_across", "0"),
                "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
                "back": back,
            },
        )

    # --- the list ------------------------------------------------------------------------------------------

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        if not found.has_active_filters and not found.query:
            found.full_result_count = found.result_count  # or unfold offers to “show all” of what is shown
        return found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {"title": str(self.opts.verbose_name_plural).capitalize(), "desk_empty": self.empty}
        return super().changelist_view(request, {**context, **(extra_context or {})})


class Rows(theme.InlineBase):
    """Rows of another noun on a page, to read: `cells` of each. `see` is the right they need."""

    see: ClassVar[str | None] = None
    cells: ClassVar[Sequence[Name]] = ()
    empty: ClassVar[str] = ""  # read when there are none; without it they are left out
    template = "admin/desk/rows.html"
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = False
    hide_title = True  # the cells say it already

    def visible(self, user: Any) -> models.QuerySet[Any]:
        """The rows this person may see, in order; the page's own row is visible already."""
        rows: models.QuerySet[Any] = self.model._default_manager.order_by(*(self.ordering or ("pk",)))
        visible_to = getattr(rows, "visible_to", None)
        return visible_to(user) if visible_to else rows

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return self.visible(request.user)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.cells

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.cells

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.see is None or site_of(self).allows(request.user, self.see)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
