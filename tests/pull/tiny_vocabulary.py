"""A byte-level BPE of a few merges, and a spec that names it by hub revision."""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from tokenizers import pre_tokenizers

REPO, REVISION = "acme/tiny-tokenizer", "0123456789abcdef0123456789abcdef01234567"
RESOURCE = "tokenizer.json"
PATH = f"/{REPO}/resolve/{REVISION}/{RESOURCE}"
MERGES = [("t", "h"), ("th", "e"), ("Ġ", "the")]
COUNTED = "the the cat"
TOKENS = 6
"""the | Ġthe | Ġ c a t: worked out by hand from MERGES."""
MODEL = "tiny-model"


def tokenizer_json() -> bytes:
    """The file, as a hub would hold it."""
    names = [*pre_tokenizers.ByteLevel.alphabet(), *(left + right for left, right in MERGES)]
    split = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    content = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split]},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "vocab": {name: number for number, name in enumerate(sorted(names))},
            "merges": [list(pair) for pair in MERGES],
        },
    }
    return json.dumps(content, ensure_ascii=False).encode()


CONTENT = tokenizer_json()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def spec(**changes: Any) -> dict[str, Any]:
    """A spec file of a provider `openai`, with a vocabulary that is changed as said."""
    golden = {"source": "by hand", "read": "2026-11-21", "counts": [{"text": COUNTED, "tokens": TOKENS}]}
    vocabulary = {
        "engine": "tokenizers",
        "hub": {"repo": REPO, "revision": REVISION},
        "resource": RESOURCE,
        "format": "tokenizer_json",
        "sha256": SHA256,
        "special_tokens": "as_text",
        "normalization": "none",
        "golden": golden,
    }
    rule = {
        "name": "tiny",
        "operations": ["embeddings"],
        "models": [MODEL],
        "vocabulary": "tiny",
        "framing": {"rule": "inputs", "per_input": 0},
        "exactness": {"text": "exact"},
        "evidence": "a test",
    }
    return {
        "provider": "openai",
        "vocabularies": {"tiny": vocabulary | changes},
        "silent_fields": {"embeddings": ["model"]},
        "rules": [rule],
    }


def write_spec(folder: Path, **changes: Any) -> Path:
    """The spec file in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "openai.yaml"
    file.write_text(yaml.safe_dump(spec(**changes), allow_unicode=True), "utf-8")
    return file
