"""Rate cards: what a contract does to the list, and every way in which a card can be wrong."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from price_rating import book, cost, row_at

from tickmark.errors import BadSpecError
from tickmark.prices import RateCard, load_rate_card

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "docs" / "examples" / "rate_card.yaml"
NOVEMBER = datetime(2026, 11, 2, tzinfo=UTC)
SCOPES = [
    *(
        ("openai", model, tier)
        for model in ("gpt-5.5", "gpt-4o")
        for tier in ("standard", "batch", "priority")
    ),
    ("deepseek", "deepseek-v4-pro", "standard"),
    ("openai", "gpt-99-imaginary", "standard"),
]


def card(
    tmp_path: Path, *rates: str, provider: str = "openai", valid: str = "2026-01-01", name: str = "acme"
) -> RateCard:
    valid_from, _, valid_to = valid.partition("/")
    path = tmp_path / f"{name}.yaml"
    path.write_text(
        f"contract: {name.upper()}\nprovider: {provider}\nvalid_from: {valid_from}T00:00:00Z\n"
        f"valid_to: {valid_to + 'T00:00:00Z' if valid_to else 'null'}\nrates:\n"
        + "".join(f"  - {{{rate}}}\n" for rate in rates)
    )
    return load_rate_card(path)


@pytest.mark.parametrize("percent", ["0", "10", "12.5"])
def test_a_discount_takes_that_share_of_every_list_price_and_keeps_the_list(
    tmp_path: Path, percent: str
) -> None:
    listed = book("2026-11", *SCOPES)
    contracts = [
        card(tmp_path, f'model: "*", discount_percent: "{percent}"', provider=provider, name=provider)
        for provider in ("openai", "deepseek")
    ]
    discounted = book("2026-11", *SCOPES, cards=contracts)
    assert [row.usd_per_unit_list for row in discounted] == [row.usd_per_unit for row in listed]
    assert {row.contract for row in listed} == {None}
    assert {row.contract for row in discounted} == {"OPENAI", "DEEPSEEK"}
    share = 1 - Decimal(percent) / 100
    assert all(row.usd_per_unit == row.usd_per_unit_list * share for row in discounted)
    usage = {"uncached_input": 300_001, "cache_read": 12_345, "output": 678, "web_search": 9}
    for scope in SCOPES[:-1]:
        before, after = (
            [row for row in rows if row.model == scope[1] and row.service_tier == scope[2]]
            for rows in (listed, discounted)
        )
        assert cost(after, usage, NOVEMBER) == cost(before, usage, NOVEMBER) * share


def test_a_month_is_cut_where_a_card_begins_and_ends(tmp_path: Path) -> None:
    rate = 'model: "*", discount_percent: "{}"'
    contracts = [
        card(tmp_path, rate.format(10), valid="2026-11-05/2026-11-15", name="first"),
        card(tmp_path, rate.format(20), valid="2026-11-15/2026-11-20", name="second"),
    ]
    rows = [row for row in book("2026-11", SCOPES[0], cards=contracts) if row.token_class == "web_search"]
    assert [(row.valid_from.day, row.valid_to.day, row.contract, row.usd_per_unit) for row in rows] == [
        (1, 5, None, Decimal("0.01")),
        (5, 15, "FIRST", Decimal("0.009")),
        (15, 20, "SECOND", Decimal("0.008")),
        (20, 1, None, Decimal("0.01")),
    ]
    assert {row.usd_per_unit_list for row in rows} == {Decimal("0.01")}


def test_the_first_rate_that_fits_wins_and_the_rest_stays_at_list(tmp_path: Path) -> None:
    contract = card(
        tmp_path,
        'model: "gpt-4o*", token_class: output, usd_per_million: "9.00"',
        'model: "*", service_tier: standard, discount_percent: "50"',
        'model: "gpt-4o", token_class: output, service_tier: batch, discount_percent: "10"',
        provider="OpenAI, LLC",
    )
    rows = book("2026-11", *SCOPES, cards=[contract])

    def price(model: str, tier: str, token_class: str) -> tuple[Decimal, str | None]:
        row = row_at(
            [row for row in rows if (row.model, row.service_tier) == (model, tier)], token_class, NOVEMBER
        )
        assert row
        return row.usd_per_unit * 1_000_000, row.contract

    assert price("gpt-4o", "standard", "output") == (Decimal("9.00"), "ACME")
    assert price("gpt-4o", "standard", "uncached_input") == (Decimal("1.25"), "ACME")
    assert price("gpt-4o", "batch", "output") == (Decimal("4.5"), "ACME")
    assert price("gpt-4o", "batch", "uncached_input") == (Decimal("1.25"), None)
    assert price("gpt-4o", "priority", "output") == (Decimal(17), None)
    assert price("deepseek-v4-pro", "standard", "output") == (Decimal("1.98"), None)


def test_a_price_in_usd_holds_in_every_band_and_peak_window(tmp_path: Path) -> None:
    contract = card(tmp_path, 'model: "*", token_class: output, usd_per_million: "1"', provider="deepseek")
    rows = [row for row in book("2026-11", *SCOPES, cards=[contract]) if row.provider == "deepseek"]
    output = [row for row in rows if row.token_class == "output"]
    assert {row.usd_per_unit for row in output} == {Decimal("0.000001")}
    assert {row.usd_per_unit_list for row in output} == {Decimal("0.00000198"), Decimal("0.00000396")}


def test_a_contract_prices_what_the_list_does_not_know_and_only_that(tmp_path: Path) -> None:
    contract = card(
        tmp_path,
        'model: "gpt-99*", token_class: output, usd_per_million: "6"',
        'model: gpt-4o, service_tier: batch, token_class: output, usd_per_million: "4"',
        'model: "*", discount_percent: "10"',
        valid="2026-10-05",
    )
    imaginary = book("2026-10", ("openai", "gpt-99-imaginary", "standard"), cards=[contract])
    assert [
        (row.token_class, row.valid_from.day, row.usd_per_unit_list * 1_000_000) for row in imaginary
    ] == [("output", 5, Decimal(6))]
    assert imaginary[0].source == "contract ACME only; no list price is known"
    # The list knows batch from 14 October; between card and list the contract stands alone.
    batch = book("2026-10", ("openai", "gpt-4o", "batch"), cards=[contract])
    spans = [
        (row.valid_from.day, row.usd_per_unit_list, row.usd_per_unit)
        for row in batch
        if row.token_class == "output"
    ]
    assert spans == [
        (5, Decimal("0.000004"), Decimal("0.000004")),
        (14, Decimal("0.000005"), Decimal("0.000004")),
    ]


def test_cards_of_one_provider_must_not_overlap(tmp_path: Path) -> None:
    rate = 'model: "*", discount_percent: "10"'
    old = card(tmp_path, rate, valid="2026-01-01/2026-12-01", name="old")
    new = card(tmp_path, rate, valid="2026-11-30", name="new", provider="OpenAI")
    other = card(tmp_path, rate, name="other", provider="anthropic")
    unending = card(tmp_path, rate, name="unending", provider="anthropic", valid="2025-01-01")
    assert book("2026-11", cards=[other, old]) == []
    with pytest.raises(BadSpecError, match=r"other.yaml valid_from .*; unending.yaml is still valid"):
        book("2026-11", cards=[other, old, unending])
    with pytest.raises(BadSpecError) as refused:
        book("2026-11", cards=[new, other, old])
    assert str(refused.value) == (
        "E-CARD-OVERLAP new.yaml valid_from one card of a provider at a time; old.yaml is still valid then. "
        "Repair: end old.yaml with valid_to at the instant this card begins"
    )
    assert refused.value.exit_code == 2


def test_a_discounted_price_is_kept_to_fourteen_places(tmp_path: Path) -> None:
    # deepseek-v4-pro, cache read until August 2026: an eighth less than 3.625e-9 is 3.171875e-9.
    contract = card(tmp_path, 'model: "*", discount_percent: "12.5"', provider="deepseek")
    rows = book("2026-07", ("deepseek", "deepseek-v4-pro", "standard"), cards=[contract])
    row = row_at(rows, "cache_read", datetime(2026, 7, 1, tzinfo=UTC))
    assert row
    assert (row.usd_per_unit_list, row.usd_per_unit) == (Decimal("3.625e-9"), Decimal("3.17188e-9"))


def test_the_example_of_the_documentation_prices_a_month() -> None:
    contract = load_rate_card(EXAMPLE)
    wanted = [("openai", model, "standard") for model in ("gpt-4o-2024-11-20", "gpt-5.5", "acme-private-1")]
    rows = book("2026-11", *wanted, cards=[contract])
    prices = {(row.model, row.token_class): row.usd_per_unit for row in rows if row.prompt_tokens_above == 0}
    assert prices["gpt-4o-2024-11-20", "output"] == Decimal("0.000009")
    assert prices["gpt-5.5", "web_search"] == Decimal("0.008")
    assert prices["gpt-5.5", "uncached_input"] == Decimal("0.000004375")
    assert prices["acme-private-1", "output"] == Decimal("0.000006")
    assert {row.contract for row in rows} == {"ACME-OPENAI-2026"}


@pytest.mark.parametrize("path", sorted((HERE / "errors").iterdir()), ids=lambda path: path.stem)
def test_a_wrong_card_says_where_and_how_to_repair_it(path: Path) -> None:
    """The first line of each wrong card is the message that it provokes."""
    expected = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
    with pytest.raises(BadSpecError) as refused:
        load_rate_card(path)
    assert str(refused.value) == expected
    assert refused.value.exit_code == 2
