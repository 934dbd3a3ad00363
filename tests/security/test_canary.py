"""Prompts, completions and secrets carry a marker: after closes that work and closes that fail, it is
found only where deliveries land and in the private zone."""

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests import damage
from tests.conftest import Ran, land_real_month, tickmark

TEXT, SECRET = "ZZCANARY", "ZZSECRET"
MONTH = "2026-01"
pytestmark = pytest.mark.slow


def marked(value: Any) -> Any:
    """Every text of people or models, marked; ids, names and times have no spaces."""
    if isinstance(value, dict):
        return {name: marked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [marked(each) for each in value]
    return f"{value} {TEXT}" if isinstance(value, str) and " " in value else value


def marked_exchange(line: str) -> str:
    record = json.loads(line)
    return json.dumps(record | {side: marked(record[side]) for side in ("request", "response")})


def marked_spend_log(line: str) -> str:
    record = json.loads(line)
    texts = {name: record[name] for name in ("messages", "response", "proxy_server_request") if record[name]}
    return json.dumps(record | {name: json.dumps(marked(json.loads(text))) for name, text in texts.items()})


def rewrite(path: Path, change: Callable[[str], str], more: list[str]) -> None:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress("\n".join([*map(change, lines), *more, ""]).encode()))


def broken(sample: str) -> list[str]:
    """Records that break a rule, each with the marker where a careless error message would quote it."""
    whole = json.loads(sample)

    def with_(**fields: object) -> str:
        return json.dumps(whole | fields)

    request = whole["request"]
    return [
        sample[: len(sample) // 2] + TEXT,
        json.dumps(TEXT),
        sample.replace('"request":', f'"{TEXT} key": 1, "{TEXT} key": 2, "request":', 1),
        with_(timestamp=f"{TEXT} o'clock"),
        with_(provider=f"{TEXT} Inc."),
        with_(status=TEXT),
        with_(request=request | {"model": [TEXT]}),
        with_(request=request | {"messages": TEXT}),
        with_(request=request | {"messages": [{"role": TEXT, "content": [{"type": TEXT, TEXT: TEXT}]}]}),
        with_(response=whole["response"] | {"usage": {"prompt_tokens": TEXT, "completion_tokens": 1}}),
    ]


@pytest.fixture(scope="module")
def home(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("canary") / "home"
    assert tickmark("init", folder).code == 0
    land_real_month(shared_data, folder)
    damage.bill_high(folder, "gpt-4o-2024-08-06", Decimal("0.08"))
    logs = folder / "landing" / "gateways"
    exchanges = logs / "exchanges-2026-01.jsonl.gz"
    sample = gzip.decompress(exchanges.read_bytes()).decode().splitlines()[0]
    rewrite(exchanges, marked_exchange, broken(marked_exchange(sample)))
    rewrite(logs / "litellm_spend_logs-2026-01.jsonl.gz", marked_spend_log, [])
    config = folder / "tickmark.yaml"
    endpoint = (
        "alerts:\n  - {name: ops, kind: slack, url_env: OPS_URL, allow_http: true, "
        'allow_private: ["127.0.0.0/8"]}\n#'
    )
    config.write_text(config.read_text().replace("alerts: []", endpoint))
    return folder


@pytest.fixture(scope="module")
def runs(home: Path) -> list[Ran]:
    """A close that sets records aside and cannot deliver its alerts, then two that fail."""
    (home.parent / "tmp").mkdir()
    env = {
        "OPS_URL": f"http://127.0.0.1:9/{SECRET}/hook",
        "OPENAI_API_KEY": f"sk-{SECRET}",
        "TMPDIR": str(home.parent / "tmp"),
    }
    ran = [tickmark("close", MONTH, "--home", home, env=env)]
    invoices = home / "landing" / "bills" / "invoices-2026-01.csv"
    kept = invoices.read_text()
    invoices.write_text(kept.replace("USD", TEXT))
    ran.append(tickmark("close", MONTH, "--home", home, env=env))
    invoices.write_text(kept)
    (home / "landing" / "gateways" / "exchanges-2026-01-b.jsonl").write_text(f"{TEXT}\n" * 10)
    ran.append(tickmark("close", MONTH, "--home", home, "--json", env=env))
    return ran


def traces(home: Path) -> Iterator[tuple[str, str]]:
    """(file, everything in it as text) for all files of the home, decoded where they are packed."""
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        name, found = str(path.relative_to(home)), path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            found += str(pq.read_table(path).to_pylist())
        elif path.suffix == ".duckdb":
            found += "".join(_rows(path))
        elif path.suffix in {".db", ".sqlite"}:
            with sqlite3.connect(path) as database:
                found += "\n".join(database.iterdump())
        elif path.suffix == ".gz":
            found += gzip.decompress(path.read_bytes()).decode("latin-1")
        yield name, found


def _rows(path: Path) -> Iterator[str]:
    with duckdb.connect(str(path), read_only=True) as database:
        tables = database.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            yield str(database.execute(f'from "{schema}"."{table}"').fetchall())


def test_the_runs_ended_as_they_should(runs: list[Ran], home: Path) -> None:
    assert [ran.code for ran in runs] == [8, 5, 5], [ran.err for ran in runs]
    with duckdb.connect(str(home / "finance.duckdb"), read_only=True) as finance:
        (rejected,) = finance.execute("select count(*) from report.rejects").fetchall()[0]
    assert rejected >= 6


def test_texts_stay_where_they_land_and_in_the_private_zone(runs: list[Ran], home: Path) -> None:
    holders = {name.split("/")[0] for name, found in traces(home) if TEXT in found}
    assert holders == {"landing", "private"}
    assert [ran for ran in runs if TEXT in ran.out + ran.err] == []
    assert [path for path in (home.parent / "tmp").rglob("*") if path.is_file()] == []


def test_secrets_are_written_nowhere(runs: list[Ran], home: Path) -> None:
    assert [name for name, found in traces(home) if SECRET in found] == []
    assert [ran for ran in runs if SECRET in ran.out + ran.err] == []


def test_only_finance_and_its_page_can_be_read_by_the_group(runs: list[Ran], home: Path) -> None:
    assert runs
    modes = {str(path.relative_to(home)): path.stat().st_mode & 0o777 for path in home.rglob("*")}
    ours = {name: mode for name, mode in modes.items() if not name.startswith("landing/")}
    shared = {name for name, mode in ours.items() if mode & 0o077}
    page = f"reports/{MONTH}"
    assert shared == {"finance.duckdb", "reports", page, f"{page}/report.html"}
    assert {oct(ours[name]) for name in shared} == {"0o640", "0o750"}
    assert {oct(modes[name]) for name in ("private", "private/text", "landing", "dagster", "lake")} == {
        "0o700"
    }
    assert home.stat().st_mode & 0o777 == 0o700
