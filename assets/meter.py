"""Word 2, meter: what does our own count say?

Lives here: counting unique texts (Python); adding them up per attempt is `sql/meter/`.
"""

import dagster as dg
import pyarrow as pa

from assets._sql import asset_spec, count, key, selects, sql_asset
from tickmark.monthrun import MonthRun
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

BATCH_ROWS = 20_000


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
    with close.connect() as database:
        writer = database.cursor()
        counters = Counters(SpecBook(close.specs).vocabularies)
        vocabularies = database.execute(
            "select distinct vocabulary from staged.segments order by 1"
        ).fetchall()
        for (vocabulary,) in vocabularies:
            texts = database.execute(
                "select segment, any_value(text) as text from staged.segments where vocabulary = ? group by segment",
                [vocabulary],
            ).to_arrow_reader(BATCH_ROWS)
            for batch in texts:
                close.progress("meter.segment_counts " + vocabulary)
                counts = counters[vocabulary].count(batch.column("text").to_pylist())
                filled = pa.table(
                    {
                        "vocabulary": pa.array([vocabulary] * len(counts)),
                        "segment": batch.column("segment"),
                        "tokens": pa.array(counts, pa.int64()),
                    }
                )
                writer.register("filled", filled)
                writer.execute("insert into meter.segment_counts by name from filled")
        rows = count(writer, "meter.segment_counts")
    return dg.MaterializeResult(key("meter.segment_counts"), metadata={"dagster/row_count": rows})


ASSETS = [segment_counts, *(sql_asset(path) for path in selects("meter"))]
