"""Answers: the texts that are billed as output, and the tokens that end them.

Lives here: choices of chats and completions, items of responses, and what ends them.
Does not live here: calls of tools (answer_calls), requests (the modules beside this one), and hidden
reasoning, which is billed and never shown.

Source: recorded exchanges, docs/parity.md; the numbers are in tokenizer_specs/ (`answers`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tickmark.formats import Json, JsonObject
from tickmark.framing import answer_calls
from tickmark.framing.answer_constants import Answers
from tickmark.framing.openai_calls import Call
from tickmark.framing.result import Framed, Shape, Uncountable, joined_text

_ENDED, _CUT = "stop", "length"
_SPOKEN = frozenset({"role", "content", "tool_calls", "function_call"})
_DRAFTS = ("echo", "suffix", "best_of")
_THOUGHT = "reasoning"
_DETAILS = ("completion_tokens_details", "output_tokens_details")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an answer answers, and how such answers are billed."""

    request: JsonObject
    rule: Answers
    has_tools: bool
    reasoned: bool


def frame(operation: str, request: JsonObject, answer: JsonObject, rule: Answers) -> Framed:
    """Overhead and segments of an answer; raise Uncountable where part of it was never measured."""
    has_tools = bool(request.get("tools") or request.get("functions"))
    reasoned = _shows(answer, rule) if rule.shown else _reasoned(answer)
    if reasoned is None and not rule.thoughts and rule.ends_with_thoughts not in (None, rule.ends_with):
        raise Uncountable("other", "the log does not say whether reasoning was billed")
    if reasoned and rule.ends_with_thoughts is None:
        raise Uncountable("other", "answers after reasoning were never measured for this model")
    asked = _Asked(request, rule, has_tools, reasoned=bool(reasoned))
    framed = Framed(0, [], unseen_tokens=rule.thoughts_up_to if asked.reasoned else 0)
    _FRAMERS[operation](answer, asked, framed)
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


def _add_chat(answer: JsonObject, asked: _Asked, framed: Framed) -> None:
    choices = _listed(answer, "choices")
    if asked.reasoned and len(choices) > 1:
        raise Uncountable("other", "several answers after reasoning were never measured")
    for choice in choices:
        message, reason = choice.get("message"), choice.get("finish_reason")
        if not isinstance(message, dict):
            raise Uncountable("none", "the log holds no text of the answer")
        placed = _SPOKEN.union(asked.rule.thoughts, asked.rule.shown)
        if any(value for field, value in message.items() if field not in placed):
            raise Uncountable("other", "a part of the answer that no rule places")
        framed.segments += [_text(message[field]) for field in asked.rule.shown if message.get(field)]
        calls, content = answer_calls.of_message(message), message.get("content")
        if content or not calls:
            framed.segments.append(_text(content))
        if not calls:
            _add_end(asked, framed, cut=_is_cut(reason))
        elif content and not (asked.rule.calls and asked.rule.calls.beside_text):
            raise Uncountable("tool_calls", "a text and calls in one answer were never measured")
        else:
            _add_calls(calls, asked, reason, framed)


def _add_completions(answer: JsonObject, asked: _Asked, framed: Framed) -> None:
    if any(asked.request.get(field) for field in _DRAFTS):
        raise Uncountable("other", "answers with an echo, a suffix or drafts were never measured")
    for choice in _listed(answer, "choices"):
        framed.segments.append(_text(choice.get("text")))
        _add_end(asked, framed, cut=_is_cut(choice.get("finish_reason")))


def _add_responses(answer: JsonObject, asked: _Asked, framed: Framed) -> None:
    found, cut = _listed(answer, "output"), answer.get("status") == "incomplete"
    items = [item for item in found if item.get("type") != _THOUGHT]
    if _all_are("function_call", items) and not cut:
        _add_calls(answer_calls.of_items(items), asked, None, framed)
        return
    if not _all_are("message", items) or (cut and len(items) > 1):
        raise Uncountable("other", "an answer of such items was never measured")
    for item in items:
        framed.segments.append(joined_text(item.get("content"), "output_text"))
        _add_end(asked, framed, cut=cut)


