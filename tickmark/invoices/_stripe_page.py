"""The rows of an invoice's pages in Stripe's layout, as figures: head, lines, totals.

Lives here: which row is what, and the sums that must hold. Nothing is guessed: a row with an amount that has
no known meaning, a second total or a sum that is off refuses the document.
Does not live here: text out of a PDF (intake/pdfrows) and what the figures become (invoice_pdf).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tickmark import money
from tickmark.errors import RecordRejected
from tickmark.invoices._dates import printed

_SYMBOLS = {"€": "EUR", "£": "GBP"}
_MONEY = r"[-\u2212]?[$€£](?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\.[0-9]{2,12}"
_LINE = re.compile(
    rf"(?P<words>.+?) (?P<quantity>[0-9][0-9,]*(?:\.[0-9]+)?) (?P<price>{_MONEY})"
    rf"(?: [0-9.]+%(?: ?\[?[0-9]\]?)?)? (?P<amount>{_MONEY})"
)
_TOTAL = re.compile(rf"(?P<label>.+?) (?P<amount>{_MONEY})(?: (?P<code>[A-Z]{{3}}))?")
_DUE = re.compile(rf"(?P<amount>{_MONEY})(?: (?P<code>[A-Z]{{3}}))? due .+")
_HEADER = re.compile(r"Description Qty Unit price (?:Tax )?Amount")
_FOOTER = re.compile(r".*\bPage [0-9]+ of [0-9]+")
_NUMBER = re.compile(
    r"Invoice number (?P<series>[A-Z0-9]{4,20})[\0\u2010-\u2015\u2212 -]{1,3}(?P<number>[0-9]{4,6})"
)
_ISSUED = re.compile(r"Date of issue (?P<date>.+)")
_TAX = re.compile(r"(?:[A-Z]{2} )?(?:VAT|GST|HST|PST|QST|JCT|IGST|CGST|SGST|Sales [Tt]ax|Tax)\b.*")
_SETTLED = ("Applied balance", "Amount paid")
_HAS_MONEY = re.compile(r"[$€£¥]")


@dataclass(slots=True)
class Line:
    """One row of the table, with the rows of words below it."""

    words: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    written: str
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What an invoice says."""

    number: str
    issued_at: datetime
    currency: str
    lines: Sequence[Line]
    discounts: Sequence[tuple[str, Decimal]]
    taxes: Sequence[tuple[str, Decimal]]
    total: Decimal


def parsed(rows: Sequence[str]) -> Page:
    """The figures of an invoice, proved by its own sums; raise RecordRejected where it is not sure."""
    header = next((at for at, row in enumerate(rows) if _HEADER.fullmatch(row)), None)
    below = next((at for at, row in enumerate(rows) if row.startswith("Subtotal ")), None)
    if header is None or below is None or below < header:
        raise _layout("a table of lines and its subtotal, in English")
    lines = _lines(rows[header + 1 : below])
    totals = list(_totals(rows[below:]))
    discounts, taxes = _between(totals)
    _add_up(lines, totals, discounts, taxes, rows[:header])
    number = _only(_NUMBER, rows[:header], "one invoice number")
    issued_at = printed(_only(_ISSUED, rows[:header], "one date of issue")["date"])
    if issued_at is None:
        raise RecordRejected(
            "E-FIELD-TIME", "Date of issue", "a date like March 26, 2026, alone in its row", None
        )
    currency = _currency(rows, totals)
    total = _the(totals, "Total")
    return Page(f"{number['series']}-{number['number']}", issued_at, currency, lines, discounts, taxes, total)


def _layout(expected: str) -> RecordRejected:
    return RecordRejected("E-INVOICE-LAYOUT", "(page)", expected, None)


def _only(shape: re.Pattern[str], rows: Sequence[str], expected: str) -> re.Match[str]:
    found = [match for row in rows if (match := shape.fullmatch(row))]
    if len(found) != 1:
        raise _layout(expected)
    return found[0]


def _amount(words: str) -> Decimal:
    return money.parse_decimal(re.sub(r"[$€£,]", "", words.replace("\u2212", "-")))


def _lines(rows: Sequence[str]) -> list[Line]:
    lines: list[Line] = []
    for row in rows:
        if _HEADER.fullmatch(row) or _FOOTER.fullmatch(row):
            continue
        if found := _LINE.fullmatch(row):
            quantity = money.parse_decimal(found["quantity"].replace(",", ""))
            price, amount = _amount(found["price"]), _amount(found["amount"])
            if amount not in (quantity * price, money.cents(quantity * price)):
                raise RecordRejected("E-BILL-SUM", "Amount", "quantity times unit price, to the cent", None)
            lines.append(Line(found["words"], quantity, price, amount, found["amount"]))
        elif _HAS_MONEY.search(row) or not lines:
            raise _layout("lines with words, quantity, unit price and amount; no tax inside the price")
        else:
            _continue(lines[-1], row)
    if not lines:
        raise _layout("at least one line")
    return lines


