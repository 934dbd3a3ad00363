"""Calls of tools in an answer: how they were written, as far as the log shows it.

Lives here: one call, several calls, a function that had to be called.
Does not live here: the text of an answer (answers), and calls that a request sends back (openai_calls).

Source: recorded exchanges, docs/parity.md; docs/openai_rendering.md for the wrapper of several calls.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from tickmark.formats import Json, JsonObject
from tickmark.framing.answer_constants import AnswerCalls
from tickmark.framing.openai_calls import PARALLEL, Call, wrapped
from tickmark.framing.result import Framed, Uncountable

_CALLED = (None, "tool_calls", "function_call")
_FORCED = {"arguments": (None, "stop"), "whole": (None, "stop", "tool_calls")}
_DECODER = json.JSONDecoder()
_SPECIAL = "\0"
"""Stands for a special token while markup is put together."""
_FREE = (None, "", "auto", "required")
_WRAPPER = (PARALLEL, '{"tool_uses":[{"recipient_name":"', '","parameters":', "}]}")
"""What the wrapper of several calls adds to one."""


def of_message(message: Mapping[str, Json]) -> list[Call]:
    """The calls of a chat's answer, in order."""
    given = message.get("tool_calls")
    found = given if isinstance(given, list) else []
    functions = [call.get("function") if isinstance(call, dict) else None for call in found]
    alone = message.get("function_call")
    return [_call(function) for function in ([*functions, alone] if alone else functions)]


def of_items(items: Sequence[JsonObject]) -> list[Call]:
    """The calls of a response, in order."""
    return [_call({**item}) for item in items]


def add(
    calls: Sequence[Call], request: JsonObject, reason: Json, known: AnswerCalls | None, framed: Framed
) -> None:
    """Count the calls of one answer; raise Uncountable where the log does not show what was written."""
    if known is None:
        raise Uncountable("tool_calls", "what an answer's calls cost was never measured")
    framed.overhead_tokens += known.per_answer
    if _is_forced(request, known):
        if len(calls) > 1 or known.forced is None or reason not in _FORCED[known.forced]:
            raise _never_measured()
        if known.forced == "arguments":
            framed.segments.append(calls[0].arguments)
            return
    else:
        choice = request.get("tool_choice") or request.get("function_call")
        if reason not in _CALLED or not (isinstance(choice, dict) or choice in _FREE):
            raise _never_measured()
    if _through_wrapper(calls, known):
        _add_wrapped(calls, known, framed)
        return
    framed.overhead_tokens += known.per_call * len(calls)
    written = _WRITERS[known.written](calls, known.before_name)
    framed.segments += written
    if known.written == "by_parameter":
        framed.overhead_tokens += len(written) - 1
    if known.alone == "unseen" and len(calls) == 1:
        framed.may_hold(_WRAPPER)


def _add_wrapped(calls: Sequence[Call], known: AnswerCalls, framed: Framed) -> None:
    text, measured = wrapped(calls)
    if not measured:
        raise _never_measured()
    framed.overhead_tokens += known.per_call
    framed.segments += [PARALLEL, text]


def _apart(calls: Sequence[Call], before_name: str) -> list[str]:
    return [text for call in calls for text in (before_name + call.function, call.arguments)]


def _tagged(calls: Sequence[Call], before_name: str) -> list[str]:
    names = [json.dumps(before_name + call.function, ensure_ascii=False) for call in calls]
    return [
        f'\n{{"name": {name}, "arguments": {call.arguments}}}\n'
        for name, call in zip(names, calls, strict=True)
    ]


def _by_parameter(calls: Sequence[Call], before_name: str) -> list[str]:
    """DeepSeek's own markup (published with DeepSeek-V3.2), cut at its special token."""
    written = [_invoked(before_name + call.function, call.arguments) for call in calls]
    lines = ["\n\n<\0function_calls>", *written, "</\0function_calls>"]
    return "\n".join(lines).split(_SPECIAL)


def _invoked(name: str, arguments: str) -> str:
    parameters = [
        f'<\0parameter name="{field}" string="{"true" if is_text else "false"}">{value}</\0parameter>'
        for field, value, is_text in _members(arguments)
    ]
    # A call without parameters has an empty line in their place.
    return "\n".join([f'<\0invoke name="{name}">', "\n".join(parameters), "</\0invoke>"])


def _members(arguments: str) -> Iterator[tuple[str, str, bool]]:
    """Fields of an object, their values as they were written, and which of them are text."""
    try:
        names = json.loads(arguments).keys()
    except (ValueError, RecursionError, AttributeError):
        raise _never_measured() from None
    at = 0
    for name in names:
        _, at = _DECODER.raw_decode(arguments, _behind(" \t\r\n{,", arguments, at))
        start = _behind(" \t\r\n:", arguments, at)
        value, at = _DECODER.raw_decode(arguments, start)
        text = value if isinstance(value, str) else arguments[start:at]
        if _SPECIAL in name + text:
            raise _never_measured()
        yield name, text, isinstance(value, str)


def _behind(separators: str, text: str, at: int) -> int:
    return len(text) - len(text[at:].lstrip(separators))


_WRITERS: Mapping[str, Callable[[Sequence[Call], str], list[str]]] = {
    "apart": _apart,
    "tagged": _tagged,
    "by_parameter": _by_parameter,
}


def _is_forced(request: JsonObject, known: AnswerCalls) -> bool:
    """Whether the request names the function, so that its name is no part of the answer."""
    choice = request.get("tool_choice") or request.get("function_call")
    offered = request.get("tools")
    if isinstance(choice, dict):
        return choice.get("type", "function") == "function"
    return choice == "required" and known.sole_required and isinstance(offered, list) and len(offered) == 1


def _through_wrapper(calls: Sequence[Call], known: AnswerCalls) -> bool:
    """Whether the model called the function that stands for several calls; it may do so for one."""
    if len(calls) > 1:
        if known.several is None:
            raise _never_measured()
        return known.several == "wrapped"
    if known.alone is None:
        raise _never_measured()
    return known.alone == "marked" and _is_rewritten(calls[0].arguments)


def _is_rewritten(arguments: str) -> bool:
    """Whether the provider wrote the arguments again, with spaces, as it does for what was wrapped."""
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return False
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return arguments != compact and arguments in (json.dumps(value), json.dumps(value, ensure_ascii=False))


def _call(function: Json) -> Call:
    name, arguments = (
        (function.get("name"), function.get("arguments")) if isinstance(function, dict) else (None,) * 2
    )
    if not isinstance(name, str) or not isinstance(arguments, str):
        raise Uncountable("tool_calls", "a call that is not a function's name with its arguments")
    return Call(None, name, arguments)


def _never_measured() -> Uncountable:
    return Uncountable("tool_calls", "calls that were asked for or ended in such a way were never measured")
