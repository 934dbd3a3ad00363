"""Every case: the given rows, one SELECT or a chain of them, exactly the expected rows.

A file `<word>/<table>.yaml` belongs to `sql/<word>/<table>.sql`. It holds `cases` and may hold `given`
(rows that all cases share) and `through` (SELECTs that run before it). A case has a name, `given`, `expect`
and may have `policy` (thresholds that differ from the default). Expected rows name the columns they are
about; their number and order count. Decimals are quoted text.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from assets._sql import SQL
from tests.sql_cases.warehouse import HERE, SELECTS, Given, Warehouse, plain
from tickmark import strictyaml

FILES = sorted(HERE.glob("*/*.yaml"))


@pytest.fixture(scope="session")
def warehouse() -> Warehouse:
    return Warehouse()


def cases() -> Iterator[Any]:
    for path in FILES:
        table = f"{path.parent.name}.{path.stem}"
        document: Any = strictyaml.load(path, path.name)
        assert document.keys() <= {"given", "through", "cases"}, path
        for case in document["cases"]:
            assert case.keys() <= {"case", "given", "policy", "expect"}, (path, case["case"])
            yield pytest.param(table, document, case, id=f"{table}: {case['case']}")


def together(*parts: Given) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in parts:
        for table, rows in part.items():
            found.setdefault(table, []).extend(rows)
    return found


def is_ordered(table: str) -> bool:
    """Whether the SELECT says in which order its rows come."""
    last = (SQL / (table.replace(".", "/") + ".sql")).read_text("utf-8").rstrip().splitlines()[-1]
    return last.startswith("order by ")


@pytest.mark.parametrize(("table", "document", "case"), list(cases()))
def test_case(warehouse: Warehouse, table: str, document: Any, case: Any) -> None:
    given = together(document.get("given", {}), case.get("given") or {})
    with warehouse.month(given, case.get("policy")) as month:
        month.run(document.get("through", []))
        if table in SELECTS:
            month.run([table])
            found = month.rows(table)
        else:
            found = month.select(table)
    expected = case["expect"]
    columns = list(dict.fromkeys(name for row in expected for name in row)) or ["*"]
    shown = found if columns == ["*"] else [{name: plain(row[name]) for name in columns} for row in found]
    wanted = [{name: row.get(name) for name in columns} for row in expected]
    if not is_ordered(table):
        shown, wanted = sorted(shown, key=repr), sorted(wanted, key=repr)
    assert shown == wanted


COPIES = {
    "ingest.attempts",
    "ingest.billing_periods",
    "ingest.credit_ledger",
    "ingest.invoices",
    "reconcile.causes",
}
"""Rows as they were staged, and a list: nothing to get wrong. Most of `report` only adds the month."""


def test_every_select_with_logic_has_cases() -> None:
    logic = {table for table in SELECTS if not table.startswith("report.")} - COPIES
    contracts = {f"ingest.{path.stem}" for path in (SQL / "ingest").glob("_contract_*.sql")}
    filed = {f"{path.parent.name}.{path.stem}" for path in FILES}
    assert logic | contracts <= filed <= SELECTS.keys() | contracts
