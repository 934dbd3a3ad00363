"""All deliveries of a month: find the files, read them in limited children, lose nothing.

Lives here: the parent side of the reading children, and what is checked across the files of a source.
Does not live here: reading a file (reader), deduplication and period (sql/ingest).
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tickmark import errors
from tickmark.errors import InputRejectedError, TickmarkError, Where
from tickmark.home import Home, SourceConfig
from tickmark.intake.reader import FileReport

MEMORY_BYTES = 8 * 2**30
WORKERS = 2
CHILDREN_PER_SOURCE = 4


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
    key: bytes


def find(home: Home, month: str) -> list[Landed]:
    """Every file of every source, numbered; raise InputRejectedError where a required source has none."""
    landed: list[Landed] = []
    sides = [("gateway", source) for source in home.config.gateways]
    sides += [("bill", source) for source in home.config.bills]
    for side, source in sides:
        pattern = source.files.replace("{month}", month)
        paths = sorted(path for path in home.folder.glob(pattern) if not path.name.startswith("."))
        if not paths and source.required:
            raise InputRejectedError(
                "E-SOURCE-MISSING",
                f"at least one file like {pattern}",
                where=Where("tickmark.yaml", field=source.name),
                repair="deliver the file, or set `required: false` for this source",
            )
        for path in paths:
            display = str(path.relative_to(home.folder))
            landed.append(Landed(source, side, len(landed), path, display))
    return landed


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
    _check_pages(reports)
    return sorted(reports, key=lambda report: report.file_no)


Outcome = FileReport | tuple[int, TickmarkError]


def _jobs(landed: Sequence[Landed]) -> Iterator[list[Landed]]:
    """A child reads a share of one source's files; the largest files start first."""
    sources = {file.source.name: file.source for file in landed}
    shares: list[list[Landed]] = []
    for name in sources:
        files = [file for file in landed if file.source.name == name]
        files.sort(key=lambda file: -file.path.stat().st_size)
        shares += [files[start::CHILDREN_PER_SOURCE] for start in range(min(CHILDREN_PER_SOURCE, len(files)))]
    yield from sorted(shares, key=lambda share: -sum(file.path.stat().st_size for file in share))


def _read(
    number: int, files: list[Landed], staging: Staging, progress: Callable[[str], None]
) -> list[Outcome]:
    answers = _child(f"{number:05d}", files, staging, progress)
    if answers is not None:
        return answers
    if len(files) == 1:
        return [(files[0].file_no, _died(files[0]))]
    # One file killed the child: read them one by one to name it.
    singles = (_read(number * 100_000 + file.file_no, [file], staging, progress) for file in files)
    return [answer for single in singles for answer in single]


def _child(
    part: str, files: list[Landed], staging: Staging, progress: Callable[[str], None]
) -> list[Outcome] | None:
    source = files[0].source
    job = {
        "source": {"name": source.name, "format": source.format, "account": source.account},
        "files": [{"path": str(f.path), "display": f.display, "file_no": f.file_no} for f in files],
        "staging": str(staging.folder),
        "specs": str(staging.specs),
        "key": staging.key.hex(),
        "part": part,
        "memory_bytes": MEMORY_BYTES,
    }
    names = {file.file_no: file.display for file in files}
    command = [sys.executable, "-I", "-m", "tickmark.intake"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}, text=True
    ) as child:
        assert child.stdin is not None  # noqa: S101 - PIPE above
        assert child.stdout is not None  # noqa: S101 - PIPE above
        assert child.stderr is not None  # noqa: S101 - PIPE above
        child.stdin.write(json.dumps(job))
        child.stdin.close()
        answers: list[Outcome] = []
        for line in child.stdout:
            said = json.loads(line)
            if "progress" in said:
                progress(names[said["progress"]])
            elif "report" in said:
                answers.append(FileReport(**said["report"]))
            else:
                answers.append((said["file_no"], _error(said["error"])))
        complaint = child.stderr.read()
    if child.returncode == 1 and "MemoryError" not in complaint and complaint:
        # A bug of ours, not of the file: it must not be reported as the user's.
        raise RuntimeError(complaint.strip().splitlines()[-1])
    return answers if child.returncode == 0 and len(answers) == len(files) else None


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


def _check_pages(reports: Sequence[FileReport]) -> None:
    """A page that says more follows must be followed by a page that begins where it ends."""
    for report in reports:
        begins = {start for other in reports if other.source == report.source for start, _ in other.spans}
        within = {end for start, end in report.spans}
        for end in report.more_after:
            if end in within and end not in begins:
                raise InputRejectedError(
                    "E-PAGE-MISSING",
                    f"the page that follows {end}",
                    where=Where(report.file, field="has_more"),
                    repair="fetch and deliver the remaining pages of this export",
                )
