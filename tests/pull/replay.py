"""A provider on 127.0.0.1 that replays recorded pages, and misbehaves as told; a home that pulls from it."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from pipelines.pull import caller
from pipelines.pull.caller import Caller
from pipelines.pull.month import Pull, Pulled
from pipelines.pull.reports import PROVIDERS, Provider
from pipelines.wire import Patience
from tickmark.home import Home
from tickmark.months import Month

KEY = "ZZSECRET-admin-key"
NOVEMBER = datetime(2026, 11, 21, 12, tzinfo=UTC)
Misbehaviour = int | str | tuple[int, Mapping[str, str], bytes]
"""A status; 'slow', 'garbage' or 'hang up'; or a whole answer."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    parameters: list[tuple[str, str]]
    headers: dict[str, str]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.parameters if key == name]


class Replay:
    """Answers with the pages of a path; the cursor of page n is `c<n>`. `instead` is used up first."""

    def __init__(self) -> None:
        self.pages: dict[str, Sequence[bytes]] = {}
        self.asked: list[Asked] = []
        self.instead: list[Misbehaviour | None] = []
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.replay = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def answer(self, asked: Asked) -> Misbehaviour:
        self.asked.append(asked)
        if self.instead and (told := self.instead.pop(0)) is not None:
            return told
        pages = self.pages.get(asked.path)
        number = int((asked.all("page") or ["c1"])[0].removeprefix("c"))
        return 404 if pages is None else (200, {}, pages[number - 1])

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def replaying() -> Iterator[Replay]:
    replay = Replay()
    try:
        yield replay
    finally:
        replay.close()


class _Server(ThreadingHTTPServer):
    replay: Replay

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is what several tests want."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        replay, url = self.server.replay, urlsplit(self.path)
        asked = Asked(url.path, parse_qsl(url.query, keep_blank_values=True), dict(self.headers.items()))
        answer = replay.answer(asked)
        if answer == "slow":
            replay.closing.wait(5)
        elif answer == "garbage":
            self.wfile.write(b"\x00\xff not http\r\n\r\n")
        elif answer != "hang up":
            self._send(*((answer, {}, b"") if isinstance(answer, int) else answer))

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""


def only(provider: Provider, origin: str, *reports: str) -> Provider:
    """A provider on another machine, with some of its reports, or all where none is named."""
    kept = tuple(report for report in provider.reports if not reports or report.name in reports)
    return replace(provider, origin=origin, reports=kept)


@dataclass
class Puller:
    """Pulls one month into a home, without sleeping."""

    home: Path
    replay: Replay
    provider: str = "openai"
    reports: tuple[str, ...] = ("openai_usage_completions",)
    month: str = "2026-10"
    account: str = "default"
    now: datetime = NOVEMBER
    slept: list[float] = field(default_factory=list)
    patience: Patience = caller.PATIENCE

    def __call__(self) -> list[Pulled]:
        provider = only(PROVIDERS[self.provider], self.replay.url, *self.reports)
        patience = replace(self.patience, sleep=self.slept.append)
        asking = Caller(provider, SecretStr(KEY), lambda: self.now, patience)
        opened, month = Home(self.home), Month.parse(self.month)
        return Pull(opened, asking, self.account, month, self.now, lambda _: None).run()

    def landed(self) -> dict[str, bytes]:
        """Every file below the bills, by name."""
        bills = self.home / "landing" / "bills"
        return {
            path.relative_to(bills).as_posix(): path.read_bytes()
            for path in sorted(bills.rglob("*"))
            if path.is_file()
        }


COMPLETIONS = "/v1/organization/usage/completions"


def usage_pages(days: Sequence[int], model: str = "gpt-5.6-sol", month: str = "2026-10") -> list[bytes]:
    """Pages of the completions report that hold the first `days[0]` days of a month, then the next ones."""
    start, pages = Month.parse(month).start, list[bytes]()
    for number, length in enumerate(days, start=1):
        buckets = [_bucket(start + timedelta(days=day), model) for day in range(length)]
        start += timedelta(days=length)
        more = number < len(days)
        pages.append(page(buckets, f"c{number + 1}" if more else None))
    return pages


def _bucket(start: datetime, model: str) -> dict[str, Any]:
    result = {
        "object": "organization.usage.completions.result",
        "input_tokens": 1000 + start.day,
        "output_tokens": 10,
        "num_model_requests": 2,
        "model": model,
    }
    seconds = int(start.timestamp())
    return {"object": "bucket", "start_time": seconds, "end_time": seconds + 86_400, "results": [result]}


def page(data: Any, more: str | None = None) -> bytes:
    """A page in the provider's own spacing, which must survive."""
    document = {"object": "page", "data": data, "has_more": more is not None, "next_page": more}
    return json.dumps(document, indent=3).encode() + b"\n\n"
