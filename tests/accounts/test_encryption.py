import pytest
from cryptography.fernet import Fernet
from django.db import connection

from accounts.encryption import blind_index
from candidates import applications
from candidates.models import Candidate, PayExpectation
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db


def raw(table: str, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return cursor.fetchone()[0]


def test_an_address_is_unreadable_in_the_database():
    candidate = stories.candidate(email="kept.secret@example.test")
    assert "kept.secret" not in raw("candidates_candidate", "email")
    assert Candidate.objects.get(pk=candidate.pk).email == "kept.secret@example.test"


def test_pay_figures_are_unreadable_in_the_database():
    application = stories.application()
    applications.expect_pay(
        application,
        amount=34_000_000,
        currency="USD",
        anchor="senior_data_engineer",
        said="so",
        by=stories.recruiter(),
        at=NOW,
    )
    assert "34000000" not in raw("candidates_payexpectation", "amount")
    assert PayExpectation.objects.get().amount == 34_000_000


def test_keys_rotate(settings):
    candidate = stories.candidate(email="a@example.test")
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    assert Candidate.objects.get(pk=candidate.pk).email == "a@example.test"
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    with pytest.raises(ValueError, match="a key missing from FIELD_ENCRYPTION_KEYS"):
        Candidate.objects.get(pk=candidate.pk)


def test_searching_an_encrypted_column_is_a_mistake():
    with pytest.raises(TypeError, match="use its blind index"):
        Candidate.objects.filter(email="a@example.test")


def test_the_blind_index_ignores_case_and_space():
    assert blind_index(" A@Example.test ") == blind_index("a@example.test")
    assert blind_index("a@example.test") != blind_index("b@example.test")
