"""A simulated month, read back by the project's own readers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import homes
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject
from tickmark.home import Home, SourceConfig
from tickmark.intake.containers import records
from tickmark.intake.physical import Coverage, Record
from tickmark.intake.reader import FORMATS
from tickmark.intake.stream import Verified
from tickmark.records import Row

SPECS = Path(__file__).resolve().parents[2] / "tokenizer_specs"
MONTH, SEED = homes.DEMO_MONTH, homes.DEMO_SEED


@dataclass(frozen=True)
class Delivered:
    """What the files of one configured source hold: rows, each with the request that was logged."""

    rows: list[tuple[Row, JsonObject | None]]
    rejects: list[RecordRejected]
    buckets: list[tuple[datetime, datetime]]


@dataclass(frozen=True)
class Simulated:
    """A home with a simulated month."""

    home: Path
    sources: dict[str, Delivered]
    truth: dict[str, Any]

    def rows(self, kind: type[Row]) -> list[Any]:
        return [row for source in self.sources.values() for row, _ in source.rows if type(row) is kind]

    def fault(self, name: str) -> dict[str, Any]:
        return next(fault for fault in self.truth["faults"] if fault["fault"] == name)


def read_month(home: Path) -> Simulated:
    """Read the file of every configured source that the simulator writes."""
    config = Home(home).config
    sources = {
        source.name: _read(home, source)
        for source in (*config.gateways, *config.bills)
        if list(home.glob(source.files.replace("{month}", MONTH)))
    }
    return Simulated(home, sources, json.loads((home / "truth.json").read_text("utf-8")))


def _read(home: Path, source: SourceConfig) -> Delivered:
    (path,) = home.glob(source.files.replace("{month}", MONTH))
    form, coverage = FORMATS[source.format], Coverage()
    found = list(records(Verified(path, path.name), form, coverage))
    rejects = [record.rejected for record in found if record.rejected is not None]
    return Delivered(list(_rows(form, found)), rejects, coverage.spans)


def _rows(form: Format, found: list[Record]) -> Iterator[tuple[Row, JsonObject | None]]:
    for record in found:
        if record.value is not None:
            body = form.request_body(record.value) if form.request_body else None
            for row in form.read(record.value):
                yield row, body
