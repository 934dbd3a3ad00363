"""Mistral's tools, past calls and their results, as its models read them.

Lives here: what stands between the control tokens, which are numbers of the spec.
Does not live here: messages of text (mistral_chat).

Source: the instruct tokenizers v11 and v13 of mistral-common 1.13.1 (2026-11), which differ in the ids of
calls; recorded exchanges show when each was in use. Both decode logged JSON and write it again.
"""

import json
from collections.abc import Mapping

from tickmark.formats import Json, JsonObject
from tickmark.framing.constants import MistralTools
from tickmark.framing.functions import called, forced_function, refuse_form, spaced, tokens_of_choice
from tickmark.framing.result import Framed, Uncountable, joined_text, refuse_unplaced

_TOOL_FIELDS = frozenset({"type", "function"})
_FUNCTION_FIELDS = frozenset({"name", "description", "parameters"})
_CALL_FIELDS = frozenset({"id", "type", "function"})
_RESULT_FIELDS = frozenset({"role", "content", "tool_call_id"})


def add_offer(body: JsonObject, rule: MistralTools, framed: Framed) -> None:
    """Count the offered tools and the choice among them; calls without an offer were never seen on a bill."""
    tools = body.get("tools")
    if not tools:
        framed.measured = False
        return
    refuse_form(body)
    if not isinstance(tools, list):
        raise Uncountable("tools", "tools that are no list")
    framed.overhead_tokens += rule.per_offer
    framed.segments.append(spaced([_tool(tool) for tool in tools]))
    _add_choice(body.get("tool_choice") or "auto", rule, framed)


def add_calls(message: Mapping[str, object], rule: MistralTools, framed: Framed) -> None:
    """Count the past calls of a message."""
    calls = message.get("tool_calls") or []
    for call in calls if isinstance(calls, list) else [calls]:
        said, function = called(call, _CALL_FIELDS)
        framed.overhead_tokens += rule.per_call
        framed.segments += [_text(function, "name"), spaced(_decoded(_text(function, "arguments")))]
        _add_id(said, "id", rule, framed)


def add_result(message: Mapping[str, object], rule: MistralTools, framed: Framed) -> None:
    """Count the result of a call."""
    refuse_unplaced(message, _RESULT_FIELDS, "message")
    framed.overhead_tokens += rule.per_result
    framed.segments.append(joined_text(message.get("content"), "text"))
    _add_id(message, "tool_call_id", rule, framed)


def _tool(tool: Json) -> Json:
    """An offered function, its fields in the order in which they are written."""
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(function, dict):
        raise Uncountable("tools", "a tool that the provider runs itself")
    refuse_unplaced(tool, _TOOL_FIELDS, "tool")
    refuse_unplaced(function, _FUNCTION_FIELDS, "function")
    described, parameters = function.get("description") or "", function.get("parameters")
    if not isinstance(described, str) or not isinstance(parameters, dict):
        raise Uncountable("tools", "a function without a schema of its parameters")
    named: Json = {"name": _text(function, "name"), "description": described, "parameters": parameters}
    return {"type": "function", "function": named}


def _add_choice(choice: Json, rule: MistralTools, framed: Framed) -> None:
    """Count what a choice adds; the name of a function that must be called begins the answer."""
    framed.overhead_tokens += tokens_of_choice(choice, rule.choices)
    if isinstance(choice, dict):
        framed.segments.append(_named(forced_function(choice)))


def _add_id(holder: Mapping[str, object], field: str, rule: MistralTools, framed: Framed) -> None:
    if rule.per_id is not None:
        framed.overhead_tokens += rule.per_id
        framed.segments.append(_text(holder, field))


def _decoded(arguments: str) -> Json:
    try:
        value: Json = json.loads(arguments)
    except ValueError:
        raise Uncountable("tool_calls", "a call whose arguments are no JSON") from None
    return value


def _text(holder: Mapping[str, object], field: str) -> str:
    return _named(holder.get(field))


def _named(value: object) -> str:
    if not isinstance(value, str):
        raise Uncountable("tool_calls", "a call, or a tool, without a name, arguments or id")
    return value
