"""Kinds of values the API reads. Nothing is converted silently: a number is no text, “yes” is not true."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User, valid_zone

MOST_MONEY = 10**15
_EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_LATEST = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


class Text(serializers.CharField):
    """Free text, kept as it was written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Word(Text):
    """A key or another short word; the rule knows which ones there are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 60, **kwargs})


class Choice(serializers.ChoiceField):
    """One of a fixed list of words."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": -(2**31), "max_value": 2**31 - 1, **kwargs})

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Money(Whole):
    """An amount in minor units (cents)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-MOST_MONEY, max_value=MOST_MONEY, **kwargs)


class YesNo(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Currency(serializers.RegexField):
    default_error_messages = {"invalid": "Give the currency as three capital letters, such as EUR."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[A-Z]{3}\Z", **kwargs)


class Zone(Text):
    """An IANA time zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, validators=[valid_zone], **kwargs)


class Instant(serializers.DateTimeField):
    """A moment. Read with its offset from UTC; written in UTC, whatever zone the reader lives in."""

    default_error_messages = {
        "naive": "Give the time with its offset, such as 2026-03-02T09:00:00Z.",
        "far": "Give a time between the years 2000 and 2200.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=dt.UTC, **kwargs)

    def enforce_timezone(self, value: dt.datetime) -> dt.datetime:
        if value.tzinfo is None:
            self.fail("naive")
        moment: dt.datetime = super().enforce_timezone(value)
        # The ends of the calendar overflow as soon as anything is added to them.
        if not _EARLIEST <= moment < _LATEST:
            self.fail("far")
        return moment


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "example": "09:30"})
class Clock(serializers.TimeField):
    """A time of day on somebody's own clock, such as 09:30."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)


class Reference(serializers.UUIDField):
    """Another thing, named by its id, out of those this caller may see; the rule gets the thing itself."""

    default_error_messages = {"gone": "There is no {noun} with this id, or you may not see it."}

    def __init__(self, among: Callable[[User], QuerySet[Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.among = among

    def to_internal_value(self, data: Any) -> Model:  # type: ignore[override]
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        rows = self.among(self.context["request"].user)
        row: Model | None = rows.filter(pk=super().to_internal_value(data)).first()
        if row is None:
            self.fail("gone", noun=rows.model._meta.verbose_name)
        return row
