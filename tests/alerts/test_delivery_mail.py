"""E-mail against a mail server that misbehaves: TLS always, under the server's own name, once."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from alert_receiver import HOST, LOCAL, Slept, certificate, now
from pydantic import TypeAdapter

from pipelines.delivery import Delivery, deliver
from tickmark.endpoints import Channel, Endpoint, reveal
from tickmark.outbox import Outbox

ENDPOINT: TypeAdapter[Endpoint] = TypeAdapter(Endpoint)


def mail(url: str, **fields: object) -> Channel:
    given = {"name": "cfo", "kind": "email", "to": "cfo@example.com", "server_env": "U"}
    return reveal(ENDPOINT.validate_python(given | fields), lambda _: url, Path())


class Mailbox:
    """An SMTP server's handler and authenticator."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.answers: list[str] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 accepted"
        if answer.startswith("250"):
            self.mails.append(envelope)
        return answer

    def authenticate(self, *login: object) -> AuthResult:
        return AuthResult(success=login[-1] == LoginPassword(b"bot", b"p@ss"), handled=False)


class Mails:
    """A mail server for hooks.example.com on 127.0.0.1, with STARTTLS or TLS from the first byte."""

    def __init__(self, folder: Path) -> None:
        self.box = Mailbox()
        self.trusted, self._tls = certificate(folder)
        self._controllers: list[Controller] = []

    def serve(self, *, implicit: bool = False, plain: bool = False) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        controller = Controller(
            self.box,
            hostname="127.0.0.1",
            port=port,
            ssl_context=self._tls if implicit else None,
            tls_context=None if implicit or plain else self._tls,
            authenticator=self.box.authenticate,
            auth_require_tls=False,
        )
        controller.start()
        self._controllers.append(controller)
        return port

    def close(self) -> None:
        for controller in self._controllers:
            controller.stop()


@pytest.fixture
def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mails]:
    server = Mails(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.trusted))
    yield server
    server.close()


def to_local(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.mark.parametrize(("scheme", "implicit"), [("smtp", False), ("smtps", True)])
def test_mail_arrives_once_over_tls(due: Outbox, mails: Mails, scheme: str, *, implicit: bool) -> None:
    url = f"{scheme}://bot:p%40ss@{HOST}:{mails.serve(implicit=implicit)}"
    channel = mail(url, allow_private=LOCAL, **{"from": "tickmark@example.com"})
    assert deliver(due, [channel], now, resolve=to_local) == Delivery({"cfo": 1}, {})
    assert deliver(due, [channel], now, resolve=to_local) == Delivery({}, {})
    [envelope] = mails.box.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("tickmark@example.com", ["cfo@example.com"])
    assert isinstance(envelope.content, bytes)
    assert b"Subject: Tickmark: 2 red flags, 2026-10" in envelope.content


@pytest.mark.parametrize(
    ("user", "answers", "error"),
    [
        ("bot:p%40ss", ["451 later", "250 accepted"], None),
        ("bot:p%40ss", ["554 no"], "answered 554"),
        ("bot:ZZSECRET", [], "answered 535"),
    ],
)
def test_mail_server_refuses(
    due: Outbox, mails: Mails, slept: Slept, *, user: str, answers: list[str], error: str | None
) -> None:
    mails.box.answers = answers
    channel = mail(f"smtp://{user}@{HOST}:{mails.serve()}", allow_private=LOCAL, **{"from": "t@example.com"})
    result = deliver(due, [channel], now, patience=slept.patience(), resolve=to_local)
    assert result.failed == ({} if error is None else {"cfo": error})
    assert len(mails.box.mails) == (error is None)
    assert slept == ([1.0] if error is None else [])


def test_mail_is_never_sent_without_tls_or_to_a_wrong_name(due: Outbox, mails: Mails, slept: Slept) -> None:
    sender = {"from": "t@example.com"}
    plain = mail(f"smtp://bot:p%40ss@{HOST}:{mails.serve(plain=True)}", allow_private=LOCAL, **sender)
    result = deliver(due, [plain], now, resolve=to_local)
    assert result.failed == {"cfo": "server offers no STARTTLS or no login"}
    port = mails.serve()
    other = mail(f"smtp://bot:p%40ss@other.example.com:{port}", allow_private=LOCAL, **sender)
    result = deliver(due, [other], now, patience=slept.patience(), resolve=to_local)
    assert result.failed == {"cfo": "TLS failed"}
    unlisted = mail(f"smtp://bot:p%40ss@{HOST}:{port}", **sender)
    assert "private or special" in deliver(due, [unlisted], now, resolve=to_local).failed["cfo"]
    assert mails.box.mails == []
