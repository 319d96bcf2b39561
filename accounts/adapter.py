"""What allauth asks of us. Accounts are made by administrators: nobody signs up by themselves."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import encryption


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The ways to confirm who one is, in the pages' own words."""
        words = {
            "reauthenticate": _("with your password"),
            "mfa_reauthenticate": _("with a code from your app, or a recovery code"),
            "mfa_reauthenticate:webauthn": _("with your passkey"),
        }
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [{**way, "description": words.get(way["id"], way["description"])} for way in ways]


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets are encrypted columns like any other, and passkeys bear the product's name."""

    def encrypt(self, text: str) -> str:
        return encryption.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        return "Loopwright"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": "Loopwright"}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        return _("Passkey")
