"""What CHAOS_SABOTAGE breaks. Only the bench's own settings load this; the product knows nothing of it."""

import functools
import os
from collections.abc import Callable
from typing import Any

from django.apps import AppConfig


def order() -> None:
    """An outbox that does not know which version is the newest."""
    from outbox import deliveries

    deliveries._may_go = lambda *_args, **_options: True


def sweep() -> None:
    """Celery for truth: a wake-up that got lost is lost."""
    from outbox import deliveries

    deliveries.sweep = lambda **_options: 0


def bytes_() -> None:
    """A message that is built again each time it is sent."""
    from email.utils import make_msgid

    from outbox import messages

    send: Callable[..., None] = messages.transmit

    def anew(message: bytes, *, to: str) -> None:
        head, blank, rest = message.partition(b"Message-ID: ")
        send(head + blank + make_msgid().encode() + rest[rest.index(b"\r\n") :], to=to)

    messages.transmit = anew


def early() -> None:
    """An answer before the commit: bookings are acknowledged by what is in memory and written a moment later."""
    import threading
    import time

    from interviews.api.loops import Proposals

    confirm = Proposals.confirm

    @functools.wraps(confirm)
    def hasty(self: Any, request: Any, pk: str) -> Any:
        from django.db import connection
        from rest_framework.response import Response

        def write() -> None:
            time.sleep(0.5)
            try:
                confirm(self, request, pk)
            finally:
                connection.close()

        assert request.data == {}  # read while the connection is there
        threading.Thread(target=write).start()
        return Response({"id": pk})

    Proposals.confirm = hasty


SABOTAGE = {"order": order, "sweep": sweep, "bytes": bytes_, "early": early}


class Sabotaged(AppConfig):
    name = "bench.chaos"
    label = "chaos"

    def ready(self) -> None:
        SABOTAGE[os.environ["CHAOS_SABOTAGE"]]()
