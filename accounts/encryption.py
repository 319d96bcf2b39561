"""Columns that a stolen backup does not reveal: addresses, phone numbers, pay figures.

MultiFernet: the first key of FIELD_ENCRYPTION_KEYS encrypts, all of them decrypt, so a key is rotated by putting a
new one in front. An encrypted column cannot be searched; where equality matters (duplicates), keep a blind index.
"""

import functools
import hashlib
import hmac
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.signals import setting_changed
from django.db import models
from django.dispatch import receiver


@functools.cache
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


@receiver(setting_changed)
def _forget_keys(*, setting: str, **_rest: Any) -> None:
    if setting == "FIELD_ENCRYPTION_KEYS":
        _fernet.cache_clear()


def seal(text: str) -> str:
    """Text that only the keys make readable again."""
    return _fernet().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """What was sealed. A `ValueError` when no key fits."""
    try:
        return _fernet().decrypt(sealed.encode("ascii")).decode()
    except InvalidToken as no:
        raise ValueError("A column cannot be decrypted: is a key missing from FIELD_ENCRYPTION_KEYS?") from no


def blind_index(value: str) -> str:
    """A keyed digest of a normalised value: equal values are found, the value itself is not."""
    return hmac.new(settings.SECRET_KEY.encode(), value.strip().lower().encode(), hashlib.sha256).hexdigest()


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text, readable only with the key. Empty stays empty."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value if value in (None, "") else seal(str(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return value if value in (None, "") else unseal(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError("An encrypted column cannot be searched: use its blind index.")
        return super().get_lookup(lookup_name)


class EncryptedIntegerField(EncryptedTextField):
    """A whole number (money in minor units), readable only with the key."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value in (None, "") else int(unseal(value))

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else super().get_prep_value(str(int(value)))

    def to_python(self, value: Any) -> Any:
        return None if value in (None, "") else int(value)

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms

        return forms.IntegerField(
            required=not self.blank, **{k: v for k, v in kwargs.items() if k == "label"}
        )
