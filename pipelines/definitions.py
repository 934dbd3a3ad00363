"""The one code location: `dagster dev -w workspace.yaml` loads `defs`.

Lives here: assembly. A missing home does not stop the location from loading: the assets show, and a
run says what is missing.
"""

import os
from pathlib import Path

import dagster as dg

from pipelines import alerts, monthly_close, resources
from tickmark.errors import BadSpecError
from tickmark.home import ClosePolicy, Home


def build(close: dg.ResourceDefinition, policy: ClosePolicy) -> dg.Definitions:
    """All assets, checks, the job, its schedule and the alert sensor."""
    return dg.Definitions(
        assets=monthly_close.ASSETS,
        asset_checks=monthly_close.CHECKS,
        jobs=[monthly_close.JOB],
        schedules=[
            dg.build_schedule_from_partitioned_job(
                monthly_close.JOB,
                name="monthly_close_schedule",
                day_of_month=policy.day,
                hour_of_day=policy.hour_utc,
                default_status=dg.DefaultScheduleStatus.RUNNING,
            )
        ],
        sensors=[alerts.SENSOR],
        resources={"close": close},
        executor=dg.in_process_executor,
    )


def _policy() -> ClosePolicy:
    folder = os.environ.get("TICKMARK_HOME")
    try:
        return Home(Path(folder)).policy.close if folder else ClosePolicy()
    except BadSpecError:
        return ClosePolicy()


defs = build(resources.close_resource, _policy())
