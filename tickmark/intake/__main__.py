"""The reading child: `python -m tickmark.intake < job.json`, one JSON line per file on stdout.

Lives here: limits on this process and the loop over its files. It gets an empty environment, paths
and a key on stdin, and can write only into its staging folder. The parent is `sources`.
"""

import gc
import json
import resource
import sys
from pathlib import Path
from typing import Any

from tickmark import mapping
from tickmark.errors import PlatformError, TickmarkError
from tickmark.intake.reader import FORMATS, Reader, Source
from tickmark.intake.tables import Writers
from tickmark.specbook import SpecBook


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def main() -> None:
    """Read the files of one job; a file is reported only when its rows are safely on disk."""
    job = json.load(sys.stdin)
    _limit(job["memory_bytes"])
    writers = Writers(Path(job["staging"]), job["part"])
    source, own = Source(**job["source"]), job["mapping"]
    reader = Reader(
        source,
        FORMATS[source.format] if own is None else mapping.load(Path(own), own),
        SpecBook(Path(job["specs"]), map(Path, job["own_specs"]), Path(job["vocabularies"])),
        bytes.fromhex(job["key"]),
        writers,
    )
    # Rows wait in lists by the million and form no cycles: looking for some cost a fifth of the time.
    gc.freeze()
    gc.set_threshold(500_000)
    reports: list[dict[str, object]] = []
    try:
        for file in job["files"]:
            reports.append(_read(reader, file))
            print(json.dumps({"progress": file["file_no"]}), flush=True)  # noqa: T201 - stdout is the parent
        writers.close()
    except MemoryError:
        sys.exit(1)
    except OSError as error:
        reports = [{"file_no": file["file_no"], "error": _as_json(_broken(error))} for file in job["files"]]
    for line in reports:
        print(json.dumps(line), flush=True)  # noqa: T201 - stdout is the parent


def _read(reader: Reader, file: dict[str, Any]) -> dict[str, object]:
    try:
        report = reader.read(Path(file["path"]), file["display"], file["file_no"])
    except TickmarkError as error:
        return {"file_no": file["file_no"], "error": _as_json(error)}
    return {"report": report.as_json()}


def _broken(error: OSError) -> PlatformError:
    return PlatformError(
        "E-MACHINE",
        f"room to write what was read, and a disk that can be read ({error.strerror})",
        repair="free disk space or repair the disk, then run again; nothing was published",
    )


def _as_json(error: TickmarkError) -> dict[str, object]:
    where = error.where
    return {
        "kind": type(error).__name__,
        "rule": error.rule,
        "expected": error.expected,
        "repair": error.repair,
        "where": None if where is None else [where.file, where.line, where.field],
    }


if __name__ == "__main__":
    main()
