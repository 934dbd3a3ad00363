"""Dates as documents print them, in English: 'March 26, 2026', '26 Mar 2026', '2026-03-26'.

Lives here: reading one printed date. A date of numbers alone that is not ISO (03/04/2026) has two meanings
and is none. Does not live here: timestamps of machines (months.py).
"""

import re
from datetime import UTC, datetime

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_NUMBERS = {
    **{name: number for number, name in enumerate(_MONTHS, start=1)},
    **{name[:3]: number for number, name in enumerate(_MONTHS, start=1)},
    **{f"{number:02d}": number for number in range(1, 13)},
    "sept": 9,
}
_SHAPES = (
    re.compile(r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}), (?P<year>\d{4})", re.ASCII),
    re.compile(r"(?P<day>\d{1,2}) (?P<month>[A-Za-z]{3,9})\.? (?P<year>\d{4})", re.ASCII),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII),
)


def printed(words: str) -> datetime | None:
    """Midnight UTC of a printed date, or None where it is not one of a known shape."""
    found = next((match for shape in _SHAPES if (match := shape.fullmatch(words.strip()))), None)
    if found is None or (month := _NUMBERS.get(found["month"].lower())) is None:
        return None
    try:
        return datetime(int(found["year"]), month, int(found["day"]), tzinfo=UTC)
    except ValueError:
        return None
