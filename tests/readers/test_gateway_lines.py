"""Gateways that log columns instead of answers: what the golden rows leave open.

Versions of a row, table exports, figures that contradict each other, and the public samples of each product.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.readers.reading import KEY, SAMPLES, read, specs, staged
from tickmark import strictjson
from tickmark.errors import InputRejectedError, RecordRejected
from tickmark.gateways import FORMATS
from tickmark.gateways._langfuse_usage import counts
from tickmark.intake.reader import Reader, Source
from tickmark.intake.tables import Writers
from tickmark.records import Attempt

LINES = (
    "langfuse_observations",
    "helicone",
    "portkey",
    "bifrost",
    "kong_ai",
    "envoy_ai_gateway",
    "vercel_ai_gateway",
)


def sample(name: str) -> list[dict[str, Any]]:
    lines = (SAMPLES / f"{name}.jsonl").read_text("utf-8").splitlines()
    found: Any = [strictjson.loads(line) for line in lines]
    return list(found)


def attempts(name: str, record: dict[str, Any]) -> list[Any]:
    found = list(FORMATS[name].read(record))
    assert all(isinstance(row, Attempt) for row in found)
    return found


def rejected(name: str, record: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(RecordRejected) as caught:
        list(FORMATS[name].read(record))
    return caught.value.rule, caught.value.field


# Every format of lines.


@pytest.mark.parametrize("name", LINES)
def test_a_file_of_another_format_is_refused(tmp_path: Path, name: str) -> None:
    other = b'{"results": [{"amount": 1}], "object": "page"}\n'
    if name in ("kong_ai", "envoy_ai_gateway"):
        # A log line without a model call is no usage: such a file has no attempts, and says so in its report.
        assert read(tmp_path, name, other).report.not_usage == 1
    else:
        with pytest.raises(InputRejectedError, match="E-FILE-FORMAT"):
            read(tmp_path, name, other)


@pytest.mark.parametrize("name", LINES)
def test_delivered_twice_a_record_keeps_its_key_and_its_content(tmp_path: Path, name: str) -> None:
    once = (SAMPLES / f"{name}.jsonl").read_bytes()
    rows = read(tmp_path, name, once * 2, "file.jsonl").rows["attempts"]
    half = len(rows) // 2
    assert [row["record_key"] for row in rows[:half]] == [row["record_key"] for row in rows[half:]]
    assert [row["content_hash"] for row in rows[:half]] == [row["content_hash"] for row in rows[half:]]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("helicone", "prompt_tokens"),
        ("portkey", "req_units"),
        ("envoy_ai_gateway", "gen_ai.usage.input_tokens"),
        ("bifrost", "prompt_tokens"),
        ("vercel_ai_gateway", "promptTokens"),
    ],
)
def test_counts_are_whole_numbers(name: str, field: str) -> None:
    record = next(line for line in sample(name) if field in line and "response" not in line)
    for wrong in (12.5, -1, True, "1,000", [3]):
        rule, _ = rejected(name, {**record, field: Decimal(wrong) if isinstance(wrong, float) else wrong})
        assert rule in ("E-FIELD-TYPE", "E-FIELD-RANGE")


@pytest.mark.parametrize(
    ("name", "field"), [("langfuse_observations", "end_time"), ("helicone", "response_created_at")]
)
def test_what_ends_before_it_begins_is_set_aside(name: str, field: str) -> None:
    early = {**sample(name)[0], field: "2026-07-04 07:59:59.999"}
    assert rejected(name, early) == ("E-FIELD-PERIOD", field)


# Langfuse


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        # OpenAI's details with the cached part outside; total = 60 + 40 + 20 + 10.
        (
            {"input": 60, "input_cached_tokens": 40, "output": 20, "output_reasoning_tokens": 10},
            (100, 40, 30),
        ),
        # Gemini as it comes: cached inside the prompt, thoughts outside the candidates.
        (
            {
                "promptTokenCount": 100,
                "cachedContentTokenCount": 40,
                "candidatesTokenCount": 20,
                "thoughtsTokenCount": 10,
                "totalTokenCount": 130,
            },
            (100, 40, 30),
        ),
        # OpenInference: all details inside.
        (
            {
                "input": 100,
                "prompt_details.cache_read": 40,
                "output": 30,
                "completion_details.reasoning": 10,
                "total": 130,
            },
            (100, 40, 30),
        ),
        # Two names of one count are one count.
        ({"input": 100, "prompt_tokens": 100, "output": 30, "completion_tokens": 30}, (100, None, 30)),
    ],
)
def test_langfuse_details_count_once(usage: dict[str, Any], expected: tuple[int, int | None, int]) -> None:
    record = {**sample("langfuse_observations")[0], "usage_details": usage}
    (found,) = attempts("langfuse_observations", record)
    assert (found.tokens_input_total, found.tokens_cache_read, found.tokens_output) == expected
    assert found.tokens_uncached_input == expected[0] - (expected[1] or 0)


def test_langfuse_audio_input_has_no_class_and_is_not_priced() -> None:
    found = counts({"input": 60, "input_audio_tokens": 7, "output": 5, "total": 72})
    assert (found.input, found.unclassified) == (60, 7)


def test_langfuse_own_estimate_is_not_the_providers() -> None:
    record = {**sample("langfuse_observations")[0], "provided_usage_details": {}}
    (found,) = attempts("langfuse_observations", record)
    assert found.usage_origin == "gateway_estimated"


def test_langfuse_a_total_alone_is_no_usage() -> None:
    record = {**sample("langfuse_observations")[0], "usage_details": {"total": 100}}
    (found,) = attempts("langfuse_observations", record)
    assert (found.usage_origin, found.tokens_input_total) == ("missing", None)


def test_langfuse_v4_rows_and_their_versions() -> None:
    row = sample("langfuse_observations")[1]
    event = {**row, "span_id": "sp-9", "event_ts": "2026-07-04 08:01:04.000001", "is_deleted": 0}
    del event["id"], event["metadata"]
    event["metadata_names"] = ["scope.name", "attributes.gen_ai.system", "attributes.gen_ai.response.id"]
    event["metadata_values"] = ["otel", "anthropic", "msg_9"]
    (found,) = attempts("langfuse_observations", event)
    assert (found.record_key, found.provider, found.provider_response_id) == ("sp-9", "anthropic", "msg_9")
    assert attempts("langfuse_observations", {**event, "is_deleted": 1}) == []
    version = FORMATS["langfuse_observations"].version
    assert version is not None
    assert version({**event, "event_ts": "2026-07-04 08:01:04.000002"}) == version(event) + 1
    assert version({"id": "x"}) == 0


def test_langfuse_parquet_gives_the_rows_of_its_json(tmp_path: Path) -> None:
    lines = sample("langfuse_observations")
    columns = ("id", "type", "start_time", "provided_model_name", "total_cost")
    usage = pa.map_(pa.string(), pa.uint64())
    table = pa.table(
        {name: [line.get(name) for line in lines] for name in columns}
        | {"metadata": [json.dumps(line["metadata"]) for line in lines]}
        | {
            "usage_details": pa.array(
                [[(key, int(used)) for key, used in line["usage_details"].items()] for line in lines], usage
            )
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    found = read(tmp_path / "parquet", "langfuse_observations", sink.getvalue().to_pybytes(), "f.parquet")
    plain = read(
        tmp_path / "json", "langfuse_observations", (SAMPLES / "langfuse_observations.jsonl").read_bytes()
    )
    shown = ("record_key", "provider", "tokens_input_total", "tokens_cache_read", "tokens_output")
    assert [[row[name] for name in shown] for row in found.rows["attempts"]] == [
        [row[name] for name in shown] for row in plain.rows["attempts"]
    ]


def test_langfuse_real_traces(tmp_path: Path, shared_data: Path) -> None:
    """20 trace files of Langfuse's tests, against the `inputUsage` and `outputUsage` that its app shows."""
    files = sorted((shared_data / "samples" / "langfuse" / "framework-traces").glob("*.json"))
    found = {
        path.name: read(tmp_path / path.name, "langfuse_observations", path.read_bytes(), path.name)
        for path in files
    }
    reports = [one.report for one in found.values()]
    assert len(files) == 20
    assert (sum(one.read for one in reports), sum(one.not_usage for one in reports)) == (42, 96)
    assert sum(one.quarantined for one in reports) == 0
    rows = [row for one in found.values() for row in one.rows["attempts"]]
    assert sum(row["tokens_input_total"] or 0 for row in rows) == shown(files, "inputUsage")
    assert sum(row["tokens_output"] or 0 for row in rows) == shown(files, "outputUsage")
    assert sum(row["usage_origin"] == "missing" for row in rows) == 2
    assert {row["provider"] for row in rows} == {
        "openai",
        "anthropic",
        "gcp.gemini",
        "gcp.vertex_ai",
        "unknown",
    }


