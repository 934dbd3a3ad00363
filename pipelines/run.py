"""One close, from the command line: the same Dagster job, without a daemon.

Lives here: running the job in this process and turning what went wrong into a TickmarkError.
Does not live here: printing (views.py) and commands (cli.py).
"""

import errno
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
import duckdb

from pipelines import alerts, definitions, resources
from tickmark import lake
from tickmark.errors import InputRejectedError, IntegrityError, PlatformError, TickmarkError, Where
from tickmark.home import Home
from tickmark.monthrun import MonthRun, locked
from tickmark.months import Month

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Closed:
    """What a close left behind."""

    version: lake.Version
    alerts_sent: Mapping[str, int]
    alerts_failed: Mapping[str, str]


def close_month(home: Home, month: Month, as_of: datetime | None, progress: Callable[[str], None]) -> Closed:
    """Close a month; raise TickmarkError where it cannot be closed."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    # A missing secret is found before the work, not after publishing.
    channels = alerts.channels(home)
    with locked(home):
        run = resources.month_run(home, month, as_of, progress)
        if not home.dagster.joinpath("dagster.yaml").exists():
            home.dagster.joinpath("dagster.yaml").write_bytes(TEMPLATES.joinpath("dagster.yaml").read_bytes())
        _execute(run)
    version = lake.current(home.lake, str(month))
    assert version is not None  # noqa: S101 - the job wrote it
    delivered = alerts.deliver(home, channels)
    return Closed(version, delivered.sent, delivered.failed)


def _execute(run: MonthRun) -> None:
    defs = definitions.build(dg.ResourceDefinition.hardcoded_resource(run), run.home.policy.close)
    job = defs.resolve_job_def("monthly_close")
    run_id = str(uuid.uuid4())
    with dg.DagsterInstance.from_config(str(run.home.dagster)) as instance:
        try:
            job.execute_in_process(
                instance=instance,
                partition_key=str(run.month),
                run_id=run_id,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        except Exception as error:  # noqa: BLE001 - engines wrap what assets raise
            raise _understood(error, instance, run_id) or error from None


def _understood(error: BaseException, instance: dg.DagsterInstance, run_id: str) -> TickmarkError | None:
    """The user's error inside whatever the engine wrapped around it; None for a bug of ours."""
    for chain in _chain(error):
        if isinstance(chain, TickmarkError):
            return chain
        if isinstance(chain, dg.DagsterError) and "check" in type(chain).__name__.lower():
            return _broken_contract(instance, run_id)
        if isinstance(chain, duckdb.ConstraintException):
            return _broken_invariant()
        if isinstance(chain, duckdb.OutOfMemoryException | duckdb.IOException | MemoryError) or _no_space(
            chain
        ):
            return _no_room()
    return None


def _chain(error: BaseException) -> list[BaseException]:
    """The error and everything that led to it; a context may point back at its own effect."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found


def _no_space(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (
        errno.ENOSPC,
        errno.EROFS,
        errno.EACCES,
        errno.EDQUOT,
    )


def _broken_contract(instance: dg.DagsterInstance, run_id: str) -> TickmarkError | None:
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    for record in records:
        event = record.event_log_entry.dagster_event
        evaluation = event.asset_check_evaluation_data if event else None
        if evaluation and not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
            said = {name: str(value.value) for name, value in evaluation.metadata.items()}
            table = ".".join(evaluation.asset_key.path)
            return InputRejectedError(
                "E-CONTRACT",
                f"{said['expected']} ({said['violations']} violations: {said['where']})",
                where=Where(table, field=evaluation.check_name),
                repair=said["repair"],
            )
    return None


def _broken_invariant() -> IntegrityError:
    return IntegrityError(
        "E-INVARIANT",
        "tables whose records add up and whose keys are unique",
        repair="report this as a bug with the run's manifest; nothing was published",
    )


def _no_room() -> PlatformError:
    return PlatformError(
        "E-MACHINE",
        "enough disk, memory and permissions",
        repair="free disk space or memory below the home, then run again; nothing was published",
    )
