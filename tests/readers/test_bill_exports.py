"""Exports of provider consoles, and usage that is not text: real figures, what a file covers, refusals.

Golden rows stand in `golden/`; here is what they cannot say.
"""

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.readers.reading import SAMPLES, Read, read
from tickmark.errors import InputRejectedError, RecordRejected
from tickmark.formats import JsonObject
from tickmark.invoices import FORMATS
from tickmark.invoices._anthropic_console import model_id

MILLION = Decimal(10) ** 6


def delivered(folder: Path, format_: str, path: Path) -> Read:
    return read(folder, format_, path.read_bytes(), path.name)


def sample(folder: Path, format_: str) -> Read:
    return delivered(folder, format_, next(SAMPLES.glob(f"{format_}.*")))


def spoiled(folder: Path, format_: str, *changes: tuple[str, str], name: str | None = None) -> Read:
    path = next(SAMPLES.glob(f"{format_}.*"))
    text = path.read_bytes().decode("utf-8-sig")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(folder, format_, text.encode(), name or path.name)


# OpenAI: the pair of real dashboard exports.


@pytest.fixture
def dashboard(shared_data: Path, tmp_path: Path) -> tuple[Read, Read]:
    folder = shared_data / "samples" / "openai_dashboard"
    usage, cost = "completions_usage_2025-10-05_2025-10-11.tsv", "cost_2025-10-05_2025-10-12.tsv"
    return (
        delivered(tmp_path / "usage", "openai_usage_csv", folder / usage),
        delivered(tmp_path / "cost", "openai_cost_csv", folder / cost),
    )


def test_three_days_of_the_real_dashboard_exports_tie_out_exactly(dashboard: tuple[Read, Read]) -> None:
    """gpt-5-mini at its list price of 2025-10; the other days have residuals in both directions."""
    usage, cost = dashboard
    prices = {
        ("gpt-4o-2024-08-06", "uncached_input"): "2.5",
        ("gpt-4o-2024-08-06", "cache_read"): "1.25",
        ("gpt-4o-2024-08-06", "output"): "10",
        ("gpt-5-2025-08-07", "uncached_input"): "1.25",
        ("gpt-5-2025-08-07", "cache_read"): "0.125",
        ("gpt-5-2025-08-07", "output"): "10",
        ("gpt-5-mini-2025-08-07", "uncached_input"): "0.25",
        ("gpt-5-mini-2025-08-07", "output"): "2",
    }
    priced: Counter[date] = Counter()
    for row in usage.rows["usage_buckets"]:
        price = Decimal(prices[row["model"], row["token_class"]])
        priced[row["bucket_start"].date()] += row["tokens_usage_export"] * price / MILLION
    billed = {row["charge_period_start"].date(): row["billed_cost"] for row in cost.rows["billing_lines"]}
    residual = {day.day: billed[day] - priced[day] for day in billed}
    assert {day: residual[day] for day in (7, 10, 11)} == {7: 0, 10: 0, 11: 0}
    assert billed[date(2025, 10, 11)] == Decimal("0.072054")
    assert (residual[5], residual[8]) == (Decimal("0.648614"), Decimal("0.5455665"))
    assert residual[6] == Decimal("0.56177125") - Decimal("0.81584275")


def test_idle_days_of_the_real_exports_are_covered_and_a_missing_day_is_a_gap(
    dashboard: tuple[Read, Read],
) -> None:
    usage, cost = dashboard
    assert (cost.report.records, cost.report.read, cost.report.blank) == (9, 6, 3)
    assert cost.report.spans == [("2025-10-05T00:00:00+00:00", "2025-10-13T00:00:00+00:00")]
    # The saved usage export has an empty row for the 8th and none at all for the 9th.
    assert [(start[8:10], end[8:10]) for start, end in usage.report.spans] == [("05", "09"), ("10", "12")]


def test_an_export_of_a_time_without_usage_has_four_columns(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "openai_usage_csv",
        b"start_time,end_time,start_time_iso,end_time_iso\n"
        b"1783123200,1783209600,2026-07-04T00:00:00+00:00,2026-07-05T00:00:00+00:00\n",
    )
    assert (found.report.read, found.report.blank, len(found.report.spans)) == (0, 2, 1)


def test_the_two_dashboard_exports_are_not_taken_for_each_other(tmp_path: Path) -> None:
    for format_, other, field in (
        ("openai_usage_csv", "openai_cost_csv", "input_tokens"),
        ("openai_cost_csv", "openai_usage_csv", "amount_value"),
    ):
        with pytest.raises(InputRejectedError, match=f"E-FILE-FORMAT .* {field} ") as refused:
            read(tmp_path, format_, next(SAMPLES.glob(f"{other}.*")).read_bytes())
        assert refused.value.exit_code == 5


