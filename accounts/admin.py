"""People, services and their keys."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts import keys, roles, users
from accounts.models import ApiKey, Grant, User, zones
from journal.desk import Act, Ask, Noun, Rows, show

May = roles.May


def reader(request: HttpRequest) -> User:
    """Who looks. (The site lets nobody in without a log-in.)"""
    assert isinstance(request.user, User)
    return request.user


def people() -> models.QuerySet[User]:
    """Colleagues who can be given a part."""
    return User.objects.filter(kind=User.Kind.PERSON, is_active=True).order_by("name")


KINDS = [(User.Kind.PERSON, "A person"), (User.Kind.SERVICE, "A service that calls the API")]


class NewPerson(Ask):
    intro = (
        "They log in with the e-mail address. Without a first password they choose one through “Forgot your "
        "password?” on the log-in page."
    )
    kind = forms.ChoiceField(
        label="Who is it?",
        choices=KINDS,
        initial=User.Kind.PERSON,
    )
    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="E-mail address")
    title = forms.CharField(max_length=120, required=False, help_text="What candidates read beside the name.")
    zone = forms.ChoiceField(label="Time zone", choices=zones, initial="UTC")
    roles_ = forms.MultipleChoiceField(
        label="Roles",
        choices=[(role.key, f"{role.title}: {role.holder}") for role in roles.ROLES.values()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    password = forms.CharField(
        label="First password",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def answers(self) -> dict[str, Any]:
        return {**self.cleaned_data, "password": self.cleaned_data["password"] or None}


class WhichRole(Ask):
    role = forms.ChoiceField(choices=[(role.key, role.title) for role in roles.ROLES.values()])


class WhichKind(Ask):
    intro = "Take their roles and keys first: people and services hold different ones."
    kind = forms.ChoiceField(label="Who is it?", choices=KINDS)

    def prepare(self) -> None:
        if self.row is not None:
            self.fields["kind"].initial = self.row.kind


class WhichZone(Ask):
    zone = forms.ChoiceField(label="Time zone", choices=zones)

    def prepare(self) -> None:
        if self.row is not None:
            self.fields["zone"].initial = self.row.zone


class NewKey(Ask):
    intro = "The key is shown once, right after it is made. Only a digest of it is stored."
    name = forms.CharField(max_length=80, help_text="What it is for, such as “ATS, production”.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in keys.SCOPES],
        widget=forms.CheckboxSelectMultiple,
        help_text="Writing includes reading.",
    )
    expires_on = forms.DateField(
        label="Expires on", widget=forms.DateInput(attrs={"type": "date"}), help_text="At most 400 days away."
    )

    def answers(self) -> dict[str, Any]:
        asked = self.cleaned_data
        midnight = timezone.make_aware(dt.datetime.combine(asked["expires_on"], dt.time.min))
        return {"name": asked["name"], "scopes": asked["scopes"], "expires_at": midnight}


class NewKeyFor(NewKey):
    user = forms.ModelChoiceField(
        label="Service",
        queryset=User.objects.filter(kind=User.Kind.SERVICE, is_active=True).order_by("name"),
        help_text="Is it missing? Add the service as a person first.",
    )
    field_order = ("user",)

    def answers(self) -> dict[str, Any]:
        return {**super().answers(), "user": self.cleaned_data["user"]}


def _issue_for(*, user: User, **answers: Any) -> tuple[ApiKey, str]:
    return keys.issue(user, **answers)


class KeyRows(Rows):
    model = ApiKey
    see = May.MANAGE_ACCOUNTS
    cells = (
        show.itself("Key"),
        "scopes",
        show.when("expires_at", "Expires"),
        show.when("revoked_at", "Revoked"),
    )


class ShownOnce(Noun):
    """A noun whose act makes a secret: it is on the answer's page and nowhere else."""

    def after(
        self, request: HttpRequest, act: Act, row: models.Model | None, result: Any
    ) -> HttpResponseBase:
        if not (isinstance(result, tuple) and isinstance(result[0], ApiKey)):
            return super().after(request, act, row, result)
        key, secret = result
        return self.shown_once(
            request,
            title="The new key",
            about=f"{key.name}, for {key.user}",
            secret=secret,
            how="If it gets lost, issue a new one and revoke this one. The program sends it with every request: "
            "Authorization: Api-Key …",
            then=show.page_of(key) or "",
        )


@show.column("Roles")
def held(user: User) -> str:
    return ", ".join(
        sorted(roles.ROLES[grant.role].title for grant in user.grants.all() if grant.role in roles.ROLES)
    )


@show.column("May")
def may(user: User) -> str:
    return show.bullets(what.capitalize() for what in May if roles.allows(user, what))


