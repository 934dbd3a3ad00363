"""The faster engine counts what the reference counts, or it does not count at all."""

from collections.abc import Sequence
from random import Random

import pytest

from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counter, Counters, fast


def vocabularies(specs: SpecBook) -> list[str]:
    return sorted(specs.installed())


class Faulty(fast.FastCounter):
    """Right on everything but a text that holds a word of its own."""

    word = "word"

    def count(self, texts: Sequence[str]) -> list[int]:
        return [n + (self.word in text) for n, text in zip(super().count(texts), texts, strict=True)]


@pytest.mark.slow
def test_every_vocabulary_has_a_fast_engine_that_counts_the_golden_texts(
    specs: SpecBook, counters: Counters
) -> None:
    for name in vocabularies(specs):
        engine = counters.fast(name)
        assert engine is not None, name
        golden = specs.vocabularies[name].source.golden.counts
        assert engine.count([g.text for g in golden]) == [g.tokens for g in golden]


@pytest.mark.slow
def test_fast_and_reference_agree_on_adversarial_texts(specs: SpecBook, counters: Counters) -> None:
    rng = Random(20261121)
    texts = ["".join(rng.choices(fast.PARTS, k=rng.randint(1, 40))) for _ in range(3_000)]
    chars = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x110000, 3))]
    texts += ["".join(rng.choices(chars, k=8)) for _ in range(3_000)]
    for name in vocabularies(specs):
        engine = counters.fast(name)
        assert engine is not None
        assert engine.count(texts) == counters[name].count(texts), name


def test_long_texts_and_many_texts_count_the_same(counters: Counters) -> None:
    engine = counters.fast("o200k_base")
    assert engine is not None
    texts = ["The quick brown fox.\n" * 20_000, "a" * 200_000, "", "\u00e9" * 70_000, *["x y"] * 3_000]
    assert engine.count(texts) == counters["o200k_base"].count(texts)


@pytest.mark.parametrize("text", ["<|endoftext|>", "<|im_start|>", "</s>", "[INST]", "<think>"])
def test_special_token_strings_are_text(text: str, specs: SpecBook, counters: Counters) -> None:
    for name in vocabularies(specs):
        engine = counters.fast(name)
        assert engine is not None
        assert engine.count([text])[0] > 1


@pytest.mark.parametrize("error", [ValueError, RuntimeError, UnicodeEncodeError("utf-8", "", 0, 1, "")])
def test_an_engine_that_refuses_a_vocabulary_is_not_used(error: type[Exception], counters: Counters) -> None:
    def refuses(_: Counter) -> Counter:
        raise error

    assert fast.load(counters["cl100k_base"], ["Hello"], refuses) is None


def test_an_engine_with_one_wrong_golden_count_is_not_used(specs: SpecBook) -> None:
    class WrongGolden(Faulty):
        word = specs.vocabularies["cl100k_base"].source.golden.counts[0].text

    only = {"cl100k_base": specs.vocabularies["cl100k_base"]}
    assert Counters(only, WrongGolden).fast("cl100k_base") is None
    assert Counters(only).fast("cl100k_base") is not None


def test_an_engine_that_fails_the_differential_self_test_is_not_used(counters: Counters) -> None:
    assert fast.load(counters["cl100k_base"], ["Hello"], Faulty) is None
