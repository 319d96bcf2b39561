"""Everybody reads times in their own zone, knows their devices, and logs in as the company asks."""

import logging
import zoneinfo
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from redis.exceptions import RedisError

from accounts import devices, factors, sso

GetResponse = Callable[[HttpRequest], HttpResponse]
SEEN_EVERY = 3600  # seconds
logger = logging.getLogger(__name__)


class OwnTimeZone:
    """Activate the logged-in person's zone for the length of the request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(request.user.zone)):
            return self.get_response(request)


class Devices:
    """Once an hour, note when and from where a device was used."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and get_authentication_records(request, request.user):
            self._note(request)
        return self.get_response(request)

    @staticmethod
    def _note(request: HttpRequest) -> None:
        try:
            due = cache.add(f"device-seen:{request.session.session_key}", 1, SEEN_EVERY)
        except (RedisError, OSError):
            logger.warning("The cache does not answer, so devices are not noted.")
            return
        if due:
            devices.saw(request, ip=get_adapter(request).get_client_ip(request), at=timezone.now())


class LogInRules:
    """Whoever needs a second factor and has none is led to set one up, and reaches nothing else before.

    Single sign-on is exempt: the company's log-in asks for what the company wants. Where passwords are switched off,
    their pages are not there.
    """

    FREE = ("account", "mfa_", "single_sign_on", "livez", "readyz")
    PASSWORDS = ("account_reauthenticate", "account_change", "account_set", "account_reset")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        name = request.resolver_match.view_name
        posts_password = name == "account_login" and request.method == "POST"
        if not settings.PASSWORD_LOG_IN and (posts_password or name.startswith(self.PASSWORDS)):
            raise Http404
        request.needs_second_factor = self._missing(request)
        if not request.needs_second_factor or name.startswith(self.FREE):
            return None
        if request.htmx or request.path.startswith("/api/"):
            return JsonResponse(_REFUSED, status=403, content_type="application/problem+json")
        return redirect("mfa_index")

    @staticmethod
    def _missing(request: Any) -> bool:
        if not settings.SECOND_FACTOR_ROLES or not request.user.is_authenticated:
            return False
        ways = {record.get("method") for record in get_authentication_records(request, request.user)}
        return sso.METHOD not in ways and factors.missing(request.user)


_REFUSED = {
    "type": "/problems/second_factor_missing",
    "title": "Forbidden",
    "status": 403,
    "detail": "Your role needs a second factor. Set one up under “My account” first.",
    "code": "second_factor_missing",
    "errors": [],
}
