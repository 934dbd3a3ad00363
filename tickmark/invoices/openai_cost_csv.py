"""`openai_cost_csv`: what OpenAI charged per day, as the dashboard's cost export.

Where it comes from: platform.openai.com, Usage, Export, cost data (CSV; `.tsv` with tabs is read too). One
record is one charge of one day; a day without charges is a row whose other cells are empty: it counts as
blank, and as covered. Columns grew over the years (quantity, user_id, api_source, ...) and are matched by
name; unknown ones are ignored.
Amount: `amount_value` is decimal text with up to 30 places and is exact: 18 are kept, beyond that it is cut
to the nearest. Credits and grants are not here. `line_item`, `quantity` and `quantity_unit` are those of the
costs API (see `openai_costs`); a line without `line_item` was not split and has neither model nor class.
Zone: UTC days. The Unix times decide; the ISO columns repeat them, in older exports without an offset.
Currency: `amount_currency`, so far always usd.
Quirks: an export may lag behind; deliver `openai_costs` or this, not both (one cost report per account).
Source: a real export of 2025-10 (10 columns, ids masked) and the columns of one of 2026-09 (17).
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject, text
from tickmark.invoices._fields import currency, filled, required_decimal, storable
from tickmark.invoices._openai_dashboard import COLUMNS, covered, is_idle
from tickmark.invoices.openai_costs import charge_line
from tickmark.records import Row

NAME = "openai_cost_csv"


def read(record: JsonObject) -> Iterator[Row]:
    """One charge, or none for a day without charges."""
    cells = filled(record)
    if not is_idle(cells):
        billed = storable(required_decimal(cells, "amount_value"), "amount_value")
        written = text(cells, "amount_value")
        yield charge_line(cells, NAME, billed, currency(cells, "amount_currency"), written)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("csv",),
    summary="OpenAI dashboard cost export: charges per day, idle days included",
    verified="real file",
    read=read,
    shows=("cost",),
    columns=COLUMNS,
    numeric=("start_time", "end_time"),
    covers=covered,
)
