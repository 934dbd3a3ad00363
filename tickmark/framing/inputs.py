"""Embeddings and plain completions: each input or prompt is counted by itself.

Lives here: one text, a list of texts, token ids and lists of them. Does not live here: chat messages.

Source: recorded exchanges of OpenAI (nothing added) and Mistral (a beginning and an end token per input).
"""

from tickmark.formats import Json, JsonObject
from tickmark.framing.additions import addition
from tickmark.framing.constants import Inputs
from tickmark.framing.result import Framed, Shape, Uncountable, refuse_unplaced

_PLACED = frozenset({"input", "prompt"})


def frame(body: JsonObject, shape: Shape, rule: Inputs, silent: frozenset[str]) -> Framed:
    """Overhead (added tokens and token ids) and segments of an embeddings or completions request."""
    framed = addition(shape)
    refuse_unplaced(body, silent | _PLACED, "request")
    field = "input" if "input" in body else "prompt"
    given = body.get(field)
    inputs = [given] if isinstance(given, str) or _token_ids(given) else given
    if not isinstance(inputs, list):
        raise Uncountable("other", f"request field `{field}` is neither text nor token ids")
    overhead = framed.overhead_tokens + rule.per_input * len(inputs)
    for item in inputs:
        if isinstance(item, str):
            framed.segments.append(item)
        elif isinstance(item, list) and _token_ids(item):
            overhead += len(item)
        else:
            raise Uncountable("other", "an input that is neither text nor token ids")
    return Framed(overhead, framed.segments)


def _token_ids(given: Json) -> bool:
    return isinstance(given, list) and bool(given) and all(type(token) is int for token in given)
