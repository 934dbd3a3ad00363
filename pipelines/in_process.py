"""The Dagster job in this process, without a daemon.

Lives here: running it and turning what went wrong into a TickmarkError.
Does not live here: lock and alerts (run.py), the job itself (monthly_close.py).
"""

import errno
import os
import sqlite3
import uuid
from pathlib import Path

import dagster as dg
import duckdb

from pipelines import definitions
from tickmark import lake
from tickmark.errors import InputRejectedError, IntegrityError, PlatformError, TickmarkError, Where
from tickmark.monthrun import MonthRun

SETTINGS = Path(__file__).with_name("templates") / "dagster.yaml"
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)
_SQLITE_DISK_ERRORS = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)


def close(run: MonthRun) -> lake.Version:
    """Run the job over a month whose home is held; return the version it wrote."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    settings = run.home.dagster / SETTINGS.name
    if not settings.exists():
        settings.write_bytes(SETTINGS.read_bytes())
    defs = definitions.build(dg.ResourceDefinition.hardcoded_resource(run), run.home.policy.close)
    job = defs.resolve_job_def("monthly_close")
    run_id = str(uuid.uuid4())
    with dg.DagsterInstance.from_config(str(run.home.dagster)) as instance:
        try:
            done = job.execute_in_process(
                instance=instance,
                partition_key=str(run.month),
                run_id=run_id,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        except Exception as error:  # noqa: BLE001 - engines wrap what assets raise
            raise _understood(error, instance, run_id) or error from None
    (written,) = done.asset_materializations_for_node("report__lake")
    return lake.version(run.home.lake, str(run.month), int(str(written.metadata["version"].value)))


def _understood(error: BaseException, instance: dg.DagsterInstance, run_id: str) -> TickmarkError | None:
    """The user's error inside whatever the engine wrapped around it; None for a bug of ours."""
    for link in _chain(error):
        if isinstance(link, TickmarkError):
            return link
        if isinstance(link, dg.DagsterError) and "check" in type(link).__name__.lower():
            return _broken_contract(instance, run_id)
        if isinstance(link, duckdb.ConstraintException):
            return _broken_invariant()
        if (lacking := _lacking(link)) is not None:
            return _broken_machine(lacking)
    return None


def _chain(error: BaseException) -> list[BaseException]:
    """The error and everything that led to it; a context may point back at its own effect."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found


def _lacking(error: BaseException) -> str | None:
    """What the machine lacked; None where the error is of another kind. Never the error's own text."""
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return "enough memory"
    if isinstance(error, duckdb.IOException) or _tells_of_a_full_disk(error):
        return "a disk with room, that can be read and written"
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return f"a disk with room, that can be read and written ({error.strerror})"
    if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode in _SQLITE_DISK_ERRORS:
        return f"a disk with room for Dagster's records ({error.sqlite_errorname})"
    return None


def _tells_of_a_full_disk(error: BaseException) -> bool:
    # A commit that finds no room is no IOException.
    return isinstance(error, duckdb.Error) and os.strerror(errno.ENOSPC) in str(error)


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


def _broken_machine(lacking: str) -> PlatformError:
    return PlatformError(
        "E-MACHINE",
        lacking,
        repair="free disk space or memory below the home, then run again; what is published stays whole",
    )
