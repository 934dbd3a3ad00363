"""Stripe's objects: the charges of a document add up to its total, and Stripe's own fixtures are read."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.readers.reading import SAMPLES, read
from tickmark.errors import InputRejectedError, RecordRejected
from tickmark.invoices import FORMATS
from tickmark.records import BillingLine, CreditEntry, Invoice

JULY = 1782864000
"""2026-07-01T00:00:00Z"""


def sample(name: str, at: int) -> Any:
    page = json.loads((SAMPLES / f"{name}.json").read_text())
    return page["data"][at]


def rows(name: str, record: Any) -> list[Any]:
    return list(FORMATS[name].read(record))


def refused(name: str, record: Any) -> tuple[str, str]:
    with pytest.raises(RecordRejected) as rejected:
        rows(name, record)
    return rejected.value.rule, rejected.value.field


# Conservation: what is billed is the total, whatever the lines hold.

amount = st.integers(0, 10**9)
a_line = st.fixed_dictionaries(
    {
        "amount": st.integers(-(10**9), 10**9),
        "discount_amounts": st.lists(st.fixed_dictionaries({"amount": amount}), max_size=2),
        "pretax_credit_amounts": st.lists(
            st.fixed_dictionaries(
                {"amount": amount, "type": st.sampled_from(["discount", "credit_balance_transaction"])}
            ),
            max_size=2,
        ),
        "taxes": st.lists(
            st.fixed_dictionaries(
                {"amount": amount, "tax_behavior": st.sampled_from(["inclusive", "exclusive"])}
            ),
            max_size=2,
        ),
    }
)


def total_of(lines: list[Any]) -> int:
    """As Stripe defines it: gross lines, less discounts and credit, plus taxes that are not inside."""
    total = 0
    for line in lines:
        total += line["amount"] - sum(discount["amount"] for discount in line["discount_amounts"])
        total -= sum(c["amount"] for c in line["pretax_credit_amounts"] if c["type"] != "discount")
        total += sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "exclusive")
    return total


@given(st.lists(a_line, min_size=1, max_size=4), st.sampled_from([("usd", 2), ("jpy", 0), ("kwd", 3)]))
def test_the_charges_of_a_document_add_up_to_what_is_payable(
    lines: list[Any], currency: tuple[str, int]
) -> None:
    code, places = currency
    for kind, sign, at in (("invoice", 1, 0), ("credit_note", -1, 4)):
        document = {**sample("stripe_invoices", at), "object": kind, "currency": code}
        period = {"start": JULY, "end": JULY}
        named = [{"id": f"il_{n}", "period": period, **line} for n, line in enumerate(lines)]
        document |= {"total": total_of(lines), "lines": {"has_more": False, "data": named}}
        invoice, *charges = rows("stripe_invoices", document)
        assert invoice.billed_cost == sign * Decimal(total_of(lines)).scaleb(-places)
        assert sum(charge.billed_cost for charge in charges) == invoice.billed_cost
        assert refused("stripe_invoices", {**document, "total": document["total"] + 1}) == (
            "E-BILL-SUM",
            "total",
        )


# What a document's state means.


def test_an_invoice_that_is_voided_takes_back_what_was_delivered_before() -> None:
    record = sample("stripe_invoices", 0)
    voided = {**record, "status": "void"}
    versions = [FORMATS["stripe_invoices"].version({**record, "status": s}) for s in ("open", "paid", "void")]
    assert versions == sorted(versions)
    before, after = rows("stripe_invoices", record), rows("stripe_invoices", voided)
    assert [row.record_key for row in after] == [row.record_key for row in before]
    assert {row.billed_cost for row in after} == {0}


@pytest.mark.parametrize("change", [{"status": "draft"}, {"livemode": False}])
def test_drafts_and_test_mode_bill_nothing(change: Any) -> None:
    assert rows("stripe_invoices", {**sample("stripe_invoices", 0), **change}) == []


def test_a_payment_or_a_balance_does_not_change_what_was_billed() -> None:
    record = sample("stripe_invoices", 0)
    paid = {"amount_due": 0, "amount_paid": 11801, "starting_balance": 0, "ending_balance": -300}
    assert rows("stripe_invoices", record) == rows("stripe_invoices", {**record, **paid})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"object": "charge"}, ("E-FIELD-VALUE", "object")),
        ({"status": "deleted"}, ("E-FIELD-VALUE", "status")),
        ({"account_name": None}, ("E-FIELD-MISSING", "account_name")),
        ({"number": None}, ("E-FIELD-MISSING", "number")),
        ({"currency": "ugx"}, ("E-FIELD-CURRENCY", "currency")),
        ({"currency": "eur"}, ("E-FIELD-CURRENCY", "lines.data.currency")),
        ({"total": 118.01}, ("E-FIELD-TYPE", "total")),
        ({"total": "11801"}, ("E-FIELD-TYPE", "total")),
        ({"lines": {"data": []}}, ("E-FIELD-MISSING", "lines.data")),
        ({"lines": {"has_more": True, "data": [{}]}}, ("E-FIELD-VALUE", "lines.has_more")),
    ],
)
def test_an_invoice_that_is_not_whole_is_refused(change: Any, expected: tuple[str, str]) -> None:
    assert refused("stripe_invoices", {**sample("stripe_invoices", 0), **change}) == expected


def test_credit_and_usage_on_one_invoice_are_refused() -> None:
    record = sample("stripe_invoices", 0)
    record["lines"]["data"][0]["description"] = "OpenAI API usage credit"
    assert refused("stripe_invoices", record) == ("E-FIELD-VALUE", "lines.data.description")
    record["lines"]["data"][0]["description"] = "Starter credits"
    assert refused("stripe_invoices", record) == ("E-FIELD-VALUE", "lines.data.description")


def test_a_credit_note_without_its_expanded_invoice_has_no_issuer() -> None:
    note = {**sample("stripe_invoices", 4), "invoice": "in_0"}
    assert refused("stripe_invoices", note) == ("E-FIELD-MISSING", "account_name")


# Stripe's official fixtures: real shapes, some figures random.


@pytest.fixture
def fixtures(shared_data: Path) -> Path:
    return shared_data / "samples" / "stripe"


def fixture(fixtures: Path, kind: str) -> Any:
    return json.loads((fixtures / f"fixture_{kind}.json").read_text())


def test_the_fixture_of_an_invoice_is_a_draft_and_reads_once_it_is_issued(fixtures: Path) -> None:
    draft = fixture(fixtures, "invoice")
    assert rows("stripe_invoices", draft) == []
    issued = {**draft, "status": "open", "livemode": True, "number": "X-0001", "account_name": "OpenAI"}
    issued["effective_at"] = issued["lines"]["data"][0]["period"]["start"]
    invoice, charge = rows("stripe_invoices", issued)
    assert isinstance(invoice, Invoice)
    assert isinstance(charge, BillingLine)
    assert (invoice.billed_cost, charge.billed_cost, charge.consumed_quantity) == (10, 10, 1)
    assert (charge.charge_period_end - charge.charge_period_start).total_seconds() == 1


def test_the_fixture_of_a_credit_note_does_not_add_up_until_its_random_credit_is_taken_out(
    fixtures: Path,
) -> None:
    note = fixture(fixtures, "credit_note")
    note |= {"livemode": True, "account_name": "OpenAI", "effective_at": JULY}
    assert refused("stripe_invoices", note) == ("E-BILL-SUM", "total")
    for line in note["lines"]["data"]:
        line["pretax_credit_amounts"] = []
    invoice, first, second = rows("stripe_invoices", note)
    assert (invoice.invoice_id, invoice.billed_cost) == ("ABCD-1234-CN-01", Decimal("-16.90"))
    assert (first.billed_cost, second.billed_cost) == (Decimal("-11.90"), -5)
    assert {first.charge_class, second.charge_class} == {"Correction"}


def test_fixtures_of_credit_movements(fixtures: Path) -> None:
    grant = fixture(fixtures, "billing.credit_grant") | {"account_name": "OpenAI", "effective_at": JULY}
    assert refused("stripe_credits", grant) == ("E-FIELD-CURRENCY", "currency")
    grant["amount"]["monetary"]["currency"] = "usd"
    (bought,) = rows("stripe_credits", grant)
    assert (bought.entry_kind, bought.amount, bought.wallet) == ("purchase", Decimal("1119727.21"), "obj_123")
    moved = fixture(fixtures, "billing.credit_balance_transaction") | {"account_name": "OpenAI"}
    assert refused("stripe_credits", moved) == ("E-FIELD-MISSING", "type")
    moved |= {"type": "debit", "effective_at": JULY}
    moved["debit"]["amount"]["monetary"]["currency"] = "usd"
    (used,) = rows("stripe_credits", moved)
    assert (used.entry_kind, used.amount, used.wallet) == ("usage", Decimal("-1119727.21"), "credit_grant")
    balance = fixture(fixtures, "customer_balance_transaction")
    assert rows("stripe_credits", balance) == []
    (kept,) = rows("stripe_credits", balance | {"livemode": True, "account_name": "OpenAI", "created": JULY})
    assert isinstance(kept, CreditEntry)
    assert (kept.entry_kind, kept.amount, kept.wallet) == ("adjustment", 5, "customer_balance")


@pytest.mark.parametrize(
    ("at", "change", "expected"),
    [
        (0, {"category": "gift"}, ("E-FIELD-VALUE", "category")),
        (3, {"type": "transfer"}, ("E-FIELD-VALUE", "type")),
        (6, {"amount": -500}, ("E-FIELD-RANGE", "amount")),
        (6, {"type": "lottery"}, ("E-FIELD-VALUE", "type")),
    ],
)
def test_a_movement_of_unknown_meaning_is_refused(at: int, change: Any, expected: tuple[str, str]) -> None:
    assert refused("stripe_credits", {**sample("stripe_credits", at), **change}) == expected


def test_a_file_of_other_objects_is_refused(tmp_path: Path) -> None:
    content = (SAMPLES / "stripe_credits.json").read_bytes()
    with pytest.raises(InputRejectedError, match="E-FILE-FORMAT"):
        read(tmp_path, "stripe_invoices", content, "credits.json")
