import pytest

from candidates import candidates
from candidates.models import Candidate
from journal.errors import Refused
from journal.models import Event
from tests import stories
from tests.stories import NOW, later

pytestmark = pytest.mark.django_db


def edit(candidate, **said):
    return candidates.edit(candidate, by=stories.recruiter(), at=later(hours=1), **said)


def test_personal_data_is_corrected_and_the_journal_tells_only_which_parts():
    ida = stories.candidate(name="Ida", email="ida@example.test")

    edit(
        ida,
        name="Ida Lovelace",
        email="i.l@example.test",
        phone="+49 30 1",
        zone="Europe/Berlin",
        country="de",
    )

    ida = Candidate.objects.get()
    assert (ida.name, ida.email, ida.phone) == ("Ida Lovelace", "i.l@example.test", "+49 30 1")
    assert (ida.zone, ida.country) == ("Europe/Berlin", "DE")
    assert candidates.twins("i.l@example.test") == [ida] and candidates.twins("ida@example.test") == []
    event = Event.objects.get(verb="candidate.edited")
    assert event.data == {"parts": ["country", "email", "name", "phone", "zone"]}


def test_what_is_not_given_stays_and_no_news_is_not_recorded():
    ida = stories.candidate(name="Ida", email="ida@example.test")
    edit(ida, headline="Builds platforms")
    edit(ida, headline="Builds platforms", name="Ida")

    assert Event.objects.filter(verb="candidate.edited").count() == 1
    assert Candidate.objects.get().email == "ida@example.test"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"email": "nowhere"}, "bad_contact"),
        ({"zone": "Mars/Crater"}, "bad_contact"),
        ({"country": "Germany"}, "bad_contact"),
        ({"name": "Two\nlines"}, "not_one_line"),
        ({"email": "bo@example.test"}, "duplicate"),
    ],
)
def test_what_is_refused_changes_nothing(said, code):
    ida, _bo = stories.candidate(name="Ida"), stories.candidate(email="bo@example.test")
    before = Candidate.objects.order_by("pk").values()

    with pytest.raises(Refused) as no:
        edit(ida, **said)

    assert no.value.code == code
    assert list(Candidate.objects.order_by("pk").values()) == list(before)
    assert not Event.objects.filter(verb="candidate.edited").exists()


def test_somebody_else_with_the_same_address_is_allowed_once_checked():
    ida, _bo = stories.candidate(), stories.candidate(email="bo@example.test")
    assert edit(ida, email="bo@example.test", same_person_checked=True).email == "bo@example.test"


def test_panels_do_not_edit():
    ida = stories.candidate()
    with pytest.raises(Refused) as no:
        candidates.edit(ida, name="X", by=stories.person("interviewer"), at=NOW)
    assert no.value.code == "not_allowed"
