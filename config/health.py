"""Is the service alive, and is it ready? Two short answers for whoever starts, stops and routes to it."""

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from outbox.models import Delivery


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """This process answers. It asks nothing else: restarting it would not bring a database back."""
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when pages can be served, 503 with the part that is missing when they cannot.

    The outbox is told but does not count: with the worker away pages still work, and messages wait in their
    rows. `oldest_due_seconds` above a minute says that the worker or the mail server is away.
    """
    parts: dict[str, Callable[[], None]] = {"database": _database, "migrations": _migrations}
    if settings.REDIS_URL:
        parts["redis"] = _redis
    found = {name: _state(part) for name, part in parts.items()}
    ready = all(state == "ok" for state in found.values())
    body = {"ready": ready, **found, **({"outbox": _outbox()} if ready else {})}
    return JsonResponse(body, status=200 if ready else 503)


def _state(part: Callable[[], None]) -> str:
    try:
        part()
    except Exception as error:
        # SECURITY: the kind of error only; its text may name hosts and users.
        return type(error).__name__
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Unapplied


def _redis() -> None:
    cache.get("readyz")


def _outbox() -> dict[str, int]:
    now = timezone.now()
    due = Delivery.objects.due(now)
    oldest = due.order_by("due_at").values_list("due_at", flat=True).first()
    return {
        "due": due.count(),
        "oldest_due_seconds": int((now - oldest).total_seconds()) if oldest else 0,
        "parked": Delivery.objects.filter(status=Delivery.Status.PARKED).count(),
    }


class Unapplied(Exception):
    """The code is newer than the database: run `manage.py migrate`."""
