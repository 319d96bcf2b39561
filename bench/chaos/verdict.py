"""Runs in the shaken house, with its settings: waits until every message has left, then judges.

python -m bench.chaos.verdict wait SECONDS
python -m bench.chaos.verdict judge FOLDER          prints the verdict as JSON
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import django

from bench.chaos import forgeries, judge
from bench.chaos.evidence import gather

TOLD = 10  # breaches told of each rule


def wait(seconds: float) -> bool:
    """Whether every message left in time. (One whose worker was killed waits until the worker's lease is over.)"""
    from django.db import close_old_connections
    from django.db.utils import DatabaseError

    from outbox.models import Delivery

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        close_old_connections()
        try:
            if not Delivery.objects.filter(status=Delivery.Status.QUEUED).exists():
                return True
        except DatabaseError:
            pass
        time.sleep(1)
    return False


def verdict(folder: Path) -> dict[str, Any]:
    evidence = gather(folder)
    found = judge.charges(evidence)
    missed, impossible = forgeries.unnoticed(evidence)
    return {
        **judge.figures(evidence),
        "rules": {name: len(breaches) for name, breaches in found.items()},
        "breaches": {name: breaches[:TOLD] for name, breaches in found.items() if breaches},
        "forgeries": len(forgeries.FORGERIES) - len(impossible),
        "forgeries_unnoticed": missed,
    }


if __name__ == "__main__":
    django.setup()
    match sys.argv[1]:
        case "wait":
            raise SystemExit(0 if wait(float(sys.argv[2])) else 3)
        case "judge":
            print(json.dumps(verdict(Path(sys.argv[2]))))
