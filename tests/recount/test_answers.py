"""Answers of plain text: what is billed beside their text, by day, and what is never guessed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tickmark import recount
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}


def plan(
    specs: SpecBook, day: str, request: dict[str, Any], ending: str = "stop", **message: Any
) -> recount.CountPlan:
    answer = {
        "choices": [
            {"message": {"role": "assistant", "content": "Four.", **message}, "finish_reason": ending}
        ]
    }
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return recount.plan_answer("openai", "chat", "gpt-4o-mini-2024-07-18", at, request, answer, specs)


@pytest.mark.parametrize(
    ("day", "request_", "ending", "extra"),
    [
        ("2025-01-09", {}, "stop", 0),
        ("2025-01-10", {}, "stop", 1),
        ("2025-05-15", {}, "stop", 1),
        ("2025-05-15", {"tools": [TOOL]}, "stop", 2),
        ("2025-05-19", {}, "stop", 0),
        ("2026-01-02", {"tools": [TOOL]}, "stop", 1),
        ("2025-03-03", {}, "length", 0),
        ("2026-01-02", {"stop": ["x"]}, "length", 0),
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
        ("2025-05-17", {}, "stop", {}),
        ("2026-01-02", {"stop": ["x"]}, "stop", {}),
        ("2026-01-02", {}, "content_filter", {}),
        ("2026-01-02", {}, "stop", {"tool_calls": [{}]}),
        ("2026-01-02", {}, "stop", {"refusal": "no"}),
        ("2026-01-02", {}, "stop", {"content": None}),
        ("2026-01-02", {"tools": [TOOL], "response_format": {"type": "json_schema"}}, "stop", {}),
        ("2026-01-02", {"tools": [TOOL], "tool_choice": "none"}, "stop", {}),
        ("2024-11-02", {"tools": [TOOL]}, "stop", {}),
    ],
)
def test_what_was_never_measured_is_not_counted(
    specs: SpecBook, day: str, request_: dict[str, Any], ending: str, message: dict[str, Any]
) -> None:
    planned = plan(specs, day, request_, ending, **message)
    assert planned.exactness == "none"
    assert planned.reason


def test_without_an_answer_in_the_log_nothing_is_counted(specs: SpecBook) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    planned = recount.plan_answer("openai", "chat", "gpt-4o-mini", at, {}, None, specs)
    assert planned.reason == "the log holds no text of the answer"
