"""All deliveries of a month: found, read in limited children, none lost and none read twice."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.readers.reading import KEY, SAMPLES, SPECS, packed, read, staged
from tickmark.errors import BadSpecError, InputRejectedError, PlatformError, TickmarkError
from tickmark.home import Home
from tickmark.intake import sources

EXCHANGES = (SAMPLES / "exchange_jsonl.jsonl").read_bytes()
USAGE: Any = json.loads((SAMPLES / "openai_usage_completions.json").read_text())


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Home]:
    """A home with one gateway, and one source of usage pages."""

    def make(logs: str = "logs/*", pages: str = "pages/*") -> Home:
        gateway = {"name": "logs", "format": "exchange_jsonl", "files": logs, "required": False}
        bill = {"name": "usage", "format": "openai_usage_completions", "files": pages, "required": False}
        (tmp_path / "tickmark.yaml").write_text(json.dumps({"gateways": [gateway], "bills": [bill]}))
        (tmp_path / "policy.yaml").write_text("{}")
        for folder in ("logs", "pages"):
            (tmp_path / folder).mkdir(exist_ok=True)
        return Home(tmp_path)

    return make


def read_all(home: Home) -> tuple[list[Any], Any]:
    """Reports and staged rows of everything that landed."""
    staging = sources.Staging(home.folder / "staging", SPECS, [], home.vocabularies, {}, KEY)
    said: list[str] = []
    reports = sources.read_all(sources.find(home, "2026-07"), staging, said.append)
    assert sorted(said) == sorted(report.file for report in reports)
    return reports, staged(staging.folder)


def refused(home: Home) -> TickmarkError:
    with pytest.raises(TickmarkError) as found:
        read_all(home)
    return found.value


def logged(number: int) -> bytes:
    """The sample with other ids, so that its records are others."""
    return EXCHANGES.replace(b"chatcmpl-0", b"chatcmpl-%d-" % number)


def test_f16_every_file_is_read_once_whatever_its_name(
    configured: Callable[..., Home], tmp_path: Path
) -> None:
    home = configured()
    names = [
        "-rf",
        "a b.jsonl.gz",
        "quote'\".jsonl.zst",
        "new\nline",
        "st*r",
        "glob[1].jsonl",
        "x" * 250,
        "caf\u00e9",
    ]
    for number, name in enumerate(names):
        (tmp_path / "logs" / name).write_bytes(packed(logged(number), name))
    Path(os.fsdecode(os.fsencode(tmp_path / "logs") + b"/latin\xe9")).write_bytes(logged(99))
    (tmp_path / "logs" / ".part").write_bytes(b"being written")
    (tmp_path / "pages" / "p.json").write_text(json.dumps(USAGE))
    reports, rows = read_all(home)
    assert {report.file for report in reports} == {
        "pages/p.json",
        *(f"logs/{name}" for name in [*names, "latin\\xe9"]),
    }
    assert [report.file_no for report in reports] == list(range(10))
    assert all(
        report.records == report.read + report.quarantined + report.not_usage + report.blank
        for report in reports
    )
    read = Counter(row["file_no"] for row in rows["attempts"])
    assert read == Counter({report.file_no: report.read for report in reports if report.source == "logs"})
    assert len({row["record_key"] for row in rows["attempts"] if "chatcmpl" in row["record_key"]}) == 2 * 9


def test_a_source_without_files(configured: Callable[..., Home], tmp_path: Path) -> None:
    home = configured()
    with pytest.raises(InputRejectedError, match="E-SOURCE-NONE"):
        sources.find(home, "2026-07")
    config = json.loads((tmp_path / "tickmark.yaml").read_text())
    config["bills"][0]["required"] = True
    (tmp_path / "tickmark.yaml").write_text(json.dumps(config))
    with pytest.raises(InputRejectedError, match="E-SOURCE-MISSING"):
        sources.find(Home(tmp_path), "2026-07")


def test_the_month_is_a_part_of_the_pattern(configured: Callable[..., Home], tmp_path: Path) -> None:
    home = configured("logs/*{month}*")
    for name in ("2026-06.jsonl", "2026-07.jsonl"):
        (tmp_path / "logs" / name).write_bytes(EXCHANGES)
    assert [file.display for file in sources.find(home, "2026-07")] == ["logs/2026-07.jsonl"]


def test_a_file_belongs_to_one_source(configured: Callable[..., Home], tmp_path: Path) -> None:
    home = configured("logs/*", "*/*.json")
    (tmp_path / "logs" / "a.json").write_bytes(EXCHANGES)
    with pytest.raises(BadSpecError, match=r"E-SOURCE-OVERLAP tickmark.yaml usage\.files"):
        sources.find(home, "2026-07")


@pytest.mark.parametrize("pattern", ["", "logs/**x"])
def test_a_pattern_that_is_none(configured: Callable[..., Home], pattern: str) -> None:
    with pytest.raises(BadSpecError, match=r"E-CONFIG-GLOB tickmark.yaml logs\.files"):
        configured(pattern)


def test_the_first_unusable_file_in_order_is_named(configured: Callable[..., Home], tmp_path: Path) -> None:
    home = configured()
    for name, content in {"a": EXCHANGES, "b.gz": b"", "c": b"<html>"}.items():
        (tmp_path / "logs" / name).write_bytes(content)
    (tmp_path / "pages" / "e").symlink_to("nowhere")
    error = refused(home)
    assert (error.rule, str(error.where)) == ("E-FILE-EMPTY", "logs/b.gz")


@pytest.mark.slow
def test_f06_a_file_that_kills_its_child_is_named_and_the_others_are_read_once(
    configured: Callable[..., Home], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = configured()
    monkeypatch.setattr(sources, "MEMORY_BYTES", 2**30)
    monkeypatch.setattr(sources, "WORKERS", 1)
    (tmp_path / "pages" / "good.json").write_text(json.dumps(USAGE))
    (tmp_path / "pages" / "wide.json").write_bytes(b"[" + b"[]," * 14_000_000 + b"[]]")
    with pytest.raises(InputRejectedError, match=r"E-FILE-LIMITS pages/wide\.json "):
        read_all(home)
    rows = staged(tmp_path / "staging")["usage_buckets"]
    assert len(rows) == len({(row["file_no"], row["record_key"]) for row in rows}) > 0


def test_deep_and_wide_documents_end_quickly(configured: Callable[..., Home], tmp_path: Path) -> None:
    home = configured()
    (tmp_path / "pages" / "deep.json.gz").write_bytes(packed(b"[" * 30_000_000, "f.gz"))
    (tmp_path / "logs" / "deep.jsonl.gz").write_bytes(packed(EXCHANGES + b"[" * 30_000_000 + b"\n", "f.gz"))
    started = time.monotonic()
    error = refused(home)
    assert (error.rule, str(error.where)) == ("E-PAGE-SHAPE", "pages/deep.json.gz (record)")
    assert time.monotonic() - started < 20


def test_a_full_disk_is_the_machine_not_the_file(configured: Callable[..., Home], tmp_path: Path) -> None:
    home = configured()
    (tmp_path / "logs" / "a.jsonl").write_bytes(EXCHANGES)
    (tmp_path / "staging").write_text("a file where the folder should be")
    error = refused(home)
    assert isinstance(error, PlatformError)
    assert error.rule == "E-MACHINE"


def test_stopping_the_run_stops_the_children(configured: Callable[..., Home], tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to the whole group: nothing is read again one by one."""
    home = configured()
    (tmp_path / "logs" / "big.jsonl").write_bytes(EXCHANGES * 20_000)
    (tmp_path / "logs" / "big2.jsonl").write_bytes(EXCHANGES * 20_000)

    def interrupt() -> None:
        while len(reading := [child for child in children() if is_reading(child)]) < 2:
            time.sleep(0.05)
        stopped.append(time.monotonic())
        for child in reading:
            # As Ctrl-C does, which whoever started the tests may have switched off.
            os.kill(child, signal.SIGTERM)

    stopped: list[float] = []
    stopping = threading.Thread(target=interrupt)
    stopping.start()
    with pytest.raises(KeyboardInterrupt):
        read_all(home)
    stopping.join()
    assert time.monotonic() - stopped[0] < 10


