"""Chat completions of open models: each message is a turn of the model's published chat template.

Lives here: turns, system texts that are put first, thinking that is left out, an answer that is continued.
Does not live here: the numbers and texts of a template (tokenizer_specs/), tools and calls (tool_turns).

Source: the chat templates published with Llama 3, Qwen 3, DeepSeek V3 and gpt-oss are all of this form; what
each host makes of them was measured on recorded exchanges.
"""

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter

from tickmark.framing import tool_turns
from tickmark.framing.additions import addition
from tickmark.framing.constants import ChatTemplate, Turn
from tickmark.framing.result import (
    Framed,
    Request,
    Uncountable,
    joined_text,
    messages,
    per_request,
    refuse_unplaced,
)

_PLACED = frozenset({"messages", "response_format", "tools"})
_MESSAGE_FIELDS = frozenset({"role", "content"})
_THINKING_ENDS = "</think>"

Said = tuple[str, str]
"""Role and text of one message."""


def frame(request: Request, rule: ChatTemplate) -> Framed:
    """Overhead and segments of a chat completion request."""
    known = tool_turns.known_tools(request, rule)
    framed = addition(request.shape, () if known is None else (request.shape,))
    refuse_unplaced(request.body, request.silent_fields | _PLACED, "request")
    framed.overhead_tokens += per_request(request.body, rule.per_request, rule.per_request_json)
    given, turns_by_role = messages(request.body, "messages"), rule.turns
    if known is not None:
        given = tool_turns.as_text(given, request, rule, known, framed)
        turns_by_role = turns_by_role | tool_turns.result_turn(known)
    turns = _arranged([_said(message, rule, turns_by_role) for message in given], rule)
    if turns and turns[-1][0] == "assistant":
        if not rule.continues_answer:
            raise Uncountable("other", "a prefix of the answer was never measured")
        framed.segments.append(turns.pop()[1])
    for role, text in turns:
        turn = turns_by_role[role]
        whole = turn.before + text + turn.after
        segments = [whole] if known is None else tool_turns.segments(whole)
        framed.overhead_tokens += turn.tokens + len(segments) - 1
        framed.segments += segments
    return framed


def _said(message: Mapping[str, object], rule: ChatTemplate, turns: Mapping[str, Turn]) -> Said:
    refuse_unplaced(message, _MESSAGE_FIELDS.union(rule.ignored), "message")
    role = message.get("role")
    if not isinstance(role, str) or role not in turns:
        raise Uncountable("other", "a message role that was never measured for this model")
    text = joined_text(message.get("content"), "text", rule.parts_joined_by)
    if role == "assistant" and rule.drops_thinking:
        text = text.rpartition(_THINKING_ENDS)[2].lstrip("\n")
    return role, text.strip() if rule.trims else text


def _arranged(said: list[Said], rule: ChatTemplate) -> list[Said]:
    """The turns in the order of the prompt."""
    systems = [text for role, text in said if role == "system"]
    if rule.always_system and not systems:
        said = [("system", ""), *said]
    if rule.systems_joined_by is not None and systems:
        others = [turn for turn in said if turn[0] != "system"]
        said = [("system", rule.systems_joined_by.join(systems)), *others]
    if rule.neighbours_joined_by is None:
        return said
    runs = groupby(said, key=itemgetter(0))
    return [(role, rule.neighbours_joined_by.join([text for _, text in run])) for role, run in runs]
