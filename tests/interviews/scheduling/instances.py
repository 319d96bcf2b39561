"""Small random loops, made to be difficult: overlapping pools, tight limits, odd zones, changes of the
clock.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from interviews.scheduling import (
    Block,
    Break,
    Fixed,
    Interval,
    Person,
    Precedence,
    Problem,
    Rules,
    Seat,
    WeeklyHours,
)

ZONES = (
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "America/New_York",
    "Europe/Berlin",
    "UTC",
)
DAYS = (  # a plain week, and Sundays and Mondays around changes of the clock in several zones
    date(2026, 11, 24),
    date(2026, 10, 24),
    date(2026, 3, 28),
    date(2026, 10, 31),
    date(2026, 4, 4),
    date(2026, 9, 26),
)
EVERY_DAY = tuple(WeeklyHours(day, time(0), time(0)) for day in range(7))


def local(day, hour, minute, zone):
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


def random_problem(random, blocks=None):
    """One loop of 2 to 4 blocks with few enough starts that trying everything is quick."""
    zone, grid = random.choice(ZONES), random.choice((15, 30, 30, 60))
    day = random.choice(DAYS)
    count = blocks or random.choice((2, 2, 3, 3, 4))
    windows, room = [], {2: 14, 3: 10, 4: 8}[count]
    for ahead in sorted(random.sample(range(4), random.choice((1, 2, 2)))):
        for hour in sorted(random.sample(range(7, 20), random.choice((1, 2)))):
            start = local(day + timedelta(days=ahead), hour, random.choice((0, 0, 30, 7)), zone)
            windows.append(Interval(start, start + timedelta(minutes=grid * random.randint(room // 2, room))))
    first, last = min(w.starts_at for w in windows), max(w.ends_at for w in windows)
    people = tuple(_person(random, f"p{i}", first, last) for i in range(random.choice((4, 6, 8))))
    loop = tuple(_block(random, i, count, people, grid) for i in range(count))
    return Problem(
        blocks=loop,
        people=people,
        windows=tuple(windows),
        zone=zone,
        rules=_rules(random, grid, loop, day, windows, zone),
        urgency=random.choice((1, 3)),
        days_off=frozenset({windows[0].starts_at.astimezone(ZoneInfo(zone)).date()})
        if random.random() < 0.05
        else frozenset(),
        fixed=tuple(_fixed(random, loop, people, windows)) if random.random() < 0.4 else (),
        not_before=first + timedelta(minutes=random.choice((15, 50))) if random.random() < 0.2 else None,
    )


def _person(random, key, first, last):
    minutes = int((last - first).total_seconds()) // 60

    def some(count, length):
        for _ in range(count):
            start = first + timedelta(minutes=random.randrange(-60, minutes))
            yield Interval(start, start + timedelta(minutes=random.choice(length)))

    hours = EVERY_DAY
    if random.random() < 0.2:
        opens, length = random.randint(0, 11), random.randint(8, 12)
        hours = tuple(WeeklyHours(d, time(opens), time(opens + length)) for d in range(7))
    return Person(
        key=key,
        name=key.upper(),
        zone=random.choice(ZONES),
        hours=hours,
        busy=tuple(some(random.choice((0, 1, 2)), (20, 60, 90))),
        booked=tuple(some(random.choice((0, 0, 1)), (45, 60))),
        buffer_minutes=random.choice((0, 0, 15, 10)),
        max_per_day=random.choice((None, None, None, None, 1, 2)),
        max_per_week=random.choice((None, None, None, 2, 3)),
        max_per_four_weeks=random.choice((None, None, None, 2, 4)),
        recent_load=random.choice((0, 1, 2, 5, 80)),
        newcomer=random.random() < 0.2,
        weight=random.choice((0, 1, 1, 2)),
    )


def _block(random, number, count, people, grid):
    keys = [person.key for person in people]
    required = random.choice((1, 1, 2, 3)) if count < 4 else random.choice((1, 1, 2))
    seats = [
        Seat(f"s{i}", tuple(random.sample(keys, random.randint(2, min(4, len(keys))))))
        for i in range(required)
    ]
    if random.random() < 0.25:
        seats.insert(
            random.randint(0, len(seats)), Seat("shadow", tuple(random.sample(keys, 2)), required=False)
        )
    minutes = random.choice((grid, grid, 2 * grid, 45, 50))
    return Block(
        f"b{number}", f"Block {number}", minutes, tuple(seats), random.choice(("any", "any", "first", "last"))
    )


def _rules(random, grid, loop, day, windows, zone):
    order = tuple(
        Precedence(one.key, two.key, random.random() < 0.3)
        for one in loop
        for two in loop
        if one.key != two.key and random.random() < 0.12
    )
    start = windows[0].starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    breaks = []
    for i in range(random.choice((0, 0, 1, 2))):
        low = min(start.hour + random.randint(0, 2), 20)
        breaks.append(
            Break(
                f"break {i}",
                random.choice((20, 30, 45)),
                time(low),
                time(low + random.randint(1, 3), random.choice((0, 10))),
                due_if_starts_before=time(min(low + 1, 23), random.choice((0, 20))),
                due_if_ends_after=time(min(low + random.randint(0, 2), 23), 10),
            )
        )
    return Rules(
        grid_minutes=grid,
        max_days=random.choice((1, 2, 2, 3)),
        min_gap_minutes=random.choice((0, 0, 15, 10)),
        max_idle_minutes=random.choice((30, 60, 120, 200)),
        breaks=tuple(breaks),
        order=order,
    )


def _fixed(random, loop, people, windows):
    free = [person.key for person in people]
    for block in random.sample(loop, random.randint(1, len(loop))):
        start = random.choice(windows).starts_at + timedelta(minutes=random.choice((0, 15, 20, 60)))
        movable = random.random() < 0.8
        pairs = []
        for seat in block.seats:
            key = random.choice(seat.pool if movable else free)
            if movable or (key in free and len(free) > 2):
                pairs.append((seat.key, key))
                if not movable:
                    free.remove(key)
        yield Fixed(block.key, start, tuple(pairs), movable)


# ---- too large to try everything --------------------------------


def large_problem(random):
    """One loop of 3 to 6 blocks over up to five days, several windows a day; calendars half full."""
    zone, grid = random.choice(ZONES), random.choice((15, 15, 30))
    day, count = random.choice(DAYS), random.choice((3, 4, 4, 5, 6))
    windows = []
    for ahead in sorted(random.sample(range(6), random.choice((2, 3, 5)))):
        for hour in random.choice(((8,), (9, 13), (10, 14, 17))):
            start = local(day + timedelta(days=ahead), hour, random.choice((0, 0, 15, 7)), zone)
            windows.append(Interval(start, start + timedelta(minutes=random.choice((150, 180, 270)))))
    people = _half_busy_people(random, random.choice((8, 12, 16)), windows)
    loop = tuple(_block(random, i, count, people, grid) for i in range(count))
    return Problem(
        blocks=loop,
        people=people,
        windows=tuple(windows),
        zone=zone,
        rules=_rules(random, grid, loop, day, windows, zone),
        urgency=random.choice((1, 2, 3)),
        days_off=frozenset({day + timedelta(days=1)}) if random.random() < 0.2 else frozenset(),
        fixed=tuple(_fixed(random, loop, people, windows)) if random.random() < 0.4 else (),
        not_before=windows[0].starts_at + timedelta(minutes=50) if random.random() < 0.2 else None,
    )


def shared_problems(random):
    """Three or four loops that want the same five people, within their limits."""
    grid, zone = 30, random.choice(ZONES)
    day = random.choice(DAYS)
    days = [day + timedelta(days=ahead) for ahead in range(2)]
    everyday = [Interval(local(on, 9, 0, zone), local(on, 13, 0, zone)) for on in days]
    people = _half_busy_people(random, 5, everyday)
    loops = {}
    for n in range(random.choice((3, 4))):
        windows = tuple(random.sample(everyday, random.choice((1, 2, 2))))
        blocks = tuple(_block(random, i, 4, people, grid) for i in range(2))
        fixed = tuple(_fixed(random, blocks[:1], people, windows)) if random.random() < 0.3 else ()
        loops[f"c{n}"] = Problem(
            blocks=blocks,
            people=people,
            windows=windows,
            zone=zone,
            rules=Rules(grid_minutes=grid, min_gap_minutes=random.choice((0, 15))),
            urgency=random.choice((1, 2)),
            fixed=fixed,
        )
    return loops


def _half_busy_people(random, count, windows):
    people = []
    for n in range(count):
        person = _person(random, f"p{n}", windows[0].starts_at, windows[-1].ends_at)
        busy = []
        for window in windows:
            for _ in range(random.choice((0, 1, 1, 2))):
                start = window.starts_at + timedelta(minutes=random.randrange(0, 240, 10))
                busy.append(Interval(start, start + timedelta(minutes=random.choice((30, 45, 90)))))
        people.append(replace(person, busy=tuple(busy)))
    return tuple(people)
