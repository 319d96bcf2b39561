"""What is right on a laptop and wrong in production."""

import os
import subprocess
import sys

import pytest

from config import checks
from config.settings import BASE_DIR

KEY = "bm90LWEtcmVhbC1zZWNyZXQtanVzdC0zMi1ieXRlcyE="


@pytest.fixture(autouse=True)
def production(settings):
    """A house in good order."""
    settings.SECRET_KEY = "q" * 60
    settings.FIELD_ENCRYPTION_KEYS = [KEY]
    settings.DEBUG = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.BASE_URL = "https://loops.example.com"


ALL = (
    checks.secrets_are_secret,
    checks.nothing_is_shown,
    checks.messages_leave,
    checks.people_can_log_in,
)


def found() -> list[str]:
    return [message.id for check in ALL for message in check(None)]


def test_checks_when_in_good_order_find_nothing():
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        (
            "SECRET_KEY",
            "development-only-not-a-secret-set-SECRET_KEY-in-production",
            "loopwright.E001",
        ),
        ("FIELD_ENCRYPTION_KEYS", [], "loopwright.E002"),
        ("FIELD_ENCRYPTION_KEYS", [KEY, "short"], "loopwright.E002"),
        ("FIELD_ENCRYPTION_KEYS", [KEY, checks.DEVELOPMENT_KEY.decode()], "loopwright.E003"),
        ("DEBUG", True, "loopwright.E004"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "loopwright.W001"),
        ("BASE_URL", "http://loops.example.com", "loopwright.W002"),
        ("OIDC_ISSUER", "https://login.example.com", "loopwright.E005"),
        ("PASSWORD_LOG_IN", False, "loopwright.E006"),
        ("SECOND_FACTOR_ROLES", ["admin", "boss"], "loopwright.E007"),
    ],
)
def test_checks_when_one_setting_is_wrong_find_it(settings, name, value, finding):
    setattr(settings, name, value)

    assert found() == [finding]


def test_checks_are_asked_by_check_deploy():
    # In a process of its own: here the checks are known because this file imports them.
    environment = {**os.environ, "SECRET_KEY": "development-only"}

    answer = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert answer.returncode == 1
    assert "loopwright.E001" in answer.stderr


def test_checks_know_the_keys_in_the_source():
    # Read as text, because the settings of this run may come from the environment.
    source = (BASE_DIR / "config" / "settings.py").read_text()

    assert f'default=["{checks.DEVELOPMENT_KEY.decode()}"]' in source
    assert 'env("SECRET_KEY", default="development-only' in source
