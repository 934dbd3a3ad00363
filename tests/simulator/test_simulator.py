"""The simulated month: readable, the same every time, truly counted, wrong only where its truth says so."""

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from simulated_month import MONTH, SEED, SPECS, Simulated

from tickmark import money
from tickmark.errors import BadSpecError
from tickmark.months import Month
from tickmark.prices import Priced, load_rate_card, rate_book
from tickmark.records import TOKEN_CLASSES, Attempt, BillingLine, Invoice, UsageBucket
from tickmark.recount import count, plan
from tickmark.simulator import write_month
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

pytestmark = pytest.mark.slow

WHEN = Month.parse(MONTH)
LAST_14_DAYS = WHEN.end - timedelta(days=14)

Cell = tuple[str, str, str, date]
"""Provider, model, token class, UTC day."""
Price = Callable[[Cell], Decimal]


WRITTEN = {
    "litellm", "exchanges", "openai-usage", "openai-embeddings", "openai-costs",
    "anthropic-usage", "anthropic-costs", "focus", "invoices",
}  # fmt: skip


def test_what_the_simulator_writes_is_found_and_read_without_rejects(simulated: Simulated) -> None:
    assert simulated.sources.keys() == WRITTEN
    for name, source in simulated.sources.items():
        assert source.rows, name
        assert not source.rejects, name
        if source.buckets:
            days = [WHEN.start + timedelta(days=day) for day in range(31)]
            assert source.buckets == [(day, day + timedelta(days=1)) for day in days], name


def test_all_calls_lie_in_the_month_and_some_on_its_edges(simulated: Simulated) -> None:
    starts = {attempt.started_at for attempt in simulated.rows(Attempt)}
    assert all(start in WHEN for start in starts)
    assert min(starts) == WHEN.start
    assert max(starts) == WHEN.end - timedelta(milliseconds=1)
    at_midnight = {start.date() for start in starts if start.time() == time()}
    assert len(at_midnight) > 10


def test_the_demo_shows_three_teams_four_workloads_and_a_few_thousand_attempts(simulated: Simulated) -> None:
    attempts = simulated.rows(Attempt)
    assert 2_500 < len(attempts) < 3_500
    assert len({attempt.team for attempt in attempts}) == 3
    assert {attempt.workload for attempt in attempts} == {
        "support-bot",
        "doc-search",
        "code-review",
        "summaries",
    }
    keys = [attempt.record_key for attempt in attempts]
    assert len(set(keys)) == len(keys)


