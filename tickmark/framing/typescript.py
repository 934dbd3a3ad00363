"""JSON schemas of functions as the TypeScript that OpenAI's models read.

Lives here: how one function is written, in the two ways that were measured.
Does not live here: the text around it (sections), and where it stands in a prompt (openai_chat).

Source: bills alone, for nobody documents it; docs/openai_rendering.md says what each rule rests on. What no
bill has shown is written as its like is, and `measured` turns false.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple, TypeAlias

from tickmark.formats import Json, JsonObject
from tickmark.framing.result import Uncountable

Schema: TypeAlias = "Json | JsonObject"

MOST_LEVELS = 64
MOST_CHARS = 1_000_000
"""Definitions may refer to each other, so a short schema could be written for ever."""
_SCHEMA_CHARS = 100
_MOST_REFERENCES = 5

_SCALARS = {
    "string": "string",
    "boolean": "boolean",
    "null": "null",
    "number": "number",
    "integer": "number",
}
_LIMITS = (
    "format",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
STRANGE = re.compile("[\0-\t\v-\x1f\x7f-\x9f\u2028\u2029]|[^\0-\uffff]")
"""Characters that no exact bill had in a tool or a schema: control characters, and those beyond U+FFFF."""


class Written(NamedTuple):
    """One schema: the comment above it, its type, and the comment behind it."""

    comment: str
    type: str
    default: str

    @property
    def documented(self) -> str:
        return f"{self.comment}\n{self.type}" if self.comment else self.type


class Writer(ABC):
    """Writes the functions of one request."""

    KEYWORDS: ClassVar[frozenset[str]]
    """Of a schema, in every use that was measured; the values are checked where they are written."""

    def __init__(self) -> None:
        self.measured = True
        self._definitions: JsonObject = {}
        self._chars = self._level = 0

    def function(self, name: str, description: str, parameters: JsonObject) -> str:
        """The lines of one function; raise Uncountable where its schema has no end."""
        lines = [f"// {line.strip()}" for line in self._text(description).split("\n") if line.strip()]
        if not parameters.get("properties"):
            return "\n".join([*lines, f"type {name} = () => any;"])
        self._definitions = _object(parameters.get("$defs") or parameters.get("definitions"))
        return "\n".join([*lines, f"type {name} = (_: {self._parameters(parameters)}) => any;"])

    @abstractmethod
    def _parameters(self, schema: JsonObject) -> str:
        """The type of a function's one argument."""

    @abstractmethod
    def _option(self, schema: Schema) -> str:
        """A schema inside a union or an array; `object` where it is one without properties."""

    @abstractmethod
    def _properties(self, schema: JsonObject) -> str:
        """The type of an object that has properties."""

    def _found(self, schema: Schema) -> JsonObject:
        """The schema with its references resolved; every schema that is written passes here once."""
        found = _object(schema)
        for _ in range(_MOST_REFERENCES):
            named = str(found["$ref"]).rsplit("/", 1)[-1] if "$ref" in found else None
            target = None if named is None else self._definitions.get(named)
            if not isinstance(target, dict):
                break
            found = {**target, **{key: value for key, value in found.items() if key != "$ref"}}
        self._spend(_SCHEMA_CHARS)
        if found.keys() - self.KEYWORDS:
            self.measured = False
        return found

    def _type(self, found: JsonObject) -> str:
        kind = found.get("type")
        if "enum" in found or "const" in found:
            values = _list(found["enum"]) if "enum" in found else [found["const"]]
            return " | ".join([self._literal(value) for value in values])
        if options := found.get("anyOf") or found.get("oneOf"):
            return self._union(_list(options))
        if isinstance(kind, list):
            return self._union([{**found, "type": one} for one in kind])
        if kind == "array":
            return self._array(found.get("items"))
        if kind == "object":
            return self._properties(found) if found.get("properties") else "object"
        return self._scalar(kind)

    def _scalar(self, kind: Json) -> str:
        if not isinstance(kind, str) or kind not in _SCALARS:
            self.measured = False
            return "any"
        return _SCALARS[kind]

    def _union(self, options: Iterable[Json]) -> str:
        # An object without properties is left out of a union; alone it is written "object".
        written = [option for option in map(self._option, options) if option != "object"]
        if any("\n" in option for option in written):
            return "".join([f"\n| {option}" for option in written])
        return " | ".join(written)

    def _array(self, items: Json) -> str:
        if not isinstance(items, dict) or not items:
            self.measured = False
            return "any[]"
        written = self._option(items)
        return f"Array<\n{written}\n>" if "\n" in written else f"{written}[]"

    def _members(self, schema: JsonObject) -> list[tuple[str, Json]]:
        required = _list(schema.get("required"))
        members = [
            (name + ("" if name in required else "?"), member)
            for name, member in _object(schema["properties"]).items()
        ]
        if not all(_NAME.fullmatch(name.removesuffix("?")) for name, _ in members):
            self.measured = False
        return members

    def _default(self, found: JsonObject) -> str:
        return f" // default: {self._literal(found['default'])}" if "default" in found else ""

    def _literal(self, value: Json) -> str:
        written = dumps(value)
        if not (value is None or isinstance(value, str | bool)) or not written.isascii():
            self.measured = False
        return self._spent(written)

    def _text(self, value: Json) -> str:
        if not isinstance(value, str):
            self.measured = self.measured and value is None
            return "" if value is None else dumps(value)
        if STRANGE.search(value):
            self.measured = False
        return self._spent(value)

    def _deeper(self, levels: int) -> None:
        self._level += levels
        if self._level > MOST_LEVELS:
            raise _endless()

    def _spent(self, written: str) -> str:
        self._spend(len(written))
        return written

    def _spend(self, chars: int) -> None:
        self._chars += chars
        if self._chars > MOST_CHARS:
            raise _endless()


