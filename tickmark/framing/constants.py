"""The constants of each framing rule, as a spec writes them.

Lives here: names, types and meaning of the numbers.
Does not live here: the numbers (tokenizer_specs/) and the arithmetic (one module per family).
"""

from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from tickmark.framing.result import Shape
from tickmark.framing.tool_constants import TemplateTools
from tickmark.strictyaml import Strict, problem

ModelGlob = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._:/@*-]{1,100}$")]


class OpenAITools(Strict):
    """Offered tools. A choice that is null was never measured, and requests with it are not counted."""

    written: Literal["commented", "plain"]
    """How their schemas are written as TypeScript (typescript.py)."""
    per_request: int
    """Tokens beside those of the section."""
    choice_required: int | None
    """Tokens for `tool_choice: required`."""
    choice_none: int | None
    """Tokens for `tool_choice: none`."""
    choice_forced: int | None
    """Tokens for a function that must be called, beside its name."""
    names_forced: bool
    """Whether that function's name opens the answer and is counted."""


class OpenAICalls(Strict):
    """Past calls of tools and their results. What is false or null was never measured, and is not counted."""

    per_call: int
    """Tokens of a call beside its message, its function's name and its arguments."""
    per_result: int
    """Tokens of a result on top of `per_message`, beside its function's name and its text."""
    beside_text: bool
    """Whether a call in a message with a text of its own was measured."""
    parallel: bool
    """Whether several calls in one message were measured."""
    escaped_until: date | None
    """First day on which the results of such calls are no longer known to be escaped to ASCII."""
    unescaped_from: date | None
    """First day on which they are known not to be."""


class OpenAIAnswerSchema(Strict):
    """A schema for the answer."""

    per_name: int | None
    """Tokens beside the schema's name where that heads an answer. null: it heads none."""
    beside_tools: bool
    """Whether requests with tools and a schema were measured; if not, they are not counted."""


class OpenAIAdditions(Strict):
    """What OpenAI's servers write into a chat beside its messages. null: never measured, not counted."""

    heading: str
    """Text before an opening system message that carries a section."""
    late_system: bool
    """Whether a section was measured where a system message comes, but does not open the chat."""
    tools: OpenAITools | None
    calls: OpenAICalls | None
    answer_schema: OpenAIAnswerSchema | None


class _OpenAI(Strict):
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


class OpenAIMessages(_OpenAI):
    """Messages of OpenAI's chat and responses interfaces: special tokens around role and text."""

    rule: Literal["openai_messages"]
    additions: OpenAIAdditions | None = None
    """Of the chat interface. Absent: only plain text is counted."""


class OpenAIResponses(_OpenAI):
    """The responses interface, where calls and sections of hidden text stand by themselves."""

    rule: Literal["openai_responses"]
    per_sections: int
    """Tokens around the hidden sections, if there are any."""
    per_call: int
    """Tokens of a past call beside its function's name, which counts twice, and its arguments."""
    per_result: int
    """Tokens of a result beside its text."""
    tools: OpenAITools


class MistralTools(Strict):
    """Offered tools, past calls and results of Mistral, each between control tokens."""

    per_offer: int
    """Control tokens around the list of offered tools."""
    per_call: int
    """Control tokens of a past call: before its name and before its arguments."""
    per_result: int
    """Control tokens of a result."""
    per_id: int | None
    """Control tokens before a call's id, which its result repeats. null: ids are not written."""
    choices: dict[Literal["auto", "none", "required", "forced"], int]
    """Tokens that a choice among the tools adds, `forced` beside the function's name. A choice that is not
    here was never measured, and requests with it are not counted."""


class MistralMessages(Strict):
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
    tools: MistralTools | None = None
    """Absent: never measured, so requests with tools or calls are not counted."""


class Inputs(Strict):
    """Embedding inputs and plain prompts: texts, or token ids that count as many as there are."""

    rule: Literal["inputs"]
    per_input: int
    """Tokens added to each input."""


class Turn(Strict):
    """One message of a chat template."""

    tokens: int
    """Special tokens around it, and text between special tokens that never meets the message's text."""
    before: str = ""
    """Text between the special tokens, directly before the message's: the two are counted as one."""
    after: str = ""
    """The same, directly after."""


class ChatTemplate(Strict):
    """Chat of an open model, by its published template as its host renders it."""

    rule: Literal["chat_template"]
    per_request: int
    """Tokens added once: the beginning of the sequence, the start of the answer, text put in front."""
    per_request_json: int | None
    """The same, where response_format asks for JSON. null: never measured, so they are not counted."""
    turns: dict[str, Turn]
    """By role; a message of another role is not counted."""
    always_system: bool = False
    """Whether a request without a system message gets an empty one."""
    systems_joined_by: str | None = None
    """All system texts are put first as one, with this between them. null: each stays where it is."""
    parts_joined_by: str = ""
    """What the host puts between the text parts of one message."""
    neighbours_joined_by: str | None = None
    """Neighbouring messages of one role are one turn, with this between them. null: each is a turn."""
    continues_answer: bool = False
    """Whether an assistant message at the end begins the answer. false: never measured, so not counted."""
    trims: bool = False
    """Whether white space around a message is left out."""
    drops_thinking: bool = False
    """Whether an assistant message is counted only from behind its last `</think>`."""
    ignored: tuple[str, ...] = ()
    """Message fields that add nothing (measured)."""
    tools: tuple[TemplateTools, ...] = ()
    """How tools and calls are written, by days. Empty: never measured, so not counted."""

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        if any(one.overlaps(other) for one, other in combinations(self.tools, 2)):
            raise problem("`tools` whose days do not overlap", "correct `from` and `until`")
        return self


Share = Annotated[Decimal, Field(ge=0, lt=10_000, decimal_places=2)]
"""Measured tokens; a median of bills, so not always whole."""


class ProxyText(Strict):
    """Every text of a request, counted with a vocabulary that is not the biller's; calibration follows."""

    rule: Literal["proxy_text"]
    tools_written: Literal["json", "words"] = "json"
    """Definitions of tools as compact JSON, or as their words alone: names, types, descriptions, choices."""
    per_request: Share
    """Tokens of the biller added once."""
    per_message: Share
    """Tokens of the biller added for each message."""
    per_tool: Share = Decimal(0)
    """Tokens of the biller added for each tool definition."""
    per_property: Share = Decimal(0)
    """Tokens of the biller added for each property in the schemas of tools."""
    per_call: Share = Decimal(0)
    """Tokens of the biller added for each tool call and each tool result in the messages."""
    tool_prompt: dict[str, Share] = Field({})
    """Tokens that the presence of tools adds, by type of tool_choice, and by that with `_single` behind it
    where only one call at a time is allowed. Empty: none are told apart."""
    thinking: Share = Decimal(0)
    """Tokens that thinking adds, where it is enabled."""


Framing: TypeAlias = Annotated[
    OpenAIMessages | OpenAIResponses | MistralMessages | ChatTemplate | Inputs | ProxyText,
    Field(discriminator="rule"),
]
