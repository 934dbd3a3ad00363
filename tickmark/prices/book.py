"""The rate book: list price and contracted price of everything that was logged or billed in a period.

Lives here: joining list prices with rate cards. Does not live here: what the prices are (listing.py,
contracts.py), and multiplying them (SQL).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from tickmark.prices.catalogue import Priced, cut
from tickmark.prices.contracts import RateCard, refuse_overlaps
from tickmark.prices.listing import PRICE_KEYS, list_rows
from tickmark.records import RateRow


def rate_book(
    wanted: Iterable[Priced], contracts: Sequence[RateCard], start: datetime, end: datetime
) -> list[RateRow]:
    """Every known price of the wanted scopes within `[start, end)` UTC: USD per token or call, in order.

    A scope, class or time without a row is unpriced: a finding, never zero and never another tier's price.
    Where a contract names a price that the catalogue does not know, that price also stands as the list
    price. Raises BadSpecError where two cards of one provider overlap.
    """
    refuse_overlaps(contracts)
    rows: list[RateRow] = []
    for scope in set(wanted):
        cards = [card for card in contracts if card.provider == scope.provider]
        listed = list(list_rows(scope, start, end))
        rows += (priced for row in listed for priced in _contracted(scope, row, cards))
        rows += (row for card in cards for row in _contract_only(scope, card, listed, start, end))
    return sorted(rows, key=_place)


def _place(row: RateRow) -> tuple[str, str, str, str, datetime, int, int]:
    scope = (row.provider, row.model, row.service_tier, row.token_class)
    return (*scope, row.valid_from, row.prompt_tokens_above, row.minute_from)


def _contracted(scope: Priced, row: RateRow, cards: Sequence[RateCard]) -> Iterator[RateRow]:
    """The row cut where a card begins or ends, each part at its contracted price."""
    edges = [edge for card in cards for edge in (card.valid_from, card.valid_to) if edge is not None]
    for valid_from, valid_to in cut(row.valid_from, row.valid_to, edges):
        part = replace(row, valid_from=valid_from, valid_to=valid_to)
        card = next((each for each in cards if _overlap(each, valid_from, valid_to)), None)
        price = None if card is None else card.price(scope, row.token_class, row.usd_per_unit_list)
        if card is not None and price is not None:
            part.usd_per_unit, part.contract = price, card.contract
        yield part


def _contract_only(
    scope: Priced, card: RateCard, listed: Sequence[RateRow], start: datetime, end: datetime
) -> Iterator[RateRow]:
    """Prices that only the contract knows, for the times without a list price."""
    span = _overlap(card, start, end)
    for token_class in PRICE_KEYS if span is not None else ():
        price = card.price(scope, token_class, None)
        if span is None or price is None:
            continue
        rows = [row for row in listed if row.token_class == token_class]
        for valid_from, valid_to in cut(
            *span, (edge for row in rows for edge in (row.valid_from, row.valid_to))
        ):
            if not any(row.valid_from <= valid_from < row.valid_to for row in rows):
                yield RateRow(
                    provider=scope.provider,
                    model=scope.model,
                    service_tier=scope.service_tier,
                    token_class=token_class,
                    valid_from=valid_from,
                    valid_to=valid_to,
                    prompt_tokens_above=0,
                    prompt_tokens_upto=None,
                    usd_per_unit_list=price,
                    usd_per_unit=price,
                    source=f"contract {card.contract} only; no list price is known",
                    contract=card.contract,
                )


def _overlap(card: RateCard, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    begins = max(start, card.valid_from)
    ends = end if card.valid_to is None else min(end, card.valid_to)
    return (begins, ends) if begins < ends else None
