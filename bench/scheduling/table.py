"""A table of what was measured: python -m bench.scheduling.table var/bench-scheduling.json

One row per work, grid, size and peer; of several seeds the median, and the worst in brackets where they differ.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

SHOWN = {
    "one": ("p50_ms", "p95_ms", "whole_p95_ms", "plain_p95_ms", "first_p50_ms", "other_optimum"),
    "propose": ("p50_ms", "p95_ms", "cpu_p95_ms", "plain_p95_ms", "plain_cpu_p95_ms", "queries"),
    "repair": ("p50_ms", "p95_ms", "changed_blocks", "same_time", "one_moved", "more_moved", "impossible"),
    "swap": ("p50_ms", "p95_ms", "needed", "swapped", "changed_blocks"),
    "explain": ("p50_ms", "p95_ms", "impossible", "with_fix", "fixes_checked"),
    "first": ("loading_seconds", "seconds", "placed", "points"),
    "batch": ("seconds", "gap_percent", "placed", "placed_bound", "first_answer_gap_percent"),
}
COUNTS = {"other_optimum", "impossible", "with_fix", "fixes_checked", "same_time", "one_moved", "more_moved"}


def main() -> None:
    rows = defaultdict(lambda: defaultdict(list))
    for line in map(json.loads, Path(sys.argv[1]).read_text().splitlines()):
        size = (
            line["work"],
            line["density"],
            line["grid"],
            line["people"],
            line["loops"],
            line["peer"] or "",
        )
        rows[size][line["metric"]].append(line["value"])
    for work, metrics in SHOWN.items():
        found = {size: values for size, values in rows.items() if size[0] == work}
        if found:
            print(f"\n| {work} | " + " | ".join(metrics) + " |\n|" + "---|" * (len(metrics) + 1))
        for (_, density, grid, people, loops, peer), values in found.items():
            name = f"{loops} loops, {people} people, {density}, {grid} min" + (f": {peer}" if peer else "")
            print(
                f"| {name} | " + " | ".join(told(metric, values.get(metric, ())) for metric in metrics) + " |"
            )


def told(metric, values):
    values = [value for value in values if value is not None]
    if not values:
        return ""
    if metric in COUNTS:
        return f"{sum(values)}"
    median, worst = statistics.median(values), min(values) if "placed" in metric else max(values)
    return f"{median:.4g}" if median == worst else f"{median:.4g} ({worst:.4g})"


if __name__ == "__main__":
    main()
