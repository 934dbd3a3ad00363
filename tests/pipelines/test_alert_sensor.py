"""The sensor that sends newly fired flags: once, and again only where the endpoint was down."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from pipelines import alerts
from tests.alerts.alert_receiver import Receiver
from tickmark.home import Home
from tickmark.monthrun import prepare
from tickmark.outbox import Alert, Outbox

FIRED = Alert(
    month="2026-01",
    flag="cost_tieout",
    subject="openai/default/gpt-4o",
    title="cost_tieout",
    text="billed 0.03 USD more than its quantities cost at our rates",
    cost_usd="0.0331",
    grade="B",
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def alerting_home(home: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose only endpoint is the receiver, named by the environment as for a daemon."""
    config = home / "tickmark.yaml"
    endpoint = (
        "alerts:\n  - {name: ops, kind: slack, url_env: OPS_URL, allow_http: true, "
        'allow_private: ["127.0.0.0/8"]}\n#'
    )
    config.write_text(config.read_text().replace("alerts: []", endpoint))
    monkeypatch.setenv("OPS_URL", receiver.url("/services/hook"))
    monkeypatch.setenv("TICKMARK_HOME", str(home))
    return Home(home)


def tick() -> str | None:
    result = alerts.SENSOR(dg.build_sensor_context())
    assert isinstance(result, dg.SkipReason)
    return result.skip_message


def queue(home: Home) -> None:
    prepare(home)
    with Outbox(home.outbox) as outbox:
        outbox.enqueue([FIRED], ["ops"], datetime(2026, 2, 4, 6, tzinfo=UTC))


def test_a_flag_is_sent_once(alerting_home: Home, receiver: Receiver) -> None:
    assert tick() == "no close yet"
    queue(alerting_home)
    assert tick() == "messages sent: 1"
    queue(alerting_home)
    assert tick() == "messages sent: 0"
    [request] = receiver.requests
    assert b"0.03 USD more" in request.body


def test_an_endpoint_that_was_down_is_tried_at_the_next_tick(alerting_home: Home, receiver: Receiver) -> None:
    receiver.answers += [404]
    queue(alerting_home)
    with pytest.raises(RuntimeError, match="answered 404"):
        tick()
    assert tick() == "messages sent: 1"
