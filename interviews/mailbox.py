"""The mail folder that answers to invitations come to, over IMAP."""

import datetime as dt
import imaplib
import logging
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from accounts.models import User
from interviews import replies
from journal.errors import Refused

logger = logging.getLogger(__name__)

AT_ONCE = 100
_PATIENCE = 20  # seconds for each answer of the server


def read(*, by: User, at: dt.datetime) -> int:
    """Take every unread answer out of the folder IMAP_URL names; returns how many were taken.

    A mail that was dealt with is marked as read. One that is no answer we can act on is marked as read and flagged, so
    that a person finds it. A crash in between means that it is read again, which does no harm: answers are idempotent.
    """
    if not settings.IMAP_URL:
        return 0
    taken = 0
    with _folder(settings.IMAP_URL) as folder:
        _status, found = folder.uid("SEARCH", "UNSEEN")
        for uid in found[0].split()[:AT_ONCE]:
            _status, parts = folder.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
            body = next((part[1] for part in parts if isinstance(part, tuple)), b"")
            try:
                replies.take_mail(body, at=at)
                taken += 1
                flags = "(\\Seen)"
            except Refused as no:
                logger.info("A mail in the answers' folder was left for a person: %s", no.code)
                flags = "(\\Seen \\Flagged)"
            folder.uid("STORE", uid.decode(), "+FLAGS.SILENT", flags)
    return taken


@contextmanager
def _folder(url: str) -> Iterator[imaplib.IMAP4]:
    """The folder of `imaps://user:password@host[:port]/Folder` (imap:// for a server on this machine), selected."""
    parts = urllib.parse.urlsplit(url)
    kind = imaplib.IMAP4_SSL if parts.scheme == "imaps" else imaplib.IMAP4
    port = parts.port or (993 if parts.scheme == "imaps" else 143)
    server = kind(parts.hostname or "localhost", port, timeout=_PATIENCE)
    try:
        server.login(urllib.parse.unquote(parts.username or ""), urllib.parse.unquote(parts.password or ""))
        server.select(f'"{urllib.parse.unquote(parts.path.lstrip("/")) or "INBOX"}"')
        yield server
    finally:
        server.logout()
