"""What a provider's servers add to a request beside its messages: rendered tools and schemas.

Lives here: the one place where such a rendering joins a count, whatever the family; every shape without one
is refused with its reason, except where a spec says that the shape adds nothing.
Does not live here: how a section is written (sections), and the framing of messages (one module per family).
"""

from collections.abc import Collection
from dataclasses import dataclass

from tickmark.formats import Json, JsonObject
from tickmark.framing import sections
from tickmark.framing.constants import OpenAIAdditions, OpenAITools
from tickmark.framing.result import Framed, Shape, Uncountable
from tickmark.framing.sections import Layout, Section
from tickmark.framing.shapes import PLAIN_ANSWERS

REASONS: dict[Shape, str] = {
    "state": "part of the prompt is held by the provider, not by the log",
    "media": "images, audio and files are billed by rules that are not counted here",
    "tools": "no rendering of tools into the prompt is proved for this model",
    "tool_calls": "no rendering of past tool calls is proved for this model",
    "schema": "no rendering of the answer's schema into the prompt is proved for this model",
    "other": "a part of the request that no rule places",
}
_NEVER_RENDERED = ("state", "media", "other")


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text that the provider writes into a prompt."""

    sections: tuple[str, ...]
    """No token spans two of them, so each is a segment."""
    measured: bool
    tools: OpenAITools | None
    """Set where tools are offered."""
    answer_name: str | None
    """Of the answer's schema."""


def addition(shape: Shape, adds_nothing: Collection[Shape] = ()) -> Framed:
    """Overhead and segments that the shape adds; raise Uncountable where they are not known."""
    if shape != "text" and shape not in adds_nothing:
        raise Uncountable(shape, REASONS[shape])
    return Framed(overhead_tokens=0, segments=[])


def openai_chat(body: JsonObject, shape: Shape, known: OpenAIAdditions) -> Hidden:
    """What OpenAI writes into a chat; raise Uncountable where that is not known."""
    if shape in _NEVER_RENDERED:
        addition(shape)
    tools = _openai_tools(body, "tools", known.tools)
    wanted = _json_schema(body.get("response_format"))
    if wanted is None:
        return _hidden(tools, known.tools, None, None)
    if known.answer_schema is None or (tools is not None and not known.answer_schema.beside_tools):
        raise Uncountable("schema", REASONS["schema"])
    schema = wanted.get("json_schema")
    return _hidden(tools, known.tools, sections.answer(schema), sections.answer_name(schema))


def openai_responses(body: JsonObject, shape: Shape, known: OpenAITools) -> Hidden:
    """What OpenAI writes into a request of its responses interface; raise Uncountable where not known."""
    if shape in _NEVER_RENDERED:
        addition(shape)
    text = body.get("text")
    wanted = _json_schema(text.get("format") if isinstance(text, dict) else None)
    answer = None if wanted is None else sections.answer(wanted)
    return _hidden(_openai_tools(body, "flat", known), known, answer, None)


def _openai_tools(body: JsonObject, layout: Layout, known: OpenAITools | None) -> Section | None:
    """The section of the offered tools, None where there are none."""
    tools, functions = body.get("tools"), body.get("functions")
    if body.get("web_search_options") is not None or (tools and functions):
        raise Uncountable("tools", "tools that the provider runs itself, or two kinds of tools at once")
    if not tools and not functions:
        return None
    if known is None:
        raise Uncountable("tools", REASONS["tools"])
    if functions:
        return sections.tools(functions, "functions", known.written)
    return sections.tools(tools, layout, known.written)


def _json_schema(wanted: Json) -> dict[str, Json] | None:
    """A response format that asks for a schema, None for one that asks for none."""
    if not isinstance(wanted, dict) or wanted.get("type") in PLAIN_ANSWERS:
        return None
    if wanted.get("type") != "json_schema":
        raise Uncountable("schema", "a form of the answer that is not a named schema")
    return wanted


def _hidden(
    tools: Section | None, rule: OpenAITools | None, answer: Section | None, name: str | None
) -> Hidden:
    found = [section for section in (tools, answer) if section is not None]
    # A blank line stands between two sections, and no token goes on from a line's end to "#".
    texts = [section.text + "\n\n" for section in found[:-1]] + [section.text for section in found[-1:]]
    measured = all(section.measured for section in found)
    return Hidden(tuple(texts), measured, None if tools is None else rule, name)
