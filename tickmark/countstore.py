"""Counts of unique texts, kept between runs in the private zone: a re-run counts nothing twice.

Lives here: files of counts that are complete and unchanged, or not used. Does not live here: which counts are
used and checked (metering). A file holds keyed hashes and numbers, never text.

A file is named after the keyed hash of its bytes. One that does not match was damaged or made by someone
else: it is deleted, and its texts are counted again. Files are written aside and renamed, so a killed run
leaves only a leftover that the next one removes.
"""

import hashlib
import os
from pathlib import Path

CHUNK = 2**20
MAX_FILES = 8
"""More are merged into one, so that a run opens few files."""
MAX_BYTES = 512 * 2**20
"""About 25 million counts. Beyond it the oldest files go, and their texts are counted again."""
_WRITING = ".writing"


class CountStore:
    """A folder of count files; `key` is the home's secret key for hashes of text."""

    def __init__(self, folder: Path, key: bytes, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._key, self._max_bytes = folder, key, max_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in folder.glob("*" + _WRITING):
            leftover.unlink()

    @property
    def is_full(self) -> bool:
        """Whether the files should be merged into one."""
        return len(self._files()) >= MAX_FILES

    def copy_valid(self, target: Path) -> list[Path]:
        """Copy every intact file into a folder; the copies are the bytes that were checked."""
        target.mkdir(parents=True, exist_ok=True)
        copies = []
        for file in self._files():
            copy = target / file.name
            if self._copy(file, copy) == file.stem:
                copies.append(copy)
            else:
                copy.unlink()
                file.unlink()
        return copies

    def add(self, new: Path) -> str:
        """Take a finished Parquet file into the store; return its name there."""
        writing = self._folder / (new.name + _WRITING)
        name = self._copy(new, writing)
        writing.replace(self._folder / f"{name}.parquet")
        self._bound()
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return name

    def replace(self, merged: Path) -> None:
        """Take a file that holds all that is to be kept, instead of every other."""
        before = self._files()
        name = self.add(merged)
        for file in before:
            if file.stem != name:
                file.unlink(missing_ok=True)

    def _bound(self) -> None:
        files = self._files()
        while files and sum(file.stat().st_size for file in files) > self._max_bytes:
            files.pop(0).unlink()

    def _files(self) -> list[Path]:
        """Oldest first."""
        return sorted(self._folder.glob("*.parquet"), key=lambda file: (file.stat().st_mtime_ns, file.name))

    def _copy(self, source: Path, target: Path) -> str:
        """Copy a file to the disk and return the keyed hash of the bytes that were copied."""
        digest = hashlib.blake2b(key=self._key, digest_size=32)
        with source.open("rb") as reads, target.open("wb") as writes:
            target.chmod(0o600)
            while chunk := reads.read(CHUNK):
                digest.update(chunk)
                writes.write(chunk)
            writes.flush()
            os.fsync(writes.fileno())
        return digest.hexdigest()
