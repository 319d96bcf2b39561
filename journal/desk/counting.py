"""How many rows a list has, without reading a company's whole history for it."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

if TYPE_CHECKING:
    PaginatorBase = Paginator[Any]
else:
    PaginatorBase = Paginator

MOST = 10_000


class OrMore(int):
    """A number that counting stopped at: “10000+” to people, an ordinary number to the pages of a list."""

    def __str__(self) -> str:
        return f"{int(self)}+"


def at_most(rows: models.QuerySet[Any]) -> int:
    """How many rows there are, counted up to MOST. What a database must look at stays the same as years pass."""
    found = rows.order_by().values("pk")[: MOST + 1].count()
    return OrMore(MOST) if found > MOST else found


class Pages(PaginatorBase):
    """The pages of an admin list. Beyond MOST rows nobody leafs; there the search and the filters find them."""

    @cached_property
    def count(self) -> int:
        return at_most(self.object_list)  # type: ignore[arg-type]


DAYS = {"1": "Today", "7": "Last 7 days", "30": "Last 30 days", "365": "Last 12 months"}


def since(field: str) -> type[admin.SimpleListFilter]:
    """A filter by the last days, counted in the reader's zone from midnight.

    (Django's date hierarchy asks which years, months and days there are, and reads every row of the list for it.)
    """

    class Since(admin.SimpleListFilter):
        title = "since"
        parameter_name = "days"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return list(DAYS.items())

        def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
            if self.value() not in DAYS:
                return queryset
            midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
            return queryset.filter(
                **{f"{field}__gte": midnight - dt.timedelta(days=int(self.value() or 1) - 1)}
            )

    return Since
