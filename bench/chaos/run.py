"""Shakes a house of its own and looks what was lost: python -m bench.chaos.run --bookings 1000 --kills 120 (README.md).

Ends with 0 when every rule held, 1 when one was broken, 2 when the run could not be made or did not end in time.
"""

import argparse
import contextlib
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

from bench.chaos import processes
from bench.chaos.company import CLIENTS
from bench.chaos.house import ROOT, House, Unusable
from bench.chaos.sabotaged import SABOTAGE

ACTS_EACH = 5  # acknowledged acts of one booking, about: tells how far the load is
LAST_KILLS = 0.15  # of the kills, when nothing but the outbox is at work any more
TOGETHER = 0.2  # of the kills hit two parts at once
DRAIN_SECONDS = 600


def main() -> int:
    asked = _arguments()
    processes.adopt_orphans()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(2))
    work = Path(tempfile.mkdtemp(prefix="loopwright-chaos-"))
    house = None
    kept = asked.keep
    try:
        house = House(
            work,
            db=asked.db,
            broker=asked.broker,
            sabotage=asked.sabotage,
            # Chances of their own, so that the order of the kills is the seed's, however fast the machine.
            chance=random.Random(f"{asked.seed}:parts"),
        )
        found = Run(house, asked).report()
    except (Unusable, subprocess.CalledProcessError) as no:
        _say(str(no))
        kept = True
        return 2
    finally:
        if house is not None:
            house.close()
        processes.end_all()
        if kept:
            _say(f"Logs and evidence are in {work}.")
        else:
            shutil.rmtree(work, ignore_errors=True)
    text = json.dumps(found, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")
    return int(found["verdict"] != "held")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bookings", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--broker", choices=("redis", "none"), default="redis")
    parser.add_argument("--out", type=Path, help="write the figures here too")
    parser.add_argument("--limit", type=float, help="longest load in seconds (default: from the bookings)")
    parser.add_argument("--keep", action="store_true", help="keep logs and evidence")
    parser.add_argument("--sabotage", choices=("", *SABOTAGE), default="", help="break the product first")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Run:
    def __init__(self, house: House, asked: argparse.Namespace) -> None:
        self.house, self.asked = house, asked
        self.chance = random.Random(f"{asked.seed}:moments")
        self.kills: list[str] = []
        self.logs = [house.work / f"client-{number}.jsonl" for number in range(CLIENTS)]
        self.read = dict.fromkeys(self.logs, 0)
        self.acknowledged = 0

    def report(self) -> dict[str, Any]:
        asked, house = self.asked, self.house
        began = time.monotonic()
        _say(f"Building a house with {asked.db} and {asked.broker or 'no'} broker in {house.work} …")
        house.open(self._company)
        loaded = time.monotonic()
        finished = self._load()
        drained = time.monotonic()
        _say(
            f"The load is over after {drained - loaded:.0f} s and {len(self.kills)} kills. Waiting for the outbox …"
        )
        self._last_kills()
        house.heal(seconds=180)
        empty = self._wait_for_outbox()
        over = time.monotonic()
        left_behind = house.stop_service()
        _say("Judging …")
        found = self._judge()
        broken = sorted(found["breaches"]) + ["forgeries"] * bool(found["forgeries_unnoticed"])
        broken += ["left_behind"] * bool(left_behind) + ["load_unfinished"] * (not finished)
        return {
            "verdict": "broken" if broken else "held",
            "broken": broken,
            "bookings": asked.bookings,
            "kills": len(self.kills),
            "killed": dict(Counter(self.kills).most_common()),
            **found.pop("rules"),
            **found,
            "outbox_emptied": empty,
            "left_behind": left_behind,
            "clients": CLIENTS,
            "seed": asked.seed,
            "db": asked.db,
            "broker": asked.broker,
            "sabotage": asked.sabotage,
            "seconds": {
                "building": round(loaded - began),
                "load": round(drained - loaded),
                "until_the_outbox_was_empty": round(over - drained),
            },
        }

    def _company(self, house: House) -> None:
        _say(f"Hiring interviewers and {self.asked.bookings} candidates …")
        house.run(
            *("-m", "bench.chaos.company", str(self.asked.bookings), str(house.work / "company.json")),
            log="company.log",
        )

    # --- the load -----------------------------------------------------------------------------------------------

    def _load(self) -> bool:
        """Eight clients, and kills as their work goes on; whether they came to their end."""
        limit = self.asked.limit or 300 + 8 * self.asked.bookings + 10 * self.asked.kills
        until = time.time() + limit
        clients = [self._client(number, until) for number in range(CLIENTS)]
        first = self.asked.kills - round(LAST_KILLS * self.asked.kills)
        moments = sorted(self.chance.random() * self.asked.bookings * ACTS_EACH for _ in range(first))
        told = time.monotonic()
        while any(client.poll() is None for client in clients) and time.time() < until + 90:
            self.house.tick()
            self._count()
            while moments and self.acknowledged >= moments[0]:
                moments.pop(0)
                if self.chance.random() < TOGETHER and moments:
                    moments.pop(0)
                    self._kill(but_not=self._kill())
                else:
                    self._kill()
            if time.monotonic() - told > 20:
                told = time.monotonic()
                _say(f"{self.acknowledged} acts acknowledged, {len(self.kills)} kills")
            time.sleep(0.1)
        for client in clients:
            client.kill()
        return all(client.wait() == 0 for client in clients)

    def _client(self, number: int, until: float) -> subprocess.Popen[bytes]:
        self.logs[number].touch()
        argv = {
            "number": number,
            "company": self.house.work / "company.json",
            "url": self.house.url,
            "seed": self.asked.seed,
            "log": self.logs[number],
            "until": until,
        }
        with (self.house.work / "logs" / f"client-{number}.log").open("wb") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "bench.chaos.client"),
                    *(part for key, value in argv.items() for part in (f"--{key}", str(value))),
                ],
                env=self.house.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def _count(self) -> None:
        """How many acts the clients' logs call acknowledged."""
        for log in self.logs:
            with log.open(encoding="utf-8") as lines:
                lines.seek(self.read[log])
                self.acknowledged += lines.read().count('"outcome": "ok"')
                self.read[log] = lines.tell()

    def _kill(self, *, but_not: str = "") -> str:
        time.sleep(self.chance.uniform(0, 0.3))
        part = self.house.kill(but_not=but_not)
        if part:
            self.kills.append(part)
        return part

    def _last_kills(self) -> None:
        """What is left of the kills, while the outbox still has something to send."""
        deadline = time.monotonic() + 20 * (self.asked.kills - len(self.kills))
        while len(self.kills) < self.asked.kills and time.monotonic() < deadline:
            self._kill()
            pause = time.monotonic() + self.chance.uniform(0.5, 4)
            while time.monotonic() < pause:
                self.house.tick()
                time.sleep(0.1)

    # --- afterwards -----------------------------------------------------------------------------------------------

    def _wait_for_outbox(self) -> bool:
        with self._verdict("wait", str(DRAIN_SECONDS)) as waiting:
            while waiting.poll() is None:
                self.house.tick()
                time.sleep(0.2)
            return waiting.returncode == 0

    def _judge(self) -> dict[str, Any]:
        away = {name: server.away for name, server in self.house.servers.items()}
        (self.house.work / "away.json").write_text(json.dumps(away))
        with self._verdict("judge", str(self.house.work)) as judging:
            text, _nothing = judging.communicate()
        if judging.returncode:
            raise Unusable(
                f"The judge did not come to a verdict: see {self.house.work / 'logs' / 'verdict.log'}."
            )
        found: dict[str, Any] = json.loads(text)
        return found

    @contextlib.contextmanager
    def _verdict(self, *argv: str) -> Any:
        with (self.house.work / "logs" / "verdict.log").open("ab") as log:
            yield subprocess.Popen(
                [sys.executable, "-m", "bench.chaos.verdict", *argv],
                env={**self.house.environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
            )


if __name__ == "__main__":
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    sys.exit(main())