def shown(files: list[Path], field: str) -> int:
    """What the app shows of its generations: a second computation of the same figures, by Langfuse."""
    traces = [json.loads(path.read_text("utf-8"))["observations"] for path in files]
    return sum(one[field] or 0 for trace in traces for one in trace if one["type"] == "GENERATION")


# Helicone


def test_helicone_csv_of_the_export_tool_lacks_what_it_lacks(tmp_path: Path) -> None:
    header = (
        "response_id,response_created_at,response_status,request_created_at,request_body,"
        "request_properties,request_user_id,model,prompt_tokens,completion_tokens,latency,cost\n"
    )
    body = '"{""model"":""gpt-5.6-sol"",""messages"":[]}"'
    rows = (
        f'"res-1","2026-07-04T08:00:01Z","200","2026-07-04T08:00:00Z",{body},"{{}}","u","gpt-5.6-sol",'
        '"900","50","1.0","0.001"\n'
        '"res-2","","500","2026-07-04T08:01:00Z","{""input"":""x""}","","","text-embedding-3-small","","","",""\n'
        '"res-3","","200","2026-07-04T08:02:00Z","","","","","1","1","",""\n'
    )
    found = read(tmp_path, "helicone", (header + rows).encode(), "output.csv")
    first, second = found.rows["attempts"]
    assert (first["provider"], first["operation"], first["token_semantics"]) == ("unknown", "chat", "unknown")
    assert (first["tokens_uncached_input"], first["tokens_unclassified"]) == (None, 900)
    assert (second["operation"], second["outcome"], second["tokens_input_total"]) == (
        "embeddings",
        "provider_error",
        None,
    )
    assert [(rule, field) for _, rule, field in found.rejects] == [("E-OPERATION", "request_body")]