class RoleFilter(admin.SimpleListFilter):
    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(role.key, role.title) for role in roles.ROLES.values()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(grants__role=self.value()) if self.value() else queryset


@admin.register(User)
class UserAdmin(ShownOnce):
    list_display = ("name", "title", held, "email", "zone", "kind", "is_active")
    list_filter = (RoleFilter, "kind", "is_active")
    ordering = ("name",)
    search_fields = ("name", "email")
    search_help_text = "Name or e-mail address."
    page = (
        (
            None,
            (
                "name",
                "title",
                "email",
                "zone",
                "kind",
                "is_active",
                held,
                may,
                show.when("last_login", "Last log-in"),
            ),
        ),
    )
    inlines = [KeyRows]
    empty = "Nobody here yet. Add the first person."
    add = Act(
        name="add",
        label="Add a person or a service",
        rule=users.create,
        may=May.MANAGE_ACCOUNTS,
        form=NewPerson,
        done="The account is made.",
    )
    acts = [
        Act(
            name="grant",
            label="Give a role",
            rule=users.grant,
            may=May.MANAGE_ACCOUNTS,
            form=WhichRole,
            done="The role is given.",
        ),
        Act(
            name="take",
            label="Take a role",
            rule=users.revoke,
            may=May.MANAGE_ACCOUNTS,
            form=WhichRole,
            done="The role is taken.",
        ),
        Act(
            name="zone",
            label="Change the time zone",
            rule=users.move_zone,
            may=May.MANAGE_ACCOUNTS,
            form=WhichZone,
            done="Times are shown to them in this zone now.",
        ),
        Act(
            name="kind",
            label="Person or service",
            rule=users.change_kind,
            may=May.MANAGE_ACCOUNTS,
            form=WhichKind,
            many=False,
            done="The account is of that kind now.",
        ),
        Act(
            name="key",
            label="Issue an API key",
            rule=keys.issue,
            may=May.MANAGE_ACCOUNTS,
            form=NewKey,
            when=lambda user: user.kind == User.Kind.SERVICE,
            many=False,
        ),
        Act(
            name="deactivate",
            label="End access",
            rule=users.deactivate,
            may=May.MANAGE_ACCOUNTS,
            sure="They are logged out and can do nothing here any more. What they did stays on record.",
            when=lambda user: user.is_active,
            done="Their access has ended.",
        ),
        Act(
            name="reactivate",
            label="Give access back",
            rule=users.reactivate,
            may=May.MANAGE_ACCOUNTS,
            when=lambda user: not user.is_active,
            done="They can log in again, with the roles they hold.",
        ),
    ]

    def visible(self, user: Any) -> models.QuerySet[User]:
        return User.objects.visible_to(user).prefetch_related(Prefetch("grants", Grant.objects.all()))


@show.column("State")
def key_state(key: ApiKey) -> str:
    if key.revoked_at:
        return show.badge("Revoked", "bad")
    return (
        show.badge("Expired", "quiet") if key.expires_at <= timezone.now() else show.badge("Usable", "good")
    )


@admin.register(ApiKey)
class ApiKeyAdmin(ShownOnce):
    see = May.MANAGE_ACCOUNTS
    list_display = (
        "name",
        show.value("prefix", "Begins with", get=lambda prefix: f"lw_{prefix}…"),
        "user",
        key_state,
        show.when("expires_at", "Expires"),
        show.when("last_used_at", "Last used"),
    )
    list_filter = (("user", admin.RelatedOnlyFieldListFilter),)
    ordering = ("-created_at",)
    search_fields = ("name", "prefix", "user__name")
    search_help_text = "Name of the key or of the service, or the eight characters after lw_."
    page = (
        (
            None,
            (
                "name",
                show.to("user", "Service"),
                show.value("prefix", "Begins with", get=lambda prefix: f"lw_{prefix}…"),
                show.value("scopes", "Scopes", get=show.bullets),
                key_state,
                show.when("created_at", "Issued"),
                show.when("expires_at", "Expires"),
                show.when("last_used_at", "Last used"),
                show.when("revoked_at", "Revoked"),
            ),
        ),
    )
    empty = "No keys yet. A program that calls the API, such as your ATS, needs one."
    add = Act(name="add", label="Issue an API key", rule=_issue_for, may=May.MANAGE_ACCOUNTS, form=NewKeyFor)
    acts = [
        Act(
            name="revoke",
            label="Revoke",
            rule=keys.revoke,
            may=May.MANAGE_ACCOUNTS,
            sure="Whatever uses this key stops working at once.",
            when=lambda key: key.revoked_at is None,
            done="The key is revoked.",
        )
    ]

    def visible(self, user: Any) -> models.QuerySet[ApiKey]:
        return ApiKey.objects.select_related("user")
