"""`vercel_ai_gateway`: generations of Vercel AI Gateway.

Where it comes from: GET /v1/generation?id=..., answers saved one per line (with or without their `data`), or
objects of `gateway.getGenerationInfo()` (camel case).
One record is one generation: the providers that the gateway tried before stand only in the answer's provider
metadata, not here. There is no status: what has a generation was answered.
Token convention: nowhere documented, read as inclusive: cached reads and writes inside `promptTokens`,
reasoning inside `completionTokens`; a record with more cached tokens than that is set aside. Of normalized
and native counts the native ones are billed and read.
Provider: Vercel bills a generation on its own credits (`vercel_ai_gateway`); with your own key (`isByok`) the
provider that served it does. `providerName` of the former is therefore not the provider here.
Cost: `totalCost` in USD, what Vercel charges, 0 with your own key. Web searches: `billableWebSearchCalls`.
Zone: `createdAt` carries it. Key: `id` (gen_...), also what the caller saw. Model: Vercel's slug, requested.
Source: @ai-sdk/gateway 3.0 and public users of it (2026-08); not checked against a real answer.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.formats import Format, JsonObject, flag, instant, optional_text, text
from tickmark.gateways._lines import Counts, inside, plain_count, snake_case, token_columns, usd
from tickmark.gateways._usage import fill
from tickmark.records import Attempt, Row

BILLER = "vercel_ai_gateway"
_ALIASES = {
    "native_tokens_prompt": "prompt_tokens",
    "native_tokens_completion": "completion_tokens",
    "native_tokens_reasoning": "reasoning_tokens",
    "native_tokens_cached": "cached_tokens",
    "native_tokens_cache_creation": "cache_creation_tokens",
}


def read(record: JsonObject) -> Iterator[Row]:
    """One generation."""
    known = snake_case(record, _ALIASES)
    served = providers.by_name(text(known, "provider_name"))
    attempt = Attempt(
        record_key=text(known, "id"),
        provider=served if flag(known, "is_byok") else BILLER,
        operation="chat",
        started_at=instant(known, "created_at"),
        attempt_grain="request_collapsed",
        request_model=optional_text(known, "model"),
        provider_response_id=text(known, "id"),
        streamed=flag(known, "streamed"),
        cost_usd_gateway=usd(known, "total_cost"),
        units_web_search=plain_count(known, "billable_web_search_calls"),
    )
    counts = Counts(
        input=plain_count(known, "prompt_tokens"),
        output=plain_count(known, "completion_tokens"),
        cache_read=plain_count(known, "cached_tokens"),
        cache_write=plain_count(known, "cache_creation_tokens"),
        reasoning=plain_count(known, "reasoning_tokens"),
        cached_inside=True,
    )
    fill(attempt, token_columns(counts, served, "prompt_tokens"))
    yield attempt


FORMAT = Format(
    name=BILLER,
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="Vercel AI Gateway: generation info",
    verified="unverified",
    read=read,
    shows=("cache classes", "response id", "cost"),
    unfold=inside("data"),
)
