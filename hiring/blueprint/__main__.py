"""`python -m hiring.blueprint FILE` checks a playbook file; `--schema` prints the JSON Schema."""

import json
import sys
from pathlib import Path

from hiring import blueprint

USAGE = "Give one playbook file to check, or --schema.\n"


def main(arguments: list[str]) -> int:
    """Exit code 0 for a sound playbook, 1 for one with problems, 2 for a call that makes no sense."""
    if arguments == ["--schema"]:
        sys.stdout.write(json.dumps(blueprint.json_schema(), indent=2, ensure_ascii=False) + "\n")
        return 0
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write(USAGE)
        return 2
    file = Path(arguments[0])
    try:
        playbook = blueprint.read(file.read_text(encoding="utf-8"), name=str(file))
    except OSError as error:
        sys.stderr.write(f"{file} cannot be read: {error.strerror}.\n")
        return 2
    except UnicodeDecodeError:
        sys.stderr.write(f"{file} cannot be read: save it as UTF-8.\n")
        return 2
    except blueprint.BlueprintError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    minutes = sum(block.minutes for block in playbook.blocks)
    signals = sum(len(block.signals) for block in playbook.blocks)
    sys.stdout.write(
        f"{playbook.title}: {len(playbook.blocks)} blocks, {minutes} minutes, {signals} signals, "
        f"{len(playbook.patterns)} patterns, digest {blueprint.digest(playbook)[:12]}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
