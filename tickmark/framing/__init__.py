"""From a request body to the texts that its provider counts: one module per family of request.

Lives here: which module frames which rule and operation.
Does not live here: vocabularies (tokenizers/) and which rule a model follows at a date (specs).

A segment is the text between two special tokens, so segments never merge with each other and each unique one
is counted once, however many requests resend it.
"""

from collections.abc import Callable
from typing import Any

from tickmark.framing import (
    chat_template,
    inputs,
    mistral_chat,
    openai_chat,
    openai_responses,
    proxy_text,
)
from tickmark.framing.result import Framed, Request

Framer = Callable[[Request, Any], Framed]
"""From a request and the rule's constants; raises Uncountable."""

FRAMERS: dict[tuple[str, str], Framer] = {
    ("openai_messages", "chat"): openai_chat.frame,
    ("openai_messages", "responses"): openai_responses.frame_text,
    ("openai_responses", "responses"): openai_responses.frame,
    ("mistral_messages", "chat"): mistral_chat.frame,
    ("chat_template", "chat"): chat_template.frame,
    ("inputs", "embeddings"): inputs.frame,
    ("inputs", "completions"): inputs.frame,
    **{
        ("proxy_text", operation): proxy_text.frame
        for operation in ("chat", "messages", "generate_content", "embeddings")
    },
}
