"""Answers of chat completions: the text that is billed as output, and the tokens that end it.

Lives here: which answers are plain text, and what their ending costs. Does not live here: requests (the
modules beside this one), and hidden reasoning, which is billed and never shown.

Source: recorded exchanges, docs/parity.md; the numbers are in tokenizer_specs/ (`answers`).
"""

from collections.abc import Mapping

from tickmark.formats import JsonObject
from tickmark.framing.constants import Answers
from tickmark.framing.result import Framed, Uncountable

_ENDED, _CUT = "stop", "length"
_SPOKEN = frozenset({"role", "content"})


def frame(request: JsonObject, answer: JsonObject, rule: Answers) -> Framed:
    """Overhead and segments of an answer; raise Uncountable where it is more than text."""
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        raise Uncountable("none", "the log holds no text of the answer")
    framed = Framed(0, [])
    for choice in choices:
        if not isinstance(choice, dict):
            raise Uncountable("other", "an answer that no rule places")
        framed.segments.append(_text(choice.get("message")))
        framed.overhead_tokens += _end(request, choice.get("finish_reason"), rule)
    return framed


def _text(message: object) -> str:
    if not isinstance(message, dict):
        raise Uncountable("none", "the log holds no text of the answer")
    if message.get("tool_calls") or message.get("function_call"):
        raise Uncountable("tool_calls", "what an answer's calls cost was never measured")
    if any(value for field, value in message.items() if field not in _SPOKEN):
        raise Uncountable("other", "a part of the answer that no rule places")
    content = message.get("content")
    if not isinstance(content, str):
        raise Uncountable("other", "an answer without text")
    return content


def _end(request: Mapping[str, object], reason: object, rule: Answers) -> int:
    if reason == _CUT:
        return 0
    if reason != _ENDED:
        raise Uncountable("other", "an answer that ended in a way that was never measured")
    if request.get("stop") is not None:
        raise Uncountable("other", "a stop sequence that ended the answer is billed, and not shown")
    if not (request.get("tools") or request.get("functions")):
        return rule.ends_with
    wanted, choice = (
        request.get("response_format"),
        request.get("tool_choice") or request.get("function_call"),
    )
    has_schema = isinstance(wanted, dict) and wanted.get("type") == "json_schema"
    if rule.ends_with_tools is None or has_schema or choice == "none":
        raise Uncountable("tools", "answers to such offers of tools were never measured")
    return rule.ends_with_tools
