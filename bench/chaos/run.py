"""Shakes a house of its own and looks what was lost: python -m bench.chaos.run --bookings 1000 --kills 120 (README.md).

Ends with 0 when every rule held, 1 when one was broken, 2 when the run could not be made.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.chaos import judge, processes
from bench.chaos.company import CLIENTS
from bench.chaos.evidence import gather
from bench.chaos.house import House, Unusable

ACTS_EACH = 5.5  # acknowledged acts of one booking, about: tells how far the load is
LAST_KILLS = 0.15  # of the kills, when nothing but the outbox is at work any more
TOGETHER = 0.2  # of the kills hit two parts at once
DRAIN_SECONDS = 600
TOLD = 10  # breaches told of each rule


def main() -> int:
    asked = _arguments()
    processes.adopt_orphans()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(2))
    work = Path(tempfile.mkdtemp(prefix="loopwright-chaos-"))
    house, kept = None, True
    try:
        # Chances of their own, so that the order of the kills is the seed's, however fast the machine.
        parts = random.Random(f"{asked.seed}:parts")
        house = House(work, db=asked.db, broker=asked.broker, chance=parts)
        found = Run(house, asked).report()
        kept = bool(asked.keep or found["broken"])
    except Unusable as no:
        _say(str(no))
        return 2
    except KeyboardInterrupt:
        kept = asked.keep
        return 2
    finally:
        if house is not None:
            house.close()
        if kept:
            _say(f"Logs and evidence are in {work}.")
        else:
            shutil.rmtree(work, ignore_errors=True)
    text = json.dumps(found, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")
    return int(bool(found["broken"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bookings", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--broker", choices=("redis", "none"), default="redis")
    parser.add_argument("--out", type=Path, help="write the figures here too")
    parser.add_argument("--limit", type=float, help="longest load in seconds (default: from the bookings)")
    parser.add_argument("--keep", action="store_true", help="keep logs and evidence of a run that held, too")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Run:
    def __init__(self, house: House, asked: argparse.Namespace) -> None:
        self.house, self.asked = house, asked
        self.chance = random.Random(f"{asked.seed}:moments")
        self.kills: list[str] = []
        self.logs = {house.work / f"client-{number}.jsonl": 0 for number in range(CLIENTS)}
        self.acknowledged = 0

    def report(self) -> dict[str, Any]:
        asked, house, began = self.asked, self.house, time.monotonic()
        _say(f"Building a house with {asked.db} and broker {asked.broker} in {house.work} …")
        house.open("-m", "bench.chaos.company", str(asked.bookings), str(house.work / "company.json"))
        built = time.monotonic()
        finished = self._load()
        loaded = time.monotonic()
        _say(f"The load is over after {loaded - built:.0f} s. Waiting for the outbox …")
        self._last_kills()
        house.heal(seconds=180)
        self._wait_for_outbox()
        healed = time.monotonic()
        left_behind = house.stop_service()
        _say("Judging …")
        (house.work / "away.json").write_text(
            json.dumps({name: server.away for name, server in house.servers.items()})
        )
        evidence = gather(house.work)
        found = judge.charges(evidence)
        broken = [name for name, breaches in found.items() if breaches]
        broken += ["left_behind"] * bool(left_behind) + ["load_unfinished"] * (not finished)
        return {
            "broken": broken,
            "bookings": asked.bookings,
            "kills": len(self.kills),
            "killed": dict(Counter(self.kills).most_common()),
            **{name: len(breaches) for name, breaches in found.items()},
            "left_behind": left_behind,
            **judge.figures(evidence),
            "breaches": {name: found[name][:TOLD] for name in broken if name in found},
            **{name: getattr(asked, name) for name in ("seed", "db", "broker")},
            "clients": CLIENTS,
            "seconds": {
                "building": round(built - began),
                "load": round(loaded - built),
                "until_the_outbox_was_empty": round(healed - loaded),
            },
            "load_average": [round(load, 1) for load in os.getloadavg()],
        }

    # --- the load -----------------------------------------------------------------------------------------------

    def _load(self) -> bool:
        """Eight clients, and kills as their work goes on; whether they came to their end."""
        seconds = self.asked.limit or 300 + 8 * self.asked.bookings + 10 * self.asked.kills
        until = time.time() + seconds
        clients = [self._client(number, until) for number in range(CLIENTS)]
        first = self.asked.kills - round(LAST_KILLS * self.asked.kills)
        moments = sorted(self.chance.random() * self.asked.bookings * ACTS_EACH for _ in range(first))
        told = time.monotonic()
        while any(client.poll() is None for client in clients) and time.time() < until + 90:
            self.house.tick()
            self._count()
            while moments and self.acknowledged >= moments[0]:
                hit = self._kill()
                moments.pop(0)
                if moments and self.chance.random() < TOGETHER:
                    self._kill(but_not=hit)
                    moments.pop(0)
            if time.monotonic() - told > 20:
                told = time.monotonic()
                _say(f"{self.acknowledged} acts acknowledged, {len(self.kills)} kills")
            time.sleep(0.1)
        for client in clients:
            client.kill()
        return all(client.wait() == 0 for client in clients)

    def _client(self, number: int, until: float) -> "subprocess.Popen[bytes]":
        log = list(self.logs)[number]
        log.touch()
        argv = {
            "number": number,
            "company": self.house.work / "company.json",
            "url": self.house.url,
            "seed": self.asked.seed,
            "log": log,
            "until": until,
        }
        options = [part for key, value in argv.items() for part in (f"--{key}", str(value))]
        return self.house.start(["-m", "bench.chaos.client", *options], f"client-{number}")

    def _count(self) -> None:
        """How many acts the clients' logs call acknowledged."""
        for log, read in self.logs.items():
            with log.open(encoding="utf-8") as lines:
                lines.seek(read)
                self.acknowledged += lines.read().count('"outcome": "ok"')
                self.logs[log] = lines.tell()

    def _kill(self, *, but_not: str = "") -> str:
        time.sleep(self.chance.uniform(0, 0.3))
        part = self.house.kill(but_not=but_not)
        self.kills += [part] * bool(part)
        return part

    def _last_kills(self) -> None:
        """What is left of the kills, while the outbox may still have something to send."""
        deadline = time.monotonic() + 20 * (self.asked.kills - len(self.kills))
        while len(self.kills) < self.asked.kills and time.monotonic() < deadline:
            self._kill()
            self._rest(self.chance.uniform(0.5, 4))

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.house.tick()
            time.sleep(0.1)

    def _wait_for_outbox(self) -> None:
        """Until every message left (one whose worker was killed waits for the end of that lease), or for ten minutes."""
        import django
        from django.db import close_old_connections
        from django.db.utils import DatabaseError

        os.environ.update(self.house.environment)
        django.setup()
        from outbox.models import Delivery

        until = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < until:
            close_old_connections()
            try:
                if not Delivery.objects.filter(status=Delivery.Status.QUEUED).exists():
                    return
            except DatabaseError as error:
                _say(f"The database does not answer: {error}")
            self._rest(1)


if __name__ == "__main__":
    sys.exit(main())
