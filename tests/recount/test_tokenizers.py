"""Vocabularies are the pinned bytes or nothing, and counting is exact in bounded memory."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickmark import tokenizers
from tickmark.errors import BadSpecError, IntegrityError, TickmarkError
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters, counter
from tickmark.vocabularies import Golden, Vocabulary

VOCABULARIES = ("o200k_base", "cl100k_base", "tekken_240911", "qwen", "deepseek_v3", "mistral_sp_v1")


def changed(vocabulary: Vocabulary, **changes: object) -> Vocabulary:
    return replace(vocabulary, source=vocabulary.source.model_copy(update=changes))


def refusal(vocabulary: Vocabulary) -> TickmarkError:
    with pytest.raises(TickmarkError) as caught:
        tokenizers.load(vocabulary)
    return caught.value


def test_other_bytes_than_the_pinned_ones_stop_the_run(specs: SpecBook) -> None:
    error = refusal(changed(specs.vocabularies["cl100k_base"], sha256="0" * 64))
    assert isinstance(error, IntegrityError)
    assert error.exit_code == 9
    assert str(error).startswith("E-VOCABULARY-SHA256 openai.yaml vocabularies.cl100k_base.sha256 ")
    assert "make" in error.repair


def test_a_golden_count_that_differs_stops_the_run(specs: SpecBook) -> None:
    vocabulary = specs.vocabularies["mistral_sp_v1"]
    counts = (*vocabulary.source.golden.counts, Golden(text="Hello", tokens=7))
    error = refusal(
        changed(vocabulary, golden=vocabulary.source.golden.model_copy(update={"counts": counts}))
    )
    assert isinstance(error, IntegrityError)
    assert "E-VOCABULARY-GOLDEN mistral_ai.yaml vocabularies.mistral_sp_v1.golden" in str(error)
    assert "1 differ" in str(error)
    assert "Hello" not in str(error)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"package": "no_such_package"}, "E-VOCABULARY-MISSING"),
        ({"resource": "data/none.tiktoken.gz"}, "E-VOCABULARY-MISSING"),
        ({"format": "tekken_json", "split": None}, "E-VOCABULARY-FORMAT"),
        ({"format": "sentencepiece_bpe", "split": None}, "E-VOCABULARY-FORMAT"),
    ],
)
def test_a_spec_that_names_the_wrong_file_says_how_to_repair_it(
    changes: dict[str, object], rule: str, specs: SpecBook
) -> None:
    error = refusal(changed(specs.vocabularies["cl100k_base"], **changes))
    assert isinstance(error, BadSpecError)
    assert (error.rule, error.exit_code) == (rule, 2)
    assert error.where is not None
    assert error.where.file == "openai.yaml"


def test_a_sentencepiece_model_whose_own_pieces_match_in_text_is_refused(specs: SpecBook) -> None:
    v3 = {
        "resource": "data/mistral_instruct_tokenizer_240323.model.v3",
        "sha256": "9addc8bdce5988448ae81b729336f43a81262160ae8da760674badab9d4c7d33",
    }
    assert refusal(changed(specs.vocabularies["mistral_sp_v1"], **v3)).rule == "E-VOCABULARY-FORMAT"


def test_the_native_library_beside_a_vocabulary_is_never_imported(
    specs: SpecBook, counters: Counters
) -> None:
    import sys

    assert specs.vocabularies["o200k_base"].source.package == "bpe_openai"
    assert counters["o200k_base"].count(["one"]) == [1]
    assert "bpe_openai" not in sys.modules


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("text", ["<|endoftext|>", "<|im_start|>", "</s>", "[INST]", "<unk>", "<0x41>"])
def test_special_token_strings_are_text(text: str, vocabulary: str, counters: Counters) -> None:
    assert counters[vocabulary].count([text])[0] > 1


def test_counts_are_those_of_each_text_however_many_there_are(counters: Counters) -> None:
    texts = ["", "a", "two words"] * 40_000
    assert counters["cl100k_base"].count(texts) == [0, 1, 2] * 40_000
    assert counters["cl100k_base"].count([]) == []


WORDS = st.sampled_from(
    [
        "word",
        " word",
        "Word's",
        "\n",
        "\r\n",
        "\n\n",
        " ",
        "  ",
        "\t",
        "//",
        "1234",
        ".",
        "é",
        "漢",
        " l",
        "\u2019ll",
        "-",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=60).map("".join), st.sampled_from(VOCABULARIES[:5]))
def test_cutting_a_long_text_changes_no_count(counters: Counters, text: str, vocabulary: str) -> None:
    pieces = list(counter.cut(text, 5))
    assert "".join(pieces) == text
    assert sum(counters[vocabulary].count(pieces)) == counters[vocabulary].count([text])[0]


def test_a_long_text_is_cut_into_short_pieces() -> None:
    text = "The quick brown fox jumps over the lazy dog.\n" * 100_000
    assert max(map(len, counter.cut(text, counter.PIECE_CHARS))) < counter.PIECE_CHARS + 100


def test_a_damaged_rank_file_is_never_half_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, specs: SpecBook
) -> None:
    package = tmp_path / "damaged_vocabulary"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "ranks.tiktoken.gz").write_bytes(gzip.compress(b"IQ== 0\n" * 1000)[:-9])
    monkeypatch.syspath_prepend(tmp_path)
    damaged = changed(
        specs.vocabularies["cl100k_base"], package="damaged_vocabulary", resource="ranks.tiktoken.gz"
    )
    assert refusal(damaged).rule == "E-VOCABULARY-MISSING"
