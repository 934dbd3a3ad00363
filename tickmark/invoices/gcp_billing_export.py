"""`gcp_billing_export`: the model charges in Google Cloud's billing export.

Where it comes from: the BigQuery tables gcp_billing_export_v1_* (standard) or
gcp_billing_export_resource_v1_* (detailed), exported as JSON lines or Parquet, or as CSV with nested
columns under dotted names ("service.description"; lists as JSON text). One record is one SKU of one
project and hour; only the services Vertex AI and Gemini API are read, others are not usage. Taxes and
roundings of the whole invoice (service "Invoice") belong to no service and are not usage either; those of
the two services are read.
Model, token class and tier: from the SKU's text by the words in `cloud_meters.yaml` ("Gemini 2.5 Flash GA
Text Input - Predictions"). The model is the SKU's own words ("Gemini 2.5 Flash", "Gemini 3.7 Flash
global"); it is not the name in the logs: map it in `model_aliases` of tickmark.yaml. Output with and
without thinking are two SKUs of one model. A SKU the words do not cover (audio, images, cache storage,
grounding) has no model.
Quantity: `usage.amount`; units `count`, `requests` and `tokens` of a token SKU are tokens.
Amount: `cost`, a 64-bit float (its noise is dropped), before credits; each entry of `credits` is a line
of its own, category Credit. cost_type tax is Tax, adjustment and rounding_error are Adjustment.
Keys: records have no id. BigQuery only appends: corrections are further records with a later
`export_time`, which is a part of the key; equal records of one file are all real.
Zone: UTC; invoices follow the month in Pacific time (`invoice.month`), so the first and last hours of a
month may be on the neighbouring invoice. Currency: the billing account's.
Checked against: Google's documentation only, no real export. Source: Cloud Billing, structure of detailed
data export (2026-09).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tickmark.errors import RecordRejected
from tickmark.formats import Format, Json, JsonObject, child, instant, objects, one_of, optional_text, text
from tickmark.invoices._fields import (
    currency,
    filled,
    float_amount,
    natural_key,
    optional_decimal,
    period,
    pick,
)
from tickmark.invoices._meters import consumed, meter, provider_of
from tickmark.records import BillingLine, Row
from tickmark.strictjson import json_value

NAME = "gcp_billing_export"
CATEGORIES = {"regular": "Usage", "tax": "Tax", "adjustment": "Adjustment", "rounding_error": "Adjustment"}
IDENTITY = (
    *("billing_account_id", "cost_type", "currency", "transaction_type", "seller_name"),
    *("service", "sku", "project", "resource", "location", "labels", "system_labels", "tags", "invoice"),
)
LISTS = ("credits", "labels", "system_labels", "tags")
"""Columns that CSV holds as JSON text."""


def read(record: JsonObject) -> Iterator[Row]:
    """One charge for models, and one line per credit against it."""
    line = _nested(record)
    service, sku = child(line, "service"), child(line, "sku")
    names = text(service, "description"), optional_text(service, "id")
    if (provider := provider_of("gcp", *names)) is None:
        return
    charged = _charge(line, sku, provider)
    yield charged
    for number, credit in enumerate(objects(line, "credits")):
        yield replace(
            charged,
            record_key=f"{charged.record_key}:credit:{number}",
            charge_category="Credit",
            charge_description=optional_text(credit, "full_name") or optional_text(credit, "name"),
            billed_cost=float_amount(credit, "amount"),
            consumed_quantity=None,
            consumed_unit=None,
            list_cost=None,
            list_unit_price=None,
            contracted_unit_price=None,
            x_amount_text=str(credit["amount"]),
        )


def _charge(line: JsonObject, sku: JsonObject, provider: str) -> BillingLine:
    start, end = period(line, "usage_start_time", "usage_end_time", naive_is_utc=True)
    described = text(sku, "description")
    metered = meter("gcp", described)
    quantity, unit = consumed("gcp", metered, child(line, "usage"), "amount", "unit")
    return BillingLine(
        record_key=_key(line, {"start": start, "end": end}),
        provider=provider,
        invoice_issuer_name="Google Cloud",
        charge_category=CATEGORIES[one_of({"cost_type": "regular", **line}, "cost_type", CATEGORIES)],
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=float_amount(line, "cost"),
        billing_currency=currency(line, "currency"),
        billing_account_id=optional_text(line, "billing_account_id"),
        sub_account_id=optional_text(child(line, "project"), "id"),
        charge_description=described,
        sku_id=optional_text(sku, "id"),
        sku_meter=described,
        consumed_quantity=quantity,
        consumed_unit=unit,
        list_cost=float_amount(line, "cost_at_list") if line.get("cost_at_list") is not None else None,
        list_unit_price=optional_decimal(child(line, "price"), "list_price"),
        contracted_unit_price=optional_decimal(child(line, "price"), "effective_price"),
        resource_id=optional_text(child(line, "resource"), "name"),
        x_model=metered.model,
        x_token_class=metered.token_class,
        x_service_tier=metered.service_tier,
        x_amount_text=str(line["cost"]),
    )


def _key(line: JsonObject, times: Mapping[str, object]) -> str:
    exported = instant(line, "export_time", naive_is_utc=True) if "export_time" in line else None
    return natural_key(NAME, {**times, "exported": exported, **pick(line, IDENTITY)})


def _nested(record: JsonObject) -> JsonObject:
    """A record without empty cells, its dotted columns put together."""
    line: dict[str, Json] = {}
    for column, value in filled(record).items():
        outer, _, inner = column.partition(".")
        place = line.setdefault(outer, {}) if inner else line
        if not isinstance(place, dict):
            raise RecordRejected("E-FIELD-TYPE", outer, "an object, or columns with dotted names", place)
        place[inner or outer] = json_value(record, column) if column in LISTS else value
    return line


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("jsonl", "parquet", "csv"),
    summary="Google Cloud billing export (BigQuery): charges of Vertex AI and the Gemini API",
    verified="unverified",
    read=read,
    shows=("cache classes", "tier", "cost"),
    numeric=("cost", "cost_at_list", "usage.amount", "price.list_price", "price.effective_price"),
    keyed=False,
)
