"""Invoices as PDFs: the layout in its variants, contradictions, and attacks. No real PDF is at hand."""

from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.readers.pdfs import page, pdf, run
from tests.readers.reading import SAMPLES, Read, read
from tickmark.errors import BadSpecError, InputRejectedError, RecordRejected
from tickmark.intake import pdfrows
from tickmark.invoices import FORMATS
from tickmark.invoices._dates import printed
from tickmark.records import BillingLine, CreditEntry, Invoice

needs_extra = pytest.mark.skipif(find_spec("pypdf") is None, reason="the extra `pdf` is not installed")
HEADER = ("Description", "Qty", "Unit price", "Tax", "Amount")
HEAD = [
    ("Invoice",),
    "Invoice number A1B2C3D4-0007",
    "Date of issue July 10, 2026",
    "Date due July 10, 2026",
    ("OpenAI, LLC", "Bill to"),
    ("1455 3rd Street", "Example GmbH"),
    "$36.00 USD due July 10, 2026",
    "Pay online",
]
SALE = [
    HEADER,
    ("OpenAI API usage credit", "1", "$30.00", "20%", "$30.00"),
    ("Subtotal", "", "", "", "$30.00"),
    ("Total excluding tax", "", "", "", "$30.00"),
    ("VAT - Germany (20% on $30.00)", "", "", "", "$6.00"),
    ("Total", "", "", "", "$36.00"),
    ("Amount due", "", "", "", "$36.00 USD"),
    "Page 1 of 1",
]
USAGE = [
    HEADER,
    ("Input tokens", "1,250", "$0.04", "", "$50.00"),
    "Jul 1 - Aug 1, 2026",
    ("Output tokens", "100", "$0.105", "", "$10.50"),
    "Jul 1 - Aug 1, 2026",
    "of example-model",
    ("Subtotal", "", "", "", "$60.50"),
    ("Launch discount", "", "", "", "-$10.50"),
    ("Total excluding tax", "", "", "", "$50.00"),
    ("VAT - Germany (19% on $50.00)", "", "", "", "$9.50"),
    ("Total", "", "", "", "$59.50"),
    ("Amount due", "", "", "", "$59.50 USD"),
]
USAGE_HEAD = [row for row in HEAD if row != "$36.00 USD due July 10, 2026"]


def taken(folder: Path, content: bytes) -> Read:
    return read(folder, "invoice_pdf", content, "invoice.pdf")


def invoice(*, head: Any = HEAD, body: Any = SALE) -> bytes:
    return pdf([page([*head, *body])])


def changed(rows: Any, old: Any, new: Any) -> Any:
    assert old in rows
    return [new if row == old else row for row in rows]


@needs_extra
def test_credit_sold_is_an_invoice_and_a_purchase(tmp_path: Path) -> None:
    found = taken(tmp_path, invoice())
    (head,), (credit,) = found.rows["invoices"], found.rows["credit_ledger"]
    assert (head["invoice_id"], head["provider"]) == ("A1B2C3D4-0007", "openai")
    assert (head["billed_cost"], head["billing_currency"]) == (36, "USD")
    assert head["invoice_issue_date"] == datetime(2026, 7, 10, tzinfo=UTC)
    assert (credit["entry_kind"], credit["amount"], credit["invoice_id"]) == ("purchase", 30, "A1B2C3D4-0007")
    assert found.rows["billing_lines"] == []


@needs_extra
def test_the_charges_of_usage_add_up_to_the_total(tmp_path: Path) -> None:
    found = taken(tmp_path, invoice(head=USAGE_HEAD, body=USAGE))
    charges = found.rows["billing_lines"]
    (head,) = found.rows["invoices"]
    assert sum(charge["billed_cost"] for charge in charges) == head["billed_cost"] == Decimal("59.50")
    assert [charge["charge_category"] for charge in charges] == ["Usage", "Usage", "Adjustment", "Tax"]
    assert charges[1]["charge_description"] == "Output tokens of example-model"
    assert (charges[0]["consumed_quantity"], charges[0]["contracted_unit_price"]) == (1250, Decimal("0.04"))
    july = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
    assert (head["billing_period_start"], head["billing_period_end"]) == july


