"""Vocabularies as data: where the bytes of one are, how they count, and what they are held against.

Lives here: the part of a tokenizer spec that names a vocabulary. Does not live here: rules of models (specs),
and the bytes (tokenizers/).
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tickmark.errors import Where
from tickmark.strictyaml import Strict, problem

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class Golden(Strict):
    """A text whose number of tokens is known from elsewhere."""

    text: str
    tokens: int


class GoldenCounts(Strict):
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
            raise problem(expected, repair)
        return text

    return AfterValidator(check)


class HubRepo(Strict):
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


class VocabularySource(Strict):
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
            raise problem("a split for rank tables, and for no other format", "add or remove `split`")
        if self.extra is not None and self.package is None:
            raise problem("`extra` for a package only", "name the package, or remove `extra`")
        if self.hub is not None and self.package is not None:
            raise problem("either `package` or `hub`", "keep the one that has the bytes of `sha256`")
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
