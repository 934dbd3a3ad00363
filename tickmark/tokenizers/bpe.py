"""Byte-level BPE vocabularies as `tokenizers` reads them.

Lives here: rank tables (tiktoken's and Mistral's tekken files) turned into a tokenizer, exactly, and
`tokenizer.json` files.
Does not live here: reading files (sources) and counting (counter).

Why every split of a token becomes a merge: rank tables say only which tokens exist. At the moment a token's
rank comes up, its bytes stand in exactly one split, whatever surrounds them, because all earlier merges
inside them depend on these bytes alone. The other splits never fire, so listing them changes no count.
"""

import base64
import json
from typing import NamedTuple

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from tickmark.errors import BadSpecError
from tickmark.vocabularies import Vocabulary

Ranks = dict[bytes, int]


class RankTable(NamedTuple):
    """A vocabulary as tiktoken writes it, and how text is split before its tokens are merged."""

    lines: bytes
    split: str


# The classic patterns (openai/tiktoken, tiktoken_ext/openai_public.py up to 0.7). Later versions write cl100k
# with possessive quantifiers, which this regex engine reads differently: 204 of 4,000 texts changed.
_WORD_END = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPLITS = {
    # QwenLM/Qwen, tokenization_qwen.py: as cl100k, but each digit by itself.
    "qwen": (
        _WORD_END + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "cl100k": (
        _WORD_END + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "o200k": (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + _WORD_END + "?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + _WORD_END + "?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}


def tiktoken_table(vocabulary: Vocabulary, content: bytes) -> RankTable:
    """One token per line: base64, a space, its rank. The split is named by the spec."""
    if vocabulary.source.split is None:
        raise _not_a("a rank table whose spec names its split", vocabulary)
    return RankTable(content, SPLITS[vocabulary.source.split])


def tekken_table(vocabulary: Vocabulary, content: bytes) -> RankTable:
    """Mistral's JSON: ranks that follow the special tokens up to the vocabulary's size, and its own split."""
    try:
        loaded = json.loads(content)
        config = loaded["config"]
        size = config["default_vocab_size"] - config["default_num_special_tokens"]
        lines = (f"{entry['token_bytes']} {entry['rank']}\n" for entry in loaded["vocab"][:size])
        return RankTable("".join(lines).encode(), config["pattern"])
    except (ValueError, KeyError, TypeError):
        raise _not_a("a tekken file", vocabulary) from None


def from_ranks(vocabulary: Vocabulary, table: RankTable) -> Tokenizer:
    """The tokenizer of a rank table."""
    try:
        cells = table.lines.split()
        ranks = dict(zip(map(base64.b64decode, cells[::2]), map(int, cells[1::2]), strict=True))
        tokenizer = _build(ranks, table.split)
    except (ValueError, TypeError):
        raise _not_a("a rank table", vocabulary) from None
    if vocabulary.source.normalization == "nfc":
        tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def from_tokenizer_json(vocabulary: Vocabulary, content: bytes) -> Tokenizer:
    """The file as it is, less its added tokens: those strings inside a text count as text."""
    try:
        loaded = json.loads(content) | {"added_tokens": [], "post_processor": None}
        kinds = loaded["model"]["type"], loaded["pre_tokenizer"]["pretokenizers"][-1]["type"]
    except (ValueError, KeyError, TypeError, IndexError):
        raise _not_a("a tokenizer.json", vocabulary) from None
    if kinds != ("BPE", "ByteLevel"):
        raise _not_a("a tokenizer.json of a byte-level BPE", vocabulary)
    return Tokenizer.from_str(json.dumps(loaded))


def _build(ranks: Ranks, split: str) -> Tokenizer:
    names = {token: token.decode("latin-1").translate(_PRINTABLE) for token in ranks}
    vocab = dict(zip(names.values(), ranks.values(), strict=True))
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=_merges(ranks, names), ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


def _merges(ranks: Ranks, names: dict[bytes, str]) -> list[tuple[str, str]]:
    """Every way to build each token from two others, in the order of the tokens' ranks."""
    found: list[tuple[str, str]] = []
    name_of = names.get
    for token in sorted(ranks, key=ranks.__getitem__):
        for middle in range(1, len(token)):
            left = name_of(token[:middle])
            if left is not None and (right := name_of(token[middle:])) is not None:
                found.append((left, right))
    return found


def _printable() -> dict[int, int]:
    """GPT-2's byte alphabet: printable Latin-1 stays, the other 68 bytes move to U+0100 and up."""
    stays = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moves = [byte for byte in range(0x100) if byte not in stays]
    return {byte: byte for byte in stays} | {byte: 0x100 + n for n, byte in enumerate(moves)}


_PRINTABLE = _printable()


def _not_a(kind: str, vocabulary: Vocabulary) -> BadSpecError:
    return BadSpecError(
        "E-VOCABULARY-FORMAT",
        f"{kind} {vocabulary.home}",
        where=vocabulary.where("format"),
        repair="correct format, split and sha256 of this vocabulary in the spec",
    )
