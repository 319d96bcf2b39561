from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class InterviewsConfig(AppConfig):
    name = "interviews"

    def ready(self) -> None:
        pre_migrate.connect(lift_stamps, sender=self)
        post_migrate.connect(lay_overlap_triggers, sender=self)
        post_migrate.connect(lay_stamps, sender=self)


def lay_overlap_triggers(*, using: str, **_rest: Any) -> None:
    """On SQLite, triggers stand in for the exclusion constraint; a table rebuild drops them, so lay them each time."""
    from django.db import connections

    from interviews.models import Seat
    from interviews.models.constraints import NoOverlap

    connection = connections[using]
    if connection.vendor != "sqlite" or Seat._meta.db_table not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        for constraint in Seat._meta.constraints:
            if isinstance(constraint, NoOverlap):
                for statement in constraint.triggers(Seat, "{row}.held"):
                    cursor.execute(statement)


def lay_stamps(*, using: str, **_rest: Any) -> None:
    from django.db import connections

    from interviews.models import Interviewer, stamps

    connection = connections[using]
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        if Interviewer._meta.db_table not in tables:
            return
        columns = connection.introspection.get_table_description(cursor, Interviewer._meta.db_table)
    if any(column.name == "calendar_stamp" for column in columns):  # not when migrated back to before it
        stamps.lay(connection)


def lift_stamps(*, using: str, **_rest: Any) -> None:
    from django.db import connections

    from interviews.models import stamps

    stamps.lift(connections[using])
