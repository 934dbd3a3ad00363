"""What OpenAI writes into a prompt for tools, past calls and schemas: docs/openai_rendering.md, as tests.

That the descriptions agree with bills is tested in test_golden_counts (small requests) and test_parity (all).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from tickmark.framing import sections
from tickmark.framing.typescript import CommentedWriter
from tickmark.recount import CountPlan, plan
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

NOW = datetime(2026, 8, 1, tzinfo=UTC)
HELLO: dict[str, Any] = {"role": "user", "content": "Hello"}
CITY = {"type": "string", "description": "The city"}
UNIT = {"enum": ["c", "f"], "type": "string", "default": "c"}
WEATHER: dict[str, Any] = {"type": "object", "properties": {"city": CITY, "unit": UNIT}, "required": ["city"]}
SECTION = """\
# Tools

## functions

namespace functions {

// Get the weather.
type get_weather = (_: {
// The city
city: string,
unit?: "c" | "f", // default: "c"
}) => any;

} // namespace functions"""


def tool(parameters: object = None, name: str = "f", description: str | None = None) -> dict[str, Any]:
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


def field(**schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"x": schema}}


def chat(specs: SpecBook, model: str = "gpt-4o", at: datetime = NOW, **body: Any) -> CountPlan:
    return plan("openai", "chat", model, at, {"model": model, "messages": [HELLO], **body}, specs)


def call(arguments: str = "{}", name: str = "f", id_: str = "1") -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def called(*calls: dict[str, Any], results: Sequence[str] = (), **beside: Any) -> list[dict[str, Any]]:
    answers = [{"role": "tool", "tool_call_id": str(n), "content": text} for n, text in enumerate(results, 1)]
    return [HELLO, {"role": "assistant", "tool_calls": list(calls), **beside}, *answers]


def written(specs: SpecBook, parameters: dict[str, Any], model: str = "gpt-4o") -> str:
    """The one argument of a function, as its type."""
    (section,) = [text for text in chat(specs, model, tools=[tool(parameters)]).segments if "# Tools" in text]
    return section.partition("(_: ")[2].partition(") => any;")[0]


def test_the_section_of_the_documentation(specs: SpecBook) -> None:
    tools = [tool(WEATHER, "get_weather", "Get the weather.\n\n")]
    planned = chat(specs, tools=tools)
    assert planned.segments == (SECTION, "Hello")
    assert (planned.shape, planned.exactness, planned.overhead_tokens) == ("tools", "exact", 3 + 4 + 4 - 1)
    page = Path(__file__).resolve().parents[2] / "docs" / "openai_rendering.md"
    assert f"```\n{SECTION}\n```" in page.read_text("utf-8")


def test_the_order_of_properties_is_kept_and_that_of_other_keys_means_nothing(specs: SpecBook) -> None:
    turned = {key: WEATHER[key] for key in reversed(WEATHER)}
    turned["properties"] = {
        key: dict(reversed(value.items())) for key, value in WEATHER["properties"].items()
    }
    assert written(specs, turned) == written(specs, WEATHER)
    other = {**WEATHER, "properties": dict(reversed(WEATHER["properties"].items()))}
    assert written(specs, other) == '{\nunit?: "c" | "f", // default: "c"\n// The city\ncity: string,\n}'
    schema = {"type": "object", "title": "T"}
    both: list[Any] = [
        {"name": "n", "schema": dict(items)} for items in (schema.items(), reversed(schema.items()))
    ]
    assert [sections.answer(wanted).text.splitlines()[-1] for wanted in both] == [
        '{"type":"object","title":"T"}',
        '{"title":"T","type":"object"}',
    ]


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "integer"}, "{x?: number}"),
        ({"type": "array", "items": {"type": "integer"}}, "{x?: number[]}"),
        ({"type": "object"}, "{x?: object}"),
        ({"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}]}, "{x?: string | null}"),
        ({"type": ["string", "null"]}, "{x?: string | null}"),
        ({"$ref": "#/$defs/C"}, "{\n// A\n//\n// b\nx?: string,\n}"),
        ({"type": "array", "items": {"$ref": "#/$defs/C"}}, "{x?: Array<\n// A\n//\n// b\nstring\n>}"),
        ({"anyOf": [{"$ref": "#/$defs/C"}, {"type": "null"}]}, "{x?: \n| // A\n//\n// b\nstring\n| null}"),
        (
            {"type": "integer", "minimum": 1, "maximum": 9},
            "{\n// minimum: 1\n//\n// maximum: 9\nx?: number,\n}",
        ),
        ({"type": "string", "default": None}, "{\nx?: string, // default: null\n}"),
        (field(type="string", title="T"), "{x?: {\n// T\nx?: string,\n}}"),
    ],
)
def test_types(schema: dict[str, Any], type_: str, specs: SpecBook) -> None:
    definitions = {"C": {"type": "string", "title": "A", "description": "b"}}
    parameters = {**field(**schema), "$defs": definitions}
    assert chat(specs, tools=[tool(parameters)]).exactness == "exact"
    assert written(specs, parameters) == type_


