"""Providers that publish no tokenizer: every text of a request, counted with somebody else's vocabulary.

Lives here: which strings of a body are text, for the interfaces of Anthropic, Google, Cohere, Voyage and
those like OpenAI's. Does not live here: what the bill makes of the sum (calibration in specs), and shapes.

No layout is claimed: each text is one segment, and what is not text (calls, results, definitions) is one
segment of compact JSON. The calibration carries the difference.
"""

import json
from collections.abc import Iterator, Mapping

from tickmark.formats import JsonObject
from tickmark.framing.constants import ProxyText
from tickmark.framing.result import Framed, Request, Shape, Uncountable, refuse_unplaced

_TURNS = ("messages", "contents", "chat_history")
_TEXTS = ("system", "systemInstruction", "system_instruction", "preamble", "message", "input", "texts")
_FORMATS = ("response_format", "output_format", "output_config")
_PLACED = frozenset({*_TURNS, *_TEXTS, *_FORMATS, "tools", "tool_choice", "thinking"})
_CONTENTS = ("content", "parts", "message")
_TEXT_PARTS = (None, "text")
# Thoughts of earlier turns are not billed again: 68 and 149 tokens billed where all parts hold over 660.
_DROPPED_PARTS = ("thinking", "redacted_thinking")
# Google bills the thoughts behind a signature again: measured, up to five times the text beside it.
_SIGNATURES = ("thoughtSignature", "thought_signature")
_CALL_PARTS = ("tool_use", "tool_result")
_CALL_FIELDS = frozenset({"functionCall", "functionResponse", "function_call", "function_response"})
_MEDIA_FIELDS = frozenset({"inlineData", "inline_data", "fileData", "file_data"})
_MEDIA_PARTS = ("image", "image_url", "document", "file", "search_result")
_REASONS: dict[Shape, str] = {
    "state": "part of the prompt is held by the provider, not by the log",
    "media": "images, audio and files are billed by rules that are not counted here",
    "other": "a part of the request that no rule places",
}


def frame(request: Request, rule: ProxyText) -> Framed:
    """Overhead in tokens of the biller, and every text of a request."""
    body = request.body
    if request.shape in _REASONS:
        raise Uncountable(request.shape, _REASONS[request.shape])
    refuse_unplaced(body, request.silent_fields | _PLACED, "request")
    segments = [text for field in _TEXTS for text in _texts(body.get(field))]
    turns = [turn for field in _TURNS for turn in _items(body.get(field))]
    for turn in turns:
        segments += _turn(turn)
    if turns and isinstance(turns[-1], dict) and turns[-1].get("role") == "assistant":
        raise Uncountable("other", "a prefix of the answer was never measured")
    tools = list(_tools(body.get("tools")))
    segments += map(_compact, tools)
    before_formats = len(segments)
    segments += [_compact(schema) for field in _FORMATS if (schema := _schema(body.get(field)))]
    if tools and len(segments) > before_formats:
        raise Uncountable("other", "tools and a schema together were never measured")
    overhead = rule.per_request + rule.per_message * len(turns) + rule.per_tool * len(tools)
    overhead += rule.per_call * sum(map(_calls, turns))
    return Framed(overhead + _switched_on(body, rule, has_tools=bool(tools)), segments)


def _switched_on(body: JsonObject, rule: ProxyText, *, has_tools: bool) -> int:
    """Tokens of the prompts that tools and thinking bring along; raise Uncountable where never measured."""
    tokens = 0
    if has_tools and rule.tool_prompt:
        choice = body.get("tool_choice")
        kind = choice.get("type") if isinstance(choice, dict) else choice or "auto"
        if not isinstance(kind, str) or kind not in rule.tool_prompt:
            raise Uncountable("other", "a choice of tools that was never measured for this model")
        tokens += rule.tool_prompt[kind]
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and thinking.get("type") == "enabled":
        tokens += rule.thinking
    return tokens


def _turn(turn: object) -> Iterator[str]:
    if not isinstance(turn, dict):
        raise Uncountable("other", "a message that is no object")
    for field in _CONTENTS:
        yield from _texts(turn.get(field))
    if calls := turn.get("tool_calls"):
        yield _compact(calls)


def _calls(turn: object) -> int:
    """Tool calls and results of one message."""
    if not isinstance(turn, dict):
        return 0
    parts = turn.get("parts") or turn.get("content")
    kinds = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    called = sum(part.get("type") in _CALL_PARTS or not _CALL_FIELDS.isdisjoint(part) for part in kinds)
    return called + len(_items(turn.get("tool_calls"))) + (turn.get("role") == "tool")


def _texts(given: object) -> Iterator[str]:
    """The texts of a string, a list of parts, or an object that holds parts."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, dict):
        yield from _part(given)
    elif given is not None:
        for item in _items(given):
            yield from _texts(item)


def _part(part: Mapping[str, object]) -> Iterator[str]:
    inner = part.get("parts", part.get("content"))
    kind = part.get("type")
    if kind in _MEDIA_PARTS:
        raise Uncountable("media", _REASONS["media"])
    if any(part.get(field) for field in _SIGNATURES):
        raise Uncountable("state", "thoughts that the provider holds are billed again by their signature")
    if kind in _TEXT_PARTS and isinstance(part.get("text"), str):
        yield str(part["text"])
    elif inner is not None:
        yield from _texts(inner)
    elif kind not in _DROPPED_PARTS:
        yield _compact({field: value for field, value in part.items() if field != "cache_control"})


def _items(given: object) -> list[object]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise Uncountable("other", "a list of messages or parts that is something else")
    return given


def _tools(given: object) -> Iterator[object]:
    """Each definition of a function; what a built-in tool adds or reads is not in the request."""
    for tool in _items(given):
        if not isinstance(tool, dict):
            raise Uncountable("other", "a tool that is no object")
        declared = tool.get("functionDeclarations", tool.get("function_declarations"))
        if isinstance(declared, list) and len(tool) == 1:
            yield from declared
        elif declared is None and tool.get("type") in (None, "function", "custom") and len(tool) > 1:
            yield tool.get("function", tool)
        else:
            raise Uncountable("tools", "a built-in tool: what it adds to the prompt is not in the request")


def _schema(wanted: object) -> object:
    """The schema for the answer inside one of the fields that may hold it; None where there is none."""
    if not isinstance(wanted, dict):
        return None
    inner = [wanted.get(field) for field in ("format", "schema", "json_schema")]
    return next((value for value in inner if isinstance(value, dict)), None)


def _compact(value: object) -> str:
    if _holds_media(value):
        raise Uncountable("media", _REASONS["media"])
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _holds_media(value: object) -> bool:
    if isinstance(value, dict):
        return not _MEDIA_FIELDS.isdisjoint(value) or any(map(_holds_media, value.values()))
    return isinstance(value, list) and any(map(_holds_media, value))
