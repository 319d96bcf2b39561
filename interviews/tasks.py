"""Wake-ups after a commit: load by id, call one rule. (What happens by the clock is in config/celery.py.)"""

from celery import shared_task
from django.utils import timezone

from accounts import users
from interviews import plannings, schedules
from interviews.models import Planning


@shared_task  # type: ignore[untyped-decorator]
def plan(loop_id: str) -> None:
    """Propose for one loop that has just broken."""
    loop = schedules.waiting().filter(pk=loop_id).first()
    if loop is not None:
        schedules.plan_one(loop, by=users.system(), at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def together(planning_id: str) -> None:
    """Take the next step of planning many loops together."""
    planning = Planning.objects.select_related("started_by").filter(pk=planning_id).first()
    if planning is not None:
        plannings.work(planning, at=timezone.now())
