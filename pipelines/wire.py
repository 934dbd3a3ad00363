"""One HTTP exchange: a request out, a bounded answer back, in bounded time.

Lives here: patience, and the names of what can fail. Nothing of the environment is used: no proxy, no
netrc, no redirect. Does not live here: which host (delivery.py, pull/), and how often it is tried.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

# At DEBUG it logs the headers of answers, and a redirect repeats the URL in them.
logging.getLogger("httpcore").setLevel(logging.INFO)

_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a sender waits, in seconds, and how often it tries; `total` bounds one exchange."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 30.0
    tries: int = 3
    backoff: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def timeouts(self) -> dict[str, float | None]:
        """The request's own timeouts, as the transport reads them."""
        return httpx.Timeout(self.read, connect=self.connect).as_dict()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is empty where it was not asked for."""

    status: int
    headers: httpx.Headers
    body: bytes = b""

    @property
    def again(self) -> bool:
        """Whether another try may help."""
        return self.status == httpx.codes.TOO_MANY_REQUESTS or self.status >= _SERVER_ERROR


class Unanswered(Exception):  # noqa: N818 - a signal to the sender, never shown as an error
    """No usable answer came; `again` says whether another try may help, `wait` what the other side asks."""

    def __init__(self, reason: str, *, again: bool = True, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.again, self.wait = reason, again, wait


def exchange(request: httpx.Request, patience: Patience, most: int | None = None) -> Answer:
    """Send a request; read up to `most` bytes of the body of a success, and no body at all where it is None.

    Raises Unanswered, which names a kind of failure, never a URL or a content.
    """
    try:
        return asyncio.run(_exchange(request, patience.total, most))
    except (TimeoutError, httpx.TimeoutException):
        raise Unanswered("no answer in time") from None
    except httpx.TransportError as error:
        raise Unanswered("TLS failed" if "SSL" in str(error) else "connection failed") from None


async def _exchange(request: httpx.Request, total: float, most: int | None) -> Answer:
    """A bare transport, because httpx.Client logs URLs, and follows proxies of the environment."""
    async with asyncio.timeout(total):
        async with httpx.AsyncHTTPTransport(
            verify=ssl.create_default_context(), trust_env=False
        ) as transport:
            response = await transport.handle_async_request(request)
            wanted = most is not None and response.is_success
            body = await _body(response, most or 0) if wanted else b""
            await response.aclose()
            return Answer(response.status_code, response.headers, body)


async def _body(response: httpx.Response, most: int) -> bytes:
    """The bytes as they came."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            raise Unanswered(f"the answer has more than {most} bytes", again=False)
    return bytes(body)