def test_the_first_way_of_writing_tools(specs: SpecBook) -> None:
    inner = {"type": "object", "title": "T", "properties": {"y": {"type": "array", "items": CITY}}}
    parameters = {
        "type": "object",
        "properties": {"a": {**inner, "description": "An a"}, "b": {"type": "object"}},
    }
    assert written(specs, parameters, "gpt-4-0613") == "{\n// An a\na?: {\n  y?: string[],\n},\n}"


def test_only_a_system_message_that_opens_the_chat_carries_the_section(specs: SpecBook) -> None:
    rule = {"role": "system", "content": "Be brief."}
    opening = chat(specs, messages=[rule, HELLO], tools=[tool()])
    assert opening.segments[0] == "Be brief.\n\n"
    assert opening.segments[1].startswith("# Tools")
    assert opening.overhead_tokens == 3 + 4 + 4 - 1
    late = chat(specs, messages=[HELLO, rule], tools=[tool()])
    assert late.segments[1:] == ("Hello", "Be brief.")
    assert late.overhead_tokens == 3 + 4 + 4 + 4 - 1
    headed = chat(specs, "gpt-5-nano", messages=[rule, HELLO], tools=[tool()])
    assert headed.segments[0] == "# Instructions\n\nBe brief.\n\n"
    refused = chat(specs, "gpt-5-nano", messages=[HELLO, rule], tools=[tool()])
    assert (refused.exactness, refused.shape) == ("none", "other")


@settings(max_examples=100, deadline=None)
@examples(
    st.lists(st.sampled_from([*"a .,/-#\n\r\té漢", "\n\n", "  ", "word", "1", "🌌", "\u2028"]), max_size=12),
    st.sampled_from(["o200k_base", "cl100k_base"]),
)
def test_cutting_before_a_section_changes_no_count(
    counters: Counters, pieces: list[str], vocabulary: str
) -> None:
    text = "".join(pieces) + "\n\n"
    both = counters[vocabulary].count([text, "# Tools\n\n## f", text + "# Tools\n\n## f"])
    assert both[0] + both[1] == both[2]


@pytest.mark.parametrize(
    ("model", "choice", "added"),
    [
        ("gpt-4o", "auto", (0, ())),
        ("gpt-4o", "required", (0, ())),
        ("gpt-4o", "none", (1, ())),
        ("gpt-4o", {"type": "function", "function": {"name": "f"}}, (6, ("functions.f",))),
        ("gpt-4-0613", "required", (2, ())),
        ("gpt-4-0613", {"type": "function", "function": {"name": "f"}}, (3, ("functions.f",))),
        ("gpt-5-nano", {"type": "function", "function": {"name": "f"}}, (0, ())),
    ],
)
def test_a_choice_among_tools(
    model: str, choice: object, added: tuple[int, tuple[str, ...]], specs: SpecBook
) -> None:
    free, chosen = chat(specs, model, tools=[tool()]), chat(specs, model, tools=[tool()], tool_choice=choice)
    more = chosen.overhead_tokens - free.overhead_tokens
    assert (more, chosen.segments[len(free.segments) :]) == added


