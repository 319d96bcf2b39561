"""What comes in and what goes out."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db.models import DateTimeField, QuerySet, TimeField
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from accounts.api.fields import Clock, Instant
from accounts.models import User


class Input(serializers.Serializer[Any]):
    """The keywords of one rule. An unknown key is refused by name, so that no misspelt wish is lost."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            strange = sorted({str(key) for key in data} - set(self.fields))
            if strange:
                known = ", ".join(self.fields) or "none"
                raise serializers.ValidationError(
                    {key: [f"This field is not known here. The fields are: {known}."] for key in strange}
                )
        return super().to_internal_value(data)


class Output(serializers.ModelSerializer[Any]):
    """What is said of one row, and the rows there are for a reader, fetched with all that is said of them.

    `told` names the parts that not everybody reads, each with its predicate of (reader, row): whoever does
    not read a part does not get the key either.
    """

    told: ClassVar[Mapping[str, Callable[[User, Any], bool]]] = {}
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        # Everybody reads the same moment, whatever zone the log-in has made the current one.
        DateTimeField: Instant,
        TimeField: Clock,
    }

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Any]:
        """What this reader may see, and nothing else: the start of every list, look-up and verb."""
        return cls.Meta.model.objects.visible_to(reader)  # type: ignore[attr-defined, no-any-return]

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for field in fields.values():
            field.read_only, field.required = True, False
        return fields

    def to_representation(self, row: Any) -> dict[str, Any]:
        said = super().to_representation(row)
        reader = self.context["request"].user
        for part, reads in self.told.items():
            # SECURITY: left out, not emptied: null would say that there is nothing.
            if not reads(reader, row):
                del said[part]
        return said


class InputSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = Input
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        return {**_plain(auto_schema, self.target, direction), "additionalProperties": False}


class OutputSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = Output
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = _plain(auto_schema, self.target, direction)
        always = [name for name in schema.get("required", []) if name not in self.target.told]
        # A column's limits say nothing to a reader, and every database has its own.
        for told in schema["properties"].values():
            limits = {"minimum", "maximum", "maxLength"} | (
                {"format"} if told.get("type") == "integer" else set()
            )
            for limit in limits & told.keys():
                del told[limit]
        return {**schema, "required": always}


def _plain(auto_schema: Any, target: Any, direction: Any) -> dict[str, Any]:
    """The schema as it is made by default, without the words of a base class that say nothing of this one."""
    schema: dict[str, Any] = auto_schema._map_serializer(target, direction, bypass_extensions=True)
    if not type(target).__dict__.get("__doc__"):
        schema.pop("description", None)
    return schema
