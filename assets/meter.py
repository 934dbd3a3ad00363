"""Word 2, meter: what does our own count say?

Lives here: counting unique texts (Python); adding them up per attempt is `sql/meter/`.
"""

import dagster as dg
import pyarrow as pa

from assets._sql import asset_spec, count, key, selects, sql_asset
from tickmark.monthrun import MonthRun
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counter, Counters

BATCH_ROWS = 20_000
VOCABULARIES = "select distinct vocabulary from staged.segments order by vocabulary"
UNIQUE_TEXTS = """
select segment, any_value(text) as text from staged.segments where vocabulary = ? group by segment
"""


@dg.multi_asset(
    name="meter__segment_counts",
    specs=[
        asset_spec(
            "meter.segment_counts",
            "Tokens of every unique text of the month, counted once per vocabulary.",
            [key("ingest.row_dispositions")],
            "1",
            {"python"},
        )
    ],
)
def segment_counts(close: dg.ResourceParam[MonthRun]) -> dg.MaterializeResult[None]:
    counters = Counters(SpecBook(close.specs, close.local_specs).vocabularies)
    table = "meter.segment_counts"
    # A reader keeps its cursor while it streams; the writer needs its own.
    with close.warehouse.connect() as reader, close.warehouse.filling(table) as writer:
        for (vocabulary,) in reader.execute(VOCABULARIES).fetchall():
            unique = reader.sql(UNIQUE_TEXTS, params=[vocabulary])
            for batch in unique.to_arrow_reader(BATCH_ROWS):
                close.progress(f"{table} {vocabulary}")
                writer.register("filling", _counted(vocabulary, batch, counters[vocabulary]))
                writer.execute("insert into meter.segment_counts by name from filling")
        rows = count(writer, table)
    return dg.MaterializeResult(key(table), metadata={"dagster/row_count": rows})


@dg.multi_asset(
    name="meter__calibrations",
    specs=[
        asset_spec(
            "meter.calibrations",
            "What closed tokenizers make of a count by another vocabulary, from the specs.",
            [key("ingest.landed_files")],
            "1",
            {"python"},
        )
    ],
)
def calibrations(close: dg.ResourceParam[MonthRun]) -> dg.MaterializeResult[None]:
    measured = [
        {"spec": spec, "shape": shape, **calibration.model_dump(exclude={"evidence"})}
        for spec, shape, calibration in SpecBook(close.specs, close.local_specs).calibrations()
    ]
    with close.warehouse.filling("meter.calibrations") as writer:
        if measured:
            writer.register("filling", pa.Table.from_pylist(measured))
            writer.execute("insert into meter.calibrations by name from filling")
    return dg.MaterializeResult(key("meter.calibrations"), metadata={"dagster/row_count": len(measured)})


def _counted(vocabulary: str, texts: pa.RecordBatch, counter: Counter) -> pa.Table:
    counts = counter.count(texts.column("text").to_pylist())
    return pa.table(
        {
            "vocabulary": pa.array([vocabulary] * len(counts)),
            "segment": texts.column("segment"),
            "tokens": pa.array(counts, pa.int64()),
        }
    )


ASSETS = [segment_counts, calibrations, *(sql_asset(path) for path in selects("meter"))]
