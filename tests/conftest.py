"""Shared by all tests: no broker outside the process, cheap password hashes, the stories' people."""

import functools

import pytest
from django.conf import settings

from accounts import users
from accounts.models import User
from config.celery import app
from hiring import blueprint

# The same few playbook files are published in hundreds of tests: read each once a run.
blueprint.read = functools.lru_cache(maxsize=16)(blueprint.read)


def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    app.conf.update(broker_url="memory://localhost", broker_transport_options={})


@pytest.fixture
def system(db: None) -> User:
    """The product itself."""
    return users.system()
