"""`openai_usage_csv`: token counts of completions per bucket, as the dashboard's usage export.

Where it comes from: platform.openai.com, Usage, Export, completions (`completions_usage_<from>_<to>.csv`;
`.tsv` with tabs is read too). One record is one combination of project, user, key, model, batch and tier in
one bucket; a bucket without usage is a row whose other cells are empty: it counts as blank, and as covered.
An export of a time without any usage has only the four time columns. Columns are matched by name.
Counts are written as floats ("59200.0"); only whole ones are taken. Input, cache classes and modalities are
those of `openai_usage_completions`.
Zone: UTC. Buckets are days, or minutes where one day is exported; the Unix times decide. Currency: none.
Quirks: exports of the other endpoints have other columns, which were not seen: they are refused. Deliver
this or the API's pages, not both.
Source: a real export of 2025-10 (ids masked), of which three days reconcile exactly with the costs of the
same account.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject, flag, whole
from tickmark.invoices._fields import filled
from tickmark.invoices._openai import usage
from tickmark.invoices._openai_dashboard import COLUMNS, covered, is_idle
from tickmark.records import Row

NAME = "openai_usage_csv"
COUNTS = (
    *("num_model_requests", "input_tokens", "output_tokens", "input_cached_tokens", "input_uncached_tokens"),
    *("input_cache_write_tokens", "input_cache_write_12h_tokens"),
    *("input_text_tokens", "output_text_tokens", "input_cached_text_tokens"),
    *("input_audio_tokens", "input_cached_audio_tokens", "output_audio_tokens"),
    *("input_image_tokens", "input_cached_image_tokens", "output_image_tokens"),
)


def read(record: JsonObject) -> Iterator[Row]:
    """A row per token class that was used, or none for a bucket without usage."""
    cells = filled(record)
    if not is_idle(cells):
        counts = {name: whole(cells, name) for name in COUNTS}
        yield from usage({**cells, **counts, "batch": flag(cells, "batch")}, NAME, "completions")


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("csv",),
    summary="OpenAI dashboard usage export, completions: tokens and requests per bucket",
    verified="real file",
    read=read,
    shows=("cache classes", "tier"),
    columns=COLUMNS,
    numeric=("start_time", "end_time", *COUNTS),
    covers=covered,
)
