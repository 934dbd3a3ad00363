"""Published tables for tests, typed by the DDL that publishes them."""

from pathlib import Path
from typing import Any

import duckdb
import yaml

Row = dict[str, Any]
Tables = dict[str, list[Row]]

MONTH = "2026-10"
MANIFEST = "9c41f0b7" * 8
DDL = Path(__file__).resolve().parents[2] / "sql" / "report" / "_tables.sql"


def published(folder_file: str) -> Tables:
    """Every table of the DDL, filled from a YAML file beside the tests, as the run reads it back."""
    # BaseLoader keeps every figure the text that was written.
    written = yaml.load(Path(__file__).with_name(folder_file).read_text("utf-8"), yaml.BaseLoader)
    with duckdb.connect() as database:
        database.execute("create schema report")
        database.execute(DDL.read_text("utf-8"))
        for name, table in written.items():
            _insert(database, name, table["columns"].split(), table["rows"])
        names = database.execute("select table_name from duckdb_tables() order by all").fetchall()
        return {name: database.table(f"report.{name}").to_arrow_table().to_pylist() for (name,) in names}


def _insert(
    database: duckdb.DuckDBPyConnection, name: str, columns: list[str], rows: list[list[str]]
) -> None:
    target = ", ".join(["month", "version", *columns])
    holes = ", ".join("?" for _ in range(len(columns) + 2))
    statement = f"insert into report.{name} ({target}) values ({holes})"
    for row in rows:
        assert len(row) == len(columns), (name, row)
        database.execute(statement, [MONTH, "2", *(None if value == "~" else value for value in row)])
