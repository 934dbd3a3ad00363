"""Asking a hub for the vocabularies that specs name by repo and commit; nothing else of Tickmark meets it.

Lives here: addresses, redirects, and what a refusal means. Does not live here: the exchange itself (wire.py),
trying again (tries.py), endpoint and token (resources.py), hashes and files (tokenizers/sources.py).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Literal

import httpx

from pipelines.pull.caller import REFUSED, usable_key
from pipelines.pull.tries import Tries, is_private, request
from pipelines.resources import HubSettings
from pipelines.wire import Answer, Patience, Unanswered, exchange
from tickmark.errors import BadSpecError, PlatformError, TickmarkError, Where
from tickmark.tokenizers import sources
from tickmark.vocabularies import Vocabulary, VocabularySource

PATIENCE = Patience(read=60.0, total=600.0, tries=5, backoff=2.0)
REDIRECTS_MAX = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one vocabulary: the home has its bytes, or there is an error."""

    vocabulary: Vocabulary
    outcome: Literal["fetched", "already there", "failed"]
    bytes: int | None = None
    error: TickmarkError | None = None


class Hub:
    """A hub; raise BadSpecError where it may not be asked, or not without showing the token to others."""

    def __init__(self, settings: HubSettings, tries: Tries) -> None:
        if settings.is_offline:
            repair = "unset it for this command, or copy vocabularies/ from a home that has them"
            raise _unusable("HF_HUB_OFFLINE", "a hub that may be asked", repair)
        if not is_private(_url(settings.endpoint)):
            repair = "name the mirror as https://host, or unset the variable"
            raise _unusable("HF_ENDPOINT", "an https address", repair)
        self._endpoint, self._tries = settings.endpoint, tries
        self._token = None if settings.token is None else usable_key("HF_TOKEN", settings.token)

    def fetch(self, vocabularies: Iterable[Vocabulary], progress: Callable[[str], None]) -> Iterator[Fetched]:
        """Bring what is not in the home yet; one that fails does not keep the others away."""
        for vocabulary in vocabularies:
            progress(vocabulary.name)
            if (kept := sources.kept(vocabulary)) is not None:
                yield Fetched(vocabulary, "already there", kept)
                continue
            try:
                yield Fetched(vocabulary, "fetched", sources.keep(vocabulary, self._get(vocabulary)))
            except TickmarkError as error:
                yield Fetched(vocabulary, "failed", error=error)

    def _get(self, vocabulary: Vocabulary) -> bytes:
        try:
            return self._tries.body(vocabulary.name, partial(self._ask, vocabulary))
        except Unanswered as failure:
            if failure.again:
                raise self._tries.unavailable(vocabulary.where("hub"), failure) from None
            raise PlatformError(
                "E-PULL-ANSWER",
                f"status 200 and a file of at most {sources.MAX_BYTES} bytes ({failure.reason})",
                where=vocabulary.where("hub"),
                repair="run the command again; if it stays so, put the file beside the spec and drop `hub`",
            ) from None

    def _ask(self, vocabulary: Vocabulary) -> Answer:
        url = self._address(vocabulary.source)
        for _ in range(REDIRECTS_MAX + 1):
            answer = exchange(self._request(url), self._tries.patience, sources.MAX_BYTES)
            if answer.status in REFUSED:
                raise _refused(vocabulary, answer.status)
            if answer.status == HTTPStatus.NOT_FOUND:
                raise _not_there(vocabulary)
            if not (HTTPStatus.MULTIPLE_CHOICES < answer.status < HTTPStatus.BAD_REQUEST):
                return answer
            url = _target(url, answer)
        raise Unanswered(f"more than {REDIRECTS_MAX} redirects", again=False)

    def _address(self, source: VocabularySource) -> httpx.URL:
        from huggingface_hub import hf_hub_url

        assert source.hub is not None  # noqa: S101 - only vocabularies of a hub are asked for
        repo, revision = source.hub.repo, source.hub.revision
        return _url(hf_hub_url(repo, source.resource, revision=revision, endpoint=self._endpoint))

    def _request(self, url: httpx.URL) -> httpx.Request:
        """The token goes to the hub alone: large files lie elsewhere, at an address that is a key itself."""
        hub, headers = _url(self._endpoint), {}
        if self._token and (url.scheme, url.host, url.port) == (hub.scheme, hub.host, hub.port):
            headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request(url, headers, self._tries.patience)


def _url(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL:
        return httpx.URL()


def _unusable(variable: str, expected: str, repair: str) -> BadSpecError:
    return BadSpecError(
        "E-PULL-ENDPOINT", expected, where=Where("environment", field=variable), repair=repair
    )


def _target(url: httpx.URL, answer: Answer) -> httpx.URL:
    """Where a redirect leads, which is never shown."""
    try:
        target = url.join(answer.headers["location"])
    except (KeyError, httpx.InvalidURL):
        raise Unanswered(f"answered {answer.status} without an address", again=False) from None
    if target.scheme not in ("https", url.scheme):
        raise Unanswered("a redirect that leaves https", again=False)
    return target


def _refused(vocabulary: Vocabulary, status: int) -> BadSpecError:
    return BadSpecError(
        "E-PULL-REFUSED",
        f"a repo that may be read from here; this one is gated, private or missing (answered {status})",
        where=vocabulary.where("hub"),
        repair="accept the licence on the repo's page, then set HF_TOKEN or run `hf auth login`",
    )


def _not_there(vocabulary: Vocabulary) -> BadSpecError:
    return BadSpecError(
        "E-VOCABULARY-MISSING",
        f"{vocabulary.source.resource} in this revision of the repo (answered 404)",
        where=vocabulary.where("hub"),
        repair="correct repo, revision and resource in the spec; a private repo needs HF_TOKEN",
    )
