"""The bytes of a vocabulary: in an installed package, never imported, beside the spec, or fetched from a hub.

Lives here: files and hashes; no byte is used, or kept in a home, that is not pinned.
Does not live here: what the bytes mean (bpe, sentencepiece), and asking a hub (pipelines/pull/hub.py).

What came from a hub is kept decompressed under its sha256, whichever spec, repo or revision named it.
"""

import gzip
import hashlib
import io
import os
import zlib
from importlib.util import find_spec
from pathlib import Path

from tickmark.errors import BadSpecError, IntegrityError, PlatformError, TickmarkError
from tickmark.vocabularies import Vocabulary

MAX_BYTES = 64 * 2**20
"""Of a file, as it is delivered and decompressed; the largest public ones have about 35 MB."""
NOT_INSTALLED = "its vocabulary is not installed: pip install 'tickmark[{}]'"
NOT_FETCHED = "its vocabulary is not fetched: tickmark specs fetch"
_BROKEN = (OSError, EOFError, ValueError, zlib.error)


def read(vocabulary: Vocabulary) -> bytes:
    """The vocabulary's bytes, decompressed; raise where they are missing or not the pinned ones."""
    path = _path(vocabulary)
    try:
        with path.open("rb") as file:
            content = _decompressed(path.name, file)
    except _BROKEN:
        raise _missing(vocabulary) from None
    if not _is_pinned(vocabulary, content):
        raise _other_bytes(vocabulary, f"{vocabulary.remedy}; pin new bytes only after `tickmark parity`")
    return content


def missing(vocabulary: Vocabulary) -> str | None:
    """Why an optional vocabulary is not there, for people; None where it is, or where it is required."""
    source = vocabulary.source
    if source.hub is not None:
        return None if vocabulary.store and _path(vocabulary).is_file() else NOT_FETCHED
    absent = source.extra and source.package and find_spec(source.package) is None
    return NOT_INSTALLED.format(source.extra) if absent else None


def kept(vocabulary: Vocabulary) -> int | None:
    """How many bytes a home keeps of a hub's vocabulary; None without the pinned ones."""
    try:
        return len(read(vocabulary))
    except TickmarkError:
        return None


def keep(vocabulary: Vocabulary, delivered: bytes) -> int:
    """Put what a hub delivered into the home, whole or not at all; return how many bytes are kept.

    Raises IntegrityError where it is not what the spec pins, PlatformError where the home cannot be written.
    """
    try:
        content = _decompressed(vocabulary.source.resource, io.BytesIO(delivered))
    except _BROKEN:
        content = b""
    if not _is_pinned(vocabulary, content):
        raise _other_bytes(
            vocabulary, "compare revision, resource and sha256 in the spec with the repo's page"
        )
    try:
        _write(_path(vocabulary), content)
    except OSError as error:
        raise PlatformError(
            "E-HOME-UNWRITABLE",
            f"a home that can be written ({error.strerror})",
            where=vocabulary.where("hub"),
            repair="give the user that runs Tickmark write access to vocabularies/, or free disk space",
        ) from None
    return len(content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that nothing reads: a kill leaves no half vocabulary, and the next fetch writes over it.
    building = path.with_suffix(".building")
    with building.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    building.replace(path)


def _decompressed(name: str, file: io.BufferedIOBase) -> bytes:
    """The bytes of a file, decompressed where its name says so; cut where they are too many to be pinned."""
    return gzip.GzipFile(fileobj=file).read(MAX_BYTES) if name.endswith(".gz") else file.read(MAX_BYTES)


def _is_pinned(vocabulary: Vocabulary, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == vocabulary.source.sha256


def _path(vocabulary: Vocabulary) -> Path:
    source = vocabulary.source
    if source.hub is not None:
        if vocabulary.store is None:
            raise _missing(vocabulary)
        return vocabulary.store / source.sha256
    if source.package is None:
        return vocabulary.folder / source.resource
    # Importing the package could load native code (bpe_openai: 74 MB) that we do not run.
    package = find_spec(source.package)
    if package is None or not package.submodule_search_locations:
        raise _missing(vocabulary)
    return Path(package.submodule_search_locations[0], source.resource)


def _other_bytes(vocabulary: Vocabulary, repair: str) -> IntegrityError:
    return IntegrityError(
        "E-VOCABULARY-SHA256",
        f"the pinned bytes {vocabulary.home}",
        where=vocabulary.where("sha256"),
        repair=repair,
    )


def _missing(vocabulary: Vocabulary) -> BadSpecError:
    fetched = vocabulary.source.hub is not None
    other = "name with --home the home that has it" if fetched else "correct package and resource in the spec"
    return BadSpecError(
        "E-VOCABULARY-MISSING",
        f"{vocabulary.source.resource} {vocabulary.home}",
        where=vocabulary.where("resource"),
        repair=f"{vocabulary.remedy}, or {other}",
    )
