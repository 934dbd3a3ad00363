"""The sensor that sends what the outbox holds; the command line sends its own.

Both drain the same outbox, so each newly fired flag is sent once, whoever comes first. It looks at the
outbox and not at runs: an endpoint that was down is tried again without waiting for the next close.
"""

import dagster as dg

from pipelines import delivery, resources
from tickmark.home import Home

INTERVAL_SECONDS = 300


@dg.sensor(
    name="red_flag_alerts",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=INTERVAL_SECONDS,
)
def SENSOR(context: dg.SensorEvaluationContext) -> dg.SkipReason:  # noqa: N802 - a definition, not a function
    """Deliver newly fired red flags."""
    home = Home(resources.home_folder())
    if not home.outbox.exists():
        return dg.SkipReason("no close yet")
    sent = delivery.drain(home, delivery.channels(home))
    if sent.failed:
        raise RuntimeError(f"not delivered, tried again in {INTERVAL_SECONDS} s: {sent.failed}")
    context.log.info("messages sent: %s", sent.sent)
    return dg.SkipReason(f"messages sent: {sum(sent.sent.values())}")
