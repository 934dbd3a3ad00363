"""Whatever was logged, exported, billed and invoiced: the bridge ends at the bill to the last digit.

Each example is a handful of accounts, each with its own random documents, some of them missing. What is
expected of them is added up here in Decimal, apart from the product's SQL.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql_cases.warehouse import SELECTS, Row, Warehouse

MODELS, TIERS, DAYS = ("gpt", "it's", "new"), ("standard", "batch"), (10, 11, 31)
CLASSES = ("uncached_input", "cache_read", "output")
ACCOUNTS = ("a", "b", "c", "d", "e")
RECONCILED = [
    table for table in SELECTS if table.startswith(("reconcile.", "redflags.")) and table != "reconcile.causes"
]

tokens = st.integers(0, 50) | st.integers(0, 10**10)
prices = st.decimals(0, Decimal("0.001"), places=14) | st.sampled_from([Decimal("0.01"), Decimal("0.000003")])
amounts = st.decimals(-50, 50, places=18) | st.decimals(0, Decimal("0.05"), places=3)
at = {
    "account": st.sampled_from(ACCOUNTS),
    "model": st.sampled_from(MODELS),
    "service_tier": st.sampled_from(TIERS),
    "token_class": st.sampled_from(CLASSES),
    "day": st.sampled_from(DAYS),
}
RateBook = Mapping[tuple[str, str, str], Decimal]
rate_books = st.dictionaries(st.tuples(at["model"], at["service_tier"], at["token_class"]), prices)


def _instant(day: int) -> str:
    return f"2026-01-{day:02d}T00:00:00Z"


@st.composite
def attempts(draw: st.DrawFn) -> Row:
    return {
        "account": draw(at["account"]),
        "request_model": draw(at["model"]),
        "service_tier": draw(at["service_tier"]),
        "started_at": _instant(draw(at["day"])),
        "team": draw(st.sampled_from([None, "x", "y"])),
        "workload": draw(st.sampled_from([None, "w"])),
        "usage_origin": draw(st.sampled_from(["provider_reported"] * 3 + ["missing"])),
        "billable_expected": draw(st.sampled_from([True, True, None, False])),
        "retries_collapsed": draw(st.sampled_from([None, 0, 1])),
        "units_web_search": draw(st.sampled_from([None, 0, 2])),
        **{f"tokens_{name}": draw(st.none() | tokens) for name in CLASSES},
    }


@st.composite
def buckets(draw: st.DrawFn) -> Row:
    token_class = draw(st.sampled_from([*CLASSES, "web_search"]))
    return {
        "account": draw(at["account"]),
        "source": "usage",
        "model": draw(at["model"]),
        "service_tier": draw(at["service_tier"]),
        "token_class": token_class,
        "bucket_start": _instant(draw(at["day"])),
        "tokens_usage_export": draw(tokens),
        "requests": draw(st.none() | st.integers(0, 3)) if token_class == "uncached_input" else None,
    }


@st.composite
def lines(draw: st.DrawFn, book: RateBook) -> Row:
    model, tier = draw(st.none() | at["model"]), draw(at["service_tier"])
    token_class, quantity = draw(st.sampled_from([None, *CLASSES, "web_search"])), draw(tokens)
    price = book.get((model or "", tier, token_class or ""))
    return {
        "account": draw(at["account"]),
        "source": "costs",
        "charge_category": draw(st.sampled_from(["Usage"] * 4 + ["Tax", "Credit", "Adjustment", "Purchase"])),
        "charge_class": draw(st.sampled_from([None, None, None, "Correction"])),
        "charge_period_start": _instant(draw(at["day"])),
        "charge_description": draw(st.sampled_from([None, "API", "VAT"])),
        "billed_cost": draw(amounts) if price is None or draw(st.booleans()) else price * quantity,
        "consumed_quantity": draw(st.none() | st.just(quantity)),
        "consumed_unit": "Tokens",
        "x_model": model,
        "x_token_class": token_class,
        "x_service_tier": tier,
    }


@st.composite
def months(draw: st.DrawFn) -> tuple[RateBook, dict[str, list[Row]]]:
    book = draw(rate_books)
    rates = [
        {"model": model, "service_tier": tier, "token_class": token_class, "usd_per_unit": price}
        for (model, tier, token_class), price in book.items()
    ]
    search = st.sampled_from([[], [{"model": "gpt", "token_class": "web_search", "usd_per_unit": "0.01"}]])
    invoices = st.fixed_dictionaries({"account": at["account"], "billed_cost": st.decimals(-9, 99, places=2)})
    numbered = [{**row, "invoice_id": f"I{number}"} for number, row in enumerate(draw(st.lists(invoices, max_size=6)))]
    gap = st.fixed_dictionaries({"source": st.sampled_from(["usage", "costs"]), "gap_from": st.just(_instant(10))})
    return book, {
        "ingest.rate_book": rates + draw(search),
        "ingest.attempts": draw(st.lists(attempts(), max_size=12)),
        "ingest.usage_buckets": draw(st.lists(buckets(), max_size=12)),
        "ingest.billing_lines": draw(st.lists(lines(book), max_size=16)),
        "ingest.invoices": numbered,
        "ingest.coverage_gaps": draw(st.lists(gap, max_size=1)),
    }


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(month=months())
def test_expected_and_the_items_are_the_bill(
    warehouse: Warehouse, month: tuple[RateBook, dict[str, list[Row]]]
) -> None:
    book, documents = month
    with warehouse.month(documents) as closed, localcontext(prec=76):
        closed.run(RECONCILED)
        close = {row["account"]: row for row in closed.rows("reconcile.month_close")}
        items = _by_account(closed.rows("reconcile.bridge_items"))
        steps = _by_account(closed.rows("reconcile.variance_bridge"))
        allocated = closed.rows("reconcile.allocation")
    billed, expected = _billed(documents), _expected(documents["ingest.attempts"], book)
    assert {account for account, row in close.items() if row["status"] != "no_bill"} == billed.keys()
    for account, row in close.items():
        assert row["cost_usd_expected"] == expected[account]
    for account, usd in billed.items():
        row = close[account]
        assert row["cost_usd_billed"] == usd
        assert expected[account] + items[account] == usd
        assert steps[account] == items[account]
        assert row["cost_usd_explained"] + row["cost_usd_unexplained"] == row["cost_usd_variance"] == items[account]
    for dimension in ("model", "team", "workload"):
        parts = _by_account([row for row in allocated if row["dimension"] == dimension])
        assert parts == {account: usd.quantize(Decimal("0.01"), ROUND_HALF_UP) for account, usd in billed.items()}


def _by_account(rows: Sequence[Mapping[str, Any]]) -> defaultdict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["account"]] += row["cost_usd"]
    return sums


def _billed(documents: Mapping[str, Sequence[Row]]) -> dict[str, Decimal]:
    """The sum of the invoices; without one, of the billing lines."""
    found: dict[str, Decimal] = {}
    for table in ("ingest.billing_lines", "ingest.invoices"):
        found |= _by_account([{**row, "cost_usd": row["billed_cost"]} for row in documents[table]])
    return found


def _expected(logged: Sequence[Row], book: RateBook) -> defaultdict[str, Decimal]:
    """Logged tokens at the price of the rate book; what has no price counts nothing."""
    return _by_account(
        [
            {"account": row["account"], "cost_usd": (row[f"tokens_{name}"] or 0) * price}
            for row in logged
            if row["billable_expected"] is not False and row["usage_origin"] != "missing"
            for name in CLASSES
            if (price := book.get((row["request_model"], row["service_tier"], name))) is not None
        ]
    )