def test_one_past_call_and_its_result(specs: SpecBook) -> None:
    messages = called(call('{"city": "Rome"}'), results=["15"], content="Let me see.")
    planned = chat(specs, messages=messages)
    assert planned.segments == ("Hello", "Let me see.", "functions.f", '{"city":"Rome"}', "f", "15")
    assert planned.overhead_tokens == 3 + 4 + 4 + (4 + 3) + 5
    assert (planned.shape, planned.exactness) == ("tool_calls", "exact")


def test_several_calls_at_once_are_one(specs: SpecBook) -> None:
    messages = called(call('{"a": 1}'), call("{}", "g", "2"), results=["fine", '{"b": 2}'])
    planned = chat(specs, messages=messages)
    parallel = "multi_tool_use.parallel"
    uses = (
        '{"recipient_name":"functions.f","parameters":{"a":1}},'
        '{"recipient_name":"functions.g","parameters":{}}'
    )
    listed = '["fine", {"b": 2}]'
    assert planned.segments == ("Hello", parallel, f'{{"tool_uses":[{uses}]}}', parallel, listed)
    assert planned.overhead_tokens == 3 + 4 + (4 + 3) + 5
    assert planned.exactness == "exact"


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5-nano"])
@pytest.mark.parametrize(
    ("day", "listed"),
    [(3, '["15\\u00b0", "b"]'), (4, None), (11, None), (12, '["15°", "b"]')],
)
def test_results_of_parallel_calls_ceased_to_be_escaped_in_march_2026(
    model: str, day: int, listed: str | None, specs: SpecBook
) -> None:
    messages = called(call(), call(id_="2"), results=["15°", "b"])
    planned = chat(specs, model, datetime(2026, 3, day, 23, 59, tzinfo=UTC), messages=messages)
    assert (planned.segments or (None,))[-1] == listed
    assert (planned.exactness == "none") == (listed is None)


