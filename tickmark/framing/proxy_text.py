"""Providers that publish no tokenizer: every text of a request, counted with somebody else's vocabulary.

Lives here: which strings of a body are text, definitions of tools or calls, for the interfaces of Anthropic,
Google, Cohere, Voyage and those like OpenAI's; how often each constant is added.
Does not live here: what the bill makes of the sums (calibration in specs), and shapes.

No layout is claimed: each text is one segment, and so is each definition; a call is its function's name and
its arguments, without its id, which no bill shows. The calibration carries the difference.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from tickmark.formats import JsonObject
from tickmark.framing.constants import ProxyText
from tickmark.framing.result import Framed, Request, Shape, Uncountable, refuse_unplaced

_TURNS = ("messages", "contents", "chat_history")
_TEXTS = ("system", "systemInstruction", "system_instruction", "preamble", "message", "input", "texts")
_FORMATS = ("response_format", "output_format", "output_config")
_PLACED = frozenset({*_TURNS, *_TEXTS, *_FORMATS, "tools", "tool_choice", "thinking"})
_CONTENTS = ("content", "parts", "message")
_HOLDING = (*_CONTENTS, "role")
_TEXT_PARTS = (None, "text")
# Thoughts of earlier turns are not billed again: 68 and 149 tokens billed where all parts hold over 660.
_DROPPED_PARTS = ("thinking", "redacted_thinking")
# Google bills the thoughts behind a signature again: measured, up to five times the text beside it.
_SIGNATURES = ("thoughtSignature", "thought_signature")
_CALL_PARTS = ("tool_use", "tool_result")
_RESULTS = ("functionResponse", "function_response")
_CALL_FIELDS = ("functionCall", "function_call", *_RESULTS)
_MEDIA_FIELDS = frozenset({"inlineData", "inline_data", "fileData", "file_data"})
_MEDIA_PARTS = ("image", "image_url", "document", "file", "search_result")
_PARAMETERS = ("parameters", "parametersJsonSchema", "parameters_json_schema")
# Google's bills show neither these nor the description of all parameters together.
_WORDLESS = frozenset({"additionalProperties", "title", "$schema", "strict", "default"})
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
    found, turns = _Found(), _turns(body)
    for given in (*map(body.get, _TEXTS), *turns):
        found.read(given)
    if turns and turns[-1].get("role") == "assistant":
        raise Uncountable("other", "a prefix of the answer was never measured")
    written = [_words(tool) if rule.tools_written == "words" else _compact(tool) for tool in _tools(body)]
    schemas = [_compact(schema) for name in _FORMATS if (schema := _schema(body.get(name)))]
    if written and schemas:
        raise Uncountable("other", "tools and a schema together were never measured")
    overhead = sum((constant(rule, name) * times for name, times in added(body, rule).items()), Decimal(0))
    return Framed(
        int(overhead.to_integral_value(ROUND_HALF_EVEN)),
        found.texts + schemas,
        further={"tools": written, "calls": found.calls},
    )


def added(body: JsonObject, rule: ProxyText) -> Counter[str]:
    """How often a request adds each constant; raise Uncountable for a choice that was never measured."""
    turns, tools = _turns(body), list(_tools(body))
    times = Counter(
        per_request=1,
        per_message=len(turns),
        per_tool=len(tools),
        # JSON shows each property by itself.
        per_property=_properties(tools) if rule.tools_written == "words" else 0,
        per_call=sum(map(_calls, turns)),
    )
    if tools and rule.tool_prompt:
        times[f"tool_prompt.{_choice(body, rule)}"] = 1
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and thinking.get("type") == "enabled":
        times["thinking"] = 1
    return +times


def constant(rule: ProxyText, name: str) -> Decimal:
    """A constant by the name that `added` gives it."""
    named, _, choice = name.partition(".")
    found: Decimal = getattr(rule, named)[choice] if choice else getattr(rule, named)
    return found


def _choice(body: JsonObject, rule: ProxyText) -> str:
    choice = body.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, dict) else choice or "auto"
    if isinstance(choice, dict) and choice.get("disable_parallel_tool_use"):
        kind = f"{kind}_single"
    if not isinstance(kind, str) or kind not in rule.tool_prompt:
        raise Uncountable("other", "a choice of tools that was never measured for this model")
    return kind


@dataclass(slots=True)
class _Found:
    """Texts and calls of a request, in their order."""

    texts: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def read(self, given: object) -> None:
        """A string, a list of parts, a part, or a message or other object that holds them."""
        if isinstance(given, str):
            self.texts.append(given)
        elif isinstance(given, Mapping):
            self._object(given)
        else:
            for item in _items(given):
                self.read(item)

    def _object(self, given: Mapping[str, object]) -> None:
        kind = given.get("type")
        if kind in _MEDIA_PARTS:
            raise Uncountable("media", _REASONS["media"])
        if any(given.get(name) for name in _SIGNATURES):
            raise Uncountable("state", "thoughts that the provider holds are billed again by their signature")
        if kind in _TEXT_PARTS and isinstance(text := given.get("text"), str):
            self.texts.append(text)
        elif any(map(given.__contains__, _HOLDING)) or kind == "tool_result":
            self._holder(given)
        elif kind not in _DROPPED_PARTS:
            self._call(given)

    def _holder(self, given: Mapping[str, object]) -> None:
        for name in _CONTENTS:
            self.read(given.get(name))
        for call in _items(given.get("tool_calls")):
            self._call(call if isinstance(call, dict) else {})

    def _call(self, part: Mapping[str, object]) -> None:
        """A call by name and arguments; a result is text, as it is where a message holds it."""
        inner = next((part[name] for name in (*_CALL_FIELDS, "function") if name in part), part)
        if not isinstance(inner, dict) or "name" not in inner:
            self.calls.append(_compact({key: part[key] for key in part if key != "cache_control"}))
            return
        self.calls.append(str(inner["name"]))
        given = next((inner[name] for name in ("arguments", "args", "input") if name in inner), None)
        if any(name in part for name in _RESULTS):
            self.texts.append(_compact(inner.get("response") or {}))
        else:
            self.calls.append(given if isinstance(given, str) else _compact(given or {}))


def _turns(body: JsonObject) -> list[Mapping[str, object]]:
    turns: list[Mapping[str, object]] = []
    for name in _TURNS:
        for turn in _items(body.get(name)):
            if not isinstance(turn, dict):
                raise Uncountable("other", "a message that is no object")
            turns.append(turn)
    return turns


def _calls(turn: Mapping[str, object]) -> int:
    """Tool calls and results of one message."""
    parts = turn.get("parts") or turn.get("content")
    kinds = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    called = sum(
        part.get("type") in _CALL_PARTS or any(map(part.__contains__, _CALL_FIELDS)) for part in kinds
    )
    return called + len(_items(turn.get("tool_calls"))) + (turn.get("role") == "tool")


def _items(given: object) -> list[object]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise Uncountable("other", "a list of messages or parts that is something else")
    return given


def _tools(body: JsonObject) -> Iterator[object]:
    """Each definition of a function; what a built-in tool adds or reads is not in the request."""
    for tool in _items(body.get("tools")):
        if not isinstance(tool, dict):
            raise Uncountable("other", "a tool that is no object")
        declared = tool.get("functionDeclarations", tool.get("function_declarations"))
        if isinstance(declared, list) and len(tool) == 1:
            yield from declared
        elif declared is None and tool.get("type") in (None, "function", "custom") and len(tool) > 1:
            yield tool.get("function", tool)
        else:
            raise Uncountable("tools", "a built-in tool: what it adds to the prompt is not in the request")


def _words(tool: object) -> str:
    """A definition without its JSON: names of properties, and every text but those of `_WORDLESS`."""
    if isinstance(tool, dict):
        plain = {name: tool[name] for name in _PARAMETERS if isinstance(tool.get(name), dict)}
        trimmed = {name: {**schema, "description": None} for name, schema in plain.items()}
        tool = {**tool, **trimmed}
    return " ".join(_texts_in(tool))


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == "properties" and isinstance(inner, dict):
                for own, schema in inner.items():
                    yield own
                    yield from _texts_in(schema)
            elif name not in _WORDLESS:
                yield from _texts_in(inner)


def _properties(value: object) -> int:
    """Properties of all schemas in a value."""
    if isinstance(value, list):
        return sum(map(_properties, value))
    if not isinstance(value, dict):
        return 0
    own = value.get("properties")
    return (len(own) if isinstance(own, dict) else 0) + sum(map(_properties, value.values()))


def _schema(wanted: object) -> object:
    """The schema for the answer inside one of the fields that may hold it; None where there is none."""
    if not isinstance(wanted, dict):
        return None
    inner = [wanted.get(name) for name in ("format", "schema", "json_schema")]
    return next((value for value in inner if isinstance(value, dict)), None)


def _compact(value: object) -> str:
    if _holds_media(value):
        raise Uncountable("media", _REASONS["media"])
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _holds_media(value: object) -> bool:
    if isinstance(value, dict):
        return not _MEDIA_FIELDS.isdisjoint(value) or any(map(_holds_media, value.values()))
    return isinstance(value, list) and any(map(_holds_media, value))
