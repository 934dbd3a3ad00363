"""What is counted of a request, and what is not counted and says why."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from tickmark import recount
from tickmark.formats import Json, JsonObject
from tickmark.recount import CountPlan, plan
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters, sources

SPECS = Path(__file__).resolve().parents[2] / "tokenizer_specs"
NOW = datetime(2026, 8, 1, tzinfo=UTC)
HELLO: dict[str, Json] = {"role": "user", "content": "Hello"}


def chat(specs: SpecBook, model: str = "gpt-4o", provider: str = "openai", **body: Any) -> CountPlan:
    return plan(provider, "chat", model, NOW, {"model": model, "messages": [HELLO], **body}, specs)


def test_segments_are_the_texts_between_special_tokens(specs: SpecBook) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "name": "ann", "content": [{"type": "text", "text": t} for t in ("a", "b")]},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "Be brief."},
    ]
    assert chat(specs, messages=messages) == CountPlan(
        spec="openai/o200k-gpt-4o",
        vocabulary="o200k_base",
        shape="text",
        exactness="exact",
        overhead_tokens=3 + 4 + 3 + 4 + 4,
        segments=("Be brief.", "user:ann", "ab", "Be brief."),
        reason=None,
    )


def test_thinking_parts_of_mistral_stand_between_control_tokens(specs: SpecBook) -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    answer = {"role": "assistant", "content": [thought, {"type": "text", "text": "4"}]}
    planned = chat(specs, "mistral-small-latest", "mistral_ai", messages=[HELLO, answer, HELLO])
    assert planned.segments == ("Hello", "Hm.", "4", "Hello")
    assert planned.overhead_tokens == 13 + 2 + (1 + 2) + 2


def test_turns_of_a_chat_template_are_put_in_the_order_of_the_prompt(specs: SpecBook) -> None:
    system = {"role": "system", "content": "Be brief."}
    answer = {"role": "assistant", "content": "4"}
    planned = chat(specs, "deepseek-chat", "deepseek", messages=[HELLO, answer, system, HELLO])
    assert (planned.segments, planned.overhead_tokens) == (
        ("Be brief.", "Hello", "4", "Hello"),
        3 + 1 + 3 + 1,
    )
    continued = chat(specs, "qwen-turbo", "dashscope", messages=[system, HELLO, HELLO, answer])
    assert (continued.segments, continued.overhead_tokens) == (
        ("4", "system\nBe brief.", "user\nHello\nHello"),
        7 + 3 + 3,
    )


def test_thinking_of_earlier_answers_is_not_sent_to_the_model(specs: SpecBook) -> None:
    answer = {"role": "assistant", "content": "<think>\nHm.\n</think>\n\n4"}
    planned = chat(specs, "qwen3", "gpustack", messages=[HELLO, answer, HELLO])
    assert planned.segments == ("user\nHello", "assistant\n4", "user\nHello")


def test_without_an_optional_vocabulary_the_plan_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = sources.find_spec
    monkeypatch.setattr(sources, "find_spec", lambda name: None if name == "llama_models" else found(name))
    planned = chat(SpecBook(SPECS), "llama-3.3-70b-versatile", "groq")
    assert (planned.exactness, planned.shape, planned.segments) == ("none", "text", ())
    assert "pip install 'tickmark[llama]'" in str(planned.reason)


def test_a_field_may_add_nothing_with_one_value_only(specs: SpecBook) -> None:
    assert chat(specs, "deepseek-chat", "deepseek", reasoning_effort="medium").reason is None
    assert "reasoning_effort" in str(chat(specs, "deepseek-chat", "deepseek", reasoning_effort="high").reason)


def test_without_a_moment_only_rules_that_never_changed_count(specs: SpecBook) -> None:
    body = {"messages": [HELLO]}
    assert plan("openai", "chat", "gpt-4o", None, body, specs).exactness == "exact"
    assert plan("deepseek", "chat", "deepseek-chat", None, body, specs).reason == recount.NO_SPEC


def user(*parts: object) -> list[object]:
    return [{"role": "user", "content": list(parts)}]


TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools"),
        ({"tools": [TOOL], "functions": [{"name": "f"}]}, "tools"),
        ({"tools": [TOOL], "tool_choice": {"type": "allowed_tools"}}, "tools"),
        ({"tools": [TOOL], "web_search_options": {}}, "tools"),
        ({"web_search_options": {}}, "tools"),
        ({"messages": [HELLO, {"role": "assistant", "content": None, "tool_calls": [TOOL]}]}, "tool_calls"),
        ({"messages": [{"role": "assistant", "function_call": TOOL["function"]}]}, "tool_calls"),
        ({"messages": [{"role": "tool", "content": "7", "tool_call_id": "x"}]}, "tool_calls"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "schema"),
        ({"response_format": {"type": "grammar"}}, "schema"),
        ({"tools": [{**TOOL, "function": {"name": "f", "examples": ["x"]}}]}, "other"),
        ({"messages": user({"type": "image_url", "image_url": {"url": "u"}})}, "media"),
        ({"messages": user({"type": "file", "file": {"file_id": "f"}}), "tools": [TOOL]}, "media"),
        ({"audio": {"voice": "a"}}, "media"),
        ({"messages": user({"type": "refusal", "refusal": "no"})}, "other"),
        ({"messages": user({"type": "text", "text": "a", "cache_control": {"type": "x"}})}, "other"),
        ({"messages": user("a bare string")}, "other"),
        ({"messages": [{"role": "user", "content": None}]}, "other"),
        ({"messages": [{**HELLO, "refusal": "no"}]}, "other"),
        ({"messages": [{**HELLO, "role": "critic"}]}, "other"),
        ({"messages": [{**HELLO, "content": "lone \ud83d"}]}, "other"),
        ({"messages": "Hello"}, "other"),
        ({"messages": ["Hello"]}, "other"),
        ({"prediction": {"type": "content", "content": "x"}}, "other"),
        ({"verbosity": "low"}, "other"),
    ],
)
def test_a_chat_request_that_no_rule_places_is_not_counted_and_says_why(
    body: dict[str, Any], shape: str, specs: SpecBook
) -> None:
    planned = chat(specs, **body)
    assert (planned.shape, planned.exactness, planned.segments) == (shape, "none", ())
    assert planned.spec == "openai/o200k-gpt-4o"
    assert planned.reason


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ({"previous_response_id": "r"}, "state"),
        ({"conversation": "c"}, "state"),
        ({"prompt": {"id": "p"}}, "state"),
        ({"input": [HELLO, {"type": "item_reference", "id": "i"}]}, "state"),
        ({"input": [HELLO, {"type": "reasoning", "id": "i", "summary": []}]}, "state"),
        ({"input": [HELLO, {"type": "function_call", "name": "f", "arguments": "{}"}]}, "tool_calls"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "schema"),
        ({"text": {"verbosity": "low"}}, "other"),
        ({"input": [{**HELLO, "phase": "commentary"}]}, "other"),
        ({"input": None}, "other"),
        ({"instructions": ""}, "other"),
        ({"instructions": [HELLO]}, "other"),
    ],
)
def test_a_responses_request_that_no_rule_places_is_not_counted_and_says_why(
    body: dict[str, Any], shape: str, specs: SpecBook
) -> None:
    planned = plan("openai", "responses", "gpt-4o", NOW, {"model": "gpt-4o", "input": "Hello", **body}, specs)
    assert (planned.shape, planned.exactness) == (shape, "none")
    assert planned.reason


def test_what_google_keeps_of_earlier_requests_is_state(specs: SpecBook) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}], "cachedContent": "cachedContents/c"}
    planned = plan("gcp.gemini", "generate_content", "gemini-2.5-flash", NOW, body, specs)
    assert (planned.shape, planned.exactness) == ("state", "none")


@pytest.mark.parametrize(
    ("provider", "model", "messages"),
    [
        ("mistral_ai", "mistral-small-latest", [HELLO, HELLO]),
        ("mistral_ai", "mistral-small-latest", [HELLO, {"role": "assistant", "content": "prefix"}]),
        ("mistral_ai", "magistral-small-latest", [{**HELLO, "role": "system"}, HELLO]),
        ("openai", "o4-mini", [HELLO, {"role": "assistant", "content": "4"}, HELLO]),
        ("openai", "gpt-5", [{**HELLO, "name": "ann"}]),
    ],
)
def test_what_was_never_measured_for_a_model_is_not_counted(
    provider: str, model: str, messages: list[object], specs: SpecBook
) -> None:
    planned = chat(specs, model, provider, messages=messages)
    assert (planned.shape, planned.exactness) == ("other", "none")
    assert "never measured" in str(planned.reason)


def test_absent_and_empty_fields_are_not_parts_of_the_request(specs: SpecBook) -> None:
    plain = chat(specs)
    assert chat(specs, tools=[], functions=None, prediction=None, verbosity=None) == plain
    assert chat(specs, messages=[{**HELLO, "refusal": None, "tool_calls": [], "name": None}]) == plain


@pytest.mark.parametrize(
    ("operation", "body", "ids", "texts"),
    [
        ("embeddings", {"input": "a b"}, 0, ("a b",)),
        ("embeddings", {"input": ["a", "b", "a"]}, 0, ("a", "b", "a")),
        ("embeddings", {"input": [1, 2, 3]}, 3, ()),
        ("embeddings", {"input": [[1], [2, 3]]}, 3, ()),
    ],
)
def test_embedding_inputs(
    operation: str, body: JsonObject, ids: int, texts: tuple[str, ...], specs: SpecBook
) -> None:
    planned = plan("openai", operation, "text-embedding-3-small", NOW, body, specs)
    assert (planned.overhead_tokens, planned.segments, planned.reason) == (ids, texts, None)


@pytest.mark.parametrize("given", [None, {}, [True], [[]], [["a"]], [1, "a"]])
def test_other_embedding_inputs_are_not_counted(given: Any, specs: SpecBook) -> None:
    planned = plan("openai", "embeddings", "text-embedding-3-small", NOW, {"input": given}, specs)
    assert (planned.exactness, planned.shape) == ("none", "other")


def test_no_text_no_spec_and_no_tokenizer_are_three_reasons(specs: SpecBook) -> None:
    no_text = plan("openai", "chat", "gpt-4o", NOW, None, specs)
    assert (no_text.shape, no_text.reason) == ("none", recount.NO_TEXT)
    assert chat(specs, "gpt-99").reason == recount.NO_SPEC
    closed = plan("anthropic", "messages", "claude-opus-9", NOW, {"messages": [HELLO]}, specs)
    assert (closed.spec, closed.shape, closed.exactness) == ("anthropic/none", "text", "none")
    assert "publishes no tokenizer" in str(closed.reason)


def test_reasons_quote_field_names_but_never_what_looks_like_data(specs: SpecBook) -> None:
    assert "`prediction`" in str(chat(specs, prediction="secret").reason)
    unplaced: Any = {"my secret": 1}
    assert "`?`" in str(chat(specs, **unplaced).reason)
    assert "secret" not in str(chat(specs, prediction="secret").reason)


def test_a_repeated_text_is_counted_once_and_added_each_time(specs: SpecBook, counters: Counters) -> None:
    asked: list[str] = []

    class Watched(Counters):
        def __getitem__(self, name: str) -> object:  # type: ignore[override]
            class Spy:
                def count(self, texts: list[str]) -> list[int]:
                    asked.extend(texts)
                    return counters[name].count(texts)

            return Spy()

    plans = [chat(specs, messages=[HELLO] * n) for n in (1, 2, 3)]
    counted = recount.count([*plans, chat(specs, audio={"voice": "a"})], Watched(specs.vocabularies))
    assert counted == [8, 13, 18, None]
    assert asked == ["Hello"]


FIELDS = st.sampled_from(["messages", "input", "instructions", "tools", "response_format"]) | st.sampled_from(
    ["role", "content", "name", "type", "text", "thinking", "tool_calls"]
)
WORDS = st.sampled_from(
    ["user", "assistant", "text", "message", "thinking", "input_text", "json_object", "\ud800"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@examples(body=st.dictionaries(FIELDS, ANYTHING, max_size=4))
def test_no_body_breaks_a_plan_and_every_refusal_has_a_reason(body: dict[str, Any], specs: SpecBook) -> None:
    for provider, operation, model in (
        ("openai", "chat", "gpt-4o"),
        ("openai", "responses", "gpt-4o"),
        ("openai", "embeddings", "text-embedding-3-small"),
        ("mistral_ai", "chat", "mistral-small-latest"),
        ("anthropic", "messages", "claude"),
    ):
        planned = plan(provider, operation, model, NOW, body, specs)
        assert (planned.reason is None) == (planned.exactness != "none")
        assert all(isinstance(segment, str) for segment in planned.segments)
