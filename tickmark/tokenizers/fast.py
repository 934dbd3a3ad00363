"""The faster engine: fastokens, which counts as `Counter` does, used only where it counts the same.

Lives here: the engine, and the differential self-test that it passes before it counts anything in a run.
Does not live here: the sample of every run that the reference counts again (`tickmark.metering`).

The self-test aims at what engines are known to read differently (measured 2026-11 with 200,000 texts and
every code point): contractions with the long s, letters of new Unicode versions, strings of special tokens,
spaces before line ends, marks and joiners.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeAlias

import fastokens

from tickmark.tokenizers.counter import AnyCounter, Counter

PARTS = (
    *(
        "word",
        " word",
        "Word",
        "WORD",
        "a",
        " I",
        "\u017f",
        "'s",
        "'S",
        "'\u017f",
        "'ll",
        "'LL",
        "\u2019ll",
        "'",
    ),
    *("\n", "\r\n", "\n\n", " ", "  ", "    ", "\t", "\u00a0", "\u3000", "\u2028", "\x00", "\x1f", "\x85"),
    *(
        "1",
        "1234",
        "\u0660",
        "\u2167",
        "\u00b2",
        "\u00bd",
        ".",
        "...",
        "//",
        "-",
        "\u2014",
        "_",
        "{",
        '":',
        "#",
    ),
    *("<|endoftext|>", "<|im_start|>", "</s>", "[INST]", "<unk>", "<0x41>", "<think>", "\u2581"),
    *(
        "\u00e9",
        "e\u0301",
        "\u01c5",
        "\u1e9e",
        "\u0130",
        "\u212a",
        "\u02b0",
        "\u6f22\u5b57",
        "\ud55c",
        "\u3042",
    ),
    *(
        "\u0e01\u0e33",
        "\u0905\u094d",
        "\u0645\u0631",
        "\u05d0",
        "\u200d",
        "\u200b",
        "\ufeff",
        "\ufffd",
        "\ufb01",
    ),
    *("\U0001f469\u200d\U0001f4bb", "\U0001f1e9\U0001f1ea", "\U00031350", "\U0001e4d0", "\U00010d4a"),
    *("\u0378", "\ue000", "\U0010ffff", "\ufdd0", "\u1c89", "\ua7cb"),
)
LONG_S = "\u017f"
"""fastokens 0.3.5 never reads it as the s of a contraction, which o200k does: the reference counts it."""
RANDOM_TEXTS, RANDOM_PARTS = 1_500, 12


class FastCounter:
    """fastokens on the vocabulary of a reference counter. Its memory is bounded (measured: +107 MB)."""

    def __init__(self, reference: Counter) -> None:
        self._encode, self._reference = _engine(reference).encode_ordinary, reference

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text. One call per text costs less CPU than a batch on all cores."""
        prepare = self._reference.prepare
        prepared = list(map(prepare, texts)) if prepare else texts
        counts = list(map(len, map(self._encode, prepared)))
        for place, text in enumerate(prepared):
            if LONG_S in text:
                counts[place] = self._reference.count([texts[place]])[0]
        return counts


def _engine(reference: Counter) -> fastokens.Tokenizer:
    if reference.table is None:
        return fastokens.Tokenizer.from_json_str(reference.as_json())
    # It reads rank tables from files only; what it makes of this one, the self-test says.
    with TemporaryDirectory() as folder:
        file = Path(folder, "ranks")
        file.write_bytes(reference.table.lines)
        return fastokens.Tokenizer.from_tiktoken(str(file), pattern=reference.table.split)


Engine: TypeAlias = Callable[[Counter], AnyCounter]


def load(reference: Counter, golden: Sequence[str], engine: Engine = FastCounter) -> AnyCounter | None:
    """The engine on the reference's vocabulary, or None where it refuses it or one count differs."""
    try:
        counter = engine(reference)
        texts = [*golden, *self_test_texts()]
        agree = counter.count(texts) == reference.count(texts)
    except (ValueError, RuntimeError, TypeError):
        return None
    return counter if agree else None


def self_test_texts() -> list[str]:
    """Every part alone, every pair that follows a word, and random texts of parts; always the same."""
    rng = Random(0)  # noqa: S311 - the same texts in every run
    return [
        *PARTS,
        *("word" + part + after for part in PARTS for after in ("s", " x", "\n", "'")),
        *("".join(rng.choices(PARTS, k=rng.randint(2, RANDOM_PARTS))) for _ in range(RANDOM_TEXTS)),
    ]
