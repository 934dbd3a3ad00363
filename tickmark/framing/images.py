"""Images in a request: what each costs, by its size and its model's formula.

Lives here: taking images out of a request, so that a framing rule sees its text alone; tiles and patches.
Does not live here: reading a size (pixels), the numbers (tokenizer_specs/, `images`).

Source: OpenAI, "Images and vision", calculating costs; what bills say beside it: docs/images.md.
"""

import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from math import ceil, floor, sqrt
from typing import NamedTuple

from tickmark.formats import Json, JsonObject
from tickmark.framing.image_constants import Images, Patches, Tiles
from tickmark.framing.pixels import Size, size_of
from tickmark.framing.result import Uncountable, refuse_unplaced

HEAD_CHARS = 256 * 1024
"""Base64 characters that are decoded: a JPEG's size stands behind its colour profile and preview."""
LONGEST_KIND = 100
TILE, FIT, SHORT_SIDE = 512, 2048, 768
PATCH = 32
"""Sides of squares, in pixels; the same for all models."""

_EMBEDDED = re.compile(r"data:image/[a-z.+-]+;base64", re.IGNORECASE)
_TURNS = ("messages", "input")
_PARTS = ("image_url", "input_image")
_PART_FIELDS = frozenset({"type", "image_url", "detail"})
_URL_FIELDS = frozenset({"url", "detail"})
_REFUSED = {
    "input_audio": "audio: no published formula says what it costs in a chat",
    **dict.fromkeys(("file", "input_file"), "documents are turned into text and images by the provider"),
}


class Apart(NamedTuple):
    """A request without its images, and what they cost."""

    body: JsonObject
    tokens: int
    measured: bool
    """False: an image was resized, or its formula was never seen on a bill."""


class _Cost(NamedTuple):
    tokens: int
    measured: bool


_UNSEEN = _Cost(0, measured=False)
"""Of text on both sides of an image."""


def rule_of(rules: Sequence[Images], model: str | None, day: date | None) -> Images:
    """The rule of a model's images on a day; raise Uncountable where none holds."""
    for rule in rules:
        if rule.holds(day) and any(fnmatchcase(model or "", glob) for glob in rule.models):
            return rule
    raise Uncountable("media", "what images cost this model on that day is not known")


def taken_out(body: JsonObject, rule: Images) -> Apart:
    """Take the images out of the user's messages; raise Uncountable where one's size is not in the log."""
    costs: list[_Cost] = []
    turns: JsonObject = {
        field: [_turn(turn, rule, costs) for turn in given]
        for field in _TURNS
        if isinstance(given := body.get(field), list)
    }
    measured = rule.billed and all(cost.measured for cost in costs)
    return Apart({**body, **turns}, sum(cost.tokens for cost in costs), measured)


def _turn(turn: Json, rule: Images, costs: list[_Cost]) -> Json:
    content = turn.get("content") if isinstance(turn, dict) and turn.get("role") == "user" else None
    if not isinstance(turn, dict) or not isinstance(content, list):
        return turn
    kept: list[Json] = []
    places = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(kind, str) and kind in _REFUSED:
            raise Uncountable("media", _REFUSED[kind])
        if isinstance(part, dict) and kind in _PARTS:
            places.append(len(kept))
            costs.append(_cost(part, rule))
        else:
            kept.append(part)
    if any(0 < place < len(kept) for place in places):
        costs.append(_UNSEEN)
    return turn | {"content": kept}


def _cost(part: Mapping[str, Json], rule: Images) -> _Cost:
    given, detail = part.get("image_url"), part.get("detail")
    url = given
    if isinstance(given, dict):
        refuse_unplaced(given, _URL_FIELDS, "image")
        url, detail = given.get("url"), given.get("detail")
    size = _size(url)
    refuse_unplaced(part, _PART_FIELDS, "message part")
    if detail == "high":
        return _of(size, rule)._replace(measured=False)
    if detail == "low" and isinstance(rule, Tiles):
        return _Cost(rule.base, measured=False)
    if detail not in (None, "auto"):
        raise Uncountable("media", "a level of detail that was never measured for this model")
    return _of(size, rule)


def _size(url: Json) -> Size:
    """The size of an image that the request itself holds."""
    begins = url.find(",", 0, LONGEST_KIND) if isinstance(url, str) else -1
    if not isinstance(url, str) or begins < 0 or not _EMBEDDED.fullmatch(url, 0, begins):
        raise Uncountable("media", "an image by address or file id: its size is not in the log")
    try:
        size = size_of(binascii.a2b_base64(url[begins + 1 : begins + 1 + HEAD_CHARS]))
    except ValueError:
        size = None
    if size is None:
        raise Uncountable("media", "an image whose first bytes do not say its size")
    return size


def _of(size: Size, rule: Images) -> _Cost:
    return _tiles(size, rule) if isinstance(rule, Tiles) else _patches(size, rule)


def _tiles(size: Size, rule: Tiles) -> _Cost:
    """Fit into a square, then shrink the short side, then count the tiles that cover what is left."""
    shrunk = min(1.0, FIT / max(size))
    shrunk *= min(1.0, SHORT_SIDE / (min(size) * shrunk))
    tiles = _covering(size.width * shrunk / TILE) * _covering(size.height * shrunk / TILE)
    return _Cost(rule.base + rule.per_tile * tiles, measured=shrunk == 1)


def _patches(size: Size, rule: Patches) -> _Cost:
    """Shrink until few enough patches cover the image, one side of it in whole patches."""
    wide, high = size.width / PATCH, size.height / PATCH
    fits = ceil(wide) * ceil(high) <= rule.most_patches
    if not fits:
        shrunk = sqrt(rule.most_patches / (wide * high))
        shrunk *= min(max(1, floor(side * shrunk)) / (side * shrunk) for side in (wide, high))
        wide, high = wide * shrunk, high * shrunk
    patches = _covering(wide) * _covering(high)
    # In binary fractions, as billed: 300 patches at 1.62 are 487 tokens, not 486.
    return _Cost(ceil(patches * float(rule.per_patch)) + rule.per_image, measured=fits)


def _covering(length: float) -> int:
    """Whole squares that cover a length; a rounding error is not one more."""
    return max(1, ceil(round(length, 6)))
