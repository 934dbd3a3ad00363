"""The `alerts:` list: what it may say, whose secrets it names, which addresses it may reach."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from tickmark.endpoints import Endpoint, Endpoints, MailChannel, Network, PostChannel, may_connect, reveal
from tickmark.errors import BadSpecError

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

EXAMPLE = """
- {name: finance-slack, kind: slack, url_env: TICKMARK_SLACK_URL}
- {name: ops-hook, kind: webhook, url: https://hooks.example.com/x, secret_file: secrets/hook}
- {name: cfo, kind: email, to: cfo@example.com, server_env: TICKMARK_SMTP_URL}
"""


class Config(BaseModel):
    """tickmark.yaml as far as alerts go; pydantic asks the outermost model whether to show values."""

    model_config = ConfigDict(hide_input_in_errors=True)

    alerts: Endpoints


def endpoint(text: str) -> Endpoint:
    return Config(alerts=yaml.safe_load(f"[{text}]")).alerts[0]


def test_documented_example_is_read_and_its_secrets_stay_hidden(tmp_path: Path) -> None:
    variables = {
        "TICKMARK_SLACK_URL": "https://hooks.slack.com/services/ZZSECRET\n",
        "TICKMARK_SMTP_URL": "smtps://bot%40example.com:ZZSECRET@mail.example.com",
    }
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/hook").write_text(f"{KEY}\n{KEY}\n")
    (tmp_path / "secrets/hook").chmod(0o600)
    read = Config(alerts=yaml.safe_load(EXAMPLE)).alerts
    slack, hook, mail = (reveal(each, variables.get, tmp_path) for each in read)
    assert isinstance(slack, PostChannel)
    assert isinstance(hook, PostChannel)
    assert isinstance(mail, MailChannel)
    assert slack.url.get_secret_value() == "https://hooks.slack.com/services/ZZSECRET"
    assert [key.get_secret_value() for key in hook.keys] == [KEY, KEY]
    assert mail.sender == "bot@example.com"
    assert not any(secret in repr((slack, hook, mail)) for secret in ("ZZSECRET", KEY))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{name: a, kind: pager, url_env: X}", "slack"),
        ("{name: a, kind: slack}", "exactly one of url_env, url_file"),
        ("{name: a, kind: slack, url_env: X, url_file: y}", "exactly one of url_env, url_file"),
        ("{name: a, kind: slack, url: https://hooks.slack.com/ZZSECRET}", "Extra inputs"),
        ("{name: a, kind: webhook, url: https://x.example/ZZSECRET, secret: ZZSECRET}", "Extra inputs"),
        ("{name: a, kind: webhook, url: https://x.example}", "exactly one of secret_env, secret_file"),
        ("{name: a, kind: email, to: 'a@example.com\\nBcc: b@example.com', server_env: X}", "pattern"),
        ("{name: a, kind: slack, url_env: X, allow_http: 1}", "boolean"),
        ("{name: a, kind: slack, url_env: X, allow_private: [0.0.0.0/0]}", "a network inside"),
        ("{name: a, kind: slack, url_env: X, allow_private: [169.254.0.0/16]}", "a network inside"),
        ("{name: a, kind: slack, url_env: X}, {name: a, kind: slack, url_env: Y}", "different name"),
    ],
)
def test_wrong_endpoint_is_refused_without_showing_its_value(text: str, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected) as refused:
        endpoint(text)
    assert "ZZSECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "secret", "expected"),
    [
        ("{name: a, kind: slack, url_env: X}", None, "url_env a set environment variable"),
        ("{name: a, kind: slack, url_env: X}", "http://example.com/ZZSECRET", "starts with https://"),
        ("{name: a, kind: slack, url_env: X}", "https://u:ZZSECRET@example.com/", "without user or pass"),
        ("{name: a, kind: slack, url_env: X}", "https:///ZZSECRET", "printable ASCII"),
        ("{name: a, kind: slack, url_env: X}", "https://example.com:99999/ZZSECRET", "printable ASCII"),
        ("{name: a, kind: slack, url_env: X}", "https://\u2460.example.com/ZZSECRET", "printable ASCII"),
        ("{name: a, kind: slack, url_env: X}", "https://example.com/\r\nHost: ZZSECRET", "printable ASCII"),
        ("{name: a, kind: webhook, url: 'https://x.example', secret_env: X}", "ZZSECRET", "24 to 64 random"),
        ("{name: a, kind: webhook, url: 'https://x.example', secret_env: X}", "whsec_c2hvcnQ=", "24 to 64"),
        ("{name: a, kind: webhook, url: 'https://x.example', secret_env: X}", f"{KEY}!", "24 to 64"),
        ("{name: a, kind: webhook, url: 'https://x.example', secret_env: X}", f"{KEY} " * 3, "two such"),
        ("{name: a, kind: email, to: a@example.com, server_env: X}", "https://ZZSECRET", "smtps:// or smtp"),
        ("{name: a, kind: email, to: a@example.com, server_env: X}", "smtps://ZZSECRET", "sent from"),
    ],
)
def test_unusable_secret_names_the_field_and_never_the_value(
    text: str, secret: str | None, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(BadSpecError, match=expected) as refused:
        reveal(endpoint(text), lambda _: secret, tmp_path)
    message = str(refused.value)
    assert message.startswith("E-ALERT-ENDPOINT tickmark.yaml alerts.a.")
    assert "ZZSECRET" not in message
    assert KEY not in message


def _readable_by_all(path: Path) -> None:
    path.write_text(KEY)
    path.chmod(0o644)


def _empty(path: Path) -> None:
    path.touch(0o600)


def _binary(path: Path) -> None:
    path.touch(0o600)
    path.write_bytes(b"\xff\xfe")


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (_readable_by_all, "a file only its owner can read.*chmod 600"),
        (_empty, "a file that is not empty"),
        (_binary, "a readable UTF-8 file"),
        (lambda _: None, "a readable UTF-8 file"),
    ],
)
def test_secret_file_must_be_private_and_readable(
    tmp_path: Path, prepare: Callable[[Path], None], expected: str
) -> None:
    prepare(tmp_path / "hook")
    hook = endpoint("{name: a, kind: webhook, url: https://x.example, secret_file: hook}")
    with pytest.raises(BadSpecError, match=expected):
        reveal(hook, lambda _: None, tmp_path)


PUBLIC = "3.3.3.3 93.184.216.34 2606:4700::1111 2a00:1450:4001::1"
PRIVATE = "127.0.0.1 10.1.2.3 172.31.0.1 192.168.1.1 169.254.169.254 100.64.0.1 ::1 fc00::1 fe80::1%1"
SPECIAL = "0.0.0.0 255.255.255.255 :: fec0::1 ff02::1 2001:0:7f00:1:: 2001:db8::1 3fff::1 100::1 ::7f00:1"
CALLED_GLOBAL_BY_PYTHON_3_11 = "64:ff9b::7f00:1 2002:7f00:1:: 224.0.0.1 192.0.0.8 192.88.99.1"


def test_public_address_may_be_reached() -> None:
    assert all(may_connect(ip_address(address), ()) for address in PUBLIC.split())


@pytest.mark.parametrize("addresses", [PRIVATE, SPECIAL, CALLED_GLOBAL_BY_PYTHON_3_11])
@pytest.mark.parametrize("allowed", [(), (ip_network("10.9.0.0/16"),)])
def test_private_or_special_address_is_refused(addresses: str, allowed: tuple[Network, ...]) -> None:
    assert not [address for address in addresses.split() if may_connect(ip_address(address), allowed)]


@given(st.ip_addresses(v=4))
def test_ipv4_wrapped_in_ipv6_is_refused(inner: IPv4Address) -> None:
    wrapped = [
        (0xFFFF << 32) + int(inner),  # mapped
        int(inner),  # compatible
        (0x64FF9B << 96) + int(inner),  # NAT64
        (0x2002 << 112) + (int(inner) << 80),  # 6to4
        (0x20010000 << 96) + (~int(inner) & 0xFFFFFFFF),  # Teredo
    ]
    assert not any(may_connect(IPv6Address(number), ()) for number in wrapped)


def test_listed_private_network_opens_only_itself() -> None:
    listed = endpoint("{name: a, kind: slack, url_env: X, allow_private: [10.1.0.0/16]}").allow_private
    assert may_connect(ip_address("10.1.255.255"), listed)
    assert not may_connect(ip_address("10.2.0.0"), listed)
    assert not may_connect(ip_address("::ffff:10.1.0.1"), listed)