@needs_extra
def test_the_same_page_packed_or_cut_into_two_gives_the_same_rows(tmp_path: Path) -> None:
    rows = [*USAGE_HEAD, *USAGE]
    whole = taken(tmp_path / "a", pdf([page(rows)], packed=True)).rows
    cut = len(USAGE_HEAD) + 3
    two = pdf([page([*rows[:cut], "Page 1 of 2"]), page([HEADER, *rows[cut:], "Page 2 of 2"])])
    for table in ("invoices", "billing_lines"):
        here = [{**row, "byte_length": 0} for row in whole[table]]
        assert here == [{**row, "byte_length": 0} for row in taken(tmp_path / "b", two).rows[table]]
        (tmp_path / "b").rename(tmp_path / f"b-{table}")


@needs_extra
def test_a_receipt_is_no_payable_document(tmp_path: Path) -> None:
    report = taken(tmp_path, invoice(head=[*HEAD, "Receipt number 2559-4010"])).report
    assert (report.read, report.not_usage) == (0, 1)


@needs_extra
def test_a_lost_hyphen_of_the_number_is_put_back(tmp_path: Path) -> None:
    # The text layer of such PDFs may hold a NUL or a dash in its place.
    for at, dash in enumerate(("\0", "\u2013", " ")):
        rows = changed(HEAD, "Invoice number A1B2C3D4-0007", f"Invoice number A1B2C3D4{dash}0007")
        (head,) = taken(tmp_path / str(at), invoice(head=rows)).rows["invoices"]
        assert head["invoice_id"] == "A1B2C3D4-0007"


# Rows as others' extractors gave them for real invoices of 2026-03; names and numbers are changed.
FOUND = {
    "anthropic": (
        *("Invoice number A1B2C3D4 \0 0001", "Date of issue March 26, 2026", "Anthropic, PBC Bill to"),
        *("$12.50 USD due March 26, 2026", "Pay online", "PAYMENT ADDRESS:", "Anthropic, PBC"),
        *("Description Qty Unit price Tax Amount", "One-time credit purchase 1 $10.00 25% $10.00"),
        *("Subtotal $10.00", "Total excluding tax $10.00", "VAT - Sweden (25% on $10.00) $2.50"),
        *("Total $12.50", "Amount due $12.50 USD"),
    ),
    "openai": (
        *("Page 1 of 1", "Invoice number A1B2C3D4 0001", "Date of issue March 26, 2026", "OpenAI OpCo, LLC"),
        *("$10.00 USD due March 26, 2026", "Description Qty Unit price Tax Amount"),
        *("OpenAI API usage credit 1 $10.00 0% 1 $10.00", "Subtotal $10.00", "Total $10.00"),
        *("Amount due $10.00 USD", "1 Tax to be paid on reverse charge basis 1"),
    ),
}


@pytest.mark.parametrize("provider", FOUND)
def test_rows_as_others_found_them_sell_ten_dollars_of_credit(provider: str) -> None:
    head, credit = FORMATS["invoice_pdf"].read({"rows": list(FOUND[provider])})
    assert isinstance(head, Invoice)
    assert isinstance(credit, CreditEntry)
    assert (head.provider, head.invoice_id, credit.amount) == (provider, "A1B2C3D4-0001", 10)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("March 26, 2026", (2026, 3, 26)),
        ("Mar 26, 2026", (2026, 3, 26)),
        ("Sept. 1, 2026", (2026, 9, 1)),
        ("26 March 2026", (2026, 3, 26)),
        ("2026-03-26", (2026, 3, 26)),
        ("03/04/2026", None),
        ("26.03.2026", None),
        ("26 Ekim 2026", None),
        ("February 30, 2026", None),
        ("2026-13-01", None),
        ("March 26", None),
    ],
)
def test_dates_that_have_one_meaning(words: str, day: tuple[int, int, int] | None) -> None:
    assert printed(words) == (None if day is None else datetime(*day, tzinfo=UTC))


# What contradicts itself, or has no known meaning, is refused by name.

LINE = ("OpenAI API usage credit", "1", "$30.00", "20%", "$30.00")
TOTAL = ("Total", "", "", "", "$36.00")
DUE = ("Amount due", "", "", "", "$36.00 USD")
VAT = ("VAT - Germany (20% on $30.00)", "", "", "", "$6.00")


