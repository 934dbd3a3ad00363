"""`anthropic_cost_report`: what Anthropic charged per day and kind of cost.

Where it comes from: GET /v1/organizations/cost_report, pages saved unchanged (day buckets only). One
record is one cost item; ask with group_by workspace_id and description: with description an item says
model, tier and inference_geo too; without it, neither model nor kind, and it keeps no token class.
Amount: decimal text in cents with a fraction, "123.45" is 1.2345 US dollars; the point is moved, nothing
is rounded. An amount that is a JSON number is refused: it is not from this endpoint (100x errors).
Kinds (`cost_type`): tokens, web_search, code_execution, session_usage; only tokens and web searches
have a class. An unknown kind or token type is loaded without one.
Zone: UTC, RFC 3339 with zone, [starting_at, ending_at). Currency: so far always USD.
Quirks: Priority Tier costs never appear; code execution is here but not in the usage report.
Source: platform.claude.com, Cost report, 2026-08-21.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.formats import Format, JsonObject, optional_text, text
from tickmark.invoices._fields import (
    WIDE,
    currency,
    natural_key,
    period,
    pick,
    required_decimal,
    service_tier,
    storable,
)
from tickmark.records import BillingLine, Row

NAME = "anthropic_cost_report"
GROUP_KEYS = (
    "workspace_id",
    "description",
    "cost_type",
    "token_type",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
)
TOKEN_CLASSES = {
    "uncached_input_tokens": "uncached_input",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
    "output_tokens": "output",
}
CENT_SHIFT = -2


def read(record: JsonObject) -> Iterator[Row]:
    """One charge."""
    start, end = period(record, "starting_at", "ending_at")
    written = text(record, "amount")
    dollars = WIDE.scaleb(required_decimal(record, "amount"), CENT_SHIFT)
    kind, meter = optional_text(record, "cost_type"), optional_text(record, "token_type")
    yield BillingLine(
        record_key=natural_key(NAME, {"start": start, "end": end, **pick(record, GROUP_KEYS)}),
        provider=providers.by_name("anthropic"),
        invoice_issuer_name="Anthropic",
        charge_category="Usage",
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=storable(dollars, "amount"),
        billing_currency=currency(record, "currency"),
        sub_account_id=optional_text(record, "workspace_id"),
        charge_description=optional_text(record, "description"),
        sku_meter=meter or kind,
        x_model=optional_text(record, "model"),
        x_token_class=kind if kind == "web_search" else TOKEN_CLASSES.get(meter or ""),
        x_service_tier=service_tier(optional_text(record, "service_tier")),
        x_amount_text=written,
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("bucket_pages",),
    summary="Anthropic cost report: charges per day, model and kind of cost",
    verified="unverified",
    read=read,
)
