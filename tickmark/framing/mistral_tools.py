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
from tickmark.framing.result import Framed, Uncountable, forced_function, joined_text, refuse_unplaced

_TOOL_FIELDS = frozenset({"type", "function"})
_FUNCTION_FIELDS = frozenset({"name", "description", "parameters"})
_CALL_FIELDS = frozenset({"id", "type", "function"})
_CALLED_FIELDS = frozenset({"name", "arguments"})
_RESULT_FIELDS = frozenset({"role", "content", "tool_call_id"})


def add_offer(body: JsonObject, rule: MistralTools, framed: Framed) -> None:
    """Count the offered tools and the choice among them; calls without an offer were never seen on a bill."""
    tools = body.get("tools")
    if not tools:
        framed.measured = False
        return
    if body.get("response_format"):
        raise Uncountable("tools", "tools and a form of the answer together were never measured")
    if not isinstance(tools, list):
        raise Uncountable("tools", "tools that are no list")
    framed.overhead_tokens += rule.per_offer
    framed.segments.append(_written([_tool(tool) for tool in tools]))
    _add_choice(body.get("tool_choice") or "auto", rule, framed)


def add_calls(message: Mapping[str, object], rule: MistralTools, framed: Framed) -> None:
    """Count the past calls of a message."""
    calls = message.get("tool_calls") or []
    for call in calls if isinstance(calls, list) else [calls]:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict):
            raise Uncountable("tool_calls", "a call that is not a function's name with its arguments")
        refuse_unplaced(call, _CALL_FIELDS, "call")
        refuse_unplaced(function, _CALLED_FIELDS, "call")
        framed.overhead_tokens += rule.per_call
        framed.segments += [_text(function, "name"), _written(_decoded(_text(function, "arguments")))]
        _add_id(call, "id", rule, framed)


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
    kind = "forced" if isinstance(choice, dict) else choice
    if not isinstance(kind, str) or kind not in rule.choices:
        raise Uncountable("tools", "a choice of tools that was never measured for this model")
    framed.overhead_tokens += rule.choices[kind]
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


def _written(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=float)


def _text(holder: Mapping[str, object], field: str) -> str:
    return _named(holder.get(field))


def _named(value: object) -> str:
    if not isinstance(value, str):
        raise Uncountable("tool_calls", "a call, or a tool, without a name, arguments or id")
    return value