def test_helicone_clickhouse_rows_count_billionths_and_quoted_numbers() -> None:
    row = {
        "request_id": "hel-9",
        "request_created_at": "2026-07-04 08:00:00.000",
        "response_created_at": "2026-07-04 08:00:01.000",
        "status": "200",
        "model": "gpt-5.6-sol",
        "provider": "OPENAI",
        "target_url": "https://api.openai.com/v1/responses",
        "prompt_tokens": "900",
        "prompt_cache_read_tokens": "100",
        "completion_tokens": "50",
        "cost": "1230000",
        "updated_at": "2026-07-04 08:00:02.000",
    }
    (found,) = attempts("helicone", row)
    assert (found.operation, found.tokens_input_total) == ("responses", 1000)
    assert found.cost_usd_gateway == Decimal("0.00123")
    version = FORMATS["helicone"].version
    assert version is not None
    assert version({**row, "updated_at": "2026-07-04 08:00:03.000"}) > version(row)


def test_helicone_text_is_the_body_and_never_its_placeholder() -> None:
    read_body = FORMATS["helicone"].request_body
    assert read_body is not None
    first, second, *_ = sample("helicone")
    assert read_body(first) is None
    assert read_body(second) == second["request_body"]
    assert read_body({**second, "ai_gateway_body_mapping": "OPENAI"}) is None