def children() -> set[int]:
    listed = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for each in listed for pid in each.read_text().split()}


def is_reading(child: int) -> bool:
    try:
        return any("big" in str(file.readlink()) for file in Path(f"/proc/{child}/fd").iterdir())
    except OSError:
        return False


def page(days: list[int], **fields: Any) -> str:
    start = 1782864000  # 2026-07-01T00:00:00Z
    buckets = [
        {"start_time": start + 86400 * day, "end_time": start + 86400 * (day + 1), "results": []}
        for day in days
    ]
    return json.dumps({"object": "page", "data": buckets, **fields})


PAGES = {
    "one page": ([page([0, 1, 2])], None),
    "two pages in two files": ([page([0, 1], has_more=True), page([2], has_more=False)], None),
    "delivered in another order": ([page([2]), page([0, 1], has_more=True)], None),
    "pages that overlap": ([page([0, 1], has_more=True), page([1, 2])], None),
    "pages in one list": ([f"[{page([0, 1], has_more=True)}, {page([2])}]"], None),
    "second page missing": ([page([0, 1], has_more=True)], "0.json has_more"),
    "third page missing": ([page([0], has_more=True), page([1], has_more=True)], "1.json has_more"),
    "page in the middle missing": ([page([0], has_more=True), page([2])], "0.json has_more"),
    "last page of a list missing": (
        [f"[{page([0], has_more=True)}, {page([1], has_more=True)}]"],
        "0.json has_more",
    ),
}


@pytest.mark.parametrize(("files", "missing"), PAGES.values(), ids=PAGES)
def test_pages_follow_each_other(tmp_path: Path, files: list[str], missing: str | None) -> None:
    named = [(f"{number}.json", content.encode()) for number, content in enumerate(files)]
    reports = [read(tmp_path, "openai_usage_completions", content, name).report for name, content in named]
    if missing is None:
        sources.check_pages(reports)
    else:
        with pytest.raises(InputRejectedError, match=f"^E-PAGE-MISSING {missing} "):
            sources.check_pages(reports)
