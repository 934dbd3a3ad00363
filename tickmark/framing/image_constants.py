"""The constants of images, as a spec writes them under `images`.

Lives here: names, types and meaning of the numbers.
Does not live here: the numbers (tokenizer_specs/) and the arithmetic (images).
"""

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from tickmark.framing.constants import ModelGlob
from tickmark.framing.dated import Dated


class _Images(Dated):
    models: Annotated[tuple[ModelGlob, ...], Field(min_length=1)]
    """Names as requested and as answered, as in rules."""
    billed: bool
    """Whether bills agree. false: the formula is only published, and the count is near."""
    evidence: str
    """What was measured on how many recorded exchanges, or who publishes it."""


class Tiles(_Images):
    """Images by the tiles of 512 pixels that cover them, shrunk to 2048 and their short side to 768."""

    rule: Literal["tiles"]
    base: int
    """Tokens of every image."""
    per_tile: int


class Patches(_Images):
    """Images by the patches of 32 pixels that cover them."""

    rule: Literal["patches"]
    most_patches: Annotated[int, Field(ge=1)]
    """A larger image is shrunk until no more cover it."""
    per_patch: Annotated[Decimal, Field(gt=0, lt=100, decimal_places=4)]
    """Tokens; of an image's sum, part of a token counts as one."""
    per_image: int
    """Tokens of every image on top."""


Images: TypeAlias = Annotated[Tiles | Patches, Field(discriminator="rule")]
