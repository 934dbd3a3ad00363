"""One close, from the command line: lock, job, alerts.

Lives here: their order. Imports no engine before it holds the lock, so that a second close answers at
once. Does not live here: the job in this process (in_process.py), printing (views.py).
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from pipelines import delivery, resources
from tickmark import lake
from tickmark.home import Home
from tickmark.monthrun import locked
from tickmark.months import Month
from tickmark.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Closed:
    """What a close left behind: its version, which a draft keeps unpublished where a final one exists."""

    version: lake.Version
    alerts_sent: Mapping[str, int]
    alerts_failed: Mapping[str, str]


def close_month(home: Home, month: Month, as_of: datetime | None, progress: Callable[[str], None]) -> Closed:
    """Close a month; raise TickmarkError where it cannot be closed."""
    # A missing secret or a damaged outbox is found before the work, not after publishing.
    channels = delivery.channels(home)
    run = resources.month_run(home, month, as_of, progress)
    with locked(home), closing(run.warehouse), Outbox(home.outbox):
        from pipelines import in_process

        version = in_process.close(run)
    delivered = delivery.drain(home, channels)
    return Closed(version, delivered.sent, delivered.failed)
