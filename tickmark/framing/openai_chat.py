"""OpenAI chat completions.

Lives here: a whole request: where hidden sections stand among its messages, and what opens the answer.
Does not live here: one message (openai_messages), past calls (openai_calls), the sections (additions).

Source of what tools, calls and schemas cost: docs/openai_rendering.md.
"""

from collections.abc import Mapping, Sequence

from tickmark.framing import additions
from tickmark.framing.additions import Hidden
from tickmark.framing.constants import OpenAIAdditions, OpenAIMessages
from tickmark.framing.openai_calls import PastCalls, spoken, turns_of
from tickmark.framing.openai_messages import ROLE_TOKENS, add_choice, add_message
from tickmark.framing.result import Framed, Request, Uncountable, messages, refuse_unplaced

Message = Mapping[str, object]

_PLACED = frozenset({"messages", "tools", "functions"})
_HOSTS = ("system", "developer")


def frame(request: Request, rule: OpenAIMessages) -> Framed:
    """Overhead and segments of a chat completion request."""
    if rule.additions is not None and request.shape != "text":
        return _with_additions(request, rule, rule.additions)
    framed = additions.addition(request.shape)
    framed.overhead_tokens += rule.per_request
    refuse_unplaced(request.body, request.silent_fields | _PLACED, "request")
    for message in messages(request.body, "messages"):
        add_message(message, rule, framed)
    return framed


def _with_additions(request: Request, rule: OpenAIMessages, known: OpenAIAdditions) -> Framed:
    hidden = additions.openai_chat(request.body, request.shape, known)
    refuse_unplaced(request.body, request.silent_fields | _PLACED, "request")
    framed = Framed(rule.per_request, [], hidden.measured)
    turns = messages(request.body, "messages")
    hosted = _add_sections(turns, hidden, rule, known, framed)
    past = PastCalls(rule, known.calls, request.started_at, framed)
    for turn in turns_of(turns[hosted:]):
        message = turn[0]
        if message.get("tool_calls") or message.get("function_call"):
            if beside := spoken(message):
                _add_text(beside, hidden, rule, known, framed)
            past.add_calls(message, turn[1:])
        elif message.get("role") in ("tool", "function"):
            past.add_result(message)
        else:
            _add_text(message, hidden, rule, known, framed)
    if hidden.tools is not None:
        add_choice(request.body, hidden.tools, framed)
    else:
        _add_answer_name(hidden, known, framed)
    return framed


def _add_sections(
    turns: Sequence[Message], hidden: Hidden, rule: OpenAIMessages, known: OpenAIAdditions, framed: Framed
) -> int:
    """Count the hidden sections; the number of messages that were counted with them: 0 or 1."""
    if not hidden.sections:
        return 0
    if turns and turns[0].get("role") in _HOSTS:
        add_message(turns[0], rule, framed)
        text = framed.segments.pop()
        framed.segments += [known.heading + (f"{text}\n\n" if text else ""), *hidden.sections]
        return 1
    if not known.late_system and any(turn.get("role") in _HOSTS for turn in turns):
        raise Uncountable("other", "a system message that does not open the chat was never measured here")
    framed.overhead_tokens += rule.per_message + ROLE_TOKENS
    framed.segments += hidden.sections
    return 0


def _add_text(
    message: Message, hidden: Hidden, rule: OpenAIMessages, known: OpenAIAdditions, framed: Framed
) -> None:
    add_message(message, rule, framed)
    if message.get("role") == "assistant":
        _add_answer_name(hidden, known, framed)


def _add_answer_name(hidden: Hidden, known: OpenAIAdditions, framed: Framed) -> None:
    """The name of the answer's schema heads every answer, past ones too."""
    schema = known.answer_schema
    if hidden.answer_name is not None and schema is not None and schema.per_name is not None:
        framed.overhead_tokens += schema.per_name
        framed.segments.append(hidden.answer_name)
