"""`focus_csv`: charges in the FinOps Open Cost and Usage Specification, versions 1.0 to 1.4.

Where it comes from: the FOCUS export of a cloud, a marketplace or a provider, as CSV or Parquet. One
record is one charge. Columns are matched by name in PascalCase; unknown ones are ignored. The provider is
`ServiceProviderName` (1.3 and later), else `ProviderName` (to 1.2), else the issuer.
Clouds: of AWS, Microsoft and Google Cloud only services about models are read (Amazon Bedrock, Azure
OpenAI, Foundry Models, Vertex AI, Gemini API), by `ServiceName` or the cloud's own `x_` columns; other
services are not usage. Where no `SkuPriceDetails` names the model, the cloud's meter text does (AWS
`x_UsageType`, Azure `SkuMeter`), by the words in `cloud_meters.yaml`; others keep no model.
Amount: `BilledCost` in `BillingCurrency` (ISO 4217), as invoiced; what a commitment covers is 0 here.
Virtual currency (1.2 and later): where `PricingCurrency` is not ISO 4217, `PricingCurrencyEffectiveCost`
is what the charge draws from prepaid credit, and becomes an entry of the credit ledger as well.
Tokens: `ConsumedQuantity` counts tokens only where `ConsumedUnit` is Tokens or Token, or a cloud's unit
for a token meter (Azure: `Units` that are `PricingQuantity` times `x_PricingBlockSize`). The token class
is from `SkuPriceDetails` (`TokenDirection`, `TokenCacheAction`; 1.5 draft) or, without these, from
`SkuMeter`; a token on a Read or Write row is on no other row, so input without an action is uncached. A
cache write has a class only where `SkuMeter` names its lifetime (`cache_write_5m`): FOCUS has no column
for it. Unit prices are per `PricingUnit`, as FOCUS defines them.
Zone: UTC by specification, also where real files leave the zone out ("2024-09-18 23:00:00"); dates
without a time are refused. Real files write NULL for null.
Verified: all 1,000 rows of the official FOCUS 1.0 sample (anonymised real rows of AWS, Microsoft and
Oracle, 2024; none is about models); the AI columns and virtual currency only on the specification's own
examples, the meters of clouds on their public price lists. Source: FOCUS 1.0-1.4, and the 1.5 working
draft of 2026-08.
"""

from collections.abc import Iterator
from decimal import Decimal

from tickmark import providers
from tickmark.formats import Format, JsonObject, one_of, optional_text, text
from tickmark.invoices._fields import (
    TOKENS,
    WIDE,
    currency,
    filled,
    is_iso_4217,
    natural_key,
    optional_decimal,
    period,
    pick,
    required_decimal,
    service_tier,
    storable,
)
from tickmark.invoices._meters import (
    Meter,
    cloud_named,
    consumed,
    focus_meter,
    meter,
    model_sold,
    provider_of,
)
from tickmark.records import TOKEN_CLASSES, BillingLine, CreditEntry, Row
from tickmark.strictjson import json_object

NAME = "focus_csv"
COLUMNS = (
    "InvoiceIssuerName",
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "BilledCost",
    "BillingCurrency",
)
SERVICES = ("ServiceName", "x_ServiceCode", "x_SkuMeterCategory", "x_SkuMeterSubcategory")
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
    """One charge and what it draws from credit; nothing for a service that is not about models."""
    line = filled(record, "NULL")
    cloud, provider = _seller(line)
    if provider is not None:
        charged = charge(line, provider, cloud)
        yield charged
        yield from _drawn(line, charged)


