"""What the reports of Anthropic's APIs have in common: a result of a usage report, an item of a cost report.

Lives here: keys, disjoint classes, cents, kinds of cost. The Admin API and the Analytics API write the same
fields. Does not live here: what the exports of the Console write (_anthropic_console).
Source: platform.claude.com, Usage and Cost API and Analytics API, 2026-08-21.
"""

from collections.abc import Iterator
from decimal import Decimal

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import JsonObject, child, count, optional_text, required_count, text
from tickmark.invoices._fields import (
    WIDE,
    currency,
    grouped_by,
    natural_key,
    period,
    pick,
    required_decimal,
    served_tier,
    storable,
    usage_rows,
)
from tickmark.records import BillingLine, UsageBucket

GROUP_KEYS = (
    *("account_id", "service_account_id", "workspace_id", "api_key_id", "model", "service_tier"),
    *("context_window", "inference_geo", "speed", "description", "cost_type", "token_type"),
    *("product", "slack_channel_id"),
)
CACHE_WRITES = {
    "ephemeral_5m_input_tokens": "cache_write_5m",
    "ephemeral_1h_input_tokens": "cache_write_1h",
}
TOKEN_CLASSES = {
    "uncached_input_tokens": "uncached_input",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
    "output_tokens": "output",
}
CENT_SHIFT = -2


def usage(record: JsonObject, key_space: str) -> Iterator[UsageBucket]:
    """A row per class that was used, and always one of `uncached_input`."""
    start, end = period(record, "starting_at", "ending_at")
    first = UsageBucket(
        record_key=natural_key(key_space, {"start": start, "end": end, **pick(record, GROUP_KEYS)}),
        provider=providers.by_name("anthropic"),
        model=grouped_by(record, "model"),
        token_class="uncached_input",
        bucket_start=start,
        bucket_end=end,
        tokens_usage_export=required_count(record, "uncached_input_tokens"),
        requests=count(record, "requests"),
        service_tier=_tier(record),
        context_window=optional_text(record, "context_window"),
        inference_geo=optional_text(record, "inference_geo"),
        project_id=optional_text(record, "workspace_id") or optional_text(record, "product"),
        credential_id=optional_text(record, "api_key_id"),
    )
    parts = {
        "cache_read": required_count(record, "cache_read_input_tokens"),
        **_cache_writes(child(record, "cache_creation")),
        "output": required_count(record, "output_tokens"),
        "web_search": count(child(record, "server_tool_use"), "web_search_requests") or 0,
    }
    yield from usage_rows(first, parts)


def charge(record: JsonObject, key_space: str) -> BillingLine:
    """One cost item; its amount is decimal text in cents."""
    start, end = period(record, "starting_at", "ending_at")
    written = text(record, "amount")
    kind, meter = optional_text(record, "cost_type"), optional_text(record, "token_type")
    return BillingLine(
        record_key=natural_key(key_space, {"start": start, "end": end, **pick(record, GROUP_KEYS)}),
        provider=providers.by_name("anthropic"),
        invoice_issuer_name="Anthropic",
        charge_category="Usage",
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=_dollars(record, "amount"),
        billing_currency=currency(record, "currency"),
        sub_account_id=optional_text(record, "workspace_id") or optional_text(record, "product"),
        charge_description=optional_text(record, "description"),
        sku_meter=meter or kind,
        list_cost=_dollars(record, "list_amount") if optional_text(record, "list_amount") else None,
        x_model=optional_text(record, "model"),
        x_token_class=kind if kind == "web_search" else TOKEN_CLASSES.get(meter or ""),
        x_service_tier=_tier(record),
        x_amount_text=written,
    )


def _dollars(record: JsonObject, field: str) -> Decimal:
    """Cents as dollars: the point is moved, nothing is rounded."""
    return storable(WIDE.scaleb(required_decimal(record, field), CENT_SHIFT), field)


def without_groups(record: JsonObject) -> JsonObject:
    """Refuse rows by team: whoever is in two teams is in two rows, and their sum is no total."""
    if record.get("rbac_group_id") is not None:
        expected = "null (export without group_by[]=rbac_group_id: its rows overlap)"
        raise RecordRejected("E-FIELD-VALUE", "rbac_group_id", expected, record["rbac_group_id"])
    return record


def _tier(record: JsonObject) -> str:
    return served_tier(optional_text(record, "service_tier"), optional_text(record, "speed"))


def _cache_writes(creation: JsonObject) -> dict[str, int]:
    if not creation.keys() <= CACHE_WRITES.keys():
        # A lifetime of another name has another price; leaving it out would hide its tokens.
        raise RecordRejected("E-USAGE-SHAPE", "cache_creation", f"only {', '.join(CACHE_WRITES)}", creation)
    return {token_class: required_count(creation, field) for field, token_class in CACHE_WRITES.items()}
