"""One SELECT → one asset: the file's path names the table, its text names what it depends on.

Lives here: turning `sql/<word>/<table>.sql` into Dagster assets, and running them.
Does not live here: any SQL (sql/), and tables that Python fills (the modules of this package).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import dagster as dg
import duckdb

from tickmark.monthrun import WORDS, MonthRun, TableDoc, dictionary
from tickmark.warehouse import qualified

ROOT = Path(__file__).resolve().parents[1]
SQL = ROOT / "sql"
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2023-01", fmt="%Y-%m", end_offset=1)
OWNERS = {
    "ingest": ["team:platform"],
    "meter": ["team:platform"],
    "reconcile": ["team:finance"],
    "redflags": ["team:finance"],
    "report": ["team:finance"],
}


def key(table: str) -> dg.AssetKey:
    """Asset key of a table: `reconcile.cells` → reconcile/cells; staged rows belong to the landing."""
    word, name = table.split(".")
    return dg.AssetKey(["ingest", "landed_files"] if word == "staged" else [word, name])


@cache
def documented() -> dict[str, TableDoc]:
    """The data dictionary of all words, by table."""
    return {table.name: table for word in WORDS for table in dictionary(SQL / word / "_tables.sql")}


def asset_spec(
    table: str, description: str, deps: Sequence[dg.AssetKey], code: str, kinds: set[str]
) -> dg.AssetSpec:
    """What Dagster shows of a table: group, owner, columns, version of its code."""
    word = table.split(".", maxsplit=1)[0]
    doc = documented().get(table)
    columns = (
        []
        if doc is None
        else [dg.TableColumn(name, column.type, column.comment) for name, column in doc.columns.items()]
    )
    return dg.AssetSpec(
        key(table),
        deps=deps,
        description=description,
        group_name=word,
        owners=OWNERS[word],
        code_version=hashlib.sha256(code.encode()).hexdigest()[:16],
        kinds=kinds,
        partitions_def=MONTHS,
        metadata={"dagster/column_schema": dg.TableSchema(columns)} if columns else {},
    )


def selects(word: str) -> list[Path]:
    """The SELECTs of a word that are tables; a leading underscore marks other files."""
    return sorted(path for path in (SQL / word).glob("*.sql") if not path.name.startswith("_"))


def reads(select: str) -> set[str]:
    """Tables a SELECT reads, found by DuckDB's own parser; CTEs have no schema and are left out."""
    tree = json.loads(_parser().execute("select json_serialize_sql(?)", [select]).fetchall()[0][0])
    if tree["error"]:
        raise ValueError(tree["error_message"])
    return set(_tables(tree))


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _tables(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE" and node["schema_name"]:
            yield f"{node['schema_name']}.{node['table_name']}"
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _tables(part)


def sql_asset(path: Path, check: dg.AssetCheckSpec | None = None) -> dg.AssetsDefinition:
    """The asset of one SELECT; `check` is evaluated by `_evaluate` on its rows."""
    word, name = path.parent.name, path.stem
    table, select = f"{word}.{name}", path.read_text("utf-8")
    deps = sorted({key(read) for read in reads(select)})
    description = "\n".join(line.removeprefix("-- ") for line in _header(select))
    spec = asset_spec(table, description, deps, select, {"sql", "duckdb"})

    @dg.multi_asset(name=f"{word}__{name}", specs=[spec], check_specs=[check] if check else None)
    def run(close: dg.ResourceParam[MonthRun]) -> Iterator[dg.MaterializeResult[None]]:
        close.progress(table)
        rows = insert(close, table, select)
        results = [_evaluate(close, table, check)] if check else []
        yield dg.MaterializeResult(spec.key, metadata={"dagster/row_count": rows}, check_results=results)

    return run


def insert(close: MonthRun, table: str, select: str) -> int:
    """Fill a declared table from one SELECT, replacing what it held; return the rows."""
    with close.warehouse.filling(table) as database:
        database.execute("insert into " + qualified(table) + " by name\n" + select)
        return count(database, table)


def count(database: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    rows = database.table(qualified(table)).count("*").fetchall()
    return int(rows[0][0])


def _header(select: str) -> Iterator[str]:
    for line in select.splitlines():
        if not line.startswith("--"):
            return
        yield line


def _evaluate(close: MonthRun, table: str, check: dg.AssetCheckSpec) -> dg.AssetCheckResult:
    """A red flag: any row is a warning; the run goes on."""
    with close.warehouse.connect() as database:
        rows = database.table(qualified(table)).project("subject, summary").fetchall()
    return dg.AssetCheckResult(
        passed=not rows,
        check_name=check.name,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=dict(rows[:20]),
    )
