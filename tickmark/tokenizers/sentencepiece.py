"""SentencePiece BPE models as `tokenizers` reads them.

Lives here: the few fields of the model's protobuf that decide a count, and the equivalent tokenizer.
Does not live here: unigram models, and models whose own pieces match inside user text; they are refused.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from tokenizers import Tokenizer, models, normalizers

from tickmark.errors import BadSpecError
from tickmark.vocabularies import Vocabulary

# Field numbers and enumerations of sentencepiece_model.proto (google/sentencepiece, v0.2).
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3
_TEXT, _SCORE, _TYPE = 1, 2, 3
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_MODEL_TYPE, _MODEL_IS_BPE, _BYTE_FALLBACK = 3, 2, 35
_RULES, _DUMMY_PREFIX, _REMOVE_EXTRA_SPACES = 2, 3, 4
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SPACE = "▁"

Field = int | float | bytes


class Piece(NamedTuple):
    """One entry of the vocabulary."""

    text: str
    score: float
    kind: int


def build(vocabulary: Vocabulary, content: bytes) -> Tokenizer:
    """The tokenizer of a BPE model with byte fallback, a dummy prefix and no normalization rules."""
    try:
        messages = list(_fields(content))
        pieces = [_piece(field) for number, field in messages if number == _PIECES]
        trainer, normalizer = (_message(messages, number) for number in (_TRAINER, _NORMALIZER))
    except (IndexError, ValueError, struct.error):
        raise _refused(vocabulary) from None
    supported = (
        trainer.get(_MODEL_TYPE) == _MODEL_IS_BPE
        and trainer.get(_BYTE_FALLBACK) == 1
        and not normalizer.get(_RULES)
        and normalizer.get(_DUMMY_PREFIX, 1) == 1
        and normalizer.get(_REMOVE_EXTRA_SPACES, 1) == 0
        and all(piece.kind in (_NORMAL, _UNKNOWN, _CONTROL, _BYTE) for piece in pieces)
    )
    if not supported:
        raise _refused(vocabulary)
    return _tokenizer(pieces)


def _tokenizer(pieces: list[Piece]) -> Tokenizer:
    vocab = {piece.text: number for number, piece in enumerate(pieces)}
    unknown = next(piece.text for piece in pieces if piece.kind == _UNKNOWN)
    bpe = models.BPE(
        vocab=vocab, merges=_merges(pieces), unk_token=unknown, fuse_unk=True, byte_fallback=True
    )
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend(_SPACE), normalizers.Replace(" ", _SPACE)]
    )
    return tokenizer


def _merges(pieces: list[Piece]) -> list[tuple[str, str]]:
    normal = {piece.text: piece.score for piece in pieces if piece.kind == _NORMAL}
    best_first = sorted(normal, key=normal.__getitem__, reverse=True)
    return [
        (text[:middle], text[middle:])
        for text in best_first
        for middle in range(1, len(text))
        if text[:middle] in normal and text[middle:] in normal
    ]


def _piece(field: Field) -> Piece:
    parts = _message([(_PIECES, field)], _PIECES)
    text, score, kind = parts[_TEXT], parts.get(_SCORE, 0.0), parts.get(_TYPE, _NORMAL)
    if not (isinstance(text, bytes) and isinstance(score, float) and isinstance(kind, int)):
        raise ValueError("a piece")  # noqa: TRY004 - the bytes are wrong, not the program
    return Piece(text.decode(), score, kind)


def _message(fields: list[tuple[int, Field]], wanted: int) -> dict[int, Field]:
    """The last message under a field number, as a mapping of its own fields; empty where absent."""
    found = [field for number, field in fields if number == wanted and isinstance(field, bytes)]
    return dict(_fields(found[-1])) if found else {}


def _fields(content: bytes) -> Iterator[tuple[int, Field]]:
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        wire = key & 7
        value: Field
        if wire == _VARINT:
            value, at = _varint(content, at)
        elif wire == _BYTES:
            length, at = _varint(content, at)
            value, at = content[at : at + length], at + length
        elif wire == _FIXED32:
            value, at = struct.unpack_from("<f", content, at)[0], at + 4
        elif wire == _FIXED64:
            value, at = content[at : at + 8], at + 8
        else:
            raise ValueError("a protobuf wire type")
        yield key >> 3, value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return value, at


def _refused(vocabulary: Vocabulary) -> BadSpecError:
    return BadSpecError(
        "E-VOCABULARY-FORMAT",
        f"a SentencePiece BPE model without pieces of its own {vocabulary.home}",
        where=vocabulary.where("format"),
        repair="name a supported model in the spec, or use `because` for models that bill with this one",
    )
