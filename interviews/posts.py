"""An opening's Slack channel: what it hears of interviews, and how a post gets there.

Candidates are told by a reference and a link, never by name; nobody's opinion and no figure is in a post. The page behind
the link shows each reader what they may see.
"""

import datetime as dt

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from candidates.models import Application
from hiring import posts
from hiring.models import SlackHook
from interviews.calendars import net
from interviews.calendars.feed import CalendarUnreadable
from outbox import deliveries
from outbox.models import Delivery

SECONDS = 10.0
MOST_BYTES = 64 * 1024
PAUSE = 60  # seconds, where a chat asks for a pause and does not say how long


def reference(application: Application) -> str:
    """What an application is called where no name may stand."""
    return f"Application {application.pk.hex[:6].upper()}"


def tell(application: Application, says: str, *, key: str, by: User, at: dt.datetime) -> Delivery | None:
    """Post one sentence about an application. The same key is posted once."""
    return posts.post(
        application.opening,
        says=f"{reference(application)}: {says}",
        link=f"{settings.BASE_URL}{reverse('admin:candidates_application_change', args=[application.pk])}",
        key=f"slack:{key}",
        by=by,
        at=at,
    )


def carry(row: Delivery, _at: dt.datetime) -> None:
    """Hand a post to its opening's webhook (a carrier of the outbox; see config/wiring.py).

    Raises Undeliverable when the channel is gone or refuses the post, Later when the chat asks for a pause.
    """
    hook = SlackHook.objects.filter(opening=row.about_id).first()
    if hook is None:
        raise deliveries.Undeliverable("This opening has no Slack channel any more.")
    web = net.Web(settings.CHAT_HOSTS, seconds=SECONDS, most_bytes=MOST_BYTES)
    try:
        answer = web.request(
            "POST", hook.address, headers={"content-type": "application/json"}, content=bytes(row.message)
        )
    except CalendarUnreadable as no:
        if no.may_pass:
            raise
        raise deliveries.Undeliverable(no.sentence) from no
    if 200 <= answer.status < 300:
        return
    if answer.status == 429:
        pause = net.retry_after_seconds(answer.headers)
        raise deliveries.Later(f"{hook.host} asks for a pause.", seconds=PAUSE if pause is None else pause)
    if answer.status >= 500:
        raise ConnectionError(f"{hook.host} has a fault of its own at the moment ({answer.status}).")
    raise deliveries.Undeliverable(
        f"{hook.host} does not take the post ({answer.status}). Set the opening's webhook again, then send it again."
    )
