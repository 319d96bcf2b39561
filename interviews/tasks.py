"""Wake-ups after a commit: load by id, call one rule. (What happens by the clock is in config/celery.py.)"""

from celery import shared_task
from django.utils import timezone

from accounts import users
from interviews import schedules


@shared_task  # type: ignore[untyped-decorator]
def plan(loop_id: str) -> None:
    """Propose for one loop that has just broken."""
    loop = schedules.waiting().filter(pk=loop_id).first()
    if loop is not None:
        schedules.plan_one(loop, by=users.system(), at=timezone.now())
