"""`stripe_invoices`: Stripe invoices and credit notes, with every line.

Where it comes from: GET /v1/invoices and /v1/credit_notes of whoever bills through Stripe, saved unchanged:
one object, a list, or a page (`{"object": "list", "data": [...]}`). Customers get only the PDF, so the issuer
must hand the JSON over. One record is one document, known by its id.
Issuer: `account_name`. Credit notes have none: export them with `expand[]=data.invoice`.
Payable: `total` of an invoice that is open, paid or uncollectible; a draft is not usage; a void one counts 0
and supersedes what was delivered before. What a customer's balance or a payment settles does not change it.
A credit note is a document of its own with a negative amount, in the month in which it was issued: deliver
them too, for the amounts that an invoice repeats of them are not read. Test mode is not usage.
Lines: each line, and its discounts (Adjustment), applied credit (Credit) and taxes (Tax) as charges of their
own; a tax inside the price is taken out of its line. They add up to `total` to the last unit, or the
document is refused; shipping is not supported. `lines.has_more` must be false. Lines have no model and no
token class. Where all lines sell prepaid credit, the document is an invoice and a purchase in the credit
ledger, and has no charges.
Period: each charge has its line's, half-open; where start and end are the same, one second. Stripe's
documentation calls the end inclusive, yet the next period begins at that second. The invoice has the span of
its lines, for `period_start` speaks of when items were added.
Amounts: whole minor units; JPY has none, KWD three decimals (docs.stripe.com/currencies). Zone: Unix seconds.
Checked against: Stripe's official fixtures (openapi fixtures3, 2026-08), whose figures are partly random; no
invoice of a real account. API versions from 2025-03-31 (`taxes`) and before (`tax_amounts`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import (
    Format,
    JsonObject,
    child,
    decimal,
    enveloped,
    epoch,
    objects,
    one_of,
    optional_text,
    text,
)
from tickmark.invoices._credit_sales import sells_credit
from tickmark.invoices._fields import natural_key, optional_decimal
from tickmark.invoices._stripe import (
    first_time,
    in_currency,
    is_live,
    iso_currency,
    issuer,
    reference,
    units,
)
from tickmark.records import BillingLine, CreditEntry, Invoice, Row

NAME = "stripe_invoices"
STATES = {
    "invoice": {"draft": 0, "open": 1, "uncollectible": 2, "paid": 2, "void": 3},
    "credit_note": {"issued": 1, "void": 3},
}
"""What becomes of a document, and which delivery of it is the later one; a draft is not payable."""
INSTANT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Document:
    """An invoice or a credit note, and how its figures count: 1, -1, or 0 where it is void."""

    key: str
    kind: str
    issuer: str
    number: str
    currency: str
    issued_at: datetime
    customer: str | None
    sign: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One charge of a line, in minor units."""

    name: str
    category: str
    amount: int
    written: int


def read(record: JsonObject) -> Iterator[Row]:
    """The document and its charges, or the credit that it sells."""
    kind = one_of(record, "object", STATES)
    if not is_live(record) or (state := one_of(record, "status", STATES[kind])) == "draft":
        return
    document = _document(record, kind, state)
    lines = _lines(record)
    _add_up(record, lines)
    periods = [_period(document, line) for line in lines]
    yield _invoice(record, document, periods)
    if kind == "invoice" and sells_credit(_words(lines), "lines.data.description"):
        yield _credit(document, lines)
        return
    for line, period in zip(lines, periods, strict=True):
        yield from _charges(document, line, period)


def version(record: JsonObject) -> int:
    """A document that is void comes after one that is paid, and that after an open one."""
    return STATES[text(record, "object")][text(record, "status")]


def _document(record: JsonObject, kind: str, state: str) -> _Document:
    return _Document(
        key=natural_key(NAME, {"id": text(record, "id")}),
        kind=kind,
        issuer=_issuer(record),
        number=text(record, "number"),
        currency=iso_currency(record),
        issued_at=_issued_at(record),
        customer=reference(record, "customer"),
        sign=0 if state == "void" else -1 if kind == "credit_note" else 1,
    )


def _issuer(record: JsonObject) -> str:
    if (name := issuer(record)) is None:
        expected = "the issuer, here or in the expanded invoice"
        raise RecordRejected("E-FIELD-MISSING", "account_name", expected, None)
    return name


def _issued_at(record: JsonObject) -> datetime:
    """The date that the document prints."""
    transitions = child(record, "status_transitions")
    if record.get("effective_at") is None and transitions.get("finalized_at") is not None:
        return epoch(transitions, "finalized_at", 1)
    return first_time(record, "effective_at", "created")


def _lines(record: JsonObject) -> list[JsonObject]:
    lines = child(record, "lines")
    if lines.get("has_more") not in (None, False):
        raise RecordRejected("E-FIELD-VALUE", "lines.has_more", "false: every line of the document", True)
    if not (found := objects(lines, "data")):
        raise RecordRejected("E-FIELD-MISSING", "lines.data", "at least one line", lines.get("data"))
    for line in found:
        if line.get("currency", record["currency"]) != record["currency"]:
            raise RecordRejected("E-FIELD-CURRENCY", "lines.data.currency", "the document's currency", None)
    return found


