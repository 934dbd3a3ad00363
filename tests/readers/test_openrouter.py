"""OpenRouter: its published samples, what one export cannot say, and a month closed end to end."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import homes
from tests.conftest import tickmark
from tests.readers.reading import read
from tickmark.errors import InputRejectedError


def test_the_documented_generation_is_read(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "samples/openrouter/generation_response.json"
    (row,) = read(tmp_path, "openrouter_generations", file.read_bytes(), file.name).rows["attempts"]
    assert (row["tokens_uncached_input"], row["tokens_cache_read"], row["tokens_output"]) == (7, 3, 25)
    assert (row["tokens_output_reasoning"], row["cost_usd_gateway"]) == (5, Decimal("0.0015"))
    assert (row["request_model"], row["attempt_grain"]) == ("sao10k/l3-stheno-8b", "request_collapsed")


def test_a_generation_row_without_its_cached_tokens_claims_no_class(
    shared_data: Path, tmp_path: Path
) -> None:
    file = shared_data / "samples/openrouter/activity_generations_min.csv"
    (row,) = read(tmp_path, "openrouter_activity_csv", file.read_bytes(), file.name).rows["attempts"]
    assert (row["tokens_input_total"], row["tokens_unclassified"], row["tokens_output"]) == (
        10389,
        10389,
        137,
    )
    assert (row["tokens_uncached_input"], row["tokens_cache_read"]) == (None, None)
    assert (row["response_model"], row["token_semantics"]) == ("openai/gpt-oss-120b:free", "unknown")


def test_the_header_of_a_real_export_is_the_samples(shared_data: Path) -> None:
    header = (shared_data / "samples/openrouter/activity_generations.header.csv").read_text().strip()
    ours = (Path(__file__).with_name("samples") / "openrouter_activity_csv.csv").read_text().splitlines()[0]
    assert ours == header
    assert len(next(csv.reader([header]))) == 24


def test_the_export_per_day_proves_amounts_and_no_tokens(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "samples/openrouter/activity_aggregate.csv"
    found = read(tmp_path, "openrouter_activity", file.read_bytes(), file.name)
    assert [row["billed_cost"] for row in found.rows["billing_lines"]] == [
        Decimal("430.07"),
        Decimal("505.87"),
    ]
    assert found.rows["usage_buckets"] == []


def test_each_export_refuses_the_other(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "samples/openrouter"
    for format_, name in (
        ("openrouter_activity", "activity_generations_min.csv"),
        ("openrouter_activity_csv", "activity_aggregate.csv"),
        ("openrouter_generations", "activity_aggregate.csv"),
        ("openrouter_activity", "generation_response.json"),
    ):
        with pytest.raises(InputRejectedError):
            read(tmp_path, format_, (folder / name).read_bytes(), name)


# A month, closed. gpt-4.1 at OpenRouter: 2.00, 0.50 (cached) and 8.00 USD per million (genai-prices 0.2.3).

PRICES = {"uncached": Decimal(2), "cached": Decimal("0.5"), "output": Decimal(8)}
CALLS = [(1000, 400, 100), (2000, 0, 50), (80_000, 79_000, 1200), (5_000_000, 0, 400_000)]
"""Prompt tokens, the cached ones of them, completion tokens."""


def cost(call: tuple[int, int, int]) -> Decimal:
    prompt, cached, output = call
    parts = ((prompt - cached) * PRICES["uncached"], cached * PRICES["cached"], output * PRICES["output"])
    return sum(parts, Decimal(0)) / 10**6


def generation(number: int, call: tuple[int, int, int]) -> dict[str, Any]:
    prompt, cached, output = call
    return {
        "id": f"gen-178{number:07}-aaaaaaaaaaaaaaaaaaaa",
        "created_at": f"2026-10-0{number + 1}T12:00:00Z",
        "model": "openai/gpt-4.1",
        "native_tokens_prompt": prompt,
        "native_tokens_completion": output,
        "native_tokens_cached": cached,
        "total_cost": float(cost(call)),
        "provider_responses": [{"status": 200, "provider_name": "OpenAI"}],
    }


def activity(number: int, call: tuple[int, int, int]) -> dict[str, Any]:
    prompt, cached, output = call
    return {
        "date": f"2026-10-0{number + 1}",
        "model": "openai/gpt-4.1",
        "endpoint_id": "ep-2",
        "usage": float(cost(call)),
        "requests": 1,
        "prompt_tokens": prompt,
        "cached_tokens": cached,
        "completion_tokens": output,
    }


SOURCES = """
gateways:
  - {name: generations, format: openrouter_generations, files: "landing/gateways/generations-{month}*"}
