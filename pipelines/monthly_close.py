"""WHEN: the job that closes a month; its schedule is assembled in definitions.py.

In process on purpose: DuckDB has one writer, and a process per step costs 4 to 5 s each.
"""

import dagster as dg

from assets import ingest, meter, reconcile, redflags, report
from assets._sql import MONTHS

ASSETS = [*ingest.ASSETS, *meter.ASSETS, *reconcile.ASSETS, *redflags.ASSETS, *report.ASSETS]
CHECKS = ingest.CHECKS

JOB = dg.define_asset_job(
    "monthly_close",
    selection=dg.AssetSelection.all(),
    partitions_def=MONTHS,
    executor_def=dg.in_process_executor,
    description="From the files that gateways and providers deliver to finance.duckdb, page and alerts.",
)
