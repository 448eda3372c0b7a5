"""When billing periods begin and end.

A cycle is an anchor and an interval. Its boundaries are reckoned from the anchor
each time, never from the boundary before, so that the 31st comes back after a
short month. Times are Unix seconds, in UTC.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Cycle", "anchor_after", "later"]

_DAY = 86_400
_SECONDS = {"day": _DAY, "week": 7 * _DAY}
_MONTHS = {"month": 1, "year": 12}
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Cycle:
    """A billing cycle.

    Attributes
    ----------
    anchor
        One of its boundaries.
    interval
        ``"day"``, ``"week"``, ``"month"`` or ``"year"``.
    count
        How many intervals make a period.
    day
        The day of the month to come back to, where the anchor itself stands in
        a month that is too short for it.
    """

    anchor: int
    interval: str
    count: int = 1
    day: int | None = None

    def boundary(self, number: int) -> int:
        """Return the boundary that is this many periods after the anchor.

        Examples
        --------
        >>> january_31 = 1769817600
        >>> march_31 = Cycle(january_31, "month").boundary(2)
        >>> (march_31 - january_31) // 86400
        59
        """
        return later(self.anchor, self.interval, self.count * number, self.day)

    def containing(self, moment: int) -> tuple[int, int]:
        """Return start and end of the period that a moment lies in.

        Examples
        --------
        >>> Cycle(0, "day").containing(86_401)
        (86400, 172800)
        """
        number = self._guess(moment)
        while self.boundary(number) > moment:
            number -= 1
        while self.boundary(number + 1) <= moment:
            number += 1
        return self.boundary(number), self.boundary(number + 1)

    def following(self, moment: int) -> int:
        """Return the first boundary after a moment."""
        return self.containing(moment)[1]

    def _guess(self, moment: int) -> int:
        """Return the number of a boundary near a moment."""
        if self.interval in _SECONDS:
            return (moment - self.anchor) // (_SECONDS[self.interval] * self.count)
        there, here = _utc(moment), _utc(self.anchor)
        months = (there.year - here.year) * _YEAR + there.month - here.month
        return months // (_MONTHS[self.interval] * self.count)


def later(moment: int, interval: str, count: int = 1, day: int | None = None) -> int:
    """Return the moment some intervals later, in months that are long enough.

    Parameters
    ----------
    moment
        Where to start.
    interval
        ``"day"``, ``"week"``, ``"month"`` or ``"year"``.
    count
        How many; negative goes back.
    day
        The day of the month to land on, instead of the start's own.

    Examples
    --------
    >>> later(0, "week", 2)
    1209600
    """
    if interval in _SECONDS:
        return moment + _SECONDS[interval] * count
    start = _utc(moment)
    months = start.year * _YEAR + start.month - 1 + _MONTHS[interval] * count
    return _stamp(_on_day(start, months, day or start.day))


def anchor_after(
    moment: int,
    *,
    day_of_month: int,
    month: int | None = None,
    hour: int | None = None,
    minute: int | None = None,
    second: int | None = None,
) -> int:
    """Return the next moment that stands on a day of the month.

    Parameters
    ----------
    moment
        It is after this one.
    day_of_month
        1 to 31; in a shorter month its last day.
    month
        1 to 12, or ``None`` for any.
    hour, minute, second
        The time of day; what is ``None`` is the moment's own.

    Examples
    --------
    >>> anchor_after(0, day_of_month=2, hour=0, minute=0, second=0)
    86400
    """
    start = _utc(moment)
    timed = start.replace(
        hour=start.hour if hour is None else hour,
        minute=start.minute if minute is None else minute,
        second=start.second if second is None else second,
    )
    months = start.year * _YEAR + start.month - 1
    while True:
        found = _stamp(_on_day(timed, months, day_of_month))
        if found > moment and (month is None or months % _YEAR == month - 1):
            return found
        months += 1


def _utc(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp())


def _on_day(moment: datetime, months: int, day: int) -> datetime:
    """Move to a month counted from year 0, and to a day that it has."""
    year, month = divmod(months, _YEAR)
    last = monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(day, last))
