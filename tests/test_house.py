"""The house rules that no linter knows: floors, tables, names, money in SQL. Each failure says what to do."""

import ast
import json
import re
import runpy
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import duckdb
import pytest

from assets._contracts import rules
from assets._sql import SQL, documented, reads, selects
from pipelines import definitions
from tests.conftest import ROOT
from tests.sql_cases.warehouse import SELECTS, Warehouse
from tickmark import strictyaml
from tickmark.home import Policy
from tickmark.intake.reader import FORMATS
from tickmark.intake.tables import LINEAGE, SCHEMAS
from tickmark.monthrun import WORDS
from tickmark.records import RECORDS, TOKEN_CLASSES, UNIT_CLASSES, RateRow

PYTHON = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for floor in ("tickmark", "assets", "pipelines")
    for path in sorted((ROOT / floor).rglob("*.py"))
}
NETWORK = {
    "aiohttp",
    "ftplib",
    "http",
    "httpx",
    "huggingface_hub",
    "requests",
    "smtplib",
    "socket",
    "ssl",
    "urllib.request",
}
READERS_OF_ENVIRONMENT = {"pipelines/cli.py", "pipelines/in_process.py", "pipelines/resources.py"}
CLOCKS = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today", "time.time", "time.time_ns"}
ENVIRONMENT = {"os.environ", "os.getenv", "os.environb"}
BANNED_CALLS = {
    "fetchone": "fetchall: a DuckDB cursor that is not read to its end keeps its result",
    "fetchmany": "to_arrow_reader",
    "union_by_name": "tables with a declared schema",
    "auto_detect": "the strict reader of tickmark.intake",
    "read_csv": "the strict reader of tickmark.intake",
    "read_json": "the strict reader of tickmark.intake",
    "literal_eval": "strictjson or strictyaml",
    "eval": "nothing",
    "exec": "nothing",
    "float": "Decimal",
}
EXCEPTIONS = {
    ("tickmark/outbox.py", "fetchone"),  # SQLite
    ("tickmark/calibration.py", "float"),  # a fit; what it yields is Decimal
    ("tickmark/gap.py", "float"),  # a regression over counts
    ("tickmark/framing/images.py", "float"),  # a product that is billed as one of binary fractions
    ("tickmark/reportpage/bridge_picture.py", "float"),  # places on paper
}
BANNED_SQL = ("any_value", "avg", "ignore_errors", "mode", "now", "current_date", "random", "try_cast")
MONEY = re.compile(r"usd|cost|price|pico")
QUERY = re.compile(
    r"\b(select\b.+\bfrom|insert\s+into|delete\s+from|create\s+table|update\b.+\bset|attach\s+')",
    re.IGNORECASE | re.DOTALL,
)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home|Users|tmp(?!/tickmark-))/\w")


# Python: floors and shape.


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(tree: ast.AST) -> set[str]:
    """Every `a.b` that is written in a module."""
    found = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in found if re.fullmatch(r"[\w.]+", name)}


def below(names: Iterator[str], *packages: str) -> set[str]:
    return {
        name for name in names for package in packages if name == package or name.startswith(package + ".")
    }


@pytest.mark.parametrize("module", PYTHON)
def test_each_floor_imports_only_what_lies_below(module: str) -> None:
    floor, found = module.split("/", maxsplit=1)[0], list(imported(PYTHON[module]))
    above = {"tickmark": ("assets", "pipelines", "dagster", *NETWORK), "assets": ("pipelines", *NETWORK)}
    assert below(iter(found), *above.get(floor, ())) == set(), f"{module} belongs to the floor {floor}"


def test_asset_modules_meet_by_table_name_only() -> None:
    for module in (name for name in PYTHON if name.startswith("assets/")):
        others = below(imported(PYTHON[module]), "assets")
        assert {name for name in others if not name.startswith("assets._")} <= {"assets"}, module


def test_the_clock_and_the_environment_are_handed_in() -> None:
    for module, tree in PYTHON.items():
        used = dotted(tree)
        assert module in READERS_OF_ENVIRONMENT or not used & ENVIRONMENT, module
        assert module == "pipelines/resources.py" or not used & CLOCKS, module


def test_modules_say_what_lives_there_and_stay_small() -> None:
    for module, tree in PYTHON.items():
        assert ast.get_docstring(tree) or not tree.body, f"{module} opens with its charter"
        lines = len((ROOT / module).read_text("utf-8").splitlines())
        assert lines <= 300, f"{module} has {lines} lines: split it"


def test_functions_stay_short() -> None:
    long = {
        f"{module}:{node.name}": node.end_lineno - node.lineno + 1
        for module, tree in PYTHON.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= 60
    }
    assert long == {}


