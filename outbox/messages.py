"""E-mails as bytes: built once, sent unchanged."""

import datetime as dt
import email.policy
import email.utils
import re
import smtplib
import unicodedata
import uuid
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, cast

from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode

from journal.errors import Refused

# 7bit: no mail server on the way has a reason to re-encode, so a signature over the bytes would survive.
WIRE = email.policy.SMTP.clone(cte_type="7bit")


def compose(
    *,
    message_id: uuid.UUID,
    to: str,
    subject: str,
    text: str,
    html: str,
    calendar: bytes | None,
    at: dt.datetime,
) -> bytes:
    """The e-mail as it will go over the wire, lines ended by CRLF, from DEFAULT_FROM_EMAIL, dated `at`.

    A calendar object (an iCalendar file with a METHOD) is added twice, as mail programs expect it: as the
    alternative they act on, whose `method` equals METHOD (RFC 6047), and as a file `invite.ics` to open.

    Refuses an address that is not one plain mailbox, and a subject that is not one line.
    """
    try:
        validate_email(to)
    except ValidationError as no:
        raise Refused(
            f"“{to}” is not an e-mail address. Correct it and try again.", code="bad_address"
        ) from no
    if not subject.strip() or any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in subject):
        raise Refused(
            "The subject of an e-mail is one line of text. Take out line breaks and control characters.",
            code="bad_subject",
        )
    local, _, domain = to.rpartition("@")
    sender_name, sender = email.utils.parseaddr(settings.DEFAULT_FROM_EMAIL)

    message = EmailMessage(policy=WIRE)
    message["From"] = Address(display_name=sender_name, addr_spec=sender)
    message["To"] = Address(addr_spec=f"{local}@{punycode(domain)}")
    # SECURITY: an encoded word in a name (`=?utf-8?q?=0D=0ABcc:…?=`) is decoded while the header is folded,
    # and Python before 3.11.10 then writes its line break. Broken in two it stays text.
    message["Subject"] = subject.replace("=?", "= ?")
    message["Date"] = at
    message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    # No out-of-office answers to a machine (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    if calendar is not None:
        method = re.search(rb"^METHOD:([A-Z]+)\r?$", calendar, re.MULTILINE)
        if method is None:
            raise ValueError("A calendar object that is sent by mail names its METHOD.")
        message.add_alternative(
            calendar.decode(), subtype="calendar", cte="base64", params={"method": method[1].decode()}
        )
        message.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics")
    return message.as_bytes()


def transmit(message: bytes, *, to: str) -> None:
    """Hand the bytes to Django's e-mail backend, unchanged. Raises whatever the backend raises."""
    _Letter(message, to=to).send()


def is_final(error: Exception) -> bool:
    """Whether trying again is pointless: the mail server refused the recipient for good (a 5xx answer)."""
    return isinstance(error, smtplib.SMTPRecipientsRefused) and all(
        500 <= code < 600 for code, _reason in error.recipients.values()
    )


class _Verbatim(EmailMessage):
    """A parsed message that is written as the very bytes it was read from."""

    raw = b""

    def as_bytes(self, *args: Any, **kwargs: Any) -> bytes:
        return self.raw or super().as_bytes(*args, **kwargs)


class _Letter(mail.EmailMessage):
    """What Django's backends (SMTP, console, file, in memory) take, carrying the stored bytes."""

    def __init__(self, message: bytes, *, to: str) -> None:
        self._parsed = cast(_Verbatim, BytesParser(_Verbatim, policy=WIRE).parsebytes(message))
        self._parsed.raw = message
        plain = self._parsed.get_body(("plain",))
        super().__init__(
            subject=str(self._parsed["Subject"]),
            body=plain.get_content().replace("\r\n", "\n") if plain else "",
            from_email=str(self._parsed["From"]),
            to=[to],
        )

    def message(self, **_options: Any) -> _Verbatim:
        return self._parsed
