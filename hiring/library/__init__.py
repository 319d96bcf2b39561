"""The playbooks that ship with the product."""

from pathlib import Path

_HERE = Path(__file__).parent


def shipped(key: str) -> tuple[str, str]:
    """File name and text of a shipped playbook, ready for `playbooks.publish`."""
    path = _HERE / f"{key}.yaml"
    return path.name, path.read_text(encoding="utf-8")
