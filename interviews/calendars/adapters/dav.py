"""The XML of WebDAV (RFC 4918, section 13): what a server says of each resource it was asked about."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from interviews.calendars.feed import CalendarUnreadable

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CALENDAR_SERVER = "{http://calendarserver.org/ns/}"
_DEEPEST = 40
_NOT_XML = "The calendar server answers with something that cannot be read."


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of an answer: its address, a status of its own if it has one, and the properties it has."""

    href: str
    status: int | None
    properties: dict[str, Element]

    def text(self, name: str) -> str:
        found = self.properties.get(name)
        return (found.text or "").strip() if found is not None else ""

    def href_in(self, name: str) -> str:
        """The address inside a property such as current-user-principal; empty where there is none."""
        found = self.properties.get(name)
        href = found.find(f"{DAV}href") if found is not None else None
        return (href.text or "").strip() if href is not None else ""


def resources(body: bytes) -> list[Resource]:
    """The resources of a multi-status answer. Raises CalendarUnreadable for anything else."""
    root = _tree(body)
    if root.tag != f"{DAV}multistatus":
        raise CalendarUnreadable(_NOT_XML, may_pass=True)
    return [
        Resource(
            (response.findtext(f"{DAV}href") or "").strip(),
            _status(response.findtext(f"{DAV}status")),
            {found.tag: found for found in _found(response)},
        )
        for response in root.iter(f"{DAV}response")
    ]


def _found(response: Element) -> Iterator[Element]:
    for propstat in response.iter(f"{DAV}propstat"):
        if _status(propstat.findtext(f"{DAV}status")) == 200:
            for prop in propstat.iter(f"{DAV}prop"):
                yield from prop


def _status(line: str | None) -> int | None:
    """`HTTP/1.1 200 OK`"""
    words = (line or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdigit() else None


def _tree(body: bytes) -> Element:
    """The tree, without anything that a document type could bring: WebDAV has none, and entities are a weapon."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise CalendarUnreadable(_NOT_XML)
        builder.start("{" + name if "}" in name else name, attributes)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end("{" + name if "}" in name else name)

    def refuse(*_declared: object) -> None:
        raise CalendarUnreadable(_NOT_XML)

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
        return builder.close()
    except (expat.ExpatError, AssertionError) as error:
        raise CalendarUnreadable(_NOT_XML, may_pass=True) from error
