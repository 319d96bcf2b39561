import pytest

from accounts import users
from interviews import mailbox
from tests import stories
from tests.fakes.imap import imap_folder
from tests.interviews.test_invites import reply
from tests.stories import NOW

pytestmark = pytest.mark.django_db


def test_answers_are_taken_once_and_the_rest_is_flagged_for_a_person(settings):
    one, two = stories.seats(stories.confirmed_loop())[:2]
    with imap_folder() as folder:
        settings.IMAP_URL = folder.url
        accepted, declined = folder.put(reply(one, "ACCEPTED")), folder.put(reply(two, "DECLINED"))
        chat = folder.put(b"From: a@example.com\r\nSubject: Lunch?\r\n\r\nToday?\r\n")
        assert mailbox.read(by=users.system(), at=NOW) == 2
        assert folder.flags == {accepted: {"\\Seen"}, declined: {"\\Seen"}, chat: {"\\Seen", "\\Flagged"}}
        assert mailbox.read(by=users.system(), at=NOW) == 0
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.response, two.response) == ("accepted", "declined")


def test_without_a_folder_nothing_is_read(settings):
    settings.IMAP_URL = ""
    assert mailbox.read(by=users.system(), at=NOW) == 0


def test_a_folder_that_is_away_is_a_failed_run_and_not_the_end(settings, caplog):
    from config import clock
    from journal.models import Run

    settings.IMAP_URL = "imap://x:y@127.0.0.1:1/Answers"
    row = clock.run("read-answers", at=NOW)
    assert "ConnectionRefusedError" in row.error
    assert Run.objects.get().error == row.error
