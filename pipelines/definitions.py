"""The one code location: `dagster dev -w workspace.yaml` loads `defs`.

Lives here: assembly. A missing home does not stop the location from loading: the assets show, and a
run says what is missing.
"""

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
        schedules=[monthly_close.schedule(policy)],
        sensors=[alerts.SENSOR],
        resources={"close": close},
        executor=dg.in_process_executor,
    )


def close_policy() -> ClosePolicy:
    """When to close, as the home says; the defaults where there is no home to read."""
    try:
        return Home(resources.home_folder()).policy.close
    except BadSpecError:
        return ClosePolicy()


defs = build(monthly_close.close_resource, close_policy())
