import datetime as dt

import pytest

from accounts import keys
from accounts.models import ApiKey
from journal.errors import Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db
SOON = later(days=30)


def issue(**changes):
    wanted = {
        "name": "ATS",
        "scopes": ["candidates:write"],
        "expires_at": SOON,
        "by": stories.person("admin"),
        "at": NOW,
    }
    return keys.issue(stories.person("service", name="ATS"), **{**wanted, **changes})


def test_the_secret_is_not_stored():
    key, text = issue()
    assert text.startswith(f"lw_{key.prefix}_")
    secret = text.split("_", 2)[2]
    assert len(secret) >= 43  # 256 bits in base64
    row = ApiKey.objects.values().get()
    assert secret not in str(row)
    assert secret not in str(list(Event.objects.values()))


def test_find_returns_the_key_and_notes_its_use():
    key, text = issue()
    assert keys.find(text, at=later(days=1)) == key
    key.refresh_from_db()
    assert key.last_used_at == later(days=1)


def test_find_tells_nothing_of_wrong_expired_and_revoked_keys():
    key, text = issue()
    assert keys.find(text[:-1] + ("a" if text[-1] != "a" else "b"), at=NOW) is None
    assert keys.find("lw_nothere_" + "a" * 43, at=NOW) is None
    assert keys.find("nonsense", at=NOW) is None
    assert keys.find("lw_\x00bad_" + "a" * 43, at=NOW) is None
    assert keys.find(text, at=SOON + dt.timedelta(seconds=1)) is None
    keys.revoke(key, by=stories.person("admin"), at=NOW)
    assert keys.find(text, at=NOW) is None


def test_find_refuses_a_deactivated_service():
    key, text = issue()
    key.user.is_active = False
    key.user.save()
    assert keys.find(text, at=NOW) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scopes": ["everything"]}, "Choose scopes out of"),
        ({"scopes": []}, "Choose scopes out of"),
        ({"expires_at": NOW}, "expire in the future"),
        ({"expires_at": later(days=500)}, "at most 400 days"),
    ],
)
def test_issue_refuses(changes, sentence):
    with pytest.raises(Refused, match=sentence):
        issue(**changes)
    assert ApiKey.objects.count() == 0


def test_people_get_no_keys():
    with pytest.raises(Refused, match="belongs to a service account"):
        keys.issue(
            stories.person("recruiter"), name="x", scopes=["candidates:read"], expires_at=SOON,
            by=stories.person("admin"), at=NOW,
        )  # fmt: skip


def test_write_covers_read_and_not_the_other_way():
    key, _text = issue(scopes=["candidates:write", "loops:read"])
    assert keys.covers(key, "candidates", write=False)
    assert keys.covers(key, "candidates", write=True)
    assert keys.covers(key, "loops", write=False)
    assert not keys.covers(key, "loops", write=True)
    assert not keys.covers(key, "openings", write=False)
