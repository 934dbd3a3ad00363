"""What framing yields, or why it cannot.

Lives here: the types that every family shares. Does not live here: any family's rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from tickmark.formats import JsonObject

Shape: TypeAlias = Literal["text", "tools", "tool_calls", "schema", "media", "state", "other", "none"]
"""What a request carries beside plain messages, the hardest to count first:

`state` text that only the provider holds · `media` images, audio, files · `tool_calls` past calls of tools or
their results · `tools` definitions of tools, or built-in tools · `schema` a schema for the answer · `other`
something that no rule here places · `text` nothing else · `none` the log holds no text.
"""

TOOL_SHAPES: tuple[Shape, ...] = ("tools", "tool_calls")

SegmentKind: TypeAlias = Literal["text", "tools", "calls", "unseen"]
"""What a segment is: `text` · definitions of `tools`, and `calls` of them, where the calibration of a closed
tokenizer weighs them apart · `unseen`: may be billed on top, and the log does not show whether it was."""

LONGEST_NAME = 40
"""Longer field names are data, not parameters of an interface, and stay out of every report."""

_PART_FIELDS = frozenset({"type", "text"})


@dataclass(frozen=True, slots=True)
class Request:
    """One logged request, as a framing rule is asked about it."""

    body: JsonObject
    shape: Shape
    started_at: datetime | None
    """None where it is not known."""
    silent_fields: frozenset[str]
    """Request fields that are known to add nothing."""


@dataclass(slots=True)
class Framed:
    """Billed input tokens = `overhead_tokens` + the tokens of every segment; a rule adds as it reads."""

    overhead_tokens: int
    segments: list[str]
    measured: bool = True
    """False: some part was never seen on a bill and is counted as its like is, so the count is only near."""
    unseen_tokens: int = 0
    """Tokens that may be billed on top, and the log does not show whether they were."""
    further: dict[SegmentKind, list[str]] = field(default_factory=dict)
    """Segments of other kinds than text."""

    def may_hold(self, texts: Iterable[str]) -> None:
        """Add texts that may be billed on top, and the log does not show whether they were."""
        self.further.setdefault("unseen", []).extend(texts)


class Uncountable(Exception):  # noqa: N818 - a signal between a framing rule and the plan, never shown as an error
    """The request holds something whose tokens are not known; `reason` is for people."""

    def __init__(self, shape: Shape, reason: str) -> None:
        self.shape, self.reason = shape, reason
        super().__init__(reason)


def refuse_unplaced(given: Mapping[str, object], placed: frozenset[str], what: str) -> None:
    """Raise Uncountable where a field carries a value and no rule says what it costs.

    `placed` holds fields, and `field=value` where only that value was measured.
    """
    if given.keys() <= placed:
        return
    for key, value in given.items():
        if value and key not in placed and f"{key}={value}" not in placed:
            name = key if key.isidentifier() and key.isascii() and len(key) <= LONGEST_NAME else "?"
            raise Uncountable("other", f"{what} field `{name}`: no spec says what it costs")


def messages(body: JsonObject, field: str) -> list[Mapping[str, object]]:
    """The list of messages or items under a field; raise Uncountable where it is something else."""
    found = body.get(field)
    if not isinstance(found, list):
        raise Uncountable("other", f"request field `{field}` is not a list")
    turns: list[Mapping[str, object]] = [turn for turn in found if isinstance(turn, dict)]
    if len(turns) != len(found):
        raise Uncountable("other", f"request field `{field}` holds something that is not a message")
    return turns


def per_request(body: JsonObject, plain: int, as_json: int | None) -> int:
    """Tokens added once, which may be others where the answer must be JSON; None was never measured."""
    wanted = body.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") == "text":
        return plain
    if as_json is None:
        raise Uncountable("other", "response formats were never measured for this model")
    return as_json


def joined_text(content: object, part_type: str, between: str = "") -> str:
    """A message's text: the string, or its text parts joined as one string, as the provider counts them."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Uncountable("other", "a message without text")
    return between.join([part_text(part, part_type) for part in content])


def part_text(part: object, part_type: str) -> str:
    """The text of one part; raise Uncountable where it is of another type or carries more than text."""
    if isinstance(part, dict) and part.get("type") == part_type and isinstance(text := part.get("text"), str):
        refuse_unplaced(part, _PART_FIELDS, "message part")
        return text
    raise Uncountable("other", "a message part that no rule places")
