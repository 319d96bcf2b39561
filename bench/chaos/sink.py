"""The mail server that people's mailboxes stand behind: it writes down what arrived, in the order in which it did."""

import asyncio
import base64
import json
import random
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LONGEST_SECONDS = 0.06


class Sink:
    """Takes everything. It is a little slow before it keeps a message, and again before it says so: a sender that is
    killed meanwhile has either sent nothing yet, or does not know that it has."""

    def __init__(self, port: int, *, file: Path, chance: random.Random) -> None:
        self.chance, self.file = chance, file.open("a", encoding="utf-8")
        self.controller = Controller(self, hostname="127.0.0.1", port=port)
        self.start, self.stop = self.controller.start, self.controller.stop

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.chance.uniform(0, LONGEST_SECONDS))
        assert isinstance(envelope.content, bytes)
        for recipient in envelope.rcpt_tos:
            line = {"to": recipient, "message": base64.b64encode(envelope.content).decode()}
            self.file.write(json.dumps(line) + "\n")
        self.file.flush()
        await asyncio.sleep(self.chance.uniform(0, LONGEST_SECONDS))
        return "250 OK"
