"""What a simulated company calls: its models, and one attempt as it truly happened.

Lives here: the records that every part of the simulator shares. Does not live here: when a call happens
(world), what it costs (billing), who saw it (gateway_files, provider_files).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]
"""A request as it is sent: JSON."""

HTTP_OK = 200


@dataclass(frozen=True, slots=True)
class Model:
    """A model of one provider, under every name it goes by."""

    provider: str
    name: str
    """As responses and bills name it."""
    requested: str
    """As the client asks for it."""
    operation: str = "chat"
    counted_as: str | None = None
    """The model whose tokenizer it shares, where no spec knows its own name."""


GPT_4O = Model("openai", "gpt-4o-2024-08-06", "gpt-4o")
GPT_4O_MINI = Model("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini")
GPT_41_MINI = Model("openai", "gpt-4.1-mini-2025-04-14", "gpt-4.1-mini")
EMBEDDING = Model("openai", "text-embedding-3-small", "text-embedding-3-small", "embeddings")
SONNET = Model("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5", "messages")
HAIKU = Model("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5", "messages")
MISTRAL_SMALL = Model("mistral_ai", "mistral-small-latest", "mistral-small-latest")
_FINE_TUNED = "ft:mistral-small-latest:7c1d52e0:20260903:4be0a9f1"
FINE_TUNED = Model("mistral_ai", _FINE_TUNED, _FINE_TUNED, counted_as="mistral-small-latest")
MODELS = (GPT_4O, GPT_4O_MINI, GPT_41_MINI, EMBEDDING, SONNET, HAIKU, MISTRAL_SMALL, FINE_TUNED)


@dataclass(slots=True, kw_only=True)
class Call:
    """One attempt, as it truly happened."""

    model: Model
    gateway: str
    """The log it goes to; empty for a call past every gateway."""
    workload: str
    team: str
    session: str
    started_at: datetime
    latency_ms: int
    body: Body
    answer: str
    status: int = HTTP_OK
    retry: int = 0
    """How many attempts of the same request went before."""
    usage_logged: bool = True
    tokens: dict[str, int] = field(default_factory=dict)
    """What the provider meters, by token class; empty for a failure."""
    response_id: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status == HTTP_OK

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUsage:
    """What a provider metered for one model on one UTC day."""

    provider: str
    model: str
    operation: str
    day: date
    requests: int
    tokens: dict[str, int]


def usage_by_day(calls: Iterable[Call]) -> list[DayUsage]:
    """The provider's meter, in order of provider, model and day; failures are not metered."""
    found: dict[tuple[str, str, date], DayUsage] = {}
    for call in calls:
        if not call.succeeded:
            continue
        model, day = call.model, call.started_at.date()
        key = (model.provider, model.name, day)
        empty = DayUsage(
            provider=model.provider,
            model=model.name,
            operation=model.operation,
            day=day,
            requests=0,
            tokens={},
        )
        before = found.get(key, empty)
        tokens = dict(Counter(before.tokens) + Counter(call.tokens))
        found[key] = replace(before, requests=before.requests + 1, tokens=tokens)
    return [found[key] for key in sorted(found)]
