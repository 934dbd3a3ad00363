"""Embeddings and plain completions: each input or prompt is counted by itself.

Lives here: one text, a list of texts, token ids and lists of them. Does not live here: chat messages.

Source: recorded exchanges of OpenAI (nothing added) and Mistral (a beginning and an end token per input).
"""

from tickmark.formats import Json
from tickmark.framing.additions import addition
from tickmark.framing.constants import Inputs
from tickmark.framing.result import Framed, Request, Uncountable, refuse_unplaced

_PLACED = frozenset({"input", "prompt"})


def frame(request: Request, rule: Inputs) -> Framed:
    """Overhead (added tokens and token ids) and segments of an embeddings or completions request."""
    framed = addition(request.shape)
    refuse_unplaced(request.body, request.silent_fields | _PLACED, "request")
    field = "input" if "input" in request.body else "prompt"
    given = request.body.get(field)
    inputs = [given] if isinstance(given, str) or _token_ids(given) else given
    if not isinstance(inputs, list):
        raise Uncountable("other", f"request field `{field}` is neither text nor token ids")
    framed.overhead_tokens += rule.per_input * len(inputs)
    for item in inputs:
        if isinstance(item, str):
            framed.segments.append(item)
        elif isinstance(item, list) and _token_ids(item):
            framed.overhead_tokens += len(item)
        else:
            raise Uncountable("other", "an input that is neither text nor token ids")
    return framed


def _token_ids(given: Json) -> bool:
    return isinstance(given, list) and bool(given) and all(type(token) is int for token in given)
