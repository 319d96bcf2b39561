"""Who people are, as far as everybody reads it, and who the caller is."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import roles
from accounts.api.shapes import Output
from accounts.models import ApiKey, User


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
