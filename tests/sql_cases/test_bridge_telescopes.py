"""Whatever was logged, exported, billed and invoiced: the bridge ends at the bill to the last digit.

Each example is a few accounts. Usage is drawn, then what each side makes of it: lost, moved to another day,
tier or class, counted or priced otherwise, a document not delivered. What must come out is added up here in
Decimal, apart from the product's SQL.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql_cases.warehouse import SELECTS, Row, Warehouse

CLASSES = ("uncached_input", "cache_read", "output")
ACCOUNTS = ("a", "b", "c")
DOCUMENTS = ("ingest.attempts", "ingest.usage_buckets", "ingest.billing_lines", "ingest.invoices")
RECONCILED = [
    table
    for table in SELECTS
    if table.startswith(("reconcile.", "redflags.")) and table != "reconcile.causes"
]

models, tiers = st.sampled_from(("gpt", "it's", "new")), st.sampled_from(("standard", "standard", "batch"))
days, classes = st.sampled_from((10, 11, 31)), st.sampled_from(CLASSES)
tokens = st.integers(1, 50) | st.integers(1, 10**10)
prices = st.decimals(0, Decimal("0.001"), places=14) | st.sampled_from([Decimal("0.01"), Decimal("0.000003")])
amounts = st.decimals(-50, 50, places=18) | st.decimals(0, Decimal("0.05"), places=3)
RateBook = Mapping[tuple[str, str, str], Decimal]
rate_books = st.dictionaries(st.tuples(models, tiers, classes), prices, min_size=4)
Use = tuple[str, str, str, int, int]
"""Model, tier, class, day, tokens."""
uses = st.tuples(models, tiers, classes, days, tokens)


@st.composite
def metered(draw: st.DrawFn, use: Use) -> Use:
    """The same use, as the provider's meter may have it."""
    model, tier, token_class, day, count = use
    return draw(
        st.sampled_from(
            [use] * 5
            + [
                (model, tier, token_class, 21 - day if day < 20 else day, count),
                (model, "batch" if tier == "standard" else "standard", token_class, day, count),
                (model, tier, "uncached_input", day, count),
                (model, tier, token_class, day, count + 1),
                (model, tier, token_class, day, count // 2),
            ]
        )
    )


@st.composite
def attempt(draw: st.DrawFn, use: Use) -> Row:
    model, tier, token_class, day, count = use
    return {
        "request_model": model,
        "service_tier": tier,
        "started_at": _instant(day),
        "team": draw(st.sampled_from([None, "x", "y"])),
        "workload": draw(st.sampled_from([None, "w"])),
        "usage_origin": draw(st.sampled_from(["provider_reported"] * 5 + ["missing"])),
        "billable_expected": draw(st.sampled_from([True] * 5 + [None, False])),
        "retries_collapsed": draw(st.sampled_from([None, 0, 1])),
        "units_web_search": draw(st.sampled_from([None, 0, 2])),
        "tokens_input_total": 0 if token_class == "output" else count,
        "tokens_output": 0,
        f"tokens_{token_class}": count,
    }


@st.composite
def bucket(draw: st.DrawFn, use: Use, *, has_requests: bool) -> Row:
    model, tier, token_class, day, count = use
    return {
        "source": "usage",
        "model": model,
        "service_tier": tier,
        "token_class": token_class,
        "bucket_start": _instant(day),
        "tokens_usage_export": count,
        "requests": draw(st.integers(0, 2)) if has_requests else None,
    }


@st.composite
def line(draw: st.DrawFn, use: Use, book: RateBook, *, has_quantities: bool) -> Row:
    model, tier, token_class, day, count = use
    price = book.get((model, tier, token_class), Decimal("0.001")) * count
    return {
        "source": "costs",
        "charge_class": draw(st.sampled_from([None] * 7 + ["Correction"])),
        "charge_period_start": _instant(day),
        "billed_cost": draw(st.sampled_from([price] * 5 + [price * Decimal("1.08"), Decimal(0)]) | amounts),
        "consumed_quantity": count if has_quantities else None,
        "consumed_unit": "Tokens",
        "x_model": model,
        "x_token_class": token_class,
        "x_service_tier": tier,
    }


charges: st.SearchStrategy[Row] = st.fixed_dictionaries(
    {
        "source": st.just("costs"),
        "charge_category": st.sampled_from(["Usage", "Tax", "Credit", "Adjustment", "Purchase"]),
        "charge_description": st.sampled_from([None, "API", "VAT"]),
        "billed_cost": amounts,
        "x_model": st.none() | models,
        "x_token_class": st.sampled_from([None, "web_search"]),
    }
)


@st.composite
def account(draw: st.DrawFn, book: RateBook) -> list[list[Row]]:
    """Attempts, usage buckets, billing lines and invoices of one account."""
    used = draw(st.lists(uses, max_size=5))
    meter = [draw(metered(use)) for use in used if draw(st.integers(0, 7))]
    has_requests, has_quantities = draw(st.booleans()), draw(st.booleans())
    logged = [draw(attempt(use)) for use in used if draw(st.integers(0, 7))]
    exported = [draw(bucket(use, has_requests=has_requests)) for use in meter] if draw(st.booleans()) else []
    charged: list[Row] = draw(st.lists(charges, max_size=2)) if draw(st.booleans()) else []
    if draw(st.integers(0, 3)):
        charged += [draw(line(draw(metered(use)), book, has_quantities=has_quantities)) for use in meter]
    with localcontext(prec=76):
        rounded = _cents(sum((row["billed_cost"] for row in charged), Decimal(0)))
    totals = draw(st.sampled_from([[], [rounded], [rounded], [rounded, Decimal("0.01")], [Decimal(7)]]))
    invoiced: list[Row] = [{"billed_cost": total} for total in totals]
    return [logged, exported, charged, invoiced]


@st.composite
def months(draw: st.DrawFn) -> tuple[RateBook, dict[str, list[Row]]]:
    book = draw(rate_books)
    rates: list[Row] = [
        {"model": model, "service_tier": tier, "token_class": token_class, "usd_per_unit": price}
        for (model, tier, token_class), price in book.items()
    ]
    if draw(st.booleans()):
        rates.append({"model": "gpt", "token_class": "web_search", "usd_per_unit": "0.01"})
    month: dict[str, list[Row]] = {"ingest.rate_book": rates, **{table: [] for table in DOCUMENTS}}
    for name in ACCOUNTS:
        for table, rows in zip(DOCUMENTS, draw(account(book)), strict=True):
            month[table] += [{**row, "account": name} for row in rows]
    if not draw(st.integers(0, 3)):
        month["ingest.coverage_gaps"] = [{"source": draw(st.sampled_from(["usage", "costs"]))}]
    return book, month


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
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
        assert {name for name, row in close.items() if row["status"] != "no_bill"} == billed.keys()
        for name, row in close.items():
            assert row["cost_usd_expected"] == expected[name]
        for name, usd in billed.items():
            row = close[name]
            assert row["cost_usd_billed"] == usd
            assert expected[name] + items[name] == usd
            assert steps[name] == items[name] == row["cost_usd_variance"]
            assert row["cost_usd_explained"] + row["cost_usd_unexplained"] == row["cost_usd_variance"]
        for dimension in ("model", "team", "workload"):
            parts = _by_account([row for row in allocated if row["dimension"] == dimension])
            assert parts == {name: _cents(usd) for name, usd in billed.items()}


def _instant(day: int) -> str:
    return f"2026-01-{day:02d}T00:00:00Z"


def _cents(usd: Decimal) -> Decimal:
    return usd.quantize(Decimal("0.01"), ROUND_HALF_UP)


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
            {"account": row["account"], "cost_usd": row.get(f"tokens_{name}", 0) * price}
            for row in logged
            if row["billable_expected"] is not False and row["usage_origin"] != "missing"
            for name in CLASSES
            if (price := book.get((row["request_model"], row["service_tier"], name))) is not None
        ]
    )
