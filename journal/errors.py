"""How a rule says no."""


class Refused(Exception):
    """A rule of the business says no.

    The message is a full sentence for a person: what was not done and what to do next. `code` is stable for
    programs (API clients, tests); `details` carries a list where one sentence is not enough (for example every
    missing part of a scorecard). Nothing has been changed when it is raised out of a rule.
    """

    def __init__(
        self, message: str, *, code: str = "refused", details: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details or []
        for detail in self.details:  # shown below the message in a traceback
            self.add_note(" ".join(detail.values()))


def one_line(text: str, what: str) -> str:
    """`text` without space around it. Refuses nothing at all, and line breaks or control characters: names end up in mail
    subjects and calendar events."""
    text = text.strip()
    if not text or not text.isprintable():
        raise Refused(f"{what} is one line of text, and not empty.", code="not_one_line")
    return text


class NotAllowed(Refused):
    """The person may see the thing but not do this to it. (What they may not see is a 404, never this.)"""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="not_allowed")
