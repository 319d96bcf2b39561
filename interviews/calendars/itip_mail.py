"""Finding the calendar message in a mail that came in (iMIP, RFC 6047). Mails that go out are made in outbox/messages.py."""

import re
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart

# SECURITY: a mail names its character set, and some of Python's take quadratic time.
_CHARSETS = re.compile(
    r"(iso-8859-|windows-125|cp125|koi8-|utf-16|iso-2022-|gb|big5|shift_jis|euc-)[a-z0-9_-]*"
)


def find_calendar_part(message: EmailMessage) -> bytes | None:
    """The calendar message in a mail that came in, as UTF-8; None when there is none.

    A part of the type text/calendar is it, with or without a `method`; failing that, a file of a calendar's
    type or name. A message within the message is not looked into: a bounce quotes our own invitation.
    """
    parts = list(_parts(message))
    for part in parts:
        if part.get_content_type() == "text/calendar":
            return _content(part)
    for part in parts:
        if part.get_content_type() == "application/ics" or _is_named_calendar(part):
            return _content(part)
    return None


def _parts(message: MIMEPart) -> Iterator[MIMEPart]:
    if message.get_content_maintype() == "multipart":
        for part in message.iter_parts():
            yield from _parts(part)
    elif message.get_content_maintype() != "message":
        yield message


def _is_named_calendar(part: MIMEPart) -> bool:
    return (part.get_filename() or "").lower().endswith(".ics")


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    charset = part.get_content_charset("utf-8")
    if not _CHARSETS.fullmatch(charset):
        return content
    try:
        return content.decode(charset, errors="replace").encode()
    except LookupError:
        return content
