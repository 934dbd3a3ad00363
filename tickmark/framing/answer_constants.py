"""The constants of what answers cost, as a spec writes them.

Lives here: names, types and meaning of the numbers. Does not live here: the numbers (tokenizer_specs/), the
arithmetic (answers, answer_calls) and the constants of requests (constants).
"""

from typing import Literal

from tickmark.framing.constants import ModelGlob
from tickmark.framing.dated import Dated
from tickmark.strictyaml import Strict


class AnswerCalls(Strict):
    """Calls of tools in an answer, of which a log shows the name and the arguments."""

    written: Literal["apart", "tagged", "by_parameter"] = "apart"
    """How they stand in the answer: name and arguments between special tokens; a JSON document in tags; or
    DeepSeek's markup, parameter by parameter."""
    before_name: str = ""
    """Text that stands before a function's name and counts as one with it."""
    per_call: int
    """Tokens of a call beside its name and its arguments, and beside what ends the answer."""
    per_answer: int = 0
    """Tokens of all calls together."""
    alone: Literal["plain", "marked", "unseen"] | None
    """How one call was written: as itself; or through the wrapper of several if its arguments hold spaces; or
    either way, and the log does not show which. null: never measured."""
    several: Literal["each", "wrapped"] | None
    """How several calls were written: each by itself, or as one. null: never measured."""
    beside_text: bool = False
    """Whether calls behind a text were measured."""
    forced: Literal["arguments", "whole"] | None = None
    """What is billed of a function that must be called: its arguments alone, or all. null: never measured."""
    sole_required: bool = False
    """Whether `required` says the same where one function is offered."""


class Answers(Dated):
    """What an answer costs beside its text, in a span of days."""

    models: tuple[ModelGlob, ...] = ()
    """Models of the rule for which it was measured. Empty: all."""
    ends_with: int | None
    """Tokens for the end of an answer that ended by itself; one that was cut has none. null: it differed."""
    ends_with_tools: int | None = None
    """The same where the request offers tools. null: never measured."""
    ends_with_thoughts: int | None = None
    """The same after reasoning, without tools. null: never measured."""
    ends_with_both: int | None = None
    """The same after reasoning where tools are offered. null: never measured."""
    thoughts_up_to: int = 0
    """Tokens that an answer may cost on top after reasoning, and nothing in it says how many."""
    thoughts: tuple[str, ...] = ()
    """Message fields that hold reasoning, which is billed apart."""
    shown: tuple[str, ...] = ()
    """Message fields that hold reasoning, which is billed as part of the answer."""
    stops: Literal["free", "unseen"] | None = None
    """Where the request names stop sequences: nothing is billed behind the text; or its end, or the sequence
    that ended it, and the log does not show which. null: never measured."""
    formats: tuple[Literal["json_object", "json_schema"], ...] = ()
    """Forms of the answer that were measured, and add nothing without tools."""
    per_schema_name: int | None = None
    """Tokens beside the name of the answer's schema, which counts where tools are offered too. null: never
    measured."""
    names_schema: bool = False
    """Whether that name counts without tools as well."""
    calls: AnswerCalls | None = None
    """Calls of tools. null: never measured."""
    evidence: str
