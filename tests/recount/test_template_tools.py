"""Tools and calls as chat templates write them: the texts that are counted, and what is refused.

That the texts agree with bills is tested in test_golden_counts (small requests) and test_parity (all).
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from tickmark import recount
from tickmark.recount import CountPlan
from tickmark.specbook import SpecBook

V3, V31, V32, V4 = (
    datetime(*day, tzinfo=UTC) for day in ((2025, 8, 1), (2025, 9, 1), (2026, 2, 1), (2026, 6, 1))
)
MODELS = {V3: "deepseek-chat", V31: "deepseek-chat", V32: "deepseek-chat", V4: "deepseek-v4-flash"}
ASKED = {"role": "user", "content": "How is it in Rome?"}
SYSTEM = {"role": "system", "content": "Be brief."}
CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "description": "Tells the weather", "parameters": CITY},
}
CALL: dict[str, Any] = {
    "id": "1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
}
CALLED: dict[str, Any] = {"role": "assistant", "content": "", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "21 °C"}


def planned(specs: SpecBook, at: datetime, **body: Any) -> CountPlan:
    asked = {"model": MODELS[at], "tools": [WEATHER], "messages": [ASKED], **body}
    return recount.plan("deepseek", "chat", MODELS[at], at, asked, specs)


def qwen(specs: SpecBook, **body: Any) -> CountPlan:
    asked = {"model": "qwen-plus", "tools": [WEATHER], "messages": [ASKED], **body}
    return recount.plan("dashscope", "chat", "qwen-plus", V32, asked, specs)


def test_deepseek_v3_indents_functions_under_a_system_text_of_its_own(specs: SpecBook) -> None:
    offer, asked = planned(specs, V3).segments
    assert offer == (
        "You are a helpful Assistant.\n\n## Tools\n\n### Function\n\n"
        "You have the following functions available:\n\n"
        '- `weather`:\n```json\n{\n    "name": "weather",\n    "description": "Tells the weather",\n'
        '    "parameters": {\n        "type": "object",\n        "properties": {\n            "city": {\n'
        '                "type": "string"\n            }\n        }\n    }\n}\n```'
    )
    assert asked == ASKED["content"]
    assert planned(specs, V3, messages=[SYSTEM, ASKED]).segments[0].startswith("Be brief.\n\n## Tools\n\n")


def test_deepseek_v3_1_cuts_its_example_at_special_tokens(specs: SpecBook) -> None:
    plan = planned(specs, V31, messages=[SYSTEM, ASKED], tools=[WEATHER, WEATHER])
    function = (
        "### weather\nDescription: Tells the weather\n\n"
        'Parameters: {"type": "object", "properties": {"city": {"type": "string"}}}\n'
    )
    assert plan.segments[0] == (
        f"Be brief.\n\n## Tools\nYou have access to the following tools:\n\n{function}\n{function}\n"
        "IMPORTANT: ALWAYS adhere to this exact format for tool use:\n"
    )
    assert plan.segments[1:4] == ("tool_call_name", "tool_call_arguments", "{{additional_tool_calls}}")
    assert plan.segments[4].endswith("without separators or spaces")
    assert plan.overhead_tokens == 3 + 1 + 5


def test_a_round_of_calls_of_deepseek_v3(specs: SpecBook) -> None:
    plan = planned(specs, V3, messages=[ASKED, CALLED, RESULT])
    assert plan.segments[1:] == (
        ASKED["content"],
        "function",
        'weather\n```json\n{"city": "Rome"}\n```',
        "21 °C",
    )
    # The request, a question, an answer with five tokens around its call, and a result with four; the answer
    # after a result has no start of its own.
    assert plan.overhead_tokens == 2 + 1 + (2 + 5) + (4 - 1)
    assert plan.exactness == "exact"


@pytest.mark.parametrize(("at", "block"), [(V32, "function_calls"), (V4, "tool_calls")])
def test_arguments_are_written_one_by_one_since_deepseek_v3_2(
    specs: SpecBook, at: datetime, block: str
) -> None:
    given = '{"city": "Rome", "days": [1, 2.50]}'
    call = {**CALL, "function": {"name": "weather", "arguments": given}}
    plan = planned(
        specs, at, messages=[ASKED, {**CALLED, "content": "Wait.", "tool_calls": [call, CALL]}, *[RESULT] * 2]
    )
    written = "<D>".join(plan.segments[plan.segments.index(ASKED["content"]) + 1 :])
    city = '<<D>parameter name="city" string="true">Rome</<D>parameter>\n'
    days = '<<D>parameter name="days" string="false">[1, 2.5]</<D>parameter>\n'
    opens, closes = '<<D>invoke name="weather">\n', "</<D>invoke>\n"
    assert written.startswith(
        f"Wait.\n\n<<D>{block}>\n{opens}{city}{days}{closes}{opens}{city}{closes}</<D>{block}><D>"
    )
    # No bill showed an argument that is not a text.
    assert plan.exactness == "exact_text"
    results = {
        V32: "\n\n<function_results>" + 2 * "\n<result>21 °C</result>" + "\n</function_results>\n\n",
        V4: "<tool_result>21 °C</tool_result>\n\n<tool_result>21 °C</tool_result>",
    }
    assert results[at] in written


def test_special_tokens_count_one_each_and_in_a_message_they_are_text(specs: SpecBook) -> None:
    plain = planned(specs, V4)
    marked = planned(specs, V4, messages=[{"role": "user", "content": "<think></think>"}])
    assert marked.overhead_tokens == plain.overhead_tokens
    assert marked.segments[-1] == "<think></think>"


@pytest.mark.parametrize(
    ("at", "choice", "added"),
    [
        (V31, "required", 1),
        (V32, "required", 7),
        (V4, {"type": "function", "function": {"name": "weather"}}, 7),
    ],
)
def test_a_call_that_must_be_made_is_begun(specs: SpecBook, at: datetime, choice: object, added: int) -> None:
    free, forced = planned(specs, at), planned(specs, at, tool_choice=choice)
    assert (forced.segments, forced.overhead_tokens) == (free.segments, free.overhead_tokens + added)


def test_tools_that_may_not_be_called_are_not_offered(specs: SpecBook) -> None:
    plan = planned(specs, V32, tool_choice="none")
    assert (plan.segments, plan.overhead_tokens, plan.shape) == ((ASKED["content"],), 3 + 1, "tools")


def test_qwen_sorts_the_keys_of_a_tool_and_answers_results_as_a_user(specs: SpecBook) -> None:
    plan = qwen(specs, messages=[SYSTEM, ASKED, CALLED, RESULT])
    assert plan.segments[0] == (
        "system\nBe brief.\n\n"
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
        '{"function": {"description": "Tells the weather", "name": "weather", "parameters": '
        '{"properties": {"city": {"type": "string"}}, "type": "object"}}, "type": "function"}\n</tools>\n\n'
        "For each function call, return a json object with function name and arguments within "
    )
    assert plan.segments[1:3] == (
        " XML tags:\n",
        '\n{"name": <function-name>, "arguments": <args-json-object>}\n',
    )
    assert plan.segments[3:] == (
        "user\nHow is it in Rome?",
        "assistant\n",
        '\n{"name": "weather", "arguments": {"city": "Rome"}}\n',
        "user\n",
        "\n21 °C\n",
    )
    assert plan.overhead_tokens == 3 + (3 + 4) + 3 + (3 + 2) + (3 + 2)


def test_gpt_oss_reads_functions_as_typescript(specs: SpecBook) -> None:
    model = "openai.gpt-oss-20b"
    body: dict[str, Any] = {"model": model, "tools": [WEATHER, WEATHER], "messages": [ASKED]}
    plan = recount.plan("aws.bedrock", "chat", model, V32, body, specs)
    function = "// Tells the weather\ntype weather = (_: {city?: string}) => any;\n\n"
    assert plan.segments == (
        f"# Tools\n\n## functions\n\nnamespace functions {{\n\n{2 * function}}} // namespace functions",
        ASKED["content"],
    )
    assert (plan.overhead_tokens, plan.exactness) == (61 + 4 + 16 + 4, "exact_text")
    for messages in ([SYSTEM, ASKED], [ASKED, CALLED, RESULT]):
        refused = recount.plan("aws.bedrock", "chat", model, V32, {**body, "messages": messages}, specs)
        assert (refused.exactness, refused.segments) == ("none", ())


@pytest.mark.parametrize(
    "function",
    [
        {"name": "weather", "description": "Größe", "parameters": CITY},
        {"name": "weather", "description": "<b>", "parameters": CITY},
        {"name": "weather", "parameters": CITY},
        {"description": "Tells the weather", "name": "weather", "parameters": CITY},
        {**WEATHER["function"], "strict": True},
    ],
)
def test_a_tool_that_no_bill_showed_is_near_only(specs: SpecBook, function: dict[str, Any]) -> None:
    assert planned(specs, V32, tools=[{"type": "function", "function": function}]).exactness == "exact_text"


def test_calls_without_an_offer_or_with_their_thoughts_are_near_only(specs: SpecBook) -> None:
    round_ = [ASKED, CALLED, RESULT]
    assert planned(specs, V4, messages=round_).exactness == "exact"
    assert planned(specs, V4, messages=round_, tools=[]).exactness == "exact_text"
    thought = [ASKED, {**CALLED, "reasoning_content": "Hm."}, RESULT]
    assert planned(specs, V4, messages=thought).exactness == "exact_text"


@pytest.mark.parametrize(
    ("at", "body"),
    [
        (V3, {"tool_choice": "none"}),
        (V3, {"tool_choice": "required"}),
        (V3, {"tools": [WEATHER, WEATHER]}),
        (V3, {"messages": [ASKED, {**CALLED, "content": "Wait."}, RESULT]}),
        (V32, {"tool_choice": "any"}),
        (V32, {"tool_choice": ["auto"]}),
        (V32, {"tool_choice": {"type": "allowed_tools"}}),
        (V32, {"tools": {"0": WEATHER}}),
        (V32, {"tools": ["weather"]}),
        (V32, {"tools": [{"type": "web_search"}]}),
        (V32, {"tools": [{"type": "function", "function": {"description": "nameless"}}]}),
        (V32, {"tools": [], "functions": [WEATHER["function"]]}),
        (V32, {"response_format": {"type": "json_object"}}),
        (V32, {"messages": [ASKED, CALLED]}),
        (V32, {"messages": [ASKED, CALLED, ASKED]}),
        (V32, {"messages": [ASKED, CALLED, RESULT, RESULT]}),
        (V32, {"messages": [ASKED, CALLED, RESULT, ASKED]}),
        (V32, {"messages": [ASKED, RESULT]}),
        (V32, {"messages": [{**ASKED, "tool_calls": [CALL]}, RESULT]}),
        (V32, {"messages": [ASKED, CALLED, {**RESULT, "name": "weather"}]}),
        (V32, {"messages": [ASKED, CALLED, {**RESULT, "content": "a\0b"}]}),
        (V32, {"messages": [ASKED, CALLED, {**RESULT, "content": None}]}),
        (V32, {"messages": [ASKED, {**CALLED, "tool_calls": {"0": CALL}}, RESULT]}),
        (V32, {"messages": [ASKED, {**CALLED, "tool_calls": ["weather"]}, RESULT]}),
        (V32, {"messages": [ASKED, {**CALLED, "tool_calls": [{**CALL, "type": "custom"}]}, RESULT]}),
        (V32, {"messages": [ASKED, {**CALLED, "tool_calls": [{**CALL, "function": {"name": "f"}}]}, RESULT]}),
        (
            V32,
            {
                "messages": [
                    ASKED,
                    {**CALLED, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "[]"}}]},
                    RESULT,
                ]
            },
        ),
    ],
)
def test_what_no_bill_showed_is_not_counted(specs: SpecBook, at: datetime, body: dict[str, Any]) -> None:
    refused = planned(specs, at, **body)
    assert (refused.exactness, refused.segments) == ("none", ())
    assert refused.reason


def test_tools_between_two_ways_of_writing_them_are_not_counted(specs: SpecBook) -> None:
    for day in (datetime(2025, 11, 4, tzinfo=UTC), datetime(2026, 1, 8, 23, 59, tzinfo=UTC)):
        body = {"model": "deepseek-chat", "tools": [WEATHER], "messages": [ASKED]}
        refused = recount.plan("deepseek", "chat", "deepseek-chat", day, body, specs)
        assert (refused.shape, refused.reason) == (
            "tools",
            "tools at that time were never measured for this model",
        )
    assert qwen(specs, messages=[ASKED, SYSTEM]).exactness == "none"
    assert qwen(specs, tool_choice="none").exactness == "none"
