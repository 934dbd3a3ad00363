"""Calls of tools in an answer: how they were written, as far as the log shows it.

Lives here: one call, several calls, a function that had to be called.
Does not live here: the text of an answer (answers), and calls that a request sends back (openai_calls).

Source: recorded exchanges, docs/parity.md; docs/openai_rendering.md for the wrapper of several calls.
"""

import json
from collections.abc import Mapping, Sequence

from tickmark.formats import Json, JsonObject
from tickmark.framing.constants import AnswerCalls, Answers
from tickmark.framing.openai_calls import PARALLEL, Call, wrapped
from tickmark.framing.result import Framed, Uncountable

_CALLED = (None, "tool_calls", "function_call")
_FORCED = (None, "stop")
_FREE = (None, "", "auto", "required")


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


def add(calls: Sequence[Call], request: JsonObject, reason: Json, rule: Answers, framed: Framed) -> None:
    """Count the calls of one answer; raise Uncountable where the log does not show what was written."""
    known = rule.calls
    if known is None:
        raise Uncountable("tool_calls", "what an answer's calls cost was never measured")
    framed.overhead_tokens += rule.ends_with
    if _is_forced(request, known):
        if len(calls) > 1 or not known.forced or reason not in _FORCED:
            raise _never_measured()
        framed.segments.append(calls[0].arguments)
        return
    choice = request.get("tool_choice") or request.get("function_call")
    if reason not in _CALLED or not (isinstance(choice, dict) or choice in _FREE):
        raise _never_measured()
    if _through_wrapper(calls, known):
        text, measured = wrapped(calls)
        if not measured:
            raise _never_measured()
        framed.overhead_tokens += known.per_call
        framed.segments += [PARALLEL, text]
        return
    for call in calls:
        framed.overhead_tokens += known.per_call
        framed.segments += [known.before_name + call.function, call.arguments]


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
        raise Uncountable(
            "tool_calls", "whether a lone call went through the wrapper of several is not shown"
        )
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
