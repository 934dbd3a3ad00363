"""OpenAI responses: instructions, then a string or items, of which messages are framed as in a chat.

Lives here: reading that interface's body; its hidden sections and past calls, which stand by themselves.
Does not live here: one message (openai_messages), the sections (additions).

Source: recorded exchanges; instructions cost as one more message, a string input as one user message. What
calls and schemas cost: docs/openai_rendering.md.
"""

from collections.abc import Mapping

from tickmark.formats import JsonObject
from tickmark.framing import additions
from tickmark.framing.constants import OpenAIMessages, OpenAIResponses
from tickmark.framing.openai_messages import FUNCTION, ROLE_TOKENS, add_choice, add_header
from tickmark.framing.result import (
    Framed,
    Request,
    Uncountable,
    joined_text,
    messages,
    part_text,
    refuse_unplaced,
)

Item = Mapping[str, object]

_PLACED = frozenset({"input", "instructions", "text", "tools"})
_TEXT_FIELDS = frozenset({"format"})
_ITEM_FIELDS = frozenset({"type", "role", "content", "id", "status"})
_CALL_FIELDS = frozenset({"type", "call_id", "name", "arguments", "status"})
_RESULT_FIELDS = frozenset({"type", "call_id", "output", "id", "status"})


def frame_text(request: Request, rule: OpenAIMessages) -> Framed:
    """Overhead and segments of a request, by a rule that knows nothing but plain text."""
    framed = additions.addition(request.shape)
    refuse_unplaced(request.body, request.silent_fields | _PLACED, "request")
    _add_input(request.body, rule, framed)
    return framed


def frame(request: Request, rule: OpenAIResponses) -> Framed:
    """Overhead and segments of a request; its tools, calls and schema count as the rule says."""
    framed = Framed(0, [])
    if request.shape != "text":
        hidden = additions.openai_responses(request.body, request.shape, rule.tools)
        framed = Framed(rule.per_sections if hidden.sections else 0, [*hidden.sections], hidden.measured)
        if hidden.tools is not None:
            add_choice(request.body, hidden.tools, framed)
    refuse_unplaced(request.body, request.silent_fields | _PLACED, "request")
    _add_input(request.body, rule, framed)
    return framed


def _add_input(body: JsonObject, rule: OpenAIMessages | OpenAIResponses, framed: Framed) -> None:
    text = body.get("text")
    if isinstance(text, dict):
        refuse_unplaced(text, _TEXT_FIELDS, "request text")
    framed.overhead_tokens += rule.per_request
    instructions, given = body.get("instructions"), body.get("input")
    if instructions is not None and (not isinstance(instructions, str) or not instructions):
        raise Uncountable("other", "instructions other than a text were never measured")
    for whole in (instructions, given):
        if isinstance(whole, str):
            framed.segments.append(whole)
            framed.overhead_tokens += rule.per_message + ROLE_TOKENS
    if not isinstance(given, str):
        calls: set[object] = set()
        for item in messages(body, "input"):
            _add_item(item, rule, calls, framed)


def _add_item(item: Item, rule: OpenAIMessages | OpenAIResponses, calls: set[object], framed: Framed) -> None:
    kind = item.get("type")
    if isinstance(rule, OpenAIResponses) and kind == "function_call":
        calls.add(_add_call(item, rule, framed))
    elif isinstance(rule, OpenAIResponses) and kind == "function_call_output":
        _add_result(item, rule, calls, framed)
    else:
        refuse_unplaced(item, _ITEM_FIELDS, "message")
        add_header(item, rule, framed)
        framed.segments.append(_text(item))


def _add_call(item: Item, rule: OpenAIResponses, framed: Framed) -> object:
    """Count a past call; its id in the caller's books, by which its result names it."""
    if item.get("id"):
        raise Uncountable("tool_calls", "calls with an id are restored from the provider's own record")
    refuse_unplaced(item, _CALL_FIELDS, "message")
    name, arguments, call_id = item.get("name"), item.get("arguments"), item.get("call_id")
    if not isinstance(name, str) or not isinstance(arguments, str) or not isinstance(call_id, str):
        raise Uncountable("tool_calls", "a call that is not a function's name with its arguments")
    framed.overhead_tokens += rule.per_call
    framed.segments += [FUNCTION + name, FUNCTION + name, arguments]
    return call_id


def _add_result(item: Item, rule: OpenAIResponses, calls: set[object], framed: Framed) -> None:
    refuse_unplaced(item, _RESULT_FIELDS, "message")
    if not isinstance(item.get("call_id"), str) or item["call_id"] not in calls:
        raise Uncountable("tool_calls", "a result whose call is not in the request")
    framed.overhead_tokens += rule.per_result
    framed.segments.append(joined_text(item.get("output"), "input_text"))


def _text(item: Item) -> str:
    content = item.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Uncountable("other", "a message without text")
    part_type = "output_text" if item.get("role") == "assistant" else "input_text"
    return "".join([part_text(part, part_type) for part in content])
