"""The outbox: what is due once stays due until delivered, and is due once only."""

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tickmark.errors import PlatformError
from tickmark.outbox import Alert, Outbox, idempotency_key

NOW = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def test_repeated_run_or_restated_close_adds_nothing(outbox: Outbox, alert: Callable[..., Alert]) -> None:
    first = [alert("openai"), alert("anthropic")]
    assert outbox.enqueue(first, ["slack", "hook"], NOW) == 4
    restated = [alert("openai", text="Billed 6.3 %", cost_usd="1300"), alert("anthropic")]
    assert outbox.enqueue(restated, ["slack", "hook"], LATER) == 0
    assert outbox.enqueue([alert("openai", month="2026-11")], ["slack"], LATER) == 1


def test_key_names_month_flag_subject_and_endpoint_without_ambiguity(alert: Callable[..., Alert]) -> None:
    keys = {
        idempotency_key(alert("b", flag="a"), "c"),
        idempotency_key(alert("", flag="ab"), "c"),
        idempotency_key(alert("bc", flag="a"), ""),
        idempotency_key(alert("b", flag="a", month="2026-11"), "c"),
    }
    assert len(keys) == 4
    assert idempotency_key(alert("b", flag="a", text="other"), "c") in keys


def test_failed_is_due_again_and_delivered_is_not(outbox: Outbox, alert: Callable[..., Alert]) -> None:
    outbox.enqueue([alert()], ["slack", "hook"], NOW)
    message = outbox.claim("slack")
    assert message is not None
    outbox.mark_failed(message.id, "answered 503")
    entries = {entry.endpoint: entry for entry in outbox.pending()}
    assert (entries["slack"].state, entries["slack"].attempts) == ("failed", 1)
    assert entries["slack"].last_error == "answered 503"
    assert (entries["hook"].state, entries["hook"].attempts) == ("pending", 0)
    assert outbox.claim("slack") == outbox.claim("slack")
    outbox.mark_delivered(message.id, LATER)
    outbox.mark_failed(message.id, "a late loser of a race")
    assert outbox.claim("slack") is None
    assert [entry.endpoint for entry in outbox.pending()] == ["hook"]


def test_message_keeps_its_alerts_when_others_arrive(outbox: Outbox, alert: Callable[..., Alert]) -> None:
    outbox.enqueue([alert("openai")], ["slack"], NOW)
    before = outbox.claim("slack")
    outbox.enqueue([alert("anthropic")], ["slack"], LATER)
    assert before is not None
    assert outbox.claim("slack") == before
    outbox.mark_delivered(before.id, LATER)
    after = outbox.claim("slack")
    assert after is not None
    assert after.id != before.id
    assert [entry.alert.subject for entry in after.entries] == ["anthropic"]


def test_file_is_private_and_survives_reopening(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    path = tmp_path / "alerts.sqlite"
    path.touch(mode=0o644)
    with Outbox(path) as first:
        first.enqueue([alert()], ["slack"], NOW)
        with first.delivering():
            assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o600}
    with Outbox(path) as second:
        assert [entry.alert for entry in second.pending()] == [alert()]


def test_many_writers_record_each_finding_once(tmp_path: Path, alert: Callable[..., Alert]) -> None:
    alerts = [alert(f"model-{n}") for n in range(20)]

    def write(_: int) -> int:
        with Outbox(tmp_path / "alerts.sqlite") as mine:
            return mine.enqueue(alerts, ["slack"], NOW)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(4))) == 20


def test_unusable_file_is_an_error_for_people(tmp_path: Path) -> None:
    damaged = tmp_path / "alerts.sqlite"
    damaged.write_bytes(b"this is no database" * 100)
    with pytest.raises(PlatformError, match=r"E-OUTBOX alerts\.sqlite a writable SQLite file\. Repair: "):
        Outbox(damaged)
    with pytest.raises(PlatformError, match="E-OUTBOX"):
        Outbox(tmp_path / "missing" / "alerts.sqlite")


@pytest.mark.parametrize("fields", [{"month": "October"}, {"cost_usd": "1,234"}, {"cost_usd": "NaN"}])
def test_alert_refuses_what_is_no_month_or_money(alert: Callable[..., Alert], fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^a (month like|plain decimal|finite)"):
        alert(**fields)
