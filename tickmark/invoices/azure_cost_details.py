"""`azure_cost_details`: the model charges in the cost details of Microsoft Cost Management.

Where it comes from: an export or download of cost details (actual cost) of an Enterprise Agreement or a
Microsoft Customer Agreement, CSV or Parquet. One record is one meter of one resource and day; only meters
of Azure OpenAI and Foundry Models are read, by `MeterCategory` and `MeterSubCategory`; others are not
usage. Models of partners that are sold through the marketplace (category SaaS) are not among them.
Columns: matched by name, upper and lower case alike: agreements spell them differently. The cost is
`Cost` (EA) or `costInBillingCurrency` (MCA). Azure's FOCUS export is format `focus_csv`.
Model, token class and tier: from `MeterName` by the words in `cloud_meters.yaml` ("5.6 luna ShortCo Cd
Inp Std DZ 1M Tokens"). The model is the meter's own word ("gpt-4o 1120"), with its deployment type behind
it where that has a price of its own ("gpt-4o 1120 global", "5.6 luna data zone"); it is not the name in
the logs: map it in `model_aliases` of tickmark.yaml. A meter the words do not cover (PTU hours, audio,
fine-tuning, embeddings) is a line without model. Short and long context are bands of one model.
Quantity: in blocks of `UnitOfMeasure`; 1K and 1M of a token meter are turned into tokens, exactly.
Amount: not rounded; the invoice cuts each meter's sum to the currency's decimals.
Keys: records have no id; a line is known by what it charges for, equal lines of one file are all real.
Zone: days in UTC, MM/DD/YYYY or ISO; a line lasts one day. Currency: `BillingCurrency`.
Checked against: a real EA export (Microsoft's FinOps toolkit, 2023), which has no charge for models;
meter names against the retail price list. Source: Cost Management, cost details schema (2026-10).
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from tickmark.formats import Format, JsonObject, instant, one_of, optional_text, text
from tickmark.invoices._fields import (
    at_midnight,
    currency,
    filled,
    natural_key,
    optional_decimal,
    pick,
    required_decimal,
    storable,
)
from tickmark.invoices._meters import consumed, meter, provider_of
from tickmark.records import BillingLine, Row

NAME = "azure_cost_details"
IDENTITY = (
    "billingaccountid",
    "billingprofileid",
    "invoicesectionid",
    "subscriptionid",
    "resourceid",
    "meterid",
    "metername",
    "product",
    "partnumber",
    "unitofmeasure",
    "chargetype",
    "pricingmodel",
    "frequency",
    "billingcurrency",
    "reservationid",
    "benefitid",
    "tags",
    "additionalinfo",
    "costallocationrulename",
)
CATEGORIES = {
    "Usage": "Usage",
    "UnusedReservation": "Usage",
    "UnusedSavingsPlan": "Usage",
    "Purchase": "Purchase",
    "Tax": "Tax",
    "Refund": "Adjustment",
    "Adjustment": "Adjustment",
    "RoundingAdjustment": "Adjustment",
}
_AMERICAN = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", re.ASCII)


def read(record: JsonObject) -> Iterator[Row]:
    """One charge for models."""
    line = {column.lower(): value for column, value in filled(record).items()}
    names = text(line, "metercategory"), optional_text(line, "metersubcategory")
    if (provider := provider_of("azure", *names)) is not None:
        yield charge(line, provider)


def charge(line: JsonObject, provider: str) -> BillingLine:
    """The charge of a record without empty cells, its columns in lower case."""
    start = instant({"date": at_midnight(_iso(text(line, "date")))}, "date", naive_is_utc=True)
    paid = "costinbillingcurrency" if "costinbillingcurrency" in line else "cost"
    named = optional_text(line, "metername")
    metered = meter("azure", named)
    quantity, unit = consumed("azure", metered, line, "quantity", "unitofmeasure")
    return BillingLine(
        record_key=natural_key(NAME, {"start": start, **pick(line, IDENTITY)}),
        provider=provider,
        invoice_issuer_name="Microsoft",
        charge_category=CATEGORIES[one_of(line, "chargetype", CATEGORIES)],
        charge_period_start=start,
        charge_period_end=start + timedelta(days=1),
        billed_cost=storable(required_decimal(line, paid), paid),
        billing_currency=currency(line, "billingcurrency"),
        invoice_id=optional_text(line, "invoiceid"),
        billing_account_id=optional_text(line, "billingaccountid"),
        sub_account_id=optional_text(line, "subscriptionid"),
        charge_description=optional_text(line, "product"),
        sku_id=optional_text(line, "meterid"),
        sku_meter=named,
        consumed_quantity=quantity,
        consumed_unit=unit,
        list_unit_price=optional_decimal(line, "paygprice"),
        contracted_unit_price=optional_decimal(line, "unitprice"),
        resource_id=optional_text(line, "resourceid"),
        x_model=metered.model,
        x_token_class=metered.token_class,
        x_service_tier=metered.service_tier,
        x_amount_text=str(line[paid]),
    )


def _iso(day: str) -> str:
    """A day as ISO writes it, where it is written month first."""
    return "-".join(found.group(3, 1, 2)) if (found := _AMERICAN.fullmatch(day)) else day


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("csv", "parquet"),
    summary="Azure cost details (EA, MCA): charges of Azure OpenAI and Foundry Models",
    verified="unverified",
    read=read,
    shows=("cache classes", "tier", "cost"),
    keyed=False,
)
