"""How a playbook file says what is wrong with it: every problem at once, each at its line and column."""

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The way to a value from the top of the file: names of keys, positions in lists from 0."""


@dataclass(frozen=True)
class Problem:
    """One thing to mend: line and column count from 1, `key` is the way there (blocks.deep_dive.minutes)."""

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.key}: {self.message}"


class BlueprintError(ValueError):
    """A playbook that cannot be used as it is; `problems` are in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