class CommentedWriter(Writer):
    """Comments at every level: all models since gpt-3.5-turbo-0125."""

    KEYWORDS = frozenset(
        [
            *("type", "properties", "required", "additionalProperties", "propertyNames", "items", "anyOf"),
            *("enum", "const", "default", "title", "description", "format", "minimum", "maximum"),
            *("$schema", "$defs", "strict"),
        ]
    )

    def _parameters(self, schema: JsonObject) -> str:
        return self._option(schema)

    def _option(self, schema: Schema) -> str:
        return self._read(schema).documented

    def _read(self, schema: Schema) -> Written:
        found = self._found(schema)
        self._deeper(1)
        written = Written(self._comment(found), self._type(found), self._default(found))
        self._deeper(-1)
        return written

    def _comment(self, found: JsonObject) -> str:
        paragraphs = [self._text(found.get(field)) for field in ("title", "description")]
        paragraphs += [f"{field}: {self._limit(found[field])}" for field in _LIMITS if field in found]
        return "\n//\n".join([f"// {text}" for text in paragraphs if text]).removesuffix("\n")

    def _limit(self, value: Json) -> str:
        if type(value) is int:
            return self._spent(dumps(value))
        return self._literal(value)

    def _properties(self, schema: JsonObject) -> str:
        members = [(name, self._read(member)) for name, member in self._members(schema)]
        if any(written.comment or written.default for _, written in members):
            return "{\n" + "".join([_member(*member) for member in members]) + "}"
        return "{" + ", ".join([f"{name}: {written.type}" for name, written in members]) + "}"


class PlainWriter(Writer):
    """The first way, of gpt-4-0613 and gpt-3.5-turbo-0613: comments of the first level only."""

    KEYWORDS = frozenset(
        [
            *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "title"),
            *("description", "$schema", "$defs"),
        ]
    )

    def _parameters(self, schema: JsonObject) -> str:
        return self._type(self._found(schema))

    def _option(self, schema: Schema) -> str:
        self._deeper(1)
        written = self._type(self._found(schema))
        self._deeper(-1)
        return written

    def _properties(self, schema: JsonObject) -> str:
        return self._indented(schema, 0)

    def _indented(self, schema: JsonObject, indent: int) -> str:
        lines = ["{"]
        for name, member in self._members(schema):
            found = self._found(member)
            written = self._nested(found, indent + 2)
            # A property that is an object without properties is left out, with its comment.
            if written != "object":
                if not indent and (comment := self._text(found.get("description"))):
                    lines.append(f"// {comment}")
                lines.append(f"{' ' * indent}{name}: {written},{self._default(found)}")
        return "\n".join([*lines, "}"])

    def _nested(self, found: JsonObject, indent: int) -> str:
        self._deeper(1)
        items = found.get("items")
        if found.get("type") == "array" and items:
            written = self._nested(self._found(items), indent) + "[]"
        elif found.get("properties"):
            written = self._indented(found, indent)
        else:
            written = self._type(found)
        self._deeper(-1)
        return written


def _member(name: str, written: Written) -> str:
    above = f"{written.comment}\n" if written.comment else ""
    space = "" if written.type.startswith("\n") else " "
    return f"{above}{name}:{space}{written.type},{written.default}\n"


def dumps(value: object) -> str:
    """One line of JSON, non-ASCII as it is, numbers as a double is written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)


def _object(value: Schema) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else ()


def _endless() -> Uncountable:
    return Uncountable("tools", "a schema of a tool that is too deep or too long, or refers to itself")
