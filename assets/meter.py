"""Word 2, meter: what does our own count say?

Lives here: handing the run's database to the counting of unique texts (`tickmark.metering`).
Does not live here: adding counts up per attempt (`sql/meter/`).
"""

from collections.abc import Iterator

import dagster as dg
import pyarrow as pa

from assets._sql import asset_spec, count, key, selects, sql_asset
from tickmark.countstore import CountStore
from tickmark.framing.result import SegmentKind
from tickmark.metering import Metering
from tickmark.monthrun import MonthRun
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

TABLES = ("meter.segment_counts", "meter.engine_checks")
FACTORS: dict[SegmentKind, str] = {
    "text": "per_token",
    "tools": "per_tool_token",
    "calls": "per_call_token",
}


@dg.multi_asset(
    name="meter__segment_counts",
    specs=[
        asset_spec(
            "meter.segment_counts",
            "Tokens of every unique text of the month, counted once per vocabulary.",
            [key("ingest.row_dispositions")],
            "2",
            {"python"},
        ),
        asset_spec(
            "meter.engine_checks",
            "The reference's second count of a sample, for every vocabulary of the month.",
            [key("ingest.row_dispositions")],
            "1",
            {"python"},
        ),
    ],
)
def segment_counts(close: dg.ResourceParam[MonthRun]) -> Iterator[dg.MaterializeResult[None]]:
    counters = Counters(_book(close).vocabularies)
    store = CountStore(close.home.private / "counts", close.text_key())
    texts = sorted((close.staging / "segments").glob("*.parquet"))
    with close.warehouse.refilling(TABLES) as database:
        Metering(database, counters, texts, close.work, store, close.progress).run()
        rows = {table: count(database, table) for table in TABLES}
    for table in TABLES:
        yield dg.MaterializeResult(key(table), metadata={"dagster/row_count": rows[table]})


@dg.multi_asset(
    name="meter__calibrations",
    specs=[
        asset_spec(
            "meter.calibrations",
            "What closed tokenizers make of a count by another vocabulary, from the specs.",
            [key("ingest.landed_files")],
            "2",
            {"python"},
        )
    ],
)
def calibrations(close: dg.ResourceParam[MonthRun]) -> dg.MaterializeResult[None]:
    measured = [
        {
            "spec": spec,
            "shape": shape,
            **calibration.model_dump(exclude={"evidence", "per_token"}),
            **{column: calibration.per_token.get(kind, 1) for kind, column in FACTORS.items()},
        }
        for spec, shape, calibration in _book(close).calibrations()
    ]
    with close.warehouse.filling("meter.calibrations") as writer:
        if measured:
            writer.register("filling", pa.Table.from_pylist(measured))
            writer.execute("insert into meter.calibrations by name from filling")
    return dg.MaterializeResult(key("meter.calibrations"), metadata={"dagster/row_count": len(measured)})


def _book(close: MonthRun) -> SpecBook:
    return SpecBook(close.specs, close.home.own_specs, close.home.vocabularies)


ASSETS = [segment_counts, calibrations, *(sql_asset(path) for path in selects("meter"))]
