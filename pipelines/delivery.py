"""Delivery: it sends what the outbox holds.

Lives here: resolving and checking hosts, one POST or one mail per message, tries and their errors.
Does not live here: what is sent (tickmark/digest.py), to whom (tickmark/endpoints.py), and the record
of it (tickmark/outbox.py). An error names a kind of failure or a status, never a URL, an answer or a secret.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import httpx
from standardwebhooks import Webhook

from pipelines import resources
from pipelines.wire import Patience, Unanswered, exchange
from tickmark import digest
from tickmark.endpoints import Channel, MailChannel, PostChannel, SlackEndpoint, may_connect, reveal
from tickmark.home import Home
from tickmark.outbox import Message, Outbox

_SUBMISSION_PORT = 587
_SMTP_PERMANENT = 500


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, in the system's order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


@dataclass(frozen=True, slots=True)
class Delivery:
    """Messages sent, by endpoint name, and the error of each endpoint that still waits for one."""

    sent: dict[str, int]
    failed: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Wire:
    """What every try needs."""

    now: Callable[[], datetime]
    patience: Patience
    resolve: Callable[[str, int], list[str]]

    def address(self, channel: Channel, host: str, port: int, attempt: int) -> str:
        """One address of the host, checked; connecting to it asks no name server again."""
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError):
            raise Unanswered("host name does not resolve", again=True) from None
        allowed = channel.endpoint.allow_private
        if not addresses or not all(may_connect(ip_address(each), allowed) for each in addresses):
            reason = "host resolves to a private or special address that allow_private does not list"
            raise Unanswered(reason, again=False)
        return addresses[attempt % len(addresses)]


def channels(home: Home) -> list[Channel]:
    """Every endpoint of a home with its secrets; raise BadSpecError where one is missing."""
    return [reveal(endpoint, resources.secret, home.folder) for endpoint in home.config.alerts]


def drain(home: Home, to: Sequence[Channel]) -> Delivery:
    """Send what the home's outbox holds."""
    with Outbox(home.outbox) as outbox:
        return deliver(outbox, to, resources.utc_now)


DEFAULT_PATIENCE = Patience()


def deliver(
    outbox: Outbox,
    channels: Sequence[Channel],
    now: Callable[[], datetime],
    *,
    patience: Patience = DEFAULT_PATIENCE,
    resolve: Callable[[str, int], list[str]] = resolve,
) -> Delivery:
    """Send what is pending, one digest per endpoint, at least once; what fails stays for the next run.

    After a crash or a failure the earlier message goes first, unchanged. Raises PlatformError where
    the outbox cannot be used, never for an endpoint.
    """
    wire, sent, failed = _Wire(now, patience, resolve), dict[str, int](), dict[str, str]()
    with outbox.delivering():
        for channel in channels:
            name = channel.endpoint.name
            while message := outbox.claim(name):
                if (error := _send(channel, message, wire)) is not None:
                    outbox.mark_failed(message.id, error)
                    failed[name] = error
                    break
                outbox.mark_delivered(message.id, now())
                sent[name] = sent.get(name, 0) + 1
    return Delivery(sent, failed)


def _send(channel: Channel, message: Message, wire: _Wire) -> str | None:
    """Try until it is accepted or hopeless; return the last error, None where it was accepted."""
    reason = None
    for attempt in range(wire.patience.tries):
        if attempt:
            wire.patience.sleep(wire.patience.backoff * 2 ** (attempt - 1))
        try:
            if isinstance(channel, MailChannel):
                _mail(channel, message, wire, attempt)
            else:
                _post(channel, message, wire, attempt)
        except Unanswered as failure:
            reason = failure.reason
            if not failure.again:
                break
        else:
            return None
    return reason


def _post(channel: PostChannel, message: Message, wire: _Wire, attempt: int) -> None:
    try:
        answer = exchange(_request(channel, message, wire, attempt), wire.patience)
    except httpx.InvalidURL:
        raise Unanswered("URL is not usable", again=False) from None
    if not httpx.codes.is_success(answer.status):
        raise Unanswered(f"answered {answer.status}", again=answer.again)


def _request(channel: PostChannel, message: Message, wire: _Wire, attempt: int) -> httpx.Request:
    url = httpx.URL(channel.url.get_secret_value())
    host = url.raw_host.decode("ascii")
    address = wire.address(channel, host, url.port or (443 if url.scheme == "https" else 80), attempt)
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "tickmark",
        "Connection": "close",
    }
    if isinstance(channel.endpoint, SlackEndpoint):
        body = digest.slack(message)
    else:
        body = digest.webhook(message)
        headers |= _signature(channel, message.id, wire.now(), body)
    extensions = {"timeout": wire.patience.timeouts(), "sni_hostname": host}
    return httpx.Request(
        "POST", url.copy_with(host=address), headers=headers, content=body, extensions=extensions
    )


def _signature(channel: PostChannel, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Headers of Standard Webhooks 1.0.0; each key signs, so that a receiver may rotate."""
    instant = now.astimezone(UTC)
    signed = [
        Webhook(key.get_secret_value()).sign(message_id, instant, body.decode()) for key in channel.keys
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(instant.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def _mail(channel: MailChannel, message: Message, wire: _Wire, attempt: int) -> None:
    try:
        _submit(channel, message, wire, attempt)
    except smtplib.SMTPRecipientsRefused as error:
        raise _mail_refused(next(iter(error.recipients.values()))[0]) from None
    except smtplib.SMTPResponseException as error:
        raise _mail_refused(error.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise Unanswered("server offers no STARTTLS or no login", again=False) from None
    except TimeoutError:
        raise Unanswered("no answer in time", again=True) from None
    except ssl.SSLError:
        raise Unanswered("TLS failed", again=True) from None
    except OSError:
        raise Unanswered("connection failed", again=True) from None


def _mail_refused(code: int) -> Unanswered:
    return Unanswered(f"answered {code}", again=code < _SMTP_PERMANENT)


def _submit(channel: MailChannel, message: Message, wire: _Wire, attempt: int) -> None:
    url = urlsplit(channel.server.get_secret_value())
    tls, host = url.scheme == "smtps", url.hostname or ""
    port = url.port or (smtplib.SMTP_SSL_PORT if tls else _SUBMISSION_PORT)
    address = wire.address(channel, host, port, attempt)
    smtp = (_SmtpTls if tls else _Smtp)(host, port, address, wire.patience)
    try:
        if not tls:
            smtp.starttls(context=ssl.create_default_context())
        if url.username:
            smtp.login(unquote(url.username), unquote(url.password or ""))
        smtp.send_message(digest.email(message, channel.sender, channel.endpoint.to))
        # Accepted is delivered: a server that drops the farewell must not cause a second mail.
        with suppress(OSError):
            smtp.quit()
    finally:
        smtp.close()


class _Smtp(smtplib.SMTP):
    """SMTP to a checked address, while TLS verifies the server's own name."""

    def __init__(self, host: str, port: int, address: str, patience: Patience) -> None:
        self._address, self._patience = address, patience
        super().__init__(host, port, timeout=patience.read)

    def _get_socket(self, _host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((self._address, port), self._patience.connect)
        connected.settimeout(timeout)
        return connected


class _SmtpTls(smtplib.SMTP_SSL, _Smtp):
    """The same, with TLS from the first byte."""

    def __init__(self, host: str, port: int, address: str, patience: Patience) -> None:
        self._address, self._patience = address, patience
        context = ssl.create_default_context()
        smtplib.SMTP_SSL.__init__(self, host, port, timeout=patience.read, context=context)
