"""WHEN: the job that closes a month, its schedule, and the run it hands to every asset.

In process on purpose: DuckDB has one writer, and a process per step costs 4 to 5 s each.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

import dagster as dg

from assets import ingest, meter, reconcile, redflags, report
from pipelines import resources
from tickmark.home import ClosePolicy, Home
from tickmark.monthrun import MonthRun, locked
from tickmark.months import Month, parse_instant

AS_OF_TAG = "tickmark/as_of"
ASSETS = [*ingest.ASSETS, *meter.ASSETS, *reconcile.ASSETS, *redflags.ASSETS, *report.ASSETS]
CHECKS = ingest.CHECKS

JOB = dg.define_asset_job(
    "monthly_close",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    # A crashed run starts over: its workspace may be half written.
    tags={"dagster/retry_strategy": "ALL_STEPS"},
    description="From the files that gateways and providers deliver to finance.duckdb, page and alerts.",
)


def schedule(policy: ClosePolicy) -> dg.ScheduleDefinition:
    """Close the month before the tick, on the day and hour of the policy.

    Dagster's own schedule of a partitioned job would take the month of the tick, because its partition
    exists: the month to date can be closed as a draft.
    """

    @dg.schedule(
        name="monthly_close_schedule",
        job=JOB,
        cron_schedule=f"0 {policy.hour_utc} {policy.day} * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def previous_month(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        tick = context.scheduled_execution_time
        month = str(Month(tick.year, tick.month).previous())
        return dg.RunRequest(run_key=month, partition_key=month)

    return previous_month


@dg.resource(description="The month that is closed: home, workspace, lock.")
@contextmanager
def close_resource(context: dg.InitResourceContext) -> Iterator[MonthRun]:
    """Hold the home's lock for one Dagster run; the partition names the month."""
    os.umask(0o077)
    if context.run is None or context.log is None:
        raise dg.DagsterInvariantViolationError("the close resource needs a run")
    tags = context.run.tags
    as_of = parse_instant(tags[AS_OF_TAG]) if AS_OF_TAG in tags else None
    home, month = Home(resources.home_folder()), Month.parse(tags["dagster/partition"])
    run = resources.month_run(home, month, as_of, context.log.info)
    with locked(home), closing(run.warehouse):
        yield run
