"""The sections that OpenAI writes into a prompt: the tools it offers, and the form of the answer.

Lives here: the text of both sections, written once for equal JSON.
Does not live here: a schema as TypeScript (typescript), where the sections stand and what is added for them
(openai_chat, openai_responses).
"""

import json
import marshal
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from tickmark.formats import Json, JsonObject
from tickmark.framing.result import Shape, Uncountable, refuse_unplaced
from tickmark.framing.typescript import MOST_LEVELS, STRANGE, CommentedWriter, PlainWriter, Writer

CACHED_SECTIONS = 512
"""A log resends the same few tools with every request; the bound is for logs that do not."""

Layout: TypeAlias = Literal["tools", "functions", "flat"]
"""How functions are listed: inside tools, by themselves (the older interface), or as tools (responses)."""
Written: TypeAlias = Literal["commented", "plain"]

_WRITERS: dict[Written, type[Writer]] = {"commented": CommentedWriter, "plain": PlainWriter}
_TOOL_FIELDS = frozenset({"type", "function", "name"})
_FUNCTION_FIELDS = frozenset({"type", "name", "description", "parameters", "strict"})
_ANSWER_FIELDS = frozenset({"type", "name", "description", "schema", "strict"})
_ANSWER_KEPT = frozenset(
    {"type", "properties", "items", "anyOf", "title", "description", "const", "$defs", "$ref"}
)
_ANSWER_LEFT_OUT = frozenset(
    {"$schema", "additionalProperties", "required", "default", "minimum", "maximum", "maxItems"}
)
# No bill shows one of these; they are left out as their kin are.
_ANSWER_KIN = frozenset(
    {
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "uniqueItems",
    }
)
_NAMED_SCHEMAS = ("properties", "$defs", "definitions")


class Section(NamedTuple):
    """Hidden text, and whether everything in it was seen on a bill."""

    text: str
    measured: bool


def tools(offered: Json, layout: Layout, written: Written) -> Section:
    """The section of the offered functions; raise Uncountable where it cannot be written."""
    return _found(_tools(_key("tools", offered), layout, written))


def answer(wanted: Json) -> Section:
    """The section of a `json_schema` answer; raise Uncountable where it cannot be written."""
    return _found(_answer(_key("schema", wanted)))


def answer_name(wanted: Json) -> str:
    """The name of a `json_schema` answer; raise Uncountable where it has none."""
    name = wanted.get("name") if isinstance(wanted, dict) else None
    if not isinstance(name, str) or not name:
        raise Uncountable("schema", "a form of the answer that is not a named schema")
    return name


# Failures are remembered too: a log may resend tools that cannot be written.
@lru_cache(CACHED_SECTIONS)
def _tools(offered: bytes, layout: Layout, written: Written) -> Section | Uncountable:
    return _attempt("tools", lambda: _write_tools(_value(offered), layout, _WRITERS[written]()))


@lru_cache(CACHED_SECTIONS)
def _answer(wanted: bytes) -> Section | Uncountable:
    return _attempt("schema", lambda: _write_answer(_value(wanted)))


def _key(shape: Shape, value: Json) -> bytes:
    """Equal bytes for equal JSON, seven times as fast as writing it; they never leave this module."""
    given: Any = value
    try:
        return marshal.dumps(given, _WITHOUT_REFERENCES)
    except ValueError:
        pass
    try:
        # Fractions are decoded as Decimal, which these bytes cannot hold.
        return marshal.dumps(json.loads(json.dumps(given, default=float)), _WITHOUT_REFERENCES)
    except (ValueError, RecursionError):
        raise _unwritable(shape) from None


def _value(key: bytes) -> Json:
    value: Json = marshal.loads(key)  # noqa: S302 - bytes that _key made
    return value


_WITHOUT_REFERENCES = 2
"""The version of the format in which bytes depend on values alone."""


def _attempt(shape: Shape, write: Callable[[], Section]) -> Section | Uncountable:
    try:
        return write()
    except Uncountable as why:
        return Uncountable(why.shape, why.reason)
    except (ValueError, RecursionError):
        return _unwritable(shape)


def _found(section: Section | Uncountable) -> Section:
    if isinstance(section, Uncountable):
        raise Uncountable(section.shape, section.reason)
    return section


def _unwritable(shape: Shape) -> Uncountable:
    return Uncountable(shape, "tools or a schema nested too deep to be written")


def _write_tools(offered: Json, layout: Layout, writer: Writer) -> Section:
    if not isinstance(offered, list):
        raise Uncountable("tools", "tools that are not a list")
    functions = "\n\n".join([_write_function(_function(tool, layout), writer) for tool in offered])
    text = f"# Tools\n\n## functions\n\nnamespace functions {{\n\n{functions}\n\n}} // namespace functions"
    return Section(text, writer.measured)


def _function(tool: Json, layout: Layout) -> Mapping[str, object]:
    function = tool
    if layout != "functions":
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise Uncountable(
                "tools", "tools other than functions run at the provider, or were never measured"
            )
        if layout == "tools":
            refuse_unplaced(tool, _TOOL_FIELDS, "tool")
            function = tool.get("function")
    if not isinstance(function, dict):
        raise Uncountable("tools", "a tool without a function")
    refuse_unplaced(function, _FUNCTION_FIELDS, "function")
    return function


def _write_function(function: Mapping[str, object], writer: Writer) -> str:
    name, description, parameters = (function.get(field) for field in ("name", "description", "parameters"))
    if not (
        isinstance(name, str) and isinstance(description, str | None) and isinstance(parameters, dict | None)
    ):
        raise Uncountable("tools", "a function whose name, description or parameters are of another type")
    return writer.function(name, description or "", parameters or {})


def _write_answer(wanted: Json) -> Section:
    name = answer_name(wanted)
    fields: JsonObject = wanted if isinstance(wanted, dict) else {}
    refuse_unplaced(fields, _ANSWER_FIELDS, "answer format")
    description, schema = fields.get("description"), fields.get("schema")
    if not isinstance(description, str | None) or not isinstance(schema, dict):
        raise Uncountable("schema", "a form of the answer whose description or schema is of another type")
    form = _Form()
    text = json.dumps(form.schema(schema, 0), separators=(",", ":"))
    above = f"// {description}\n" if description else ""
    measured = form.measured and not STRANGE.search(f"{name}{above}")
    return Section(f"# Response Formats\n\n## {name}\n\n{above}{text}", measured)


class _Form:
    """An answer's schema without what its prompt leaves out; key order stays."""

    def __init__(self) -> None:
        self.measured = True

    def schema(self, value: Json, level: int) -> Json:
        if level > MOST_LEVELS:
            raise _unwritable("schema")
        if isinstance(value, list):
            return [self.schema(item, level + 1) for item in value]
        if not isinstance(value, dict):
            if not isinstance(value, str) or STRANGE.search(value):
                self.measured = False
            return value
        if not value.keys() <= _ANSWER_KEPT | _ANSWER_LEFT_OUT:
            self.measured = False
        return {
            key: self._kept(key, inner, level + 1)
            for key, inner in value.items()
            if key not in _ANSWER_LEFT_OUT and key not in _ANSWER_KIN
        }

    def _kept(self, key: str, value: Json, level: int) -> Json:
        if key in _NAMED_SCHEMAS and isinstance(value, dict):
            return {name: self.schema(inner, level) for name, inner in value.items()}
        if key == "type" and not isinstance(value, str):
            self.measured = False
        return self.schema(value, level)