def test_no_query_is_built_in_an_f_string() -> None:
    for module, tree in PYTHON.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
                assert not QUERY.search(text), f"{module}:{node.lineno} use parameters"


def test_banned_calls() -> None:
    for module, tree in PYTHON.items():
        for node in ast.walk(tree):
            name = ""
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
            elif isinstance(node, ast.keyword):
                name = node.arg or ""
            where = f"{module}:{getattr(node, 'lineno', 0)}"
            assert name not in BANNED_CALLS or (module, name) in EXCEPTIONS, (
                f"{where} use {BANNED_CALLS[name]}"
            )


# SQL: one SELECT per table, read from left to right.


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse()


def queries() -> list[Path]:
    return [path for path in sorted(SQL.glob("*/*.sql")) if path.name != "_tables.sql"]


@pytest.mark.parametrize("path", queries(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_select_reads_its_own_word_or_an_earlier_one(path: Path) -> None:
    text = path.read_text("utf-8")
    statements = duckdb.extract_statements(text)
    assert [statement.type for statement in statements] == [duckdb.StatementType.SELECT]
    words = ["staged", *WORDS]
    later = {
        table for table in reads(text) if words.index(table.split(".")[0]) > words.index(path.parent.name)
    }
    assert later == set()
    header = [line for line in text.splitlines() if line.startswith("--")]
    assert path.name.startswith("_contract_") or any("grain: " in line for line in header), "say the grain"


def functions(node: Any) -> Iterator[tuple[str, Any]]:
    """Every function call of a parsed query, with its node."""
    if isinstance(node, dict):
        if node.get("class") == "FUNCTION":
            yield node["function_name"], node
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from functions(part)


def column_names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("class") == "COLUMN_REF":
            yield node["column_names"][-1]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from column_names(part)


@pytest.mark.parametrize("path", queries(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_money_is_never_divided_and_nothing_depends_on_chance(path: Path) -> None:
    """`/` and `avg` give DOUBLE, also of decimals: shares of money are whole picodollars with `//`."""
    with duckdb.connect() as parser:
        tree = json.loads(
            parser.execute("select json_serialize_sql(?)", [path.read_text("utf-8")]).fetchall()[0][0]
        )
    for name, node in functions(tree):
        assert name not in BANNED_SQL
        money = {column for column in column_names(node) if MONEY.search(column)}
        assert name != "/" or not money, f"{money} divided by `/`"


def test_no_select_returns_a_float(warehouse: Warehouse) -> None:
    for table, path in SELECTS.items():
        described = warehouse.database.execute("describe " + path.read_text("utf-8")).fetchall()
        floats = [name for name, kind, *_ in described if kind in ("DOUBLE", "FLOAT")]
        assert floats == [], f"{table}: a DOUBLE would be cut silently when it is inserted"


def test_columns_are_described_and_money_is_decimal(warehouse: Warehouse) -> None:
    for table, columns in warehouse.columns.items():
        if table.split(".")[0] not in WORDS:
            continue
        assert list(documented()[table].columns) == list(columns), f"{table}: one comment for each column"
        for name, (kind, _) in columns.items():
            assert kind not in ("DOUBLE", "FLOAT"), f"{table}.{name}"
            assert not re.search("usd|_cost|_price", name) or kind.startswith("DECIMAL"), f"{table}.{name}"


def test_each_table_has_an_asset_and_each_select_a_table() -> None:
    tables = {name.replace(".", "/") for name in documented()} - {"report/metric_dictionary"}
    made = {key.to_user_string() for key in definitions.defs.resolve_asset_graph().get_all_asset_keys()}
    assert tables - made == set(), "a table that no asset fills"
    assert {name.replace(".", "/") for name in SELECTS} <= tables, "a SELECT without its DDL"
    without_table = {"report/lake", "report/finance_database", "report/page", "report/outbox"}
    assert made - tables <= without_table, "an asset without a table"


def test_a_contract_names_its_rules_where_dagster_finds_them(warehouse: Warehouse) -> None:
    for path in sorted((SQL / "ingest").glob("_contract_*.sql")):
        found = [row["rule"] for row in warehouse.select(f"ingest.{path.stem}")]
        assert rules(path.read_text("utf-8")) == found, path.name


def test_every_flag_can_fire_and_every_threshold_is_used() -> None:
    flags = {path.stem for path in selects("redflags")} - {"fired"}
    assert {name.split(".")[1] for name in reads(SELECTS["redflags.fired"].read_text("utf-8"))} == flags
    text = "\n".join(path.read_text("utf-8") for path in queries())
    used = set(re.findall(r"'((?:intake|reconcile|trend|lcpr)\.[a-z_0-9]+)'", text))
    known = {name for name, _ in Policy().figures() if not name.startswith("close.")}
    assert used == known


# Data: one meaning in one place.


def test_the_policy_file_explains_the_defaults() -> None:
    shipped = strictyaml.load(ROOT / "pipelines" / "policy.yaml", "policy.yaml")
    assert Policy.model_validate(shipped) == Policy()
    assert isinstance(shipped, dict)
    assert {name: set(group) for name, group in shipped.items()} == {
        name: set(group) for name, group in Policy().model_dump().items()
    }


def test_sql_knows_the_same_token_classes(warehouse: Warehouse) -> None:
    for token_class in (*TOKEN_CLASSES, *UNIT_CLASSES):
        asked = warehouse.database.execute("select reconcile.is_token_class(?)", [token_class]).fetchall()
        assert asked == [(token_class in TOKEN_CLASSES,)], token_class
    text = (SQL / "reconcile" / "_tables.sql").read_text("utf-8")
    listed = re.search(r"is_token_class\(token_class\) as token_class in \(([^)]*)\)", text)
    assert listed is not None
    assert tuple(re.findall(r"'(\w+)'", listed[1])) == TOKEN_CLASSES


KINDS = {
    str: "VARCHAR",
    int: "BIGINT",
    bool: "BOOLEAN",
    datetime: "TIMESTAMP WITH TIME ZONE",
    Decimal: "DECIMAL",
}


@pytest.mark.parametrize("table", [*RECORDS, "rate_book"])
def test_records_are_the_columns_of_their_tables(warehouse: Warehouse, table: str) -> None:
    record: Any = RateRow if table == "rate_book" else RECORDS[table]
    columns = dict(warehouse.columns[f"ingest.{table}"])
    if table != "rate_book":
        planned = set(SCHEMAS[table].names) - {field.name for field in fields(record)}
        columns = {name: kind for name, kind in columns.items() if name not in planned | set(LINEAGE.names)}
    assert set(columns) == {field.name for field in fields(record)}
    for name, hint in get_type_hints(record).items():
        kind = next(part for part in (get_args(hint) or (hint,)) if part is not NoneType)
        declared, nullable = columns[name]
        assert declared.startswith(KINDS[kind]), f"{table}.{name}"
        assert nullable == (NoneType in get_args(hint)), (
            f"{table}.{name}: NOT NULL where the record always has it"
        )


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_has_a_sample_and_explains_itself(name: str) -> None:
    assert list((ROOT / "tests" / "readers" / "samples").glob(f"{name}.*")), f"tests/readers/samples/{name}.*"
    side = "gateways" if FORMATS[name].side == "gateway" else "invoices"
    said = ast.get_docstring(PYTHON[f"tickmark/{side}/{name}.py"]) or ""
    assert said.startswith(f"`{name}`"), "`tickmark formats` shows this docstring"
    assert "Where it comes from:" in said


def test_every_bad_input_has_a_row_and_every_test_it_names_exists() -> None:
    rows = (ROOT / "docs" / "bad_inputs.md").read_text("utf-8").splitlines()
    listed = [row.split(" | ") for row in rows if re.match(r"\| [FRTH]\d\d ", row)]
    ids = [row[0].strip("| ") for row in listed]
    assert ids == [f"{kind}{n:02d}" for kind, last in BAD_INPUTS.items() for n in range(1, last + 1)]
    for row in listed:
        for path, name in re.findall(r"`([\w/.]+)::([\w-]+)`", row[-1]):
            assert name in (ROOT / "tests" / path).read_text("utf-8"), f"{path}::{name}"


BAD_INPUTS = {"F": 18, "R": 14, "T": 6, "H": 8}
"""How many ids the catalogue has of each kind."""


def test_the_list_of_formats_is_fresh() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "formats.py"))["page"]()
    assert (ROOT / "docs" / "formats.md").read_text("utf-8") == made, "run `make docs`"


def test_the_data_dictionary_is_fresh() -> None:
    assert (ROOT / "docs" / "tables.md").read_text("utf-8") == runpy.run_path(
        str(ROOT / "docs" / "tables.py")
    )["page"](), "run `make docs`"


def test_every_cause_is_explained(warehouse: Warehouse) -> None:
    explained = (ROOT / "docs" / "causes.md").read_text("utf-8")
    for row in warehouse.select("reconcile.causes"):
        assert re.search(rf"^\| {row['step']} \|[^|]*\b{row['cause_code']}\b", explained, re.MULTILINE), row[
            "cause_code"
        ]


def test_no_file_names_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix not in (".gz", ".zst", ".parquet", ".png"):
            found = MACHINE_PATH.search(path.read_text("utf-8", errors="replace"))
            assert found is None, f"{name}: {found and found[0]}"
