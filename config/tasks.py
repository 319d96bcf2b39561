"""The worker's door to the timetable."""

from celery import shared_task
from django.utils import timezone

from config import clock


@shared_task  # type: ignore[untyped-decorator]
def run_job(name: str) -> None:
    """Run one job of the timetable, if nobody has in this period."""
    clock.run(name, at=timezone.now())
