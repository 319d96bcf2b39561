"""Who people are, as far as everybody reads it, who the caller is, and the accounts that administrators keep."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import notices, roles, users
from accounts.api.fields import Clock, Text, Word, Zone
from accounts.api.nouns import Noun, Rows, creation, verb
from accounts.api.shapes import Input, Output
from accounts.models import ApiKey, Grant, Notifications, User


class PersonSerializer(Output):
    class Meta:
        model = User
        fields = ("id", "name", "title")


class KeySerializer(Output):
    scopes = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")


class MeSerializer(Output):
    roles = serializers.SerializerMethodField()
    may = serializers.SerializerMethodField(help_text="What the roles allow, in words.")
    key = serializers.SerializerMethodField(help_text="The API key of this request; null for a person.")

    class Meta:
        model = User
        fields = ("id", "name", "title", "email", "zone", "kind", "roles", "may", "key")

    def get_roles(self, user: User) -> list[str]:
        return sorted(roles.held(user))

    def get_may(self, user: User) -> list[str]:
        return [what.value for what in roles.May if roles.allows(user, what)]

    @extend_schema_field(KeySerializer(allow_null=True))
    def get_key(self, user: User) -> Any:
        key = self.context["request"].auth
        return KeySerializer(key, context=self.context).data if isinstance(key, ApiKey) else None


class Me(APIView):
    """Who the caller is, and what they may do."""

    http_method_names = ("get", "head")

    @extend_schema(operation_id="me", tags=["me"], summary="Who the caller is.", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        response = Response(MeSerializer(request.user, context={"request": request}).data)
        response["Cache-Control"] = "no-store"
        return response


class NotificationsSerializer(Output):
    ways = serializers.SerializerMethodField(help_text="By kind: mail, digest or none.")

    class Meta:
        model = Notifications
        fields = ("ways", "quiet_from", "quiet_until")

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_ways(self, row: Notifications) -> dict[str, str]:
        return {kind: notices.way(row.user, kind).value for kind in notices.KINDS}


class AccountSerializer(Output):
    roles = serializers.SerializerMethodField()
    notifications = serializers.SerializerMethodField(help_text="One's own.")
    told = {"notifications": lambda reader, user: reader.pk == user.pk}

    class Meta:
        model = User
        fields = (
            "id",
            "name",
            "title",
            "email",
            "zone",
            "kind",
            "is_active",
            "roles",
            "notifications",
            "created_at",
        )

    @classmethod
    def rows(cls, reader: User) -> QuerySet[User]:
        fetched = super().rows(reader).select_related("notifications")
        return fetched.prefetch_related(Prefetch("grants", Grant.objects.order_by("role")))

    def get_roles(self, user: User) -> list[str]:
        return [grant.role for grant in user.grants.all()]

    @extend_schema_field(NotificationsSerializer)
    def get_notifications(self, user: User) -> Any:
        return NotificationsSerializer(notices.of(user), context=self.context).data


class AddPerson(Input):
    name = Text(max_length=120)
    email = Text(max_length=254)
    zone = Zone()
    roles = serializers.ListField(child=Word(), required=False)
    title = Text(max_length=120, required=False, allow_blank=True)
    kind = Word(required=False)
    password = Text(
        max_length=200, required=False, help_text="A first one; without it they choose one by mail."
    )


class ChangeZone(Input):
    zone = Zone()


class ChangeKind(Input):
    kind = Word(help_text="`person` or `service`.")


class ChooseNotifications(Input):
    ways = serializers.DictField(child=Word(), help_text="By kind: mail, digest or none. Others stay.")
    quiet_from = Clock(allow_null=True, help_text="On one's own clock; null for no quiet hours.")
    quiet_until = Clock(allow_null=True)


class WhichRole(Input):
    role = Word()


class PersonRows(Rows):
    class Meta:
        model = User
        fields = ["kind", "is_active"]


def add(
    *,
    name: str,
    email: str,
    zone: str,
    by: User,
    at: dt.datetime,
    roles: Iterable[str] = (),
    title: str = "",
    kind: str = User.Kind.PERSON,
    password: str | None = None,
) -> User:
    """Give somebody an account."""
    return users.create(
        name=name,
        email=email,
        zone=zone,
        roles_=roles,
        title=title,
        kind=kind,
        password=password,
        by=by,
        at=at,
    )


class People(Noun):
    """Closed to keys: a program that could make accounts could give itself any right."""

    serializer_class = AccountSerializer
    filterset_class = PersonRows

    create = creation(add, AddPerson)
    move_zone = verb(users.move_zone, ChangeZone)
    change_kind = verb(users.change_kind, ChangeKind)
    choose_notifications = verb(notices.choose, ChooseNotifications, name="choose_notifications")
    grant = verb(users.grant, WhichRole)
    revoke = verb(users.revoke, WhichRole)
    deactivate = verb(users.deactivate)
    reactivate = verb(users.reactivate)
