"""What people can do from the admin: an act asks what its rule needs, calls it, and tells what came of it."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db import models

from journal.desk import theme
from journal.errors import Refused


@dataclass(frozen=True)
class Part:
    """A part of a form: its lines, each of one field or of several beside each other."""

    lines: Sequence[str | Sequence[str]]
    title: str = ""
    help: str = ""


class Ask(forms.Form):
    """What somebody is asked before a rule runs. `row` is what it is about; None on several rows, or on none yet.

    A subclass declares the fields; `prepare` fills in what depends on the row or on the person; `answers` turns
    what was typed into the rule's arguments.
    """

    intro: ClassVar[str] = ""

    def __init__(self, *args: Any, row: Any = None, by: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.row, self.by = row, by
        self.prepare()
        theme.dress(self)

    def prepare(self) -> None:
        """Choices, first values and further fields."""

    def explain(self) -> str:
        """What to know before answering."""
        return self.intro

    def parts(self) -> list[Part]:
        """How the fields are laid out."""
        return [Part(list(self.fields))]

    def laid_out(self) -> list[tuple[Part, list[list[forms.BoundField]]]]:
        """The parts with their fields, for the template."""
        return [
            (
                part,
                [[self[name] for name in ([line] if isinstance(line, str) else line)] for line in part.lines],
            )
            for part in self.parts()
        ]

    def answers(self) -> dict[str, Any]:
        return self.cleaned_data

    def refuse(self, no: Refused) -> None:
        """Show what the rule said, beside the field it is about where it names one. What was typed stays."""
        self.add_error(None, no.message)
        for detail in no.details:
            self.add_error(self.place_of(detail.get("field", "")), detail_sentence(detail))

    def place_of(self, field: str) -> str | None:
        """The form's field for a name that the rule uses."""
        return field if field in self.fields else None


def detail_sentence(detail: dict[str, str]) -> str:
    """One entry of a refusal's list, with its place where it names one."""
    place = detail.get("where", "")
    return f"{place}: {detail['problem']}" if place else detail["problem"]


def sentence(no: Refused) -> str:
    """A refusal in one piece, for a message or a line of a report."""
    return " ".join([no.message, *map(detail_sentence, no.details)])


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing a person can do to a row: a button on its page and, unless `many` is off, an action on lists.

    `rule` is called as rule(row, by=, at=, **answers), without the row where the act makes a new one. `may` is the
    right it needs (a value of accounts.roles.May); the rule checks again. `when` says on which rows' pages it is
    offered; those rows know their `reader`.
    """

    name: str
    label: str
    rule: Callable[..., Any]
    may: str | None = None
    form: type[Ask] = Ask
    sure: str = ""  # asked for what cannot be taken back
    when: Callable[[Any], bool] = lambda _row: True
    many: bool = True
    done: str = "Done."

    def run(self, row: models.Model | None, form: Ask, *, by: Any, at: dt.datetime) -> Any:
        subject = [] if row is None else [row]
        return self.rule(*subject, by=by, at=at, **form.answers())

    @property
    def asks(self) -> bool:
        """Whether a page comes between the button and the rule."""
        return bool(self.form is not Ask or self.sure)


@dataclass(frozen=True)
class Report:
    """What came of one act over several rows."""

    done: int
    refused: Sequence[tuple[models.Model, Refused]]

    @property
    def summary(self) -> str:
        return f"{self.done} done." if not self.refused else f"{self.done} done, {len(self.refused)} refused."


def over(act: Act, rows: Iterable[models.Model], form: Ask, *, by: Any, at: dt.datetime) -> Report:
    """Run the rule on each row by itself: what one row refuses does not hold up the next."""
    done, refused = 0, []
    for row in rows:
        try:
            act.run(row, form, by=by, at=at)
        except Refused as no:
            refused.append((row, no))
        else:
            done += 1
    return Report(done, refused)
