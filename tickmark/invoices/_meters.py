"""What a cloud's meter says: model, token class and tier of a usage type, a meter name or a SKU text.

Lives here: reading such a text by the words of `cloud_meters.yaml`, which services of a cloud are about
models, and tokens from billed units. Does not live here: where a bill keeps the text (the readers).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel

from tickmark import strictyaml
from tickmark.formats import JsonObject, optional_text
from tickmark.invoices._fields import TOKENS, WIDE, optional_decimal, storable

_EDITION = " (Amazon Bedrock Edition)"
_TIERS = ("batch", "flex", "priority")
_ROUTINGS = ("global", "data zone")
_LIFETIMES = ("5m", "30m", "1h")
_COUNTED = {
    frozenset(["input"]): "uncached_input",
    frozenset(["read"]): "cache_read",
    frozenset(["input", "read"]): "cache_read",
    frozenset(["output"]): "output",
}


@dataclass(frozen=True, slots=True)
class Meter:
    """What a text says; nothing but the standard tier where it is not mapped."""

    token_class: str | None = None
    service_tier: str = "standard"
    model: str | None = None


class _Grammar(BaseModel):
    """How one cloud names what it meters; the head of the file says what each field means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...]
    services: dict[str, str]
    focus_meter: str
    prefix: re.Pattern[str]
    word: re.Pattern[str]
    write_for: str
    words: dict[str, str | None]
    units: dict[str, int]


@cache
def _grammars() -> dict[str, _Grammar]:
    path = Path(__file__).with_name("cloud_meters.yaml")
    return strictyaml.load_as(path, path.name, RootModel[dict[str, _Grammar]]).root


@lru_cache(maxsize=10_000)
def meter(cloud: str, text: str | None, product: str | None = None) -> Meter:
    """What a meter text of `aws`, `azure` or `gcp` says, and nothing where its words do not say it exactly.

    `product` is the model where the text itself names none.
    """
    grammar = _grammars()[cloud]
    named: list[re.Match[str]] = []
    said: set[str] = set()
    runs, was_name = 0, False
    for word in _words(grammar, text or ""):
        is_name = word[0].lower() not in grammar.words
        runs += is_name and not was_name
        was_name = is_name
        if is_name:
            named.append(word)
        else:
            said.update(_roles(grammar.words[word[0].lower()]))
    model = (text or "")[named[0].start() : named[-1].end()] if named else product
    token_class = _token_class(said, grammar.write_for)
    tiers = [tier for tier in _TIERS if tier in said]
    if model is None or runs > 1 or token_class is None or len(tiers) > 1:
        return Meter()
    routing = [each for each in _ROUTINGS if each in said]
    return Meter(token_class, tiers[0] if tiers else "standard", " ".join([model, *routing]))


def _words(grammar: _Grammar, text: str) -> Iterator[re.Match[str]]:
    begin = grammar.prefix.match(text)
    return grammar.word.finditer(text, begin.end() if begin else 0)


def _roles(written: str | None) -> list[str]:
    return [written] if written in _ROUTINGS else (written or "").split()


def _token_class(said: set[str], write_for: str) -> str | None:
    if "other" in said:
        return None
    if "write" in said:
        lasts = next((each for each in _LIFETIMES if each in said), write_for)
        return None if "output" in said else f"cache_write_{lasts}"
    return _COUNTED.get(frozenset(said & {"input", "output", "read"}))


def model_sold(product: str | None) -> str | None:
    """The model of a marketplace product: 'Claude Sonnet 4.5 (Amazon Bedrock Edition)'; None for others."""
    name = (product or "").removesuffix(_EDITION)
    return name if name and name != product else None


def consumed(
    cloud: str, metered: Meter, record: JsonObject, field: str, unit_field: str
) -> tuple[Decimal | None, str | None]:
    """Quantity and unit of a token meter in single tokens, exact; as written where either is not known."""
    quantity, unit = optional_decimal(record, field), optional_text(record, unit_field)
    times = _grammars()[cloud].units.get((unit or "").strip().lower())
    if metered.token_class is None or quantity is None or times is None:
        return quantity, unit
    return storable(WIDE.multiply(quantity, Decimal(times)), field), TOKENS


@lru_cache(maxsize=10_000)
def cloud_named(name: str) -> str | None:
    """The cloud that FOCUS files call so, or None."""
    return next((key for key, each in _grammars().items() if name.strip().lower() in each.names), None)


def focus_meter(cloud: str) -> str:
    """The FOCUS column in which a cloud writes the text of its meter."""
    return _grammars()[cloud].focus_meter


@lru_cache(maxsize=10_000)
def provider_of(cloud: str, *services: str | None) -> str | None:
    """The provider behind any of the names a bill gives a service; None for a service without models."""
    known = _grammars()[cloud].services
    names = [name.strip().lower() for name in services if name]
    return next((known[glob] for glob in known for name in names if fnmatchcase(name, glob)), None)
