"""How a program proves who it is: `Authorization: Api-Key lw_…`. (No REST views are imported here: DRF loads this early.)"""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import keys
from accounts.models import ApiKey, User


class ApiKeyAuthentication(BaseAuthentication):
    """The key's service user becomes the actor; `request.auth` is the key, whose scopes limit it further."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "api-key":
            return None
        key = keys.find(text.strip(), at=timezone.now())
        if key is None:
            raise AuthenticationFailed("This API key is not valid: it may be mistyped, expired or revoked.")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Api-Key"
