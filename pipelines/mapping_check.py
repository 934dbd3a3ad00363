"""What `tickmark map` does: check a mapping, show how a file loads through it, draft one from a file.

Lives here: the trial and its printing. Does not live here: mappings themselves (tickmark/mapping.py).
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.views import OUT, as_document, table
from tickmark import mapping
from tickmark.errors import InputRejectedError, RecordRejected, Where, printable
from tickmark.formats import Format, Json
from tickmark.intake.containers import records
from tickmark.intake.physical import Coverage, Record
from tickmark.intake.stream import Verified
from tickmark.records import Row

PROBLEMS_SHOWN = 20
_KINDS: dict[type, str] = {
    str: "text",
    int: "whole number",
    Decimal: "number",
    bool: "true or false",
    list: "list",
    type(None): "null",
}
SAMPLED = 200
"""Records that a draft looks at."""


def run(path: Path, file: Path | None, shown: int) -> dict[str, Any]:
    """The mapping, and what a file became: counts, first rows, every kind of problem with its first place."""
    format_ = mapping.load(path, path.name)
    found = {"format": format_.name, "tables": list(format_.tables), "shows": list(format_.shows)}
    counted = Counter(records=0, loaded=0, not_usage=0, quarantined=0, blank=0)
    rows: list[Row] = []
    problems: Counter[tuple[str, str, str]] = Counter()
    places: dict[tuple[str, str, str], str] = {}
    for record in () if file is None else records(Verified(file, file.name), format_, Coverage()):
        counted["records"] += 1
        try:
            became = _rows(record, format_)
        except RecordRejected as rejected:
            problem = (rejected.rule, rejected.field, f"{rejected.expected}, got {rejected.got}")
            problems[problem] += 1
            places.setdefault(problem, _place(record))
            counted["quarantined"] += 1
            continue
        counted["blank" if became is None else "loaded" if became else "not_usage"] += 1
        rows += islice(became or (), shown - len(rows))
    if file is not None and counted["records"] and not counted["loaded"]:
        raise _nothing(file, counted, problems)
    return {
        **found,
        "records": dict(counted),
        "rows": [_said(row) for row in rows],
        "problems": [
            {
                "rule": rule,
                "field": field,
                "expected": expected,
                "first": places[rule, field, expected],
                "times": times,
            }
            for (rule, field, expected), times in problems.most_common()
        ],
    }


def _rows(record: Record, format_: Format) -> list[Row] | None:
    """Rows of a record; None where it is blank."""
    if record.rejected is not None:
        raise record.rejected
    return None if record.value is None else list(format_.read(record.value))


def _place(record: Record) -> str:
    line = "" if record.line is None else f"line {record.line}"
    return f"{line} {record.place}".strip()


def _nothing(
    file: Path, counted: Counter[str], problems: Counter[tuple[str, str, str]]
) -> InputRejectedError:
    first = next(iter(problems), None)
    why = "all are about no usage" if first is None else f"{first[0]} {first[1]} expects {first[2]}"
    return InputRejectedError(
        "E-FILE-FORMAT",
        f"at least one record that this mapping loads; of {counted['records']} {why}",
        where=Where(file.name),
        repair="correct the paths of the mapping; `tickmark map --draft FILE` lists those of the file",
    )


def _said(row: Row) -> dict[str, str]:
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    return {name: str(value) for name, value in values.items() if value is not None}


def show(found: dict[str, Any], *, as_json: bool) -> None:
    """Print it: rows as columns, so that their many fields stay readable."""
    if as_json:
        as_document(found)
        return
    OUT.print(f"format {found['format']} → {', '.join(found['tables'])}", markup=False)
    names = list(dict.fromkeys(name for row in found["rows"] for name in row))
    if names:
        head = ["field", *(f"row {number}" for number in range(1, len(found["rows"]) + 1))]
        body = [[name, *(printable(row.get(name, "")) for row in found["rows"])] for name in names]
        OUT.print(table(head, body))
    if found["records"]["records"]:
        OUT.print(", ".join(f"{times} {what}" for what, times in found["records"].items()))
    for problem in found["problems"][:PROBLEMS_SHOWN]:
        OUT.print(
            f"{problem['rule']} {printable(problem['field'])} {problem['expected']} "
            f"({problem['times']} times, first at {problem['first']})",
            markup=False, highlight=False,
        )  # fmt: skip


def draft(file: Path) -> None:
    """Print every path of a file's first records with the kinds found there, as a mapping to start from."""
    format_ = Format(
        name="draft", side="gateway", tables=("attempts",), containers=("json", "csv", "parquet"),
        summary="", verified="own format", read=lambda _: iter(()),
    )  # fmt: skip
    kinds: dict[str, Counter[str]] = {}
    for record in islice(records(Verified(file, file.name), format_, Coverage()), SAMPLED):
        for path, kind in _paths(dict(record.value or {}), ""):
            kinds.setdefault(path, Counter())[kind] += 1
    container = {".csv": "csv", ".parquet": "parquet"}.get(file.suffix.lower(), "json")
    lines = [f"#   {path}: {', '.join(found)} ({found.total()})" for path, found in kinds.items()]
    sys.stdout.write(DRAFT.format(container=container, paths="\n".join(lines)))


def _paths(value: Json, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{printable(key)}" if path else printable(key))
    else:
        yield path, _KINDS[type(value)]


DRAFT = """\
about: what delivers these files
table: attempts                     # attempts, usage_buckets, billing_lines, invoices or credit_ledger
container: {container}
key: content                        # or the paths that name a record: [id]
input_counts: unknown               # include_cached or exclude_cached: look it up
fields:                             # canonical fields (docs/tables.md); times: `unit: ms`, `zone: UTC`
  provider: {{const: openai}}
  operation: {{const: chat}}
  started_at: {{path: CHANGE_ME, zone: UTC}}
  request_model: CHANGE_ME
  tokens_input_total: CHANGE_ME
  tokens_output: CHANGE_ME
# Paths of the file, with what stands there in its first records:
{paths}
"""
