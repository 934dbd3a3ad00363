"""Answers: what is billed beside their text, by day and interface, and what is never guessed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tickmark import recount
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
OTHER = {"type": "function", "function": {"name": "sub", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "Sum", "schema": {"type": "object"}}}
MINI = "gpt-4o-mini-2024-07-18"
NANO = ("openai", "chat", "gpt-5-nano")
GPT_5 = ("openai", "responses", "gpt-5-mini")


def answered(
    specs: SpecBook, asked: tuple[str, str, str], day: str, request: dict[str, Any], answer: dict[str, Any]
) -> recount.CountPlan:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return recount.plan_answer(*asked, at, request, answer, specs)


def said(ending: str = "stop", usage: Any = None, **message: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": None, **message}, "finish_reason": ending}
    return {"choices": [choice], "usage": usage}


def thoughts(tokens: int) -> dict[str, Any]:
    return {"completion_tokens_details": {"reasoning_tokens": tokens}}


def plan(
    specs: SpecBook, day: str, request: dict[str, Any], ending: str = "stop", **message: Any
) -> recount.CountPlan:
    return answered(
        specs, ("openai", "chat", MINI), day, request, said(ending, **{"content": "Four.", **message})
    )


def call(arguments: str, name: str = "add") -> dict[str, Any]:
    return {"type": "function", "id": "c", "function": {"name": name, "arguments": arguments}}


def called(
    specs: SpecBook, calls: Sequence[dict[str, Any]], *asked: str, **request: Any
) -> recount.CountPlan:
    forced = isinstance(request.get("tool_choice"), dict)
    answer = said("stop" if forced else "tool_calls", tool_calls=[*calls])
    provider, model = asked or ("openai", MINI)
    return answered(specs, (provider, "chat", model), "2026-02-02", {"tools": [TOOL], **request}, answer)


@pytest.mark.parametrize(
    ("day", "request_", "ending", "extra"),
    [
        ("2024-12-19", {}, "stop", 0),
        ("2025-01-10", {}, "stop", 1),
        ("2025-05-15", {}, "stop", 1),
        ("2025-05-15", {"tools": [TOOL]}, "stop", 2),
        ("2025-05-19", {}, "stop", 0),
        ("2026-01-02", {"tools": [TOOL]}, "stop", 1),
        ("2026-01-02", {"response_format": SCHEMA}, "stop", 0),
        ("2025-03-03", {}, "length", 0),
        ("2026-01-02", {"stop": ["x"]}, "length", 0),
        ("2024-11-02", {"stop": ["x"]}, "stop", 0),
        ("2024-12-22", {"stop": "x"}, "stop", 0),
        ("2025-02-02", {"stop": []}, "stop", 0),
        ("2025-04-02", {"stop": []}, "stop", 1),
        ("2026-01-02", {"stop": []}, "stop", 0),
    ],
)
def test_the_end_of_an_answer_costs_what_it_cost_on_that_day(
    specs: SpecBook, counters: Counters, day: str, request_: dict[str, Any], ending: str, extra: int
) -> None:
    planned = plan(specs, day, request_, ending)
    (text,) = counters["o200k_base"].count(["Four."])
    assert recount.count([planned], counters) == [text + extra]


@pytest.mark.parametrize(
    ("day", "request_", "ending", "message"),
    [
        ("2024-12-20", {}, "stop", {}),
        ("2025-05-17", {}, "stop", {}),
        ("2026-01-02", {"stop": [7]}, "stop", {}),
        ("2024-12-22", {"stop": "x", "tools": [TOOL]}, "stop", {}),
        ("2026-01-02", {}, "content_filter", {}),
        ("2026-01-02", {}, "stop", {"tool_calls": [{}]}),
        ("2026-01-02", {}, "stop", {"refusal": "no"}),
        ("2026-01-02", {}, "stop", {"content": None}),
        ("2026-01-02", {"tools": [TOOL], "response_format": SCHEMA}, "stop", {}),
        ("2026-01-02", {"tools": [{"type": "custom"}]}, "stop", {}),
        ("2026-01-02", {"tools": [TOOL], "tool_choice": "none"}, "stop", {}),
        ("2024-11-02", {"tools": [TOOL]}, "stop", {}),
        ("2025-02-02", {"response_format": SCHEMA}, "stop", {}),
        ("2026-01-02", {"tools": [TOOL]}, "tool_calls", {"tool_calls": [call("{}")]}),
        ("2026-01-02", {"tools": [TOOL]}, "length", {"content": None, "tool_calls": [call("{}")]}),
        ("2025-02-02", {"tools": [TOOL]}, "tool_calls", {"content": None, "tool_calls": [call("{}")]}),
    ],
)
def test_what_was_never_measured_is_not_counted(
    specs: SpecBook, day: str, request_: dict[str, Any], ending: str, message: dict[str, Any]
) -> None:
    planned = plan(specs, day, request_, ending, **message)
    assert planned.exactness == "none"
    assert planned.reason


@pytest.mark.parametrize(
    ("day", "request_", "most"),
    [
        # A natural end costs one token in spring 2025, and one more beside tools.
        ("2025-04-02", {}, 4),
        ("2026-01-02", {}, 3),
        ("2026-01-02", {"tools": [TOOL]}, 4),
    ],
)
def test_a_named_stop_sequence_may_be_billed_and_is_not_shown(
    specs: SpecBook, counters: Counters, day: str, request_: dict[str, Any], most: int
) -> None:
    planned = plan(specs, day, {"stop": "\nObservation:", **request_})
    text, stop = counters["o200k_base"].count(["Four.", "\nObservation:"])
    assert (planned.exactness, stop) == ("calibrated", 3)
    assert recount.ranges([planned], counters) == [(text, text, text + most)]


def test_without_an_answer_in_the_log_nothing_is_counted(specs: SpecBook) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    planned = recount.plan_answer("openai", "chat", "gpt-4o-mini", at, {}, None, specs)
    assert planned.reason == "the log holds no text of the answer"


def test_a_call_is_its_function_and_its_arguments_as_they_came(specs: SpecBook) -> None:
    planned = called(specs, [call('{"a":1,"b":"x y"}')])
    assert (planned.segments, planned.overhead_tokens) == (("functions.add", '{"a":1,"b":"x y"}'), 6)
    assert planned.shape == "tool_calls"
    assert called(specs, [call("{}")], "azure", "gpt-4o").overhead_tokens == 7
    old = called(specs, [call('{\n  "a": 1\n}')], "openai", "gpt-4-0613")
    assert (old.segments, old.overhead_tokens) == (("functions.add", '{\n  "a": 1\n}'), 3)


def test_several_calls_and_one_with_spaces_went_through_the_wrapper(specs: SpecBook) -> None:
    use = '{"recipient_name":"functions.add","parameters":{"a":1}}'
    planned = called(specs, [call('{"a": 1}')])
    assert planned.segments == ("multi_tool_use.parallel", f'{{"tool_uses":[{use}]}}')
    two = called(specs, [call('{"a":1}'), call('{"a": 1}')])
    assert two.segments == ("multi_tool_use.parallel", f'{{"tool_uses":[{use},{use}]}}')
    assert planned.overhead_tokens == two.overhead_tokens == 6
    assert called(specs, [call('{"a": "é"}'), call("{}")]).exactness == "none"
    assert called(specs, [call("{}"), call("{}")], "openai", "gpt-4-0613").exactness == "none"


def test_a_function_that_had_to_be_called_costs_its_arguments_alone(specs: SpecBook) -> None:
    choice = {"type": "function", "function": {"name": "add"}}
    planned = called(specs, [call('{"a": 1}')], tool_choice=choice)
    assert (planned.segments, planned.overhead_tokens) == (('{"a": 1}',), 0)
    assert called(specs, [call("{}"), call("{}")], tool_choice=choice).exactness == "none"
    assert called(specs, [call("{}")], tool_choice="required").overhead_tokens == 6


def test_gpt_5_bills_the_name_of_a_function_that_had_to_be_called(specs: SpecBook) -> None:
    choice = {"type": "function", "function": {"name": "add"}}
    for request in ({}, {"tool_choice": choice}, {"tool_choice": "required"}):
        answer = said("tool_calls", usage=thoughts(0), tool_calls=[call("{}")])
        planned = answered(specs, NANO, "2026-02-02", {"tools": [TOOL], **request}, answer)
        assert (planned.segments, planned.overhead_tokens) == (("functions.add", "{}"), 3 + 6)
        assert planned.exactness == "exact"


def test_qwen_writes_a_call_as_a_document_in_tags(specs: SpecBook) -> None:
    planned = called(specs, [call('{"a": 1}')], "dashscope", "qwen-plus")
    assert planned.segments == ('\n{"name": "add", "arguments": {"a": 1}}\n',)
    assert planned.overhead_tokens == 2
    required = called(specs, [call("{}")], "dashscope", "qwen-plus", tool_choice="required")
    assert required.exactness == "none"


def test_deepseek_writes_calls_parameter_by_parameter(specs: SpecBook) -> None:
    planned = called(
        specs, [call('{"a": {"b":1}, "c": "x \\"y\\""}'), call("{}")], "deepseek", "deepseek-chat"
    )
    assert "\0".join(planned.segments) == (
        '\n\n<\0function_calls>\n<\0invoke name="add">\n'
        '<\0parameter name="a" string="false">{"b":1}</\0parameter>\n'
        '<\0parameter name="c" string="true">x "y"</\0parameter>\n</\0invoke>\n'
        '<\0invoke name="add">\n\n</\0invoke>\n</\0function_calls>'
    )
    assert planned.overhead_tokens == "".join(planned.segments).count("<") == 10
    for arguments in ("[1]", "{", '{"a": "\\u0000"}'):
        assert called(specs, [call(arguments)], "deepseek", "deepseek-chat").exactness == "none"


def test_mistral_bills_each_call_by_itself(specs: SpecBook) -> None:
    choice = {"type": "function", "function": {"name": "add"}}
    forced = said("tool_calls", tool_calls=[call("{}")])
    asked = ("mistral_ai", "chat", "mistral-small-latest")
    planned = answered(specs, asked, "2026-02-02", {"tools": [TOOL], "tool_choice": choice}, forced)
    assert (planned.segments, planned.overhead_tokens) == (("add", "{}"), 2 + 1)
    one = call('{"a": 1}')
    planned = called(specs, [one, one], "mistral_ai", "mistral-small-latest")
    assert (planned.segments, planned.overhead_tokens) == (("add", '{"a": 1}') * 2, 2 + 2 + 1)


def test_the_name_of_a_schema_counts_beside_tools(specs: SpecBook) -> None:
    request = {"tools": [TOOL], "response_format": SCHEMA}
    planned = plan(specs, "2026-01-02", request, content='{"sum":4}')
    assert (planned.segments, planned.overhead_tokens) == (('{"sum":4}', "Sum"), 1 + 2)
    assert plan(specs, "2026-01-02", request, content='{"sum":4}\n{"sum":4}').exactness == "none"


def test_gpt_5_bills_the_name_of_a_schema_with_or_without_tools(specs: SpecBook) -> None:
    answer = said(content='{"sum":4}', usage=thoughts(0))
    planned = answered(specs, NANO, "2026-02-02", {"response_format": SCHEMA}, answer)
    assert (planned.segments, planned.overhead_tokens) == (('{"sum":4}', "Sum"), 3 + 2)


def test_what_hidden_reasoning_adds_is_a_range(specs: SpecBook, counters: Counters) -> None:
    cases: list[tuple[tuple[str, str, str], dict[str, Any], int, int]] = [
        (NANO, said(content="4", usage=thoughts(64)), 9, 4),
        (("openai", "chat", "gpt-5.4"), said(content="4", usage=thoughts(64)), 9, 12),
        (GPT_5, items({"type": "reasoning"}, {**SPOKEN}, usage=thoughts(0)), 6, 63),
        (GPT_5, items({"type": "reasoning"}, CALLED, usage=thoughts(64)), 6 + 6, 63),
        (("azure", "chat", "gpt-5-nano"), said(content="4", usage=thoughts(64)), 10, 2),
    ]
    for asked, answer, least, unseen in cases:
        planned = answered(specs, asked, "2026-06-12", {}, answer)
        assert (planned.exactness, planned.overhead_tokens) == ("calibrated", least)
        (found,) = recount.ranges([planned], counters)
        assert found is not None
        assert (found.least, found.most) == (found.tokens, found.tokens + unseen)


def test_without_reasoning_the_answer_is_exact_if_the_log_says_so(specs: SpecBook) -> None:
    for asked, answer, tokens in [
        (NANO, said(content="4", usage=thoughts(0)), 3),
        (GPT_5, items(SPOKEN, usage=thoughts(0)), 4),
    ]:
        planned = answered(specs, asked, "2026-06-12", {}, answer)
        assert (planned.exactness, planned.overhead_tokens) == ("exact", tokens)
    twice = said(content="4", usage=thoughts(64))
    twice["choices"] *= 2
    assert answered(specs, NANO, "2026-06-12", {"n": 2}, twice).exactness == "none"
    for unsaid in (said(content="4"), said(content="4", usage={"completion_tokens": 12})):
        planned = answered(specs, NANO, "2026-06-12", {}, unsaid)
        assert planned.reason == "the log does not say whether reasoning was billed"


def test_reasoning_that_is_shown_counts_where_no_bill_sets_it_apart(specs: SpecBook) -> None:
    asked = ("ollama_cloud", "chat", "gpt-oss:120b")
    planned = answered(specs, asked, "2026-08-13", {}, said(content="4", reasoning="Two and two."))
    assert (planned.segments, planned.overhead_tokens) == (("Two and two.", "4"), 10)
    assert answered(specs, asked, "2026-08-13", {}, said(content="4")).overhead_tokens == 4
    apart = said(content="4", reasoning="Two and two.", usage=thoughts(5))
    assert answered(specs, asked, "2026-08-13", {}, apart).exactness == "none"


def test_reasoning_is_left_out_and_what_it_adds_is_not(specs: SpecBook) -> None:
    usage = {"completion_tokens_details": {"reasoning_tokens": 12}}
    thought = said(content="4", reasoning_content="Two and two.", usage=usage)
    plain = said(content="4")
    cases = [
        ("deepseek", "deepseek-v4-flash", "2026-06-06", {}, thought, 1),
        ("deepseek", "deepseek-v4-flash", "2026-06-06", {}, plain, 0),
        ("openai", "gpt-5-mini", "2026-01-02", {}, said(content="4", usage=usage), 9),
    ]
    for provider, model, day, request, answer, tokens in cases:
        planned = answered(specs, (provider, "chat", model), day, request, answer)
        assert (planned.segments, planned.overhead_tokens) == (("4",), tokens)
    for refused in [
        answered(specs, ("openai", "chat", MINI), "2026-01-02", {}, said(content="4", usage=usage)),
        answered(specs, ("azure", "chat", "gpt-5-nano"), "2026-01-02", {}, said(content="4")),
        answered(specs, ("openai", "chat", "gpt-5-mini"), "2026-01-02", {}, said("length", content="4")),
        answered(specs, ("deepseek", "chat", "deepseek-v4-flash"), "2026-06-06", {"tools": [TOOL]}, thought),
    ]:
        assert refused.exactness == "none"


def items(*found: dict[str, Any], status: str = "completed", usage: Any = None) -> dict[str, Any]:
    return {"status": status, "output": [*found], "usage": usage}


SPOKEN = {"type": "message", "content": [{"type": "output_text", "text": "Four.", "annotations": []}]}
CALLED = {"type": "function_call", "name": "add", "arguments": '{"a":1}', "call_id": "c"}


@pytest.mark.parametrize(
    ("request_", "answer", "segments", "tokens"),
    [
        ({}, items(SPOKEN), ("Four.",), 1),
        ({}, items(SPOKEN, status="incomplete"), ("Four.",), 0),
        ({"tools": [TOOL]}, items(SPOKEN, SPOKEN), ("Four.", "Four."), 4),
        ({"tools": [TOOL], "tool_choice": "required"}, items(CALLED), ('{"a":1}',), 1),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "name": "add"}},
            items(CALLED),
            ('{"a":1}',),
            1,
        ),
    ],
)
def test_answers_of_the_responses_interface(
    specs: SpecBook, request_: dict[str, Any], answer: dict[str, Any], segments: tuple[str, ...], tokens: int
) -> None:
    planned = answered(specs, ("openai", "responses", "gpt-4o"), "2026-01-02", request_, answer)
    assert (planned.segments, planned.overhead_tokens, planned.exactness) == (segments, tokens, "exact")


def test_a_lone_response_call_may_have_gone_through_the_wrapper_of_several(
    specs: SpecBook, counters: Counters
) -> None:
    asked = ("openai", "responses", "gpt-4o")
    lone = answered(specs, asked, "2026-01-02", {"tools": [TOOL]}, items(CALLED))
    assert (lone.segments, lone.overhead_tokens) == (("functions.add", '{"a":1}'), 1 + 6)
    use = '{"recipient_name":"functions.add","parameters":{"a":1}}'
    wrapper = ("multi_tool_use.parallel", f'{{"tool_uses":[{use}]}}')
    (found,) = recount.ranges([lone], counters)
    assert found is not None
    assert found.tokens == found.least
    assert 0 <= found.most - sum(counters["o200k_base"].count([*wrapper])) - 7 <= 2
    two = answered(specs, asked, "2026-01-02", {"tools": [TOOL]}, items(CALLED, CALLED))
    assert two.segments == ("multi_tool_use.parallel", f'{{"tool_uses":[{use},{use}]}}')
    before = answered(specs, asked, "2025-06-28", {"tools": [TOOL]}, items(CALLED, CALLED))
    assert (two.exactness, before.exactness) == ("exact", "none")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({"tools": [TOOL]}, items(SPOKEN, CALLED)),
        ({"tools": [{"type": "web_search"}]}, items(SPOKEN)),
        ({}, items({"type": "reasoning"}, SPOKEN)),
        ({}, items({"type": "message", "content": [{"type": "refusal", "refusal": "no"}]})),
        ({}, {"status": "completed", "output": []}),
        ({}, items({"type": ["message"]})),
    ],
)
def test_responses_that_show_too_little_are_not_counted(
    specs: SpecBook, request_: dict[str, Any], answer: dict[str, Any]
) -> None:
    planned = answered(specs, ("openai", "responses", "gpt-4o"), "2026-01-02", request_, answer)
    assert planned.exactness == "none"
    assert planned.reason
