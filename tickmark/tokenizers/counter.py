"""Counting tokens in bounded memory.

Lives here: batches, and exact cuts of long texts. Does not live here: vocabularies (bpe, sentencepiece).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from tokenizers import Tokenizer

from tickmark.tokenizers.bpe import RankTable

PIECE_CHARS = 64 * 2**10
BATCH_CHARS = 512 * 2**10
"""An encoding costs about 125 bytes of memory per character of text (measured on o200k, English prose)."""
TEXT_COSTS_CHARS = 8
"""What a text weighs in a batch beside its characters, so that empty ones fill it too."""

# No token of a byte-level vocabulary spans these places: every split pattern starts a word at a letter that
# follows a line end, and at a space between two letters.
_CUT = re.compile(r"(?<=\n)(?=[A-Za-z])|(?<=[A-Za-z])(?= [A-Za-z])", re.ASCII)


class AnyCounter(Protocol):
    """What counts the tokens of texts: the reference, or an engine that agrees with it."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""


class Counter:
    """Tokens of texts; strings that look like special tokens are text, because the tokenizer has none.

    `pieces` says whether a long text may be cut where no token can span: true for byte-level vocabularies.
    `table` is what other engines need to count alike, where that is a rank table and nothing else.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        pieces: bool,
        prepare: Callable[[str], str] | None = None,
        table: RankTable | None = None,
    ) -> None:
        self._tokenizer, self._pieces, self.prepare, self.table = tokenizer, pieces, prepare, table

    def as_json(self) -> str:
        """The tokenizer as other engines read it, in the format of `tokenizer.json`."""
        return self._tokenizer.to_str()

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text. Texts hold no lone surrogates (`recount.plan` refuses them)."""
        counts = [0] * len(texts)
        for owners, batch in self._batches(texts):
            for owner, tokens in zip(owners, self._lengths(batch), strict=True):
                counts[owner] += tokens
        return counts

    def _lengths(self, batch: list[str]) -> list[int]:
        encoded = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        return [len(encoding) for encoding in encoded]

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[str]]]:
        owners: list[int] = []
        batch: list[str] = []
        chars = 0
        for owner, given in enumerate(texts):
            text = self.prepare(given) if self.prepare else given
            # Most texts are short: a generator for each would cost as much as counting it.
            is_short = len(text) <= PIECE_CHARS or not self._pieces
            for piece in (text,) if is_short else cut(text, PIECE_CHARS):
                owners.append(owner)
                batch.append(piece)
                chars += len(piece) + TEXT_COSTS_CHARS
                if chars >= BATCH_CHARS:
                    yield owners, batch
                    owners, batch, chars = [], [], 0
        yield owners, batch


def cut(text: str, chars: int) -> Iterator[str]:
    """Pieces of at least `chars` characters, cut where no token of a byte-level vocabulary can span."""
    start = 0
    while len(text) - start > chars and (place := _CUT.search(text, start + chars)) is not None:
        yield text[start : place.start()]
        start = place.start()
    yield text[start:]
