"""The same question answered by trying everything: all starts, then all people. Slow, and nothing to get
wrong.

It shares no code with the solver. The checker, which is as independent, says what is allowed and what it
costs.
"""

from datetime import timedelta
from itertools import product
from math import prod

from interviews.scheduling import Placement, Plan, checking
from interviews.scheduling.tiers import load_of, total_of

MINUTE = timedelta(minutes=1)


class TooMany(Exception):
    """Trying everything would take too long here."""


def cheapest_total(problem, at_most=30_000):
    """The total of the best plan, or None when there is none. Refuses when there is too much to try."""
    people = {person.key: person for person in problem.people}
    pinned = {item.block: item for item in problem.fixed if not item.movable}
    options = []
    for block in problem.blocks:
        if block.key in pinned:
            item = pinned[block.key]
            placed = Placement(
                block.key, item.starts_at, item.starts_at + block.minutes * MINUTE, item.people
            )
            options.append([(item.starts_at, [placed])])
            continue
        options.append([])
        for start in _starts(problem, block):
            end = start + block.minutes * MINUTE
            alone = Plan((Placement(block.key, start, end, ()),), None, None)
            if any(checking._times(problem, alone)):
                continue
            panels = []
            for chosen in product(
                *(seat.pool if seat.required else (*seat.pool, None) for seat in block.seats)
            ):
                pairs = tuple((seat.key, who) for seat, who in zip(block.seats, chosen, strict=True) if who)
                placed = Placement(block.key, start, end, pairs)
                if len({who for _, who in pairs}) == len(pairs) and not any(
                    any(checking._calendar(people[who], placed)) for _, who in pairs
                ):
                    panels.append(placed)
            if panels:
                options[-1].append((start, panels))
    if prod(sum(len(panels) for _, panels in block) for block in options) > at_most:
        raise TooMany
    prices = {
        placed: _price(problem, placed) for block in options for _, panels in block for placed in panels
    }
    best = None
    for times in _apart(options):
        placements = sorted((panels[0] for _, panels in times), key=lambda placed: placed.starts_at)
        plan = Plan(tuple(placements), None, None)
        if any(checking._order(problem, plan)) or any(checking._days(problem, plan)):
            continue
        on_times = total_of(**(checking._values(problem, plan) | _NO_PEOPLE))
        for cost, sitting in _panels([panels for _, panels in times], prices):
            if best is None or on_times + cost < best:
                best = on_times + cost
                assert len(set(sitting)) == len(sitting)
    return best


_NO_PEOPLE = {"load": 0, "empty_seats": 0, "changed_people": 0}


def _price(problem, placed):
    """What the people of one panel cost."""
    block = next(block for block in problem.blocks if block.key == placed.block)
    kept = next((item for item in problem.fixed if item.block == block.key), None)
    now, people = dict(placed.people), {person.key: person for person in problem.people}
    pinned = kept is not None and not kept.movable
    return total_of(
        load=sum(load_of(people[who]) for who in now.values()),
        empty_seats=0 if pinned else sum(seat.key not in now for seat in block.seats if not seat.required),
        changed_people=0
        if kept is None or pinned
        else sum(now.get(seat) != who for seat, who in kept.people),
    )


def _panels(choices, prices, cost=0, sitting=()):
    """Every combination of one panel per block in which nobody sits twice, with its cost."""
    if not choices:
        yield cost, sitting
        return
    for placed in choices[0]:
        people = tuple(who for _, who in placed.people)
        if not set(people) & set(sitting):
            yield from _panels(choices[1:], prices, cost + prices[placed], (*sitting, *people))


def _apart(options, chosen=()):
    """Every combination of one option per block in which no two blocks overlap."""
    if len(chosen) == len(options):
        yield chosen
        return
    for start, panels in options[len(chosen)]:
        end = panels[0].ends_at
        if all(end <= others[0].starts_at or others[0].ends_at <= start for _, others in chosen):
            yield from _apart(options, (*chosen, (start, panels)))


def _starts(problem, block):
    """All starts worth trying: on the grid inside a window, or where the block is confirmed."""
    step, found = problem.rules.grid_minutes, set()
    for window in problem.windows:
        minute = int(window.starts_at.timestamp()) // 60
        start = window.starts_at + (-minute % step) * MINUTE
        while start < window.ends_at:
            found.add(start)
            start += step * MINUTE
    found |= {item.starts_at for item in problem.fixed if item.block == block.key}
    return sorted(found)
