"""Functions of the caller: what several families read of a choice among them, and of past calls.

Lives here: reading. Does not live here: how a family writes them (mistral_tools, template_tools).
"""

import json
from collections.abc import Mapping
from typing import TypeVar

from tickmark.formats import Json
from tickmark.framing.result import Uncountable, refuse_unplaced

Kind = TypeVar("Kind", bound=str)
_CALLED_FIELDS = frozenset({"name", "arguments"})


def forced_function(choice: Mapping[str, object]) -> str | None:
    """The function that must be called: in a tool, or by itself (responses, and the older interface)."""
    if choice.get("type", "function") != "function":
        return None
    function = choice.get("function", choice)
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None


def tokens_of_choice(choice: Json, measured: Mapping[Kind, int]) -> int:
    """What a choice adds, by its word; `forced` for a function that must be called.

    Raises Uncountable where that was never measured.
    """
    wanted = "forced" if isinstance(choice, dict) and forced_function(choice) else choice
    for kind, tokens in measured.items():
        if kind == wanted:
            return tokens
    raise Uncountable("tools", "a choice of tools that was never measured for this model")


def called(call: object, placed: frozenset[str]) -> tuple[Mapping[str, object], Mapping[str, Json]]:
    """A past call and its function; raise Uncountable where it is none, or carries a field not `placed`."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        raise Uncountable("tool_calls", "a call that is not a function's name with its arguments")
    refuse_unplaced(call, placed, "call")
    refuse_unplaced(function, _CALLED_FIELDS, "call")
    return call, function


def refuse_form(body: Mapping[str, object]) -> None:
    """Raise Uncountable where an answer is asked for in a form."""
    if body.get("response_format"):
        raise Uncountable("tools", "tools and a form of the answer together were never measured")


def spaced(value: Json) -> str:
    """JSON on one line with spaces, as Python writes it."""
    return json.dumps(value, ensure_ascii=False, default=float)
