"""List prices equal the catalogue's own calculation, and the figures that providers publish."""

import csv
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import genai_prices
import pytest
from genai_prices.data import providers as catalogue
from genai_prices.types import ModelInfo, TieredPrices
from price_rating import PROMPT_CLASSES, book, cost, row_at

from tickmark.months import parse_instant
from tickmark.prices.catalogue import TIERS
from tickmark.prices.listing import PRICE_KEYS
from tickmark.providers import by_name
from tickmark.records import RateRow

PROVIDERS = ("openai", "anthropic", "mistral", "deepseek", "x-ai", "google", "groq", "together")
MODELS = {provider.id: provider for provider in catalogue if provider.id in PROVIDERS}


def models(provider: str) -> Iterator[ModelInfo]:
    """Models that are found under their own id."""
    found = MODELS[provider]
    return (model for model in found.models if found.find_model(model.id) is model)


def thresholds(model: ModelInfo) -> set[int]:
    dated = [each.prices for each in model.prices] if isinstance(model.prices, list) else [model.prices]
    lists = [*dated, *(variant.prices for variant in model.price_variants or ())]
    prices = [price for each in lists for price in vars(each).values() if isinstance(price, TieredPrices)]
    return {tier.start for price in prices for tier in price.tiers}


def listed(model: ModelInfo, tier: str, at: datetime) -> bool:
    """Whether the catalogue names this tier for this model at this time."""
    variants = (each for each in model.price_variants or () if each.when.items() <= TIERS[tier].items())
    return tier == "standard" or any(not each.constraint or each.constraint.active(at) for each in variants)


def an_instant(dice: random.Random, month: int, rows: list[RateRow]) -> datetime:
    """A time at which the catalogue itself knows DeepSeek's peak hours."""
    at = datetime(2026, month, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(30 * 86_400))
    corrected = any("(days by overlay" in row.source for row in rows)
    return at.replace(hour=12) if corrected and (month == 1 or at.weekday() >= 5) else at


def a_usage(dice: random.Random, prompt: int, rows: list[RateRow]) -> dict[str, int]:
    """Random classes of a prompt of this size, but for those that only an overlay prices."""
    edges = sorted(dice.randint(0, prompt) for _ in PROMPT_CLASSES[1:])
    usage = {name: b - a for name, a, b in zip(PROMPT_CLASSES, [0, *edges], [*edges, prompt], strict=True)}
    for name in {row.token_class for row in rows if row.source.startswith("overlay")} & usage.keys():
        usage["uncached_input"] += usage.pop(name)
    return usage | {"output": dice.randrange(20_000), "web_search": dice.randrange(4), "request_fee": 1}


def library_cost(provider: str, model: str, tier: str, usage: dict[str, int], at: datetime) -> Decimal:
    writes = {name: usage.get(f"cache_write_{name}", 0) for name in ("5m", "30m", "1h")}
    tokens = genai_prices.Usage(
        input_tokens=sum(usage.get(name, 0) for name in PROMPT_CLASSES),
        cache_read_tokens=usage["cache_read"],
        cache_write_tokens=sum(writes.values()),
        cache_write_5m_tokens=writes["5m"],
        cache_write_1h_tokens=writes["1h"],
        output_tokens=usage["output"],
        web_searches=usage["web_search"],
    )
    return genai_prices.calc_price(
        tokens, model, provider_id=provider, genai_request_timestamp=at, price_context=TIERS[tier]
    ).total_price


@pytest.mark.parametrize("month", [1, 11])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_tokens_times_rows_are_what_the_catalogue_calculates(provider: str, month: int) -> None:
    dice = random.Random(f"{provider} {month}")
    canonical, compared = by_name(provider), 0
    for model in models(provider):
        for tier in TIERS:
            rows = book(f"2026-{month:02}", (canonical, model.id, tier))
            sizes = {start + step for start in thresholds(model) for step in (-1, 0, 1)}
            for prompt in (*sizes, *(dice.randint(1, 10**digits) for digits in range(1, 7))):
                at = an_instant(dice, month, rows)
                usage = a_usage(dice, prompt, rows)
                if listed(model, tier, at):
                    assert cost(rows, usage, at) == library_cost(provider, model.id, tier, usage, at), (
                        model.id
                    )
                    compared += 1
                else:
                    assert not any(row_at(rows, name, at, prompt) for name in PRICE_KEYS), model.id
    assert compared >= 6 * len(list(models(provider)))


