"""Prices: the rate book of a period, from list prices (genai-prices, overlays) and rate cards.

Lives here: what one token or call costs, where, when and under which contract.
Does not live here: multiplying and summing (SQL). List prices come from the pinned package, never a network.
"""

from tickmark.prices.book import rate_book
from tickmark.prices.catalogue import CATALOGUE, Priced
from tickmark.prices.contracts import RateCard, load_rate_card, refuse_overlaps

__all__ = ["CATALOGUE", "Priced", "RateCard", "load_rate_card", "rate_book", "refuse_overlaps"]
