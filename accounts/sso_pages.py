"""The way to the company's own log-in and back."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url, perform_login
from allauth.core import ratelimit
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import sso
from journal.errors import Refused

KEPT = "single_sign_on"


@never_cache
@require_GET
def leave(request: HttpRequest) -> HttpResponseBase:
    """Lead the browser to the company's log-in."""
    if not settings.OIDC_ISSUER:
        raise Http404
    if not ratelimit.consume(request, action="login"):
        return ratelimit.respond_429(request)  # type: ignore[no-any-return]
    try:
        address, kept = sso.begin(back=_back())
    except Refused as no:
        return _refused(request, no)
    request.session[KEPT] = {**kept, "next": get_next_redirect_url(request) or ""}
    return redirect(address)


@never_cache
@require_GET
def come_back(request: HttpRequest) -> HttpResponseBase:
    """Log in whom the company's log-in sends back. A second factor set up here is asked for as after a password."""
    if not settings.OIDC_ISSUER:
        raise Http404
    kept: dict[str, Any] = request.session.pop(KEPT, {})
    try:
        user = sso.finish(came=request.GET.dict(), kept=kept, back=_back())
    except Refused as no:
        return _refused(request, no)
    record_authentication(request, user, method=sso.METHOD)
    answer: HttpResponse = perform_login(request, user, redirect_url=kept["next"] or None)
    return answer


def _refused(request: HttpRequest, no: Refused) -> HttpResponse:
    return render(request, "account/single_sign_on.html", {"refused": no}, status=403)


def _back() -> str:
    return f"{settings.BASE_URL.rstrip('/')}{reverse('single_sign_on_back')}"
