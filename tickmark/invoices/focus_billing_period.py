"""`focus_billing_period`: whether a billing period is open or closed, FOCUS 1.4 dataset Billing Period.

Where it comes from: the FOCUS export of an invoice issuer, CSV or Parquet. One record is one billing period
of one issuer. While it is `Open` the issuer may still change its charges: a close of it is a draft.
Of several deliveries of a period the one with the latest `BillingPeriodLastUpdated` counts.
Zone: UTC, also where the zone is left out. Real files write NULL for null. It holds no amounts.
Checked against: the specification only. Source: FOCUS 1.4, Billing Period (2026).
"""

from collections.abc import Iterator

from tickmark import months, providers
from tickmark.formats import Format, JsonObject, instant, one_of, text
from tickmark.invoices._fields import natural_key, period
from tickmark.records import BillingPeriod, Row

NAME = "focus_billing_period"
COLUMNS = (
    "InvoiceIssuerName",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "BillingPeriodStatus",
    "BillingPeriodLastUpdated",
)
STATES = ("Open", "Closed")


def read(record: JsonObject) -> Iterator[Row]:
    """One billing period."""
    state, issuer = one_of(record, "BillingPeriodStatus", STATES), text(record, "InvoiceIssuerName")
    start, end = period(record, "BillingPeriodStart", "BillingPeriodEnd", naive_is_utc=True)
    yield BillingPeriod(
        record_key=natural_key(NAME, {"InvoiceIssuerName": issuer, "start": start, "end": end}),
        provider=providers.by_name(issuer),
        invoice_issuer_name=issuer,
        billing_period_start=start,
        billing_period_end=end,
        billing_period_status=state,
    )


def version(record: JsonObject) -> int:
    """When the period was last updated, in microseconds."""
    return months.microseconds(instant(record, "BillingPeriodLastUpdated", naive_is_utc=True))


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_periods",),
    containers=("csv", "parquet"),
    summary="FOCUS 1.4 Billing Period: which months an issuer may still change",
    verified="unverified",
    read=read,
    columns=COLUMNS,
    version=version,
)