# Figures that were proved or published elsewhere; the source stands beside each.
GOLDEN = {
    # maximhq/bifrost issue 3451: 6 uncached, 159,217 written to the cache, 2,745 out.
    "opus cache write": (
        "anthropic claude-opus-4-7 standard 2026-05-01T00:00:00Z",
        {"uncached_input": 6, "cache_write_5m": 159_217, "output": 2_745},
        "1.06376125",
    ),
    # OpenAI's price page, 2026-10-12: gpt-5.5 at 5/30 and, with priority, 12.5/75 USD per million.
    "standard": (
        "openai gpt-5.5 standard 2026-11-02T00:00:00Z",
        {"uncached_input": 10_000, "output": 500},
        "0.065",
    ),
    "priority": (
        "openai gpt-5.5 priority 2026-11-02T00:00:00Z",
        {"uncached_input": 10_000, "output": 500},
        "0.1625",
    ),
    # Same page: priority has no long-context price, standard doubles input above 272,000.
    "long context": (
        "openai gpt-5.5 standard 2026-11-02T00:00:00Z",
        {"uncached_input": 272_001, "output": 1_000},
        "2.76501",
    ),
    "long context, priority": (
        "openai gpt-5.5 priority 2026-11-02T00:00:00Z",
        {"uncached_input": 272_001, "output": 1_000},
        "3.4750125",
    ),
    # OpenAI's batch list: rounded cached price of gpt-5.4; none for gpt-4.1, so the standard one holds.
    "batch, rounded": ("openai gpt-5.4 batch 2026-11-02T00:00:00Z", {"cache_read": 100_000}, "0.013"),
    "batch, cached at standard": (
        "openai gpt-4.1 batch 2026-11-02T00:00:00Z",
        {"cache_read": 100_000},
        "0.05",
    ),
    # Anthropic's price page: a 1-hour write is twice the input price, on hosts that list it or not.
    "1 h write, vertex": (
        "google claude-3-haiku standard 2026-11-02T00:00:00Z",
        {"cache_write_1h": 1_000_000},
        "0.5",
    ),
    "1 h write, openrouter": (
        "openrouter anthropic/claude-fable-5 standard 2026-11-02T00:00:00Z",
        {"cache_write_1h": 1_000_000},
        "20",
    ),
    # OpenAI's price page: a 12-hour cache write is 2.5 times the input price (gpt-6.1-terra: 2.50).
    "12 h write": (
        "openai gpt-6.1-terra standard 2026-11-02T00:00:00Z",
        {"cache_write_12h": 10_000},
        "0.025",
    ),
    # Models of before gpt-5.6 charge nothing for a write: its tokens are plain input.
    "no charge for writes": (
        "openai gpt-4o standard 2026-11-02T00:00:00Z",
        {"cache_write_12h": 1_000},
        "0.0025",
    ),
    # Google's price page: the band begins strictly above 200,000 prompt tokens.
    "at the cliff": (
        "google gemini-2.5-pro standard 2026-11-02T00:00:00Z",
        {"uncached_input": 200_000},
        "0.25",
    ),
    "over it": (
        "google gemini-2.5-pro standard 2026-11-02T00:00:00Z",
        {"uncached_input": 200_001},
        "0.5000025",
    ),
    # xAI's price page: "< 200k" and ">= 200k": inclusive.
    "xai below": ("x_ai grok-4.3 standard 2026-11-02T00:00:00Z", {"uncached_input": 199_999}, "0.24999875"),
    "xai at": ("x_ai grok-4.3 standard 2026-11-02T00:00:00Z", {"uncached_input": 200_000}, "0.5"),
    # Anthropic's price page: above 100,000 prompt tokens every class costs five times as much.
    "haiku above, cached": (
        "anthropic claude-haiku-5-5 standard 2026-11-02T00:00:00Z",
        {"cache_read": 100_001, "output": 1_000},
        "0.00750005",
    ),
    # DeepSeek's price page, 2026-09-21: peak Monday to Friday, never on weekends or Chinese holidays.
    "monday, peak": (
        "deepseek deepseek-v4-pro standard 2026-11-02T02:00:00Z",
        {"uncached_input": 100, "output": 200},
        "0.000924",
    ),
    "saturday": (
        "deepseek deepseek-v4-pro standard 2026-11-07T02:00:00Z",
        {"uncached_input": 100, "output": 200},
        "0.000462",
    ),
    "national day": (
        "deepseek deepseek-v4-pro standard 2026-10-01T02:00:00Z",
        {"uncached_input": 100, "output": 200},
        "0.000462",
    ),
    # The same page: the list with peak hours began on 2026-08-16 at 16:00 UTC; before it, flat 0.435.
    "before the change": (
        "deepseek deepseek-v4-pro standard 2026-08-16T15:59:59Z",
        {"uncached_input": 1_000},
        "0.000435",
    ),
    "after the change": (
        "deepseek deepseek-v4-pro standard 2026-08-16T16:00:00Z",
        {"uncached_input": 1_000},
        "0.00066",
    ),
    "no peak before it": (
        "deepseek deepseek-v4-pro standard 2026-08-13T02:00:00Z",
        {"uncached_input": 1_000},
        "0.000435",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_published_figures_reproduce(name: str) -> None:
    call, usage, expected = GOLDEN[name]
    provider, model, tier, at = call.split()
    rows = book(at[:7], (provider, model, tier))
    assert all(row_at(rows, each, parse_instant(at)) for each in usage)
    assert cost(rows, usage, parse_instant(at)) == Decimal(expected)


def test_anthropic_cache_writes_cost_a_quarter_more_and_double() -> None:
    # Anthropic's price page: 1.25 (5 minutes) and 2 (1 hour) times the input price; Haiku 3 writes at 1.2.
    at, ratios = datetime(2026, 11, 2, tzinfo=UTC), Counter[tuple[Decimal, Decimal]]()
    for model in models("anthropic"):
        rows = book("2026-11", ("anthropic", model.id, "standard"))
        if "cache_write_mtok" in vars(model.get_prices(at)):
            unit, short, long = (
                row.usd_per_unit
                for name in ("uncached_input", "cache_write_5m", "cache_write_1h")
                if (row := row_at(rows, name, at))
            )
            ratios[short / unit, long / unit] += 1
    usual, haiku_3 = (Decimal("1.25"), Decimal(2)), (Decimal("1.2"), Decimal(2))
    assert ratios == {usual: 24, haiku_3: 1}


@pytest.mark.parametrize(
    ("provider", "model", "tier"),
    [
        ("openai", "gpt-99-imaginary", "standard"),
        ("openai", "gpt-5.5", "prioritty"),
        ("openai", "gpt-5.5", "Batch"),
        ("azure_openai", "gpt-5.5", "standard"),
        ("google", "claude-2", "standard"),
        ("nobody", "gpt-5.5", "standard"),
        ("openai", "o3-pro", "flex"),
    ],
)
def test_what_the_catalogue_does_not_know_has_no_row(provider: str, model: str, tier: str) -> None:
    assert book("2026-11", (provider, model, tier)) == []


def test_a_tier_is_priced_from_the_day_the_catalogue_lists_it() -> None:
    assert book("2026-09", ("openai", "gpt-4.1", "batch")) == []
    rows = book("2026-10", ("openai", "gpt-4.1", "batch"))
    assert {row.valid_from for row in rows} == {datetime(2026, 10, 14, tzinfo=UTC)}
    cached = row_at(rows, "cache_read", datetime(2026, 10, 20, tzinfo=UTC))
    assert cached
    assert cached.source.endswith("cache_read_mtok; batch lists no cache_read_mtok, standard holds")


def test_every_model_of_the_catalogue_can_be_priced() -> None:
    scopes = [(each.id, model.id, "standard") for each in catalogue for model in each.models]
    rows = book("2026-11", *scopes)
    assert len({(row.provider, row.model) for row in rows}) > 2_000
    rounded = [row for row in rows if row.source.endswith("; kept to 14 decimal places")]
    # OpenRouter lists Gemini's cache writes as the float 0.08333333333333334.
    assert {row.provider for row in rounded} == {"openrouter", "huggingface_together"}
    assert all(row.usd_per_unit_list >= 0 for row in rows)


def test_one_price_for_output_is_refused_where_reasoning_has_its_own() -> None:
    rows = book("2026-11", ("perplexity", "sonar-deep-research", "standard"))
    assert "uncached_input" in {row.token_class for row in rows}
    assert "output" not in {row.token_class for row in rows}


def test_rows_are_in_total_order_and_cover_each_moment_once() -> None:
    scopes = [("deepseek", "deepseek-v4-flash", "standard"), ("mistral_ai", "mistral-large-4", "batch")]
    rows = book("2026-10", *scopes, *scopes)
    places = [
        (
            r.provider,
            r.model,
            r.service_tier,
            r.token_class,
            r.valid_from,
            r.prompt_tokens_above,
            r.minute_from,
        )
        for r in rows
    ]
    assert places == sorted(set(places))
    assert all(datetime(2026, 10, 1, tzinfo=UTC) <= row.valid_from < row.valid_to for row in rows)
    assert max(row.valid_to for row in rows) == datetime(2026, 11, 1, tzinfo=UTC)
    flash = [row for row in rows if (row.model, row.token_class) == ("deepseek-v4-flash", "output")]
    spans = ((row.valid_to - row.valid_from) * (row.minute_upto - row.minute_from) / 1440 for row in flash)
    assert sum(spans, timedelta()) == timedelta(days=31)


def table(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_lines_of_a_real_month_cost_quantity_times_row(shared_data: Path) -> None:
    """FOCUS lines of Mistral, DeepSeek and xAI, January 2026: `ListCost` is exact to the last digit."""
    lines = [
        line
        for path in sorted((shared_data / "real_month/2026-01/bills").glob("focus_*.csv"))
        for line in table(path)
    ]
    assert len(lines) > 30
    for line in lines:
        model = line["ChargeDescription"].split()[0]
        rows = book("2026-01", (by_name(line["InvoiceIssuerName"]), model, "standard"))
        prices = {row.usd_per_unit_list for row in rows if row.token_class == line["SkuMeter"]}
        assert Decimal(line["ListCost"]) in {Decimal(line["ConsumedQuantity"]) * price for price in prices}


def test_rows_equal_an_independent_export_of_the_catalogue(shared_data: Path) -> None:
    """A flat export of the catalogue, made by another program; the line with the highest `prec` holds."""
    contexts = {f"{key}={value}": tier for tier, context in TIERS.items() for key, value in context.items()}
    known = {(provider, model.id) for provider in PROVIDERS for model in models(provider)}
    held = {}
    lines = table(shared_data / "billing/ratecard_genai_prices_0.2.3.csv")
    for line in sorted(lines, key=lambda line: int(line["prec"])):
        model, tier = (line["provider"], line["model"]), contexts.get(line["ctx"], "standard")
        dated = line["valid_from"] <= "2026-11-20" < line["valid_to"] and not line["tod_from"]
        if dated and model in known and line["ctx"] in {"", *contexts}:
            held[*model, tier, line["price_key"], int(line["tier_gt"])] = Decimal(line["price"]) / int(
                line["per"]
            )
    compared = 0
    for (provider, model_id, tier, key, above), price in held.items():
        classes = [name for name, keys in PRICE_KEYS.items() if keys[0] == key]
        rows = book("2026-11", (by_name(provider), model_id, tier)) if classes else []
        for name in classes:
            row = row_at(rows, name, datetime(2026, 11, 20, 20, tzinfo=UTC), above + 1)
            assert row
            assert row.usd_per_unit_list == price
            compared += 1
    assert compared > 1_500
