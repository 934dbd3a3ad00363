"""YAML as people mean it: text, whole numbers, true, false and null; nothing is guessed.

Lives here: decoding one YAML file (home, policy, rate cards, tokenizer specs) and checking it against a
pydantic model, with file, line, field and repair in every error; what such models share.
Does not live here: what the fields mean. Why not `yaml.safe_load`: it turns `no` into false, 1.10 into
the float 1.1, 12:30 into 750, keeps the last of two equal keys, and expands aliases without a limit.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from tickmark.errors import BadSpecError, Where

MAX_BYTES = 1_000_000
MAX_DEPTH = 16

Model = TypeVar("Model", bound=BaseModel)
_At: TypeAlias = tuple[str | int, ...]
_Lines: TypeAlias = dict[_At, int]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
# What YAML 1.1 or 1.2 would read as some other number: 1.10, 1e-7, 007, 0x1F, 1_000, 12:30, .inf.
_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?0[box][0-9a-f_]+"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[-+]?\.(inf|nan)",
    re.ASCII | re.IGNORECASE,
)
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_LOOKALIKES = {"null", "true", "false", "yes", "no", "on", "off"}
_REFUSED: dict[type[yaml.Token], str] = {
    yaml.AnchorToken: "no anchors",
    yaml.AliasToken: "no aliases",
    yaml.TagToken: "no tags",
    yaml.DirectiveToken: "no directives",
}
_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_PROBLEMS = {
    "extra_forbidden": ("a field that this file knows", "correct the spelling of this field, or remove it"),
    "missing": ("this field", "add it"),
    "model_type": ("fields", "write each as `name: value`"),
    "too_short": ("at least one entry", "add one"),
}


class Strict(BaseModel):
    """A part of a file: no field that it does not know, and its docstrings are an editor's help."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def problem(expected: str, repair: str) -> PydanticCustomError:
    """What a validator raises: what was expected, and how to repair it."""
    return PydanticCustomError("problem", expected, {"repair": repair})


def load(path: Path, display: str) -> object:
    """Decode a YAML file of at most 1 MB into dicts, lists, strings, ints, bools and None.

    `display` is the file's name in errors. Raises BadSpecError with line, field and repair.
    """
    value, _ = _decode(path, display)
    return value


def load_as(path: Path, display: str, model: type[Model]) -> Model:
    """Decode a YAML file and check it against `model`.

    Raises BadSpecError for the first problem, with the line it stands on. A validator names its own
    repair by raising a `problem`.
    """
    value, lines = _decode(path, display)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _invalid(error, display, lines) from None


def _decode(path: Path, display: str) -> tuple[object, _Lines]:
    text = _text(path, display)
    lines: _Lines = {}
    try:
        node = _composed(text, display)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        _fail(
            "E-YAML-SYNTAX",
            "one valid YAML document",
            Where(display, line),
            "correct this line or the one above it",
        )
    return (None if node is None else _build(node, (), display, lines)), lines


def _text(path: Path, display: str) -> str:
    where = Where(display)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        _fail("E-YAML-READ", "a file that can be read", where, "check its name and its permissions")
    if len(data) > MAX_BYTES:
        _fail("E-YAML-SIZE", f"at most {MAX_BYTES} bytes", where, "split the file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        where = Where(display, data.count(b"\n", 0, error.start) + 1)
        _fail("E-YAML-UTF8", "UTF-8 text", where, "save the file as UTF-8")


def _composed(text: str, display: str) -> yaml.Node | None:
    """By libyaml, five times as fast; but it takes tabs, and is less exact about where an error stands."""
    if "\t" not in text:
        with suppress(yaml.YAMLError):
            return _composed_by(yaml.CBaseLoader, text, display)
    return _composed_by(yaml.BaseLoader, text, display)


def _composed_by(
    loader: type[yaml.BaseLoader | yaml.CBaseLoader], text: str, display: str
) -> yaml.Node | None:
    _check_tokens(yaml.scan(text, Loader=loader), display)
    return yaml.compose(text, Loader=loader)


def _check_tokens(tokens: Iterable[yaml.Token], display: str) -> None:
    depth = 0
    for token in tokens:
        where = Where(display, token.start_mark.line + 1)
        if expected := _REFUSED.get(type(token)):
            _fail(
                "E-YAML-FEATURE",
                expected,
                where,
                "write the value out; text that starts with & * ! % needs quotes",
            )
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if depth > MAX_DEPTH:
            _fail("E-YAML-DEPTH", f"at most {MAX_DEPTH} levels", where, "nest less deeply")


def _build(node: yaml.Node, at: _At, display: str, lines: _Lines) -> object:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return {
            key: _build(value, (*at, key), display, lines) for key, value in _pairs(node, at, display, lines)
        }
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*at, index), display, lines) for index, item in enumerate(node.value)]
    text = str(node.value)
    quoted = isinstance(node, yaml.ScalarNode) and node.style
    return text if quoted else _plain(text, Where(display, lines[at], _field(at)))


def _pairs(node: yaml.MappingNode, at: _At, display: str, lines: _Lines) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            _fail("E-YAML-KEY", "a word as key", Where(display, line, _field(at)), "write `key: value`")
        where = Where(display, line, _field((*at, key.value)))
        if (*at, key.value) in lines:
            _fail("E-YAML-DUPKEY", "each key once", where, "remove one of the two")
        lines[*at, key.value] = line
        yield key.value, value


def _plain(text: str, where: Where) -> str | int | bool | None:
    """Meaning of a scalar that stands without quotes."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        _fail("E-YAML-NUMBER", "a whole number or text", where, "quote it")
    if text.lower() in _LOOKALIKES:
        _fail("E-YAML-WORD", "true, false, null or text", where, "write true or false, or quote it")
    return text


def _invalid(error: ValidationError, display: str, lines: _Lines) -> BadSpecError:
    problems = error.errors(include_input=False, include_url=False)
    # A misspelt field is also a missing one: the spelling is what to correct.
    problem = min(problems, key=lambda each: each["type"] != "extra_forbidden")
    at = problem["loc"]
    known, repair = _PROBLEMS.get(problem["type"], (None, "correct this field"))
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return BadSpecError(
        "E-SPEC-VALUE",
        known or message[:1].lower() + message[1:],
        where=Where(display, _line(at, lines), _field(at)),
        repair=str(problem.get("ctx", {}).get("repair", repair)),
    )


def _line(at: _At, lines: _Lines) -> int | None:
    """Line of a field, or of the nearest thing around it that the file has."""
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at)


def _field(at: _At) -> str | None:
    return ".".join(map(str, at)) or None


def _fail(rule: str, expected: str, where: Where, repair: str) -> NoReturn:
    raise BadSpecError(rule, expected, where=where, repair=repair)
