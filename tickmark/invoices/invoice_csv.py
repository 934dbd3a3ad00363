"""`invoice_csv`: the payable documents, one line each.

Where it comes from: finance, who copies each invoice's head from the PDF; providers send no file. The
columns are FOCUS names. One record is one invoice, known by its issuer and number; a line with the same
number and another amount is a conflict, not a correction: a credit note has its own number.
Amount: `BilledCost`, the payable total as printed, plain decimal ("1234.56", no thousands separator);
negative for a credit note. A prepaid provider's invoice is a purchase of credit, not usage.
Zone: timestamps carry their zone; a date alone is midnight UTC. `BillingPeriodEnd` is exclusive.
`InvoiceIssueDate` may be empty. Currency: ISO 4217.
Source: this project's own format; FOCUS 1.4 Invoice Detail for the names (2026).
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.formats import Format, JsonObject, instant, text
from tickmark.invoices._fields import at_midnight, currency, natural_key, period, required_decimal, storable
from tickmark.records import Invoice, Row

NAME = "invoice_csv"
COLUMNS = (
    "InvoiceIssuerName",
    "InvoiceId",
    "InvoiceIssueDate",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "BilledCost",
    "BillingCurrency",
)
_TIMES = ("InvoiceIssueDate", "BillingPeriodStart", "BillingPeriodEnd")


def read(record: JsonObject) -> Iterator[Row]:
    """One invoice."""
    line = {column: at_midnight(value) if column in _TIMES else value for column, value in record.items()}
    issuer, number = text(line, "InvoiceIssuerName"), text(line, "InvoiceId")
    start, end = period(line, "BillingPeriodStart", "BillingPeriodEnd")
    yield Invoice(
        record_key=natural_key(NAME, {"InvoiceIssuerName": issuer, "InvoiceId": number}),
        provider=providers.by_name(issuer),
        invoice_issuer_name=issuer,
        invoice_id=number,
        invoice_issue_date=instant(line, "InvoiceIssueDate") if line.get("InvoiceIssueDate") else None,
        billing_period_start=start,
        billing_period_end=end,
        billed_cost=storable(required_decimal(line, "BilledCost"), "BilledCost"),
        billing_currency=currency(line, "BillingCurrency"),
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("invoices",),
    containers=("csv",),
    summary="invoice totals as finance received them, one per line",
    verified="own format",
    read=read,
    columns=COLUMNS,
)
