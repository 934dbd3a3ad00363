"""Contracts at the door: Great Expectations decides, DuckDB counts, a failure stops the run.

Lives here: turning a violation profile (`sql/ingest/_contract_<table>.sql`, one row per rule) into
one blocking Dagster check per rule. Great Expectations sees only counts, never values: it has no
exact decimals and would print what it dislikes (measured 2026-11 with 1.24.1).
Does not live here: red flags, which warn and never stop a run (sql/redflags/).
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from assets._sql import SQL, key
from tickmark.monthrun import MonthRun

PREFIX = "_contract_"


def contract_checks() -> list[dg.AssetChecksDefinition]:
    """The blocking checks of every table that has a contract."""
    return [_checks(path) for path in sorted((SQL / "ingest").glob(PREFIX + "*.sql"))]


def rules(select: str) -> list[str]:
    """The rules a violation profile names, in its order."""
    return re.findall(r"^    '([a-z_]+)'(?: as rule)?,", select, re.MULTILINE)


def _checks(path: Path) -> dg.AssetChecksDefinition:
    table, select = path.stem.removeprefix(PREFIX), path.read_text("utf-8")
    asset = key("ingest." + table)
    specs = [
        dg.AssetCheckSpec(rule, asset=asset, blocking=True, description="A violation stops the run.")
        for rule in rules(select)
    ]

    @dg.multi_asset_check(name="contract_" + table, specs=specs)
    def check(close: dg.ResourceParam[MonthRun]) -> Iterator[dg.AssetCheckResult]:
        close.progress("contract of ingest." + table)
        with close.warehouse.connect() as database:
            profile = database.execute(select).fetchall()
        passed = _expect_none({rule: violations for rule, violations, *_ in profile})
        for rule, violations, subjects, expected, repair in profile:
            yield dg.AssetCheckResult(
                passed=passed[rule],
                asset_key=asset,
                check_name=rule,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={
                    "violations": violations,
                    "where": subjects or "",
                    "expected": expected,
                    "repair": repair,
                },
            )

    return check


def _expect_none(violations: dict[str, int]) -> dict[str, bool]:
    """Ask Great Expectations whether each rule has no violation."""
    import great_expectations as gx
    import pandas as pd

    profiles = _profiles()
    suite = gx.ExpectationSuite("contract")
    for rule in violations:
        suite.add_expectation(
            gx.expectations.ExpectColumnValuesToBeBetween(column=rule, min_value=0, max_value=0)
        )
        suite.add_expectation(gx.expectations.ExpectColumnValuesToNotBeNull(column=rule))
    batch = profiles.get_batch({"dataframe": pd.DataFrame([violations])})
    result = batch.validate(suite, result_format="BOOLEAN_ONLY")
    failed = {
        outcome.expectation_config.kwargs["column"] for outcome in result.results if not outcome.success
    }
    return {rule: rule not in failed for rule in violations}


@cache
def _profiles() -> Any:  # noqa: ANN401 - Great Expectations is imported only by a run: it takes seconds
    """Where Great Expectations gets its frames; nothing of it reaches the disk."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    profile = context.data_sources.add_pandas("profile").add_dataframe_asset("profile")
    return profile.add_batch_definition_whole_dataframe("profile")
