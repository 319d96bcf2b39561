from typing import Any

from django.apps import AppConfig
from django.utils import timezone


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """allauth tells of log-in changes by signals; each becomes a call of one rule."""
        from allauth.account.signals import password_changed, password_reset, password_set
        from allauth.mfa.signals import authenticator_added, authenticator_removed

        authenticator_added.connect(_added, dispatch_uid="accounts.factor_added")
        authenticator_removed.connect(_removed, dispatch_uid="accounts.factor_removed")
        for changed in (password_changed, password_set, password_reset):
            changed.connect(_password_changed, dispatch_uid="accounts.password_changed")


def _added(*, user: Any, authenticator: Any, **_rest: Any) -> None:
    from accounts import factors

    factors.note(user, authenticator, added=True, at=timezone.now())


def _removed(*, user: Any, authenticator: Any, **_rest: Any) -> None:
    from accounts import factors

    factors.note(user, authenticator, added=False, at=timezone.now())


def _password_changed(*, request: Any, user: Any, **_rest: Any) -> None:
    """Whoever knew the old password is out."""
    from accounts import devices

    devices.log_out_others(request.session.session_key, by=user, at=timezone.now())
