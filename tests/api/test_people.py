"""Accounts over REST: administrators keep them; colleagues on the desk know each other."""

import pytest

from accounts import keys, users
from accounts.models import User
from tests import stories
from tests.api.calls import nothing_changes, refusal
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(caller):
    return caller(stories.person("admin"))


def test_an_administrator_adds_changes_and_ends_an_account(admin):
    made = admin.post(
        "people", name="Ida", email="Ida@Example.com", zone="Europe/Berlin", roles=["interviewer"]
    ).json()
    assert (made["email"], made["roles"], made["is_active"]) == ("ida@example.com", ["interviewer"], True)
    one = f"people/{made['id']}"

    assert admin.post(f"{one}/move-zone", zone="Asia/Tokyo").json()["zone"] == "Asia/Tokyo"
    assert admin.post(f"{one}/grant", role="recruiter").json()["roles"] == ["interviewer", "recruiter"]
    assert admin.post(f"{one}/revoke", role="recruiter").json()["roles"] == ["interviewer"]
    assert admin.post(f"{one}/deactivate").json()["is_active"] is False
    assert admin.post(f"{one}/reactivate").json()["is_active"] is True


def test_an_account_becomes_a_service_s_only_without_roles_and_keys(admin):
    person, service = stories.person("interviewer"), stories.person("service")
    with nothing_changes():
        assert refusal(admin.post(f"people/{person.pk}/change-kind", kind="service")) == (409, "wrong_kind")
    users.revoke(person, "interviewer", by=users.system(), at=NOW)
    assert admin.post(f"people/{person.pk}/change-kind", kind="service").json()["kind"] == "service"

    keys.issue(
        service, name="ATS", scopes=["loops:read"], expires_at=later(days=2), by=users.system(), at=NOW
    )
    users.revoke(service, "service", by=users.system(), at=NOW)
    with nothing_changes():
        assert refusal(admin.post(f"people/{service.pk}/change-kind", kind="person")) == (409, "wrong_kind")


def test_who_sees_whom(caller, admin):
    panel, recruiter = stories.person("interviewer"), stories.recruiter()
    everybody = User.objects.exclude(kind=User.Kind.SYSTEM).count()

    def seen(by):
        return {row["id"] for row in by.get("people").json()["results"]}

    assert len(seen(admin)) == len(seen(caller(recruiter))) == everybody
    assert seen(caller(panel)) == {str(panel.pk)}
    assert refusal(caller(panel).get(f"people/{recruiter.pk}"))[0] == 404


@pytest.mark.parametrize("role", ["recruiter", "coordinator", "hiring_manager", "auditor"])
def test_only_administrators_change_accounts(caller, role):
    other, by = stories.person("interviewer"), caller(stories.person(role))
    with nothing_changes():
        for act, said in (
            ("move-zone", {"zone": "Asia/Tokyo"}),
            ("change-kind", {"kind": "service"}),
            ("grant", {"role": "admin"}),
            ("revoke", {"role": "interviewer"}),
            ("deactivate", {}),
            ("reactivate", {}),
        ):
            assert refusal(by.post(f"people/{other.pk}/{act}", **said)) == (403, "not_allowed"), act
        answer = by.post("people", name="Bo", email="bo@example.com", zone="UTC", roles=["admin"])
        assert refusal(answer) == (403, "not_allowed")


def test_a_list_costs_the_same_with_one_and_with_many(admin, django_assert_num_queries):
    admin.get("people")  # the caller's own roles are read once
    with django_assert_num_queries(2):
        admin.get("people")
    [stories.person("interviewer") for _ in range(3)]
    with django_assert_num_queries(2):
        admin.get("people")
