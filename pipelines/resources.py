"""The environment and the clock enter here, and only here.

Lives here: which home, which instant, which secrets, the run made of them. Imports no engine, so that
every command answers at once. Does not live here: what is done with them.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tickmark.errors import BadSpecError
from tickmark.home import Home
from tickmark.monthrun import MonthRun
from tickmark.months import Month

CHECKOUT = Path(__file__).resolve().parents[1]


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