@needs_extra
@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (LINE, ("OpenAI API usage credit", "1", "$31.00", "20%", "$31.00"), " Subtotal .*E-BILL-SUM"),
        (LINE, ("OpenAI API usage credit", "2", "$30.00", "20%", "$30.00"), " Amount .*E-BILL-SUM"),
        (VAT, ("VAT - Germany (20% on $30.00)", "", "", "", "$5.99"), " Total .*E-BILL-SUM"),
        (DUE, ("Amount due", "", "", "", "$35.00 USD"), " Amount due .*E-BILL-SUM"),
        ("$36.00 USD due July 10, 2026", "$63.00 USD due July 10, 2026", " Amount due .*E-BILL-SUM"),
        (DUE, ("Amount due", "", "", "", "$36.00"), "E-FIELD-CURRENCY"),
        (LINE, ("Starter credits", "1", "$30.00", "20%", "$30.00"), "E-FIELD-VALUE"),
        (LINE, ("Tokens", "1", "$30.00", "20%", "$30.00"), " Description .*E-FIELD-MISSING"),
        (LINE, ("OpenAI API usage credit", "1", "$30.00", "20% incl.", "$30.00"), "E-INVOICE-LAYOUT"),
        (LINE, ("OpenAI API usage credit", "1", "$30,00", "20%", "$30,00"), "E-INVOICE-LAYOUT"),
        (VAT, ("Fee", "", "", "", "$6.00"), "E-INVOICE-LAYOUT"),
        ("Pay online", "Invoice number A1B2C3D4-0008", "E-INVOICE-LAYOUT"),
        ("Pay online", "Anthropic, PBC", "E-INVOICE-LAYOUT"),
        ("Date of issue July 10, 2026", "Date of issue 07/10/2026", "E-FIELD-TIME"),
        (("OpenAI, LLC", "Bill to"), ("Somebody, LLC", "Bill to"), "E-INVOICE-LAYOUT"),
        (HEADER, ("Beschreibung", "Menge", "Preis", "Steuer", "Betrag"), "E-INVOICE-LAYOUT"),
    ],
)
def test_figures_that_are_not_sure_refuse_the_file(tmp_path: Path, old: Any, new: Any, rule: str) -> None:
    rows = changed([*HEAD, *SALE], old, new)
    # The currency of the table alone: the row above it names it as well.
    if rule == "E-FIELD-CURRENCY":
        rows = [row for row in rows if row != "$36.00 USD due July 10, 2026"]
    with pytest.raises(InputRejectedError, match=rule):
        taken(tmp_path, pdf([page(rows)]))


@needs_extra
@pytest.mark.parametrize("row", [TOTAL, DUE, ("Subtotal", "", "", "", "$30.00")])
def test_a_second_total_refuses_the_file(tmp_path: Path, row: Any) -> None:
    with pytest.raises(InputRejectedError, match="E-INVOICE-LAYOUT"):
        taken(tmp_path, invoice(body=[*SALE, row]))


PIECES = [*USAGE_HEAD, *USAGE, *SALE, "Receipt", "Total", "$1.00", "Total $1.00 USD", "-$0.01", "1 - 2", "\0"]
ROWS = [row if isinstance(row, str) else " ".join(filter(None, row)) for row in PIECES]


@given(st.lists(st.sampled_from(ROWS) | st.text(max_size=20), max_size=30), st.integers(0, 20))
def test_any_rows_give_charges_that_add_up_or_are_refused(rows: list[str], at: int) -> None:
    plain = [row if isinstance(row, str) else " ".join(filter(None, row)) for row in [*USAGE_HEAD, *USAGE]]
    for record in (rows, [*plain[:at], *rows[:2], *plain[at:]], plain[:at] + plain[at + 1 :]):
        try:
            found = list(FORMATS["invoice_pdf"].read({"rows": [*record]}))
        except RecordRejected:
            continue
        charges = [row.billed_cost for row in found if isinstance(row, BillingLine)]
        totals = [row.billed_cost for row in found if isinstance(row, Invoice)]
        assert sum(charges) == sum(totals) or not charges


