"""The small language in which a playbook says *when* something holds.

A condition is one line of text about named facts, for example

    classified_as == "ml_engineer" and background.kubernetes < "solid"

It is read, never executed: Python's own parser turns the text into a tree, a short list of allowed shapes
is walked, and everything else (calls, arithmetic, indexing, f-strings) is refused with its column.

Answers have three values. A fact nobody has recorded is *unknown*, and unknown is never read as low, as no
or as zero: "not assessed" is not a low score. The rules for and / or / not over true, false and unknown are
Kleene's strong logic (S. C. Kleene, Introduction to Metamathematics, 1952, section 64).

The language is described for authors in docs/playbook-format.md.
"""

from __future__ import annotations

import ast
import difflib
import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

MAX_LENGTH = 2000
MAX_DEPTH = 20


# Kinds of facts


@dataclass(frozen=True)
class Number:
    """A count, a percentage or another amount; two numbers compare only when their units are the same."""

    unit: str = ""


@dataclass(frozen=True)
class YesNo:
    """Something that is or is not so; it may stand alone as a condition."""


@dataclass(frozen=True)
class Word:
    """One word out of a list without an order; `options=None` accepts any word."""

    options: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Scale:
    """One word out of an ordered list, low to high: `"some" < "solid"` means what it says."""

    steps: tuple[str, ...]


Kind = Number | YesNo | Word | Scale
Vocabulary = Mapping[str, Kind]
"""Every fact a condition may name: dotted path -> kind."""


@dataclass(frozen=True)
class Fact:
    """What is known about one path, and where it is known from (a card, a form field, a row).

    `value=None` is the same as leaving the path out: unknown.
    """

    value: Any
    source: Any = None


Facts = Mapping[str, Fact]


@dataclass(frozen=True)
class Answer:
    """Whether a condition holds: True, False, or None for "too little is known to say".

    `because` names the facts that made it true, in the order they are written, so that every flag can cite
    its evidence; it is empty unless `holds` is True.
    """

    holds: bool | None
    because: tuple[str, ...] = ()


class ConditionError(ValueError):
    """A condition that cannot be read. `column` counts characters of the text from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


# The tree

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
Value = bool | int | float | str


@dataclass(frozen=True)
class _Path:
    name: str
    kind: Kind


@dataclass(frozen=True)
class _Constant:
    """A literal; for `in` a tuple of them."""

    value: Value | tuple[Value, ...]


@dataclass(frozen=True)
class _Comparison:
    left: _Path | _Constant
    operator: Operator
    right: _Path | _Constant
    kind: Kind


@dataclass(frozen=True)
class _Bare:
    """A yes/no fact standing alone."""

    path: _Path


@dataclass(frozen=True)
class _Not:
    part: _Node


@dataclass(frozen=True)
class _Joined:
    word: Literal["and", "or"]
    parts: tuple[_Node, ...]


_Node = _Comparison | _Bare | _Not | _Joined


@dataclass(frozen=True)
class Condition:
    """A condition that has been read and checked against its vocabulary.

    `text` is its canonical spelling: reading it again gives an equal condition.
    `paths` are the facts it names, each once, in the order they appear.
    """

    text: str
    paths: tuple[str, ...]
    root: _Node

    def answer(self, facts: Facts) -> Answer:
        """Whether the condition holds for these facts, and which of them make it hold.

        Raises ValueError when a fact has a value its kind cannot have (a level that is not on the scale, a
        text where a number belongs): that is a mistake in the program, not something unknown.
        """
        holds, because = _answer(self.root, facts)
        return Answer(holds, tuple(dict.fromkeys(because)) if holds else ())


def parse(text: str, vocabulary: Vocabulary) -> Condition:
    """Read one condition, allowing only the facts of the vocabulary.

    Raises ConditionError, with the column, for a text that is not a condition, an unknown fact (naming the
    nearest known ones), an operator the fact's kind does not have, or a word its scale does not have.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"A condition has at most {MAX_LENGTH} characters; this one has {len(text)}.", 1)
    if not text.strip():
        raise ConditionError("Write a condition; this one is empty.", 1)
    if "\\" in text:
        raise ConditionError("Leave the backslash out; words need no escapes.", text.index("\\") + 1)
    root = _Reader(text, vocabulary).read()
    return Condition(text=_spell(root), paths=tuple(dict.fromkeys(_paths(root))), root=root)


