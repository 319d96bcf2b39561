"""One of eight clients: books, moves and cancels loops over REST, and writes down what it was told of each request.

A request is `ok` (the answer said so), `failed` (refused, or it never got through) or `unknown` (it was sent, and the
answer was lost or an error). What is unknown is sent again under the same Idempotency-Key; what was then refused is
looked up: the first time may have done it.
"""

import argparse
import datetime as dt
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bench.chaos.company import ZONES, workdays

ATTEMPTS = 30
MOVES = (0, 1, 2, 3), (50, 30, 12, 8)
CANCELLED, PRESSED_TWICE, OTHER_DAY, BEST_PLAN = 0.2, 0.1, 0.5, 0.8


class OutOfTime(Exception):
    """The load has lasted as long as it may."""


@dataclass(frozen=True)
class Answer:
    outcome: str
    status: int
    said: Any

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"


class Client:
    def __init__(self, *, url: str, key: str, log: Path, until: float, bookings: int) -> None:
        self.http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Api-Key {key}"},
            timeout=httpx.Timeout(40.0, connect=5.0),
        )
        self.log, self.until, self.days = log.open("a", encoding="utf-8"), until, workdays(bookings)
        self.lock = threading.Lock()

    # --- asking -----------------------------------------------------------------------------------------------

    def act(self, act: str, key: str, path: str, body: Any = None, *, loop: str = "") -> Answer:
        """Do something to what `key` names, until it is known whether it was done."""
        once = str(uuid.uuid4())
        while True:
            if time.time() > self.until:
                raise OutOfTime
            began = time.time()
            answer = self._ask("POST", path, json=body or {}, headers={"Idempotency-Key": once})
            self._note(answer, act=act, key=key, loop=loop, began=began)
            if not answer.ok:
                time.sleep(0.3 if answer.outcome == "failed" and answer.status else 1.0)
            if answer.outcome != "unknown":
                return answer

    def look(self, path: str) -> Any:
        """Read until there is an answer."""
        while time.time() < self.until:
            began = time.time()
            answer = self._ask("GET", path)
            if answer.ok:
                return answer.said
            if answer.status:
                self._note(answer, act="look", key=path, loop="", began=began)
            time.sleep(0.5)
        raise OutOfTime

    def status(self, loop: str) -> str:
        return str(self.look(f"/loops/{loop}")["status"])

    def _ask(self, method: str, path: str, **request: Any) -> Answer:
        try:
            got = self.http.request(method, path, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Answer("failed", 0, {})
        except httpx.HTTPError:
            return Answer("unknown", 0, {})
        if got.status_code >= 500:
            return Answer("unknown", got.status_code, {})
        if got.status_code == 429:
            time.sleep(float(got.headers["Retry-After"]))
        return Answer(
            "ok" if got.is_success else "failed", got.status_code, got.json() if got.content else {}
        )

    def _note(self, answer: Answer, **notes: Any) -> None:
        told = {name: answer.said.get(name, "") for name in ("code", "id")}
        line = {**notes, "outcome": answer.outcome, "status": answer.status, **told, "at": time.time()}
        with self.lock:
            self.log.write(json.dumps(line) + "\n")
            self.log.flush()

    # --- one booking ------------------------------------------------------------------------------------------

    def book(self, application: str, chance: random.Random) -> None:
        """A loop's whole life: begun, booked, perhaps moved a few times, perhaps called off."""
        loop = self._begin(application, chance)
        booked = self._plan(loop, chance)
        for _ in range(chance.choices(*MOVES)[0]):
            booked = booked and self._upset(loop, chance) and self._plan(loop, chance)
        if booked and chance.random() < CANCELLED:
            self._call_off(loop, application, chance)

    def _begin(self, application: str, chance: random.Random) -> str:
        body = {"application": application, "windows": self._windows(chance)}
        while not (answer := self.act("begin", application, "/loops", body)).ok:
            if there := self.look(f"/loops?application={application}")["results"]:
                return str(there[0]["id"])
        return str(answer.said["id"])

    def _plan(self, loop: str, chance: random.Random) -> bool:
        """Have the loop planned and book one of the plans; whether it is booked."""
        for _ in range(ATTEMPTS):
            found = self.act("propose", loop, f"/loops/{loop}/propose", loop=loop)
            plans = found.said.get("proposals")
            if found.ok and not plans:
                self._offer(loop, chance)
                continue
            if plans:
                plan = plans[0] if chance.random() < BEST_PLAN else chance.choice(plans)
                if self._confirm(loop, plan["id"], presses=1 + (chance.random() < PRESSED_TWICE)):
                    return True
            if self.status(loop) == "confirmed":  # an answer was lost, and it had been a yes
                return True
        return False

    def _confirm(self, loop: str, plan: str, *, presses: int) -> bool:
        answers: list[Answer] = []

        def press() -> None:
            answers.append(self.act("confirm", plan, f"/proposals/{plan}/confirm", loop=loop))

        others = [threading.Thread(target=press, daemon=True) for _ in range(presses - 1)]
        for other in others:
            other.start()
        press()
        for other in others:
            other.join()
        return any(answer.ok for answer in answers)

    def _upset(self, loop: str, chance: random.Random) -> bool:
        """Somebody cannot come, half of the times after the candidate named other days. Whether a plan is needed now."""
        if chance.random() < OTHER_DAY:
            self._offer(loop, chance)
        for _ in range(ATTEMPTS):
            now = self.look(f"/loops/{loop}")
            if now["status"] != "confirmed":
                return bool(now["status"] == "broken")
            seat = chance.choice([seat for interview in now["interviews"] for seat in interview["seats"]])[
                "id"
            ]
            if self.act("decline", seat, f"/seats/{seat}/decline", {"reason": "Away."}, loop=loop).ok:
                return True
        return False

    def _offer(self, loop: str, chance: random.Random) -> None:
        """Other times. Saying the same again is harmless, so it is said until it is heard."""
        body = {"windows": self._windows(chance)}
        while not self.act("offer", loop, f"/loops/{loop}/offer-windows", body, loop=loop).ok:
            pass

    def _call_off(self, loop: str, application: str, chance: random.Random) -> None:
        withdraws = chance.random() < 0.5
        while self.status(loop) != "cancelled":
            if withdraws:
                reason = {"reason": "process"}
                self.act("withdraw", application, f"/applications/{application}/withdraw", reason, loop=loop)
            else:
                self.act("cancel", loop, f"/loops/{loop}/cancel", {"reason": "Called off."}, loop=loop)

    def _windows(self, chance: random.Random) -> list[dict[str, str]]:
        """Three working days in a row, somewhere in the weeks to come."""
        zone = ZoneInfo(ZONES[0])
        today = dt.datetime.now(zone).date()
        days = [today + dt.timedelta(days=n) for n in range(2, 2 * self.days + 14)]
        days = [day for day in days if day.weekday() < 5][: self.days]
        first = chance.randrange(len(days) - 2)
        return [
            {
                "starts_at": dt.datetime.combine(day, dt.time(9), zone).isoformat(),
                "ends_at": dt.datetime.combine(day, dt.time(18), zone).isoformat(),
            }
            for day in days[first : first + 3]
        ]


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, kind in {
        "number": int,
        "company": Path,
        "url": str,
        "seed": int,
        "log": Path,
        "until": float,
    }.items():
        parser.add_argument(f"--{name}", type=kind, required=True)
    asked = parser.parse_args()
    company = json.loads(asked.company.read_text())
    everybody, keys = company["applications"], company["keys"]
    client = Client(
        url=asked.url, key=keys[asked.number], log=asked.log, until=asked.until, bookings=len(everybody)
    )
    try:
        for place in range(asked.number, len(everybody), len(keys)):
            client.book(everybody[place], random.Random(f"{asked.seed}:{place}"))
    except OutOfTime:
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
