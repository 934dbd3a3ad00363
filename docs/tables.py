"""Writes docs/tables.md, the data dictionary, from the DDL in sql/: run `make docs` after changing a table.

Lives here: how the page looks. Meanings stand once, as comments in `sql/<word>/_tables.sql`.
"""  # noqa: INP001 - a script beside the page it writes

from collections.abc import Iterator
from pathlib import Path

import duckdb

from tickmark.monthrun import WORDS, TableDoc, dictionary

PAGE = Path(__file__).with_name("tables.md")
SQL = PAGE.parents[1] / "sql"
HEAD = """\
# Tables

Generated from the comments of `sql/*/_tables.sql` by `make docs`; do not edit. `finance.duckdb` holds the
schema `report`; the lake holds all of them but what is about text. Missing is NULL, never 0. Times are UTC,
intervals half-open. Money is USD in exact decimals. A variance is the provider's figure minus ours.
"""


def page() -> str:
    """The page as it should be."""
    parts = [HEAD]
    with duckdb.connect() as database:
        for word in WORDS:
            ddl = SQL / word / "_tables.sql"
            database.execute("create schema " + word)
            database.execute(ddl.read_text("utf-8"))
            question = ddl.read_text("utf-8").splitlines()[0].partition(": ")[2]
            parts.append(f"\n## {word}\n\n{question}\n")
            parts += (_table(table, _types(database, table.name)) for table in dictionary(ddl))
    return "".join(parts)


def _types(database: duckdb.DuckDBPyConnection, table: str) -> dict[str, tuple[str, bool]]:
    columns = database.execute(
        "select column_name, data_type, is_nullable from duckdb_columns() "
        "where schema_name || '.' || table_name = ? order by column_index",
        [table],
    ).fetchall()
    return {name: (kind.lower(), nullable) for name, kind, nullable in columns}


def _table(table: TableDoc, types: dict[str, tuple[str, bool]]) -> str:
    return "\n".join(
        [
            f"\n### {table.name}\n",
            f"{table.comment}\n",
            "| column | type | NULL | meaning |",
            "|---|---|---|---|",
            *_rows(table, types),
            "",
        ]
    )


def _rows(table: TableDoc, types: dict[str, tuple[str, bool]]) -> Iterator[str]:
    for name, (kind, nullable) in types.items():
        meaning = table.columns[name].comment.replace("|", "\\|")
        yield f"| {name} | {kind} | {'yes' if nullable else ''} | {meaning} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
