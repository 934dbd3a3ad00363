"""The gap between what a model reads and what its bill counts, and which features of a text cause it.

Lives here: sizing the gap over texts, and a regression of each text's difference on Unicode classes.
Does not live here: where texts come from, and which two vocabularies belong to one model (specbook).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tickmark.tokenizers import Counter

Table: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

FEATURES: Mapping[str, re.Pattern[str]] = {
    "smart_quotes": re.compile("[\u2018-\u201f\u00ab\u00bb\u2039\u203a]"),
    "dashes": re.compile("[\u2010-\u2015\u2212]"),
    "ellipsis": re.compile("\u2026"),
    "ligatures": re.compile("[\ufb00-\ufb06]"),
    "other_compatibility_forms": re.compile(
        "[\u00a0\u00a8\u00aa\u00af\u00b2-\u00b5\u00b8-\u00ba\u00bc-\u00be\u2000-\u200a\u202f"
        "\u2070-\u209c\u2100-\u214f\u2160-\u217f\u2460-\u24ff\u3000\uff01-\uffee]"
    ),
    "combining_marks": re.compile("[\u0300-\u036f]"),
    "latin_beyond_ascii": re.compile("[\u00c0-\u024f]"),
    "greek_cyrillic": re.compile("[\u0370-\u04ff]"),
    "arabic_hebrew": re.compile("[\u0590-\u06ff]"),
    "indic_thai": re.compile("[\u0900-\u0e7f]"),
    "cjk_kana_hangul": re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"),
    "emoji": re.compile("[\U0001f300-\U0001faff]"),
    "digits": re.compile("[0-9]"),
    "code_marks": re.compile(r"[{}()\[\]<>=;_/\\|`]"),
}
"""Counted in each text; the classes do not overlap."""
LEAST_SHARE = 0.005
"""A feature that explains less of the gap than this is not named."""
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """A feature of texts and what it adds to the bill."""

    feature: str
    occurrences: int
    tokens_each: float
    """Billed minus runtime tokens for each occurrence, fitted."""
    tokens: int
    """Of the whole gap."""
    share: float
    examples: tuple[str, ...]
    """Keyed hashes of the texts that hold most of it; never the text."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a bill lies above what the model reads."""

    texts: int
    uses: int
    """How often they were billed; as many as texts where that is not known."""
    tokens_runtime: int
    """Of every use, as all figures but `share_unique`."""
    tokens_billing: int
    share: float
    """(billing - runtime) / runtime."""
    share_unique: float
    """The same with each text once."""
    explained: float
    """R2 of the regression: 1 where the features explain every difference."""
    causes: tuple[Cause, ...]


def measure(texts: Mapping[str, str], uses: Mapping[str, int], runtime: Counter, billing: Counter) -> Gap:
    """The gap over texts by key, each as often as it is used; once each where no use is known."""
    keys = sorted(texts)
    ordered = [texts[key] for key in keys]
    weights = np.array([uses.get(key, 0) if uses else 1 for key in keys], float)
    read, billed = (np.array(counter.count(ordered), float) for counter in (runtime, billing))
    found = np.array([[len(p.findall(text)) for p in FEATURES.values()] for text in ordered], float)
    each, explained = _regression(found, billed - read, weights)
    total = float(weights @ (billed - read))
    causes = [_cause(name, each[n], found[:, n] * weights, total, keys) for n, name in enumerate(FEATURES)]
    tokens = (int(weights @ read), int(weights @ billed))
    named = sorted((c for c in causes if abs(c.share) >= LEAST_SHARE), key=lambda c: -abs(c.tokens))
    unique = float((billed - read).sum()) / max(float(read.sum()), 1)
    shares = (total / max(tokens[0], 1), unique)
    return Gap(len(keys), int(weights.sum()), *tokens, *shares, explained, tuple(named))


def _regression(
    features: Table,
    gap: Table,
    weights: Table,
) -> tuple[Sequence[float], float]:
    """Tokens per occurrence of each feature by weighted least squares, and R2."""
    root = np.sqrt(weights)
    each = np.linalg.lstsq(features * root[:, None], gap * root, rcond=None)[0]
    spread = float(weights @ (gap - np.average(gap, weights=weights)) ** 2)
    residual = float(weights @ (gap - features @ each) ** 2)
    return [float(value) for value in each], 1 - residual / spread if spread else 1.0


def _cause(
    name: str,
    each: float,
    occurrences: Table,
    total: float,
    keys: Sequence[str],
) -> Cause:
    tokens = each * float(occurrences.sum())
    most = [n for n in np.argsort(-occurrences, kind="stable")[:EXAMPLES] if occurrences[n]]
    share = tokens / total if total else 0.0
    examples = tuple(keys[n] for n in most)
    return Cause(name, int(occurrences.sum()), each, round(tokens), share, examples)
