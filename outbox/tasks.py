"""The worker's door to the outbox."""

import uuid

from celery import shared_task
from django.utils import timezone

from outbox import deliveries


@shared_task  # type: ignore[untyped-decorator]
def deliver(row_id: str) -> None:
    """Deliver one row at once: a wake-up, for `manage.py run_outbox` would find it too."""
    deliveries.deliver(uuid.UUID(row_id), at=timezone.now())
