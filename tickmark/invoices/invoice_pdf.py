"""`invoice_pdf`: an invoice as the PDF that Stripe renders for OpenAI, Anthropic, Together and others.

Where it comes from: the invoice that the provider mails or offers for download; needs `pip install
'tickmark[pdf]'`. One record is one PDF with one invoice, known by issuer and number. A receipt repeats its
invoice and is not usage.
Transcribed: figures of a page are evidence to confirm, not a source. Compare the total in the report with the
PDF before you rely on it; where the provider has a CSV or an API, deliver that.
Layout: English, `Description Qty Unit price (Tax) Amount`, then the totals. Taken are the rows as they
stand on the page. Refused is whatever is not certain to the last digit: another layout or language, tax
inside the price, an amount of unknown meaning, a second total, hidden text, a scan. Each line must be
quantity times unit price, the lines must add up to the subtotal, with discounts and taxes to the total, and
the amount due to what stands above the table.
Credit: where all lines sell prepaid credit ("OpenAI API usage credit", "One-time credit purchase"), it is an
invoice and a purchase in the credit ledger. Words about credit that are not known are refused.
Usage: each line is a charge, and needs its period below it ("Oct 1 - Nov 1, 2026", half-open). Lines have no
model and no token class. Where a cost report gives the charges, deliver the invoice as `invoice_csv` instead.
Currency: the code beside the amount due; € and £ alone. Zone: none is printed; a date is midnight UTC.
03/04/2026 has two meanings and is refused. A hyphen of the number that the text layer lost is put back.
Checked against: texts of OpenAI's and Anthropic's invoices of 2026 as others extracted them; no real PDF.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject
from tickmark.invoices._credit_sales import sells_credit
from tickmark.invoices._fields import natural_key, storable
from tickmark.invoices._stripe_page import Line, Page, parsed
from tickmark.records import BillingLine, CreditEntry, Invoice, Row

NAME = "invoice_pdf"
ISSUERS = ("OpenAI, LLC", "OpenAI OpCo, LLC", "Anthropic, PBC", "Together AI")
"""Names at the head of a page; `providers.yaml` says who they are."""
Span = tuple[datetime, datetime]


def read(record: JsonObject) -> Iterator[Row]:
    """The invoice, and its charges or the credit that it sells."""
    rows = _rows(record)
    if any(row.startswith("Receipt number ") for row in rows):
        return
    issuer, page = _issuer(rows), parsed(rows)
    if sells_credit([(line.words, line.amount > 0) for line in page.lines], "Description"):
        yield _invoice(issuer, page, (page.issued_at, page.issued_at + timedelta(days=1)))
        yield _credit(issuer, page)
        return
    spans = [_span(line) for line in page.lines]
    whole = min(start for start, _ in spans), max(end for _, end in spans)
    yield _invoice(issuer, page, whole)
    yield from _charges(issuer, page, spans, whole)


def _rows(record: JsonObject) -> list[str]:
    rows = record.get("rows")
    if not isinstance(rows, list):
        raise RecordRejected("E-FIELD-TYPE", "rows", "rows of text", rows)
    return [row for row in rows if isinstance(row, str)]


def _issuer(rows: list[str]) -> str:
    """The one known name with which a row begins."""
    names = {name for name in ISSUERS for row in rows if row == name or row.startswith(f"{name} ")}
    if len(names) != 1:
        raise RecordRejected(
            "E-INVOICE-LAYOUT", "(page)", f"one issuer of {'; '.join(ISSUERS)}", sorted(names)
        )
    return names.pop()


def _key(issuer: str, page: Page) -> str:
    return natural_key(NAME, {"issuer": issuer, "number": page.number})


def _span(line: Line) -> Span:
    if line.start is None or line.end is None:
        expected = "its period in the row below it, or words known to sell credit"
        raise RecordRejected("E-FIELD-MISSING", "Description", expected, None)
    return line.start, line.end


def _invoice(issuer: str, page: Page, span: Span) -> Invoice:
    return Invoice(
        record_key=_key(issuer, page),
        provider=providers.by_name(issuer),
        invoice_issuer_name=issuer,
        invoice_id=page.number,
        invoice_issue_date=page.issued_at,
        billing_period_start=span[0],
        billing_period_end=span[1],
        billed_cost=storable(page.total, "Total"),
        billing_currency=page.currency,
        is_transcribed=True,
    )


def _credit(issuer: str, page: Page) -> CreditEntry:
    """The credit sold: what the lines say, before discounts and without tax."""
    return CreditEntry(
        record_key=_key(issuer, page),
        provider=providers.by_name(issuer),
        entry_at=page.issued_at,
        entry_kind="purchase",
        amount=storable(sum((line.amount for line in page.lines), Decimal(0)), "Amount"),
        currency=page.currency,
        invoice_id=page.number,
        description=page.lines[0].words,
    )


def _charges(issuer: str, page: Page, spans: list[Span], whole: Span) -> Iterator[BillingLine]:
    """Each line, then discounts and taxes: together they are the total."""
    number = 0
    for line, span in zip(page.lines, spans, strict=True):
        number += 1
        charge = _charge(issuer, page, number, "Credit" if line.amount < 0 else "Usage", span)
        charge.billed_cost, charge.charge_description = storable(line.amount, "Amount"), line.words
        charge.consumed_quantity = storable(line.quantity, "Qty")
        charge.contracted_unit_price = storable(line.price, "Unit price")
        charge.x_amount_text = line.written
        yield charge
    for category, amounts in (("Adjustment", page.discounts), ("Tax", page.taxes)):
        for words, amount in amounts:
            number += 1
            charge = _charge(issuer, page, number, category, whole)
            charge.billed_cost, charge.charge_description = storable(amount, "Total"), words
            yield charge


def _charge(issuer: str, page: Page, number: int, category: str, span: Span) -> BillingLine:
    return BillingLine(
        record_key=f"{_key(issuer, page)}:{number}",
        provider=providers.by_name(issuer),
        invoice_issuer_name=issuer,
        charge_category=category,
        charge_period_start=span[0],
        charge_period_end=span[1],
        billed_cost=Decimal(0),
        billing_currency=page.currency,
        invoice_id=page.number,
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("invoices", "billing_lines", "credit_ledger"),
    containers=("pdf",),
    summary="invoice PDFs in Stripe's layout (OpenAI, Anthropic, Together); an extra; figures to confirm",
    verified="unverified",
    read=read,
)