def test_a_schema_and_its_name(specs: SpecBook) -> None:
    schema = {"type": "object", "properties": {"é": CITY}, "required": ["é"], "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "Answer", "schema": schema, "strict": True}}
    kept = '{"type":"object","properties":{"\\u00e9":{"type":"string","description":"The city"}}}'
    section = f"# Response Formats\n\n## Answer\n\n{kept}"
    said = {"role": "assistant", "content": "Rome"}
    planned = chat(specs, messages=[HELLO, said, HELLO], response_format=wanted)
    assert planned.segments == (section, "Hello", "Rome", "Answer", "Hello", "Answer")
    assert planned.overhead_tokens == 3 + 4 + 4 + (4 + 2) + 4 + 2
    beside = chat(specs, response_format=wanted, tools=[tool()])
    assert [text.partition("\n")[0] for text in beside.segments] == ["# Tools", "# Response Formats", "Hello"]
    assert beside.segments[0].endswith("} // namespace functions\n\n")
    assert chat(specs, "gpt-5-nano", response_format=wanted).segments == (section, "Hello")


ANSWER = {"name": "n", "schema": {"type": "object", "properties": {"x": {"enum": ["a"]}}}}


@pytest.mark.parametrize(
    "body",
    [
        {"tools": [tool(field(type="string", pattern="a+"))]},
        {"tools": [tool(field(oneOf=[{"type": "string"}]))]},
        {"tools": [tool(field(allOf=[{"type": "string"}]))]},
        {"tools": [tool(field())]},
        {"tools": [tool(field(type="array"))]},
        {"tools": [tool(field(enum=[1, 2]))]},
        {"tools": [tool(field(enum=["é"]))]},
        {"tools": [tool(field(type="number", minimum=Decimal("0.5")))]},
        {"tools": [tool({"type": "object", "properties": {"a-b": CITY}})]},
        {"tools": [tool({"type": "object", "properties": {"x": {"$ref": "#/elsewhere"}}})]},
        {"tools": [tool(description="A galaxy: 🌌")]},
        {"response_format": {"type": "json_schema", "json_schema": ANSWER}},
        {"messages": called(call('{"a": 0.5}'), results=["b"])},
        {"messages": called(call('{"a": "é"}'), results=["b"])},
        {"messages": called(call("no JSON"), results=["b"])},
        {"messages": called(call(), call(id_="2"), results=["1", "2"])},
        {"messages": called(call(), call(id_="2"), results=["a"])},
    ],
    ids=str,
)
def test_what_no_bill_has_shown_is_counted_but_not_claimed(body: dict[str, Any], specs: SpecBook) -> None:
    planned = chat(specs, **body)
    assert (planned.exactness, planned.reason) == ("exact_text", None)
    assert planned.segments


@pytest.mark.parametrize(
    ("model", "body", "shape"),
    [
        ("gpt-4", {"tools": [tool()], "tool_choice": "none"}, "tools"),
        ("gpt-4", {"response_format": {"type": "json_schema", "json_schema": ANSWER}}, "schema"),
        ("gpt-4-turbo", {"tools": [tool()]}, "tools"),
        ("gpt-4-turbo", {"messages": called(call(), results=["a"])}, "tool_calls"),
        ("gpt-3.5-turbo-0125", {"messages": called(call(), results=["a"], content="Hm.")}, "tool_calls"),
        (
            "gpt-5-nano",
            {"tools": [tool()], "response_format": {"type": "json_schema", "json_schema": ANSWER}},
            "schema",
        ),
        ("o3-mini", {"tools": [tool()], "tool_choice": "required"}, "tools"),
        ("o3-mini", {"messages": called(call(), call(id_="2"), results=["a", "b"])}, "tool_calls"),
        ("gpt-4o", {"messages": called(call(), results=["a", "b"])}, "tool_calls"),
    ],
)
def test_what_was_never_measured_for_a_model_is_not_counted(
    model: str, body: dict[str, Any], shape: str, specs: SpecBook
) -> None:
    planned = chat(specs, model, **body)
    assert (planned.exactness, planned.shape) == ("none", shape)
    assert planned.reason


FLAT = {"type": "function", "name": "f", "description": None, "parameters": None}
PAST = [
    HELLO,
    {"type": "function_call", "call_id": "1", "name": "f", "arguments": '{"a": 1}'},
    {"type": "function_call_output", "call_id": "1", "output": "b"},
]


def test_past_calls_and_schemas_of_the_responses_interface(specs: SpecBook) -> None:
    def responses(**body: Any) -> CountPlan:
        return plan("openai", "responses", "gpt-4o", NOW, {"model": "gpt-4o", **body}, specs)

    past = responses(input=PAST, tools=[FLAT], tool_choice="required")
    assert past.segments[1:] == ("Hello", "functions.f", "functions.f", '{"a": 1}', "b")
    assert past.overhead_tokens == 3 + 4 + 1 - 4 + 9 + 4 + 5
    assert (past.shape, past.exactness) == ("tool_calls", "exact")
    schema = responses(input="Hello", text={"format": {"type": "json_schema", "name": "n", "schema": {}}})
    assert schema.segments == ("# Response Formats\n\n## n\n\n{}", "Hello")
    assert schema.overhead_tokens == 3 + 4 + 1
    with_id = responses(input=[PAST[0], {**PAST[1], "id": "fc_1"}, PAST[2]], tools=[FLAT])
    assert (with_id.exactness, with_id.shape) == ("none", "tool_calls")
    offered = responses(input="Hello", tools=[FLAT])
    assert (offered.exactness, offered.shape) == ("none", "tools")
    assert "as if they offered none" in str(offered.reason)


def test_equal_tools_are_written_once_whatever_their_numbers_are_decoded_to(
    specs: SpecBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Any] = [Decimal("0.5"), 0.5]
    one, other = (chat(specs, tools=[tool(field(type="number", minimum=limit))]) for limit in limits)
    assert one == other
    assert "// minimum: 0.5\n" in one.segments[0]
    names: list[str] = []
    write = CommentedWriter.function

    def spy(writer: CommentedWriter, name: str, *given: Any) -> str:
        names.append(name)
        return write(writer, name, *given)

    monkeypatch.setattr(CommentedWriter, "function", spy)
    for _ in range(3):
        assert chat(specs, tools=[tool(WEATHER, "only_here")]).exactness == "exact"
    assert names == ["only_here"]


def test_schemas_without_an_end_are_refused_at_once(specs: SpecBook) -> None:
    itself = {**field(**{"$ref": "#/$defs/N"}), "$defs": {"N": field(**{"$ref": "#/$defs/N"})}}
    doubled = {f"D{n}": {"anyOf": [{"$ref": f"#/$defs/D{n + 1}"}] * 2} for n in range(40)}
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(5000):
        deep = {"type": "array", "items": deep}
    for parameters in (itself, {**field(**{"$ref": "#/$defs/D0"}), "$defs": doubled}, field(**deep)):
        for model in ("gpt-4o", "gpt-4-0613"):
            planned = chat(specs, model, tools=[tool(parameters)])
            assert (planned.exactness, planned.shape) == ("none", "tools")


KEYS = st.sampled_from(
    [
        *("type", "properties", "items", "anyOf", "oneOf", "enum", "const", "default", "required"),
        *("title", "description", "$ref", "$defs", "minimum", "name", "parameters", "function", "schema"),
        *("id", "arguments", "role", "content", "tool_calls", "tool_call_id", "x", "\ud800"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False)
    | st.text(max_size=3)
    | st.sampled_from(
        [
            "object",
            "array",
            "string",
            "function",
            "json_schema",
            "#/$defs/x",
            "tool",
            "assistant",
            "{}",
            "1e9",
        ]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
TOOLS = st.lists(
    VALUES
    | st.builds(tool, VALUES)
    | st.builds(
        lambda schema: tool({"type": "object", "properties": {"x": schema}, "$defs": {"x": schema}}), VALUES
    ),
    max_size=3,
)
CALLS = st.lists(VALUES | st.builds(call, st.text(max_size=5) | st.just('{"a":[1.5]}')), max_size=3)
TURNS = st.lists(
    VALUES
    | st.just(HELLO)
    | st.fixed_dictionaries({"role": st.just("assistant"), "tool_calls": CALLS | VALUES})
    | st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": st.just("1"), "content": SCALARS}),
    max_size=4,
)
BODIES = st.fixed_dictionaries(
    {"messages": TURNS},
    optional={
        "tools": TOOLS | VALUES,
        "functions": VALUES,
        "tool_choice": VALUES,
        "response_format": st.builds(
            lambda schema: {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}, VALUES
        )
        | VALUES,
        "input": TURNS | VALUES,
        "text": VALUES,
    },
)


@settings(max_examples=250, deadline=None)
@examples(body=BODIES, model=st.sampled_from(["gpt-4o", "gpt-4-0613", "gpt-5-nano", "o3-mini"]))
def test_no_body_breaks_a_plan(body: dict[str, Any], model: str, specs: SpecBook) -> None:
    for operation in ("chat", "responses"):
        planned = plan("openai", operation, model, NOW, body, specs)
        assert (planned.reason is None) == (planned.exactness != "none")
        assert all(segment and segment.encode() for segment in planned.segments)
