"""Mistral's tools and calls: as its own library writes them, and what is refused."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mistral_common.protocol.instruct.messages import (
    AssistantMessage,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from mistral_common.protocol.instruct.request import InstructRequest
from mistral_common.protocol.instruct.tool_calls import Function, FunctionCall, Tool, ToolCall
from mistral_common.tokens.tokenizers.base import SpecialTokens, TokenizerVersion
from mistral_common.tokens.tokenizers.instruct import InstructTokenizerV11, InstructTokenizerV13
from mistral_common.tokens.tokenizers.tekken import SpecialTokenInfo, Tekkenizer

from tickmark import recount
from tickmark.recount import CountPlan
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

V11, V13 = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
HIDDEN = {V11: 0, V13: 12}
"""Tokens that the service puts in front of every request since 2 April 2026; the library does not."""
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Größe & Wetter",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CALL: dict[str, Any] = {
    "id": "abcDEF123", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Zürich"}'},
}  # fmt: skip
ASKED = {"role": "user", "content": "How is it in Zürich?"}
CALLED: dict[str, Any] = {"role": "assistant", "content": "", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "abcDEF123", "content": '{"degrees": 21.50}'}

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=3)


def planned(specs: SpecBook, at: datetime, **body: Any) -> CountPlan:
    asked = {"model": "mistral-small-latest", "tools": [WEATHER], "messages": [ASKED], **body}
    return recount.plan("mistral_ai", "chat", "mistral-small-latest", at, asked, specs)


@pytest.fixture(scope="module")
def tekken() -> Tekkenizer:
    """Mistral's own tokenizer with every control token that it knows."""
    file = json.loads(files("mistral_common").joinpath("data/tekken_240911.json").read_text("utf-8"))
    config = file["config"]
    controls = [
        SpecialTokenInfo(rank=n, token_str=each, is_control=True) for n, each in enumerate(SpecialTokens)
    ]
    sizes = config["default_vocab_size"], config["default_num_special_tokens"]
    return Tekkenizer(file["vocab"], controls, config["pattern"], *sizes, TokenizerVersion.v13)


@pytest.mark.slow
@pytest.mark.parametrize(("at", "version"), [(V11, InstructTokenizerV11), (V13, InstructTokenizerV13)])
@given(
    name=texts, said=texts, beside=texts | st.just(""), parameters=objects, arguments=objects, result=texts
)
@settings(max_examples=60, deadline=None)
def test_a_round_of_tools_counts_as_in_mistrals_own_library(
    specs: SpecBook, counters: Counters, tekken: Tekkenizer, at: datetime, version: Any, *,
    name: str, said: str, beside: str, parameters: Any, arguments: Any, result: str,
) -> None:  # fmt: skip
    function = {"name": name, "description": said, "parameters": parameters}
    call = {**CALL, "function": {"name": name, "arguments": json.dumps(arguments, separators=(",", ":"))}}
    body = {
        "tools": [WEATHER, {"type": "function", "function": function}],
        "messages": [
            {"role": "system", "content": said}, ASKED,
            {**CALLED, "content": beside, "tool_calls": [call, CALL]},
            {**RESULT, "content": result}, RESULT,
        ],
    }  # fmt: skip
    theirs = InstructRequest(
        messages=[
            SystemMessage(content=said), UserMessage(content=ASKED["content"]),
            AssistantMessage(content=beside, tool_calls=[
                ToolCall(id=each["id"], function=FunctionCall(**each["function"])) for each in (call, CALL)
            ]),
            ToolMessage(tool_call_id=RESULT["tool_call_id"], content=result),
            ToolMessage(tool_call_id=RESULT["tool_call_id"], content=RESULT["content"]),
        ],
        available_tools=[Tool(function=Function(**each)) for each in (WEATHER["function"], function)],
    )  # fmt: skip
    (tokens,) = recount.count([planned(specs, at, **body)], counters)
    assert tokens == len(version(tekken).encode_instruct(theirs).tokens) + HIDDEN[at]


def test_ids_of_calls_were_written_until_april_2026(specs: SpecBook) -> None:
    body = {"messages": [ASKED, CALLED, RESULT]}
    before, after = planned(specs, V11, **body), planned(specs, V13, **body)
    offer, call = before.segments[0], before.segments[2:4]
    assert json.loads(offer) == [WEATHER]
    assert call == ("weather", '{"city": "Zürich"}')
    assert before.segments[1:] == (ASKED["content"], *call, "abcDEF123", RESULT["content"], "abcDEF123")
    assert after.segments == (offer, ASKED["content"], *call, RESULT["content"])
    assert before.overhead_tokens == 1 + 2 + 2 + (1 + 2 + 1) + (2 + 1)
    assert after.overhead_tokens == 13 + 2 + 2 + (1 + 2) + 2


def test_a_function_that_must_be_called_begins_the_answer(specs: SpecBook) -> None:
    free = planned(specs, V13, tool_choice="required")
    forced = planned(specs, V13, tool_choice={"type": "function", "function": {"name": "weather"}})
    assert forced.segments == (free.segments[0], "weather", *free.segments[1:])
    assert forced.overhead_tokens == free.overhead_tokens + 2


def test_calls_without_an_offer_are_near_only(specs: SpecBook) -> None:
    assert planned(specs, V13, tools=[], messages=[ASKED, CALLED, RESULT]).exactness == "exact_text"


@pytest.mark.parametrize(
    "body",
    [
        {"tool_choice": "none"},
        {"tool_choice": "any"},
        {"tool_choice": ["auto"]},
        {"tools": {"0": WEATHER}},
        {"tools": [{"type": "web_search"}]},
        {"tools": [{**WEATHER, "function": {"name": "weather"}}]},
        {"tools": [{**WEATHER, "function": {**WEATHER["function"], "strict": True}}]},
        {"response_format": {"type": "json_object"}},
        {"messages": [ASKED, {**CALLED, "tool_calls": [{**CALL, "function": {"name": "weather"}}]}]},
        {"messages": [ASKED, {**CALLED, "tool_calls": ["weather"]}]},
        {"messages": [ASKED, {**CALLED, "tool_calls": {"0": CALL}}]},
        {
            "messages": [
                ASKED,
                {**CALLED, "tool_calls": [{**CALL, "function": {"name": "weather", "arguments": "{"}}]},
            ]
        },
        {"messages": [ASKED, CALLED, {**RESULT, "name": "weather"}]},
    ],
)
def test_what_no_bill_showed_is_not_counted(specs: SpecBook, body: dict[str, Any]) -> None:
    refused = planned(specs, V13, **body)
    assert refused.exactness == "none"
    assert refused.reason
