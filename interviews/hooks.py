"""Where other programs bring us things. Each is signed, fresh, and answered quickly."""

import datetime as dt
import hashlib
import hmac

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from interviews import replies
from journal.errors import Refused

FRESH = dt.timedelta(minutes=5)


@csrf_exempt
@require_POST
def inbound_mail(request: HttpRequest) -> JsonResponse:
    """A raw mail (RFC 5322) from the company's mail gateway, for answers to invitations.

    Headers: `Webhook-Timestamp` (Unix seconds) and `Webhook-Signature: v1=<hex>`, the HMAC-SHA256 of
    `<timestamp>.<raw body>` under INBOUND_MAIL_SECRET. Answers 200 once it is dealt with, also when the mail is not for
    us (a gateway must not try again then), 401 for a bad or stale signature, 404 while no secret is set.
    """
    if not settings.INBOUND_MAIL_SECRET:
        return JsonResponse({"detail": "Inbound mail is not set up."}, status=404)
    now = timezone.now()
    if not _is_genuine(request, now):
        return JsonResponse({"detail": "The signature is wrong or too old."}, status=401)
    try:
        answer = replies.take_mail(request.body, at=now)
    except Refused as no:
        return JsonResponse({"taken": False, "code": no.code, "detail": no.message})
    return JsonResponse({"taken": True, "response": answer})


def _is_genuine(request: HttpRequest, now: dt.datetime) -> bool:
    stamp = request.headers.get("Webhook-Timestamp", "")
    if not stamp.isdigit() or abs(now.timestamp() - int(stamp)) > FRESH.total_seconds():
        return False
    signed = f"{stamp}.".encode() + request.body
    right = hmac.new(settings.INBOUND_MAIL_SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v1={right}", request.headers.get("Webhook-Signature", ""))
