"""R14: what changed in the shape of a source since the month before is recorded and said."""

import json
from pathlib import Path

import duckdb
import pytest

from pipelines import homes
from tests.conftest import tickmark
from tests.errors.gallery import HOME

LOG, INVOICES = "gateways/exchanges-2026-07.jsonl", "bills/invoices-2026-07.csv"


def later(text: str) -> str:
    """The same a month later."""
    return text.replace("2026-08", "2026-09").replace("2026-07", "2026-08")


@pytest.mark.slow
def test_r14_fields_that_came_went_or_changed_are_said_by_the_next_close(tmp_path: Path) -> None:
    home = tmp_path / "home"
    homes.make(home)
    for name in (LOG, INVOICES):
        delivered = (HOME / "landing" / name).read_text("utf-8")
        delivered = delivered.replace('"status": 200', '"status": 200, "stream": false')
        (home / "landing" / name).write_text(delivered, "utf-8")
        (home / "landing" / later(name)).write_text(later(delivered), "utf-8")
    august = home / "landing" / later(LOG)
    changed = [
        json.loads(line) | {"region": "eu", "stream": None} for line in august.read_text().splitlines()
    ]
    for record in changed:
        del record["metadata"]
    august.write_text("".join(json.dumps(record) + "\n" for record in changed))

    assert tickmark("close", "2026-07", "--home", home).code == 0
    ran = tickmark("close", "2026-08", "--home", home)
    assert "schema exchanges: field region is new since the month before" in ran.out
    with duckdb.connect(str(home / "finance.duckdb"), read_only=True) as finance:
        said = finance.execute(
            "select month, source, field, change from report.schema_changes order by field"
        ).fetchall()
    assert said == [
        ("2026-08", "exchanges", "metadata", "gone"),
        ("2026-08", "exchanges", "region", "new"),
        ("2026-08", "exchanges", "stream", "other kind"),
    ]
