"""OpenAI responses: instructions, then a string or message items, framed as chat messages are.

Lives here: reading that interface's body. Does not live here: the framing of a message (openai_chat).

Source: recorded exchanges; instructions cost as one more message, a string input as one user message.
"""

from collections.abc import Mapping

from tickmark.formats import JsonObject
from tickmark.framing.additions import addition
from tickmark.framing.constants import OpenAIMessages
from tickmark.framing.openai_chat import ROLE_TOKENS, header
from tickmark.framing.result import Framed, Shape, Uncountable, messages, part_text, refuse_unplaced

_PLACED = frozenset({"input", "instructions", "text"})
_TEXT_FIELDS = frozenset({"format"})
_ITEM_FIELDS = frozenset({"type", "role", "content", "id", "status"})


def frame(body: JsonObject, shape: Shape, rule: OpenAIMessages, silent: frozenset[str]) -> Framed:
    """Overhead and segments of a responses request."""
    framed = addition(shape)
    refuse_unplaced(body, silent | _PLACED, "request")
    text = body.get("text")
    if isinstance(text, dict):
        refuse_unplaced(text, _TEXT_FIELDS, "request text")
    overhead = rule.per_request + framed.overhead_tokens
    instructions, given = body.get("instructions"), body.get("input")
    if instructions is not None and (not isinstance(instructions, str) or not instructions):
        raise Uncountable("other", "instructions other than a text were never measured")
    for whole in (instructions, given):
        if isinstance(whole, str):
            framed.segments.append(whole)
            overhead += rule.per_message + ROLE_TOKENS
    if not isinstance(given, str):
        for item in messages(body, "input"):
            refuse_unplaced(item, _ITEM_FIELDS, "message")
            overhead += header(item, rule, framed.segments)
            framed.segments.append(_text(item))
    return Framed(overhead, framed.segments)


def _text(item: Mapping[str, object]) -> str:
    content = item.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Uncountable("other", "a message without text")
    part_type = "output_text" if item.get("role") == "assistant" else "input_text"
    return "".join([part_text(part, part_type) for part in content])
