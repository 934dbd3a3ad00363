"""Where alerts go: the `alerts:` list of tickmark.yaml, and the network addresses it may reach.

Lives here: the shape of an endpoint, revealing its secrets, the rule for addresses.
Does not live here: connections (pipelines/delivery.py), and the environment: its lookup is handed in.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StrictBool, model_validator

from tickmark import secretfile
from tickmark.errors import BadSpecError, Where

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, texts))


_PRIVATE_V4 = _networks("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_PRIVATE = (*_PRIVATE_V4, *_networks("::1/128", "fc00::/7"))
# IANA special-purpose address registries (RFC 6890 and later entries, as of 2026-11), and multicast.
_NOT_PUBLIC_V4 = (
    *_PRIVATE_V4,
    *_networks("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
    *_networks("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
)
# Global unicast; mapped, NAT64, link-local, unique-local, multicast and unspecified lie outside it.
_PUBLIC_V6 = IPv6Network("2000::/3")
# Protocol assignments with Teredo, documentation (two), 6to4.
_NOT_PUBLIC_V6 = _networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

# Standard Webhooks 1.0.0: a symmetric secret has 24 to 64 random bytes.
_KEY_BYTES = range(24, 65)
_KEYS_MAX = 2


def may_connect(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an alert may go to this resolved address: public, or listed under `allow_private`."""
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def _private(network: Network) -> Network:
    ranges = (each for each in _PRIVATE if each.version == network.version)
    if not any(int(each[0]) <= int(network[0]) and int(network[-1]) <= int(each[-1]) for each in ranges):
        raise ValueError("a network inside " + ", ".join(map(str, _PRIVATE)))
    return network


_EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_FileName = Annotated[str, Field(min_length=1)]
_MailAddress = Annotated[str, Field(pattern=r"^[!-~]+@[A-Za-z0-9.-]+$", max_length=254)]


