"""The record: immutable, versioned Parquet per month, and the chain of manifests.

Lives here: writing a version, finding versions, and hashing. A closed month is never edited: other
content is a new version. Does not live here: finance.duckdb, which is rebuilt from here (publish.py).
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, cast

import duckdb

from tickmark.errors import IntegrityError, Where

MANIFEST = "manifest.json"
CHAIN = "chain.jsonl"
Manifest: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a closed month in the lake."""

    month: str
    number: int
    folder: Path
    manifest: Mapping[str, object]

    @property
    def is_draft(self) -> bool:
        return bool(self.manifest["draft"])

    def table(self, name: str) -> Path:
        word, table = name.split(".")
        return self.folder / word / f"{table}.parquet"


def versions(lake: Path, month: str) -> list[Version]:
    """Every version of a month, oldest first."""
    folders = sorted((lake / month).glob("v[0-9][0-9][0-9][0-9]"))
    return [
        Version(month, int(f.name[1:]), f, json.loads((f / MANIFEST).read_text("utf-8"))) for f in folders
    ]


def version(lake: Path, month: str, number: int) -> Version:
    """One version of a month."""
    return next(known for known in versions(lake, month) if known.number == number)


def months(lake: Path) -> list[str]:
    """Months that have a version."""
    return sorted(path.parent.name for path in lake.glob("20??-??/v0001"))


def current(lake: Path, month: str) -> Version | None:
    """The version that counts: the latest final one, else the latest draft."""
    known = versions(lake, month)
    final = [version for version in known if not version.is_draft]
    return (final or known)[-1] if known else None


def write(
    database: duckdb.DuckDBPyConnection,
    lake: Path,
    month: str,
    tables: Sequence[str],
    manifest: Manifest,
    closed_at: datetime,
) -> Version:
    """Write a new version, or return the current or latest one where nothing differs from it.

    `manifest` gets the tables' rows and hashes, the version, and the hash of the previous manifest. It
    holds no clock, so that the same deliveries give the same bytes; the chain notes `closed_at`.
    The version appears by one rename: a killed run leaves only a folder that the next run removes.
    """
    _repair_chain(lake)
    building = lake / month / ".building"
    shutil.rmtree(building, ignore_errors=True)
    contents = {name: _copy(database, name, building) for name in tables}
    known = versions(lake, month)
    for earlier in (current(lake, month), *known[-1:]):
        if earlier and _same(earlier.manifest, manifest, contents):
            shutil.rmtree(building)
            return earlier
    number = known[-1].number + 1 if known else 1
    full: Manifest = {
        **manifest,
        "month": month,
        "version": number,
        "tables": contents,
        "previous": chain_head(lake),
    }
    (building / MANIFEST).write_text(json.dumps(full, indent=1, sort_keys=True) + "\n", "utf-8")
    _sync(building / MANIFEST)
    folder = lake / month / f"v{number:04d}"
    building.rename(folder)
    sync_folder(folder.parent)
    _append_to_chain(lake, folder, closed_at)
    return Version(month, number, folder, full)


def chain_head(lake: Path) -> str | None:
    """Hash of the last manifest in the chain; None before the first close."""
    lines = _chain(lake)
    return str(lines[-1]["sha256"]) if lines else None


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_hash(folder: Path, pattern: str) -> str:
    """One hash of all matching files of a folder: names and contents."""
    lines = [f"{path.relative_to(folder)} {file_hash(path)}" for path in sorted(folder.rglob(pattern))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def require_whole(found: Version) -> None:
    """Raise IntegrityError where a table of a version no longer is what its manifest says."""
    place = f"{found.month}/{found.folder.name}"
    if changed := _changed_tables(found):
        raise IntegrityError(
            "E-LAKE-DAMAGED",
            f"the tables that its manifest lists ({', '.join(changed)} changed or lost)",
            where=Where(f"lake/{place}"),
            repair="restore this folder of the lake from a backup; finance.duckdb was left as it was",
        )


def problems(lake: Path) -> list[str]:
    """What no longer is what a manifest or the chain says, in words; an empty list is a sound lake."""
    found: list[str] = []
    previous: object = None
    for line in _chain(lake):
        manifest = lake / str(line["version"]) / MANIFEST
        if not manifest.is_file() or file_hash(manifest) != line["sha256"]:
            found.append(f"{line['version']}/{MANIFEST} is not the manifest that was chained")
            continue
        said = json.loads(manifest.read_text("utf-8"))
        if said["previous"] != previous:
            found.append(f"{line['version']}/{MANIFEST} does not follow the manifest before it")
        previous = line["sha256"]
        changed = _changed_tables(Version(said["month"], said["version"], manifest.parent, said))
        found += [f"{line['version']}: {name} was changed or lost" for name in changed]
    return found


def _changed_tables(found: Version) -> list[str]:
    tables = cast("dict[str, dict[str, object]]", found.manifest["tables"])
    return [
        name
        for name, said in tables.items()
        if not found.table(name).is_file() or file_hash(found.table(name)) != said["sha256"]
    ]


def _copy(database: duckdb.DuckDBPyConnection, name: str, building: Path) -> dict[str, object]:
    word, table = name.split(".")
    path = building / word / f"{table}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = database.table(name)
    # A total order makes the bytes the same for the same rows.
    columns = ", ".join(f'"{column}"' for column in rows.columns if column != "version")
    rows.project(columns).order(columns).write_parquet(str(path), compression="zstd")
    _sync(path)
    return {"rows": int(rows.count("*").fetchall()[0][0]), "sha256": file_hash(path)}


def _same(known: Mapping[str, object], manifest: Manifest, contents: Mapping[str, object]) -> bool:
    return known["tables"] == contents and all(known.get(name) == value for name, value in manifest.items())


def _chain(lake: Path) -> list[dict[str, object]]:
    path = lake / CHAIN
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def _repair_chain(lake: Path) -> None:
    """Add the version that a killed run put in place and did not chain; its instant is unknown."""
    chained = {str(line["version"]) for line in _chain(lake)}
    for folder in sorted(lake.glob("20??-??/v[0-9][0-9][0-9][0-9]")):
        if str(folder.relative_to(lake)) not in chained:
            _append_to_chain(lake, folder, None)


def _append_to_chain(lake: Path, folder: Path, closed_at: datetime | None) -> None:
    line = {
        "version": str(folder.relative_to(lake)),
        "sha256": file_hash(folder / MANIFEST),
        "closed_at": closed_at and closed_at.isoformat(),
    }
    # Written anew: a full disk in the middle of a line would end the chain for ever.
    building = lake / f".{CHAIN}.building"
    building.write_text("".join(json.dumps(each) + "\n" for each in (*_chain(lake), line)), "utf-8")
    _sync(building)
    building.replace(lake / CHAIN)
    sync_folder(lake)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
