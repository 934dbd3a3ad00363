"""`aws_cur2`: the Bedrock lines of an AWS Cost and Usage Report (CUR 2.0).

Where it comes from: AWS Data Exports, CUR 2.0, CSV (gzip) or Parquet, hourly or daily. One record is one
line item; only those of Bedrock are read (product code or product name contains "Bedrock", which covers
the Marketplace editions of Claude); every other service is not usage. Include resource ids to see
application inference profiles: `line_item_resource_id` becomes the resource. CUR knows no requests.
Model, token class and tier: from `line_item_usage_type` by the words in `cloud_meters.yaml`
("USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global"); of a Marketplace line the model
is the product ("Claude Sonnet 4.5 (Amazon Bedrock Edition)" without the edition). It is the bill's name,
neither the model id nor the ARN of the logs: map it in `model_aliases` of tickmark.yaml. Global routing
has a price of its own and stays behind the name ("Claude4.6Opus global"). A usage type the words do not
cover (images, provisioned throughput, guardrails, custom models) is a line without model. Cache writes
without a lifetime are 5 minutes, Bedrock's default; 1 hour and 30 minutes are named.
Quantity: in `pricing_unit`; 1K tokens, 1M tokens and Marketplace Units (1M) are turned into tokens,
exactly.
Amount: `line_item_unblended_cost`. Discounts, refunds and negations are adjustments, fees are purchases.
Keys: `identity_line_item_id` changes with every refresh of a report (AWS says so) and the invoice id is
empty until the month is final: a line is known by what it charges for, so a refreshed report with other
amounts contradicts the one before. Deliver the final report alone.
Zone: UTC, also where the zone is left out. Currency: `line_item_currency_code`.
Checked against: AWS documentation and price lists only, no real export. Source: AWS Data Exports table
dictionary, and "Understanding your Amazon Bedrock Cost and Usage Report data" (2026-11).
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.formats import Format, JsonObject, one_of, optional_text
from tickmark.invoices._fields import (
    currency,
    natural_key,
    optional_decimal,
    period,
    pick,
    required_decimal,
    storable,
)
from tickmark.invoices._meters import consumed, meter, model_sold, provider_of
from tickmark.records import BillingLine, Row
from tickmark.strictjson import json_object

NAME = "aws_cur2"
COLUMNS = (
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_usage_start_date",
    "line_item_usage_end_date",
    "line_item_usage_amount",
    "line_item_unblended_cost",
    "line_item_currency_code",
)
IDENTITY = (
    "bill_payer_account_id",
    "bill_billing_entity",
    "bill_bill_type",
    "line_item_usage_account_id",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_operation",
    "line_item_resource_id",
    "line_item_iam_principal",
    "line_item_line_item_description",
    "line_item_currency_code",
    "pricing_unit",
)
CATEGORIES = {
    "Usage": "Usage",
    "DiscountedUsage": "Usage",
    "SavingsPlanCoveredUsage": "Usage",
    "Fee": "Purchase",
    "RIFee": "Purchase",
    "SavingsPlanRecurringFee": "Purchase",
    "SavingsPlanUpfrontFee": "Purchase",
    "Tax": "Tax",
    "Credit": "Credit",
    "Refund": "Adjustment",
    "Discount": "Adjustment",
    "BundledDiscount": "Adjustment",
    "EdpDiscount": "Adjustment",
    "PrivateRateDiscount": "Adjustment",
    "RiVolumeDiscount": "Adjustment",
    "SppDiscount": "Adjustment",
    "DistributorDiscount": "Adjustment",
    "SavingsPlanNegation": "Adjustment",
}


def read(record: JsonObject) -> Iterator[Row]:
    """One line item of Bedrock."""
    product = _product(record)
    if provider_of("aws", optional_text(record, "line_item_product_code"), product) is not None:
        yield line_item(record, model_sold(product))


def line_item(record: JsonObject, sold: str | None) -> BillingLine:
    """A line item; `sold` is the model that its product is about."""
    start, end = period(record, "line_item_usage_start_date", "line_item_usage_end_date", naive_is_utc=True)
    metered = meter("aws", optional_text(record, "line_item_usage_type"), sold)
    quantity, unit = consumed("aws", metered, record, "line_item_usage_amount", "pricing_unit")
    cost = required_decimal(record, "line_item_unblended_cost")
    return BillingLine(
        record_key=natural_key(NAME, {"start": start, "end": end, **pick(record, IDENTITY)}),
        provider=providers.by_name("bedrock"),
        invoice_issuer_name=optional_text(record, "bill_invoicing_entity") or "Amazon Web Services",
        charge_category=CATEGORIES[one_of(record, "line_item_line_item_type", CATEGORIES)],
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=storable(cost, "line_item_unblended_cost"),
        billing_currency=currency(record, "line_item_currency_code"),
        invoice_id=optional_text(record, "bill_invoice_id"),
        billing_account_id=optional_text(record, "bill_payer_account_id"),
        sub_account_id=optional_text(record, "line_item_usage_account_id"),
        charge_description=optional_text(record, "line_item_line_item_description"),
        sku_id=optional_text(record, "product_sku"),
        sku_meter=optional_text(record, "line_item_usage_type"),
        consumed_quantity=quantity,
        consumed_unit=unit,
        list_unit_price=optional_decimal(record, "pricing_public_on_demand_rate"),
        contracted_unit_price=optional_decimal(record, "line_item_unblended_rate"),
        list_cost=optional_decimal(record, "pricing_public_on_demand_cost"),
        resource_id=optional_text(record, "line_item_resource_id"),
        x_model=metered.model,
        x_token_class=metered.token_class,
        x_service_tier=metered.service_tier,
        x_amount_text=str(record["line_item_unblended_cost"]),
    )


def _product(record: JsonObject) -> str | None:
    """The product's name: in the map `product` of CUR 2.0, or in a column of its own."""
    return optional_text(record, "product_product_name") or optional_text(
        json_object(record, "product"), "product_name"
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("csv", "parquet"),
    summary="AWS Cost and Usage Report (CUR 2.0): charges of Amazon Bedrock",
    verified="unverified",
    read=read,
    shows=("cache classes", "tier", "cost"),
    columns=COLUMNS,
    keyed=False,
)
