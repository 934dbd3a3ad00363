"""The environment and the clock enter here, and only here.

Lives here: which home, which instant, which secrets; the run resource every asset receives.
Does not live here: what is done with them.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from tickmark.errors import BadSpecError
from tickmark.home import Home
from tickmark.monthrun import MonthRun, locked
from tickmark.months import Month, parse_instant

CHECKOUT = Path(__file__).resolve().parents[1]
AS_OF_TAG = "tickmark/as_of"


def home_folder() -> Path:
    """The home named by TICKMARK_HOME; raise BadSpecError where it is not set."""
    folder = os.environ.get("TICKMARK_HOME")
    if not folder:
        raise BadSpecError(
            "E-HOME-UNSET",
            "a home: TICKMARK_HOME or --home",
            repair="make one with `tickmark init DIR`, then export TICKMARK_HOME=DIR",
        )
    return Path(folder)


def secret(name: str) -> str | None:
    """A secret from the environment."""
    return os.environ.get(name)


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def month_run(home: Home, month: Month, as_of: datetime | None, progress: Callable[[str], None]) -> MonthRun:
    """A run over a month: to its end, or to `as_of` or now where it is not over."""
    now = utc_now()
    until = min(as_of or now, month.end)
    return MonthRun(home, month, until, now, CHECKOUT, progress)


@dg.resource(description="The month that is closed: home, workspace, lock.")
@contextmanager
def close_resource(context: dg.InitResourceContext) -> Iterator[MonthRun]:
    """Hold the home's lock for one Dagster run; the partition names the month."""
    os.umask(0o077)
    run = context.run
    if run is None:
        raise dg.DagsterInvariantViolationError("the close resource needs a run")
    tags = run.tags
    as_of = parse_instant(tags[AS_OF_TAG]) if AS_OF_TAG in tags else None
    home = Home(home_folder())
    with locked(home):
        yield month_run(
            home, Month.parse(tags["dagster/partition"]), as_of, context.log.info if context.log else print
        )
