"""Tokenizer specs as data: which vocabulary and framing rule a model bills with, and since when.

Lives here: the models of `tokenizer_specs/*.yaml` and their JSON schema for editors.
Does not live here: choosing a rule for a request (specbook), bytes of vocabularies (tokenizers/), request
bodies (framing/).
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from itertools import combinations, starmap
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tickmark.errors import Where
from tickmark.framing import FRAMERS
from tickmark.framing.constants import Answers, Framing, Images, ModelGlob
from tickmark.framing.result import Shape

Exactness: TypeAlias = Literal["exact", "exact_text", "calibrated", "none"]
"""How far a count may be compared with a bill: to the token; text only, the rest approximate; within a
measured band; not at all."""

Operation: TypeAlias = Literal[
    "chat", "responses", "completions", "embeddings", "messages", "generate_content"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class Golden(_Strict):
    """A text whose number of tokens is known from elsewhere."""

    text: str
    tokens: int


class GoldenCounts(_Strict):
    """Texts that another implementation counted; checked whenever the vocabulary is loaded."""

    source: str
    """Who counted, with its version."""
    read: date
    """When."""
    counts: Annotated[tuple[Golden, ...], Field(min_length=1)]


_COMMIT = "[0-9a-f]{40}"
_REPO = "[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*/[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*"


def _written(pattern: str, expected: str, repair: str) -> AfterValidator:
    """Text of one form, which an error describes in words."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise _problem(expected, repair)
        return text

    return AfterValidator(check)


class HubRepo(_Strict):
    """A repo of a hub (huggingface.co, or a mirror of it) at one commit."""

    repo: Annotated[
        str,
        Field(max_length=96, json_schema_extra={"pattern": f"^{_REPO}$"}),
        _written(_REPO, "owner/name", "write it as in the address of the repo's page, without the host"),
    ]
    """Owner and name."""
    revision: Annotated[
        str,
        Field(json_schema_extra={"pattern": f"^{_COMMIT}$"}),
        _written(
            _COMMIT,
            "a commit: 40 hex digits in lower case",
            "take the commit from the repo's history; a branch or a tag may move",
        ),
    ]
    """A commit, never a branch or a tag: those move."""


class VocabularySource(_Strict):
    """Where a vocabulary's bytes are, and how they count."""

    engine: Literal["tokenizers"]
    """The library that counts."""
    package: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = None
    """An installed Python package that carries the file; it is read, never imported. Without `package` and
    `hub` the file stands beside the spec (one that was received in writing)."""
    hub: HubRepo | None = None
    """A repo that holds the file. `tickmark specs fetch` gets it once; nothing else uses the network."""
    resource: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+([./][a-zA-Z0-9_-]+)*$")]
    """The file's path inside the package or the repo, or below the spec's folder."""
    extra: Annotated[str | None, Field(pattern=r"^[a-z]+$")] = None
    """The extra of tickmark that installs the package: without it, nothing is counted, with that reason.
    Absent: the package must be there."""
    format: Literal["tiktoken", "tiktoken_gz", "tekken_json", "tokenizer_json", "sentencepiece_bpe"]
    """How the file is written."""
    split: Literal["cl100k", "o200k", "qwen"] | None = None
    """How text is split before merging; only rank tables (tiktoken, tiktoken_gz) do not say it themselves."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of the file's bytes, decompressed."""
    special_tokens: Literal["as_text"]
    """Strings inside a text that look like special tokens count as text."""
    normalization: Literal["none", "nfc", "nfkc"]
    """Unicode normalization that the biller applies to a text before it counts."""
    split_punctuation: bool = False
    """Whether the biller sets each mark outside ASCII (quotes, dashes) apart before it counts."""
    golden: GoldenCounts

    @model_validator(mode="after")
    def _split_where_needed(self) -> Self:
        if (self.format in ("tiktoken", "tiktoken_gz")) == (self.split is None):
            raise _problem("a split for rank tables, and for no other format", "add or remove `split`")
        if self.extra is not None and self.package is None:
            raise _problem("`extra` for a package only", "name the package, or remove `extra`")
        if self.hub is not None and self.package is not None:
            raise _problem("either `package` or `hub`", "keep the one that has the bytes of `sha256`")
        return self


Factor = Annotated[Decimal, Field(gt=0, lt=100, decimal_places=4)]
Margin = Annotated[Decimal, Field(gt=-1, lt=100, decimal_places=4)]


class Calibration(_Strict):
    """What a closed tokenizer makes of a count by another vocabulary: an estimate, and the band around it."""

    per_token: Factor
    """Tokens of the biller for each token of the proxy vocabulary."""
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

    def estimate(self, proxy_tokens: int) -> int:
        """Tokens of the biller for the counted text; the framing's overhead comes on top."""
        return int((self.per_token * proxy_tokens).to_integral_value(ROUND_HALF_EVEN))

    def band(self, tokens: int) -> tuple[int, int]:
        """Least and most that a bill may say where `tokens` is the estimate, overhead included."""
        base = max(tokens, self.floor_tokens)
        low = tokens + (base * self.band_low).to_integral_value(ROUND_FLOOR)
        return int(low), int(tokens + (base * self.band_high).to_integral_value(ROUND_CEILING))

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.band_low > self.band_high:
            raise _problem("`band_low` not above `band_high`", "exchange the two")
        if self.first_day > self.last_day:
            raise _problem("`first_day` not after `last_day`", "exchange the two")
        return self


