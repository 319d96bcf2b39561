"""When somebody's calendar was written to, told by the database itself, so that no writer can forget it.

`Interviewer.calendar_stamp` is a random number, another one after every write to the person's busy times or working hours,
by whatever hand. So what was computed from them may be kept in memory under the stamp: nothing stale is ever found. (A
counter would come back to the same number after a rollback.)
"""

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from interviews.models.interviewers import BusyTime, Interviewer, WorkingHours

_WATCHED = (BusyTime, WorkingHours)
_PERSONS = Interviewer._meta.db_table


def lay(connection: BaseDatabaseWrapper) -> None:
    """Lay the triggers, or lay them again."""
    statements = _on_postgres() if connection.vendor == "postgresql" else _on_sqlite()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def lift(connection: BaseDatabaseWrapper) -> None:
    """SQLite cannot rebuild a table that another table's trigger names: take them away before a migration."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for name, _table, _event in _sqlite_triggers():
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')


def _on_postgres() -> Iterator[str]:
    """One write to the person a statement, however many rows it has."""
    yield (  # names of our own tables: nothing from outside
        "CREATE OR REPLACE FUNCTION stamp_calendar() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
        f'UPDATE "{_PERSONS}" SET calendar_stamp = (random() * 9007199254740992)::bigint '
        "WHERE id IN (SELECT interviewer_id FROM changed); RETURN NULL; END $$"
    )
    for model in _WATCHED:
        table = model._meta.db_table
        for event, rows in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            yield (
                f'CREATE OR REPLACE TRIGGER "{_name(table, event)}_{rows.lower()}" AFTER {event} ON "{table}" '
                f"REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION stamp_calendar()"
            )


def _on_sqlite() -> Iterator[str]:
    for name, table, event in _sqlite_triggers():
        whose = {"INSERT": "NEW.interviewer_id", "DELETE": "OLD.interviewer_id"}.get(
            event, "NEW.interviewer_id, OLD.interviewer_id"
        )
        yield (
            f'CREATE TRIGGER IF NOT EXISTS "{name}" AFTER {event} ON "{table}" FOR EACH ROW BEGIN '  # noqa: S608
            f'UPDATE "{_PERSONS}" SET calendar_stamp = random() WHERE id IN ({whose}); END'
        )
    yield f'UPDATE "{_PERSONS}" SET calendar_stamp = random()'  # noqa: S608 - written to while they were lifted


def _sqlite_triggers() -> Iterator[tuple[str, str, str]]:
    for model in _WATCHED:
        table = model._meta.db_table
        for event in ("INSERT", "UPDATE", "DELETE"):
            yield _name(table, event), table, event


def _name(table: str, event: str) -> str:
    return f"{table}_{event.lower()}_stamps"
