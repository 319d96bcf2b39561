"""A YAML file as plain data that remembers where everything stands.

Only what a playbook needs is read: one document of texts, numbers, true/false, lists and mappings.
Aliases are refused because they can blow a small file up, tags because they can make objects, and the
spellings that YAML 1.1 reads as something else (12:30 as 750, no as false, 010 as 8) get a hint.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from hiring.blueprint.problems import BlueprintError, Path, Problem

MAX_BYTES = 512 * 1024
MAX_DEPTH = 20
MAX_ITEMS = 200

_TAG = "tag:yaml.org,2002:"
_PLAIN_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_PLAIN_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?")


class Document:
    """A playbook file as read: `data` to check, and `problem(path, ...)` to point at a place in it."""

    def __init__(self, text: str, *, name: str) -> None:
        """Raises BlueprintError when the file is too large, is not YAML, or uses aliases."""
        self.name = name
        self._notes: list[tuple[int, int, Path, str]] = []
        self._noted: set[Path] = set()
        self.data: Any = None
        self._values: dict[Path, yaml.Node] = {}
        self._keys: dict[Path, yaml.Node] = {}
        root = self._compose(text)
        if not isinstance(root, yaml.MappingNode):
            self._stop(1, 1, "A playbook is a mapping that starts with format: 1.")
        else:
            self.data = self._build(root, ())

    def problem(self, path: Path, message: str, *, shift: int = 0, of_key: bool = False) -> None:
        """Note a problem at the value (or the key) under this path, or at the nearest thing around it.

        `shift` is the character of a text the problem is about, from 1: a mistake inside a condition.
        """
        node = self._keys.get(path) if of_key else self._values.get(self.nearest(path))
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)
        if shift and isinstance(node, yaml.ScalarNode) and node.start_mark.line == node.end_mark.line:
            column += shift - 1 + (0 if node.style is None else 1)
        self._note(line, column, message, path)

    def misread(self, path: Path) -> str:
        """The hint for a text that YAML reads as something else, or nothing."""
        node = self._values.get(path)
        if not isinstance(node, yaml.ScalarNode) or node.style is not None or node.tag == f"{_TAG}str":
            return ""
        read_as = {"bool": "true or false", "null": "nothing"}.get(node.tag.removeprefix(_TAG), "a number")
        if not node.value:
            return " Nothing is written here."
        return f' YAML reads {node.value} as {read_as}; put it in quotes: "{node.value}".'

    def name_of(self, path: Path) -> str:
        """The way to a place as people find it: list items by their own key, or else counted from 1."""
        names: list[str] = []
        data = self.data
        for step in path:
            data = _step(data, step)
            key = data.get("key") if isinstance(step, int) and isinstance(data, dict) else None
            names.append(key if isinstance(key, str) else str(step + 1) if isinstance(step, int) else step)
        return ".".join(names) or "playbook"

    def finish(self) -> None:
        """Raises BlueprintError with everything noted so far, in the order of the file."""
        if self._notes:
            raise BlueprintError(
                tuple(
                    Problem(self.name, line, column, self.name_of(path), message)
                    for line, column, path, message in sorted(
                        dict.fromkeys(self._notes), key=lambda note: note[:2]
                    )
                )
            )

    def has_problem(self, path: Path) -> bool:
        """Whether something is already noted at exactly this place, so that nobody is told twice."""
        return path in self._noted

    def nearest(self, path: Path) -> Path:
        """This path, or the way to the nearest thing around it that the file has."""
        while path and path not in self._values:
            path = path[:-1]
        return path

    def _note(self, line: int, column: int, message: str, path: Path = ()) -> None:
        self._notes.append((line, column, path, message))
        self._noted.add(path)

    def _stop(self, line: int, column: int, message: str) -> None:
        self._note(line, column, message)
        self.finish()

    def _compose(self, text: str) -> yaml.Node | None:
        if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
            self._stop(1, 1, f"A playbook file has at most {MAX_BYTES // 1024} KB.")
        try:
            loader = _Loader(text, self)
            node = loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self._stop(
                line,
                column,
                f"This is not YAML: {error.problem or error.context}. Put a text in quotes when it contains "
                "a colon, # or brackets.",
            )
        except yaml.reader.ReaderError as error:
            before = text[: error.position]
            self._stop(
                before.count("\n") + 1, len(before) - before.rfind("\n"), f"Not allowed: {error.reason}."
            )
        self.finish()
        return node

    def _build(self, node: yaml.Node, path: Path) -> Any:
        self._values[path] = node
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            if len(node.value) > MAX_ITEMS:
                self._stop(
                    node.start_mark.line + 1,
                    node.start_mark.column + 1,
                    f"A list has at most {MAX_ITEMS} items.",
                )
            return tuple(self._build(item, (*path, index)) for index, item in enumerate(node.value))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self.problem(path, "Leave out the tag that starts with an exclamation mark.")
        return None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if node.tag != f"{_TAG}map":
            self.problem(path, "Leave out the tag that starts with an exclamation mark.")
        for key_node, value_node in node.value:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != f"{_TAG}str":
                shown = f'"{key}"' if isinstance(key_node, yaml.ScalarNode) else "a word"
                self._note(line, column, f"A key is a text; write {shown}, in quotes if need be.", path)
            elif key in data:
                first = self._keys[(*path, key)].start_mark.line + 1
                self._note(line, column, f"This key is already given on line {first}.", (*path, key))
            else:
                self._keys[(*path, key)] = key_node
                data[key] = None
                data[key] = self._build(value_node, (*path, key))
        return data

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        value: str = node.value
        match node.tag.removeprefix(_TAG):
            case "str":
                return value
            case "null":
                return None
            case "bool":
                return value.lower() in ("true", "yes", "on")
            case "int" if _PLAIN_INTEGER.fullmatch(value) and len(value) <= 18:
                return int(value)
            case "float" if _PLAIN_FLOAT.fullmatch(value) and float(value) not in (
                float("inf"),
                float("-inf"),
            ):
                return float(value)
            case "int" | "float":
                self.problem(
                    path,
                    f"YAML does not read {value} as it is written. If it is a text, put it in quotes: "
                    f'"{value}"; otherwise write a plain number.',
                )
            case "timestamp":
                self.problem(path, f'YAML reads {value} as a date; put it in quotes: "{value}".')
            case _:
                self.problem(path, "Leave out the tag that starts with an exclamation mark.")
        return None


def _step(data: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return data[step] if isinstance(data, tuple) and step < len(data) else None
    return data.get(step) if isinstance(data, dict) else None


class _Loader(yaml.SafeLoader):
    """PyYAML's composer that notes anchors and aliases, and stops at a depth no playbook has."""

    def __init__(self, text: str, document: Document) -> None:
        super().__init__(text)
        self.document = document
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if getattr(event, "anchor", None) is not None:
            self.document._note(
                line, column, "Write the value out; anchors (&) and aliases (*) are not allowed."
            )
        if self.depth >= MAX_DEPTH:
            self.document._stop(line, column, f"A playbook is nested at most {MAX_DEPTH} levels deep.")
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1
