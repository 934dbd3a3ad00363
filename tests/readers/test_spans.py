"""OTLP spans: real recorded ones against the provider's own answer, the encoding, and which span counts."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.readers.reading import SAMPLES, Read, read
from tickmark import strictjson
from tickmark.errors import InputRejectedError, RecordRejected
from tickmark.gateways import FORMATS, _otlp
from tickmark.records import Attempt

SPANS = ("otlp_genai", "openinference", "openllmetry")
PLACE = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "startTimeUnixNano": "1755133833000000000",
    "endTimeUnixNano": "1755133836000000000",
}


def value(plain: Any) -> Any:
    """A plain value in OTLP's encoding."""
    if isinstance(plain, bool):
        return {"boolValue": plain}
    if isinstance(plain, int) or (isinstance(plain, str) and plain.isdigit()):
        return {"intValue": str(plain)}
    return {"stringValue": plain if isinstance(plain, str) else json.dumps(plain)}


def span(number: int, attributes: Mapping[str, Any], parent: int | None = None, **fields: Any) -> Any:
    above = {} if parent is None else {"parentSpanId": f"{parent:016x}"}
    said = [{"key": key, "value": value(plain)} for key, plain in attributes.items()]
    return {**PLACE, "spanId": f"{number:016x}", "name": "x", "attributes": said, **above, **fields}


def export(*spans: Any) -> Any:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def attempts(format_: str, document: Any) -> Iterator[Attempt]:
    unfold = FORMATS[format_].unfold
    assert unfold is not None
    for _, record in unfold(strictjson.loads(json.dumps(document))):
        assert isinstance(record, dict)
        for row in FORMATS[format_].read(record):
            assert isinstance(row, Attempt)
            yield row


def lines(tmp_path: Path, format_: str, *documents: Any) -> Read:
    content = "".join(json.dumps(document) + "\n" for document in documents)
    return read(tmp_path, format_, content.encode(), "spans.jsonl")


CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5.6-sol",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 3,
}


# Real spans.


def answered(body: str) -> dict[str, Any]:
    """The provider's answer: one JSON object, or the fields of a stream's chunks."""
    if body.startswith("{"):
        whole: dict[str, Any] = json.loads(body)
        return whole
    chunks = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
    return {field: found for chunk in chunks for field, found in chunk.items() if found}


