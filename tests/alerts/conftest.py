"""Receivers, outboxes and alerts for the tests of delivery."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alert_receiver import Receiver, Slept, certificate, now

from tickmark.outbox import Alert, Outbox


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def tls_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Serves hooks.example.com over TLS with a certificate this machine trusts."""
    trusted, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    server = Receiver(context)
    yield server
    server.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "alerts.sqlite") as opened:
        yield opened


@pytest.fixture
def alert() -> Callable[..., Alert]:
    """Makes an alert; each one differs by its subject."""

    def make(subject: str = "openai", **fields: str | None) -> Alert:
        base: dict[str, str | None] = {
            "month": "2026-10",
            "flag": "cost_tieout",
            "title": "Cost tie-out above 5 %",
            "text": "Billed 6.2 % over the logs; threshold 5 %.",
            "cost_usd": "1234.565",
            "grade": "B",
        }
        return Alert(subject=subject, **(base | fields))  # type: ignore[arg-type]

    return make


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
def due(outbox: Outbox, alert: Callable[..., Alert]) -> Outbox:
    """An outbox with two alerts for each endpoint of these tests."""
    outbox.enqueue([alert("openai"), alert("anthropic")], ["ops-hook", "finance-slack", "cfo"], now())
    return outbox
