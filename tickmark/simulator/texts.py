"""Invented texts that exercise tokenizers: several scripts, smart quotes, code, JSON.

Lives here: how a simulated person or model writes. Does not live here: who writes to whom (world).
"""

import json
from pathlib import Path
from random import Random

_WORDS = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))
FOREIGN_EVERY = 9
"""One sentence in so many is a phrase of another script or with unusual punctuation."""


def stream(seed: int, name: str) -> Random:
    """The random numbers of one component: changing one component leaves the others' as they are."""
    return Random(f"{seed}/{name}")  # noqa: S311 - simulated, nothing here is secret


def sentence(rng: Random) -> str:
    """One sentence."""
    if rng.randrange(FOREIGN_EVERY) == 0:
        return str(rng.choice(_WORDS["phrases"]))
    words = " ".join(rng.choices(_WORDS["words"], k=rng.randint(6, 14)))
    return words.capitalize() + "."


def prose(rng: Random, chars: int) -> str:
    """Sentences of at least so many characters in all, with a paragraph here and there."""
    found = sentence(rng)
    while len(found) < chars:
        found += ("\n\n" if rng.randrange(6) == 0 else " ") + sentence(rng)
    return found


def question(rng: Random, chars: int) -> str:
    """What a customer asks; some paste a record or code."""
    asked = prose(rng, chars)
    kind = rng.randrange(8)
    if kind == 0:
        return f"{asked}\n```json\n{_record(rng)}\n```"
    return f"{asked}\n\n{rng.choice(_WORDS['code'])}" if kind == 1 else asked


def diff(rng: Random, chars: int) -> str:
    """Changed code with a few comments."""
    found = ""
    while len(found) < chars:
        found += str(rng.choice(_WORDS["code"])) + f"# {sentence(rng)}\n"
    return found


def _record(rng: Random) -> str:
    key, value = rng.choices(_WORDS["words"], k=2)
    return json.dumps({"id": rng.randrange(10**6), key: [value, None, True], "note": sentence(rng)}, indent=2)
