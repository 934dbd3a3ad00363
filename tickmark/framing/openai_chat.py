"""OpenAI chat completions.

Lives here: the framing of messages, which the responses interface shares.
Does not live here: rendered tools and schemas (additions).

Source: the token-counting notebook of the OpenAI cookbook (models up to gpt-4o-2024-08-06) gives 3 + role +
text per message and 3 per request; `role:name`, joined parts and later models were measured on exchanges.
"""

from collections.abc import Mapping

from tickmark.formats import JsonObject
from tickmark.framing.additions import addition
from tickmark.framing.constants import OpenAIMessages
from tickmark.framing.result import Framed, Shape, Uncountable, joined_text, messages, refuse_unplaced

ROLE_TOKENS = 1
_PLACED = frozenset({"messages"})
_MESSAGE_FIELDS = frozenset({"role", "content", "name"})


def frame(body: JsonObject, shape: Shape, rule: OpenAIMessages, silent: frozenset[str]) -> Framed:
    """Overhead and segments of a chat completion request."""
    framed = addition(shape)
    refuse_unplaced(body, silent | _PLACED, "request")
    overhead = rule.per_request + framed.overhead_tokens
    for message in messages(body, "messages"):
        refuse_unplaced(message, _MESSAGE_FIELDS, "message")
        overhead += header(message, rule, framed.segments)
        framed.segments.append(joined_text(message.get("content"), "text"))
    return Framed(overhead, framed.segments)


def header(message: Mapping[str, object], rule: OpenAIMessages, segments: list[str]) -> int:
    """Overhead of one message; a named one also adds its header `role:name` as a segment."""
    role, name = message.get("role"), message.get("name")
    if role not in rule.roles:
        raise Uncountable("other", "a message role that was never measured for this model")
    overhead = rule.per_message
    if role == "assistant":
        if rule.per_assistant is None:
            raise Uncountable("other", "assistant messages were never measured for this model")
        overhead += rule.per_assistant
    if not name:
        return overhead + ROLE_TOKENS
    if not rule.names or not isinstance(name, str):
        raise Uncountable("other", "message names were never measured for this model")
    segments.append(f"{role}:{name}")
    return overhead
