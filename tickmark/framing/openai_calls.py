"""Past calls of tools in OpenAI's chats, and their results.

Lives here: one call, several calls at once (billed as one), results.
Does not live here: offered tools (sections).

Source: docs/openai_rendering.md. What no bill has shown is counted as its like is; `measured` turns false.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from tickmark.formats import Json
from tickmark.framing.constants import OpenAICalls, OpenAIMessages
from tickmark.framing.openai_messages import FUNCTION, add_header
from tickmark.framing.result import Framed, Uncountable, joined_text, refuse_unplaced
from tickmark.framing.typescript import dumps
from tickmark.months import day_of

Message = Mapping[str, object]

PARALLEL = "multi_tool_use.parallel"
"""The function that stands for several calls at once; its name comes from the model, not from the caller."""

CACHED_ARGUMENTS = 1024
"""A conversation sends its past calls again with every turn."""

_READ = json.JSONDecoder(parse_float=Decimal, parse_constant=Decimal)
_WRITE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_MESSAGE_FIELDS = frozenset({"role", "content", "tool_calls"})
_RESULT_FIELDS = frozenset({"role", "content", "tool_call_id", "name"})
_CALL_FIELDS = frozenset({"id", "type", "index", "function"})
_FUNCTION_FIELDS = frozenset({"name", "arguments"})


class Call(NamedTuple):
    """One call as the caller sent it back."""

    id: object
    function: str
    arguments: str


def turns_of(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Messages one by one; one with several calls brings along the results that follow it."""
    index = 0
    while index < len(messages):
        turn = [messages[index]]
        index += 1
        calls = turn[0].get("tool_calls")
        if isinstance(calls, list) and len(calls) > 1:
            while index < len(messages) and messages[index].get("role") == "tool":
                turn.append(messages[index])
                index += 1
        yield turn


def spoken(message: Message) -> Message | None:
    """The text beside a call, which is billed as a message of its own; None where there is none."""
    content = message.get("content")
    return {"role": message.get("role"), "content": content} if content else None


class PastCalls:
    """The calls of one chat, in the order of its messages."""

    def __init__(
        self, rule: OpenAIMessages, known: OpenAICalls | None, started_at: datetime | None, framed: Framed
    ) -> None:
        self._rule, self._known, self._started_at, self._framed = rule, known, started_at, framed
        self._functions: dict[object, str] = {}

    def add_calls(self, message: Message, results: Sequence[Message]) -> None:
        """Count the calls of a message and, where there are several, their results."""
        known = self._measured(message)
        refuse_unplaced(message, _MESSAGE_FIELDS, "message")
        calls = _calls(message)
        if (len(calls) > 1 and not known.parallel) or (message.get("content") and not known.beside_text):
            raise _never_measured()
        self._functions.update({call.id: call.function for call in calls})
        add_header({"role": message.get("role")}, self._rule, self._framed)
        self._framed.overhead_tokens += known.per_call
        self._framed.segments += self._single(calls[0]) if len(calls) == 1 else self._several(calls)
        if len(calls) > 1:
            self._add_results(calls, results, known)

    def add_result(self, message: Message) -> None:
        """Count the result of one call; its function is found by the call's id."""
        known = self._measured(message)
        refuse_unplaced(message, _RESULT_FIELDS, "message")
        function = self._functions.get(_call_id(message))
        if function is None:
            raise Uncountable("tool_calls", "a result whose call is not in the request")
        self._add(known, function, _text(message))

    def _add_results(self, calls: Sequence[Call], results: Sequence[Message], known: OpenAICalls) -> None:
        if [call.id for call in calls] != [_call_id(result) for result in results]:
            self._framed.measured = False
        for result in results:
            refuse_unplaced(result, _RESULT_FIELDS, "message")
        if results:
            listed = [self._embedded(_text(result)) for result in results]
            self._add(known, PARALLEL, self._listed(listed, known))

    def _add(self, known: OpenAICalls, function: str, text: str) -> None:
        self._framed.overhead_tokens += self._rule.per_message + known.per_result
        self._framed.segments += [function, text]

    def _measured(self, message: Message) -> OpenAICalls:
        """The rule's constants; raise Uncountable where such messages were never measured."""
        if self._known is None or message.get("function_call") or message.get("role") == "function":
            raise _never_measured()
        return self._known

    def _listed(self, results: list[Json], known: OpenAICalls) -> str:
        listed = json.dumps(results, ensure_ascii=False, default=float)
        if listed.isascii():
            return listed
        day = day_of(self._started_at)
        if day is None:
            raise _escaping_unknown()
        if known.unescaped_from is not None and day >= known.unescaped_from:
            return listed
        if known.escaped_until is not None and day < known.escaped_until:
            return json.dumps(results, default=float)
        raise _escaping_unknown()

    def _embedded(self, text: str) -> Json:
        """A result inside the list of results: JSON stays JSON."""
        try:
            value: Json = json.loads(text)
        except (ValueError, RecursionError):
            return text
        if not isinstance(value, dict):
            self._framed.measured = False
        return value

    def _single(self, call: Call) -> list[str]:
        written = _rewritten(call.arguments)
        self._framed.measured &= written.measured
        return [FUNCTION + call.function, written.text]

    def _several(self, calls: Sequence[Call]) -> list[str]:
        text, measured = wrapped(calls)
        self._framed.measured &= measured
        return [PARALLEL, text]


