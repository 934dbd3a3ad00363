"""Control totals: a manifest that agrees proves its files; what disagrees is in the error gallery."""

from pathlib import Path

import pytest

from tickmark.errors import InputRejectedError
from tickmark.home import Home
from tickmark.intake import manifests
from tickmark.intake.reader import FileReport

CONFIG = """
gateways:
  - {name: prod, format: exchange_jsonl, files: "landing/*.jsonl", manifest: "landing/manifest-{month}.csv"}
bills: []
"""


def home(folder: Path, manifest: str) -> Home:
    (folder / "landing").mkdir()
    (folder / "tickmark.yaml").write_text(CONFIG)
    (folder / "policy.yaml").write_text("{}\n")
    (folder / "landing" / "manifest-2026-07.csv").write_text(manifest)
    return Home(folder)


def report(number: int, records: int, blank: int = 0) -> FileReport:
    file = f"landing/{number}.jsonl"
    return FileReport("prod", number, file, "exchange_jsonl", sha256="ab" * 32, records=records, blank=blank)


def test_what_agrees_is_proven_and_blank_lines_are_no_records(tmp_path: Path) -> None:
    listed = home(tmp_path, f"sha256,file,records,note\n{'AB' * 32},1.jsonl,4,x\n,2.jsonl,2,\n")
    assert manifests.check(listed, "2026-07", [report(1, 4), report(2, 5, blank=3)]) == {1, 2}


@pytest.mark.parametrize(
    ("manifest", "rule"),
    [
        ("file,records\n1.jsonl,3\n", "E-MANIFEST-DIFFERS"),
        (f"file,sha256\n1.jsonl,{'cd' * 32}\n", "E-MANIFEST-DIFFERS"),
        ("file,records\n1.jsonl,4\n../1.jsonl,4\n", "E-MANIFEST-FILES"),
        ("file,records\n1.jsonl,4,5\n", "E-MANIFEST-FORM"),
        ('file,records\n"1.jsonl,4\n', "E-MANIFEST-FORM"),
        ("", "E-MANIFEST-FILES"),
    ],
)
def test_what_disagrees_stops_the_close(tmp_path: Path, manifest: str, rule: str) -> None:
    with pytest.raises(InputRejectedError, match=rule):
        manifests.check(home(tmp_path, manifest), "2026-07", [report(1, 4)])


def test_a_manifest_that_did_not_arrive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputRejectedError, match="E-MANIFEST-FILES"):
        manifests.check(home(tmp_path, "file,records\n"), "2026-08", [report(1, 4)])