bills:
  - {name: activity, format: openrouter_activity, files: "landing/bills/activity-{month}*"}
  - {name: credits, format: openrouter_credits, files: "landing/bills/credits-{month}*"}
  - {name: invoices, format: invoice_csv, files: "landing/bills/invoices-{month}*"}
"""


def lay_out(home: Path, logged: int) -> None:
    """The activity of all calls, an invoice for it, the balance, and the log of the first ones."""
    homes.make(home)
    settings = home / "tickmark.yaml"
    _, marker, rest = settings.read_text().partition("\ncontracts:")
    settings.write_text(SOURCES + marker + rest)
    log = "".join(json.dumps({"data": generation(*each)}) + "\n" for each in list(enumerate(CALLS))[:logged])
    (home / "landing/gateways/generations-2026-10.jsonl").write_text(log)
    days = {"data": [activity(*each) for each in enumerate(CALLS)]}
    (home / "landing/bills/activity-2026-10.json").write_text(json.dumps(days))
    total = sum(map(cost, CALLS), Decimal(0))
    balances = [
        {"as_of": as_of, "data": {"total_credits": 100, "total_usage": float(used)}}
        for as_of, used in (("2026-10-01T00:00:00Z", 25), ("2026-10-31T23:00:00Z", 25 + total))
    ]
    (home / "landing/bills/credits-2026-10.json").write_text(json.dumps(balances))
    (home / "landing/bills/invoices-2026-10.csv").write_text(
        "InvoiceIssuerName,InvoiceId,InvoiceIssueDate,BillingPeriodStart,BillingPeriodEnd,BilledCost,BillingCurrency\n"
        f"OpenRouter,OR-10,2026-11-01,2026-10-01,2026-11-01,{total},USD\n"
    )


@contextmanager
def closed(home: Path, logged: int) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    lay_out(home, logged)
    ran = tickmark("close", "2026-10", "--home", home, "--quiet")
    assert ran.code == 0, ran.err
    with duckdb.connect(str(home / "finance.duckdb"), read_only=True) as database:
        yield lambda query: database.execute(query).fetchall()


CLOSE = "select status, cost_usd_billed, cost_usd_variance, attempts, tokens_logged from report.month_close"


@pytest.mark.slow
def test_a_month_closes_with_no_variance(tmp_path: Path) -> None:
    with closed(tmp_path / "home", logged=len(CALLS)) as query:
        total = sum(map(cost, CALLS), Decimal(0))
        tokens = sum(prompt + output for prompt, _, output in CALLS)
        assert query(CLOSE) == [("matched", total, 0, 4, tokens)]
        assert query("select * from report.breaks") == []
        ledger = query("select balance_first, usage, balance_last, variance from report.credit_rollforward")
        assert ledger == [(75, -total, 75 - total, 0)]


@pytest.mark.slow
def test_one_generation_that_no_log_shows_is_named_and_priced(tmp_path: Path) -> None:
    with closed(tmp_path / "home", logged=len(CALLS) - 1) as query:
        missing = cost(CALLS[-1])
        ((status, _, variance, attempts, _),) = query(CLOSE)
        assert (status, variance, attempts) == ("break", missing, 3)
        assert query(
            "select provider, model, cause_code, cost_usd, day_first::varchar from report.breaks"
        ) == [("openrouter", "openai/gpt-4.1", "D02", missing, "2026-10-04")]