@pytest.mark.parametrize(
    ("old", "new", "rule", "field"),
    [
        ("9000.0", "9000.5", "E-FIELD-TYPE", "input_tokens"),
        ("9000.0", "9001.0", "E-USAGE-PARTS", "input_uncached_tokens"),
        ("FALSE", "no", "E-FIELD-TYPE", "batch"),
        ("gpt-5-mini-2025-08-07", "", "E-FIELD-MISSING", "model"),
        (",400.0,", ",300.0,", "E-USAGE-PARTS", "input_text_tokens"),
    ],
)
def test_a_usage_row_that_breaks_a_rule(tmp_path: Path, old: str, new: str, rule: str, field: str) -> None:
    found = spoiled(tmp_path, "openai_usage_csv", (old, new))
    assert [(reject[1], reject[2]) for reject in found.rejects] == [(rule, field)]
    assert len(found.report.spans) == 1, "what is set aside is still a time that the file speaks about"


# OpenAI: every endpoint.


def test_every_published_example_says_its_endpoint_and_becomes_its_class(shared_data: Path) -> None:
    examples = shared_data / "samples" / "openai_usage_api"
    found: dict[str, str] = {}
    for path in sorted(examples.glob("organization_usage_*")):
        bucket = json.loads(path.read_text())["data"][0]
        record = {"start_time": bucket["start_time"], "end_time": bucket["end_time"], **bucket["results"][0]}
        if "model" in record:
            record["model"] = "m"
        row, *_ = FORMATS["openai_usage"].read(record)
        found[path.stem.removeprefix("organization_usage_").removesuffix("_response")] = (
            f"{row.tokens_usage_export} {row.token_class}"
        )
    assert found == {
        "audio_speeches": "45 speech_character",
        "audio_transcriptions": "20 audio_second",
        "code_interpreter_sessions": "1 code_session",
        "completions": "400 uncached_input",
        "embeddings": "16 uncached_input",
        "file_search_calls": "2 file_search_call",
        "images": "2 image",
        "moderations": "16 moderation_token",
        "vector_stores": "1024 storage_byte",
        "web_search_calls": "2 web_search",
    }


AUDIO = {"input_audio_tokens": 40, "input_text_tokens": 60, "output_text_tokens": 10}
COMPLETIONS: dict[str, Any] = {
    "start_time": 1783123200,
    "end_time": 1783209600,
    "object": "organization.usage.completions.result",
    "model": "gpt-audio",
    "num_model_requests": 1,
    "input_tokens": 100,
    "output_tokens": 10,
}


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"object": "organization.usage.videos.result"}, "E-RESULT-KIND", "object"),
        ({"object": None}, "E-FIELD-MISSING", "object"),
        # Audio without its text: nobody can tell whether it lies inside the total.
        ({**AUDIO, "input_text_tokens": None}, "E-USAGE-PARTS", "input_text_tokens"),
        ({**AUDIO, "input_audio_tokens": 41}, "E-USAGE-PARTS", "input_text_tokens"),
        # Text that is less than all, and nothing named that is the rest: another modality.
        ({"output_text_tokens": 9}, "E-USAGE-PARTS", "output_text_tokens"),
        ({"input_cache_write_12h_tokens": 101}, "E-USAGE-PARTS", "input_tokens"),
    ],
)
def test_usage_that_cannot_be_told_apart_is_refused(change: JsonObject, rule: str, field: str) -> None:
    assert len(list(FORMATS["openai_usage"].read({**COMPLETIONS, **AUDIO}))) == 3
    with pytest.raises(RecordRejected) as refused:
        list(FORMATS["openai_usage"].read({**COMPLETIONS, **change}))
    assert (refused.value.rule, refused.value.field) == (rule, field)


# Anthropic Console.


def test_real_hourly_rows_and_every_vintage_of_the_token_export(shared_data: Path, tmp_path: Path) -> None:
    folder, counted = shared_data / "samples" / "anthropic_console", {}
    for path in sorted(folder.glob("claude_api_tokens_*")):
        found = delivered(tmp_path / path.stem, "anthropic_console_tokens_csv", path)
        assert found.report.quarantined == 0
        tokens: Counter[str] = Counter()
        for row in found.rows["usage_buckets"]:
            tokens[row["token_class"]] += row["tokens_usage_export"]
        counted[path.stem.removeprefix("claude_api_tokens_")] = dict(tokens)
        if path.stem.endswith("hourly"):
            hours = {
                (row["bucket_start"].hour, row["bucket_end"].hour) for row in found.rows["usage_buckets"]
            }
            assert hours == {(2, 3), (3, 4)}
            assert found.report.spans == [], (
                "hours without usage are absent: the file covers nothing for sure"
            )
    assert counted == {
        "2025-06_schema": {"uncached_input": 8, "output": 1},
        "daily": {"uncached_input": 350_000, "output": 17_000, "web_search": 15},
        "hourly": {"uncached_input": 1_124_832 + 506_280, "output": 254_558 + 117_816},
    }


