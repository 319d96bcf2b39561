"""The e-mail around a calendar message, on its way out and on its way in."""

import uuid
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from interviews.calendars import itip
from interviews.calendars.itip_mail import find_calendar_part
from outbox import messages
from tests.interviews.calendars.itip_meetings import NOON, meeting
from tests.interviews.calendars.itip_rules import check_mail

REQUEST = itip.request(meeting(summary="Système 😀"))
REPLY = REQUEST.replace(b"METHOD:REQUEST", b"METHOD:REPLY")


def parsed(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=default)


def types(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def test_what_the_outbox_composes_keeps_the_rules_too(settings):
    settings.DEFAULT_FROM_EMAIL = "Talent at Example <talent@example.com>"

    mail = parsed(
        messages.compose(
            message_id=uuid.uuid4(),
            to="ada@example.com",
            subject="Interview",
            text="Hello",
            html="<p>Hello</p>",
            calendar=REQUEST,
            at=NOON,
        )
    )

    assert check_mail(mail) == []
    assert types(mail) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert find_calendar_part(mail) == REQUEST


HEAD = b"From: Ada <ada@example.com>\r\nTo: talent@example.com\r\nSubject: =?utf-8?q?Zugesagt=3A_Syst=C3=A8me?=\r\n"


def multipart(*parts: bytes, subtype: bytes = b"mixed") -> bytes:
    inner = b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts)
    return (
        HEAD
        + b'MIME-Version: 1.0\r\nContent-Type: multipart/%s; boundary="cut"\r\n\r\n' % subtype
        + inner
        + b"--cut--\r\n"
    )


def quoted_printable(data: bytes) -> bytes:
    import quopri

    return quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")


def base64(data: bytes) -> bytes:
    from base64 import encodebytes

    return encodebytes(data).replace(b"\n", b"\r\n")


TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nAda has accepted."
LATIN = "Grüße".join(["BEGIN:VCALENDAR\r\nCOMMENT:", "\r\n"])


@pytest.mark.parametrize(
    ("mail", "found"),
    [
        (
            HEAD + b"Content-Type: text/calendar; charset=utf-8; method=REPLY\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + base64(REPLY),
            REPLY,
        ),
        (
            multipart(
                TEXT,
                b'Content-Type: text/calendar; charset="UTF-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n' + REPLY,
                subtype=b"alternative",
            ),
            REPLY,
        ),
        (
            multipart(
                TEXT,
                b"Content-Type: text/calendar; charset=utf-8\r\n"
                b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(REPLY),
            ),
            REPLY,
        ),
        (
            multipart(
                TEXT,
                b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
                b'Content-Disposition: attachment; filename="Reply.ICS"\r\n\r\n' + base64(REPLY),
            ),
            REPLY,
        ),
        (
            multipart(
                TEXT,
                b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
                b'Content-Disposition: attachment; filename="=?utf-8?B?%s?="\r\n\r\n'
                % base64("Zusage für Grace.ics".encode()).strip()
                + base64(REPLY),
            ),
            REPLY,
        ),
        (
            multipart(
                TEXT,
                b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
                b"Content-Disposition: attachment; filename*=utf-8''Zusage%20f%C3%BCr.ics\r\n\r\n" + base64(REPLY),
            ),
            REPLY,
        ),
        (
            multipart(
                TEXT,
                b"Content-Type: application/ics\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64(REQUEST),
                b"Content-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64(REPLY),
            ),
            REPLY,
        ),
        (
            multipart(
                b"Content-Type: text/calendar; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                + LATIN.encode("latin-1")
            ),
            LATIN.encode(),
        ),
        (
            multipart(
                b"Content-Type: text/calendar; charset=x-unknown\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + base64(REPLY)
            ),
            REPLY,
        ),
        (
            multipart(
                b"Content-Type: text/calendar; charset=gb-nonsense\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + base64(REPLY)
            ),
            REPLY,
        ),
        (multipart(TEXT), None),
        (HEAD + b"\r\nAda has accepted.", None),
        (b"", None),
        # A bounce, and a forwarded invitation.
        (
            multipart(
                TEXT,
                b'Content-Type: message/rfc822; name="invite.ics"\r\n\r\n'
                + HEAD
                + b"Content-Type: text/calendar\r\n\r\n"
                + REQUEST,
            ),
            None,
        ),
    ],
    ids=[
        *("alone", "alternative", "quoted-printable", "file", "file RFC 2047", "file RFC 2231"),
        *("file before the part", "Latin-1", "unknown charset", "nonsense charset"),
        *("none", "plain", "empty", "inside another mail"),
    ],
)  # fmt: skip
def test_the_calendar_part_is_found(mail, found):
    part = find_calendar_part(parsed(mail))

    assert part is None if found is None else part.strip() == found.strip()
