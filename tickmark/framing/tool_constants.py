"""How a chat template writes tools, past calls and their results, as a spec says it.

Lives here: the fixed texts and what they stand for. Does not live here: putting them together
(template_tools), and the numbers and texts of any host (tokenizer_specs/).

A text may hold the special tokens that `special` names, one token each, and names in braces, which stand for
parts of the request; other braces are text.
"""

from typing import Literal

from tickmark.framing.dated import Dated
from tickmark.strictyaml import Strict


class _Listed(Strict):
    before: str = ""
    """Text before the first."""
    each: str
    """Text of one."""
    between: str | None
    """Text between two. null: several were never measured, and are not counted."""
    after: str = ""
    """Text after the last."""


class OfferedTools(_Listed):
    """Tools that a request offers.

    `each` may name `{name}` and `{description}`, and as JSON `{parameters}`, `{function}` and `{tool}`.
    """

    layout: Literal["spaced", "indented", "typescript"] = "spaced"
    """How JSON is written: on one line with spaces, or a line for each member. `typescript`: the function as
    OpenAI's models read it."""
    sorted_keys: bool = False
    """Whether members are sorted by name. false: as the request has them."""
    default_system: str = ""
    """System text of a request without one."""
    under_system: str | None = "\n\n"
    """Text between the system text and the tools. null: never measured, so both together are not counted."""
    tokens: int = 0
    """Tokens that stand elsewhere in the prompt where tools are offered."""


class CallResults(_Listed):
    """A run of results; `each` may name `{content}`."""

    tokens: int
    """Tokens beside its text and the special tokens in it, less those that the answer after it lacks."""


class PastCalls(_Listed):
    """Calls in an assistant's message; `each` may name `{name}` and `{arguments}`."""

    under_text: str | None
    """Text between the message's own text and the calls. null: such a message was never measured."""
    arguments: Literal["given", "spaced", "listed"]
    """The string as the request has it; its JSON written anew; or each argument by `argument`."""
    argument: str = ""
    """One argument on a line of its own: `{key}`, `{value}` (text as it is, else JSON), `{is_text}`."""
    results: CallResults


class TemplateTools(Dated):
    """Tools as a chat template writes them, in a span of days."""

    special: tuple[str, ...]
    """Special tokens in the texts here; in a text of the request they are text."""
    offered: OfferedTools
    calls: PastCalls | None
    """null: never measured, so requests with past calls are not counted."""
    none_hides: bool
    """Whether `tool_choice: none` leaves the tools out. false: never measured, and not counted."""
    choices: dict[Literal["required", "forced"], int]
    """Tokens that a choice adds; one that is not here was never measured, and is not counted."""
    evidence: str
