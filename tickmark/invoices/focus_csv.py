"""`focus_csv`: charges in the FinOps Open Cost and Usage Specification, versions 1.0 to 1.4.

Where it comes from: the FOCUS export of a cloud, a marketplace or a provider, as CSV. One record is one
charge. Columns are matched by name in PascalCase; unknown ones are ignored.
Amount: `BilledCost` in `BillingCurrency` (ISO 4217), as invoiced; what a commitment covers is 0 here.
Pricing in virtual currency is out of scope: its columns are not read.
Tokens: `ConsumedQuantity` counts tokens only where `ConsumedUnit` is Tokens or Token. The token class is
from `SkuPriceDetails` (`TokenDirection`, `TokenCacheAction`; 1.5 draft) or, without these, from
`SkuMeter`; a token on a Read or Write row is on no other row, so input without an action is uncached.
A cache write has a class only where `SkuMeter` names its lifetime (`cache_write_5m`): FOCUS has no
column for it. Unit prices are per `PricingUnit`, as FOCUS defines them.
Zone: UTC by specification, also where real files leave the zone out ("2024-09-18 23:00:00"); dates
without a time are refused. Real files write NULL for null.
Verified: all 1,000 rows of the official FOCUS 1.0 sample (anonymised real rows, 2024); the AI columns
only on the specification's own examples. Source: FOCUS 1.0-1.4, and the 1.5 working draft of 2026-08.
"""

from collections.abc import Iterator

from tickmark import providers, strictjson
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, optional_text, text
from tickmark.invoices._fields import (
    TOKENS,
    currency,
    natural_key,
    optional_decimal,
    period,
    pick,
    required_decimal,
    service_tier,
    storable,
)
from tickmark.records import TOKEN_CLASSES, BillingLine, Row

NAME = "focus_csv"
COLUMNS = (
    "InvoiceIssuerName",
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "BilledCost",
    "BillingCurrency",
)
CHARGE_CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
IDENTITY = (
    "InvoiceIssuerName",
    "ServiceProviderName",
    "HostProviderName",
    "ProviderName",
    "PublisherName",
    "BillingAccountId",
    "SubAccountId",
    "InvoiceId",
    "InvoiceDetailId",
    "BillingCurrency",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "PricingCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountStatus",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "RegionId",
    "AvailabilityZone",
    "ServiceName",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "SkuPriceDetails",
    "ConsumedUnit",
    "ResourceId",
    "AllocatedResourceId",
    "CredentialId",
    "PrincipalId",
    "Tags",
)

_BY_DETAILS = {
    ("Input", None): "uncached_input",
    ("Input", "Uncached"): "uncached_input",
    ("Input", "Read"): "cache_read",
    ("Output", None): "output",
    ("Output", "Uncached"): "output",
}
_BY_METER = {
    "input tokens": "uncached_input",
    "cached input tokens": "cache_read",
    "cache read input tokens": "cache_read",
    "output tokens": "output",
    **{token_class: token_class for token_class in TOKEN_CLASSES},
}


def read(record: JsonObject) -> Iterator[Row]:
    """One charge."""
    line = {column: value for column, value in record.items() if value not in ("", "NULL")}
    start, end = period(line, "ChargePeriodStart", "ChargePeriodEnd", naive_is_utc=True)
    issuer = text(line, "InvoiceIssuerName")
    details = _details(line)
    unit = _unit(line)
    yield BillingLine(
        record_key=_key(line),
        provider=providers.by_name(_first(line, "ServiceProviderName", "ProviderName") or issuer),
        invoice_issuer_name=issuer,
        charge_category=_category(line),
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=storable(required_decimal(line, "BilledCost"), "BilledCost"),
        billing_currency=currency(line, "BillingCurrency"),
        invoice_id=optional_text(line, "InvoiceId"),
        billing_account_id=optional_text(line, "BillingAccountId"),
        sub_account_id=optional_text(line, "SubAccountId"),
        charge_class=optional_text(line, "ChargeClass"),
        charge_description=optional_text(line, "ChargeDescription"),
        sku_id=optional_text(line, "SkuId"),
        sku_meter=optional_text(line, "SkuMeter"),
        consumed_quantity=optional_decimal(line, "ConsumedQuantity"),
        consumed_unit=unit,
        list_unit_price=optional_decimal(line, "ListUnitPrice"),
        contracted_unit_price=optional_decimal(line, "ContractedUnitPrice"),
        list_cost=optional_decimal(line, "ListCost"),
        contracted_cost=optional_decimal(line, "ContractedCost"),
        x_model=optional_text(details, "ModelId"),
        x_token_class=_token_class(line, details, unit),
        x_service_tier=service_tier(optional_text(details, "x_ServiceTier")),
        x_amount_text=text(line, "BilledCost"),
    )


def _key(line: JsonObject) -> str:
    dimensions = pick(line, IDENTITY)
    for start, end in (("ChargePeriodStart", "ChargePeriodEnd"), ("BillingPeriodStart", "BillingPeriodEnd")):
        if start in line:
            dimensions[start], dimensions[end] = period(line, start, end, naive_is_utc=True)
    return natural_key(NAME, dimensions)


def _first(line: JsonObject, *columns: str) -> str | None:
    return next((found for column in columns if (found := optional_text(line, column))), None)


def _category(line: JsonObject) -> str:
    category = text(line, "ChargeCategory")
    if category not in CHARGE_CATEGORIES:
        raise RecordRejected(
            "E-FIELD-VALUE", "ChargeCategory", f"one of {', '.join(CHARGE_CATEGORIES)}", category
        )
    return category


def _unit(line: JsonObject) -> str | None:
    unit = optional_text(line, "ConsumedUnit")
    return TOKENS if unit is not None and unit.lower() in ("token", "tokens") else unit


def _details(line: JsonObject) -> JsonObject:
    source = optional_text(line, "SkuPriceDetails")
    if source is None:
        return {}
    try:
        details = strictjson.loads(source)
    except RecordRejected as rejected:
        raise RecordRejected(rejected.rule, "SkuPriceDetails", rejected.expected, source) from None
    if not isinstance(details, dict):
        raise RecordRejected("E-FIELD-TYPE", "SkuPriceDetails", "a JSON object", source)
    return details


def _token_class(line: JsonObject, details: JsonObject, unit: str | None) -> str | None:
    if unit not in (None, TOKENS):
        return None
    direction = optional_text(details, "TokenDirection")
    action = optional_text(details, "TokenCacheAction")
    by_meter = _BY_METER.get((optional_text(line, "SkuMeter") or "").lower())
    if direction is None:
        return by_meter
    if action == "Write":
        return by_meter if by_meter is not None and by_meter.startswith("cache_write") else None
    return _BY_DETAILS.get((direction, action))


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("csv",),
    summary="FOCUS 1.0-1.4 charges as CSV",
    verified="real file",
    read=read,
    columns=COLUMNS,
    keyed=False,
)
