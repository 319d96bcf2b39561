"""Lines of iCalendar (RFC 5545, section 3.1), read, and written so that no text breaks out of its line."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_OCTETS = 75  # of one line on the wire, without its CRLF

# SECURITY: also what only some programs take for the end of a line: no text may begin a line of its own.
_BREAK = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_CARETED = str.maketrans({"^": "^^", '"': "^'"})
_NO_URI = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")


def text(value: str) -> str:
    """A text as the value of a property: separators escaped, line breaks as `\\n`, no control characters."""
    return _printable(_BREAK.sub("\n", value)).translate(_ESCAPED)


def quoted(value: str) -> str:
    """A name as the value of a parameter: one line in quotes, its own quotes and carets as in RFC 6868."""
    return f'"{" ".join(_printable(_BREAK.sub(" ", value)).split()).translate(_CARETED)}"'


def uri(value: str) -> str:
    """A link as the value of a property: what no URI may contain (RFC 3986) is percent-encoded."""
    return _NO_URI.sub(
        lambda found: "".join(f"%{octet:02X}" for octet in found[0].encode(errors="replace")), value.strip()
    )


def folded(lines: Iterable[str]) -> bytes:
    """The lines as bytes: UTF-8, ended by CRLF, none over 75 octets, no character torn in two."""
    wire = bytearray()
    for line in lines:
        octets = line.encode()
        room = MAX_OCTETS
        while len(octets) > room:
            cut = room
            while octets[cut] & 0xC0 == 0x80:
                cut -= 1
            wire += octets[:cut] + b"\r\n "
            octets = octets[cut:]
            room = MAX_OCTETS - 1  # the blank that continues the line counts
        wire += octets + b"\r\n"
    return bytes(wire)


@dataclass(frozen=True)
class Property:
    """One line that was read; names are in capitals, parameters without quotes, the value as it stands."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def plain(self) -> str:
        """The value read as a text."""
        return re.sub(
            r"\\([nN\\;,])", lambda found: "\n" if found[1] in "nN" else found[1], self.value
        ).strip()


@dataclass(frozen=True)
class Component:
    """What stands between BEGIN and END."""

    name: str
    properties: list[Property] = field(default_factory=list)
    components: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [item for item in self.properties if item.name == name]

    def first(self, name: str) -> Property | None:
        return next(iter(self.all(name)), None)


_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;(?:"[^"]*"|[^":])*)?):(.*)', re.DOTALL)
# Microsoft's names of time zones hold a colon and no quotes; the value of these never does.
_TIME = re.compile(r"(DTSTART|DTEND)(;.*):(.*)", re.DOTALL | re.IGNORECASE)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";])*)')
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def calendar(data: bytes) -> Component:
    """The first VCALENDAR in an iCalendar file, forgiving as to line ends, capitals and senseless lines.

    Raises ValueError where there is none, or where BEGIN and END do not match.
    """
    # Unfolded as bytes: some programs tear characters in two when they fold.
    unfolded = re.sub(rb"\r?\n[ \t]", b"", data).decode("utf-8-sig", errors="replace")
    open_ones: list[Component] = []
    for one in re.split(r"\r\n|\n|\r", _CONTROL.sub("", unfolded)):
        item = line(one)
        if item is None:
            continue
        if item.name == "BEGIN":
            component = Component(item.value.strip().upper())
            if open_ones:
                open_ones[-1].components.append(component)
            elif component.name != "VCALENDAR":
                raise ValueError("It does not begin with VCALENDAR.")
            open_ones.append(component)
        elif item.name == "END":
            if not open_ones or open_ones[-1].name != item.value.strip().upper():
                raise ValueError("BEGIN and END do not match.")
            closed = open_ones.pop()
            if not open_ones:
                return closed
        elif open_ones:
            open_ones[-1].properties.append(item)
    raise ValueError("There is no whole VCALENDAR.")


def line(text: str) -> Property | None:
    """One unfolded line; None where it makes no sense."""
    found = _TIME.fullmatch(text) or _LINE.fullmatch(text)
    if found is None:
        return None
    parameters = {
        name.upper(): re.sub(
            r"\^([n^'])", lambda mark: {"n": "\n", "^": "^", "'": '"'}[mark[1]], value.replace('"', "")
        )
        for name, value in _PARAMETER.findall(found[2])
    }
    return Property(found[1].upper(), parameters, found[3])


def _printable(value: str) -> str:
    """Without control characters and halves of characters; a tab and a line feed may stay."""
    return "".join(char for char in value if char in "\t\n" or unicodedata.category(char) not in {"Cc", "Cs"})
