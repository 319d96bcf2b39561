"""Seeded companies and loops to measure on: two weeks, calendars that are 40 to 60 % full, several time zones.

Interviewers come in families of about 30 (a hiring area) whose pools share a fifth of their people with the
neighbouring family. A loop has four blocks (coding 60, design 75, deep dive 90, partnership 60 with the hiring
manager and a peer); one in five has a shadow seat. Everything follows from the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from interviews.scheduling import Block, Break, Interval, Person, Problem, Rules, Seat, WeeklyHours

START = date(2026, 11, 23)  # a Monday
DAYS = [START + timedelta(days=ahead) for ahead in range(14) if (START + timedelta(days=ahead)).weekday() < 5]
ZONES = ("America/Los_Angeles", "America/New_York", "Europe/London", "Europe/Berlin", "Asia/Kolkata")
LUNCH = Break(
    "lunch", 45, time(11, 30), time(14), due_if_starts_before=time(12), due_if_ends_after=time(13, 30)
)
MINUTES = {"coding": 60, "design": 75, "deep-dive": 90, "partnership": 60}
WINDOWS = ((9, 17.5), (8.5, 13), (12.5, 18), (8, 19))


@dataclass(frozen=True)
class Company:
    people: dict[str, Person]
    loops: tuple[Problem, ...]


def company(people: int, loops: int, seed: int, grid: int = 15) -> Company:
    """A company of so many interviewers and its loops; some of the loops have no plan."""
    chance = random.Random(f"{people}/{loops}/{seed}")
    families = max(1, people // 30)
    zones = _zones(chance, families, 3 if people <= 40 else 4 if people <= 150 else 5)
    members = [[f"p{n}" for n in range(people) if n % families == f] for f in range(families)]
    managers = {key for keys in members for key in chance.sample(keys, max(2, len(keys) // 8))}
    everybody = {
        f"p{n}": _person(chance, f"p{n}", chance.choice(zones[n % families]), f"p{n}" in managers)
        for n in range(people)
    }
    pools = [_pools(chance, members, managers, f) for f in range(families)]
    return Company(
        everybody,
        tuple(_loop(chance, everybody, zones, members, managers, pools, grid) for _ in range(loops)),
    )


def _zones(chance, families, count):
    found = []
    for _ in range(families):
        first = chance.randrange(count - 1)
        extra = [] if chance.random() < 0.7 else [chance.choice(ZONES[:count])]
        found.append([ZONES[first], ZONES[first + 1], *extra])
    return found


def _at(day, hours, zone):
    local = datetime.combine(day, time(int(hours), int(hours % 1 * 60)), ZoneInfo(zone))
    return local.astimezone(UTC)


def _person(chance, key, zone, manager):
    opens = chance.choice((8, 8.5, 9, 9, 9.5, 10))
    closes = opens + chance.choice((8.5, 9, 9, 9.5))
    share, busy, booked = chance.uniform(0.4, 0.6), [], []
    for day in DAYS:
        full, taken = int((closes - opens) * 60), set()
        while len(taken) < share * full:
            start, length = chance.randrange(0, full, 30), chance.choice((30, 30, 60, 60, 60, 90))
            taken |= set(range(start, min(full, start + length)))
            busy.append(
                Interval(
                    _at(day, opens, zone) + timedelta(minutes=start),
                    _at(day, opens, zone) + timedelta(minutes=start + length),
                )
            )
    for week in range(2):
        for _ in range(chance.choice((0, 1, 2) if manager else (0, 0, 1))):
            start = _at(
                DAYS[week * 5 + chance.randrange(5)], opens + chance.randrange(int(closes - opens)), zone
            )
            booked.append(Interval(start, start + timedelta(hours=1)))
    return Person(
        key=key,
        name=f"Person {key[1:]}",
        zone=zone,
        hours=tuple(
            WeeklyHours(day, time(int(opens), int(opens % 1 * 60)), time(int(closes), int(closes % 1 * 60)))
            for day in range(5)
        ),
        busy=tuple(busy),
        booked=tuple(booked),
        buffer_minutes=chance.choice((15, 15, 30)) if chance.random() < 0.1 else 0,
        max_per_day=3 if manager else chance.choice((1, 2, 2, 2, 3)),
        max_per_week=chance.choice((6, 8, 10)) if manager else chance.choice((2, 3, 3, 4, 5)),
        recent_load=min(9, sum(chance.random() < 0.3 for _ in range(12))),
    )


def _pools(chance, members, managers, family):
    """One pool per block, and the people who may shadow."""
    own = [key for key in members[family] if key not in managers]
    beside = [key for key in members[(family + chance.choice((-1, 1))) % len(members)] if key not in managers]
    pools = []
    for _ in MINUTES:
        size = min(len(own), chance.randint(4, 12))
        guests = sum(chance.random() < 0.2 for _ in range(size)) if len(members) > 1 else 0
        pools.append(
            sorted({*chance.sample(own, size - guests), *chance.sample(beside, min(guests, len(beside)))})
        )
    return pools, sorted(chance.sample(own, min(len(own), 5)))


def _loop(chance, everybody, zones, members, managers, pools, grid):
    family = chance.randrange(len(members))
    of_blocks, shadows = pools[family]
    manager = chance.choice(sorted(key for key in members[family] if key in managers))
    blocks = []
    for key, pool in zip(MINUTES, of_blocks, strict=True):
        seats = [Seat("lead", tuple(pool))]
        if key == "partnership":
            seats = [Seat("hiring manager", (manager,)), Seat("peer", tuple(pool))]
        position = {"coding": "first", "partnership": "last"}.get(key, "any")
        blocks.append(Block(key, key.title(), MINUTES[key], tuple(seats), position))
    if chance.random() < 0.2:
        b = chance.randrange(3)
        trainees = tuple(key for key in shadows if key not in of_blocks[b])
        if len(trainees) >= 2:
            shadow = Seat("shadow", trainees, required=False)
            blocks[b] = replace(blocks[b], seats=(*blocks[b].seats, shadow))
    zone = chance.choice(zones[family])
    windows = []
    for day in sorted(chance.sample(DAYS, chance.randint(3, 7))):
        opens, closes = chance.choices(WINDOWS, (5, 2, 2, 2))[0]
        windows.append(Interval(_at(day, opens, zone), _at(day, closes, zone)))
    needed = {key for block in blocks for seat in block.seats for key in seat.pool}
    return Problem(
        blocks=tuple(blocks),
        people=tuple(everybody[key] for key in sorted(needed)),
        windows=tuple(windows),
        zone=zone,
        rules=Rules(grid_minutes=grid, min_gap_minutes=15, max_idle_minutes=120, breaks=(LUNCH,)),
        urgency=chance.choice((1, 1, 2, 3)),
    )
