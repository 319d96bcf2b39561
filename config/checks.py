"""`manage.py check --deploy` refuses what is right on a laptop and wrong in production."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from accounts import roles

MAKE_SIGNING_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
MAKE_COLUMN_KEY = 'python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
# The public default of config/settings.py, as bytes: whoever reads the source can decrypt with it.
DEVELOPMENT_KEY = b"ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtISE="


@register(Tags.security, deploy=True)
def secrets_are_secret(app_configs: Sequence[AppConfig] | None, **_rest: Any) -> list[CheckMessage]:
    """The keys in the source are known to everybody, and a broken one shows only at the first write."""
    found: list[CheckMessage] = []
    if settings.SECRET_KEY.startswith("development-only"):
        found.append(
            Error(
                "SECRET_KEY is the public development key.",
                hint=f"Make one: {MAKE_SIGNING_KEY}",
                id="loopwright.E001",
            )
        )
    keys = [key.encode() if isinstance(key, str) else key for key in settings.FIELD_ENCRYPTION_KEYS]
    if not keys or not all(_usable(key) for key in keys):
        found.append(
            Error(
                "FIELD_ENCRYPTION_KEYS must be a comma-separated list of 32-byte keys in URL-safe base64.",
                hint=f"Make one: {MAKE_COLUMN_KEY}",
                id="loopwright.E002",
            )
        )
    if DEVELOPMENT_KEY in keys:
        found.append(
            Error(
                "FIELD_ENCRYPTION_KEYS contains the public development key.",
                hint=f"Make one: {MAKE_COLUMN_KEY}. Data that was written with the old key must be "
                "written anew: see “Rotate keys” in docs/operations.md.",
                id="loopwright.E003",
            )
        )
    return found


@register(Tags.security, deploy=True)
def nothing_is_shown(app_configs: Sequence[AppConfig] | None, **_rest: Any) -> list[CheckMessage]:
    """An error page with DEBUG shows settings and the candidate's row to anybody."""
    if not settings.DEBUG:
        return []
    return [Error("DEBUG is on.", hint="Take DEBUG out of the environment.", id="loopwright.E004")]


@register(deploy=True)
def messages_leave(app_configs: Sequence[AppConfig] | None, **_rest: Any) -> list[CheckMessage]:
    """Without a mail server invitations look sent and reach nobody."""
    found: list[CheckMessage] = []
    if settings.EMAIL_BACKEND.endswith((".console.EmailBackend", ".dummy.EmailBackend")):
        found.append(
            Warning(
                "E-mails are printed, not sent.",
                hint="Set EMAIL_URL, for example smtp+tls://user:password@mail.example.com:587.",
                id="loopwright.W001",
            )
        )
    if not settings.BASE_URL.startswith("https://"):
        found.append(
            Warning(
                "BASE_URL does not begin with https://, so log-ins and links travel in the open.",
                hint="Set BASE_URL to the address people use, for example https://loops.example.com.",
                id="loopwright.W002",
            )
        )
    return found


@register(Tags.security)
def people_can_log_in(app_configs: Sequence[AppConfig] | None, **_rest: Any) -> list[CheckMessage]:
    """A half-made single sign-on, or a role that does not exist, shows only when somebody stands before the door."""
    found: list[CheckMessage] = []
    if settings.OIDC_ISSUER and not (settings.OIDC_CLIENT_ID and settings.OIDC_CLIENT_SECRET):
        found.append(
            Error(
                "OIDC_ISSUER is set without OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.",
                hint="Register this installation with the issuer: see “Single sign-on” in docs/operations.md.",
                id="loopwright.E005",
            )
        )
    if not settings.PASSWORD_LOG_IN and not settings.OIDC_ISSUER:
        found.append(
            Error(
                "PASSWORD_LOG_IN is off and there is no single sign-on, so only people with a passkey could log in.",
                hint="Set OIDC_ISSUER, or take PASSWORD_LOG_IN out of the environment.",
                id="loopwright.E006",
            )
        )
    if unknown := sorted(set(settings.SECOND_FACTOR_ROLES) - set(roles.ROLES)):
        found.append(
            Error(
                f"SECOND_FACTOR_ROLES names roles that do not exist: {', '.join(unknown)}.",
                hint=f"The roles are {', '.join(roles.ROLES)}.",
                id="loopwright.E007",
            )
        )
    return found


def _usable(key: bytes) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