def test_every_vintage_of_the_cost_export(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "samples" / "anthropic_console"
    found = {
        path.stem.removeprefix("claude_api_cost_"): [
            (line["x_model"], line["x_token_class"], str(line["billed_cost"].normalize()))
            for line in delivered(tmp_path / path.stem, "anthropic_console_cost_csv", path).rows[
                "billing_lines"
            ]
        ]
        for path in sorted(folder.glob("claude_api_cost_*"))
    }
    assert found == {
        "12col": [
            ("claude-opus-4-6", "uncached_input", "1.5"),
            ("claude-opus-4-6", "output", "0.5"),
            ("claude-sonnet-4-6", "uncached_input", "2"),
        ],
        "14col": [
            ("claude-haiku-4-5-20251001", "uncached_input", "0.05"),
            ("claude-haiku-4-5-20251001", "output", "0.02"),
            ("claude-sonnet-4-5-20250929", "cache_read", "0.1"),
            ("claude-opus-4-5-20251101", "output", "0.3"),
        ],
        "7col_2024": [("claude-3-5-sonnet-20241022", "uncached_input", "0")],
    }


def test_a_display_name_means_what_the_list_says_and_nothing_like_it() -> None:
    day = date(2026, 7, 4)
    assert model_id("Claude Haiku 4.5", day) == "claude-haiku-4-5-20251001"
    assert model_id("Claude Haiku 4.5", date(2023, 1, 1)) == "Claude Haiku 4.5"
    assert model_id("claude haiku 4.5", day) == "claude haiku 4.5"


# DeepSeek.


def test_price_times_amount_is_the_cost_of_the_other_export(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "samples" / "deepseek"
    amounts = (folder / "amount-2026-09.csv").read_text().splitlines()[1:]
    priced = sum(Decimal(line.split(",")[-2] or 0) * int(line.split(",")[-1]) for line in amounts)
    cost = delivered(tmp_path / "cost", "deepseek_cost_csv", folder / "cost-2026-09.csv")
    assert [line["billed_cost"] for line in cost.rows["billing_lines"]] == [priced] == [Decimal("0.00654")]
    assert [(entry["wallet"], entry["amount"]) for entry in cost.rows["credit_ledger"]] == [("paid", -priced)]
    used = delivered(tmp_path / "used", "deepseek_amount_csv", folder / "amount-2026-09.csv")
    assert [(row["requests"], row["tokens_usage_export"]) for row in used.rows["usage_buckets"]] == [
        (10, 0),
        (None, 1820),
        (None, 1180),
    ]
    assert {row["bucket_start"].isoformat() for row in used.rows["usage_buckets"]} == {
        "2026-09-11T00:00:00+00:00"
    }


def test_the_old_daily_export_is_of_utc_days(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "samples" / "deepseek"
    for format_, name in (
        ("deepseek_amount_csv", "amount-2026-07.csv"),
        ("deepseek_cost_csv", "cost-2026-07.csv"),
    ):
        found = delivered(tmp_path / format_, format_, folder / name)
        rows = [*found.rows["usage_buckets"], *found.rows["billing_lines"]]
        assert {(row.get("bucket_start") or row["charge_period_start"]).isoformat() for row in rows} == {
            "2026-07-25T00:00:00+00:00"
        }


def test_peak_and_off_peak_of_one_hour_are_two_records(tmp_path: Path) -> None:
    hour = "2026-07-05T07:00:00+08:00,2026-07-05T08:00:00+08:00"
    who = 'deepseek-v4-pro,"Team, one",sk-sam***ple'
    line = f"acct,{hour},{who},input_cache_miss_tokens,0.000003,500\r\n"
    found = spoiled(
        tmp_path,
        "deepseek_amount_csv",
        (line, line + line.replace("0.000003", "0.000006").replace("500", "30")),
    )
    keys = Counter(row["record_key"] for row in found.rows["usage_buckets"])
    assert (len(keys), max(keys.values())) == (5, 1)


@pytest.mark.parametrize(
    ("format_", "old", "new", "rule", "field"),
    [
        ("deepseek_amount_csv", "request_count", "total_tokens", "E-FIELD-VALUE", "type"),
        ("deepseek_amount_csv", ",12\r", ",\r", "E-FIELD-MISSING", "amount"),
        ("deepseek_amount_csv", "T07:00:00+08:00", "T07:00:00", "E-FIELD-TIME", "start_time_iso"),
        ("deepseek_cost_csv", "granted", "gift", "E-FIELD-VALUE", "wallet_type"),
        ("deepseek_cost_csv", "20260704", "2026-0704", "E-FIELD-TIME", "utc_date"),
        ("deepseek_cost_csv", "20260704", "20260732", "E-FIELD-TIME", "utc_date"),
        ("deepseek_cost_csv", "20260704", "2026-07-04T13:00:00Z", "E-FIELD-TIME", "utc_date"),
        ("anthropic_console_tokens_csv", ",1200,", ",1200.0,", "E-FIELD-TYPE", "usage_input_tokens_no_cache"),
        (
            "anthropic_console_tokens_csv",
            "2026-07-04 23:00",
            "2026-07-04 23:30",
            "E-FIELD-TIME",
            "usage_date_utc",
        ),
        ("anthropic_console_cost_csv", ",0.10,", ",$0.10,", "E-FIELD-DECIMAL", "cost_usd"),
        ("fireworks_metrics_csv", ",803,109,", ",804,109,", "E-USAGE-PARTS", "prompt_tokens"),
        ("fireworks_metrics_csv", "17:16:48 UTC", "17:16:48 PST", "E-FIELD-TIME", "start_time"),
    ],
)
def test_a_row_that_breaks_a_rule_is_set_aside_by_name(
    tmp_path: Path, format_: str, old: str, new: str, rule: str, field: str
) -> None:
    try:
        found = spoiled(tmp_path, format_, (old, new))
    except InputRejectedError as refused:
        assert f"{rule} expects" in str(refused)  # noqa: PT017 - every row of the file breaks it
    else:
        assert (rule, field) in [(reject[1], reject[2]) for reject in found.rejects]


# Mistral.


def test_what_is_no_usage_document_of_mistral_is_refused(tmp_path: Path) -> None:
    for content in (b'{"data": []}', b"[1]", b'{"completion": {"models": {}}}'):
        with pytest.raises(InputRejectedError, match=r"E-FILE-(FORMAT|EMPTY)"):
            read(tmp_path, "mistral_usage", content + b"\n", "usage.json")


# Fireworks.


def test_metrics_without_the_split_of_cached_input_are_refused(shared_data: Path, tmp_path: Path) -> None:
    header = (shared_data / "samples" / "fireworks" / "billing_metrics.header.csv").read_bytes()
    with pytest.raises(InputRejectedError, match=r"E-CSV-HEADER .*cached_prompt_tokens"):
        read(tmp_path, "fireworks_metrics_csv", header)


# All of them: the same record again is a duplicate, a restated one a conflict, another one neither.

RESTATED = {
    "openai_usage": ('"images": 4', '"images": 5'),
    "openai_cost_csv": (",1.28,", ",1.29,"),
    "openai_usage_csv": ("700.0,6000.0,3000.0,3000.0,700.0", "710.0,6000.0,3000.0,3000.0,710.0"),
    "anthropic_console_tokens_csv": (",650,4,", ",651,4,"),
    "anthropic_console_cost_csv": (",0.10,0.12,", ",0.11,0.12,"),
    "deepseek_amount_csv": (",500\r", ",501\r"),
    "deepseek_cost_csv": ("0.000725", "0.000726"),
    "fireworks_costs_csv": ("8.400000001", "8.500000001"),
    "anthropic_analytics_usage": ('"requests": 128', '"requests": 129'),
    "anthropic_analytics_cost": ("41280.000125", "41280.000126"),
    "mistral_usage": ('"value": 120', '"value": 121'),
}


@pytest.mark.parametrize("format_", RESTATED)
def test_a_restated_record_keeps_its_keys(tmp_path: Path, format_: str) -> None:
    table = FORMATS[format_].tables[0]
    first = {row["record_key"]: row["content_hash"] for row in sample(tmp_path / "a", format_).rows[table]}
    again = spoiled(tmp_path / "b", format_, RESTATED[format_]).rows[table]
    assert [row["record_key"] for row in again] == list(first), "one record, other figures"
    assert any(row["content_hash"] != first[row["record_key"]] for row in again)


def test_tabs_are_read_where_the_name_says_so(tmp_path: Path) -> None:
    text = next(SAMPLES.glob("fireworks_costs_csv.*")).read_text().replace(",", "\t")
    found = read(tmp_path, "fireworks_costs_csv", text.encode(), "costs.tsv.gz")
    assert (found.report.read, found.report.quarantined) == (2, 1)
    with pytest.raises(InputRejectedError, match="E-CSV-HEADER"):
        read(tmp_path, "fireworks_costs_csv", text.encode(), "costs.csv")
