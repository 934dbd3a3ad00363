"""Answers: the texts that are billed as output, and the tokens that end them.

Lives here: choices of chats and completions, items of responses, and what ends them.
Does not live here: calls of tools (answer_calls), requests (the modules beside this one), and hidden
reasoning, which is billed and never shown.

Source: recorded exchanges, docs/parity.md; the numbers are in tokenizer_specs/ (`answers`).
"""

import json
from collections.abc import Callable, Mapping

from tickmark.formats import Json, JsonObject
from tickmark.framing import answer_calls
from tickmark.framing.constants import Answers
from tickmark.framing.result import Framed, Shape, Uncountable, joined_text

_ENDED, _CUT = "stop", "length"
_SPOKEN = frozenset({"role", "content", "tool_calls", "function_call"})
_DRAFTS = ("echo", "suffix", "best_of")
_DETAILS = ("completion_tokens_details", "output_tokens_details")


def frame(operation: str, request: JsonObject, answer: JsonObject, rule: Answers) -> Framed:
    """Overhead and segments of an answer; raise Uncountable where part of it was never measured."""
    if _reasoned(answer) and rule.ends_with_thoughts is None:
        raise Uncountable("other", "answers after reasoning were never measured for this model")
    framed = Framed(0, [])
    _FRAMERS[operation](request, answer, rule, framed)
    return framed


def shape_of(answer: JsonObject) -> Shape:
    """Whether the answer calls tools."""
    found = [item for field in ("choices", "output") for item in _items(answer.get(field))]
    spoken = [item.get("message") for item in found]
    called = any(item.get("type") == "function_call" for item in found) or any(
        isinstance(message, dict) and (message.get("tool_calls") or message.get("function_call"))
        for message in spoken
    )
    return "tool_calls" if called else "text"


def _add_chat(request: JsonObject, answer: JsonObject, rule: Answers, framed: Framed) -> None:
    for choice in _listed(answer, "choices"):
        message, reason = choice.get("message"), choice.get("finish_reason")
        if not isinstance(message, dict):
            raise Uncountable("none", "the log holds no text of the answer")
        if any(value for field, value in message.items() if field not in _SPOKEN.union(rule.thoughts)):
            raise Uncountable("other", "a part of the answer that no rule places")
        calls = answer_calls.of_message(message)
        if calls and message.get("content"):
            raise Uncountable("tool_calls", "a text and calls in one answer were never measured")
        if calls:
            answer_calls.add(calls, request, reason, rule, framed)
        else:
            framed.segments.append(_text(message.get("content")))
            _add_end(request, answer, rule, framed, cut=_is_cut(reason))


def _add_completions(request: JsonObject, answer: JsonObject, rule: Answers, framed: Framed) -> None:
    if any(request.get(field) for field in _DRAFTS):
        raise Uncountable("other", "answers with an echo, a suffix or drafts were never measured")
    for choice in _listed(answer, "choices"):
        framed.segments.append(_text(choice.get("text")))
        _add_end(request, answer, rule, framed, cut=_is_cut(choice.get("finish_reason")))


def _add_responses(request: JsonObject, answer: JsonObject, rule: Answers, framed: Framed) -> None:
    items = _listed(answer, "output")
    kinds, cut = {item.get("type") for item in items}, answer.get("status") == "incomplete"
    if kinds == {"function_call"} and not cut:
        answer_calls.add(answer_calls.of_items(items), request, None, rule, framed)
        return
    if kinds != {"message"} or (cut and len(items) > 1):
        raise Uncountable("other", "an answer of such items was never measured")
    for item in items:
        framed.segments.append(joined_text(item.get("content"), "output_text"))
        _add_end(request, answer, rule, framed, cut=cut)


_FRAMERS: Mapping[str, Callable[[JsonObject, JsonObject, Answers, Framed], None]] = {
    "chat": _add_chat,
    "completions": _add_completions,
    "responses": _add_responses,
}
OPERATIONS = tuple(_FRAMERS)
"""Operations whose answers are read; the others' have no rule yet."""


def _listed(answer: JsonObject, field: str) -> list[JsonObject]:
    found = _items(answer.get(field))
    if not found:
        raise Uncountable("none", "the log holds no text of the answer")
    return found


def _items(given: Json) -> list[JsonObject]:
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _text(content: Json) -> str:
    if not isinstance(content, str):
        raise Uncountable("other", "an answer without text")
    return content


def _is_cut(reason: Json) -> bool:
    if reason not in (_ENDED, _CUT):
        raise Uncountable("other", "an answer that ended in a way that was never measured")
    return reason == _CUT


def _add_end(request: JsonObject, answer: JsonObject, rule: Answers, framed: Framed, *, cut: bool) -> None:
    """Count what ends the text that was added last."""
    if cut:
        if framed.segments[-1] and rule.ends_with_thoughts is not None:
            raise Uncountable("other", "an answer that was cut after reasoning was never measured")
        return
    if request.get("stop") is not None:
        raise Uncountable("other", "a stop sequence that ended the answer is billed, and not shown")
    name = _schema_name(request, rule)
    if not (request.get("tools") or request.get("functions")):
        thoughts = rule.ends_with_thoughts if _reasoned(answer) else None
        framed.overhead_tokens += rule.ends_with if thoughts is None else thoughts
        return
    choice = request.get("tool_choice") or request.get("function_call")
    if rule.ends_with_tools is None or choice == "none" or _reasoned(answer) or _built_in(request):
        raise Uncountable("tools", "answers to such offers of tools were never measured")
    framed.overhead_tokens += rule.ends_with_tools
    if name is not None:
        _add_name(name, rule, framed)


def _schema_name(request: JsonObject, rule: Answers) -> Json:
    """The name of the answer's schema; None where none is asked for. Raise Uncountable where unmeasured."""
    text = request.get("text")
    wanted = text.get("format") if isinstance(text, dict) else request.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in (None, "text", *rule.formats):
        raise Uncountable("schema", "answers in such a form were never measured")
    if not isinstance(wanted, dict) or kind != "json_schema":
        return None
    schema = wanted.get("json_schema", wanted)
    return schema.get("name") if isinstance(schema, dict) else ""


def _add_name(name: Json, rule: Answers, framed: Framed) -> None:
    if rule.per_schema_name is None or not isinstance(name, str) or not _is_document(framed.segments[-1]):
        raise Uncountable("schema", "answers in such a form beside tools were never measured")
    framed.overhead_tokens += rule.per_schema_name
    framed.segments.append(name)


def _is_document(text: str) -> bool:
    """Whether a text is one document of JSON; chats show several answers to a schema as one text."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _built_in(request: JsonObject) -> bool:
    tools = request.get("tools")
    return isinstance(tools, list) and any(
        not isinstance(tool, dict) or tool.get("type") != "function" for tool in tools
    )


def _reasoned(answer: JsonObject) -> bool:
    """Whether reasoning was billed for the answer."""
    usage = answer.get("usage")
    details = [usage.get(field) for field in _DETAILS] if isinstance(usage, dict) else []
    return any(isinstance(part, dict) and bool(part.get("reasoning_tokens")) for part in details)
