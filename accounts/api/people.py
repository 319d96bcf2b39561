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

from accounts import roles, users
from accounts.api.fields import Text, Word, Zone
from accounts.api.nouns import Noun, Rows, creation, verb
from accounts.api.shapes import Input, Output
from accounts.models import ApiKey, Grant, User


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


class AccountSerializer(Output):
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "name", "title", "email", "zone", "kind", "is_active", "roles", "created_at")

    @classmethod
    def rows(cls, reader: User) -> QuerySet[User]:
        return super().rows(reader).prefetch_related(Prefetch("grants", Grant.objects.order_by("role")))

    def get_roles(self, user: User) -> list[str]:
        return [grant.role for grant in user.grants.all()]


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
    grant = verb(users.grant, WhichRole)
    revoke = verb(users.revoke, WhichRole)
    deactivate = verb(users.deactivate)
    reactivate = verb(users.reactivate)
