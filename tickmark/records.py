"""The canonical records: one dataclass per table that Python fills.

Lives here: names and types of rows. Their meaning, unit and constraints stand once, in the
DDL of `sql/ingest/_tables.sql`; `tests/test_house.py` holds both together.
Does not live here: reading (gateways/, invoices/) or arithmetic (SQL).
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import Literal, get_args, get_type_hints

TOKEN_CLASSES = (
    "uncached_input",
    "cache_read",
    "cache_write_5m",
    "cache_write_30m",
    "cache_write_1h",
    "cache_write_12h",
    "output",
    "input_audio",
    "cache_audio",
    "output_audio",
    "input_image",
    "cache_image",
    "output_image",
)
"""Disjoint classes that add up to all tokens; reasoning is a part of output.

Audio and image tokens have prices of their own: they are in no text class (those before `input_audio`).
"""

UNIT_CLASSES = (
    "web_search",
    "file_search_call",
    "request_fee",
    "moderation_token",
    "image",
    "speech_character",
    "audio_second",
    "storage_byte",
    "code_session",
)
"""What usage exports and bills count besides tokens; never added to them."""

OUTCOMES = ("success", "provider_error", "client_abort", "timeout", "gateway_cache_hit", "blocked")


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One upstream HTTP attempt, as a gateway logged it (names: OpenTelemetry GenAI)."""

    record_key: str
    provider: str
    operation: str
    started_at: datetime
    ended_at: datetime | None = None
    provider_created_at: datetime | None = None
    request_id: str | None = None
    attempt_number: int | None = None
    retries_collapsed: int | None = None
    attempt_grain: str = "attempt"
    request_model: str | None = None
    response_model: str | None = None
    provider_response_id: str | None = None
    streamed: bool | None = None
    http_status: int | None = None
    error_type: str | None = None
    outcome: str = "success"
    billable_expected: bool | None = True
    tokens_input_total: int | None = None
    tokens_uncached_input: int | None = None
    tokens_cache_read: int | None = None
    tokens_cache_write_5m: int | None = None
    tokens_cache_write_30m: int | None = None
    tokens_cache_write_1h: int | None = None
    tokens_cache_write_12h: int | None = None
    tokens_unclassified: int | None = None
    tokens_output: int | None = None
    tokens_output_reasoning: int | None = None
    units_web_search: int | None = None
    token_semantics: str = "unknown"
    usage_origin: str = "missing"
    service_tier: str = "standard"
    inference_geo: str | None = None
    cost_usd_gateway: Decimal | None = None
    team: str | None = None
    workload: str | None = None
    credential_id: str | None = None


@dataclass(slots=True, kw_only=True)
class UsageBucket:
    """One token class of one bucket of a provider's usage export."""

    record_key: str
    provider: str
    model: str
    token_class: str
    bucket_start: datetime
    bucket_end: datetime
    tokens_usage_export: int
    requests: int | None = None
    service_tier: str = "standard"
    context_window: str | None = None
    inference_geo: str | None = None
    project_id: str | None = None
    credential_id: str | None = None


@dataclass(slots=True, kw_only=True)
class BillingLine:
    """One charge (FOCUS 1.2+ columns in snake case; our own carry `x_`)."""

    record_key: str
    provider: str
    invoice_issuer_name: str
    charge_category: str
    charge_period_start: datetime
    charge_period_end: datetime
    billed_cost: Decimal
    billing_currency: str
    invoice_id: str | None = None
    billing_account_id: str | None = None
    sub_account_id: str | None = None
    charge_class: str | None = None
    charge_description: str | None = None
    sku_id: str | None = None
    sku_meter: str | None = None
    consumed_quantity: Decimal | None = None
    consumed_unit: str | None = None
    list_unit_price: Decimal | None = None
    contracted_unit_price: Decimal | None = None
    list_cost: Decimal | None = None
    contracted_cost: Decimal | None = None
    resource_id: str | None = None
    x_model: str | None = None
    x_token_class: str | None = None
    x_service_tier: str = "standard"
    x_amount_text: str | None = None


@dataclass(slots=True, kw_only=True)
class Invoice:
    """One payable document."""

    record_key: str
    provider: str
    invoice_issuer_name: str
    invoice_id: str
    invoice_issue_date: datetime | None
    billing_period_start: datetime
    billing_period_end: datetime
    billed_cost: Decimal
    billing_currency: str
    is_transcribed: bool = False


@dataclass(slots=True, kw_only=True)
class BillingPeriod:
    """Whether an issuer may still change the charges of a period (FOCUS 1.4 Billing Period)."""

    record_key: str
    provider: str
    invoice_issuer_name: str
    billing_period_start: datetime
    billing_period_end: datetime
    billing_period_status: str


CREDIT_ENTRY_KINDS = ("balance", "purchase", "grant", "usage", "expiry", "refund", "adjustment")


@dataclass(slots=True, kw_only=True)
class CreditEntry:
    """One movement of prepaid credit, or (`balance`) what is left at an instant.

    `amount` is signed as it moves the balance: purchases and grants are positive, usage and expiry negative.
    """

    record_key: str
    provider: str
    entry_at: datetime
    entry_kind: str
    amount: Decimal
    currency: str
    wallet: str | None = None
    invoice_id: str | None = None
    description: str | None = None


@dataclass(slots=True, kw_only=True)
class RateRow:
    """Price of one token class (or per-call unit) in one scope, `[valid_from, valid_to)`.

    The whole request has this price where `prompt_tokens_above < prompt tokens <= prompt_tokens_upto`
    and its minute of the UTC day lies in `[minute_from, minute_upto)`.
    """

    provider: str
    model: str
    service_tier: str
    token_class: str
    valid_from: datetime
    valid_to: datetime
    prompt_tokens_above: int
    prompt_tokens_upto: int | None
    usd_per_unit_list: Decimal
    usd_per_unit: Decimal
    source: str
    contract: str | None = None
    minute_from: int = 0
    minute_upto: int = 1440


Row = Attempt | UsageBucket | BillingLine | Invoice | BillingPeriod | CreditEntry
TableName = Literal[
    "attempts", "usage_buckets", "billing_lines", "invoices", "billing_periods", "credit_ledger"
]
TABLE_OF: dict[type[Row], TableName] = {
    Attempt: "attempts",
    UsageBucket: "usage_buckets",
    BillingLine: "billing_lines",
    Invoice: "invoices",
    BillingPeriod: "billing_periods",
    CreditEntry: "credit_ledger",
}
"""The staged table of each record."""
RECORDS: dict[TableName, type[Row]] = {table: record for record, table in TABLE_OF.items()}


_EVERY: tuple[type[Row | RateRow], ...] = (*TABLE_OF, RateRow)


def _types(record: type[Row | RateRow]) -> Mapping[str, type]:
    return {
        name: next(kind for kind in (get_args(hint) or (hint,)) if kind is not NoneType)
        for name, hint in get_type_hints(record).items()
    }


FIELD_TYPES: dict[type[Row | RateRow], Mapping[str, type]] = {record: _types(record) for record in _EVERY}
"""The type of each field of a record, without None."""
REQUIRED_FIELDS: dict[type[Row | RateRow], frozenset[str]] = {
    record: frozenset(field.name for field in fields(record) if field.default is MISSING) for record in _EVERY
}
"""The fields that every row of a record has."""
