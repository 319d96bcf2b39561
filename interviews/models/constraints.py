"""Double booking made impossible by the database itself."""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import Combinable


class TsTzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class NoOverlap(ExclusionConstraint):
    """No two rows with the same `keys` overlap in [start, end), among rows that fulfil `condition`.

    On PostgreSQL an exclusion constraint (GiST); on SQLite the same is said by triggers (`triggers` below), which are
    laid again after every migration because a table rebuild drops them. `validate` works on both, so a form shows
    the same error.
    """

    def __init__(
        self,
        *,
        name: str,
        keys: tuple[str, ...],
        start: str,
        end: str,
        condition: Q | None = None,
        violation_error_message: str | None = None,
        violation_error_code: str | None = None,
    ) -> None:
        self.keys, self.start, self.end = tuple(keys), start, end
        expressions: list[tuple[str | Combinable, str]] = [(key, RangeOperators.EQUAL) for key in self.keys]
        expressions.append((TsTzRange(F(start), F(end), Value("[)")), RangeOperators.OVERLAPS))
        super().__init__(
            name=name,
            expressions=expressions,
            condition=condition,
            violation_error_message=violation_error_message,
            violation_error_code=violation_error_code,
        )

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs.pop("expressions", None)
        return path, args, {**kwargs, "keys": self.keys, "start": self.start, "end": self.end}

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().constraint_sql(model, schema_editor) if _is_postgres(schema_editor) else None

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().create_sql(model, schema_editor) if _is_postgres(schema_editor) else None

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().remove_sql(model, schema_editor) if _is_postgres(schema_editor) else None

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = "default") -> None:
        if exclude and {*self.keys, self.start, self.end} & set(exclude):
            return
        start, end = getattr(instance, self.start), getattr(instance, self.end)
        if start is None or end is None:
            return
        rows = model._default_manager.using(using)
        if self.condition is not None:
            if not self.condition.check(instance._get_field_expression_map(meta=model._meta), using=using):
                return
            rows = rows.filter(self.condition)
        rows = rows.filter(
            **{key: getattr(instance, model._meta.get_field(key).attname) for key in self.keys},
            **{f"{self.start}__lt": end, f"{self.end}__gt": start},
        )
        if rows.exclude(pk=instance.pk).exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def triggers(self, model: type[models.Model], condition_sql: str) -> Iterator[str]:
        """The SQLite twin. `condition_sql` is the condition with `{row}` for the row's name."""

        def column(name: str) -> str:
            return str(model._meta.get_field(name).column)  # type: ignore[union-attr]

        table, start, end = model._meta.db_table, column(self.start), column(self.end)
        same = " AND ".join(f'o."{column(key)}" = NEW."{column(key)}"' for key in self.keys)
        for event in ("INSERT", "UPDATE"):
            name = f"{self.name}_{event.lower()}"
            yield f'DROP TRIGGER IF EXISTS "{name}"'
            yield (  # names of our own tables and columns: nothing from outside
                f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" FOR EACH ROW '  # noqa: S608
                f"WHEN {condition_sql.format(row='NEW')} AND EXISTS ("
                f'SELECT 1 FROM "{table}" o WHERE {same} AND o.id IS NOT NEW.id '
                f"AND {condition_sql.format(row='o')} "
                f'AND o."{start}" < NEW."{end}" AND o."{end}" > NEW."{start}") '
                f"BEGIN SELECT RAISE(ABORT, '{self.name}'); END"
            )


def _is_postgres(schema_editor: Any) -> bool:
    return bool(schema_editor.connection.vendor == "postgresql")
