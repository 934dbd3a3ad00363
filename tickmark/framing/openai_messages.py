"""OpenAI's messages, one by one, as both of its text interfaces count them.

Lives here: header and text of a message, and the choice among offered tools.
Does not live here: a whole request (openai_chat, openai_responses).

Source: the token-counting notebook of the OpenAI cookbook (models up to gpt-4o-2024-08-06) gives 3 + role +
text per message and 3 per request; `role:name`, joined parts and later models were measured on exchanges.
"""

from collections.abc import Mapping

from tickmark.framing.constants import OpenAIMessages, OpenAIResponses, OpenAITools
from tickmark.framing.functions import forced_function
from tickmark.framing.result import Framed, Uncountable, joined_text, refuse_unplaced

ROLE_TOKENS = 1
FUNCTION = "functions."
"""What stands before the name of every function of the caller."""
_FIELDS = frozenset({"role", "content", "name"})


def add_message(message: Mapping[str, object], rule: OpenAIMessages, framed: Framed) -> None:
    """Count a message of a chat that holds nothing but text."""
    refuse_unplaced(message, _FIELDS, "message")
    add_header(message, rule, framed)
    framed.segments.append(joined_text(message.get("content"), "text"))


def add_header(message: Mapping[str, object], rule: OpenAIMessages | OpenAIResponses, framed: Framed) -> None:
    """Count what stands around a message's text; a named one also adds its header `role:name`, a segment."""
    role, name = message.get("role"), message.get("name")
    if role not in rule.roles:
        raise Uncountable("other", "a message role that was never measured for this model")
    framed.overhead_tokens += rule.per_message
    if role == "assistant":
        if rule.per_assistant is None:
            raise Uncountable("other", "assistant messages were never measured for this model")
        framed.overhead_tokens += rule.per_assistant
    if not name:
        framed.overhead_tokens += ROLE_TOKENS
        return
    if not rule.names or not isinstance(name, str):
        raise Uncountable("other", "message names were never measured for this model")
    framed.segments.append(f"{role}:{name}")


def add_choice(body: Mapping[str, object], tools: OpenAITools, framed: Framed) -> None:
    """Count offered tools beside their section, and what the choice among them adds."""
    framed.overhead_tokens += tools.per_request
    choice = body.get("tool_choice") or body.get("function_call")
    if not choice or choice == "auto":
        return
    added: int | None = None
    if choice == "required":
        added = tools.choice_required
    elif choice == "none":
        added = tools.choice_none
    elif isinstance(choice, dict) and (name := forced_function(choice)) is not None:
        added = tools.choice_forced
        if tools.names_forced:
            framed.segments.append(FUNCTION + name)
    if added is None:
        raise Uncountable("tools", "a choice of tools that was never measured for this model")
    framed.overhead_tokens += added