def _all_are(kind: str, items: Sequence[JsonObject]) -> bool:
    return bool(items) and all(item.get("type") == kind for item in items)


def _add_calls(calls: Sequence[Call], asked: _Asked, reason: Json, framed: Framed) -> None:
    rule = asked.rule
    framed.overhead_tokens += _known(rule.ends_with_both if asked.reasoned else rule.ends_with)
    answer_calls.add(calls, asked.request, reason, rule.calls, framed)


_FRAMERS: Mapping[str, Callable[[JsonObject, _Asked, Framed], None]] = {
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


def _add_end(asked: _Asked, framed: Framed, *, cut: bool) -> None:
    """Count what ends the text that was added last."""
    if cut:
        if framed.segments[-1] and asked.rule.ends_with_thoughts is not None:
            raise Uncountable("other", "an answer that was cut after reasoning was never measured")
        return
    stops = _stops(asked)
    if asked.rule.stops == "free" and asked.request.get("stop") is not None:
        return
    tokens, name = _end(asked), _schema_name(asked.request, asked.rule)
    segments: list[str] = []
    if name is not None and (asked.has_tools or asked.rule.names_schema):
        tokens += _per_name(name, framed.segments[-1], asked.rule)
        segments.append(str(name))
    if stops:
        # The model ended the answer, or a sequence did: one of the two is billed, and never more than both.
        framed.unseen_tokens += tokens
        framed.may_hold([*segments, *stops])
    else:
        framed.overhead_tokens += tokens
        framed.segments += segments


def _end(asked: _Asked) -> int:
    """Tokens of the end of an answer that ended by itself."""
    rule, request = asked.rule, asked.request
    if not asked.has_tools:
        return _known(rule.ends_with_thoughts if asked.reasoned else rule.ends_with)
    tokens = rule.ends_with_both if asked.reasoned else rule.ends_with_tools
    choice = request.get("tool_choice") or request.get("function_call")
    if tokens is None or choice == "none" or _built_in(request):
        raise Uncountable("tools", "answers to such offers of tools were never measured")
    return tokens


def _known(tokens: int | None) -> int:
    if tokens is None:
        raise Uncountable(
            "other", "how such an answer ends was never measured, or differed from answer to answer"
        )
    return tokens


def _stops(asked: _Asked) -> list[str]:
    """The stop sequences of a request; raise Uncountable where what they cost was never measured."""
    given = asked.request.get("stop")
    found = [given] if isinstance(given, str) else given or []
    stops = [stop for stop in found if isinstance(stop, str)] if isinstance(found, list) else []
    if found and (asked.rule.stops is None or not stops):
        raise Uncountable("other", "a stop sequence that ended the answer is billed, and not shown")
    if given is not None and asked.rule.stops == "free" and asked.has_tools:
        raise Uncountable("tools", "stop sequences beside tools were never measured")
    return stops


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


def _per_name(name: Json, text: str, rule: Answers) -> int:
    if rule.per_schema_name is None or not isinstance(name, str) or not _is_document(text):
        raise Uncountable("schema", "answers in such a form beside tools were never measured")
    return rule.per_schema_name


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


def _shows(answer: JsonObject, rule: Answers) -> bool:
    """Whether an answer shows reasoning; raise Uncountable where its bill has some apart, too."""
    if _reasoned(answer):
        raise Uncountable("other", "reasoning that is shown and billed apart was never measured")
    spoken = [choice.get("message") for choice in _items(answer.get("choices"))]
    return any(
        isinstance(message, dict) and any(message.get(field) for field in rule.shown) for message in spoken
    )


def _reasoned(answer: JsonObject) -> bool | None:
    """Whether reasoning was billed for the answer, or is an item of it; None where the log does not say."""
    if any(item.get("type") == _THOUGHT for item in _items(answer.get("output"))):
        return True
    usage = answer.get("usage")
    found = [usage.get(field) for field in _DETAILS] if isinstance(usage, dict) else []
    details = [part for part in found if isinstance(part, dict)]
    return any(bool(part.get("reasoning_tokens")) for part in details) if details else None
