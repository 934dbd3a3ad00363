"""Billing months and instants: half-open, UTC, computed once.

Lives here: parsing months and timestamps. Does not live here: the clock; now is handed in.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z| UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_SECONDS = range(1_400_000_000, 4_100_000_000)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC, `[start, end)`."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read '2026-10'; raise ValueError for anything else."""
        if not (found := _MONTH.fullmatch(text)):
            raise ValueError("a month like 2026-10")
        return cls(int(found[1]), int(found[2]))

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.next().start

    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def previous(self) -> "Month":
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"


def parse_instant(text: str, *, naive_is_utc: bool = False) -> datetime:
    """Read an ISO 8601 instant as UTC, to the microsecond.

    A text without a zone is refused unless the source's format says that it writes UTC.
    Raises ValueError with what was expected.
    """
    if not (found := _INSTANT.fullmatch(text)):
        raise ValueError("a timestamp like 2026-01-31T23:59:59Z")
    day, clock, fraction, zone = found.groups()
    if zone is None and not naive_is_utc:
        raise ValueError("a timestamp with a zone, like 2026-01-31T23:59:59Z")
    offset = "+00:00" if zone in (None, "Z", " UTC") else zone
    stamp = f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{offset}"
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("a timestamp that exists in the calendar") from None


def from_epoch(value: int | Decimal, per_second: int = 1) -> datetime:
    """Read Unix time, to the microsecond; raise ValueError where its unit cannot give a time of ours."""
    # Compared before it is divided: Decimal cannot divide a number of absurd size.
    if not _EPOCH_SECONDS.start * per_second <= value < _EPOCH_SECONDS.stop * per_second:
        raise ValueError(f"Unix time, {per_second} per second, between 2014 and 2099")
    return _EPOCH + timedelta(microseconds=int(value * 10**6 // per_second))


def microseconds(instant: datetime) -> int:
    """Unix time in microseconds, exact: what orders the versions of a record."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def day_of(instant: datetime | None) -> date | None:
    """Its day, UTC; None without a moment."""
    return None if instant is None else instant.astimezone(UTC).date()
