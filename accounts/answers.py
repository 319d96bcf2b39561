"""Requests that may be sent twice: the answer to the first is kept, and given again to the second.

A client that lost an answer cannot know whether the change was made. With an `Idempotency-Key` it sends the same request
again and gets the first answer. The claim is committed before the work begins, so that a second request at the same time is
turned away; the answer is written in the transaction of the change, so there is one exactly when there is the other.
"""

import datetime as dt
import hashlib
import hmac

from django.conf import settings

from accounts.models import KeptAnswer, User
from journal.errors import Refused

KEPT = dt.timedelta(hours=24)
# Longer than any request may take: whoever claimed the key and has not answered by then is dead.
LEASE = dt.timedelta(minutes=5)


def claim(owner: User, *, address: str, key: str, body: bytes, at: dt.datetime) -> KeptAnswer:
    """Begin the request that this key names, or find the answer it had (a row with a status).

    Refuses the same key with another body, and a request that is still under way.
    """
    stale = KeptAnswer.objects.filter(owner=owner, address=address, key=key)
    stale.filter(created_at__lte=at - KEPT).delete()
    stale.filter(status=None, created_at__lte=at - LEASE).delete()
    digest = hmac.new(settings.SECRET_KEY.encode(), body, hashlib.sha256).hexdigest()
    row, made = KeptAnswer.objects.get_or_create(
        owner=owner, address=address, key=key, defaults={"digest": digest, "created_at": at}
    )
    if made:
        return row
    if row.digest != digest:
        raise Refused(
            "This Idempotency-Key was used for another request already. Give every request a key of its own.",
            code="key_reused",
        )
    if row.status is None:
        raise Refused(
            "The request with this Idempotency-Key is still under way. Wait a moment, then send it again.",
            code="under_way",
        )
    return row


def keep(row: KeptAnswer, *, status: int, content: str) -> None:
    """Write the answer, in the transaction of the change. Refuses when the claim was lost meanwhile."""
    if not KeptAnswer.objects.filter(pk=row.pk, status=None).update(status=status, content=content):
        raise Refused(
            "This request took too long and was begun anew. Look at its other answer.", code="under_way"
        )


def let_go(row: KeptAnswer) -> None:
    """The request changed nothing, so it may be tried again with the same key."""
    KeptAnswer.objects.filter(pk=row.pk, status=None).delete()


def forget_old(*, by: User, at: dt.datetime) -> int:
    """Answers of more than a day ago are not given again; returns how many there were."""
    return KeptAnswer.objects.filter(created_at__lte=at - KEPT).delete()[0]
