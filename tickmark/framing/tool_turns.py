"""Messages with tools as messages of text, for chat templates.

Lives here: where a template puts tools, calls and results, and in which order they were measured.
Does not live here: their texts (template_tools), turns (chat_template).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tickmark.framing import template_tools
from tickmark.framing.constants import ChatTemplate, Turn
from tickmark.framing.functions import refuse_form
from tickmark.framing.result import (
    TOOL_SHAPES,
    Framed,
    Request,
    Uncountable,
    joined_text,
    refuse_unplaced,
)
from tickmark.framing.template_tools import SPECIAL
from tickmark.framing.tool_constants import PastCalls, TemplateTools
from tickmark.months import day_of

_RESULT_FIELDS = frozenset({"role", "content", "tool_call_id"})
_ANSWER: Mapping[str, object] = {"role": "assistant"}
"""What the request asks for, after its last message."""

Message = Mapping[str, object]


def known_tools(request: Request, rule: ChatTemplate) -> TemplateTools | None:
    """How the request's tools and calls are written; None where it has none, or that was never measured."""
    if request.shape not in TOOL_SHAPES or not rule.tools:
        return None
    known = next((each for each in rule.tools if each.holds(day_of(request.started_at))), None)
    if known is None:
        raise Uncountable(request.shape, "tools at that time were never measured for this model")
    return None if known.calls is None and request.shape == "tool_calls" else known


def result_turn(known: TemplateTools) -> dict[str, Turn]:
    """The turn of a run of results."""
    return {} if known.calls is None else {"tool": Turn(tokens=known.calls.results.tokens)}


def segments(text: str) -> list[str]:
    """The texts between special tokens."""
    return text.split(SPECIAL)


def as_text(
    given: list[Message], request: Request, rule: ChatTemplate, known: TemplateTools, framed: Framed
) -> list[Message]:
    """The same messages with tools, calls and results as text; what a choice adds is counted."""
    refuse_form(request.body)
    written = list(_messages(given, rule, known, framed))
    tools, choice = request.body.get("tools"), request.body.get("tool_choice")
    if not tools or (choice == "none" and known.none_hides):
        # Past calls without an offer were never seen on a bill.
        framed.measured &= request.shape == "tools"
        return written
    offer = template_tools.offered(tools, known)
    framed.measured &= offer.measured
    framed.overhead_tokens += known.offered.tokens + template_tools.choice_tokens(choice, known)
    return _with_offer(written, offer.text, rule, known)


def _with_offer(
    written: list[Message], offer: str, rule: ChatTemplate, known: TemplateTools
) -> list[Message]:
    """The offer stands under the system text, which all join where a template puts it first."""
    at = [n for n, message in enumerate(written) if message.get("role") == "system"]
    if not at:
        return [_system(known.offered.default_system, offer, known), *written]
    last = at[-1]
    if rule.systems_joined_by is None and at != [0]:
        raise Uncountable("tools", "tools beside a system message that does not open the chat")
    text = joined_text(written[last].get("content"), "text", rule.parts_joined_by)
    return [*written[:last], {**written[last], **_system(text, offer, known)}, *written[last + 1 :]]


def _system(text: str, offer: str, known: TemplateTools) -> Message:
    between = known.offered.under_system if text else ""
    if between is None:
        raise Uncountable("tools", "tools beside a system message were never measured for this model")
    return {"role": "system", "content": text + between + offer}


def _messages(
    given: list[Message], rule: ChatTemplate, known: TemplateTools, framed: Framed
) -> Iterator[Message]:
    """Each message, a run of results as one: a result for each call before it, and an answer after it."""
    calls, results = 0, list[Message]()
    for message in (*given, _ANSWER):
        if message.get("role") == "tool":
            results.append(message)
            continue
        if len(results) != calls or (calls and message.get("role") != "assistant"):
            raise Uncountable("tool_calls", "an order of calls and results that was never measured")
        if results and known.calls is not None:
            yield _result(results, rule, known.calls, known)
        if message is not _ANSWER:
            yield _said(message, rule, known, framed)
        called = message.get("tool_calls")
        calls, results = len(called) if isinstance(called, list) else 0, []


def _result(results: list[Message], rule: ChatTemplate, calls: PastCalls, known: TemplateTools) -> Message:
    for message in results:
        refuse_unplaced(message, _RESULT_FIELDS, "message")
    texts = [_text(message, rule) for message in results]
    return {"role": "tool", "content": template_tools.results(texts, calls.results, known)}


def _said(message: Message, rule: ChatTemplate, known: TemplateTools, framed: Framed) -> Message:
    called: Any = message.get("tool_calls")
    # Templates differ in whether they keep thoughts where tools are offered.
    framed.measured &= not any(message.get(field) for field in rule.ignored)
    if not called:
        return {**message, "content": _text(message, rule)}
    said = "" if message.get("content") is None else _text(message, rule)
    if known.calls is None or message.get("role") != "assistant" or (said and known.calls.under_text is None):
        raise Uncountable("tool_calls", "calls in such a message were never measured for this model")
    written = template_tools.calls(called, known.calls, known)
    framed.measured &= written.measured
    between = known.calls.under_text if said else ""
    kept = {field: value for field, value in message.items() if field != "tool_calls"}
    return {**kept, "content": f"{said}{between}{written.text}"}


def _text(message: Message, rule: ChatTemplate) -> str:
    return template_tools.plain(joined_text(message.get("content"), "text", rule.parts_joined_by))
