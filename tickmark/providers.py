"""One provider, many names: API host, gateway's name, invoice issuer.

Lives here: looking a provider up in `providers.yaml`. Unknown names stay as they are, lower case:
they meet no price and no bill, and so become findings instead of guesses.
"""

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, RootModel

from tickmark import strictyaml

UNKNOWN = "unknown"
"""What a log gives that names no provider: it meets no price and no bill unless tickmark.yaml says more."""


class _Provider(BaseModel):
    """The names of one provider; the head of the file says what each is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prices: str
    hosts: tuple[str, ...]
    aliases: tuple[str, ...]


@cache
def _catalogue() -> dict[str, _Provider]:
    path = Path(__file__).with_name("providers.yaml")
    return strictyaml.load_as(path, path.name, RootModel[dict[str, _Provider]]).root


@cache
def by_name(name: str) -> str:
    """Canonical provider for what a gateway or an invoice calls it: 'Mistral AI' → 'mistral_ai'."""
    return known(name) or name.strip().lower()


@cache
def known(name: str) -> str | None:
    """The same, or None where the catalogue has no such name; 'azure-openai' and 'azure openai' are one."""
    wanted = _plain(name)
    return next((key for key, entry in _catalogue().items() if wanted in map(_plain, entry.aliases)), None)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


@cache
def by_host(host: str) -> str | None:
    """Canonical provider that serves an API host, or None."""
    return next(
        (key for key, entry in _catalogue().items() if any(fnmatchcase(host, glob) for glob in entry.hosts)),
        None,
    )


def by_url(url: str) -> str | None:
    """Canonical provider that serves an API URL, or None; a text that is no URL is nobody's."""
    try:
        return by_host(urlsplit(url).hostname or "")
    except ValueError:
        return None


def price_catalogue_id(provider: str) -> str:
    """The provider's id in genai-prices; an unknown one is looked up under its own name."""
    entry = _catalogue().get(provider)
    return provider if entry is None else entry.prices
