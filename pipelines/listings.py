"""What `status`, `formats` and `parity` show, on a terminal or as JSON.

Lives here: reading what is published and known, and printing it. Does not live here: a close (views.py).
"""

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.resources import spec_book
from pipelines.views import OUT, Rows, as_document, rows, table, usd
from tickmark import lake
from tickmark.errors import BadSpecError, Where
from tickmark.home import CONFIG, Home
from tickmark.intake.reader import FORMATS
from tickmark.months import Month
from tickmark.outbox import Outbox
from tickmark.parity import ParityRow, measure_files


def status(home: Home, now: datetime) -> dict[str, Any]:
    """Months and what is open in each; `too_old` where the last final close is overdue."""
    months = [version for month in lake.months(home.lake) if (version := lake.current(home.lake, month))]
    final = [version for version in months if not version.is_draft]
    overdue = now - timedelta(days=home.policy.close.max_age_days)
    return {
        "months": [_month_status(home, version, now) for version in months],
        "sources": _sources(home, now) if months else [],
        "too_old": not final or Month.parse(final[-1].month).end < overdue,
        "alerts_pending": _pending(home),
    }


def _month_status(home: Home, version: lake.Version, now: datetime) -> dict[str, Any]:
    with duckdb.connect(str(home.finance), read_only=True) as finance:
        counted = rows(
            finance,
            "select (select count(*) from report.breaks where month = $1) as breaks, "
            "(select count(*) from report.red_flags where month = $1) as red_flags, "
            "(select sum(abs(cost_usd)) from report.breaks where month = $1) as cost_usd_open",
            [version.month],
        )[0]
    age = now - Month.parse(version.month).end
    return {
        "month": version.month,
        "version": version.number,
        "draft": version.is_draft,
        "age_days": age.days,
        **counted,
    }


def _sources(home: Home, now: datetime) -> Rows:
    """Each source with the last month that had records, and the days since that month ended."""
    with duckdb.connect(str(home.finance), read_only=True) as finance:
        last = rows(
            finance,
            "select source, max(month) as month from report.sources where loaded > 0 group by 1 order by 1",
        )
    return [{**source, "age_days": (now - Month.parse(source["month"]).end).days} for source in last]


def _pending(home: Home) -> int:
    if not home.outbox.exists():
        return 0
    with Outbox(home.outbox) as outbox:
        return len(outbox.pending())


def show_status(state: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the months of a home."""
    if as_json:
        as_document(state)
        return
    OUT.print(
        table(
            ["month", "version", "state", "days since end", "open breaks", "open money", "red flags"],
            [
                [
                    m["month"],
                    m["version"],
                    "DRAFT" if m["draft"] else "closed",
                    m["age_days"],
                    m["breaks"],
                    usd(m["cost_usd_open"]),
                    m["red_flags"],
                ]
                for m in state["months"]
            ],
            right=range(3, 7),
        )
    )
    body = [[source["source"], source["month"], source["age_days"]] for source in state["sources"]]
    OUT.print(table(["source", "last month with records", "days since end"], body, right=[2]))
    if state["alerts_pending"]:
        OUT.print(f"{state['alerts_pending']} alerts wait for delivery")
    if state["too_old"]:
        OUT.print("[red]the last final close is too old[/red]: run `tickmark close MONTH`")


def show_formats(name: str | None, *, as_json: bool) -> None:
    """Print the formats, or one format's own account of itself."""
    if name is None:
        body = [[f.name, f.side, ", ".join(f.containers), f.verified, f.summary] for f in FORMATS.values()]
        head = ["name", "side", "container", "checked against", "what it is"]
        as_document([dict(zip(head, line, strict=True)) for line in body]) if as_json else OUT.print(
            table(head, body)
        )
    elif name in FORMATS:
        format_ = FORMATS[name]
        about = sys.modules[format_.read.__module__].__doc__ or ""
        required = f"Required columns: {', '.join(format_.columns)}\n" if format_.columns else ""
        OUT.print(f"{about}\n{required}", markup=False, highlight=False)
    else:
        raise BadSpecError(
            "E-FORMAT-UNKNOWN",
            "a format that exists",
            where=Where("command line", field="NAME"),
            repair="tickmark formats",
        )


def parity(files: Sequence[Path], home: Path | None, step: Callable[[str], None]) -> list[ParityRow]:
    """Count the exchanges of the files again and compare; a home brings its own specs, as in a close."""
    folder = home or Path()
    own = Home(folder).own_specs if home or (folder / CONFIG).is_file() else []
    return measure_files(files, spec_book(folder, *own), step)


def show_parity(found: Sequence[ParityRow], out: Path, *, as_json: bool, quiet: bool) -> None:
    """Store the parity table as CSV, one row per model and month; print its sums."""
    lines = [asdict(row) for row in found]
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]) if lines else [])
        writer.writeheader()
        writer.writerows(lines)
    if as_json:
        as_document(lines)
    elif not quiet:
        head = ["provider", "side", "shape", "class", "rows", "counted", "exact", "within 2", "in band"]
        OUT.print(table(head, _parity_sums(found), right=range(4, 9)))
        OUT.print(f"by model and month, with an example of each miss: {out}", highlight=False, soft_wrap=True)


def _parity_sums(found: Sequence[ParityRow]) -> list[list[object]]:
    groups: dict[tuple[str, str, str, str], list[ParityRow]] = {}
    for row in found:
        groups.setdefault((row.provider, row.direction, row.shape, row.exactness), []).append(row)
    return [[*group, *_parity_line(rows_)] for group, rows_ in sorted(groups.items())]


def _parity_line(group: Sequence[ParityRow]) -> list[object]:
    counted = [row for row in group if row.rows_exact is not None]
    whole = sum(row.rows for row in counted)
    agreeing = [
        sum(row.rows_exact or 0 for row in counted),
        sum(row.rows_within_2 or 0 for row in counted),
        sum(row.rows_in_band or 0 for row in counted),
    ]
    shares = [f"{100 * each / whole:.1f} %" if whole else "-" for each in agreeing]
    return [sum(row.rows for row in group), whole, *shares]
