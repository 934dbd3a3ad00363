"""Closed tokenizers: what is read of a request, how its numbers are fitted, and what the bands hold."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tickmark import calibration, recount, strictyaml
from tickmark.calibration import Fitted, Sample
from tickmark.framing.constants import ProxyText
from tickmark.recount import CountPlan
from tickmark.specbook import SpecBook
from tickmark.specs import SpecFile

NOW = datetime(2026, 1, 15, tzinfo=UTC)
HELLO = {"role": "user", "content": "Hello"}
# docs/bands.md names the requests: rule, shape → blind rows held, blind rows.
EXPLAINED = {
    ("anthropic/claude-4-5", "text"): (284, 332),
    ("cohere/command-a", "tool_calls"): (10, 11),
    ("gcp.vertex_ai/gemini-2.5", "tool_calls"): (60, 71),
}
CONSTANTS = ("per_request", "per_message", "per_tool", "per_property", "per_call", "thinking")
SPECS = Path(__file__).resolve().parents[2] / "tokenizer_specs"


def claude(specs: SpecBook, **body: Any) -> CountPlan:
    model = "claude-sonnet-4-5-20250929"
    body = {"model": model, "max_tokens": 9, "messages": [HELLO], **body}
    return recount.plan("anthropic", "messages", model, NOW, body, specs)


def gemini(specs: SpecBook, **body: Any) -> CountPlan:
    return recount.plan("gcp.gemini", "generate_content", "gemini-2.5-flash", NOW, body, specs)


def test_a_call_counts_by_name_and_arguments_and_a_result_as_text(specs: SpecBook) -> None:
    use = {"type": "tool_use", "id": "toolu_01AbCdEf", "name": "weather", "input": {"city": "Rome"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_01AbCdEf", "content": "sunny"}
    planned = claude(
        specs,
        tools=[{"name": "weather", "input_schema": {}}],
        messages=[
            HELLO,
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ],
    )
    assert planned.segments == ("Hello", "sunny")
    assert dict(planned.further) == {
        "tools": ('{"name":"weather","input_schema":{}}',),
        "calls": ("weather", '{"city":"Rome"}'),
    }


def test_google_bills_the_words_of_a_tool(specs: SpecBook) -> None:
    city = {"type": "STRING", "title": "City", "description": "Where", "enum": ["Rome", "Oslo"]}
    schema = {"type": "OBJECT", "description": "All of it", "properties": {"city": city}}
    declared = {"name": "weather", "description": "The weather", "parameters": schema}
    call = {"functionCall": {"name": "weather", "args": {"city": "Rome"}}}
    planned = gemini(
        specs,
        contents=[{"role": "model", "parts": [call]}, {"role": "user", "parts": [{"text": "And?"}]}],
        tools=[{"functionDeclarations": [declared]}],
    )
    assert dict(planned.further) == {
        "tools": ("weather The weather OBJECT city STRING Where Rome Oslo",),
        "calls": ("weather", '{"city":"Rome"}'),
    }


def test_one_call_at_a_time_has_a_prompt_of_its_own_and_an_unmeasured_choice_is_refused(
    specs: SpecBook,
) -> None:
    tools = [{"name": "weather", "input_schema": {}}]
    free, single = (
        claude(specs, tools=tools, tool_choice={"type": "auto", "disable_parallel_tool_use": only})
        for only in (False, True)
    )
    assert free.overhead_tokens - single.overhead_tokens in range(215, 225)
    refused = claude(specs, tools=tools, tool_choice={"type": "any", "disable_parallel_tool_use": True})
    assert refused.reason == "a choice of tools that was never measured for this model"


def sample(n: int, text: int, tools: int) -> Sample:
    added = {"per_request": 1, "per_tool": int(bool(tools))}
    billed = 7 + text * 2 + tools * 3 + 10 * added["per_tool"]
    return Sample(
        f"{n:062x}{n % 16:x}0", "tools", date(2026, 1, 1), billed, {"text": text, "tools": tools}, added
    )


def test_the_numbers_that_made_the_bills_are_found_again() -> None:
    samples = [sample(n, 40 + n * 7 % 100, n * 13 % 60) for n in range(40)]
    # One request of forty that was billed otherwise moves nothing.
    samples[5] = replace(samples[5], billed=samples[5].billed + 400)
    found = calibration.fit(samples)
    assert found.per_token == {"text": Decimal("2.0000"), "tools": Decimal("3.0000")}
    assert found.constants == {"per_request": Decimal("7.00"), "per_tool": Decimal("10.00")}
    assert found.estimate(samples[0]) == samples[0].billed


def test_no_number_is_below_0() -> None:
    samples = [replace(sample(n, 100 + n, n % 3), billed=150 + n - 9 * (n % 3)) for n in range(20)]
    found = calibration.fit(samples)
    assert min([*found.constants.values(), *found.per_token.values()]) >= 0


@pytest.fixture(scope="module")
def fitted(shared_data: Path, specs: SpecBook) -> list[Fitted]:
    return calibration.measure([shared_data / "exchanges" / "exchanges.jsonl.gz"], specs, print)


@pytest.mark.slow
def test_every_band_holds_95_percent_of_the_rows_it_never_saw(fitted: list[Fitted]) -> None:
    missed = {
        (row.spec, row.shape): (round((row.held_rows or 0) * row.rows_blind), row.rows_blind)
        for row in fitted
        if (row.held_rows or 0) < 0.95
    }
    assert missed == EXPLAINED


@pytest.mark.slow
def test_the_specs_say_what_the_fit_finds(fitted: list[Fitted]) -> None:
    for row in fitted:
        provider, _, name = row.spec.rpartition("/")
        file = strictyaml.load_as(SPECS / f"{provider}.yaml", provider, SpecFile)
        rule = next(each for each in file.rules if each.name == name)
        said = rule.calibrated[row.shape]
        assert row.calibration is not None
        assert isinstance(rule.framing, ProxyText)
        constants = {name: getattr(rule.framing, name) for name in CONSTANTS}
        found = {name: row.constants.get(name, Decimal(0)) for name in CONSTANTS}
        # The last digits of a linear program may differ from one machine to another.
        for name, expected in constants.items():
            assert abs(found[name] - expected) <= Decimal("0.1"), (row.spec, name)
        bands = [
            (each.band_low, each.band_high, *each.per_token.values()) for each in (row.calibration, said)
        ]
        assert all(abs(one - other) <= Decimal("0.002") for one, other in zip(*bands, strict=True)), row.spec
        assert row.calibration.floor_tokens == said.floor_tokens
