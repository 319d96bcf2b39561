"""Repetition (RFC 5545, section 3.3.10): the wall-clock times that a rule gives between two others.

A rule that has no COUNT is entered close to the window, however long ago it began, so “every second since 1970”
costs no more than its seconds in the window; and every step is paid from a budget, so nothing runs for ever.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from interviews.calendars.feed import CalendarUnreadable
from interviews.calendars.values import BadValue, Moment, moment

FREQUENCIES = ("SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_UNIT_SECONDS = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600}
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBERS = {  # part: (lowest, highest, whether it also counts from the end)
    "BYSECOND": (0, 60, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}


class Budget:
    """How many steps one reading may take, shared by all rules in a calendar."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise CalendarUnreadable("The calendar repeats its events too often to be read.")


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE. `weekdays` are every such day; `nth_weekdays` the n-th of a month or year, from the end if negative."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: Moment | None = None
    seconds: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    weekdays: frozenset[int] = frozenset()
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    positions: tuple[int, ...] = ()
    week_start: int = 0


def rule(text: str) -> tuple[Rule, bool]:
    """The rule as written, and whether all of it was understood. Refuses one without a known FREQ.

    What is not understood is left out, so that the rule gives more times rather than fewer.
    """
    parts: dict[str, str] = {}
    understood = True
    for part in text.strip().strip(";").upper().split(";"):
        name, equals, value = part.partition("=")
        understood &= bool(equals) and name.strip() not in parts
        parts[name.strip()] = value.strip()
    frequency = parts.pop("FREQ", "")
    if frequency not in FREQUENCIES or parts.pop("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise BadValue(text)
    understood &= (
        parts.pop("SKIP", "OMIT") == "OMIT"
    )  # the other ways of RFC 7529 add dates; nobody writes them

    numbers: dict[str, list[int]] = {}
    for name, (lowest, highest, both_ends) in _NUMBERS.items():
        for item in parts.pop(name, "").split(",") if name in parts else ():
            number = _whole(item)
            if number is None or not (
                lowest <= number <= highest or (both_ends and -highest <= number <= -lowest)
            ):
                understood = False
            else:
                numbers.setdefault(name, []).append(number)

    weekdays, nth_weekdays = set(), set()
    for item in parts.pop("BYDAY", "").split(",") if "BYDAY" in parts else ():
        found = _BYDAY.fullmatch(item.strip())
        if not found:
            understood = False
        elif found[1] and int(found[1]):
            nth_weekdays.add((int(found[1]), WEEKDAYS.index(found[2])))
        else:
            understood &= found[1] is None  # the “zeroth Monday” is taken for every one
            weekdays.add(WEEKDAYS.index(found[2]))

    until = None
    if "UNTIL" in parts:
        try:
            until = moment(parts.pop("UNTIL"), {})
        except BadValue:
            understood = False
    # Some exporters write COUNT=-1 for "without end", and INTERVAL=0 for "no interval".
    count = _whole(parts.pop("COUNT", "0"))
    interval = _whole(parts.pop("INTERVAL", "1"))
    week_start = parts.pop("WKST", "MO")
    understood &= count is not None and interval is not None and week_start in WEEKDAYS
    understood &= all(name.startswith("X-") for name in parts)
    return Rule(
        frequency,
        interval=max(interval or 1, 1),
        count=count if count and count > 0 else None,
        until=until,
        seconds=tuple(sorted({min(second, 59) for second in numbers.get("BYSECOND", ())})),
        minutes=tuple(sorted(set(numbers.get("BYMINUTE", ())))),
        hours=tuple(sorted(set(numbers.get("BYHOUR", ())))),
        weekdays=frozenset(weekdays),
        nth_weekdays=frozenset(nth_weekdays),
        month_days=frozenset(numbers.get("BYMONTHDAY", ())),
        year_days=frozenset(numbers.get("BYYEARDAY", ())),
        weeks=frozenset(numbers.get("BYWEEKNO", ())),
        months=frozenset(numbers.get("BYMONTH", ())),
        positions=tuple(numbers.get("BYSETPOS", ())),
        week_start=WEEKDAYS.index(week_start) if week_start in WEEKDAYS else 0,
    ), understood


def times(
    rule: Rule, start: datetime, *, is_date: bool, since: datetime, before: datetime, budget: Budget
) -> Iterator[datetime]:
    """The wall-clock times that `rule`, begun at `start`, gives from `since` up to, and not including, `before`.

    `start` itself is among them, and counted by a COUNT, only when it fits the rule. `rule.until` is left to the
    caller, who knows the zone.
    """
    left = rule.count
    for at in _all_times(rule, start, is_date, start if left else max(since, start), before, budget):
        if at < start:
            continue
        if left is not None:
            if left == 0:
                return
            left -= 1
        if at >= before:
            return
        if at >= since:
            yield at


def _all_times(
    rule: Rule, start: datetime, is_date: bool, since: datetime, before: datetime, budget: Budget
) -> Iterator[datetime]:
    """The same in order, some before `since` or after `before` included: whole periods, as BYSETPOS needs them."""
    if rule.frequency in _UNIT_SECONDS and not is_date:
        sets: Iterator[list[datetime]] = _within_days(rule, start, since, before, budget)
    else:
        clock = [timedelta(0)] if is_date else _clock_times(rule, start)
        days = _Days(rule, start.date(), budget)
        sets = (
            [datetime(day.year, day.month, day.day) + time for day in found for time in clock]  # noqa: DTZ001
            for found in days.periods(since.date(), before.date())
        )
    for found in sets:
        if rule.positions:
            size = len(found)
            places = {place - 1 if place > 0 else size + place for place in rule.positions}
            found = [found[place] for place in sorted(places) if 0 <= place < size]
        budget.spend(len(found))
        yield from found


def _clock_times(rule: Rule, start: datetime) -> list[timedelta]:
    return [
        timedelta(hours=hour, minutes=minute, seconds=second)
        for hour in rule.hours or (start.hour,)
        for minute in rule.minutes or (start.minute,)
        for second in rule.seconds or (start.second,)
    ]


def _within_days(
    rule: Rule, start: datetime, since: datetime, before: datetime, budget: Budget
) -> Iterator[list[datetime]]:
    """HOURLY, MINUTELY and SECONDLY: for each day that fits, its hours, minutes or seconds that fit and are due."""
    unit = _UNIT_SECONDS[rule.frequency]
    per_day = 86400 // unit
    days = _Days(rule, start.date(), budget)
    first = (
        start.replace(minute=0, second=0)
        if unit == 3600
        else start.replace(second=0)
        if unit == 60
        else start
    )
    first_day = datetime(first.year, first.month, first.day)  # noqa: DTZ001
    offset = (first - first_day).seconds // unit
    hours, minutes, seconds = set(rule.hours), set(rule.minutes), set(rule.seconds)
    step_minutes = rule.minutes or (start.minute,)
    step_seconds = rule.seconds or (start.second,)
    for ordinal in range(since.toordinal(), min(before.toordinal() + 1, date.max.toordinal()) + 1):
        budget.spend()
        if not days.fits(date.fromordinal(ordinal)):
            continue
        midnight = datetime.fromordinal(ordinal)
        due = (offset - (ordinal - first_day.toordinal()) * per_day) % rule.interval
        for unit_index in range(due, per_day, rule.interval):
            budget.spend()
            of_day = unit_index * unit
            if hours and of_day // 3600 not in hours:
                continue
            if unit < 3600 and minutes and of_day // 60 % 60 not in minutes:
                continue
            if unit == 1 and seconds and of_day % 60 not in seconds:
                continue
            at = midnight + timedelta(seconds=of_day)
            if unit == 3600:
                yield [at + timedelta(minutes=m, seconds=s) for m in step_minutes for s in step_seconds]
            elif unit == 60:
                yield [at + timedelta(seconds=s) for s in step_seconds]
            else:
                yield [at]


class _Days:
    """The days of each period of a rule. All BY parts are filters; what a rule leaves open, its start fills in."""

    def __init__(self, rule: Rule, start: date, budget: Budget) -> None:
        self._rule = rule
        self._start = start
        self._budget = budget
        self._months = rule.months
        self._month_days = rule.month_days
        self._weekdays = rule.weekdays
        self._nth = rule.nth_weekdays
        has_days = bool(rule.month_days or rule.year_days or rule.weekdays or rule.nth_weekdays)
        if rule.frequency == "YEARLY" and not has_days:
            if rule.weeks:
                self._weekdays = frozenset((start.weekday(),))
            else:
                self._months = rule.months or frozenset((start.month,))
                self._month_days = frozenset((start.day,))
        elif (
            rule.frequency == "YEARLY"
            and rule.month_days
            and not (rule.months or rule.year_days or rule.weeks)
        ):
            # “Every year on the 16th”, as Google and Windows write it, is in the month of the start (3.3.10, and
            # dateutil issue 1452); read the other way it would be a day of every month.
            self._months = frozenset((start.month,))
        elif rule.frequency == "MONTHLY" and not has_days:
            self._month_days = frozenset((start.day,))
        elif rule.frequency == "WEEKLY" and not has_days:
            self._weekdays = frozenset((start.weekday(),))
        if self._nth and (rule.frequency not in ("YEARLY", "MONTHLY") or rule.weeks):
            # “The second Monday” means nothing in a week or a day, so any Monday fits.
            self._weekdays |= frozenset(weekday for _, weekday in self._nth)
            self._nth = frozenset()

    def fits(self, day: date) -> bool:
        rule = self._rule
        if self._months and day.month not in self._months:
            return False
        if self._month_days and not (
            day.day in self._month_days or day.day - _days_in_month(day) - 1 in self._month_days
        ):
            return False
        if self._weekdays or self._nth:
            weekday = day.weekday()
            if weekday not in self._weekdays and not any(
                weekday == wanted and self._is_nth(day, n) for n, wanted in self._nth
            ):
                return False
        if rule.year_days:
            year_day = day.timetuple().tm_yday
            if (
                year_day not in rule.year_days
                and year_day - _days_in_year(day.year) - 1 not in rule.year_days
            ):
                return False
        if rule.weeks:
            year, week = _week(day, rule.week_start)
            if week not in rule.weeks and week - _weeks_in(year, rule.week_start) - 1 not in rule.weeks:
                return False
        return True

    def _is_nth(self, day: date, n: int) -> bool:
        if self._rule.frequency == "MONTHLY" or self._rule.months:
            index, size = day.day, _days_in_month(day)
        else:
            index, size = day.timetuple().tm_yday, _days_in_year(day.year)
        return (index - 1) // 7 + 1 == n if n > 0 else -((size - index) // 7 + 1) == n

    def periods(self, since: date, before: date) -> Iterator[list[date]]:
        """The days that fit, period by period, from the last period that begins by `since` to the last by `before`."""
        rule, start = self._rule, self._start
        days: Callable[[int], Iterator[date]]
        index: Callable[[date], int]
        match rule.frequency:
            case "YEARLY" if rule.weeks:
                days, index = self._days_of_week_year, lambda day: _week(day, rule.week_start)[0]
            case "YEARLY":
                days, index = self._days_of_year, lambda day: day.year
            case "MONTHLY":
                days, index = self._days_of_month, lambda day: day.year * 12 + day.month - 1
            case "WEEKLY":
                days, index = self._days_of_week, lambda day: _week_start(day, rule.week_start)
            case _:
                days, index = self._day, date.toordinal
        step = rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
        first = index(start)
        begin = first + max(index(since) - first, 0) // step * step
        for at in range(begin, index(before) + 1, step):
            self._budget.spend()
            found = [day for day in days(at) if self.fits(day)]
            if found:
                yield found

    def _days_of_year(self, year: int) -> Iterator[date]:
        for month in sorted(self._months) if self._months else range(1, 13):
            yield from self._days_of_month(year * 12 + month - 1)

    def _days_of_month(self, index: int) -> Iterator[date]:
        year, month = divmod(index, 12)
        if not 1 <= year <= 9999 or (self._months and month + 1 not in self._months):
            return
        size = _days_in_month(date(year, month + 1, 1))
        if self._month_days:
            numbers = {day if day > 0 else size + 1 + day for day in self._month_days}
        else:
            numbers = set(range(1, size + 1))
        yield from (date(year, month + 1, day) for day in sorted(numbers) if 1 <= day <= size)

    def _days_of_week_year(self, year: int) -> Iterator[date]:
        if not 2 <= year <= 9998:
            return
        size = _weeks_in(year, self._rule.week_start)
        first = _first_week(year, self._rule.week_start)
        for week in sorted({number if number > 0 else size + 1 + number for number in self._rule.weeks}):
            if 1 <= week <= size:
                yield from self._days_of_week(first + 7 * (week - 1))

    def _days_of_week(self, monday: int) -> Iterator[date]:
        last = date.max.toordinal()
        yield from (date.fromordinal(day) for day in range(monday, monday + 7) if 1 <= day <= last)

    def _day(self, ordinal: int) -> Iterator[date]:
        yield date.fromordinal(ordinal)


def _week_start(day: date, week_start: int) -> int:
    return day.toordinal() - (day.weekday() - week_start) % 7


def _week(day: date, week_start: int) -> tuple[int, int]:
    """Year and number of a week: week 1 is the first with four days in the year, so its fourth day decides."""
    middle = min(max(_week_start(day, week_start) + 3, 1), date.max.toordinal())
    fourth = date.fromordinal(middle)
    return fourth.year, (fourth.timetuple().tm_yday - 1) // 7 + 1


def _first_week(year: int, week_start: int) -> int:
    return _week_start(date(year, 1, 4), week_start)  # 4 January is in week 1 of its year


def _weeks_in(year: int, week_start: int) -> int:
    return _week(date(year, 12, 28), week_start)[1]  # 28 December is in the last week of its year


def _days_in_year(year: int) -> int:
    return 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365


def _days_in_month(day: date) -> int:
    if day.month == 2:
        return _days_in_year(day.year) - 337
    return 30 if day.month in (4, 6, 9, 11) else 31


def _whole(text: str) -> int | None:
    try:
        return int(text.strip())
    except ValueError:
        return None
