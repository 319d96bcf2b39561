"""Why a loop cannot be scheduled, and what would make it possible. Nothing here is a guess.

First come the *reasons*: facts read from the question, from the simplest (no time, nobody qualified) to the
last one (everything fits alone, but not together). Then the *fixes*: changes that could be made by people,
each one tried by solving the loop with the change made. Single changes are tried first; only when none is
enough pairs, and at last a set from which nothing can be left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from interviews.scheduling.calendars import (
    DAY,
    Stretch,
    candidate_time,
    free_time,
    full_days,
    local_day,
    working_time,
)
from interviews.scheduling.matching import shortage
from interviews.scheduling.model import (
    Block,
    Change,
    Explanation,
    Fix,
    Person,
    Plan,
    Problem,
    Reason,
    Seat,
    varied,
)
from interviews.scheduling.relaxing import Relaxation, narrowed, relaxations
from interviews.scheduling.solving import search

NODES = 400
"""The search for one proposal is short; a change whose plan takes a long one to find is not proposed."""


def explain(problem: Problem) -> Explanation:
    """Why there is no plan, and the smallest proven changes that would allow one.

    Both are empty when there is a plan.
    """
    plans, complete = search(problem, 1)
    if plans:
        return Explanation((), ())
    if not complete:
        text = "The search stopped before every possibility was tried; allow a longer search to be sure."
        return Explanation((Reason("search_limit", text),))
    return Explanation(tuple(_reasons(problem)), tuple(_fixes(problem)))


# ---- reasons --------------------------------


def _reasons(problem: Problem) -> Iterator[Reason]:
    pinned = {item.block for item in problem.fixed if not item.movable}
    open_blocks = [block for block in problem.blocks if block.key not in pinned]
    time = candidate_time(problem)
    if not time and open_blocks:
        yield Reason(
            "no_time",
            "All times the candidate offered are days off or too early; ask the candidate for other ones.",
        )
        return
    too_short = [*_short_windows(open_blocks, time)]
    short = {reason.block for reason in too_short}
    found = [
        *too_short,
        *_short_pools(problem),
        *_never_free(problem, [block for block in open_blocks if block.key not in short], time),
    ]
    yield from found
    if found:
        return
    alone = [*_impossible_alone(problem, open_blocks)]
    yield from alone
    if not alone:
        days = "one day" if problem.rules.max_days == 1 else f"{problem.rules.max_days} days"
        yield Reason(
            "together",
            f"Each block can be held on its own, but not all {len(problem.blocks)} together within {days} "
            "with the breaks, gaps, order and people that are asked for.",
        )


def _short_windows(blocks: Sequence[Block], time: dict[int, list[Stretch]]) -> Iterator[Reason]:
    longest = max((end - start for stretches in time.values() for start, end in stretches), default=0)
    for block in blocks:
        if block.minutes > longest:
            yield Reason(
                "window_too_short",
                f"“{block.title}” lasts {block.minutes} minutes, but no window of the candidate is longer "
                f"than {longest} minutes.",
                block=block.key,
            )


def _short_pools(problem: Problem) -> Iterator[Reason]:
    for block in problem.blocks:
        for seat in block.seats:
            if seat.required and not seat.pool:
                yield Reason("empty_pool", f"Nobody is qualified for “{block.title}”.", block=block.key)
                return
    short = shortage(problem)
    if short is None:
        return
    names = {person.key: person.name for person in problem.people}
    titles = _listed([f"“{title}”" for title in dict.fromkeys(block.title for block, _ in short.seats)])
    first = short.seats[0][0].key
    if not short.people:
        text = f"Everybody who may hold {titles} already sits in a pinned block of this loop."
        yield Reason("empty_pool", text, block=first)
    elif len(short.people) == 1:
        person = short.people[0]
        text = f"{names[person]} would have to sit twice in this loop: {titles} ask for nobody else."
        yield Reason("person_twice", text, block=first, person=person)
    else:
        text = (
            f"{titles} need {len(short.seats)} different people, but only {len(short.people)} are qualified: "
            f"{_listed([names[key] for key in short.people])}."
        )
        yield Reason("pool_too_small", text, block=first)


def _never_free(
    problem: Problem, blocks: Sequence[Block], time: dict[int, list[Stretch]]
) -> Iterator[Reason]:
    """Seats whose whole pool is out of reach: by working hours, else by calendars, else by limits."""
    people = {person.key: person for person in problem.people}
    stretches = [stretch for day in time.values() for stretch in day]
    low, high = min(start for start, _ in stretches), max(end for _, end in stretches)
    for block in blocks:
        for seat in block.seats:
            pool = [people[key] for key in seat.pool] if seat.required else []
            if not pool:
                continue
            working = [_starts(working_time(person, low, high), stretches, block.minutes) for person in pool]
            free = [_starts(free_time(person, low, high), stretches, block.minutes) for person in pool]
            allowed = [_within_limits(person, spans) for person, spans in zip(pool, free, strict=True)]
            yield from _first_obstacle(block, seat, pool, any(working), any(free), any(allowed))


def _first_obstacle(
    block: Block, seat: Seat, pool: list[Person], working: bool, free: bool, allowed: bool
) -> Iterator[Reason]:
    names, one = _listed([person.name for person in pool[:4]]), len(pool) == 1
    person = pool[0].key if one else None
    who = pool[0].name if one else f"nobody who may take the seat “{seat.key}” ({names})"
    if not working:
        zones = _listed(sorted({item.zone for item in pool}))
        verb = "does not work" if one else "works"
        text = f"In “{block.title}” {who} {verb} at a time the candidate offered; the zones are {zones}."
        yield Reason("no_shared_hours", text, block=block.key, person=person)
    elif not free:
        verb = "is never free" if one else "is free"
        text = f"In “{block.title}” {who} {verb} for {block.minutes} minutes at a time the candidate offered."
        yield Reason("busy", text, block=block.key, person=person)
    elif not allowed:
        verb = "may not hold" if one else "may hold"
        text = f"In “{block.title}” {who} {verb} another interview at that time; the limits are reached."
        yield Reason("limits", text, block=block.key, person=person)


def _starts(free: Sequence[Stretch], windows: list[Stretch], minutes: int) -> list[Stretch]:
    """First and last minute at which a block of that length fits into both."""
    return [
        (max(start, low), min(end, high) - minutes)
        for start, end in free
        for low, high in windows
        if min(end, high) - max(start, low) >= minutes
    ]


def _within_limits(person: Person, starts: list[Stretch]) -> bool:
    days = {
        local_day(person.zone, minute) for low, high in starts for minute in (*range(low, high, DAY), high)
    }
    return bool(days - full_days(person, days))


def _impossible_alone(problem: Problem, blocks: Sequence[Block]) -> Iterator[Reason]:
    for block in blocks:
        alone = varied(
            problem,
            blocks=(block,),
            fixed=tuple(item for item in problem.fixed if item.block == block.key),
            rules=varied(problem.rules, order=()),
        )
        plans, complete = search(alone, 1)
        if complete and not plans:
            text = f"The people for “{block.title}” are never free together when the candidate can come."
            yield Reason("panel", text, block=block.key)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# ---- fixes --------------------------------


def _fixes(problem: Problem) -> Iterator[Fix]:
    known = list(relaxations(problem))
    kinds, texts = Counter[str](), set[str]()
    for kind in dict.fromkeys(relaxation.kind for relaxation in known):
        for relaxation, plan in _helpful(problem, [one for one in known if one.kind == kind]):
            if kinds[kind] >= relaxation.most:
                break
            if relaxation.changes[0].text in texts:
                continue
            for fix in _proven(problem, [relaxation], plan):
                kinds[kind] += 1
                texts |= {change.text for change in (*relaxation.changes, *fix.changes)}
                yield fix
    if kinds:
        return
    broad = [relaxation for relaxation in known if relaxation.broad]
    if not _may_help(problem, broad)[0]:
        return
    for index, first in enumerate(broad):
        with_first = first.apply(problem)
        for second, plan in _helpful(with_first, broad[index + 1 :]):
            for fix in _proven(problem, [first, second], plan):
                yield fix
                return
    needed = broad
    for relaxation in reversed(broad):
        fewer = [other for other in needed if other is not relaxation]
        if _solved(_relaxed(problem, fewer)):
            needed = fewer
    yield from _proven(problem, needed, _solved(_relaxed(problem, needed)))


def _helpful(problem: Problem, group: Sequence[Relaxation]) -> Iterator[tuple[Relaxation, Plan | None]]:
    """Those of a group that may be enough on their own, in order, each with the plan it allows.

    Where all of a group together are not enough, none of them is; so most are ruled out a half at a time.
    """
    if not group:
        return
    possible, plan = _may_help(problem, group)
    if not possible:
        return
    if len(group) == 1:
        yield group[0], plan
        return
    half = len(group) // 2
    yield from _helpful(problem, group[:half])
    yield from _helpful(problem, group[half:])


def _may_help(problem: Problem, relaxed: Sequence[Relaxation]) -> tuple[bool, Plan | None]:
    """Whether there may be a plan with these relaxations, and the plan; only a complete search can deny it."""
    plans, complete = search(_shortly(_relaxed(problem, relaxed)), 1)
    return bool(plans) or not complete, plans[0] if plans else None


def _shortly(problem: Problem) -> Problem:
    return varied(problem, rules=varied(problem.rules, node_limit=min(problem.rules.node_limit, NODES)))


def _relaxed(problem: Problem, relaxed: Sequence[Relaxation]) -> Problem:
    for relaxation in relaxed:
        problem = relaxation.apply(problem)
    return problem


def _solved(problem: Problem) -> Plan | None:
    plans, _ = search(_shortly(problem), 1)
    return plans[0] if plans else None


def _proven(problem: Problem, relaxed: Sequence[Relaxation], plan: Plan | None) -> Iterator[Fix]:
    """The fix, when these relaxations allow this plan; each made as small as the plan shows to be enough."""
    if plan is None:
        return
    for index, relaxation in enumerate(relaxed):
        others = _relaxed(problem, [*relaxed[:index], *relaxed[index + 1 :]])
        for smaller in narrowed(relaxation, others, plan):
            better = _solved(smaller.apply(others))
            if better is not None:
                relaxed = [*relaxed[:index], smaller, *relaxed[index + 1 :]]
                plan = better
                break
    changes = tuple(change for relaxation in relaxed for change in relaxation.changes)
    text = f"A plan is possible if {_listed(_told(changes))}."
    yield Fix(
        relaxed[0].kind if len(relaxed) == 1 else "several", text, changes, plan, _relaxed(problem, relaxed)
    )


def _told(changes: Sequence[Change]) -> list[str]:
    """The changes as they are read out: what is needed several times is said once."""
    told = []
    for text, times in Counter(change.text for change in changes).items():
        more = text.replace("one more person were", f"{times} more people were")
        told.append(text if times == 1 else more)
    return told
