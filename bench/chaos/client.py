"""One of eight clients: books, moves and cancels loops over REST, and writes down what it was told of each act.

An act is `ok` (the answer said so), `failed` (refused, or it never got through) or `unknown` (it was sent, and the
answer was lost or an error). What is unknown is looked up and, if it was not done, sent again: the same verb to the same
id. That is how the API recognises a repeat (docs/api.md, “Repeating a request”).
"""

import argparse
import datetime as dt
import json
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bench.chaos.company import ZONES, workdays

ATTEMPTS = 30
MOVES = (0, 1, 2, 3), (50, 30, 12, 8)
CANCELLED, PRESSED_TWICE, OTHER_DAY = 0.2, 0.1, 0.5


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
        headers = {"Authorization": f"Api-Key {key}"}
        limits = httpx.Timeout(40.0, connect=5.0)
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=limits)
        self.log, self.until, self.days = log.open("a", encoding="utf-8"), until, workdays(bookings)
        self.lock = threading.Lock()

    # --- asking -----------------------------------------------------------------------------------------------

    def act(self, act: str, key: str, path: str, body: Any = None, **notes: Any) -> Answer:
        """Do something, once, and write down what came of it."""
        if time.time() > self.until:
            raise OutOfTime
        began = time.time()
        answer = self._ask("POST", path, body if body is not None else {})
        self._note(act, key, began, answer, **notes)
        if not answer.ok:
            time.sleep(0.3 if answer.outcome == "failed" and answer.status else 1.0)
        return answer

    def look(self, path: str) -> Any:
        """Read until there is an answer."""
        while time.time() < self.until:
            began = time.time()
            answer = self._ask("GET", path)
            if answer.ok:
                return answer.said
            if answer.status:
                self._note("look", path, began, answer)
            time.sleep(0.5)
        raise OutOfTime

    def _note(self, act: str, key: str, began: float, answer: Answer, **notes: Any) -> None:
        said = answer.said if isinstance(answer.said, dict) else {}
        line = {
            "act": act,
            "key": key,
            "outcome": answer.outcome,
            "status": answer.status,
            "code": said.get("code", ""),
            "id": said.get("id", ""),
            "began": began,
            "at": time.time(),
            **notes,
        }
        with self.lock:
            self.log.write(json.dumps(line) + "\n")
            self.log.flush()

    def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        try:
            got = self.http.request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Answer("failed", 0, None)
        except httpx.HTTPError:
            return Answer("unknown", 0, None)
        if got.status_code >= 500:
            return Answer("unknown", got.status_code, None)
        if got.status_code == 429:
            time.sleep(float(got.headers.get("Retry-After", "5")))
        said = got.json() if got.content else {}
        return Answer("ok" if got.is_success else "failed", got.status_code, said)

    # --- one booking ------------------------------------------------------------------------------------------

    def book(self, application: str, chance: random.Random) -> None:
        """A loop's whole life: begun, booked, perhaps moved a few times, perhaps called off."""
        loop = self._begin(application, chance)
        if not self._plan(loop, chance):
            return
        for _ in range(chance.choices(*MOVES)[0]):
            if not (self._upset(loop, chance) and self._plan(loop, chance)):
                return
        if chance.random() < CANCELLED:
            self._call_off(loop, application, chance)

    def _begin(self, application: str, chance: random.Random) -> str:
        body = {"application": application, "windows": self._windows(chance)}
        while True:
            answer = self.act("begin", application, "/loops", body)
            if answer.ok:
                return str(answer.said["id"])
            there = self.look(f"/loops?application={application}")["results"]
            if there:
                return str(there[0]["id"])

    def _plan(self, loop: str, chance: random.Random) -> bool:
        """Have the loop planned and book one of the plans; whether it is booked."""
        for _ in range(ATTEMPTS):
            found = self.act("propose", loop, f"/loops/{loop}/propose")
            if not found.ok:
                status = self.look(f"/loops/{loop}")["status"]
                if status == "confirmed":  # an answer was lost, and it had been a yes
                    return True
                continue
            plans = found.said["proposals"]
            if not plans:
                self._offer(loop, chance)
                continue
            plan = plans[0] if chance.random() < 0.8 else chance.choice(plans)
            if self._confirm(loop, plan, twice=chance.random() < PRESSED_TWICE):
                return True
            if self.look(f"/loops/{loop}")["status"] == "confirmed":
                return True
        return False

    def _confirm(self, loop: str, plan: dict[str, Any], *, twice: bool) -> bool:
        answers: list[Answer] = []

        def press() -> None:
            answers.append(self.act("confirm", plan["id"], f"/proposals/{plan['id']}/confirm", loop=loop))

        second = threading.Thread(target=press, daemon=True)
        if twice:
            second.start()
        press()
        if twice:
            second.join()
        return any(answer.ok for answer in answers)

    def _upset(self, loop: str, chance: random.Random) -> bool:
        """Somebody cannot come, or nobody can on that day: the loop needs another plan. Whether it does."""
        if chance.random() < OTHER_DAY:
            self._offer(loop, chance)
        for _ in range(ATTEMPTS):
            now = self.look(f"/loops/{loop}")
            if now["status"] != "confirmed":
                return bool(now["status"] == "broken")
            seat = chance.choice([seat for interview in now["interviews"] for seat in interview["seats"]])
            body = {"reason": "Away that day."}
            if self.act("decline", seat["id"], f"/seats/{seat['id']}/decline", body, loop=loop).ok:
                return True
        return False

    def _offer(self, loop: str, chance: random.Random) -> None:
        """Other times. Saying the same again is harmless, so it is said until it is heard."""
        body = {"windows": self._windows(chance)}
        while not self.act("offer", loop, f"/loops/{loop}/offer-windows", body, loop=loop).ok:
            if self.look(f"/loops/{loop}")["status"] == "cancelled":
                return

    def _call_off(self, loop: str, application: str, chance: random.Random) -> None:
        withdraws = chance.random() < 0.5
        while self.look(f"/loops/{loop}")["status"] != "cancelled":
            if withdraws:
                path, body = f"/applications/{application}/withdraw", {"reason": "process"}
                self.act("withdraw", application, path, body, loop=loop)
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
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--company", type=Path, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--until", type=float, required=True)
    asked = parser.parse_args()
    company = json.loads(asked.company.read_text())
    everybody = company["applications"]
    client = Client(
        url=asked.url,
        key=company["keys"][asked.number],
        log=asked.log,
        until=asked.until,
        bookings=len(everybody),
    )
    try:
        for place in range(asked.number, len(everybody), len(company["keys"])):
            client.book(everybody[place], random.Random(f"{asked.seed}:{place}"))
    except OutOfTime:
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
