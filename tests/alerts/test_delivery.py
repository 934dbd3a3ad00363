"""Delivery against receivers that misbehave: at least once, to checked addresses, saying no secret."""

import json
import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from alert_receiver import HOST, LOCAL, Receiver, Slept, now
from pydantic import TypeAdapter
from standardwebhooks import Webhook

from pipelines.delivery import Delivery, deliver
from tickmark.endpoints import Channel, Endpoint, reveal
from tickmark.outbox import Alert, Outbox

ENDPOINT: TypeAdapter[Endpoint] = TypeAdapter(Endpoint)
KEY, OLD_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_ZZSECRETZZSECRETZZSECRETZZSECRET"
NEVER = Delivery({}, {})


def hook(url: str, *, key: str = KEY, **fields: object) -> Channel:
    given = {"name": "ops-hook", "kind": "webhook", "url": url, "secret_env": "K", "allow_http": True}
    return reveal(ENDPOINT.validate_python(given | fields), lambda _: key, Path())


def slack(url: str, **fields: object) -> Channel:
    given = {"name": "finance-slack", "kind": "slack", "url_env": "U", "allow_http": True}
    return reveal(ENDPOINT.validate_python(given | fields), lambda _: url, Path())


def test_webhook_is_delivered_once_and_verifies_with_both_keys(due: Outbox, receiver: Receiver) -> None:
    channel = hook(receiver.url("/x?y=1"), key=f"{KEY}\n{OLD_KEY}", allow_private=LOCAL)
    assert deliver(due, [channel], now) == Delivery({"ops-hook": 1}, {})
    assert deliver(due, [channel], now) == NEVER
    [request] = receiver.requests
    assert (request.path, request.headers["Host"]) == ("/x?y=1", f"127.0.0.1:{receiver.port}")
    for key in (KEY, OLD_KEY):
        sent = Webhook(key).verify(request.body, request.headers)
        assert {each["subject"] for each in sent["data"]["alerts"]} == {"openai", "anthropic"}


def test_slack_takes_plain_text_blocks(due: Outbox, receiver: Receiver) -> None:
    channel = slack(receiver.url("/services/T/B/ZZSECRET"), allow_private=LOCAL)
    assert deliver(due, [channel], now) == Delivery({"finance-slack": 1}, {})
    post = json.loads(receiver.requests[0].body)
    assert [block["type"] for block in post["blocks"]] == ["header", "section", "section"]
    assert "webhook-signature" not in receiver.requests[0].headers


@pytest.mark.parametrize(
    ("answers", "requests", "error"),
    [
        ([500, 200], 2, None),
        ([429, 503, 204], 3, None),
        (["huge"], 1, None),
        ([500, 502, 429], 3, "answered 429"),
        ([404], 1, "answered 404"),
        ([302], 1, "answered 302"),
        (["slow"] * 3, 3, "no answer in time"),
        (["drip"] * 3, 3, "no answer in time"),
        (["garbage"] * 3, 3, "connection failed"),
    ],
)
def test_misbehaving_receiver(
    due: Outbox,
    receiver: Receiver,
    slept: Slept,
    *,
    answers: list[int | str],
    requests: int,
    error: str | None,
) -> None:
    receiver.answers = list(answers)
    channel = hook(receiver.url("/x"), allow_private=LOCAL)
    result = deliver(due, [channel], now, patience=slept.patience(read=0.1, total=0.3))
    assert result == (Delivery({"ops-hook": 1}, {}) if error is None else Delivery({}, {"ops-hook": error}))
    assert slept == [1.0, 2.0][: requests - 1]
    assert [request.path for request in receiver.requests] == ["/x"] * requests
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    waiting = [entry for entry in due.pending() if entry.endpoint == "ops-hook"]
    assert {(entry.state, entry.last_error) for entry in waiting} == (
        set() if error is None else {("failed", error)}
    )


def test_repaired_receiver_gets_what_failed_before(due: Outbox, receiver: Receiver) -> None:
    receiver.answers = [404]
    channel = hook(receiver.url("/x"), allow_private=LOCAL)
    assert deliver(due, [channel], now).failed == {"ops-hook": "answered 404"}
    assert deliver(due, [channel], now) == Delivery({"ops-hook": 1}, {})
    assert receiver.requests[0].body == receiver.requests[1].body


