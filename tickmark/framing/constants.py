"""The constants of each framing rule, as a spec writes them.

Lives here: names, types and meaning of the numbers.
Does not live here: the numbers (tokenizer_specs/) and the arithmetic (one module per family).
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from tickmark.framing.result import Shape


class _Constants(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class OpenAIMessages(_Constants):
    """Messages of OpenAI's chat and responses interfaces: special tokens around role and text."""

    rule: Literal["openai_messages"]
    per_request: int
    """Tokens added once: the start of the answer, and any text that the provider puts in front."""
    per_message: int
    """Tokens around each message; its role token comes on top."""
    roles: tuple[str, ...]
    """Roles, each one token, that are counted."""
    per_assistant: int | None
    """More tokens per assistant message. null: never measured, so requests with one are not counted."""
    names: bool
    """Whether a named message is headed `role:name`. false: never measured, so names are not counted."""


class MistralMessages(_Constants):
    """Mistral's v7 layout: control tokens around each message and each thinking part."""

    rule: Literal["mistral_messages"]
    per_request: int
    """Tokens added once: the beginning of the sequence, and any text that the provider puts in front."""
    per_request_json: int | None
    """The same, where response_format asks for JSON. null: never measured, so they are not counted."""
    per_role: dict[str, int]
    """Control tokens of one message, by role."""
    per_thinking: int | None
    """Control tokens of one thinking part. null: never measured, so they are not counted."""
    adds_nothing: tuple[Shape, ...]
    """Shapes that were measured to add no tokens of their own."""


class Inputs(_Constants):
    """Embedding inputs: texts, or token ids that count as many as there are."""

    rule: Literal["inputs"]
    per_input: int
    """Tokens added to each input."""


class ProxyText(_Constants):
    """Every text of a request, counted with a vocabulary that is not the biller's; calibration follows."""

    rule: Literal["proxy_text"]
    per_request: int
    """Tokens of the biller added once."""
    per_message: int
    """Tokens of the biller added for each message."""
    per_tool: int = 0
    """Tokens of the biller added for each tool definition."""
    per_call: int = 0
    """Tokens of the biller added for each tool call and each tool result in the messages."""
    tool_prompt: dict[str, int] = {}
    """Tokens that the presence of tools adds, by type of tool_choice. Empty: none are told apart."""
    thinking: int = 0
    """Tokens that thinking adds, where it is enabled."""


Framing: TypeAlias = Annotated[
    OpenAIMessages | MistralMessages | Inputs | ProxyText, Field(discriminator="rule")
]
