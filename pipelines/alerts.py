"""The sensor that delivers alerts after a run that the daemon saw; the command line delivers its own.

Both drain the same outbox, so each newly fired flag is sent once, whoever comes first.
"""

import dagster as dg

from pipelines import delivery, resources
from tickmark.endpoints import Channel, reveal
from tickmark.home import Home
from tickmark.outbox import Outbox

INTERVAL_SECONDS = 60


def channels(home: Home) -> list[Channel]:
    """Every endpoint with its secrets; raise BadSpecError where one is missing."""
    return [reveal(endpoint, resources.secret, home.folder) for endpoint in home.config.alerts]


def deliver(home: Home, to: list[Channel]) -> delivery.Delivery:
    """Send what the home's outbox holds."""
    with Outbox(home.outbox) as outbox:
        return delivery.deliver(outbox, to, resources.utc_now)


@dg.run_status_sensor(
    name="red_flag_alerts",
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitor_all_code_locations=True,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=INTERVAL_SECONDS,
)
def SENSOR(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:  # noqa: N802 - a definition, not a function
    """Deliver newly fired red flags."""
    home = Home(resources.home_folder())
    sent = deliver(home, channels(home))
    context.log.info("messages sent: %s, not delivered: %s", sent.sent, sent.failed)
    if sent.failed:
        raise RuntimeError("an alert was not delivered; the outbox keeps it for the next run")
    return None
