"""The classic finding: a bill counts another text than the model reads; sized, explained, closed."""

import random
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from tests.conftest import tickmark
from tickmark import gap, tokenizers
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counter, sources

PLAIN = "the board approved the budget for next year and asked for a report on costs by team".split()  # noqa: SIM905
# What documents from word processors hold; the biller sets these marks apart and takes ligatures to pieces.
MARKS = {"smart_quotes": "“{}”", "dashes": "{} — and", "ligatures": "{} ofﬁce"}


def month(marks_per_text: int) -> dict[str, str]:
    """Generated texts by key, with a known number of each mark."""
    chance = random.Random(20261001)
    texts = {}
    for number in range(60):
        words = [chance.choice(PLAIN) for _ in range(180)]
        for form in MARKS.values():
            for at in chance.sample(range(len(words)), chance.randint(0, 2 * marks_per_text)):
                words[at] = form.format(words[at])
        texts[f"{number:02d}"] = " ".join(words)
    return texts


@pytest.fixture(scope="module")
def counters(specs: SpecBook) -> tuple[Counter, Counter]:
    vocabulary = specs.vocabularies["o200k_base"]
    golden = vocabulary.source.golden.model_copy(update={"counts": vocabulary.source.golden.counts[:10]})
    source = vocabulary.source.model_copy(
        update={"normalization": "nfkc", "split_punctuation": True, "golden": golden}
    )
    billing = type(vocabulary)("billing", vocabulary.file, source)
    return tokenizers.load(vocabulary), tokenizers.load(billing)


def test_the_gap_is_sized_and_its_causes_are_named(counters: tuple[Counter, Counter]) -> None:
    runtime, billing = counters
    texts = month(marks_per_text=3)
    found = gap.measure(texts, {}, runtime, billing)
    truth = [sum(counter.count(list(texts.values()))) for counter in counters]
    assert [found.tokens_runtime, found.tokens_billing] == truth
    assert 0.02 < found.share < 0.12
    assert found.explained > 0.9
    assert {cause.feature for cause in found.causes} == set(MARKS)
    assert sum(cause.share for cause in found.causes) == pytest.approx(1, abs=0.05)
    for cause in found.causes:
        pattern = gap.FEATURES[cause.feature]
        assert cause.occurrences == sum(len(pattern.findall(text)) for text in texts.values())
        assert set(cause.examples) <= set(texts)
    # Formatted documents are hit harder, and the same spec on both sides closes the gap.
    assert gap.measure(month(6), {}, runtime, billing).share > found.share
    closed = gap.measure(texts, {}, billing, billing)
    assert (closed.share, closed.causes) == (0, ())


def test_each_text_weighs_as_often_as_it_was_billed(counters: tuple[Counter, Counter]) -> None:
    plain, marked = "the board approved the budget", "the “board” — approved ofﬁce"
    texts = {"plain": plain, "marked": marked, "unbilled": marked}
    each = [[counter.count([text])[0] for text in (plain, marked)] for counter in counters]
    found = gap.measure(texts, {"plain": 9, "marked": 1}, *counters)
    assert [found.tokens_runtime, found.tokens_billing] == [9 * one + other for one, other in each]
    assert (found.texts, found.uses) == (3, 10)
    (runtime, read), (billing, billed) = each
    assert found.share_unique == pytest.approx((billing + 2 * billed) / (runtime + 2 * read) - 1)
    assert 0 < found.share < found.share_unique
    assert gap.measure(texts, {}, *counters).share == gap.measure(texts, {}, *counters).share_unique


@pytest.mark.slow
def test_a_users_own_spec_is_checked_and_a_wrong_one_says_where(tmp_path: Path, specs: SpecBook) -> None:
    source = specs.vocabularies["o200k_base"].source.model_dump(mode="json")
    counted = {
        "operations": ["embeddings"],
        "models": ["own-model"],
        "vocabulary": "own",
        "framing": {"rule": "inputs", "per_input": 0},
        "exactness": {"text": "exact"},
        "evidence": "received in writing",
    }
    file = tmp_path / "acme.yaml"
    rules = [{"name": "bill", **counted}, {"name": "read", "role": "runtime", **deepcopy(counted)}]
    content = {"provider": "acme", "vocabularies": {"own": source}, "rules": rules}
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    ran = tickmark("specs", "check", file)
    assert (ran.code, "golden counts agree" in ran.out) == (0, True), ran.err
    # The same vocabulary as a file of the user's, beside the spec.
    bytes_ = sources.read(specs.vocabularies["o200k_base"])
    (tmp_path / "own.tiktoken").write_bytes(bytes_)
    source |= {"package": None, "resource": "own.tiktoken", "format": "tiktoken"}
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    ran = tickmark("specs", "check", file)
    assert (ran.code, "golden counts agree" in ran.out) == (0, True), ran.err
    (tmp_path / "own.tiktoken").write_bytes(bytes_ + b"\n")
    ran = tickmark("specs", "check", file)
    assert (ran.code, "E-VOCABULARY-SHA256 acme.yaml" in ran.err) == (9, True), ran.err
    (tmp_path / "own.tiktoken").unlink()
    ran = tickmark("specs", "check", file)
    assert (ran.code, "own.tiktoken beside the spec" in ran.err) == (2, True), ran.err
    (tmp_path / "own.tiktoken").write_bytes(bytes_)
    source["golden"]["counts"][0]["tokens"] = 99
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    ran = tickmark("specs", "check", file)
    assert (ran.code, "E-VOCABULARY-GOLDEN acme.yaml" in ran.err) == (9, True), ran.err
    source["normalization"] = "nfd"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    ran = tickmark("specs", "check", file)
    assert (ran.code, "normalization" in ran.err) == (2, True), ran.err


@pytest.mark.slow
def test_the_gap_of_a_closed_month_weighs_what_was_billed(closed_real_month: Path, tmp_path: Path) -> None:
    counted = {
        "operations": ["embeddings"],
        "models": ["own-model"],
        "vocabulary": "o200k_base",
        "framing": {"rule": "inputs", "per_input": 0},
        "exactness": {"text": "exact"},
        "evidence": "received in writing",
    }
    rules = [{"name": "bill", **counted}, {"name": "read", "role": "runtime", **deepcopy(counted)}]
    file = tmp_path / "acme.yaml"
    file.write_text(yaml.safe_dump({"provider": "acme", "rules": rules}), "utf-8")
    ran = tickmark("specs", "gap", "2026-01", "--spec", file, "--home", closed_real_month, "--json")
    assert ran.code == 0, ran.err
    (found,) = ran.json
    # Conversations send their first messages again with every turn.
    assert found["uses"] > found["texts"] > 0
    assert (found["tokens_billing"], found["share_unique"]) == (found["tokens_runtime"], 0)
