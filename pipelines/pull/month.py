"""A month of a provider: every report asked, every answer put into the landing folder.

Lives here: the order of things, and what is said about them. Does not live here: each of these things.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.pull.caller import Caller
from pipelines.pull.pages import Pages
from pipelines.pull.reports import Report, complete_until, day_set, days, first_kept, questions
from tickmark.errors import BadSpecError, Where
from tickmark.home import CONFIG, Home
from tickmark.monthrun import locked
from tickmark.months import Month
from tickmark.pagesets import PageSets, Swap

DEFAULT_ACCOUNT = "default"


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one report brought. `missing` are complete days of the month about which nothing is there."""

    report: str
    swap: Swap
    missing: tuple[str, ...]
    source: str | None
    """The source of tickmark.yaml that reads these pages."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull; `now` decides which days are complete."""

    home: Home
    caller: Caller
    account: str
    month: Month
    now: datetime
    progress: Callable[[str], None]

    def run(self) -> list[Pulled]:
        """Ask every report, in the order of the table. What an error leaves behind are whole sets."""
        sets = PageSets(self.folder)
        self._require_days()
        with locked(self.home):
            return [self._report(report, sets) for report in self.caller.provider.reports]

    def _report(self, report: Report, sets: PageSets) -> Pulled:
        swap, covered = Swap(), set[datetime]()
        for question in questions(self.caller.provider, report, self.month, self.now):
            self.progress(question.set_name)
            earlier = [page.read_bytes() for page in sets.pages(question.set_name)]
            pages = Pages(self.caller, question, earlier)
            swap += sets.replace(question.set_name, pages)
            covered |= pages.covered
        if report.kind == "days":
            covered |= {day for day in self._days(report) if sets.pages(day_set(report, day))}
        missing = tuple(f"{day:%Y-%m-%d}" for day in self._days(report) if day not in covered)
        return Pulled(report.name, swap, missing, self._source(report, sets.folder))

    def _days(self, report: Report) -> Iterator[datetime]:
        """The days that a report must speak about; a balance speaks about none."""
        return days(self.month.start, self.month.start if report.kind == "balance" else self.until)

    @property
    def until(self) -> datetime:
        """End of the days that are asked for."""
        return min(self.month.end, complete_until(self.now))

    def _require_days(self) -> None:
        provider = self.caller.provider
        gone = provider.days_kept > 0 and self.until <= first_kept(provider, self.now)
        if self.until <= self.month.start or gone:
            kept = f" among the last {provider.days_kept}" if provider.days_kept else ""
            raise BadSpecError(
                "E-PULL-MONTH",
                f"a month with a complete UTC day{kept}",
                where=Where("command line", field="--month"),
                repair="name another month; a day is complete half an hour after its end",
            )

    @property
    def folder(self) -> Path:
        """Pages of another account than the default one lie apart: they would replace each other."""
        if self.account == DEFAULT_ACCOUNT:
            return self.home.bills
        if self.account not in {source.account for source in self.home.config.bills}:
            raise BadSpecError(
                "E-PULL-ACCOUNT",
                f"an account of {CONFIG}",
                where=Where("command line", field="--account"),
                repair=f"add sources with this `account` and files in landing/bills/ACCOUNT/ to {CONFIG}",
            )
        return self.home.bills / self.account

    def _source(self, report: Report, folder: Path) -> str | None:
        """The source of tickmark.yaml that the pages of a report fall to."""
        begin = f"{report.name}-{self.month}"
        for source in self.home.config.bills:
            landed = self.home.folder.glob(source.files.replace("{month}", str(self.month)))
            if any(path.parent == folder and path.name.startswith(begin) for path in landed):
                return source.name
        return None
