"""A warehouse in memory: every table of the product's own DDL, filled by a case, SELECTs run as by a close.

A row of a case names only what it is about. A NOT NULL column that it leaves out gets the value of
`_defaults.yaml`, else the zero of its type; `attempt_id`, `record_key` and `record_no` count up.
`times: 100` stands for a hundred such rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from assets._sql import SQL, reads, selects
from tickmark import strictyaml
from tickmark.home import Policy
from tickmark.intake.tables import SCHEMAS
from tickmark.monthrun import WORDS

Row = Mapping[str, Any]
Given = Mapping[str, Sequence[Row]]

HERE = Path(__file__).parent
COUNTING = {"attempt_id": " || '.' || i", "record_key": " || '.' || i", "record_no": " + i"}
ZERO = {"VARCHAR": "x", "BIGINT": 0, "HUGEINT": 0, "BOOLEAN": False, "BLOB": b""}
SELECTS = {f"{word}.{path.stem}": path for word in WORDS for path in selects(word)}


@cache
def defaults() -> dict[str, Any]:
    found = strictyaml.load(HERE / "_defaults.yaml", "_defaults.yaml")
    assert isinstance(found, dict)
    return found


@cache
def sources(table: str) -> frozenset[str]:
    """Tables that the SELECT of a table reads."""
    return frozenset(reads(SELECTS[table].read_text("utf-8")))


def in_order(tables: Sequence[str]) -> list[str]:
    """Tables so that each comes after those it reads."""
    ordered: list[str] = []

    def place(table: str) -> None:
        for source in sorted(sources(table) & set(tables) - {table}):
            place(source)
        if table not in ordered:
            ordered.append(table)

    for table in tables:
        place(table)
    return ordered


class Warehouse:
    """All tables of a month, in memory."""

    def __init__(self) -> None:
        self.database = duckdb.connect(config={"threads": 1})
        self.database.execute("set TimeZone = 'UTC'")
        for word in WORDS:
            self.database.execute("create schema " + word)
            self.database.execute((SQL / word / "_tables.sql").read_text("utf-8"))
        self.database.execute("create schema staged")
        for table, schema in SCHEMAS.items():
            self.database.register("nothing", schema.empty_table())
            self.database.execute("create table staged." + table + " as from nothing")
        self.columns: dict[str, dict[str, tuple[str, bool]]] = {}
        for schema_name, table, column, kind, nullable in self.database.execute(
            "select schema_name, table_name, column_name, data_type, is_nullable from duckdb_columns()"
        ).fetchall():
            self.columns.setdefault(f"{schema_name}.{table}", {})[column] = (kind, nullable)

    @contextmanager
    def month(self, given: Given, policy: Mapping[str, str] | None = None) -> Iterator["Warehouse"]:
        """The given rows, January 2026 and the default policy; all of it is gone afterwards."""
        self.database.execute("begin")
        try:
            self.fill("ingest.close", given.get("ingest.close", [{}]))
            figures: dict[str, Any] = {**dict(Policy().figures()), **(policy or {})}
            self.fill("ingest.policy", [{"name": name, "value": value} for name, value in figures.items()])
            self.fill("reconcile.causes", self.select("reconcile.causes"))
            for table, rows in given.items():
                if table != "ingest.close":
                    self.fill(table, rows)
            yield self
        finally:
            self.database.execute("rollback")

    def fill(self, table: str, rows: Sequence[Row]) -> None:
        number = 0
        for row in rows:
            times = row.get("times", 1)
            self._insert(table, {k: v for k, v in row.items() if k != "times"}, number, times)
            number += times

    def _insert(self, table: str, row: Row, number: int, times: int) -> None:
        columns = self.columns[table]
        assert row.keys() <= columns.keys(), f"{table} has no {row.keys() - columns.keys()}"
        values, names = [], []
        for name, (kind, nullable) in columns.items():
            if name in row or not (nullable and not table.startswith("staged.")):
                names.append(name)
                values.append(row[name] if name in row else _default(name, kind, number))
        # Rows of one `times` differ in what counts up.
        casts = [
            "cast(? as " + columns[name][0] + ")" + ("" if name in row else COUNTING.get(name, ""))
            for name in names
        ]
        self.database.execute(
            "insert into "
            + table
            + " ("
            + ", ".join(names)
            + ") select "
            + ", ".join(casts)
            + " from range(?) r(i)",
            [*values, times],
        )

    def run(self, tables: Sequence[str]) -> None:
        """Fill each table from its SELECT, in the order in which they read each other."""
        for table in in_order(tables):
            self.database.execute("insert into " + table + " by name\n" + SELECTS[table].read_text("utf-8"))

    def select(self, table: str) -> list[dict[str, Any]]:
        """What the SELECT of a table, or of a contract, returns."""
        path = SELECTS.get(table) or SQL / (table.replace(".", "/") + ".sql")
        return self._rows(path.read_text("utf-8"))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What a table holds, in the order of its SELECT."""
        return self._rows("from " + table)

    def _rows(self, query: str) -> list[dict[str, Any]]:
        cursor = self.database.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _default(name: str, kind: str, number: int) -> Any:
    if name in COUNTING:
        return number + 1
    if name in defaults():
        return defaults()[name]
    return Decimal(0) if kind.startswith("DECIMAL") else ZERO.get(kind)


def plain(value: Any) -> Any:
    """A value as a case writes it: times, decimals (no trailing zeros) and very large numbers as text."""
    if isinstance(value, int) and abs(value) >= 10**18:
        return str(value)
    if isinstance(value, Decimal):
        return "0" if value == 0 else format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value
