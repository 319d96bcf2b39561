"""A noun of the API: a list, one thing, and verbs that each call one rule."""

from __future__ import annotations

import datetime as dt
import inspect
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError as Unreadable
from django.db import models, transaction
from django.http import Http404
from django.utils import timezone
from django_filters import TypedChoiceFilter, UUIDFilter
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse, extend_schema_field
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import answers as kept
from accounts import keys
from accounts.api.paging import Paging
from accounts.api.shapes import Input, Output
from accounts.models import ApiKey, User

Rule = Callable[..., Any]
LARGEST_BODY = 2 * 1024 * 1024


class ScopedKey(BasePermission):
    """A key reaches the nouns its scopes name, and no other. People are judged by rules and querysets."""

    message = "This API key does not reach that. Ask an administrator for a key with the scope for it."

    def has_permission(self, request: Request, view: Any) -> bool:
        key = request.auth
        if not isinstance(key, ApiKey):
            return True
        noun = getattr(view, "noun", "")
        return bool(noun) and keys.covers(key, noun, write=request.method not in SAFE_METHODS)


class TooLarge(APIException):
    status_code = 413
    default_detail = "This request is larger than 2 MB. Send less at once."
    default_code = "too_large"


class Json(JSONParser):
    """JSON of a bounded size and depth."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        if int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            raise TooLarge
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as deep:
            raise ParseError("This JSON is nested too deeply.") from deep


@extend_schema_field(bool)
class TrueOrFalse(TypedChoiceFilter):  # type: ignore[misc]
    """`true` or `false`; any other word is refused, where the usual filter takes it for no wish at all."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("true", "Yes"), ("false", "No")]
        super().__init__(choices=choices, coerce=lambda text: text == "true", **kwargs)


class Rows(FilterSet):  # type: ignore[misc]
    """Filters made from fields: references by id, never looked up; truth as true or false."""

    FILTER_DEFAULTS = {
        **FilterSet.FILTER_DEFAULTS,
        models.ForeignKey: {"filter_class": UUIDFilter},
        models.OneToOneField: {"filter_class": UUIDFilter},
        models.BooleanField: {"filter_class": TrueOrFalse},
    }


class Filtering(DjangoFilterBackend):  # type: ignore[misc]
    """Filters of a list. An unknown parameter is refused: it would look as if it had been applied."""

    filterset_base = Rows

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        filters = self.get_filterset_class(view, queryset)
        known = [*(filters.base_filters if filters else ()), Paging.cursor_param, Paging.size_param]
        strange = sorted(set(request.query_params) - set(known))
        if strange:
            wrong = f"This parameter is not known here. The parameters are: {', '.join(known)}."
            raise ValidationError({name: [wrong] for name in strange})
        empty = sorted(name for name, value in request.query_params.items() if not value)
        if empty:
            raise ValidationError({name: ["Give this parameter a value, or leave it out."] for name in empty})
        return super().filter_queryset(request, queryset, view)


class Operation(AutoSchema):
    """An operation in the reference: named as people speak (openings_approve), in the words of its rule."""

    view: Any

    @property
    def _handler(self) -> Any:
        return getattr(self.view, self.view.action)

    def get_operation_id(self) -> str:
        return f"{self.view.basename}_{self.view.action}".replace("-", "_")

    def get_tags(self) -> list[str]:
        return [self.view.basename]

    def get_summary(self) -> str | None:
        return self.get_description().partition("\n")[0] or None

    def get_description(self) -> str:  # type: ignore[override]
        said_by = getattr(self._handler, "rule", self._handler)
        return inspect.getdoc(said_by) or ""

    def get_request_serializer(self) -> Any:
        return getattr(self._handler, "takes", None)

    def get_response_serializers(self) -> Any:
        shown = getattr(self._handler, "answers", None) or super().get_response_serializers()
        if not getattr(self._handler, "leaves", False):
            return shown
        return {200: shown, 204: OpenApiResponse(description="Done; it is no longer yours to see.")}