def _continue(line: Line, row: str) -> None:
    """A row below a line: its period, or more words."""
    span = _span(row)
    if span is None:
        line.words = f"{line.words} {row}"
    elif line.start is not None:
        raise _layout("one period for each line")
    else:
        line.start, line.end = span


def _span(row: str) -> tuple[datetime, datetime] | None:
    """'Jan 12 - Feb 12, 2026', half-open as Stripe prints it; None where the row is no period."""
    for cut in re.finditer(r"[\0\u2010-\u2015\u2212-]", row):
        first, end = row[: cut.start()].strip(), printed(row[cut.end() :])
        if end is None:
            continue
        start = printed(first) or printed(f"{first}, {end.year}") or printed(f"{first} {end.year}")
        if start is not None and start <= end:
            return start, max(end, start + timedelta(days=1))
    return None


def _totals(rows: Sequence[str]) -> Iterator[tuple[str, Decimal, str | None]]:
    for row in rows:
        if _FOOTER.fullmatch(row) or _HEADER.fullmatch(row):
            continue
        if found := _TOTAL.fullmatch(row):
            yield found["label"], _amount(found["amount"]), found["code"]
        elif _HAS_MONEY.search(row):
            raise _layout("totals that each stand in a row of their own")


Totals = Sequence[tuple[str, Decimal, str | None]]
Amounts = list[tuple[str, Decimal]]


def _the(totals: Totals, label: str) -> Decimal:
    found = [amount for said, amount, _ in totals if said == label]
    if len(found) != 1:
        raise _layout(f"one row `{label}`")
    return found[0]


def _between(totals: Totals) -> tuple[Amounts, Amounts]:
    """Discounts and taxes; every other row with an amount must be one of those that are known."""
    discounts: Amounts = []
    taxes: Amounts = []
    for label, amount, _ in totals:
        if label in ("Subtotal", "Total excluding tax", "Total", "Amount due", *_SETTLED):
            continue
        if _TAX.fullmatch(label) and "incl" not in label:
            taxes.append((label, amount))
        elif amount < 0 and not _TAX.fullmatch(label):
            discounts.append((label, amount))
        else:
            raise _layout("discounts below zero, taxes on top of the price, and known totals")
    return discounts, taxes


def _add_up(
    lines: list[Line], totals: Totals, discounts: Amounts, taxes: Amounts, head: Sequence[str]
) -> None:
    """Raise RecordRejected where the figures on the page contradict each other."""
    subtotal = _sum("Subtotal", totals, [line.amount for line in lines], "the sum of the lines")
    untaxed = subtotal + sum(amount for _, amount in discounts)
    if any(label == "Total excluding tax" for label, _, _ in totals):
        _sum("Total excluding tax", totals, [untaxed], "the subtotal less discounts")
    total = _sum(
        "Total", totals, [untaxed, *(amount for _, amount in taxes)], "subtotal, discounts and taxes"
    )
    settled = [-abs(amount) for label, amount, _ in totals if label in _SETTLED]
    due = _sum("Amount due", totals, [total, *settled], "the total less what was paid")
    if any(_amount(found["amount"]) != due for row in head if (found := _DUE.fullmatch(row))):
        raise RecordRejected("E-BILL-SUM", "Amount due", "the amount that stands above the table", None)


def _sum(label: str, totals: Totals, parts: Sequence[Decimal], expected: str) -> Decimal:
    stated = _the(totals, label)
    if sum(parts) != stated:
        raise RecordRejected("E-BILL-SUM", label, expected, stated)
    return stated


def _currency(rows: Sequence[str], totals: Totals) -> str:
    """The code beside the amount due, or what € and £ mean alone; a dollar without a code is unknown."""
    symbols = {symbol for row in rows for symbol in _HAS_MONEY.findall(row)}
    codes = {code for _, _, code in totals if code is not None}
    codes |= {found["code"] for row in rows if (found := _DUE.fullmatch(row)) and found["code"]}
    if not codes and len(symbols) == 1:
        codes = {_SYMBOLS[symbol] for symbol in symbols if symbol in _SYMBOLS}
    if len(codes) != 1 or len(symbols) != 1:
        raise RecordRejected(
            "E-FIELD-CURRENCY", "Amount due", "one currency, with its code beside a dollar", None
        )
    return codes.pop()