def test_the_same_seed_gives_the_same_bytes_in_another_process(simulated: Simulated, tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from tickmark.simulator import write_month as make; "
    program += "make(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))"
    command = [sys.executable, "-c", program, str(tmp_path), MONTH, str(SEED), str(SPECS)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert len(_hashes(tmp_path)) == 12
    assert _hashes(tmp_path).items() <= _hashes(simulated.home).items()


def _hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_logged_counts_are_those_of_the_projects_own_counter(simulated: Simulated) -> None:
    """Every countable request of OpenAI and Mistral, by the plan and the tokenizer that the close uses."""
    specs = SpecBook(SPECS)
    logged, plans = list[int | None](), []
    for source in ("litellm", "exchanges"):
        for row, body in simulated.sources[source].rows:
            assert isinstance(row, Attempt)
            if row.provider != "anthropic" and row.usage_origin == "provider_reported":
                found = plan(row.provider, row.operation, row.response_model, row.started_at, body, specs)
                if row.response_model != simulated.fault("unpriced_model")["model"]:
                    assert found.exactness == "exact"
                    logged.append(row.tokens_input_total)
                    plans.append(found)
    assert len(plans) > 2_000
    assert count(plans, Counters(specs.vocabularies)) == logged


def test_openai_caches_multiples_of_128_from_1024_on(simulated: Simulated) -> None:
    cached = Counter(
        attempt.tokens_cache_read for attempt in simulated.rows(Attempt) if attempt.provider == "openai"
    )
    hits = sum(times for tokens, times in cached.items() if tokens)
    assert hits > 500
    assert all(tokens % 128 == 0 and tokens >= 1024 for tokens in cached if tokens)


def test_failures_are_free_and_followed_by_a_numbered_retry(simulated: Simulated) -> None:
    attempts = [
        attempt
        for attempt in simulated.rows(Attempt)
        if attempt.attempt_number is not None and attempt.started_at < WHEN.end - timedelta(minutes=1)
    ]
    failures = [attempt for attempt in attempts if attempt.outcome == "provider_error"]
    assert {attempt.http_status for attempt in failures} == {429, 500, 529}
    assert all(attempt.billable_expected is False and attempt.attempt_number == 1 for attempt in failures)
    retried = Counter((a.provider, a.request_model) for a in attempts if a.attempt_number == 2)
    failed = Counter((a.provider, a.request_model) for a in failures)
    assert all(retried[key] >= times for key, times in failed.items())


def test_retries_triple_in_the_last_two_weeks_on_one_model_only(simulated: Simulated) -> None:
    price = _prices(simulated)
    fault = simulated.fault("retry_surge")
    early, late = Counter[str](), Counter[str]()
    early_retries, late_retries = Counter[str](), Counter[str]()
    cost = Decimal(0)
    for attempt in simulated.rows(Attempt):
        model = attempt.response_model
        if attempt.provider == "anthropic" and model is not None:
            recent, retry = attempt.started_at >= LAST_14_DAYS, (attempt.attempt_number or 0) > 1
            (late if recent else early)[model] += not retry
            (late_retries if recent else early_retries)[model] += retry
            if recent and retry:
                cost += sum(price(cell) * tokens for cell, tokens in _cells(attempt))
    assert set(late_retries) | set(early_retries) >= {fault["model"]}
    assert +late_retries == {fault["model"]: fault["calls"]}
    before = early_retries[fault["model"]] / early[fault["model"]]
    after = late_retries[fault["model"]] / late[fault["model"]]
    assert after / before == pytest.approx(3, rel=0.15)
    assert cost == Decimal(fault["cost_usd"])


def test_the_documents_differ_exactly_by_the_faults_and_nowhere_else(simulated: Simulated) -> None:
    """Provider - ours from the documents alone, against the truth that was measured on the calls."""
    amounts, days = _differences(simulated)
    steps = {"D02": "quantity", "D14": "quantity", "D27": "price", "D35": "price", "D54": "price"}
    told = {
        (fault["provider"], fault["model"], steps.get(fault["cause_code"], "rest")): fault
        for fault in simulated.truth["faults"]
        if fault["cause_code"]
    }
    rounding = {
        (end["provider"], "(invoice)", "rest"): Decimal(end["cost_usd_rounding"])
        for end in simulated.truth["providers"]
        if Decimal(end["cost_usd_rounding"])
    }
    assert amounts == {key: Decimal(fault["cost_usd"]) for key, fault in told.items()} | rounding
    assert days == {key: set(fault["days"]) for key, fault in told.items() if fault["days"]}
    assert all(abs(amount) <= Decimal("0.005") for amount in rounding.values())


def test_cached_tokens_billed_as_uncached_leave_the_other_classes_alone(simulated: Simulated) -> None:
    """The pattern that names D27: nothing billed as cached, the whole difference on uncached input."""
    price, metered, billed = _prices(simulated), _metered(simulated), _billed(simulated)
    fault = simulated.fault("cache_discount_ignored")
    assert 5 <= len(fault["days"]) <= 7
    tokens = 0
    for day in map(date.fromisoformat, fault["days"]):
        cached, uncached, output = (
            ("openai", fault["model"], token_class, day)
            for token_class in ("cache_read", "uncached_input", "output")
        )
        assert billed[cached] == 0 < metered[cached]
        assert billed[uncached] == price(uncached) * (metered[uncached] + metered[cached])
        assert billed[output] == price(output) * metered[output]
        tokens += metered[cached]
    assert tokens == fault["tokens"]
    all_cached = sum(used for cell, used in metered.items() if cell[1:3] == (fault["model"], "cache_read"))
    # A share that the red flag sees: more than 10 % of the cached tokens of the month.
    assert tokens * 10 > all_cached


def test_streams_without_usage_are_metered_as_requests(simulated: Simulated) -> None:
    fault = simulated.fault("usage_missing")
    attempts = [a for a in simulated.rows(Attempt) if a.usage_origin == "missing" and a.billable_expected]
    assert len(attempts) == fault["calls"] == 3
    assert sorted(str(a.started_at.date()) for a in attempts) == fault["days"]
    assert all(a.streamed and a.response_model == fault["model"] for a in attempts)
    logged = Counter(
        a.started_at.date()
        for a in simulated.rows(Attempt)
        if a.response_model == fault["model"] and a.billable_expected
    )
    metered = Counter[date]()
    for bucket in simulated.rows(UsageBucket):
        if bucket.model == fault["model"]:
            metered[bucket.bucket_start.date()] += bucket.requests or 0
    assert metered == logged


def test_unlogged_traffic_is_about_eight_percent_of_the_openai_bill(simulated: Simulated) -> None:
    share = Decimal(simulated.fault("unlogged_traffic")["cost_usd"]) / _invoice(simulated, "openai")
    assert Decimal("0.06") < share < Decimal("0.10")


def test_expected_plus_faults_plus_rounding_is_the_invoice(simulated: Simulated) -> None:
    for end in simulated.truth["providers"]:
        faults = [
            Decimal(fault["cost_usd"])
            for fault in simulated.truth["faults"]
            if fault["provider"] == end["provider"] and fault["cause_code"]
        ]
        both_ends = Decimal(end["cost_usd_expected"]) + Decimal(end["cost_usd_rounding"])
        assert both_ends + sum(faults) == Decimal(end["cost_usd_invoiced"])
        assert money.cents(_invoice(simulated, end["provider"])) == Decimal(end["cost_usd_invoiced"])


def test_the_page_for_people_tells_every_amount(simulated: Simulated) -> None:
    page = (simulated.home / "TRUTH.md").read_text("utf-8")
    assert len(simulated.truth["faults"]) == 7
    for fault in simulated.truth["faults"]:
        assert fault["cost_usd"] in page
        assert fault["what"] in page


@pytest.mark.parametrize("month", ["2026-03", "2019-01"])
def test_a_month_that_specs_or_prices_do_not_cover_is_refused(month: str, tmp_path: Path) -> None:
    with pytest.raises(BadSpecError, match="simulate a later month"):
        write_month(tmp_path, month, SEED, SPECS)


def _differences(
    simulated: Simulated,
) -> tuple[dict[tuple[str, str, str], Decimal], dict[tuple[str, str, str], set[str]]]:
    """Amounts and days by provider, model and step: quantity, price, or what the invoice adds."""
    price = _prices(simulated)
    logged, metered, billed = _logged(simulated), _metered(simulated), _billed(simulated)
    amounts: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    days: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for cell in logged.keys() | metered.keys() | billed.keys():
        provider, model, _, day = cell
        differs = {
            "quantity": price(cell) * (metered[cell] - logged[cell]),
            "price": billed[cell] - price(cell) * metered[cell],
        }
        for step, amount in differs.items():
            if amount:
                amounts[provider, model, step] += amount
                days[provider, model, step].add(str(day))
        amounts[provider, "(invoice)", "rest"] -= billed[cell]
    for provider in {cell[0] for cell in billed}:
        amounts[provider, "(invoice)", "rest"] += _invoice(simulated, provider)
    return dict(amounts), dict(days)


def _prices(simulated: Simulated) -> Price:
    """The home's own rate book; 0 where it knows no price."""
    wanted = {(line.provider, line.x_model) for line in simulated.rows(BillingLine)}
    card = load_rate_card(simulated.home / "rate_cards" / "openai.yaml")
    book = rate_book([Priced(*pair, "standard") for pair in wanted], [card], WHEN.start, WHEN.end)

    def price(cell: Cell) -> Decimal:
        provider, model, token_class, day = cell
        at = datetime.combine(day, time(), UTC)
        rows = [
            row.usd_per_unit
            for row in book
            if (row.provider, row.model, row.token_class) == (provider, model, token_class)
            and row.prompt_tokens_above == 0
            and row.valid_from <= at < row.valid_to
        ]
        return rows[0] if rows else Decimal(0)

    known: dict[Cell, Decimal] = {}
    return lambda cell: known[cell] if cell in known else known.setdefault(cell, price(cell))


def _cells(attempt: Attempt) -> Iterator[tuple[Cell, int]]:
    for token_class in TOKEN_CLASSES:
        if tokens := getattr(attempt, f"tokens_{token_class}", None):
            model = attempt.response_model or ""
            yield (attempt.provider, model, token_class, attempt.started_at.date()), tokens


def _logged(simulated: Simulated) -> Counter[Cell]:
    found = Counter[Cell]()
    for attempt in simulated.rows(Attempt):
        found.update(dict(_cells(attempt)))
    return found


def _metered(simulated: Simulated) -> Counter[Cell]:
    """Usage exports; Mistral has none, its charges carry the quantities."""
    found = Counter[Cell]()
    for bucket in simulated.rows(UsageBucket):
        cell = (bucket.provider, bucket.model, bucket.token_class, bucket.bucket_start.date())
        found[cell] += bucket.tokens_usage_export
    for line in simulated.rows(BillingLine):
        if line.provider == "mistral_ai":
            found[line.provider, line.x_model, line.x_token_class, line.charge_period_start.date()] += int(
                line.consumed_quantity
            )
    return +found


def _billed(simulated: Simulated) -> defaultdict[Cell, Decimal]:
    found: defaultdict[Cell, Decimal] = defaultdict(Decimal)
    for line in simulated.rows(BillingLine):
        assert line.billing_currency == "USD"
        found[line.provider, line.x_model, line.x_token_class, line.charge_period_start.date()] += (
            line.billed_cost
        )
    return found


def _invoice(simulated: Simulated, provider: str) -> Decimal:
    (invoice,) = [each for each in simulated.rows(Invoice) if each.provider == provider]
    assert (invoice.billing_period_start, invoice.billing_period_end) == (WHEN.start, WHEN.end)
    total: Decimal = invoice.billed_cost
    return total
