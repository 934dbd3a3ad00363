"""`anthropic_console_cost_csv`: charges per day, model and kind of token, from the Anthropic Console.

Where it comes from: platform.claude.com, Cost, Export (`claude_api_cost_<from>.csv`). One record is one
charge: one combination of model, workspace, key, usage type, context window and token type in one day.
Columns are matched by name; 7 (2024), 12 and 14 (2026) were seen.
Amount: `cost_usd` in US dollars, rounded to cents row by row: small rows say 0.00 and sums drift by up to
half a cent per row. For an audit deliver `anthropic_cost_report`, which is exact. `list_price_usd`, where
given, is the same before discounts.
Models: the display name ("Claude Haiku 4.5") is mapped to the API's id by the dated list that ships with
Tickmark (anthropic_models.yaml); a name that is not listed stays as it is and meets no price.
Kinds: `token_type` (input_no_cache, input_cache_read, input_cache_write_5m, input_cache_write_1h, output) or,
for what is not tokens, `cost_type`; an unknown kind is loaded without a token class.
Zone: UTC days. Currency: US dollars. Quirks: days without charges are absent; `api_key` is the key's name,
`api_key_id` came later and is a part of a charge's identity: do not mix exports of both for one day.
Source: the columns of exports of 2024-12, 2026-03 and 2026-08, with invented amounts; no real amounts read.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.formats import Format, JsonObject, optional_text, text
from tickmark.invoices._anthropic_console import day_or_hour, model_id, tier
from tickmark.invoices._fields import filled, natural_key, optional_decimal, pick, required_decimal, storable
from tickmark.records import BillingLine, Row

NAME = "anthropic_console_cost_csv"
DIMENSIONS = (
    *("model", "workspace", "api_key", "usage_type", "context_window", "token_type", "cost_type"),
    *("inference_geo", "speed", "api_key_id"),
)
COLUMNS = ("usage_date_utc", "model", "workspace", "api_key", "usage_type", "token_type", "cost_usd")
TOKEN_CLASSES = {
    "input_no_cache": "uncached_input",
    "input_cache_read": "cache_read",
    "input_cache_write_5m": "cache_write_5m",
    "input_cache_write_1h": "cache_write_1h",
    "output": "output",
}


def read(record: JsonObject) -> Iterator[Row]:
    """One charge."""
    start, end = day_or_hour(record)
    name, meter = optional_text(record, "model"), optional_text(record, "token_type")
    kind = optional_text(record, "cost_type")
    yield BillingLine(
        record_key=natural_key(NAME, {"start": start, "end": end, **pick(filled(record), DIMENSIONS)}),
        provider=providers.by_name("anthropic"),
        invoice_issuer_name="Anthropic",
        charge_category="Usage",
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=storable(required_decimal(record, "cost_usd"), "cost_usd"),
        billing_currency="USD",
        sub_account_id=optional_text(record, "workspace"),
        charge_description=name,
        sku_meter=meter or kind,
        list_cost=optional_decimal(record, "list_price_usd"),
        x_model=None if name is None else model_id(name, start.date()),
        x_token_class=kind if kind == "web_search" else TOKEN_CLASSES.get(meter or ""),
        x_service_tier=tier(record),
        x_amount_text=text(record, "cost_usd"),
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("csv",),
    summary="Anthropic Console cost export: charges per day, rounded to cents",
    verified="unverified",
    read=read,
    shows=("cost", "tier"),
    columns=COLUMNS,
)
