"""Links in mails by which an interviewer answers without logging in. Opening one shows a page; only its buttons act."""

import datetime as dt

from django.core import signing

from interviews.models import Seat

_SALT = "interviews.answers"
GOOD_FOR = dt.timedelta(days=90)


def token(seat: Seat) -> str:
    """An unguessable, signed name of this seat."""
    return signing.dumps(str(seat.pk), salt=_SALT)


def seat_of(text: str) -> Seat | None:
    """The held seat a link is about; None when the link is wrong, too old, or the seat is somebody else's by now."""
    try:
        pk = signing.loads(text, salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return (
        Seat.objects.live()
        .filter(pk=pk, user__is_active=True)
        .select_related("user", "interview__loop__application__candidate", "interview__loop__edition")
        .first()
    )
