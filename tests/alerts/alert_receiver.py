"""What tests of delivery share: a receiver on 127.0.0.1 that misbehaves as told, its certificate, time."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipelines.wire import Patience

HOST = "hooks.example.com"
LOCAL = ["127.0.0.0/8"]


def now() -> datetime:
    """The real time: receivers refuse a signature that is older than five minutes."""
    return datetime.now(UTC)


class Slept(list[float]):
    """A patience that notes its sleeps instead of sleeping."""

    def patience(self, **fields: float) -> Patience:
        return Patience(sleep=self.append, **fields)  # type: ignore[arg-type]


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers each request with the next of `answers`: a status, 'huge', 'slow', 'drip' or 'garbage'."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.answers: list[int | str] = []
        self.server_names: list[str | None] = []
        self.connections = 0
        self.closing = threading.Event()
        self.scheme = "http" if tls is None else "https"
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    receiver: Receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is what several tests want."""

    def get_request(self) -> tuple[socket.socket, object]:
        self.receiver.connections += 1
        return super().get_request()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.requests.append(Request(self.path, dict(self.headers.items()), body))
        answer = receiver.answers.pop(0) if receiver.answers else 200
        if answer == "slow":
            receiver.closing.wait(5)
        elif answer == "garbage":
            self.wfile.write(b"\x00\xff not http\r\n\r\n")
        elif answer == "drip":
            self._drip()
        else:
            self._answer(200 if answer == "huge" else int(answer), huge=answer == "huge")

    def _answer(self, status: int, *, huge: bool) -> None:
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"{self.path}?elsewhere")
        self.end_headers()
        for _ in range(10_000 if huge else 1):
            self.wfile.write(b"x" * 65_536 if huge else b"answer")

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.server.receiver.closing.wait(0.02):
            self.wfile.write(b"x")
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""


def certificate(folder: Path, host: str = HOST) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for `host`: the file a client must trust, the server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "trusted.pem", folder / "private.pem"
    trusted.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return trusted, context
