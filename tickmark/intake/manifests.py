"""Control totals: what the sender of a source says it delivered, against what arrived.

Lives here: reading a manifest and comparing. A manifest is a CSV with the columns `file` (relative to the
manifest's folder), and `records`, `sha256` or both; blank lines and headers are no records.
Does not live here: reading the files themselves (reader).
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tickmark.errors import InputRejectedError, Where, printable
from tickmark.home import Home, SourceConfig
from tickmark.intake.reader import FileReport

FIGURES = ("records", "sha256")


def check(home: Home, month: str, reports: Sequence[FileReport]) -> set[int]:
    """Numbers of the files that a manifest lists and agrees with.

    Raises InputRejectedError where one is missing, is not listed, or differs from what is said of it.
    """
    agreed: set[int] = set()
    for source in (*home.config.gateways, *home.config.bills):
        if source.manifest is None:
            continue
        listed = _listed(home, source, month)
        delivered = {report.file: report for report in reports if report.source == source.name}
        for file, where in listed.items():
            if file not in delivered:
                raise _differs(
                    "E-MANIFEST-FILES", "every file that the manifest lists", where[0], printable(file)
                )
        for file, report in delivered.items():
            if file not in listed:
                raise _differs("E-MANIFEST-FILES", "only files that the manifest lists", Where(file), None)
            _compare(report, *listed[file])
            agreed.add(report.file_no)
    return agreed


def _listed(home: Home, source: SourceConfig, month: str) -> dict[str, tuple[Where, Mapping[str, str]]]:
    assert source.manifest is not None  # noqa: S101 - asked by the caller
    pattern = source.manifest.replace("{month}", month)
    manifests = sorted(home.folder.glob(pattern))
    if not manifests:
        raise _differs("E-MANIFEST-FILES", f"a manifest like {pattern}", Where(source.name), None)
    return {
        file: (where, row)
        for path in manifests
        for file, where, row in _rows(path, str(path.relative_to(home.folder)))
    }


def _rows(path: Path, display: str) -> Iterator[tuple[str, Where, Mapping[str, str]]]:
    try:
        lines = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""), strict=True)
        for row in lines:
            where = Where(display, lines.line_num)
            if None in row or None in row.values() or not row.get("file") or not any(map(row.get, FIGURES)):
                raise _form(where)
            yield str(Path(display).parent / row["file"]), where, row
    except (UnicodeDecodeError, csv.Error):
        raise _form(Where(display)) from None


def _compare(report: FileReport, where: Where, row: Mapping[str, str]) -> None:
    found = {"records": str(report.records - report.blank), "sha256": report.sha256}
    for name in FIGURES:
        if (said := row.get(name)) and said.strip().lower() != found[name]:
            raise _differs("E-MANIFEST-DIFFERS", f"a file with the {name} of its manifest", where, name)


def _form(where: Where) -> InputRejectedError:
    return InputRejectedError(
        "E-MANIFEST-FORM",
        "CSV with the columns file, and records or sha256",
        where=where,
        repair="ask the sender for the manifest again",
    )


def _differs(rule: str, expected: str, where: Where, field: str | None) -> InputRejectedError:
    return InputRejectedError(
        rule,
        expected,
        where=Where(where.file, where.line, field),
        repair="transfer the files again, together with their manifest",
    )
