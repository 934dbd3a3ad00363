"""Asking a provider: one GET at a time, tried again with patience, in errors that show no key and no content.

Lives here: the key, tries, waiting (`Retry-After` before our own schedule, all of it inside one budget).
Does not live here: the exchange itself (wire.py), what is asked (reports.py), what is expected (pages.py).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx
from pydantic import SecretStr

from pipelines.pull.reports import Parameters, Provider, Report
from pipelines.wire import Answer, Patience, Unanswered, exchange
from tickmark import secretfile
from tickmark.errors import BadSpecError, PlatformError, Where

PAGE_BYTES_MAX = 64 * 10**6
WAITING_SECONDS_MAX = 300.0
PATIENCE = Patience(read=60.0, total=120.0, tries=5, backoff=2.0)
_DIGITS_MAX = 10
_LOOPBACK = ("127.0.0.1", "::1")
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def find_key(provider: Provider, lookup: Callable[[str], str | None]) -> SecretStr:
    """A provider's key, from its variable or the file that `…_FILE` names; raise BadSpecError without."""
    in_file = f"{provider.key}_FILE"
    text, file = (lookup(provider.key) or "").strip(), lookup(in_file)
    if file and not text:
        return _usable(in_file, secretfile.read(Path(file), partial(_bad_key, in_file)))
    if not text or file:
        kind = provider.key_kind.split(";", maxsplit=1)[0]
        expected = f"{kind}, here or in the file that {in_file} names, not in both"
        raise _bad_key(provider.key, expected, "export one of the two; the file needs mode 0600")
    return _usable(provider.key, text)


def _usable(variable: str, text: str) -> SecretStr:
    """A key that fits into a header: an HTTP library would show one that does not."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise _bad_key(variable, "one key in printable ASCII", "copy the key again, and nothing else")
    return SecretStr(text)


def _bad_key(variable: str, expected: str, repair: str) -> BadSpecError:
    return BadSpecError("E-PULL-KEY", expected, where=Where("environment", field=variable), repair=repair)


@dataclass(slots=True)
class Caller:
    """Asks one provider with one key. Raises ValueError where the key would travel in the clear."""

    provider: Provider
    key: SecretStr
    now: Callable[[], datetime]
    patience: Patience = PATIENCE
    waited: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        origin = httpx.URL(self.provider.origin)
        if origin.scheme != "https" and origin.host not in _LOOPBACK:
            raise ValueError("a provider is asked over https")

    def get(self, report: Report, parameters: Parameters) -> bytes:
        """The body of a successful answer, as it came."""
        reason = ""
        for attempt in range(self.patience.tries):
            try:
                return self._ask(report, parameters)
            except Unanswered as failure:
                reason = failure.reason
                if not failure.again:
                    raise unexpected(self.provider, report, f"status 200 and a page ({reason})") from None
                if not self._wait(report, attempt, failure.wait):
                    break
        raise self._unavailable(report, reason)

    def _ask(self, report: Report, parameters: Parameters) -> bytes:
        answer = exchange(self._request(report, parameters), self.patience, PAGE_BYTES_MAX)
        if answer.status in _REFUSED:
            raise self._refused(report, answer.status)
        if answer.status != HTTPStatus.OK:
            wait = self._retry_after(answer)
            reason = f"answered {answer.status}" + (f", asks to wait {wait:.0f} seconds" if wait > 0 else "")
            raise Unanswered(reason, again=answer.again, wait=wait)
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise Unanswered("the answer is compressed", again=False)
        return answer.body

    def _request(self, report: Report, parameters: Parameters) -> httpx.Request:
        headers = {
            "Accept": "application/json",
            # The bytes that are kept are those that were sent.
            "Accept-Encoding": "identity",
            "User-Agent": "tickmark",
            "Connection": "close",
            self.provider.key_header: f"{self.provider.key_prefix}{self.key.get_secret_value()}",
            **self.provider.headers,
        }
        url = httpx.URL(self.provider.origin).join(report.path)
        timeouts = {"timeout": self.patience.timeouts()}
        return httpx.Request("GET", url, params=list(parameters), headers=headers, extensions=timeouts)

    def _retry_after(self, answer: Answer) -> float:
        """Seconds that the provider asks to wait: a number, or a date."""
        text = answer.headers.get("retry-after", "").strip()
        if text.isdecimal() and len(text) < _DIGITS_MAX:
            return int(text)
        try:
            return (parsedate_to_datetime(text) - self.now()).total_seconds()
        except (ValueError, TypeError):
            return 0.0

    def _wait(self, report: Report, attempt: int, asked: float) -> bool:
        """Wait before another try; False where tries or budget are used up."""
        # Jitter by report and try: many homes do not come back at the same second, a test always does.
        share = hashlib.sha256(f"{report.name} {attempt}".encode()).digest()[0] / 256
        seconds = max(asked, self.patience.backoff * 2**attempt * (1 + share / 2))
        if attempt + 1 == self.patience.tries or self.waited + seconds > WAITING_SECONDS_MAX:
            return False
        self.waited += seconds
        self.patience.sleep(seconds)
        return True

    def _refused(self, report: Report, status: int) -> BadSpecError:
        return BadSpecError(
            "E-PULL-REFUSED",
            f"a key that may read this report (answered {status})",
            where=_where(self.provider, report),
            repair=f"put into {self.provider.key} {self.provider.key_kind}",
        )

    def _unavailable(self, report: Report, reason: str) -> PlatformError:
        return PlatformError(
            "E-PULL-UNAVAILABLE",
            f"an answer within {self.patience.tries} tries and {WAITING_SECONDS_MAX:.0f} seconds of waiting"
            f" (the last try: {reason})",
            where=_where(self.provider, report),
            repair="run the command again later; what was fetched before is kept",
        )


def unexpected(provider: Provider, report: Report, expected: str) -> PlatformError:
    """The error of an answer that is not what the provider documents."""
    return PlatformError(
        "E-PULL-ANSWER",
        expected,
        where=_where(provider, report),
        repair="run the command again; if it stays so, deliver the provider's own export and report this",
    )


def _where(provider: Provider, report: Report) -> Where:
    return Where(provider.name, field=report.path)
