"""The job as Dagster runs it: home from the environment, one resource, one lock, one month at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import definitions, homes, monthly_close, resources
from tests.conftest import land_real_month
from tickmark import lake
from tickmark.home import Home
from tickmark.monthrun import locked, prepare
from tickmark.months import Month

MONTH, MID_MONTH = "2026-01", "2026-01-15T00:00:00Z"
JOB = definitions.defs.resolve_job_def("monthly_close")
RUN_ID = "6f1c1f0e-0000-4000-8000-000000000001"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

# Great Expectations imports modules that Python deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_")


@dataclass
class Ran:
    """A run of the job, with who held the home's lock at the end of each of its steps."""

    result: dg.ExecuteInProcessResult
    held: list[bool] = field(default_factory=list)

    def events(self, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
        return [event for event in self.result.all_events if event.event_type == kind]

    def errors(self) -> str:
        """Every error the run recorded, as its page shows them."""
        found = []
        for event in self.result.all_events:
            error = getattr(event.event_specific_data, "error", None)
            while error is not None:
                found.append(error.message)
                error = error.cause
        return "\n".join(found)


def run(instance: dg.DagsterInstance, month: str, *tables: str, **options: Any) -> Ran:
    selection = [dg.AssetKey(table.split(".")) for table in tables] or None
    result = JOB.execute_in_process(
        instance=instance,
        partition_key=month,
        asset_selection=selection,
        raise_on_error=False,
        run_config=QUIET,
        **options,
    )
    return Ran(result)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("dagster") / "home"
    homes.make(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TICKMARK_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="module")
def month_to_date(home: Path, instance: dg.DagsterInstance, shared_data: Path) -> Ran:
    """The real month, closed up to its middle."""
    land_real_month(shared_data, home)
    # The listener is asked before the run makes the home's folders, unless another test ran here first.
    prepare(Home(home))
    held: list[bool] = []

    def try_lock(_: object) -> None:
        with (home / "state" / "run.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(True)
            else:
                held.append(False)

    instance.add_event_listener(RUN_ID, try_lock)
    ran = run(instance, MONTH, run_id=RUN_ID, tags={monthly_close.AS_OF_TAG: MID_MONTH})
    assert ran.result.success, ran.errors()
    ran.held = held
    return ran


def test_a_run_meets_a_held_lock(home: Path, instance: dg.DagsterInstance) -> None:
    with locked(Home(home)):
        ran = run(instance, MONTH)
    assert not ran.result.success
    assert "E-LOCK-HELD" in ran.errors()


def test_a_run_without_a_home_says_so(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TICKMARK_HOME", raising=False)
    assert "E-HOME-UNSET" in run(instance, MONTH).errors()


@pytest.mark.usefixtures("home")
def test_a_single_step_needs_its_month_in_the_workspace(instance: dg.DagsterInstance) -> None:
    assert "E-WORKSPACE" in run(instance, "2025-12", "report.month_close").errors()


def test_half_a_month_is_never_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "home"
    homes.make(folder)
    monkeypatch.setenv("TICKMARK_HOME", str(folder))
    killed = resources.month_run(Home(folder), Month.parse(MONTH), None, print)
    with locked(killed.home), closing(killed.warehouse):
        killed.reset()
    with dg.DagsterInstance.ephemeral() as instance:
        ran = run(instance, MONTH, "report.lake", "report.finance_database")
    assert "E-WORKSPACE" in ran.errors()
    assert "ingest.attempts" in ran.errors()
    assert not (folder / "finance.duckdb").exists()


@pytest.mark.slow
def test_one_resource_holds_the_lock_from_the_first_step_to_the_last(month_to_date: Ran, home: Path) -> None:
    kinds = [event.event_type for event in month_to_date.result.all_events]
    assert kinds.count(dg.DagsterEventType.RESOURCE_INIT_STARTED) == 1
    steps = kinds.count(dg.DagsterEventType.STEP_SUCCESS)
    assert steps > 50
    assert month_to_date.held.count(True) > steps
    with locked(Home(home)):
        """The run let go of it."""


@pytest.mark.slow
def test_tables_show_their_rows_and_checks_their_verdicts(month_to_date: Ran) -> None:
    rows = {
        materialized.asset_key.to_user_string(): materialized.metadata["dagster/row_count"].value
        for node in month_to_date.result.all_node_events
        if node.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
        for materialized in [node.event_specific_data.materialization]
        if "dagster/row_count" in materialized.metadata
    }
    assert rows["ingest/landed_files"] == 11
    assert 0 < rows["ingest/attempts"] < 1644
    verdicts = month_to_date.events(dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    blocking = [each for each in verdicts if each.event_specific_data.severity == dg.AssetCheckSeverity.ERROR]
    assert len(blocking) >= 10
    assert all(each.event_specific_data.passed for each in blocking)


@pytest.mark.slow
@pytest.mark.usefixtures("month_to_date")
def test_a_month_to_date_is_a_draft(home: Path) -> None:
    version = lake.current(home / "lake", MONTH)
    assert version is not None
    assert version.is_draft
    assert (home / "finance.duckdb").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("month_to_date")
def test_single_steps_run_again_on_the_month_they_hold(home: Path, instance: dg.DagsterInstance) -> None:
    again = ("ingest.rate_book", "reconcile.cells", "report.month_close", "report.lake", "report.page")
    ran = run(instance, MONTH, *again)
    assert ran.result.success, ran.errors()
    assert len(lake.versions(home / "lake", MONTH)) == 1
    other = run(instance, "2025-12", "report.month_close", "report.lake")
    assert (
        "E-WORKSPACE private/run a workspace that holds the whole of 2025-12: it holds 2026-01"
        in other.errors()
    )
    assert lake.months(home / "lake") == [MONTH]
