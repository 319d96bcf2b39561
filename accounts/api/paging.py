"""Long lists, page by page from where the last one ended: what is added meanwhile shifts nothing."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as Unreadable
from django.db.models import Model, Q
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

SIZE, MOST = 50, 200


class Paging(BasePagination):
    """Newest first by (created_at, id), or in the view's `order`; any number of rows may be equally new."""

    cursor_param, size_param = "cursor", "page_size"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        order: Sequence[str] = getattr(view, "order", ("-created_at", "-id"))
        size = self._size(request)
        backwards, place = self._place(request, queryset.model, order)
        if backwards:
            order = [field.removeprefix("-") if field.startswith("-") else f"-{field}" for field in order]
        rows = queryset.order_by(*order)
        if place:
            rows = rows.filter(_beyond(order, place))
        found = list(rows[: size + 1])
        more, found = len(found) > size, found[:size]
        if backwards:
            found.reverse()
        base = request.build_absolute_uri()
        has_next, has_previous = (bool(place), more) if backwards else (more, bool(place))
        self.next = self._link(base, found[-1], order, "n") if has_next and found else None
        self.previous = self._link(base, found[0], order, "p") if has_previous and found else None
        if backwards and not found:
            self.next = remove_query_param(base, self.cursor_param)
        return found

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def _size(self, request: Request) -> int:
        text = request.query_params.get(self.size_param, str(SIZE))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MOST or len(text) > 9:
            raise ValidationError({self.size_param: [f"Give a whole number from 1 to {MOST}."]})
        return int(text)

    def _place(
        self, request: Request, model: type[Model], order: Sequence[str]
    ) -> tuple[bool, dict[str, Any]]:
        text = request.query_params.get(self.cursor_param)
        if text is None:
            return False, {}
        names = [field.removeprefix("-") for field in order]
        try:
            way, *values = base64.urlsafe_b64decode(text.encode()).decode().split(" ")
            if way not in ("n", "p"):
                raise ValueError(way)
            place = {
                name: model._meta.get_field(name).to_python(value)  # type: ignore[union-attr]
                for name, value in zip(names, values, strict=True)
            }
        except (binascii.Error, ValueError, Unreadable) as broken:
            wrong = "This is not a cursor of this list. Follow “next” and “previous” as they are."
            raise ValidationError({self.cursor_param: [wrong]}) from broken
        return way == "p", place

    def _link(self, base: str, row: Model, order: Sequence[str], way: str) -> str:
        values = [getattr(row, field.removeprefix("-")) for field in order]
        texts = [value.isoformat() if hasattr(value, "isoformat") else str(value) for value in values]
        cursor = base64.urlsafe_b64encode(" ".join([way, *texts]).encode()).decode()
        return replace_query_param(base, self.cursor_param, cursor)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": dict(link), "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": self.cursor_param,
                "in": "query",
                "required": False,
                "description": "Where a page begins; part of the links “next” and “previous”.",
                "schema": {"type": "string"},
            },
            {
                "name": self.size_param,
                "in": "query",
                "required": False,
                "description": "How many results a page has.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": SIZE},
            },
        ]


def _beyond(order: Sequence[str], place: dict[str, Any]) -> Q:
    """The rows after `place` in this order: further by the first field, or equal there and by the next."""
    beyond, same = Q(), Q()
    for field in order:
        name = field.removeprefix("-")
        further = Q(**{f"{name}__{'lt' if field.startswith('-') else 'gt'}": place[name]})
        beyond |= same & further
        same &= Q(**{name: place[name]})
    return beyond
