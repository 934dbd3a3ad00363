"""`openai_usage`: what any usage endpoint of OpenAI counted, per bucket.

Where it comes from: GET /v1/organization/usage/<endpoint>, pages saved unchanged, `bucket_width` 1m, 1h or
1d. One record is one result: one combination of group keys in one bucket; its `object` says the endpoint.
Give each endpoint a source of its own (files that its pattern alone matches): then a missing day or page of
one is seen. Completions and decisions of the same models belong into one source: both count their tokens.
Ask with group_by model, project_id, api_key_id, batch and service_tier, where the endpoint has them: a key
that was not asked for is null. Without a model a result meets no price and is rejected.
Counted, and the class it becomes: completions, decisions: tokens by class and modality, as
`openai_usage_completions` says; embeddings: `input_tokens` (uncached_input); moderations, which are free:
`input_tokens` (moderation_token); images: `images` (image); audio_speeches: `characters`
(speech_character); audio_transcriptions: `seconds` (audio_second); vector_stores: `usage_bytes`
(storage_byte); code_interpreter_sessions: `num_sessions` (code_session); file_search_calls: `num_requests`
(file_search_call); web_search_calls: `num_requests` (web_search).
What is not tokens is kept and never added to tokens. Storage, sessions and searches in files have no
model: they stand under "(none)". The model requests of web searches are those of completions: not repeated.
Zone: UTC, [start_time, end_time) in Unix seconds. Currency: none.
Quirks: the endpoints file_search_calls and web_search_calls name their results file_searches, web_searches.
An endpoint that is not listed here is refused by its `object`.
Source: openai-openapi of 2026-08-21, API reference of 2026-10 (decisions, 12-hour cache writes, api_source);
checked against the examples of that documentation, not against live answers.
"""

from collections.abc import Iterator

from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, text
from tickmark.invoices._openai import ONE_CLASS, TOKENS_OF_ALL_KINDS, kind_of_usage, usage
from tickmark.records import Row

NAME = "openai_usage"
_ENDPOINTS = {kind_of_usage(endpoint): endpoint for endpoint in (*TOKENS_OF_ALL_KINDS, *ONE_CLASS)}


def read(record: JsonObject) -> Iterator[Row]:
    """A row per class that was used."""
    endpoint = _ENDPOINTS.get(text(record, "object"))
    if endpoint is None:
        raise RecordRejected(
            "E-RESULT-KIND", "object", f"one of {', '.join(_ENDPOINTS)}", record.get("object")
        )
    yield from usage(record, f"{NAME}/{endpoint}", endpoint)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("bucket_pages",),
    summary="OpenAI usage API, every endpoint: tokens, images, seconds, bytes, searches per bucket",
    verified="unverified",
    read=read,
    shows=("cache classes", "tier"),
)
