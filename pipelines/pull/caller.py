"""Asking a provider: one GET at a time, tried again with patience, in errors that show no key and no content.

Lives here: the key, and how a request is made of it. Does not live here: the exchange itself (wire.py),
trying again (tries.py), what is asked (reports.py), what is expected (pages.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx
from pydantic import SecretStr

from pipelines.pull.reports import Parameters, Provider, Report
from pipelines.pull.tries import Tries, is_private, request
from pipelines.wire import Answer, Patience, Unanswered, exchange
from tickmark import secretfile
from tickmark.errors import BadSpecError, PlatformError, Where

PAGE_BYTES_MAX = 64 * 10**6
PATIENCE = Patience(read=60.0, total=120.0, tries=5, backoff=2.0)
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def find_key(provider: Provider, lookup: Callable[[str], str | None]) -> SecretStr:
    """A provider's key, from its variable or the file that `…_FILE` names; raise BadSpecError without."""
    in_file = f"{provider.key}_FILE"
    text, file = (lookup(provider.key) or "").strip(), lookup(in_file)
    if file and not text:
        return usable_key(in_file, secretfile.read(Path(file), partial(_bad_key, in_file)))
    if not text or file:
        kind = provider.key_kind.split(";", maxsplit=1)[0]
        expected = f"{kind}, here or in the file that {in_file} names, not in both"
        raise _bad_key(provider.key, expected, "export one of the two; the file needs mode 0600")
    return usable_key(provider.key, text)


def usable_key(variable: str, text: str) -> SecretStr:
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
    _tries: Tries = field(init=False)

    def __post_init__(self) -> None:
        if not is_private(httpx.URL(self.provider.origin)):
            raise ValueError("a provider is asked over https")
        self._tries = Tries(self.patience, self.now)

    def get(self, report: Report, parameters: Parameters) -> bytes:
        """The body of a successful answer, as it came."""
        try:
            return self._tries.body(report.name, partial(self._ask, report, parameters))
        except Unanswered as failure:
            if failure.again:
                raise self._tries.unavailable(_where(self.provider, report), failure) from None
            expected = f"status 200 and a page ({failure.reason})"
            raise unexpected(self.provider, report, expected) from None

    def _ask(self, report: Report, parameters: Parameters) -> Answer:
        answer = exchange(self._request(report, parameters), self.patience, PAGE_BYTES_MAX)
        if answer.status in REFUSED:
            raise self._refused(report, answer.status)
        return answer

    def _request(self, report: Report, parameters: Parameters) -> httpx.Request:
        headers = {
            "Accept": "application/json",
            self.provider.key_header: f"{self.provider.key_prefix}{self.key.get_secret_value()}",
            **self.provider.headers,
        }
        url = httpx.URL(self.provider.origin).join(report.path).copy_with(params=list(parameters))
        return request(url, headers, self.patience)

    def _refused(self, report: Report, status: int) -> BadSpecError:
        return BadSpecError(
            "E-PULL-REFUSED",
            f"a key that may read this report (answered {status})",
            where=_where(self.provider, report),
            repair=f"put into {self.provider.key} {self.provider.key_kind}",
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
