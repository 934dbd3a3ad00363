"""A provider that is busy, broken or wrong: tried again where that may help, refused where it may not."""

import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipelines.pull import caller
from pipelines.pull.caller import Caller, find_key
from pipelines.pull.reports import PROVIDERS
from pipelines.pull.tries import WAITING_SECONDS_MAX
from tests.pull.replay import COMPLETIONS, KEY, NOVEMBER, Misbehaviour, Puller, Replay, page, usage_pages
from tickmark.errors import BadSpecError, PlatformError, TickmarkError

PATH = f"openai {COMPLETIONS}"
NOON = "Sat, 21 Nov 2026 12:00:40 GMT"


def busy(after: str) -> Misbehaviour:
    return (429, {"Retry-After": after}, b'{"error": "slow down"}')


@pytest.mark.parametrize(
    ("instead", "least"),
    [
        ([429], [2.0]),
        ([busy("7")], [7.0]),
        ([busy(NOON)], [40.0]),
        ([busy("0"), busy("soon")], [2.0, 4.0]),
        ([busy("Sat, 21 Nov 2026 11:00:00 GMT")], [2.0]),
        ([500, 502, 503, 529], [2.0, 4.0, 8.0, 16.0]),
        (["garbage", "hang up"], [2.0, 4.0]),
    ],
)
def test_what_passes_is_waited_for(
    pull: Puller, replay: Replay, instead: list[Misbehaviour | None], least: Sequence[float]
) -> None:
    replay.instead = instead
    pull()
    assert list(pull.landed().values()) == usage_pages([14, 14, 3])
    assert all(low <= slept <= 1.5 * low for slept, low in zip(pull.slept, least, strict=True))


