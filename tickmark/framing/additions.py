"""What a provider's servers add to a request beside its messages: rendered tools, results and schemas.

Lives here: the one place where such a rendering joins a count, whatever the family. None is proved yet, so
every shape but plain text is refused with its reason, except where a spec says that a shape adds nothing.
Does not live here: the framing of messages (one module per family).
"""

from collections.abc import Collection

from tickmark.framing.result import Framed, Shape, Uncountable

REASONS: dict[Shape, str] = {
    "state": "part of the prompt is held by the provider, not by the log",
    "media": "images, audio and files are billed by rules that are not counted here",
    "tools": "no rendering of tools into the prompt is proved for this model",
    "schema": "no rendering of the answer's schema into the prompt is proved for this model",
    "other": "a part of the request that no rule places",
}


def addition(shape: Shape, adds_nothing: Collection[Shape] = ()) -> Framed:
    """Overhead and segments that the shape adds; raise Uncountable where they are not known."""
    if shape != "text" and shape not in adds_nothing:
        raise Uncountable(shape, REASONS[shape])
    return Framed(overhead_tokens=0, segments=[])
