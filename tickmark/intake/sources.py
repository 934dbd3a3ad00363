"""All deliveries of a month: find the files, read them in limited children, lose nothing.

Lives here: the parent side of the reading children, and what is checked across the files of a source.
Does not live here: reading a file (reader), deduplication and period (sql/ingest).
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tickmark import errors
from tickmark.errors import BadSpecError, InputRejectedError, TickmarkError, Where, printable
from tickmark.home import CONFIG, Home, SourceConfig
from tickmark.intake.reader import FileReport

MEMORY_BYTES = 8 * 2**30
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Landed:
    """One file to read."""

    source: SourceConfig
    side: str
    file_no: int
    path: Path
    display: str


@dataclass(frozen=True, slots=True)
class Staging:
    """Where and with what the children work."""

    folder: Path
    specs: Path
    own_specs: Sequence[Path]
    vocabularies: Path
    mappings: Mapping[str, Path]
    """The home's own formats by name."""
    key: bytes


def find(home: Home, month: str) -> list[Landed]:
    """Every file of every source, numbered.

    Raises InputRejectedError where a required source has none, or all together have none.
    """
    landed: list[Landed] = []
    owners: dict[Path, str] = {}
    sides = [("gateway", source) for source in home.config.gateways]
    sides += [("bill", source) for source in home.config.bills]
    for side, source in sides:
        pattern = source.files.replace("{month}", month)
        paths = sorted(path for path in home.folder.glob(pattern) if not path.name.startswith("."))
        if not paths and source.required:
            raise InputRejectedError(
                "E-SOURCE-MISSING",
                f"at least one file like {pattern}",
                where=Where(CONFIG, field=source.name),
                repair="deliver the file, or set `required: false` for this source",
            )
        for path in paths:
            if owners.setdefault(path, source.name) != source.name:
                raise _delivered_twice(path, source, owners[path])
            # Names are bytes: what is no UTF-8 is shown escaped.
            display = os.fsencode(path.relative_to(home.folder)).decode(errors="backslashreplace")
            landed.append(Landed(source, side, len(landed), path, display))
    if not landed:
        raise InputRejectedError(
            "E-SOURCE-NONE",
            f"at least one file of any source for {month}",
            where=Where(CONFIG),
            repair="deliver the month's files, or correct the `files` patterns: no file is no empty month",
        )
    return landed


def _delivered_twice(path: Path, source: SourceConfig, owner: str) -> BadSpecError:
    return BadSpecError(
        "E-SOURCE-OVERLAP",
        f"files that source {owner} does not match too; {printable(path.name)} would count twice",
        where=Where(CONFIG, field=f"{source.name}.files"),
        repair="make one of the two patterns narrower",
    )


def read_all(landed: Sequence[Landed], staging: Staging, progress: Callable[[str], None]) -> list[FileReport]:
    """Read every file; raise the first InputRejectedError in file order where any is unusable."""
    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = pool.map(lambda job: _read(job[0], job[1], staging, progress), enumerate(_jobs(landed)))
        answers = [answer for outcome in outcomes for answer in outcome]
    for answer in sorted(
        answers, key=lambda found: found.file_no if isinstance(found, FileReport) else found[0]
    ):
        if not isinstance(answer, FileReport):
            raise answer[1]
    reports = [answer for answer in answers if isinstance(answer, FileReport)]
    check_pages(reports)
    return sorted(reports, key=lambda report: report.file_no)


Outcome = FileReport | tuple[int, TickmarkError]


def _jobs(landed: Sequence[Landed]) -> Iterator[list[Landed]]:
    """A child reads a share of one source's files; the largest files start first."""
    sources = {file.source.name: file.source for file in landed}
    shares: list[list[Landed]] = []
    for name in sources:
        files = [file for file in landed if file.source.name == name]
        files.sort(key=_size, reverse=True)
        shares += [files[start::WORKERS] for start in range(min(WORKERS, len(files)))]
    yield from sorted(shares, key=lambda share: sum(map(_size, share)), reverse=True)


