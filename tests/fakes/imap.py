"""A mail folder on loopback that answers as an IMAP server does (RFC 3501), as far as reading unread mail goes."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Folder:
    port: int = 0
    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)

    def put(self, body: bytes) -> int:
        uid = len(self.mails) + 1
        self.mails[uid], self.flags[uid] = body, set()
        return uid

    @property
    def url(self) -> str:
        return f"imap://answers%40example.com:pass%20word@127.0.0.1:{self.port}/Answers"


class _Handler(socketserver.StreamRequestHandler):
    folder: Folder

    def handle(self) -> None:
        self.say(b"* OK ready")
        while line := self.rfile.readline():
            tag, _, command = line.decode().strip().partition(" ")
            word = command.upper()
            if word.startswith("LOGIN"):
                good = "answers@example.com" in command and "pass word" in command
                self.say(f"{tag} {'OK' if good else 'NO'} login".encode())
            elif word.startswith("UID SEARCH UNSEEN"):
                unread = " ".join(
                    str(uid) for uid, flags in self.folder.flags.items() if "\\Seen" not in flags
                )
                self.say(f"* SEARCH {unread}".encode(), f"{tag} OK done".encode())
            elif match := re.match(r"UID FETCH (\d+)", word):
                body = self.folder.mails[int(match[1])]
                self.wfile.write(
                    f"* 1 FETCH (UID {match[1]} BODY[] {{{len(body)}}}\r\n".encode() + body + b")\r\n"
                )
                self.say(f"{tag} OK done".encode())
            elif match := re.match(r"UID STORE (\d+) \+FLAGS.SILENT \((.*)\)", command, re.IGNORECASE):
                self.folder.flags[int(match[1])] |= set(match[2].split())
                self.say(f"{tag} OK done".encode())
            elif word.startswith("SELECT"):
                self.say(
                    f"* {len(self.folder.mails)} EXISTS".encode(), f"{tag} OK [READ-WRITE] selected".encode()
                )
            elif word.startswith("CAPABILITY"):
                self.say(b"* CAPABILITY IMAP4rev1", f"{tag} OK done".encode())
            elif word.startswith("LOGOUT"):
                self.say(b"* BYE", f"{tag} OK bye".encode())
                return
            else:
                self.say(f"{tag} BAD unknown".encode())

    def say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))


@contextmanager
def imap_folder() -> Iterator[Folder]:
    folder = Folder()
    handler = type("Handler", (_Handler,), {"folder": folder})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        folder.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder
        server.shutdown()
