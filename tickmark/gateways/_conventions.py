"""A span under a convention: which attribute says what, as typed access to one decoded record.

Lives here: the table of names that each convention fills, and its lookup. Does not live here: the encoding
(_otlp), and what a call means (_spans).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tickmark.formats import JsonObject, child, count, objects, optional_text
from tickmark.gateways import _otlp
from tickmark.gateways._lines import usd
from tickmark.gateways._otlp import Attributes

Names = tuple[str, ...]
Kinds = Mapping[str, "str | None"]
DETAILS = "gen_ai.client.inference.operation.details"
"""The event that repeats a call's attributes, with its messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """Names of one convention; of several for one thing, the first that a span has is read."""

    kinds: tuple[tuple[str, Kinds], ...]
    """What says what a span is, the first one present decides: an operation, or None for no call."""
    calls: Names
    """Attributes that only a model call has: such a span without a kind is what its name says."""
    span_names: Kinds
    """Last word of a span's name → a more exact operation, or None for a call without tokens of text."""
    provider: Names
    request_model: Names
    response_model: Names
    input_tokens: Names
    output_tokens: Names
    cache_read: Names
    cache_write: Names
    reasoning: Names
    cache_write_1h: Names = ()
    """The part of `cache_write` that lives an hour."""
    response_id: Names = ("gen_ai.response.id",)
    streamed: Names = ()
    tier: Names = ()
    cost: Names = ()
    team: Names = ("service.namespace",)
    workload: Names = ("service.name",)


@dataclass(frozen=True, slots=True)
class Call:
    """One span or log record, decoded."""

    record: JsonObject
    convention: Convention
    attributes: Attributes = field(default_factory=dict)

    def text(self, names: Names) -> str | None:
        """The first of these attributes that the span has."""
        return next((found for name in names if (found := optional_text(self.attributes, name))), None)

    def count(self, names: Names) -> int | None:
        """The same for a count."""
        return next((found for name in names if (found := count(self.attributes, name)) is not None), None)

    def flag(self, name: str) -> bool | None:
        """True or false, None where the span does not say."""
        value = self.attributes.get(name)
        return value if isinstance(value, bool) else None

    def cost(self, names: Names) -> Decimal | None:
        """The same for a cost in USD, as the library knows it."""
        return next((found for name in names if (found := usd(self.attributes, name)) is not None), None)


def decode(record: JsonObject, convention: Convention) -> Call:
    """A span, or a log record, with its resource's attributes and those of the event that repeats it."""
    found = {**_otlp.attributes(child(record, "resource"))}
    for event in objects(record, "events"):
        if event.get("name") == DETAILS:
            found |= _otlp.attributes(event)
    return Call(record, convention, found | _otlp.attributes(record))
