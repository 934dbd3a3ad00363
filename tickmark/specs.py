"""Tokenizer specs as data: which vocabulary and framing rule a model bills with, and since when.

Lives here: the models of `tokenizer_specs/*.yaml` and their JSON schema for editors.
Does not live here: vocabularies (vocabularies, tokenizers/), choosing a rule for a request (specbook),
request bodies (framing/).
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from itertools import combinations, starmap
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from tickmark.framing import FRAMERS
from tickmark.framing.answer_constants import Answers
from tickmark.framing.constants import Framing, ModelGlob
from tickmark.framing.dated import Dated
from tickmark.framing.image_constants import Images
from tickmark.framing.result import SegmentKind, Shape
from tickmark.strictyaml import Strict, problem
from tickmark.vocabularies import Name, VocabularySource

Exactness: TypeAlias = Literal["exact", "exact_text", "calibrated", "none"]
"""How far a count may be compared with a bill: to the token; text only, the rest approximate; within a
measured band; not at all."""

Operation: TypeAlias = Literal[
    "chat", "responses", "completions", "embeddings", "messages", "generate_content"
]

Factor = Annotated[Decimal, Field(ge=0, lt=100, decimal_places=4)]
Margin = Annotated[Decimal, Field(gt=-1, lt=100, decimal_places=4)]


class Calibration(Strict):
    """What a closed tokenizer makes of a count by another vocabulary: an estimate, and the band around it."""

    per_token: Annotated[dict[SegmentKind, Factor], Field(min_length=1)]
    """Tokens of the biller for each token of the proxy vocabulary, by what they are of: `text`, definitions
    of `tools`, `calls` of them. A kind that is not named counts as it is."""
    band_low: Margin
    """How far below the estimate a bill may lie, as a share of the estimate."""
    band_high: Margin
    """How far above."""
    floor_tokens: Annotated[int, Field(ge=0)]
    """The band is never taken of less than these tokens: a share of a tiny request is no band."""
    first_day: date
    """Of the recorded exchanges behind the band, those it was fitted on and those that tested it; UTC."""
    last_day: date
    """The same. Outside of these days a bill that leaves the band shows that the band may be out of date."""
    evidence: str
    """Exchanges it was fitted on, and how many of others it holds."""

    def estimate(self, proxy_tokens: Mapping[SegmentKind, int]) -> int:
        """Tokens of the biller for the counted text; the framing's overhead comes on top."""
        parts = [self.per_token.get(kind, Decimal(1)) * tokens for kind, tokens in proxy_tokens.items()]
        return int(sum(parts, Decimal(0)).to_integral_value(ROUND_HALF_EVEN))

    def band(self, tokens: int) -> tuple[int, int]:
        """Least and most that a bill may say where `tokens` is the estimate, overhead included."""
        base = max(tokens, self.floor_tokens)
        low = tokens + (base * self.band_low).to_integral_value(ROUND_FLOOR)
        return int(low), int(tokens + (base * self.band_high).to_integral_value(ROUND_CEILING))

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.band_low > self.band_high:
            raise problem("`band_low` not above `band_high`", "exchange the two")
        if self.first_day > self.last_day:
            raise problem("`first_day` not after `last_day`", "exchange the two")
        return self


class Rule(Dated):
    """How some models bill in a span of time, or why that cannot be re-performed."""

    name: Name
    role: Literal["billing", "runtime"] = "billing"
    """`billing`: what the invoice counts. `runtime`: what the model reads, for `tickmark specs gap`."""
    operations: Annotated[tuple[Operation, ...], Field(min_length=1)]
    models: Annotated[tuple[ModelGlob, ...], Field(min_length=1)]
    """Names as requested and as answered; `*` stands for any text, nothing else is special."""
    overrides: tuple[Name, ...] = ()
    """Rules of this file that match some of the same requests; this one goes before them."""
    because: str | None = None
    """Why nothing is counted. Either this, or everything below."""
    vocabulary: str | None = None
    framing: Framing | None = None
    exactness: Annotated[dict[Shape, Exactness], Field(min_length=1)] | None = None
    """By shape of request; a shape that is not named is not compared."""
    not_counted: dict[Shape, str] = Field(default_factory=dict)
    """Shapes that are not compared although they were measured, and why."""
    calibrated: dict[Shape, Calibration] = Field(default_factory=dict)
    """For each shape whose exactness is `calibrated`; the vocabulary is then a proxy."""
    answers: tuple[Answers, ...] = ()
    """How answers of plain text are billed; the days that none of them names are not counted."""
    evidence: str | None = None
    """What was measured on how many recorded exchanges, or who documents it."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        counted = [
            part is not None for part in (self.vocabulary, self.framing, self.exactness, self.evidence)
        ]
        if any(counted) if self.because is not None else not all(counted):
            raise problem(
                "either `because`, or vocabulary, framing, exactness and evidence",
                "complete the rule, or say with `because` why it counts nothing",
            )
        claimed = {shape for shape, claim in (self.exactness or {}).items() if claim == "calibrated"}
        if claimed != self.calibrated.keys():
            raise problem(
                "a calibration for each shape that claims `calibrated`, and for no other",
                "add `calibrated` for the shape, or change its exactness",
            )
        if any(starmap(_compete, combinations(self.answers, 2))):
            raise problem("`answers` whose days do not overlap", "correct `from` and `until`, or name models")
        framed = [] if self.framing is None else [(self.framing.rule, name) for name in self.operations]
        if not FRAMERS.keys() >= set(framed):
            raise problem("a framing rule that knows each operation", "name another rule or operation")
        return self


class SpecFile(Strict):
    """`tokenizer_specs/<provider>.yaml`."""

    provider: Name
    """The canonical name, as in tickmark/providers.yaml; the file is named after it."""
    vocabularies: dict[Name, VocabularySource] = Field(default_factory=dict)
    silent_fields: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By operation: request fields that add no input tokens (documented or measured), or `field=value` where
    only that value adds none. Others are refused."""
    images: tuple[Images, ...] = ()
    """What images cost, by model and days; rules whose `exactness` names `media` count them."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]


def _compete(one: Answers, other: Answers) -> bool:
    """Whether both may hold for one answer; models are told apart by their names as written."""
    apart = bool(one.models and other.models) and set(one.models).isdisjoint(other.models)
    return not apart and one.overlaps(other)


def schema_text() -> str:
    """The JSON schema of a spec file, for editors: `tokenizer_specs/_schema.json`."""
    return json.dumps(SpecFile.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
