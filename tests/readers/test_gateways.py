"""Gateway logs: canonical attempts from hand-written samples, a captured record, and what is refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.readers.reading import SAMPLES
from tickmark import strictjson
from tickmark.errors import RecordRejected
from tickmark.gateways import FORMATS, exchange_jsonl, litellm_spend_logs
from tickmark.records import Attempt


def sample(name: str) -> list[dict[str, Any]]:
    lines = (SAMPLES / f"{name}.jsonl").read_text("utf-8").splitlines()
    found: Any = [strictjson.loads(line) for line in lines]
    return list(found)


def attempts(records: list[dict[str, Any]], read: Any) -> Iterator[Attempt]:
    for record in records:
        (row,) = read(record)
        assert isinstance(row, Attempt)
        yield row


# What each line of the samples means, worked out by hand from the providers' documentation.

EIGHT = datetime(2026, 7, 4, 8, tzinfo=UTC)
EXCHANGE = Attempt(
    record_key="",
    provider="openai",
    operation="chat",
    started_at=EIGHT,
    ended_at=EIGHT + timedelta(milliseconds=812),
    attempt_number=1,
    streamed=False,
    http_status=200,
    team="support",
    workload="tickets",
)
REPORTED: Any = {
    "usage_origin": "provider_reported",
    "token_semantics": "inclusive",
    "tokens_cache_write_30m": 0,
}


def exchange(second: float, latency: int | None = 812, **fields: Any) -> Attempt:
    started = EIGHT + timedelta(seconds=second)
    ended = None if latency is None else started + timedelta(milliseconds=latency)
    key = fields.get("provider_response_id")
    return replace(EXCHANGE, record_key=key or "", started_at=started, ended_at=ended, **fields)


EXCHANGES = [
    exchange(
        0,
        provider_created_at=EIGHT,
        provider_response_id="chatcmpl-01",
        request_model="gpt-5.6-sol",
        response_model="gpt-5.6-sol-2026-06-11",
        tokens_input_total=1500,
        tokens_uncached_input=176,
        tokens_cache_read=1024,
        tokens_output=260,
        tokens_output_reasoning=192,
        **{**REPORTED, "tokens_cache_write_30m": 300},
    ),
    exchange(
        1.25,
        provider_response_id="resp_02",
        operation="responses",
        request_model="gpt-5.6-terra",
        response_model="gpt-5.6-terra",
        streamed=True,
        service_tier="priority",
        tokens_input_total=90,
        tokens_uncached_input=90,
        tokens_cache_read=0,
        tokens_output=40,
        tokens_output_reasoning=0,
        **REPORTED,
    ),
    exchange(
        2,
        operation="embeddings",
        attempt_number=None,
        request_model="text-embedding-3-small",
        response_model="text-embedding-3-small",
        tokens_input_total=5,
        tokens_uncached_input=5,
        tokens_cache_read=0,
        tokens_output=0,
        **REPORTED,
    ),
    exchange(
        3,
        provider="anthropic",
        provider_response_id="msg_04",
        operation="messages",
        attempt_number=3,
        request_model="claude-haiku-4-5",
        response_model="claude-haiku-4-5-20251001",
        service_tier="batch",
        inference_geo="us",
        tokens_input_total=2712,
        tokens_uncached_input=12,
        tokens_cache_read=2000,
        tokens_cache_write_5m=300,
        tokens_cache_write_1h=400,
        tokens_unclassified=0,
        tokens_output=33,
        units_web_search=2,
        token_semantics="exclusive",
        usage_origin="provider_reported",
    ),
    exchange(
        4,
        provider="deepseek",
        provider_response_id="5f0c",
        request_model="deepseek-chat",
        response_model="deepseek-chat",
        tokens_input_total=80,
        tokens_uncached_input=16,
        tokens_cache_read=64,
        tokens_output=4,
        **REPORTED,
    ),
    exchange(
        5,
        provider="mistral_ai",
        provider_response_id="a1b2",
        request_model="mistral-small-latest",
        response_model="mistral-small-2506",
        tokens_input_total=9,
        tokens_uncached_input=9,
        tokens_cache_read=0,
        tokens_output=4,
        **REPORTED,
    ),
    exchange(
        6,
        latency=None,
        request_model="gpt-5.6-sol",
        http_status=429,
        outcome="provider_error",
        error_type="rate_limit_exceeded",
        billable_expected=False,
    ),
    exchange(
        7,
        provider_response_id="chatcmpl-08",
        request_model="gpt-5.6-sol",
        response_model="gpt-5.6-sol-2026-06-11",
        streamed=True,
    ),
]


def test_exchanges_are_attempts_in_disjoint_classes() -> None:
    found = list(attempts(sample("exchange_jsonl"), exchange_jsonl.read))
    nameless = [
        replace(row, record_key="") if row.record_key.startswith("content:") else row for row in found
    ]
    assert nameless == EXCHANGES
    assert len({row.record_key for row in found}) == len(found)


STARTED = datetime(2026, 7, 4, 9, 20, 46, 847371, tzinfo=UTC)
REQUEST = Attempt(
    record_key="",
    provider="openai",
    operation="chat",
    started_at=STARTED,
    ended_at=STARTED + timedelta(seconds=2),
    attempt_grain="request_collapsed",
    request_model="fast",
    response_model="gpt-5.6-sol-2026-06-11",
    # Eighteen digits of a 64-bit float: fifteen of them are the amount.
    cost_usd_gateway=Decimal("0.000225"),
    team="support",
    workload="tickets",
    credential_id="8d4f6e",
)
USED: Any = {
    "tokens_input_total": 10,
    "tokens_uncached_input": 6,
    "tokens_cache_read": 4,
    "tokens_output": 20,
    "tokens_output_reasoning": 16,
    **REPORTED,
}
FAILED: Any = {
    "request_model": "fast",
    "response_model": None,
    "retries_collapsed": 2,
    "cost_usd_gateway": Decimal(0),
}
REQUESTS = [
    replace(
        REQUEST,
        record_key="chatcmpl-11",
        request_id="chatcmpl-11",
        provider_response_id="chatcmpl-11",
        retries_collapsed=1,
        service_tier="flex",
        **USED,
    ),
    replace(
        REQUEST,
        record_key="msg_12",
        provider="anthropic",
        operation="messages",
        request_id="msg_12",
        provider_response_id="msg_12",
        response_model="claude-haiku-4-5-20251001",
        cost_usd_gateway=Decimal("0.0011"),
        tokens_input_total=130,
        tokens_uncached_input=12,
        tokens_cache_read=100,
        tokens_cache_write_5m=8,
        tokens_cache_write_1h=10,
        tokens_unclassified=0,
        tokens_output=5,
        **REPORTED,
    ),
    # An earlier attempt that was billed: its own tokens stand in the columns, as LiteLLM estimates them.
    replace(
        REQUEST,
        record_key="chatcmpl-11-attempt-0",
        request_id="call-11",
        attempt_number=1,
        attempt_grain="attempt",
        http_status=500,
        error_type="InternalServerError",
        outcome="provider_error",
        billable_expected=True,
        tokens_input_total=9,
        tokens_uncached_input=5,
        tokens_cache_read=4,
        tokens_output=3,
        **{**REPORTED, "usage_origin": "gateway_estimated"},
    ),
    replace(
        REQUEST,
        record_key="chatcmpl-11_cache_hit1783157000.5",
        request_id="chatcmpl-11",
        provider_response_id="chatcmpl-11",
        outcome="gateway_cache_hit",
        billable_expected=False,
        cost_usd_gateway=Decimal(0),
    ),
    replace(
        REQUEST,
        record_key="f9b0e2",
        request_id="f9b0e2",
        http_status=429,
        error_type="RateLimitError",
        outcome="provider_error",
        billable_expected=False,
        **FAILED,
    ),
    replace(
        REQUEST,
        record_key="f9b0e3",
        request_id="f9b0e3",
        error_type="Timeout",
        outcome="timeout",
        billable_expected=None,
        **FAILED,
    ),
    replace(
        REQUEST,
        record_key="emb-17",
        request_id="emb-17",
        provider_response_id="emb-17",
        operation="embeddings",
        response_model="text-embedding-3-small",
        ended_at=None,
        team=None,
        workload=None,
        tokens_input_total=7,
        tokens_uncached_input=7,
        tokens_cache_read=0,
        tokens_output=0,
        **{**REPORTED, "usage_origin": "gateway_estimated"},
    ),
    replace(
        REQUEST,
        record_key="chatcmpl-18",
        request_id="chatcmpl-18",
        provider_response_id="chatcmpl-18",
        cost_usd_gateway=Decimal("0.000175"),
        error_type="ClientDisconnected",
        outcome="client_abort",
        tokens_input_total=10,
        tokens_uncached_input=10,
        tokens_cache_read=0,
        tokens_output=15,
        **{**REPORTED, "usage_origin": "gateway_estimated"},
    ),
    replace(
        REQUEST,
        record_key="f9b0e4",
        request_id="f9b0e4",
        response_model=None,
        cost_usd_gateway=Decimal(0),
        http_status=429,
        error_type="RateLimitError",
        outcome="blocked",
        billable_expected=False,
    ),
    replace(
        REQUEST,
        record_key="batch_19_batch_cost",
        request_id="batch_19",
        provider_response_id="batch_19",
        operation="batch",
        request_model=None,
        cost_usd_gateway=Decimal("0.0009"),
        service_tier="batch",
        tokens_input_total=1000,
        tokens_uncached_input=1000,
        tokens_cache_read=0,
        tokens_output=250,
        **REPORTED,
    ),
]


def test_spend_logs_are_requests_retries_hits_and_failures() -> None:
    *calls, moderation, image = sample("litellm_spend_logs")
    assert list(attempts(calls, litellm_spend_logs.read)) == REQUESTS
    assert list(litellm_spend_logs.read(moderation)) == []
    with pytest.raises(RecordRejected, match="E-OPERATION call_type"):
        list(litellm_spend_logs.read(image))


def test_json_columns_may_be_objects_or_text() -> None:
    for record in sample("litellm_spend_logs")[:-1]:
        objects = {
            field: strictjson.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
            for field, value in record.items()
        }
        texts = {
            field: json.dumps(value) if isinstance(value, dict | list) else value
            for field, value in record.items()
        }
        assert list(litellm_spend_logs.read(objects)) == list(litellm_spend_logs.read(texts))
        assert litellm_spend_logs.request_body(objects) == litellm_spend_logs.request_body(texts)


def test_text_is_handed_out_where_the_log_holds_it() -> None:
    bodies = [litellm_spend_logs.request_body(record) for record in sample("litellm_spend_logs")]
    assert [body and body["model"] for body in bodies] == ["fast", *[None] * 11]
    assert all(exchange_jsonl.request_body(record) for record in sample("exchange_jsonl"))


def test_a_captured_claude_call_through_litellm(shared_data: Path) -> None:
    """LiteLLM 1.84 keeps Anthropic's names beside OpenAI's: `usage_object` of a real Bedrock call."""
    captured = json.loads(
        (shared_data / "samples/litellm/standard_logging_object_bedrock_DERIVED.json").read_text()
    )
    usage = captured["metadata"]["usage_object"]
    assert {"prompt_tokens", "cache_read_input_tokens"} <= usage.keys()
    record = {**sample("litellm_spend_logs")[1], "metadata": {"usage_object": usage}}
    (attempt,) = attempts([record], litellm_spend_logs.read)
    assert (attempt.tokens_input_total, attempt.tokens_uncached_input, attempt.tokens_output) == (14, 14, 67)


def usage(**fields: Any) -> dict[str, Any]:
    return {
        "response": {
            "id": "x",
            "model": "m",
            "usage": {"prompt_tokens": 10, "completion_tokens": 1, **fields},
        }
    }


def claude(**fields: Any) -> dict[str, Any]:
    return {
        "response": {"id": "x", "model": "m", "usage": {"input_tokens": 10, "output_tokens": 1, **fields}}
    }


REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "T05 no zone": ("exchange_jsonl", {"timestamp": "2026-07-04T08:00:00"}, "E-FIELD-TIME", "timestamp"),
    "T05 no time": ("exchange_jsonl", {"timestamp": "2026-07-04"}, "E-FIELD-TIME", "timestamp"),
    "T05 leap second": ("exchange_jsonl", {"timestamp": "2026-06-30T23:59:60Z"}, "E-FIELD-TIME", "timestamp"),
    "T05 no such day": ("exchange_jsonl", {"timestamp": "2026-02-30T00:00:00Z"}, "E-FIELD-TIME", "timestamp"),
    "T05 milliseconds": ("exchange_jsonl", {"timestamp": 1783152000000}, "E-FIELD-TIME", "timestamp"),
    "T05 float seconds": (
        "exchange_jsonl",
        {"timestamp": Decimal("1783152000.5")},
        "E-FIELD-TIME",
        "timestamp",
    ),
    "T05 year 1": ("exchange_jsonl", {"timestamp": "0001-01-01T00:00:00+23:59"}, "E-FIELD-TIME", "timestamp"),
    "T05 year 9999": ("exchange_jsonl", {"timestamp": "9999-12-31T23:59:59Z"}, "E-FIELD-TIME", "timestamp"),
    "T05 day first": ("exchange_jsonl", {"timestamp": "04/07/2026 08:00:00Z"}, "E-FIELD-TIME", "timestamp"),
    "R04 number as text": ("exchange_jsonl", usage(prompt_tokens="10"), "E-FIELD-TYPE", "prompt_tokens"),
    "R05 float": ("exchange_jsonl", usage(prompt_tokens=Decimal("10.0")), "E-FIELD-TYPE", "prompt_tokens"),
    "R05 true": ("exchange_jsonl", usage(prompt_tokens=True), "E-FIELD-TYPE", "prompt_tokens"),
    "R06 negative": ("exchange_jsonl", usage(prompt_tokens=-1), "E-FIELD-RANGE", "prompt_tokens"),
    "R06 absurd": ("exchange_jsonl", usage(prompt_tokens=10**11), "E-FIELD-RANGE", "prompt_tokens"),
    "R06 cached above input": (
        "exchange_jsonl",
        usage(prompt_tokens_details={"cached_tokens": 11}),
        "E-USAGE-PARTS",
        "usage.prompt_tokens_details",
    ),
    "R06 split above total": (
        "exchange_jsonl",
        claude(cache_creation_input_tokens=5, cache_creation={"ephemeral_1h_input_tokens": 6}),
        "E-USAGE-PARTS",
        "usage.cache_creation",
    ),
    "another usage": (
        "exchange_jsonl",
        {"response": {"id": "x", "usage": {"tokens": 3}}},
        "E-USAGE-SHAPE",
        "usage",
    ),
    "no URL": ("exchange_jsonl", {"url": None}, "E-FIELD-MISSING", "url"),
    "a URL that is none": ("exchange_jsonl", {"url": "http://[::1"}, "E-OPERATION", "url"),
    "another endpoint": ("exchange_jsonl", {"url": "https://api.openai.com/v1/images"}, "E-OPERATION", "url"),
    "retries in words": (
        "exchange_jsonl",
        {"request_headers": {"x-stainless-retry-count": "²"}},
        "E-FIELD-TYPE",
        "request_headers.x-stainless-retry-count",
    ),
    "text for an object": ("exchange_jsonl", {"response": "ok"}, "E-FIELD-TYPE", "response"),
    "R11 empty id": ("litellm_spend_logs", {"request_id": ""}, "E-FIELD-MISSING", "request_id"),
    "another call": ("litellm_spend_logs", {"call_type": "image_generation"}, "E-OPERATION", "call_type"),
    "another status": ("litellm_spend_logs", {"status": "ok"}, "E-FIELD-VALUE", "status"),
    "R02 duplicate key inside": (
        "litellm_spend_logs",
        {"metadata": '{"a":1,"a":2}'},
        "E-JSON-DUPKEY",
        "metadata",
    ),
    "R01 cut text inside": ("litellm_spend_logs", {"metadata": '{"a":'}, "E-JSON-SYNTAX", "metadata"),
    "an absurd cost": ("litellm_spend_logs", {"spend": "1e25"}, "E-FIELD-RANGE", "spend"),
    "a cost in words": ("litellm_spend_logs", {"spend": "1,000"}, "E-FIELD-DECIMAL", "spend"),
}


@pytest.mark.parametrize(("name", "change", "rule", "field"), REFUSED.values(), ids=REFUSED)
def test_a_record_that_breaks_a_rule_is_refused_by_name(
    name: str, change: dict[str, Any], rule: str, field: str
) -> None:
    with pytest.raises(RecordRejected) as refused:
        list(FORMATS[name].read({**sample(name)[0], **change}))
    assert (refused.value.rule, refused.value.field) == (rule, field)


def test_an_answer_in_fast_mode_has_the_tier_that_the_bill_names() -> None:
    record = sample("exchange_jsonl")[3]
    usage = {**record["response"]["usage"], "service_tier": "standard", "speed": "fast"}
    fast = {**record, "response": {**record["response"], "usage": usage}}
    assert [row.service_tier for row in attempts([fast], exchange_jsonl.read)] == ["fast"]


def test_a_zone_is_converted_and_a_failure_names_its_content() -> None:
    failure = sample("exchange_jsonl")[6]
    again, other = (
        {**failure, "timestamp": stamp} for stamp in ("2026-07-04T08:00:06Z", "2026-07-04T08:00:07Z")
    )
    same, moved = attempts([again, other], exchange_jsonl.read)
    assert same.record_key == next(attempts([failure], exchange_jsonl.read)).record_key != moved.record_key


VLLM: dict[str, Any] = {
    "timestamp": "2026-07-04T08:00:00Z",
    "provider": "vllm",
    "url": "http://gpu-1.internal:8000/v1/chat/completions",
    "status": 200,
    "request": {"model": "Qwen/Qwen3-8B", "messages": [{"role": "user", "content": "hello"}]},
    "response": {
        "id": "chatcmpl-9f",
        "object": "chat.completion",
        "model": "Qwen/Qwen3-8B",
        "choices": [],
        "usage": {
            "prompt_tokens": 90,
            "total_tokens": 97,
            "completion_tokens": 7,
            "prompt_tokens_details": None,
        },
    },
}


@pytest.mark.parametrize(("details", "cached"), [(None, 0), ({"cached_tokens": 64}, 64)])
def test_a_server_of_ones_own_behind_a_proxy(details: dict[str, int] | None, cached: int) -> None:
    """vLLM: cached tokens are named only where the server was told to."""
    response: dict[str, Any] = VLLM["response"]
    usage = {**response["usage"], "prompt_tokens_details": details}
    (row,) = FORMATS["exchange_jsonl"].read({**VLLM, "response": {**response, "usage": usage}})
    assert isinstance(row, Attempt)
    assert (row.provider, row.response_model) == ("vllm", "Qwen/Qwen3-8B")
    assert (row.tokens_uncached_input, row.tokens_cache_read, row.tokens_output) == (90 - cached, cached, 7)


def test_a_stream_that_was_not_asked_for_usage_has_none() -> None:
    response = {key: value for key, value in VLLM["response"].items() if key != "usage"}
    (row,) = FORMATS["exchange_jsonl"].read({**VLLM, "stream": True, "response": response})
    assert isinstance(row, Attempt)
    assert (row.usage_origin, row.tokens_input_total, row.billable_expected) == ("missing", None, True)
