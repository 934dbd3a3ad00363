"""The error gallery: every error a user can meet, provoked through the command; makes `docs/errors.md`.

Lives here: the cases of `cases.yaml`, how each spoils a copy of the small home, and the page.
Does not live here: running commands (command.py) and judging what they say (test_gallery.py).
"""

import fcntl
import gzip
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
import zstandard

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
HOME = HERE / "home"
CASES = HERE / "cases.yaml"
RULE = re.compile(r"\bE-[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*\b")
MEANINGS = {
    0: "complete",
    2: "bad usage, configuration, rate card or tokenizer spec",
    4: "published as DRAFT",
    5: "input rejected, nothing published",
    6: "another run holds this home",
    7: "repair the machine or the connection and run again",
    9: "integrity, nothing published",
}


@dataclass(frozen=True)
class Case:
    """One way to go wrong: what is spoilt, the command, its exit code, and what it says."""

    title: str
    exit: int
    says: tuple[str, ...]
    run: str = "close 2026-07"
    spoil: tuple[Mapping[str, Any], ...] = ()
    checkout: tuple[Mapping[str, Any], ...] = ()
    special: Mapping[str, Any] = field(default_factory=dict)
    query: str | None = None
    answer: tuple[tuple[Any, ...], ...] = ()

    @property
    def rules(self) -> list[str]:
        return sorted(set(RULE.findall("\n".join(self.says))))


def cases() -> list[Case]:
    """Every case, in the order of the file."""
    loaded: list[dict[str, Any]] = yaml.safe_load(CASES.read_text("utf-8"))["cases"]
    return [Case(**{name: _frozen(value) for name, value in case.items()}) for case in loaded]


def unprovoked() -> dict[str, str]:
    """Rules that no command can be made to break, and the test that breaks them."""
    found: dict[str, str] = yaml.safe_load(CASES.read_text("utf-8"))["unprovoked"]
    return found


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


# Spoiling: each step is one entry of `_STEPS` with the path it works on and its detail.


def spoil(folder: Path, steps: tuple[Mapping[str, Any], ...], stack: ExitStack) -> None:
    """Change a folder as a case says; what lasts as long as the command goes on the stack."""
    for step in steps:
        ((name, detail),) = step.items()
        if name in _LASTING:
            stack.enter_context(_LASTING[name](folder / detail))
        elif isinstance(detail, Mapping):
            for path, more in detail.items():
                _STEPS[name](folder / path, more)
        else:
            _STEPS[name](folder / detail, None)


def _edit(path: Path, change: tuple[str, str]) -> None:
    text, (old, new) = path.read_text("utf-8"), change
    assert old in text, f"{path.name} has no {old}"
    path.write_text(text.replace(old, new, 1), "utf-8")


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _pack(path: Path, ending: str) -> None:
    pack = gzip.compress if ending == "gz" else zstandard.ZstdCompressor().compress
    path.with_name(f"{path.name}.{ending}").write_bytes(pack(path.read_bytes()))
    path.unlink()


def _remove(path: Path, _: None) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


_STEPS: dict[str, Callable[[Path, Any], Any]] = {
    "write": _write,
    "bytes": lambda path, text: path.write_bytes(bytes.fromhex(text)),
    "repeat": lambda path, part: path.write_text(part[0] + part[1] * part[2] + part[3]),
    "edit": _edit,
    "append": _append,
    "append_bytes": lambda path, text: path.write_bytes(path.read_bytes() + bytes.fromhex(text)),
    "append_many": lambda path, part: _append(path, part[0] * part[1] + "\n"),
    "cut": lambda path, length: path.write_bytes(path.read_bytes()[:length]),
    "pack": _pack,
    "remove": _remove,
    "copy": lambda path, other: shutil.copyfile(path, path.parent / other),
    "rename": lambda path, other: path.rename(path.parent / other),
    "link": lambda path, target: (path.unlink(), path.symlink_to(target)),
    "folder": lambda path, _: path.mkdir(),
}


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Another run holds the lock."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _growing(path: Path) -> Iterator[None]:
    """Someone still writes the file."""
    content, done = path.read_bytes(), threading.Event()
    path.write_bytes(content * (40_000_000 // len(content)))

    def write() -> None:
        while not done.wait(0.002):
            with path.open("ab") as file:
                file.write(content)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()


_LASTING = {"hold": _held, "grow": _growing}


# The page.

HEAD = """# Errors

Every error says its rule, the file, line and field, what was expected, and how to repair it; never the value.
This page is made from the error gallery (`tests/errors/cases.yaml`) by `python -m tests.errors.gallery >
docs/errors.md`; a test runs each case and compares exit code and text. Exit codes 5, 6, 7 and 9 leave
`finance.duckdb` as it was, byte for byte.
"""


def page() -> str:
    """`docs/errors.md`."""
    sections = [_section(case) for case in cases()]
    return "\n".join([HEAD, _index(), *sections, _bugs()])


def _index() -> str:
    found: dict[str, list[str]] = {}
    for case in cases():
        for rule in case.rules:
            found.setdefault(rule, []).append(f"[{case.title}](#{_anchor(case.title)})")
    rows = [f"| `{rule}` | {' · '.join(titles)} |" for rule, titles in sorted(found.items())]
    return "\n".join(["| rule | how one meets it |", "|---|---|", *rows, ""])


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _section(case: Case) -> str:
    lines = [f"    $ tickmark {case.run}", *(f"    {line}" for line in case.says)]
    return "\n".join([f"## {case.title}", "", f"Exit {case.exit}: {MEANINGS[case.exit]}.", "", *lines, ""])


def _bugs() -> str:
    rows = [f"| `{rule}` | {where} |" for rule, where in sorted(unprovoked().items())]
    return "\n".join(
        ["## No command leads there", "", "| rule | when, and the test |", "|---|---|", *rows, ""]
    )


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page
