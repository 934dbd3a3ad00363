"""The pages of one question: followed to the last one, each checked before it is kept, none changed.

A balance alone gets a member more, the time it was asked: its answer has none, a file's date proves none.

Lives here: paging, and what an answer must be about. Does not live here: asking (caller.py), keeping
(tickmark/pagesets.py), and the meaning of what is in a page (tickmark/invoices/).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pipelines.pull.caller import Caller, unexpected
from pipelines.pull.reports import DAY, Provider, Question, days
from tickmark import strictjson
from tickmark.errors import PlatformError, RecordRejected
from tickmark.formats import Json, instant, text
from tickmark.pagesets import Page

PAGES_MAX = 1000


@dataclass(slots=True)
class Pages:
    """Iterate once; afterwards `covered` holds the days that the pages speak about.

    `earlier` are the pages of an earlier fetch: what they cover must be there again.
    """

    caller: Caller
    question: Question
    earlier: Sequence[bytes] = ()
    covered: set[datetime] = field(default_factory=set)
    number: int = 0

    def __iter__(self) -> Iterator[Page]:
        """Each page as it came. Raises PlatformError where one is not what the provider documents."""
        seen: set[str] = set()
        more: str | None = ""
        while more is not None:
            cursor = (("page", more),) if more else ()
            body = self.caller.get(self.question.report, (*self.question.parameters, *cursor))
            self.number += 1
            read = self._checked(body)
            more = read.more
            if more is not None and (more in seen or self.number == PAGES_MAX):
                raise self._unexpected(f"a new cursor each time, at most {PAGES_MAX} pages", "next_page")
            seen.add(more or "")
            is_balance = self.question.report.kind == "balance"
            yield Page(self._with_its_time(body) if is_balance else body, read.empty)
        if lost := self._covered_earlier() - self.covered:
            raise self._unexpected(f"the {len(lost)} days more that an earlier fetch covers", "data")

    def _checked(self, body: bytes) -> "_Read":
        """Look into a page that must be one."""
        try:
            read = _read(self.caller.provider, self.question, body)
        except RecordRejected as rejected:
            raise self._unexpected(rejected.expected, rejected.field) from None
        self.covered |= read.covered
        return read

    def _with_its_time(self, body: bytes) -> bytes:
        """A balance with the time it was asked; the earlier page where the balance is the same."""
        rest = body.lstrip()[1:]
        same = next((page for page in self.earlier if page.endswith(rest)), None)
        return same or f'{{"as_of": "{self.caller.now():%Y-%m-%dT%H:%M:%SZ}", '.encode() + rest

    def _covered_earlier(self) -> set[datetime]:
        """Days of the pages that lie there; what somebody made unreadable covers nothing."""
        days_ = set[datetime]()
        for body in self.earlier:
            with suppress(RecordRejected):
                days_ |= _read(self.caller.provider, self.question, body).covered
        return days_

    def _unexpected(self, expected: str, place: str) -> PlatformError:
        where = f"page {self.number}, {place}"
        return unexpected(self.caller.provider, self.question.report, f"{expected} ({where})")


class _Read(NamedTuple):
    """What a page says about itself: its days, the next page's cursor, whether it holds nothing."""

    covered: set[datetime]
    more: str | None
    empty: bool


def _read(provider: Provider, asked: Question, body: bytes) -> _Read:
    """Look into a page; raise RecordRejected where it does not answer the question."""
    page = strictjson.decode(body)
    if not isinstance(page, dict):
        raise RecordRejected("E-JSON-OBJECT", "(answer)", "an object", page)
    data = page.get("data")
    if asked.report.kind == "balance":
        if not isinstance(data, dict):
            raise RecordRejected("E-PAGE-SHAPE", "data", "an object", data)
        return _Read(set(), None, empty=False)
    if not isinstance(data, list):
        raise RecordRejected("E-PAGE-SHAPE", "data", "a list", data)
    covered = {day for record in data for day in _days(provider, asked, record)}
    more = text(page, "next_page") if page.get("has_more") else None
    return _Read(covered, more, empty=not data)


def _days(provider: Provider, asked: Question, record: Json) -> Iterator[datetime]:
    """The days of a bucket or a line; raise RecordRejected where it is of another period."""
    if not isinstance(record, dict):
        raise RecordRejected("E-JSON-OBJECT", "data[]", "an object", record)
    if asked.report.kind == "days":
        place = "date"
        start = instant({place: f"{text(record, place)[:10]}T00:00:00Z"}, place)
        end = start + DAY
    else:
        place = provider.period[0]
        start, end = (instant(record, name) for name in provider.period)
    if not asked.start <= start < end <= asked.end:
        period = f"a time from {asked.start:%Y-%m-%d} until before {asked.end:%Y-%m-%d}, as asked"
        raise RecordRejected("E-PAGE-SHAPE", f"data[].{place}", period, record)
    return days(start, end)
