"""What a close shows on the command line: progress, summary, tables; all of it also as JSON.

Lives here: reading published tables and printing them. Does not live here: any figure of its own, and
the other commands' lists (listings.py).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipelines.run import Closed
from tickmark import lake
from tickmark.errors import printable
from tickmark.home import Home

OUT, ERR = Console(), Console(stderr=True)
Rows = list[dict[str, Any]]
EXCEPTIONS_SHOWN = 20


@contextmanager
def progress(title: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done, on a terminal; nothing elsewhere."""
    if quiet or not ERR.is_terminal:
        yield lambda _: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn(title),
        BarColumn(),
        TextColumn("{task.completed} steps · {task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERR, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda step: bar.update(task, advance=1, description=step)


def rows(database: duckdb.DuckDBPyConnection, select: str, parameters: Sequence[object] = ()) -> Rows:
    """Rows of a SELECT as mappings."""
    relation = database.execute(select, list(parameters))
    names = [column[0] for column in relation.description or ()]
    return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]


def summary(home: Home, closed: Closed) -> dict[str, Any]:
    """What a close found, from its own version in the lake."""
    version, published = closed.version, lake.current(home.lake, closed.version.month)
    with duckdb.connect() as found:
        for path in sorted((version.folder / "report").glob("*.parquet")):
            found.read_parquet(str(path)).create_view(path.stem)
        return {
            "month": version.month,
            "version": version.number,
            "draft": version.is_draft,
            "published_version": published.number if published else None,
            "close": rows(found, "from month_close order by provider, account"),
            "bridge": rows(
                found,
                "select provider, step, cause_code, cause, sum(cost_usd) as cost_usd, max(grade) as grade "
                "from variance_bridge group by provider, step_no, step, cause_code, cause "
                "order by provider, step_no, cause_code",
            ),
            "red_flags": rows(found, "from red_flags order by flag, subject"),
            "rejects": rows(found, "from rejects order by file, record_no limit 20"),
            "open_points": rows(found, "from open_points order by all"),
            "transcribed": rows(found, "from transcribed_invoices order by all"),
            "schema_changes": rows(found, "from schema_changes order by source, field"),
            "exceptions": rows(found, "from recount_exceptions order by file, line_no, direction"),
            "alerts": {"sent": dict(closed.alerts_sent), "failed": dict(closed.alerts_failed)},
            "finance": str(home.finance),
            "report": str(home.report(version.month)),
        }


def show(found: Mapping[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Print a close."""
    if as_json:
        as_document(found)
    elif not quiet:
        _close(found)


def _close(found: Mapping[str, Any]) -> None:
    state = "DRAFT" if found["draft"] else "closed"
    OUT.print(f"\n[bold]{found['month']} {state}[/bold], version {found['version']}")
    if found["published_version"] != found["version"]:
        OUT.print(f"[yellow]a draft replaces no final version[/yellow]: {found['published_version']} stays")
    OUT.print(
        table(
            ["provider", "account", "expected", "billed", "variance", "unexplained", "coverage", "status"],
            [
                [
                    r["provider"],
                    r["account"],
                    usd(r["cost_usd_expected"]),
                    usd(r["cost_usd_billed"]),
                    usd(r["cost_usd_variance"]),
                    usd(r["cost_usd_unexplained"]),
                    _percent(r["coverage_share"]),
                    r["status"],
                ]
                for r in found["close"]
            ],
            right=range(2, 7),
        )
    )
    causes = [r for r in found["bridge"] if r["cause_code"] != "D45"]
    if causes:
        OUT.print(
            table(
                ["provider", "step", "cause", "", "amount", "grade"],
                [
                    [r["provider"], r["step"], r["cause_code"], r["cause"], usd(r["cost_usd"]), r["grade"]]
                    for r in causes
                ],
                right=[4],
            )
        )
    _points(found)
    OUT.print(Text(f"report   {found['report']}\nfinance  {found['finance']}"), soft_wrap=True)


def _points(found: Mapping[str, Any]) -> None:
    """What someone must look at, a line each."""
    for flag in found["red_flags"]:
        _say("flag", "red", f"{flag['flag']}: {flag['summary']} (grade {flag['grade']})")
    for point in found["open_points"]:
        _say("draft", "yellow", f"{point['source'] or 'month'}: {point['detail']}")
    for r in found["rejects"]:
        place = f"{r['file']}:{r['line_no']}" if r["line_no"] else f"{r['file']} {r['place']}"
        _say(
            "set aside",
            "yellow",
            f"{r['rule']} {place} {r['field']} expected {r['expected']}, got {r['got']}",
        )
    for r in found["transcribed"]:
        total = f"{usd(r['billed_cost'])} {r['billing_currency']}"
        _say(
            "confirm",
            "yellow",
            f"{r['provider']} invoice {r['invoice_id']}: {total}, read out of {r['file']}",
        )
    for r in found["schema_changes"][:EXCEPTIONS_SHOWN]:
        _say("schema", "yellow", f"{r['source']}: field {r['field']} is {r['change']} since the month before")
    for r in found["exceptions"][:EXCEPTIONS_SHOWN]:
        counts = f"logged {r['tokens_logged']}, counted {r['tokens_recounted']}"
        _say("recount", "", f"{r['file']}:{r['line_no']} {r['model']} {r['direction']}: {counts}")
    if (more := len(found["exceptions"]) - EXCEPTIONS_SHOWN) > 0:
        _say("recount", "", f"and {more} more: report.recount_exceptions")
    for endpoint, error in found["alerts"]["failed"].items():
        _say("alert", "red", f"{endpoint} not delivered: {error}")


def _say(tag: str, colour: str, text: str) -> None:
    """One line; what comes from data is shown as it is, never as markup or as terminal commands."""
    OUT.print(Text.assemble((tag, colour), f" {printable(text)}"), soft_wrap=True)


def usd(amount: Decimal | None) -> str:
    """Money for people: cents, and more digits where cents would hide it."""
    if amount is None:
        return "-"
    return f"{amount:,.2f}" if abs(amount) >= 1 or amount == 0 else f"{amount:.6f}"


def _percent(share: Decimal | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def table(head: Sequence[str], body: Sequence[Sequence[object]], right: Sequence[int] | range = ()) -> Table:
    """A table without lines; `right` are the columns of figures."""
    drawn = Table(box=None, pad_edge=False)
    for number, title in enumerate(head):
        drawn.add_column(title, justify="right" if number in right else "left", overflow="fold")
    for line in body:
        drawn.add_row(*(Text(printable(str(cell))) for cell in line))
    return drawn


def as_document(found: object) -> None:
    """Print one JSON document; money and dates as text, exactly."""
    print(json.dumps(found, default=str, indent=1))  # noqa: T201 - the machine-readable output
