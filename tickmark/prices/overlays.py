"""What the price catalogue lacks, as data: `overlays.yaml`.

Lives here: the shape of an overlay and which one applies. Does not live here: rows (catalogue.py), and a
company's own prices (contracts.py).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tickmark import strictyaml
from tickmark.prices._fields import Instant, Number

_SATURDAY = 5


class _Overlay(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    provider: str
    models: tuple[str, ...]
    source: str
    read: date

    def covers(self, provider: str, model: str) -> bool:
        """Whether it speaks about this model, both named by the catalogue's ids."""
        return provider == self.provider and any(fnmatchcase(model, glob) for glob in self.models)


class Multiple(_Overlay):
    """A token class that costs a multiple of the input price of its scope."""

    token_class: str
    times_input: Number


class Peak(_Overlay):
    """When the daily peak windows of a model apply at all, and when the list that has them began.

    Days are judged in UTC; that equals the provider's calendar while no window crosses its midnight.
    """

    catalogue_date: date
    begins: Instant
    weekends_off_from: Instant
    days_off: frozenset[date]

    def applies(self, at: datetime) -> bool:
        """Whether the peak windows of this day apply."""
        weekend_off = at >= self.weekends_off_from and at.weekday() >= _SATURDAY
        return at >= self.begins and not weekend_off and at.date() not in self.days_off

    def changes(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Instants at which the answer of `applies` may change."""
        yield from (self.begins, self.weekends_off_from)
        for days in range((end - start).days + 2):
            yield datetime.combine(start.date() + timedelta(days), time(), UTC)


class Overlays(BaseModel):
    """The file `overlays.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    multiples: tuple[Multiple, ...]
    peaks: tuple[Peak, ...]

    def peak(self, provider: str, model: str) -> Peak | None:
        """The overlay that restricts a model's peak windows, or None."""
        return next((each for each in self.peaks if each.covers(provider, model)), None)

    def multiple(self, provider: str, model: str, token_class: str) -> Multiple | None:
        """The overlay that prices a token class, or None."""
        fitting = (each for each in self.multiples if each.token_class == token_class)
        return next((each for each in fitting if each.covers(provider, model)), None)


@cache
def overlays() -> Overlays:
    """The overlays that ship with Tickmark."""
    path = Path(__file__).with_name("overlays.yaml")
    return strictyaml.load_as(path, path.name, Overlays)
