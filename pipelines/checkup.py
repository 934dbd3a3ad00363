"""The command `doctor`: whether this home and this machine are fit for a close.

Lives here: one small check per line, each independent of the others. Does not live here: repairing.
"""

import importlib.metadata
import json
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from pipelines.resources import spec_book
from tickmark.errors import TickmarkError
from tickmark.home import Home

BROKEN = 7
MIN_FREE_BYTES = 2 * 10**9
ENGINES = ("dagster", "duckdb", "pyarrow", "tokenizers", "genai-prices", "great-expectations")


def run(folder: Path, *, as_json: bool) -> int:
    """Print every check; 0 where all pass, 7 where one does not."""
    found = [(name, *_outcome(check, folder)) for name, check in CHECKS.items()]
    if as_json:
        rows = [{"check": name, "ok": ok, "detail": detail} for name, ok, detail in found]
        print(json.dumps(rows, indent=1))  # noqa: T201 - the machine-readable output
    else:
        for name, ok, detail in found:
            mark = "[green]ok[/green]    " if ok else "[red]broken[/red]"
            Console().print(f"{mark} {name}: {detail}", highlight=False, soft_wrap=True)
    return 0 if all(ok for _, ok, _ in found) else BROKEN


def _outcome(check: Callable[[Path], str], folder: Path) -> tuple[bool, str]:
    try:
        return True, check(folder)
    except (TickmarkError, OSError, importlib.metadata.PackageNotFoundError) as error:
        return False, str(error)


def _versions(_: Path) -> str:
    engines = ", ".join(f"{engine} {importlib.metadata.version(engine)}" for engine in ENGINES)
    return f"Python {sys.version.split()[0]}, {engines}"


def _config(folder: Path) -> str:
    home = Home(folder)
    config = home.config
    return f"{len(config.gateways)} gateways, {len(config.bills)} bills, {len(config.alerts)} alerts"


def _rate_cards(folder: Path) -> str:
    from tickmark.prices import load_rate_card

    home = Home(folder)
    cards = [load_rate_card(path) for path in sorted(home.folder.glob(home.config.contracts))]
    return f"{len(cards)} rate cards" if cards else "no rate cards: list prices hold"


def _alerts(folder: Path) -> str:
    from pipelines.delivery import channels

    return f"{len(channels(Home(folder)))} endpoints with their secrets"


def _permissions(folder: Path) -> str:
    home = Home(folder)
    if home.private.exists() and stat.S_IMODE(home.private.stat().st_mode) & 0o077:
        raise PermissionError("private/ can be read by others: chmod 700 private")
    return "private/ is private"


def _disk(folder: Path) -> str:
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        raise OSError(f"{free / 1e9:.1f} GB free, {MIN_FREE_BYTES / 1e9:.0f} GB needed: free disk space")
    return f"{free / 1e9:.0f} GB free"


def _lake(folder: Path) -> str:
    from tickmark import lake

    home = Home(folder)
    if problems := lake.problems(home.lake):
        raise OSError(f"{'; '.join(problems)}: restore these files from a backup")
    return f"{len(lake.months(home.lake))} months, every table as its manifest says"


def _tokenizers(folder: Path) -> str:
    from tickmark.tokenizers import Counters

    book = spec_book(folder)
    counters = Counters(book.vocabularies)
    for name in book.installed():
        counters[name].count(["loaded"])
    return f"{', '.join(book.installed())}: pinned bytes and golden counts hold"


CHECKS: dict[str, Callable[[Path], str]] = {
    "versions": _versions,
    "config": _config,
    "rate cards": _rate_cards,
    "alerts": _alerts,
    "permissions": _permissions,
    "disk": _disk,
    "lake": _lake,
    "tokenizers": _tokenizers,
}
