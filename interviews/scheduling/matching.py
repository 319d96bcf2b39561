"""Are there enough different people at all? A question about names only, before any calendar is opened."""

from __future__ import annotations

from dataclasses import dataclass

from interviews.scheduling.model import Block, Problem, Seat


@dataclass(frozen=True)
class Shortage:
    """Seats that need more different people than there are in all their pools together."""

    seats: tuple[tuple[Block, Seat], ...]
    people: tuple[str, ...]


def shortage(problem: Problem) -> Shortage | None:
    """A smallest-effort proof that nobody could fill all required seats, or None when everybody can sit
    somewhere.

    Seats are given people one after the other, moving earlier ones along when needed (augmenting paths). A
    seat that cannot be filled that way proves, by Hall's theorem, that the seats met on the way have too
    few people between them.
    """
    pinned = {item.block: item for item in problem.fixed if not item.movable}
    sitting = {person for item in pinned.values() for _, person in item.people}
    seats = [
        (block, seat, [key for key in seat.pool if key not in sitting])
        for block in problem.blocks
        if block.key not in pinned
        for seat in block.seats
        if seat.required
    ]
    seat_of: dict[str, int] = {}
    for index in range(len(seats)):
        met: set[int] = set()
        if not _seated(index, seats, seat_of, met):
            people = {key for other in met for key in seats[other][2]}
            return Shortage(tuple(seats[other][:2] for other in sorted(met)), tuple(sorted(people)))
    return None


def _seated(
    index: int, seats: list[tuple[Block, Seat, list[str]]], seat_of: dict[str, int], met: set[int]
) -> bool:
    met.add(index)
    for key in seats[index][2]:
        holder = seat_of.get(key)
        if holder is None or (holder not in met and _seated(holder, seats, seat_of, met)):
            seat_of[key] = index
            return True
    return False
