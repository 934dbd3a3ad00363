"""Tools, past calls and their results, as a chat template writes them.

Lives here: putting the texts together. Does not live here: the fixed texts (tokenizer_specs/), and turns
(chat_template).

Source: the chat templates and encoders that DeepSeek and Qwen publish; what hosts make of them was measured.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from tickmark.formats import Json
from tickmark.framing.functions import called, spaced, tokens_of_choice
from tickmark.framing.result import Shape, Uncountable
from tickmark.framing.tool_constants import CallResults, OfferedTools, PastCalls, TemplateTools
from tickmark.framing.typescript import CommentedWriter

SPECIAL = "\0"
"""Stands for one special token in a text that is put together here."""

CACHED_TEXTS = 256
"""Texts of specs, of which there are few."""

_NAMED = re.compile(r"\{(name|description|parameters|function|tool|arguments|key|value|is_text|content)\}")
_TOOL_FIELDS = ["type", "function"]
_FUNCTION_FIELDS = ["name", "description", "parameters"]
_CALL_FIELDS = frozenset({"id", "type=function", "index", "function"})
_INDENT = 4
_STRANGE = re.compile(r"[^\0-\x7f]|[<>&']")
"""Characters that some templates escape and others do not; no exact bill had one in a tool."""


class Text(NamedTuple):
    """A text with special tokens, and whether everything in it was seen on a bill."""

    text: str
    measured: bool


def offered(tools: Json, known: TemplateTools) -> Text:
    """The text of offered tools; raise Uncountable where it cannot be written."""
    rule = known.offered
    if not isinstance(tools, list):
        raise Uncountable("tools", "tools that are not a list")
    written = [_tool(tool, rule) for tool in tools]
    text = _listed(rule, [fields for fields, _ in written], known, "tools")
    return Text(text, all(measured for _, measured in written))


def calls(given: Json, rule: PastCalls, known: TemplateTools) -> Text:
    """The text of an assistant's calls; raise Uncountable where it cannot be written."""
    found = [_call(call, rule, known) for call in given] if isinstance(given, list) else []
    text = _listed(rule, [fields for fields, _ in found], known, "tool_calls")
    return Text(text, all(measured for _, measured in found))


def results(contents: Iterable[str], rule: CallResults, known: TemplateTools) -> str:
    """The text of a run of results; raise Uncountable where it cannot be written."""
    return _listed(rule, [{"content": content} for content in contents], known, "tool_calls")


def choice_tokens(choice: Json, known: TemplateTools) -> int:
    """What a choice among the tools adds; raise Uncountable where that was never measured."""
    if choice in (None, "auto"):
        return 0
    return tokens_of_choice(choice, known.choices)


def _listed(
    rule: OfferedTools | PastCalls | CallResults,
    items: list[dict[str, str]],
    known: TemplateTools,
    shape: Shape,
) -> str:
    if not items or (rule.between is None and len(items) > 1):
        raise Uncountable(shape, "a list of tools, calls or results that was never measured for this model")
    between = _filled(rule.between or "", {}, known)
    texts = between.join([_filled(rule.each, item, known) for item in items])
    return _filled(rule.before, {}, known) + texts + _filled(rule.after, {}, known)


def _filled(text: str, values: Mapping[str, str], known: TemplateTools) -> str:
    return _NAMED.sub(lambda named: values.get(named[1], named[0]), _marked(text, known.special))


@lru_cache(CACHED_TEXTS)
def _marked(text: str, special: tuple[str, ...]) -> str:
    for token in special:
        text = text.replace(token, SPECIAL)
    return text


def _tool(tool: Json, rule: OfferedTools) -> tuple[dict[str, str], bool]:
    """The parts of a tool that its text names, and whether bills showed such a tool."""
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    if not isinstance(tool, dict) or not isinstance(function, dict):
        raise Uncountable("tools", "tools that the provider runs itself, or that are not functions")
    name, described, parameters = (function.get(field) for field in _FUNCTION_FIELDS)
    fields = {"name": plain(name), "description": plain(described or "")}
    usual = list(tool) == _TOOL_FIELDS and list(function) == _FUNCTION_FIELDS and isinstance(parameters, dict)
    if rule.layout == "typescript":
        writer = CommentedWriter()
        schema = parameters if isinstance(parameters, dict) else {}
        fields["function"] = plain(writer.function(fields["name"], fields["description"], schema))
        return fields, usual and writer.measured
    wanted = {"parameters": parameters, "function": function, "tool": tool}
    fields |= {field: _json(value, rule) for field, value in wanted.items() if f"{{{field}}}" in rule.each}
    return fields, usual and not any(map(_STRANGE.search, fields.values()))


def _call(call: Json, rule: PastCalls, known: TemplateTools) -> tuple[dict[str, str], bool]:
    """The parts of a call, and whether bills showed such a call."""
    _, function = called(call, _CALL_FIELDS)
    name, given = plain(function.get("name")), plain(function.get("arguments"))
    if rule.arguments == "given":
        return {"name": name, "arguments": given}, True
    arguments = _decoded(given)
    if rule.arguments == "spaced":
        return {"name": name, "arguments": spaced(arguments)}, not _STRANGE.search(given)
    written = "\n".join([_filled(rule.argument, _argument(*each), known) for each in arguments.items()])
    return {"name": name, "arguments": written}, all(isinstance(each, str) for each in arguments.values())


def _argument(key: str, value: Json) -> dict[str, str]:
    is_text = isinstance(value, str)
    text = value if is_text else spaced(value)
    return {"key": plain(key), "value": plain(text), "is_text": "true" if is_text else "false"}


def _decoded(arguments: str) -> dict[str, Json]:
    try:
        value = json.loads(arguments)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Uncountable("tool_calls", "a call whose arguments are no JSON object")
    return value


def _json(value: Json, rule: OfferedTools) -> str:
    indent = _INDENT if rule.layout == "indented" else None
    return json.dumps(value, ensure_ascii=False, sort_keys=rule.sorted_keys, indent=indent, default=float)


def plain(value: object) -> str:
    """A text of the request; raise Uncountable where it is none, or could be taken for a special token."""
    if not isinstance(value, str) or SPECIAL in value:
        raise Uncountable("tool_calls", "a tool, a call or a message with something else in place of a text")
    return value
