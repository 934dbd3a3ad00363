"""Making homes: an empty one to fill, and the demo's with its simulated month."""

import shutil
import tempfile
from pathlib import Path

from tickmark.errors import BadSpecError, PlatformError, Where

TEMPLATES = Path(__file__).with_name("templates")
POLICY = Path(__file__).with_name("policy.yaml")
DEMO_MONTH = "2026-10"
DEMO_SEED = 20261001


def make(folder: Path) -> None:
    """Lay out a home; raise BadSpecError where the folder already holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadSpecError(
            "E-INIT-EXISTS",
            "a new or empty folder",
            where=Where(str(folder)),
            repair="choose another folder; an existing home is never overwritten",
        )
    try:
        for part in ("landing/gateways", "landing/bills", "rate_cards", "dagster"):
            (folder / part).mkdir(parents=True)
        shutil.copyfile(TEMPLATES / "tickmark.yaml", folder / "tickmark.yaml")
        shutil.copyfile(POLICY, folder / "policy.yaml")
        shutil.copyfile(TEMPLATES / "dagster.yaml", folder / "dagster" / "dagster.yaml")
    except OSError as error:
        raise PlatformError(
            "E-HOME-UNWRITABLE",
            f"a folder that can be written ({error.strerror})",
            where=Where(str(folder)),
            repair="choose a folder below one that you own",
        ) from None


def demo() -> Path:
    """A temporary home with a simulated month and its known faults."""
    from pipelines.resources import CHECKOUT
    from tickmark.simulator import write_month

    home = Path(tempfile.mkdtemp(prefix="tickmark-demo-"))
    home.rmdir()
    make(home)
    write_month(home, DEMO_MONTH, DEMO_SEED, CHECKOUT / "tokenizer_specs")
    return home
