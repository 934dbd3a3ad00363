"""The bytes of a vocabulary: in an installed package, never imported, or beside the spec; hashed before use.

Lives here: files and hashes. Does not live here: what the bytes mean (bpe, sentencepiece).
"""

import gzip
import hashlib
from importlib.util import find_spec
from pathlib import Path

from tickmark.errors import BadSpecError, IntegrityError
from tickmark.specs import Vocabulary

MAX_BYTES = 64 * 2**20


def read(vocabulary: Vocabulary) -> bytes:
    """The vocabulary's bytes, decompressed; raise where they are missing or not the pinned ones."""
    path = _path(vocabulary)
    opened = gzip.open if path.suffix == ".gz" else Path.open
    try:
        with opened(path, "rb") as file:
            content = bytes(file.read(MAX_BYTES))
    except (OSError, EOFError, ValueError):
        raise _missing(vocabulary) from None
    if hashlib.sha256(content).hexdigest() != vocabulary.source.sha256:
        raise IntegrityError(
            "E-VOCABULARY-SHA256",
            f"the pinned bytes {vocabulary.home}",
            where=vocabulary.where("sha256"),
            repair="install the locked package versions (`make`); pin new bytes only after `tickmark parity`",
        )
    return content


def missing_extra(vocabulary: Vocabulary) -> str | None:
    """The extra to install for an optional vocabulary; None where it is there, or required."""
    extra, package = vocabulary.source.extra, vocabulary.source.package
    return extra if extra and package and find_spec(package) is None else None


def _path(vocabulary: Vocabulary) -> Path:
    if vocabulary.source.package is None:
        return vocabulary.folder / vocabulary.source.resource
    # Importing the package could load native code (bpe_openai: 74 MB) that we do not run.
    package = find_spec(vocabulary.source.package)
    if package is None or not package.submodule_search_locations:
        raise _missing(vocabulary)
    return Path(package.submodule_search_locations[0], vocabulary.source.resource)


def _missing(vocabulary: Vocabulary) -> BadSpecError:
    return BadSpecError(
        "E-VOCABULARY-MISSING",
        f"{vocabulary.source.resource} {vocabulary.home}",
        where=vocabulary.where("resource"),
        repair="install the locked package versions (`make`), or correct package and resource in the spec",
    )
