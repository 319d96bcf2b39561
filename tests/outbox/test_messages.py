"""E-mails as bytes."""

import email
import email.policy
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.errors import Refused
from outbox import messages
from tests.outbox.moments import NOON

ID = uuid.UUID("6f1d3c58-8a6e-4a53-9d3b-5b0f4f2f9a11")
INVITE = "\r\n".join(
    (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "SUMMARY:Gespräch mit Zoë",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
).encode()
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"]


def compose(**changes) -> bytes:
    values = {
        "message_id": ID,
        "to": "grace@example.test",
        "subject": "Your interviews",
        "text": "Dear Grace,\n",
        "html": "",
        "calendar": None,
        "at": NOON,
    }
    return messages.compose(**(values | changes))


def parse(raw: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def text_of(message: email.message.EmailMessage) -> str:
    return message.get_content().replace("\r\n", "\n")


def test_compose_when_plain(settings):
    settings.DEFAULT_FROM_EMAIL = '"Hiring, Example" <loops@example.com>'

    message = parse(compose(text="Liebe Grace,\nbis Donnerstag. Größe"))

    assert message["From"] == '"Hiring, Example" <loops@example.com>'
    assert message["To"] == "grace@example.test"
    assert message["Subject"] == "Your interviews"
    assert message["Date"].datetime == NOON
    assert message["Message-ID"] == f"<{ID}@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert text_of(message) == "Liebe Grace,\nbis Donnerstag. Größe\n"


def test_compose_when_calendar_is_given_carries_it_twice_with_its_method():
    message = parse(compose(html="<p>Dear Grace</p>", calendar=INVITE))

    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    alternative, file = list(message.walk())[-2:]
    assert alternative["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    assert alternative.get_payload(decode=True) == INVITE
    assert file.get_filename() == "invite.ics"
    assert file.get_payload(decode=True) == INVITE


def test_compose_when_the_calendar_names_no_method_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="names its METHOD"):
        compose(calendar=INVITE.replace(b"METHOD:REQUEST\r\n", b""))


def test_compose_ends_every_line_with_crlf_and_is_seven_bit():
    raw = compose(text="Größe " * 60, subject="Größe " * 40, html="<p>ß</p>", calendar=INVITE)

    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(raw) < 128
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize("breaker", ["\n", "\r", "\r\n", "\0", "\x0b", "\x85", "\u2028", "\u2029"])
def test_compose_refuses_a_subject_of_two_lines(breaker):
    with pytest.raises(Refused) as no:
        compose(subject=f"Hello{breaker}Bcc: eve@example.test")

    assert no.value.code == "bad_subject"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "grace",
        "grace@example.test, eve@example.test",
        "grace@example.test\r\nBcc: eve@example.test",
        "grace@example.test\n",
        "Grace <grace@example.test>",
    ],
)
def test_compose_refuses_what_is_not_one_mailbox(address):
    with pytest.raises(Refused) as no:
        compose(to=address)

    assert no.value.code == "bad_address"


def test_compose_when_a_name_hides_a_header_in_an_encoded_word():
    message = parse(compose(subject="Meet =?utf-8?q?a=0D=0ABcc:_eve@example.test?= on Friday"))

    assert list(message.keys())[:6] == HEADERS[:6]
    assert message["Bcc"] is None
    assert message["Subject"] == "Meet = ?utf-8?q?a=0D=0ABcc:_eve@example.test?= on Friday"


@given(st.text(max_size=120))
def test_compose_whatever_the_subject_writes_these_headers_and_no_other(subject):
    try:
        raw = compose(subject=subject)
    except Refused:
        return

    message = parse(raw)
    assert sorted(message.keys()) == sorted([*HEADERS, "Content-Type", "Content-Transfer-Encoding"])
    assert text_of(message) == "Dear Grace,\n"


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=60))
def test_compose_whatever_the_subject_it_arrives_as_written(subject):
    message = parse(compose(subject=subject))

    assert message["Subject"] == subject.replace("=?", "= ?")