def test_a_source_names_the_provider_only_where_a_record_names_none(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes((SAMPLES / "langfuse_observations.jsonl").read_bytes())
    writers = Writers(tmp_path / "staging", "part")
    source = Source("s", "langfuse_observations", "default", provider="Mistral AI")
    Reader(source, FORMATS["langfuse_observations"], specs(), KEY, writers).read(path, path.name, 0)
    writers.close()
    rows = staged(tmp_path / "staging")["attempts"]
    assert [row["provider"] for row in rows] == ["openai", "anthropic", "openai", "mistral_ai", "gcp.gemini"]


# Portkey, Cloudflare


def test_portkey_costs_in_another_currency_are_refused() -> None:
    assert rejected("portkey", {**sample("portkey")[0], "cost_currency": "EUR"}) == (
        "E-FIELD-CURRENCY",
        "cost_currency",
    )


@pytest.mark.parametrize(("name", "field"), [("portkey", "response"), ("bifrost", "raw_response")])
def test_a_tier_inside_the_usage_of_a_logged_answer_is_the_tier(name: str, field: str) -> None:
    answered = {"id": "msg_1", "usage": {"input_tokens": 3, "output_tokens": 1, "service_tier": "batch"}}
    assert attempts(name, {**sample(name)[0], field: answered})[-1].service_tier == "batch"


def test_portkey_text_is_counted_where_the_provider_takes_its_shape() -> None:
    body = FORMATS["portkey"].request_body
    assert body is not None
    first, second, third, *_ = sample("portkey")
    assert body(first) == first["request"]["body"]
    assert body(second) is None
    assert body(third) is None


def test_cloudflare_rate_limit_of_the_gateway_costs_nothing() -> None:
    limited = {
        "Timestamp": "2026-07-04T08:04:00Z",
        "Provider": "openai",
        "Model": "gpt-5.6-sol",
        "Endpoint": "chat/completions",
        "StatusCode": 429,
        "RateLimited": True,
    }
    (found,) = attempts("cloudflare_ai_gateway", limited)
    assert (found.outcome, found.billable_expected) == ("blocked", False)
    del limited["StatusCode"]
    assert rejected("cloudflare_ai_gateway", limited) == ("E-FIELD-MISSING", "status_code")


# Bifrost


def test_bifrost_the_finished_row_replaces_the_one_that_began() -> None:
    version = FORMATS["bifrost"].version
    assert version is not None
    assert version({"status": "processing"}) < version({"status": "success"})
    assert version({"status": "processing"}) < version({"status": "error"})


def test_bifrost_csv_of_the_table(tmp_path: Path) -> None:
    text = (
        "id,timestamp,object_type,provider,model,number_of_retries,fallback_index,status,stream,latency,"
        "token_usage,cost,attempt_trail,cache_debug\n"
        "b1,2026-07-04 08:00:00.5+00,chat_completion,openai,gpt-5.6-sol,0,0,success,t,12.5,"
        '"{""prompt_tokens"":9,""completion_tokens"":2,""total_tokens"":11}",0.0001,,\n'
        "b2,2026-07-04 08:00:01+00,chat_completion,openai,gpt-5.6-sol,0,0,gone,f,,,,,\n"
    )
    found = read(tmp_path, "bifrost", text.encode(), "logs.csv")
    (row,) = found.rows["attempts"]
    assert (row["tokens_input_total"], row["tokens_output"], row["streamed"]) == (9, 2, True)
    assert row["attempt_grain"] == "request_collapsed"
    assert [(rule, field) for _, rule, field in found.rejects] == [("E-FIELD-VALUE", "status")]


# Kong, Envoy: the documented examples.


def test_kong_documented_example_in_a_log_line(shared_data: Path) -> None:
    example = json.loads((shared_data / "samples" / "kong" / "ai-audit-log-example.json").read_text("utf-8"))
    line = {"started_at": 1_783_152_000_000, "request": {"id": "k"}, "upstream_uri": "/v1/chat", **example}
    (found,) = attempts("kong_ai", line)
    assert (found.provider, found.response_model, found.outcome) == ("cohere", "command", "gateway_cache_hit")
    assert (found.tokens_input_total, found.tokens_output, found.tokens_cache_read) == (14, 21, 0)


def test_kong_a_masked_payload_is_no_text() -> None:
    line = sample("kong_ai")[0]
    body, answer = FORMATS["kong_ai"].request_body, FORMATS["kong_ai"].answer
    assert body is not None
    assert answer is not None
    assert body(line) == json.loads(line["ai"]["proxy"]["payload"]["request"])
    line["ai"]["proxy"]["payload"] = {"request": "$OPTIONAL_PAYLOAD_REQUEST", "response": "{cut"}
    assert (body(line), answer(line)) == (None, None)


def test_envoy_documented_entry(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "samples" / "envoy_ai_gateway" / "access-log-entry.json"
    (found,) = read(tmp_path, "envoy_ai_gateway", path.read_bytes(), path.name).rows["attempts"]
    assert (found["provider"], found["request_model"], found["operation"]) == ("tars", "gpt-4o-mini", "chat")
    assert (found["tokens_input_total"], found["tokens_output"], found["token_semantics"]) == (
        15,
        7,
        "unknown",
    )


@pytest.mark.parametrize(
    ("flags", "status", "expected"),
    [
        ("UT", 504, ("timeout", None)),
        ("UF,URX", 503, ("provider_error", False)),
        ("UC", 503, ("provider_error", None)),
        ("-", 500, ("provider_error", False)),
        ("-", 499, ("client_abort", None)),
    ],
)
def test_envoy_flags_say_whether_a_provider_was_reached(
    flags: str, status: int, expected: tuple[str, bool | None]
) -> None:
    line = {**sample("envoy_ai_gateway")[0], "response_flags": flags, "response_code": status}
    (found,) = attempts("envoy_ai_gateway", line)
    assert (found.outcome, found.billable_expected) == expected
