"""List prices as rows of the rate book: one per token class or per-call unit, period, band and peak window.

Lives here: which of the catalogue's prices a class has, prompt bands, overlays that multiply.
Does not live here: which price list holds when (catalogue.py), contracts (contracts.py), sums (SQL).

What the rows follow (provider pages and catalogue as of 2026-11-21):
- Tokens times these rows is what `genai_prices.calc_price` returns, to the last digit, except where
  `overlays.yaml` names a known gap, and where the catalogue repeats another catalogue's floats
  (0.08333333333333334 USD per million): those are kept to 14 decimal places per token, `source` says so.
- Keys that a tier does not list keep the standard price, as providers document it: OpenAI's batch list of
  gpt-4.1 has no discount on cached input, Anthropic's none on web search. `source` says so.
- A class without a price of its own is a part of the next wider one: cached tokens of a model without a
  cache price are input tokens. `source` says so. What no key covers has no row; it is never zero.
- The band is chosen by all prompt tokens of a request, strictly above; xAI's inclusive 200,000 stands in
  the catalogue as above 199,999.
- Audio and image tokens have only prices of their own: none is taken from text. Prices of video tokens, of
  seconds, characters and storage are not in these rows.
- Geography is not in the catalogue: `inference_geo` (1.1x in the US at Anthropic, OpenAI and Mistral) and
  regional endpoints are priced as global.
- A model whose reasoning or citations have a price of their own (perplexity/sonar-deep-research) has no
  `output` row: one price for all output would be wrong.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from genai_prices.types import TieredPrices

from tickmark import money
from tickmark.prices.catalogue import Listed, Price, Priced, price_lists
from tickmark.prices.overlays import overlays
from tickmark.records import RateRow

PRICE_KEYS: Mapping[str, tuple[str, ...]] = {
    "uncached_input": ("input_mtok",),
    "cache_read": ("cache_read_mtok", "input_mtok"),
    "cache_write_5m": ("cache_write_5m_mtok", "cache_write_mtok", "input_mtok"),
    "cache_write_30m": ("cache_write_mtok", "input_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
    "cache_write_12h": ("cache_write_12h_mtok", "cache_write_mtok", "input_mtok"),
    "output": ("output_mtok",),
    "input_audio": ("input_audio_mtok",),
    "cache_audio": ("cache_audio_read_mtok",),
    "output_audio": ("output_audio_mtok",),
    "input_image": ("input_image_mtok",),
    "cache_image": ("cache_image_read_mtok",),
    "output_image": ("output_image_mtok",),
    "web_search": ("web_searches_kcount",),
    "file_search_call": ("storage_searches_kcount",),
    "request_fee": ("requests_kcount",),
}
"""Classes, each with the catalogue's price keys from its own to the widest that contains it."""

_SPLIT_OUTPUT = {"output_reasoning_mtok", "output_citation_mtok"}
_DEFAULT_WRITE = "cache_write_mtok"
_UNITS = {"mtok": 1_000_000, "kcount": 1_000}


def list_rows(scope: Priced, start: datetime, end: datetime) -> Iterator[RateRow]:
    """List prices of one scope within `[start, end)`; none where the catalogue knows no such price.

    The contracted price of each row equals its list price.
    """
    for listed in price_lists(scope, start, end):
        for token_class in PRICE_KEYS:
            yield from _class_rows(scope, listed, token_class)


def _class_rows(scope: Priced, listed: Listed, token_class: str) -> Iterator[RateRow]:
    key, times, source = _choose(scope, listed, token_class)
    if key is None:
        return
    for above, upto, price in _bands(listed.price_list.prices[key]):
        units = _UNITS[key.rpartition("_")[2]]
        unit_price = money.nearest_price(price * times, units)
        cut = "" if unit_price * units == price * times else f"; kept to {money.PRICE_SCALE} decimal places"
        yield RateRow(
            provider=scope.provider,
            model=scope.model,
            service_tier=scope.service_tier,
            token_class=token_class,
            valid_from=listed.valid_from,
            valid_to=listed.valid_to,
            minute_from=listed.minute_from,
            minute_upto=listed.minute_upto,
            prompt_tokens_above=above,
            prompt_tokens_upto=upto,
            usd_per_unit_list=unit_price,
            usd_per_unit=unit_price,
            source=source + cut,
        )


def _choose(scope: Priced, listed: Listed, token_class: str) -> tuple[str | None, Decimal, str]:
    """Price key of a class, what to multiply it with, and the words that say why."""
    prices, keys = listed.price_list.prices, PRICE_KEYS[token_class]
    key = next((each for each in keys if each in prices), None)
    if key is None or (token_class == "output" and not _SPLIT_OUTPUT.isdisjoint(prices)):
        return None, Decimal(1), ""
    overlay = overlays().multiple(listed.provider, listed.model, token_class)
    if overlay is not None and key == _DEFAULT_WRITE:
        times = f"overlay {overlay.name}: {overlay.times_input} x {listed.place} input_mtok"
        return "input_mtok", overlay.times_input, f"{times} ({overlay.source}, read {overlay.read})"
    wider = "" if key == keys[0] else f"; no {keys[0]} is listed, {key} holds"
    shared = "" if key in listed.price_list.own else f"; {scope.service_tier} lists no {key}, standard holds"
    return key, Decimal(1), f"{listed.place} {key}{wider}{shared}"


def _bands(price: Price) -> Iterator[tuple[int, int | None, Decimal]]:
    """A price by prompt tokens: above (excluded), up to (included, None is unlimited), price."""
    if not isinstance(price, TieredPrices):
        yield 0, None, price
        return
    edges: list[int | None] = [0, *(tier.start for tier in price.tiers), None]
    values = [price.base, *(tier.price for tier in price.tiers)]
    for (above, upto), value in zip(pairwise(edges), values, strict=True):
        yield above or 0, upto, value