class _Endpoint(BaseModel):
    """What every endpoint has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    allow_private: tuple[Annotated[Network, AfterValidator(_private)], ...] = ()

    def _exactly_one(self, *fields: str) -> None:
        if sum(getattr(self, field) is not None for field in fields) != 1:
            raise ValueError("exactly one of " + ", ".join(fields))


class SlackEndpoint(_Endpoint):
    """A Slack incoming webhook (or a compatible one); its URL is the secret."""

    kind: Literal["slack"]
    url_env: _EnvName | None = None
    url_file: _FileName | None = None
    allow_http: StrictBool = False

    @model_validator(mode="after")
    def _complete(self) -> "SlackEndpoint":
        self._exactly_one("url_env", "url_file")
        return self


class WebhookEndpoint(_Endpoint):
    """Any receiver of Standard Webhooks; the secret is `whsec_` and base64, two lines while rotating."""

    kind: Literal["webhook"]
    url: str | None = None
    url_env: _EnvName | None = None
    secret_env: _EnvName | None = None
    secret_file: _FileName | None = None
    allow_http: StrictBool = False

    @model_validator(mode="after")
    def _complete(self) -> "WebhookEndpoint":
        self._exactly_one("url", "url_env")
        self._exactly_one("secret_env", "secret_file")
        return self


class EmailEndpoint(_Endpoint):
    """One mailbox. The server is `smtps://user:password@host` (TLS) or `smtp://…` (STARTTLS, required)."""

    kind: Literal["email"]
    to: _MailAddress
    sender: Annotated[_MailAddress | None, Field(alias="from")] = None
    server_env: _EnvName | None = None
    server_file: _FileName | None = None

    @model_validator(mode="after")
    def _complete(self) -> "EmailEndpoint":
        self._exactly_one("server_env", "server_file")
        return self


Endpoint: TypeAlias = Annotated[SlackEndpoint | WebhookEndpoint | EmailEndpoint, Field(discriminator="kind")]


def _distinct(endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    if len({endpoint.name for endpoint in endpoints}) < len(endpoints):
        raise ValueError("a different name for each endpoint")
    return endpoints


Endpoints: TypeAlias = Annotated[tuple[Endpoint, ...], AfterValidator(_distinct)]
"""The type of `alerts:` in tickmark.yaml; a URL may be a secret, so its errors are shown without input."""


@dataclass(frozen=True, slots=True)
class PostChannel:
    """Where to post, and the keys that sign the post (none for Slack); neither shows in its repr."""

    endpoint: SlackEndpoint | WebhookEndpoint
    url: SecretStr
    keys: tuple[SecretStr, ...]


@dataclass(frozen=True, slots=True)
class MailChannel:
    """The mail server with user and password, which do not show in its repr, and the From address."""

    endpoint: EmailEndpoint
    server: SecretStr
    sender: str


Channel: TypeAlias = PostChannel | MailChannel
"""An endpoint with its secrets revealed."""


@dataclass(frozen=True, slots=True)
class _Vault:
    """Reads the secrets of one endpoint, and words what is wrong with them."""

    name: str
    lookup: Callable[[str], str | None]
    home: Path

    def bad(self, field: str, expected: str, repair: str) -> BadSpecError:
        where = Where("tickmark.yaml", field=f"alerts.{self.name}.{field}")
        return BadSpecError("E-ALERT-ENDPOINT", expected, where=where, repair=repair)

    def read(self, field: str, variable: str | None, file: str | None) -> str:
        if file is not None:
            return secretfile.read(self.home / file, partial(self.bad, f"{field}_file"))
        if variable is None or not (value := (self.lookup(variable) or "").strip()):
            raise self.bad(f"{field}_env", "a set environment variable", f"export {variable} for the run")
        return value

    def url(self, field: str, url: str, schemes: Sequence[str]) -> SplitResult:
        parts = _split(url)
        if parts is None or parts.scheme not in schemes:
            wanted = " or ".join(f"{scheme}://" for scheme in schemes)
            raise self.bad(field, f"a URL in printable ASCII that starts with {wanted}", "correct the URL")
        return parts

    def keys(self, field: str, text: str) -> tuple[SecretStr, ...]:
        keys = text.split()
        if len(keys) > _KEYS_MAX or not all(map(_is_key, keys)):
            expected = "whsec_ and the base64 of 24 to 64 random bytes; two such lines while rotating"
            raise self.bad(field, expected, 'echo "whsec_$(openssl rand -base64 32)"')
        return tuple(map(SecretStr, keys))


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable and url.isascii() and url.isprintable() and " " not in url else None


def _is_key(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return False
    return text.startswith("whsec_") and len(key) in _KEY_BYTES


def reveal(endpoint: Endpoint, secret: Callable[[str], str | None], home: Path) -> Channel:
    """Read an endpoint's secrets: `secret` looks up a variable, files are relative to `home`.

    Raises BadSpecError where one is missing, readable by others or unusable; never shows its value.
    """
    vault = _Vault(endpoint.name, secret, home)
    if isinstance(endpoint, EmailEndpoint):
        return _mail_channel(endpoint, vault)
    keys: tuple[SecretStr, ...] = ()
    if isinstance(endpoint, SlackEndpoint):
        url = vault.read("url", endpoint.url_env, endpoint.url_file)
    else:
        url = endpoint.url or vault.read("url", endpoint.url_env, None)
        keys = vault.keys("secret", vault.read("secret", endpoint.secret_env, endpoint.secret_file))
    parts = vault.url("url", url, ("https", "http") if endpoint.allow_http else ("https",))
    if "@" in parts.netloc:
        raise vault.bad("url", "a URL without user or password", "remove what stands before the @")
    return PostChannel(endpoint, SecretStr(url), keys)


def _mail_channel(endpoint: EmailEndpoint, vault: _Vault) -> MailChannel:
    url = vault.read("server", endpoint.server_env, endpoint.server_file)
    parts = vault.url("server", url, ("smtps", "smtp"))
    sender = endpoint.sender or unquote(parts.username or "")
    if "@" not in sender:
        raise vault.bad("from", "the address mail is sent from", "add `from: tickmark@example.com`")
    return MailChannel(endpoint, SecretStr(url), sender)
