"""`openai_costs`: what OpenAI charged per day and line item.

Where it comes from: GET /v1/organization/costs, pages saved unchanged (day buckets only). One record is
one charge; ask with group_by line_item, project_id, api_key_id.
Amount: US dollars, a JSON number that was a 64-bit float (its noise is dropped); live answers of
2026-05 also carry it as decimal text, which is exact and kept as it is. Credits and grants are not here.
Line items are display text without a published grammar. Shapes seen in live answers between 2026-05
and 2026-08: a model, a modality, what was counted, a band, as in "priority | gpt-5.6-sol, output, long
context", "gpt-image-2-2026-04-21 text, cached input", "gpt-5.6-terra, cache writes"; "web search tool
calls"; names alone ("whisper"). Dashboard exports write "gpt-5-nano, input_tokens". The prefixes
"priority | " and "flex | " were seen, "batch | " is taken to be alike. Audio and image tokens have classes
of their own; any other text has neither model nor class, and the charge is loaded all the same. Cache
writes carry no lifetime: 30 minutes, the default.
Quantity: `1000_tokens` is turned into tokens; other units stay as they are.
Zone: UTC, [start_time, end_time) in Unix seconds. Currency: `amount.currency`, so far always usd.
Source: openai-openapi of 2026-08-21; its reference says that costs, not usage, reconcile to the invoice.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from tickmark import providers
from tickmark.formats import Format, JsonObject, child, decimal, optional_text
from tickmark.invoices._fields import (
    TOKENS,
    WIDE,
    currency,
    float_amount,
    natural_key,
    period,
    pick,
    service_tier,
    storable,
)
from tickmark.invoices._openai import require_kind
from tickmark.records import BillingLine, Row

NAME = "openai_costs"
KIND = "organization.costs.result"
GROUP_KEYS = ("organization_id", "project_id", "user_id", "api_key_id", "line_item", "api_source")

_TOKEN_LINE = re.compile(
    r"(?:(?P<tier>priority|flex|batch) \| )?(?P<model>[\w.:/-]+)(?: (?P<modality>text|audio|image))?"
    r", (?P<meter>[a-z_ ]+)(?:, long context)?",
    re.ASCII,
)
_TOKEN_CLASSES = {
    "input": "uncached_input",
    "input_tokens": "uncached_input",
    "cached input": "cache_read",
    "cache writes": "cache_write_30m",
    "output": "output",
    "output_tokens": "output",
}
_MODALITIES = {
    ("audio", "uncached_input"): "input_audio",
    ("audio", "cache_read"): "cache_audio",
    ("audio", "output"): "output_audio",
    ("image", "uncached_input"): "input_image",
    ("image", "cache_read"): "cache_image",
    ("image", "output"): "output_image",
}
_WEB_SEARCH = "web search tool calls"
_SHIFTS = {"tokens": 0, "1000_tokens": 3}


def read(record: JsonObject) -> Iterator[Row]:
    """One charge."""
    require_kind(record, KIND)
    charge = child(record, "amount")
    billed = float_amount({"amount.value": charge.get("value")}, "amount.value")
    yield charge_line(record, NAME, billed, currency(charge, "currency"), str(charge["value"]))


def charge_line(
    record: JsonObject, key_space: str, billed: Decimal, billing_currency: str, written: str
) -> BillingLine:
    """A charge with the fields that the API and the dashboard's export have in common."""
    start, end = period(record, "start_time", "end_time")
    item = optional_text(record, "line_item")
    model, token_class, tier = line_item(item or "")
    quantity, unit = _consumed(record)
    return BillingLine(
        record_key=natural_key(key_space, {"start": start, "end": end, **pick(record, GROUP_KEYS)}),
        provider=providers.by_name("openai"),
        invoice_issuer_name="OpenAI",
        charge_category="Usage",
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=billed,
        billing_currency=billing_currency,
        billing_account_id=optional_text(record, "organization_id"),
        sub_account_id=optional_text(record, "project_id"),
        charge_description=item,
        consumed_quantity=quantity,
        consumed_unit=unit,
        x_model=model,
        x_token_class=token_class,
        x_service_tier=tier,
        x_amount_text=written,
    )


def line_item(item: str) -> tuple[str | None, str | None, str]:
    """(model, token class, tier) of a line item; no model and no class where its shape is not known."""
    if item == _WEB_SEARCH:
        return None, "web_search", "standard"
    found = _TOKEN_LINE.fullmatch(item)
    if found is None or found["meter"] not in _TOKEN_CLASSES:
        return None, None, "standard"
    modality, token_class = found["modality"] or "text", _TOKEN_CLASSES[found["meter"]]
    own = token_class if modality == "text" else _MODALITIES.get((modality, token_class))
    return found["model"], own, service_tier(found["tier"])


def _consumed(record: JsonObject) -> tuple[Decimal | None, str | None]:
    quantity, unit = decimal(record, "quantity"), optional_text(record, "quantity_unit")
    if quantity is not None:
        quantity = storable(WIDE.scaleb(quantity, _SHIFTS.get(unit or "", 0)), "quantity")
    return quantity, TOKENS if unit in _SHIFTS else unit


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("bucket_pages",),
    summary="OpenAI costs API: charges per day and line item",
    verified="unverified",
    read=read,
)