class Rule(_Strict):
    """How some models bill in a span of time, or why that cannot be re-performed."""

    name: Name
    role: Literal["billing", "runtime"] = "billing"
    """`billing`: what the invoice counts. `runtime`: what the model reads, for `tickmark specs gap`."""
    operations: Annotated[tuple[Operation, ...], Field(min_length=1)]
    models: Annotated[tuple[ModelGlob, ...], Field(min_length=1)]
    """Names as requested and as answered; `*` stands for any text, nothing else is special."""
    from_: Annotated[date | None, Field(alias="from")] = None
    """First day, UTC. Absent: since ever."""
    until: date | None = None
    """First day, UTC, on which the rule no longer holds. Absent: it holds."""
    overrides: tuple[Name, ...] = ()
    """Rules of this file that match some of the same requests; this one goes before them."""
    because: str | None = None
    """Why nothing is counted. Either this, or everything below."""
    vocabulary: str | None = None
    framing: Framing | None = None
    exactness: Annotated[dict[Shape, Exactness], Field(min_length=1)] | None = None
    """By shape of request; a shape that is not named is not compared."""
    not_counted: dict[Shape, str] = {}
    """Shapes that are not compared although they were measured, and why."""
    calibrated: dict[Shape, Calibration] = {}
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
            raise _problem(
                "either `because`, or vocabulary, framing, exactness and evidence",
                "complete the rule, or say with `because` why it counts nothing",
            )
        if _is_backwards(self):
            raise _problem("`from` before `until`", "correct one of the two days")
        claimed = {shape for shape, claim in (self.exactness or {}).items() if claim == "calibrated"}
        if claimed != self.calibrated.keys():
            raise _problem(
                "a calibration for each shape that claims `calibrated`, and for no other",
                "add `calibrated` for the shape, or change its exactness",
            )
        if any(_is_backwards(part) for part in self.answers) or any(
            starmap(_compete, combinations(self.answers, 2))
        ):
            raise _problem(
                "`answers` whose days do not overlap", "correct `from` and `until`, or name models"
            )
        framed = [] if self.framing is None else [(self.framing.rule, name) for name in self.operations]
        if not FRAMERS.keys() >= set(framed):
            raise _problem("a framing rule that knows each operation", "name another rule or operation")
        return self


class SpecFile(_Strict):
    """`tokenizer_specs/<provider>.yaml`."""

    provider: Name
    """The canonical name, as in tickmark/providers.yaml; the file is named after it."""
    vocabularies: dict[Name, VocabularySource] = {}
    silent_fields: dict[str, tuple[str, ...]] = {}
    """By operation: request fields that add no input tokens (documented or measured), or `field=value` where
    only that value adds none. Others are refused."""
    images: tuple[Images, ...] = ()
    """What images cost, by model and days; rules whose `exactness` names `media` count them."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if any(map(_is_backwards, self.images)):
            raise _problem("`from` before `until`", "correct one of the two days")
        return self


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A vocabulary and the spec file that declares it."""

    name: str
    file: str
    source: VocabularySource
    folder: Path = Path()
    """Where the spec file lies."""
    store: Path | None = None
    """Where a home keeps what it fetched from a hub."""

    @property
    def home(self) -> str:
        """Where its bytes should be, in words."""
        package, hub = self.source.package, self.source.hub
        if hub is not None:
            return f"fetched from {hub.repo} on the hub"
        return "beside the spec" if package is None else f"in the installed package {package}"

    @property
    def remedy(self) -> str:
        """How the right bytes come there."""
        fetched = self.source.hub is not None
        return "run `tickmark specs fetch`" if fetched else "install the locked package versions (`make`)"

    def where(self, field: str) -> Where:
        return Where(self.file, field=f"vocabularies.{self.name}.{field}")


def _is_backwards(dated: Rule | Answers | Images) -> bool:
    return dated.from_ is not None and dated.until is not None and dated.from_ >= dated.until


def _compete(one: Answers, other: Answers) -> bool:
    """Whether both may hold for one answer; models are told apart by their names as written."""
    apart = bool(one.models and other.models) and set(one.models).isdisjoint(other.models)
    spans = [(part.from_ or date.min, part.until or date.max) for part in (one, other)]
    return not apart and max(start for start, _ in spans) < min(end for _, end in spans)


def schema_text() -> str:
    """The JSON schema of a spec file, for editors: `tokenizer_specs/_schema.json`."""
    return json.dumps(SpecFile.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def _problem(expected: str, repair: str) -> PydanticCustomError:
    return PydanticCustomError("spec", expected, {"repair": repair})