# Reading

_COMPARE: dict[type[ast.cmpop], Operator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_EQUALITY: tuple[Operator, ...] = ("==", "!=")
_MEMBERSHIP: tuple[Operator, ...] = ("in", "not in")
_ORDER: tuple[Operator, ...] = ("<", "<=", ">", ">=")
_TRUTH = {"true": True, "false": False}


def _operators(kind: Kind) -> tuple[Operator, ...]:
    match kind:
        case YesNo():
            return _EQUALITY
        case Word():
            return _EQUALITY + _MEMBERSHIP
        case Number() | Scale():
            return _EQUALITY + _ORDER + _MEMBERSHIP


class _Reader:
    """Walks Python's tree for one text and keeps only the shapes the language has."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        # A condition may be broken over several lines in the file; blanks keep every column where it was.
        self.source = re.sub(r"\s", " ", text)
        self.indent = len(self.source) - len(self.source.lstrip())
        self.vocabulary = vocabulary

    def read(self) -> _Node:
        try:
            tree = ast.parse(self.source.lstrip(), mode="eval")
        except SyntaxError as error:
            raise ConditionError(
                "This is not a condition. Write comparisons such as "
                'background.kubernetes < "solid", joined by and, or, not.',
                self.indent + max(error.offset or 1, 1),
            ) from None
        except (ValueError, RecursionError, MemoryError):
            raise ConditionError("This text cannot be read as a condition.", 1) from None
        return self.node(tree.body, 1)

    def column(self, node: ast.AST) -> int:
        """Python counts bytes of UTF-8 from 0; people count characters from 1."""
        offset: int = getattr(node, "col_offset", 0)
        return self.indent + len(self.source.lstrip().encode()[:offset].decode(errors="ignore")) + 1

    def refuse(self, message: str, node: ast.AST) -> ConditionError:
        return ConditionError(message, self.column(node))

    def node(self, node: ast.expr, depth: int) -> _Node:
        if depth > MAX_DEPTH:
            raise self.refuse(f"A condition may be nested {MAX_DEPTH} levels deep; split this one.", node)
        match node:
            case ast.BoolOp(op=joint, values=values):
                return _Joined(
                    "and" if isinstance(joint, ast.And) else "or",
                    tuple(self.node(value, depth + 1) for value in values),
                )
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Not(self.node(operand, depth + 1))
            case ast.Compare():
                return self.comparison(node)
            case ast.Name() | ast.Attribute():
                side = self.side(node)
                if isinstance(side, _Path) and isinstance(side.kind, YesNo):
                    return _Bare(side)
                what = (
                    f"{side.name} is not a yes/no fact"
                    if isinstance(side, _Path)
                    else "A value is no condition"
                )
                raise self.refuse(f"{what}; compare it with something.", node)
            case ast.Constant():
                raise self.refuse("A value is no condition; compare a fact with it.", node)
        raise self.refuse(
            "Only comparisons, and, or, not and parentheses are allowed here; no calls and no arithmetic.",
            node,
        )

    def comparison(self, node: ast.Compare) -> _Comparison:
        if len(node.ops) != 1:
            raise self.refuse("Write one comparison at a time and join them with and.", node)
        sign = _COMPARE.get(type(node.ops[0]))
        if sign is None:
            raise self.refuse("Write == or != instead of is.", node)
        left = self.side(node.left)
        right = self.several(node.comparators[0]) if sign in _MEMBERSHIP else self.side(node.comparators[0])
        path = left if isinstance(left, _Path) else right
        if not isinstance(path, _Path) or (sign in _MEMBERSHIP and path is not left):
            raise self.refuse("Name a fact on the left side of the comparison.", node)
        if sign not in _operators(path.kind):
            allowed = ", ".join(_operators(path.kind))
            raise self.refuse(
                f"{path.name} is {_describe(path.kind)}: it can be compared with {allowed}.", node
            )
        if isinstance(right, _Path) and path is left and right.kind != path.kind:
            raise self.refuse(
                f"{path.name} is {_describe(path.kind)} and {right.name} is {_describe(right.kind)}: "
                "they cannot be compared.",
                node,
            )
        constant, place = (right, node.comparators[0]) if path is left else (left, node.left)
        if isinstance(constant, _Constant):
            values = constant.value if isinstance(constant.value, tuple) else (constant.value,)
            for value in values:
                self.fits(value, path, place)
        return _Comparison(left, sign, right, path.kind)

    def side(self, node: ast.expr) -> _Path | _Constant:
        match node:
            case ast.Name(id=name) if name in _TRUTH:
                return _Constant(_TRUTH[name])
            case ast.Name() | ast.Attribute():
                return self.path(node)
            case ast.Constant(value=str() as value) if "'" in value or '"' in value:
                raise self.refuse("Leave quotation marks out of the word itself.", node)
            case ast.Constant(value=bool() | int() | float() | str() as value) if _is_finite(value):
                return _Constant(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if (
                not isinstance(value, bool) and _is_finite(value)
            ):
                return _Constant(-value)
            case ast.Tuple() | ast.List():
                raise self.refuse("A list of values is compared with in.", node)
        raise self.refuse(
            "Write a fact, a number, a word in quotes, true or false here; no calls and no arithmetic.", node
        )

    def several(self, node: ast.expr) -> _Constant:
        """The right side of `in`: (a, b), [a, b], or one value in parentheses, which Python reads as bare."""
        items = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
        values: list[Value] = []
        for item in items:
            side = self.side(item)
            if isinstance(side, _Path) or isinstance(side.value, tuple):
                raise self.refuse("List values after in, not facts.", item)
            values.append(side.value)
        if not values:
            raise self.refuse("List at least one value after in.", node)
        return _Constant(tuple(values))

    def path(self, node: ast.expr) -> _Path:
        names: list[str] = []
        part = node
        while isinstance(part, ast.Attribute):
            names.append(part.attr)
            part = part.value
        if not isinstance(part, ast.Name):
            raise self.refuse("Write the name of a fact here; no calls and no indexing.", node)
        name = ".".join([part.id, *reversed(names)])
        if name not in self.vocabulary:
            raise self.refuse(f"There is no fact {name}.{_nearest(name, self.vocabulary)}", node)
        return _Path(name, self.vocabulary[name])

    def fits(self, value: Value, path: _Path, node: ast.expr) -> None:
        match path.kind:
            case Number():
                fits = isinstance(value, int | float) and not isinstance(value, bool)
            case YesNo():
                fits = isinstance(value, bool)
            case Word(options=None):
                fits = isinstance(value, str)
            case Word(options=options):
                fits = isinstance(value, str) and value in (options or ())
            case Scale(steps=steps):
                fits = isinstance(value, str) and value in steps
        if not fits:
            raise self.refuse(f"{path.name} is {_describe(path.kind)}; {_literal(value)} is not.", node)


def _is_finite(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return not isinstance(value, float) or math.isfinite(value)


def _describe(kind: Kind) -> str:
    match kind:
        case Number(unit=""):
            return "a number"
        case Number(unit=unit):
            return f"a number ({unit})"
        case YesNo():
            return "true or false"
        case Word(options=None):
            return "a word"
        case Word(options=options):
            return "one of " + ", ".join(options or ())
        case Scale(steps=steps):
            return "one of " + " < ".join(steps)


def _nearest(name: str, vocabulary: Vocabulary) -> str:
    # Comparing is slow; a playbook of ordinary size has far fewer facts than are looked through here.
    near = difflib.get_close_matches(name, itertools.islice(vocabulary, 500), n=2, cutoff=0.8)
    if not near and vocabulary:
        return " Known here: " + ", ".join(sorted({known.split(".")[0] for known in vocabulary})) + "."
    return f" Did you mean {' or '.join(near)}?" if near else ""


# Spelling


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return repr(value)


def _spell(node: _Node) -> str:
    match node:
        case _Bare(path=path):
            return path.name
        case _Comparison(left=left, operator=sign, right=right):
            return f"{_spell_side(left)} {sign} {_spell_side(right)}"
        case _Not(part=part):
            return f"not ({_spell(part)})" if isinstance(part, _Joined) else f"not {_spell(part)}"
        case _Joined(word=word, parts=parts):
            return f" {word} ".join(
                f"({_spell(part)})" if isinstance(part, _Joined) else _spell(part) for part in parts
            )


def _spell_side(side: _Path | _Constant) -> str:
    if isinstance(side, _Path):
        return side.name
    if isinstance(side.value, tuple):
        return "(" + ", ".join(_literal(value) for value in side.value) + ")"
    return _literal(side.value)


def _paths(node: _Node) -> tuple[str, ...]:
    match node:
        case _Bare(path=path):
            return (path.name,)
        case _Comparison(left=left, right=right):
            return tuple(side.name for side in (left, right) if isinstance(side, _Path))
        case _Not(part=part):
            return _paths(part)
        case _Joined(parts=parts):
            return tuple(path for part in parts for path in _paths(part))


# Answering

_TESTS: dict[Operator, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda value, options: value in options,
    "not in": lambda value, options: value not in options,
}


def _answer(node: _Node, facts: Facts) -> tuple[bool | None, tuple[str, ...]]:
    """The value of a node with the paths that settle it, for true as for false: below a `not` they swap."""
    match node:
        case _Bare(path=path):
            value = _value(path, facts)
            return value, () if value is None else (path.name,)
        case _Comparison(left=left, operator=sign, right=right, kind=kind):
            one, other = (_operand(side, kind, facts) for side in (left, right))
            if one is None or other is None:
                return None, ()
            return _TESTS[sign](one, other), _paths(node)
        case _Not(part=part):
            holds, because = _answer(part, facts)
            return (None if holds is None else not holds), because
        case _Joined(word=word, parts=parts):
            return _join([_answer(part, facts) for part in parts], settles=word == "or")


def _join(
    answers: list[tuple[bool | None, tuple[str, ...]]], *, settles: bool
) -> tuple[bool | None, tuple[str, ...]]:
    """One true part settles an `or`, one false part an `and`; otherwise every part has to be known."""
    settling = [because for holds, because in answers if holds is settles]
    if settling:
        return settles, tuple(path for because in settling for path in because)
    if any(holds is None for holds, _ in answers):
        return None, ()
    return not settles, tuple(path for _, because in answers for path in because)


def _operand(side: _Path | _Constant, kind: Kind, facts: Facts) -> Any:
    value = _value(side, facts) if isinstance(side, _Path) else side.value
    if value is None or not isinstance(kind, Scale):
        return value
    return tuple(map(kind.steps.index, value)) if isinstance(value, tuple) else kind.steps.index(value)


def _value(path: _Path, facts: Facts) -> Any:
    fact = facts.get(path.name)
    if fact is None or fact.value is None:
        return None
    value = fact.value
    match path.kind:
        case Number():
            fits = (
                isinstance(value, int | float | Decimal) and not isinstance(value, bool) and _is_finite(value)
            )
        case YesNo():
            fits = isinstance(value, bool)
        case Word():
            # A word outside the list is simply none of them; the company may use words the playbook lacks.
            fits = isinstance(value, str)
        case Scale(steps=steps):
            fits = isinstance(value, str) and value in steps
    if not fits:
        raise ValueError(f"{path.name} is {_describe(path.kind)}; {value!r} is not.")
    return value
