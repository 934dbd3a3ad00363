"""Word 5, report: what may finance rely on?

Lives here: the record (lake), the published database, the page and the alerts to send, in this order,
each put in place by one rename. The published tables themselves are `sql/report/`.
"""

import importlib.metadata
from typing import Any

import dagster as dg
import duckdb

from assets._sql import SQL, asset_spec, key, selects, sql_asset
from tickmark import __version__, lake, publish, reportpage
from tickmark.monthrun import WORDS, MonthRun, dictionary
from tickmark.outbox import Alert, Outbox

PUBLISHED = selects("report")
ENGINES = ("duckdb", "genai-prices", "tokenizers")


def _asset(name: str, description: str, deps: list[dg.AssetKey], kinds: set[str]) -> dg.AssetSpec:
    return asset_spec("report." + name, description, deps, "1", kinds)


LAKE = _asset(
    "lake",
    "The month as immutable Parquet: a new version where anything differs, with a chained manifest.",
    [key("report." + path.stem) for path in PUBLISHED],
    {"python", "parquet"},
)
FINANCE = _asset(
    "finance_database", "finance.duckdb: every month's current version, for finance.", [LAKE.key], {"duckdb"}
)
PAGE = _asset("page", "report.html: the month on one page.", [FINANCE.key], {"html"})
OUTBOX = _asset(
    "outbox", "Newly fired red flags, each queued once for every alert endpoint.", [PAGE.key], {"python"}
)


@dg.multi_asset(name="report__lake", specs=[LAKE])
def write_lake(close: dg.ResourceParam[MonthRun]) -> dg.MaterializeResult[None]:
    close.progress("report.lake")
    tables = [
        table.name
        for word in WORDS
        for table in dictionary(SQL / word / "_tables.sql")
        if table.name not in _LEFT_OUT
    ]
    close.warehouse.require(tables)
    with close.warehouse.connect() as database:
        manifest = _manifest(close, database)
        version = lake.write(database, close.home.lake, str(close.month), tables, manifest, close.closed_at)
    close.keep_text()
    return dg.MaterializeResult(LAKE.key, metadata={"version": version.number, "draft": version.is_draft})


_LEFT_OUT = {"report.metric_dictionary", "meter.segment_counts", "ingest.row_dispositions"}
"""Rebuilt from the others, or about text: not part of the record."""


def _manifest(close: MonthRun, database: duckdb.DuckDBPyConnection) -> lake.Manifest:
    inputs = database.execute(
        "select file, sha256, bytes_delivered, records, loaded from ingest.files order by file_no"
    ).fetchall()
    sums = database.execute(
        "select count(*), sum(cost_usd_expected), sum(cost_usd_billed), sum(cost_usd_unexplained) "
        "from reconcile.month_close"
    ).fetchall()[0]
    drafts = database.execute("select count(*) from ingest.completeness").fetchall()[0][0]
    cards = sorted(close.home.folder.glob(close.home.config.contracts))
    return {
        "draft": drafts > 0,
        "inputs": [
            dict(zip(("file", "sha256", "bytes", "records", "loaded"), row, strict=True)) for row in inputs
        ],
        "sums": dict(
            zip(
                ("accounts", "cost_usd_expected", "cost_usd_billed", "cost_usd_unexplained"),
                map(str, sums),
                strict=True,
            )
        ),
        "code": {"tickmark": __version__, "sql": lake.folder_hash(close.sql, "*.sql")},
        "specs": lake.folder_hash(close.specs, "*.yaml"),
        "own_specs": lake.folder_hash(close.home.own_specs_folder, "*.yaml"),
        "contracts": {card.name: lake.file_hash(card) for card in cards},
        "engines": {engine: importlib.metadata.version(engine) for engine in ENGINES},
    }


@dg.multi_asset(name="report__finance_database", specs=[FINANCE])
def publish_finance(close: dg.ResourceParam[MonthRun]) -> dg.MaterializeResult[None]:
    close.progress("report.finance_database")
    publish.publish(close.home.lake, close.home.finance, SQL / "report" / "_tables.sql")
    return dg.MaterializeResult(
        FINANCE.key, metadata={"path": dg.MetadataValue.path(str(close.home.finance))}
    )


@dg.multi_asset(name="report__page", specs=[PAGE])
def render_page(close: dg.ResourceParam[MonthRun]) -> dg.MaterializeResult[None]:
    close.progress("report.page")
    version = _current(close)
    page = reportpage.render(
        {path.stem: _rows(close, version, "report." + path.stem) for path in PUBLISHED},
        str(close.month),
        version.number,
        version.is_draft,
        lake.file_hash(version.folder / lake.MANIFEST),
    )
    path = close.home.report(str(close.month))
    publish.publish_page(path, page)
    return dg.MaterializeResult(PAGE.key, metadata={"path": dg.MetadataValue.path(str(path))})


def _current(close: MonthRun) -> lake.Version:
    """What finance sees: a draft is not it where a final version exists."""
    version = lake.current(close.home.lake, str(close.month))
    assert version is not None  # noqa: S101 - written by an earlier step
    return version


def _rows(close: MonthRun, version: lake.Version, table: str) -> list[dict[str, Any]]:
    with close.warehouse.connect() as database:
        rows: list[dict[str, Any]] = (
            database.read_parquet(str(version.table(table))).to_arrow_table().to_pylist()
        )
    return rows


@dg.multi_asset(name="report__outbox", specs=[OUTBOX])
def queue_alerts(close: dg.ResourceParam[MonthRun]) -> dg.MaterializeResult[None]:
    alerts = [_alert(str(close.month), flag) for flag in _rows(close, _current(close), "redflags.fired")]
    with Outbox(close.home.outbox) as outbox:
        queued = outbox.enqueue(
            alerts, [endpoint.name for endpoint in close.home.config.alerts], close.closed_at
        )
    return dg.MaterializeResult(OUTBOX.key, metadata={"queued": queued})


def _alert(month: str, flag: dict[str, Any]) -> Alert:
    return Alert(
        month=month,
        flag=flag["flag"],
        subject=flag["subject"],
        title=flag["flag"],
        text=f"{flag['summary']}. Check: {flag['likely_causes']}",
        cost_usd=f"{flag['cost_usd']:.4f}",
        grade=flag["grade"],
    )


ASSETS = [*(sql_asset(path) for path in PUBLISHED), write_lake, publish_finance, render_page, queue_alerts]
