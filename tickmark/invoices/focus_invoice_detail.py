"""`focus_invoice_detail`: the lines of payable invoices, FOCUS 1.4 dataset Invoice Detail.

Where it comes from: the FOCUS export of an invoice issuer, CSV or Parquet. One record is one line of an
invoice, known by issuer, `InvoiceId` and `InvoiceDetailId`. The table `invoices` takes them line by line:
an invoice is the sum of its lines, and each line may be rounded by half a cent.
Status: lines of an `Issued` invoice are payable; those of a `Voided` one are 0, so that they supersede
what was issued before; an `Open` one is provisional and not usage. Of several deliveries of a line the
one with the latest `InvoiceDetailLastUpdated` counts. Do not deliver the same invoice in `invoice_csv` as
well: it would count twice.
Amount: `BilledCost` in `BillingCurrency` (ISO 4217); the payment currency is not read. The provider is
the issuer: an invoice of a marketplace is the marketplace's.
Zone: UTC, also where the zone is left out. Real files write NULL for null.
Checked against: the specification only. Source: FOCUS 1.4, Invoice Detail (2026). Whether a month is final
says `focus_billing_period`.
"""

from collections.abc import Iterator
from decimal import Decimal

from tickmark import months, providers
from tickmark.formats import Format, JsonObject, instant, one_of, text
from tickmark.invoices._fields import currency, filled, natural_key, period, pick, required_decimal, storable
from tickmark.records import Invoice, Row

NAME = "focus_invoice_detail"
COLUMNS = (
    "InvoiceIssuerName",
    "InvoiceId",
    "InvoiceDetailId",
    "InvoiceIssueStatus",
    "InvoiceDetailLastUpdated",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "BilledCost",
    "BillingCurrency",
)
STATES = ("Open", "Issued", "Voided")


def read(record: JsonObject) -> Iterator[Row]:
    """One line of an invoice that is, or was, issued."""
    line = filled(record, "NULL")
    state = one_of(line, "InvoiceIssueStatus", STATES)
    if state == "Open":
        return
    cost = required_decimal(line, "BilledCost") if state == "Issued" else Decimal(0)
    issuer = text(line, "InvoiceIssuerName")
    start, end = period(line, "BillingPeriodStart", "BillingPeriodEnd", naive_is_utc=True)
    issued = "InvoiceIssueDate" in line
    text(line, "InvoiceDetailId")
    yield Invoice(
        record_key=natural_key(NAME, pick(line, ("InvoiceIssuerName", "InvoiceId", "InvoiceDetailId"))),
        provider=providers.by_name(issuer),
        invoice_issuer_name=issuer,
        invoice_id=text(line, "InvoiceId"),
        invoice_issue_date=instant(line, "InvoiceIssueDate", naive_is_utc=True) if issued else None,
        billing_period_start=start,
        billing_period_end=end,
        billed_cost=storable(cost, "BilledCost"),
        billing_currency=currency(line, "BillingCurrency"),
    )


def version(record: JsonObject) -> int:
    """When the line was last updated, in microseconds."""
    return months.microseconds(instant(record, "InvoiceDetailLastUpdated", naive_is_utc=True))


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("invoices",),
    containers=("csv", "parquet"),
    summary="FOCUS 1.4 Invoice Detail: payable invoices, line by line",
    verified="unverified",
    read=read,
    shows=("cost",),
    columns=COLUMNS,
    version=version,
)