class Noun(ReadOnlyModelViewSet[Any]):
    """A list of rows and each one of them, as its serializer fetches and tells them."""

    noun = ""
    serializer_class: type[Output]
    list_serializer_class: type[Output] | None = None
    permission_classes = [IsAuthenticated, ScopedKey]
    filter_backends = [Filtering]
    pagination_class = Paging
    parser_classes = [Json]
    metadata_class = None
    http_method_names = ["get", "head", "post"]
    schema = Operation()

    @property
    def actor(self) -> User:
        user = self.request.user
        assert isinstance(user, User), "IsAuthenticated stands before every noun"
        return user

    @property
    def at(self) -> dt.datetime:
        """The clock of this door: rules are given the time, and it is read here."""
        return timezone.now()

    def get_serializer_class(self) -> type[Output]:
        return (self.action == "list" and self.list_serializer_class) or self.serializer_class

    def get_queryset(self) -> Any:
        output = self.get_serializer_class()
        if getattr(self, "swagger_fake_view", False):
            return output.Meta.model._default_manager.none()  # type: ignore[attr-defined]
        return output.rows(self.actor)

    def get_object(self) -> Any:
        rows = self.get_queryset()
        try:
            wanted = rows.model._meta.pk.to_python(self.kwargs["pk"])
        except Unreadable:
            raise Http404 from None
        row = rows.filter(pk=wanted).first()
        if row is None:
            raise Http404
        return row

    def said(self, takes: type[Input]) -> Mapping[str, Any]:
        """The request's body, read as this input."""
        form = takes(data=self.request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        words: Mapping[str, Any] = form.validated_data
        return words

    def shown(self, output: type[Output], row: models.Model, *, status: int = 200) -> Response:
        """How the row is now, for this reader; nothing when it has gone out of their sight."""
        seen = output.rows(self.actor).filter(pk=row.pk).first()
        if seen is None:
            return Response(status=204)
        return Response(output(seen, context=self.get_serializer_context()).data, status=status)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the caller in; a POST with an Idempotency-Key is done at most once. See accounts/answers.py."""
        super().initial(request, *args, **kwargs)
        key = request.headers.get("Idempotency-Key")
        if request.method == "POST" and key is not None:
            # Where DRF looks for what answers this request.
            act: Any = getattr(self, self.action)
            self.__dict__["post"] = partial(self._once, key, act)

    def _once(
        self, key: str, act: Callable[..., Response], request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
            raise ValidationError({"Idempotency-Key": ["Give 1 to 255 printable ASCII characters."]})
        body = json.dumps(request.data, sort_keys=True).encode()
        row = kept.claim(self.actor, address=request.path[:300], key=key, body=body, at=self.at)
        if row.status is not None:
            again = Response(json.loads(row.content) if row.content else None, status=row.status)
            again["Idempotency-Replayed"] = "true"
            return again
        try:
            if before := getattr(act, "before", None):
                before(self.get_object(), by=self.actor, at=self.at)
            with nullcontext() if getattr(act, "thinks", False) else transaction.atomic():
                answer = act(request, *args, **kwargs)
                content = "" if answer.data is None else JSONRenderer().render(answer.data).decode()
                kept.keep(row, status=answer.status_code, content=content)
        except BaseException:
            kept.let_go(row)
            raise
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store"
        return final


def verb(
    rule: Rule,
    takes: type[Input] | None = None,
    *,
    name: str = "",
    answers: type[BaseSerializer[Any]] | None = None,
    leaves: bool = False,
    before: Rule | None = None,
    thinks: bool = False,
) -> Any:
    """POST /<noun>/{id}/<name>: call the rule on the row with what was said, as the caller, now.

    The answer is the row as it is afterwards; with `answers`, another row the rule gave back, or (for what is
    no row) the result itself. `leaves` says that the caller may lose sight of the row by this. `before` is what the
    rule does outside its transaction (reading calendars, say), for those who call it inside one of their own. A rule
    that `thinks` takes long and locks nothing meanwhile; no transaction is put around it, its answer is kept afterwards.
    """

    def act(self: Noun, request: Request, pk: str) -> Response:
        row = self.get_object()
        result = rule(row, **self.said(takes or Input), by=self.actor, at=self.at)
        if answers is None:
            return self.shown(self.serializer_class, row)
        if issubclass(answers, Output):
            return self.shown(answers, result)
        return Response(answers(result, context=self.get_serializer_context()).data)

    act.__name__ = name or rule.__name__
    act.rule, act.takes, act.answers, act.leaves = rule, takes, answers, leaves  # type: ignore[attr-defined]
    act.before, act.thinks = before, thinks  # type: ignore[attr-defined]
    return action(detail=True, methods=["post"], url_path=act.__name__.replace("_", "-"))(act)


def creation(rule: Rule, takes: type[Input]) -> Any:
    """POST /<noun>: call the rule with what was said; the answer is the new row."""

    def create(self: Noun, request: Request) -> Response:
        row = rule(**self.said(takes), by=self.actor, at=self.at)
        return self.shown(self.serializer_class, row, status=201)

    create.rule, create.takes = rule, takes  # type: ignore[attr-defined]
    return create
