"""From a request body to the texts that its provider counts: one module per family of request.

Lives here: which module frames which rule and operation.
Does not live here: vocabularies (tokenizers/) and which rule a model follows at a date (specs).

A segment is the text between two special tokens, so segments never merge with each other and each unique one
is counted once, however many requests resend it.
"""

from collections.abc import Callable
from typing import Any

from tickmark.formats import JsonObject
from tickmark.framing import inputs, mistral_chat, openai_chat, openai_responses, proxy_text
from tickmark.framing.result import Framed, Shape

Framer = Callable[[JsonObject, Shape, Any, frozenset[str]], Framed]
"""Body, its shape, the rule's constants, the request fields known to add nothing; raises Uncountable."""

FRAMERS: dict[tuple[str, str], Framer] = {
    ("openai_messages", "chat"): openai_chat.frame,
    ("openai_messages", "responses"): openai_responses.frame,
    ("mistral_messages", "chat"): mistral_chat.frame,
    ("inputs", "embeddings"): inputs.frame,
    **{
        ("proxy_text", operation): proxy_text.frame
        for operation in ("chat", "messages", "generate_content", "embeddings")
    },
}