def recorded(folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Spans that Envoy AI Gateway recorded, each with the exchange below it."""
    for path in sorted((folder / "envoy_ai_gateway_spans").glob("*.json")):
        cassette = yaml.safe_load((folder / "envoy_ai_gateway_cassettes" / f"{path.stem}.yaml").read_text())
        yield path.stem, json.loads(path.read_text()), cassette["interactions"][0]


OF_NO_TEXT = ("audio-transcription-basic", "audio-translation-basic", "image-generation-basic")


def test_real_spans_say_what_the_provider_answered(shared_data: Path) -> None:
    agreed = 0
    for name, recording, exchange in recorded(shared_data / "samples/openinference"):
        document = export({**recording, **PLACE, "spanId": "00f067aa0ba902b7"})
        if name in OF_NO_TEXT:
            with pytest.raises(RecordRejected, match="E-OPERATION name"):
                list(attempts("openinference", document))
            continue
        (row,) = attempts("openinference", document)
        said = answered(exchange["response"]["body"])
        usage = said.get("usage", {})
        output = usage.get("completion_tokens", 0) if usage else None
        assert (row.tokens_input_total, row.tokens_output) == (usage.get("prompt_tokens"), output), name
        details = usage.get("completion_tokens_details") or {}
        assert row.tokens_output_reasoning == details.get("reasoning_tokens"), name
        assert (row.provider_response_id, row.response_model) == (said.get("id"), said.get("model")), name
        assert (row.http_status or 200) == exchange["response"]["code"], name
        assert row.billable_expected is (exchange["response"]["code"] == 200), name
        assert asked_for(document) == strictjson.loads(exchange["request"]["body"]), name
        agreed += 1
    assert agreed == 40


def asked_for(document: Any) -> Any:
    format_ = FORMATS["openinference"]
    assert format_.unfold
    ((_, record),) = format_.unfold(strictjson.loads(json.dumps(document)))
    return format_.request_body(record) if format_.request_body and isinstance(record, dict) else None


def observed(path: Path) -> list[Any]:
    """Spans rebuilt from what Langfuse kept of them: ids, times and every attribute, as text."""
    document = json.loads(path.read_text())
    spans = []
    for number, kept in enumerate(document.get("observations") or document["trace"]["observations"]):
        metadata = kept.get("metadata") or {}
        metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
        if isinstance(said := metadata.get("attributes"), dict):
            began = datetime.fromisoformat(kept["startTime"])
            place = {"startTimeUnixNano": f"{int(began.timestamp() * 1000)}000000", "name": kept["name"]}
            spans.append(span(number, {key: v for key, v in said.items() if v is not None}, **place))
    return spans


# Calls and tokens of each trace, as its framework reported them (Langfuse shows the same sums).
FRAMEWORKS = {
    "csharp-agent-with-gemini-2026-03-09": ("gcp.vertex_ai", "generate_content", 3, 8047, 414),
    "google-adk-2025-08-28": ("gcp.vertex.agent", "generate_content", 2, 67, 9),
    "microsoft-agent-2025-12-17": ("openai", "responses", 2, 293, 106),
    "pydantic-ai-2025-06-06": ("openai", "chat", 1, 31, 96),
    "pydantic-ai-tools-2025-12-04": ("openai", "chat", 4, 1315, 209),
    "pydantic-ai-with-gemini-2025-12-24": ("gcp.gemini", "generate_content", 1, 40, 159),
    "vercel-aisdk-2025-11-17": ("openai", "responses", 1, 62, 85),
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_agents_that_repeat_the_tokens_of_their_calls_are_not_counted(name: str, shared_data: Path) -> None:
    spans = observed(shared_data / f"samples/langfuse/framework-traces/{name}.trace.json")
    found = list(attempts("otlp_genai", export(*spans)))
    provider, operation, calls, asked, said = FRAMEWORKS[name]
    assert {(row.provider, row.operation) for row in found} == {(provider, operation)}
    tokens = [(row.tokens_input_total or 0, row.tokens_output or 0) for row in found]
    assert (len(found), *map(sum, zip(*tokens, strict=True))) == (calls, asked, said)


# Spans that the libraries wrote themselves, for calls to a stand-in server whose answers are these.

RECORDED = Path(__file__).with_name("recorded")
SENT = {
    "model": "gpt-5-nano",
    "messages": [
        {"role": "system", "content": "You help with parcels."},
        {"role": "user", "content": "Where is my parcel?"},
    ],
}


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    """Who answered what, and its tokens: input, uncached, read, written; output."""
    tokens = ("input_total", "uncached_input", "cache_read", "cache_write_5m", "output")
    return (row["operation"], row["provider_response_id"], *(row[f"tokens_{name}"] for name in tokens))


def test_spans_of_openllmetry_and_of_anthropics_sdk_below_it(tmp_path: Path) -> None:
    content = (RECORDED / "openllmetry.jsonl").read_bytes()
    found = read(tmp_path, "openllmetry", content, "spans.jsonl")
    assert (found.report.read, found.report.not_usage) == (8, 1)
    rows = found.rows["attempts"]
    assert [told(row) for row in rows] == [
        ("chat", "chatcmpl-71", 1100, 76, 1024, None, 20),
        ("chat", "chatcmpl-74", 1100, 76, 1024, None, 20),
        ("responses", "resp_72", 90, 26, 64, None, 40),
        ("embeddings", None, 7, 7, 0, None, 0),
        ("chat", None, None, None, None, None, None),
        ("chat", "chatcmpl-71", 1100, 76, 1024, None, 20),
        ("messages", "msg_73", 2312, 12, 2000, 300, 33),
        ("messages", "msg_73", 2312, 12, 2000, 300, 33),
    ]
    sdk, library = rows[6], rows[7]
    assert sdk["record_key"] == library["record_key"]
    assert sdk["record_version"] > library["record_version"]
    failed = rows[4]
    assert (failed["outcome"], failed["http_status"], failed["billable_expected"]) == (
        "provider_error",
        404,
        False,
    )


def test_spans_and_events_of_the_genai_instrumentation(tmp_path: Path) -> None:
    content = (RECORDED / "otlp_genai.jsonl").read_bytes()
    found = read(tmp_path, "otlp_genai", content, "spans.jsonl")
    rows = found.rows["attempts"]
    assert (len(rows), found.report.not_usage) == (10, 1)
    # This library leaves cached tokens out: 1,024 of the 1,100 were cached, and the row cannot know.
    assert told(rows[0]) == ("chat", "chatcmpl-71", 1100, None, None, None, 20)
    assert {row["token_semantics"] for row in rows if row["provider_response_id"] == "chatcmpl-71"} == {
        "unknown"
    }
    assert told(rows[-1]) == ("messages", "msg_73", 2312, 12, 2000, 300, 33)
    assert rows[-1]["token_semantics"] == "inclusive"
    # Each event repeats a span and is superseded by it; without a response id the span's id is the key.
    events = [row for row in rows if row["record_version"] == 0]
    spans = {row["record_key"] for row in rows if row["record_version"]}
    assert len(events) == 4
    assert {row["record_key"] for row in events} < spans


def test_a_request_is_rebuilt_only_where_the_span_shows_all_of_it() -> None:
    format_ = FORMATS["openllmetry"]
    bodies, answers = [], []
    for line in (RECORDED / "openllmetry.jsonl").read_bytes().splitlines():
        for _, record in _otlp.unfold(strictjson.decode(line)):
            assert isinstance(record, dict)
            bodies.append(given(format_.request_body, record))
            answers.append(given(format_.answer, record))
    # Two chats and the failure; not the call with a tool, the response, the embedding, Anthropic's.
    assert [body for body in bodies if body] == [SENT, SENT, {**SENT, "model": "wrong"}]
    message = {"role": "assistant", "content": "On its way."}
    answer = {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
    assert [said for said in answers if said] == [answer, answer]


def given(text: Any, record: Any) -> Any:
    return text(record)


# Which span counts.


def test_the_inner_of_two_spans_of_one_call_wins_whatever_the_order_of_delivery(tmp_path: Path) -> None:
    outer = span(1, {**CALL, "gen_ai.response.id": "chatcmpl-1"})
    inner = span(2, {**CALL, "gen_ai.response.id": "chatcmpl-1"}, 1, startTimeUnixNano="1755133833100000000")
    rows = lines(tmp_path, "otlp_genai", export(inner), export(outer)).rows["attempts"]
    assert len({row["record_key"] for row in rows}) == 1
    assert rows[0]["record_version"] > rows[1]["record_version"]


@pytest.mark.parametrize("format_", SPANS)
def test_a_wrapping_span_without_an_id_is_not_counted_beside_its_call(format_: str) -> None:
    call = {**CALL, "openinference.span.kind": "LLM", "llm.provider": "openai"}
    (row,) = attempts(format_, export(span(3, {**call}, 2), span(2, {"http.route": "/"}, 1), span(1, call)))
    assert row.record_key.endswith(":0000000000000003")


def test_an_event_is_kept_only_where_its_span_was_not_delivered(tmp_path: Path) -> None:
    found = read(tmp_path, "otlp_genai", (SAMPLES / "otlp_genai.json").read_bytes(), "s.json")
    twice = [row["record_version"] for row in found.rows["attempts"] if "chatcmpl-41" in row["record_key"]]
    assert len(twice) == 2
    assert twice[0] > twice[1] == 0


def test_ids_of_two_traces_may_be_the_same() -> None:
    """Local servers number their answers with three digits."""
    call = {**CALL, "gen_ai.response.id": "chatcmpl-123"}
    first, other = attempts("otlp_genai", export(span(1, call), span(2, call, traceId="0" * 31 + "1")))
    assert first.record_key != other.record_key


# What a span says.


def test_a_responses_call_is_known_by_its_interface_or_id() -> None:
    by_type, by_id = attempts(
        "otlp_genai",
        export(
            span(1, {**CALL, "openai.api.type": "responses"}),
            span(2, {**CALL, "gen_ai.response.id": "resp_1"}),
        ),
    )
    assert (by_type.operation, by_id.operation) == ("responses", "responses")


def test_the_host_names_the_provider_before_the_client_does() -> None:
    (row,) = attempts("otlp_genai", export(span(1, {**CALL, "server.address": "api.deepseek.com"})))
    assert row.provider == "deepseek"
    (row,) = attempts(
        "openllmetry", export(span(1, {**CALL, "gen_ai.openai.api_base": "https://api.x.ai/v1"}))
    )
    assert row.provider == "x_ai"


def test_a_broken_stream_that_made_tokens_is_billed() -> None:
    (row,) = attempts("otlp_genai", export(span(1, {**CALL, "error.type": "APIError"})))
    assert (row.outcome, row.billable_expected, row.tokens_input_total) == ("provider_error", True, 10)


def asking(tokens: Any) -> list[Any]:
    """Attributes of a call whose input tokens are this AnyValue."""
    return [*span(1, CALL)["attributes"][:3], {"key": "gen_ai.usage.input_tokens", "value": tokens}]


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "tokens as text": (
        {"attributes": asking({"stringValue": "10"})},
        "E-FIELD-TYPE",
        "gen_ai.usage.input_tokens",
    ),
    "half a token": (
        {"attributes": asking({"doubleValue": 1.5})},
        "E-FIELD-TYPE",
        "gen_ai.usage.input_tokens",
    ),
    "an attribute twice": (
        {"attributes": span(1, CALL)["attributes"] * 2},
        "E-JSON-DUPKEY",
        "gen_ai.operation.name",
    ),
    "a bare value": (
        {"attributes": [{"key": "gen_ai.operation.name", "value": "chat"}]},
        "E-FIELD-TYPE",
        "gen_ai.operation.name",
    ),
    "seconds": ({"startTimeUnixNano": "1755133833"}, "E-FIELD-TIME", "startTimeUnixNano"),
    "no id": ({"spanId": ""}, "E-FIELD-MISSING", "spanId"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "rule", "field"), REFUSED.values(), ids=REFUSED)
def test_a_span_that_breaks_a_rule_is_set_aside_alone(
    tmp_path: Path, change: dict[str, Any], rule: str, field: str
) -> None:
    found = lines(tmp_path, "otlp_genai", export(span(1, CALL), {**span(2, CALL), **change}))
    assert (found.report.read, found.rejects) == (1, [(1, rule, field)])


def test_a_cost_that_no_call_has_is_set_aside_alone(tmp_path: Path) -> None:
    called = {"openinference.span.kind": "LLM", "llm.provider": "openai"}
    dear = span(2, {**called, "llm.cost.total": "1e30"})
    found = lines(tmp_path, "openinference", export(span(1, called), dear))
    assert (found.report.read, found.rejects) == (1, [(1, "E-FIELD-RANGE", "llm.cost.total")])


def test_every_kind_of_value_is_decoded() -> None:
    said: Any = {
        "attributes": [
            {"key": "text", "value": {"stringValue": ""}},
            {"key": "number", "value": {"intValue": 7}},
            {"key": "digits", "value": {"intValue": "-7"}},
            {"key": "empty", "value": {}},
            {"key": "list", "value": {"arrayValue": {"values": [{"boolValue": True}, {"intValue": "1"}]}}},
            {"key": "none", "value": {"arrayValue": {}}},
            {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}}},
        ]
    }
    assert _otlp.attributes(said) == {
        "text": "", "number": 7, "digits": -7, "empty": None, "list": [True, 1], "none": [], "map": {"a": 1}
    }  # fmt: skip


@pytest.mark.parametrize("format_", SPANS)
def test_another_format_is_refused_and_metrics_alone_are_no_records(tmp_path: Path, format_: str) -> None:
    with pytest.raises(InputRejectedError, match=r"E-FILE-FORMAT .* an export of spans"):
        lines(tmp_path, format_, {"id": "chatcmpl-1", "model": "m"})
    with pytest.raises(InputRejectedError, match="E-FILE-EMPTY"):
        lines(tmp_path, format_, {"resourceMetrics": [{}]}, {"resourceSpans": []})
