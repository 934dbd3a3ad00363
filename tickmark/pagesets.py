"""The pages of one answer, put in place as a whole.

Lives here: staging pages beside their place, comparing them with what lies there, and a swap that a
kill cannot leave half done: what was decided is finished by whoever takes the home's lock next.
Does not live here: fetching pages, and what they mean.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tickmark.errors import PlatformError, Where
from tickmark.lake import sync_folder

_WORK = ".pull"
_BUILDING, _READY = ".building", ".ready"


class Page(NamedTuple):
    """A page. One that holds nothing is kept under a hidden name: a close takes it for a broken delivery."""

    content: bytes
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Swap:
    """What a set brought, in pages."""

    pages: int = 0
    bytes: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: "Swap") -> "Swap":
        names = self.__slots__
        return Swap(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class PageSets:
    """The sets of one folder: `NAME-p0001.json` and so on, each file one page with the bytes it came with."""

    folder: Path

    def pages(self, name: str) -> list[Path]:
        """The pages of a set that lie in the folder, in order."""
        pattern = f"{name}-p[0-9][0-9][0-9][0-9].json"
        return sorted((*self.folder.glob(pattern), *self.folder.glob(f".{pattern}")), key=_number)

    def replace(self, name: str, pages: Iterable[Page]) -> Swap:
        """Stage pages as they come, then swap them in; where `pages` raises, the old set stays as it is."""
        with _writing(self.folder):
            building = self.folder / _WORK / f"{name}{_BUILDING}"
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir(parents=True)
        try:
            for number, page in enumerate(pages, start=1):
                with _writing(self.folder):
                    hidden = "." if page.empty else ""
                    _write(building / f"{hidden}{name}-p{number:04d}.json", page.content)
            with _writing(self.folder):
                return self._swap(name, building)
        finally:
            shutil.rmtree(building, ignore_errors=True)
            with suppress(OSError):  # not empty: another set waits there
                building.parent.rmdir()

    def settle(self) -> None:
        """Finish the swaps that a killed process had decided; drop what it was still fetching."""
        work = self.folder / _WORK
        with _writing(self.folder):
            for ready in sorted(work.glob(f"*{_READY}")):
                self._put_in_place(ready)
            shutil.rmtree(work, ignore_errors=True)

    def _swap(self, name: str, building: Path) -> Swap:
        staged = sorted(building.iterdir())
        swap = self._compare(name, staged)
        if swap.new or swap.changed or swap.removed:
            sync_folder(building)
            ready = building.with_suffix(_READY)
            building.rename(ready)
            sync_folder(ready.parent)
            self._put_in_place(ready)
        return swap

    def _compare(self, name: str, staged: list[Path]) -> Swap:
        before = {path.name: path for path in self.pages(name)}
        known = [path for path in staged if path.name in before]
        same = sum(path.read_bytes() == before[path.name].read_bytes() for path in known)
        return Swap(
            pages=len(staged),
            bytes=sum(path.stat().st_size for path in staged),
            new=len(staged) - len(known),
            changed=len(known) - same,
            unchanged=same,
            removed=len(before) - len(known),
        )

    def _put_in_place(self, ready: Path) -> None:
        """Move pages in ascending order, so that the last one still says how many the set has."""
        if staged := sorted(ready.iterdir(), key=_number):
            names, numbers = {page.name for page in staged}, {_number(page) for page in staged}
            for page in self.pages(ready.stem):
                if page.name not in names and (_number(page) in numbers or _number(page) > max(numbers)):
                    page.unlink()
            for page in staged:
                page.replace(self.folder / page.name)
            sync_folder(self.folder)
        ready.rmdir()


def settle(bills: Path) -> None:
    """The same in the folder of the bills and in those of its accounts."""
    for pattern in (_WORK, f"*/{_WORK}"):
        for work in bills.glob(pattern):
            PageSets(work.parent).settle()


def _number(page: Path) -> str:
    return page.stem[-4:]


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PlatformError(
            "E-HOME-UNWRITABLE",
            f"a folder that can be written ({error.strerror})",
            where=Where(f"{folder.parent.name}/{folder.name}"),
            repair="give the user that runs Tickmark write access to the folder, or free disk space",
        ) from None