def charge(line: JsonObject, provider: str, cloud: str | None) -> BillingLine:
    """The charge of a record without empty cells."""
    start, end = period(line, "ChargePeriodStart", "ChargePeriodEnd", naive_is_utc=True)
    details, metered = json_object(line, "SkuPriceDetails"), _meter(line, cloud)
    quantity, unit = _consumed(line, cloud, metered)
    return BillingLine(
        record_key=_key(line),
        provider=provider,
        invoice_issuer_name=text(line, "InvoiceIssuerName"),
        charge_category=one_of(line, "ChargeCategory", CHARGE_CATEGORIES),
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
        consumed_quantity=quantity,
        consumed_unit=unit,
        list_unit_price=optional_decimal(line, "ListUnitPrice"),
        contracted_unit_price=optional_decimal(line, "ContractedUnitPrice"),
        list_cost=optional_decimal(line, "ListCost"),
        contracted_cost=optional_decimal(line, "ContractedCost"),
        resource_id=optional_text(line, "ResourceId"),
        x_model=optional_text(details, "ModelId") or metered.model,
        x_token_class=_token_class(line, details, unit) or metered.token_class,
        x_service_tier=service_tier(optional_text(details, "x_ServiceTier") or metered.service_tier),
        x_amount_text=str(line["BilledCost"]),
    )


def _seller(line: JsonObject) -> tuple[str | None, str | None]:
    """(cloud, provider): no cloud where the seller is none, no provider for a cloud's other services."""
    name = _first(line, "ServiceProviderName", "ProviderName") or text(line, "InvoiceIssuerName")
    cloud = cloud_named(name)
    if cloud is None:
        return None, providers.by_name(name)
    return cloud, provider_of(cloud, *(optional_text(line, column) for column in SERVICES))


def _meter(line: JsonObject, cloud: str | None) -> Meter:
    """What a cloud's own meter text says."""
    if cloud is None:
        return Meter()
    return meter(
        cloud, optional_text(line, focus_meter(cloud)), model_sold(optional_text(line, "ServiceName"))
    )


def _drawn(line: JsonObject, charged: BillingLine) -> Iterator[CreditEntry]:
    """What a usage charge draws from prepaid credit in a virtual currency."""
    priced_in = optional_text(line, "PricingCurrency")
    if priced_in is None or is_iso_4217(priced_in) or charged.charge_category != "Usage":
        return
    if drawn := optional_decimal(line, "PricingCurrencyEffectiveCost"):
        yield CreditEntry(
            record_key=f"{charged.record_key}:credit",
            provider=charged.provider,
            entry_at=charged.charge_period_start,
            entry_kind="usage",
            amount=drawn.copy_negate(),
            currency=priced_in,
            invoice_id=charged.invoice_id,
            description=charged.charge_description,
        )


def _key(line: JsonObject) -> str:
    dimensions = pick(line, IDENTITY)
    for start, end in (("ChargePeriodStart", "ChargePeriodEnd"), ("BillingPeriodStart", "BillingPeriodEnd")):
        if start in line:
            dimensions[start], dimensions[end] = period(line, start, end, naive_is_utc=True)
    return natural_key(NAME, dimensions)


def _first(line: JsonObject, *columns: str) -> str | None:
    return next((found for column in columns if (found := optional_text(line, column))), None)


def _consumed(line: JsonObject, cloud: str | None, metered: Meter) -> tuple[Decimal | None, str | None]:
    quantity, unit = optional_decimal(line, "ConsumedQuantity"), optional_text(line, "ConsumedUnit")
    if unit is not None and unit.lower() in ("token", "tokens"):
        return quantity, TOKENS
    if cloud is None or metered.token_class is None:
        return quantity, unit
    blocks, size = optional_decimal(line, "PricingQuantity"), optional_decimal(line, "x_PricingBlockSize")
    if (
        unit == "Units"
        and blocks is not None
        and size is not None
        and WIDE.multiply(blocks, size) == quantity
    ):
        return quantity, TOKENS
    return consumed(cloud, metered, line, "ConsumedQuantity", "ConsumedUnit")


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
    tables=("billing_lines", "credit_ledger"),
    containers=("csv", "parquet"),
    summary="FOCUS 1.0-1.4 charges as CSV or Parquet",
    verified="real file",
    read=read,
    shows=("cache classes", "tier", "cost"),
    columns=COLUMNS,
    keyed=False,
)
