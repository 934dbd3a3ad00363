"""Vocabularies: from pinned bytes to a counter of tokens.

Lives here: finding the bytes and checking their sha256 (`sources`), building the tokenizer (`bpe`,
`sentencepiece`), counting (`counter`), and the faster engine where it counts the same (`fast`).
Does not live here: which vocabulary a model bills with (specs) and what is counted (framing/).

A conversion takes about a second, so nothing is cached on disk: a cache would be one more file to trust.
"""

import hashlib

from tickmark.errors import IntegrityError
from tickmark.tokenizers import bpe, fast, sentencepiece, sources
from tickmark.tokenizers.counter import AnyCounter, Counter
from tickmark.tokenizers.preprocessing import preparation
from tickmark.vocabularies import Vocabulary

__all__ = ["AnyCounter", "Counter", "Counters", "load"]

_TABLES = {
    "tiktoken": bpe.tiktoken_table,
    "tiktoken_gz": bpe.tiktoken_table,
    "tekken_json": bpe.tekken_table,
}
_BUILDERS = {
    "tokenizer_json": bpe.from_tokenizer_json,
    "sentencepiece_bpe": sentencepiece.build,
}


def load(vocabulary: Vocabulary) -> Counter:
    """Build the counter of a vocabulary and hold it against its golden counts.

    Raises BadSpecError where package or file is not there or of another kind, IntegrityError where its
    bytes or its counts are not the pinned ones.
    """
    source, content = vocabulary.source, sources.read(vocabulary)
    table = _TABLES[source.format](vocabulary, content) if source.format in _TABLES else None
    tokenizer = bpe.from_ranks(vocabulary, table) if table else _BUILDERS[source.format](vocabulary, content)
    counter = Counter(
        tokenizer,
        pieces=source.format != "sentencepiece_bpe",
        prepare=preparation(source),
        table=table if source.normalization == "none" else None,
    )
    golden = source.golden.counts
    counts = counter.count([example.text for example in golden])
    wrong = sum(count != example.tokens for count, example in zip(counts, golden, strict=True))
    if wrong:
        raise IntegrityError(
            "E-VOCABULARY-GOLDEN",
            f"the {len(golden)} golden counts of the spec, {wrong} differ",
            where=vocabulary.where("golden"),
            repair=f"{vocabulary.remedy}; if the spec was edited, restore its counts",
        )
    return counter


DECIDING = {"sha256", "format", "split", "special_tokens", "normalization", "split_punctuation"}
"""Two vocabularies that agree in these fields count every text alike."""


class Counters:
    """The counters of a book, each loaded when it is first asked for: `tokenizers`, the reference."""

    def __init__(self, vocabularies: dict[str, Vocabulary], engine: fast.Engine = fast.FastCounter) -> None:
        self._vocabularies, self._engine = vocabularies, engine
        self._loaded: dict[str, Counter] = {}
        self._fast: dict[str, AnyCounter | None] = {}

    def __getitem__(self, name: str) -> Counter:
        if name not in self._loaded:
            self._loaded[name] = load(self._vocabularies[name])
        return self._loaded[name]

    def fast(self, name: str) -> AnyCounter | None:
        """The faster engine, or None where its counts are not those of the golden texts and the reference."""
        if name not in self._fast:
            golden = [example.text for example in self._vocabularies[name].source.golden.counts]
            self._fast[name] = fast.load(self[name], golden, self._engine)
        return self._fast[name]

    def sha256(self, name: str) -> str:
        """Of the vocabulary's pinned bytes and of all that its spec does to a text before they count it."""
        said = self._vocabularies[name].source.model_dump_json(include=DECIDING)
        return hashlib.sha256(said.encode()).hexdigest()
