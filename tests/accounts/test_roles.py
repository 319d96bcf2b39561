import pytest
from django.utils.functional import SimpleLazyObject

from accounts import roles, users
from accounts.models import Grant, User
from journal.errors import NotAllowed, Refused
from tests import stories
from tests.stories import NOW

pytestmark = pytest.mark.django_db


def test_every_role_says_who_should_hold_it():
    assert set(roles.ROLES) == {
        "admin", "recruiter", "coordinator", "hiring_manager", "interviewer", "auditor", "service",
    }  # fmt: skip
    for role in roles.ROLES.values():
        assert role.holder.endswith(".") and len(role.holder) > 60
        assert role.may


def test_pay_takes_two_roles():
    """Nobody may both write and approve an offer by one role."""
    for role in roles.ROLES.values():
        assert not {roles.May.WRITE_OFFERS, roles.May.APPROVE_OFFERS} <= role.may


def test_require_says_whom_to_ask():
    nobody = stories.person("interviewer")
    with pytest.raises(NotAllowed, match="You may not publish playbooks. Ask somebody who is administrator"):
        roles.require(nobody, roles.May.PUBLISH_PLAYBOOKS)


def test_inactive_people_may_nothing():
    gone = stories.person("recruiter")
    users.deactivate(gone, by=users.system(), at=NOW)
    assert not roles.allows(gone, roles.May.WRITE_CANDIDATES)


def test_create_refuses_a_taken_address_whatever_its_case(system):
    stories.person("recruiter", name="First One")
    with pytest.raises(Refused, match="already has an account"):
        users.create(
            email=Grant.objects.get().user.email.upper() + " ",
            name="Second",
            zone="UTC",
            roles_=[],
            by=system,
            at=NOW,
        )


def test_create_refuses_an_unknown_zone(system):
    with pytest.raises(Refused, match="“Mars/Base” is not a time zone"):
        users.create(email="x@example.com", name="X", zone="Mars/Base", roles_=[], by=system, at=NOW)


def test_only_administrators_make_accounts():
    with pytest.raises(NotAllowed, match="manage accounts"):
        users.create(
            email="x@example.com", name="X", zone="UTC", roles_=[], by=stories.person("recruiter"), at=NOW
        )


def test_the_service_role_is_for_services_only(system):
    with pytest.raises(Refused, match="for API services"):
        users.grant(stories.person("recruiter"), "service", by=system, at=NOW)


def test_the_last_administrator_stays(system):
    admin = stories.person("admin")
    with pytest.raises(Refused, match="last administrator"):
        users.revoke(admin, "admin", by=system, at=NOW)
    stories.person("admin")
    users.revoke(admin, "admin", by=system, at=NOW)
    assert roles.held(admin) == frozenset()


@pytest.mark.django_db
def test_roles_are_read_once_a_request_however_the_person_is_spoken_of(django_assert_num_queries):
    """request.user is a lazy stand-in; who asks it and who asks the person behind it share the answer."""
    person = User.objects.get(pk=stories.recruiter().pk)
    lazy = SimpleLazyObject(lambda: person)
    with django_assert_num_queries(1):
        assert roles.held(lazy) == roles.held(person) == {"recruiter"}
        assert lazy.is_staff and person.is_staff
    users.revoke(lazy, "recruiter", by=users.system(), at=stories.NOW)
    assert roles.held(person) == frozenset()