def _size(file: Landed) -> int:
    # A link without a target or a file that is gone is named by the child.
    return file.path.lstat().st_size if file.path.is_file() else 0


def _read(
    number: int, files: list[Landed], staging: Staging, progress: Callable[[str], None]
) -> list[Outcome]:
    part = f"{number:05d}"
    answers = _child(part, files, staging, progress)
    if answers is not None:
        return answers
    if len(files) == 1:
        return [(files[0].file_no, _died(files[0]))]
    # One file killed the child: read them one by one to name it.
    for half_written in staging.folder.glob(f"*/{part}.parquet"):
        half_written.unlink()
    singles = (_child(f"{part}-{file.file_no}", [file], staging, progress) for file in files)
    return [
        answer
        for file, single in zip(files, singles, strict=True)
        for answer in single or [(file.file_no, _died(file))]
    ]


def _child(
    part: str, files: list[Landed], staging: Staging, progress: Callable[[str], None]
) -> list[Outcome] | None:
    source = files[0].source
    job = {
        "source": source.model_dump(include={"name", "format", "account", "provider"}),
        "files": [{"path": str(f.path), "display": f.display, "file_no": f.file_no} for f in files],
        "staging": str(staging.folder),
        "specs": str(staging.specs),
        "own_specs": [str(path) for path in staging.own_specs],
        "vocabularies": str(staging.vocabularies),
        "mapping": None if (own := staging.mappings.get(source.format)) is None else str(own),
        "key": staging.key.hex(),
        "part": part,
        "memory_bytes": MEMORY_BYTES,
    }
    names = {file.file_no: file.display for file in files}
    command = [sys.executable, "-I", "-m", "tickmark.intake"]
    answers: list[Outcome] = []
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, env={}, text=True
        ) as child,
    ):
        for line in _converse(child, json.dumps(job)):
            said = json.loads(line)
            if "progress" in said:
                progress(names[said["progress"]])
            elif "report" in said:
                answers.append(FileReport(**said["report"]))
            else:
                answers.append((said["file_no"], _error(said["error"])))
        code = child.wait()
        complaints.seek(0)
        complaint = complaints.read()
    if code in (-signal.SIGINT, -signal.SIGTERM):
        raise KeyboardInterrupt
    if code == 1 and "MemoryError" not in complaint and complaint:
        # A bug of ours, not of the file: it must not be reported as the user's.
        raise RuntimeError(complaint.strip().splitlines()[-1])
    return answers if code == 0 and len(answers) == len(files) else None


def _converse(child: subprocess.Popen[str], job: str) -> Iterator[str]:
    assert child.stdin is not None  # noqa: S101 - a pipe
    assert child.stdout is not None  # noqa: S101 - a pipe
    # A child that died at once says why on stderr.
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(job)
        child.stdin.close()
    yield from child.stdout


def _error(said: dict[str, object]) -> TickmarkError:
    kind = getattr(errors, str(said["kind"]))
    where = said["where"]
    found = kind(
        said["rule"],
        said["expected"],
        where=Where(*where) if isinstance(where, list) else None,
        repair=said["repair"],
    )
    assert isinstance(found, TickmarkError)  # noqa: S101 - the child only sends these
    return found


def _died(file: Landed) -> InputRejectedError:
    return InputRejectedError(
        "E-FILE-LIMITS",
        f"a file that can be read within {MEMORY_BYTES // 2**30} GB of memory",
        where=Where(file.display),
        repair="check that the file is what it says; split a very large document",
    )


def check_pages(reports: Sequence[FileReport]) -> None:
    """Raise InputRejectedError where a page that says more follows is followed by none, in any file."""
    for report in reports:
        spans = [span for other in reports if other.source == report.source for span in other.spans]
        for end in report.more_after:
            if not any(start <= end < until for start, until in spans):
                raise InputRejectedError(
                    "E-PAGE-MISSING",
                    f"the page that follows {end}",
                    where=Where(report.file, field="has_more"),
                    repair="fetch and deliver the remaining pages of this export",
                )
