"""Mistral chat: the v7 layout on tekken.

Lives here: control tokens per message, thinking parts. Does not live here: tools and calls (mistral_tools).

Source: the instruct renderer of mistral-common 1.13.1, and recorded exchanges. That renderer joins
neighbouring messages of one role before it counts; no exchange shows the service doing so, hence refused.
"""

from collections.abc import Iterator, Mapping

from tickmark.framing import mistral_tools
from tickmark.framing.additions import addition
from tickmark.framing.constants import MistralMessages
from tickmark.framing.result import (
    TOOL_SHAPES,
    Framed,
    Request,
    Uncountable,
    joined_text,
    messages,
    part_text,
    per_request,
    refuse_unplaced,
)

_PLACED = frozenset({"messages", "response_format", "tools"})
_MESSAGE_FIELDS = frozenset({"role", "content", "tool_calls"})
ORDER = "an order of message roles that was never measured"
_THINKING_FIELDS = frozenset({"type", "thinking"})


def frame(request: Request, rule: MistralMessages) -> Framed:
    """Overhead and segments of a chat completion request."""
    framed = addition(request.shape, rule.adds_nothing + (TOOL_SHAPES if rule.tools else ()))
    refuse_unplaced(request.body, request.silent_fields | _PLACED, "request")
    framed.overhead_tokens += per_request(request.body, rule.per_request, rule.per_request_json)
    if rule.tools is not None and request.shape in TOOL_SHAPES:
        mistral_tools.add_offer(request.body, rule.tools, framed)
    previous: object = None
    for message in messages(request.body, "messages"):
        role = message.get("role")
        if role == "tool" and rule.tools is not None:
            mistral_tools.add_result(message, rule.tools, framed)
        elif role == previous:
            raise Uncountable("other", ORDER)
        else:
            _add_message(message, rule, framed)
        previous = role
    if previous == "assistant":
        raise Uncountable("other", "a prefix of the answer was never measured")
    return framed


def _add_message(message: Mapping[str, object], rule: MistralMessages, framed: Framed) -> None:
    refuse_unplaced(message, _MESSAGE_FIELDS, "message")
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in rule.per_role:
        raise Uncountable("other", ORDER)
    framed.overhead_tokens += rule.per_role[role]
    if rule.tools is not None and message.get("tool_calls"):
        mistral_tools.add_calls(message, rule.tools, framed)
        content = content or ""
    for segment, control_tokens in _segments(content, rule):
        framed.segments.append(segment)
        framed.overhead_tokens += control_tokens


def _segments(content: object, rule: MistralMessages) -> Iterator[tuple[str, int]]:
    """Each text between control tokens, with the control tokens it brings."""
    if not isinstance(content, list):
        yield joined_text(content, "text"), 0
        return
    run: list[str] = []
    for part in content:
        if isinstance(part, dict) and part.get("type") == "thinking":
            if rule.per_thinking is None:
                raise Uncountable("other", "thinking parts were never measured for this model")
            refuse_unplaced(part, _THINKING_FIELDS, "message part")
            yield "".join(run), 0
            yield joined_text(part.get("thinking"), "text"), rule.per_thinking
            run = []
        else:
            run.append(part_text(part, "text"))
    yield "".join(run), 0
