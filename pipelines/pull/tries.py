"""Trying again: the tries of many exchanges, with one budget of waiting for all of them.

Lives here: a plain request, waiting (`Retry-After` before our own schedule), what a usable answer is, and the
error of one that never came. Does not live here: one exchange (wire.py), what is asked (caller.py, hub.py).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from pipelines.wire import Answer, Patience, Unanswered
from tickmark.errors import PlatformError, Where

WAITING_SECONDS_MAX = 300.0
_LOOPBACK = ("127.0.0.1", "::1")
_DIGITS_MAX = 10


def is_private(url: httpx.URL) -> bool:
    """Whether nobody between here and there can read what is sent."""
    return bool(url.host) and (url.scheme == "https" or url.host in _LOOPBACK)


def request(url: httpx.URL, headers: Mapping[str, str], patience: Patience) -> httpx.Request:
    """A GET whose answer comes as it is kept."""
    plain = {"Accept-Encoding": "identity", "User-Agent": "tickmark", "Connection": "close"}
    return httpx.Request(
        "GET", url, headers={**plain, **headers}, extensions={"timeout": patience.timeouts()}
    )


@dataclass(slots=True)
class Tries:
    """Patience with each exchange, and what was waited for so far."""

    patience: Patience
    now: Callable[[], datetime]
    waited: float = field(default=0.0, init=False)

    def body(self, name: str, ask: Callable[[], Answer]) -> bytes:
        """The body of a successful answer, as it came.

        Raises Unanswered: `again` where tries or waiting were used up, else where no other try may help.
        """
        attempt = 0
        while True:
            try:
                return self._usable(ask())
            except Unanswered as failure:
                if not failure.again or not self._wait(name, attempt, failure.wait):
                    raise
            attempt += 1

    def unavailable(self, where: Where, failure: Unanswered) -> PlatformError:
        """The error of an answer that did not come."""
        return PlatformError(
            "E-PULL-UNAVAILABLE",
            f"an answer within {self.patience.tries} tries and {WAITING_SECONDS_MAX:.0f} seconds of waiting"
            f" (the last try: {failure.reason})",
            where=where,
            repair="run the command again later; what was fetched before is kept",
        )

    def _usable(self, answer: Answer) -> bytes:
        if answer.status != HTTPStatus.OK:
            wait = self._retry_after(answer)
            reason = f"answered {answer.status}" + (f", asks to wait {wait:.0f} seconds" if wait > 0 else "")
            raise Unanswered(reason, again=answer.again, wait=wait)
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise Unanswered("the answer is compressed", again=False)
        return answer.body

    def _retry_after(self, answer: Answer) -> float:
        """Seconds that the other side asks to wait: a number, or a date."""
        text = answer.headers.get("retry-after", "").strip()
        if text.isdecimal() and len(text) < _DIGITS_MAX:
            return int(text)
        try:
            return (parsedate_to_datetime(text) - self.now()).total_seconds()
        except (ValueError, TypeError):
            return 0.0

    def _wait(self, name: str, attempt: int, asked: float) -> bool:
        """Wait before another try; False where tries or budget are used up."""
        # Jitter by name and try: many homes do not come back at the same second, a test always does.
        share = hashlib.sha256(f"{name} {attempt}".encode()).digest()[0] / 256
        seconds = max(asked, self.patience.backoff * 2**attempt * (1 + share / 2))
        if attempt + 1 == self.patience.tries or self.waited + seconds > WAITING_SECONDS_MAX:
            return False
        self.waited += seconds
        self.patience.sleep(seconds)
        return True