def test_failing_endpoint_does_not_hold_up_the_others(due: Outbox, receiver: Receiver, slept: Slept) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    broken = slack(f"http://127.0.0.1:{port}/", allow_private=LOCAL)
    working = hook(receiver.url("/x"), allow_private=LOCAL)
    result = deliver(due, [broken, working], now, patience=slept.patience())
    assert result == Delivery({"ops-hook": 1}, {"finance-slack": "connection failed"})


class Crashing(Outbox):
    """Dies after the receiver accepted and before the outbox knows."""

    def mark_delivered(self, _id: str, _now: datetime) -> None:
        raise KeyboardInterrupt


def test_crash_between_send_and_mark_repeats_the_same_message(
    due: Outbox, receiver: Receiver, tmp_path: Path, alert: Callable[..., Alert]
) -> None:
    channel = hook(receiver.url("/x"), allow_private=LOCAL)
    with Crashing(tmp_path / "alerts.sqlite") as crashing, pytest.raises(KeyboardInterrupt):
        deliver(crashing, [channel], now)
    due.enqueue([alert("mistral")], ["ops-hook"], now())
    assert deliver(due, [channel], now) == Delivery({"ops-hook": 2}, {})
    first, repeated, new = receiver.requests
    assert repeated.headers["webhook-id"] == first.headers["webhook-id"] != new.headers["webhook-id"]
    assert repeated.body == first.body
    assert [each["subject"] for each in json.loads(new.body)["data"]["alerts"]] == ["mistral"]


@pytest.mark.usefixtures("due")
def test_two_processes_deliver_one_message(receiver: Receiver, tmp_path: Path) -> None:
    channel = hook(receiver.url("/x"), allow_private=LOCAL)

    def run(_: int) -> int:
        with Outbox(tmp_path / "alerts.sqlite") as mine:
            return sum(deliver(mine, [channel], now).sent.values())

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(run, range(3))) == 1
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_private_host_is_refused_before_any_connection(due: Outbox, receiver: Receiver, host: str) -> None:
    failed = deliver(due, [hook(receiver.url("/x", host))], now).failed["ops-hook"]
    assert failed == "host resolves to a private or special address that allow_private does not list"
    assert receiver.connections == 0


def test_one_private_address_among_public_ones_is_enough_to_refuse(due: Outbox, receiver: Receiver) -> None:
    channel = hook(receiver.url("/x", HOST), allow_private=["10.0.0.0/8"])
    result = deliver(due, [channel], now, resolve=lambda *_: ["93.184.216.34", "127.0.0.1"])
    assert "private or special" in result.failed["ops-hook"]
    assert receiver.connections == 0


def test_name_is_resolved_once_and_still_named_to_the_server(due: Outbox, tls_receiver: Receiver) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    channel = hook(tls_receiver.url("/x", HOST), allow_private=LOCAL, allow_http=False)
    assert deliver(due, [channel], now, resolve=resolve) == Delivery({"ops-hook": 1}, {})
    assert asked == [HOST] == tls_receiver.server_names
    assert tls_receiver.requests[0].headers["Host"] == f"{HOST}:{tls_receiver.port}"


def test_certificate_of_another_name_is_refused(due: Outbox, tls_receiver: Receiver, slept: Slept) -> None:
    channel = hook(tls_receiver.url("/x", "other.example.com"), allow_private=LOCAL)
    result = deliver(due, [channel], now, patience=slept.patience(), resolve=lambda *_: ["127.0.0.1"])
    assert result == Delivery({}, {"ops-hook": "TLS failed"})
    assert tls_receiver.requests == []


def test_proxy_of_the_environment_is_not_used(
    due: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert deliver(due, [hook(receiver.url("/x"), allow_private=LOCAL)], now).failed == {}


def test_unknown_host_is_tried_again(due: Outbox, slept: Slept) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    result = deliver(due, [hook("https://x.example/")], now, patience=slept.patience(), resolve=resolve)
    assert result.failed == {"ops-hook": "host name does not resolve"}
    assert slept == [1.0, 2.0]


@pytest.mark.parametrize("answers", [[200], [404], [302], ["slow"] * 3, ["garbage"] * 3])
def test_secrets_reach_neither_logs_nor_outbox(
    due: Outbox,
    receiver: Receiver,
    slept: Slept,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    answers: list[int | str],
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answers = list(answers)
    channel = slack(receiver.url("/services/ZZSECRET"), allow_private=LOCAL)
    result = deliver(due, [channel], now, patience=slept.patience(read=0.1))
    assert len(receiver.requests) == len(answers)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "ZZSECRET" not in caplog.text + repr((result, channel, due.pending()))
    assert b"ZZSECRET" not in written