def wrapped(calls: Sequence[Call]) -> tuple[str, bool]:
    """The arguments of PARALLEL for several calls, and whether all in them was measured."""
    uses, measured = [], True
    for call in calls:
        written = _rewritten(call.arguments)
        measured &= written.measured
        parameters = written.text if written.is_object else dumps(call.arguments)
        uses.append(f'{{"recipient_name":{dumps(FUNCTION + call.function)},"parameters":{parameters}}}')
    return f'{{"tool_uses":[{",".join(uses)}]}}', measured


class Rewritten(NamedTuple):
    """Arguments of a call, read and written again; what is no object stays as it is."""

    text: str
    is_object: bool
    measured: bool


@lru_cache(CACHED_ARGUMENTS)
def _rewritten(arguments: str) -> Rewritten:
    try:
        value = _READ.decode(arguments)
    except (ValueError, ArithmeticError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return Rewritten(arguments, is_object=False, measured=False)
    try:
        text, measured = _WRITE.encode(value), True
    except TypeError:
        # A fraction: whether it is written as it came was never measured.
        text, measured = dumps(value), False
    return Rewritten(text, is_object=True, measured=measured and text.isascii())


def _calls(message: Message) -> list[Call]:
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        raise _malformed()
    return [_call(call) for call in calls]


def _call(call: object) -> Call:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        raise _malformed()
    refuse_unplaced(call, _CALL_FIELDS, "tool call")
    refuse_unplaced(function, _FUNCTION_FIELDS, "tool call")
    name, arguments = function.get("name"), function.get("arguments")
    if (
        call.get("type", "function") != "function"
        or not isinstance(name, str)
        or not isinstance(arguments, str)
    ):
        raise _malformed()
    return Call(_call_id({"tool_call_id": call.get("id")}), name, arguments)


def _call_id(result: Message) -> str:
    found = result.get("tool_call_id")
    if not isinstance(found, str) or not found:
        raise Uncountable("tool_calls", "a call or a result without an id")
    return found


def _text(result: Message) -> str:
    return joined_text(result.get("content"), "text")


def _malformed() -> Uncountable:
    return Uncountable("tool_calls", "a call that is not a function's name with its arguments")


def _escaping_unknown() -> Uncountable:
    return Uncountable("tool_calls", "when results of parallel calls ceased to be escaped is not known")


def _never_measured() -> Uncountable:
    return Uncountable("tool_calls", "past calls of this kind were never measured for this model")