def _add_up(record: JsonObject, lines: list[JsonObject]) -> None:
    """Raise RecordRejected where the charges do not add up to the total, to the last unit."""
    total = units(record, "total")
    if sum(part.amount for line in lines for part in _parts(line)) != total:
        expected = "the sum of the lines, less discounts and applied credit, plus taxes"
        raise RecordRejected("E-BILL-SUM", "total", expected, total)


def _parts(line: JsonObject) -> Iterator[_Part]:
    """What a line adds to the total: itself without the tax inside it, then what is taken off and added."""
    taxes = objects(line, "taxes" if line.get("taxes") is not None else "tax_amounts")
    amount = units(line, "amount")
    net = amount - sum(units(tax, "amount") for tax in taxes if _is_inside(tax))
    yield _Part("line", "Credit" if amount < 0 else "Usage", net, amount)
    for discount in objects(line, "discount_amounts"):
        yield _Part("discount", "Adjustment", -units(discount, "amount"), units(discount, "amount"))
    for credit in objects(line, "pretax_credit_amounts"):
        # Those of type `discount` are the discounts again.
        if text(credit, "type") == "credit_balance_transaction":
            yield _Part("credit", "Credit", -units(credit, "amount"), units(credit, "amount"))
    for tax in taxes:
        yield _Part("tax", "Tax", units(tax, "amount"), units(tax, "amount"))


def _is_inside(tax: JsonObject) -> bool:
    if isinstance(inside := tax.get("inclusive"), bool):
        return inside
    if (behavior := text(tax, "tax_behavior")) not in ("inclusive", "exclusive"):
        raise RecordRejected("E-FIELD-VALUE", "taxes.tax_behavior", "inclusive or exclusive", behavior)
    return behavior == "inclusive"


def _period(document: _Document, line: JsonObject) -> tuple[datetime, datetime]:
    if document.kind == "credit_note":
        return document.issued_at, document.issued_at + INSTANT
    said = child(line, "period")
    start, end = epoch(said, "start", 1), epoch(said, "end", 1)
    if end < start:
        raise RecordRejected("E-FIELD-PERIOD", "lines.data.period.end", "a time after start", said["end"])
    return start, max(end, start + INSTANT)


def _words(lines: list[JsonObject]) -> list[tuple[str, bool]]:
    return [(optional_text(line, "description") or "", units(line, "amount") > 0) for line in lines]


def _invoice(record: JsonObject, document: _Document, periods: list[tuple[datetime, datetime]]) -> Invoice:
    return Invoice(
        record_key=document.key,
        provider=providers.by_name(document.issuer),
        invoice_issuer_name=document.issuer,
        invoice_id=document.number,
        invoice_issue_date=document.issued_at,
        billing_period_start=min(start for start, _ in periods),
        billing_period_end=max(end for _, end in periods),
        billed_cost=in_currency(document.sign * units(record, "total"), document.currency, "total"),
        billing_currency=document.currency,
    )


def _credit(document: _Document, lines: list[JsonObject]) -> CreditEntry:
    """The credit sold: what the lines say, before discounts and without tax."""
    sold = sum(part.amount for line in lines for part in _parts(line) if part.name == "line")
    return CreditEntry(
        record_key=document.key,
        provider=providers.by_name(document.issuer),
        entry_at=document.issued_at,
        entry_kind="purchase",
        amount=in_currency(document.sign * sold, document.currency, "lines.data.amount"),
        currency=document.currency,
        invoice_id=document.number,
        description=optional_text(lines[0], "description"),
    )


def _charges(
    document: _Document, line: JsonObject, period: tuple[datetime, datetime]
) -> Iterator[BillingLine]:
    pricing = child(line, "pricing")
    for number, part in enumerate(_parts(line)):
        is_line = part.name == "line"
        yield BillingLine(
            record_key=f"{document.key}:{text(line, 'id')}:{number}",
            provider=providers.by_name(document.issuer),
            invoice_issuer_name=document.issuer,
            charge_category="Credit" if is_line and document.sign < 0 else part.category,
            charge_period_start=period[0],
            charge_period_end=period[1],
            billed_cost=in_currency(document.sign * part.amount, document.currency, "lines.data.amount"),
            billing_currency=document.currency,
            invoice_id=document.number,
            billing_account_id=document.customer,
            charge_class="Correction" if document.kind == "credit_note" else None,
            charge_description=optional_text(line, "description"),
            sku_id=reference(child(pricing, "price_details"), "price"),
            consumed_quantity=_quantity(line) if is_line else None,
            contracted_unit_price=_unit_price(pricing, document.currency) if is_line else None,
            x_amount_text=str(part.written),
        )


def _quantity(line: JsonObject) -> Decimal | None:
    return optional_decimal(line, "quantity_decimal") or optional_decimal(line, "quantity")


def _unit_price(pricing: JsonObject, code: str) -> Decimal | None:
    price = decimal(pricing, "unit_amount_decimal")
    return None if price is None else in_currency(price, code, "pricing.unit_amount_decimal")


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("invoices", "billing_lines", "credit_ledger"),
    containers=("json",),
    summary="Stripe invoices and credit notes (API objects), every line",
    verified="unverified",
    read=read,
    unfold=enveloped,
    version=version,
)