# Attacks. A file that does not show what it says is unusable as a whole.

HIDDEN = {
    "invisible": b"BT 3 Tr /F1 9 Tf 40 60 Td (Total $1.00) Tj ET",
    "white": b"1 1 1 rg " + run("Total $1.00", 40, 60),
    "white ink": b"0 0 0 0 k " + run("Total $1.00", 40, 60),
    "tiny": run("Total $1.00", 40, 60, size=0.5),
    "outside": run("Total $1.00", 40, 900),
    "layer": b"/OC /L0 BDC " + run("Total $1.00", 40, 60) + b"EMC",
}


@needs_extra
@pytest.mark.parametrize("drawn", HIDDEN.values(), ids=HIDDEN)
def test_hidden_text_refuses_the_file(tmp_path: Path, drawn: bytes) -> None:
    with pytest.raises(InputRejectedError, match=r"E-PDF-TEXT .*without hidden text"):
        taken(tmp_path, pdf([page([*HEAD, *SALE]) + drawn]))


@needs_extra
def test_a_white_shape_hides_nothing(tmp_path: Path) -> None:
    drawn = b"q 1 1 1 rg 0 0 612 792 re f Q " + page([*HEAD, *SALE])
    assert len(taken(tmp_path, pdf([drawn])).rows["invoices"]) == 1


GOOD = page([*HEAD, *SALE])
ENCRYPT = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (%b) /U (%b) >> /ID [(a) (a)] " % (
    b"o" * 32,
    b"u" * 32,
)


@needs_extra
@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (pdf([b"q 100 0 0 100 0 0 cm Q"]), "E-PDF-TEXT .*not a scan"),
        (pdf([run("x", 40, 60)] * 5000), "E-PDF-TEXT .*at most 50 pages"),
        (pdf([GOOD] * 51), "E-PDF-TEXT .*at most 50 pages"),
        (pdf([run("1 " * 300, 40, 60)]), "E-PDF-TEXT .*rows of at most 500"),
        (pdf([run("x", 40, 60) * 20_000]), "E-PDF-TEXT .*at most 50 pages, and streams"),
        (pdf([b" " * 20_000_000], packed=True), "E-PDF-TEXT .*at most 50 pages, and streams"),
        (pdf([b"q Q " * 10_000] * 4), "E-PDF-TEXT .*operators"),
        (pdf([b"%" + b"x" * 5_000_000]), "E-PDF-TEXT .*bytes"),
        (pdf([GOOD], trailer=ENCRYPT), "E-PDF-TEXT .*encrypted"),
        (pdf([GOOD])[:-300], "E-FILE-TRUNCATED"),
        (b"Invoice number A1B2C3D4-0007\n", "E-FILE-TYPE .*this is text"),
        (b"PK\x03\x04", "E-FILE-TYPE .*ZIP"),
        (b"%PDF-1.4 nothing else %%EOF", "E-PDF-TEXT .*intact"),
        (b"", "E-FILE-EMPTY"),
    ],
    ids=[
        "scan",
        "5000",
        "51",
        "row",
        "long",
        "bomb",
        "operators",
        "big",
        "encrypted",
        "cut",
        "text",
        "zip",
        "broken",
        "empty",
    ],
)
def test_files_that_cannot_be_read_safely(tmp_path: Path, content: bytes, rule: str) -> None:
    with pytest.raises(InputRejectedError, match=rule):
        taken(tmp_path, content)


@needs_extra
def test_scripts_and_embedded_files_are_never_opened(tmp_path: Path) -> None:
    catalog = (
        b"/OpenAction << /S /JavaScript /JS (app.launchURL\\('file:///etc/passwd'\\)) >>"
        b" /Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F (/etc/passwd) >>] >> >> "
    )
    assert len(taken(tmp_path, pdf([GOOD], catalog)).rows["invoices"]) == 1


def test_without_the_extra_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdfrows, "find_spec", lambda _: None)
    with pytest.raises(BadSpecError, match=r"E-PDF-EXTRA .*pip install 'tickmark\[pdf\]'"):
        taken(tmp_path, (SAMPLES / "invoice_pdf.pdf").read_bytes())
