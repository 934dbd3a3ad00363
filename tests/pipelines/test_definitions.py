"""The code location as an operator sees it: groups, owners, columns, checks, schedule."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets._sql import MONTHS
from pipelines import definitions, monthly_close
from tickmark.home import ClosePolicy
from tickmark.monthrun import WORDS, dictionary

SQL = Path(__file__).resolve().parents[2] / "sql"
BESIDE_TABLES = {"lake", "finance_database", "page", "outbox"}
LAKE = dg.AssetKey(["report", "lake"])


@pytest.fixture(scope="module")
def assets() -> dict[dg.AssetKey, dg.AssetSpec]:
    return {spec.key: spec for spec in definitions.defs.resolve_all_asset_specs()}


@pytest.fixture(scope="module")
def checks() -> list[dg.AssetCheckSpec]:
    carriers = [*monthly_close.ASSETS, *monthly_close.CHECKS]
    return [spec for carrier in carriers for spec in carrier.check_specs]


def word(key: dg.AssetKey) -> str:
    return key.path[0]


Assets = dict[dg.AssetKey, dg.AssetSpec]


def upstream(assets: Assets, key: dg.AssetKey) -> set[dg.AssetKey]:
    parents = {dep.asset_key for dep in assets[key].deps}
    return parents.union(*(upstream(assets, parent) for parent in parents))


def test_every_documented_table_is_an_asset_of_its_word(assets: Assets) -> None:
    ddl = [table for name in WORDS for table in dictionary(SQL / name / "_tables.sql")]
    documented = {tuple(table.name.split(".")) for table in ddl}
    keys = {tuple(key.path) for key in assets}
    assert documented - keys == {("report", "metric_dictionary")}
    assert keys - documented == {("report", name) for name in BESIDE_TABLES}
    assert [key for key, spec in assets.items() if spec.group_name != word(key)] == []


def test_every_asset_says_what_it_is_and_who_owns_it(assets: Assets) -> None:
    silent = [key for key, spec in assets.items() if not (spec.description and spec.owners)]
    assert silent == []
    assert {spec.partitions_def for spec in assets.values()} == {MONTHS}


def test_money_columns_show_as_decimals(assets: Assets) -> None:
    schema = assets[dg.AssetKey(["report", "month_close"])].metadata["dagster/column_schema"]
    shown = {column.name: (column.type, bool(column.description)) for column in schema.columns}
    assert shown["cost_usd_billed"] == ("decimal(38, 18)", True)
    assert shown["attempts"] == ("bigint", True)


def test_no_asset_reads_a_later_word(assets: Assets) -> None:
    backwards = [
        (dep.asset_key, key)
        for key, spec in assets.items()
        for dep in spec.deps
        if WORDS.index(word(dep.asset_key)) > WORDS.index(word(key))
    ]
    assert backwards == []


def test_a_broken_contract_stops_publishing_and_a_flag_does_not(
    assets: Assets, checks: list[dg.AssetCheckSpec]
) -> None:
    assert [check.key for check in checks if check.blocking != (word(check.asset_key) == "ingest")] == []
    assert {check.asset_key for check in checks} <= upstream(assets, LAKE)
    flags = {key for key in assets if word(key) == "redflags"} - {dg.AssetKey(["redflags", "fired"])}
    assert {check.asset_key for check in checks if word(check.asset_key) == "redflags"} == flags


@pytest.mark.parametrize(
    ("tick", "month"),
    [
        (datetime(2026, 2, 4, 6, tzinfo=UTC), "2026-01"),
        (datetime(2026, 1, 4, 6, tzinfo=UTC), "2025-12"),
    ],
)
def test_a_tick_closes_the_month_before(tick: datetime, month: str) -> None:
    schedule = definitions.defs.resolve_schedule_def("monthly_close_schedule")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=tick, repository_def=definitions.defs.get_repository_def()
        )
        requests = schedule.evaluate_tick(context).run_requests
    assert requests is not None
    assert [(request.partition_key, request.run_key) for request in requests] == [(month, month)]


def test_the_schedule_follows_the_policy_of_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = home / "policy.yaml"
    policy.write_text(policy.read_text().replace("day: 4", "day: 7").replace("hour_utc: 6", "hour_utc: 9"))
    monkeypatch.setenv("TICKMARK_HOME", str(home))
    schedule = monthly_close.schedule(definitions.close_policy())
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 9 7 * *", "UTC")
    assert monthly_close.schedule(ClosePolicy()).cron_schedule == "0 6 4 * *"


def test_the_location_loads_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TICKMARK_HOME", raising=False)
    assert definitions.close_policy() == ClosePolicy()