def test_a_proxy_of_the_environment_is_not_used(pull: Puller, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert pull()[0].swap.pages == 3


def test_waiting_is_the_same_each_time_and_differs_by_report(pull: Puller, replay: Replay) -> None:
    waits = []
    for _ in range(2):
        replay.instead = [500, 500]
        pull()
        waits.append(pull.slept.copy())
        pull.slept.clear()
    pull.reports = ("openai_usage_embeddings",)
    replay.pages["/v1/organization/usage/embeddings"] = [page([])]
    replay.instead = [500, 500]
    pull()
    assert waits[0] == waits[1] != pull.slept


@pytest.mark.parametrize(
    ("instead", "tries", "last"),
    [
        ([500] * 9, 5, "answered 500"),
        ([429] * 9, 5, "answered 429"),
        ([busy("3600")] * 9, 1, "answered 429, asks to wait 3600 seconds"),
        ([busy("120")] * 9, 3, "answered 429, asks to wait 120 seconds"),
        (["slow"] * 9, 5, "no answer in time"),
        (["hang up"] * 9, 5, "connection failed"),
    ],
)
def test_patience_ends(
    pull: Puller, replay: Replay, instead: list[Misbehaviour | None], tries: int, last: str
) -> None:
    replay.instead = instead
    pull.patience = replace(caller.PATIENCE, read=0.05, total=0.2)
    with pytest.raises(PlatformError) as caught:
        pull()
    assert str(caught.value) == (
        f"E-PULL-UNAVAILABLE {PATH} an answer within 5 tries and 300 seconds of waiting"
        f" (the last try: {last}). Repair: run the command again later; what was fetched before is kept"
    )
    assert (len(replay.asked), len(pull.slept), pull.landed()) == (tries, tries - 1, {})
    assert sum(pull.slept) <= WAITING_SECONDS_MAX


NOT_A_PAGE = {
    "no JSON": (b"<html>", "one valid JSON value (page 1, (record, character 1))"),
    "two keys": (b'{"data": [], "data": []}', "each key once per object (page 1, (record))"),
    "no UTF-8": (b'{"data": "\xff"}', "UTF-8 text (page 1, (record, byte 11))"),
    "a list": (b"[]", "an object (page 1, (answer))"),
    "no data": (b'{"has_more": false}', "a list (page 1, data)"),
    "no bucket": (page([3]), "an object (page 1, data[])"),
    "no times": (page([{"results": []}]), "a timestamp (page 1, start_time)"),
    "another month": (
        usage_pages([1], month="2026-09")[0],
        "a time from 2026-10-01 until before 2026-11-01, as asked (page 1, data[].start_time)",
    ),
    "more than a month": (
        usage_pages([32])[0],
        "a time from 2026-10-01 until before 2026-11-01, as asked (page 1, data[].start_time)",
    ),
    "no cursor": (
        b'{"data": [], "has_more": true, "next_page": null}',
        "a non-empty string (page 1, next_page)",
    ),
}


@pytest.mark.parametrize(("body", "expected"), NOT_A_PAGE.values(), ids=NOT_A_PAGE)
def test_what_is_no_page_of_the_question_is_not_kept(
    pull: Puller, replay: Replay, body: bytes, expected: str
) -> None:
    replay.pages[COMPLETIONS] = [body]
    with pytest.raises(PlatformError) as caught:
        pull()
    assert str(caught.value).startswith(f"E-PULL-ANSWER {PATH} {expected}. Repair: ")
    assert (len(replay.asked), pull.landed()) == (1, {})


def test_a_cursor_that_comes_twice_ends_the_paging(pull: Puller, replay: Replay) -> None:
    first, second, _ = usage_pages([14, 14, 3])
    replay.pages[COMPLETIONS] = [first, second.replace(b'"c3"', b'"c2"')]
    with pytest.raises(PlatformError, match=r"E-PULL-ANSWER .* a new cursor each time"):
        pull()
    assert (len(replay.asked), pull.landed()) == (2, {})


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        (400, "answered 400"),
        (404, "answered 404"),
        (204, "answered 204"),
        ((302, {"Location": "/elsewhere"}, b""), "answered 302"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(page([]))), "the answer is compressed"),
        ((200, {}, b" " * 5001), "the answer has more than 5000 bytes"),
    ],
)
def test_what_another_try_cannot_mend_is_not_tried(
    pull: Puller,
    replay: Replay,
    instead: Misbehaviour,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(caller, "PAGE_BYTES_MAX", 5000)
    replay.instead = [instead]
    with pytest.raises(PlatformError) as caught:
        pull()
    assert str(caught.value).startswith(f"E-PULL-ANSWER {PATH} status 200 and a page ({reason}). Repair: ")
    assert [asked.path for asked in replay.asked] == [COMPLETIONS]


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_key_of_another_kind_is_named(pull: Puller, replay: Replay, provider: str, status: int) -> None:
    pull.provider, pull.reports, replay.instead = provider, (), [status]
    with pytest.raises(BadSpecError) as caught:
        pull()
    kind, key = PROVIDERS[provider].key_kind, PROVIDERS[provider].key
    assert f"(answered {status}). Repair: put into {key} {kind}" in str(caught.value)
    assert len(replay.asked) == 1


@pytest.mark.parametrize("instead", [401, 404, 500, "garbage", (200, {}, KEY.encode())])
def test_no_error_shows_the_key_or_the_answer(pull: Puller, replay: Replay, instead: Misbehaviour) -> None:
    replay.instead = [instead] * 5
    with pytest.raises(TickmarkError) as caught:
        pull()
    assert caught.value.__cause__ is None
    assert "ZZSECRET" not in f"{caught.value} {caught.getrepr(showlocals=False)}"


# Keys.

OPENAI = PROVIDERS["openai"]


def test_a_key_comes_from_its_variable_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    assert find_key(OPENAI, {"OPENAI_ADMIN_KEY": f" {KEY}\n"}.get) == SecretStr(KEY)
    assert find_key(OPENAI, {"OPENAI_ADMIN_KEY_FILE": str(file)}.get) == SecretStr(KEY)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "OPENAI_ADMIN_KEY an admin key (platform.openai.com, Admin keys), here or in the file"),
        ({"OPENAI_API_KEY": KEY}, "OPENAI_ADMIN_KEY an admin key"),
        ({"OPENAI_ADMIN_KEY": "  "}, "OPENAI_ADMIN_KEY an admin key"),
        ({"OPENAI_ADMIN_KEY": KEY, "OPENAI_ADMIN_KEY_FILE": "key"}, "OPENAI_ADMIN_KEY an admin key"),
        ({"OPENAI_ADMIN_KEY": f"{KEY}\nX-Other: 1"}, "OPENAI_ADMIN_KEY one key in printable ASCII"),
        ({"OPENAI_ADMIN_KEY": f"{KEY}…"}, "OPENAI_ADMIN_KEY one key in printable ASCII"),
        ({"OPENAI_ADMIN_KEY_FILE": "absent"}, "OPENAI_ADMIN_KEY_FILE a readable UTF-8 file"),
        ({"OPENAI_ADMIN_KEY_FILE": "open"}, "OPENAI_ADMIN_KEY_FILE a file only its owner can read"),
        ({"OPENAI_ADMIN_KEY_FILE": "empty"}, "OPENAI_ADMIN_KEY_FILE a file that is not empty"),
    ],
)
def test_a_key_that_cannot_be_used(
    variables: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text, mode in (("open", KEY, 0o644), ("empty", "", 0o600)):
        Path(name).write_text(text)
        Path(name).chmod(mode)
    with pytest.raises(BadSpecError) as caught:
        find_key(OPENAI, variables.get)
    assert str(caught.value).startswith(f"E-PULL-KEY environment {expected}")
    assert "ZZSECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "origin", ["http://api.openai.com", "http://127.0.0.1.example.com", "ftp://127.0.0.2"]
)
def test_a_key_never_travels_in_the_clear(origin: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Caller(replace(OPENAI, origin=origin), SecretStr(KEY), lambda: NOVEMBER)
